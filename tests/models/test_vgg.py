"""VGG: the table's columns against the paper's counts, and what sets one column apart from another."""

import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models.vgg import CONFIGS

DEPTH = {"vgg_a": 11, "vgg_a_lrn": 11, "vgg_b": 13, "vgg_c": 16, "vgg_d": 16, "vgg_e": 19}  # Table 1
MILLIONS = {"vgg_a": 133, "vgg_a_lrn": 133, "vgg_b": 133, "vgg_c": 134, "vgg_d": 138, "vgg_e": 144}  # Table 2


@pytest.mark.parametrize("name", DEPTH)
def test_a_column_has_the_papers_depth_and_size(name, on_meta):
    weights = [p for p in on_meta(name).parameters() if p.dim() > 1]
    assert len(weights) == DEPTH[name]
    assert round(sum(p.numel() for p in on_meta(name).parameters()) / 1e6) == MILLIONS[name]


def test_vgg_16_in_convolutions_alone_is_the_15_3_billion_that_resnets_paper_quotes(on_meta):
    dense = 25088 * 4096 + 4096 * 4096 + 4096 * 1000
    assert models.CARDS["vgg_d"].macs - dense == 15_346_630_656


def test_columns_differ_as_the_paper_says():
    """B doubles A's first two blocks; C adds a 1×1 to B's last three, D makes it 3×3, E adds another."""
    blocks = {n: " ".join(column).split(" maxpool") for n, column in CONFIGS.items() if n in DEPTH}
    assert blocks["vgg_a_lrn"][0] == blocks["vgg_a"][0] + " LRN"
    assert blocks["vgg_a_lrn"][1:] == blocks["vgg_a"][1:]
    assert blocks["vgg_b"][:2] == [f"{block} {block.strip()}" for block in blocks["vgg_a"][:2]]
    assert blocks["vgg_b"][2:] == blocks["vgg_a"][2:]
    for before, after, kernel in (("vgg_b", "vgg_c", 1), ("vgg_b", "vgg_d", 3), ("vgg_d", "vgg_e", 3)):
        assert blocks[after][:2] == blocks[before][:2]
        added = [f"{kernel}-{maps}" for maps in (256, 512, 512)]
        assert blocks[after][2:5] == [f"{b} {a}" for b, a in zip(blocks[before][2:5], added, strict=True)]


def test_convolutions_keep_the_size_and_pools_halve_it(on_meta):
    for layer in on_meta("vgg_c").features:
        if isinstance(layer, nn.Conv2d):
            assert (layer.stride, layer.padding[0]) == ((1, 1), layer.kernel_size[0] // 2)
        elif isinstance(layer, nn.MaxPool2d):
            assert (layer.kernel_size, layer.stride) == (2, 2)


def test_the_average_pool_is_the_identity_at_224():
    model = models.build("vgg_a", width=1 / 32).eval()
    x = torch.randn(1, 3, 224, 224)
    maps = model.features(x)
    assert maps.shape == (1, 16, 7, 7)
    assert torch.equal(model.avgpool(maps), maps)


def test_it_starts_as_glorot_and_bengio_do():
    torch.manual_seed(0)
    model = models.build("vgg_d", width=1 / 8)
    for layer in (model.features[10], model.classifier[0]):
        area = layer.weight[0, 0].numel()
        fan_in, fan_out = layer.weight.shape[1] * area, layer.weight.shape[0] * area
        assert layer.weight.std().item() == pytest.approx((2 / (fan_in + fan_out)) ** 0.5, rel=0.03)
        assert not layer.bias.any()


def test_batch_norm_stands_between_convolution_and_relu(on_meta):
    kinds = [type(layer).__name__ for layer in on_meta("vgg_b_bn").features]
    for i, kind in enumerate(kinds):
        if kind == "Conv2d":
            assert kinds[i + 1 : i + 3] == ["BatchNorm2d", "ReLU"]
    assert kinds.count("BatchNorm2d") == 10


def test_response_normalisation_is_alexnets(on_meta):
    (layer,) = (m for m in on_meta("vgg_a_lrn").features if isinstance(m, nn.LocalResponseNorm))
    assert (layer.size, layer.alpha, layer.beta, layer.k) == (5, 5e-4, 0.75, 2)


def test_31_pixels_are_refused_and_32_do():
    model = models.build("vgg_e", width=1 / 32, classes=4).eval()
    with pytest.raises(ValueError, match="at least 32, and got"):
        model(torch.zeros(1, 3, 31, 64))
    assert model(torch.zeros(1, 3, 32, 64)).shape == (1, 4)
