"""Reading a picture between its pixels, and telling `F.grid_sample` where."""

import torch
import torch.nn.functional as F

from .._kinds import counterexample, exercise


@exercise(
    level=2,
    minutes=20,
    lines=10,
    equivalent={
        "((top, left + 1), (top, left)": "the order in which the four pixels are added does not matter",
        "((top, left), (top + 1, left), (top, left + 1)": "nor does it here",
        "(top + 1, left + 1), (top + 1, left))": "nor here",
        "(i - rows).abs()": "a distance has no sign",
        "(j - columns).abs()": "a distance has no sign",
        "clamp(-1": "a pixel outside counts 0, whichever is read in its place",
    },
    shortcuts={
        "grid_sample": "You called `F.grid_sample`, the thing to build here. Find the four pixels and "
        "their weights.",
        "interpolate": "You called `F.interpolate`, which does this work. Find the four pixels and "
        "their weights.",
    },
    hints=(
        "Which four pixels surround (row, column)? Row `rows.floor()` and the one below it, column "
        "`columns.floor()` "
        "and the one to its right.",
        "A pixel counts by how near it is: (1 − |row − i|) · (1 − |column − j|). These four weights sum "
        "to 1.",
        "Outside there are zeros: `inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)` and "
        "multiply by it. To "
        "index without an error, clamp first: `image[i.clamp(0, height - 1).long(), j.clamp(0, width - "
        "1).long()]`.",
        "Loop over the four pairs (i, j) and add weight · inside · pixel.",
    ),
    why="The value changes smoothly with the place, so a gradient tells which way to move.",
)
def bilinear(image, rows, columns):
    """Read an image between its pixels; all around it are zeros.

    image (H, W); rows and columns are floating-point tensors of one shape, in pixels from 0 at the middle of
    the first pixel. Returns a tensor of their shape: at each place the four pixels around it, each weighted
    by (1 − its distance in rows) · (1 − its distance in columns).
    """
    height, width = image.shape
    top, left = rows.floor(), columns.floor()
    total = torch.zeros_like(rows)
    for i, j in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        weight = (1 - (rows - i).abs()) * (1 - (columns - j).abs())
        inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
        pixel = image[i.clamp(0, height - 1).long(), j.clamp(0, width - 1).long()]
        total = total + weight * inside * pixel
    return total


@bilinear.examples
def _(draw):
    image = draw(3, 4)
    yield image, torch.tensor([0.25]), torch.tensor([1.5])
    yield (
        image,
        torch.tensor([0.0, 2.0, 1.0, -0.5]),
        torch.tensor([3.0, 0.0, 1.5, -0.25]),
    )  # on pixels, outside
    yield draw(5, 3), draw.uniform(7, low=0, high=4), draw.uniform(7, low=0, high=2)
    yield draw(2, 5), draw.uniform(3, 4, low=-2.5, high=3.5), draw.uniform(3, 4, low=-2.5, high=6.5)


def _weighted(image, rows, columns, weigh, outside="zeros", second=lambda at: at.floor() + 1):
    """Four pixels, each weighted by weigh(distance in rows, distance in columns)."""
    height, width = image.shape
    total = torch.zeros_like(rows)
    for i in (rows.floor(), second(rows)):
        for j in (columns.floor(), second(columns)):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            pixel = image[i.clamp(0, height - 1).long(), j.clamp(0, width - 1).long()]
            weight = weigh((rows - i).abs(), (columns - j).abs())
            total = total + weight * pixel * (inside if outside == "zeros" else 1)
    return total


def _near(down, right):
    return (1 - down) * (1 - right)


@bilinear.mistake("Rows and columns are exchanged: the first index goes down.")
def _(image, rows, columns):
    return _weighted(image, columns, rows, _near)


@bilinear.mistake("That is the nearest pixel. All four around the place count, the near ones more.")
def _(image, rows, columns):
    return _weighted(image, rows.round(), columns.round(), _near)


@bilinear.mistake(
    "That is the nearest pixel, at the rim the last one. All four around the place count; outside there "
    "are zeros."
)
def _(image, rows, columns):
    height, width = image.shape
    return image[rows.round().clamp(0, height - 1).long(), columns.round().clamp(0, width - 1).long()]


@bilinear.mistake("That is the pixel above and to the left. All four around the place count.")
def _(image, rows, columns):
    return _weighted(image, rows.floor(), columns.floor(), _near)


@bilinear.mistake(
    "The weights are turned round: the pixel at distance 0 counts fully, at distance 1 not at all."
)
def _(image, rows, columns):
    return _weighted(image, rows, columns, lambda down, right: down * right)


@bilinear.mistake(
    "The four pixels count alike. The near ones count more: (1 − distance) in rows times in columns."
)
def _(image, rows, columns):
    return _weighted(image, rows, columns, lambda down, right: 0.25)


