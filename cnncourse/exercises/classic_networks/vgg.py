"""VGG from a column of its paper's Table 1, and what its first dense layer weighs."""

import torch
from torch import nn

from ... import arithmetic
from .._kinds import exercise, value

COLUMN_D = (
    "3-64 3-64 maxpool 3-128 3-128 maxpool 3-256 3-256 3-256 maxpool "
    "3-512 3-512 3-512 maxpool 3-512 3-512 3-512 maxpool"
)


@exercise(
    level=3,
    minutes=20,
    lines=9,
    equivalent={"kernel // 3": "the table's kernels are 3 and 1 wide, which makes 1 and 0 as well"},
    hints=(
        "Go through the column with a loop and a growing list of layers. What has to be remembered from one "
        "convolution to the next?",
        '`"3-64".split("-")` gives the side of the kernel and the number of maps, as texts: `int(...)`. A '
        "convolution "
        "keeps the size if its padding is `kernel // 2`.",
        "`layers += [nn.Conv2d(in_channels, maps, kernel, padding=kernel // 2), nn.ReLU()]`, then "
        "`in_channels = maps`. "
        "At the end `self.layers = nn.Sequential(*layers)`.",
    ),
    why="The table is data, and one loop builds all six columns: that is VGG's uniformity.",
)
class VGGFeatures(nn.Module):
    """The convolutions of VGG, from a column of Table 1: a list of entries, from the picture on.

    "3-64" is a 3×3 convolution with 64 maps, "1-256" a 1×1 one with 256; stride 1, size kept, ReLU after it.
    "maxpool" is 2×2 max pooling, stride 2. (N, in_channels, H, W) gives (N, last maps, H / 32, W / 32) after
    five poolings. Source: Simonyan and Zisserman (2015), section 2.1.
    """

    def __init__(self, column, in_channels=3):
        super().__init__()
        layers = []
        for entry in column:
            if entry == "maxpool":
                layers.append(nn.MaxPool2d(2))
            else:
                kernel, maps = map(int, entry.split("-"))
                layers += [nn.Conv2d(in_channels, maps, kernel, padding=kernel // 2), nn.ReLU()]
                in_channels = maps
        self.layers = nn.Sequential(*layers)

    def forward(self, images):
        return self.layers(images)


@VGGFeatures.examples
def _(draw):
    yield {"column": ["3-2", "maxpool"]}, draw(1, 3, 4, 6)
    yield {"column": ["3-4", "3-5", "maxpool", "3-6", "1-3", "maxpool"], "in_channels": 1}, draw(2, 1, 8, 12)
    yield {"column": ["3-3", "maxpool", "3-4", "3-2", "1-5", "maxpool"]}, draw(1, 3, 10, 7)
    yield {"column": COLUMN_D.split()}, torch.empty(1, 3, 224, 224, device="meta")


def _built(message, conv=None, pool=None):
    """A mistake: another convolution (of channels before and after, kernel) or another pooling."""
    conv = conv or (lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.ReLU()])
    pool = pool or (lambda: [nn.MaxPool2d(2)])

    def init(self, column, in_channels=3):
        nn.Module.__init__(self)
        layers = []
        for entry in column:
            if entry == "maxpool":
                layers += pool()
            else:
                kernel, maps = map(int, entry.split("-"))
                layers += conv(in_channels, maps, kernel)
                in_channels = maps
        self.layers = nn.Sequential(*layers)

    VGGFeatures.mistake(message)(type("Wrong", (VGGFeatures.reference,), {"__init__": init}))


_built(
    "The convolutions shrink the maps. They keep the size: a padding of kernel // 2.",
    lambda i, o, k: [nn.Conv2d(i, o, k), nn.ReLU()],
)
_built(
    "Your 1×1 convolutions are padded too, and the maps grow by a rim of biases. kernel // 2 is 0 for them.",
    lambda i, o, k: [nn.Conv2d(i, o, k, padding=1), nn.ReLU()],
)
_built(
    "Every convolution is 3×3 in your network. The number in front says the kernel: column C has 1×1 ones.",
    lambda i, o, k: [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()],
)
_built("ReLU is missing: it follows every convolution.", lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2)])
_built(
    "ReLU only stands before the poolings. It follows every convolution: more bends is the point of small "
    "kernels.",
    lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2)],
    lambda: [nn.ReLU(), nn.MaxPool2d(2)],
)
_built(
    "The channels are right and the resolution is not: no convolution has a stride; only the poolings "
    "halve the side.",
    lambda i, o, k: [nn.Conv2d(i, o, k, stride=2, padding=k // 2), nn.ReLU()],
    lambda: [],
)
_built("The poolings are missing: each halves both sides.", pool=lambda: [])
_built("You pool by the average. VGG keeps the largest value.", pool=lambda: [nn.AvgPool2d(2)])
_built(
    "Your windows overlap, as AlexNet's do. VGG's are 2×2 and stand side by side.",
    pool=lambda: [nn.MaxPool2d(3, 2, 1)],
)
_built(
    "tanh bends here. VGG has ReLU after every convolution.",
    lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.Tanh()],
)
_built(
    "The paper's VGG has no batch normalisation, which came after it.",
    lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.BatchNorm2d(o), nn.ReLU()],
)
_built(
    "The convolutions have no biases in your network: leave out `bias=False`.",
    lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2, bias=False), nn.ReLU()],
)


