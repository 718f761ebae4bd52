"""LeNet-5 as everybody teaches it, after LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied
to Document Recognition", Proceedings of the IEEE 86(11), 1998.

    layer     maps @ side    kernel    parameters
    C1          6 @ 28        5×5             156
    S2          6 @ 14        2×2/2             0
    C3         16 @ 10        5×5           2,416
    S4         16 @  5        2×2/2             0
    C5        120                          48,120
    F6         84                          10,164
    output     10                             850
                                           61,706

The paper's own network is in `lenet_1998.py`. This form lets every map of C3 see all six of S2, pools by
plain averages, uses tanh unscaled, and ends in linear logits instead of RBF units. Initialisation: PyTorch's
default.
"""

import torch
from torch import nn

from ._card import Card, check_images, find

CARDS = {
    "lenet5": Card(
        params=61_706,
        macs=416_520,
        input=(1, 32, 32),
        error="not published for this form; lenet5_1998 has the paper's",
        source="after LeCun et al., Proceedings of the IEEE 86(11), 1998",
        stages={"c1": (6, 28, 28), "s2": (6, 14, 14), "c3": (16, 10, 10), "s4": (16, 5, 5),
                "c5": (120,), "f6": (84,), "output": (10,)},
    )
}  # fmt: skip


class LeNet5(nn.Module):
    """The dense form; logits (N, classes) for images (N, in_channels, 32, 32)."""

    def __init__(self, classes=10, in_channels=1):
        super().__init__()
        self.in_channels = in_channels
        self.c1 = nn.Conv2d(in_channels, 6, 5)
        self.s2 = nn.AvgPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.s4 = nn.AvgPool2d(2)
        self.c5 = nn.Linear(16 * 5 * 5, 120)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, classes)

    def forward(self, x):
        check_images(x, self.in_channels, exactly=32)
        x = self.s2(torch.tanh(self.c1(x)))  # (N, 6, 14, 14)
        x = self.s4(torch.tanh(self.c3(x)))  # (N, 16, 5, 5)
        x = torch.tanh(self.c5(x.flatten(1)))  # (N, 120)
        x = torch.tanh(self.f6(x))  # (N, 84)
        return self.output(x)


def build(name, **options):
    """Build `lenet5` untrained; options: classes=10, in_channels=1."""
    return find(name, {"lenet5": LeNet5})(**options)
