"""Chapter 06: its references are the library's networks, and the public weights find their places in them."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.exercises import EXERCISES
from cnncourse.models import _residual, resnet
from cnncourse.models.resnet_cifar import from_public
from tests.exercises.twins import same

BasicBlock, Bottleneck, CifarResNet, ResNet = (
    EXERCISES[name].reference for name in ("BasicBlock", "Bottleneck", "CifarResNet", "ResNet")
)
TABLE = {
    18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True),
}  # fmt: skip


@pytest.mark.parametrize("option", "ABC")
@pytest.mark.parametrize("inputs, channels, stride", [(4, 4, 1), (4, 8, 2), (3, 6, 1)])
def test_the_basic_block_is_the_librarys(inputs, channels, stride, option):
    theirs = _residual.BasicBlock(inputs, channels, stride, option)
    same(BasicBlock(inputs, channels, stride, option), theirs, torch.randn(2, inputs, 7, 6))


@pytest.mark.parametrize("stride_at, block", [(1, _residual.BottleneckV1), (2, _residual.Bottleneck)])
@pytest.mark.parametrize("inputs, stride", [(8, 1), (8, 2), (6, 1)])
def test_the_bottleneck_is_the_librarys(inputs, stride, stride_at, block):
    theirs = block(inputs, 2, stride, "B")
    same(Bottleneck(inputs, 2, stride, stride_at), theirs, torch.randn(2, inputs, 7, 6))


def test_option_a_is_the_librarys():
    x = torch.randn(2, 3, 7, 6)
    theirs = _residual.ZeroPad(5, 2)(x)
    assert torch.equal(EXERCISES["zero_padded"].reference(x, 8, 2), theirs)


@pytest.mark.parametrize("n, name", [(3, "resnet20_cifar"), (5, "resnet32_cifar")])
def test_the_cifar_network_is_the_librarys(n, name):
    theirs = models.build(name, width=1 / 4)
    same(CifarResNet(n, width=4), theirs, torch.randn(2, 3, 16, 17), names=False)


@pytest.mark.parametrize("depth", TABLE)
def test_public_names_and_shapes_fit_both_ways(depth):
    with torch.device("meta"):
        ours, theirs = ResNet(*TABLE[depth], width=64, classes=1000), models.build(f"resnet{depth}")
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    assert sum(p.numel() for p in ours.parameters()) == models.CARDS[f"resnet{depth}"].params


@pytest.mark.parametrize("bottleneck, block", [(False, resnet.BasicBlock), (True, resnet.Bottleneck)])
def test_the_network_is_the_librarys(bottleneck, block):
    theirs = resnet.ResNet(block, (1, 2, 1, 1), classes=5, width=1 / 8)
    same(ResNet((1, 2, 1, 1), bottleneck, 8, 5), theirs, torch.randn(2, 3, 48, 53))


def test_a_block_whose_last_scale_is_zero_is_the_identity_and_a_plain_pair_is_lost():
    block, x = EXERCISES["ResidualBlock"].reference(4), torch.rand(2, 4, 5, 6)
    nn.init.zeros_(block.bn2.weight)
    assert torch.equal(block(x), x)
    for convolution in (block.conv1, block.conv2):  # the weights under batch norm do not carry the argument
        nn.init.ones_(block.bn2.weight)
        convolution.weight.data.mul_(0.5)
    assert not torch.allclose(block(x), x, atol=0.1)


def test_the_learners_network_classifies_with_a_public_checkpoint(shared):
    """Within four standard errors of the published 91.73 %, on 500 test images."""
    file = shared / "data/weights/resnet20-12fca82f.th"
    state = from_public(torch.load(file, map_location="cpu", weights_only=True))
    network = CifarResNet(3).eval()
    by_name = models.build("resnet20_cifar").state_dict() | state  # in our library's order
    network.load_state_dict(dict(zip(network.state_dict(), by_name.values(), strict=True)))
    with np.load(shared / "data/cifar10_subset.npz") as data:
        images = torch.from_numpy(data["x_test"][:500]).permute(0, 3, 1, 2) / 255
        labels = torch.from_numpy(data["y_test"][:500]).long()
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])[..., None, None]
    with torch.inference_mode():
        right = (network((images - mean) / deviation).argmax(1) == labels).double().mean().item()
    assert abs(right - 0.9173) < 4 * (0.9173 * (1 - 0.9173) / 500) ** 0.5
