"""ResNet: He, Zhang, Ren & Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, arXiv:1512.03385.

    Table 1     output     18-layer      34-layer      50-layer           101-layer   152-layer
    conv1       112×112                  7×7, 64, stride 2
    conv2_x      56×56                   3×3 max pool, stride 2
                           [3×3,  64     [3×3,  64     [1×1,  64
                            3×3,  64]×2   3×3,  64]×3   3×3,  64
                                                        1×1, 256]×3       ×3          ×3
    conv3_x      28×28     [128, 128]×2  [128, 128]×4  [128, 128,  512]×4 ×4          ×8
    conv4_x      14×14     [256, 256]×2  [256, 256]×6  [256, 256, 1024]×6 ×23         ×36
    conv5_x       7×7      [512, 512]×2  [512, 512]×3  [512, 512, 2048]×3 ×3          ×3
                  1×1                    average pool, 1000-d fc, softmax
    multiply-adds          1.8·10⁹       3.6·10⁹       3.8·10⁹            7.6·10⁹     11.3·10⁹

conv3_x, conv4_x and conv5_x halve H and W in their first block. The paper's bottleneck does so in its first
1×1: `resnet50_v1`, `resnet101_v1`, `resnet152_v1`. The plain names are torchvision's later form, "v1.5", with
the stride in the 3×3, which skips no pixel: the same parameters, and 6 % more multiply-adds for 50 layers.
The default shortcut is B; Table 2 has A. Parameters have torchvision's names: conv2_x is `layer1`. The output
is logits. `width` multiplies all channels: narrow twins for exercises, not in the paper.
The blocks themselves are in _residual.py.
"""

import torch
from torch import nn

from ._card import Card, check_images, find, narrow
from ._residual import BasicBlock, Bottleneck, BottleneckV1, conv, initialise, stage

CONFIGS = {  #      block         conv2_x … conv5_x  shortcut
    "plain18":      (BasicBlock,   (2, 2, 2, 2),    "plain"),
    "plain34":      (BasicBlock,   (3, 4, 6, 3),    "plain"),
    "resnet18":     (BasicBlock,   (2, 2, 2, 2),    "B"),
    "resnet34":     (BasicBlock,   (3, 4, 6, 3),    "B"),
    "resnet50":     (Bottleneck,   (3, 4, 6, 3),    "B"),
    "resnet101":    (Bottleneck,   (3, 4, 23, 3),   "B"),
    "resnet152":    (Bottleneck,   (3, 8, 36, 3),   "B"),
    "resnet50_v1":  (BottleneckV1, (3, 4, 6, 3),    "B"),
    "resnet101_v1": (BottleneckV1, (3, 4, 23, 3),   "B"),
    "resnet152_v1": (BottleneckV1, (3, 8, 36, 3),   "B"),
}  # fmt: skip


class ResNet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W); shortcut is "A", "B", "C" (§4.1) or "plain"."""

    def __init__(self, block, blocks, shortcut="B", classes=1000, in_channels=3, width=1):
        super().__init__()
        self.in_channels = in_channels
        maps = narrow(64, width)
        out = maps * block.expansion
        self.conv1, self.bn1 = conv(in_channels, maps, 7, stride=2), nn.BatchNorm2d(maps)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = stage(block, maps, maps, blocks[0], 1, shortcut)
        self.layer2 = stage(block, out, 2 * maps, blocks[1], 2, shortcut)
        self.layer3 = stage(block, 2 * out, 4 * maps, blocks[2], 2, shortcut)
        self.layer4 = stage(block, 4 * out, 8 * maps, blocks[3], 2, shortcut)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * out, classes)
        self.apply(initialise)

    def forward(self, x):  # sizes for 18 and 34 layers; the bottlenecks have four times the channels
        check_images(x, self.in_channels)  # (N, 3, 224, 224)
        x = self.relu(self.bn1(self.conv1(x)))  # (N, 64, 112, 112)
        x = self.layer1(self.maxpool(x))  # (N, 64, 56, 56)
        x = self.layer2(x)  # (N, 128, 28, 28)
        x = self.layer3(x)  # (N, 256, 14, 14)
        x = self.layer4(x)  # (N, 512, 7, 7)
        return self.fc(torch.flatten(self.avgpool(x), 1))  # (N, 1000)


def build(name, *, shortcut=None, **options):
    """Build a network untrained; options: shortcut="A", "B" or "C", classes=1000, in_channels=3, width=1."""
    block, blocks, default = find(name, CONFIGS)
    if shortcut and default == "plain":
        raise ValueError(f"{name} has no shortcut to choose; build its residual twin with {shortcut!r}.")
    return ResNet(block, blocks, shortcut or default, **options)


def _stages(expansion):
    """The paper's output sizes at 224 pixels, by our submodules."""
    maps = {f"layer{i + 1}": (64 * expansion << i, 56 >> i, 56 >> i) for i in range(4)}
    return {"conv1": (64, 112, 112), "maxpool": (64, 56, 56), **maps, "fc": (1000,)}


IMAGE, BASIC, WIDE = (3, 224, 224), _stages(1), _stages(4)
TABLE2, TABLE3 = (f"He et al. 2016, arXiv:1512.03385, Table {n}" for n in (2, 3))
WEIGHTS = "torchvision's first weights for this form (IMAGENET1K_V1)"
VAL, CROP = "ILSVRC-12 val, 10 crops:", "ILSVRC-12 val, one crop:"  # top-1/top-5; Table 2 has top-1 alone
CARDS = {
    "plain18":      Card(11_515_688,  1_794_805_760, IMAGE, f"{VAL} 27.94 %", TABLE2, BASIC),
    "plain34":      Card(21_623_848,  3_644_493_824, IMAGE, f"{VAL} 28.54/10.02 %", TABLE3, BASIC),
    "resnet18":     Card(11_689_512,  1_814_073_344, IMAGE, f"{VAL} 27.88 % with A", TABLE2, BASIC),
    "resnet34":     Card(21_797_672,  3_663_761_408, IMAGE, f"{VAL} 24.52/7.46 %", TABLE3, BASIC),
    "resnet50":     Card(25_557_032,  4_089_184_256, IMAGE, f"{CROP} 23.87/7.14 %", WEIGHTS, WIDE),
    "resnet101":    Card(44_549_160,  7_801_405_440, IMAGE, f"{CROP} 22.63/6.45 %", WEIGHTS, WIDE),
    "resnet152":    Card(60_192_808, 11_513_626_624, IMAGE, f"{CROP} 21.69/5.95 %", WEIGHTS, WIDE),
    "resnet50_v1":  Card(25_557_032,  3_857_973_248, IMAGE, f"{VAL} 22.85/6.71 %", TABLE3, WIDE),
    "resnet101_v1": Card(44_549_160,  7_570_194_432, IMAGE, f"{VAL} 21.75/6.05 %", TABLE3, WIDE),
    "resnet152_v1": Card(60_192_808, 11_282_415_616, IMAGE, f"{VAL} 21.43/5.71 %", TABLE3, WIDE),
}  # fmt: skip
