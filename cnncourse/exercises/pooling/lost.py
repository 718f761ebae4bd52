"""What pooling throws away, what it does not change, and what a shift does to it."""

import torch
import torch.nn.functional as F

from ... import pooling
from .._kinds import choice, counterexample

SAME = "These are the same picture twice. Find two that differ."
ONLY_MAX = "Max pooling does not tell these two apart, but the average does: keep the sum of each window too."
ONLY_AVERAGE = "The average does not tell these two apart, but max pooling does: keep the largest value too."
NEITHER = "Both poolings tell these two apart. Change the pictures only where no window notices."
UNEVEN = (
    "They differ only in a row or column that fills no window. True, but choose sides that are even, so "
    "that every "
    "cell is in a window."
)


def same_picture(first, second):
    """Whether two pictures are equal."""
    return torch.equal(first, second)


def same_after_pooling(first, second):
    """Whether 2×2 max pooling and 2×2 average pooling give the same for both pictures."""
    maps = torch.stack([first, second])[:, None].float()
    return all(torch.allclose(*pool(maps, 2), atol=1e-6) for pool in (pooling.max_pool, pooling.average_pool))


def _two_pictures(first, second):
    """What is not allowed about the two pictures, in a sentence; else None."""
    if not all(isinstance(x, torch.Tensor) and x.ndim == 2 for x in (first, second)):
        return "Hand in two tensors with two dimensions each."
    if first.shape != second.shape or max(first.shape) > 6 or min(first.shape) < 2:
        return "Both pictures have the same shape, with two to six rows and columns."
    if torch.equal(first, second):
        return SAME
    if first.shape[0] % 2 or first.shape[1] % 2:
        return UNEVEN
    maps = torch.stack([first, second])[:, None].float()
    by_max, by_mean = (
        torch.allclose(*pool(maps, 2), atol=1e-6) for pool in (pooling.max_pool, pooling.average_pool)
    )
    return {(True, False): ONLY_MAX, (False, True): ONLY_AVERAGE, (False, False): NEITHER}.get(
        (by_max, by_mean)
    )


@counterexample(
    wrong=same_after_pooling,
    right=same_picture,
    valid=_two_pictures,
    level=1,
    minutes=4,
    hints=(
        "One window of 2×2 is enough. What may you do with its four numbers so that neither the largest nor "
        "the sum "
        "changes?",
        "Exchange two of them.",
    ),
    why="Two numbers of one window have changed places. Pooling keeps what was there and forgets where.",
)
def pooled_twins():
    return torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[4.0, 3.0], [2.0, 1.0]])


_SQUARE = torch.tensor([[1.0, 2.0], [3.0, 9.0]])
pooled_twins.mistake(SAME)((_SQUARE, _SQUARE.clone()))
pooled_twins.mistake(ONLY_MAX)((_SQUARE, torch.tensor([[0.0, 2.0], [3.0, 9.0]])))
pooled_twins.mistake(ONLY_AVERAGE)((_SQUARE, torch.tensor([[1.0, 2.0], [4.0, 8.0]])))
pooled_twins.mistake(NEITHER)((_SQUARE, torch.tensor([[1.0, 2.0], [3.0, 8.0]])))
pooled_twins.mistake(UNEVEN)((torch.zeros(3, 3), torch.diag(torch.tensor([0.0, 0.0, 1.0]))))

POSITIVE = "No value of your map is negative, so ReLU does nothing, before or after."
NEGATIVE = "No value of your map is positive, so ReLU leaves only zeros, before or after."
APART = "Positive and negative values never meet in one window of your map. Let one window have both."
AGREE = "Both versions agree on this one."


def average_then_relu(maps, size):
    """Average every window, then set negative averages to zero."""
    return pooling.average_pool(maps, size).relu()


def relu_then_average(maps, size):
    """Set negative values to zero, then average every window."""
    return pooling.average_pool(maps.relu(), size)


def _small_maps(maps, size):
    """What is not allowed about a map and a window size, in a sentence; else None."""
    if not isinstance(maps, torch.Tensor) or maps.ndim != 4 or not maps.is_floating_point():
        return (
            "Hand in the map as a tensor of shape (1, 1, H, W) with decimal numbers, and the size after it."
        )
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= min(maps.shape[2:]):
        return "The size is a whole number, and one window has to fit into the map."
    if maps.numel() > 64:
        return "Keep it small: 64 numbers at most."
    if bool((maps >= 0).all()):
        return POSITIVE
    if bool((maps <= 0).all()):
        return NEGATIVE
    highest, lowest = F.max_pool2d(maps, size), -F.max_pool2d(-maps, size)
    return None if bool(((highest > 0) & (lowest < 0)).any()) else APART


@counterexample(
    wrong=average_then_relu,
    right=relu_then_average,
    valid=_small_maps,
    level=1,
    minutes=4,
    hints=(
        "ReLU first: negative values become 0 and no longer pull the average down. When is there a "
        "difference?",
        "One window with a positive and a negative number, such as `torch.tensor([[[[4.0, -4.0], [0.0, "
        "0.0]]]])`.",
    ),
    why="ReLU first gives (4 + 0 + 0 + 0) / 4 = 1. The average first is 0, and ReLU leaves it so.",
)
def relu_average():
    return torch.tensor([[[[4.0, -4.0], [0.0, 0.0]]]]), 2


relu_average.mistake(POSITIVE)((torch.tensor([[[[4.0, 1.0], [0.0, 2.0]]]]), 2))
relu_average.mistake(NEGATIVE)((torch.tensor([[[[-4.0, -1.0], [0.0, -2.0]]]]), 2))
relu_average.mistake(APART)((torch.tensor([[[[4.0, 1.0, -1.0, -2.0], [3.0, 2.0, -5.0, -1.0]]]]), 2))
relu_average.mistake(APART)((torch.tensor([[[[4.0, -1.0], [3.0, 2.0]]]]), 1))

steadiest = choice(
    "d",
    level=1,
    minutes=3,
    hints=(
        "After a shift by one pixel each network pairs the cells anew. In which one do neighbouring outputs "
        "differ "
        "least, so that it matters least which of them is kept?",
    ),
    why="A blur makes neighbours alike, so keeping every second one loses little.",
    replies={
        "a": (
            "stride 2 in the convolution",
            "It keeps every second cell and never looks at the others: after a shift by one it keeps the "
            "others.",
        ),
        "b": (
            "max pooling, 2×2",
            "It looks at every cell, which helps. But a window's largest value jumps when its neighbour "
            "slides in.",
        ),
        "c": (
            "average pooling, 2×2",
            "An average does change less abruptly. But a 2×2 average is a weak blur: try the window of 3 in "
            "PoolLab.",
        ),
        "d": (
            "max pooling with stride 1, then a blur, then every second cell",
            "Yes. The blur makes neighbours alike before every second one is dropped. How much steadier: "
            "see below.",
        ),
        "e": (
            "all four alike: pooling makes a network invariant to shifts",
            "So it is often said. The table below tells them well apart, and none of them stays at 0.",
        ),
    },
)
