"""Against overfitting: the price of large weights, and dropout."""

import torch

from ... import layers
from .._kinds import exercise

penalty = exercise(
    layers.penalty,
    level=1,
    minutes=5,
    lines=1,
    gradients=True,
    hints=(
        "Two sums over all weights: of `weights.abs()` and of `weights**2`.",
        "l1 · sum of sizes + l2 / 2 · sum of squares.",
    ),
    why="The gradient is l1 · sign(w) + l2 · w: a constant pull to zero, and one that grows with it.",
)


@penalty.examples
def _(draw):
    yield torch.tensor([1.0, -2.0]), 0.5, 0.0
    yield torch.tensor([1.0, -2.0]), 0.0, 0.5
    yield (draw(3),)
    yield draw(2, 3), 0.7
    yield draw(4, 2, 3, 3), 0.3, 2.0


@penalty.mistake(
    "The half is missing: l2 / 2 times the squares, so that the gradient is l2 times the weight."
)
def _(weights, l1=0.0, l2=0.0):
    return l1 * weights.abs().sum() + l2 * (weights**2).sum()


@penalty.mistake("L1 adds up the *sizes* of the weights: without `abs` a negative weight would pay you back.")
def _(weights, l1=0.0, l2=0.0):
    return l1 * weights.sum() + l2 / 2 * (weights**2).sum()


@penalty.mistake("A sum, not a mean: each weight pays for itself, however many others there are.")
def _(weights, l1=0.0, l2=0.0):
    return l1 * weights.abs().mean() + l2 / 2 * (weights**2).mean()


@penalty.mistake("L2 as a penalty is the sum of squares; the root, the length, is not taken.")
def _(weights, l1=0.0, l2=0.0):
    return l1 * weights.abs().sum() + l2 / 2 * (weights**2).sum().sqrt()


@penalty.mistake("The two have changed places: l1 goes with the sizes, l2 with the squares.")
def _(weights, l1=0.0, l2=0.0):
    return l2 * weights.abs().sum() + l1 / 2 * (weights**2).sum()


@penalty.mistake("The squares are those of single weights, and not the square of their sum.")
def _(weights, l1=0.0, l2=0.0):
    return l1 * weights.abs().sum() + l2 / 2 * weights.sum() ** 2


@penalty.alternative
def by_norms(weights, l1=0.0, l2=0.0):
    flat = weights.flatten()
    return l1 * torch.linalg.vector_norm(flat, 1) + 0.5 * l2 * (flat @ flat)


# A right answer is called wrong in fewer than one check of 100,000: twelve counts, each allowed to be off by
# five standard deviations, which chance exceeds once in 1.7 million.
SIGMAS, CALLS = 5, 4


def dropout_in_words(candidate, x, p=0.5, training=True):
    """What an answer does to `x`, in words: random numbers differ, their laws do not."""
    options = () if (p, training) == (0.5, True) else (p,) if training else (p, False)
    outputs = [candidate(x.clone(), *options) for _ in range(CALLS)]
    if not all(isinstance(y, torch.Tensor) and y.shape == x.shape for y in outputs):
        return "no tensor of the shape of `x`"
    if not training:
        return {"in evaluation": _left_alone(outputs, x)}
    zero = torch.stack([y == 0 for y in outputs])  # (calls, *x.shape)
    return {
        "share of zeros": _compared(zero, p, SIGMAS),
        "the others": _factor(torch.stack(outputs)[~zero] / x.expand_as(zero)[~zero]),
        "calls": "drawn anew" if _independent(zero, p, 0) else "drawn alike",
        "neighbours": "each by itself"
        if all(_independent(zero, p, d) for d in range(1, zero.ndim))
        else "together",
    }


def _left_alone(outputs, x):
    if all(torch.equal(y, x) for y in outputs):
        return "as it came"
    return "numbers dropped" if any((y == 0).any() for y in outputs) else _factor(outputs[0] / x)


