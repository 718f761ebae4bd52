"""Network in Network: Lin, Chen & Yan, "Network In Network", ICLR 2014, arXiv:1312.4400, section 3.

A convolution followed by two 1×1 convolutions is a small dense network that slides over the image: an mlpconv
layer. The last one has a map for each class, and the mean of a map is its class's logit: no dense head.

The paper prints no widths. `nin` (CIFAR-10) and `nin_imagenet` have those of the first author's published
Caffe models, read in public copies, and their pools, which round sizes up: `nin`'s second averages, where the
paper, as we recall it, pools by the maximum. Initialisation is ours: He et al. (2015).
"""

from torch import nn

from ._card import Card, check_images, find

# A row for each mlpconv layer: kernel, stride, padding, the widths of its three convolutions, what follows.
CONFIGS = {
    "nin": (
        (5, 1, 2, (192, 160, 96), "max dropout"),
        (5, 1, 2, (192, 192, 192), "average dropout"),
        (3, 1, 1, (192, 192, 10), ""),
    ),
    "nin_imagenet": (
        (11, 4, 0, (96, 96, 96), "max"),
        (5, 1, 2, (256, 256, 256), "max"),
        (3, 1, 1, (384, 384, 384), "max dropout"),
        (3, 1, 1, (1024, 1024, 1000), ""),
    ),
}

PAPER = "Lin, Chen & Yan, ICLR 2014; widths of the first author's Caffe model"
CARDS = {
    "nin": Card(966_986, 222_486_528, (3, 32, 32),
        "CIFAR-10 test 10.41 %; 8.81 % with augmentation (10.41 as later literature quotes it)", PAPER,
        {"features.5": (96, 32, 32), "features.6": (96, 16, 16), "features.14": (192, 8, 8),
         "features.21": (10, 8, 8), "pool": (10, 1, 1)}),
    "nin_imagenet": Card(7_595_176, 1_100_188_800, (3, 224, 224), "not in the paper", PAPER,
        {"features.0": (96, 54, 54), "features.6": (96, 27, 27), "features.13": (256, 13, 13),
         "features.20": (384, 6, 6), "features.27": (1000, 6, 6), "pool": (1000, 1, 1)}),
}  # fmt: skip

AFTER = {
    "max": lambda: nn.MaxPool2d(3, 2, ceil_mode=True),
    "average": lambda: nn.AvgPool2d(3, 2, ceil_mode=True),
    "dropout": lambda: nn.Dropout(0.5),
}


def mlpconv(in_channels, kernel, stride, padding, widths):
    """Yield the layers of one mlpconv: a convolution and two 1×1, a ReLU after each."""
    first, second, third = widths
    yield from (nn.Conv2d(in_channels, first, kernel, stride, padding), nn.ReLU(inplace=True))
    yield from (nn.Conv2d(first, second, 1), nn.ReLU(inplace=True))
    yield from (nn.Conv2d(second, third, 1), nn.ReLU(inplace=True))


class NIN(nn.Module):
    """A stack of mlpconv layers; logits (N, classes) for images of at least `smallest` pixels a side."""

    def __init__(self, rows, smallest, classes=None, in_channels=3):
        super().__init__()
        self.in_channels, self.smallest = in_channels, smallest
        layers, maps = [], in_channels
        for *convolution, widths, then in with_classes(rows, classes):
            layers += mlpconv(maps, *convolution, widths)
            layers += [AFTER[word]() for word in then.split()]
            maps = widths[-1]
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, at_least=self.smallest)
        x = self.features(x)  # (N, classes, H', W')
        return self.pool(x).flatten(1)


def with_classes(rows, classes):
    """Return the rows with `classes` maps in the last convolution; None keeps the published number."""
    *body, (kernel, stride, padding, widths, then) = rows
    return (*body, (kernel, stride, padding, (*widths[:2], classes or widths[2]), then))


def initialise(layer):
    """Draw a layer's weights as He et al. (2015) do for ReLUs; biases are 0."""
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


def build(name, **options):
    """Build a NIN untrained; options: classes (10, or 1000 for `nin_imagenet`), in_channels=3."""
    rows = find(name, CONFIGS)
    return NIN(rows, smallest=4 if name == "nin" else 39, **options)
