"""Chapter 01's exercises: shortcuts are named, other styles pass, and nobody is fooled."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnncourse.exercises import EXERCISES

CODE = [name for name, one in EXERCISES.items() if one.chapter == "01_convolution" and one.kind == "function"]


def layer_of_torch(images, weight, bias, stride=(1, 1)):
    layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], stride)
    layer.weight.data, layer.bias.data = weight, bias
    return layer(images).detach()


def kernel_gradient_by_autograd(image, gradient):
    shape = [n - g + 1 for n, g in zip(image.shape, gradient.shape, strict=True)]
    kernel = torch.zeros(shape, requires_grad=True)
    F.conv2d(image[None, None], kernel[None, None])[0, 0].backward(gradient)
    return kernel.grad


SHORTCUTS = {
    "conv2d": lambda image, kernel: F.conv2d(image[None, None], kernel[None, None])[0, 0],
    "conv_layer": layer_of_torch,
    "grouped_conv": lambda images, weight, bias, groups: F.conv2d(images, weight, bias, groups=groups),
    "im2col": lambda images, kernel_size: torch.nn.Unfold(kernel_size)(images),
    "kernel_gradient": kernel_gradient_by_autograd,
    "image_gradient": lambda gradient, kernel: torch.nn.grad.conv2d_input(
        (1, 1, gradient.shape[0] + kernel.shape[0] - 1, gradient.shape[1] + kernel.shape[1] - 1),
        kernel[None, None],
        gradient[None, None],
    )[0, 0],
}


@pytest.mark.parametrize("name", SHORTCUTS)
def test_calling_the_thing_to_be_built_is_named(name):
    verdict = EXERCISES[name].grade(SHORTCUTS[name])
    assert (verdict.outcome, verdict.what) == ("wrong", "shortcut")
    assert verdict.message in EXERCISES[name].shortcuts.values()


def through_numpy(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image.numpy(), tuple(kernel.shape))
    return torch.from_numpy((windows * kernel.numpy()).sum((2, 3)))


def by_fourier(image, kernel):
    size = [n + k - 1 for n, k in zip(image.shape, kernel.shape, strict=True)]
    full = torch.fft.irfft2(torch.fft.rfft2(image, size) * torch.fft.rfft2(kernel.flip(0, 1), size), size)
    kh, kw = kernel.shape
    return full[kh - 1 : image.shape[0], kw - 1 : image.shape[1]]


@pytest.mark.parametrize("style", [through_numpy, by_fourier, lambda i, k: through_numpy(i, k).double()])
def test_right_answers_in_other_styles_pass(style):
    assert all(EXERCISES["conv2d"].grade(style, seed) for seed in range(5))


def first_cell_wrong(right):
    return torch.cat([right.flatten()[:1] + 1, right.flatten()[1:]]).reshape(right.shape)


FOOLS = {
    "zeros": lambda right: torch.zeros_like(right),
    "ones": lambda right: torch.ones_like(right),
    "doubled": lambda right: 2 * right,
    "turned": lambda right: right.flip(-1),
    "first cell wrong": first_cell_wrong,
    "not a number": lambda right: right / 0 * 0,
    "a list": lambda right: right.tolist(),
    "whole numbers": lambda right: right.long(),
}


@pytest.mark.parametrize("fool", FOOLS)
@pytest.mark.parametrize("name", [name for name in CODE if name != "edge_kernel"])
def test_nobody_is_fooled(name, fool):
    exercise = EXERCISES[name]
    assert exercise.grade(lambda *arguments: FOOLS[fool](exercise.reference(*arguments))).outcome == "wrong"


@pytest.mark.parametrize("name", [name for name in CODE if name != "edge_kernel"])
def test_the_input_handed_back_is_no_answer(name):
    assert EXERCISES[name].grade(lambda *arguments: arguments[0]).outcome == "wrong"


@pytest.mark.parametrize("name", CODE)
def test_a_patched_comparison_helps_nobody(name, monkeypatch):
    monkeypatch.setattr(torch, "allclose", lambda *a, **k: True)
    monkeypatch.setattr(np, "isclose", lambda *a, **k: np.array(True))
    assert EXERCISES[name].grade(lambda *arguments: torch.zeros(2, 2)).outcome == "wrong"


@pytest.mark.parametrize("kernel", [[[0, 0, 0], [0, -1, 1], [0, 0, 0]], [[-3, 1, 2], [-1, 0, 1], [0, -2, 2]]])
def test_any_kernel_that_finds_the_edge_passes(kernel):
    assert EXERCISES["edge_kernel"].grade(lambda: torch.tensor(kernel))


@pytest.mark.parametrize("kernel", [[[-1, 0, 1]], torch.zeros(3, 3, 3), [[-1, 1], [-1, 1]]])
def test_a_kernel_of_another_size_is_told_so(kernel):
    verdict = EXERCISES["edge_kernel"].grade(lambda: kernel)
    assert verdict.outcome == "wrong" and "a kernel of shape" in verdict.message


def test_counterexamples_are_the_learners_to_choose():
    one = EXERCISES["flip_counterexample"]
    assert one.grade((torch.randn(4, 6), torch.randn(3, 2)))
    assert "six rows" in one.grade((torch.randn(9, 9), torch.randn(2, 2))).message
    assert "fit" in one.grade((torch.randn(2, 2), torch.randn(3, 2))).message
    assert "two dimensions" in one.grade((torch.randn(4), torch.randn(2, 2))).message
