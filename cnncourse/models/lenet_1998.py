"""LeNet-5 as it was: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document
Recognition", Proceedings of the IEEE 86(11), 1998, section II.B.

    layer     maps @ side    kernel    trainable    connections
    C1          6 @ 28        5×5           156        122,304
    S2          6 @ 14        2×2/2          12          5,880
    C3         16 @ 10        5×5         1,516        151,600    Table I: a map sees some of S2's
    S4         16 @  5        2×2/2          32          2,000
    C5        120 @  1        5×5        48,120         48,120
    F6         84                        10,164         10,164
    output     10                             0            840    RBF units, their codes fixed
                                         60,000        340,908

Our deviations: it returns minus the RBF distances, so that the largest score wins and `F.cross_entropy` is
the paper's criterion without its constant for "none of these"; the digits' codes are our own drawing, see
`_bitmaps.py`. The constants of the squashing function and of the initialisation (Appendix A) and the errors
(section III) are given as later literature quotes them: we did not have the print before us.
"""

import torch
from torch import nn
from torch.nn import functional as F

from ._bitmaps import codes
from ._card import Card, check_images, find

CARDS = {
    "lenet5_1998": Card(
        params=60_000,
        macs=325_680,
        input=(1, 32, 32),
        error="MNIST test 0.95 %; 0.8 % with distorted training images added",
        source="LeCun et al., Proceedings of the IEEE 86(11), 1998, as quoted in later literature",
        stages={"c1": (6, 28, 28), "s2": (6, 14, 14), "c3": (16, 10, 10), "s4": (16, 5, 5),
                "c5": (120, 1, 1), "f6": (84,), "output": (10,)},
    )
}  # fmt: skip

# Table I, a row for each map of S2: an X where a map of C3 (0 … 15) is connected to it.
C3_TABLE = """
    X . . . X X X . . X X X X . X X
    X X . . . X X X . . X X X X . X
    X X X . . . X X X . . X . X X X
    . X X X . . X X X X . . X . X X
    . . X X X . . X X X X . X X . X
    . . . X X X . . X X X X . X X X
"""

def connected(table=C3_TABLE):
    """Return, for each map of C3, the list of S2's maps that it sees."""
    rows = [line.split() for line in table.split("\n") if line.strip()]
    return [[i for i, mark in enumerate(column) if mark == "X"] for column in zip(*rows, strict=True)]


def squash(a):
    """The paper's scaled tanh, 1.7159 tanh(2a/3), which passes through (1, 1) and (-1, -1)."""
    return 1.7159 * torch.tanh(2 / 3 * a)


class Subsampling(nn.Module):
    """The sum of each 2×2 square, times one trainable coefficient a map, plus one trainable bias."""

    def __init__(self, maps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(maps, 1, 1))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x):
        return self.weight * F.avg_pool2d(x, 2, divisor_override=1) + self.bias  # (N, C, H/2, W/2)


class SparseConvolution(nn.ModuleList):
    """C3: one small 5×5 convolution for each output map, over the maps that the table connects it to."""

    def __init__(self, table):
        super().__init__(nn.Conv2d(len(maps), 1, 5) for maps in table)
        self.table = table

    def forward(self, x):
        return torch.cat([conv(x[:, maps]) for conv, maps in zip(self, self.table, strict=True)], dim=1)


class RadialBasis(nn.Module):
    """Minus the squared distance to each class's fixed code: 0 is a perfect drawing, the largest wins."""

    def __init__(self, codes):
        super().__init__()
        self.register_buffer("codes", codes)  # (classes, 84)

    def forward(self, x):
        return -(x.unsqueeze(1) - self.codes).square().sum(dim=2)  # (N, classes)


class LeNet5(nn.Module):
    """The paper's network; scores (N, 10), each at most 0, for images (N, 1, 32, 32)."""

    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = SparseConvolution(connected())
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = RadialBasis(codes())
        self.apply(initialise)

    def forward(self, x):
        check_images(x, 1, exactly=32)
        x = squash(self.c1(x))  # (N, 6, 28, 28)
        x = squash(self.s2(x))  # (N, 6, 14, 14)
        x = squash(self.c3(x))  # (N, 16, 10, 10)
        x = squash(self.s4(x))  # (N, 16, 5, 5)
        x = squash(self.c5(x))  # (N, 120, 1, 1)
        x = squash(self.f6(x.flatten(1)))  # (N, 84)
        return self.output(x)


def inputs_of_a_unit(layer):
    """Return how many inputs one unit of a layer has, its bias left out (0 for a container)."""
    if isinstance(layer, Subsampling):
        return 4
    return layer.weight[0].numel() if isinstance(layer, nn.Conv2d | nn.Linear) else 0


def initialise(layer):
    """Draw weights and biases from the uniform ±2.4/F, F being the inputs of a unit (Appendix A)."""
    if fan_in := inputs_of_a_unit(layer):
        nn.init.uniform_(layer.weight, -2.4 / fan_in, 2.4 / fan_in)
        nn.init.uniform_(layer.bias, -2.4 / fan_in, 2.4 / fan_in)


def build(name):
    """Build `lenet5_1998` untrained; it has no options, for its ten codes are part of it."""
    return find(name, {"lenet5_1998": LeNet5})()
