"""ResNet for CIFAR-10: He, Zhang, Ren & Sun 2016, arXiv:1512.03385, section 4.2.

    output map size    32×32    16×16    8×8
    # layers           1+2n     2n       2n       6n+2 with the last, a 10-way fc
    # filters          16       32       64

    n                   3       5       7       9       18
    depth              20      32      44      56      110
    test error, %     8.75    7.51    7.17    6.97    6.43    (Table 6; 110: best of five, 6.61 ± 0.16)

The shortcut is A everywhere, so that a plain net and its residual twin have exactly the same parameters. An
option-B network, which many write under these names, is not this model: with B, ResNet-20 has 272,474
parameters, not 269,722. `width` multiplies all channels: narrow twins for exercises, not in the paper.
"""

import torch
from torch import nn

from ._card import Card, check_images, find, narrow
from ._residual import BasicBlock, conv, initialise, stage

CONFIGS = {  #         n  shortcut
    "plain20_cifar":   (3, "plain"),
    "plain56_cifar":   (9, "plain"),
    "resnet20_cifar":  (3, "A"),
    "resnet32_cifar":  (5, "A"),
    "resnet44_cifar":  (7, "A"),
    "resnet56_cifar":  (9, "A"),
    "resnet110_cifar": (18, "A"),
}  # fmt: skip


class CifarResNet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W); shortcut is "A", "B", "C" or "plain"."""

    def __init__(self, n, shortcut="A", classes=10, in_channels=3, width=1):
        super().__init__()
        self.in_channels = in_channels
        maps = narrow(16, width)
        self.conv1, self.bn1 = conv(in_channels, maps, 3), nn.BatchNorm2d(maps)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = stage(BasicBlock, maps, maps, n, 1, shortcut)
        self.layer2 = stage(BasicBlock, maps, 2 * maps, n, 2, shortcut)
        self.layer3 = stage(BasicBlock, 2 * maps, 4 * maps, n, 2, shortcut)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * maps, classes)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels)  # (N, 3, 32, 32)
        x = self.relu(self.bn1(self.conv1(x)))  # (N, 16, 32, 32)
        x = self.layer1(x)  # (N, 16, 32, 32)
        x = self.layer2(x)  # (N, 32, 16, 16)
        x = self.layer3(x)  # (N, 64, 8, 8)
        return self.fc(torch.flatten(self.avgpool(x), 1))  # (N, 10)


def from_public(checkpoint):
    """Rename the entries of a public CIFAR-10 checkpoint (akamaster/pytorch_resnet_cifar10) to ours.

    It was saved from a DataParallel, hence `module.` before every name, and its last layer is `linear`.
    Its images were normalised by ImageNet's mean (.485, .456, .406) and deviation (.229, .224, .225).
    """
    return {
        name.removeprefix("module.").replace("linear.", "fc."): value
        for name, value in checkpoint["state_dict"].items()
    }


def build(name, *, shortcut=None, **options):
    """Build a network untrained; options: shortcut="A", "B" or "C", classes=10, in_channels=3, width=1."""
    n, default = find(name, CONFIGS)
    if shortcut and default == "plain":
        raise ValueError(f"{name} has no shortcut to choose; build its residual twin with {shortcut!r}.")
    return CifarResNet(n, shortcut or default, **options)


SOURCE = "He et al. 2016, arXiv:1512.03385, Table 6"
FIGURE = "drawn without a number", "He et al. 2016, arXiv:1512.03385, Figure 6"
IMAGE = (3, 32, 32)
STAGES = {"layer1": (16, 32, 32), "layer2": (32, 16, 16), "layer3": (64, 8, 8), "fc": (10,)}
CARDS = {
    "plain20_cifar":   Card(269_722,    40_551_040, IMAGE, *FIGURE, STAGES),
    "plain56_cifar":   Card(853_018,   125_485_696, IMAGE, *FIGURE, STAGES),
    "resnet20_cifar":  Card(269_722,    40_551_040, IMAGE, "CIFAR-10 test 8.75 %", SOURCE, STAGES),
    "resnet32_cifar":  Card(464_154,    68_862_592, IMAGE, "CIFAR-10 test 7.51 %", SOURCE, STAGES),
    "resnet44_cifar":  Card(658_586,    97_174_144, IMAGE, "CIFAR-10 test 7.17 %", SOURCE, STAGES),
    "resnet56_cifar":  Card(853_018,   125_485_696, IMAGE, "CIFAR-10 test 6.97 %", SOURCE, STAGES),
    "resnet110_cifar": Card(1_727_962, 252_887_680, IMAGE, "CIFAR-10 test 6.43 %, best of 5", SOURCE, STAGES),
}  # fmt: skip
