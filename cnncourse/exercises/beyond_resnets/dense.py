"""DenseNet's layer, its block, and the transition between two blocks."""

import torch
from torch import nn

from .._kinds import exercise
from ._rebuilt import conv, post, pre, rebuilt


@exercise(
    level=2,
    minutes=15,
    lines=9,
    hints=(
        "Each convolution comes last in its group: batch norm, ReLU, convolution. How many maps does "
        "each of the two "
        "batch norms see?",
        "`nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, 4 * growth, 1, bias=False)`, and the "
        "same again with "
        "a 3×3 that gives `growth` maps and keeps the size.",
        "`return torch.cat([x, self.layers(x)], dim=1)`: what came in stays in, untouched.",
    ),
    why="Nothing is added to what came in and nothing is taken from it: the new maps stand beside the "
    "old ones.",
)
class DenseLayer(nn.Module):
    """Append `growth` new maps to all the maps so far: (N, inputs, H, W) to (N, inputs + growth, H, W).

    Batch norm, ReLU and a 1×1 convolution to 4 · growth maps; batch norm, ReLU and a 3×3 convolution to
    growth maps; no biases. The maps that came in stand first, the new ones last.
    Source: Huang and others (2017), section 3, DenseNet-B.
    """

    def __init__(self, inputs, growth):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, 4 * growth, 1, bias=False),
            nn.BatchNorm2d(4 * growth),
            nn.ReLU(),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x):
        return torch.cat([x, self.layers(x)], dim=1)


@DenseLayer.examples
def _(draw):
    yield {"inputs": 3, "growth": 2}, draw(2, 3, 3, 4)


def _layer(message, forward=None, layers=None):
    """A mistake: another forward, or other layers, made by layers(inputs, growth)."""

    def change(self, inputs, growth):
        self.layers = nn.Sequential(*layers(inputs, growth))

    rebuilt(DenseLayer, message, layers and change, forward)


_layer("Only the new maps come out. The old ones go with them: `torch.cat`.", lambda self, x: self.layers(x))
_layer(
    "The new maps come first. The old ones stand first, so that their places never change.",
    lambda self, x: torch.cat([self.layers(x), x], 1),
)
_layer(
    "What is handed on is the normalised input. The maps that came in go on as they came.",
    lambda self, x: torch.cat([self.layers[1](self.layers[0](x)), self.layers(x)], 1),
)
_layer(
    "Convolution comes last here: batch norm, ReLU, convolution. Yours has ResNet's order of 2015.",
    layers=lambda i, g: [*post(i, 4 * g, 1), *post(4 * g, g, 3)],
)
_layer(
    "ReLU comes before batch norm. First normalise, then bend, then convolve.",
    layers=lambda i, g: [nn.ReLU(), *pre(i, 4 * g, 1, None), nn.ReLU(), *pre(4 * g, g, 3, None)],
)
_layer("The 1×1 convolution is missing: the bottleneck to 4 · growth maps.", layers=lambda i, g: pre(i, g, 3))
_layer("The bottleneck has 4 · growth maps, not growth.", layers=lambda i, g: [*pre(i, g, 1), *pre(g, g, 3)])
_layer(
    "The kernels are exchanged: 1×1 first, which is cheap on many maps, then 3×3.",
    layers=lambda i, g: [*pre(i, 4 * g, 3), *pre(4 * g, g, 1)],
)
_layer(
    "ReLU is missing between batch norm and convolution, both times.",
    layers=lambda i, g: [*pre(i, 4 * g, 1, None), *pre(4 * g, g, 3, None)],
)
_layer(
    "Batch norm follows the 1×1, so a bias there has no effect; and the paper's layers have none: "
    "`bias=False`.",
    layers=lambda i, g: [*pre(i, 4 * g, 1, bias=True), *pre(4 * g, g, 3, bias=True)],
)


