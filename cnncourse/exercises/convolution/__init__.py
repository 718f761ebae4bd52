"""Exercises of chapter 01, in the chapter's order."""

from .costs import dense_photo_parameters  # isort: skip
from .sliding import conv2d  # isort: skip
from .flip import flip_counterexample, impulse, true_convolution  # isort: skip
from .filters import edge_kernel, unanimous_bias  # isort: skip
from .channels import conv_layer, grouped_conv  # isort: skip
from .costs import first_layer_parameters, second_layer_parameters, third_layer_parameters  # isort: skip
from .costs import hidden_layer_parameters, im2col, network_parameters, output_layer_parameters  # isort: skip
from .gradients import image_gradient, kernel_gradient  # isort: skip
from .shifts import moving  # isort: skip

__all__ = [
    "conv2d",
    "conv_layer",
    "dense_photo_parameters",
    "edge_kernel",
    "first_layer_parameters",
    "flip_counterexample",
    "grouped_conv",
    "hidden_layer_parameters",
    "im2col",
    "image_gradient",
    "impulse",
    "kernel_gradient",
    "moving",
    "network_parameters",
    "output_layer_parameters",
    "second_layer_parameters",
    "third_layer_parameters",
    "true_convolution",
    "unanimous_bias",
]
