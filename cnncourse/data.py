"""Pictures to learn from: digits, photos and drawn shapes need no download; MNIST and CIFAR-10 are opt-in.

Every data set is a `Dataset` of two `Split`s. Images are float32 in [0, 1] and ordered (N, C, H, W);
labels are int64 class indices (N,).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ._cifar import CLASSES as CIFAR_CLASSES
from ._cifar import cifar_tensors
from ._letters import FONTS, LETTERS, TEST_FONTS, draw_letters, tilt
from ._mnist import mnist_tensors
from ._photos import photo_tensors
from ._shapes import DRAW, draw_shapes

DIGITS_TEST = 500  # of the 1,797 digits; the other 1,297 are for training

# name in skimage.data: (picture, where it comes from, licence), as scikit-image's own notes state them
PHOTOS = {
    "astronaut": ("astronaut Eileen Collins, 512 × 512", "NASA Great Images", "public domain"),
    "chelsea": ("Chelsea the cat, 300 × 451", "Stefan van der Walt", "CC0"),
    "coffee": ("a cup of coffee on wood, 400 × 600", "Rachel Michetti", "CC0"),
    "rocket": ("launch of a Falcon 9, 427 × 640", "SpaceX", "public domain"),
    "hubble_deep_field": ("Hubble eXtreme Deep Field, 872 × 1000", "NASA, HubbleSite", "public domain"),
    "retina": ("a human retina, 1411 × 1411", "Mikael Häggström", "CC0"),
    "camera": ("a photographer, grey, 512 × 512", "Lav Varshney", "CC0"),
    "brick": ("a brick wall, grey, 512 × 512", "CC0Textures, Bricks25", "CC0"),
    "clock": ("a clock, blurred by motion, grey, 300 × 400", "Stefan van der Walt", "public domain"),
}


class Split(NamedTuple):
    """Images (N, C, H, W) with their labels (N,)."""

    images: Tensor
    labels: Tensor

    def __repr__(self):
        low, high = (f"{v:.3g}" for v in self.images.aminmax()) if self.images.numel() else ("-", "-")
        shape = tuple(self.images.shape)
        return f"Split(images {shape} from {low} to {high}, labels {tuple(self.labels.shape)})"


@dataclass(frozen=True)
class Dataset:
    """Examples to train on, examples kept back for the test, and the name of each class."""

    train: Split
    test: Split
    classes: tuple[str, ...]


def digits(size: int = 32, frame: int | None = None) -> Dataset:
    """1,797 handwritten digits (1,297 train, 500 test), enlarged from 8×8 to `size` × `size`.

    Enlarged by anti-aliased bilinear interpolation. With `frame`, each digit sits in the middle of a black
    `frame` × `frame` picture, with room to `shift` it. The split is stratified and always the same.
    Source: UCI Optical Recognition of Handwritten Digits, as scikit-learn ships it.
    """
    if not 8 <= size <= 32:
        raise ValueError(f"size is {size}: the digits are 8×8 and can be enlarged up to 32×32.")
    if frame is not None and frame < size:
        raise ValueError(f"frame is {frame}, too small for digits of size {size}: make it at least {size}.")
    small, labels = _eight_by_eight()  # (1797, 1, 8, 8)
    images = F.interpolate(small, size=(size, size), mode="bilinear", antialias=True)  # (1797, 1, S, S)
    images = _centre(images.clamp_(0, 1), frame or size)
    test = _every_class_alike(labels, DIGITS_TEST)
    return Dataset(
        Split(images[~test], labels[~test]), Split(images[test], labels[test]), tuple("0123456789")
    )


@cache
def _eight_by_eight() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # half a second: only when digits are asked for

    bunch = load_digits()
    images = torch.from_numpy(bunch.images / 16).float()[:, None]  # ink counts 0..16 to [0, 1]
    return images, torch.from_numpy(bunch.target).long()


def mnist(root: str | Path | None = None, frame: int = 28) -> Dataset:
    """MNIST: 60,000 handwritten digits to train on and 10,000 to test, 28 × 28, downloaded once (11 MB).

    root: the folder of the four files where you have them already (gzip or not); nothing is downloaded then.
    frame: the side of the black picture that each digit is the middle of; LeNet-5's paper has 32.
    Kept in the user's cache, or in $CNNCOURSE_DATA/mnist. Raises FileNotFoundError, ConnectionError or
    ValueError (a damaged file), each with what to do. Source: LeCun, Bottou, Bengio and Haffner (1998).
    """
    if frame < 28:
        raise ValueError(f"frame is {frame}, too small for digits of 28 × 28.")
    train, train_labels, test, test_labels = mnist_tensors(root)

    def split(images: Tensor, labels: Tensor) -> Split:
        return Split(_centre(images[:, None].float().div_(255), frame), labels.long())

    return Dataset(split(train, train_labels), split(test, test_labels), tuple("0123456789"))


def shapes(
    n: int = 1000,
    n_test: int = 500,
    *,
    size: int = 32,
    classes: tuple[str, ...] = tuple(DRAW),
    scale: tuple[float, float] = (0.35, 0.7),
    shift: float = 1.0,
    rotate: float = 180.0,
    texture: float = 0.3,
    noise: float = 0.05,
    seed: int = 0,
) -> Dataset:
    """Draw `n` shapes to train on and `n_test` to test, grey, (N, 1, size, size), classes equally frequent.

    classes: some of circle, square, triangle, cross, ring, star. scale: least and largest diameter, as a
    share of the picture. shift: 0 keeps each in the middle, 1 lets it go to the border. rotate: up to so many
    degrees either way. texture: contrast of the background. noise: standard deviation of each pixel. The same
    seed draws the same pictures.
    """
    unknown = [name for name in classes if name not in DRAW]
    if unknown or not classes:
        raise ValueError(f"There is no shape {unknown or classes}. Choose from: {', '.join(DRAW)}.")
    if not 0 < scale[0] <= scale[1] <= 1:
        raise ValueError(f"scale is {scale}: give the least and the largest diameter, between 0 and 1.")
    generator = torch.Generator().manual_seed(seed)

    def split(count: int) -> Split:
        labels = torch.arange(count)[torch.randperm(count, generator=generator)] % len(classes)
        how = (size, scale, shift, rotate, texture, noise)
        return Split(draw_shapes(labels, tuple(classes), *how, generator), labels)

    return Dataset(split(n), split(n_test), tuple(classes))


def letters(n: int = 2600, n_test: int = 1300, *, size: int = 16, seed: int = 0) -> Dataset:
    """Draw `n` printed letters to train on and `n_test` to test, white on black, (N, 1, size, size).

    26 classes, equally frequent: a capital and its small letter are one. Turned by up to 12 degrees, sheared,
    scaled, moved and more or less blurred. Those of the test are in fonts that training never shows. The same
    seed draws the same letters, given the same fonts: they come with matplotlib.
    """
    generator = torch.Generator().manual_seed(seed)

    def split(count: int, fonts: tuple[str, ...]) -> Split:
        labels = torch.arange(count)[torch.randperm(count, generator=generator)] % len(LETTERS)
        return Split(draw_letters(labels, fonts, size, generator), labels)

    return Dataset(split(n, FONTS), split(n_test, TEST_FONTS), LETTERS)


def tilted_digits(size: int = 16, seed: int = 0) -> Dataset:
    """The handwritten digits of `digits`, each once turned, sheared, scaled and moved as `letters` are.

    1,297 to train on and 500 to test, white on black, (N, 1, size, size); the same seed tilts alike.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = digits(32)
    splits = [Split(tilt(s.images, size, generator), s.labels) for s in (whole.train, whole.test)]
    return Dataset(*splits, whole.classes)


