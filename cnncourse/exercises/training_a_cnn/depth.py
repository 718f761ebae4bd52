"""What depth does to a gradient, and what the first weights can do about it."""

import math

from ... import layers
from .._kinds import exercise, value

sigmoid_ceiling = value(
    lambda: 0.25**10,
    level=1,
    minutes=4,
    right="Right: 0.25 to the power of 10, less than a millionth, and that is the best case.",
    hints=(
        "The slope is σ(1 − σ). What is σ where the curve is steepest, at z = 0?",
        "At most 0.25 for one sigmoid. The chain rule multiplies ten of them; Python writes it `0.25**10`.",
    ),
    why="Each sigmoid multiplies by σ(1 − σ), at most 0.5 · 0.5, and the chain rule multiplies all ten.",
    wrong={
        0.25: "That is one sigmoid. The chain rule multiplies ten of them.",
        2.5: "The chain rule multiplies slopes; it does not add them.",
        0.5**10: "One half is the largest *value* at the steepest place. The slope there is σ(1 − σ).",
        0.025: "The chain rule multiplies the ten slopes with each other; it does not divide one by ten.",
        1: "A sigmoid's value may come near 1. Its slope σ(1 − σ) never does.",
        4**10: "That is by how much it shrinks. What arrives is one over that.",
    },
)

initial_spreads = exercise(
    layers.initial_spreads,
    level=2,
    minutes=10,
    lines=3,
    hints=(
        "fan_in: how many numbers does one unit, or one cell of a feature map, add up? For a convolution "
        "that is one for each weight of one filter.",
        "fan_in = shape[1] · kh · kw and fan_out = shape[0] · kh · kw; `math.prod(shape[2:])` is kh · kw, "
        "and 1 for a dense layer.",
        "The standard deviation is the square root of the variance: `math.sqrt(2 / fan_in)` for He.",
    ),
    why="A cell of a map adds up C_in · kh · kw products, so that is the fan_in that keeps its variance.",
)


@initial_spreads.examples
def _(draw):
    yield ((3, 5),)
    yield ((5, 3),)
    yield ((4, 3, 2, 5),)
    yield ((16, 1, 7, 7),)
    yield (tuple(draw.integers(4, low=1, high=9).tolist()),)


def _wrong_spreads(message, make):
    """A mistake from a function of fan_in, fan_out and the numbers of inputs and units."""

    def candidate(shape):
        field = math.prod(shape[2:])
        return make(shape[1] * field, shape[0] * field, shape)

    initial_spreads.mistake(message)(candidate)


_wrong_spreads(
    "Those are variances. A standard deviation is the square root of a variance.",
    lambda fan_in, fan_out, shape: (2 / (fan_in + fan_out), 2 / fan_in),
)
_wrong_spreads(
    "A convolution's unit adds up C_in · kh · kw products: the size of the kernel belongs to fan_in and "
    "fan_out.",
    lambda fan_in, fan_out, shape: (math.sqrt(2 / (shape[0] + shape[1])), math.sqrt(2 / shape[1])),
)
_wrong_spreads(
    "fan_in and fan_out have changed places: the weight's first number counts the units, the second the "
    "inputs.",
    lambda fan_in, fan_out, shape: (math.sqrt(2 / (fan_in + fan_out)), math.sqrt(2 / fan_out)),
)
_wrong_spreads(
    "The two are in the wrong order: Xavier's comes first.",
    lambda fan_in, fan_out, shape: (math.sqrt(2 / fan_in), math.sqrt(2 / (fan_in + fan_out))),
)
_wrong_spreads(
    "He's factor of 2 is missing. ReLU lets half of the mean square through, and the 2 makes up for it.",
    lambda fan_in, fan_out, shape: (math.sqrt(2 / (fan_in + fan_out)), math.sqrt(1 / fan_in)),
)
_wrong_spreads(
    "Xavier takes the middle of fan_in and fan_out: 1 over their mean, which is 2 over their sum.",
    lambda fan_in, fan_out, shape: (math.sqrt(1 / (fan_in + fan_out)), math.sqrt(2 / fan_in)),
)


@initial_spreads.alternative
def by_counting(shape):
    count = math.prod(shape)
    fan_in, fan_out = count / shape[0], count / shape[1]
    return (0.5 * (fan_in + fan_out)) ** -0.5, (fan_in / 2) ** -0.5
