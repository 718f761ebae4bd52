"""Squeeze-and-excitation by the paper's equations, and attached to blocks that never heard of it."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models
from cnncourse.models._residual import BasicBlock, Block
from cnncourse.models.senet import SEBottleneck, SqueezeExcitation, attach


def test_the_three_equations():
    torch.manual_seed(0)
    layer = SqueezeExcitation(6, 2)
    x = torch.randn(2, 6, 3, 5)
    first, second = layer.fc1.weight[:, :, 0, 0], layer.fc2.weight[:, :, 0, 0]
    for n in range(2):
        z = torch.stack([x[n, c].sum() / 15 for c in range(6)])
        s = 1 / (1 + torch.exp(-(second @ (first @ z + layer.fc1.bias).clamp(min=0) + layer.fc2.bias)))
        for c in range(6):
            torch.testing.assert_close(layer(x)[n, c], s[c] * x[n, c])


def test_a_pixel_anywhere_reaches_every_channel_and_no_other_image():
    torch.manual_seed(0)
    layer = SqueezeExcitation(4, 4).double()
    x = torch.rand(2, 4, 3, 3, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(layer(x)[0, 1, 2, 2], x)
    assert gradient[0].all()
    assert not gradient[1].any()


@pytest.mark.parametrize("name", ["se_resnet50", "senet154"])
def test_its_share_of_the_parameters(name, on_meta):
    """Each block adds 2C²/16 and its biases."""
    added = sum(p.numel() for n, p in on_meta(name).named_parameters() if "se_module" in n)
    depths = {"se_resnet50": (3, 4, 6, 3), "senet154": (3, 8, 36, 3)}[name]
    widths = [256 << i for i, blocks in enumerate(depths) for _ in range(blocks)]
    assert added == sum(2 * c * c // 16 + c // 16 + c for c in widths)
    if name == "se_resnet50":
        assert models.CARDS[name].params - models.CARDS["resnet50_v1"].params == added


def test_154_is_a_number_of_layers(on_meta):
    skipped = ("downsample", "se_module")
    layers = [m for n, m in on_meta("senet154").named_modules() if not any(part in n for part in skipped)]
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in layers) == 154


def test_the_scaling_comes_before_the_addition():
    """A gate that is shut silences the branch and leaves the shortcut alone."""
    torch.manual_seed(0)
    block = SEBottleneck(16, 4, 1, "B").eval()
    block.se_module = nn.Identity()
    x = torch.rand(1, 16, 4, 4)
    assert not torch.allclose(block(x), x)
    block.se_module = SqueezeExcitation(16, 1)
    nn.init.zeros_(block.se_module.fc2.weight)
    nn.init.constant_(block.se_module.fc2.bias, -200.0)  # sigmoid(−200) is 0 in float32
    assert torch.equal(block(x), x)


def test_attached_to_resnet_50_it_is_the_networks_everybody_counts():
    with torch.device("meta"):
        model = models.build("resnet50").eval()
        for block in [m for m in model.modules() if isinstance(m, Block)]:
            attach(block)
        with FlopCounterMode(display=False) as counter:
            model(torch.empty(1, 3, 224, 224))
    assert sum(p.numel() for p in model.parameters()) == 28_088_024
    assert counter.get_total_flops() == 2 * 4_091_699_200  # se_resnet50, after v1, has 3,860,488,192


def test_attached_to_a_basic_block_it_keeps_the_block_and_scales_its_branch():
    torch.manual_seed(0)
    block = BasicBlock(16, 16, 1, "B").eval()
    x = torch.randn(2, 16, 5, 5)
    branch = block.residual(x)
    assert attach(block) is block
    squeeze = block.bn2[1]
    torch.testing.assert_close(block(x), (squeeze(branch) + x).relu())
    assert squeeze.fc1.out_channels == 1


def test_dropout_is_senet154s_alone(on_meta):
    assert [on_meta(name).dropout.p for name in ("se_resnet50", "senet154")] == [0.0, 0.2]
