"""Three small networks of the kind that introductions to Keras teach with, for 28×28×1 images; no paper's.

`keras_small` and `keras_wide` are chapter 03's pair; `keras_counted` is the one whose parameters chapter 01
counts by hand. ReLU follows every weight layer but the last; pools are 2×2. Initialisation: Glorot & Bengio
(2010) with biases 0, which is Keras' default.
"""

from torch import nn

from ._card import Card, check_images, find

# A tuple is a convolution (maps, kernel, padding), "pool" halves, an int is a dense layer, a float a dropout.
CONFIGS = {
    "keras_small": ((32, 3, 0), "pool", (64, 3, 0), "pool", (64, 3, 0), "flatten", 64, 0.2),
    "keras_wide": (
        (64, 7, 3), "pool",
        (128, 3, 1), (128, 3, 1), "pool",
        (256, 3, 1), (256, 3, 1), "pool",
        "flatten", 128, 0.5, 64, 0.5,
    ),
    "keras_counted": ((32, 3, 0), "pool", (64, 3, 0), "pool", (128, 3, 0), "flatten", 128),
}  # fmt: skip

CARDS = {
    "keras_small": Card(93_322, 2_794_240, (1, 28, 28), "not published", "a teaching example",
        {"layers.2": (32, 13, 13), "layers.5": (64, 5, 5), "layers.8": (576,), "layers": (10,)}),
    "keras_wide": Card(1_413_834, 89_466_496, (1, 28, 28), "not published", "a teaching example",
        {"layers.2": (64, 14, 14), "layers.7": (128, 7, 7), "layers.12": (256, 3, 3), "layers.13": (2304,),
         "layers": (10,)}),
    "keras_counted": Card(241_546, 3_237_248, (1, 28, 28), "not published", "a teaching example",
        {"layers.2": (32, 13, 13), "layers.5": (64, 5, 5), "layers.8": (1152,), "layers": (10,)}),
}  # fmt: skip


def layers(config, width, side, classes):
    """Yield the layers of a configuration, keeping count of what a dense layer will receive."""
    for entry in (*config, classes):
        match entry:
            case "pool":
                yield nn.MaxPool2d(2)
                side = side // 2
            case "flatten":
                yield nn.Flatten()
                width = width * side * side
            case maps, kernel, padding:
                yield from (nn.Conv2d(width, maps, kernel, padding=padding), nn.ReLU())
                width, side = maps, side + 2 * padding - kernel + 1
            case int():
                yield from (nn.Linear(width, entry), nn.ReLU())
                width = entry
            case float():
                yield nn.Dropout(entry)


class KerasSmall(nn.Module):
    """One of the configurations; logits (N, classes) for images (N, in_channels, 28, 28)."""

    def __init__(self, config, classes=10, in_channels=1):
        super().__init__()
        self.in_channels = in_channels
        *body, _ = layers(config, in_channels, 28, classes)  # logits have no ReLU
        self.layers = nn.Sequential(*body)
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels, exactly=28)
        return self.layers(x)


def initialise(layer):
    """Draw a layer's weights as Glorot & Bengio (2010) do; biases are 0."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)


def build(name, **options):
    """Build one of the three untrained; options: classes=10, in_channels=1."""
    return KerasSmall(find(name, CONFIGS), **options)
