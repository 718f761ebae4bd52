"""What reads a picture at new places: sampling, matrices about the middle, and local warps."""

import torch
import torch.nn.functional as F

from ... import augmentation
from .._kinds import exercise
from .moves import ON_CPU

TYPE_LOST = (
    "The type is lost: whole-number pictures come out as floating-point ones. `keep_type(values, images)` "
    "gives them back theirs, rounded."
)

LAST_TWO = "of four dimensions, the last two are those from 2 on"

sample = exercise(
    augmentation.sample,
    level=3,
    minutes=20,
    lines=4,
    equivalent={
        "promote_types(grid.dtype, images.dtype)": "the common type does not depend on the order",
        "grid.to(exact)), images)": "align_corners=False is the default, with a warning",
        "images.shape[2:]": LAST_TWO,
    },
    hints=(
        "`F.grid_sample(images, grid, align_corners=False)` reads at places, and its grid (N, h, w, 2) "
        "holds x first, then y. Its −1 and 1 are the outer edges of the picture, not the middles of the "
        "outer pixels.",
        "Pixel x reaches from x − ½ to x + ½. So the left edge, x = −½, must become −1, and the right edge, "
        "x = W − ½, must become 1. Which straight line does that?",
        "(2x + 1) / W − 1 and (2y + 1) / H − 1; `torch.stack([…, …], dim=-1)` makes the grid. Whole-number "
        "pictures: sample `images.to(grid.dtype)`, and end with `keep_type`.",
    ),
    why="Between the first pixel's middle and the edge lies half a pixel: (2x + 1) / W − 1 has it.",
)


def _places(draw, n, height, width, rows, columns):
    """Places in and a little around a picture, no two alike."""
    x = draw.uniform(n, rows, columns, low=-1.9, high=width + 0.9)
    return x, draw.uniform(n, rows, columns, low=-1.9, high=height + 0.9)


@sample.examples
def _(draw):
    yield draw.uniform(1, 1, 2, 3), torch.tensor([[[0.0, 1.0, 2.0]]]), torch.tensor([[[1.0, 1.0, 0.0]]])
    yield draw.uniform(1, 1, 2, 4), torch.tensor([[[0.5, 2.5]]]), torch.tensor([[[0.0, 0.5]]])
    yield draw.uniform(2, 3, 4, 7), *_places(draw, 2, 4, 7, 3, 5)
    yield draw.uniform(3, 2, 6, 5), *_places(draw, 3, 6, 5, 6, 5)
    yield draw.uniform(2, 1, 5, 8, dtype=torch.float64), *_places(draw, 2, 5, 8, 2, 3)
    grey = torch.tensor([[[[0, 51, 255], [102, 204, 153]]]], dtype=torch.uint8)
    yield grey, torch.tensor([[[0.25, 1.0, 1.6]]]), torch.tensor([[[0.0, 0.3, 1.0]]])


def _wrong_sample(message, grid_of, typed=True, **options):
    """A mistake from a function of x, y, H and W that returns the two coordinates of the grid."""

    def candidate(images, x, y):
        grid = torch.stack(grid_of(x, y, *images.shape[-2:]), dim=-1)
        exact = torch.promote_types(images.dtype, grid.dtype)
        found = F.grid_sample(images.to(exact), grid.to(exact), **{"align_corners": False, **options})
        return augmentation.keep_type(found, images) if typed else found

    sample.mistake(message)(candidate)


def _edges(x, y, height, width):
    return (2 * x + 1) / width - 1, (2 * y + 1) / height - 1


def _middles(x, y, height, width):
    return 2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1


