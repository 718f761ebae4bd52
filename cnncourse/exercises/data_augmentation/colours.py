"""What changes colours: shifts, the axes of the data's own colours, and shifts along them."""

import torch

from ... import augmentation
from .._kinds import exercise

shift_colours = exercise(
    augmentation.shift_colours,
    level=2,
    minutes=10,
    lines=2,
    hints=(
        "The shifts are (N, C), the pictures (N, C, H, W): two dimensions of size 1 make them fit.",
        "`keep_type` clamps whole numbers only. The range ends at 1 for floating-point pictures and at 255 "
        "for uint8: `full = 1 if images.is_floating_point() else 255`. What is 250 + 10 in uint8? It wraps "
        "around to 4, so add before you convert.",
        "`(images + full * shifts[:, :, None, None]).clamp(0, full)`, and `keep_type(…, images)` at the end.",
    ),
    why="Compute in floating point, clamp to the range, and only then go back to the type that came in.",
)


@shift_colours.examples
def _(draw):
    yield draw.uniform(1, 1, 2, 2), torch.tensor([[0.25]])
    yield draw.uniform(2, 3, 3, 2), 0.3 * draw(2, 3)
    yield draw.integers(2, 3, 2, 4, high=256).to(torch.uint8), 0.5 * draw(2, 3)
    yield draw.uniform(3, 3, 3, 3), 0.5 * draw(3, 3)
    yield draw.uniform(4, 3, 3, 4, dtype=torch.float64), 0.5 * draw(4, 3)


def _full(images):
    return 1 if images.is_floating_point() else 255


@shift_colours.mistake("Colours leave the range: whiter than white is still white. Clamp.")
def _(images, shifts):
    moved = images + _full(images) * shifts[:, :, None, None]
    return moved if images.is_floating_point() else moved.clamp(0, 255).round().to(images.dtype)


@shift_colours.mistake(
    "The sum wraps around: in uint8, 250 + 10 is 4, and a white wall turns black. Add in floating point, "
    "clamp, and convert at the end."
)
def _(images, shifts):
    if images.is_floating_point():
        return augmentation.shift_colours(images, shifts)
    moved = images + 255 * shifts[:, :, None, None]
    return moved.round().long().remainder(256).to(torch.uint8)


@shift_colours.mistake(
    "The type is lost: uint8 pictures come out as floating-point ones. `keep_type(values, images)`."
)
def _(images, shifts):
    full = _full(images)
    return (images + full * shifts[:, :, None, None]).clamp(0, full)


@shift_colours.mistake("In uint8 the whole range is 255: a shift of 0.1 is 25.5 there, and not 0.1.")
def _(images, shifts):
    moved = (images + shifts[:, :, None, None]).clamp(0, _full(images))
    return augmentation.keep_type(moved, images)


@shift_colours.mistake(
    "Neither range nor type is kept: clamp to 0 … 1, or to 0 … 255 in uint8, and end with `keep_type`."
)
def _(images, shifts):
    return images + _full(images) * shifts[:, :, None, None]


@shift_colours.mistake(
    "Neither range nor type is kept, and in uint8 the range is 255: a shift of 0.1 is 25.5 there."
)
def _(images, shifts):
    return images + shifts[:, :, None, None]


@shift_colours.mistake(
    "Whole numbers are cut off, not rounded: 235.9 became 235. `keep_type` rounds before it converts."
)
def _(images, shifts):
    full = _full(images)
    return (images + full * shifts[:, :, None, None]).clamp(0, full).to(images.dtype)


@shift_colours.mistake("Every picture gets the shift of the first one. Each has its own.")
def _(images, shifts):
    return augmentation.shift_colours(images, shifts[:1].expand_as(shifts))


@shift_colours.mistake(
    "All channels are shifted alike. Each has a number of its own; else only brightness changes."
)
def _(images, shifts):
    return augmentation.shift_colours(images, shifts.mean(dim=1, keepdim=True).expand_as(shifts))


@shift_colours.mistake("Red and blue are exchanged: channel c gets `shifts[:, c]`.")
def _(images, shifts):
    return augmentation.shift_colours(images, shifts.flip(1))


@shift_colours.mistake("You multiply. A shift adds the same number to dark and to bright pixels.")
def _(images, shifts):
    full = _full(images)
    return augmentation.keep_type((images * (1 + shifts[:, :, None, None])).clamp(0, full), images)


@shift_colours.mistake("You shift in place, and the pictures of the caller are changed. Work on a copy.")
def _(images, shifts):
    images.copy_(augmentation.shift_colours(images, shifts))
    return images


@shift_colours.alternative
def by_broadcasting_at_the_end(images, shifts):
    full = 1.0 if images.is_floating_point() else 255.0
    moved = torch.einsum("nchw->hwnc", images.double()) + full * shifts
    moved = torch.einsum("hwnc->nchw", moved.clip(0, full))
    return moved.to(images.dtype) if images.is_floating_point() else moved.round().to(torch.uint8)


