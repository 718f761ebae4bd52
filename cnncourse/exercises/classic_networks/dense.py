"""The three dense layers that end AlexNet and VGG."""

import torch
from torch import nn

from .._kinds import exercise
from ._swapped import swapped


@exercise(
    level=1,
    minutes=8,
    lines=6,
    equivalent={"nn.Dropout(0.5), nn.ReLU()": "a value that is set to zero or doubled passes ReLU as before"},
    hints=(
        "Flatten, then three times `nn.Linear`. What stands between two of them, and what after the last?",
        "`nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(0.5)`, then the same with hidden "
        "to hidden, "
        "and a last `nn.Linear(hidden, classes)` alone.",
    ),
    why="ReLU and dropout after the first two; the scores stay as they are.",
)
class DenseHead(nn.Module):
    """The end of AlexNet and of VGG: maps (N, C, H, W) with C · H · W = inputs give scores (N, classes).

    Two dense layers of `hidden` units, each followed by ReLU and then by dropout of one half, and a third
    that gives the scores. Sources: Krizhevsky and others (2012), Simonyan and Zisserman (2015).
    """

    def __init__(self, inputs, hidden=4096, classes=1000):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5),
            nn.Linear(hidden, classes),
        )  # fmt: skip

    def forward(self, maps):
        return self.layers(maps)


@DenseHead.examples
def _(draw):
    yield {"inputs": 12, "hidden": 6, "classes": 3}, draw(2, 3, 2, 2)
    yield {"inputs": 24, "hidden": 10, "classes": 5}, draw(3, 2, 4, 3)
    yield {"inputs": 9216}, torch.empty(1, 256, 6, 6, device="meta")


swapped(DenseHead, "Dropout is missing after the first two dense layers.", (3, None), (6, None))
swapped(DenseHead, "Dropout is missing after the second dense layer.", (6, None))
swapped(
    DenseHead,
    "Dropout of one half sets half of the values to zero. Yours sets another share.",
    *[(place, lambda **o: nn.Dropout(0.2)) for place in (3, 6)],
)
swapped(
    DenseHead,
    "Dropout stands before the dense layers, as in torchvision's AlexNet. Here it follows each ReLU.",
    (0, lambda **o: nn.Sequential(nn.Flatten(), nn.Dropout(0.5))),
    (6, None),
)
swapped(DenseHead, "ReLU is missing: without it the dense layers are no more than one.", (2, None), (5, None))
swapped(DenseHead, "ReLU is missing after the second dense layer.", (5, None))
swapped(
    DenseHead,
    "AlexNet and VGG bend with ReLU, not with tanh.",
    *[(place, lambda **o: nn.Tanh()) for place in (2, 5)],
)
swapped(
    DenseHead,
    "No ReLU after the last layer: scores may be negative.",
    (7, lambda inputs, hidden=4096, classes=1000: nn.Sequential(nn.Linear(hidden, classes), nn.ReLU())),
)
swapped(
    DenseHead,
    "That ends in softmax. Leave the scores as they are: PyTorch's cross-entropy applies softmax itself.",
    (7, lambda inputs, hidden=4096, classes=1000: nn.Sequential(nn.Linear(hidden, classes), nn.Softmax(1))),
)
swapped(
    DenseHead,
    "One layer is missing: two of `hidden` units, and a third for the scores.",
    *[(place, None) for place in (4, 5, 6)],
)


@DenseHead.alternative
class Written(nn.Module):
    def __init__(self, inputs, hidden=4096, classes=1000):
        super().__init__()
        self.third, self.second = nn.Linear(hidden, classes), nn.Linear(hidden, hidden)
        self.first = nn.Linear(inputs, hidden)

    def forward(self, x):
        for layer in (self.first, self.second):
            x = nn.functional.dropout(layer(x.flatten(1)).clamp(min=0), training=self.training)
        return self.third(x)
