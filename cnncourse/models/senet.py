"""SENet: Hu, Shen, Albanie, Sun & Wu, "Squeeze-and-Excitation Networks", CVPR 2018, arXiv:1709.01507.

    squeeze       z = mean of every channel over H×W             (equation 2)
    excitation    s = sigmoid(W2 relu(W1 z)), reduction r = 16   (equation 3)
    scale         x·s, channel by channel                        (equation 4)

    Table 2, ImageNet val, one crop      top-1    top-5    10⁹ multiply-adds
    ResNet-50 as re-implemented there    24.80     7.48    3.86
    SE-ResNet-50                         23.29     6.62    3.87

In a residual block the scaling comes before the addition (Figure 3). SENet-154 is SE-ResNeXt-152 (64×4d) with
the 7×7 of the stem as three 3×3, a 3×3 as the projection that halves the size, half the channels in the first
1×1 of a block, and dropout 0.2 before the classifier.

Parameters have the names of timm's `legacy_seresnet50` and `legacy_senet154`; W1 and W2 are 1×1 convolutions
of one pixel. As in the authors' Caffe, the pooling has no padding and rounds up. `width` multiplies channels:
narrow twins are ours, and the 64 groups of senet154 allow a half.
"""

from collections import OrderedDict

import torch
from torch import nn

from ._card import Card, check_images, find, narrow
from ._residual import BottleneckV1, conv, initialise, stage


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what all channels hold: (N, channels, H, W) to the same shape.

    squeezed: channels between the two layers, channels / 16 in the paper. Both layers are 1×1 convolutions
    with biases, of the one pixel that the squeeze leaves; `activation` is the layer between them.
    """

    def __init__(self, channels, squeezed, activation=nn.ReLU):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.activation = activation(inplace=True)

    def forward(self, x):
        z = x.mean((2, 3), keepdim=True)  # (N, C, 1, 1)
        s = torch.sigmoid(self.fc2(self.activation(self.fc1(z))))  # (N, C, 1, 1), each in (0, 1)
        return x * s


def attach(block, reduction=16):
    """Put a squeeze-and-excitation into a residual block, before its addition, and return the block.

    Works on any block whose branch ends in `bn3` or `bn2`: ours, torchvision's, with or without weights.
    """
    name = "bn3" if hasattr(block, "bn3") else "bn2"
    norm = getattr(block, name)
    squeeze = SqueezeExcitation(norm.num_features, norm.num_features // reduction)
    setattr(block, name, nn.Sequential(norm, squeeze))
    return block


class SEBottleneck(BottleneckV1):
    """Figure 3: the bottleneck of the first ResNet paper, whose branch ends in squeeze-and-excitation."""

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__(inputs, channels, stride, shortcut)
        self.se_module = SqueezeExcitation(4 * channels, 4 * channels // 16)

    def residual(self, x):
        return self.se_module(super().residual(x))


class SEBottleneck154(SEBottleneck):
    """SENet-154's: 64 groups, the stride in the 3×3, and a 3×3 where the shortcut shrinks."""

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__(inputs, channels, stride, shortcut)
        self.conv1, self.bn1 = conv(inputs, 2 * channels, 1), nn.BatchNorm2d(2 * channels)
        self.conv2 = conv(2 * channels, 4 * channels, 3, stride, groups=64)
        self.bn2 = nn.BatchNorm2d(4 * channels)
        self.conv3 = conv(4 * channels, 4 * channels, 1)
        if stride > 1:
            self.downsample[0] = conv(inputs, 4 * channels, 3, stride)


CONFIGS = {  #      block            blocks          stem           dropout
    "se_resnet50": (SEBottleneck,    (3, 4, 6, 3),   (64,),         0.0),
    "senet154":    (SEBottleneck154, (3, 8, 36, 3),  (64, 64, 128), 0.2),
}  # fmt: skip


def stem(inputs, channels):
    """layer0: one 7×7 with stride 2, or a 3×3 with stride 2 and more 3×3; each with BN and ReLU."""
    layers, kernel_size = OrderedDict(), 7 if len(channels) == 1 else 3
    for i, outputs in enumerate(channels, start=1):
        layers[f"conv{i}"] = conv(inputs, outputs, kernel_size, stride=2 if i == 1 else 1)
        layers[f"bn{i}"], layers[f"relu{i}"] = nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
        inputs = outputs
    return nn.Sequential(layers)


class SENet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W)."""

    def __init__(self, block, blocks, stem_channels, dropout, classes=1000, in_channels=3, width=1):
        super().__init__()
        self.in_channels, maps = in_channels, narrow(64, width)
        stem_channels = [narrow(channels, width) for channels in stem_channels]
        self.layer0 = stem(in_channels, stem_channels)
        self.pool0 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.layer1 = stage(block, stem_channels[-1], maps, blocks[0], 1, "B")
        self.layer2 = stage(block, 4 * maps, 2 * maps, blocks[1], 2, "B")
        self.layer3 = stage(block, 8 * maps, 4 * maps, blocks[2], 2, "B")
        self.layer4 = stage(block, 16 * maps, 8 * maps, blocks[3], 2, "B")
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(32 * maps, classes)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, at_least=3)  # (N, 3, 224, 224)
        x = self.pool0(self.layer0(x))  # (N, 64, 56, 56), 128 channels in senet154
        x = self.layer2(self.layer1(x))  # (N, 512, 28, 28)
        x = self.layer4(self.layer3(x))  # (N, 2048, 7, 7)
        return self.last_linear(self.dropout(x.mean((2, 3))))  # (N, 1000)


def build(name, **options):
    """Build `se_resnet50` or `senet154` untrained; options: classes=1000, in_channels=3, width=1."""
    return SENet(*find(name, CONFIGS), **options)


IMAGE, VAL = (3, 224, 224), "ILSVRC-12 val, one crop:"
SOURCE = "Hu et al. 2018, arXiv:1709.01507, Table 2"
SOURCE_154 = "Hu et al. 2018, arXiv:1709.01507; the error is github.com/hujie-frank/SENet's"
STAGES = {f"layer{i + 1}": (256 << i, 56 >> i, 56 >> i) for i in range(4)}
CARDS = {
    "se_resnet50": Card(28_088_024, 3_860_488_192, IMAGE, f"{VAL} 23.29/6.62 %", SOURCE,
                        {"layer0": (64, 112, 112), "pool0": (64, 56, 56), **STAGES}),
    "senet154": Card(115_088_984, 20_688_363_520, IMAGE, f"{VAL} 18.68/4.47 %", SOURCE_154,
                     {"layer0": (128, 112, 112), "pool0": (128, 56, 56), **STAGES}),
}  # fmt: skip
