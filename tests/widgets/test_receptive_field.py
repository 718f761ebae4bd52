"""ReceptiveField, its Python side: boxes and heat against torch autograd, of stacks and of whole networks."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
import traitlets
from torch import nn

from cnncourse import models
from cnncourse.widgets import ReceptiveField
from cnncourse.widgets.receptive_field import STACKS

CASES = [
    ([(3, 1, 1)], 9),
    ([(3, 1, 1), (3, 1, 1)], 12),
    ([(5, 1, 2), (2, 2), (3, 2, 1, 2)], 20),
    ([3, (4, 3, 1), (3, 1, 2, 2)], 31),
    ([(2, 2, 0, 1), (1, 1), (3, 1, 3, 3)], 16),
]


def ones_stack(layers):
    """The layers as torch's, every weight 1."""
    stack = nn.Sequential()
    for layer in layers:
        kernel_size, stride, padding, dilation = (layer, 1, 0, 1) if isinstance(layer, int) else filled(layer)
        conv = nn.Conv2d(1, 1, kernel_size, stride, padding, dilation, bias=False, dtype=torch.float64)
        nn.init.ones_(conv.weight)
        stack.append(conv)
    return stack


def filled(layer):
    return (*layer, *(1, 0, 1)[len(layer) - 1 :])


def gradient(network, size, unit):
    image = torch.randn(1, 1, *size, dtype=torch.float64, requires_grad=True)
    network(image)[0, 0, unit[0], unit[1]].backward()
    return image.grad[0, 0]


