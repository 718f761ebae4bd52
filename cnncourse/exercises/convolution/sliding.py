"""One kernel on one picture."""

import torch
import torch.nn.functional as F

from ... import ops
from .._kinds import exercise

OWN_SUM = "`F.conv2d` is what you are building here. Write the sum yourself: multiply and add are enough."

conv2d = exercise(
    ops.conv2d,
    level=2,
    minutes=10,
    lines=7,
    equivalent={"new_ones": "every cell of the output is written before anyone reads it"},
    shortcuts={"conv2d": OWN_SUM},
    hints=(
        "How many places are there for a kernel of height 2 on a picture of height 3? Lay it on and count.",
        "Two loops, i over the output's rows and j over its columns. The patch below the kernel is "
        "`image[i : i + kh, j : j + kw]`.",
        "Begin with `output = image.new_zeros(H - kh + 1, W - kw + 1)`. At each place, "
        "`output[i, j] = (patch * kernel).sum()`.",
    ),
    why=(
        "Each output cell is one dot product: the patch times the kernel, cell by cell, and everything added."
    ),
)


@conv2d.examples
def _(draw):
    yield draw(3, 4), draw(2, 2)
    yield draw(4, 3), draw(1, 3)
    yield draw(7, 5), draw(3, 2)
    yield draw(5, 6), draw(5, 6)
    height, width = draw.integer(3, 6), draw.integer(6, 9)
    yield draw(height, width), draw(draw.integer(1, 3), draw.integer(3, 5))


@conv2d.mistake(
    "You flipped the kernel: that is convolution as mathematics defines it. A deep-learning layer lays the "
    "kernel "
    "on as it is, which is called cross-correlation."
)
def _(image, kernel):
    return ops.conv2d(image, kernel.flip(0, 1))


@conv2d.mistake(
    "The last row and the last column are missing: a kernel of height kh fits at H - kh + 1 places, not at "
    "H - kh."
)
def _(image, kernel):
    return ops.conv2d(image, kernel)[:-1, :-1]


@conv2d.mistake("You average. The output is the sum of the products, not their mean.")
def _(image, kernel):
    return ops.conv2d(image, kernel / kernel.numel())


@conv2d.mistake(
    "That is a matrix product. Multiply the patch and the kernel cell by cell, with `*`, and add all the "
    "products."
)
def _(image, kernel):
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    return torch.stack(
        [(image[i : i + kh, j : j + kw] @ kernel.T).sum() for i in range(rows) for j in range(columns)]
    ).reshape(rows, columns)


@conv2d.mistake(
    "The sum is not started anew at every place: it carries over from one output cell to the next."
)
def _(image, kernel):
    output = ops.conv2d(image, kernel)
    return output.flatten().cumsum(0).reshape(output.shape)


@conv2d.mistake(
    "Rows and columns have changed places: output[i, j] belongs to the patch that begins at image[i, j]."
)
def _(image, kernel):
    return ops.conv2d(image, kernel).T


@conv2d.mistake(
    "You padded the picture with zeros. Here the kernel never leaves it, so the output is smaller."
)
def _(image, kernel):
    kh, kw = kernel.shape
    return ops.conv2d(F.pad(image, ((kw - 1) // 2, kw // 2, (kh - 1) // 2, kh // 2)), kernel)


@conv2d.mistake("You add the patch alone: its numbers still have to be multiplied by the kernel's.")
def _(image, kernel):
    return ops.conv2d(image, torch.ones_like(kernel))


@conv2d.alternative
def by_shifted_pictures(image, kernel):
    (height, width), (kh, kw) = image.shape, kernel.shape
    rows, columns = height - kh + 1, width - kw + 1
    return sum(image[u : u + rows, v : v + columns] * kernel[u, v] for u in range(kh) for v in range(kw))


@conv2d.alternative
def by_windows(image, kernel):
    kh, kw = kernel.shape
    return torch.einsum("ijuv,uv->ij", image.unfold(0, kh, 1).unfold(1, kw, 1), kernel)
