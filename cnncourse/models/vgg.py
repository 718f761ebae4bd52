"""VGG: Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR
2015, arXiv:1409.1556; `TABLE_1` below is its Table 1.

Every convolution keeps the size, every pool halves it; ReLU after each weight layer but the last; the head is
4096, 4096 (dropout 0.5 after each) and 1000 units in all configurations.

`vgg_a` … `vgg_e` are the paper's columns (torchvision's vgg11, 13, 16 and 19 are A, B, D and E); `_bn` adds
batch normalisation before each ReLU of the convolutions, as torchvision does and the paper does not.

Our deviations: an average pool to 7×7 before the head, the identity at 224, lets any image of 32 pixels or
more in, as in torchvision. Response normalisation has AlexNet's constants (section 3.1), and PyTorch wants 5α
where the papers' α multiplies a sum. The weights start as in Glorot & Bengio (2010), biases at 0: the authors
trained the deep ones from A, and note that after submission they found this to do as well (section 3.1).
`width` multiplies all channels: narrow twins for exercises, not in the paper.
"""

from torch import nn

from ._card import Card, check_images, find, narrow

# 3-64 is a 3×3 convolution with 64 maps; a dot is nothing.
TABLE_1 = """
    vgg_a    vgg_a_lrn   vgg_b    vgg_c    vgg_d    vgg_e

    3-64     3-64        3-64     3-64     3-64     3-64
    .        LRN         3-64     3-64     3-64     3-64
    maxpool  maxpool     maxpool  maxpool  maxpool  maxpool
    3-128    3-128       3-128    3-128    3-128    3-128
    .        .           3-128    3-128    3-128    3-128
    maxpool  maxpool     maxpool  maxpool  maxpool  maxpool
    3-256    3-256       3-256    3-256    3-256    3-256
    3-256    3-256       3-256    3-256    3-256    3-256
    .        .           .        1-256    3-256    3-256
    .        .           .        .        .        3-256
    maxpool  maxpool     maxpool  maxpool  maxpool  maxpool
    3-512    3-512       3-512    3-512    3-512    3-512
    3-512    3-512       3-512    3-512    3-512    3-512
    .        .           .        1-512    3-512    3-512
    .        .           .        .        .        3-512
    maxpool  maxpool     maxpool  maxpool  maxpool  maxpool
    3-512    3-512       3-512    3-512    3-512    3-512
    3-512    3-512       3-512    3-512    3-512    3-512
    .        .           .        1-512    3-512    3-512
    .        .           .        .        .        3-512
    maxpool  maxpool     maxpool  maxpool  maxpool  maxpool
"""
_ROWS = [line.split() for line in TABLE_1.splitlines() if line.strip()]
CONFIGS = {name: [row for row in column if row != "."] for name, *column in zip(*_ROWS, strict=True)}
CONFIGS |= {f"{name}_bn": CONFIGS[name] for name in ("vgg_a", "vgg_b", "vgg_c", "vgg_d", "vgg_e")}


SCALE = "one scale, 256 (Table 3)"
JITTER = "trained with scale jitter (Table 3)"
BN = "one crop (torchvision's weights)"


def _card(params, macs, error, *pools):
    """Return a card; `pools` are the places in `features` of the five pools."""
    shapes = (64, 112, 112), (128, 56, 56), (256, 28, 28), (512, 14, 14), (512, 7, 7)
    stages = {f"features.{i}": shape for i, shape in zip(pools, shapes, strict=True)}
    source = "Simonyan & Zisserman, ICLR 2015"
    return Card(params, macs, (3, 224, 224), error, source, stages | {"classifier": (1000,)})


# params, multiply-adds, error (ImageNet 2012 val, top-1/top-5 %), the five pools
CARDS = {
    "vgg_a": _card(132_863_336, 7_609_090_048, f"29.6/10.4 {SCALE}", 2, 5, 10, 15, 20),
    "vgg_a_lrn": _card(132_863_336, 7_609_090_048, f"29.7/10.5 {SCALE}", 3, 6, 11, 16, 21),
    "vgg_b": _card(133_047_848, 11_308_466_176, f"28.7/9.9 {SCALE}", 4, 9, 14, 19, 24),
    "vgg_c": _card(133_638_952, 11_770_888_192, f"28.1/9.4 {SCALE}; 27.3/8.8 {JITTER}", 4, 9, 16, 23, 30),
    "vgg_d": _card(138_357_544, 15_470_264_320, f"27.0/8.8 {SCALE}; 25.6/8.1 {JITTER}", 4, 9, 16, 23, 30),
    "vgg_e": _card(143_667_240, 19_632_062_464, f"27.3/9.0 {SCALE}; 25.5/8.0 {JITTER}", 4, 9, 18, 27, 36),
    "vgg_a_bn": _card(132_868_840, 7_609_090_048, f"29.63/10.19 {BN}", 3, 7, 14, 21, 28),
    "vgg_b_bn": _card(133_053_736, 11_308_466_176, f"28.41/9.63 {BN}", 6, 13, 20, 27, 34),
    "vgg_c_bn": _card(133_647_400, 11_770_888_192, "not published for this form", 6, 13, 23, 33, 43),
    "vgg_d_bn": _card(138_365_992, 15_470_264_320, f"26.64/8.48 {BN}", 6, 13, 23, 33, 43),
    "vgg_e_bn": _card(143_678_248, 19_632_062_464, f"25.78/8.16 {BN}", 6, 13, 26, 39, 52),
}


def convolutions(column, in_channels, width, batch_norm):
    """Yield the layers of one column of Table 1."""
    for entry in column:
        if entry == "maxpool":
            yield nn.MaxPool2d(2, 2)
        elif entry == "LRN":
            yield nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)
        else:
            kernel, maps = map(int, entry.split("-"))
            maps = narrow(maps, width)
            yield nn.Conv2d(in_channels, maps, kernel, padding=kernel // 2)
            if batch_norm:
                yield nn.BatchNorm2d(maps)
            yield nn.ReLU(inplace=True)
            in_channels = maps


class VGG(nn.Module):
    """One column of Table 1; logits (N, classes) for images of at least 32 pixels a side, 224 as trained."""

    def __init__(self, column, classes=1000, in_channels=3, width=1, batch_norm=False):
        super().__init__()
        self.in_channels = in_channels
        maps, hidden = narrow(512, width), narrow(4096, width)
        self.features = nn.Sequential(*convolutions(column, in_channels, width, batch_norm))
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(maps * 7 * 7, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(hidden, classes),
        )  # fmt: skip
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, at_least=32)
        x = self.features(x)  # (N, 512, H/32, W/32)
        x = self.avgpool(x)  # (N, 512, 7, 7)
        return self.classifier(x.flatten(1))


def initialise(layer):
    """Draw a layer's weights as Glorot & Bengio (2010) do; biases are 0."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


def build(name, **options):
    """Build a VGG untrained; options: classes=1000, in_channels=3, width=1."""
    return VGG(find(name, CONFIGS), batch_norm=name.endswith("_bn"), **options)
