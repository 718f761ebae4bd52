"""One number for each window: the largest, the average, windows that overlap, and one window for all."""

import torch
import torch.nn.functional as F

from ... import pooling
from .._kinds import exercise

ORDER = "what is taken over two dimensions does not depend on their order"
OWN_MAX = (
    "That calls PyTorch's own max pooling, which is what you are building here. Cut out the windows yourself."
)
OWN_MEAN = (
    "That calls PyTorch's own average pooling, which is what you are building here. `F.conv2d` is the tool: "
    "what "
    "kernel averages?"
)

max_pool = exercise(
    pooling.max_pool,
    level=2,
    minutes=10,
    lines=6,
    equivalent={
        "new_ones": "every cell of the output is written before anyone reads it",
        "dim=(3, 2)": ORDER,
    },
    shortcuts={"max_pool2d": OWN_MAX},
    hints=(
        "It goes like your `conv_layer` of chapter 01: two loops over the output's cells, one window for "
        "each. "
        "How many windows of 2 rows fit side by side into 7 rows?",
        "Row i of the output looks at the rows `i * size : (i + 1) * size`. Keep all pictures and all "
        "channels: "
        "`window = maps[:, :, i * size : (i + 1) * size, j * size : (j + 1) * size]`.",
        "`output = maps.new_zeros(N, C, H // size, W // size)`, and at each place "
        "`output[:, :, i, j] = window.amax(dim=(2, 3))`. `amax` takes several dimensions at once; `max` "
        "does not.",
    ),
    why="`amax` over the window's own two dimensions: pictures and channels are never mixed.",
)


@max_pool.examples
def _(draw):
    yield draw(1, 1, 4, 4), 2
    yield draw(1, 2, 3, 6) - 4, 3
    yield draw(2, 3, 5, 7), 2
    yield draw(2, 1, 4, 3), 1
    yield draw(2, 2, draw.integer(7, 10), draw.integer(10, 13)), 3


@max_pool.mistake("You average. Max pooling keeps the largest value of each window.")
def _(maps, size):
    return pooling.average_pool(maps, size)


@max_pool.mistake("That is the smallest value of each window; the largest is wanted.")
def _(maps, size):
    return -pooling.max_pool(-maps, size)


@max_pool.mistake(
    "Your windows overlap: each begins one cell after the one before. Here they stand side by side, so "
    "window i "
    "begins at row i * size."
)
def _(maps, size):
    return pooling.overlapping_max_pool(maps, size, 1)


@max_pool.mistake(
    "Your windows begin one cell after another: window i begins at row i * size, and not at row i."
)
def _(maps, size):
    rows, columns = maps.shape[2] // size, maps.shape[3] // size
    return pooling.overlapping_max_pool(maps, size, 1)[:, :, :rows, :columns]


@max_pool.mistake(
    "You keep one cell of each window, its first. That is a stride without a look at the others: take the "
    "largest."
)
def _(maps, size):
    rows, columns = maps.shape[2] // size, maps.shape[3] // size
    return maps[:, :, ::size, ::size][:, :, :rows, :columns].clone()


@max_pool.mistake(
    "The largest value never falls below 0 in your answer. A window of negative numbers has one too."
)
def _(maps, size):
    return pooling.max_pool(maps, size).clamp(min=0)


@max_pool.mistake(
    "You take the largest value by magnitude. Largest means furthest to the right on the number line: 1 "
    "beats −3."
)
def _(maps, size):
    up, down = pooling.max_pool(maps, size), -pooling.max_pool(-maps, size)
    return torch.where(up > -down, up, down)


@max_pool.mistake("The channels compete with each other. Each map is pooled by itself: `dim=(2, 3)` only.")
def _(maps, size):
    pooled = pooling.max_pool(maps, size)
    return pooled.amax(dim=1, keepdim=True).expand_as(pooled).clone()


@max_pool.mistake("The pictures of the batch compete with each other. Each is pooled by itself.")
def _(maps, size):
    pooled = pooling.max_pool(maps, size)
    return pooled.amax(dim=0, keepdim=True).expand_as(pooled).clone()


@max_pool.mistake(
    "Rows and columns that fill no window of their own are kept in your answer; here they are dropped, so "
    "the sizes "
    "are H // size and W // size."
)
def _(maps, size):
    return F.max_pool2d(maps, size, ceil_mode=True)


