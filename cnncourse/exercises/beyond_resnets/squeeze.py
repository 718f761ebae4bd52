"""Squeeze-and-excitation, and its place in a residual block."""

import torch
from torch import nn

from ...models import senet
from .._kinds import exercise
from ._rebuilt import rebuilt

SqueezeExcitation = exercise(
    senet.SqueezeExcitation,
    level=2,
    minutes=15,
    lines=6,
    equivalent={
        "activation()": "working in place saves memory and changes no number",
        "activation(inplace=False)": "the same, said aloud",
        "mean((3, 2)": "the order in which axes are named does not matter",
    },
    hints=(
        "Three steps: one number for each channel; two small layers that turn these C numbers into C "
        "factors; "
        "each channel times its factor.",
        "`x.mean((2, 3), keepdim=True)` is (N, C, 1, 1): a picture of one pixel, and `nn.Conv2d(C, "
        "squeezed, 1)` "
        "takes it. `activation()` makes the layer between the two.",
        "`torch.sigmoid(self.fc2(self.activation(self.fc1(z))))` is (N, C, 1, 1), and `x * s` spreads "
        "it over "
        "height and width.",
    ),
    why="The sigmoid lets every channel through to a share of its own, and one picture's shares are not "
    "another's.",
)


@SqueezeExcitation.examples
def _(draw):
    yield {"channels": 4, "squeezed": 3}, 6 * draw(3, 4, 2, 3)
    yield {"channels": 5, "squeezed": 2, "activation": nn.SiLU}, 4 * draw(2, 5, 3, 2)


def _squeeze_by(pool):
    def forward(self, x):
        return x * torch.sigmoid(self.fc2(self.activation(self.fc1(pool(x)))))

    return forward


def _gate(bend):
    def forward(self, x):
        return x * bend(self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True)))))

    return forward


def _wrong(message, forward=None, change=None):
    rebuilt(SqueezeExcitation, message, change, forward)


_wrong(
    "You squeeze by the largest value. The paper takes the mean of each channel.",
    _squeeze_by(lambda x: x.amax((2, 3), keepdim=True)),
)
_wrong(
    "You squeeze by the sum. The mean does not grow with the picture.",
    _squeeze_by(lambda x: x.sum((2, 3), keepdim=True)),
)
_wrong(
    "Nothing is squeezed: the two layers work at every pixel. Average each channel first.",
    _squeeze_by(lambda x: x),
)
_wrong(
    "The batch is averaged too, so a picture's factors depend on its company. Average over height and width.",
    _squeeze_by(lambda x: x.mean((0, 2, 3), keepdim=True)),
)
_wrong("The sigmoid is missing: a factor is to lie between 0 and 1.", _gate(lambda s: s))
_wrong("The factors come from ReLU. A sigmoid keeps them between 0 and 1.", _gate(torch.relu))
_wrong(
    "Softmax makes the channels compete: the factors sum to 1. Each has a sigmoid of its own, and "
    "all may be open.",
    _gate(lambda s: s.softmax(1)),
)


def _only_factors(self, x):
    return torch.sigmoid(self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True))))).expand_as(x)


def _plus_input(self, x):
    return x + SqueezeExcitation.reference.forward(self, x)


def _added(self, x):
    return x + torch.sigmoid(self.fc2(self.activation(self.fc1(x.mean((2, 3), keepdim=True)))))


def _no_activation(self, x):
    return x * torch.sigmoid(self.fc2(self.fc1(x.mean((2, 3), keepdim=True))))


def _late_activation(self, x):
    return x * torch.sigmoid(self.activation(self.fc2(self.fc1(x.mean((2, 3), keepdim=True)))))


_wrong("Those are the factors. Multiply the input by them.", _only_factors)
_wrong(
    "The input is added again. Squeeze-and-excitation scales; the block around it has the addition.",
    _plus_input,
)
_wrong("The factors are added to the channels; they are to multiply them.", _added)
_wrong(
    "Nothing bends between the two layers, so they could be one: `activation` stands there.", _no_activation
)
_wrong(
    "The activation stands between the two layers, and the sigmoid alone comes after the second.",
    _late_activation,
)


def _always_relu(self, channels, squeezed, activation=nn.ReLU):
    self.activation = nn.ReLU()


def _dense(self, channels, squeezed, activation=nn.ReLU):
    self.fc1, self.fc2 = nn.Linear(channels, squeezed), nn.Linear(squeezed, channels)


def _forward_dense(self, x):
    s = torch.sigmoid(self.fc2(self.activation(self.fc1(x.mean((2, 3))))))
    return x * s[:, :, None, None]


def _no_biases(self, channels, squeezed, activation=nn.ReLU):
    self.fc1 = nn.Conv2d(channels, squeezed, 1, bias=False)
    self.fc2 = nn.Conv2d(squeezed, channels, 1, bias=False)


_wrong("The option `activation` makes no difference.", change=_always_relu)
_wrong(
    "The function is right. Write the two dense layers as 1×1 convolutions, so that published weights fit.",
    _forward_dense,
    _dense,
)
_wrong("The biases are missing in the two layers: no batch norm follows them.", change=_no_biases)