_wrong_sample(
    "Half a pixel is missing: x = 0 is the middle of the first column, half a pixel inside the edge at −1.",
    lambda x, y, h, w: (2 * x / w - 1, 2 * y / h - 1),
)
_wrong_sample(
    "Your formula takes −1 and 1 for the middles of the outer pixels. With `align_corners=False` they are "
    "the outer edges, half a pixel further out.",
    _middles,
)
_wrong_sample(
    "`align_corners=True` takes −1 and 1 for the middles of the outer pixels; your formula takes them for "
    "the edges. Use one of the two in both places.",
    _edges,
    align_corners=True,
)
_wrong_sample(
    "x and y are exchanged: in the grid x, the column, comes first.",
    lambda x, y, h, w: _edges(x, y, h, w)[::-1],
)
_wrong_sample(
    "Height and width are exchanged: columns run up to W, so x is divided by the width. On square pictures "
    "nobody would have noticed.",
    lambda x, y, h, w: _edges(x, y, w, h),
)
_wrong_sample("`grid_sample` expects −1 to 1; these are pixels.", lambda x, y, h, w: (x, y))
_wrong_sample(
    "You take the nearest pixel. Between pixels the value is blended from four: `mode` stays bilinear.",
    _edges,
    mode="nearest",
)
_wrong_sample("Outside the picture yours repeats its border. It is 0 there.", _edges, padding_mode="border")
_wrong_sample("Outside the picture yours mirrors it. It is 0 there.", _edges, padding_mode="reflection")
_wrong_sample(TYPE_LOST, _edges, typed=False)


@sample.mistake(
    "All pictures are read at the places of the first one. Each has its own: x and y are (N, h, w)."
)
def _(images, x, y):
    return augmentation.sample(images, x[:1].expand_as(x), y[:1].expand_as(y))


@sample.mistake(
    "Whole-number pictures are cut off, not rounded: 101.9 became 101. `keep_type` rounds before it converts."
)
def _(images, x, y):
    exact = torch.float32 if not images.is_floating_point() else images.dtype
    return augmentation.sample(images.to(exact), x, y).to(images.dtype)


@sample.alternative
def with_corners_aligned(images, x, y):
    grid = torch.stack(_middles(x, y, *images.shape[-2:]), dim=-1)
    found = F.grid_sample(images.float(), grid, align_corners=True)
    return augmentation.keep_type(found, images)


@sample.alternative
def by_four_neighbours(images, x, y):
    height, width = images.shape[-2:]
    left, top = x.floor(), y.floor()
    total, first = 0, torch.arange(len(images))[:, None, None]
    for row, column in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
        share = (1 - (x - column).abs()) * (1 - (y - row).abs())
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        at = row.clamp(0, height - 1).long(), column.clamp(0, width - 1).long()
        pixels = images[first, :, at[0], at[1]].movedim(-1, 1)  # (N, C, h, w)
        total = total + (share * inside)[:, None] * pixels
    return total.to(images.dtype) if images.is_floating_point() else total.round().to(images.dtype)


affine = exercise(
    augmentation.affine,
    level=3,
    minutes=20,
    lines=6,
    equivalent={
        "permute(1, 2, 0, 4, 3)": "the two dimensions that change places have size 1",
        "torch.arange(width) -": ON_CPU,
        "torch.arange(height)[": ON_CPU,
        "images.shape[2:]": LAST_TWO,
    },
    hints=(
        "Three steps for every pixel of the result: its place counted from the middle; times the matrix; "
        "back to counting from the first pixel, and `sample`. Where is the middle of a row of 4 pixels: at "
        "2, or at 1.5?",
        "`x = torch.arange(W) - (W - 1) / 2` is (W,), and `y` with a second dimension, (H, 1), so that both "
        "broadcast to (H, W). The matrix ((a, b), (c, d)) makes of them a·x + b·y and c·x + d·y.",
        "Take a to d as (N, 1, 1): `a = matrices[:, 0, 0, None, None]`, b from `[:, 0, 1, …]`, and so on. "
        "Then `sample(images, a * x + b * y + (W - 1) / 2, c * x + d * y + (H - 1) / 2)`.",
    ),
    why=(
        "In pixels a turn is a turn. In `grid_sample`'s own units, where every picture is 2 by 2, a turn of "
        "a picture that is not square would shear it."
    ),
)


@affine.examples
def _(draw):
    yield draw.uniform(1, 1, 3, 3), torch.tensor([[[0.0, -1.0], [1.0, 0.0]]])
    yield draw.uniform(1, 1, 3, 4), torch.tensor([[[1.0, 0.5], [0.0, 1.0]]])
    yield draw.uniform(2, 3, 4, 7), torch.eye(2) + 0.3 * draw(2, 2, 2)
    yield draw.uniform(3, 2, 9, 6), torch.eye(2) + 0.3 * draw(3, 2, 2)
    yield draw.integers(2, 1, 5, 6, high=256).to(torch.uint8), torch.eye(2) + 0.3 * draw(2, 2, 2)


