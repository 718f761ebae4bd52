"""The way back: transposed convolution."""

import torch
import torch.nn.functional as F

from ... import ops
from .._kinds import choice, exercise

transposed_conv2d = exercise(
    ops.transposed_conv2d,
    level=2,
    minutes=12,
    lines=7,
    shortcuts={
        "conv_transpose2d": "`F.conv_transpose2d` is what you are building here. A stamp for every pixel is "
        "enough.",
    },
    hints=(
        "Take one pixel first: what does the output look like when the image is a single pixel?",
        "Begin with zeros of the output's size. Each pixel (i, j) adds `image[i, j] * kernel` to the part of "
        "the output that begins at (i * stride, j * stride).",
        "That part is `output[i * stride : i * stride + kh, j * stride : j * stride + kw]`. Use `+=`: stamps "
        "overlap.",
    ),
    why="Each pixel stamps the kernel, scaled by itself; the stamps stand `stride` apart and add where they "
    "overlap.",
)


@transposed_conv2d.examples
def _(draw):
    yield draw(2, 2), draw(2, 2)
    yield draw(2, 3), draw(3, 2), 2
    yield draw(3, 2), draw(3, 4), 2
    yield draw(2, 4), draw(2, 2), 3
    yield draw(1, 3), draw(4, 1), 2
    yield draw(draw.integer(3, 6), 4), draw(draw.integer(2, 5), 3), draw.integer(2, 4)


@transposed_conv2d.mistake(
    "Later stamps replace earlier ones where they overlap. They add up: `+=` rather than `=`."
)
def _(image, kernel, stride=1):
    (height, width), (kh, kw) = image.shape, kernel.shape
    output = torch.zeros((height - 1) * stride + kh, (width - 1) * stride + kw)
    for i in range(height):
        for j in range(width):
            output[i * stride : i * stride + kh, j * stride : j * stride + kw] = image[i, j] * kernel
    return output


@transposed_conv2d.mistake(
    "The kernel is flipped. A stamp is put down as it is: a single lit pixel gives the kernel back upright."
)
def _(image, kernel, stride=1):
    return ops.transposed_conv2d(image, kernel.flip(0, 1), stride)


@transposed_conv2d.mistake("The stride is ignored: the stamps stand `stride` cells apart.")
def _(image, kernel, stride=1):
    return ops.transposed_conv2d(image, kernel)


@transposed_conv2d.mistake(
    "The output is too large: the last stamp begins at (H − 1) · stride, not at H · stride."
)
def _(image, kernel, stride=1):
    return F.pad(ops.transposed_conv2d(image, kernel, stride), (0, stride, 0, stride))


@transposed_conv2d.mistake("You average where stamps overlap. They add up.")
def _(image, kernel, stride=1):
    stamps = ops.transposed_conv2d(torch.ones_like(image), torch.ones_like(kernel), stride)
    return ops.transposed_conv2d(image, kernel, stride) / stamps.clamp(min=1)


@transposed_conv2d.mistake(
    "Every stamp has the same strength. The pixel multiplies its stamp: a dark pixel leaves a faint one."
)
def _(image, kernel, stride=1):
    return ops.transposed_conv2d(torch.ones_like(image), kernel, stride)


@transposed_conv2d.alternative
def a_weight_at_a_time(image, kernel, stride=1):
    (height, width), (kh, kw) = image.shape, kernel.shape
    output = torch.zeros((height - 1) * stride + kh, (width - 1) * stride + kw)
    for u in range(kh):
        for v in range(kw):
            output[u : u + height * stride : stride, v : v + width * stride : stride] += kernel[u, v] * image
    return output


@transposed_conv2d.alternative
def holes_and_a_full_convolution(image, kernel, stride=1):
    kh, kw = kernel.shape
    spread = F.pad(ops.dilated_kernel(image, stride), (kw - 1, kw - 1, kh - 1, kh - 1))
    return ops.true_convolution(spread, kernel)


checkerboard_free = choice(
    "b",
    level=1,
    minutes=3,
    hints=(
        "Take one row: stamps of length k stand 2 cells apart. How many of them cover a cell in the middle?",
        "For k = 3: cells 0, 2, 4, … of the middle are covered twice, and those between them once.",
    ),
    why="Stamps cover all cells equally often when the stride divides the kernel's size.",
    replies={
        "a": (
            "3×3",
            "Along a row, a cell is covered by two stamps, its neighbour by one, the next by two again. That "
            "is "
            "the pattern of the figure.",
        ),
        "b": (
            "4×4",
            "Yes. 4 is a multiple of the stride: every cell away from the border is covered by two stamps in "
            "a "
            "row, and by four in the plane.",
        ),
        "c": (
            "5×5",
            "Along a row the cells are covered 3, 2, 3, 2, … times. Less uneven than with 3×3, but not even.",
        ),
        "d": (
            "none of them: the stride causes it",
            "The stride alone does not: see how many stamps cover each cell when the kernel's size is a "
            "multiple "
            "of it.",
        ),
    },
)
