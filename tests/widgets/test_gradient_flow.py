"""GradientFlow measures what an ordinary module of the same layers would show."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.data import digits
from cnncourse.widgets import GradientFlow
from cnncourse.widgets.gradient_flow import ACTIVATIONS, SPREADS, _draw, flow, spoken

MODULES = {
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "ReLU": nn.ReLU(),
    "leaky ReLU": nn.LeakyReLU(),
    "ELU": nn.ELU(),
    "GELU": nn.GELU(),
    "none": nn.Identity(),
}


def by_modules(depth, activation, initialisation, skip, batch_norm):
    """The same weights in nn.Linear and nn.BatchNorm1d, measured by what autograd keeps."""
    generator = torch.Generator().manual_seed(0)
    linears = [nn.Linear(64, 64, bias=False) for _ in range(depth)]
    for linear in linears:
        linear.weight.data = _draw(initialisation, generator)
    head = nn.Linear(64, 10, bias=False)
    head.weight.data = _draw("Xavier", generator)[:10]
    images, labels = digits(8).train
    x = images[:256].flatten(1)
    x, outputs = (x - x.mean()) / x.std(), []
    for linear in linears:
        z = nn.BatchNorm1d(64)(linear(x)) if batch_norm else linear(x)
        x = x + MODULES[activation](z) if skip else MODULES[activation](z)
        x.retain_grad()
        outputs.append(x)
    F.cross_entropy(head(x), labels[:256], reduction="sum").backward()
    return [[t.square().mean().sqrt().item() for t in part] for part in (outputs, [x.grad for x in outputs])]


@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("initialisation", ["PyTorch's default", "Xavier", "He"])
@pytest.mark.parametrize(("skip", "batch_norm"), [(False, False), (True, False), (False, True)])
def test_flow_is_that_of_modules(activation, initialisation, skip, batch_norm):
    ours = flow(6, activation, initialisation, skip, batch_norm)
    theirs = by_modules(6, activation, initialisation, skip, batch_norm)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, torch.tensor(other, dtype=torch.float64), rtol=1e-4, atol=0)


@pytest.mark.parametrize("initialisation", SPREADS)
def test_weights_have_the_spread_that_they_are_called_after(initialisation):
    drawn = _draw(initialisation, torch.Generator().manual_seed(0))
    like = {
        "tiny (0.01)": lambda w: nn.init.normal_(w, std=0.01),
        "PyTorch's default": lambda w: nn.init.kaiming_uniform_(w, a=5**0.5),
        "Xavier": nn.init.xavier_normal_,
        "He": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "large (1.0)": nn.init.normal_,
    }[initialisation](torch.empty(64, 64))
    assert drawn.std().item() == pytest.approx(like.std().item(), rel=0.06)
    assert (drawn.abs().max() > 0.13) == (initialisation in ("Xavier", "He", "large (1.0)"))


def test_the_lesson_holds_for_every_seed():
    for seed in range(10):
        sigmoid, relu = (flow(20, a, i, seed=seed) for a, i in (("sigmoid", "Xavier"), ("ReLU", "He")))
        assert sigmoid.gradient[0] / sigmoid.gradient[-1] < 1e-9
        assert 0.01 < relu.gradient[0] / relu.gradient[-1] < 100
        assert flow(20, "ReLU", "Xavier", seed=seed).signal[-1] < 0.01
        assert flow(20, "sigmoid", "Xavier", batch_norm=True, seed=seed).gradient[0] > 0.01
        assert flow(20, "sigmoid", "Xavier", skip=True, seed=seed).gradient[0] > 0.01


def test_the_default_is_torchs():
    weight = nn.Linear(64, 64).weight
    assert SPREADS["PyTorch's default"]((64, 64)) == pytest.approx((1 / (3 * 64)) ** 0.5)
    assert weight.std().item() == pytest.approx(SPREADS["PyTorch's default"]((64, 64)), rel=0.03)


def test_controls_measure_anew_and_say_so():
    lab = GradientFlow(depth=12)
    assert repr(lab) == (
        "GradientFlow(depth=12, activation='sigmoid', initialisation='Xavier', skip=False, batch_norm=False)"
    )
    picture, status = lab._picture.value, lab._status.value
    assert "the gradient vanishes" in status and "12 layers" in picture and "alt=" in picture
    lab.set(activation="ReLU", initialisation="He")
    assert torch.equal(lab.flow.gradient, flow(**lab.setting).gradient)
    assert "the gradient comes through" in lab._status.value and lab._picture.value != picture
    assert all(control.description for control in lab._controls.values())
    assert lab._controls["depth"].continuous_update is False
    assert list(lab._controls["activation"].options) == list(ACTIVATIONS)


def test_what_cannot_be_measured_is_said():
    assert "vanishes" in spoken(flow(50, "tanh", "tiny (0.01)"))
    assert "explodes" in spoken(flow(50, "tanh", "large (1.0)"))
    assert "overflowed" in spoken(flow(50, "none", "large (1.0)"))
    GradientFlow(depth=50, activation="none", initialisation="large (1.0)")
