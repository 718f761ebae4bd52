"""AlexNet: its two towers, its response normalisation, how it starts, its size, its narrow twin."""

import pytest
import torch

from cnncourse import models


@pytest.fixture(scope="module")
def narrow():
    torch.manual_seed(0)
    return models.build("alexnet_2012", width=1 / 16).eval()


def sees(layer, inputs, outputs):
    """True if the given output maps of a convolution depend on the given input maps."""
    x = torch.randn(1, layer.in_channels, 7, 7, requires_grad=True)
    layer(x)[:, outputs].sum().backward()
    return x.grad[:, inputs].abs().max().item() > 0


def test_the_towers_meet_in_conv3_and_in_the_dense_layers_only(narrow):
    low, high = slice(0, 2), slice(-2, None)
    meets = {i: sees(narrow.features[i], high, low) for i in (4, 8, 10, 12)}
    assert meets == {4: False, 8: True, 10: False, 12: False}
    assert all(sees(narrow.features[i], low, low) for i in meets)


def test_dropping_the_groups_gives_the_tower_that_is_usually_drawn(on_meta):
    two, one = on_meta("alexnet_2012").features, on_meta("alexnet_one_tower").features
    pairs = [(a.weight, b.weight) for a, b in zip(two, one, strict=True) if isinstance(a, torch.nn.Conv2d)]
    extra = [wide.numel() - grouped.numel() for grouped, wide in pairs]
    assert extra == [0, 128 * 48 * 25 * 2, 0, 192 * 192 * 9 * 2, 128 * 192 * 9 * 2]


def test_response_normalisation_is_the_papers_formula(narrow):
    """Section 3.3 as loops: b_i = a_i / (2 + 1e-4 · sum of a_j² over the five maps around i)^0.75."""
    layer = narrow.features[2]
    a = 100 * torch.rand(1, 9, 1, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = []
    for i in range(9):
        squares = sum(a[0, j].item() ** 2 for j in range(max(0, i - 2), min(8, i + 2) + 1))
        expected.append(a[0, i].item() / (2 + 1e-4 * squares) ** 0.75)
    torch.testing.assert_close(layer(a).flatten(), torch.tensor(expected, dtype=torch.float64))


def test_the_start_is_section_five(narrow):
    layers = [layer for layer in narrow.modules() if hasattr(layer, "weight")]
    assert [layer.bias.unique().tolist() for layer in layers] == [[0], [1], [0], [1], [1], [1], [1], [0]]
    weights = torch.cat([layer.weight.flatten() for layer in layers])  # 466,336 draws
    assert weights.std().item() == pytest.approx(0.01, rel=0.01)
    assert weights.mean().item() == pytest.approx(0, abs=1e-4)


def test_pools_overlap_and_dropout_is_on_the_hidden_dense_layers(narrow):
    pools = [layer for layer in narrow.features if isinstance(layer, torch.nn.MaxPool2d)]
    assert [(pool.kernel_size, pool.stride) for pool in pools] == [(3, 2)] * 3
    kinds = [type(layer).__name__ for layer in narrow.classifier]
    assert kinds == ["Linear", "ReLU", "Dropout"] * 2 + ["Linear"]


def test_the_papers_own_224_is_refused(narrow):
    with pytest.raises(ValueError, match=r"\(N, 3, 227, 227\), and got \(1, 3, 224, 224\)"):
        narrow(torch.zeros(1, 3, 224, 224))


def test_a_narrow_twin_has_every_width_divided(narrow):
    assert [c.out_channels for c in narrow.features if hasattr(c, "groups")] == [6, 16, 24, 24, 16]
    assert narrow.classifier[0].weight.shape == (256, 16 * 6 * 6)
    assert narrow(torch.randn(2, 3, 227, 227)).shape == (2, 1000)


def test_other_classes_and_channels():
    model = models.build("alexnet", classes=5, in_channels=1, width=1 / 32)
    assert model(torch.zeros(2, 1, 63, 63)).shape == (2, 5)
