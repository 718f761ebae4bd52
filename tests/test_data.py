import gzip
import shutil
import socket
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from cnncourse import _mnist, data


@pytest.fixture
def offline(monkeypatch):
    """Any attempt to open a connection fails the test."""

    def refuse(*_, **__):
        raise AssertionError("this needs no network, but opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# --- digits


def test_digits_have_the_sizes_that_are_stated(offline):
    digits = data.digits()
    assert digits.train.images.shape == (1297, 1, 32, 32)
    assert digits.test.images.shape == (500, 1, 32, 32)
    assert digits.train.images.dtype == torch.float32
    assert digits.train.labels.dtype == torch.int64
    assert digits.train.images.min() == 0 and 0.99 < digits.train.images.max() <= 1
    assert digits.classes == tuple("0123456789")


def test_digits_split_is_stratified_fixed_and_without_overlap():
    digits, again = data.digits(8), data.digits(8)
    assert torch.equal(digits.test.images, again.test.images)
    whole = torch.cat([digits.train.labels, digits.test.labels]).bincount()
    assert whole.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (digits.test.labels.bincount() - whole * 500 / 1797).abs().max() < 1
    # The first test digits, once and for all: a change of the split must be seen.
    assert digits.test.labels[:16].tolist() == [0, 9, 1, 5, 7, 8, 2, 3, 4, 6, 0, 9, 5, 7, 8, 0]
    train, test = ({image.numpy().tobytes() for image in part.images} for part in (digits.train, digits.test))
    assert not train & test


def test_digits_of_size_8_are_the_originals():
    from sklearn.datasets import load_digits

    digits = data.digits(8)
    ours = torch.cat([digits.train.images, digits.test.images])[:, 0].sum(0)
    assert torch.allclose(ours, torch.from_numpy(load_digits().images / 16).float().sum(0))


@pytest.mark.parametrize("size", [8, 13, 16, 28, 32])
def test_digits_enlarge_to_every_size_and_keep_their_brightness(size):
    small, large = data.digits(8).test.images, data.digits(size).test.images
    assert large.shape[-2:] == (size, size)
    assert torch.allclose(F.adaptive_avg_pool2d(large, 1), F.adaptive_avg_pool2d(small, 1), atol=0.02)


def test_digits_in_a_frame_stay_in_the_middle():
    framed, bare = data.digits(16, frame=32).test.images, data.digits(16).test.images
    assert torch.equal(framed[..., 8:24, 8:24], bare)
    assert torch.isclose(framed.sum(), bare.sum())


@pytest.mark.parametrize(
    ("size", "frame", "words"), [(7, None, "8×8"), (33, None, "32×32"), (16, 12, "at least 16")]
)
def test_digits_refuse_sizes_that_cannot_be(size, frame, words):
    with pytest.raises(ValueError, match=words):
        data.digits(size, frame)


# --- shift


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (1, 0), (0, 2), (-3, 1), (2, -4), (5, 0), (0, -7), (9, 9)])
def test_shift_moves_and_fills_with_black(dy, dx):
    images = torch.rand(2, 3, 5, 7)
    moved = data.shift(images, dy, dx)
    expected = torch.zeros_like(images)
    for y in range(5):
        for x in range(7):
            if 0 <= y - dy < 5 and 0 <= x - dx < 7:
                expected[..., y, x] = images[..., y - dy, x - dx]
    assert torch.equal(moved, expected)


# --- photos


@pytest.mark.parametrize("name", data.photos())
def test_photos_come_without_a_download_and_as_described(name, offline):
    image = data.photo(name)
    words, origin, licence = data.PHOTOS[name]
    height, width = (int(n) for n in words.split(", ")[-1].split(" × "))
    assert image.shape == (3, height, width)
    assert image.dtype == torch.float32
    assert image.min() >= 0 and image.max() <= 1 and image.std() > 0.05
    assert ("grey" in words) == (torch.equal(image[0], image[1]) and torch.equal(image[1], image[2]))
    assert origin
    assert licence in ("CC0", "public domain")


@pytest.mark.parametrize("name", data.photos())
def test_photo_licences_are_what_scikit_image_says(name):
    """The notes in the installed package name the same licence, and the file is in its wheel."""
    from importlib.metadata import files
    from inspect import getdoc

    import skimage.data

    words = getdoc(getattr(skimage.data, name)).lower()
    licence = data.PHOTOS[name][2]
    assert {"CC0": "cc0", "public domain": "public domain"}[licence] in " ".join(words.split())
    stem = {"clock": "clock_motion"}.get(name, name)
    assert any(file.parts[:2] == ("skimage", "data") and file.stem == stem for file in files("scikit-image"))


def test_photo_can_be_made_smaller():
    image = data.photo("chelsea", size=100)
    assert image.shape == (3, 100, 150)
    assert torch.allclose(image.mean((1, 2)), data.photo("chelsea").mean((1, 2)), atol=0.005)


def test_photo_names_what_there_is():
    with pytest.raises(ValueError, match=r"'lena'.*astronaut"):
        data.photo("lena")


# --- MNIST


@pytest.fixture
def originals(shared):
    return shared / "data" / "mnist"


def _check(dataset):
    assert dataset.train.images.shape == (60000, 1, 28, 28)
    assert dataset.test.images.shape == (10000, 1, 28, 28)
    # The published class counts of the training set; the mean and deviation that everybody normalises with.
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert dataset.train.labels.bincount().tolist() == counts
    assert dataset.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert abs(dataset.train.images.mean() - 0.1307) < 5e-5
    assert abs(dataset.train.images.std() - 0.3081) < 5e-5


def test_mnist_from_files_one_has(originals, offline):
    _check(data.mnist(originals))