@bilinear.mistake("The two distances are added. Their weights are multiplied: (1 − down) · (1 − right).")
def _(image, rows, columns):
    return _weighted(image, rows, columns, lambda down, right: (2 - down - right) / 4)


@bilinear.mistake("Outside there are zeros. Yours repeats the pixels of the rim.")
def _(image, rows, columns):
    return _weighted(image, rows, columns, _near, outside="rim")


@bilinear.mistake("You read only between the columns. Rows are read between as well.")
def _(image, rows, columns):
    return _weighted(image, rows.floor(), columns, _near)


@bilinear.mistake("You read only between the rows. Columns are read between as well.")
def _(image, rows, columns):
    return _weighted(image, rows, columns.floor(), _near)


@bilinear.mistake(
    "On a pixel itself `ceil` equals `floor`, and both of your weights are 0. The other neighbour is "
    "floor + 1."
)
def with_ceil(image, rows, columns):
    """A colleague's: the neighbours are floor and ceil, each weighted by the distance to the *other* one."""
    height, width = image.shape
    total = torch.zeros_like(rows)
    for i, down in ((rows.floor(), rows.ceil() - rows), (rows.ceil(), rows - rows.floor())):
        for j, right in (
            (columns.floor(), columns.ceil() - columns),
            (columns.ceil(), columns - columns.floor()),
        ):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            pixel = image[i.clamp(0, height - 1).long(), j.clamp(0, width - 1).long()]
            total = total + down * right * inside * pixel
    return total


@bilinear.mistake("`int` or `.long()` rounds towards zero, so −0.5 becomes 0. `floor` goes down: −1.")
def _(image, rows, columns):
    height, width = image.shape
    top, left = rows.trunc(), columns.trunc()
    total = torch.zeros_like(rows)
    for i, down in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for j, right in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            pixel = image[i.clamp(0, height - 1).long(), j.clamp(0, width - 1).long()]
            total = total + down * right * inside * pixel
    return total


@bilinear.mistake(
    "A place that is partly outside still has neighbours inside: judge each of the four by itself."
)
def _(image, rows, columns):
    height, width = image.shape
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    return inside * _weighted(image, rows, columns, _near)


@bilinear.alternative
def on_a_padded_image(image, rows, columns):
    height, width = image.shape
    padded = F.pad(image, (1, 2, 1, 2))
    rows, columns = rows.clamp(-1, height) + 1, columns.clamp(-1, width) + 1
    i, j = rows.long(), columns.long()
    down, right = rows - i, columns - j
    upper = torch.lerp(padded[i, j], padded[i, j + 1], right)
    return torch.lerp(upper, torch.lerp(padded[i + 1, j], padded[i + 1, j + 1], right), down)


@bilinear.alternative
def by_hats(image, rows, columns):
    """Each pixel of the whole image times its tent: the definition, without a floor."""
    height, width = image.shape
    down = (1 - (rows[..., None] - torch.arange(height, device=image.device)).abs()).clamp(min=0)
    right = (1 - (columns[..., None] - torch.arange(width, device=image.device)).abs()).clamp(min=0)
    return torch.einsum("...h,hw,...w->...", down, image, right)


def one_place(image, row, column):
    """What is not allowed about an example that is handed in, or None."""
    if not isinstance(image, torch.Tensor) or image.dim() != 2 or not image.is_floating_point():
        return "The image is a floating-point tensor (H, W), such as torch.tensor([[1.0, 2.0], [3.0, 4.0]])."
    if not all(isinstance(place, int | float) or _is_number(place) for place in (row, column)):
        return "Row and column are numbers, such as 0.5."
    if not (-1 < row < len(image) and -1 < column < image.shape[1]):
        return "No pixel of the image is near that place, so both versions say 0. Stay inside."
    return None


def _is_number(place):
    return isinstance(place, torch.Tensor) and place.numel() == 1


def _at_one_place(version):
    def read(image, row, column):
        return version(image, torch.tensor([float(row)]), torch.tensor([float(column)]))

    return read


@counterexample(
    wrong=_at_one_place(with_ceil),
    right=_at_one_place(bilinear.reference),
    valid=one_place,
    level=2,
    minutes=6,
    hints=(
        "At 0.3, floor is 0 and ceil is 1, and the weights 0.7 and 0.3 are right. Where are floor and "
        "ceil the same?",
        "At a whole row both weights are row − row = 0. Does the pixel there count at all?",
    ),
    why="Random places are never whole numbers, so no random test finds it; and rigid grids, offset 0, "
    "are all whole.",
)
def ceil_fails():
    return (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, 0.5)