@VGGFeatures.mistake(
    "The number of channels stays at that of the picture: after each convolution it is that of its maps."
)
class _NeverUpdated(VGGFeatures.reference):
    def __init__(self, column, in_channels=3):
        nn.Module.__init__(self)
        layers = []
        for entry in column:
            if entry == "maxpool":
                layers.append(nn.MaxPool2d(2))
            else:
                kernel, maps = map(int, entry.split("-"))
                layers += [nn.Conv2d(in_channels, maps, kernel, padding=kernel // 2), nn.ReLU()]
        self.layers = nn.Sequential(*layers)


@VGGFeatures.alternative
class Walked(nn.Module):
    def __init__(self, column, in_channels=3):
        super().__init__()
        self.column, self.convolutions = column, nn.ModuleList()
        for entry in column:
            if "-" in entry:
                kernel, _, maps = entry.partition("-")
                self.convolutions.append(nn.Conv2d(in_channels, int(maps), int(kernel), padding="same"))
                in_channels = int(maps)

    def forward(self, x):
        waiting = iter(self.convolutions)
        for entry in self.column:
            x = nn.functional.max_pool2d(x, 2) if entry == "maxpool" else next(waiting)(x).relu()
        return x


vgg_first_dense_share = value(
    lambda: round(100 * arithmetic.linear_parameters(512 * 7 * 7, 4096) / 138_357_544, 1),
    level=2,
    minutes=5,
    right="Right: 102,764,544 of 138,357,544 parameters, 74.3 %, sit between the last maps and the first "
    "4,096 units.",
    hints=(
        "How many numbers are in 512 maps of 7×7? Each of 4,096 units has a weight for every one, and a "
        "bias.",
        "25,088 · 4,096 + 4,096 = 102,764,544. What percentage of 138,357,544 is that?",
    ),
    why="(512 · 7 · 7 · 4,096 + 4,096) / 138,357,544 = 74.3 %.",
    wrong={
        0.743: "Give it in percent.",
        102_764_544: "That is the number of its parameters. What percentage of 138,357,544 is it?",
        89.4: "Those are all three dense layers; only the first is asked for.",
        12.1: "That is the second dense layer, from 4,096 to 4,096.",
        10.6: "Those are the thirteen convolutions together.",
        18.6: "That would be with 25,088 numbers a quarter of which are left: nothing is pooled before "
        "the dense layer.",
        3.0: "That is the last dense layer, to the 1,000 classes.",
    },
)
