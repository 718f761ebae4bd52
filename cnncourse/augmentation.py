"""Data augmentation in plain torch: batched, on the pictures' device, every random number explicit.

The functions do what they are told, picture by picture: `crop` has one corner for each, `rotation` one angle.
`Augment` draws these numbers anew whenever it is called, from a generator that you may seed.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ._colours import colour_axes, pca_colour, shift_colours
from ._mixes import cutout, mixup
from ._warps import (
    affine,
    blur,
    crop,
    elastic,
    keep_type,
    mirror,
    rotation,
    sample,
    shearing,
)

__all__ = [
    "Augment",
    "affine",
    "blur",
    "colour_axes",
    "crop",
    "cutout",
    "elastic",
    "keep_type",
    "mirror",
    "mixup",
    "pca_colour",
    "rotation",
    "sample",
    "shearing",
    "shift_colours",
]
WAVES = 8  # a local warp's bumps are the shorter side over so many pixels wide


@dataclass(frozen=True)
class Augment:
    """Random augmentation of a batch (N, C, H, W): `Augment(shift=2, rotate=15)(images, generator)`.

    Every picture draws numbers of its own, at every call. 0 leaves a transformation out.
    mirror: the probability of a mirrored picture. crop: the largest share of either side that is cut away,
    before the piece is enlarged to the old size. shift: up to so many pixels up, down, left and right.
    rotate, shear: up to so many degrees either way. elastic: root mean square in pixels of a local warp.
    colour: standard deviation of a shift of each channel, as a share of the range. pca: that of the multiples
    of the eigenvalues, and `axes` from `colour_axes`. cutout: the side of a black square.
    Without a generator the numbers come from torch's own; they are drawn on the CPU, so that every device
    gets the same.
    """

    mirror: float = 0.0
    crop: float = 0.0
    shift: int = 0
    rotate: float = 0.0
    shear: float = 0.0
    elastic: float = 0.0
    colour: float = 0.0
    pca: float = 0.0
    cutout: int = 0
    axes: tuple | None = None

    def __post_init__(self):
        if self.pca and self.axes is None:
            raise ValueError("pca needs the axes of your data: Augment(pca=0.1, axes=colour_axes(images)).")

    def __call__(self, images, generator=None):
        draw = _Draw(images, generator)
        for strength, step in (
            (self.crop, _crop),
            (self.shift, _shift),
            (self.mirror, lambda images, p, draw: mirror(images, draw.uniform() < p)),
        ):
            images = step(images, strength, draw) if strength else images
        if self.rotate or self.shear:  # one matrix for both: sampling twice would blur twice
            turn, lean = (limit * (2 * draw.uniform() - 1) for limit in (self.rotate, self.shear))
            images = affine(images, rotation(turn) @ shearing(lean))
        for strength, step in ((self.elastic, _elastic), (self.colour, _colour), (self.pca, self._pca)):
            images = step(images, strength, draw) if strength else images
        return _cutout(images, self.cutout, draw) if self.cutout else images

    def _pca(self, images, spread, draw):
        values, vectors = (part.to(images.device) for part in self.axes)
        return pca_colour(images, values, vectors, spread * draw.normal(3))


class _Draw:
    """Random numbers for a batch: one row a picture, drawn on the CPU and sent to the pictures' device."""

    def __init__(self, images, generator):
        self.images, self.generator = images, generator

    def uniform(self, *shape):
        numbers = torch.rand(len(self.images), *shape, generator=self.generator)
        return numbers.to(self.images.device)

    def normal(self, *shape):
        numbers = torch.randn(len(self.images), *shape, generator=self.generator)
        return numbers.to(self.images.device)

    def whole(self, low, high):
        """Whole numbers from low to high, both included."""
        numbers = torch.randint(low, high + 1, (len(self.images),), generator=self.generator)
        return numbers.to(self.images.device)


def _crop(images, share, draw):
    """Keep 1 − share to all of either side, and enlarge the piece to the old size: one sampling for both."""
    height, width = images.shape[-2:]
    kept = 1 - share * draw.uniform()[:, None, None]  # (N, 1, 1), for both sides: the aspect ratio stays
    left, top = ((1 - kept) * draw.uniform(1, 1) * side for side in (width, height))
    x = torch.arange(width, device=images.device) + 0.5  # in pixel edges: 0 to W
    y = torch.arange(height, device=images.device)[:, None] + 0.5
    x, y = (left + kept * x - 0.5).expand(-1, height, -1), (top + kept * y - 0.5).expand(-1, -1, width)
    return sample(images, x.clamp(0, width - 1), y.clamp(0, height - 1))


def _shift(images, most, draw):
    """Pad with black, and crop at a random place."""
    height, width = images.shape[-2:]
    tops, lefts = draw.whole(0, 2 * most), draw.whole(0, 2 * most)
    return crop(F.pad(images, (most,) * 4), tops, lefts, height, width)


def _elastic(images, strength, draw):
    height, width = images.shape[-2:]
    noise = 2 * draw.uniform(2, height, width) - 1
    return elastic(images, noise, min(height, width) / WAVES, strength)


def _colour(images, spread, draw):
    return shift_colours(images, spread * draw.normal(images.shape[1]))


def _cutout(images, size, draw):
    """A square whose middle is anywhere in the picture."""
    height, width = images.shape[-2:]
    tops, lefts = (draw.whole(0, side - 1) - size // 2 for side in (height, width))
    return cutout(images, tops, lefts, size)
