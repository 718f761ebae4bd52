"""The residual network of the paper's CIFAR-10 section."""

from torch import nn

from .._kinds import exercise
from ._variants import with_change, with_forward
from .shortcuts import BasicBlock


@exercise(
    level=3,
    minutes=20,
    lines=14,
    equivalent={"mean((3, 2))": "the order in which axes are named does not matter"},
    seconds=30.0,
    hints=(
        "Three stages, and in each n blocks. Which block of which stage has a stride, and how many channels "
        "come in?",
        "A list that grows in two loops: `for channels, stride in ((width, 1), (2 * width, 2), (4 * width, "
        "2))` and in it n times. Only a stage's first block gets the stride.",
        '`blocks.append(BasicBlock(inputs, channels, stride if i == 0 else 1, "A"))`, and then '
        "`inputs = channels`. At the end `x.mean((2, 3))`, and one dense layer.",
    ),
    why="1 + 2 · 3n + 1 = 6n + 2 layers with weights: 20 for n = 3, 56 for n = 9.",
)
class CifarResNet(nn.Module):
    """The CIFAR network of 6n + 2 layers: (N, in_channels, H, W) gives scores (N, classes).

    A 3×3 convolution with `width` maps, batch norm, ReLU; then three stages of n basic blocks, option A, with
    width, 2·width and 4·width maps, on the full, the halved and the quartered side; global average pooling;
    one dense layer. Source: He and others (2016), section 4.2.
    """

    def __init__(self, n, width=16, in_channels=3, classes=10):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(width)
        blocks, inputs = [], width
        for channels, stride in ((width, 1), (2 * width, 2), (4 * width, 2)):
            for i in range(n):
                blocks.append(BasicBlock(inputs, channels, stride if i == 0 else 1, "A"))
                inputs = channels
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = self.bn(self.conv(x)).relu()  # (N, 16, 32, 32)
        x = self.blocks(x)  # (N, 64, 8, 8)
        return self.fc(x.mean((2, 3)))  # (N, 10)


@CifarResNet.examples
def _(draw):
    yield {"n": 2, "width": 2, "in_channels": 1, "classes": 3}, draw(2, 1, 5, 8)
    yield {"n": 1}, draw(2, 3, 4, 5)


def _strides(message, *strides):
    """A mistake: the strides of the three stages' first blocks, and of their other blocks."""

    @with_change(CifarResNet, message)
    def _(network, n, width=16, in_channels=3, classes=10):
        for number, block in enumerate(network.blocks):
            stride = strides[3 if number % n else number // n]
            if stride != block.stride:
                inputs = block.conv1.in_channels
                network.blocks[number] = BasicBlock(inputs, block.channels, stride, "A")


_strides(
    "The channels are right and the resolution is not: all three stages run at one size. The first block of "
    "the second and of the third stage has stride 2.",
    1, 1, 1, 1,
)  # fmt: skip
_strides("Every block of the last two stages halves the side. Only the first of each stage does.", 1, 2, 2, 2)


@with_change(CifarResNet, "There is one block too few in each stage: n blocks, 2n layers.")
def _(network, n, width=16, in_channels=3, classes=10):
    del network.blocks[2 * n + n - 1], network.blocks[n + n - 1], network.blocks[n - 1]
    if n == 1:
        network.fc = nn.Linear(width, classes)


@with_change(
    CifarResNet,
    "Your shortcuts project: that is option B, another network, with more parameters than its plain twin. "
    'The paper takes "A" here.',
)
def _(network, n, width=16, in_channels=3, classes=10):
    for number, block in enumerate(network.blocks):
        network.blocks[number] = BasicBlock(block.conv1.in_channels, block.channels, block.stride, "B")


@with_change(
    CifarResNet,
    "Your stem is ImageNet's, 7×7. For pictures of 32 pixels the paper takes one 3×3 convolution.",
)
def _(network, n, width=16, in_channels=3, classes=10):
    network.conv = nn.Conv2d(in_channels, width, 7, padding=3, bias=False)


@with_forward(CifarResNet, "ReLU is missing after the first convolution and its batch norm.")
def _(self, x):
    return self.fc(self.blocks(self.bn(self.conv(x))).mean((2, 3)))


@CifarResNet.alternative
class StageByStage(nn.Module):
    def __init__(self, n, width=16, in_channels=3, classes=10):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stages = nn.ModuleList(self.stage(n, width, k) for k in range(3))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * width, classes))

    @staticmethod
    def stage(n, width, k):
        channels = width * 2**k
        first = BasicBlock(channels if k == 0 else channels // 2, channels, 1 if k == 0 else 2, "A")
        return nn.Sequential(first, *(BasicBlock(channels, channels, option="A") for _ in range(n - 1)))

    def forward(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(x)
