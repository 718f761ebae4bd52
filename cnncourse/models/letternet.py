"""A small network of ours, to be trained on printed letters and carried over to other tasks; no paper's.

    stage      1       2       3       4       head
    maps       16      32      64      64      classes
    side       8       4       4       1       after 3×3 convolution, batch norm, ReLU; max or global pooling

The stages are what one freezes in chapter 09. `width` multiplies all channels: narrow twins for exercises.
"""

from torch import nn

from ._card import Card, check_images, find, narrow

CONFIGS = {"letternet": (16, 32, 64, 64)}  # maps of the four stages


class LetterNet(nn.Module):
    """Logits (N, classes) for grey images (N, 1, H, W); `features` are the (N, 64) that the head sees."""

    def __init__(self, maps, classes=26):
        super().__init__()
        first, second, third, fourth = maps
        self.stage1 = nn.Sequential(*_block(1, first), nn.MaxPool2d(2))
        self.stage2 = nn.Sequential(*_block(first, second), nn.MaxPool2d(2))
        self.stage3 = nn.Sequential(*_block(second, third))
        self.stage4 = nn.Sequential(*_block(third, fourth), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(fourth, classes)

    def features(self, x):
        check_images(x, 1, at_least=4)  # (N, 1, 16, 16)
        x = self.stage1(x)  # (N, 16, 8, 8)
        x = self.stage2(x)  # (N, 32, 4, 4)
        x = self.stage3(x)  # (N, 64, 4, 4)
        return self.stage4(x)  # (N, 64)

    def forward(self, x):
        return self.head(self.features(x))  # (N, classes)


def _block(inputs, outputs):
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()


CARDS = {
    "letternet": Card(62_090, 1_218_176, (1, 16, 16), "not published", "a teaching example",
        {"stage1": (16, 8, 8), "stage2": (32, 4, 4), "stage3": (64, 4, 4), "stage4": (64,), "head": (26,)}),
}  # fmt: skip


def build(name, classes=26, width=1):
    """Build an untrained network by name; `width` multiplies all channels."""
    return LetterNet([narrow(maps, width) for maps in find(name, CONFIGS)], classes)
