"""The auxiliary classifiers: a head, the loss that trains all three, and what they turned out to do."""

import torch
import torch.nn.functional as F
from torch import nn

from .._kinds import choice, exercise
from ..classic_networks._swapped import swapped


@exercise(
    level=2,
    minutes=12,
    lines=8,
    seconds=20.0,
    equivalent={
        "nn.Dropout(0.7), nn.ReLU()": "a value that is set to zero or enlarged passes ReLU as before",
        "nn.Conv2d(in_channels, maps, 1), nn.AvgPool2d": "a mean of places and a sum of channels commute",
        "nn.Flatten(), nn.ReLU()": "ReLU takes each number by itself, in whatever shape",
    },
    hints=(
        "Eight layers in a row, in the order of the docstring: `nn.Sequential`.",
        "`nn.AvgPool2d(5, stride=3)`, a 1×1 convolution and ReLU, `nn.Flatten()`. `places` says how many "
        "places are left, so `maps * places` numbers come out of the flattening.",
        "`nn.Linear(maps * places, hidden), nn.ReLU(), nn.Dropout(0.7), nn.Linear(hidden, classes)`.",
    ),
    why="A small classifier that reads maps of the middle, where the picture is still 14×14.",
)
class AuxiliaryHead(nn.Module):
    """An auxiliary classifier of GoogLeNet: (N, in_channels, 14, 14) gives scores (N, classes).

    Average pooling of 5×5, three pixels apart, without padding (14×14 becomes 4×4, 16 `places`); a 1×1
    convolution with `maps` maps, and ReLU; a dense layer of `hidden` units, ReLU, and dropout that sets
    70 % of them to zero; a dense layer that gives the scores. Source: Szegedy and others (2015), section 5.
    """

    def __init__(self, in_channels, classes=1000, maps=128, hidden=1024, places=16):
        super().__init__()
        self.layers = nn.Sequential(
            nn.AvgPool2d(5, stride=3),
            nn.Conv2d(in_channels, maps, 1), nn.ReLU(),
            nn.Flatten(),  # (N, maps · places)
            nn.Linear(maps * places, hidden), nn.ReLU(), nn.Dropout(0.7),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, x):
        return self.layers(x)


@AuxiliaryHead.examples
def _(draw):
    yield {"in_channels": 3, "classes": 4, "maps": 2, "hidden": 9, "places": 6}, 30 * draw(2, 3, 8, 11)
    yield {"in_channels": 512}, torch.empty(1, 512, 14, 14, device="meta")


def _last(*layers):
    def make(in_channels, classes=1000, maps=128, hidden=1024, places=16):
        return nn.Sequential(nn.Linear(hidden, classes), *layers)

    return make


