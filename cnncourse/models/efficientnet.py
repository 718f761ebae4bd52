"""EfficientNet: Tan & Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
ICML 2019, arXiv:1905.11946.

    Table 1, B0    operator          input      channels  layers
    stage 1        conv 3×3, /2      224×224    32        1
          2        MBConv1, 3×3      112×112    16        1
          3        MBConv6, 3×3, /2  112×112    24        2
          4        MBConv6, 5×5, /2   56×56     40        2
          5        MBConv6, 3×3, /2   28×28     80        3
          6        MBConv6, 5×5       14×14     112       3
          7        MBConv6, 5×5, /2   14×14     192       4
          8        MBConv6, 3×3        7×7      320       1
          9        conv 1×1, pool, fc  7×7      1280      1

Compound scaling (equation 3): depth α^φ, width β^φ, resolution γ^φ with α·β²·γ² ≈ 2, so the cost grows as
2^φ; a grid search at φ = 1 gave α = 1.2, β = 1.1, γ = 1.15. `compound` is that rule. RELEASED is the authors'
table of B0 to B7, rounded by hand, which does not follow it: B1 is near φ = .5, and B7 has width 2.0 and
depth 3.1, not 1.95 and 3.58. Channels round to multiples of 8, layers round up.

Parameters have torchvision's names, and its batch norm: PyTorch's defaults up to B4, where published weights
expect them, the paper's momentum of .99 and the authors' ε of .001 from B5 on. Blocks are in _mbconv.py.
`width` multiplies all channels once more: narrow twins for exercises, not in the paper.
"""

import math

import torch
from torch import nn

from ._card import Card, check_images, find
from ._mbconv import MBConv, conv_norm_silu
from ._residual import initialise

B0 = (  # expansion, kernel, stride, channels, layers: stages 2 to 8
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
PAPER_NORM = {"eps": 0.001, "momentum": 1 - 0.99}  # PyTorch's momentum is the share of the new batch
RELEASED = {  #         width  depth  pixels  dropout  batch norm
    "efficientnet_b0": (1.0,   1.0,   224,    0.2,     {}),
    "efficientnet_b1": (1.0,   1.1,   240,    0.2,     {}),
    "efficientnet_b2": (1.1,   1.2,   260,    0.3,     {}),
    "efficientnet_b3": (1.2,   1.4,   300,    0.3,     {}),
    "efficientnet_b4": (1.4,   1.8,   380,    0.4,     {}),
    "efficientnet_b5": (1.6,   2.2,   456,    0.4,     PAPER_NORM),
    "efficientnet_b6": (1.8,   2.6,   528,    0.5,     PAPER_NORM),
    "efficientnet_b7": (2.0,   3.1,   600,    0.5,     PAPER_NORM),
}  # fmt: skip


def compound(phi, alpha=1.2, beta=1.1, gamma=1.15):
    """Return (width, depth, pixels) of the paper's rule for 2^phi times the cost of B0, not rounded."""
    return beta**phi, alpha**phi, 224 * gamma**phi


def round_channels(channels):
    """Return the nearest multiple of 8, at least 8, the next one if more than a tenth is lost."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def scaled(width, depth):
    """Return the rows of B0 with wider channels and more layers."""
    return [(*shape, round_channels(maps * width), math.ceil(n * depth)) for *shape, maps, n in B0]


class EfficientNet(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W)."""

    def __init__(self, rows, stem, head, dropout, norm, classes=1000, in_channels=3):
        super().__init__()
        self.in_channels, maps = in_channels, stem
        blocks_in_all = sum(layers for *_, layers in rows)
        drops = (0.2 * i / blocks_in_all for i in range(blocks_in_all))  # deeper: dropped more often
        self.features = nn.Sequential(conv_norm_silu(in_channels, maps, 3, norm, stride=2))
        for expansion, kernel_size, stride, outputs, layers in rows:
            blocks = [MBConv(maps, outputs, expansion, kernel_size, stride, norm, next(drops))]
            for _ in range(layers - 1):
                blocks.append(MBConv(outputs, outputs, expansion, kernel_size, 1, norm, next(drops)))
            self.features.append(nn.Sequential(*blocks))
            maps = outputs
        self.features.append(conv_norm_silu(maps, head, 1, norm))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(head, classes))
        self.apply(initialise)
        nn.init.uniform_(self.classifier[1].weight, -(classes**-0.5), classes**-0.5)  # as the authors

    def forward(self, x):
        check_images(x, self.in_channels)  # (N, 3, 224, 224)
        x = self.features(x)  # (N, 1280, 7, 7)
        return self.classifier(torch.flatten(self.avgpool(x), 1))  # (N, 1000)


def build(name, *, width=1, **options):
    """Build an EfficientNet untrained; options: classes=1000, in_channels=3, width=1."""
    released, depth, _, *regularisation = find(name, RELEASED)
    width = width * released
    stem, head = round_channels(32 * width), round_channels(1280 * width)
    return EfficientNet(scaled(width, depth), stem, head, *regularisation, **options)


def _card(params, macs, pixels, error, *channels):
    """A card with the output of features.0 … features.8; odd sizes round up when they are halved."""
    sides = [math.ceil(pixels / 2**halvings) for halvings in (1, 1, 2, 3, 4, 4, 5, 5, 5)]
    stages = {f"features.{i}": (channels[i], side, side) for i, side in enumerate(sides)}
    error, source = f"ILSVRC-12 val: {error} %", "Tan & Le 2019, arXiv:1905.11946v5, Table 2"
    return Card(params, macs, (3, pixels, pixels), error, source, stages)


_CARDS = {  # parameters, multiply-adds, pixels, top-1/top-5, channels of stages 1 to 9
    "b0": (5_288_548,     385_814_752, 224, "22.9/6.7", 32, 16, 24, 40,  80, 112, 192, 320, 1280),
    "b1": (7_794_184,     686_802_832, 240, "20.9/5.6", 32, 16, 24, 40,  80, 112, 192, 320, 1280),
    "b2": (9_109_994,     993_561_872, 260, "19.9/5.1", 32, 16, 24, 48,  88, 120, 208, 352, 1408),
    "b3": (12_233_232,  1_827_141_392, 300, "18.4/4.3", 40, 24, 32, 48,  96, 136, 232, 384, 1536),
    "b4": (19_341_616,  4_393_771_024, 380, "17.1/3.6", 48, 24, 32, 56, 112, 160, 272, 448, 1792),
    "b5": (30_389_784, 10_266_384_752, 456, "16.4/3.3", 48, 24, 40, 64, 128, 176, 304, 512, 2048),
    "b6": (43_040_704, 19_067_593_536, 528, "16.0/3.2", 56, 32, 40, 72, 144, 200, 344, 576, 2304),
    "b7": (66_347_960, 37_745_884_192, 600, "15.7/3.0", 64, 32, 48, 80, 160, 224, 384, 640, 2560),
}  # fmt: skip
CARDS = {f"efficientnet_{letter}": _card(*numbers) for letter, numbers in _CARDS.items()}
