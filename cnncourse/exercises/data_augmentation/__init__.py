"""Exercises of chapter 10, in the chapter's order."""

from .moves import crop, mirror, mirrored_digits, turned_digits  # isort: skip
from .warps import affine, elastic, rotation, sample, shearing  # isort: skip
from .colours import colour_axes, pca_colour, shift_colours  # isort: skip
from .finish import finish_digits, finish_shapes  # isort: skip

__all__ = [
    "affine",
    "colour_axes",
    "crop",
    "elastic",
    "finish_digits",
    "finish_shapes",
    "mirror",
    "mirrored_digits",
    "pca_colour",
    "rotation",
    "sample",
    "shearing",
    "shift_colours",
    "turned_digits",
]
