"""Exercises of chapter 07, in the chapter's order."""

from .one_by_one import one_by_one, one_by_one_on_grey  # isort: skip
from .nin import ClassMaps, MLPConv  # isort: skip
from .costs import bottleneck_cost, widest_bottleneck  # isort: skip
from .inception import Inception  # isort: skip
from .auxiliary import AuxiliaryHead, auxiliary_effect, googlenet_loss  # isort: skip
from .googlenet import GoogLeNet, GoogLeNetStem  # isort: skip

__all__ = [
    "AuxiliaryHead",
    "ClassMaps",
    "GoogLeNet",
    "GoogLeNetStem",
    "Inception",
    "MLPConv",
    "auxiliary_effect",
    "bottleneck_cost",
    "googlenet_loss",
    "one_by_one",
    "one_by_one_on_grey",
    "widest_bottleneck",
]
