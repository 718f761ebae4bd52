"""ResNets against torchvision's and timm's: every form, strictly by name, with equal outputs.

What no peer has is built from one that is close, by other means than ours: v1 by moving torchvision's
strides, option A by pooling and concatenation, a plain net by shortcuts that return zeros.
"""

import pytest
import torch
from torch import nn

from cnncourse import models

LIGHT = ["resnet18", "resnet34", "resnet50"]
HEAVY = ["resnet101", "resnet152"]


@pytest.mark.parametrize("name", LIGHT)
def test_resnet(torchvision, same_network, name):
    same_network(lambda: models.build(name), getattr(torchvision.models, name), side=64)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_deeper_resnets(torchvision, same_network, name):
    same_network(lambda: models.build(name), getattr(torchvision.models, name), side=64)


@pytest.mark.parametrize("name", HEAVY)
def test_names_and_shapes_of_deeper_resnets(torchvision, same_names, name):
    same_names(lambda: models.build(name), getattr(torchvision.models, name))


def blocks(model):
    return [block for i in range(1, 5) for block in model.get_submodule(f"layer{i}")]


def test_the_paper_bottleneck(torchvision, same_network):
    """torchvision's resnet50 with its strides moved from conv2 to conv1 is the paper's."""

    def theirs():
        model = torchvision.models.resnet50()
        for block in blocks(model):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
        return model

    same_network(lambda: models.build("resnet50_v1"), theirs, side=64)


class Zero(nn.Module):
    """A shortcut that brings nothing."""

    def __init__(self, channels, stride):
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x):
        n, _, height, width = x.shape
        return x.new_zeros(n, self.channels, -(-height // self.stride), -(-width // self.stride))


class Pad(Zero):
    """Option A as the first Torch implementations wrote it, but for the side of the zeros."""

    def forward(self, x):
        small = nn.functional.avg_pool2d(x, 1, self.stride)
        zeros = small.new_zeros(small.shape[0], (self.channels - small.shape[1]) // 2, *small.shape[2:])
        return torch.cat([zeros, small, zeros], dim=1)


@pytest.mark.parametrize("shortcut, name", [(Zero, "plain34"), (Pad, "resnet34")])
def test_shortcuts_without_parameters(torchvision, same_network, shortcut, name):
    def theirs():
        model = torchvision.models.resnet34()
        for block in blocks(model):
            if block.downsample is not None or shortcut is Zero:
                block.downsample = shortcut(block.bn2.num_features, block.stride)
        return model

    options = {} if shortcut is Zero else {"shortcut": "A"}
    same_network(lambda: models.build(name, **options), theirs, side=64)


def test_option_c(torchvision, same_network):
    def theirs():
        model = torchvision.models.resnet18()
        for block in blocks(model):
            c = block.bn2.num_features
            if block.downsample is None:
                block.downsample = nn.Sequential(nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c))
        return model

    same_network(lambda: models.build("resnet18", shortcut="C"), theirs, side=64)


def test_pre_activation(timm, same_network):
    same_network(lambda: models.build("resnet50_preact"), lambda: timm.create_model("resnetv2_50"), side=64)


def test_pre_activation_for_cifar(timm, same_network):
    """timm's class with the paper's CIFAR stages, its stem and strides put right."""

    def theirs():
        layers = {"norm_layer": timm.layers.BatchNormAct2d, "conv_layer": timm.layers.create_conv2d}
        model = timm.models.ResNetV2([18, 18, 18], (64, 128, 256), 10, stem_chs=16, **layers)
        model.stem = nn.Sequential()
        model.stem.add_module("conv", nn.Conv2d(3, 16, 3, padding=1, bias=False))
        for stage in model.stages[1:]:
            first = stage.blocks[0]
            first.conv1.stride, first.conv2.stride = first.conv2.stride, first.conv1.stride
        return model

    same_network(lambda: models.build("resnet164_cifar_preact"), theirs, side=32)


@pytest.mark.parametrize("name", ["resnet50", *HEAVY])
def test_the_card_of_the_later_form_quotes_the_published_weights(torchvision, name):
    measured = torchvision.models.get_model_weights(name).IMAGENET1K_V1.meta["_metrics"]["ImageNet-1K"]
    assert f"{100 - measured['acc@1']:.2f}/{100 - measured['acc@5']:.2f}" in models.CARDS[name].error