_SQUARE = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
ceil_fails.mistake(
    "Between the pixels in both directions the two versions agree. Where are floor and ceil equal?"
)((_SQUARE, 0.5, 0.5))
ceil_fails.mistake("Near a pixel is not on it: 0.25 has a floor of 0 and a ceil of 1. Try a whole number.")(
    (_SQUARE, 0.25, 0.75)
)
ceil_fails.mistake("Where the image is 0, both versions say 0. Take other numbers.")(
    (torch.zeros(2, 2), 1, 0.5)
)
ceil_fails.mistake("No pixel of the image is near that place, so both versions say 0. Stay inside.")(
    (_SQUARE, -1, 0.5)
)


@exercise(
    level=2,
    minutes=10,
    lines=5,
    hints=(
        "The last axis holds x, then y: the column first, then the row.",
        "With `align_corners` the middle of the first pixel is −1 and that of the last one +1. So pixel "
        "i of n is at "
        "2 · i / (n − 1) − 1.",
        "Without it, −1 and +1 are the outer *edges*, half a pixel further out: (2 · i + 1) / n − 1.",
        "`torch.stack((x, y), dim=-1)`",
    ),
    why="x first, y second, from −1 to 1, and two readings of where −1 is: say `align_corners` whenever "
    "you call it.",
)
def to_grid(rows, columns, height, width, align_corners=True):
    """Turn places in pixels into the grid that `F.grid_sample` takes, for an image of height × width.

    rows and columns: tensors of one shape (...), 0 at the middle of the first pixel. Returns (..., 2): x,
    then y, scaled so that −1 and +1 are the middles of the outermost pixels (align_corners), or else their
    outer edges.
    """
    if align_corners:
        x, y = 2 * columns / (width - 1) - 1, 2 * rows / (height - 1) - 1
    else:
        x, y = (2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1
    return torch.stack((x, y), dim=-1)


@to_grid.examples
def _(draw):
    yield torch.tensor([0.0, 2.0]), torch.tensor([0.0, 3.0]), 3, 4
    yield torch.tensor([0.0, 2.0]), torch.tensor([0.0, 3.0]), 3, 4, False
    yield draw.uniform(2, 3, low=-1, high=6), draw.uniform(2, 3, low=-1, high=4), 6, 4
    yield draw.uniform(3, low=-1, high=4), draw.uniform(3, low=-1, high=7), 4, 7, False


def _grid(message, aligned, edged, order=lambda x, y: (x, y)):
    def wrong(rows, columns, height, width, align_corners=True):
        scale = aligned if align_corners else edged
        return torch.stack(order(scale(columns, width), scale(rows, height)), dim=-1)

    to_grid.mistake(message)(wrong)


def _middles(i, n):
    return 2 * i / (n - 1) - 1


def _edges(i, n):
    return (2 * i + 1) / n - 1


_grid(
    "The row comes first in your answer. `grid_sample` takes x, the column, and then y.",
    _middles,
    _edges,
    lambda x, y: (y, x),
)
_grid("`align_corners` makes no difference: without it −1 and +1 are the outer edges.", _middles, _middles)
_grid(
    "`align_corners` makes no difference: with it −1 and +1 are the middles of the outermost pixels.",
    _edges,
    _edges,
)
_grid(
    "The two readings are exchanged: with `align_corners` −1 and +1 are the *middles* of the "
    "outermost pixels.",
    _edges,
    _middles,
)
_grid(
    "The middle of the last of n pixels is n − 1 away from that of the first: divide by n − 1, not by n.",
    lambda i, n: 2 * i / n - 1,
    _edges,
)
_grid(
    "Without `align_corners` the first pixel's middle is half a pixel from the edge: (2 · i + 1) / n − 1.",
    _middles,
    lambda i, n: 2 * i / n - 1,
)
_grid(
    "Your places run from 0 to 1. `grid_sample` counts from −1 to 1.",
    lambda i, n: i / (n - 1),
    lambda i, n: (i + 0.5) / n,
)
_grid(
    "Your places run from −½ to ½. `grid_sample` counts from −1 to 1.",
    lambda i, n: i / (n - 1) - 0.5,
    lambda i, n: (i + 0.5) / n - 0.5,
)


@to_grid.mistake("x is scaled by the width and y by the height, not the other way round.")
def _(rows, columns, height, width, align_corners=True):
    return to_grid.reference(rows, columns, width, height, align_corners)


@to_grid.mistake("x and y belong side by side in the *last* axis: `torch.stack((x, y), dim=-1)`.")
def _(rows, columns, height, width, align_corners=True):
    return to_grid.reference(rows, columns, height, width, align_corners).movedim(-1, 0)


@to_grid.alternative
def from_the_middle(rows, columns, height, width, align_corners=True):
    sizes = torch.tensor([width, height], dtype=rows.dtype)
    places = torch.cat((columns.unsqueeze(-1), rows.unsqueeze(-1)), -1)
    return (places - (sizes - 1) / 2) / ((sizes - (1 if align_corners else 0)) / 2)
