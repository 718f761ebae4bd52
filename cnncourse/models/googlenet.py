"""GoogLeNet: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, arXiv:1409.4842; `TABLE_1` below
is the inception part of its Table 1.

`googlenet_2014` is the paper's network: 6,998,552 parameters, and 13,378,280 with the two auxiliary heads
that only training uses (section 5). `googlenet` is torchvision's, whose layers' names both have: batch
normalisation instead of biases and of response normalisation, dropout 0.2 instead of 0.4, a fourth pool of
2×2 instead of 3×3, and 3×3 kernels in the branch that the paper calls 5×5 (a known slip, its issue 906).

In training the result is `Outputs(logits, aux1, aux2)`, aux1 from the lower head; the paper adds 0.3 of each
head's loss. In evaluation it is the logits alone; `aux=False` builds no heads.

Our deviations: pools round sizes up, as the table's sizes need. The heads pool adaptively to 4×4, as
torchvision's do, for images of any size: at 224 (maps of 14×14) the paper's shape and not its numbers,
means of pixels 0–3, 3–6, 7–10 and 10–13 where its 5×5 with stride 3 takes 0–4, 3–7, 6–10 and 9–13. The paper
gives neither initialisation nor the constants of its response normalisation: ours are He et al. (2015) and
AlexNet's (PyTorch wants 5α where α multiplies a sum). `width` multiplies all channels: narrow twins for
exercises, not in the paper.
"""

from typing import NamedTuple

from torch import Tensor, nn

from ._card import Card, check_images, find, narrow
from ._inception import AuxiliaryHead, Convolution, Inception

TABLE_1 = {
    #              1×1  reduce 3×3  reduce 5×5  pool
    "inception3a": (64,  96,  128,  16,  32,  32),
    "inception3b": (128, 128, 192,  32,  96,  64),
    "inception4a": (192, 96,  208,  16,  48,  64),
    "inception4b": (160, 112, 224,  24,  64,  64),
    "inception4c": (128, 128, 256,  24,  64,  64),
    "inception4d": (112, 144, 288,  32,  64,  64),
    "inception4e": (256, 160, 320,  32,  128, 128),
    "inception5a": (256, 160, 320,  32,  128, 128),
    "inception5b": (384, 192, 384,  48,  128, 128),
}  # fmt: skip


class Form(NamedTuple):
    """What sets the two forms apart."""

    five: int  # the kernel of the branch that the paper calls 5×5
    batch_norm: bool
    pool4: int  # the window of the fourth pool
    dropout: float
    smallest: int  # the smallest side of an image


CONFIGS = {
    "googlenet_2014": Form(five=5, batch_norm=False, pool4=3, dropout=0.4, smallest=31),
    "googlenet": Form(five=3, batch_norm=True, pool4=2, dropout=0.2, smallest=15),
}

SIZES = {"conv1": (64, 112, 112), "maxpool1": (64, 56, 56), "conv3": (192, 56, 56), "maxpool2": (192, 28, 28),
         "inception3a": (256, 28, 28), "inception3b": (480, 28, 28), "inception4a": (512, 14, 14),
         "inception4d": (528, 14, 14), "inception4e": (832, 14, 14), "inception5a": (832, 7, 7),
         "inception5b": (1024, 7, 7), "fc": (1000,)}  # fmt: skip
CARDS = {
    "googlenet_2014": Card(13_378_280, 1_582_671_872, (3, 224, 224),
        "ImageNet 2014 val top-5 10.07 %, one crop; 6.67 % for seven networks and 144 crops (Table 3)",
        "Szegedy et al., CVPR 2015", SIZES),
    "googlenet": Card(13_004_888, 1_498_376_192, (3, 224, 224),
        "ImageNet 2012 val top-1/top-5 30.22/10.47 %, one crop (torchvision's weights)",
        "torchvision, after Szegedy et al., CVPR 2015", SIZES),
}  # fmt: skip


class Outputs(NamedTuple):
    """What a network in training returns: three sets of logits (N, classes)."""

    logits: Tensor
    aux1: Tensor
    aux2: Tensor


class GoogLeNet(nn.Module):
    """Stem, nine inception modules, one dense layer; logits (N, classes), 224×224 as trained."""

    def __init__(self, form, classes=1000, in_channels=3, width=1, aux=True):
        super().__init__()
        self.in_channels, self.smallest = in_channels, form.smallest
        bn = form.batch_norm
        stem, maps = narrow(64, width), narrow(192, width)
        self.conv1 = Convolution(in_channels, stem, 7, bn, stride=2)
        self.conv2 = Convolution(stem, stem, 1, bn)
        self.conv3 = Convolution(stem, maps, 3, bn)
        self.norm = nn.Identity() if bn else nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)
        for number, window in enumerate((3, 3, 3, form.pool4), start=1):
            self.add_module(f"maxpool{number}", nn.MaxPool2d(window, 2, ceil_mode=True))
        for name, row in TABLE_1.items():
            self.add_module(name, Inception(maps, [narrow(c, width) for c in row], form.five, bn))
            maps = self.get_submodule(name).maps
        self.aux1 = AuxiliaryHead(self.inception4a.maps, classes, width, bn) if aux else None
        self.aux2 = AuxiliaryHead(self.inception4d.maps, classes, width, bn) if aux else None
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(form.dropout)
        self.fc = nn.Linear(maps, classes)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, at_least=self.smallest)
        heads = self.training and self.aux1 is not None
        x = self.norm(self.maxpool1(self.conv1(x)))  # (N, 64, 56, 56)
        x = self.maxpool2(self.norm(self.conv3(self.conv2(x))))  # (N, 192, 28, 28)
        x = self.inception3b(self.inception3a(x))  # (N, 480, 28, 28)
        x = self.inception4a(self.maxpool3(x))  # (N, 512, 14, 14)
        aux1 = self.aux1(x) if heads else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))  # (N, 528, 14, 14)
        aux2 = self.aux2(x) if heads else None
        x = self.maxpool4(self.inception4e(x))  # (N, 832, 7, 7)
        x = self.inception5b(self.inception5a(x))  # (N, 1024, 7, 7)
        logits = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return Outputs(logits, aux1, aux2) if heads else logits


def initialise(layer):
    """Draw a layer's weights as He et al. (2015) do for ReLUs; biases are 0."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def build(name, **options):
    """Build a GoogLeNet untrained; options: classes=1000, in_channels=3, width=1, aux=True."""
    return GoogLeNet(find(name, CONFIGS), **options)