def _wrong_affine(message, middle=lambda n: (n - 1) / 2, matrix=lambda m: m):
    """A mistake from a wrong middle, or from another matrix."""

    def candidate(images, matrices):
        height, width = images.shape[-2:]
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        x, y = x - middle(width), y - middle(height)
        m = matrix(matrices)[..., None, None]
        return augmentation.sample(
            images,
            m[:, 0, 0] * x + m[:, 0, 1] * y + middle(width),
            m[:, 1, 0] * x + m[:, 1, 1] * y + middle(height),
        )

    affine.mistake(message)(candidate)


_wrong_affine(
    "The picture turns about its upper left corner: count places from the middle, and back.", lambda n: 0
)
_wrong_affine(
    "Your middle is half a pixel off: that of n pixels, counted from 0, is (n − 1) / 2.", lambda n: n / 2
)
_wrong_affine(
    "Your middle is rounded down. Between two pixels there is one as well: (n − 1) / 2.", lambda n: n // 2
)
_wrong_affine("The matrix is transposed: row 0 of it makes x, a·x + b·y.", matrix=lambda m: m.transpose(1, 2))
_wrong_affine(
    "That is the way from the input to the output. The matrix says for each pixel of the output where to "
    "look.",
    matrix=torch.linalg.inv,
)
_wrong_affine(
    "All pictures get the matrix of the first one. Each has its own.", matrix=lambda m: m[:1].expand_as(m)
)
_wrong_affine(
    "x and y are exchanged: x, along the row, comes first in the vector.",
    matrix=lambda m: m.flip(1, 2),
)
_wrong_affine(
    "You count y upwards. Here it points down, as the rows do.",
    matrix=lambda m: m * torch.tensor([[1.0, -1.0], [-1.0, 1.0]]),
)


@affine.mistake(
    "The matrix is applied in `grid_sample`'s own units, where every picture is 2 wide and 2 high. On "
    "pictures that are not square a turn becomes a turn with a shear. Count in pixels."
)
def _(images, matrices):
    three = F.pad(matrices, (0, 1))  # (N, 2, 3), no translation
    floating = images if images.is_floating_point() else images.float()
    grid = F.affine_grid(three, list(images.shape), align_corners=False)
    return augmentation.keep_type(F.grid_sample(floating, grid, align_corners=False), images)


@affine.mistake("The places are not moved back: count from the first pixel again before you `sample`.")
def _(images, matrices):
    height, width = images.shape[-2:]
    x, y = torch.arange(width) - (width - 1) / 2, torch.arange(height)[:, None] - (height - 1) / 2
    m = matrices[..., None, None]
    return augmentation.sample(images, m[:, 0, 0] * x + m[:, 0, 1] * y, m[:, 1, 0] * x + m[:, 1, 1] * y)


@affine.alternative
def by_matrix_product(images, matrices):
    height, width = images.shape[-2:]
    middle = torch.tensor([(width - 1) / 2, (height - 1) / 2])
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    places = torch.stack([x, y], dim=-1).reshape(-1, 2) - middle  # (H·W, 2)
    source = (places @ matrices.mT + middle).reshape(-1, height, width, 2)
    return augmentation.sample(images, source[..., 0], source[..., 1])


@affine.alternative
def with_the_aspect_ratio(images, matrices):
    height, width = images.shape[-2:]
    scale = torch.tensor([[1.0, height / width], [width / height, 1.0]])
    grid = F.affine_grid(F.pad(matrices * scale, (0, 1)), list(images.shape), align_corners=False)
    floating = images if images.is_floating_point() else images.float()
    return augmentation.keep_type(F.grid_sample(floating, grid, align_corners=False), images)


STACKED = "vectors that are stacked have two dimensions: 1 is the last"

rotation = exercise(
    augmentation.rotation,
    level=2,
    minutes=12,
    lines=3,
    equivalent={"dim=1)": STACKED},
    hints=(
        "`torch.cos` and `torch.sin` take radians: `torch.deg2rad(degrees)`.",
        "A point of the output lies at (x, 0), to the right of the middle. The picture was turned "
        "counter-clockwise, so in the input it was further clockwise: below, at (x·cos, x·sin) with y down. "
        "That is the first column.",
        "((cos, −sin), (sin, cos)): `torch.stack([cos, -sin, sin, cos], dim=-1).reshape(-1, 2, 2)`.",
    ),
    why=(
        "The way back turns the other way, and y points down: two changes of sign that cancel. It is the "
        "matrix of every textbook."
    ),
)


