"""The residual block, the place of its last ReLU, and what makes it the identity."""

import torch
from torch import nn

from .._kinds import choice, counterexample, exercise
from ._variants import BiasedMemory, replace, with_change, with_forward


@exercise(
    level=2,
    minutes=12,
    lines=8,
    hints=(
        "Four layers in `__init__`: convolution, batch norm, convolution, batch norm. `forward` keeps x "
        "until the end.",
        "`nn.Conv2d(channels, channels, 3, padding=1, bias=False)` keeps the size; "
        "`nn.BatchNorm2d(channels)` follows it. Between the two pairs stands a ReLU.",
        "`f = bn2(conv2(relu(bn1(conv1(x)))))`, and then `(f + x).relu()`: the addition comes before the "
        "last ReLU.",
    ),
    why="z + a first, g afterwards: a[l+2] = g(z[l+2] + a[l]).",
)
class ResidualBlock(nn.Module):
    """relu(F(x) + x), where F is two 3×3 convolutions: (N, channels, H, W) keeps its shape.

    Each convolution keeps the size, has no bias, and batch normalisation follows it. ReLU stands between the
    two, and after the addition. Source: He and others (2016), Figure 2 and section 3.4.
    """

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        f = self.bn1(self.conv1(x)).relu()  # (N, channels, H, W)
        f = self.bn2(self.conv2(f))  # (N, channels, H, W)
        return (f + x).relu()


@ResidualBlock.examples
def _(draw):
    yield {"channels": 2}, draw(2, 2, 3, 2)
    yield {"channels": 3}, draw(2, 3, 3, 4)


def _residual(self, x):
    return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))


@with_forward(
    ResidualBlock,
    "The skip is never added: without `+ x` these are two plain convolutions, and the parameters do not "
    "tell.",
)
def _(self, x):
    return _residual(self, x).relu()


@with_forward(ResidualBlock, "The skip is subtracted. The block adds its input: F(x) + x.")
def _(self, x):
    return (_residual(self, x) - x).relu()


@with_forward(ResidualBlock, "The final ReLU is missing: it follows the addition.")
def _(self, x):
    return _residual(self, x) + x


@with_forward(
    ResidualBlock,
    "ReLU comes before the addition in yours. Add first, ReLU afterwards: then F can also take away.",
)
def _(self, x):
    return _residual(self, x).relu() + x


@with_forward(
    ResidualBlock, "The middle ReLU is missing: without it two convolutions in a row are one linear map."
)
def _(self, x):
    return (self.bn2(self.conv2(self.bn1(self.conv1(x)))) + x).relu()


@with_forward(ResidualBlock, "Your block returns zeros, whatever comes in.")
def _(self, x):
    return torch.zeros_like(x)


@with_forward(
    ResidualBlock,
    "The input joins one layer too early, before the second convolution. It joins after both: a[l+2].",
)
def _(self, x):
    return self.bn2(self.conv2((self.bn1(self.conv1(x)) + x).relu())).relu()


@with_forward(
    ResidualBlock,
    "The last batch norm comes after your addition. It belongs to F: normalise, and then add x as it is.",
)
def _(self, x):
    return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()) + x).relu()


@with_change(
    ResidualBlock,
    "The batch norms ignore their γ and β: leave out `affine=False`, so that scale and shift are learned.",
)
def _(block, channels):
    replace(block, nn.BatchNorm2d, lambda norm: nn.BatchNorm2d(channels, affine=False))


@with_change(
    ResidualBlock,
    "The running variance is wrong: what is remembered for evaluation is the unbiased variance of the batch, "
    "divided by n − 1.",
)
def _(block, channels):
    replace(block, nn.BatchNorm2d, lambda norm: BiasedMemory(channels))


@with_change(ResidualBlock, "Batch normalisation is missing: one follows each convolution.")
def _(block, channels):
    replace(block, nn.BatchNorm2d, lambda norm: nn.Identity())


@with_change(
    ResidualBlock, "The convolutions have biases, which the batch norm takes away again: `bias=False`."
)
def _(block, channels):
    replace(block, nn.Conv2d, lambda conv: nn.Conv2d(channels, channels, 3, padding=1))


@ResidualBlock.alternative
class InOneSequence(nn.Module):
    def __init__(self, channels):
        super().__init__()
        layers = []
        for _ in range(2):
            layers += [nn.Conv2d(channels, channels, 3, padding="same", bias=False), nn.BatchNorm2d(channels)]
        self.residual = nn.Sequential(*layers[:2], nn.ReLU(inplace=True), *layers[2:])

    def forward(self, x):
        return torch.relu(self.residual(x) + x)


def added_then_bent(f, x):
    """The block's end as it should be: relu(f + x)."""
    return (f + x).relu()


def bent_then_added(f, x):
    """A colleague's: relu(f) + x."""
    return f.relu() + x


def two_small_tensors(f, x):
    """What is not allowed about what is handed in, or None."""
    if not all(isinstance(t, torch.Tensor) and t.is_floating_point() for t in (f, x)):
        return "Hand in two floating-point tensors, such as (torch.tensor([1.0]), torch.tensor([2.0]))."
    if f.shape != x.shape:
        return f"f and x are added place by place; yours have shapes {tuple(f.shape)} and {tuple(x.shape)}."
    if (x < 0).any():
        return "x comes out of the ReLU of the block before: it has no negative numbers."
    return None


@counterexample(
    wrong=bent_then_added,
    right=added_then_bent,
    valid=two_small_tensors,
    level=1,
    minutes=6,
    hints=(
        "When f and x are both positive, ReLU has nothing to do in either version.",
        "x cannot be negative, so f has to be.",
    ),
    why="With relu(f) + x no block can ever make a number smaller: the signal grows from block to block.",
)
def relu_too_early():
    return (torch.tensor([-1.0]), torch.tensor([2.0]))


relu_too_early.mistake("Both are positive, so that ReLU has nothing to do in either version.")(
    (torch.tensor([1.0]), torch.tensor([2.0]))
)
relu_too_early.mistake(
    "A negative x cannot come here: x is what the block before gave, and that ended in a ReLU."
)((torch.tensor([1.0]), torch.tensor([-2.0])))
relu_too_early.mistake("Where f is zero, both versions give x.")((torch.tensor([0.0]), torch.tensor([2.0])))
relu_too_early.mistake("With nothing on the shortcut, both versions are relu(f). Let something pass there.")(
    (torch.tensor([-1.0]), torch.tensor([0.0]))
)

what_to_shrink = choice(
    "c",
    level=2,
    minutes=5,
    replies={
        "a": (
            "the weights of both convolutions",
            "Not in this block: batch norm brings to variance 1 whatever it gets, so weights a hundred times "
            "smaller make the same F. (Without batch norm it is the answer, and the usual story.)",
        ),
        "b": (
            "γ and β of the first batch norm",
            "Then the second convolution gets tiny numbers, and the second batch norm brings them back to "
            "variance 1.",
        ),
        "c": (
            "γ and β of the last batch norm",
            "Right. F ends in γ · (…) + β: with both near zero F is near zero, and what is left is relu(x), "
            "which is x, since x has no negative numbers.",
        ),
        "d": (
            "the running variance of the last batch norm",
            "It is not learned, training mode does not use it, and a smaller variance makes F larger in "
            "evaluation.",
        ),
    },
)
