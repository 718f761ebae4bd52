"""What happens at the border, and four ways to continue a picture beyond it."""

import torch
import torch.nn.functional as F

from ... import ops
from .._kinds import exercise, value

views = value(
    (1, 3, 9),
    level=1,
    minutes=4,
    right="Right: the corner is seen once, and nine times as often a pixel away from the border.",
    hints=(
        "Lay the window into the corner. Can you move it anywhere else and still cover the corner pixel?",
        "The window can begin in rows 0 to 5 and in columns 0 to 5. Which of these beginnings cover row 0? "
        "Which cover column 3?",
        "Per direction: the first row is covered by one beginning, and row 3 by three (1, 2 and 3). Multiply "
        "rows and columns.",
    ),
    why="One beginning covers row 0 and three cover row 3; the same holds for columns: 1·1, 1·3 and 3·3.",
    wrong={
        (9, 9, 9): "Every window covers nine pixels. But not every pixel is covered by nine windows.",
        (4, 6, 9): "That is with one ring of padding. Here the window never leaves the picture.",
        (1, 2, 9): "The pixel at (0, 3) is in the first row, away from the corners: windows that begin in "
        "columns 1, 2 and 3 cover it.",
        (1, 1, 9): "The pixel at (0, 3) lies in the first row, but far from the left border: the window can "
        "stand in three places and still cover it.",
        (1, 9, 9): "Row 0 is covered only by windows that begin in row 0, and so are all of its pixels.",
        (1, 3, 6): "In the middle both directions have three beginnings, and they multiply: 3·3.",
    },
)

pad = exercise(
    ops.pad,
    level=2,
    minutes=20,
    lines=15,
    equivalent={"(i.abs() - (n - 1)).abs()": "a distance is the same from both ends"},
    shortcuts={"pad": "`F.pad` is what you are building here. Slices and indexing with a tensor are enough."},
    hints=(
        "Zeros first: make a larger picture with `image.new_zeros(...)` and write the image into its middle.",
        "For the other modes every cell of the result shows some pixel of the image. Which row is it? Write "
        "down, for n = 4 and padding 2, the eight row numbers of each mode. Rows −2, −1, 0, …, 5 of the "
        "image are wanted; four of them exist.",
        "For n = 4 and padding 2: replicate 0 0 0 1 2 3 3 3, reflect 2 1 0 1 2 3 2 1, circular "
        "2 3 0 1 2 3 0 1. From `i = torch.arange(-padding, n + padding)` you get them with `clamp`, "
        "`abs` and `%`.",
        "`i.clamp(0, n - 1)`; `i % n`; and for reflect the mirror on the left is `i.abs()`. The mirror on "
        "the "
        "right is the same seen from the other end: with `m = n - 1`, it is `m - (m - i.abs()).abs()`. "
        "Then `image[rows][:, columns]`.",
    ),
    why="Three modes differ only in which row of the picture a row beyond its border shows: an index says "
    "it.",
)


@pad.examples
def _(draw):
    yield draw(2, 3), 1
    yield draw(3, 4), 1, "replicate"
    yield draw(3, 4), 2, "reflect"
    yield draw(3, 4), 2, "circular"
    yield draw(4, 3), 0
    yield draw(3, 5), 5, "replicate"
    yield draw(5, 4), 3, "reflect"
    yield draw(4, 3), 3, "circular"
    yield draw(draw.integer(2, 5), draw.integer(5, 8)), draw.integer(2, 4)


def _by_torch(image, padding, mode, sides=(1, 1, 1, 1)):
    how = "constant" if mode == "zeros" else mode
    return F.pad(image[None, None], [padding * side for side in sides], mode=how)[0, 0]


@pad.mistake(
    "Reflection does not double the border pixel: the mirror stands on it. After a b c comes b, not c."
)
def _(image, padding, mode="zeros"):
    if mode != "reflect":
        return ops.pad(image, padding, mode)
    index = []
    for n in image.shape:
        i = torch.arange(-padding, n + padding)
        i = torch.where(i < 0, -1 - i, i)
        index.append(torch.where(i >= n, 2 * n - 1 - i, i))
    return image[index[0]][:, index[1]]


