"""Initial spreads, loss, penalty, dropout and batch normalisation against torch's own."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import layers


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (8, 3, 5, 3), (2, 9, 1, 1), (4, 6, 3)])
def test_initial_spreads_are_those_of_torch_init(shape):
    fans = nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))
    xavier, he = layers.initial_spreads(shape)
    assert xavier == pytest.approx(math.sqrt(2 / sum(fans)))
    assert he == pytest.approx(nn.init.calculate_gain("relu") / math.sqrt(fans[0]))


def test_initial_spreads_of_a_large_layer():
    weight = torch.empty(300, 200)
    torch.manual_seed(0)
    xavier, he = layers.initial_spreads(weight.shape)
    assert nn.init.xavier_normal_(weight).std().item() == pytest.approx(xavier, rel=0.02)
    assert nn.init.kaiming_normal_(weight).std().item() == pytest.approx(he, rel=0.02)


@pytest.mark.parametrize("scale", [1, 30, 10_000])
def test_cross_entropy_and_its_gradient(scale):
    torch.manual_seed(0)
    scores, labels = scale * torch.randn(6, 4, dtype=torch.float64), torch.tensor([0, 3, 1, 1, 2, 0])
    found = []
    for loss in (layers.cross_entropy, F.cross_entropy):
        leaf = scores.clone().requires_grad_()
        value = loss(leaf, labels)
        found.append((value.detach(), *torch.autograd.grad(value, leaf)))
    torch.testing.assert_close(*found)
    assert found[0][0] > 0


def test_penalty_is_weight_decay():
    weights = torch.tensor([[0.5, -2.0], [0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    layers.penalty(weights, l2=0.3).backward()
    torch.testing.assert_close(weights.grad, 0.3 * weights.detach())
    weights.grad = None
    layers.penalty(weights, l1=0.3).backward()
    torch.testing.assert_close(weights.grad, 0.3 * weights.detach().sign())
    assert layers.penalty(weights, 2.0, 4.0).item() == pytest.approx(2 * 3.5 + 2 * 5.25)
    assert layers.penalty(weights).item() == 0


@pytest.mark.parametrize("p", [0.0, 0.2, 0.7])
def test_dropout(p):
    torch.manual_seed(0)
    x = torch.randn(100, 200)
    once, twice = layers.dropout(x, p), layers.dropout(x, p)
    share = (once == 0).float().mean().item()
    assert abs(share - p) <= 5 * math.sqrt(p * (1 - p) / x.numel())
    torch.testing.assert_close(once[once != 0], x[once != 0] / (1 - p))
    assert torch.equal(once, twice) == (p == 0)
    assert torch.equal(layers.dropout(x, p, training=False), x)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.3, "epsilon": 0.01}], ids=str)
def test_batch_norm_step_for_step(options):
    torch.manual_seed(0)
    names = {"epsilon": "eps"}
    ours = layers.BatchNorm(3, **options).double()
    theirs = nn.BatchNorm2d(3, **{names.get(k, k): v for k, v in options.items()}).double()
    with torch.no_grad():
        for mine, torchs in ((ours.scale, theirs.weight), (ours.shift, theirs.bias)):
            mine.copy_(torch.rand(3) + 0.5)
            torchs.copy_(mine)
    for _ in range(4):
        x = 3 * torch.randn(5, 3, 4, 2, dtype=torch.float64) + 2
        outputs = []
        for module in (ours, theirs):
            leaf = x.clone().requires_grad_()
            out = module(leaf)
            (out * torch.linspace(-1, 2, out.numel()).reshape(out.shape)).sum().backward()
            outputs.append((out.detach(), leaf.grad))
        torch.testing.assert_close(*outputs)
    torch.testing.assert_close(ours.scale.grad, theirs.weight.grad)
    torch.testing.assert_close(ours.running_mean, theirs.running_mean)
    torch.testing.assert_close(ours.running_variance, theirs.running_var)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
