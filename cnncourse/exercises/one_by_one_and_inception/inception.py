"""The inception module: four branches side by side."""

import torch
import torch.nn.functional as F
from torch import nn

from .._kinds import exercise


@exercise(
    level=3,
    minutes=20,
    lines=14,
    hints=(
        "Four branches read the same x, and `torch.cat` puts their maps side by side. A small function that "
        "returns a convolution with its ReLU saves lines: `def conv(before, maps, kernel)`.",
        "The second branch is `nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, three, 3))`, the "
        "third the same with 5. For `torch.cat` all maps must be of one size: padding `kernel // 2`, and the "
        "pooling with stride 1 and padding 1.",
        "The fourth branch is `nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, "
        "1))`. At the end `torch.cat([branch(x) for branch in self.branches], dim=1)`.",
    ),
    why="Nobody has to choose a kernel: all are there, and the next layer takes what it needs.",
)
class Inception(nn.Module):
    """An inception module with its four branches, concatenated in this order: 1×1, 3×3, 5×5, pooling.

    `row` is a row of the paper's Table 1: (maps of the 1×1 branch, bottleneck before the 3×3, maps of the
    3×3, bottleneck before the 5×5, maps of the 5×5, projection after the pooling). The pooling takes the
    largest value of 3×3, one pixel apart, and a 1×1 convolution follows it. ReLU after every convolution;
    all keep the size. (N, in_channels, H, W) gives (N, the four branches' maps, H, W).
    Source: Szegedy and others (2015), Figure 2b.
    """

    def __init__(self, in_channels, row):
        super().__init__()
        one, reduce3, three, reduce5, five, pool = row

        def conv(before, maps, kernel):
            return nn.Sequential(nn.Conv2d(before, maps, kernel, padding=kernel // 2), nn.ReLU())

        self.branches = nn.ModuleList([
            conv(in_channels, one, 1),
            nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, three, 3)),
            nn.Sequential(conv(in_channels, reduce5, 1), conv(reduce5, five, 5)),
            nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(in_channels, pool, 1)),
        ])  # fmt: skip

    def forward(self, x):
        return torch.cat(
            [branch(x) for branch in self.branches], dim=1
        )  # (N, one + three + five + pool, H, W)


@Inception.examples
def _(draw):
    yield {"in_channels": 3, "row": (2, 3, 4, 1, 2, 3)}, 5 * draw(1, 3, 1, 1)
    yield {"in_channels": 2, "row": (5, 4, 6, 2, 3, 4)}, 5 * draw(2, 2, 4, 5)


def _conv(before, maps, kernel, bend=nn.ReLU, **options):
    convolution = nn.Conv2d(before, maps, kernel, padding=kernel // 2, **options)
    return nn.Sequential(convolution, bend()) if bend else convolution


def _branches(message, change=None, join=None):
    """A mistake: some branches otherwise, by change(in_channels, *row) -> {number: branch}, or joined so."""

    def init(self, in_channels, row):
        Inception.reference.__init__(self, in_channels, row)
        for number, branch in (change(in_channels, *row) if change else {}).items():
            self.branches[number] = branch

    def forward(self, x):
        maps = [branch(x) for branch in self.branches]
        return join(maps) if join else torch.cat(maps, 1)

    Inception.mistake(message)(type("Wrong", (Inception.reference,), {"__init__": init, "forward": forward}))


def _two(before, reduce, maps, kernel, first=_conv, **options):
    return nn.Sequential(first(before, reduce, 1), _conv(reduce, maps, kernel, **options))


def _unbent(before, maps, kernel):
    return _conv(before, maps, kernel, None)


def _max(**options):
    return nn.MaxPool2d(3, **{"stride": 1, "padding": 1, **options})


_branches(
    "The third branch has kernels of 3×3. The paper's are 5×5; torchvision's GoogLeNet has this very slip.",
    lambda c, one, r3, three, r5, five, pool: {2: _two(c, r5, five, 3)},
)
_branches(
    "ReLU is missing after the bottlenecks: every convolution is followed by one, the 1×1 too.",
    lambda c, one, r3, three, r5, five, pool: {
        1: _two(c, r3, three, 3, _unbent),
        2: _two(c, r5, five, 5, _unbent),
    },
)
_branches(
    "ReLU is missing in the pooling branch, after its 1×1 convolution.",
    lambda c, one, r3, three, r5, five, pool: {3: nn.Sequential(_max(), _unbent(c, pool, 1))},
)
_branches(
    "The pooling comes first in its branch, and the 1×1 convolution after it.",
    lambda c, one, r3, three, r5, five, pool: {3: nn.Sequential(_conv(c, pool, 1), _max())},
)
_branches(
    "The pooling of the fourth branch takes the largest value, not the average.",
    lambda c, one, r3, three, r5, five, pool: {
        3: nn.Sequential(nn.AvgPool2d(3, stride=1, padding=1), _conv(c, pool, 1))
    },
)
_branches(
    "`nn.MaxPool2d(3)` moves three pixels at a time, and its maps are too small to be put beside the others: "
    "stride=1, and padding=1.",
    lambda c, one, r3, three, r5, five, pool: {3: nn.Sequential(_max(stride=3), _conv(c, pool, 1))},
)
_branches(
    "The maps are put side by side in another order: 1×1, 3×3, 5×5, pooling.",
    join=lambda maps: torch.cat(maps[::-1], 1),
)
_branches(
    "You add the branches. They are put side by side, `torch.cat(..., dim=1)`: nothing is mixed yet.",
    join=lambda maps: sum(
        F.pad(m, (0, 0, 0, 0, 0, max(o.shape[1] for o in maps) - m.shape[1])) for m in maps
    ),
)
_branches(
    "You concatenate along the height. Channels are axis 1: `dim=1`.",
    join=lambda maps: torch.cat([m[:, :1] for m in maps], 2),
)


@Inception.alternative
class Named(nn.Module):
    def __init__(self, in_channels, row):
        super().__init__()
        one, reduce3, three, reduce5, five, pool = row
        self.one = nn.Conv2d(in_channels, one, 1)
        self.reduce3, self.three = nn.Conv2d(in_channels, reduce3, 1), nn.Conv2d(reduce3, three, 3, padding=1)
        self.reduce5, self.five = nn.Conv2d(in_channels, reduce5, 1), nn.Conv2d(reduce5, five, 5, padding=2)
        self.project = nn.Conv2d(in_channels, pool, 1)

    def forward(self, x):
        three = self.three(F.relu(self.reduce3(x)))
        five = self.five(F.relu(self.reduce5(x)))
        pooled = self.project(F.max_pool2d(x, 3, stride=1, padding=1))
        return F.relu(torch.cat((self.one(x), three, five, pooled), 1))
