"""Printed letters in the fonts that come with matplotlib; pictures turned, sheared, scaled and moved."""

import math
import string
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

LETTERS = tuple(string.ascii_uppercase)  # a capital and its small letter are one class
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-BoldOblique",
    "DejaVuSerif", "DejaVuSerif-Bold", "STIXGeneral", "STIXGeneralBolIta", "STIXGeneralItalic",
    "cmb10", "cmr10", "cmtt10",
)  # fmt: skip
TEST_FONTS = ("DejaVuSansMono-Oblique", "DejaVuSerif-Italic", "STIXGeneralBol", "cmss10")
SIDE = 40  # of the picture that a glyph is kept in


def draw_letters(labels: Tensor, fonts: tuple[str, ...], size: int, generator: torch.Generator) -> Tensor:
    """Draw a picture in [0, 1] for each label (N,), white on black, tilted: (N, 1, size, size).

    Font and case are drawn at random, and how blurred it is: from sharp to as if read at half the size.
    """
    glyphs = _glyphs(fonts)  # (26, K, SIDE, SIDE)
    kinds = torch.randint(glyphs.shape[1], labels.shape, generator=generator)
    sharp = tilt(glyphs[labels, kinds][:, None], size, generator)
    coarse = F.interpolate(F.avg_pool2d(sharp, 2), size=size, mode="bilinear")
    blur = torch.rand(len(labels), 1, 1, 1, generator=generator)
    return torch.lerp(sharp, coarse, blur)


def tilt(images: Tensor, size: int, generator: torch.Generator) -> Tensor:
    """Each picture (N, 1, H, W) as somebody else might have put it down: (N, 1, size, size).

    Rotated by up to 12 degrees, sheared by up to 0.25, scaled to 60 to 95 % of the picture in height and to
    80 to 120 % of that in width, and moved by up to 6 % of half a side.
    """
    maps = _affine(len(images), generator)  # (N, 2, 3)
    grid = F.affine_grid(maps, (len(images), 1, 2 * size, 2 * size), align_corners=False)
    large = F.grid_sample(images, grid, align_corners=False)  # twice too large, so that edges come out smooth
    return F.avg_pool2d(large, 2).clamp_(0, 1)


def _affine(count: int, generator: torch.Generator) -> Tensor:
    """From places in the new picture to places in the old, (count, 2, 3)."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=generator)

    angle = between(-12, 12) * math.pi / 180
    height = between(0.6, 0.95)
    width, shear = height * between(0.8, 1.2), between(-0.25, 0.25)
    right, down = between(-0.06, 0.06), between(-0.06, 0.06)
    first = torch.stack([angle.cos() / width, (angle.sin() + shear) / width, right], -1)
    second = torch.stack([-angle.sin() / height, angle.cos() / height, down], -1)
    return torch.stack([first, second], 1)


@cache
def _glyphs(fonts: tuple[str, ...]) -> Tensor:
    """Each letter, capital and small, in every font: (26, 2 · fonts, SIDE, SIDE)."""
    rows = [[_glyph(font, case) for font in fonts for case in (x, x.lower())] for x in LETTERS]
    return torch.from_numpy(np.array(rows, dtype=np.float32))


def _glyph(font: str, letter: str) -> np.ndarray:
    """One letter, scaled to fill a picture (SIDE, SIDE) with its longer side, in its middle."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"))
    face.set_size(80, 72)
    face.set_text(letter, 0.0)
    face.draw_glyphs_to_bitmap(antialiased=True)
    ink = torch.from_numpy(np.array(face.get_image(), dtype=np.float32) / 255)
    rows, columns = (ink.amax(axis).nonzero().flatten() for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = SIDE / max(ink.shape)
    shape = tuple(max(1, round(side * scale)) for side in ink.shape)
    ink = F.interpolate(ink[None, None], size=shape, mode="bilinear", antialias=True)[0, 0]
    left, top = (SIDE - shape[1]) // 2, (SIDE - shape[0]) // 2
    return F.pad(ink, (left, SIDE - shape[1] - left, top, SIDE - shape[0] - top)).numpy()
