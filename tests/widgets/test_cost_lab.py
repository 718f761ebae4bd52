"""CostLab's Python side: its costs against torch's own counts, its presets against the papers' networks."""

import inspect

import pytest
import torch
import traitlets
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models
from cnncourse.models._inception import Inception
from cnncourse.models.efficientnet import RELEASED, compound
from cnncourse.models.googlenet import TABLE_1
from cnncourse.widgets import CostLab
from cnncourse.widgets.cost_lab import PRESETS, WIDTHS


def counted(module, shape):
    """Parameters and multiply-adds of a module on the meta device."""
    with FlopCounterMode(display=False) as counter:
        module(torch.empty(1, *shape, device="meta"))
    return sum(p.numel() for p in module.parameters()), counter.get_total_flops() // 2


@pytest.mark.parametrize("name", TABLE_1)
def test_a_row_of_the_table_costs_what_torch_counts(name):
    lab = CostLab(preset=name)
    with torch.device("meta"):
        module = Inception(lab.channels, [getattr(lab, width) for width in WIDTHS], 5, batch_norm=False)
    assert (lab.parameters, lab.multiplications) == counted(module, (lab.channels, lab.side, lab.side))
    assert lab.out_channels == module.maps


def test_the_rows_follow_one_another_as_in_the_network():
    with torch.device("meta"):
        net = models.build("googlenet_2014")
    seen = {}
    for name in TABLE_1:
        part = net.get_submodule(name)
        part.register_forward_hook(lambda _, x, __, name=name: seen.update({name: tuple(x[0].shape[1:])}))
    net(torch.empty(1, 3, 224, 224, device="meta"))
    for name, shape in seen.items():
        lab = CostLab(preset=name)
        assert (lab.channels, lab.side, lab.side) == shape


def test_the_five_by_five_of_the_textbook():
    alone, reduced = CostLab(preset="5×5 alone"), CostLab(preset="5×5 with a bottleneck")
    assert alone.multiplications == 120_422_400
    assert [cost.multiplications for cost in reduced.branches["5×5"]] == [2_408_448, 10_035_200]
    assert reduced.multiplications == 12_443_648
    assert alone.out_channels == reduced.out_channels == 32


def test_without_projection_the_channels_pile_up():
    naive = CostLab(preset="3a without bottlenecks")
    assert naive.branches["pool"] == [] and naive.out_channels == 64 + 128 + 32 + 192
    naive.pooling = False
    assert naive.out_channels == 64 + 128 + 32 and "pool" not in naive.branches


def test_scaling_is_the_papers_rule():
    lab = CostLab(kind="scaling", phi=7)
    assert lab.scaled == compound(7)
    assert lab.constraint == pytest.approx(1.2 * 1.1**2 * 1.15**2)
    width, depth, pixels = lab.scaled
    assert lab.factor == pytest.approx(depth * width**2 * (pixels / 224) ** 2)
    assert PRESETS["scaling"]["the paper's"] == {
        name: p.default for name, p in inspect.signature(compound).parameters.items() if name != "phi"
    }


@pytest.mark.parametrize("preset", PRESETS["scaling"])
def test_every_rule_about_doubles_the_cost(preset):
    assert CostLab(kind="scaling", preset=preset).factor == pytest.approx(2, rel=0.05)


def test_the_released_networks_are_the_models():
    released = CostLab(kind="scaling").released
    assert [net["name"] for net in released] == [f"B{i}" for i in range(8)]
    for net, (name, form) in zip(released, RELEASED.items(), strict=True):
        assert (net["width"], net["depth"], net["pixels"]) == form[:3]
        assert net["macs"] == models.CARDS[name].macs
    assert CostLab().released == [], "the inception kind draws none"


def test_state_is_clamped_and_read():
    lab = CostLab(side=999, channels=0, one=-4, phi=99, alpha=0)
    assert (lab.side, lab.channels, lab.one, lab.phi, lab.alpha) == (224, 1, 0, 8, 1)
    lab = CostLab(preset="inception3a", five=5)
    assert (lab.three, lab.five) == (128, 5)
    assert repr(CostLab()).startswith("CostLab(kind='inception', side=28, channels=192, one=64, reduce3=96,")


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"kind": "price"}, traitlets.TraitError, "kind"),
        ({"kind": "price", "preset": "inception3a"}, traitlets.TraitError, "kind must be one of inception, "),
        ({"preset": "inception3c"}, ValueError, "Did you mean 'inception"),
        ({"kind": "scaling", "preset": "inception3a"}, ValueError, "For scaling there are: the paper's, "),
        ({"widht": 3}, TypeError, "has no 'widht'"),
        ({"one": 2.5}, traitlets.TraitError, "one must be a whole number"),
        ({"presets": {}}, TypeError, "papers' tables"),
    ],
)
def test_wrong_options_say_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        CostLab(**options)
