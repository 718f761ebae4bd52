"""Network in Network: a small dense network that slides, and maps of classes instead of dense layers."""

import torch
from torch import nn

from .._kinds import exercise
from ..classic_networks._swapped import swapped


@exercise(
    level=2,
    minutes=10,
    lines=8,
    hints=(
        "Three convolutions in a row, each followed by ReLU. Only the first has the large kernel; what has "
        "the padding to be, so that the size stays?",
        "`nn.Conv2d(in_channels, first, kernel_size, padding=kernel_size // 2), nn.ReLU(), "
        "nn.Conv2d(first, second, 1), nn.ReLU()`, and once more from second to third.",
    ),
    why="A filter, and then two dense layers at each place: a small network slides over the picture.",
)
class MLPConv(nn.Module):
    """An mlpconv layer: a convolution and two 1×1 convolutions, ReLU after each of the three.

    (N, in_channels, H, W) gives (N, widths[2], H, W). `kernel_size`, odd, is that of the first convolution,
    which keeps the size; `widths` are the channels that each of the three makes.
    Source: Lin, Chen and Yan (2014), section 3.1.
    """

    def __init__(self, in_channels, kernel_size, widths):
        super().__init__()
        first, second, third = widths
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, first, kernel_size, padding=kernel_size // 2), nn.ReLU(),
            nn.Conv2d(first, second, 1), nn.ReLU(),
            nn.Conv2d(second, third, 1), nn.ReLU(),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


@MLPConv.examples
def _(draw):
    yield {"in_channels": 1, "kernel_size": 3, "widths": (2, 3, 4)}, draw(1, 1, 3, 4)
    yield {"in_channels": 2, "kernel_size": 5, "widths": (4, 3, 5)}, draw(2, 2, 6, 5)


def _pixel(before, after, **options):
    return lambda in_channels, kernel_size, widths: nn.Conv2d(widths[before], widths[after], 1, **options)


