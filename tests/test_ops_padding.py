"""Padding, steps, holes and the way back from scratch, against torch."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from cnncourse import ops


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("mode", ["zeros", "replicate", "reflect", "circular"])
@pytest.mark.parametrize("padding", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [(4, 6), (5, 4), (9, 7)])
def test_pad_is_torchs(size, padding, mode):
    image = normal(*size)
    how = "constant" if mode == "zeros" else mode
    assert torch.equal(
        ops.pad(image, padding, mode), F.pad(image[None, None], (padding,) * 4, mode=how)[0, 0]
    )


@pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 3), (4, 4)])
@pytest.mark.parametrize(
    "size, kernel", [((4, 5), (2, 2)), ((9, 7), (3, 2)), ((6, 11), (1, 5)), ((5, 5), (5, 5))]
)
def test_strided_convolution_is_torchs(size, kernel, stride):
    x, w = normal(*size), normal(*kernel, seed=1)
    torch.testing.assert_close(
        ops.strided_conv2d(x, w, stride), F.conv2d(x[None, None], w[None, None], stride=stride)[0, 0]
    )


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel", [(1, 1), (3, 2), (2, 4)])
def test_a_dilated_kernel_does_what_torchs_dilation_does(kernel, dilation):
    x, w = normal(12, 13), normal(*kernel, seed=1)
    spread = ops.dilated_kernel(w, dilation)
    torch.testing.assert_close(
        ops.conv2d(x, spread), F.conv2d(x[None, None], w[None, None], dilation=dilation)[0, 0]
    )


@pytest.mark.parametrize(
    "size, kernel, stride", list(itertools.product([(1, 1), (3, 4)], [(2, 2), (3, 1), (4, 5)], [1, 2, 3]))
)
def test_transposed_convolution_is_torchs(size, kernel, stride):
    x, w = normal(*size), normal(*kernel, seed=1)
    torch.testing.assert_close(
        ops.transposed_conv2d(x, w, stride),
        F.conv_transpose2d(x[None, None], w[None, None], stride=stride)[0, 0],
    )


def test_the_way_back_is_the_transpose():
    """<conv(x), y> = <x, transposed(y)>: the same matrix, read by columns."""
    x, w, y = normal(7, 9), normal(3, 3, seed=1), normal(3, 4, seed=2)
    there = (F.conv2d(x[None, None], w[None, None], stride=2)[0, 0] * y).sum()
    torch.testing.assert_close((x * ops.transposed_conv2d(y, w, 2)).sum(), there)
