"""The residual blocks of arXiv:1512.03385 (Figures 2, 5); resnet.py, resnet_cifar.py and senet.py stack them.

Submodules have torchvision's names (conv1, bn1, …, downsample), so that published weights fit.
"""

from collections import OrderedDict

from torch import nn
from torch.nn import functional as F


def conv(inputs, outputs, kernel_size, stride=1, groups=1):
    """A convolution that keeps H and W, or divides them by stride; batch norm follows, so it has no bias."""
    return nn.Conv2d(inputs, outputs, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)


def named(**layers):
    """An nn.Sequential whose layers, and so their parameters, have names instead of numbers."""
    return nn.Sequential(OrderedDict(layers))


class ZeroPad(nn.Module):
    """Option A: every stride-th pixel, and zeros for the channels that are new. It has no parameters."""

    def __init__(self, new_channels, stride):
        super().__init__()
        self.new_channels, self.stride = new_channels, stride

    def forward(self, x):
        before = self.new_channels // 2  # on either side; where they go is only an order of channels
        x = x[:, :, :: self.stride, :: self.stride]  # (N, C, H/stride, W/stride)
        return F.pad(x, (0, 0, 0, 0, before, self.new_channels - before))


def make_shortcut(option, inputs, outputs, stride):
    """What a block's input goes through on its way to the sum (§3.3, §4.1); None is a plain net's nothing."""
    if option not in ("A", "B", "C", "plain"):
        raise ValueError(
            f"No shortcut is called {option!r}. There are 'A' (zeros for new channels), 'B' (a projection "
            "where the shape changes), 'C' (a projection in every block) and 'plain' (none)."
        )
    changes = inputs != outputs or stride != 1
    if option == "plain":
        return None
    if option == "C" or (option == "B" and changes):
        return nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
    return ZeroPad(outputs - inputs, stride) if changes else nn.Identity()


class Block(nn.Module):
    """y = relu(F(x) + shortcut(x)), equations 1 and 2; F is `residual`, which a subclass brings."""

    def forward(self, x):
        out = self.residual(x)
        if self.downsample is not None:
            out += self.downsample(x)
        return self.relu(out)


class BasicBlock(Block):
    """Figure 5, left: two 3×3 convolutions."""

    expansion = 1

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, channels, 3, stride), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = conv(channels, channels, 3), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = make_shortcut(shortcut, inputs, channels, stride)

    def residual(self, x):  # (N, inputs, H, W)
        x = self.relu(self.bn1(self.conv1(x)))  # (N, channels, H/stride, W/stride)
        return self.bn2(self.conv2(x))  # (N, channels, H/stride, W/stride)


class Bottleneck(Block):
    """Figure 5, right: a 1×1 shrinks the channels for the 3×3, another one restores them fourfold."""

    expansion = 4
    stride_in = "3×3"

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        first, middle = (stride, 1) if self.stride_in == "1×1" else (1, stride)
        self.conv1, self.bn1 = conv(inputs, channels, 1, first), nn.BatchNorm2d(channels)
        self.conv2, self.bn2 = conv(channels, channels, 3, middle), nn.BatchNorm2d(channels)
        self.conv3, self.bn3 = conv(channels, 4 * channels, 1), nn.BatchNorm2d(4 * channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = make_shortcut(shortcut, inputs, 4 * channels, stride)

    def residual(self, x):  # (N, inputs, H, W)
        x = self.relu(self.bn1(self.conv1(x)))  # (N, channels, H, W), in v1 already smaller
        x = self.relu(self.bn2(self.conv2(x)))  # (N, channels, H/stride, W/stride)
        return self.bn3(self.conv3(x))  # (N, 4·channels, H/stride, W/stride)


class BottleneckV1(Bottleneck):
    """The paper's own: its stride is in the first 1×1, which skips three pixels of four."""

    stride_in = "1×1"


def stage(block, inputs, channels, blocks, stride, shortcut):
    """A row of the paper's table: the first block changes the shape, the others keep it."""
    outputs = channels * block.expansion
    first = block(inputs, channels, stride, shortcut)
    return nn.Sequential(first, *(block(outputs, channels, 1, shortcut) for _ in range(blocks - 1)))


def initialise(layer):
    """He initialisation by fan-out; biases start at 0, and batch norm as the identity, PyTorch's default."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
        nn.init.zeros_(layer.bias)
