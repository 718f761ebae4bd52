"""DPN: one path is added to, the other is appended to."""

import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models.dpn import CONFIGS, DualPathBlock


@pytest.mark.parametrize("name", CONFIGS)
def test_the_name_counts_the_layers(name, on_meta):
    layers = [m for n, m in on_meta(name).named_modules() if "c1x1_w" not in n]
    assert sum(isinstance(m, nn.Conv2d) for m in layers) == int(name.removeprefix("dpn"))


def test_a_block_changes_the_residual_path_and_extends_the_dense_one():
    torch.manual_seed(0)
    block, x = DualPathBlock(inputs=12, middle=8, added=8, appended=2, groups=4), torch.randn(2, 12, 5, 5)
    before, out = x.clone(), block(x)
    new = block.c1x1_c(block.c3x3_b(block.c1x1_a(before)))
    assert out.shape == (2, 14, 5, 5)
    assert torch.equal(out[:, :8], before[:, :8] + new[:, :8])
    assert torch.equal(out[:, 8:12], before[:, 8:])
    assert torch.equal(out[:, 12:], new[:, 8:])
    assert torch.equal(x, before)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_stage_begins_with_a_projection_to_both_paths(stride):
    torch.manual_seed(0)
    block = DualPathBlock(6, 8, added=8, appended=3, groups=2, stride=stride, project=True).eval()
    nn.init.zeros_(block.c1x1_c.conv.weight)
    x = torch.randn(1, 6, 4, 4)
    weight = getattr(block, f"c1x1_w_s{stride}").conv.weight[:, :, 0, 0]
    projected = torch.einsum("oi,nihw->nohw", weight, (x / 1.001**0.5).relu())[:, :, ::stride, ::stride]
    torch.testing.assert_close(block(x)[:, :14], projected)  # 8 + 2·3
    assert not block(x)[:, 14:].any()


@pytest.mark.parametrize("name, groups, maps", [("dpn68", 32, 4), ("dpn92", 32, 3), ("dpn98", 40, 4)])
def test_groups_stay_and_double_in_size_with_each_stage(name, groups, maps, on_meta):
    """Table 1's "32×3d": 32 groups of 3 maps in conv2."""
    for stage in range(4):
        convolution = on_meta(name).get_submodule(f"features.conv{stage + 2}_2.c3x3_b.conv")
        assert (convolution.groups, convolution.weight.shape[1]) == (groups, maps << stage)


def test_a_narrow_twin_has_fewer_groups_of_the_same_size():
    twin = models.build("dpn92", width=1 / 8, classes=3)
    convolution = twin.features.conv3_1.c3x3_b.conv
    assert (convolution.groups, convolution.weight.shape[1]) == (4, 6)
    torch.manual_seed(0)
    twin(torch.randn(2, 3, 40, 40)).square().sum().backward()
    assert all(p.grad.any() for p in twin.parameters())
