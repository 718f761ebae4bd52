"""Small kernels in a row against one large kernel, in closed form."""

from .._kinds import exercise


@exercise(
    level=1,
    minutes=6,
    lines=3,
    hints=(
        "How many numbers has one filter, its bias included? How many filters has one layer, and how many "
        "layers are there?",
        "The first layer sees kernel_size pixels; each further one adds kernel_size − 1.",
        "`depth * (kernel_size**2 * channels + 1) * channels`, and `depth * (kernel_size - 1) + 1`.",
    ),
    why="Weights grow with the square of the kernel's side, and the field only with the side.",
)
def stack_cost(kernel_size, depth, channels):
    """Parameters and receptive field of `depth` convolutions in a row, each kernel_size × kernel_size.

    Each takes `channels` maps and gives `channels` maps, with a bias, at stride 1. Returns two whole numbers:
    the parameters of all of them, and the side of the field of one value of the last map, in pixels.
    """
    parameters = depth * (kernel_size**2 * channels + 1) * channels
    field = depth * (kernel_size - 1) + 1
    return parameters, field


@stack_cost.examples
def _(draw):
    yield 3, 1, 1
    yield 3, 2, 64
    yield 5, 1, 64
    yield 7, 3, 5
    yield draw.integer(2, 6), draw.integer(2, 5), draw.integer(3, 9)


def _stack(parameters=None, field=None):
    def wrong(kernel_size, depth, channels):
        right = stack_cost.reference(kernel_size, depth, channels)
        made = [f and f(kernel_size, depth, channels) for f in (parameters, field)]
        return tuple(new if new else old for new, old in zip(made, right, strict=True))

    return wrong


stack_cost.mistake("The biases are missing: every filter has one.")(_stack(lambda k, d, c: d * k * k * c * c))
stack_cost.mistake("One bias a layer is not enough: every filter has one.")(
    _stack(lambda k, d, c: d * (k * k * c * c + 1))
)
stack_cost.mistake("That is one layer; there are `depth` of them.")(
    _stack(lambda k, d, c: (k * k * c + 1) * c)
)
stack_cost.mistake("A filter is as deep as its input: it has kernel_size² weights on each of the channels.")(
    _stack(lambda k, d, c: d * (k * k + 1) * c)
)
stack_cost.mistake("A kernel has kernel_size² weights, not kernel_size.")(
    _stack(lambda k, d, c: d * (k * c + 1) * c)
)
stack_cost.mistake(
    "The fields overlap: after the first layer each one adds kernel_size − 1, not kernel_size."
)(_stack(field=lambda k, d, c: d * k))
stack_cost.mistake("The pixel in the middle is missing: depth · (kernel_size − 1), and 1.")(
    _stack(field=lambda k, d, c: d * (k - 1) or -1)
)
stack_cost.mistake("Fields do not multiply: a second 3×3 widens the view from 3 to 5, not to 9.")(
    _stack(field=lambda k, d, c: k**d)
)
stack_cost.mistake("The second number is a side, in pixels; yours is the number of pixels in the box.")(
    _stack(field=lambda k, d, c: (d * (k - 1) + 1) ** 2)
)


@stack_cost.alternative
def layer_by_layer(kernel_size, depth, channels):
    parameters, field = 0, 1
    for _ in range(depth):
        parameters += channels + channels * channels * kernel_size * kernel_size
        field += kernel_size - 1
    return parameters, field
