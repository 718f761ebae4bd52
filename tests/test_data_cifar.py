import gzip
import hashlib
import io
import os
import pickle
import pickletools
import tarfile

import numpy as np
import pytest
import torch

from cnncourse import _cifar, data


def _batch(seed, count):
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, 3072), dtype=np.uint8)
    return pixels, generator.integers(0, 10, count).tolist()


def _original_pickle(pixels, labels):
    """A batch as Python 2 and numpy 1 wrote the originals: protocol 2, byte strings, numpy.core."""

    def short(text):
        return b"U" + bytes([len(text)]) + text

    def number(n):
        return b"M" + n.to_bytes(2, "little")

    raw = pixels.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + short(b"b") + b"\x87R"
        b"(K\x01" + number(pixels.shape[0]) + number(pixels.shape[1]) + b"\x86"
        b"cnumpy\ndtype\n" + short(b"u1") + b"K\x00K\x01\x87R(K\x03" + short(b"|") + b"NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89T" + len(raw).to_bytes(4, "little") + raw + b"tb"
    )
    names = b"](" + b"".join(short(b"%d.png" % k) for k in range(len(labels))) + b"e"
    numbers = b"](" + b"".join(b"K" + bytes([n]) for n in labels) + b"e"
    pairs = short(b"batch_label") + short(b"some") + short(b"labels") + numbers + short(b"data") + array
    return b"\x80\x02}(" + pairs + short(b"filenames") + names + b"u."


def _modern_pickle(pixels, labels):
    return pickle.dumps({b"data": pixels, b"labels": labels, b"batch_label": b"some"}, protocol=2)


