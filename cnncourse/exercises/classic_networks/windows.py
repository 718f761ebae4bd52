"""Two poolings whose shapes agree where their numbers do not."""

import torch
import torch.nn.functional as F

from .._kinds import counterexample


def overlapping(maps):
    """AlexNet's pooling: windows of 3×3, two cells apart."""
    return F.max_pool2d(maps, 3, 2)


def side_by_side(maps):
    """A colleague's: windows of 2×2, two cells apart."""
    return F.max_pool2d(maps, 2, 2)


def one_odd_map(maps):
    """What is not allowed about a map that is handed in, or None."""
    if not isinstance(maps, torch.Tensor) or not maps.is_floating_point():
        return "Hand in a floating-point tensor, such as torch.zeros(1, 1, 3, 3) with numbers put into it."
    if maps.dim() != 4:
        return f"Hand in feature maps (N, C, H, W); yours have {maps.dim()} dimensions."
    if any(side % 2 == 0 or not 3 <= side <= 13 for side in maps.shape[2:]):
        return (
            "Both sides have to be odd, 3 to 13: on even ones the two shapes differ, and that is no riddle."
        )
    return None


def _with(value, row, column, side=3):
    maps = torch.zeros(1, 1, side, side)
    maps[0, 0, row, column] = value
    return (maps,)


@counterexample(
    wrong=side_by_side,
    right=overlapping,
    valid=one_odd_map,
    level=2,
    minutes=8,
    hints=(
        "On a map of 3×3, which cells does the one 3×3 window see that the one 2×2 window does not?",
        "Row 2 and column 2. So let the largest value stand there: `torch.tensor([[...], [...], [...]])`, "
        "and in "
        "front of it `[None, None]` makes the batch and the channel.",
    ),
    why="Shapes cannot tell the two apart on odd sides, and AlexNet's sides are odd: 55, 27, 13. Only "
    "numbers can.",
)
def same_shapes():
    return (torch.tensor([[0.0, 0, 0], [0, 0, 0], [0, 0, 1]])[None, None],)


CONSTANT = (
    "Where all values are equal, every window has the same largest value. Never test with a constant map."
)
same_shapes.mistake(CONSTANT)((torch.ones(1, 1, 5, 5),))
same_shapes.mistake(
    "The largest value lies in the first 2×2, which both windows see. Put it where only one looks."
)(_with(1.0, 0, 0))
same_shapes.mistake("Row 1, column 1 is still in both windows, which begin at row 0. Go one further.")(
    _with(1.0, 1, 1)
)
same_shapes.mistake("A negative number among zeros is never the largest. Make one larger than the others.")(
    _with(-1.0, 2, 2)
)
same_shapes.mistake("On even sides the shapes differ, and a look at `.shape` tells. Hand in odd sides.")(
    (torch.arange(16.0).reshape(1, 1, 4, 4),)
)
same_shapes.mistake(
    "The values fall from the first cell on, so the first of each window is the largest for both."
)(((24 - torch.arange(25.0)).reshape(1, 1, 5, 5),))
