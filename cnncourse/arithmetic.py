"""The arithmetic of layers in closed form: sizes, padding, receptive fields, parameters, multiply-adds.

Plain Python, no torch. Wherever a height and a width are meant, an int serves both sides and a pair
`(height, width)` gives each its own; the answer is an int when every argument is one, else a pair.

Source: Dumoulin & Visin, "A guide to convolution arithmetic for deep learning", 2016 (arXiv:1603.07285).
"""

import functools
import operator
from typing import NamedTuple


def _side(value, axis):
    """The value along one axis; ints, None and strings hold for both."""
    return value[axis] if isinstance(value, (tuple, list)) else value


def _each_side(function):
    """Let a function of ints also take pairs (height, width), and answer with a pair."""

    @functools.wraps(function)
    def for_both(*args, **options):
        pairs = [v for v in (*args, *options.values()) if isinstance(v, (tuple, list))]
        for pair in pairs:
            if len(pair) != 2:
                raise ValueError(f"{tuple(pair)} is no (height, width): give an int or a pair of two ints")
        if not pairs:
            return function(*args, **options)
        return tuple(
            function(*(_side(v, axis) for v in args), **{k: _side(v, axis) for k, v in options.items()})
            for axis in (0, 1)
        )

    return for_both


def _whole(name, value, least=1):
    """The value as an int, or an error that names it."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, not {number}")
    return number


def _span(kernel_size, dilation):
    """Pixels from a kernel's first tap to its last: d(k - 1) + 1."""
    return _whole("dilation", dilation) * (_whole("kernel_size", kernel_size) - 1) + 1