@rotation.examples
def _(draw):
    yield (torch.tensor([90.0]),)
    yield (torch.tensor([30.0, -45.0]),)
    yield (torch.tensor([180.0, 0.0, 60.0]),)
    yield (draw.uniform(4, low=-180, high=180),)


def _wrong_rotation(message, entries):
    """A mistake from a function of the angle that returns the four entries."""

    def candidate(degrees):
        return torch.stack(entries(torch.deg2rad(degrees)), dim=-1).reshape(-1, 2, 2)

    rotation.mistake(message)(candidate)


_wrong_rotation(
    "Your degrees are taken for radians: `torch.deg2rad` first.",
    lambda a: [
        torch.rad2deg(a).cos(),
        -torch.rad2deg(a).sin(),
        torch.rad2deg(a).sin(),
        torch.rad2deg(a).cos(),
    ],
)
_wrong_rotation(
    "Pictures would turn clockwise. The matrix leads from the output back to the input, and y points down.",
    lambda a: [a.cos(), a.sin(), -a.sin(), a.cos()],
)
_wrong_rotation(
    "Cosine and sine are exchanged: at 0 degrees nothing moves.",
    lambda a: [a.sin(), -a.cos(), a.cos(), a.sin()],
)
_wrong_rotation(
    "Both sines have the same sign: that mirrors and stretches. In a turn one of them is negative.",
    lambda a: [a.cos(), a.sin(), a.sin(), a.cos()],
)
_wrong_rotation(
    "That is a mirror image as well as a turn: its determinant is −1.",
    lambda a: [a.cos(), a.sin(), a.sin(), -a.cos()],
)
_wrong_rotation(
    "Every matrix has the angle of the first picture. Each has its own.",
    lambda a: [
        a[:1].cos().expand_as(a), -a[:1].sin().expand_as(a),
        a[:1].sin().expand_as(a), a[:1].cos().expand_as(a),
    ],
)  # fmt: skip


@rotation.mistake(
    "Cosines and sines of different pictures are mixed: stack the four along the last dimension, `dim=-1`, "
    "before you reshape."
)
def _(degrees):
    angle = torch.deg2rad(degrees)
    return torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()]).reshape(-1, 2, 2)


@rotation.mistake("The matrices lie along the last dimension: (2, 2, N). The pictures come first, (N, 2, 2).")
def _(degrees):
    return augmentation.rotation(degrees).movedim(0, -1)


@rotation.alternative
def one_after_the_other(degrees):
    matrices = torch.empty(len(degrees), 2, 2)
    for matrix, angle in zip(matrices, (degrees * torch.pi / 180).tolist(), strict=True):
        c, s = torch.tensor(angle).cos(), torch.tensor(angle).sin()
        matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1] = c, -s, s, c
    return matrices


@rotation.alternative
def by_the_exponential(degrees):
    return torch.matrix_exp(torch.deg2rad(degrees)[:, None, None] * torch.tensor([[0.0, -1.0], [1.0, 0.0]]))


shearing = exercise(
    augmentation.shearing,
    level=2,
    minutes=10,
    lines=3,
    equivalent={"dim=1)": STACKED},
    hints=(
        "Rows stay at their height, so the second row of the matrix is (0, 1). A pixel keeps the distance "
        "to its neighbours in the row: the first entry is 1.",
        "A line that leans by an angle goes tan(angle) sideways for each step up. Above the middle y is "
        "negative. A pixel up there came from further left.",
        "((1, tan), (0, 1)): x + tan · y is further left where y is negative.",
    ),
    why="One entry beside the ones: how far to the side a row is read, a pixel below the middle.",
)


@shearing.examples
def _(draw):
    yield (torch.tensor([45.0]),)
    yield (torch.tensor([30.0, -20.0]),)
    yield (draw.uniform(4, low=-50, high=50),)


