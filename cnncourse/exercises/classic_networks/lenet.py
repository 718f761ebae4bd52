"""LeNet-5 as everybody draws it, and the pooling that the paper had."""

import torch
import torch.nn.functional as F
from torch import nn

from .._kinds import exercise
from ._swapped import swapped


@exercise(
    level=2,
    minutes=15,
    lines=13,
    hints=(
        "`nn.Sequential` takes the table line by line: what is `nn.Conv2d` called with for C1? The sides "
        "follow: "
        "32 → 28 → 14 → 10 → 5.",
        "A stage is `nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)`. After the second stage, `nn.Flatten()` "
        "makes 16 · 5 · 5 numbers.",
        "`nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, classes)`: no tanh "
        "after the "
        "scores.",
    ),
    why="Two stages of convolution, tanh and average pooling, then three dense layers: 61,706 parameters.",
)
class LeNet5(nn.Module):
    """LeNet-5 in its dense form, by the table above: (N, 1, 32, 32) gives scores (N, classes).

    5×5 convolutions without padding, tanh after every layer that has weights except the last, and plain 2×2
    average pooling after each tanh of a convolution. Source: after LeCun and others (1998).
    """

    def __init__(self, classes=10):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2),  # (N, 6, 14, 14)
            nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),  # (N, 16, 5, 5)
            nn.Flatten(),  # (N, 400)
            nn.Linear(400, 120), nn.Tanh(),
            nn.Linear(120, 84), nn.Tanh(),
            nn.Linear(84, classes),
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)


@LeNet5.examples
def _(draw):
    yield {"classes": 3}, draw(1, 1, 32, 32)
    yield {}, draw(2, 1, 32, 32)


TANHS, CONVOLUTIONS, POOLINGS = (1, 4, 8, 10), (0, 3), (2, 5)


def _each(places, make):
    return [(place, make) for place in places]


swapped(
    LeNet5,
    "ReLU came later: LeNet-5 bends with tanh, after every layer that has weights except the last.",
    *_each(TANHS, lambda **o: nn.ReLU()),
)
swapped(
    LeNet5,
    "That is the sigmoid. Here tanh bends, which is centred at 0.",
    *_each(TANHS, lambda **o: nn.Sigmoid()),
)
swapped(
    LeNet5,
    "You pool by the largest value. LeNet-5 averages: `nn.AvgPool2d(2)`.",
    *_each(POOLINGS, lambda **o: nn.MaxPool2d(2)),
)
swapped(
    LeNet5,
    "ReLU and max pooling: that is a modern network in LeNet-5's sizes. It had tanh and average pooling.",
    *_each(TANHS, lambda **o: nn.ReLU()),
    *_each(POOLINGS, lambda **o: nn.MaxPool2d(2)),
)
swapped(
    LeNet5,
    "You average first and bend then. Here tanh comes before the pooling; the two do not commute.",
    *_each((1, 4), lambda **o: nn.AvgPool2d(2)),
    *_each((2, 5), lambda **o: nn.Tanh()),
)
swapped(LeNet5, "tanh is missing after the two convolutions.", *[(place, None) for place in (1, 4)])
swapped(LeNet5, "tanh is missing between the dense layers.", *[(place, None) for place in (8, 10)])
swapped(
    LeNet5,
    "No tanh follows the last layer: the scores stay as they are, and may be as large as they like.",
    (11, lambda classes=10: nn.Sequential(nn.Linear(84, classes), nn.Tanh())),
)
swapped(
    LeNet5,
    "That ends in softmax. Leave the scores as they are: PyTorch's cross-entropy applies softmax itself.",
    (11, lambda classes=10: nn.Sequential(nn.Linear(84, classes), nn.Softmax(1))),
)
swapped(
    LeNet5,
    "C1 is padded. That is done for digits of 28 pixels; these have 32, and reach 5×5 without padding.",
    (0, lambda **o: nn.Conv2d(1, 6, 5, padding=2)),
    (7, lambda **o: nn.Linear(16 * 6 * 6, 120)),
)
swapped(
    LeNet5,
    "The channels are right and the resolution is not: a stride stands in the convolution, where the pooling "
    "should halve the side.",
    *[
        (place, lambda i=i, o=o, **options: nn.Conv2d(i, o, 5, stride=2))
        for place, i, o in ((0, 1, 6), (3, 6, 16))
    ],
    *[(place, None) for place in POOLINGS],
    (7, lambda **o: nn.Linear(16 * 5 * 5, 120)),
)
swapped(
    LeNet5,
    "The biases of the convolutions are missing: leave out `bias=False`.",
    (0, lambda **o: nn.Conv2d(1, 6, 5, bias=False)),
    (3, lambda **o: nn.Conv2d(6, 16, 5, bias=False)),
)