@_each_side
def output_size(n, kernel_size, stride=1, padding=0, dilation=1, ceil_mode=False):
    """How many positions a kernel has on n pixels: floor((n + 2p - d(k - 1) - 1) / s) + 1.

    Padding is on both ends; it may be "valid" (none) or "same" (stride 1: the output is as large as the
    input). `ceil_mode` rounds up, as some poolings do: a last window may then hang over the end, if it
    begins inside the input or the first padding. ValueError: the kernel does not fit.
    """
    n, stride = _whole("n", n), _whole("stride", stride)
    if padding == "same":
        return _same_size(n, stride, _span(kernel_size, dilation))
    padding = 0 if padding == "valid" else _whole("padding", padding, least=0)
    room = n + 2 * padding - _span(kernel_size, dilation)
    if room < 0:
        raise ValueError(
            f"a kernel that spans {_span(kernel_size, dilation)} pixels does not fit on {n + 2 * padding} "
            f"({n} + 2·{padding} of padding): pad more, or take a smaller kernel, dilation or fewer layers"
        )
    if not ceil_mode:
        return room // stride + 1
    size = -(-room // stride) + 1
    return size - 1 if (size - 1) * stride >= n + padding else size


def _same_size(n, stride, span):
    if stride > 1:
        raise ValueError(
            f'padding="same" with stride {stride} is not defined, and PyTorch refuses it: '
            f"give the padding as a number, such as {span // 2}, or see same_padding_tensorflow"
        )
    return n


@_each_side
def transposed_size(n, kernel_size, stride=1, padding=0, output_padding=0, dilation=1):
    """How many pixels a transposed convolution makes of n: (n - 1)s - 2p + d(k - 1) + 1 + output_padding.

    Several inputs of a strided convolution share one output size; `output_padding` says which is meant.
    ValueError: nothing is left after the padding is cut off, or output_padding reaches stride and dilation.
    """
    n, stride = _whole("n", n), _whole("stride", stride)
    padding, extra = _whole("padding", padding, 0), _whole("output_padding", output_padding, 0)
    if extra and extra >= max(stride, dilation):
        raise ValueError(f"output_padding {extra} must be smaller than the stride ({stride}) or the dilation")
    size = (n - 1) * stride - 2 * padding + _span(kernel_size, dilation) + extra
    if size < 1:
        raise ValueError(f"padding {padding} cuts off all that {n} pixels make: {size} are left; pad less")
    return size


@_each_side
def same_padding(kernel_size, dilation=1):
    """The padding (before, after) that keeps the size at stride 1; together d(k - 1).

    For odd kernels both are d(k - 1)/2. Else the odd pixel goes after, as PyTorch's padding="same" has it.
    Pairs give ((top, bottom), (left, right)).
    """
    total = _span(kernel_size, dilation) - 1
    return total // 2, total - total // 2


@_each_side
def same_padding_tensorflow(n, kernel_size, stride=1, dilation=1):
    """The padding (before, after) by which n pixels become ceil(n / stride), TensorFlow's "same".

    Together max((ceil(n/s) - 1)s + d(k - 1) + 1 - n, 0): with a stride it depends on n, and an odd pixel
    goes after. At stride 1 it is `same_padding`. Pairs give ((top, bottom), (left, right)).
    """
    n, stride = _whole("n", n), _whole("stride", stride)
    total = max((-(-n // stride) - 1) * stride + _span(kernel_size, dilation) - n, 0)
    return total // 2, total - total // 2


class Window(NamedTuple):
    """A layer that slides a window: a convolution or a pooling. Each field is an int or a pair."""

    kernel_size: int | tuple[int, int]
    stride: int | tuple[int, int] = 1
    padding: int | tuple[int, int] = 0
    dilation: int | tuple[int, int] = 1


class ReceptiveField(NamedTuple):
    """What a unit of the last layer sees: unit i sees the `size` input pixels from `start + i * jump` on.

    `size` and `jump` are in input pixels; `start` is negative where the first unit looks into the padding.
    """

    size: int | tuple[int, int] = 1
    jump: int | tuple[int, int] = 1
    start: int | tuple[int, int] = 0

    def pixels(self, unit):
        """The first and last input pixel that a unit sees, along one axis; padding counts as pixels."""
        first = self.start + unit * self.jump
        return first, first + self.size - 1


def receptive_field(layers, after=ReceptiveField()):  # noqa: B008, an immutable tuple
    """The receptive field of a stack of layers: its size, jump (distance between units) and start.

    A layer is `(kernel_size, stride, padding, dilation)`, the last three optional, or only its kernel size.
    A list among the layers holds parallel branches, each a list of layers (a shortcut is `[]`): the field
    is the smallest box that holds theirs all, that of the largest branch where their centres agree.
    With each layer size += d(k - 1)·jump, start -= p·jump, then jump *= s. `after` is the field of what the
    first layer reads, where that is not the picture itself.
    """
    rows, columns = (_field(layers, axis, _along(after, axis)) for axis in (0, 1))
    return _both(rows, columns) if _has_pairs([tuple(after), *layers]) else rows


def join_fields(fields):
    """The receptive field of a sum or concatenation of maps: the smallest box that holds theirs all.

    ValueError: their jumps differ, so the maps have different sizes and can be neither added nor joined.
    """
    rows, columns = (_join([_along(field, axis) for field in fields]) for axis in (0, 1))
    return _both(rows, columns) if _has_pairs([tuple(field) for field in fields]) else rows


def _along(field, axis):
    return ReceptiveField(*(_side(value, axis) for value in field))


def _both(rows, columns):
    return ReceptiveField(*zip(rows, columns, strict=True))


def _has_pairs(layer):
    if isinstance(layer, list):
        return any(map(_has_pairs, layer))
    return isinstance(layer, tuple) and any(isinstance(value, (tuple, list)) for value in layer)


def _field(layers, axis, field):
    for layer in layers:
        if isinstance(layer, list):
            field = _join([_field(branch, axis, field) for branch in layer])
        else:
            field = _slide(field, Window(*layer) if isinstance(layer, tuple) else Window(layer), axis)
    return field


def _slide(field, window, axis):
    kernel_size, stride, padding, dilation = (_side(v, axis) for v in window)
    if padding in ("same", "valid"):
        padding = same_padding(kernel_size, dilation)[0] if padding == "same" else 0
    reach = (_span(kernel_size, dilation) - 1) * field.jump
    start = field.start - _whole("padding", padding, 0) * field.jump
    return ReceptiveField(field.size + reach, field.jump * _whole("stride", stride), start)


def _join(fields):
    if not fields:
        raise ValueError("a list among the layers holds branches, and this one has none; a shortcut is [[]]")
    jumps = {field.jump for field in fields}
    if len(jumps) > 1:
        raise ValueError(
            f"branches with strides {sorted(jumps)} in all give maps of different sizes: "
            "they can be neither added nor concatenated"
        )
    start = min(field.start for field in fields)
    end = max(field.start + field.size for field in fields)
    return ReceptiveField(end - start, jumps.pop(), start)


def conv_parameters(in_channels, out_channels, kernel_size, groups=1, bias=True):
    """Weights of a convolution: C_out · (C_in / groups) · k_h · k_w, and C_out biases.

    A transposed convolution has as many. ValueError: the groups do not divide both numbers of channels.
    """
    per_filter = _channels_seen(in_channels, out_channels, groups) * _taps(kernel_size)
    return out_channels * (per_filter + bool(bias))


def conv_macs(in_channels, out_channels, kernel_size, output, groups=1):
    """Multiply-adds of a convolution on one image: each of C_out · H_out · W_out values costs one filter.

    `output` is the size of the output, (H_out, W_out) or an int. Biases are not counted: adding one is no
    multiply-add. A FLOP count, where it is not another word for this, is twice as large. A transposed
    convolution costs what the convolution costs that it turns around.
    """
    height, width = (_whole("output", _side(output, axis)) for axis in (0, 1))
    per_value = _channels_seen(in_channels, out_channels, groups) * _taps(kernel_size)
    return out_channels * height * width * per_value


def _channels_seen(in_channels, out_channels, groups):
    """Channels that one filter reads: C_in / groups."""
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if _whole(name, channels) % _whole("groups", groups):
            raise ValueError(f"{groups} groups do not divide {name} = {channels} evenly")
    return in_channels // groups


def _taps(kernel_size):
    return _whole("kernel_size", _side(kernel_size, 0)) * _whole("kernel_size", _side(kernel_size, 1))


def linear_parameters(in_features, out_features, bias=True):
    """Weights of a dense layer: every output has one for every input, and a bias."""
    return linear_macs(in_features, out_features) + (out_features if bias else 0)


def linear_macs(in_features, out_features):
    """Multiply-adds of a dense layer on one row of inputs; biases are not counted."""
    return _whole("in_features", in_features) * _whole("out_features", out_features)


def batch_norm_parameters(channels):
    """Parameters of a batch normalisation: a scale and a shift per channel; statistics do not count."""
    return 2 * _whole("channels", channels)
