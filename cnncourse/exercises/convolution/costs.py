"""What layers cost: parameters to count, and a sum turned into one matrix product."""

import torch

from ... import arithmetic, ops
from .._kinds import exercise, value

dense_photo_parameters = value(
    lambda: arithmetic.linear_parameters(224 * 224 * 3, 1000),
    level=1,
    minutes=3,
    right="Right: more than 150 million, and this is only the first layer.",
    hints=(
        "How many numbers does the photo hold? Every one of the 1,000 units has a weight for each of them.",
        "224 · 224 · 3 inputs, times 1,000 units, plus one bias for each unit.",
    ),
    why="Every unit has 150,528 weights and a bias: 1,000 · 150,529.",
    wrong={
        150_528_000: "The biases are missing: each of the 1,000 units has one.",
        50_177_000: "That is a grey photo. This one has three numbers for each pixel: red, green and blue.",
        50_176_000: (
            "That is a grey photo without biases: count red, green and blue, and one bias for each unit."
        ),
        151_528: "You added. Every input is tied to every unit, so inputs and units multiply.",
        150_528: (
            "That is how many numbers the photo holds, the weights of a single unit. There are 1,000 units."
        ),
        150_528_001: "One bias is not enough: each of the 1,000 units has its own.",
    },
)

_COUNT = (
    "A filter is as deep as its input has channels, and it has one bias.",
    "filters · (rows · columns · input channels + 1)",
)
_DENSE = (
    "Every unit has one weight for every input, and one bias.",
    "units · (inputs + 1)",
)

first_layer_parameters = value(
    lambda: arithmetic.conv_parameters(1, 32, 3),
    level=1,
    minutes=2,
    hints=_COUNT,
    why="32 filters of 3 · 3 · 1 weights and a bias: 3·3·1·32 + 32.",
    wrong={
        288: "The biases are missing: one for each of the 32 filters.",
        289: "One bias is not enough: each of the 32 filters has its own.",
        10: "That is one filter with its bias. There are 32.",
        9: "That is one filter without its bias. There are 32.",
        216_320: (
            "You counted the weights anew at each of the 26 · 26 places. They are shared: that is the point."
        ),
        96: "A 3×3 filter has nine weights, not three.",
    },
)

second_layer_parameters = value(
    lambda: arithmetic.conv_parameters(32, 64, 3),
    level=1,
    minutes=2,
    hints=_COUNT,
    why="64 filters of 3 · 3 · 32 weights and a bias: 3·3·32·64 + 64.",
    wrong={
        18_432: "The biases are missing: one for each of the 64 filters.",
        640: "Each filter is 32 channels deep: it has 3 · 3 · 32 weights, not 3 · 3.",
        20_480: "A filter has one bias in all, not one for each of its 32 channels.",
        18_464: "The biases belong to the filters, so there are 64 of them, not 32.",
        9_248: "This layer has 64 filters, each 32 deep. You counted 32.",
        2_238_016: "You counted the weights anew at each of the 11 · 11 places. They are shared.",
    },
)

third_layer_parameters = value(
    lambda: arithmetic.conv_parameters(64, 128, 3),
    level=1,
    minutes=2,
    hints=_COUNT,
    why="128 filters of 3 · 3 · 64 weights and a bias: 3·3·64·128 + 128.",
    wrong={
        73_728: "The biases are missing: one for each of the 128 filters.",
        1_280: "Each filter is 64 channels deep: it has 3 · 3 · 64 weights, not 3 · 3.",
        81_920: "A filter has one bias in all, not one for each of its 64 channels.",
        73_792: "The biases belong to the filters, so there are 128 of them, not 64.",
        664_704: "You counted the weights anew at each of the 3 · 3 places. They are shared.",
    },
)

hidden_layer_parameters = value(
    lambda: arithmetic.linear_parameters(1152, 128),
    level=1,
    minutes=2,
    hints=_DENSE,
    why="Nothing is shared here: 1152 · 128 weights and 128 biases.",
    wrong={
        147_456: "The biases are missing: one for each of the 128 units.",
        16_512: "Flattening keeps every value: 3 · 3 · 128 = 1152 inputs, not 128.",
        1_280: "You added. Every input is tied to every unit, so they multiply.",
        148_608: "The biases belong to the units, so there are 128 of them, not 1152.",
        409_728: "The last convolution turns 5 · 5 into 3 · 3: flatten its output, not its input.",
    },
)