@pad.mistake("Reflect and circular have changed places: circular goes on from the opposite side.")
def _(image, padding, mode="zeros"):
    return ops.pad(image, padding, {"reflect": "circular", "circular": "reflect"}.get(mode, mode))


@pad.mistake("Replicate and reflect have changed places: replicate repeats the border pixel.")
def _(image, padding, mode="zeros"):
    return ops.pad(image, padding, {"reflect": "replicate", "replicate": "reflect"}.get(mode, mode))


@pad.mistake("The mode is ignored: you fill with zeros whatever it says.")
def _(image, padding, mode="zeros"):
    return ops.pad(image, padding)


@pad.mistake("The padding stands at the bottom and on the right only. It goes on all four sides.")
def _(image, padding, mode="zeros"):
    return ops.pad(image, padding, mode)[padding:, padding:]


@pad.mistake(
    "All padding stands at the top and on the left: `padding` rows go above the picture and as many below it."
)
def _(image, padding, mode="zeros"):
    grown = ops.pad(image, 2 * padding if mode in ("zeros", "replicate") else padding, mode)
    if mode not in ("zeros", "replicate"):
        return grown.roll((1, 1), (0, 1))
    return grown[: image.shape[0] + 2 * padding, : image.shape[1] + 2 * padding]


@pad.mistake("Only the columns are padded. Rows go above and below the picture as well.")
def _(image, padding, mode="zeros"):
    padded = ops.pad(image, padding, mode)
    return padded[padding : padding + image.shape[0]]


@pad.mistake(
    "The corners are left at zero. They continue the picture too: pad the rows, and then the columns."
)
def _(image, padding, mode="zeros"):
    padded = ops.pad(image, padding, mode)
    inside = ops.pad(torch.ones_like(image), padding)
    rows, columns = inside.sum(1) > 0, inside.sum(0) > 0
    return padded * (rows[:, None] | columns)


EMPTY_SLICE = (
    "With padding 0 your slice `padding:-padding` is `0:-0`, which is empty. Count from the front: "
    "`padding : padding + height`."
)


def _from_behind(image, padding, mode="zeros"):
    if mode != "zeros":
        return ops.pad(image, padding, mode)
    padded = image.new_zeros(image.shape[0] + 2 * padding, image.shape[1] + 2 * padding)
    padded[padding:-padding, padding:-padding] = image
    return padded


pad.mistake(EMPTY_SLICE)(_from_behind)


@pad.mistake(
    "The modes are still missing. And with padding 0 the slice `padding:-padding` is empty: count from the "
    "front."
)
def _(image, padding, mode="zeros"):
    return _from_behind(image, padding)


@pad.alternative
def a_pixel_at_a_time(image, padding, mode="zeros"):
    (height, width), p = image.shape, padding
    padded = torch.zeros(height + 2 * p, width + 2 * p)

    def source(i, n):
        if mode == "replicate":
            return min(max(i, 0), n - 1)
        if mode == "circular":
            return i % n
        return -i if i < 0 else 2 * (n - 1) - i if i >= n else i

    for i in range(-p, height + p):
        for j in range(-p, width + p):
            if mode != "zeros":
                padded[i + p, j + p] = image[source(i, height), source(j, width)]
            elif 0 <= i < height and 0 <= j < width:
                padded[i + p, j + p] = image[i, j]
    return padded


@pad.alternative
def by_joining_slices(image, padding, mode="zeros"):
    for _ in range(2):
        n = len(image)
        if mode == "zeros":
            before = after = image.new_zeros(padding, image.shape[1])
        elif mode == "replicate":
            before, after = image[:1].expand(padding, -1), image[-1:].expand(padding, -1)
        elif mode == "reflect":
            before, after = image[1 : padding + 1].flip(0), image[n - 1 - padding : n - 1].flip(0)
        else:
            before, after = image[n - padding :], image[:padding]
        image = torch.cat([before, image, after]).T
    return image
