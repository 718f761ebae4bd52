"""The ImageNet networks of Table 1, and public weights in one's own."""

import torch
from torch import nn

from ...models import resnet
from .._kinds import exercise
from ._variants import with_change, with_forward
from .bottleneck import Bottleneck
from .shortcuts import BasicBlock


@exercise(
    level=3,
    minutes=25,
    lines=18,
    equivalent={"mean((3, 2))": "the order in which axes are named does not matter"},
    seconds=30.0,
    hints=(
        "A helper that makes one stage keeps it short: its first block changes the shape, the others keep "
        "it.",
        "A block of `channels` gives 4 · channels maps if it is a bottleneck, and that is what the next one "
        "gets. layer1 has stride 1, because the stem has quartered the side already.",
        "`inputs = width`, and `for i, count in enumerate(blocks):` with `channels = width * 2**i` and "
        "stride 2, but 1 for i = 0. "
        '`setattr(self, f"layer{i + 1}", nn.Sequential(*stage))` gives a layer its name in a loop.',
    ),
    why="The table is data: one class builds all five columns.",
)
class ResNet(nn.Module):
    """A column of Table 1: images (N, 3, H, W) give scores (N, classes).

    conv1 is 7×7 with stride 2 and `width` maps, without bias; bn1, ReLU; max pooling of 3×3, stride 2,
    padding 1. layer1 to layer4 are Sequentials of blocks[0] to blocks[3] blocks (bottlenecks, or basic ones
    with option B) of width, 2·width, 4·width and 8·width channels; the first block of layer2, layer3 and
    layer4 has stride 2, of a bottleneck in its 3×3. Then global average pooling, and one dense layer, fc.
    Source: He and others (2016), Table 1; the names are torchvision's.
    """

    def __init__(self, blocks, bottleneck, width, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        block, expansion = (Bottleneck, 4) if bottleneck else (BasicBlock, 1)
        inputs = width
        for i, count in enumerate(blocks):
            channels, stage = width * 2**i, []
            for j in range(count):
                stage.append(block(inputs, channels, 2 if i > 0 and j == 0 else 1))
                inputs = expansion * channels
            setattr(self, f"layer{i + 1}", nn.Sequential(*stage))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.pool(self.bn1(self.conv1(x)).relu())  # (N, 64, 56, 56)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))  # (N, 512 or 2048, 7, 7)
        return self.fc(x.mean((2, 3)))  # (N, classes)


@ResNet.examples
def _(draw):
    basic = {"blocks": (1, 2, 1, 1), "bottleneck": False, "width": 4, "classes": 3}
    yield basic, 10 * draw(2, 3, 34, 37)  # large: windows of the pooling in which all is negative
    wide = {"blocks": (1, 1, 1, 1), "bottleneck": True, "width": 3, "classes": 2}
    yield wide, torch.empty(1, 3, 64, 96, device="meta")


def _stages(network):
    return [network.layer1, network.layer2, network.layer3, network.layer4]


def _set_stride(block, stride):
    """Give a block another stride, in its main path and on its shortcut."""
    convolution = block.conv2 if hasattr(block, "conv3") else block.conv1
    convolution.stride = (stride, stride)
    if block.downsample is not None:
        block.downsample[0].stride = (stride, stride)


@with_change(
    ResNet,
    "The channels are right and the resolution is not: all four stages run at one size. The first block of "
    "layer2, layer3 and layer4 has stride 2.",
)
def _(network, **options):
    for stage in _stages(network):
        _set_stride(stage[0], 1)


@with_change(ResNet, "The max pooling after the stem is missing: layer1 works at a quarter of the side.")
def _(network, **options):
    network.pool = nn.Identity()


@with_change(ResNet, "There is one block too few: blocks[0] to blocks[3] say how many each stage has.")
def _(network, **options):
    for stage in _stages(network):
        if len(stage) > 1:
            del stage[-1]


@with_forward(ResNet, "ReLU is missing after the stem's batch norm.")
def _(self, x):
    x = self.pool(self.bn1(self.conv1(x)))
    return self.fc(self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3)))


@ResNet.alternative
class Listed(nn.Module):
    def __init__(self, blocks, bottleneck, width, classes):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        make, parts, inputs = (Bottleneck if bottleneck else BasicBlock), [], width
        outputs = [width * (4 if bottleneck else 1) * 2**i for i in range(4)]
        for i in range(4):
            for j in range(blocks[i]):
                parts.append(make(inputs, width * 2**i, stride=1 + (i > 0 and j == 0)))
                inputs = outputs[i]
        self.parts = nn.ModuleList(parts)
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))

    def forward(self, x):
        x = self.stem(x)
        for part in self.parts:
            x = part(x)
        return self.head(x)


