"""AlexNet: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural
Networks", NIPS 2012, section 3.5 and Figure 2.

    layer    maps @ side    kernel    then                sees
    conv1      96 @ 55      11×11/4   LRN, max 3×3/2      the image
    conv2     256 @ 27       5×5      LRN, max 3×3/2      its own GPU's half of the maps
    conv3     384 @ 13       3×3                          both halves
    conv4     384 @ 13       3×3                          its own half
    conv5     256 @ 13       3×3      max 3×3/2 → 6       its own half
    dense    4096, 4096 with dropout 0.5, then 1000

`alexnet_2012` is this network, its two GPUs as convolutions of two groups: 60,965,224 parameters.
`alexnet_one_tower` is how it is usually drawn, without the groups: 62,378,344.
`alexnet` is torchvision's form, after Krizhevsky, "One weird trick for parallelizing convolutional neural
networks", arXiv:1404.5997: one narrower tower, no normalisation, dropout before the dense layers.

Our deviations: the side is 227, for the paper's 224 does not give its 55. Response normalisation (section
3.3) crosses the border of the towers, of which the paper says nothing; its α multiplies a sum over 5 maps,
PyTorch's a mean, hence 5α. Initialisation is section 5's, and PyTorch's default for `alexnet`. `width`
multiplies all channels: narrow twins for exercises, not in any paper.
"""

from torch import nn

from ._card import Card, check_images, find, narrow

# A row for each convolution: maps, kernel, stride, padding, groups, what follows its ReLU.
CONFIGS = {
    "alexnet_2012": (
        (96, 11, 4, 0, 1, "norm pool"),
        (256, 5, 1, 2, 2, "norm pool"),
        (384, 3, 1, 1, 1, ""),
        (384, 3, 1, 1, 2, ""),
        (256, 3, 1, 1, 2, "pool"),
    ),
    "alexnet": (
        (64, 11, 4, 2, 1, "pool"),
        (192, 5, 1, 2, 1, "pool"),
        (384, 3, 1, 1, 1, ""),
        (256, 3, 1, 1, 1, ""),
        (256, 3, 1, 1, 1, "pool"),
    ),
}
CONFIGS["alexnet_one_tower"] = tuple((*row[:4], 1, row[5]) for row in CONFIGS["alexnet_2012"])

NIPS = "Krizhevsky, Sutskever & Hinton, NIPS 2012"
STAGES = {"features.0": (96, 55, 55), "features.3": (96, 27, 27), "features.7": (256, 13, 13),
          "features.8": (384, 13, 13), "features.10": (384, 13, 13), "features.14": (256, 6, 6),
          "classifier": (1000,)}  # fmt: skip
CARDS = {
    "alexnet_2012": Card(60_965_224, 724_406_816, (3, 227, 227),
        "ImageNet 2012 val top-1/top-5 40.7/18.2 %, one network, ten crops (Table 2)", NIPS, STAGES),
    "alexnet_one_tower": Card(62_378_344, 1_135_256_096, (3, 227, 227),
        "not published for this form", f"after {NIPS}", STAGES),
    "alexnet": Card(61_100_840, 714_188_480, (3, 224, 224),
        "ImageNet 2012 val top-1/top-5 43.48/20.93 %, one crop (torchvision's weights)",
        "torchvision, after Krizhevsky, arXiv:1404.5997",
        {"features.0": (64, 55, 55), "features.2": (64, 27, 27), "features.5": (192, 13, 13),
         "features.12": (256, 6, 6), "classifier": (1000,)}),
}  # fmt: skip


def convolutions(rows, in_channels, width):
    """Yield the layers of a configuration; from (N, in_channels, 227, 227) they lead to (N, maps, 6, 6)."""
    for maps, kernel, stride, padding, groups, then in rows:
        maps = narrow(maps, width)
        yield nn.Conv2d(in_channels, maps, kernel, stride, padding, groups=groups)
        yield nn.ReLU(inplace=True)
        if "norm" in then:
            yield nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2)
        if "pool" in then:
            yield nn.MaxPool2d(3, 2)  # windows overlap
        in_channels = maps


class AlexNet(nn.Module):
    """The 2012 form; logits (N, classes) for images (N, in_channels, 227, 227)."""

    def __init__(self, rows, classes=1000, in_channels=3, width=1):
        super().__init__()
        self.in_channels = in_channels
        maps, hidden = narrow(rows[-1][0], width), narrow(4096, width)
        self.features = nn.Sequential(*convolutions(rows, in_channels, width))
        self.classifier = nn.Sequential(
            nn.Linear(maps * 6 * 6, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Dropout(0.5),
            nn.Linear(hidden, classes),
        )  # fmt: skip
        self.initialise()

    def initialise(self):
        """Draw weights from N(0, 0.01²); biases are 1 in conv2, conv4, conv5 and dense 1 and 2, else 0."""
        layers = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
        for layer, bias in zip(layers, (0, 1, 0, 1, 1, 1, 1, 0), strict=True):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.constant_(layer.bias, bias)

    def forward(self, x):
        check_images(x, self.in_channels, exactly=227)
        x = self.features(x)  # (N, 256, 6, 6)
        return self.classifier(x.flatten(1))


class OneWeirdTrick(nn.Module):
    """torchvision's form; logits (N, classes) for images of at least 63 pixels a side, 224 as trained."""

    def __init__(self, rows, classes=1000, in_channels=3, width=1):
        super().__init__()
        self.in_channels = in_channels
        maps, hidden = narrow(rows[-1][0], width), narrow(4096, width)
        self.features = nn.Sequential(*convolutions(rows, in_channels, width))
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(maps * 6 * 6, hidden), nn.ReLU(inplace=True),
            nn.Dropout(0.5), nn.Linear(hidden, hidden), nn.ReLU(inplace=True),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x):
        check_images(x, self.in_channels, at_least=63)
        x = self.avgpool(self.features(x))  # (N, 256, 6, 6)
        return self.classifier(x.flatten(1))


def build(name, **options):
    """Build an AlexNet untrained; options: classes=1000, in_channels=3, width=1."""
    rows = find(name, CONFIGS)
    return (OneWeirdTrick if name == "alexnet" else AlexNet)(rows, **options)
