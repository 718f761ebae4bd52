"""The gradient of a convolution is a convolution."""

import torch.nn.functional as F

from ... import ops
from .._kinds import exercise

NOT_AUTOGRAD = (
    "That is autograd at work. Here the gradient is yours to write: it is a `conv2d` of the right two things."
)
AUTOGRAD = dict.fromkeys(("grad", "backward", "convolution_backward"), NOT_AUTOGRAD)

kernel_gradient = exercise(
    ops.kernel_gradient,
    level=2,
    minutes=10,
    lines=1,
    shortcuts=AUTOGRAD,
    hints=(
        "The derivation ends in a sum over i and j of g[i, j] · x[i + u, j + v]. You have seen such a sum "
        "before.",
        "Which two tensors slide over each other, and which of them plays the kernel?",
    ),
    why="The sum over i and j of x[i + u, j + v] · g[i, j] is a cross-correlation, with g as its kernel.",
)


@kernel_gradient.examples
def _(draw):
    yield draw(3, 4), draw(2, 3)
    yield draw(5, 4), draw(2, 3)
    yield draw(4, 7), draw(4, 5)
    yield draw(6, 5), draw(3, 4)
    yield draw(draw.integer(5, 7), 6), draw(3, draw.integer(2, 5))


@kernel_gradient.mistake(
    "Nothing is flipped here: in the derivation x[i + u, j + v] meets g[i, j], as in the forward pass."
)
def _(image, gradient):
    return ops.true_convolution(image, gradient)


@kernel_gradient.mistake(
    "You average over the places. A weight is used at every place, and the contributions of all places add "
    "up."
)
def _(image, gradient):
    return ops.conv2d(image, gradient) / gradient.numel()


@kernel_gradient.mistake(
    "The sign is turned. This is the gradient; the minus comes later, with the step against it."
)
def _(image, gradient):
    return -ops.conv2d(image, gradient)


@kernel_gradient.mistake(
    "The result is turned by half a turn: cell (u, v) of the gradient belongs to weight (u, v)."
)
def _(image, gradient):
    return ops.conv2d(image, gradient).flip(0, 1)


@kernel_gradient.mistake(
    "You padded the picture. Without padding the result has the kernel's own shape, which is what a "
    "gradient must have."
)
def _(image, gradient):
    rows, columns = gradient.shape
    return ops.conv2d(F.pad(image, (columns - 1, columns - 1, rows - 1, rows - 1)), gradient)


@kernel_gradient.alternative
def place_by_place(image, gradient):
    (height, width), (rows, columns) = image.shape, gradient.shape
    kh, kw = height - rows + 1, width - columns + 1
    return sum(gradient[i, j] * image[i : i + kh, j : j + kw] for i in range(rows) for j in range(columns))


@kernel_gradient.alternative
def with_torchs_convolution(image, gradient):
    return F.conv2d(image[None, None], gradient[None, None])[0, 0]


image_gradient = exercise(
    ops.image_gradient,
    level=3,
    minutes=15,
    lines=3,
    shortcuts=AUTOGRAD,
    hints=(
        "Pixel (p, q) met weight (u, v) at the output cell (p - u, q - v). A minus between the indices: "
        "that is a "
        "convolution in the sense of mathematics.",
        "The kernel must be allowed to stand half outside: pad the gradient with kh - 1 rows and kw - 1 "
        "columns of "
        "zeros on each side.",
        "`F.pad` takes the last dimension first: `F.pad(gradient, (kw - 1, kw - 1, kh - 1, kh - 1))`. Then "
        "`true_convolution`.",
    ),
    why=(
        "Each pixel collects g · w from every cell that saw it; the cells lie up and left of it, hence the "
        "flip."
    ),
)


@image_gradient.examples
def _(draw):
    yield draw(2, 3), draw(2, 2)
    yield draw(3, 4), draw(1, 3)
    yield draw(5, 3), draw(3, 2)
    yield draw(4, 6), draw(2, 4)
    yield draw(draw.integer(4, 6), 5), draw(3, draw.integer(2, 5))


def _padded(gradient, kernel, rows=(1, 1), columns=(1, 1)):
    kh, kw = kernel.shape
    left, right = (side * (kw - 1) for side in columns)
    top, bottom = (side * (kh - 1) for side in rows)
    return F.pad(gradient, (left, right, top, bottom))


@image_gradient.mistake(
    "The kernel is not flipped. Pixel (p, q) met weight (u, v) at the output cell (p - u, q - v): with that "
    "minus, it "
    "is a convolution in the sense of mathematics."
)
def _(gradient, kernel):
    return ops.conv2d(_padded(gradient, kernel), kernel)


@image_gradient.mistake(
    "The padding is missing, so the result is smaller than the picture. Pad with kh - 1 rows and kw - 1 "
    "columns of "
    "zeros on each side."
)
def _(gradient, kernel):
    return ops.true_convolution(gradient, kernel[: gradient.shape[0], : gradient.shape[1]])


@image_gradient.mistake(
    "The padding has height and width exchanged: `F.pad` takes the last dimension, the columns, first."
)
def _(gradient, kernel):
    kh, kw = kernel.shape
    return ops.true_convolution(F.pad(gradient, (kh - 1, kh - 1, kw - 1, kw - 1)), kernel)


@image_gradient.mistake(
    "Zeros stand on one side only. Pixels near both borders are seen: pad on all four sides."
)
def _(gradient, kernel):
    return ops.true_convolution(_padded(gradient, kernel, (1, 0), (1, 0)), kernel)


@image_gradient.mistake("Only the columns are flipped. The kernel is read backwards in both directions.")
def _(gradient, kernel):
    return ops.conv2d(_padded(gradient, kernel), kernel.flip(1))


@image_gradient.mistake("Only the rows are flipped. The kernel is read backwards in both directions.")
def _(gradient, kernel):
    return ops.conv2d(_padded(gradient, kernel), kernel.flip(0))


@image_gradient.mistake("The sign is turned. This is the gradient itself, not yet the step against it.")
def _(gradient, kernel):
    return -ops.image_gradient(gradient, kernel)


@image_gradient.alternative
def every_cell_hands_back(gradient, kernel):
    (rows, columns), (kh, kw) = gradient.shape, kernel.shape
    image = gradient.new_zeros(rows + kh - 1, columns + kw - 1)
    for i in range(rows):
        for j in range(columns):
            image[i : i + kh, j : j + kw] += gradient[i, j] * kernel
    return image


@image_gradient.alternative
def by_transposed_convolution(gradient, kernel):
    return F.conv_transpose2d(gradient[None, None], kernel[None, None])[0, 0]
