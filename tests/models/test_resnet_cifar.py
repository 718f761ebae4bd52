"""The CIFAR residual networks: the paper's formula, and a public checkpoint that classifies."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models.resnet_cifar import CONFIGS, from_public

MILLIONS = {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.7}  # Table 6
PUBLISHED = 0.9173  # the checkpoint's test accuracy on all 10,000 images


@pytest.mark.parametrize("name", CONFIGS)
def test_the_name_counts_the_layers(name, on_meta):
    depth = int(name.removesuffix("_cifar").lstrip("plainrest"))
    assert sum(isinstance(m, nn.Conv2d | nn.Linear) for m in on_meta(name).modules()) == depth
    assert models.CARDS[name].params / 1e6 == pytest.approx(MILLIONS[depth], rel=0.02)


@pytest.mark.parametrize("n, depth", [(3, 20), (9, 56)])
def test_a_plain_net_and_its_twin_have_the_same_parameters(n, depth):
    def weights(inputs, maps):
        return 9 * inputs * maps + 2 * maps  # a 3×3 and its batch norm

    stages = sum(weights(c // 2 if c > 16 else c, c) + (2 * n - 1) * weights(c, c) for c in (16, 32, 64))
    expected = weights(3, 16) + stages + 64 * 10 + 10
    for name in (f"plain{depth}_cifar", f"resnet{depth}_cifar"):
        assert models.CARDS[name].params == expected


def test_option_b_is_another_network():
    with torch.device("meta"):
        model = models.build("resnet20_cifar", shortcut="B")
    assert sum(p.numel() for p in model.parameters()) == 269_722 + (16 * 32 + 64) + (32 * 64 + 128)


def test_a_plain_net_has_no_shortcut_to_choose():
    with pytest.raises(ValueError, match="plain56_cifar has no shortcut to choose"):
        models.build("plain56_cifar", shortcut="B")


@pytest.fixture(scope="module")
def trained(shared):
    file = shared / "data/weights/resnet20-12fca82f.th"
    checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    model = models.build("resnet20_cifar").eval()
    model.load_state_dict(from_public(checkpoint), strict=True)
    return model


def accuracy(model, images, labels):
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    with torch.inference_mode():
        answers = [model((batch / 255 - mean) / deviation).argmax(1) for batch in images.split(250)]
    return (torch.cat(answers) == labels).double().mean().item()


@pytest.fixture(scope="module")
def cifar(shared):
    with np.load(shared / "data/cifar10_subset.npz") as file:
        return torch.from_numpy(file["x_test"]).permute(0, 3, 1, 2), torch.from_numpy(file["y_test"]).long()


def test_the_public_checkpoint_classifies_as_published(trained, cifar):
    """Within four standard errors of a sample of 2,000; the value here is 91.90 %."""
    standard_error = (PUBLISHED * (1 - PUBLISHED) / len(cifar[1])) ** 0.5
    assert abs(accuracy(trained, *cifar) - PUBLISHED) < 4 * standard_error


def test_its_shortcuts_matter(trained, cifar):
    """The same weights in the plain twin, which has the same names, are worth little: chance is 10 %."""
    plain = models.build("plain20_cifar").eval()
    plain.load_state_dict(trained.state_dict(), strict=True)
    assert accuracy(plain, cifar[0][::10], cifar[1][::10]) < 0.3
