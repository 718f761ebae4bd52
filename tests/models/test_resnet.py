"""ResNet: what the shortcuts do, where the strides are, how it starts."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models
from cnncourse.models import _residual as residual
from cnncourse.models.resnet import CONFIGS

DEPTH = {name: int(name.removesuffix("_v1").lstrip("plainrest")) for name in CONFIGS}


def parameters(model):
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("name", DEPTH)
def test_the_name_counts_the_layers(name, on_meta):
    """Projections are not counted: they are on no path of 18, 34, 50 … layers."""
    layers = [m for n, m in on_meta(name).named_modules() if "downsample" not in n]
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in layers) == DEPTH[name]


@pytest.mark.parametrize("name", DEPTH)
def test_only_the_first_block_of_conv3_4_and_5_has_a_stride(name, on_meta):
    """A popular re-implementation never shrinks its maps; its parameters are right all the same."""
    strided = [n for n, m in on_meta(name).named_modules() if isinstance(m, nn.Conv2d) and m.stride != (1, 1)]
    place = "conv1" if DEPTH[name] < 50 or name.endswith("_v1") else "conv2"
    expected = ["conv1"]
    for layer in ("layer2", "layer3", "layer4"):
        expected += [f"{layer}.0.{place}"] + [f"{layer}.0.downsample.0"] * (not name.startswith("plain"))
    assert strided == expected


@pytest.mark.parametrize("name, option, count", [
    ("resnet18", "A", 11_515_688), ("resnet34", "A", 21_623_848),
    ("resnet18", "B", 11_689_512), ("resnet34", "B", 21_797_672),
])  # fmt: skip
def test_parameters_of_the_options(name, option, count):
    with torch.device("meta"):
        assert parameters(models.build(name, shortcut=option)) == count


def test_option_c_adds_a_projection_to_every_other_block():
    with torch.device("meta"):
        b, c = (models.build("resnet34", shortcut=option) for option in "BC")
    widths = [64] * 3 + [128] * 3 + [256] * 5 + [512] * 2  # 16 blocks without the three that B projects
    assert parameters(c) - parameters(b) == sum(w * w + 2 * w for w in widths)


@pytest.mark.parametrize("plain, twin", [("plain18", "resnet18"), ("plain34", "resnet34")])
def test_a_plain_net_costs_what_its_option_a_twin_costs(plain, twin, on_meta):
    """§3.3: so the comparison of Figure 4 is fair, but for the additions."""
    with torch.device("meta"):
        residual_net = models.build(twin, shortcut="A").eval()
    assert on_meta(plain).state_dict().keys() == residual_net.state_dict().keys()
    with FlopCounterMode(display=False) as counter:
        residual_net(torch.empty(1, 3, 224, 224, device="meta"))
    assert counter.get_total_flops() == 2 * models.CARDS[plain].macs


def zeroed(block):
    """A block whose branch F is 0: the L2 decay's limit."""
    last = block.bn3 if hasattr(block, "bn3") else block.bn2
    nn.init.zeros_(last.weight)
    return block


@pytest.mark.parametrize("kind, channels", [(residual.BasicBlock, 8), (residual.Bottleneck, 32)])
def test_a_block_without_a_branch_is_the_identity_and_a_plain_one_loses_everything(kind, channels):
    x = torch.rand(2, channels, 5, 7, generator=torch.Generator().manual_seed(0))  # what a ReLU lets through
    assert torch.equal(zeroed(kind(channels, 8, 1, "B"))(x), x)
    assert not zeroed(kind(channels, 8, 1, "plain"))(x).any()


def test_the_last_relu_comes_after_the_addition():
    x = torch.randn(2, 8, 4, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(zeroed(residual.BasicBlock(8, 8, 1, "B"))(x), x.relu())


def test_option_a_keeps_every_second_pixel_and_pads_channels_with_zeros():
    x = torch.arange(2 * 3 * 5 * 6, dtype=torch.float).reshape(2, 3, 5, 6)
    out = residual.make_shortcut("A", 3, 8, 2)(x)
    assert out.shape == (2, 8, 3, 3)
    assert not out[:, [0, 1, 5, 6, 7]].any()
    for n, c, i, j in [(0, 0, 0, 0), (1, 2, 2, 2), (0, 1, 1, 2)]:
        assert out[n, c + 2, i, j] == x[n, c, 2 * i, 2 * j]


def pixels_seen(kind):
    """The share of input pixels that reach a strided bottleneck's branch."""
    torch.manual_seed(0)
    block = kind(8, 4, 2, "B").double()
    x = torch.randn(1, 8, 8, 8, dtype=torch.double, requires_grad=True)
    block.residual(x).square().sum().backward()
    return (x.grad.abs().sum(1) > 0).double().mean().item()


def test_v1_skips_three_pixels_of_four_and_the_later_form_none():
    assert pixels_seen(residual.BottleneckV1) == 0.25
    assert pixels_seen(residual.Bottleneck) == 1.0


def test_impossible_options_are_told_what_fits():
    with pytest.raises(ValueError, match=r"No shortcut is called 'D'. There are 'A'"):
        models.build("resnet18", shortcut="D")
    with pytest.raises(ValueError, match="plain34 has no shortcut to choose"):
        models.build("plain34", shortcut="A")


def test_it_starts_as_he_et_al():
    torch.manual_seed(0)
    model = models.build("resnet50", width=1 / 2)
    for layer in (model.layer3[1].conv2, model.layer4[0].downsample[0]):
        he = (2 / layer.weight[:, 0].numel()) ** 0.5  # by fan-out
        assert layer.weight.std().item() == pytest.approx(he, rel=0.02)  # of over 60,000 weights
    assert not model.fc.bias.any()


def test_every_parameter_of_a_narrow_twin_learns():
    torch.manual_seed(0)
    model = models.build("resnet50_v1", width=1 / 8, classes=3, in_channels=1)
    model(torch.randn(2, 1, 40, 50)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())
