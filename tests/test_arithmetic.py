"""Every closed form against torch: sizes and counts by running the layer, receptive fields by gradient."""

import math
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import arithmetic

torch.set_num_threads(1)
repeatable = settings(deadline=None, derandomize=True, max_examples=100)

either = lambda least, most: st.integers(least, most) | st.tuples(*2 * [st.integers(least, most)])  # noqa: E731


def pair(value):
    return value if isinstance(value, tuple) else (value, value)


def macs(function, *args):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        function(*args)
    return counter.get_total_flops() / 2


def test_import_without_torch():
    code = "import sys, cnncourse.arithmetic; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


# --- sizes ---------------------------------------------------------------------------------------


@repeatable
@given(either(1, 40), either(1, 7), either(1, 4), either(0, 4), either(1, 3))
def test_output_size_is_that_of_the_layer(n, kernel_size, stride, padding, dilation):
    layer = nn.Conv2d(1, 1, kernel_size, stride, padding, dilation, device="meta")
    image = torch.empty(1, 1, *pair(n), device="meta")
    try:
        measured = tuple(layer(image).shape[2:])
    except RuntimeError:
        with pytest.raises(ValueError, match="does not fit"):
            arithmetic.output_size(n, kernel_size, stride, padding, dilation)
        return
    size = arithmetic.output_size(n, kernel_size, stride, padding, dilation)
    assert pair(size) == measured
    assert isinstance(size, int) == (
        not any(isinstance(v, tuple) for v in (n, kernel_size, stride, padding, dilation))
    )


