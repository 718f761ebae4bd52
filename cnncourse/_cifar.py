"""CIFAR-10's archive, read without trusting it.

The original is a tar of Python pickles, and a pickle may name any function to call. These may name only what
rebuilds an array, and nothing is unpacked to the disk.
"""

import codecs
import hashlib
import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ._download import Damaged, data_folder, fetch

MIRRORS = ("https://www.cs.toronto.edu/~kriz/",)
ARCHIVE = "cifar-10-python.tar.gz"
SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
FOLDER = "cifar-10-batches-py"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TRAIN, TEST = tuple(f"data_batch_{k}" for k in range(1, 6)), ("test_batch",)
LARGEST = 64 << 20  # bytes; a batch of the original has 31 million

Batches = tuple[Tensor, Tensor, Tensor, Tensor]  # train images, labels, test images, labels: uint8, int64


def cifar_tensors(root: str | Path | None = None) -> Batches:
    """Train images (N, 3, 32, 32) and labels (N,), then the test's: uint8 and int64."""
    if root is None:
        return _from_archive(_kept_archive())
    root = Path(root).expanduser()
    if root.suffix == ".npz":
        return _from_npz(root)
    if (root / ARCHIVE).is_file():
        return _from_archive(root / ARCHIVE)
    folder = next((f for f in (root, root / FOLDER) if (f / TEST[0]).is_file()), None)
    if folder:
        return _from_batches(lambda name: (folder / name).read_bytes())
    if root.is_file():
        return _from_archive(root)
    raise FileNotFoundError(
        f"In {root} there is neither {ARCHIVE} nor {FOLDER}. Name the folder that holds one of them, the"
        " archive itself or an .npz file, or leave root out to download CIFAR-10 (170 MB)."
    )


def _kept_archive() -> Path:
    """The archive in the cache, downloaded if it is not there or not whole."""
    path = data_folder("cifar10") / ARCHIVE
    try:
        _check(path)
    except (FileNotFoundError, Damaged):
        try:
            fetch(ARCHIVE, MIRRORS, path.parent, _check)
        except OSError as error:
            raise ConnectionError(
                f"{error}\nCIFAR-10 needs the internet once (170 MB). With the archive from elsewhere: "
                "data.cifar10(root='its folder'). Without: data.digits() and data.shapes() need no download."
            ) from None
    return path


def _check(path: Path) -> bytes:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != SHA256:
            raise Damaged(f"{path} is damaged, cut short or another file: its checksum differs.")
    return b""


def _from_archive(path: Path) -> Batches:
    try:
        with tarfile.open(path, "r:gz") as archive:
            return _from_batches(lambda name: _member(archive, f"{FOLDER}/{name}"))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Damaged(f"{path} cannot be read as CIFAR-10's archive ({error}). Download it again.") from error


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    try:
        member = archive.getmember(name)
    except KeyError:
        raise Damaged(f"{archive.name} has no {name}: it is not CIFAR-10's archive for Python.") from None
    if not member.isfile() or member.size > LARGEST:
        raise Damaged(f"{name} in {archive.name} is not a batch of pictures.")
    return archive.extractfile(member).read()


def _from_batches(read) -> Batches:
    parts = []
    for names in (TRAIN, TEST):
        images, labels = zip(*(_batch(name, read(name)) for name in names), strict=True)
        parts += [torch.cat(images), torch.cat(labels)]
    return tuple(parts)


def _batch(name: str, content: bytes) -> tuple[Tensor, Tensor]:
    batch = load_plain(content)
    try:
        pixels, labels = batch[b"data"], batch[b"labels"]
        images = torch.from_numpy(pixels.reshape(len(labels), 3, 32, 32))
        labels = torch.tensor(labels, dtype=torch.int64)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"{name} has not the content of a CIFAR-10 batch ({error}).") from error
    if images.dtype != torch.uint8 or not ((labels >= 0) & (labels < len(CLASSES))).all():
        raise Damaged(f"{name} has not the pixels and labels of a CIFAR-10 batch.")
    return images, labels


def _from_npz(path: Path) -> Batches:
    """Arrays x_train (N, 32, 32, 3), y_train (N,), x_test and y_test: the channels are moved first."""
    with np.load(path, allow_pickle=False) as arrays:
        missing = {"x_train", "y_train", "x_test", "y_test"} - set(arrays)
        if missing:
            raise Damaged(f"{path} has no {', '.join(sorted(missing))}.")
        x_train, x_test = (
            torch.from_numpy(arrays[f"x_{part}"]).permute(0, 3, 1, 2) for part in ("train", "test")
        )
        y_train, y_test = (
            torch.from_numpy(arrays[f"y_{part}"]).long().flatten() for part in ("train", "test")
        )
    return x_train, y_train, x_test, y_test


def _encode(text: str, encoding: str) -> bytes:
    """How a pickle of protocol 2 that Python 3 wrote says bytes; no other codec is let in."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"a pickle of pictures has no use for the codec {encoding!r}")
    return codecs.encode(text, "latin1")


class _PlainUnpickler(pickle.Unpickler):
    """Rebuilds numbers, strings, lists, dicts and numpy arrays, and refuses to look anything else up."""

    ALLOWED = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],  # as numpy 1 names it
        ("numpy._core.multiarray", "_reconstruct"): np.zeros(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("_codecs", "encode"): _encode,
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return self.ALLOWED[module, name]


def load_plain(content: bytes):
    """Read a pickle of plain data and arrays; raise Damaged, having called nothing, if it has more."""
    try:
        return _PlainUnpickler(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a hostile or broken pickle may fail in any way
        raise Damaged(f"This pickle holds more than pictures and labels, or is broken: {error}.") from error
