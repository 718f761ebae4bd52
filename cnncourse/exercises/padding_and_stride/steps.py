"""Windows that move in steps, and kernels with holes."""

import torch
import torch.nn.functional as F

from ... import ops
from .._kinds import exercise

OWN_SUM = "`F.conv2d` has strides built in. Slices with a step, `image[a:b:s]`, are all you need."

strided_conv2d = exercise(
    ops.strided_conv2d,
    level=2,
    minutes=12,
    lines=7,
    shortcuts={"conv2d": OWN_SUM, "unfold": OWN_SUM},
    hints=(
        "In chapter 01 you went through the output cell by cell. Go through the kernel cell by cell instead: "
        "which pixels does weight (u, v) meet, over all windows?",
        "Weight (u, v) meets rows u, u + s_h, u + 2 s_h, …, one for each row of the output. A slice with a "
        "step is `image[start : stop : step]`.",
        "With `rows` and `columns` as the output's size, the pixels are "
        "`image[u : u + rows * s_h : s_h, v : v + columns * s_w : s_w]`. Add `kernel[u, v]` times that.",
    ),
    why="Each weight meets every s-th pixel, beginning at its own place in the kernel: one slice for each "
    "weight.",
)


@strided_conv2d.examples
def _(draw):
    yield draw(4, 5), draw(2, 2), (2, 2)
    yield draw(3, 4), draw(2, 3)
    yield draw(8, 7), draw(3, 2), (2, 3)
    yield draw(5, 9), draw(1, 3), (1, 2)
    yield draw(9, 6), draw(2, 2), (4, 1)
    yield draw(draw.integer(8, 11), draw.integer(6, 9)), draw(3, draw.integer(2, 5)), (3, 2)


@strided_conv2d.mistake("The stride is ignored: the window moves on by s_h rows and s_w columns.")
def _(image, kernel, stride=(1, 1)):
    return ops.conv2d(image, kernel)


@strided_conv2d.mistake("The two strides have changed places: s_h comes first and belongs to the rows.")
def _(image, kernel, stride=(1, 1)):
    return ops.strided_conv2d(image, kernel, stride[::-1])


@strided_conv2d.mistake(
    "You dropped pixels before the convolution. The window still covers neighbours; only its steps are "
    "longer."
)
def _(image, kernel, stride=(1, 1)):
    thinned = image[:: stride[0], :: stride[1]]
    kernel = kernel[: thinned.shape[0], : thinned.shape[1]]
    return ops.conv2d(thinned, kernel)


@strided_conv2d.mistake("The window begins too late: the first one begins in row 0 and column 0.")
def _(image, kernel, stride=(1, 1)):
    s_h, s_w = stride
    rows, columns = ops.strided_conv2d(image, kernel, stride).shape
    moved = image.roll((1 - s_h, 1 - s_w), (0, 1))
    return ops.strided_conv2d(moved, kernel, stride)[:rows, :columns]


@strided_conv2d.mistake("The kernel is flipped. As in chapter 01, it is laid on as it is.")
def _(image, kernel, stride=(1, 1)):
    return ops.strided_conv2d(image, kernel.flip(0, 1), stride)


@strided_conv2d.mistake(
    "The last windows are missing: the size is the room to move divided by the stride, and one more."
)
def _(image, kernel, stride=(1, 1)):
    output = ops.strided_conv2d(image, kernel, stride)
    return output[: max(1, len(output) - 1), : max(1, output.shape[1] - 1)]


@strided_conv2d.alternative
def by_throwing_away(image, kernel, stride=(1, 1)):
    return ops.conv2d(image, kernel)[:: stride[0], :: stride[1]]


@strided_conv2d.alternative
def window_by_window(image, kernel, stride=(1, 1)):
    (height, width), (kh, kw) = image.shape, kernel.shape
    rows, columns = (range(0, n - k + 1, s) for n, k, s in ((height, kh, stride[0]), (width, kw, stride[1])))
    sums = [(image[i : i + kh, j : j + kw] * kernel).sum() for i in rows for j in columns]
    return torch.stack(sums).reshape(len(rows), len(columns))


dilated_kernel = exercise(
    ops.dilated_kernel,
    level=1,
    minutes=5,
    lines=4,
    hints=(
        "How large is a kernel of three weights, two cells apart? Draw it: w 0 w 0 w.",
        "Make a kernel of zeros of that size, and write the weights into every `dilation`-th cell.",
        "`spread[::dilation, ::dilation] = kernel`",
    ),
    why="Between k weights there are k − 1 gaps of d − 1 zeros; a slice with a step reaches every d-th cell.",
)


@dilated_kernel.examples
def _(draw):
    yield draw(2, 2), 2
    yield draw(2, 3), 1
    yield draw(3, 2), 3
    yield draw(1, 4), 2
    yield draw(draw.integer(2, 5), 3), draw.integer(2, 5)


@dilated_kernel.mistake("There are zeros after the last weights. Zeros stand between the weights only.")
def _(kernel, dilation):
    kh, kw = kernel.shape
    spread = kernel.new_zeros(dilation * kh, dilation * kw)
    spread[::dilation, ::dilation] = kernel
    return spread


@dilated_kernel.mistake(
    "You put `dilation` zeros between two weights. With dilation d they are d cells apart: d − 1 zeros."
)
def _(kernel, dilation):
    return ops.dilated_kernel(kernel, dilation + 1)


@dilated_kernel.mistake(
    "You repeated the weights. A dilated kernel has no more weights than before, but holes."
)
def _(kernel, dilation):
    (kh, kw), d = kernel.shape, dilation
    grown = kernel.repeat_interleave(d, 0).repeat_interleave(d, 1)
    return grown[: d * (kh - 1) + 1, : d * (kw - 1) + 1]


@dilated_kernel.mistake("Only the columns are spread. The rows move apart as well.")
def _(kernel, dilation):
    spread = ops.dilated_kernel(kernel, dilation)
    return spread[::dilation]


@dilated_kernel.mistake("Only the rows are spread. The columns move apart as well.")
def _(kernel, dilation):
    spread = ops.dilated_kernel(kernel, dilation)
    return spread[:, ::dilation]


@dilated_kernel.alternative
def with_krons_product(kernel, dilation):
    kh, kw = kernel.shape
    hole = torch.zeros(dilation, dilation)
    hole[0, 0] = 1
    return torch.kron(kernel, hole)[: dilation * (kh - 1) + 1, : dilation * (kw - 1) + 1]


@dilated_kernel.alternative
def by_transposed_convolution(kernel, dilation):
    return F.conv_transpose2d(kernel[None, None], torch.ones(1, 1, 1, 1), stride=dilation)[0, 0]
