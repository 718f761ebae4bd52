"""LeNet-5: the paper's counts, its sparse table, its subsampling, squashing and RBF units."""

from itertools import pairwise

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from cnncourse import models
from cnncourse.models import lenet_1998

WIRES = {"c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000, "c5": 48_120, "f6": 10_164, "output": 840}
TRAINABLE = {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0}


@pytest.fixture
def old():
    torch.manual_seed(0)
    return models.build("lenet5_1998")


def connections(model):
    """Count each layer's wires by running it: units of its output, times the inputs and the bias of each."""
    wires = dict.fromkeys(WIRES, 0)

    def count(layer, _, output):
        top = next(name for name in wires if layer in model.get_submodule(name).modules())
        inputs = 84 if layer is model.output else lenet_1998.inputs_of_a_unit(layer) + 1
        wires[top] += output.numel() * inputs

    for layer in model.modules():
        if lenet_1998.inputs_of_a_unit(layer) or layer is model.output:
            layer.register_forward_hook(count)
    model(torch.zeros(1, 1, 32, 32))
    return wires


def test_60000_trainable_parameters(old):
    assert {n: sum(p.numel() for p in m.parameters()) for n, m in old.named_children()} == TRAINABLE
    assert sum(TRAINABLE.values()) == 60_000


def test_340908_connections(old):
    assert connections(old) == WIRES
    assert sum(WIRES.values()) == 340_908


def test_table_one():
    """Three neighbours, four neighbours, two pairs, all: the paper's rule, written without its table."""
    ring = lambda start, count: sorted((start + i) % 6 for i in range(count))  # noqa: E731
    rule = [ring(i, 3) for i in range(6)] + [ring(i, 4) for i in range(6)]
    rule += [sorted(ring(i, 2) + ring(i + 3, 2)) for i in range(3)] + [list(range(6))]
    assert lenet_1998.connected() == rule


def test_c3_is_a_dense_convolution_with_weights_left_out(old):
    weight, bias = torch.zeros(16, 6, 5, 5), torch.zeros(16)
    for k, (conv, maps) in enumerate(zip(old.c3, lenet_1998.connected(), strict=True)):
        weight[k, maps], bias[k] = conv.weight[0], conv.bias[0]
    x = torch.randn(2, 6, 14, 14)
    torch.testing.assert_close(old.c3(x), F.conv2d(x, weight, bias), rtol=1e-5, atol=1e-6)


def test_subsampling_is_a_sum_with_a_coefficient_and_a_bias():
    layer = lenet_1998.Subsampling(2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([2.0, -1.0]).view(2, 1, 1))
        layer.bias.copy_(torch.tensor([0.5, 3.0]).view(2, 1, 1))
    x = torch.arange(16.0).view(1, 2, 2, 4)
    assert layer(x).flatten().tolist() == [2 * 10 + 0.5, 2 * 18 + 0.5, 3 - 42, 3 - 50]


def test_squash_passes_through_one():
    ends = lenet_1998.squash(torch.tensor([-100.0, -1.0, 0.0, 1.0, 100.0]))
    torch.testing.assert_close(ends, torch.tensor([-1.7159, -1.0, 0.0, 1.0, 1.7159]), rtol=0, atol=1e-4)


def test_every_layer_up_to_f6_is_squashed(old):
    passed = []  # what each layer received and what it returned

    def note(layer, inputs, output):
        passed.append((inputs[0].flatten(), output.flatten()))

    for layer in old.children():
        layer.register_forward_hook(note)
    old(torch.randn(2, 1, 32, 32))
    assert len(passed) == 7
    for (_, returned), (received, _) in pairwise(passed):
        torch.testing.assert_close(received, lenet_1998.squash(returned))


def test_a_perfect_drawing_scores_zero_and_wins(old):
    codes = old.output.codes
    assert codes.shape == (10, 84)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    scores = old.output(codes)
    assert scores.diagonal().tolist() == [0.0] * 10
    off = ~torch.eye(10, dtype=torch.bool)
    differing = (codes[:, None] != codes).sum(2)
    assert torch.equal(scores[off], -4.0 * differing[off])  # (1 - -1)² for each pixel that differs
    assert differing[off].min() >= 7, "digits drawn too much alike"
    assert "codes" not in dict(old.named_parameters())


def test_the_weights_start_uniform_within_two_point_four_over_fan_in(old):
    for layer, fan_in in ((old.c1, 25), (old.s2, 4), (old.c3[15], 150), (old.c5, 400), (old.f6, 120)):
        bound = 2.4 / fan_in
        assert layer.weight.abs().max() <= bound
        assert layer.bias.abs().max() <= bound
    assert old.c5.weight.std().item() == pytest.approx(2.4 / 400 / 3**0.5, rel=0.02)  # 48,000 draws


@pytest.mark.parametrize("name", ["lenet5", "lenet5_1998"])
def test_it_learns(name):
    """Fifty real digits are learnt by heart in 60 steps; every parameter has moved."""
    torch.manual_seed(0)
    model = models.build(name)
    before = [p.detach().clone() for p in model.parameters()]
    digits = load_digits()
    x = F.interpolate(torch.tensor(digits.images[:50, None] / 16, dtype=torch.float32), size=32)
    y = torch.tensor(digits.target[:50])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert (model(x).argmax(1) == y).float().mean() >= 0.9
    assert all(not torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_the_dense_form_by_hand():
    torch.manual_seed(0)
    model, x = models.build("lenet5", classes=7, in_channels=2), torch.randn(3, 2, 32, 32)
    w = model.state_dict()
    maps = F.avg_pool2d(torch.tanh(F.conv2d(x, w["c1.weight"], w["c1.bias"])), 2)
    maps = F.avg_pool2d(torch.tanh(F.conv2d(maps, w["c3.weight"], w["c3.bias"])), 2).flatten(1)
    for name in ("c5", "f6"):
        maps = torch.tanh(maps @ w[f"{name}.weight"].T + w[f"{name}.bias"])
    expected = maps @ w["output.weight"].T + w["output.bias"]
    torch.testing.assert_close(model(x), expected, rtol=1e-5, atol=1e-6)
    assert expected.shape == (3, 7)


def test_mnist_at_28_pixels_is_told_to_pad():
    with pytest.raises(ValueError, match=r"\(N, 1, 32, 32\), and got \(4, 1, 28, 28\).*F.pad"):
        models.build("lenet5")(torch.zeros(4, 1, 28, 28))
    assert models.build("lenet5")(F.pad(torch.zeros(4, 1, 28, 28), (2, 2, 2, 2))).shape == (4, 10)


def test_unknown_options_are_refused():
    with pytest.raises(TypeError, match="classes"):
        models.build("lenet5_1998", classes=5)
    assert isinstance(models.build("lenet5").s2, nn.AvgPool2d)