@exercise(
    level=2,
    minutes=12,
    lines=6,
    hints=(
        "How wide the stem is stands in the shape of `conv1.weight`, how many classes there are in that of "
        "`fc.weight`.",
        "`network.load_state_dict(weights)` is strict: it names what does not fit. Then the network has to "
        "be put in another mode.",
        '`ResNet(blocks, bottleneck, len(weights["conv1.weight"]), len(weights["fc.weight"]))`, load, '
        "`.eval()`, and `with torch.no_grad():` the scores.",
    ),
    why="Strict loading is the proof that a network's names and shapes are the public ones.",
)
def public_scores(weights, images, blocks, bottleneck):
    """Scores (N, classes) of images (N, 3, H, W) by your ResNet with public weights.

    weights: a state dict with torchvision's names, of a network with these blocks; its width and its number
    of classes stand in its shapes. The network evaluates: batch norm uses the running statistics in the
    weights.
    """
    width, classes = len(weights["conv1.weight"]), len(weights["fc.weight"])
    network = ResNet(blocks, bottleneck, width, classes)
    network.load_state_dict(weights)
    network.eval()
    with torch.no_grad():
        return network(images)


def _library(width, blocks, bottleneck, classes):
    block = resnet.Bottleneck if bottleneck else resnet.BasicBlock
    return resnet.ResNet(block, blocks, classes=classes, width=width / 64)


def _weights(draw, *network):
    """A state dict of the library's network, with numbers that neither drown nor blow up a signal."""
    state = _library(*network).state_dict()
    for key, tensor in state.items():
        if tensor.dim() > 1:
            state[key] = draw(*tensor.shape) * (2 / tensor[0].numel()) ** 0.5
        elif tensor.is_floating_point():
            state[key] = draw.uniform(*tensor.shape, low=0.5, high=1.5)
    return state


@public_scores.examples
def _(draw):
    yield _weights(draw, 2, (1, 2, 1, 1), False, 3), draw(2, 3, 17, 34), (1, 2, 1, 1), False
    yield _weights(draw, 3, (1, 1, 1, 1), True, 5), draw(2, 3, 17, 20), (1, 1, 1, 1), True


def _loaded(weights, blocks, bottleneck):
    network = ResNet(blocks, bottleneck, len(weights["conv1.weight"]), len(weights["fc.weight"]))
    network.load_state_dict(weights)
    return network.eval()


@public_scores.mistake(
    "The network is in training mode: batch norm then takes the statistics of these few images. `.eval()` "
    "first."
)
def _(weights, images, blocks, bottleneck):
    with torch.no_grad():
        return _loaded(weights, blocks, bottleneck).train()(images)


@public_scores.mistake(
    "The weights were never loaded: a new network gives random scores. With `strict=False` names that do not "
    "fit are left out without a word."
)
def _(weights, images, blocks, bottleneck):
    torch.manual_seed(0)
    network = ResNet(blocks, bottleneck, len(weights["conv1.weight"]), len(weights["fc.weight"]))
    network.load_state_dict({f"module.{key}": tensor for key, tensor in weights.items()}, strict=False)
    network.eval()
    with torch.no_grad():
        return network(images)


@public_scores.mistake(
    "Only the parameters are loaded. The running means and variances are buffers, and evaluation needs them."
)
def _(weights, images, blocks, bottleneck):
    network = ResNet(blocks, bottleneck, len(weights["conv1.weight"]), len(weights["fc.weight"]))
    learned = {key: tensor for key, tensor in weights.items() if "running" not in key}
    network.load_state_dict(learned, strict=False)
    network.eval()
    with torch.no_grad():
        return network(images)


@public_scores.mistake("Those are classes. Scores are asked for: (N, classes), one for each.")
def _(weights, images, blocks, bottleneck):
    with torch.no_grad():
        return _loaded(weights, blocks, bottleneck)(images).argmax(1)


@public_scores.alternative
def by_the_library(weights, images, blocks, bottleneck):
    network = _library(weights["bn1.weight"].numel(), blocks, bottleneck, weights["fc.bias"].numel()).eval()
    network.load_state_dict(weights, assign=True)
    return network(images).detach()
