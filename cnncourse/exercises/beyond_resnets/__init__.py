"""Exercises of chapter 08, in the chapter's order."""

from .squeeze import SEBasicBlock, SqueezeExcitation  # isort: skip
from .dense import DenseBlock, DenseLayer, Transition  # isort: skip
from .dual import DualPathBlock  # isort: skip
from .mbconv import MBConv  # isort: skip
from .compound import compound, compound_cost  # isort: skip
from .sampling import bilinear, ceil_fails, to_grid  # isort: skip
from .deform import OffsetPredictor, deform_conv  # isort: skip

__all__ = [
    "DenseBlock",
    "DenseLayer",
    "DualPathBlock",
    "MBConv",
    "OffsetPredictor",
    "SEBasicBlock",
    "SqueezeExcitation",
    "Transition",
    "bilinear",
    "ceil_fails",
    "compound",
    "compound_cost",
    "deform_conv",
    "to_grid",
]
