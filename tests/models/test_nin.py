"""Network in Network: 1×1 convolutions as a dense network at every place, and no dense head."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnncourse import models
from cnncourse.models.nin import mlpconv


def test_an_mlpconv_is_one_small_dense_network_at_every_place():
    torch.manual_seed(0)
    first, _, second, _, third, _ = layers = list(mlpconv(3, 5, 1, 2, (6, 5, 4)))
    x = torch.randn(2, 3, 8, 9)
    patches = F.unfold(x, 5, padding=2).transpose(1, 2)  # (N, 72, 75)
    for layer in (first, second, third):
        patches = torch.relu(patches @ layer.weight.flatten(1).T + layer.bias)
    expected = patches.transpose(1, 2).view(2, 4, 8, 9)
    torch.testing.assert_close(nn.Sequential(*layers)(x), expected, rtol=1e-5, atol=1e-5)


def test_a_logit_is_the_mean_of_its_class_map():
    torch.manual_seed(0)
    model, x = models.build("nin").eval(), torch.randn(2, 3, 32, 32)
    torch.testing.assert_close(model(x), model.features(x).mean(dim=(2, 3)), rtol=1e-5, atol=1e-6)
    assert not any(isinstance(layer, nn.Linear) for layer in model.modules())


def test_the_published_pools_and_dropouts(on_meta):
    kinds = lambda name: [type(m).__name__ for m in on_meta(name).features if "Conv" not in type(m).__name__]  # noqa: E731
    relus = ["ReLU"] * 3
    assert kinds("nin") == [*relus, "MaxPool2d", "Dropout", *relus, "AvgPool2d", "Dropout", *relus]
    pooled = [*relus, "MaxPool2d"]
    assert kinds("nin_imagenet") == [*pooled, *pooled, *pooled, "Dropout", *relus]


def test_classes_change_the_last_convolution_only(on_meta):
    with torch.device("meta"):
        small = models.build("nin_imagenet", classes=7).state_dict()
    large = on_meta("nin_imagenet").state_dict()
    differ = [name for name in large if small[name].shape != large[name].shape]
    assert differ == ["features.26.weight", "features.26.bias"]


@pytest.mark.parametrize("name, smallest", [("nin", 4), ("nin_imagenet", 39)])
def test_the_smallest_image(name, smallest, on_meta):
    assert on_meta(name)(torch.empty(1, 3, smallest, smallest, device="meta")).dim() == 2
    tiny = torch.empty(1, 3, smallest - 1, smallest - 1, device="meta")
    with pytest.raises(ValueError, match=f"at least {smallest}, and got"):
        on_meta(name)(tiny)
    with pytest.raises(RuntimeError):
        on_meta(name).features(tiny)


def test_it_starts_as_he_et_al_do():
    torch.manual_seed(0)
    conv = models.build("nin").features[7 + 2 - 1]  # the second mlpconv's 5×5
    assert conv.kernel_size == (5, 5)
    assert conv.weight.std().item() == pytest.approx((2 / (96 * 25)) ** 0.5, rel=0.01)
