"""Shortcuts where the shape changes: option A's zeros, and the block with all three options."""

import torch
import torch.nn.functional as F
from torch import nn

from .._kinds import exercise
from ._variants import with_change, with_forward


@exercise(
    level=2,
    minutes=8,
    lines=3,
    gradients=True,
    hints=(
        "Every stride-th pixel: a slice with a step, `x[:, :, ::stride, ::stride]`.",
        "`F.pad` counts from the last axis: (left, right, top, bottom, channels before, channels after).",
        "`new = channels - x.shape[1]`, then `F.pad(small, (0, 0, 0, 0, new // 2, new - new // 2))`.",
    ),
    why="No parameter, and hardly any work: this is why a plain net and its option-A twin count the same.",
)
def zero_padded(x, channels, stride=1):
    """Option A, without parameters: x (N, C, H, W) becomes (N, channels, ⌈H / stride⌉, ⌈W / stride⌉).

    Every stride-th row and column is kept, beginning with the first. The channels that are new hold zeros:
    half of them (rounded down) stand before x's, the others after. Source: He and others (2016), section 3.3.
    """
    new = channels - x.shape[1]
    x = x[:, :, ::stride, ::stride]  # (N, C, ⌈H / stride⌉, ⌈W / stride⌉)
    return F.pad(x, (0, 0, 0, 0, new // 2, new - new // 2))  # (N, channels, ⌈H / stride⌉, ⌈W / stride⌉)


@zero_padded.examples
def _(draw):
    yield draw(1, 1, 2, 2), 3, 2
    yield draw(2, 2, 3, 5), 2
    yield draw(2, 3, 5, 4), 8, 2
    yield draw(1, 2, 7, 4), 5, 3


def _padded(x, channels, before):
    new = channels - x.shape[1]
    before = before(new)
    return F.pad(x, (0, 0, 0, 0, before, new - before))


def _half(new):
    return new // 2


@zero_padded.mistake("All the zeros stand after x's channels: half of them belong before.")
def _(x, channels, stride=1):
    return _padded(x[:, :, ::stride, ::stride], channels, lambda new: 0)


@zero_padded.mistake("All the zeros stand before x's channels: half of them belong after.")
def _(x, channels, stride=1):
    return _padded(x[:, :, ::stride, ::stride], channels, lambda new: new)


@zero_padded.mistake("With an odd number of new channels the smaller half comes first: round down.")
def _(x, channels, stride=1):
    return _padded(x[:, :, ::stride, ::stride], channels, lambda new: new - new // 2)


@zero_padded.mistake("You average each square. The shortcut is the identity: it takes every stride-th pixel.")
def _(x, channels, stride=1):
    return _padded(F.avg_pool2d(x, stride, ceil_mode=True), channels, _half)


@zero_padded.mistake("The first row and column are kept: begin the slice at 0.")
def _(x, channels, stride=1):
    return _padded(x.roll((1 - stride, 1 - stride), (2, 3))[:, :, ::stride, ::stride], channels, _half)


@zero_padded.mistake(
    "The stride is missing: the main path has fewer pixels, and the sum needs the same number."
)
def _(x, channels, stride=1):
    return _padded(x, channels, _half)


@zero_padded.mistake("Only rows are left out. Every stride-th row and every stride-th column is kept.")
def _(x, channels, stride=1):
    return _padded(x[:, :, ::stride], channels, _half)


@zero_padded.mistake("The new channels repeat x's. In option A they hold zeros.")
def _(x, channels, stride=1):
    before = (channels - x.shape[1]) // 2
    return x[:, (torch.arange(channels) - before) % x.shape[1], ::stride, ::stride]


@zero_padded.alternative
def written_into_zeros(x, channels, stride=1):
    small = x[..., ::stride, ::stride]
    n, c, height, width = small.shape
    answer = torch.zeros(n, channels, height, width, dtype=x.dtype, device=x.device)
    before = (channels - c) // 2
    answer[:, before : before + c] = small
    return answer


@zero_padded.alternative
def concatenated(x, channels, stride=1):
    small = F.max_pool2d(x, 1, stride)
    new = channels - x.shape[1]
    zeros = torch.zeros_like(small[:, :1])
    before, after = zeros.repeat(1, new // 2, 1, 1), zeros.repeat(1, new - new // 2, 1, 1)
    return torch.cat([before, small, after], 1)


@exercise(
    level=3,
    minutes=20,
    lines=14,
    hints=(
        "Begin with your ResidualBlock. What has to change so that the first convolution makes `channels` "
        "maps at a stride?",
        "`changes = stride != 1 or inputs != channels`. B projects if so, C always, A never. A projection is "
        "`nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))`.",
        "Without a projection the shortcut is `zero_padded(x, channels, stride)`: where nothing changes, "
        "that is x itself.",
    ),
    why="The stride stands in the first 3×3 and in the shortcut, so that both arrive at one size.",
)
class BasicBlock(nn.Module):
    """relu(F(x) + shortcut(x)); (N, inputs, H, W) gives (N, channels, ⌈H / stride⌉, ⌈W / stride⌉).

    F is two 3×3 convolutions, each followed by batch norm, with a ReLU between; the first has the stride.
    They are called conv1, bn1, conv2, bn2. Where stride or channels change the shape, option "A" pads with
    zeros, and "B" projects; "C" projects in every block. A projection is a 1×1 convolution with the stride
    and a batch norm, a Sequential called downsample. Elsewhere the shortcut is x itself.
    Source: He and others (2016), sections 3.3 and 4.1; the names are torchvision's.
    """

    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.channels, self.stride, self.downsample = channels, stride, None
        changes = stride != 1 or inputs != channels
        if option == "C" or (option == "B" and changes):
            projection = nn.Conv2d(inputs, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels))

    def forward(self, x):
        f = self.bn1(self.conv1(x)).relu()  # (N, channels, ⌈H / stride⌉, ⌈W / stride⌉)
        f = self.bn2(self.conv2(f))
        if self.downsample is None:
            return (f + zero_padded(x, self.channels, self.stride)).relu()
        return (f + self.downsample(x)).relu()


@BasicBlock.examples
def _(draw):
    yield {"inputs": 2, "channels": 2}, draw(2, 2, 2, 3)
    yield {"inputs": 2, "channels": 2, "stride": 2}, draw(3, 2, 4, 3)
    yield {"inputs": 1, "channels": 2, "stride": 2, "option": "A"}, draw(3, 1, 3, 4)
    yield {"inputs": 2, "channels": 2, "option": "C"}, draw(2, 2, 3, 2)
    yield {"inputs": 2, "channels": 3}, draw(2, 2, 2, 2)


def _residual(self, x):
    return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))


def _shortcut(self, x):
    return zero_padded(x, self.channels, self.stride) if self.downsample is None else self.downsample(x)


@with_change(
    BasicBlock,
    "The stride is on the second convolution. It belongs to the first, and saves the second three quarters "
    "of its work.",
)
def _(block, inputs, channels, stride=1, option="B"):
    block.conv1.stride, block.conv2.stride = (1, 1), (stride, stride)


@with_change(
    BasicBlock,
    "The projection has no stride: main path and shortcut do not arrive at the same size.",
)
def _(block, inputs, channels, stride=1, option="B"):
    if block.downsample is not None:
        block.downsample[0].stride = (1, 1)


@with_change(
    BasicBlock, "The projection has no batch norm: like every convolution here, it is followed by one."
)
def _(block, inputs, channels, stride=1, option="B"):
    if block.downsample is not None:
        block.downsample = block.downsample[:1]


def _options(option, inputs, channels, stride):
    return {"inputs": inputs, "channels": channels, "stride": stride, "option": option}


@BasicBlock.mistake(
    "You project in every block, also with option B. B projects only where the shape changes."
)
class _AlwaysProjects(BasicBlock.reference):
    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__(**_options("A" if option == "A" else "C", inputs, channels, stride))


@BasicBlock.mistake("Option C projects in every block, also where the shape stays.")
class _NeverC(BasicBlock.reference):
    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__(**_options("A" if option == "A" else "B", inputs, channels, stride))


@BasicBlock.mistake("Option A has no projection: it pads with zeros.")
class _NeverA(BasicBlock.reference):
    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__(**_options("C" if option == "C" else "B", inputs, channels, stride))


@BasicBlock.mistake(
    "Your block projects only where height and width change. More channels at stride 1 change the shape too."
)
class _OnlyAtStrides(BasicBlock.reference):
    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__(
            **_options("A" if option == "B" and stride == 1 else option, inputs, channels, stride)
        )


@with_forward(BasicBlock, "The shortcut is never added: the sum is missing before the last ReLU.")
def _(self, x):
    return (_residual(self, x) + 0 * _shortcut(self, x)).relu()


@BasicBlock.alternative
class WithShortcutModule(nn.Module):
    def __init__(self, inputs, channels, stride=1, option="B"):
        super().__init__()
        change = {"A": False, "C": True}.get(option, (stride, inputs) != (1, channels))
        self.shortcut = nn.Sequential()
        if change:
            self.shortcut.append(nn.Conv2d(inputs, channels, 1, stride, bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))
        self.main = nn.Sequential(
            nn.Conv2d(inputs, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip
        self.stride = stride

    def forward(self, x):
        main, short = self.main(x), self.shortcut(x)
        if short.shape != main.shape:
            short = zero_padded(x, main.shape[1], self.stride)
        return torch.relu(main + short)