@shift_colours.alternative
def in_loops(images, shifts):
    output, full = torch.empty_like(images), _full(images)
    for n in range(len(images)):
        for c in range(images.shape[1]):
            moved = torch.clamp(images[n, c].double() + full * shifts[n, c], 0, full)
            output[n, c] = moved if images.is_floating_point() else moved.round()
    return output


SPREADS = torch.tensor([[0.20, 0.19, 0.15], [0.02, -0.01, -0.05], [0.01, -0.03, 0.01]])


def colourful(draw, n, height, width):
    """Pictures whose channels go together, as those of photographs do."""
    scores = draw(n, height, width, 3)
    return (torch.tensor([0.6, 0.5, 0.35]) + scores @ SPREADS).movedim(-1, 1).clamp(0, 1)


def seen_axes(candidate, images):
    """What is the same whichever way an axis points: its variance, and its outer product with itself."""
    values, vectors = candidate(images)
    return values, torch.stack([torch.outer(axis, axis) for axis in vectors.T])


colour_axes = exercise(
    augmentation.colour_axes,
    level=3,
    minutes=20,
    lines=4,
    equivalent={
        "pixels.mean(dim=0) - pixels": "a covariance is the same for points mirrored at their mean",
        "values.flip(-1)": "a vector has one dimension",
    },
    observe=seen_axes,
    rtol=2e-3,  # divided by n or by n − 1 makes no difference that counts
    atol=2e-4,
    hints=(
        "Every pixel of every picture is one point (red, green, blue). Make a matrix with one row a pixel, "
        "(N·H·W, 3): the channels must be the last dimension before you reshape.",
        "Subtract the mean of each column; the covariance (3, 3) is `centred.T @ centred / len(centred)`.",
        "`torch.linalg.eigh(covariance)` returns eigenvalues and eigenvectors (columns), smallest first. "
        "Turn both around: `values.flip(0)`, `vectors.flip(1)`.",
    ),
    why="The covariance of a symmetric cloud of points: its eigenvectors are the cloud's own axes.",
)


@colour_axes.examples
def _(draw):
    yield (colourful(draw, 1, 30, 40),)
    yield (colourful(draw, 3, 25, 16),)
    yield (colourful(draw, 2, 20, 31).flip(1) * 0.9,)


def _wrong_axes(message, matrix_of):
    """A mistake from a function of the pixels (N·H·W, 3) that returns the matrix to take apart."""

    def candidate(images):
        pixels = images.movedim(1, -1).reshape(-1, 3)
        values, vectors = torch.linalg.eigh(matrix_of(pixels))
        return values.flip(0), vectors.flip(1)

    colour_axes.mistake(message)(candidate)


_wrong_axes(
    "That is the correlation: every channel divided by its own spread. The paper takes the covariance, in "
    "which a channel that varies more counts for more.",
    lambda pixels: torch.corrcoef(pixels.T),
)
_wrong_axes(
    "The mean is not subtracted, so the first axis points at the mean colour instead of along the "
    "differences.",
    lambda pixels: pixels.T @ pixels / len(pixels),
)
_wrong_axes(
    "Divide by the number of pixels: these are sums of squares, not variances.",
    lambda pixels: (pixels - pixels.mean(0)).T @ (pixels - pixels.mean(0)),
)
_wrong_axes(
    "One mean for all three channels. Each channel has its own.",
    lambda pixels: (pixels - pixels.mean()).T @ (pixels - pixels.mean()) / len(pixels),
)


@colour_axes.mistake("Smallest first: `eigh` returns them in that order. The largest belongs first, in both.")
def _(images):
    values, vectors = augmentation.colour_axes(images)
    return values.flip(0), vectors.flip(1)


@colour_axes.mistake(
    "The eigenvalues are turned around, the eigenvectors are not: value i belongs to column i."
)
def _(images):
    values, vectors = augmentation.colour_axes(images)
    return values, vectors.flip(1)


@colour_axes.mistake(
    "The eigenvectors stand in the rows. They belong in the columns, as `eigh` returns them."
)
def _(images):
    values, vectors = augmentation.colour_axes(images)
    return values, vectors.T


@colour_axes.mistake(
    "`reshape(-1, 3)` alone cuts rows of the picture into threes: the channels are not the last dimension. "
    "`movedim(1, -1)` first."
)
def _(images):
    mixed = images.reshape(-1, 3)
    values, vectors = torch.linalg.eigh(torch.cov(mixed.T))
    return values.flip(0), vectors.flip(1)


@colour_axes.mistake("These are standard deviations, the roots of the eigenvalues.")
def _(images):
    values, vectors = augmentation.colour_axes(images)
    return values.sqrt(), vectors


@colour_axes.alternative
def by_singular_values(images):
    pixels = images.permute(1, 0, 2, 3).flatten(1)  # (3, N·H·W)
    left, spread, _ = torch.linalg.svd(pixels - pixels.mean(1, keepdim=True), full_matrices=False)
    return spread**2 / (pixels.shape[1] - 1), -left


