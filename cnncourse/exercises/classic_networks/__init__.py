"""Exercises of chapter 05, in the chapter's order."""

from .lenet import LeNet5, Subsampling  # isort: skip
from .alexnet import alexnet_first_side  # isort: skip
from .response import local_response_norm  # isort: skip
from .alexnet import AlexNetFeatures, alexnet_first_dense  # isort: skip
from .dense import DenseHead  # isort: skip
from .windows import same_shapes  # isort: skip
from .stacks import stack_cost  # isort: skip
from .vgg import VGGFeatures, vgg_first_dense_share  # isort: skip

__all__ = [
    "AlexNetFeatures",
    "DenseHead",
    "LeNet5",
    "Subsampling",
    "VGGFeatures",
    "alexnet_first_dense",
    "alexnet_first_side",
    "local_response_norm",
    "same_shapes",
    "stack_cost",
    "vgg_first_dense_share",
]
