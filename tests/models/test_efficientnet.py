"""EfficientNet: the compound rule, its rounding, and where the released networks leave it."""

import math

import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models._mbconv import MBConv, stochastic_depth
from cnncourse.models.efficientnet import RELEASED, compound, round_channels, scaled

TABLE2 = {  # millions of parameters, 10⁹ multiply-adds; the paper has 9.2 M for B2
    "b0": (5.3, 0.39), "b1": (7.8, 0.70), "b2": (9.1, 1.0), "b3": (12, 1.8),
    "b4": (19, 4.2), "b5": (30, 9.9), "b6": (43, 19), "b7": (66, 37),
}  # fmt: skip


def test_the_rule_nearly_doubles_the_cost_with_each_step():
    width, depth, pixels = compound(1)
    assert depth * width**2 * (pixels / 224) ** 2 == pytest.approx(1.920, abs=5e-4)  # "≈ 2": 1.2·1.1²·1.15²
    assert compound(0) == (1, 1, 224)


def test_the_released_b7_is_not_the_rules():
    width, depth, pixels = compound(7)
    assert (round(width, 2), round(depth, 2), round(pixels)) == (1.95, 3.58, 596)
    assert RELEASED["efficientnet_b7"][:3] == (2.0, 3.1, 600)


def test_b1_is_half_a_step_from_b0():
    *_, pixels = compound(0.5)
    assert round(pixels) == RELEASED["efficientnet_b1"][2] == 240


@pytest.mark.parametrize("letter", TABLE2)
def test_table_2(letter):
    """The paper's multiply-adds are up to 5 % below those of the networks that were released."""
    card, (millions, billions) = models.CARDS[f"efficientnet_{letter}"], TABLE2[letter]
    assert float(f"{card.params / 1e6:.2g}") == millions
    assert card.macs / 1e9 == pytest.approx(billions, rel=0.05)


@pytest.mark.parametrize("channels, rounded", [
    (32, 32), (32 * 1.1, 32), (40 * 1.1, 48), (32 * 1.2, 40), (16 * 1.2, 24), (1280 * 1.4, 1792), (1, 8),
])  # fmt: skip
def test_rounding(channels, rounded):
    """16·1.2 = 19.2 is nearer to 16, but that would lose more than a tenth."""
    assert round_channels(channels) == rounded


def test_rounding_never_loses_more_than_a_tenth():
    for tenths in range(10, 30_000):
        rounded = round_channels(tenths / 10)
        assert rounded % 8 == 0
        assert rounded >= 0.9 * tenths / 10
        assert rounded <= max(8, tenths / 10 + 8)


def test_layers_round_up():
    assert [row[-1] for row in scaled(1, 1.1)] == [2, 3, 3, 4, 4, 5, 2]


def test_stochastic_depth_drops_whole_images_and_keeps_the_mean():
    torch.manual_seed(0)
    x = torch.ones(4000, 2, 1, 3)
    out = stochastic_depth(x, 0.2, training=True)
    values = out.flatten(1)
    assert (values == values[:, :1]).all()
    assert set(values[:, 0].tolist()) == {0.0, 1.25}
    assert out.mean().item() == pytest.approx(1, abs=4 * 0.5 / math.sqrt(4000))  # four standard errors
    assert stochastic_depth(x, 0.2, training=False) is x


def test_drop_grows_from_0_to_a_fifth(on_meta):
    drops = [block.drop for block in on_meta("efficientnet_b0").modules() if isinstance(block, MBConv)]
    assert drops == pytest.approx([0.2 * i / 16 for i in range(16)])


def test_only_a_block_that_keeps_the_shape_has_a_shortcut():
    options = {"norm": {}, "drop": 0.0}
    x = torch.randn(2, 8, 6, 6, generator=torch.Generator().manual_seed(0))
    for outputs, stride, adds in ((8, 1, True), (16, 1, False), (8, 2, False)):
        block = MBConv(8, outputs, 6, 3, stride, **options)
        nn.init.zeros_(block.block[-1][1].weight)  # the last batch norm: a branch of 0
        out = block(x)
        assert torch.equal(out, x if adds else torch.zeros_like(out))


def test_the_squeeze_is_a_quarter_of_the_blocks_input_not_of_the_expanded_maps(on_meta):
    squeeze = on_meta("efficientnet_b0").features[3][0].block[2]
    assert (squeeze.fc1.in_channels, squeeze.fc1.out_channels) == (24 * 6, 24 // 4)


def test_batch_norm_is_the_papers_from_b5_on(on_meta):
    for name, *expected in (("efficientnet_b4", 1e-5, 0.1), ("efficientnet_b5", 1e-3, 0.01)):
        norms = [m for m in on_meta(name).modules() if isinstance(m, nn.BatchNorm2d)]
        assert {(m.eps, round(m.momentum, 6)) for m in norms} == {tuple(expected)}


def test_every_parameter_of_a_narrow_twin_learns():
    torch.manual_seed(0)
    model = models.build("efficientnet_b0", width=1 / 4, classes=3, in_channels=1)
    model(torch.randn(8, 1, 48, 64)).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())
