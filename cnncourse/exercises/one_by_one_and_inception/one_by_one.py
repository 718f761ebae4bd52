"""A convolution whose kernel is one pixel: what it does to a grey picture, and to many channels."""

import torch

from .._kinds import choice, exercise

one_by_one_on_grey = choice(
    "b",
    level=1,
    minutes=2,
    hints=("Write the sum of chapter 01 for a kernel of one pixel and one channel. How many terms has it?",),
    replies={
        "a": (
            "It blurs the picture a little.",
            "To blur, a value has to see its neighbours. A kernel of one pixel sees no neighbour.",
        ),
        "b": (
            "It multiplies every pixel by the same number.",
            "Right: the sum has one term, weight times pixel. On one channel that is all.",
        ),
        "c": (
            "It keeps one pixel of the picture.",
            "The kernel is one pixel large, and it slides over all of them: the output is as large as the "
            "input.",
        ),
        "d": (
            "It multiplies every pixel by a number of its own.",
            "That would take a weight for each pixel. A convolution shares its weights: one filter here has "
            "one weight.",
        ),
    },
)


@exercise(
    level=2,
    minutes=10,
    lines=2,
    shortcuts={
        "conv2d": "That calls the convolution. Write what it is for a kernel of one pixel: a matrix product "
        "at each place.",
        "conv1d": "A convolution in one dimension is still a convolution. Write the matrix product.",
    },
    hints=(
        "At one place (i, j) the C_in numbers of `maps` are a vector, and `weight` is a matrix. What gives "
        "C_out numbers? All places do the same.",
        '`torch.einsum("oc,nchw->nohw", weight, maps)` sums over c, place by place. The bias of channel o '
        "has to line up with the channels: `bias[:, None, None]`.",
    ),
    why="One matrix product, repeated at every place: a dense layer that slides.",
)
def one_by_one(maps, weight, bias):
    """A 1×1 convolution as a dense layer at each place.

    maps (N, C_in, H, W), weight (C_out, C_in) and bias (C_out,) give (N, C_out, H, W): at each place, the
    C_out numbers are the matrix `weight` times the C_in numbers there, plus the bias.
    """
    mixed = torch.einsum("oc,nchw->nohw", weight, maps)  # (N, C_out, H, W)
    return mixed + bias[:, None, None]


@one_by_one.examples
def _(draw):
    yield draw(1, 2, 2, 2), draw(2, 2), draw(2)
    yield draw(1, 3, 4, 2), draw(2, 3), draw(2)
    yield draw(2, 5, 3, 4), draw(7, 5), draw(7)
    yield draw(2, 32, 6, 6), draw(4, 32), draw(4)


right = one_by_one.reference


@one_by_one.mistake("The bias is missing: every output channel has one.")
def _(maps, weight, bias):
    return right(maps, weight, 0 * bias)


@one_by_one.mistake(
    "The bias is added along the width: `+ bias` lines up with the last axis. Channels are axis 1, so it "
    "is `bias[:, None, None]`."
)
def _(maps, weight, bias):
    return right(maps, weight, 0 * bias) + bias


@one_by_one.mistake("The weight is used the other way round: row o of `weight` makes output channel o.")
def _(maps, weight, bias):
    return right(maps, weight.T, bias)


@one_by_one.mistake(
    "You cut the memory into rows of C_in numbers. In (N, C, H, W) neighbours in memory are pixels of one "
    "and the same channel: move the channels to the end first, `maps.permute(0, 2, 3, 1)`."
)
def _(maps, weight, bias):
    n, c, h, w = maps.shape
    rows = maps.reshape(n * h * w, c) @ weight.T + bias
    return rows.reshape(n, h, w, -1).permute(0, 3, 1, 2)


@one_by_one.mistake("The channels are still last. Move them back: `.permute(0, 3, 1, 2)`.")
def _(maps, weight, bias):
    return right(maps, weight, bias).permute(0, 2, 3, 1)


@one_by_one.mistake(
    "`reshape` does not move the channels back, it cuts the memory anew. `.permute(0, 3, 1, 2)` moves them."
)
def _(maps, weight, bias):
    out = right(maps, weight, bias)
    return out.permute(0, 2, 3, 1).reshape(out.shape)


@one_by_one.mistake("You average over the input channels; a layer sums them.")
def _(maps, weight, bias):
    return right(maps, weight / maps.shape[1], bias)


@one_by_one.mistake(
    "No nonlinearity here: it comes after the layer, and the layer's numbers may be negative."
)
def _(maps, weight, bias):
    return right(maps, weight, bias).relu()


@one_by_one.mistake("Every place gives its own answer; yours gives their mean at all of them.")
def _(maps, weight, bias):
    out = right(maps, weight, bias)
    return out.mean((2, 3), keepdim=True).expand_as(out)


@one_by_one.alternative
def a_dense_layer_on_the_last_axis(maps, weight, bias):
    rows = maps.permute(0, 2, 3, 1)  # (N, H, W, C_in)
    return torch.nn.functional.linear(rows, weight, bias).permute(0, 3, 1, 2)


@one_by_one.alternative
def place_by_place(maps, weight, bias):
    n, _, h, w = maps.shape
    out = maps.new_zeros(n, len(weight), h, w)
    for i in range(h):
        for j in range(w):
            out[:, :, i, j] = maps[:, :, i, j] @ weight.T + bias
    return out


@one_by_one.alternative
def one_product_of_matrices(maps, weight, bias):
    n, c, h, w = maps.shape
    return (weight @ maps.reshape(n, c, h * w) + bias[:, None]).reshape(n, -1, h, w)
