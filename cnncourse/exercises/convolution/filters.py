"""Filters made by hand, judged by what they answer to."""

import torch

from ... import ops
from .._kinds import exercise, value


def response_in_words(candidate, picture):
    """The sign of a 3×3 kernel's response to a picture, over all places: what an edge filter is judged by."""
    kernel = candidate()
    if kernel is None:
        return None
    kernel = torch.as_tensor(kernel, dtype=torch.float32)
    if kernel.shape != (3, 3):
        return f"a kernel of shape {tuple(kernel.shape)}"
    response = ops.conv2d(picture, kernel)
    positive, negative = bool((response > 1e-4).any()), bool((response < -1e-4).any())
    if positive and negative:
        return "of both signs"
    return "positive" if positive else "negative" if negative else "zero"


@exercise(
    level=2,
    minutes=8,
    lines=1,
    equivalent={
        "return [[": "a kernel may come as nested lists",
        "[0.0, -1.0, 1.0]": "this row, too, adds up to zero and rises to the right: another edge filter",
        "[-1.0, 1.0, 0.0]": "this row, too, adds up to zero and rises to the right: another edge filter",
    },
    observe=response_in_words,
    hints=(
        "Think of the kernel as a question: is it brighter on my right than on my left?",
        "Weights on the right add brightness, weights on the left take it away. On a flat picture the two "
        "must "
        "cancel; and in each row for itself, so that rows of different brightness cancel as well.",
        "Each row can be (-1, 0, 1), or a multiple of it.",
    ),
    why="Every row adds up to zero, so brightness cancels row by row; what remains is right minus left.",
)
def edge_kernel():
    """Return a 3×3 kernel that finds where a picture goes from dark to bright, from left to right.

    Its response is positive there, never negative, and zero on flat pictures and on horizontal edges.
    """
    return torch.tensor([[-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]])


@edge_kernel.examples
def _(draw):
    dark_left = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(3, 4)
    rows = torch.tensor([0.1, 0.7, 0.2, 0.9, 0.4])[:, None]
    yield (0.5 * torch.ones(3, 4),)
    yield (dark_left * draw.uniform(low=0.4),)
    yield (dark_left.flip(1) * draw.uniform(low=0.4),)
    yield (rows.expand(5, 4),)
    yield (rows.expand(5, 4) + draw.uniform(low=0.4, high=0.9) * torch.tensor([0.0, 0.0, 1.0, 1.0]),)
    yield (draw.uniform(5, 1).expand(5, 4),)
    for _ in range(
        6
    ):  # the way is drawn: a list of kernels, one for each picture, does not pass for a kernel
        edge = draw.choice((dark_left, dark_left.flip(1)))
        yield (edge * draw.uniform(low=0.4),)


def _wrong_kernel(message, *rows):
    edge_kernel.mistake(message)(lambda: torch.tensor(rows, dtype=torch.float32))


_wrong_kernel(
    "Negative where the picture becomes brighter: left and right have changed places. The kernel is laid on "
    "as "
    "it is, so the positive weights belong on the right.",
    (1, 0, -1), (1, 0, -1), (1, 0, -1),
)  # fmt: skip
_wrong_kernel(
    "This one finds horizontal edges. Let the weights change from left to right, and not from top to bottom.",
    (-1, -1, -1), (0, 0, 0), (1, 1, 1),
)  # fmt: skip
_wrong_kernel(
    "All weights have one sign, so this one answers to brightness anywhere: it blurs. An edge filter needs "
    "negative weights too, and each row must add up to zero.",
    (1, 1, 1), (1, 1, 1), (1, 1, 1),
)  # fmt: skip
_wrong_kernel(
    "The weights do not add up to zero, so a flat picture gets an answer.",
    (-1, 0, 2), (-1, 0, 2), (-1, 0, 2),
)  # fmt: skip
_wrong_kernel(
    "This one finds lines: bright in the middle and dark on both sides. At an edge it answers with both "
    "signs.",
    (-1, 2, -1), (-1, 2, -1), (-1, 2, -1),
)  # fmt: skip
_wrong_kernel(
    "The weights add up to zero in all, but not in each row: so a horizontal edge gets an answer too.",
    (-1, 0, 2), (-1, 0, 1), (-1, 0, 0),
)  # fmt: skip
_wrong_kernel(
    "This one answers to edges in every direction, and with both signs.",
    (0, -1, 0), (-1, 4, -1), (0, -1, 0),
)  # fmt: skip
_wrong_kernel("All weights are zero, so nothing gets an answer.", (0, 0, 0), (0, 0, 0), (0, 0, 0))


@edge_kernel.alternative
def sobel():
    return torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])


@edge_kernel.alternative
def neighbours_as_a_list():
    return [[0, 0, 0], [0, -1, 1], [0, 0, 0]]


unanimous_bias = value(
    -8,
    level=1,
    minutes=3,
    right="Right: nine lit pixels give 9 - 8 = 1, and eight give 0, which ReLU does not pass on.",
    hints=(
        "What does the sum of the nine products come to when all pixels are lit? And when one is dark?",
        "9 + b must be above zero, and 8 + b must not.",
    ),
    why="9 - 8 = 1 is passed on, 8 - 8 = 0 is not: minus the bias is the threshold.",
    wrong={
        -9: "Then even nine lit pixels give 9 - 9 = 0, and ReLU passes nothing at all.",
        0: "Without a bias a single lit pixel already gives 1, and ReLU passes it on.",
        8: "The sign: a positive bias makes the unit answer more often. A threshold is a negative bias.",
        9: "The sign: a positive bias makes the unit answer more often. A threshold is a negative bias.",
        -7: "Then eight lit pixels give 8 - 7 = 1, and ReLU passes that on too.",
        -1: "Then two lit pixels give 2 - 1 = 1, and ReLU passes that on already.",
    },
)