@pytest.mark.parametrize("layers, n", CASES)
def test_heat_and_box_are_those_of_autograd(layers, n):
    network = ones_stack(layers)
    size = (n, n + 3)
    rows, columns = network(torch.zeros(1, 1, *size, dtype=torch.float64)).shape[2:]
    assert ReceptiveField(layers, size).map_size == (rows, columns)
    for unit in {(0, 0), (rows - 1, 0), (rows // 2, columns // 2), (0, columns - 1)}:
        widget = ReceptiveField(layers, size, unit=list(unit))
        grad = gradient(network, size, unit)
        torch.testing.assert_close(torch.from_numpy(widget.heat), grad / grad.sum())
        for axis, (first, last) in enumerate(widget.box):
            seen = grad.sum(1 - axis).nonzero().flatten()
            assert seen.min() >= max(0, first) and seen.max() <= min(size[axis] - 1, last)
            assert first < 0 or seen.min() == first  # a box's ends are seen unless they are padding
            assert last >= size[axis] or seen.max() == last


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_has_a_core_that_holds_its_heat(name):
    widget = ReceptiveField(name, 64)
    (top, bottom), (left, right) = widget.box
    side = widget.core[0]
    assert widget.core == (side, side) and side <= bottom - top + 1
    cut = (bottom - top + 1 - side) // 2
    inside = (slice(max(0, top + cut), bottom + 1 - cut), slice(max(0, left + cut), right + 1 - cut))
    assert widget.heat[inside].sum() >= 0.95 - 1e-12
    smaller = tuple(slice(s.start + 1, s.stop - 1) for s in inside)
    assert widget.heat[smaller].sum() < 0.95


def test_two_small_kernels_see_what_a_large_one_sees():
    two, one = ReceptiveField("two 3×3"), ReceptiveField("one 5×5")
    assert two.box == one.box and two.field == one.field == ((5, 1, -2),) * 2
    assert two.heat.max() > one.heat.max() and one.heat[one.heat > 0].std() < 1e-12


def test_the_unit_begins_in_the_middle_and_stays_on_the_map():
    widget = ReceptiveField("LeNet-5", 32)
    assert widget.map_size == (5, 5) and widget.unit == [2, 2]
    widget.unit = [90, -1]
    assert widget.unit == [4, 0]
    widget.layers = [5, (2, 2), 5, (2, 2), 5]
    assert widget.map_size == (1, 1) and widget.unit == [0, 0]


def test_layers_that_do_not_fit_have_no_map():
    widget = ReceptiveField([7, 7, 7], 16)
    assert widget.map_size == (0, 0) and widget.heat.sum() == 0


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(6, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 100, 4),
    )  # fmt: skip


def test_a_network_is_measured_by_its_gradient():
    net = network()
    widget = ReceptiveField.of(net, (3, 20, 20), layer="5", unit=[4, 6])
    assert widget.map_size == (10, 10) and widget.field == ((8, 2, -3), (8, 2, -3))
    images = torch.randn((8, 3, 20, 20), generator=torch.Generator().manual_seed(0))
    net.eval()
    expected = torch.zeros(20, 20)
    signs = torch.randint(0, 2, (8, 5), generator=torch.Generator().manual_seed(0)) * 2.0 - 1
    for image, sign in zip(images, signs, strict=True):
        image = image[None].requires_grad_()
        (net[:6](image)[0, :, 4, 6] * sign).sum().backward()
        expected += image.grad[0].square().sum(0) / 8
    torch.testing.assert_close(torch.from_numpy(widget.heat).float(), expected / expected.sum())
    widget.unit = [0, 0]
    assert widget.gradient_unit == [0, 0] and widget.heat[5:].sum() == 0 < widget.heat[4].sum()


def test_measuring_leaves_a_network_as_it_was():
    net = network()
    net[1].eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    ReceptiveField.of(net, (3, 20, 20), layer="5")
    assert net.training and not net[1].training and all(p.grad is None for p in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(state, torch.get_rng_state()) and not net[5]._forward_hooks


def test_random_networks_have_the_heat_of_their_stack_on_average():
    """With independent weights of mean 0 the expected square of a path is the same for all paths."""
    layers = [(3, 1, 1)] * 4
    total = torch.zeros(17, 17, dtype=torch.float64)
    for seed in range(60):
        torch.manual_seed(seed)
        net = nn.Sequential(*(nn.Conv2d(1 if i == 0 else 8, 8, 3, padding=1) for i in range(4)))
        for conv in net:
            nn.init.kaiming_normal_(conv.weight)
        total += torch.from_numpy(ReceptiveField.of(net, (1, 17, 17), samples=4).heat) / 60
    torch.testing.assert_close(total, torch.from_numpy(ReceptiveField(layers, 17).heat), rtol=0.2, atol=2e-3)


def test_a_models_field_is_the_arithmetics():
    widget = ReceptiveField.of(models.build("lenet5"), (1, 32, 32), layer="c3")
    assert widget.field == ((14, 2, 0), (14, 2, 0)) and widget.map_size == (10, 10)
    assert repr(widget).endswith("module='LeNet5, layer c3')")


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: ReceptiveField("three 5×5"), traitlets.TraitError, "no stack called.*choose from: two 3×3"),
        (lambda: ReceptiveField([(3, 1, 1, 1, 1)]), traitlets.TraitError, "last three optional"),
        (lambda: ReceptiveField([((3, 1), 1)]), traitlets.TraitError, r"ReceptiveField\.of"),
        (lambda: ReceptiveField([3] * 11), traitlets.TraitError, "at most 10 layers"),
        (lambda: ReceptiveField.of(network(), (3, 20, 20)), ValueError, r"gives \(1, 4\), which is no map"),
        (lambda: ReceptiveField.of(network(), (3, 20, 20), layer="9"), ValueError, "it has: 0, 1, 2"),
    ],
)
def test_what_is_wrong_is_said(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_layer_that_does_not_run_is_named():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)

        def forward(self, images):
            return F.relu(self.used(images))

    with pytest.raises(ValueError, match="takes no part"):
        ReceptiveField.of(Idle(), (1, 8, 8), layer="idle")
    assert ReceptiveField.of(Idle(), (1, 8, 8)).map_size == (6, 6)


def test_a_stack_needs_no_torch():
    code = "from cnncourse.widgets import ReceptiveField; ReceptiveField().core"
    code += "; import sys; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "False"