def _wrong_shearing(message, entries):
    """A mistake from a function of the angle in radians that returns the four entries."""

    def candidate(degrees):
        angle = torch.deg2rad(degrees)
        return torch.stack(entries(angle, torch.ones_like(angle), 0 * angle), dim=-1).reshape(-1, 2, 2)

    shearing.mistake(message)(candidate)


_wrong_shearing(
    "It leans to the left. The matrix leads from the output back to the input: what is above the middle, y "
    "< 0, came from further left.",
    lambda a, one, zero: [one, -a.tan(), zero, one],
)
_wrong_shearing(
    "Columns are pushed up and down instead of rows sideways: the entry belongs into the row of the matrix "
    "that makes x.",
    lambda a, one, zero: [one, zero, a.tan(), one],
)
_wrong_shearing(
    "Degrees are taken for a slope: the slope of a line that leans by an angle is its tangent.",
    lambda a, one, zero: [one, torch.rad2deg(a), zero, one],
)
_wrong_shearing(
    "The angle in radians is taken for the slope. They are alike for small angles only: take the tangent.",
    lambda a, one, zero: [one, a, zero, one],
)
_wrong_shearing(
    "Degrees are taken for radians: `torch.deg2rad` before the tangent.",
    lambda a, one, zero: [one, torch.rad2deg(a).tan(), zero, one],
)
_wrong_shearing(
    "That is the sine. Sideways over upwards is the tangent.",
    lambda a, one, zero: [one, a.sin(), zero, one],
)
_wrong_shearing(
    "Every matrix has the angle of the first picture. Each has its own.",
    lambda a, one, zero: [one, a[:1].tan().expand_as(a), zero, one],
)
_wrong_shearing(
    "Rows and columns are both pushed. A shear pushes the rows, and leaves each at its height.",
    lambda a, one, zero: [one, a.tan(), a.tan(), one],
)


@shearing.alternative
def from_the_unit_matrix(degrees):
    matrices = torch.eye(2).repeat(len(degrees), 1, 1)
    matrices[:, 0, 1] = (degrees * torch.pi / 180).tan()
    return matrices


elastic = exercise(
    augmentation.elastic,
    level=3,
    minutes=20,
    lines=5,
    equivalent={
        "torch.arange(images.shape[3])": ON_CPU,
        "torch.arange(images.shape[2])": ON_CPU,
        "dim=(2, 1, 3)": "a mean over three dimensions does not depend on their order",
        "dim=(1, 3, 2)": "a mean over three dimensions does not depend on their order",
    },
    hints=(
        "Without the offsets every pixel would be read where it is: x = 0, 1, …, W − 1 and y likewise. "
        "`blur` makes neighbours agree.",
        "The root mean square of one picture's offsets: `offsets.square().mean(dim=(1, 2, 3), "
        "keepdim=True).sqrt()`. Divide by it, and multiply by `strength`.",
        "x is `torch.arange(W)` plus `offsets[:, 0]`, and y is `torch.arange(H)[:, None]` plus `offsets[:, "
        "1]`; both are (N, H, W), as `sample` wants them.",
    ),
    why="Noise alone would tear the picture; smoothed noise bends it, as a trembling or hurried hand does.",
)


@elastic.examples
def _(draw):
    yield draw.uniform(1, 1, 4, 4), draw.uniform(1, 2, 4, 4, low=-1), 1.0, 0.5
    yield draw.uniform(2, 3, 5, 8), draw.uniform(2, 2, 5, 8, low=-1), 1.0, 1.0
    scales = torch.tensor([0.5, 1.0, 2.0])[:, None, None, None]
    yield draw.uniform(3, 2, 7, 6), scales * draw(3, 2, 7, 6), 1.5, 0.8
    yield draw.integers(2, 1, 6, 9, high=256).to(torch.uint8), draw(2, 2, 6, 9), 2.0, 1.5


def _read(images, offsets):
    x, y = torch.arange(images.shape[3]), torch.arange(images.shape[2])[:, None]
    return augmentation.sample(images, x + offsets[:, 0], y + offsets[:, 1])


def _rms(offsets, dim=(1, 2, 3)):
    return offsets.square().mean(dim=dim, keepdim=True).sqrt()


