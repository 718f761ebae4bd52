"""Receptive fields of stacks."""

from ... import arithmetic
from .._kinds import exercise, value


@exercise(
    level=2,
    minutes=12,
    lines=6,
    hints=(
        "Begin with a single pixel: it sees itself, so size 1, jump 1, start 0. What does one layer change?",
        "A layer reads kernel_size units of the map below, dilation apart, and these lie `jump` pixels apart "
        "in the input. Each padded cell moves the first window back by one jump.",
        "size += dilation * (kernel_size - 1) * jump; start -= padding * jump; and only then jump *= stride.",
    ),
    why="Everything a layer does happens in units of the map below, and one such unit is `jump` pixels wide.",
)
def receptive_field(layers):
    """Say what a unit of the last map sees: (size, jump, start), in pixels of the input.

    A layer is (kernel_size, stride, padding, dilation). `size`: how many pixels in a row a unit can see.
    `jump`: how far apart the fields of two neighbouring units begin. `start`: the first pixel that the first
    unit sees, negative if it lies in the padding.
    """
    size, jump, start = 1, 1, 0
    for kernel_size, stride, padding, dilation in layers:
        size += dilation * (kernel_size - 1) * jump
        start -= padding * jump
        jump *= stride
    return size, jump, start


@receptive_field.examples
def _(draw):
    yield ([(3, 1, 0, 1)],)
    yield ([(3, 1, 1, 1), (3, 1, 1, 1)],)
    yield ([(2, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1)],)
    yield ([(7, 2, 3, 1), (3, 2, 1, 1), (3, 1, 2, 2)],)
    yield ([(3, 3, 2, 2), (4, 1, 0, 3), (1, 2, 1, 1), (3, 1, 1, 1)],)
    yield (
        [(draw.integer(2, 6), draw.integer(2, 4), draw.integer(1, 4), draw.integer(2, 4)) for _ in range(4)],
    )
    yield ([],)


def _follow(layers, late=False, dilated=True, jumps=True, gaps=True, padded=True):
    size, jump, start = 1, 1, 0
    for kernel_size, stride, padding, dilation in layers:
        jump *= stride if late else 1
        size += (dilation if dilated else 1) * (kernel_size - gaps) * (jump if jumps else 1)
        start -= padding * (jump if padded else 1)
        jump *= 1 if late else stride
    return size, jump, start


@receptive_field.mistake(
    "The jump grows too early: a layer's own stride counts for the layers after it, not for itself."
)
def _(layers):
    return _follow(layers, late=True)


@receptive_field.mistake("The dilation is ignored: it moves the units that a kernel reads apart.")
def _(layers):
    return _follow(layers, dilated=False)


@receptive_field.mistake(
    "The size grows by dilation·(k − 1) pixels only before any stride. After one, units are `jump` pixels "
    "apart."
)
def _(layers):
    return _follow(layers, jumps=False)


@receptive_field.mistake("A kernel of k units has k − 1 steps in it: a 1×1 layer does not widen the field.")
def _(layers):
    return _follow(layers, gaps=False)


@receptive_field.mistake(
    "Padding is counted in cells of the map below, and one such cell is `jump` pixels wide."
)
def _(layers):
    return _follow(layers, padded=False)


@receptive_field.mistake(
    "You went through the layers from the last to the first. From the first on, every stride widens what "
    "comes "
    "after it."
)
def _(layers):
    return _follow(layers[::-1])


@receptive_field.mistake(
    "The sign of `start` is turned: padding lies before the picture, at negative places."
)
def _(layers):
    size, jump, start = _follow(layers)
    return size, jump, -start


@receptive_field.alternative
def by_the_library(layers):
    return tuple(arithmetic.receptive_field(layers))


@receptive_field.alternative
def from_the_top_down(layers):
    first, last = 0, 0  # the cells of each map that unit 0 sees, from the last map to the input
    for kernel_size, stride, padding, dilation in reversed(layers):
        first, last = first * stride - padding, last * stride - padding + dilation * (kernel_size - 1)
    jump = 1
    for _, stride, _, _ in layers:
        jump *= stride
    return last - first + 1, jump, first


strided_field = value(
    11,
    level=1,
    minutes=4,
    right="Right: 3, and then twice 2·2 more, because a step on the second map is two pixels long.",
    hints=(
        "Without the stride it would be 3, 5, 7. What does a step of one cell on the second map mean in the "
        "input?",
        "The first layer sees 3 pixels. Neighbours on its map are 2 pixels apart, and a 3×3 kernel reaches "
        "one neighbour further on each side.",
    ),
    why="3 + 2·2 + 2·2: the stride of the first layer doubles what both later layers add.",
    wrong={
        7: "That would be with stride 1. On the strided map a neighbour is two pixels away.",
        9: "The stride counts for both layers after it, not for one alone.",
        14: "The first layer itself sees 3 pixels; only what comes after the stride is doubled.",
        15: "The second layer has stride 1, so the jump stays 2 for the third.",
        12: "Fields do not multiply or double as a whole: each layer adds 2 steps of `jump` pixels.",
        27: "Fields do not multiply: each layer adds what it reaches beyond the last.",
    },
)