@DenseLayer.alternative
class WithNames(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.reduce = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.extract = nn.Conv2d(4 * growth, growth, 3, padding="same", bias=False)
        self.norm_inner, self.norm_outer = nn.BatchNorm2d(4 * growth), nn.BatchNorm2d(inputs)

    def forward(self, x):
        new = self.reduce(self.norm_outer(x).relu())
        return torch.cat((x, self.extract(torch.relu(self.norm_inner(new)))), 1)


@exercise(
    level=2,
    minutes=10,
    lines=4,
    hints=(
        "One DenseLayer after another. How many maps does the first get, how many the second, how many "
        "layer i?",
        "Layer i, counted from 0, gets inputs + i · growth maps.",
        "`nn.Sequential(*[DenseLayer(inputs + i * growth, growth) for i in range(layers)])`: each hands "
        "on all it got.",
    ),
    why="L layers have L(L + 1) / 2 connections, and the concatenations make them all.",
)
class DenseBlock(nn.Module):
    """`layers` dense layers in a row, each of which sees all maps before it, the block's input included.

    (N, inputs, H, W) gives (N, inputs + layers · growth, H, W). Source: Huang and others (2017), Figure 1.
    """

    def __init__(self, inputs, growth, layers):
        super().__init__()
        self.layers = nn.Sequential(*[DenseLayer(inputs + i * growth, growth) for i in range(layers)])

    def forward(self, x):
        return self.layers(x)


@DenseBlock.examples
def _(draw):
    yield {"inputs": 2, "growth": 1, "layers": 2}, draw(2, 2, 2, 3)
    yield {"inputs": 4, "growth": 3, "layers": 3}, torch.empty(1, 4, 5, 4, device="meta")


def _made_of(layer):
    """A change of DenseBlock: layer i is layer(i, inputs, growth)."""

    def change(self, inputs, growth, layers):
        self.layers = nn.ModuleList(layer(i, inputs, growth) for i in range(layers))

    return change


def _new_maps(layer, x):
    return layer.layers(x)


def _side_by_side(self, x):
    return torch.cat([x, *[_new_maps(layer, x) for layer in self.layers]], 1)


def _chain(self, x):
    everything, last = [x], x
    for layer in self.layers:
        last = _new_maps(layer, last)
        everything.append(last)
    return torch.cat(everything, 1)


def _newest_first(self, x):
    for layer in self.layers:
        x = torch.cat([_new_maps(layer, x), x], 1)
    return x


rebuilt(
    DenseBlock,
    "Every layer sees the block's input alone. It sees the maps of all layers before it as well.",
    _made_of(lambda i, inputs, growth: DenseLayer(inputs, growth)),
    _side_by_side,
)
rebuilt(
    DenseBlock,
    "Every layer sees the layer before it alone: a chain. It sees all before it, the input included.",
    _made_of(lambda i, inputs, growth: DenseLayer(growth if i else inputs, growth)),
    _chain,
)
rebuilt(
    DenseBlock,
    "The newest maps come first. They are appended at the end, layer after layer.",
    forward=_newest_first,
)
rebuilt(
    DenseBlock,
    "The block's input is missing in what comes out: it is handed on as well.",
    forward=lambda self, x: self.layers(x)[:, x.shape[1] :],
)
rebuilt(
    DenseBlock,
    "One layer is missing: there are `layers` of them.",
    lambda self, inputs, growth, layers: self.layers.pop(-1),
)
rebuilt(
    DenseBlock,
    "Only the last layer's maps come out. All maps are handed on.",
    forward=lambda self, x: self.layers(x)[:, -self.layers[-1].layers[-1].out_channels :],
)


@DenseBlock.alternative
class Collected(nn.Module):
    def __init__(self, inputs, growth, layers):
        super().__init__()
        self.steps = nn.ModuleList()
        for _ in range(layers):
            self.steps.append(WithNames(inputs, growth))
            inputs += growth

    def forward(self, x):
        for step in self.steps:
            x = step(x)
        return x


@exercise(
    level=1,
    minutes=8,
    lines=5,
    equivalent={"nn.ReLU(), nn.AvgPool2d(2)": "averaging and a 1×1 convolution without bias commute"},
    hints=(
        "Four layers in a row, the last of which has no weights.",
        "Batch norm and ReLU; a 1×1 convolution from inputs to inputs // 2 maps, without bias; then the "
        "pooling.",
        "`nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, inputs // 2, 1, bias=False), "
        "nn.AvgPool2d(2))`",
    ),
    why="Channels and size shrink by half; how many layers follow is free. 1×1 and averaging commute, "
    "so one could "
    "pool first for a quarter of the work.",
)
class Transition(nn.Module):
    """What stands between two dense blocks: (N, inputs, H, W) gives (N, inputs // 2, H // 2, W // 2).

    Batch norm, ReLU, a 1×1 convolution without bias to half the maps, 2×2 average pooling.
    Source: Huang and others (2017), section 3, with compression ½.
    """

    def __init__(self, inputs):
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, inputs // 2, 1, bias=False), nn.AvgPool2d(2)
        )

    def forward(self, x):
        return self.layers(x)


@Transition.examples
def _(draw):
    yield {"inputs": 5}, draw(2, 5, 4, 5)
    yield {"inputs": 256}, torch.empty(1, 256, 4, 6, device="meta")


def _between(message, make):
    def change(self, inputs):
        self.layers = nn.Sequential(*make(inputs))

    rebuilt(Transition, message, change)


_between(
    "You pool by the largest value. A transition averages.", lambda i: [*pre(i, i // 2, 1), nn.MaxPool2d(2)]
)
_between(
    "The maps are as many as before: the 1×1 convolution halves them.",
    lambda i: [*pre(i, i, 1), nn.AvgPool2d(2)],
)
_between(
    "The channels are right and the resolution is not: the pooling is missing.", lambda i: pre(i, i // 2, 1)
)
_between(
    "A stride in the 1×1 convolution skips three pixels of four. Average them: stride 1, then pooling.",
    lambda i: pre(i, i // 2, 1, stride=2),
)
_between(
    "The convolution comes after batch norm and ReLU, not before them.",
    lambda i: [*post(i, i // 2, 1), nn.AvgPool2d(2)],
)
_between(
    "ReLU is missing between batch norm and convolution.",
    lambda i: [*pre(i, i // 2, 1, None), nn.AvgPool2d(2)],
)
_between(
    "Batch norm is missing at the beginning.", lambda i: [nn.ReLU(), conv(i, i // 2, 1), nn.AvgPool2d(2)]
)
_between(
    "The convolution is 1×1: it mixes maps, and looks at no neighbours.",
    lambda i: [*pre(i, i // 2, 3), nn.AvgPool2d(2)],
)
_between(
    "The convolution has no bias: `bias=False`.", lambda i: [*pre(i, i // 2, 1, bias=True), nn.AvgPool2d(2)]
)
_between(
    "The average comes before batch norm and ReLU. It may change places with the 1×1, but not with ReLU.",
    lambda i: [nn.AvgPool2d(2), *pre(i, i // 2, 1)],
)


@Transition.alternative
class PoolsFirst(nn.Module):
    """Averaging and a 1×1 convolution are both linear, one over places and one over maps: they commute."""

    def __init__(self, inputs):
        super().__init__()
        self.norm, self.shrink = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, inputs // 2, 1, bias=False)

    def forward(self, x):
        return self.shrink(nn.functional.avg_pool2d(self.norm(x).relu(), 2))