@max_pool.alternative
def by_folding_the_axes(maps, size):
    batch, channels, height, width = maps.shape
    whole = maps[:, :, : height // size * size, : width // size * size]
    return whole.reshape(batch, channels, height // size, size, width // size, size).amax(dim=(3, 5))


@max_pool.alternative
def by_strided_pictures(maps, size):
    rows, columns = maps.shape[2] // size, maps.shape[3] // size
    cells = [maps[:, :, u::size, v::size][:, :, :rows, :columns] for u in range(size) for v in range(size)]
    return torch.stack(cells).amax(dim=0)


average_pool = exercise(
    pooling.average_pool,
    level=2,
    minutes=8,
    lines=3,
    shortcuts={"avg_pool2d": OWN_MEAN},
    hints=(
        "An average of four numbers is 0.25 of each, added up. That is a kernel, and every channel needs "
        "one of its "
        "own: groups.",
        "Depthwise, as in chapter 01: `groups=channels`, and a weight of shape (channels, 1, size, size). "
        "The "
        "windows stand side by side, so what is the stride?",
        "`kernel = torch.full((channels, 1, size, size), 1 / size**2)`, then "
        "`F.conv2d(maps, kernel, stride=size, groups=channels)`.",
    ),
    why=(
        "An average is a weighted sum with equal weights, so average pooling is a depthwise convolution "
        "with a stride."
    ),
)


@average_pool.examples
def _(draw):
    yield draw(1, 1, 2, 4), 2
    yield draw(1, 3, 3, 6), 3
    yield draw(2, 2, 5, 7), 2
    yield draw(2, 3, draw.integer(7, 10), draw.integer(10, 13)), 3


@average_pool.mistake(
    "You add up and do not divide: an average of size × size numbers has weights of 1 / size**2."
)
def _(maps, size):
    return pooling.average_pool(maps, size) * size**2


@average_pool.mistake("You divide by `size`. A window has size × size cells.")
def _(maps, size):
    return pooling.average_pool(maps, size) * size


@average_pool.mistake(
    "The channels run into each other. Each map is averaged by itself: `groups` makes a convolution "
    "depthwise."
)
def _(maps, size):
    pooled = pooling.average_pool(maps, size)
    return pooled.sum(dim=1, keepdim=True).expand_as(pooled).clone()


@average_pool.mistake("The average over all channels comes out in every map. Each map is averaged by itself.")
def _(maps, size):
    pooled = pooling.average_pool(maps, size)
    return pooled.mean(dim=1, keepdim=True).expand_as(pooled).clone()


@average_pool.mistake(
    "The channels have become one. Each map is averaged by itself: as many come out as go in."
)
def _(maps, size):
    return pooling.average_pool(maps, size).sum(dim=1, keepdim=True)


@average_pool.mistake(
    "The windows overlap: without a stride they begin one cell after another. Here they stand side by side."
)
def _(maps, size):
    channels = maps.shape[1]
    return F.conv2d(maps, maps.new_full((channels, 1, size, size), 1 / size**2), groups=channels)


@average_pool.mistake("That is the largest value of each window; the average is wanted.")
def _(maps, size):
    return pooling.max_pool(maps, size)


@average_pool.alternative
def by_two_means(maps, size):
    rows, columns = maps.shape[2] // size * size, maps.shape[3] // size * size
    return maps[:, :, :rows, :columns].unflatten(3, (-1, size)).unflatten(2, (-1, size)).mean(dim=(3, 5))


@average_pool.alternative
def in_a_loop(maps, size):
    rows, columns = maps.shape[2] // size, maps.shape[3] // size
    output = torch.zeros(*maps.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = maps[:, :, i * size : (i + 1) * size, j * size : (j + 1) * size]
            output[:, :, i, j] = window.mean(dim=(2, 3))
    return output


overlapping_max_pool = exercise(
    pooling.overlapping_max_pool,
    level=2,
    minutes=10,
    lines=3,
    equivalent={"dim=(5, 4)": ORDER},
    shortcuts={"max_pool2d": OWN_MAX},
    hints=(
        "Two things are new: where a window begins, and what stands in the padding. Which number is smaller "
        "than "
        "every other, so that it can never be the largest?",
        "`F.pad(maps, (padding,) * 4, value=-torch.inf)`. Then either loops, with rows "
        "`i * stride : i * stride + size`, or `unfold`.",
        "`padded.unfold(2, size, stride)` cuts dimension 2 into windows and puts their cells into a new last "
        "dimension. Unfold dimension 3 as well, and the shape is (N, C, H', W', size, size): `amax` does "
        "the rest.",
    ),
    why="−∞ is smaller than every number, so a padded cell never wins, even where all values are negative.",
)


@overlapping_max_pool.examples
def _(draw):
    yield draw(1, 1, 5, 3), 3, 2
    yield draw(1, 2, 4, 6) - 4, 3, 2, 1
    yield draw(2, 2, 7, 8), 2, 1
    yield draw(1, 1, 7, 9), 2, 3
    yield draw(2, 3, draw.integer(7, 10), draw.integer(10, 13)) - 4, 4, draw.integer(1, 4), 2


@overlapping_max_pool.mistake(
    "Zeros stand in your padding, and where all values are negative a zero wins that was never in the map. "
    "Pad with "
    "−∞."
)
def _(maps, size, stride, padding=0):
    return pooling.overlapping_max_pool(F.pad(maps, (padding,) * 4), size, stride)


@overlapping_max_pool.mistake(
    "The padding is missing: `padding` rows and columns belong on each of the four sides."
)
def _(maps, size, stride, padding=0):
    return pooling.overlapping_max_pool(maps, size, stride)


@overlapping_max_pool.mistake(
    "Your windows stand side by side. Each begins `stride` cells after the one before."
)
def _(maps, size, stride, padding=0):
    return pooling.overlapping_max_pool(maps, size, size, padding)


@overlapping_max_pool.mistake(
    "The stride is ignored: each window begins `stride` cells after the one before."
)
def _(maps, size, stride, padding=0):
    return pooling.overlapping_max_pool(maps, size, 1, padding)


@overlapping_max_pool.mistake("Size and stride have changed places.")
def _(maps, size, stride, padding=0):
    return pooling.overlapping_max_pool(maps, stride, size, padding)


@overlapping_max_pool.mistake("That is the average of each window; the largest value is wanted.")
def _(maps, size, stride, padding=0):
    return F.avg_pool2d(maps, size, stride, padding)


@overlapping_max_pool.mistake(
    "Padding is on the right and below only. It goes on all four sides: `F.pad(maps, (padding,) * 4, …)`."
)
def _(maps, size, stride, padding=0):
    padded = F.pad(maps, (0, 2 * padding, 0, 2 * padding), value=-torch.inf)
    return pooling.overlapping_max_pool(padded, size, stride)


@overlapping_max_pool.alternative
def by_loops(maps, size, stride, padding=0):
    padded = F.pad(maps, (padding,) * 4, value=float("-inf"))
    rows, columns = ((n - size) // stride + 1 for n in padded.shape[2:])
    output = torch.empty(*maps.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            output[:, :, i, j] = padded[:, :, top : top + size, left : left + size].amax(dim=(2, 3))
    return output


@overlapping_max_pool.alternative
def first_along_the_rows(maps, size, stride, padding=0):
    padded = F.pad(maps, (padding,) * 4, value=-torch.inf)
    return padded.unfold(3, size, stride).amax(4).unfold(2, size, stride).amax(4)


global_average_pool = exercise(
    pooling.global_average_pool,
    level=1,
    minutes=4,
    lines=1,
    equivalent={"dim=(3, 2)": ORDER},
    shortcuts={
        "adaptive_avg_pool2d": "That calls PyTorch's own global average pooling. A mean will do.",
        "avg_pool2d": "That calls PyTorch's own average pooling. A mean will do.",
    },
    hints=(
        "The window is the whole map. Which two of the four dimensions are to disappear?",
        "`maps.mean(dim=…)` takes several dimensions at once: rows are dimension 2, columns dimension 3.",
    ),
    why="The mean over rows and columns: height and width may be anything, and C numbers come out.",
)


@global_average_pool.examples
def _(draw):
    yield draw(1, 2, 2, 3)
    yield draw(2, 3, 5, 4)
    yield draw(3, 2, draw.integer(1, 4), draw.integer(6, 9))


@global_average_pool.mistake("That is the sum of each map. Divide by the number of its cells: `mean` does.")
def _(maps):
    return maps.sum(dim=(2, 3))


@global_average_pool.mistake("That is the largest value of each map; the average is wanted.")
def _(maps):
    return maps.amax(dim=(2, 3))


@global_average_pool.mistake(
    "Two dimensions of size 1 are left over: drop them, so that a dense layer can follow. The result is (N, "
    "C)."
)
def _(maps):
    return maps.mean(dim=(2, 3), keepdim=True)


@global_average_pool.mistake("Only the columns are averaged. The rows go too: `dim=(2, 3)`.")
def _(maps):
    return maps.mean(dim=3)


@global_average_pool.mistake("Only the rows are averaged. The columns go too: `dim=(2, 3)`.")
def _(maps):
    return maps.mean(dim=2)


@global_average_pool.mistake("You average over the channels as well. Each map keeps a number of its own.")
def _(maps):
    return maps.mean(dim=(1, 2, 3))


@global_average_pool.mistake(
    "That is one number for the whole batch. Each map of each picture has its own: `dim=(2, 3)`."
)
def _(maps):
    return maps.mean()


@global_average_pool.mistake("You average over the channels. They stay; rows and columns go.")
def _(maps):
    return maps.mean(dim=1)


@global_average_pool.alternative
def by_flattening(maps):
    return maps.flatten(2).mean(dim=2)


@global_average_pool.alternative
def by_adding_up(maps):
    return torch.einsum("nchw->nc", maps) / (maps.shape[2] * maps.shape[3])
