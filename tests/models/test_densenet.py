"""DenseNet: everything before is kept, and every name says what was built."""

import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models.densenet import CONFIGS, DenseLayer, dense_block, transition

DEPTH = {name: 100 if name == "densenet_bc_100_12" else 40 for name in CONFIGS}
DEPTH |= {f"densenet{depth}": depth for depth in (121, 169, 201, 161)}


@pytest.mark.parametrize("name", CONFIGS)
def test_the_name_counts_the_layers(name, on_meta):
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in on_meta(name).modules()) == DEPTH[name]


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_adds_k_maps_from_all_before_it(name, on_meta):
    """Equation 2: layer i of a block sees its input and i·k maps."""
    k = 48 if name == "densenet161" else 12 if "12" in name[-4:] and "_" in name else 32
    blocks = [m for n, m in on_meta(name).features.named_children() if n.startswith("denseblock")]
    for block in blocks:
        inputs = [layer.norm1.num_features for layer in block]
        assert inputs == [inputs[0] + i * k for i in range(len(block))]
        assert {layer[-1].out_channels for layer in block} == {k}


@pytest.mark.parametrize("bottleneck", [True, False])
def test_a_layer_keeps_what_came_before(bottleneck):
    """Bit for bit, although its ReLU works in place."""
    torch.manual_seed(0)
    layer, x = DenseLayer(5, 3, bottleneck), torch.randn(2, 5, 4, 6)
    before = x.clone()
    out = layer(x)
    assert out.shape == (2, 8, 4, 6)
    assert torch.equal(out[:, :5], before)
    assert torch.equal(x, before)


def test_the_last_layer_reads_the_first_directly():
    """With every convolution between them cut, the block's input still reaches the last layer."""
    torch.manual_seed(0)
    block = dense_block(4, 2, 5, bottleneck=True)
    for layer in list(block)[1:-1]:
        nn.init.zeros_(layer.conv2.weight)
    x = torch.randn(2, 4, 5, 5, requires_grad=True)
    out = block(x)
    assert not out[:, 6:12].any()  # the three layers that were cut
    (gradient,) = torch.autograd.grad(out[:, 12:].square().sum(), x)
    assert gradient.abs().sum((0, 2, 3)).all()


def test_a_transition_normalises_before_it_mixes_and_averages_squares():
    torch.manual_seed(0)
    layer, x = transition(6, 3).eval(), torch.randn(1, 6, 4, 4)
    mixed = torch.einsum("oi,nihw->nohw", layer.conv.weight[:, :, 0, 0], (x / (1 + 1e-5) ** 0.5).relu())
    expected = mixed.reshape(1, 3, 2, 2, 2, 2).mean((3, 5))
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize("name", CONFIGS)
def test_compression_halves_the_maps_except_in_densenet_40(name, on_meta):
    transitions = [m for n, m in on_meta(name).features.named_children() if n.startswith("transition")]
    assert len(transitions) == (2 if "_" in name else 3)
    factor = 1 if name == "densenet_40_12" else 2
    assert all(t.conv.in_channels == factor * t.conv.out_channels for t in transitions)


def test_the_smallest_image():
    model = models.build("densenet121", width=1 / 16, classes=3).eval()
    assert model(torch.rand(1, 3, 29, 40)).shape == (1, 3)
    with pytest.raises(ValueError, match="at least 29, and got"):
        model(torch.rand(1, 3, 28, 40))
