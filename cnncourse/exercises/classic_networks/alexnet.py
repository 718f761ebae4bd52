"""AlexNet: its first side, its five convolutions, and its largest layer."""

import torch
import torch.nn.functional as F
from torch import nn

from ... import arithmetic
from .._kinds import exercise, value
from .response import local_response_norm

alexnet_first_side = value(
    lambda: arithmetic.output_size(224, 11, stride=4),
    level=1,
    minutes=3,
    right="Right: ⌊(224 − 11) / 4⌋ + 1 = 54. The paper prints 55, which takes a picture of 227.",
    hints=(
        "Chapter 02's formula: ⌊(n + 2p − k) / s⌋ + 1.",
        "Without padding: (224 − 11) / 4 = 53.25. What does the floor do, and what comes after it?",
    ),
    why="⌊(224 − 11) / 4⌋ + 1 = 54; with 227 it is 216 / 4 + 1 = 55.",
    wrong={
        55: "That is what the paper prints. Compute it: 224 does not give 55.",
        53: "The first window counts as well: floor, and then add 1.",
        54.25: "A window has a place or it has none: round down.",
        56: "That is 224 / 4. A kernel of 11 does not fit at the last places.",
        214: "That is without the stride of 4.",
        227: "That is a side of the picture; the side of the first maps is asked for.",
    },
)

alexnet_first_dense = value(
    lambda: arithmetic.linear_parameters(256 * 6 * 6, 4096),
    level=1,
    minutes=4,
    right="Right: 9,216 weights for each of 4,096 units, and 4,096 biases: 62 % of the whole network.",
    hints=(
        "How many numbers are in 256 maps of 6×6?",
        "9,216 numbers go to each of 4,096 units, and each unit has a bias.",
    ),
    why="256 · 6 · 6 = 9,216 inputs, 4,096 units: 9,216 · 4,096 + 4,096 = 37,752,832.",
    wrong={
        37_748_736: "The biases are missing: one for each of the 4,096 units.",
        9_216: "That is how many numbers come out of the flattening. Each of the 4,096 units has a weight "
        "for each.",
        1_052_672: "Flattening keeps every value: 256 maps of 6×6, not one number of each.",
        16_781_312: "That is the second dense layer, from 4,096 to 4,096.",
        58_631_144: "That is all three dense layers together; only the first is asked for.",
        177_213_440: "Those are maps of 13×13: conv5 is followed by a last pooling, which leaves 6×6.",
        37_757_952: "There is one bias for each unit that is made, and not for each input.",
    },
)


