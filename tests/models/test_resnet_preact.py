"""Pre-activation: the path across a unit is clear, and what the names say."""

import pytest
import torch
from torch import nn

from cnncourse.models.resnet_preact import CONFIGS, PreActivation


@pytest.mark.parametrize("name", CONFIGS)
def test_the_name_counts_the_layers(name, on_meta):
    layers = [m for n, m in on_meta(name).named_modules() if "downsample" not in n]
    depth = int(name.removeprefix("resnet").split("_")[0])
    assert sum(isinstance(m, nn.Conv2d) for m in layers) == depth  # the classifier is a 1×1 convolution


def test_nothing_follows_the_addition():
    """Equation 4: with a branch of 0, negative numbers pass too, which v1's last ReLU would stop."""
    unit = PreActivation(16, 4, 1, "1×1")
    nn.init.zeros_(unit.conv3.weight)
    x = torch.randn(2, 16, 5, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(unit(x), x)


def test_a_gradient_crosses_54_units_unchanged_when_branches_are_zero():
    """Equation 5: its first term does not pass through any weight."""
    torch.manual_seed(0)
    units = nn.Sequential(*(PreActivation(8, 2, 1, "1×1") for _ in range(54)))
    for unit in units:
        nn.init.zeros_(unit.conv3.weight)
    x = torch.randn(2, 8, 4, 4, requires_grad=True)
    probe = torch.randn(2, 8, 4, 4)
    (units(x) * probe).sum().backward()
    assert torch.equal(x.grad, probe)


def test_branch_and_projection_share_the_first_activation():
    """The authors' code; a projection of the raw input would answer to what the ReLU removes."""
    torch.manual_seed(0)
    unit = PreActivation(4, 4, 2, "1×1").eval()
    x = -torch.rand(1, 4, 6, 6) - 0.1  # batch norm starts as the identity, so the ReLU gives 0
    assert not unit(x).any()
    assert unit(-x).any()


@pytest.mark.parametrize("name, place", [("resnet50_preact", "conv2"), ("resnet164_cifar_preact", "conv1")])
def test_strides_are_in_the_first_unit_of_the_later_stages(name, place, on_meta):
    strided = [n for n, m in on_meta(name).named_modules() if isinstance(m, nn.Conv2d) and m.stride != (1, 1)]
    expected = ["stem.conv"] if name == "resnet50_preact" else []
    for i in range(1, len(CONFIGS[name][1])):
        expected += [f"stages.{i}.blocks.0.{place}", f"stages.{i}.blocks.0.downsample.conv"]
    assert strided == expected
