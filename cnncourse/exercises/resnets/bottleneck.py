"""The bottleneck block, and what its 1×1 convolutions save."""

import torch
from torch import nn

from .._kinds import exercise, value
from ._variants import with_change, with_forward

bottleneck_weights = value(
    lambda: 256 * 64 + 9 * 64 * 64 + 64 * 256,
    level=2,
    minutes=5,
    right="Right: 69,632, and two 3×3 convolutions on 256 channels would have 1,179,648: 17 times as many.",
    hints=(
        "A kernel of k×k from a to b channels has k · k · a · b weights. There are three of them.",
        "1·1·256·64 + 3·3·64·64 + 1·1·64·256.",
    ),
    why="16,384 + 36,864 + 16,384 = 69,632.",
    wrong={
        1_179_648: "Those are two 3×3 convolutions on 256 channels: what the bottleneck avoids.",
        36_864: "Those are the 3×3 convolution's alone. (Or all three kernels were counted as 1×1.)",
        53_248: "The second 1×1 is missing, which brings 64 channels back to 256.",
        73_728: "Those are the two 3×3 convolutions of a basic block on 64 channels: nearly the same cost, "
        "for a quarter of the channels.",
        70_016: "The biases are counted in: batch norm follows, so there are none.",
        622_592: "The 3×3 works on 64 channels: the first 1×1 has shrunk them from 256.",
    },
)


@exercise(
    level=3,
    minutes=15,
    lines=14,
    equivalent={"stride_at=3": "any number but 1 leaves the stride in the 3×3"},
    hints=(
        "Three convolutions, 1×1, 3×3, 1×1, with a batch norm each; inputs → channels → channels → 4 · "
        "channels.",
        "The stride goes to conv1 or to conv2, as `stride_at` says, and to the projection.",
        "`nn.Conv2d(inputs, channels, 1, stride if stride_at == 1 else 1, bias=False)`, and conv2 with "
        "`stride if stride_at == 2 else 1` and padding 1. ReLU follows the first two; the third is added "
        "first.",
    ),
    why="In the paper the stride stands in the first 1×1, which then looks at one pixel of four; "
    "torchvision's stands in the 3×3, which looks at all of them.",
)
class Bottleneck(nn.Module):
    """relu(F(x) + shortcut(x)); (N, inputs, H, W) gives (N, 4·channels, ⌈H / stride⌉, ⌈W / stride⌉).

    F is a 1×1 convolution to `channels` maps, a 3×3 one that keeps them, and a 1×1 one to 4·channels: conv1,
    conv2, conv3, followed by bn1, bn2, bn3; ReLU stands between. conv1 has the stride if stride_at is 1, as
    in the paper; conv2 if it is 2, as in torchvision. Where stride or channels change the shape, the shortcut
    is a projection called downsample: a 1×1 convolution with the stride and a batch norm, in a Sequential.
    Source: He and others (2016), Figure 5.
    """

    def __init__(self, inputs, channels, stride=1, stride_at=2):
        super().__init__()
        first, middle = (stride, 1) if stride_at == 1 else (1, stride)
        self.conv1 = nn.Conv2d(inputs, channels, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, middle, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.downsample = None
        if stride != 1 or inputs != 4 * channels:
            projection = nn.Conv2d(inputs, 4 * channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(4 * channels))

    def forward(self, x):
        f = self.bn1(self.conv1(x)).relu()  # (N, channels, H, W)
        f = self.bn2(self.conv2(f)).relu()  # (N, channels, ⌈H / stride⌉, ⌈W / stride⌉)
        f = self.bn3(self.conv3(f))  # (N, 4·channels, ⌈H / stride⌉, ⌈W / stride⌉)
        return (f + (x if self.downsample is None else self.downsample(x))).relu()


@Bottleneck.examples
def _(draw):
    yield {"inputs": 8, "channels": 2}, draw(2, 8, 2, 3)
    yield {"inputs": 3, "channels": 2, "stride": 2}, draw(3, 3, 3, 4)
    yield {"inputs": 4, "channels": 1, "stride": 2, "stride_at": 1}, draw(3, 4, 4, 3)
    yield {"inputs": 3, "channels": 1}, draw(2, 3, 2, 3)


def _shortcut(self, x):
    return x if self.downsample is None else self.downsample(x)


@with_change(
    Bottleneck, "The stride is always in the 3×3 convolution. With stride_at=1 it belongs to the first 1×1."
)
def _(block, inputs, channels, stride=1, stride_at=2):
    block.conv1.stride, block.conv2.stride = (1, 1), (stride, stride)


@with_change(
    Bottleneck, "The stride is always in the first 1×1 convolution. With stride_at=2 it belongs to the 3×3."
)
def _(block, inputs, channels, stride=1, stride_at=2):
    block.conv1.stride, block.conv2.stride = (stride, stride), (1, 1)


@with_change(
    Bottleneck, "The stride is on the last 1×1 convolution: too late, the 3×3 has done all its work."
)
def _(block, inputs, channels, stride=1, stride_at=2):
    block.conv1.stride, block.conv2.stride, block.conv3.stride = (1, 1), (1, 1), (stride, stride)


@Bottleneck.mistake("The block ends with `channels` maps. The last 1×1 brings them to four times as many.")
class _NotExpanded(nn.Module):
    def __init__(self, inputs, channels, stride=1, stride_at=2):
        super().__init__()
        first, middle = (stride, 1) if stride_at == 1 else (1, stride)
        self.main = nn.Sequential(
            nn.Conv2d(inputs, channels, 1, first, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, middle, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip
        self.short = nn.Sequential()
        if stride != 1 or inputs != channels:
            self.short.append(nn.Conv2d(inputs, channels, 1, stride, bias=False))
            self.short.append(nn.BatchNorm2d(channels))

    def forward(self, x):
        return (self.main(x) + self.short(x)).relu()


@with_forward(Bottleneck, "ReLU is missing after the first 1×1 convolution and its batch norm.")
def _(self, x):
    f = self.bn2(self.conv2(self.bn1(self.conv1(x)))).relu()
    return (self.bn3(self.conv3(f)) + _shortcut(self, x)).relu()


def _residual(self, x):
    f = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
    return self.bn3(self.conv3(f))


@with_forward(Bottleneck, "The final ReLU is missing: it follows the addition.")
def _(self, x):
    return _residual(self, x) + _shortcut(self, x)


@with_forward(Bottleneck, "The shortcut is never added.")
def _(self, x):
    return _residual(self, x).relu()


@Bottleneck.alternative
class Chained(nn.Module):
    def __init__(self, inputs, channels, stride=1, stride_at=2):
        super().__init__()
        outputs = 4 * channels
        strides = [stride if place == stride_at else 1 for place in (1, 2, 3)]
        sizes = [(inputs, channels, 1), (channels, channels, 3), (channels, outputs, 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, k, s, k // 2, bias=False) for (a, b, k), s in zip(sizes, strides, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for _, b, _ in sizes)
        self.shortcut = nn.Identity()
        if (inputs, stride) != (outputs, 1):
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x):
        f = x
        for i, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            f = norm(convolution(f if i == 0 else torch.relu(f)))
        return torch.relu(f + self.shortcut(x))
