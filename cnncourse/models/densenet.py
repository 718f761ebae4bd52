"""DenseNet: Huang, Liu, van der Maaten & Weinberger, "Densely Connected Convolutional Networks", CVPR 2017,
arXiv:1608.06993.

    Table 1           output     121      169      201      161
    convolution       112×112    7×7, 2k channels, stride 2
    pooling            56×56     3×3 max, stride 2
    dense block 1      56×56     ×6       ×6       ×6       ×6      of [1×1 conv, 4k; 3×3 conv, k]
    transition 1       28×28     1×1 conv, half the channels; 2×2 average pool, stride 2
    dense block 2      28×28     ×12      ×12      ×12      ×12
    transition 2       14×14
    dense block 3      14×14     ×24      ×32      ×48      ×36
    transition 3        7×7
    dense block 4       7×7      ×16      ×32      ×32      ×24
    classification      1×1      average pool, 1000-d fc, softmax
                                 growth rate k = 32, and 48 for DenseNet-161

"conv" is BN, ReLU, convolution. A layer sees all earlier maps of its block and adds k more (equation 2).
B is the 1×1 bottleneck, C the transition's compression by half. The networks for CIFAR have three blocks
behind one 3×3 convolution: `densenet_bc_100_12` with B and C, `densenet_40_12` with neither.

Parameters have torchvision's names. Left out: dropout, which the paper uses only without data augmentation.
`width` multiplies all channels: narrow twins for exercises, not in the paper.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

from ._card import Card, check_images, find, narrow
from ._residual import conv, initialise, named

CONFIGS = {  #           k   layers of each block  first conv   BC     classes
    "densenet121":        (32, (6, 12, 24, 16), ("7×7", 64), True,  1000),
    "densenet169":        (32, (6, 12, 32, 32), ("7×7", 64), True,  1000),
    "densenet201":        (32, (6, 12, 48, 32), ("7×7", 64), True,  1000),
    "densenet161":        (48, (6, 12, 36, 24), ("7×7", 96), True,  1000),
    "densenet_bc_100_12": (12, (16, 16, 16),    ("3×3", 24), True,  10),
    "densenet_40_12":     (12, (12, 12, 12),    ("3×3", 16), False, 10),
}  # fmt: skip


class DenseLayer(nn.Sequential):
    """Append k new maps to all that came before: (N, C, H, W) to (N, C + k, H, W)."""

    def __init__(self, inputs, k, bottleneck):
        layers = OrderedDict()
        steps = [(1, 4 * k), (3, k)] if bottleneck else [(3, k)]
        for i, (kernel_size, outputs) in enumerate(steps, start=1):
            layers[f"norm{i}"], layers[f"relu{i}"] = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
            layers[f"conv{i}"] = conv(inputs, outputs, kernel_size)
            inputs = outputs
        super().__init__(layers)

    def forward(self, x):
        return torch.cat([x, super().forward(x)], dim=1)


def dense_block(inputs, k, layers, bottleneck):
    """Layer i sees the block's inputs and i·k maps of its predecessors."""
    return named(**{f"denselayer{i + 1}": DenseLayer(inputs + i * k, k, bottleneck) for i in range(layers)})


def transition(inputs, outputs):
    """Between blocks: half the height and width and, with compression, half the maps."""
    norm, relu = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
    return named(norm=norm, relu=relu, conv=conv(inputs, outputs, 1), pool=nn.AvgPool2d(2))


class DenseNet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W)."""

    def __init__(self, k, blocks, first, bc, classes, in_channels=3, width=1):
        super().__init__()
        self.in_channels, k = in_channels, narrow(k, width)
        kernel, maps = first[0], narrow(first[1], width)
        self.at_least = 29 if kernel == "7×7" else 4  # each transition halves, and one pixel must be left
        self.features = named(conv0=conv(in_channels, maps, 3))
        if kernel == "7×7":
            norm, relu, pool = nn.BatchNorm2d(maps), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)
            self.features = named(conv0=conv(in_channels, maps, 7, 2), norm0=norm, relu0=relu, pool0=pool)
        for i, layers in enumerate(blocks, start=1):
            self.features.add_module(f"denseblock{i}", dense_block(maps, k, layers, bottleneck=bc))
            maps += layers * k
            if i < len(blocks):
                outputs = maps // 2 if bc else maps
                self.features.add_module(f"transition{i}", transition(maps, outputs))
                maps = outputs
        self.features.add_module("norm5", nn.BatchNorm2d(maps))
        self.classifier = nn.Linear(maps, classes)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, at_least=self.at_least)  # (N, 3, 224, 224)
        x = F.relu(self.features(x), inplace=True)  # (N, 1024, 7, 7) in densenet121
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))  # (N, 1000)


def build(name, *, classes=None, **options):
    """Build a DenseNet untrained; options: classes (1000, or 10 for CIFAR), in_channels=3, width=1."""
    *config, default = find(name, CONFIGS)
    return DenseNet(*config, classes or default, **options)


def _stages(side, *maps):
    """The output of each dense block, every one at half the height and width of the one before."""
    return {f"features.denseblock{i + 1}": (c, side >> i, side >> i) for i, c in enumerate(maps)}


LARGE, SMALL, VAL, TEST = (3, 224, 224), (3, 32, 32), "ILSVRC-12 val, one crop:", "CIFAR-10 test, augmented:"
TABLE2, TABLE3 = (f"Huang et al. 2017, arXiv:1608.06993, Table {n}" for n in (2, 3))
README = "Huang et al. 2017, arXiv:1608.06993; the error is github.com/liuzhuang13/DenseNet's"
CARDS = {
    "densenet121": Card(7_978_856, 2_834_161_664, LARGE, f"{VAL} 25.02/7.71 %", TABLE3,
                        _stages(56, 256, 512, 1024, 1024)),
    "densenet169": Card(14_149_480, 3_359_843_328, LARGE, f"{VAL} 23.80/6.85 %", TABLE3,
                        _stages(56, 256, 512, 1280, 1664)),
    "densenet201": Card(20_013_928, 4_291_365_888, LARGE, f"{VAL} 22.58/6.34 %", TABLE3,
                        _stages(56, 256, 512, 1792, 1920)),
    "densenet161": Card(28_681_000, 7_727_907_072, LARGE, f"{VAL} 22.2 %", README,
                        _stages(56, 384, 768, 2112, 2208)),
    "densenet_bc_100_12": Card(769_162, 287_929_692, SMALL, f"{TEST} 4.51 %", TABLE2,
                               _stages(32, 216, 300, 342)),
    "densenet_40_12": Card(1_019_722, 264_812_928, SMALL, f"{TEST} 5.24 %", TABLE2,
                           _stages(32, 160, 304, 448)),
}  # fmt: skip
