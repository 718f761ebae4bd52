"""The block of the second paper: batch norm and ReLU before each convolution, and nothing after the sum."""

import torch
from torch import nn

from .._kinds import exercise
from ._variants import with_forward


@exercise(
    level=2,
    minutes=10,
    lines=8,
    hints=(
        "The same four layers as in ResidualBlock, in another order. What is the very last thing that "
        "happens?",
        "Batch norm, ReLU, convolution, twice. The shortcut is x as it came in, before any of them.",
        "`f = conv1(relu(bn1(x)))`, `f = conv2(relu(bn2(f)))`, and `f + x`.",
    ),
    why="Nothing follows the sum, so x reaches every later block unchanged, with all that was added to it.",
)
class PreActBlock(nn.Module):
    """F(x) + x with pre-activation: batch norm and ReLU come before each of the two 3×3 convolutions.

    (N, channels, H, W) keeps its shape; the convolutions have no bias. The shortcut is x itself, and nothing
    follows the addition. Source: He and others (2016), arXiv:1603.05027, Figure 4.
    """

    def __init__(self, channels):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x):
        f = self.conv1(self.bn1(x).relu())  # (N, channels, H, W)
        f = self.conv2(self.bn2(f).relu())  # (N, channels, H, W)
        return f + x


@PreActBlock.examples
def _(draw):
    yield {"channels": 2}, draw(2, 2, 3, 2)
    yield {"channels": 3}, draw(2, 3, 3, 4)


def _residual(self, x):
    return self.conv2(self.bn2(self.conv1(self.bn1(x).relu())).relu())


@with_forward(
    PreActBlock,
    "Those are the first paper's blocks: convolution first, then batch norm. Here they come before.",
)
def _(self, x):
    return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + x).relu()


@with_forward(
    PreActBlock, "A ReLU follows the addition. In the second paper nothing does: x has to pass unchanged."
)
def _(self, x):
    return (_residual(self, x) + x).relu()


@with_forward(
    PreActBlock,
    "The shortcut starts behind the first batch norm and ReLU. It is x as it came in, untouched.",
)
def _(self, x):
    active = self.bn1(x).relu()
    return self.conv2(self.bn2(self.conv1(active)).relu()) + active


@with_forward(PreActBlock, "The input is never added.")
def _(self, x):
    return _residual(self, x)


@with_forward(PreActBlock, "The second ReLU is missing: each convolution has batch norm and ReLU before it.")
def _(self, x):
    return self.conv2(self.bn2(self.conv1(self.bn1(x).relu()))) + x


@with_forward(PreActBlock, "The first ReLU is missing: each convolution has batch norm and ReLU before it.")
def _(self, x):
    return self.conv2(self.bn2(self.conv1(self.bn1(x))).relu()) + x


@with_forward(PreActBlock, "Batch norm comes before ReLU in each pair; yours are the other way round.")
def _(self, x):
    return self.conv2(self.bn2(self.conv1(self.bn1(x.relu())).relu())) + x


@PreActBlock.alternative
class TwoHalves(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.halves = nn.ModuleList(
            nn.Sequential(
                nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
            )
            for _ in range(2)
        )

    def forward(self, x):
        first, second = self.halves
        return torch.add(x, second(first(x)))
