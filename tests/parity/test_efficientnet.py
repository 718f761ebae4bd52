"""EfficientNet B0 to B7 against torchvision's, stochastic depth and dropout included."""

import pytest

from cnncourse import models

NAMES = [f"efficientnet_b{i}" for i in range(8)]


@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES[1:])])
def test_efficientnet(torchvision, same_network, name):
    same_network(lambda: models.build(name), getattr(torchvision.models, name), side=64)


@pytest.mark.parametrize("name", NAMES[1:])
def test_names_and_shapes(torchvision, same_names, name):
    same_names(lambda: models.build(name), getattr(torchvision.models, name))
