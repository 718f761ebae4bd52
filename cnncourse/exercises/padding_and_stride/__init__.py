"""Exercises of chapter 02, in the chapter's order."""

from .borders import pad, views  # isort: skip
from .sizes import output_size, padding_for, same_counterexample, same_padding  # isort: skip
from .steps import dilated_kernel, strided_conv2d  # isort: skip
from .fields import receptive_field, strided_field  # isort: skip
from .back import checkerboard_free, transposed_conv2d  # isort: skip

__all__ = [
    "checkerboard_free",
    "dilated_kernel",
    "output_size",
    "pad",
    "padding_for",
    "receptive_field",
    "same_counterexample",
    "same_padding",
    "strided_conv2d",
    "strided_field",
    "transposed_conv2d",
    "views",
]