@repeatable
@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 4), st.integers(0, 2), st.integers(1, 2))
def test_ceil_mode_is_that_of_the_pooling(n, kernel_size, stride, padding, dilation):
    assume(padding <= kernel_size // 2 and n + 2 * padding >= dilation * (kernel_size - 1) + 1)
    pooled = F.max_pool2d(torch.zeros(1, 1, n, n), kernel_size, stride, padding, dilation, ceil_mode=True)
    assert (
        arithmetic.output_size(n, kernel_size, stride, padding, dilation, ceil_mode=True) == pooled.shape[-1]
    )


@repeatable
@given(either(1, 12), either(1, 7), either(1, 4), either(0, 3), either(0, 3), either(1, 3))
def test_transposed_size_is_that_of_the_layer(n, kernel_size, stride, padding, extra, dilation):
    image, weight = torch.zeros(1, 1, *pair(n)), torch.zeros(1, 1, *pair(kernel_size))
    options = {"stride": stride, "padding": padding, "output_padding": extra, "dilation": dilation}
    try:
        measured = tuple(F.conv_transpose2d(image, weight, **options).shape[2:])
        assert min(measured) > 0
    except (RuntimeError, AssertionError):
        with pytest.raises(ValueError, match="pad"):
            arithmetic.transposed_size(n, kernel_size, **options)
        return
    assert pair(arithmetic.transposed_size(n, kernel_size, **options)) == measured


@repeatable
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
def test_a_transposed_convolution_turns_a_convolution_around(n, kernel_size, stride, padding, dilation):
    assume(n + 2 * padding >= dilation * (kernel_size - 1) + 1)
    small = arithmetic.output_size(n, kernel_size, stride, padding, dilation)
    sizes = {
        arithmetic.transposed_size(small, kernel_size, stride, padding, extra, dilation)
        for extra in range(stride)
        if (small - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1 + extra > 0
    }
    assert n in sizes


def test_sizes_of_the_textbook():
    assert arithmetic.output_size(224, 7, stride=2, padding=3) == 112
    assert arithmetic.output_size(227, 11, stride=4) == 55
    assert arithmetic.output_size((32, 28), (3, 5), padding=(1, 0)) == (32, 24)
    assert arithmetic.output_size(112, 3, stride=2, ceil_mode=True) == 56  # GoogLeNet's first pooling
    assert arithmetic.output_size(torch.Size([5, 6]), 3, padding="same") == (5, 6)


# --- padding -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # what is tested here
@repeatable
@given(either(1, 12), either(1, 7), either(1, 3))
def test_same_padding_is_torchs_own(n, kernel_size, dilation):
    torch.manual_seed(0)
    layer = nn.Conv2d(1, 1, kernel_size, dilation=dilation, padding="same").double()
    image = torch.randn(1, 1, *pair(n), dtype=torch.float64)
    padding = arithmetic.same_padding(pair(kernel_size), dilation)  # ((top, bottom), (left, right))
    padded = F.pad(image, [*padding[1], *padding[0]])
    by_hand = F.conv2d(padded, layer.weight, layer.bias, dilation=dilation)
    torch.testing.assert_close(by_hand, layer(image), rtol=0, atol=1e-12)
    size = arithmetic.output_size(n, kernel_size, padding="same", dilation=dilation)
    assert pair(size) == pair(n) == tuple(layer(image).shape[2:])
    if kernel_size == 3 and dilation == 1:
        assert arithmetic.same_padding(kernel_size) == (1, 1)


@repeatable
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(1, 3))
def test_tensorflows_same_gives_n_over_stride(n, kernel_size, stride, dilation):
    before, after = arithmetic.same_padding_tensorflow(n, kernel_size, stride, dilation)
    row = F.pad(torch.zeros(1, 1, n), (before, after))
    out = F.conv1d(row, torch.zeros(1, 1, kernel_size), stride=stride, dilation=dilation)
    assert out.shape[-1] == -(-n // stride)
    assert after - before in (0, 1)
    span = dilation * (kernel_size - 1) + 1
    if before + after:  # and one pixel less would not do
        assert (row.shape[-1] - 1 - span) // stride + 1 < out.shape[-1]
    if stride == 1:
        assert (before, after) == arithmetic.same_padding(kernel_size, dilation)


def test_paddings_of_the_textbook():
    assert arithmetic.same_padding(5) == (2, 2)
    assert arithmetic.same_padding(4) == (1, 2)
    assert arithmetic.same_padding((3, 2)) == ((1, 1), (0, 1))
    assert arithmetic.same_padding_tensorflow(224, 7, stride=2) == (
        2,
        3,
    )  # where PyTorch's ResNet pads (3, 3)
    assert arithmetic.same_padding_tensorflow((224, 5), 3, stride=2) == ((0, 1), (1, 1))
    assert arithmetic.same_padding_tensorflow(6, 1, stride=3) == (0, 0)


# --- stacks: sizes, counts and receptive fields at once ------------------------------------------

windows = st.tuples(either(1, 4), either(1, 3), either(0, 2), either(1, 2))


def positive(layer, channels_in, channels_out):
    """A convolution whose weights are all positive: no gradient can cancel, none can vanish."""
    convolution = nn.Conv2d(channels_in, channels_out, *layer).double()
    nn.init.uniform_(convolution.weight, 0.5, 1.5)
    return convolution


def seen(function, height, width, unit):
    """The first and last row and column of the input with a gradient from one unit of the output."""
    image = torch.ones(1, 1, height, width, dtype=torch.float64, requires_grad=True)
    maps = function(image)
    position = [min(u, size - 1) for u, size in zip(unit, maps.shape[2:], strict=True)]
    (gradient,) = torch.autograd.grad(maps[0, :, position[0], position[1]].sum(), image)
    rows, columns = torch.nonzero(gradient[0, 0], as_tuple=True)
    return position, ((int(rows.min()), int(rows.max())), (int(columns.min()), int(columns.max())))


def assert_sees(field, position, measured, sides):
    for axis in (0, 1):
        size, jump, start = (pair(value)[axis] for value in field)
        first, last = arithmetic.ReceptiveField(size, jump, start).pixels(position[axis])
        assert first >= 0 and last < sides[axis], "the unit must lie inside, or the test shows nothing"
        assert measured[axis] == (first, last)


@repeatable
@given(st.lists(windows, min_size=1, max_size=4))
def test_receptive_field_is_where_the_gradient_is(layers):
    torch.manual_seed(1)
    stack = nn.Sequential(*(positive(layer, 1, 1) for layer in layers))
    field = arithmetic.receptive_field(layers)
    unit = [
        math.ceil(max(0, -pair(field.start)[a]) / pair(field.jump)[a]) for a in (0, 1)
    ]  # past the padding
    sides = [unit[a] * pair(field.jump)[a] + pair(field.start)[a] + pair(field.size)[a] + 7 for a in (0, 1)]
    assume(max(sides) < 400)
    position, measured = seen(stack, *sides, unit)
    assert position == unit
    assert_sees(field, position, measured, sides)
    assert isinstance(field.size, int) == (not any(isinstance(v, tuple) for layer in layers for v in layer))


class Branches(nn.ModuleList):
    """Parallel stacks on the same input, added: an inception module and a residual block alike."""

    def forward(self, maps):
        return sum(branch(maps) for branch in self)


@repeatable
@given(st.lists(st.lists(st.sampled_from([1, 3, 5]), max_size=2), min_size=1, max_size=4), st.integers(1, 2),
       st.integers(1, 2))  # fmt: skip
def test_branches_take_the_largest(kernels, stem_stride, dilation):
    torch.manual_seed(2)
    same = lambda k: (k, 1, dilation * (k // 2), dilation)  # noqa: E731
    branches = [[same(k) for k in branch] for branch in kernels]
    stem, after = (3, stem_stride, 1), (2, 2)
    module = Branches([nn.Sequential(*(positive(layer, 1, 1) for layer in branch)) for branch in branches])
    stack = nn.Sequential(positive(stem, 1, 1), module, positive(after, 1, 1))
    field = arithmetic.receptive_field([stem, branches, after])
    widest = max(branches, key=lambda branch: sum(k - 1 for k, *_ in branch))
    assert field == arithmetic.receptive_field([stem, *widest, after])
    position, measured = seen(stack, 90, 90, (8, 8))
    assert_sees(field, position, measured, (90, 90))


def test_branches_that_are_off_centre_need_the_box_of_both():
    """(0, 2): pixels i .. i + 1 and i - 1 .. i are three pixels together, more than the larger alone has."""
    assert arithmetic.receptive_field([[[(2, 1, 0)], [(2, 1, 1)]]]) == (3, 1, -1)


layers_with_counts = st.tuples(windows, st.integers(1, 3), st.integers(1, 3), st.booleans())


@repeatable
@given(st.lists(layers_with_counts, min_size=1, max_size=4), st.tuples(*2 * [st.integers(8, 24)]))
def test_counts_of_a_stack_are_torchs(layers, sides):
    """Parameters by numel, multiply-adds by torch's counter, sizes layer by layer."""
    channels, maps, size = 6, torch.randn(1, 6, *sides), sides
    for window, groups, widening, bias in layers:
        try:
            size = arithmetic.output_size(size, *window)
        except ValueError:
            assume(False)
        layer = nn.Conv2d(channels, 6 * widening, *window, groups=groups, bias=bias)
        counted = macs(layer, maps)
        parameters = sum(p.numel() for p in layer.parameters())
        assert arithmetic.conv_parameters(channels, 6 * widening, window[0], groups, bias) == parameters
        assert arithmetic.conv_macs(channels, 6 * widening, window[0], size, groups) == counted
        with torch.no_grad():
            maps = layer(maps)
        assert tuple(maps.shape[2:]) == size
        channels = 6 * widening


@repeatable
@given(st.integers(1, 50), st.integers(1, 50), st.booleans())
def test_counts_of_a_dense_layer_are_torchs(inputs, outputs, bias):
    layer = nn.Linear(inputs, outputs, bias=bias)
    assert arithmetic.linear_parameters(inputs, outputs, bias) == sum(p.numel() for p in layer.parameters())
    assert arithmetic.linear_macs(inputs, outputs) == macs(layer, torch.randn(1, inputs))


@repeatable
@given(st.integers(1, 3), st.integers(1, 3), either(1, 4), either(1, 3), st.tuples(*2 * [st.integers(2, 9)]))
def test_a_transposed_convolution_costs_what_the_turned_one_costs(i, o, kernel_size, stride, sides):
    layer = nn.ConvTranspose2d(2 * i, 2 * o, kernel_size, stride, groups=2)
    assert arithmetic.conv_parameters(2 * i, 2 * o, kernel_size, groups=2) == sum(
        p.numel() for p in layer.parameters()
    )
    turned = arithmetic.conv_macs(2 * o, 2 * i, kernel_size, sides, groups=2)
    assert turned == macs(layer, torch.randn(1, 2 * i, *sides))


def test_counts_of_the_course():
    assert [arithmetic.conv_parameters(i, o, 3) for i, o in ((1, 32), (32, 64), (64, 128))] == [
        320,
        18_496,
        73_856,
    ]
    dense = [arithmetic.linear_parameters(1152, 128), arithmetic.linear_parameters(128, 10)]
    assert dense == [147_584, 1_290]
    assert 320 + 18_496 + 73_856 + sum(dense) == 241_546
    assert arithmetic.linear_parameters(7 * 7 * 512, 4096) == 102_764_544  # VGG-16's first dense layer
    assert (
        arithmetic.conv_macs(192, 32, 5, output=28) == 120_422_400
    )  # inception's 5 x 5 without a bottleneck
    squeezed = arithmetic.conv_macs(192, 16, 1, output=28), arithmetic.conv_macs(16, 32, 5, output=28)
    assert squeezed == (2_408_448, 10_035_200)
    assert arithmetic.batch_norm_parameters(64) == sum(p.numel() for p in nn.BatchNorm2d(64).parameters())


def test_receptive_fields_of_the_course():
    assert arithmetic.receptive_field([3, 3]).size == arithmetic.receptive_field([5]).size == 5
    assert arithmetic.receptive_field([3, 3, 3]).size == 7
    assert arithmetic.receptive_field([(7, 2, 3), (3, 2, 1)]) == (11, 4, -5)
    assert arithmetic.receptive_field([]) == (1, 1, 0)
    assert arithmetic.receptive_field([((3, 5), 1, (1, 2))]) == ((3, 5), (1, 1), (-1, -2))
    assert arithmetic.receptive_field([(3, 1, "same"), (2, 2, "valid")]) == (4, 2, -1)
    assert arithmetic.ReceptiveField(11, 4, -5).pixels(2) == (3, 13)


@repeatable
@given(st.lists(windows, max_size=3), st.lists(windows, max_size=3))
def test_receptive_field_goes_on_from_another(first, then):
    halfway = arithmetic.receptive_field(first)
    whole = arithmetic.receptive_field([*first, *then])
    assert arithmetic.receptive_field(then, after=halfway) == whole
    padded = arithmetic.receptive_field([*then, [[], [(3, 1, 1)]]], after=halfway)
    assert padded == arithmetic.join_fields([whole, arithmetic.receptive_field([(3, 1, 1)], after=whole)])


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: arithmetic.output_size(4, 5), ValueError, "spans 5 pixels does not fit on 4"),
        (lambda: arithmetic.output_size((32, 4), (3, 3), dilation=2), ValueError, "spans 5 pixels .* on 4"),
        (lambda: arithmetic.output_size(32, 3, stride=0), ValueError, "stride must be at least 1, not 0"),
        (lambda: arithmetic.output_size(32, 3, padding=-1), ValueError, "padding must be at least 0"),
        (lambda: arithmetic.output_size(32, 3, padding=0.5), TypeError, "padding must be a whole number"),
        (lambda: arithmetic.output_size(32, 4, stride=2, padding="same"), ValueError, "PyTorch refuses it"),
        (
            lambda: arithmetic.output_size((3, 32, 32), 3),
            ValueError,
            r"\(3, 32, 32\) is no \(height, width\)",
        ),
        (lambda: arithmetic.transposed_size(2, 3, padding=2), ValueError, "cuts off all"),
        (
            lambda: arithmetic.transposed_size(2, 3, output_padding=1),
            ValueError,
            "output_padding 1 must be smaller",
        ),
        (
            lambda: arithmetic.conv_parameters(3, 64, 3, groups=2),
            ValueError,
            "2 groups do not divide in_channels = 3",
        ),
        (lambda: arithmetic.conv_macs(4, 6, 3, 8, groups=4), ValueError, "out_channels = 6"),
        (lambda: arithmetic.receptive_field([[[3], [(3, 2)]]]), ValueError, r"strides \[1, 2\]"),
        (lambda: arithmetic.receptive_field([[]]), ValueError, "this one has none"),
        (lambda: arithmetic.linear_parameters(0, 10), ValueError, "in_features must be at least 1"),
    ],
)
def test_errors_say_what_is_wrong(call, error, words):
    with pytest.raises(error, match=words):
        call()