@colour_axes.alternative
def by_cov(images):
    values, vectors = torch.linalg.eigh(torch.cov(images.movedim(1, 0).flatten(1)))
    order = values.argsort(descending=True)
    return values[order], vectors[:, order]


pca_colour = exercise(
    augmentation.pca_colour,
    level=2,
    minutes=12,
    lines=1,
    hints=(
        "What comes out is one shift (red, green, blue) for each picture, and `shift_colours` adds it.",
        "The shift of picture n is the sum over i of alphas[n, i] · values[i] · (column i of vectors).",
        "`(alphas * values) @ vectors.T` is (N, 3): row n times the columns of vectors, added up.",
    ),
    why="A shift is a sum of the three axes, the first, along which colours vary most, by far the largest.",
)


def _axes(draw):
    return augmentation.colour_axes(colourful(draw, 2, 20, 20))


@pca_colour.examples
def _(draw):
    yield colourful(draw, 1, 2, 3), *_axes(draw), torch.tensor([[2.0, -3.0, 5.0]])
    yield colourful(draw, 2, 3, 4), *_axes(draw), 3 * draw(2, 3)
    yield colourful(draw, 3, 5, 3), *_axes(draw), 3 * draw(3, 3) * torch.tensor([1.0, 9.0, 50.0])
    bytes_ = (255 * colourful(draw, 2, 4, 5)).to(torch.uint8)
    yield bytes_, *_axes(draw), 3 * draw(2, 3)


def _wrong_pca(message, shifts_of):
    """A mistake from a function of values, vectors and alphas that returns the shifts (N, 3)."""
    pca_colour.mistake(message)(
        lambda images, values, vectors, alphas: augmentation.shift_colours(
            images, shifts_of(values, vectors, alphas)
        )
    )


_wrong_pca(
    "The eigenvalues are left out: all three axes move alike, and the tint goes with them. Axis i moves by "
    "alpha · eigenvalue.",
    lambda values, vectors, alphas: alphas @ vectors.T,
)
_wrong_pca(
    "The eigenvectors are read row by row. They are the columns: `@ vectors.T`.",
    lambda values, vectors, alphas: (alphas * values) @ vectors,
)
_wrong_pca(
    "That multiplies by the root of the eigenvalue, the standard deviation. The paper has the eigenvalue "
    "itself.",
    lambda values, vectors, alphas: (alphas * values.sqrt()) @ vectors.T,
)
_wrong_pca(
    "Every picture gets the alphas of the first one. Each has its own three.",
    lambda values, vectors, alphas: ((alphas * values) @ vectors.T)[:1].expand(len(alphas), 3),
)
_wrong_pca(
    "One alpha for all three axes: the shift always points the same way. There are three, one an axis.",
    lambda values, vectors, alphas: (alphas[:, :1] * values) @ vectors.T,
)
_wrong_pca(
    "alpha · eigenvalue is added to red, green and blue directly. The numbers belong to the axes: add that "
    "much of each eigenvector.",
    lambda values, vectors, alphas: alphas * values,
)
_wrong_pca(
    "The shift is subtracted. The paper adds it.",
    lambda values, vectors, alphas: -(alphas * values) @ vectors.T,
)


@pca_colour.mistake(
    "The shift is right, but colours leave the range and the type is lost: `shift_colours` adds it."
)
def _(images, values, vectors, alphas):
    return images + ((alphas * values) @ vectors.T)[..., None, None]


@pca_colour.mistake("The shift is right, but colours leave the range: `shift_colours` clamps them.")
def _(images, values, vectors, alphas):
    moved = images + _full(images) * ((alphas * values) @ vectors.T)[..., None, None]
    return augmentation.keep_type(moved, images)


@pca_colour.mistake(
    "The shift is right for pictures in 0 … 1. uint8 has a range of 255 and is rounded: `shift_colours`."
)
def _(images, values, vectors, alphas):
    return (images + ((alphas * values) @ vectors.T)[..., None, None]).clamp(0, 1)


@pca_colour.mistake(
    "A draw for every pixel: that is noise. The alphas are drawn once for a picture, and every pixel of it "
    "gets the same shift."
)
def _(images, values, vectors, alphas):
    generator = torch.Generator().manual_seed(0)
    scale = alphas.std().nan_to_num(1.0)
    noise = scale * torch.randn(len(images), *images.shape[2:], 3, generator=generator)
    full = _full(images)
    moved = images + full * ((noise * values) @ vectors.T).movedim(-1, 1)
    return augmentation.keep_type(moved.clamp(0, full), images)


@pca_colour.alternative
def as_the_paper_writes_it(images, values, vectors, alphas):
    shifts = torch.stack([vectors @ (alpha * values) for alpha in alphas])
    return augmentation.shift_colours(images, shifts)


@pca_colour.alternative
def axis_by_axis(images, values, vectors, alphas):
    full = 1 if images.is_floating_point() else 255
    shift = sum(alphas[:, i, None] * values[i] * vectors[:, i] for i in range(3))  # (N, 3)
    return augmentation.keep_type((images + full * shift[..., None, None]).clamp(0, full), images)