def _archive(path, write=_original_pickle, count=20, replace=None):
    """A small archive in the original's layout."""
    with tarfile.open(path, "w:gz") as archive:
        for seed, name in enumerate((*_cifar.TRAIN, *_cifar.TEST)):
            content = (replace or {}).get(name, write(*_batch(seed, count)))
            member = tarfile.TarInfo(f"{_cifar.FOLDER}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def _is_whole(dataset, count=20):
    expected = [_batch(seed, count) for seed in range(6)]
    pixels = np.concatenate([p for p, _ in expected[:5]]).reshape(-1, 3, 32, 32)
    assert torch.equal((dataset.train.images * 255).round(), torch.from_numpy(pixels).float())
    assert dataset.train.labels.tolist() == [n for _, labels in expected[:5] for n in labels]
    assert dataset.test.labels.tolist() == expected[5][1]
    assert dataset.train.images.dtype == torch.float32 and dataset.train.images.max() <= 1
    assert dataset.classes[3] == "cat" and len(dataset.classes) == 10


def test_the_test_writes_what_python_2_wrote():
    """Our hand-made pickle names what the originals name, and pickle itself reads it."""
    content = _original_pickle(*_batch(0, 3))
    read = pickle.loads(content, encoding="bytes")
    assert np.array_equal(read[b"data"], _batch(0, 3)[0]) and read[b"labels"] == _batch(0, 3)[1]
    names = [argument for code, argument, _ in pickletools.genops(content) if code.name == "GLOBAL"]
    assert names == ["numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("write", [_original_pickle, _modern_pickle])
def test_cifar_from_an_archive_or_its_folder(tmp_path, write):
    archive = _archive(tmp_path / _cifar.ARCHIVE, write)
    before = sorted(tmp_path.iterdir())
    _is_whole(data.cifar10(tmp_path))
    _is_whole(data.cifar10(archive))
    assert sorted(tmp_path.iterdir()) == before, "nothing is unpacked"


def test_cifar_from_unpacked_batches(tmp_path):
    (tmp_path / _cifar.FOLDER).mkdir()
    for seed, name in enumerate((*_cifar.TRAIN, *_cifar.TEST)):
        (tmp_path / _cifar.FOLDER / name).write_bytes(_original_pickle(*_batch(seed, 20)))
    _is_whole(data.cifar10(tmp_path))
    _is_whole(data.cifar10(tmp_path / _cifar.FOLDER))


def test_cifar_from_real_pictures(shared):
    path = shared / "data" / "cifar10_subset.npz"
    dataset = data.cifar10(path)
    assert dataset.train.images.shape == (5000, 3, 32, 32) and dataset.test.images.shape == (2000, 3, 32, 32)
    assert dataset.train.labels.bincount().tolist() == [500] * 10
    assert dataset.test.labels.bincount().tolist() == [200] * 10
    with np.load(path) as arrays:
        first = arrays["x_train"][7]  # (32, 32, 3)
    assert np.allclose(dataset.train.images[7].permute(1, 2, 0) * 255, first)
    # The training set's published mean, which 5,000 balanced pictures come near to.
    assert torch.allclose(
        dataset.train.images.mean((0, 2, 3)), torch.tensor([0.4914, 0.4822, 0.4465]), atol=0.01
    )


class Touch:
    """Unpickled by an ordinary reader, this creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


class Command:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


def _attacks(path):
    text = str(path).encode()
    return {
        "open": pickle.dumps({b"data": Touch(path)}, 2),
        "system": pickle.dumps({b"data": Command(path)}, 2),
        "eval": b"cbuiltins\neval\n(V__import__('os').system('touch " + text + b"')\ntR.",
        "old name": b"c__builtin__\neval\n(Vopen('" + text + b"','w')\ntR.",
        "instance": b"(Vtouch " + text + b"\nios\nsystem\n.",
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.mean\x93.",
        "numpy load": b"cnumpy\nload\n(V" + text + b"\ntR.",
        "numpy memmap": b"cnumpy\nmemmap\n(V" + text + b"\nVuint8\nVw+\nK\x00(K\x04ttR.",
        "codec": b"c_codecs\nencode\n(Vabc\nVzlib_codec\ntR.",
        "getattr": b"cbuiltins\ngetattr\n(cnumpy\nndarray\nVtofile\ntR.",
        "extension": b"\x80\x02\x82\x01.",
        "persistent": b"Pname\n.",
        "objects": pickle.dumps({b"data": np.array([Touch(path)], dtype=object)}, 2),
        "cut short": _original_pickle(*_batch(0, 5))[:-2000],
        "nothing": b"",
    }


@pytest.mark.parametrize("attack", _attacks("x"))
def test_a_hostile_pickle_calls_nothing(tmp_path, attack):
    victim = tmp_path / "was-here"
    content = _attacks(victim)[attack]
    archive = _archive(tmp_path / "c.tar.gz", replace={"data_batch_2": content})
    with pytest.raises(ValueError, match="more than pictures and labels"):
        data.cifar10(archive)
    assert not victim.exists()


def test_the_attacks_would_work_on_pickle_itself(tmp_path):
    """Else the test above proves nothing."""
    for name in ("open", "system", "eval", "instance", "objects"):
        victim = tmp_path / name
        pickle.loads(_attacks(victim)[name])
        assert victim.exists(), name


@pytest.mark.parametrize(
    "content",
    [
        {b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 10]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]},
        {b"data": np.zeros((2, 3072), np.float32), b"labels": [1, 2]},
        {b"data": np.zeros((2, 100), np.uint8), b"labels": [1, 2]},
        {b"data": b"abc", b"labels": [1, 2]},
        {b"data": np.zeros((2, 3072), np.uint8), b"labels": [b"a", b"b"]},
        [1, 2],
    ],
)
def test_a_batch_that_is_none(tmp_path, content):
    archive = _archive(tmp_path / "c.tar.gz", replace={"test_batch": pickle.dumps(content, 2)})
    with pytest.raises(ValueError, match="test_batch has not"):
        data.cifar10(archive)


def test_archives_that_are_none(tmp_path):
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(_archive(tmp_path / "c.tar.gz").read_bytes()[:5000])
    with pytest.raises(ValueError, match="Download it again"):
        data.cifar10(broken)
    broken.write_bytes(b"<html>")
    with pytest.raises(ValueError, match="Download it again"):
        data.cifar10(broken)
    with tarfile.open(broken, "w:gz") as archive:  # a link in the place of a batch
        member = tarfile.TarInfo(f"{_cifar.FOLDER}/data_batch_1")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ValueError, match="not a batch"):
        data.cifar10(broken)
    broken.write_bytes(gzip.compress(b"\0" * 10240))
    with pytest.raises(ValueError, match="no cifar-10-batches-py/data_batch_1"):
        data.cifar10(broken)


def test_missing_files_say_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="leave root out to download"):
        data.cifar10(tmp_path)
    np.savez(tmp_path / "some.npz", x_train=np.zeros((1, 32, 32, 3), np.uint8))
    with pytest.raises(ValueError, match="no x_test, y_test, y_train"):
        data.cifar10(tmp_path / "some.npz")
    hidden = np.array([Touch(tmp_path / "victim")], dtype=object)
    np.savez(tmp_path / "object.npz", x_train=hidden, y_train=hidden, x_test=hidden, y_test=hidden)
    with pytest.raises(ValueError, match="allow_pickle"):
        data.cifar10(tmp_path / "object.npz")


def test_the_download_is_checked_and_kept(tmp_path, monkeypatch):
    """From a mirror on this machine, with the small archive's own checksum."""
    import threading
    from functools import partial
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    served, cache = tmp_path / "served", tmp_path / "cache"
    served.mkdir()
    archive = _archive(served / _cifar.ARCHIVE)
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=served))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(_cifar, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
    monkeypatch.setenv("CNNCOURSE_DATA", str(cache))
    try:
        with pytest.raises(ConnectionError, match=r"(?s)checksum differs.*root=.*shapes\(\)"):
            data.cifar10()
        assert list((cache / "cifar10").iterdir()) == []
        monkeypatch.setattr(_cifar, "SHA256", hashlib.sha256(archive.read_bytes()).hexdigest())
        _is_whole(data.cifar10())
        assert [path.name for path in (cache / "cifar10").iterdir()] == [_cifar.ARCHIVE]
    finally:
        server.shutdown()
        server.server_close()
    _is_whole(data.cifar10())  # the mirror is gone; the archive is kept
