"""Convolution from scratch against torch: asymmetric kernels, odd sizes, batches, two precisions."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnncourse import ops

DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
STRIDES = pytest.mark.parametrize("stride", [(1, 1), (2, 1), (2, 3)])
LAYERS = [
    ((1, 1, 3, 4), (1, 1, 2, 2)),
    ((2, 3, 7, 6), (4, 3, 3, 2)),
    ((3, 2, 5, 9), (1, 2, 1, 4)),
    ((2, 5, 6, 6), (2, 5, 6, 6)),  # the kernel is as large as the picture: one output cell
]


def normal(*shape, dtype=torch.float64, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def layer(images, weight, dtype):
    shapes = (images, weight, weight[:1])
    return tuple(normal(*shape, dtype=dtype, seed=seed) for seed, shape in enumerate(shapes))


def same(ours, theirs):
    assert ours.dtype == theirs.dtype
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


PLANES = [((3, 4), (2, 2)), ((7, 5), (3, 2)), ((4, 9), (1, 5)), ((4, 3), (4, 3))]


@DTYPES
@pytest.mark.parametrize("image, kernel", PLANES)
def test_conv2d_is_torchs(image, kernel, dtype):
    x, w = normal(*image, dtype=dtype), normal(*kernel, dtype=dtype, seed=1)
    same(ops.conv2d(x, w), F.conv2d(x[None, None], w[None, None])[0, 0])


def test_a_small_sum_by_hand():
    x = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])
    w = torch.tensor([[1.0, 0.0], [2.0, -1.0]])
    assert ops.conv2d(x, w).tolist() == [[0.0, 1.0]]  # 1*1 + 0*2 - 1*1 and 2*1 + 1*2 - 3*1
    assert ops.true_convolution(x, w).tolist() == [[4.0, 1.0]]


@DTYPES
def test_true_convolution_is_numpys_in_one_dimension(dtype):
    x, w = normal(9, dtype=dtype), normal(4, dtype=dtype, seed=1)
    expected = torch.from_numpy(np.convolve(x, w, mode="valid"))
    same(ops.true_convolution(x[None], w[None])[0], expected)


def test_an_impulse_comes_back_turned_from_correlation_and_upright_from_convolution():
    dot, kernel = torch.zeros(5, 6), normal(3, 2).float()
    dot[2, 3] = 1
    assert torch.equal(ops.conv2d(dot, kernel)[0:3, 2:4], kernel.flip(0, 1))
    assert torch.equal(ops.true_convolution(dot, kernel)[0:3, 2:4], kernel)


@DTYPES
@STRIDES
@pytest.mark.parametrize("rung", [ops.conv_loops, ops.conv_layer])
@pytest.mark.parametrize("images, weight", LAYERS)
def test_the_layer_is_torchs(rung, images, weight, stride, dtype):
    x, w, b = layer(images, weight, dtype)
    same(rung(x, w, b, stride), F.conv2d(x, w, b, stride))


@DTYPES
@pytest.mark.parametrize("images, weight", LAYERS)
def test_the_stride_is_one_by_default_and_im2col_agrees(images, weight, dtype):
    x, w, b = layer(images, weight, dtype)
    for rung in (ops.conv_loops, ops.conv_layer, ops.conv_im2col):
        same(rung(x, w, b), F.conv2d(x, w, b))


@DTYPES
@pytest.mark.parametrize("kernel_size", [(1, 1), (3, 2), (2, 4)])
def test_im2col_has_torchs_order(kernel_size, dtype):
    x = normal(2, 3, 5, 7, dtype=dtype)
    assert torch.equal(ops.im2col(x, kernel_size), F.unfold(x, kernel_size))


@DTYPES
@pytest.mark.parametrize("c_in, c_out, groups", [(6, 4, 1), (6, 4, 2), (4, 8, 4), (3, 3, 3)])
def test_groups_are_torchs(c_in, c_out, groups, dtype):
    x, w, b = layer((2, c_in, 5, 6), (c_out, c_in // groups, 3, 2), dtype)
    same(ops.grouped_conv(x, w, b, groups), F.conv2d(x, w, b, groups=groups))


def test_groups_that_do_not_divide_are_refused():
    x, w, b = layer((1, 6, 4, 4), (4, 2, 2, 2), torch.float32)
    with pytest.raises((ValueError, RuntimeError)):
        ops.grouped_conv(x, w, b, 3)


@DTYPES
def test_the_gradients_of_one_channel_are_autograds(dtype):
    x, w = normal(6, 9, dtype=dtype).requires_grad_(), normal(2, 4, dtype=dtype, seed=1).requires_grad_()
    z = F.conv2d(x[None, None], w[None, None])[0, 0]
    upstream = normal(*z.shape, dtype=dtype, seed=2)
    by_image, by_kernel = torch.autograd.grad(z, (x, w), upstream)
    same(ops.kernel_gradient(x.detach(), upstream), by_kernel)
    same(ops.image_gradient(upstream, w.detach()), by_image)


@DTYPES
@pytest.mark.parametrize("images, weight", LAYERS)
def test_the_gradients_of_a_layer_are_autograds(images, weight, dtype):
    x, w, b = (t.requires_grad_() for t in layer(images, weight, dtype))
    z = F.conv2d(x, w, b)
    upstream = normal(*z.shape, dtype=dtype, seed=3)
    by_images, by_weight = torch.autograd.grad(z, (x, w), upstream)
    same(ops.weight_gradient(x.detach(), upstream), by_weight)
    same(ops.input_gradient(upstream, w.detach()), by_images)


@pytest.mark.parametrize("rung", [ops.conv_layer, ops.conv_im2col])
def test_gradients_flow_through_the_rungs_that_stay_in_torch(rung):
    x, w, b = (t.requires_grad_() for t in layer((2, 2, 4, 5), (3, 2, 2, 3), torch.float64))
    assert torch.autograd.gradcheck(rung, (x, w, b))


@pytest.mark.parametrize("function, arguments", [
    (ops.conv2d, ((4, 5), (2, 3))),
    (ops.true_convolution, ((4, 5), (2, 3))),
    (ops.kernel_gradient, ((4, 5), (3, 3))),
    (ops.image_gradient, ((3, 3), (2, 3))),
    (ops.conv_layer, ((2, 2, 4, 5), (3, 2, 2, 3), (3,))),
    (ops.conv_loops, ((2, 2, 4, 5), (3, 2, 2, 3), (3,))),
])
def test_no_input_is_changed(function, arguments):
    tensors = [normal(*shape, seed=i) for i, shape in enumerate(arguments)]
    before = [t.clone() for t in tensors]
    function(*tensors)
    assert all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True))
