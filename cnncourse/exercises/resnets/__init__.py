"""Exercises of chapter 06, in the chapter's order."""

from .depth import deeper_and_worse  # isort: skip
from .block import ResidualBlock, relu_too_early, what_to_shrink  # isort: skip
from .shortcuts import BasicBlock, zero_padded  # isort: skip
from .cifar import CifarResNet  # isort: skip
from .depth import ten_paths  # isort: skip
from .bottleneck import Bottleneck, bottleneck_weights  # isort: skip
from .imagenet import ResNet, public_scores  # isort: skip
from .preactivation import PreActBlock  # isort: skip

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "CifarResNet",
    "PreActBlock",
    "ResNet",
    "ResidualBlock",
    "bottleneck_weights",
    "deeper_and_worse",
    "public_scores",
    "relu_too_early",
    "ten_paths",
    "what_to_shrink",
    "zero_padded",
]
