"""The three small networks: their parameters by hand, layer by layer."""

import pytest
import torch
from torch import nn

from cnncourse import models

BY_HAND = {
    "keras_small": [320, 18_496, 36_928, 36_928, 650],
    "keras_wide": [3_200, 73_856, 147_584, 295_168, 590_080, 295_040, 8_256, 650],
    "keras_counted": [320, 18_496, 73_856, 147_584, 1_290],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_parameters_layer_by_layer(name, on_meta):
    layers = [m for m in on_meta(name).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [sum(p.numel() for p in m.parameters()) for m in layers] == BY_HAND[name]


def test_order_of_layers(on_meta):
    kinds = [type(m).__name__ for m in on_meta("keras_small").layers]
    block = ["Conv2d", "ReLU", "MaxPool2d"]
    assert kinds == [*block, *block, "Conv2d", "ReLU", "Flatten", "Linear", "ReLU", "Dropout", "Linear"]
    wide = on_meta("keras_wide").layers
    assert [m.p for m in wide if isinstance(m, nn.Dropout)] == [0.5, 0.5]
    assert [m.kernel_size[0] for m in wide if isinstance(m, nn.Conv2d)] == [7, 3, 3, 3, 3]


def test_logits_may_be_negative():
    torch.manual_seed(0)
    assert models.build("keras_counted")(torch.randn(20, 1, 28, 28)).min() < 0


def test_other_classes_and_channels_and_the_wrong_size():
    model = models.build("keras_wide", classes=3, in_channels=3).eval()
    assert model(torch.zeros(2, 3, 28, 28)).shape == (2, 3)
    with pytest.raises(ValueError, match=r"\(N, 3, 28, 28\), and got \(2, 3, 32, 32\)"):
        model(torch.zeros(2, 3, 32, 32))


def test_it_starts_as_keras_does():
    torch.manual_seed(0)
    conv = models.build("keras_wide").layers[10]
    assert conv.weight.shape == (256, 256, 3, 3)
    assert conv.weight.std().item() == pytest.approx((2 / (2 * 256 * 9)) ** 0.5, rel=0.01)
    assert not conv.bias.any()