@SqueezeExcitation.alternative
class InARow(nn.Module):
    def __init__(self, channels, squeezed, activation=nn.ReLU):
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1),
            activation(),
            nn.Conv2d(squeezed, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        return self.weigh(x) * x


@exercise(
    level=2,
    minutes=12,
    lines=9,
    hints=(
        "Write chapter 06's block. Which of its two paths is to be weighed, and when?",
        "The branch is convolution, batch norm, ReLU, convolution, batch norm; then your "
        "`SqueezeExcitation(channels, channels // reduction)`.",
        "`out = self.excite(self.norm2(self.conv2(out)))`, and then `return (x + out).relu()`.",
    ),
    why="The branch is weighed before the addition; the shortcut stays the identity.",
)
class SEBasicBlock(nn.Module):
    """A residual block of two 3×3 convolutions, its branch weighed: (N, channels, H, W) keeps its shape.

    Each convolution has no bias and is followed by batch norm; ReLU stands between the two and after the
    addition. The last step of the branch is `SqueezeExcitation` with channels // reduction between its
    layers. Source: Hu and others (2018), Figure 3.
    """

    def __init__(self, channels, reduction=16):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.excite = SqueezeExcitation(channels, channels // reduction)

    def forward(self, x):
        out = self.norm1(self.conv1(x)).relu()
        out = self.excite(self.norm2(self.conv2(out)))
        return (x + out).relu()


@SEBasicBlock.examples
def _(draw):
    yield {"channels": 6, "reduction": 2}, draw(2, 6, 3, 2)
    yield {"channels": 240}, torch.empty(1, 240, 2, 3, device="meta")  # 240 / 15, / 16 and / 17 differ


def _block(message, forward=None, change=None):
    rebuilt(SEBasicBlock, message, change, forward)


def _branch(self, x):
    return self.norm2(self.conv2(self.norm1(self.conv1(x)).relu()))


_block(
    "Weigh the branch *before* the addition: yours weighs the sum, and the shortcut with it.",
    lambda self, x: self.excite(x + _branch(self, x)).relu(),
)
_block(
    "You weigh the shortcut. It stays as it is; the branch is weighed.",
    lambda self, x: (self.excite(x) + _branch(self, x)).relu(),
)
_block(
    "The branch is weighed at its beginning. Its last step is the weighing, after the second batch norm.",
    lambda self, x: (x + _branch(self, self.excite(x))).relu(),
)
_block("The shortcut is never added.", lambda self, x: self.excite(_branch(self, x)).relu())
_block("The last ReLU is missing, after the addition.", lambda self, x: x + self.excite(_branch(self, x)))
_block(
    "The last ReLU comes before the addition. It comes after it.",
    lambda self, x: x + self.excite(_branch(self, x)).relu(),
)
_block(
    "The ReLU between the two convolutions is missing.",
    lambda self, x: (x + self.excite(self.norm2(self.conv2(self.norm1(self.conv1(x)))))).relu(),
)
_block(
    "A ReLU stands before the weighing. The branch is weighed as its second batch norm leaves it.",
    lambda self, x: (x + self.excite(_branch(self, x).relu())).relu(),
)
_block(
    "The second batch norm comes after the weighing. It belongs to the second convolution, before it.",
    lambda self, x: (x + self.norm2(self.excite(self.conv2(self.norm1(self.conv1(x)).relu())))).relu(),
)


def _not_weighed(self, channels, reduction=16):
    self.excite = nn.Identity()


def _biased(self, channels, reduction=16):
    self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))


def _unlearned_norm(self, channels, reduction=16):
    self.norm1, self.norm2 = (nn.BatchNorm2d(channels, affine=False) for _ in range(2))


def _squeezed_to(width):
    def change(self, channels, reduction=16):
        self.excite = SqueezeExcitation(channels, width(channels, reduction))

    return change


_block("The branch is not weighed: `SqueezeExcitation` is missing.", change=_not_weighed)
_block("A bias before batch norm has no effect: `bias=False` in both convolutions.", change=_biased)
_block("Your batch norm has no scale and shift to learn: leave out `affine=False`.", change=_unlearned_norm)
_block(
    "Nothing is reduced: between the two layers of the weighing there are channels // reduction.",
    change=_squeezed_to(lambda channels, reduction: channels),
)
_block(
    "You hand on `reduction` itself as the number between the two layers. It divides: channels // reduction.",
    change=_squeezed_to(lambda channels, reduction: reduction),
)


@SEBasicBlock.alternative
class Branch(nn.Module):
    def __init__(self, channels, reduction=16):
        super().__init__()

        def conv_norm():
            return [nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)]

        weigh = InARow(channels, channels // reduction)
        self.branch = nn.Sequential(*conv_norm(), nn.ReLU(inplace=True), *conv_norm(), weigh)

    def forward(self, x):
        return torch.relu(self.branch(x) + x)