def cifar10(root: str | Path | None = None) -> Dataset:
    """CIFAR-10: 50,000 colour pictures to train on and 10,000 to test, 32 × 32, downloaded once (170 MB).

    root: where you have it already: the folder of the archive, the archive, its unpacked batches, or an .npz
    of x_train (N, 32, 32, 3), y_train, x_test, y_test. The archive's pickles are read without running what
    they may contain. All of it takes 740 MB of memory, and is kept in the user's cache, or in
    $CNNCOURSE_DATA/cifar10.
    Raises FileNotFoundError, ConnectionError or ValueError (a damaged file), each with what to do.
    Source: Krizhevsky (2009), Learning multiple layers of features from tiny images.
    """
    train, train_labels, test, test_labels = cifar_tensors(root)
    return Dataset(
        Split(train.float().div_(255), train_labels),
        Split(test.float().div_(255), test_labels),
        CIFAR_CLASSES,
    )


def _every_class_alike(labels: Tensor, count: int) -> Tensor:
    """Mask `count` of the labels, each class by its share: no random numbers, so no version can change it."""
    by_class = labels.argsort(stable=True)
    chosen = torch.zeros(len(labels), dtype=torch.bool)
    chosen[by_class[torch.arange(count) * len(labels) // count]] = True
    return chosen


def _centre(images: Tensor, frame: int) -> Tensor:
    """Put images (N, C, H, W) in the middle of black ones (N, C, frame, frame)."""
    height, width = images.shape[-2:]
    top, left = (frame - height) // 2, (frame - width) // 2
    return F.pad(images, (left, frame - width - left, top, frame - height - top))


def shift(images: Tensor, dy: int, dx: int) -> Tensor:
    """Move images (..., H, W) down by `dy` and right by `dx` pixels; what comes in is black.

    Negative numbers move up and left. What leaves the picture is gone.
    """
    moved = torch.zeros_like(images)
    height, width = images.shape[-2:]
    if abs(dy) < height and abs(dx) < width:
        source = images[..., max(-dy, 0) : height - max(dy, 0), max(-dx, 0) : width - max(dx, 0)]
        moved[..., max(dy, 0) : height - max(-dy, 0), max(dx, 0) : width - max(-dx, 0)] = source
    return moved


def photos() -> tuple[str, ...]:
    """Name the photos that come with scikit-image, all CC0 or public domain; `PHOTOS` says whose they are."""
    return tuple(PHOTOS)


def photo(name: str = "astronaut", size: int | None = None) -> Tensor:
    """Read one of `photos()` as (3, H, W) in [0, 1]; a grey one has three equal channels.

    With `size`, its shorter side is scaled to `size` pixels (anti-aliased).
    """
    if name not in PHOTOS:
        raise ValueError(f"There is no photo {name!r}. Choose one of: {', '.join(PHOTOS)}.")
    image = torch.from_numpy(_pixels(name)).movedim(-1, 0).float() / 255  # (3, H, W)
    if size is None:
        return image
    height, width = image.shape[1:]
    scale = size / min(height, width)
    shape = (round(height * scale), round(width * scale))
    return F.interpolate(image[None], size=shape, mode="bilinear", antialias=True)[0].clamp(0, 1)


def photo_folder(folder: str | Path, prepare: Callable[[Tensor], Tensor], limit: int | None = None) -> Split:
    """Photos of your own, from a folder with one folder inside for each class, in the order of their names.

    prepare: called with each photo (3, H, W) uint8, and returns tensors of one size: what `pretrained` gives.
    limit: so many photos of each class. Raises FileNotFoundError where there are none, and ValueError for a
    damaged one.
    """
    return Split(*photo_tensors(folder, prepare, limit))


def _pixels(name: str) -> np.ndarray:
    import skimage.data

    pixels = getattr(skimage.data, name)()  # read from the installed package
    return np.stack([pixels] * 3, -1) if pixels.ndim == 2 else pixels  # (H, W, 3)