@LeNet5.alternative
class Written(nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.output, self.f6, self.c5 = nn.Linear(84, classes), nn.Linear(120, 84), nn.Conv2d(16, 120, 5)
        self.c5 = nn.Linear(400, 120)
        self.c3, self.c1 = nn.Conv2d(6, 16, 5), nn.Conv2d(1, 6, 5)

    def forward(self, x):
        x = F.avg_pool2d(torch.tanh(self.c1(x)), 2)
        x = F.avg_pool2d(torch.tanh(self.c3(x)), 2).flatten(1)
        return self.output(torch.tanh(self.f6(torch.tanh(self.c5(x)))))


@exercise(
    level=2,
    minutes=10,
    lines=4,
    hints=(
        "Which two numbers does a map have of its own, and which tensors of shape (maps, 1, 1) hold them? "
        "`nn.Parameter` tells PyTorch that they are to be learned.",
        "The sum of a 2×2 square is four times its average: `4 * F.avg_pool2d(x, 2)`.",
        "`self.weight = nn.Parameter(torch.ones(maps, 1, 1))`, `self.bias = "
        "nn.Parameter(torch.zeros(maps, 1, 1))`, and "
        "forward returns weight times sum plus bias.",
    ),
    as_built=True,
    why="Two numbers a map: S2 has 12 parameters, S4 has 32. A plain pooling has none.",
)
class Subsampling(nn.Module):
    """The pooling of 1998: the sum of each 2×2 square times a coefficient, plus a bias, both learned.

    Each map has one coefficient (from 1) and one bias (from 0) of its own: two parameters (maps, 1, 1).
    (N, maps, H, W) with even H and W gives (N, maps, H / 2, W / 2). Source: LeCun and others (1998), II.B.
    """

    def __init__(self, maps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(maps, 1, 1))
        self.bias = nn.Parameter(torch.zeros(maps, 1, 1))

    def forward(self, x):
        return self.weight * (4 * F.avg_pool2d(x, 2)) + self.bias  # (N, maps, H / 2, W / 2)


@Subsampling.examples
def _(draw):
    yield {"maps": 1}, draw(1, 1, 2, 2)
    yield {"maps": 3}, draw(2, 3, 4, 6)
    yield {"maps": 2}, draw(1, 2, 2 * draw.integer(2, 4), 2 * draw.integer(4, 6))


def _subsampling(message):
    """A mistake of `forward` alone."""

    def keep(forward):
        Subsampling.mistake(message)(type("Wrong", (Subsampling.reference,), {"forward": forward}))

    return keep


@_subsampling(
    "You take the average. The paper's coefficient multiplies the sum of the four, four times as much."
)
def _(self, x):
    return self.weight * F.avg_pool2d(x, 2) + self.bias


@_subsampling("You keep the largest of the four. Here the four are added up.")
def _(self, x):
    return self.weight * F.max_pool2d(x, 2) + self.bias


@_subsampling("The bias goes in after the coefficient: weight · sum + bias, not weight · (sum + bias).")
def _(self, x):
    return self.weight * (4 * F.avg_pool2d(x, 2) + self.bias)


@_subsampling(
    "The bias is added to each of the four values, so it arrives four times. Add it to the sum, once."
)
def _(self, x):
    return self.weight * (4 * F.avg_pool2d(x, 2)) + 4 * self.bias


@_subsampling("The bias has the wrong sign: it is added.")
def _(self, x):
    return self.weight * (4 * F.avg_pool2d(x, 2)) - self.bias


@_subsampling("The squashing does not belong to this layer: it follows as a step of its own.")
def _(self, x):
    return torch.tanh(self.weight * (4 * F.avg_pool2d(x, 2)) + self.bias)


@_subsampling("The squares overlap: each begins one cell after the one before. Here they stand side by side.")
def _(self, x):
    return self.weight * (4 * F.avg_pool2d(x, 2, 1)) + self.bias


@Subsampling.mistake(
    "One coefficient and one bias serve all maps. Each map has its own: two parameters of shape (maps, 1, 1)."
)
class _Shared(Subsampling.reference):
    def __init__(self, maps):
        super().__init__(1)


@Subsampling.mistake("The bias is missing: a second parameter of shape (maps, 1, 1).")
class _NoBias(Subsampling.reference):
    def __init__(self, maps):
        super().__init__(maps)
        del self.bias
        self.bias = 0.0


@Subsampling.mistake(
    "PyTorch does not know your numbers: a plain tensor is not learned. Wrap both in `nn.Parameter`."
)
class _Plain(Subsampling.reference):
    def __init__(self, maps):
        super().__init__(maps)
        del self.weight, self.bias
        self.weight, self.bias = torch.ones(maps, 1, 1), torch.zeros(maps, 1, 1)


@Subsampling.alternative
class FourCorners(nn.Module):
    def __init__(self, maps):
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(maps, 1, 1))
        self.scale = nn.Parameter(torch.ones(maps, 1, 1))

    def forward(self, x):
        total = sum(x[:, :, u::2, v::2] for u in (0, 1) for v in (0, 1))
        return self.scale * total + self.shift