def test_mnist_from_uncompressed_files_in_a_larger_frame(originals, offline, tmp_path):
    for name in _mnist.FILES:
        (tmp_path / name).write_bytes(gzip.decompress((originals / f"{name}.gz").read_bytes()))
    framed = data.mnist(tmp_path, frame=32)
    assert framed.train.images.shape == (60000, 1, 32, 32)
    assert framed.test.images[..., :2].sum() == framed.test.images[..., -2:, :].sum() == 0
    with pytest.raises(ValueError, match="too small"):
        data.mnist(tmp_path, frame=27)


def test_mnist_says_which_files_are_missing(originals, offline, tmp_path):
    shutil.copy(originals / "train-images-idx3-ubyte.gz", tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        data.mnist(tmp_path)
    assert "train-labels-idx1-ubyte" in str(error.value) and "train-images" not in str(error.value)
    assert "leave root out to download" in str(error.value)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "another file", "empty"])
def test_mnist_refuses_a_damaged_file_of_ones_own(originals, offline, tmp_path, damage):
    for name in _mnist.FILES:
        shutil.copy(originals / f"{name}.gz", tmp_path)
        (tmp_path / f"{name}.gz").chmod(0o644)
    victim = tmp_path / "t10k-labels-idx1-ubyte.gz"
    victim.write_bytes(_damaged(victim.read_bytes(), damage))
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte.gz .*Replace it"):
        data.mnist(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def _damaged(content: bytes, how: str) -> bytes:
    if how == "truncated":
        return content[: len(content) // 2]
    if how == "flipped":
        raw = bytearray(gzip.decompress(content))
        raw[-1] ^= 1
        return gzip.compress(bytes(raw))
    return b"<html>Not here</html>" if how == "another file" else b""


class _Mirror(SimpleHTTPRequestHandler):
    """Serves the originals; what is in `spoil` arrives spoilt."""

    spoil: dict = {}  # noqa: RUF012  file name to the kind of damage
    asked: list = []  # noqa: RUF012

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        self.asked.append(name)
        how = self.spoil.get(name)
        if how is None:
            return super().do_GET()
        whole = Path(self.translate_path(self.path)).read_bytes()
        cut_off = how == "cut off"  # promises the whole file, then hangs up
        content = whole[: len(whole) // 2] if cut_off else _damaged(whole, how)
        self.send_response(200)
        self.send_header("Content-Length", str(len(whole if cut_off else content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(originals, tmp_path, monkeypatch):
    """A mirror on this machine; the handler's class is returned, its cache is tmp_path / "mnist"."""
    handler = type("Mirror", (_Mirror,), {"spoil": {}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=originals))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/"
    monkeypatch.setattr(_mnist, "MIRRORS", (url,))
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path))
    handler.url, handler.cache = url, tmp_path / "mnist"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def _whole():
    """All four files are there, by their shapes and first values."""
    train, train_labels, test, test_labels = _mnist.mnist_tensors()
    assert (train.shape, test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert train_labels[:5].tolist() == [5, 0, 4, 1, 9] and test_labels[:5].tolist() == [7, 2, 1, 0, 4]


def _kept(mirror):
    return sorted(path.name for path in mirror.cache.iterdir())


def test_mnist_is_downloaded_once(mirror):
    _check(data.mnist())
    assert _kept(mirror) == sorted(f"{name}.gz" for name in _mnist.FILES)
    mirror.asked.clear()
    data.mnist()
    assert mirror.asked == []


@pytest.mark.parametrize("how", ["cut off", "truncated", "flipped", "another file", "empty"])
def test_mnist_leaves_nothing_of_a_bad_download(mirror, how):
    mirror.spoil["t10k-labels-idx1-ubyte.gz"] = how
    with pytest.raises(ConnectionError, match=r"(?s)t10k-labels.*root=.*digits"):
        _mnist.mnist_tensors()
    assert "t10k-labels-idx1-ubyte.gz" not in _kept(mirror)
    assert not [name for name in _kept(mirror) if name.startswith(".")]
    # When the mirror is well again, only what is missing is fetched.
    mirror.spoil.clear()
    mirror.asked.clear()
    _whole()
    assert mirror.asked == ["t10k-labels-idx1-ubyte.gz"]


def test_mnist_turns_to_the_next_mirror(mirror, monkeypatch):
    monkeypatch.setattr(_mnist, "MIRRORS", (mirror.url + "no-such-folder/", mirror.url))
    _whole()


def test_mnist_repairs_its_own_cache(mirror):
    _mnist.mnist_tensors()
    kept = mirror.cache / "train-labels-idx1-ubyte.gz"
    kept.write_bytes(kept.read_bytes()[:1000])
    mirror.asked.clear()
    _whole()
    assert mirror.asked == ["train-labels-idx1-ubyte.gz"]


def test_mnist_offline_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(_mnist, "MIRRORS", ("http://127.0.0.1:9/",))  # nobody listens there
    monkeypatch.setenv("CNNCOURSE_DATA", str(tmp_path))
    with pytest.raises(ConnectionError, match=r"(?s)could not be downloaded.*root=.*digits\(\)"):
        data.mnist()
    assert list((tmp_path / "mnist").iterdir()) == []


def test_mirrors_are_more_than_one_and_secure():
    assert len(_mnist.MIRRORS) >= 2
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in _mnist.MIRRORS)


# --- what a person sees


def test_split_says_what_it_holds():
    split = data.Split(torch.tensor([[[[0.25, 1.0]]]]), torch.tensor([3]))
    assert repr(split) == "Split(images (1, 1, 1, 2) from 0.25 to 1, labels (1,))"
    assert repr(data.Split(torch.empty(0, 1, 2, 2), torch.empty(0))).startswith("Split(images (0, 1, 2, 2)")
