"""A whole layer: filters as deep as their input, and groups."""

import torch

from ... import ops
from .._kinds import exercise

OWN_SUM = "`F.conv2d` is what you are building here. Write the sum yourself: multiply and add are enough."

conv_layer = exercise(
    ops.conv_layer,
    level=3,
    minutes=20,
    lines=7,
    equivalent={
        "new_ones": "every cell of the output is written before anyone reads it",
        "dim=(2, 1, 3)": "a sum over three dimensions does not depend on their order",
        "dim=(1, 3, 2)": "a sum over three dimensions does not depend on their order",
    },
    shortcuts={"conv2d": OWN_SUM},
    hints=(
        "Take your `conv2d` and let the patch keep all its channels: `images[:, :, rows, columns]`.",
        "Output row i begins at input row i * s_h, so the patch's rows are `i * s_h : i * s_h + kh`.",
        "Filter k is `weight[k]`, of shape (C_in, kh, kw). The patch is (N, C_in, kh, kw). Multiply, and "
        "sum over "
        "all but the first dimension: `.sum(dim=(1, 2, 3))`.",
        "`output[:, k, i, j] = bias[k] + (patch * weight[k]).sum(dim=(1, 2, 3))`, within loops over i, j "
        "and k.",
    ),
    why=(
        "A filter is as deep as its input: one sum runs over channels, rows and columns, and the bias comes "
        "once."
    ),
)


@conv_layer.examples
def _(draw):
    yield draw(1, 2, 3, 4), draw(1, 2, 2, 2), draw(1)
    yield draw(2, 3, 4, 3), draw(2, 3, 2, 1), draw(2)
    yield draw(2, 2, 7, 6), draw(3, 2, 3, 2), draw(3), (2, 1)
    yield draw(1, 3, 5, 8), draw(2, 3, 2, 3), draw(2), (1, 3)
    channels, filters = draw.integer(1, 4), draw.integer(4, 6)
    yield draw(3, channels, 6, 5), draw(filters, channels, 2, 3), draw(filters), (3, 2)


@conv_layer.mistake("The bias is missing: b[k] is added to every value of map k.")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight, 0 * bias, stride)


@conv_layer.mistake(
    "The bias is added once for each input channel. It belongs outside the sum: once for each output value."
)
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight, bias * images.shape[1], stride)


@conv_layer.mistake("The stride is ignored: output cell (i, j) begins at row i * s_h and column j * s_w.")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight, bias)


@conv_layer.mistake("The two strides have changed places: s_h comes first and belongs to the rows.")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight, bias, stride[::-1])


@conv_layer.mistake("You flipped the kernels. The equation does not: x[i * s_h + u] meets w[u].")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight.flip(2, 3), bias, stride)


@conv_layer.mistake(
    "Only the first channel is used. A filter is C_in deep, and the sum runs over all its channels."
)
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images[:, :1], weight[:, :1], bias, stride)


@conv_layer.mistake("You average over the channels. The equation adds them.")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight / images.shape[1], bias, stride)


@conv_layer.mistake(
    "The pictures of the batch are added up. Each keeps its own maps: do not sum over dimension 0."
)
def _(images, weight, bias, stride=(1, 1)):
    output = ops.conv_layer(images, weight, 0 * bias, stride)
    return output.sum(dim=0, keepdim=True).expand_as(output) + bias[:, None, None]


@conv_layer.mistake("The bias has the wrong sign: it is added to the sum.")
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, weight, -bias, stride)


@conv_layer.mistake(
    "The sum has the wrong sign: z is the bias plus the sum, although some texts print a minus."
)
def _(images, weight, bias, stride=(1, 1)):
    return ops.conv_layer(images, -weight, bias, stride)


@conv_layer.alternative
def with_a_loop_for_each_index(images, weight, bias, stride=(1, 1)):
    return ops.conv_loops(images, weight, bias, stride)