def _wrong_elastic(message, offsets_of):
    """A mistake from a function of noise, sigma and strength that returns the offsets."""
    elastic.mistake(message)(
        lambda images, noise, sigma, strength: _read(images, offsets_of(noise, sigma, strength))
    )


_wrong_elastic(
    "The noise is not smoothed: neighbours fly apart in all directions. `blur(noise, sigma)` first.",
    lambda n, sigma, strength: strength * n / _rms(n),
)
_wrong_elastic(
    "The smoothed noise is not brought to size: smoothing makes it small. Divide by its root mean square.",
    lambda n, sigma, strength: strength * augmentation.blur(n, sigma),
)
_wrong_elastic(
    "Brought to size before it is smoothed: `blur` makes it smaller again. First smooth, then scale.",
    lambda n, sigma, strength: augmentation.blur(strength * n / _rms(n), sigma),
)
_wrong_elastic(
    "One scale for the whole batch: a picture with little noise is hardly bent. The root mean square is "
    "that of each picture, `dim=(1, 2, 3)`.",
    lambda n, sigma, strength: (
        strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma), (0, 1, 2, 3))
    ),
)
_wrong_elastic(
    "x and y have scales of their own. One root mean square for both, so that the direction stays.",
    lambda n, sigma, strength: (
        strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma), (2, 3))
    ),
)
_wrong_elastic(
    "The root is missing: that divides by the mean of the squares.",
    lambda n, sigma, strength: (
        strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma)) ** 2
    ),
)
_wrong_elastic(
    "You divide by the largest offset. `strength` is the root mean square.",
    lambda n, sigma, strength: (
        strength
        * augmentation.blur(n, sigma)
        / augmentation.blur(n, sigma).abs().amax(dim=(1, 2, 3), keepdim=True)
    ),
)
_wrong_elastic(
    "You divide by the standard deviation, which leaves the mean offset out. `strength` is the root mean "
    "square.",
    lambda n, sigma, strength: (
        strength * augmentation.blur(n, sigma) / augmentation.blur(n, sigma).std(dim=(1, 2, 3), keepdim=True)
    ),
)
_wrong_elastic(
    "The length of the arrow (x, y) is brought to `strength`. It is the root mean square of all the numbers, "
    "those of x and those of y.",
    lambda n, sigma, strength: (
        strength / 2**0.5 * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma))
    ),
)
_wrong_elastic(
    "The offsets are subtracted. Each pixel is read at its place plus its offset.",
    lambda n, sigma, strength: -strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma)),
)
_wrong_elastic(
    "x and y are exchanged: `noise[:, 0]` becomes the offsets of x, along the rows.",
    lambda n, sigma, strength: (
        strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma))
    ).flip(1),
)
_wrong_elastic(
    "All pictures are bent by the noise of the first one. Each has its own.",
    lambda n, sigma, strength: (strength * augmentation.blur(n, sigma) / _rms(augmentation.blur(n, sigma)))[
        :1
    ].expand_as(n),
)


@elastic.mistake("The offsets are taken for places: add the place of each pixel, x = 0, 1, … and y = 0, 1, …")
def _(images, noise, sigma, strength):
    offsets = augmentation.blur(noise, sigma)
    offsets = strength * offsets / _rms(offsets)
    return augmentation.sample(images, offsets[:, 0], offsets[:, 1])


@elastic.mistake("You blur the pictures. It is the noise that is to be smooth.")
def _(images, noise, sigma, strength):
    return augmentation.keep_type(augmentation.blur(images.float(), sigma), images)


@elastic.alternative
def with_a_norm(images, noise, sigma, strength):
    smooth = augmentation.blur(noise, sigma)
    length = torch.linalg.vector_norm(smooth.flatten(1), dim=1) / smooth[0].numel() ** 0.5
    dx, dy = (smooth * (strength / length)[:, None, None, None]).unbind(1)
    rows, columns = torch.meshgrid(*map(torch.arange, images.shape[2:]), indexing="ij")
    return augmentation.sample(images, columns + dx, rows + dy)


@elastic.alternative
def picture_by_picture(images, noise, sigma, strength):
    bent = []
    for image, field in zip(images, noise, strict=True):
        field = augmentation.blur(field[None], sigma)
        bent.append(_read(image[None], strength * field / (field**2).mean() ** 0.5))
    return torch.cat(bent)
