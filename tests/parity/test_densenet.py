"""DenseNets against torchvision's; those for CIFAR against its class with another stem."""

from collections import OrderedDict

import pytest
import torch
from torch import nn

from cnncourse import models


@pytest.mark.parametrize("name", ["densenet121", "densenet169", "densenet201", "densenet161"])
def test_densenet(torchvision, same_network, name):
    same_network(lambda: models.build(name), getattr(torchvision.models, name), side=64)


def for_cifar(model):
    """Put a 3×3 in place of the 7×7 and its pooling."""
    first = nn.Conv2d(3, model.features.conv0.out_channels, 3, padding=1, bias=False)
    later = list(model.features.named_children())[4:]  # after conv0, norm0, relu0 and pool0
    model.features = nn.Sequential(OrderedDict([("conv0", first), *later]))
    return model


def test_densenet_bc_for_cifar(torchvision, same_network):
    def theirs():
        return for_cifar(torchvision.models.DenseNet(12, (16, 16, 16), num_init_features=24, num_classes=10))

    same_network(lambda: models.build("densenet_bc_100_12"), theirs, side=32)


class Layer(nn.Module):
    """One 3×3 layer that takes a list of maps, as torchvision's block hands them over."""

    def __init__(self, inputs):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 12, 3, padding=1, bias=False)

    def forward(self, maps):
        return self.conv1(self.norm1(torch.cat(maps, 1)).relu())


def test_densenet_without_bottleneck_or_compression(torchvision, same_network):
    """torchvision's block around our own layer; its transitions, made wide."""

    def theirs():
        model = for_cifar(torchvision.models.DenseNet(12, (12, 12, 12), num_init_features=16, num_classes=10))
        maps = 16
        for i in (1, 2, 3):
            block = model.features.get_submodule(f"denseblock{i}")
            for name in list(block):
                block[name], maps = Layer(maps), maps + 12
            if i < 3:
                transition = model.features.get_submodule(f"transition{i}")
                transition.norm, transition.conv = nn.BatchNorm2d(maps), nn.Conv2d(maps, maps, 1, bias=False)
        model.features.norm5, model.classifier = nn.BatchNorm2d(maps), nn.Linear(maps, 10)
        return model

    same_network(lambda: models.build("densenet_40_12"), theirs, side=32)
