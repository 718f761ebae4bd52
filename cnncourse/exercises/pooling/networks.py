"""Two small networks: what the last pooling saves, and the smaller one built."""

from torch import nn

from ... import arithmetic
from .._kinds import exercise, value

dense_without_pool = value(
    lambda: arithmetic.linear_parameters(256 * 7 * 7, 128),
    level=1,
    minutes=4,
    right="Right: 1,605,760 instead of 295,040, more than the whole network has with its third pooling.",
    hints=(
        "Which shape reaches the flattening when the third pooling is not there?",
        "256 maps of 7×7 flatten into 12,544 numbers, and each of the 128 units has a weight for every one, "
        "and a bias.",
    ),
    why="256 · 7 · 7 = 12,544 inputs for each of 128 units, and 128 biases.",
    wrong={
        295_040: "That is the layer with the third pooling, which leaves 3×3. Without it 7×7 is left.",
        1_605_632: "The biases are missing: one for each of the 128 units.",
        1_180_160: "Without the third pooling the side is 7, not 6: the floor of 7 / 2 came after.",
        6_422_656: "That is without the last two poolings. Only the third is taken away: 28, 14, 7.",
        6_400: "Flattening keeps every value: 256 maps of 7×7, not one of them.",
        12_544: (
            "That is how many numbers come out of the flattening: each of the 128 units has a weight for "
            "each."
        ),
        2_724_554: (
            "That is the whole network without the third pooling. Only its first dense layer is asked for."
        ),
    },
)


@exercise(
    level=2,
    minutes=15,
    lines=14,
    equivalent={
        "nn.MaxPool2d(2), nn.ReLU()": "ReLU and max pooling commute",
        "nn.Flatten(), nn.ReLU()": "ReLU acts on each number by itself, whatever the shape",
        "nn.Dropout(0.2), nn.ReLU()": "a value that is set to zero or scaled up passes ReLU as before",
    },
    hints=(
        "`nn.Sequential` takes the table line by line. Only the flattening's size has to be worked out: "
        "28 → 26 → 13 → 11 → 5 → 3.",
        "A block is `nn.Conv2d(1, width, 3), nn.ReLU(), nn.MaxPool2d(2)`. The third has no pooling, so "
        "2 · width maps of 3×3 are flattened.",
        "After `nn.Flatten()`: `nn.Linear(2 * width * 9, 2 * width)`, ReLU, `nn.Dropout(0.2)`, and a last "
        "`nn.Linear` "
        "to the classes, without ReLU.",
    ),
    why=(
        "Two blocks of Conv, ReLU, Pool; one without Pool; flatten, and two dense layers: the scores stay "
        "as they are."
    ),
)
class SmallNetwork(nn.Module):
    """A convolutional network for grey pictures of 28×28, by the table above; `width` is ours, for the check.

    3×3 convolutions without padding: width maps, 2 · width, 2 · width; 2×2 max pooling after the first two.
    Then a dense layer of 2 · width units, dropout of 0.2, and one score for each class: (N, 1, 28, 28) gives
    (N, classes). ReLU follows every layer that has weights, except the last.
    """

    def __init__(self, width=32, classes=10):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, width, 3), nn.ReLU(), nn.MaxPool2d(2),  # (N, width, 13, 13)
            nn.Conv2d(width, 2 * width, 3), nn.ReLU(), nn.MaxPool2d(2),  # (N, 2 · width, 5, 5)
            nn.Conv2d(2 * width, 2 * width, 3), nn.ReLU(),  # (N, 2 · width, 3, 3)
            nn.Flatten(), nn.Linear(2 * width * 9, 2 * width), nn.ReLU(),
            nn.Dropout(0.2), nn.Linear(2 * width, classes),
        )  # fmt: skip

    def forward(self, images):
        return self.layers(images)


@SmallNetwork.examples
def _(draw):
    yield {"width": 2, "classes": 3}, draw(2, 1, 28, 28)
    yield {"width": 3}, draw(1, 1, 28, 28)
    yield {}, draw(1, 1, 28, 28)


def _wrong(message, change):
    """A mistake made by exchanging some of the reference's thirteen layers; None leaves one out."""

    def init(self, width=32, classes=10):
        SmallNetwork.reference.__init__(self, width, classes)
        layers = list(self.layers)
        change(layers, width, classes)
        self.layers = nn.Sequential(*[layer for layer in layers if layer is not None])

    SmallNetwork.mistake(message)(type("Wrong", (SmallNetwork.reference,), {"__init__": init}))


def _put(*places):
    """A change: layer number → what stands there instead, a function of the width and the classes."""

    def change(layers, width, classes):
        for number, make in places:
            layers[number] = make and make(width, classes)

    return change


_wrong("Dropout is missing before the last layer.", _put((11, None)))
_wrong(
    "Dropout of 0.2 sets a fifth of the values to zero. Yours sets another share.",
    _put((11, lambda w, k: nn.Dropout(0.5))),
)
_wrong("ReLU is missing after the dense layer in the middle.", _put((10, None)))
_wrong("ReLU is missing after the third convolution.", _put((7, None)))
_wrong("ReLU is missing after the first two convolutions.", _put((1, None), (4, None)))
_wrong(
    "The scores may be negative, so no ReLU follows the last layer.",
    _put((12, lambda w, k: nn.Sequential(nn.Linear(2 * w, k), nn.ReLU()))),
)
_wrong(
    "That ends in softmax. Leave the scores as they are: PyTorch's cross-entropy applies softmax itself.",
    _put((12, lambda w, k: nn.Sequential(nn.Linear(2 * w, k), nn.Softmax(1)))),
)
_wrong(
    "You pool by the average. This network keeps the largest value of each 2×2.",
    _put((2, lambda w, k: nn.AvgPool2d(2)), (5, lambda w, k: nn.AvgPool2d(2))),
)
_wrong(
    "Your convolutions are padded, so 7×7 maps reach the flattening. Here they are valid: 26, 11, 3.",
    _put(
        (0, lambda w, k: nn.Conv2d(1, w, 3, padding=1)),
        (3, lambda w, k: nn.Conv2d(w, 2 * w, 3, padding=1)),
        (6, lambda w, k: nn.Conv2d(2 * w, 2 * w, 3, padding=1)),
        (9, lambda w, k: nn.Linear(2 * w * 49, 2 * w)),
    ),
)
_wrong(
    "The third convolution has a pooling behind it. It has none here: 3×3 maps are flattened, 9 values of "
    "each.",
    _put(
        (7, lambda w, k: nn.Sequential(nn.ReLU(), nn.MaxPool2d(2))), (9, lambda w, k: nn.Linear(2 * w, 2 * w))
    ),
)


@SmallNetwork.alternative
class Written(nn.Module):
    def __init__(self, width=32, classes=10):
        super().__init__()
        self.out = nn.Linear(2 * width, classes)
        self.dense = nn.Linear(18 * width, 2 * width)
        self.third = nn.Conv2d(2 * width, 2 * width, 3)
        self.second = nn.Conv2d(width, 2 * width, 3)
        self.first = nn.Conv2d(1, width, 3)

    def forward(self, x):
        x = nn.functional.max_pool2d(self.first(x), 2).relu()  # ReLU and max pooling commute
        x = nn.functional.max_pool2d(self.second(x), 2).relu()
        x = self.dense(self.third(x).relu().flatten(1)).relu()
        return self.out(nn.functional.dropout(x, 0.2, self.training))
