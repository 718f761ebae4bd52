"""ResNet v2: He, Zhang, Ren & Sun, "Identity Mappings in Deep Residual Networks", ECCV 2016,
arXiv:1603.05027.

    Figure 4      original (v1)             full pre-activation (v2)
                  weight, BN, ReLU,         BN, ReLU, weight,
                  weight, BN,               BN, ReLU, weight,
                  addition, ReLU            addition

After the addition nothing follows, so a signal crosses any number of units unchanged (equation 4).
A unit that changes the shape shares its first BN and ReLU with a 1×1 projection (the authors' code).

    Table 3, CIFAR-10 test error, %     ResNet-110    ResNet-164    ResNet-1001
    original units                         6.61          5.93           7.61
    pre-activation units                   6.37          5.46           4.92

`resnet164_cifar_preact` is the authors' code: three stages of 18 bottlenecks, the stride in their first 1×1.
`resnet50_preact` is not in the paper, which goes deeper on ImageNet: it is timm's `resnetv2_50`, with the
stride in the 3×3. Parameters have timm's names. `width` multiplies all channels: narrow twins are ours.
"""

from torch import nn
from torch.nn import functional as F

from ._card import Card, check_images, find, narrow
from ._residual import conv, initialise, named

CONFIGS = {  #               stem         units a stage  stride in  classes
    "resnet50_preact":        (("7×7", 64), (3, 4, 6, 3),  "3×3",     1000),
    "resnet164_cifar_preact": (("3×3", 16), (18, 18, 18),  "1×1",     10),
}  # fmt: skip


class PreActivation(nn.Module):
    """y = x + F(relu(BN(x))), F with BN and ReLU before each of its convolutions too."""

    def __init__(self, inputs, channels, stride, stride_in):
        super().__init__()
        first, middle = (stride, 1) if stride_in == "1×1" else (1, stride)
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, channels, 1, first)
        self.norm2, self.conv2 = nn.BatchNorm2d(channels), conv(channels, channels, 3, middle)
        self.norm3, self.conv3 = nn.BatchNorm2d(channels), conv(channels, 4 * channels, 1)
        self.downsample = None
        if inputs != 4 * channels or stride != 1:
            self.downsample = named(conv=conv(inputs, 4 * channels, 1, stride))

    def forward(self, x):  # (N, inputs, H, W)
        active = F.relu(self.norm1(x), inplace=True)
        out = self.conv1(active)
        out = self.conv2(F.relu(self.norm2(out), inplace=True))
        out = self.conv3(F.relu(self.norm3(out), inplace=True))  # (N, 4·channels, H/stride, W/stride)
        out += x if self.downsample is None else self.downsample(active)
        return out


def stage(inputs, channels, units, stride, stride_in):
    """The first unit changes the shape, the others keep it."""
    rest = [PreActivation(4 * channels, channels, 1, stride_in) for _ in range(units - 1)]
    blocks = nn.Sequential(PreActivation(inputs, channels, stride, stride_in), *rest)
    return named(blocks=blocks)


class PreActResNet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W)."""

    def __init__(self, stem, units, stride_in, classes, in_channels=3, width=1):
        super().__init__()
        self.in_channels = in_channels
        kernel, maps = stem[0], narrow(stem[1], width)
        self.stem = named(conv=conv(in_channels, maps, 3))
        if kernel == "7×7":
            self.stem = named(conv=conv(in_channels, maps, 7, 2), pool=nn.MaxPool2d(3, stride=2, padding=1))
        self.stages, inputs = nn.Sequential(), maps
        for i, count in enumerate(units):
            self.stages.append(stage(inputs, maps << i, count, 1 if i == 0 else 2, stride_in))
            inputs = 4 * maps << i
        self.norm = nn.BatchNorm2d(inputs)  # for the last addition, which no unit follows
        self.head = named(fc=nn.Conv2d(inputs, classes, 1))
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels)  # (N, 3, 224, 224) or (N, 3, 32, 32)
        x = self.stages(self.stem(x))  # (N, 2048, 7, 7) or (N, 256, 8, 8)
        x = F.relu(self.norm(x), inplace=True)
        return self.head(F.adaptive_avg_pool2d(x, 1)).flatten(1)  # (N, classes); fc is a 1×1 convolution


def build(name, *, classes=None, **options):
    """Build a pre-activation network untrained; options: classes (1000 or 10), in_channels=3, width=1."""
    *config, default = find(name, CONFIGS)
    return PreActResNet(*config, classes or default, **options)


SOURCE = "He et al. 2016, arXiv:1603.05027, Table 3"
TIMM = "timm's resnetv2_50, after He et al. 2016, arXiv:1603.05027"
CARDS = {
    "resnet50_preact": Card(25_549_352, 4_089_184_256, (3, 224, 224), "not published", TIMM, {
        "stem": (64, 56, 56), "stages.0": (256, 56, 56), "stages.1": (512, 28, 28),
        "stages.2": (1024, 14, 14), "stages.3": (2048, 7, 7), "norm": (2048, 7, 7),
    }),
    "resnet164_cifar_preact": Card(1_703_258, 244_500_992, (3, 32, 32), "CIFAR-10 test 5.46 %", SOURCE, {
        "stem": (16, 32, 32), "stages.0": (64, 32, 32), "stages.1": (128, 16, 16), "stages.2": (256, 8, 8),
    }),
}  # fmt: skip
