"""Convolution and cross-correlation: what the flip does, and how a test can miss it."""

import torch

from ... import ops
from .._kinds import choice, counterexample, exercise

impulse = choice(
    "b",
    level=1,
    minutes=2,
    hints=(
        "Which output cells see the lit pixel at all? Take the first of them, in the top-left corner.",
        "The window of that first cell has the lit pixel in its bottom-right corner, so the cell shows the "
        "kernel's bottom-right weight.",
    ),
    why=(
        "The first window that meets the pixel meets it with its last cell, so the weights come out in "
        "reverse."
    ),
    replies={
        "a": (
            "the F as it is",
            "That is what most people expect. But the first output cell that sees the pixel has it in the "
            "bottom-right corner of its window, and so shows the kernel's bottom-right weight.",
        ),
        "b": (
            "the F turned by half a turn",
            "Yes. The window that comes first meets the pixel with its last cell, so the weights appear in "
            "reverse order, in rows and in columns.",
        ),
        "c": (
            "the F mirrored left to right",
            "Half of it. Columns come out in reverse order, and rows do so too, for the same reason.",
        ),
        "d": (
            "the F mirrored top to bottom",
            "Half of it. Rows come out in reverse order, and columns do so too, for the same reason.",
        ),
        "e": (
            "a block of equal numbers",
            "Each output cell shows one weight, the one that lies on the lit pixel. The weights differ, so "
            "do the cells.",
        ),
    },
)

true_convolution = exercise(
    ops.true_convolution,
    level=1,
    minutes=4,
    lines=1,
    equivalent={"flip(1, 0)": "the order in which two directions are flipped does not matter"},
    hints=(
        "You have a `conv2d` that does not flip. What would you have to hand it?",
        "`kernel.flip(0, 1)` reads a kernel backwards in both directions.",
    ),
    why="Convolution is cross-correlation with a kernel that was turned by half a turn.",
)


@true_convolution.examples
def _(draw):
    yield draw(3, 4), draw(2, 2)
    yield draw(4, 5), draw(1, 3)
    yield draw(6, 3), draw(4, 1)
    yield draw(6, 7), draw(2, 3)
    yield draw(draw.integer(4, 7), draw.integer(5, 9)), draw(3, 2)


@true_convolution.mistake(
    "The kernel is not flipped: this is the cross-correlation that `conv2d` computes already."
)
def _(image, kernel):
    return ops.conv2d(image, kernel)


@true_convolution.mistake(
    "Only the rows are flipped, top to bottom. Convolution reads the columns backwards as well."
)
def _(image, kernel):
    return ops.conv2d(image, kernel.flip(0))


@true_convolution.mistake(
    "Only the columns are flipped, left to right. Convolution reads the rows backwards as well."
)
def _(image, kernel):
    return ops.conv2d(image, kernel.flip(1))


@true_convolution.mistake(
    "You turned the picture and not the kernel. Turn the kernel; or else turn the result back as well."
)
def _(image, kernel):
    return ops.conv2d(image.flip(0, 1), kernel)


@true_convolution.mistake(
    "You flipped the finished map. The flip belongs to the kernel: the map itself keeps the picture's order."
)
def _(image, kernel):
    return ops.conv2d(image, kernel).flip(0, 1)


@true_convolution.alternative
def by_turning_the_picture(image, kernel):
    return ops.conv2d(image.flip(0, 1), kernel).flip(0, 1)


@true_convolution.alternative
def by_reading_backwards(image, kernel):
    (height, width), (kh, kw) = image.shape, kernel.shape
    output = torch.zeros(height - kh + 1, width - kw + 1)
    for i in range(output.shape[0]):
        for j in range(output.shape[1]):
            for u in range(kh):
                for v in range(kw):
                    output[i, j] += image[i + kh - 1 - u, j + kw - 1 - v] * kernel[u, v]
    return output


def colleagues_convolution(image, kernel):
    """Flip the columns alone, which a test with Sobel's kernel does not notice."""
    return ops.conv2d(image, kernel.flip(1))


FLAT = "Your picture is the same everywhere. On such a picture the order of the weights does not matter."
ONE_ROW = "A kernel with one row has no top and bottom to exchange. Give it two rows at least."
MIRRORED = (
    "Your kernel reads the same from the top and from the bottom, as those of the colleague's tests did."
)


def _small_pair(image, kernel):
    """What is not allowed about a counterexample to the colleague's version, in a sentence; else None."""
    tensors = all(isinstance(argument, torch.Tensor) and argument.ndim == 2 for argument in (image, kernel))
    if not tensors:
        return "Hand in two tensors with two dimensions each: an image and a kernel."
    if max(*image.shape, *kernel.shape) > 6:
        return (
            "Keep it small: at most six rows and six columns. The smaller the example, the clearer the fault."
        )
    if kernel.shape[0] > image.shape[0] or kernel.shape[1] > image.shape[1]:
        return "The kernel has to fit into the picture."
    if kernel.shape[0] == 1:
        return ONE_ROW
    if torch.equal(kernel, kernel.flip(0)):
        return MIRRORED
    return FLAT if bool((image == image[0, 0]).all()) else None


@counterexample(
    wrong=colleagues_convolution,
    right=ops.true_convolution,
    valid=_small_pair,
    level=1,
    minutes=5,
    hints=(
        "Read the colleague's one line. Which of the two flips is missing?",
        "For a kernel that reads the same from the top and from the bottom, the missing flip does nothing. "
        "Choose one that does not.",
        "A picture of 2×2 with one lit pixel is enough, and a kernel of 2×2 whose rows differ.",
    ),
    why=(
        "The rows of this kernel differ, so exchanging them matters, and the lit pixel lets the difference "
        "be seen."
    ),
)
def flip_counterexample():
    return torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])


_RAMP = torch.arange(12.0).reshape(3, 4) ** 2
_SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
flip_counterexample.mistake(MIRRORED)((_RAMP, _SOBEL))
flip_counterexample.mistake(MIRRORED)((_RAMP, torch.full((2, 2), 0.25)))
flip_counterexample.mistake(ONE_ROW)((_RAMP, torch.tensor([[1.0, 2.0, 3.0]])))
flip_counterexample.mistake(FLAT)((torch.ones(3, 3), torch.tensor([[1.0, 2.0], [3.0, 4.0]])))
flip_counterexample.mistake("Both versions agree on this one.")(
    (torch.tensor([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
)