def _compared(true, p, sigmas):
    """Whether a share is what chance would make of p."""
    off = (true.double().mean().item() - p) / (p * (1 - p) / true.numel()) ** 0.5
    return "as asked" if abs(off) <= sigmas else "too large" if off > 0 else "too small"


def _independent(zero, p, axis):
    """Whether pairs along an axis are both zero as often as chance has it; no number is in two pairs."""
    pairs = zero.shape[axis] // 2 * 2
    first, second = (zero.movedim(axis, 0)[start:pairs:2] for start in (0, 1))
    return _compared(first & second, p * p, SIGMAS) == "as asked"


def _factor(ratios):
    if len(ratios) == 0:
        return "none"
    spread = (ratios.max() - ratios.min()).item()
    return f"times {ratios.mean().item():.3g}" if spread < 1e-4 else "times different numbers"


dropout = exercise(
    layers.dropout,
    level=2,
    minutes=10,
    lines=4,
    observe=dropout_in_words,
    shortcuts={
        "dropout": "`dropout` does the whole job. Draw the random numbers yourself: `torch.rand_like(x)`.",
        "feature_dropout": "That drops whole channels. Draw for every number: `torch.rand_like(x)`.",
    },
    equivalent={
        "kept = torch.rand_like(x) > p": "a random number equals p once in 16 million draws",
    },
    hints=(
        "`torch.rand_like(x)` has x's shape and is uniform between 0 and 1. Which share of it lies below p?",
        "Keep where `torch.rand_like(x) >= p`. A share 1 − p survives, so divide by 1 − p.",
    ),
    why="Divided by 1 − p, the mean of each number stays the same, so evaluation has nothing to do.",
)


@dropout.examples
def _(draw):
    yield (draw(40, 60),)
    yield draw(30, 80), 0.2
    yield draw(10, 6, 8, 8), draw.choice([0.3, 0.7])
    yield draw(6, 5), 0.5, False
    yield draw(6, 5), 0.2, False


@dropout.mistake(
    "The survivors must be scaled by 1 / (1 − p), else the next layer's sums shrink in training."
)
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p) if training else x


@dropout.mistake(
    "That is the original paper's way: no scaling in training, and times 1 − p in evaluation. The mean is "
    "kept too, but the docstring, as PyTorch, scales in training and leaves evaluation alone."
)
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p) if training else x * (1 - p)


@dropout.mistake("p is the probability to *drop*. You keep with probability p.")
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) < p) / p if training else x


@dropout.mistake("In evaluation nothing is dropped: where `training` is False, return x as it is.")
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p) / (1 - p)


@dropout.mistake(
    "Two things are missing: in evaluation nothing is dropped; in training survivors are divided by 1 − p."
)
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p)


@dropout.mistake("The scale is upside down: the survivors are divided by 1 − p.")
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p) * (1 - p) if training else x


@dropout.mistake("The survivors are divided by p; a share of 1 − p survives, so divide by that.")
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x) >= p) / p if training else x


@dropout.mistake(
    "All examples of the batch lose the same numbers. Draw for every number of x: `rand_like(x)`."
)
def _(x, p=0.5, training=True):
    return x * (torch.rand_like(x[0]) >= p) / (1 - p) if training else x


@dropout.mistake("Your mask is the same at every call. Draw anew each time, without a seed of your own.")
def _(x, p=0.5, training=True):
    generator = torch.Generator().manual_seed(0)
    return x * (torch.rand(x.shape, generator=generator) >= p) / (1 - p) if training else x


@dropout.mistake("One draw decides for a whole row or map. Draw for every number: `torch.rand_like(x)`.")
def _(x, p=0.5, training=True):
    kept = torch.rand(*x.shape[:-1], 1) >= p
    return x * kept / (1 - p) if training else x


@dropout.alternative
def by_bernoulli(x, p=0.5, training=True):
    return x * torch.bernoulli(torch.full_like(x, 1 - p)) / (1 - p) if training else x


@dropout.alternative
def by_filling(x, p=0.5, training=True):
    if training:
        x = (x / (1 - p)).masked_fill(torch.rand(x.shape) < p, 0.0)
    return x
