"""GoogLeNet from the paper's Table 1: its stem, and the network that a plan describes."""

import torch
from torch import nn

from .._kinds import exercise
from ..classic_networks._swapped import swapped
from .auxiliary import AuxiliaryHead
from .inception import Inception


@exercise(
    level=2,
    minutes=15,
    lines=10,
    seconds=20.0,
    equivalent={
        "padding=3), nn.MaxPool2d": "the largest value of a window and ReLU commute",
        "nn.LocalResponseNorm(5, alpha=0.0005, k=2)": "0.75 is PyTorch's own β",
    },
    hints=(
        "Three convolutions, two poolings, two normalisations, one row of the table after the other. Which "
        "padding keeps the size at stride 1, and halves it at stride 2?",
        "112 pixels and a window of 3, two apart: ⌊(112 − 3) / 2⌋ + 1 = 55. The table has 56: the pooling "
        "rounds up, `ceil_mode=True`.",
        "`nn.Conv2d(in_channels, maps[0], 7, stride=2, padding=3), nn.ReLU(), nn.MaxPool2d(3, 2, "
        "ceil_mode=True)`, the norm; a 1×1 and a 3×3 convolution with ReLU, the norm, the pooling again.",
    ),
    why="Three halvings, 224 to 28, before the first module: what comes after is 64 times cheaper a channel.",
)
class GoogLeNetStem(nn.Module):
    """What comes before the first inception module: (N, in_channels, 224, 224) gives (N, maps[2], 28, 28).

    A 7×7 convolution, stride 2, to maps[0]; max pooling; response norm; a 1×1 convolution to maps[1]; a 3×3
    convolution to maps[2]; response norm; max pooling. ReLU after every convolution. Convolutions are padded
    by half their kernel; both poolings are 3×3, stride 2, unpadded, and round their size up. The response
    norm is `nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)`.
    Source: Szegedy and others (2015), Figure 3.
    """

    def __init__(self, in_channels=3, maps=(64, 64, 192)):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(in_channels, maps[0], 7, stride=2, padding=3), nn.ReLU(),  # (N, 64, 112, 112)
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (N, 64, 56, 56)
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2),
            nn.Conv2d(maps[0], maps[1], 1), nn.ReLU(),
            nn.Conv2d(maps[1], maps[2], 3, padding=1), nn.ReLU(),  # (N, 192, 56, 56)
            nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2),
            nn.MaxPool2d(3, 2, ceil_mode=True),  # (N, 192, 28, 28)
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)


@GoogLeNetStem.examples
def _(draw):
    yield {"in_channels": 2, "maps": (4, 6, 5)}, 100 * draw(1, 2, 20, 17)
    yield {}, torch.empty(1, 3, 224, 224, device="meta")


def _stem(make):
    """A layer of the stem from its channels."""
    return lambda in_channels=3, maps=(64, 64, 192): make(in_channels, *maps)


POOLS, NORMS = (2, 9), (3, 8)

swapped(
    GoogLeNetStem,
    "Your poolings round down: 55 and 27 pixels where the table has 56 and 28. ceil_mode=True rounds up.",
    *[(place, lambda **options: nn.MaxPool2d(3, 2)) for place in POOLS],
)
swapped(
    GoogLeNetStem,
    "Your poolings are padded instead of rounding up. The size is right and every window is one pixel off.",
    *[(place, lambda **options: nn.MaxPool2d(3, 2, padding=1)) for place in POOLS],
)
swapped(
    GoogLeNetStem,
    "Your pooling windows are 2×2. The size is right; the table's overlap, 3×3.",
    *[(place, lambda **options: nn.MaxPool2d(2, 2, ceil_mode=True)) for place in POOLS],
)
swapped(
    GoogLeNetStem,
    "The channels are right and the resolution is not: it is the 7×7 convolution that has stride 2, not the "
    "3×3 one.",
    (0, _stem(lambda c, a, b, d: nn.Conv2d(c, a, 7, padding=3))),
    (6, _stem(lambda c, a, b, d: nn.Conv2d(b, d, 3, stride=2, padding=1))),
)
swapped(GoogLeNetStem, "Both response norms are missing.", *[(place, None) for place in NORMS])
swapped(GoogLeNetStem, "The second response norm is missing.", (8, None))
swapped(
    GoogLeNetStem,
    "The second response norm comes before its pooling.",
    (8, lambda **options: nn.MaxPool2d(3, 2, ceil_mode=True)),
    (9, lambda **options: nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)),
)
swapped(GoogLeNetStem, "ReLU is missing after the 1×1 convolution.", (5, None))