@exercise(
    level=3,
    minutes=20,
    lines=12,
    hints=(
        "Make five convolutions in `__init__`, the table's rows, and let `forward` say what follows each. "
        "`groups` goes "
        "to conv2, conv4 and conv5 only.",
        "A convolution of 5×5 keeps the size with padding 2, one of 3×3 with padding 1. conv1 has stride "
        "4 and no "
        "padding. Overlapping pooling is `F.max_pool2d(x, 3, 2)`.",
        "`x = F.max_pool2d(local_response_norm(self.conv1(x).relu()), 3, 2)`, the same with conv2; conv3 "
        "and conv4 "
        "with ReLU alone; conv5 with ReLU and pooling.",
    ),
    why="ReLU, then the response norm, then the pooling; two groups in conv2, conv4 and conv5.",
)
class AlexNetFeatures(nn.Module):
    """AlexNet up to the flattening, by the table above: (N, 3, 227, 227) gives (N, 256, 6, 6).

    `maps` are the channels of the five convolutions, and narrower ones are ours, for the check. `groups` are
    those of conv2, conv4 and conv5. Source: Krizhevsky and others (2012), section 3.5.
    """

    def __init__(self, maps=(96, 256, 384, 384, 256), groups=2):
        super().__init__()
        self.conv1 = nn.Conv2d(3, maps[0], 11, stride=4)
        self.conv2 = nn.Conv2d(maps[0], maps[1], 5, padding=2, groups=groups)
        self.conv3 = nn.Conv2d(maps[1], maps[2], 3, padding=1)
        self.conv4 = nn.Conv2d(maps[2], maps[3], 3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(maps[3], maps[4], 3, padding=1, groups=groups)

    def forward(self, x):
        x = F.max_pool2d(local_response_norm(self.conv1(x).relu()), 3, 2)  # (N, 96, 27, 27)
        x = F.max_pool2d(local_response_norm(self.conv2(x).relu()), 3, 2)  # (N, 256, 13, 13)
        x = self.conv4(self.conv3(x).relu()).relu()  # (N, 384, 13, 13)
        return F.max_pool2d(self.conv5(x).relu(), 3, 2)  # (N, 256, 6, 6)


@AlexNetFeatures.examples
def _(draw):
    yield {"maps": (2, 3, 2, 3, 1), "groups": 1}, 300 * draw(1, 3, 67, 67)
    yield {"maps": (4, 6, 10, 12, 96)}, 3 * draw(1, 3, 83, 99)
    yield {}, torch.empty(1, 3, 227, 227, device="meta")


def _forward(
    norm=local_response_norm.reference, pool=lambda x: F.max_pool2d(x, 3, 2), bend=torch.relu, norm_at=(1, 2)
):
    """AlexNet's forward with one thing otherwise; `norm_at` are the convolutions that are normalised."""

    def forward(self, x):
        for at, conv in enumerate((self.conv1, self.conv2, self.conv3, self.conv4, self.conv5), start=1):
            x = bend(conv(x))
            x = norm(x) if at in norm_at else x
            x = pool(x) if at in (1, 2, 5) else x
        return x

    return forward


def _wrong(message, forward=None, init=None):
    parts = {name: part for name, part in (("forward", forward), ("__init__", init)) if part}
    AlexNetFeatures.mistake(message)(type("Wrong", (AlexNetFeatures.reference,), parts))


def _rebuilt(change):
    """Another `__init__`: the right layers, and then a change of some."""

    def init(self, maps=(96, 256, 384, 384, 256), groups=2):
        AlexNetFeatures.reference.__init__(self, maps, groups)
        change(self, maps, groups)

    return init


def _no_groups(self, maps, groups):
    AlexNetFeatures.reference.__init__(self, maps, 1)


def _all_groups(self, maps, groups):
    self.conv3 = nn.Conv2d(maps[1], maps[2], 3, padding=1, groups=groups if maps[1] % groups == 0 else 1)


def _stride_late(self, maps, groups):
    self.conv1 = nn.Conv2d(3, maps[0], 11, stride=2)
    self.conv2 = nn.Conv2d(maps[0], maps[1], 5, stride=2, padding=2, groups=groups)


def _conv1_padded(self, maps, groups):
    self.conv1 = nn.Conv2d(3, maps[0], 11, stride=4, padding=2)


def _unpadded(self, maps, groups):
    self.conv2 = nn.Conv2d(maps[0], maps[1], 5, padding=1, groups=groups)


_wrong(
    "The groups are missing: conv2, conv4 and conv5 stayed on their own GPU, so they take `groups=groups`.",
    init=_rebuilt(_no_groups),
)
_wrong(
    "conv3 has no groups: it is the one convolution between the two GPUs that sees the maps of both.",
    init=_rebuilt(_all_groups),
)
_wrong(
    "The channels are right and the resolution is not: the stride of 4 belongs to conv1, all of it.",
    init=_rebuilt(_stride_late),
)
_wrong(
    "conv1 is padded. That lets 224 in, as torchvision does; the paper's 55 comes from 227 without padding.",
    init=_rebuilt(_conv1_padded),
)
_wrong("conv2 keeps the size: a kernel of 5×5 takes a padding of 2.", init=_rebuilt(_unpadded))
_wrong("The response normalisation is missing after conv1 and conv2.", _forward(norm_at=()))
_wrong(
    "conv2 is normalised as well: its maps, too, go through the response normalisation.",
    _forward(norm_at=(1,)),
)
_wrong("Only conv1 and conv2 are normalised, not all five.", _forward(norm_at=(1, 2, 3, 4, 5)))
_wrong(
    "Your response normalisation divides the sum by 5, as PyTorch's α has it. The paper's α multiplies "
    "the sum.",
    _forward(norm=lambda x: F.local_response_norm(x, 5, 1e-4, 0.75, 2.0)),
)
_wrong(
    "The windows stand side by side. AlexNet's overlap: 3×3, two cells apart.",
    _forward(pool=lambda x: F.max_pool2d(x, 2)),
)
_wrong(
    "You pool by the average. AlexNet keeps the largest value.",
    _forward(pool=lambda x: F.avg_pool2d(x, 3, 2)),
)
_wrong("tanh bends here. ReLU was AlexNet's first novelty.", _forward(bend=torch.tanh))


@AlexNetFeatures.mistake(
    "ReLU comes before the response normalisation: negative answers must not divide others."
)
class _NormFirst(AlexNetFeatures.reference):
    def forward(self, x):
        x = F.max_pool2d(local_response_norm(self.conv1(x)).relu(), 3, 2)
        x = F.max_pool2d(local_response_norm(self.conv2(x)).relu(), 3, 2)
        return F.max_pool2d(self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu(), 3, 2)


@AlexNetFeatures.mistake("The normalisation comes before the pooling: neighbours compete at full resolution.")
class _PoolFirst(AlexNetFeatures.reference):
    def forward(self, x):
        x = local_response_norm(F.max_pool2d(self.conv1(x).relu(), 3, 2))
        x = local_response_norm(F.max_pool2d(self.conv2(x).relu(), 3, 2))
        return F.max_pool2d(self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu(), 3, 2)


@AlexNetFeatures.mistake("The last ReLU is missing: conv5 is bent too, before its pooling.")
class _NoLastReLU(AlexNetFeatures.reference):
    def forward(self, x):
        x = F.max_pool2d(local_response_norm(self.conv1(x).relu()), 3, 2)
        x = F.max_pool2d(local_response_norm(self.conv2(x).relu()), 3, 2)
        return F.max_pool2d(self.conv5(self.conv4(self.conv3(x).relu()).relu()), 3, 2)


@AlexNetFeatures.mistake("ReLU is missing between conv3, conv4 and conv5: it follows every convolution.")
class _NoMiddleReLU(AlexNetFeatures.reference):
    def forward(self, x):
        x = F.max_pool2d(local_response_norm(self.conv1(x).relu()), 3, 2)
        x = F.max_pool2d(local_response_norm(self.conv2(x).relu()), 3, 2)
        return F.max_pool2d(self.conv5(self.conv4(self.conv3(x))).relu(), 3, 2)


@AlexNetFeatures.mistake("The pooling after conv5 is missing: 6×6 maps are flattened, not 13×13.")
class _NoLastPool(AlexNetFeatures.reference):
    def forward(self, x):
        x = F.max_pool2d(local_response_norm(self.conv1(x).relu()), 3, 2)
        x = F.max_pool2d(local_response_norm(self.conv2(x).relu()), 3, 2)
        return self.conv5(self.conv4(self.conv3(x).relu()).relu()).relu()


@AlexNetFeatures.alternative
class InARow(nn.Sequential):
    def __init__(self, maps=(96, 256, 384, 384, 256), groups=2):
        def block(before, after, kernel, groups, *then):
            return [
                nn.Conv2d(before, after, kernel, padding=kernel // 2, groups=groups),
                nn.ReLU(inplace=True),
                *then,
            ]

        def norm():
            return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)

        super().__init__(
            nn.Conv2d(3, maps[0], 11, 4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
            *block(maps[0], maps[1], 5, groups, norm(), nn.MaxPool2d(3, 2)),
            *block(maps[1], maps[2], 3, 1),
            *block(maps[2], maps[3], 3, groups),
            *block(maps[3], maps[4], 3, groups, nn.MaxPool2d(3, 2)),
        )  # fmt: skip