def _first(*layers, **changes):
    def make(in_channels, kernel_size, widths):
        options = {"padding": kernel_size // 2, **changes}
        return nn.Sequential(nn.Conv2d(in_channels, widths[0], kernel_size, **options), *layers)

    return make


def _wide(before, after):
    return lambda in_channels, kernel_size, widths: nn.Conv2d(
        widths[before], widths[after], kernel_size, padding=kernel_size // 2
    )


swapped(MLPConv, "ReLU is missing after the first convolution.", (1, None))
swapped(
    MLPConv,
    "ReLU is missing between the two 1×1 convolutions: without it they are one matrix, and so one layer.",
    (3, None),
)
swapped(MLPConv, "The last ReLU is missing: the third convolution is followed by one as well.", (5, None))
swapped(MLPConv, "ReLU only at the end: all three convolutions then are one.", (1, None), (3, None))
swapped(
    MLPConv,
    "All three kernels are large. Only the first is: the other two are 1×1.",
    (2, _wide(0, 1)),
    (4, _wide(1, 2)),
)
swapped(
    MLPConv,
    "Your 1×1 convolutions are padded, and the maps grow by a rim of biases. A kernel of one pixel needs "
    "no padding.",
    (2, _pixel(0, 1, padding=1)),
    (4, _pixel(1, 2, padding=1)),
)
swapped(
    MLPConv,
    "The size is not kept: the first convolution needs a padding of kernel_size // 2.",
    (0, _first(padding=0)),
)
swapped(
    MLPConv,
    "The convolutions have no biases in your layer: leave out `bias=False`.",
    (0, _first(bias=False)),
    (2, _pixel(0, 1, bias=False)),
    (4, _pixel(1, 2, bias=False)),
)


@MLPConv.alternative
class InALoop(nn.Module):
    def __init__(self, in_channels, kernel_size, widths):
        super().__init__()
        self.convolutions = nn.ModuleList()
        for maps, size in zip(widths, (kernel_size, 1, 1), strict=True):
            self.convolutions.append(nn.Conv2d(in_channels, maps, size, padding="same"))
            in_channels = maps

    def forward(self, x):
        for convolution in self.convolutions:
            x = torch.relu(convolution(x))
        return x


@exercise(
    level=2,
    minutes=15,
    lines=8,
    hints=(
        "Two mlpconv layers with a pooling after each, then two more convolutions. None of them needs to "
        "know how large the picture is.",
        "`MLPConv(in_channels, 5, (a, a, a)), nn.MaxPool2d(2), MLPConv(a, 3, (b, b, b)), nn.MaxPool2d(2)`, "
        "then a 3×3 from b to b with ReLU.",
        "The last layer is `nn.Conv2d(b, classes, 1)`, and nothing comes after it.",
    ),
    why="The last convolution has a map for each class: where does the picture look like it?",
)
class ClassMaps(nn.Module):
    """A small network in network that ends in one map for each class, for pictures of any size.

    MLPConv of kernel 5 and a 2×2 max pooling, MLPConv of kernel 3 and a 2×2 max pooling, a 3×3 convolution
    with ReLU that keeps the size, and a 1×1 convolution to the classes, whose values stay as they are.
    (N, in_channels, H, W) gives (N, classes, H / 4, W / 4). All channels are widths[0] up to the first
    pooling, and widths[1] from there on. After Lin, Chen and Yan (2014): smaller, and without the last ReLU.
    """

    def __init__(self, in_channels=1, classes=10, widths=(16, 32)):
        super().__init__()
        a, b = widths
        self.layers = nn.Sequential(
            MLPConv(in_channels, 5, (a, a, a)), nn.MaxPool2d(2),  # (N, a, H / 2, W / 2)
            MLPConv(a, 3, (b, b, b)), nn.MaxPool2d(2),  # (N, b, H / 4, W / 4)
            nn.Conv2d(b, b, 3, padding=1), nn.ReLU(),
            nn.Conv2d(b, classes, 1),  # (N, classes, H / 4, W / 4)
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)


@ClassMaps.examples
def _(draw):
    yield {"in_channels": 2, "classes": 3, "widths": (2, 4)}, draw(1, 2, 8, 8)
    yield {}, draw(2, 1, 12, 8)


def _end(*layers):
    """The last 1×1 convolution, and more layers after it."""
    return lambda in_channels=1, classes=10, widths=(16, 32): nn.Sequential(
        nn.Conv2d(widths[1], classes, 1), *layers
    )


swapped(
    ClassMaps,
    "The last ReLU is one too many: a class map may also say no, with negative values.",
    (6, _end(nn.ReLU())),
)
swapped(
    ClassMaps,
    "That is one number for each class. The maps are asked for: their mean is taken afterwards.",
    (6, _end(nn.AdaptiveAvgPool2d(1), nn.Flatten())),
)
swapped(
    ClassMaps,
    "Softmax is not part of the network: cross-entropy takes the raw scores.",
    (6, _end(nn.Softmax(1))),
)
swapped(ClassMaps, "ReLU is missing between the 3×3 convolution and the last one.", (5, None))
swapped(ClassMaps, "The second pooling is missing: the maps are a quarter of the picture's side.", (3, None))
swapped(
    ClassMaps,
    "You pool by the average between the stages. These poolings keep the largest value.",
    *[(place, lambda **options: nn.AvgPool2d(2)) for place in (1, 3)],
)
swapped(
    ClassMaps,
    "The 3×3 convolution shrinks the maps. It keeps the size: padding 1.",
    (4, lambda in_channels=1, classes=10, widths=(16, 32): nn.Conv2d(widths[1], widths[1], 3)),
)


@ClassMaps.alternative
class WrittenOut(nn.Module):
    def __init__(self, in_channels=1, classes=10, widths=(16, 32)):
        super().__init__()
        a, b = widths
        self.first, self.second = MLPConv(in_channels, 5, (a, a, a)), MLPConv(a, 3, (b, b, b))
        self.third, self.last = nn.Conv2d(b, b, 3, padding="same"), nn.Conv2d(b, classes, 1)

    def forward(self, x):
        for part in (self.first, self.second):
            x = nn.functional.max_pool2d(part(x), 2)
        return self.last(self.third(x).relu())
