"""MNIST's four files in the IDX format: found, checked and read."""

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ._download import Damaged, checked, data_folder, fetch

# Both copy LeCun, Cortes and Burges' originals, whose own page no longer serves them.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# sha256 of the decompressed content: the gzip around it may differ from mirror to mirror
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def mnist_tensors(root: str | Path | None = None) -> list[Tensor]:
    """Train images, train labels, test images, test labels, as the files have them: uint8."""
    if root is None:
        return [_parse(_cached(name)) for name in FILES]
    root = Path(root).expanduser()
    missing = [name for name in FILES if not _present(root, name)]
    if missing:
        raise FileNotFoundError(
            f"In {root} there is no {', no '.join(missing)} (with or without .gz). "
            "Name the folder that holds MNIST's four files, or leave root out to download them."
        )
    return [_parse(_own(root, name)) for name in FILES]


def _present(folder: Path, name: str) -> Path | None:
    """The file with that name, compressed or not, if the folder has it."""
    return next((path for path in (folder / f"{name}.gz", folder / name) if path.is_file()), None)


def _own(root: Path, name: str) -> bytes:
    try:
        return checked(_present(root, name), FILES[name])
    except Damaged as error:
        raise Damaged(f"{error} Replace it, or leave root out to download MNIST.") from None


def _cached(name: str) -> bytes:
    folder = data_folder("mnist")
    read = partial(checked, sha256=FILES[name])
    kept, complaint = _present(folder, name), ""
    if kept:
        try:
            return read(kept)
        except Damaged as error:  # fetched again below; the whole file then takes its place
            complaint = f"{error}\n"
    try:
        return fetch(f"{name}.gz", MIRRORS, folder, read)
    except OSError as error:
        raise ConnectionError(
            f"{complaint}{error}\nMNIST needs the internet once (11 MB). With its four files from elsewhere: "
            "data.mnist(root='their folder'). Without: data.digits() needs no download."
        ) from None


def _parse(content: bytes) -> Tensor:
    """Read IDX: two zero bytes, the type (8: unsigned byte), how many dimensions, their sizes, the values."""
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4).tolist()
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions)
    return torch.from_numpy(values.reshape(shape).copy())
