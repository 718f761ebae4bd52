"""Pooling from scratch against torch's own, and stochastic pooling against its distribution."""

import math

import pytest
import torch
import torch.nn.functional as F

from cnncourse import pooling
from cnncourse.exercises import EXERCISES
from cnncourse.exercises.pooling.stochastic import COPIES, FAR


def maps(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SHAPES = [(2, 3, 8, 6), (1, 1, 5, 9), (3, 2, 7, 7)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_max_and_average_are_torchs(shape, size):
    x = maps(*shape) - 1
    assert torch.equal(pooling.max_pool(x, size), F.max_pool2d(x, size))
    torch.testing.assert_close(pooling.average_pool(x, size), F.avg_pool2d(x, size))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size, stride, padding", [(3, 2, 1), (3, 2, 0), (2, 1, 0), (2, 3, 1), (5, 3, 2)])
def test_overlapping_windows_are_torchs(shape, size, stride, padding):
    x = maps(*shape) - 3
    expected = F.max_pool2d(x, size, stride, padding)
    assert torch.equal(pooling.overlapping_max_pool(x, size, stride, padding), expected)
    assert expected.max() < 0 or padding == 0 or shape != (1, 1, 5, 9), "zeros in the padding would win"


def test_global_average_is_torchs():
    x = maps(2, 3, 5, 4)
    torch.testing.assert_close(pooling.global_average_pool(x), F.adaptive_avg_pool2d(x, 1).flatten(1))


@pytest.mark.parametrize("shape", [(4, 6), (7, 5), (6, 9)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_gradient_is_autograds(shape, size):
    x = maps(*shape).requires_grad_()
    output = F.max_pool2d(x[None, None], size)[0, 0]
    gradient = maps(*output.shape, seed=1)
    (expected,) = torch.autograd.grad(output, x, gradient)
    assert torch.equal(pooling.max_pool_gradient(x.detach(), gradient, size), expected)


def test_expected_is_the_mean_of_many_draws():
    torch.manual_seed(0)
    x = maps(1, 2, 4, 6).relu()
    x[..., :2, :2] = 0
    draws = pooling.stochastic_pool(x.expand(20_000, -1, -1, -1), 2)
    expected = pooling.expected_pool(x, 2)
    error = draws.std(0) / 20_000**0.5
    assert ((draws.mean(0) - expected[0]).abs() <= 5 * error + 1e-12).all()
    assert (expected[..., 0, 0] == 0).all() and (draws[..., 0, 0] == 0).all()


def test_draws_are_members_of_their_window_by_their_chance():
    torch.manual_seed(1)
    x = torch.tensor([[[[1.0, 2.0], [5.0, 0.0]]]])
    draws = pooling.stochastic_pool(x.expand(10_000, -1, -1, -1), 2).flatten()
    found = {value: (draws == value).float().mean().item() for value in (1.0, 2.0, 5.0)}
    assert sum(found.values()) == pytest.approx(1)
    assert found == pytest.approx({1.0: 1 / 8, 2.0: 2 / 8, 5.0: 5 / 8}, abs=0.025)  # five standard errors


@pytest.mark.parametrize("size", [(8, 8), (7, 5)])
def test_blur_pool_is_a_binomial_blur_and_a_stride(size):
    x = maps(2, 3, *size)
    line = torch.tensor([1.0, 2, 1], dtype=x.dtype) / 4
    kernel = torch.einsum("i,j->ij", line, line)[None, None]
    each = F.conv2d(x.flatten(0, 1)[:, None], kernel, padding=1).reshape(x.shape)
    torch.testing.assert_close(pooling.blur_pool(x), each[..., ::2, ::2])
    torch.testing.assert_close(pooling.blur_pool(x, 3), each[..., ::3, ::3])


def test_blur_keeps_a_constant_map_away_from_the_border():
    pooled = pooling.blur_pool(torch.full((1, 1, 8, 8), 3.0))
    assert torch.equal(pooled[..., 1:, 1:], torch.full((1, 1, 3, 3), 3.0))


def test_a_wrong_share_is_said_in_words():
    """A draw that behaves like none of the known mistakes reads which cell came how often."""
    exercise = EXERCISES["stochastic_pool"]
    said = exercise.grade(lambda maps, size: -pooling.max_pool(-maps, size))
    assert said.outcome == "wrong"
    assert said.message.startswith("In 4000 draws from window [0, 0], its cell 0 came 100.0% of the times;")
    said = exercise.grade(lambda maps, size: maps.sum())
    assert said.message == "For 4000 pictures your answer has shape (); expected (4000, 1, 1, 1)."


def test_a_right_draw_is_hardly_ever_called_wrong():
    """The bound that the chapter states: all shares of all examples together below one in a million."""
    exercise = EXERCISES["stochastic_pool"]
    shares = sum(m.shape[1] * (m.shape[2] // k) * (m.shape[3] // k) * k * k for m, k in exercise.inputs(0))
    assert shares == 62
    assert shares * 2 * math.exp(-COPIES * FAR**2) < 1e-6