@GoogLeNetStem.alternative
class Stepwise(nn.Module):
    def __init__(self, in_channels=3, maps=(64, 64, 192)):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, maps[0], 7, 2, 3)
        self.conv2, self.conv3 = nn.Conv2d(maps[0], maps[1], 1), nn.Conv2d(maps[1], maps[2], 3, 1, 1)

    def forward(self, x):
        def pool(x):
            return nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)

        def norm(x):
            return nn.functional.local_response_norm(x, 5, 5e-4, 0.75, 2.0)

        x = norm(pool(self.conv1(x).relu()))
        return pool(norm(self.conv3(self.conv2(x).relu()).relu()))


@exercise(
    level=3,
    minutes=25,
    lines=20,
    seconds=30.0,
    equivalent={
        "head=(128, 1024), classes": "the 16 places are `AuxiliaryHead`'s own default",
        "nn.Dropout(0.4), nn.Flatten()": "maps of one place are dropped as numbers are",
    },
    hints=(
        'A loop over the plan, as in VGG: each row becomes an `Inception`, each "pool" a pooling. What has '
        "to be remembered from one module to the next? A row makes row[0] + row[2] + row[4] + row[5] maps.",
        "Let the stem be the first part of the body. Keep the heads apart, and with each the number of parts "
        "that come before it: "
        "`self.heads[str(len(self.body))] = AuxiliaryHead(...)` in an `nn.ModuleDict`.",
        "In `forward`, `for i, part in enumerate(self.body, start=1):` take `x = part(x)`, and if "
        "`self.training and str(i) in self.heads`, keep that head's scores. At the end "
        "`return (logits, *answers) if answers else logits`.",
    ),
    why="Nine modules, one dense layer: 22 layers with weights on the way through.",
)
class GoogLeNet(nn.Module):
    """GoogLeNet by a plan: in training (logits, one head's scores after the other), in evaluation the logits.

    A `GoogLeNetStem` with `stem` maps, then the plan in order: a row of six widths is an `Inception` module,
    "pool" a max pooling like those of the stem, "aux" an `AuxiliaryHead` (classes and `head` are its options)
    that reads the maps at this point and changes nothing on the way. At the end the mean of each map, dropout
    of 0.4, and one dense layer. Without heads, in training too, the logits alone. Images (N, 3, H, W).
    Source: Szegedy and others (2015), Table 1 and section 5.
    """

    def __init__(self, plan, stem=(64, 64, 192), head=(128, 1024, 16), classes=1000):
        super().__init__()
        self.body, channels = nn.ModuleList([GoogLeNetStem(maps=stem)]), stem[-1]
        self.heads = nn.ModuleDict()
        for entry in plan:
            if entry == "pool":
                self.body.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            elif entry == "aux":
                self.heads[str(len(self.body))] = AuxiliaryHead(channels, classes, *head)
            else:
                self.body.append(Inception(channels, entry))
                channels = entry[0] + entry[2] + entry[4] + entry[5]
        self.end = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.4), nn.Linear(channels, classes)
        )

    def forward(self, images):
        x, answers = images, []
        for i, part in enumerate(self.body, start=1):
            x = part(x)
            if self.training and str(i) in self.heads:
                answers.append(self.heads[str(i)](x))
        logits = self.end(x)  # (N, classes)
        return (logits, *answers) if answers else logits


@GoogLeNet.examples
def _(draw):
    # widths that are all different are told apart at once; equal ones cost the check more passes
    row, narrow = (5, 6, 7, 8, 9, 10), {"stem": (2, 3, 4), "head": (12, 13, 1)}
    yield {"plan": ["pool"], **narrow, "classes": 2}, 100 * draw(1, 3, 17, 20)
    yield {"plan": ["aux", row, "aux", "pool"], **narrow, "classes": 3}, 100 * draw(1, 3, 39, 40)
    yield {"plan": ["aux"]}, torch.empty(1, 3, 64, 64, device="meta")