output_layer_parameters = value(
    lambda: arithmetic.linear_parameters(128, 10),
    level=1,
    minutes=1,
    hints=_DENSE,
    why="128 · 10 weights and 10 biases.",
    wrong={
        1_280: "The biases are missing: one for each of the ten classes.",
        138: "You added. Every input is tied to every unit, so they multiply.",
        1_408: "The biases belong to the units, so there are 10 of them, not 128.",
        11_530: "This layer reads the 128 values of the hidden layer, not the 1152 before it.",
    },
)

network_parameters = value(
    241_546,
    level=1,
    minutes=1,
    right="Right: and three fifths of them sit in the one dense layer after the flattening.",
    hints=(
        "Pooling, ReLU and flattening have no parameters.",
        "Add the five numbers above.",
    ),
    why="320 + 18,496 + 73,856 + 147,584 + 1,290.",
    wrong={
        241_184: "The biases are missing: 32 + 64 + 128 + 128 + 10 of them.",
        92_672: "Those are the convolutions alone. The two dense layers count too.",
        148_874: "Those are the dense layers alone. The three convolutions count too.",
        240_256: "The last layer, 128 to 10, is missing.",
        93_962: "The dense layer after the flattening is missing, the largest of all.",
    },
)

im2col = exercise(
    ops.im2col,
    level=3,
    minutes=15,
    lines=4,
    shortcuts={"unfold": "`F.unfold` is what you are building here. Slices and `torch.stack` are enough."},
    hints=(
        "Turn it around: instead of one patch at a time, take one kernel cell (u, v) at a time. What do all "
        "patches "
        "have there?",
        "At (u, v) all patches together have `images[:, :, u : u + rows, v : v + columns]`: the picture, "
        "shifted.",
        "Collect these kh · kw shifted pictures, u in the outer loop, and `torch.stack(shifted, dim=2)`: "
        "now the "
        "shape is (N, C, kh * kw, rows, columns).",
        "A `reshape(N, C * kh * kw, rows * columns)` at the end puts everything into its place.",
    ),
    why=(
        "Each kernel cell sees the picture shifted by (u, v); stacked and reshaped, these are the patches "
        "as columns."
    ),
)


@im2col.examples
def _(draw):
    yield draw(1, 1, 3, 4), (2, 2)
    yield draw(1, 2, 3, 4), (2, 3)
    yield draw(2, 3, 5, 4), (2, 3)
    yield draw(2, 2, 4, 6), (3, 1)
    yield draw(draw.integer(2, 4), 3, 5, draw.integer(6, 8)), (1, 2)


@im2col.mistake("Patches are rows here. Each patch should be a column: exchange the last two dimensions.")
def _(images, kernel_size):
    return ops.im2col(images, kernel_size).transpose(1, 2)


@im2col.mistake(
    "A column mixes its channels, kernel cell by kernel cell. List all of channel 0 first, then channel 1, "
    "and so on: "
    "that is the order in which `weight.flatten(1)` lists a filter."
)
def _(images, kernel_size):
    batch, channels = images.shape[:2]
    columns = ops.im2col(images, kernel_size).unflatten(1, (channels, -1))
    return columns.transpose(1, 2).reshape(batch, channels * columns.shape[2], -1)


@im2col.mistake("A column lists its patch column by column. Go row by row: v is the inner loop.")
def _(images, kernel_size):
    turned = ops.im2col(images.transpose(2, 3), kernel_size[::-1])
    (kh, kw), (height, width) = kernel_size, images.shape[2:]
    turned = turned.unflatten(2, (width - kw + 1, height - kh + 1))
    return turned.transpose(2, 3).flatten(2)


@im2col.mistake("The columns follow the output's cells column by column. Go row by row.")
def _(images, kernel_size):
    (kh, kw), (height, width) = kernel_size, images.shape[2:]
    columns = ops.im2col(images, kernel_size).unflatten(2, (height - kh + 1, width - kw + 1))
    return columns.transpose(2, 3).flatten(2)


@im2col.mistake(
    "Patches are missing at the bottom and at the right: there are H - kh + 1 rows of them, not H - kh."
)
def _(images, kernel_size):
    return ops.im2col(images[:, :, :-1, :-1], kernel_size)


@im2col.alternative
def with_tensor_unfold(images, kernel_size):
    kh, kw = kernel_size
    windows = images.unfold(2, kh, 1).unfold(3, kw, 1)  # (N, C, H', W', kh, kw)
    return windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)


@im2col.alternative
def patch_after_patch(images, kernel_size):
    (kh, kw), (height, width) = kernel_size, images.shape[2:]
    places = [(i, j) for i in range(height - kh + 1) for j in range(width - kw + 1)]
    return torch.stack([images[:, :, i : i + kh, j : j + kw].flatten(1) for i, j in places], dim=2)
