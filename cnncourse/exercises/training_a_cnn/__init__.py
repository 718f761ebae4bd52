"""Exercises of chapter 04, in the chapter's order."""

from .depth import sigmoid_ceiling  # isort: skip
from .depth import initial_spreads  # isort: skip
from .losses import softmax_floor  # isort: skip
from .losses import cross_entropy  # isort: skip
from .losses import average_of_averages  # isort: skip
from .descent import momentum  # isort: skip
from .scaled import adagrad, rmsprop  # isort: skip
from .scaled import adadelta  # isort: skip
from .scaled import adam  # isort: skip
from .remedies import dropout, penalty  # isort: skip
from .normalisation import BatchNorm  # isort: skip

__all__ = [
    "BatchNorm",
    "adadelta",
    "adagrad",
    "adam",
    "average_of_averages",
    "cross_entropy",
    "dropout",
    "initial_spreads",
    "momentum",
    "penalty",
    "rmsprop",
    "sigmoid_ceiling",
    "softmax_floor",
]