def _assembled(message, pool=None, end=None, walk=None):
    """A mistake: other poolings, another end (of channels, classes), or another way through."""

    def init(self, plan, stem=(64, 64, 192), head=(128, 1024, 16), classes=1000):
        GoogLeNet.reference.__init__(self, plan, stem, head, classes)
        if pool:
            self.body = nn.ModuleList([pool() if isinstance(p, nn.MaxPool2d) else p for p in self.body])
        if end:
            self.end = end(self.end[-1].in_features, classes)

    parts = {"__init__": init} | ({"forward": walk} if walk else {})
    GoogLeNet.mistake(message)(type("Wrong", (GoogLeNet.reference,), parts))


def _through(self, images):
    """(logits, [(maps before the head's part, maps after it, head)]) of a network."""
    x, taps = images, []
    for i, part in enumerate(self.body, start=1):
        before, x = x, part(x)
        if str(i) in self.heads:
            taps.append((before, x, self.heads[str(i)]))
    return self.end(x), taps


def _walk(combine):
    """A forward that goes wrong in training, by combine(logits, taps)."""

    def forward(self, images):
        logits, taps = _through(self, images)
        return combine(logits, taps) if self.training and taps else logits

    return forward


def _always(self, images):
    logits, taps = _through(self, images)
    return (logits, *[head(x) for _, x, head in taps]) if taps else logits


def _ended(*layers):
    return lambda channels, classes: nn.Sequential(*layers, nn.Linear(channels, classes))


_assembled(
    "The heads answer in evaluation too: ask `self.training`, and return the logits alone.", walk=_always
)
_assembled(
    "In training the heads' scores are missing: return (logits, aux1, aux2).",
    walk=_walk(lambda logits, taps: logits),
)
_assembled(
    "The scores come in another order: the network's own, then the lower head's, then the upper one's.",
    walk=_walk(lambda logits, taps: (logits, *[head(x) for _, x, head in taps[::-1]])),
)
_assembled(
    "The heads are cut off from the network: with `.detach()` no gradient reaches the modules below, and "
    "that was the point of them.",
    walk=_walk(lambda logits, taps: (logits, *[head(x.detach()) for _, x, head in taps])),
)
_assembled(
    "You add the heads' scores to the logits. What is added, later, are their losses: return all three.",
    walk=_walk(lambda logits, taps: logits + 0.3 * sum(head(x) for _, x, head in taps)),
)
_assembled(
    'The channels are right and the resolution is not: a pooling stands at every "pool" of the plan.',
    pool=nn.Identity,
)
_assembled(
    "Your poolings are 2×2, as torchvision's fourth is. The paper's are 3×3, two pixels apart.",
    pool=lambda: nn.MaxPool2d(2, 2, ceil_mode=True),
)
_assembled("Dropout is missing before the dense layer.", end=_ended(nn.AdaptiveAvgPool2d(1), nn.Flatten()))


@GoogLeNet.alternative
class Chained(nn.Module):
    def __init__(self, plan, stem=(64, 64, 192), head=(128, 1024, 16), classes=1000):
        super().__init__()
        self.kinds, self.parts = [], nn.ModuleList([GoogLeNetStem(maps=stem)])
        width = stem[2]
        for entry in plan:
            self.kinds.append(entry)
            if entry == "pool":
                self.parts.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            elif entry == "aux":
                maps, hidden, places = head
                self.parts.append(AuxiliaryHead(width, classes, maps, hidden, places))
            else:
                self.parts.append(Inception(width, entry))
                width = sum(entry) - entry[1] - entry[3]
        self.scores = nn.Linear(width, classes)

    def forward(self, x):
        x, said = self.parts[0](x), ()
        for kind, part in zip(self.kinds, self.parts[1:], strict=True):
            if kind != "aux":
                x = part(x)
            elif self.training:
                said += (part(x),)
        logits = self.scores(nn.functional.dropout(x.mean((2, 3)), 0.4, self.training))
        return (logits, *said) if said else logits