@conv_layer.alternative
def by_shifted_batches(images, weight, bias, stride=(1, 1)):
    (_, _, height, width), (_, _, kh, kw), (s_h, s_w) = images.shape, weight.shape, stride
    output = bias[:, None, None]
    for u in range(kh):
        for v in range(kw):
            seen = images[:, :, u : u + height - kh + 1 : s_h, v : v + width - kw + 1 : s_w]
            output = output + torch.einsum("nchw,kc->nkhw", seen, weight[:, :, u, v])
    return output


grouped_conv = exercise(
    ops.grouped_conv,
    level=2,
    minutes=10,
    lines=2,
    shortcuts={
        "conv2d": "`F.conv2d` has groups built in. Build them from `conv_layer`: one call for a group."
    },
    hints=(
        "A grouped layer is several small layers side by side. What does each of them get?",
        "`images.chunk(groups, dim=1)` cuts the channels into equal parts; `weight` and `bias` are cut along "
        "their first dimension, for that one counts the filters.",
        "Call `conv_layer` on each part and join the maps with `torch.cat(..., dim=1)`.",
    ),
    why=(
        "Groups share nothing, so a grouped layer is that many independent layers; their maps stand side by "
        "side."
    ),
)


@grouped_conv.examples
def _(draw):
    yield draw(1, 2, 3, 3), draw(2, 1, 2, 2), draw(2), 2
    yield draw(2, 6, 3, 4), draw(4, 3, 2, 1), draw(4), 2
    yield draw(1, 4, 4, 3), draw(8, 1, 2, 3), draw(8), 4
    yield draw(2, 3, 3, 4), draw(2, 3, 2, 2), draw(2), 1
    groups = draw.integer(2, 4)
    yield draw(2, 2 * groups, 3, 4), draw(3 * groups, 2, 2, 3), draw(3 * groups), groups


def _in_parts(images, weight, bias, groups, join=lambda maps: torch.cat(maps, dim=1)):
    return join([ops.conv_layer(*part) for part in zip(images, weight, bias, strict=True)])


@grouped_conv.mistake("Every group sees the first channels. Group g has the g-th part of them.")
def _(images, weight, bias, groups):
    first = [images.chunk(groups, dim=1)[0]] * groups
    return _in_parts(first, weight.chunk(groups), bias.chunk(groups), groups)


@grouped_conv.mistake(
    "You deal the channels out like cards. A group has neighbouring channels: the first C_in / groups, and "
    "so on."
)
def _(images, weight, bias, groups):
    dealt = [images[:, g::groups] for g in range(groups)]
    return _in_parts(dealt, weight.chunk(groups), bias.chunk(groups), groups)


@grouped_conv.mistake(
    "You deal the filters out like cards. A group has neighbouring filters: the first C_out / groups, and "
    "so on."
)
def _(images, weight, bias, groups):
    dealt = [[tensor[g::groups] for g in range(groups)] for tensor in (weight, bias)]
    return _in_parts(images.chunk(groups, dim=1), *dealt, groups)


@grouped_conv.mistake("The groups' maps are added up. They stand side by side: join them along dimension 1.")
def _(images, weight, bias, groups):
    parts = images.chunk(groups, dim=1), weight.chunk(groups), bias.chunk(groups)
    return _in_parts(*parts, groups, join=sum)


@grouped_conv.mistake("The maps are joined along the batch. Channels are dimension 1.")
def _(images, weight, bias, groups):
    parts = images.chunk(groups, dim=1), weight.chunk(groups), bias.chunk(groups)
    return _in_parts(*parts, groups, join=torch.cat)


@grouped_conv.mistake("The bias is missing.")
def _(images, weight, bias, groups):
    return ops.grouped_conv(images, weight, 0 * bias, groups)


@grouped_conv.alternative
def with_zeros_where_nothing_is_connected(images, weight, bias, groups):
    seen, made = weight.shape[1], len(weight) // groups
    full = weight.new_zeros(len(weight), images.shape[1], *weight.shape[2:])
    for g in range(groups):
        full[g * made : (g + 1) * made, g * seen : (g + 1) * seen] = weight[g * made : (g + 1) * made]
    return ops.conv_layer(images, full, bias)