class _FewLarge(nn.Module):
    """Adaptive pooling to as many places as the paper's pooling leaves."""

    def forward(self, x):
        rows, columns = ((side - 5) // 3 + 1 for side in x.shape[2:])
        return F.adaptive_avg_pool2d(x, (rows, columns))


swapped(
    AuxiliaryHead,
    "That is the adaptive pooling of torchvision: as many places, and other windows. The paper's are 5×5, "
    "three pixels apart.",
    (0, lambda **options: _FewLarge()),
)
swapped(
    AuxiliaryHead,
    "The head pools by the average, not by the largest value.",
    (0, lambda **options: nn.MaxPool2d(5, stride=3)),
)
swapped(AuxiliaryHead, "ReLU is missing after the 1×1 convolution.", (2, None))
swapped(AuxiliaryHead, "ReLU is missing after the hidden dense layer.", (5, None))
swapped(AuxiliaryHead, "Dropout is missing between the two dense layers.", (6, None))
swapped(
    AuxiliaryHead,
    "`nn.Dropout` takes the share that is set to zero, and the paper drops 70 %. Yours drops another share.",
    (6, lambda **options: nn.Dropout(0.3)),
)
swapped(
    AuxiliaryHead,
    "Dropout comes after ReLU, between the dense layers: scores are not dropped.",
    (6, None),
    (7, _last(nn.Dropout(0.7))),
)
swapped(
    AuxiliaryHead,
    "Softmax belongs to the loss: PyTorch's cross-entropy takes raw scores.",
    (7, _last(nn.Softmax(-1))),
)


@AuxiliaryHead.alternative
class WrittenOut(nn.Module):
    def __init__(self, in_channels, classes=1000, maps=128, hidden=1024, places=16):
        super().__init__()
        self.mix = nn.Conv2d(in_channels, maps, 1)
        self.hidden, self.scores = nn.Linear(maps * places, hidden), nn.Linear(hidden, classes)

    def forward(self, x):
        x = self.mix(F.avg_pool2d(x, 5, 3)).relu()
        x = self.hidden(x.flatten(1)).relu()
        return self.scores(F.dropout(x, 0.7, self.training))


@exercise(
    level=2,
    minutes=8,
    lines=4,
    gradients=True,
    hints=(
        "In evaluation the outputs are one tensor: `isinstance(outputs, torch.Tensor)`. What is its loss?",
        "In training unpack them: `logits, *heads = outputs`. The network's own loss counts whole, each "
        "head's only `weight` times.",
    ),
    why="The heads push at their own places, each with three tenths of the weight, and in training alone.",
)
def googlenet_loss(outputs, labels, weight=0.3):
    """The loss that trains GoogLeNet: cross-entropy, and `weight` times that of each auxiliary head.

    outputs: in training (logits, aux1, aux2), three tensors (N, classes); in evaluation the logits alone, a
    tensor. labels: class indices (N,). Returns one number. Source: Szegedy and others (2015), section 5.
    """
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    logits, *heads = outputs
    return F.cross_entropy(logits, labels) + weight * sum(F.cross_entropy(head, labels) for head in heads)


@googlenet_loss.examples
def _(draw):
    def scores(n, classes):
        return tuple(2 * draw(n, classes) for _ in range(3))

    yield scores(2, 3), draw.integers(2, high=3)
    yield 2 * draw(4, 5), draw.integers(4, high=5)
    yield scores(5, 4), draw.integers(5, high=4), 0.7


def _weighed(message, combine):
    """A mistake in training: another sum of the three losses, by combine(main, first, second, weight)."""

    def wrong(outputs, labels, weight=0.3):
        if isinstance(outputs, torch.Tensor):
            return F.cross_entropy(outputs, labels)
        return combine(*[F.cross_entropy(scores, labels) for scores in outputs], weight)

    googlenet_loss.mistake(message)(wrong)


_weighed("The heads are missing: each adds `weight` times its own loss.", lambda main, a, b, w: main)
_weighed("All three count whole. The heads count only `weight` times.", lambda main, a, b, w: main + a + b)
_weighed(
    "Each head counts `weight` times, not the mean of the two.", lambda main, a, b, w: main + w * (a + b) / 2
)
_weighed(
    "The network's own loss counts whole; `weight` belongs to the heads alone.",
    lambda main, a, b, w: w * (main + a + b),
)
_weighed(
    "This is a weighted mean, (1 − weight) times the network's own loss and so on. The paper adds: the "
    "network's own loss stays whole.",
    lambda main, a, b, w: (1 - w) * main + w * (a + b),
)
_weighed("Only the first head is in your sum: there are two.", lambda main, a, b, w: main + w * a)
_weighed(
    "The weight is 0.3 in the paper, and an argument here: use `weight`.",
    lambda main, a, b, w: main + 0.3 * (a + b),
)


@googlenet_loss.mistake(
    "You add the scores and take one loss. Each head has a loss of its own: it must be right by itself."
)
def _(outputs, labels, weight=0.3):
    if isinstance(outputs, torch.Tensor):
        return F.cross_entropy(outputs, labels)
    logits, a, b = outputs
    return F.cross_entropy(logits + weight * (a + b), labels)


@googlenet_loss.mistake(
    "In evaluation the outputs are one tensor (N, classes), and unpacking it takes its rows for heads. Ask "
    "for the type first."
)
def _(outputs, labels, weight=0.3):
    logits, *heads = outputs
    if isinstance(outputs, torch.Tensor):
        logits, heads, labels = logits[None], [head[None] for head in heads], labels[:1]
    return F.cross_entropy(logits, labels) + weight * sum(F.cross_entropy(head, labels) for head in heads)


@googlenet_loss.mistake(
    "A Python number has no gradient, and nothing can be trained with it: leave `.item()` or `float` out."
)
def _(outputs, labels, weight=0.3):
    return googlenet_loss.reference(outputs, labels, weight).item()


@googlenet_loss.mistake(
    "In training your loss is a Python number, which has no gradient: leave `.item()` or `float` out there "
    "too."
)
def _(outputs, labels, weight=0.3):
    loss = googlenet_loss.reference(outputs, labels, weight)
    return loss if isinstance(outputs, torch.Tensor) else loss.item()


_weighed(
    "The heads' losses are cut off: with `.item()` or `.detach()` they add a value and train nothing.",
    lambda main, a, b, w: main + w * (a + b).item(),
)


@googlenet_loss.alternative
def by_hand(outputs, labels, weight=0.3):
    def entropy(scores):
        return -scores.log_softmax(1)[torch.arange(len(labels)), labels].mean()

    if torch.is_tensor(outputs):
        return entropy(outputs)
    shares = (1, weight, weight)
    return sum(share * entropy(scores) for share, scores in zip(shares, outputs, strict=True))


auxiliary_effect = choice(
    "c",
    level=1,
    minutes=3,
    hints=("The second paper on Inception (2015) trained the same network with heads and without.",),
    replies={
        "a": (
            "Without them the network does not train at all: the gradient vanishes.",
            "It does train: here, and in the later paper. Good first weights and ReLU carry the gradient; "
            "the recorded run below has no heads in half of its networks.",
        ),
        "b": (
            "They make training faster from the start.",
            "That was hoped for in 2014. The later paper saw no difference early in training.",
        ),
        "c": (
            "They act as a regulariser: a slightly better end, and no faster beginning.",
            "Right, by the authors' own later paper: the two curves run together until late, and the "
            "network with heads ends slightly higher. The lower head could be removed without loss.",
        ),
        "d": (
            "They make the network's answer better because three answers are averaged.",
            "The heads are thrown away after training: in evaluation there is one answer.",
        ),
    },
)
