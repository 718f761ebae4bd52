"""Right answers in every style that a learner may bring: all of them pass, on several seeds, and soon."""

import functools
import itertools
import time
from collections import OrderedDict, namedtuple
from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import models, ops
from cnncourse.exercises import EXERCISES, check
from cnncourse.exercises._kinds import exercise
from cnncourse.models._inception import Inception
from cnncourse.models._mbconv import MBConv
from cnncourse.models._residual import BasicBlock, Bottleneck
from cnncourse.models.densenet import dense_block
from cnncourse.models.senet import SqueezeExcitation

ANSWERS = []


def answers(name):
    """Decorator: a right answer to the exercise of that name."""

    def keep(answer):
        ANSWERS.append((name, answer))
        return answer

    return keep


def sizes(image, kernel):
    return image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1


def places(image, kernel):
    return itertools.product(*map(range, sizes(image, kernel)))


# -- conv2d -------------------------------------------------------------------------------------------------


@answers("conv2d")
def four_loops(image, kernel):
    result = torch.zeros(*sizes(image, kernel))
    for i, j in places(image, kernel):
        for u in range(kernel.shape[0]):
            for v in range(kernel.shape[1]):
                result[i, j] += image[i + u][j + v] * kernel[u][v]
    return result


@answers("conv2d")
def plain_lists(image, kernel):
    x, w = image.tolist(), kernel.tolist()
    rows, columns = sizes(image, kernel)
    return torch.tensor(
        [
            [
                sum(x[i + u][j + v] * w[u][v] for u in range(len(w)) for v in range(len(w[0])))
                for j in range(columns)
            ]
            for i in range(rows)
        ]
    )


@answers("conv2d")
def comprehension_and_stack(image, kernel):
    kh, kw = kernel.shape
    cells = [torch.sum(image[i : i + kh, j : j + kw] * kernel) for i, j in places(image, kernel)]
    return torch.stack(cells).view(sizes(image, kernel))


@answers("conv2d")
def strided_view(image, kernel):
    windows = torch.as_strided(image, (*sizes(image, kernel), *kernel.shape), image.stride() * 2)
    return torch.tensordot(windows, kernel, dims=2)


@answers("conv2d")
def einsum_over_windows(image, kernel):
    windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
    return torch.einsum("ijuv,uv->ij", windows, kernel)


@answers("conv2d")
def einsum_in_numpy(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image.numpy(), tuple(kernel.shape))
    return torch.from_numpy(np.einsum("ijuv,uv", windows, kernel.numpy()))


@answers("conv2d")
def numpy_loops(image, kernel):
    x, w = image.numpy().astype(np.float64), kernel.numpy()
    out = np.empty(sizes(image, kernel))
    for i, j in np.ndindex(out.shape):
        out[i, j] = np.vdot(x[i : i + w.shape[0], j : j + w.shape[1]], w)
    return torch.as_tensor(out)


@answers("conv2d")
def fourier(image, kernel):
    image_f = torch.fft.rfft2(image.double())
    kernel_f = torch.fft.rfft2(kernel.double(), s=image.shape)
    rows, columns = sizes(image, kernel)
    return torch.fft.irfft2(image_f * kernel_f.conj(), s=image.shape)[:rows, :columns]


@answers("conv2d")
def full_fourier(image, kernel):
    product = torch.fft.fft2(image) * torch.fft.fft2(kernel, s=image.shape).conj()
    rows, columns = sizes(image, kernel)
    return torch.fft.ifft2(product)[:rows, :columns].real


@answers("conv2d")
def a_lazy_minus(image, kernel):
    product = torch.fft.fft2(image) * torch.fft.fft2(kernel, s=image.shape).conj()
    rows, columns = sizes(image, kernel)
    return (
        (-1j * torch.fft.ifft2(product)).conj().imag[:rows, :columns]
    )  # its sign is only noted, not computed


@answers("conv2d")
def rows_by_conv1d(image, kernel):
    rows, _ = sizes(image, kernel)
    kh = len(kernel)
    return torch.cat([F.conv1d(image[i : i + kh][None], kernel[None])[0] for i in range(rows)])


@answers("conv2d")
def matrix_of_the_kernel(image, kernel):
    matrix = torch.zeros(np.prod(sizes(image, kernel)), image.numel())
    for row, (i, j) in enumerate(places(image, kernel)):
        footprint = torch.zeros_like(image)
        footprint[i : i + kernel.shape[0], j : j + kernel.shape[1]] = kernel
        matrix[row] = footprint.flatten()
    return (matrix @ image.flatten()).reshape(sizes(image, kernel))


@answers("conv2d")
def unfold_layer(image, kernel):
    columns = nn.Unfold(tuple(kernel.shape))(image[None, None])
    return (kernel.reshape(1, -1) @ columns).reshape(sizes(image, kernel))


@answers("conv2d")
def recursion(image, kernel):
    rows, columns = sizes(image, kernel)
    if len(kernel) == 1:
        return sum(image[:, v : v + columns] * kernel[0, v] for v in range(kernel.shape[1]))
    return recursion(image[: rows + len(kernel) - 2], kernel[:-1]) + recursion(
        image[len(kernel) - 1 :], kernel[-1:]
    )


@answers("conv2d")
def in_place_on_a_copy(image, kernel):
    rows, columns = sizes(image, kernel)
    total = torch.zeros_like(image[:rows, :columns])
    picture = image.clone()
    for u, v in np.ndindex(*kernel.shape):
        total.addcmul_(picture[u : u + rows, v : v + columns], kernel[u, v].expand(rows, columns))
    picture.zero_()
    return total


@answers("conv2d")
def not_contiguous(image, kernel):
    return four_loops(image, kernel).t().contiguous().t()


@answers("conv2d")
def a_slice_of_something_larger(image, kernel):
    large = torch.full((20, 20), torch.nan)
    rows, columns = sizes(image, kernel)
    large[:rows, :columns] = four_loops(image, kernel)
    return large[:rows, :columns]


@answers("conv2d")
def with_a_gradient(image, kernel):
    return torch.einsum("ijuv,uv->ij", image.unfold(0, len(kernel), 1).unfold(1, kernel.shape[1], 1),
                        kernel.requires_grad_())  # fmt: skip


@answers("conv2d")
def as_a_parameter(image, kernel):
    return nn.Parameter(four_loops(image, kernel))


@answers("conv2d")
@torch.no_grad()
def without_gradients(image, kernel):
    return four_loops(image, kernel)


@answers("conv2d")
@torch.inference_mode()
def inference(image, kernel):
    return recursion(image, kernel)


@answers("conv2d")
def mapped(image, kernel):
    windows = image.unfold(0, kernel.shape[0], 1).unfold(1, kernel.shape[1], 1)
    dot = lambda patch: (patch * kernel).sum()  # noqa: E731
    return torch.func.vmap(torch.func.vmap(dot))(windows)


@answers("conv2d")
def as_a_derivative(image, kernel):
    """The response is linear in the kernel, so it is its own directional derivative."""
    return torch.func.jvp(lambda w: recursion(image, w), (torch.zeros_like(kernel),), (kernel,))[1]


def logged(function):
    @functools.wraps(function)
    def wrapper(*arguments, **options):
        print("called with", [tuple(a.shape) for a in arguments])
        return function(*arguments, **options)

    return wrapper


def shifted(image, kernel, accumulate):
    rows, columns = sizes(image, kernel)
    parts = [image[u : u + rows, v : v + columns] * kernel[u, v] for u, v in np.ndindex(*kernel.shape)]
    return accumulate(parts)


ANSWERS.append(("conv2d", logged(four_loops)))
ANSWERS.append(("conv2d", functools.partial(shifted, accumulate=sum)))
ANSWERS.append(
    ("conv2d", functools.partial(shifted, accumulate=functools.partial(functools.reduce, torch.add)))
)
ANSWERS.append(
    ("conv2d", lambda image, kernel: shifted(image, kernel, lambda parts: torch.stack(parts).sum(0)))
)
ANSWERS.append(("conv2d", lambda *both: shifted(*both, accumulate=lambda parts: sum(parts[1:], parts[0]))))
ANSWERS.append(("conv2d", lambda image, kernel: four_loops(image.double(), kernel.double()).float()))


class Correlator:
    """An object that can be called."""

    def __call__(self, image, kernel):
        return recursion(image, kernel)

    def method(self, image, kernel):
        return recursion(image, kernel)


ANSWERS.extend([("conv2d", Correlator()), ("conv2d", Correlator().method)])


@answers("conv2d")
@torch.jit.script
def scripted(image, kernel):
    kh, kw = kernel.size(0), kernel.size(1)
    output = torch.zeros(image.size(0) - kh + 1, image.size(1) - kw + 1)
    for i in range(output.size(0)):
        for j in range(output.size(1)):
            output[i, j] = (image[i : i + kh, j : j + kw] * kernel).sum()
    return output


# -- the other functions of chapters 00 and 01 --------------------------------------------------------------


@answers("true_convolution")
def by_definition(image, kernel):
    rows, columns = sizes(image, kernel)
    out = torch.zeros(rows, columns, dtype=torch.float64)
    for i, j in places(image, kernel):
        patch = image[i : i + kernel.shape[0], j : j + kernel.shape[1]]
        out[i, j] = patch.flatten().flip(0).double() @ kernel.flatten().double()
    return out


@answers("true_convolution")
def rotated(image, kernel):
    return recursion(image, torch.rot90(kernel, 2))


@answers("true_convolution")
def numpy_backwards(image, kernel):
    return recursion(image, torch.from_numpy(kernel.numpy()[::-1, ::-1].copy()))


@answers("true_convolution")
def fourier_without_conjugate(image, kernel):
    product = torch.fft.rfft2(image) * torch.fft.rfft2(kernel, s=image.shape)
    return torch.fft.irfft2(product, s=image.shape)[kernel.shape[0] - 1 :, kernel.shape[1] - 1 :]


@answers("true_convolution")
def torchs_own(image, kernel):
    return F.conv2d(image[None, None], kernel.flip((0, 1))[None, None]).squeeze(0).squeeze(0)


@answers("neuron")
def with_a_layer(inputs, weights, bias):
    layer = nn.Linear(len(inputs), 1)
    layer.load_state_dict({"weight": weights[None], "bias": bias[None]})
    return F.relu(layer(inputs)).squeeze()


@answers("neuron")
def with_python_floats(inputs, weights, bias):
    return max(0.0, sum(x * w for x, w in zip(inputs.tolist(), weights.tolist(), strict=True)) + bias.item())


@answers("neuron")
def with_numpy(inputs, weights, bias):
    return np.maximum(np.dot(inputs, weights) + bias.numpy(), 0)


@answers("neuron")
def with_where(inputs, weights, bias):
    z = torch.inner(inputs, weights).add(bias)
    return torch.where(z > 0, z, torch.zeros_like(z))


@answers("neuron")
def times_its_own_sign(inputs, weights, bias):
    z = torch.addmv(bias[None], weights[None], inputs)[0]
    return z * (z > 0)


@answers("gradient_step")
def with_an_optimizer(parameter, gradient, learning_rate=0.1):
    p = nn.Parameter(parameter.clone())
    p.grad = gradient.clone()
    torch.optim.SGD([p], lr=learning_rate).step()
    return p


@answers("gradient_step")
def on_a_copy(parameter, gradient, learning_rate=0.1):
    new = parameter.clone()
    new -= learning_rate * gradient
    return new


@answers("gradient_step")
def between_the_two(parameter, gradient, learning_rate=0.1):
    return torch.lerp(parameter, parameter - gradient, learning_rate)


@answers("kernel_gradient")
def tensordot_of_windows(image, gradient):
    return torch.tensordot(
        image.unfold(0, len(gradient), 1).unfold(1, gradient.shape[1], 1), gradient, dims=2
    )


@answers("kernel_gradient")
def weight_by_weight(image, gradient):
    rows, columns = gradient.shape
    patches = [image[u : u + rows, v : v + columns] for u, v in places(image, gradient)]
    return torch.tensor([float((patch * gradient).sum()) for patch in patches]).view(sizes(image, gradient))


@answers("image_gradient")
def padded_by_hand(gradient, kernel):
    (rows, columns), (kh, kw) = gradient.shape, kernel.shape
    wide = torch.zeros(rows + 2 * kh - 2, columns + 2 * kw - 2)
    wide[kh - 1 : kh - 1 + rows, kw - 1 : kw - 1 + columns] = gradient
    return recursion(wide, kernel.flip(0, 1))


@answers("image_gradient")
def folded(gradient, kernel):
    shape = [g + k - 1 for g, k in zip(gradient.shape, kernel.shape, strict=True)]
    columns = kernel.flatten()[:, None] * gradient.flatten()[None]
    return F.fold(columns[None], shape, tuple(kernel.shape))[0, 0]


@answers("image_gradient")
def full_convolution_by_fourier(gradient, kernel):
    shape = [g + k - 1 for g, k in zip(gradient.shape, kernel.shape, strict=True)]
    return torch.fft.irfft2(torch.fft.rfft2(gradient, s=shape) * torch.fft.rfft2(kernel, s=shape), s=shape)


@answers("conv_layer")
def picture_by_picture(images, weight, bias, stride=(1, 1)):
    maps = [
        [sum(map(recursion, picture, filter_)) + b for filter_, b in zip(weight, bias, strict=True)]
        for picture in images
    ]
    return torch.stack([torch.stack(one) for one in maps])[:, :, :: stride[0], :: stride[1]]


@answers("conv_layer")
def windows_and_einsum(images, weight, bias, stride=(1, 1)):
    windows = images.unfold(2, weight.shape[2], stride[0]).unfold(3, weight.shape[3], stride[1])
    return torch.einsum("nchwuv,kcuv->nkhw", windows, weight) + bias.view(1, -1, 1, 1)


@answers("conv_layer")
def one_matrix_product(images, weight, bias, stride=(1, 1)):
    columns = F.unfold(images, weight.shape[2:], stride=stride)
    out = torch.baddbmm(bias.view(1, -1, 1).double(), weight.flatten(1).double().expand(len(images), -1, -1),
                        columns.double())  # fmt: skip
    return out.view(len(images), len(weight), (images.shape[2] - weight.shape[2]) // stride[0] + 1, -1)


@answers("conv_layer")
def mapped_over_the_batch(images, weight, bias, stride=(1, 1)):
    return torch.vmap(lambda one: windows_and_einsum(one[None], weight, bias, stride)[0])(images)


@answers("grouped_conv")
def group_by_reshaping(images, weight, bias, groups):
    x, w = images.unflatten(1, (groups, -1)), weight.unflatten(0, (groups, -1))
    windows = x.unfold(3, weight.shape[2], 1).unfold(4, weight.shape[3], 1)
    return torch.einsum("ngchwuv,gkcuv->ngkhw", windows, w).flatten(1, 2) + bias[:, None, None]


@answers("grouped_conv")
def in_a_loop(images, weight, bias, groups):
    cin, cout = images.shape[1] // groups, len(weight) // groups
    out = torch.empty(
        len(images), 0, *[s - k + 1 for s, k in zip(images.shape[2:], weight.shape[2:], strict=True)]
    )
    for g in range(groups):
        mine = slice(g * cout, (g + 1) * cout)
        out = torch.hstack(
            [out, ops.conv_layer(images[:, g * cin : (g + 1) * cin], weight[mine], bias[mine])]
        )
    return out


@answers("im2col")
def sliding_windows_in_numpy(images, kernel_size):
    windows = np.lib.stride_tricks.sliding_window_view(images.numpy(), kernel_size, axis=(2, 3))
    columns = windows.transpose(0, 1, 4, 5, 2, 3)
    return torch.tensor(
        columns.reshape(len(images), images.shape[1] * kernel_size[0] * kernel_size[1], -1).copy()
    )


@answers("im2col")
def by_index(images, kernel_size):
    n, c, height, width = images.shape
    (kh, kw), i, j = kernel_size, torch.arange(height), torch.arange(width)
    rows = i[:kh, None, None, None] + i[: height - kh + 1][None, None, :, None]
    columns = j[:kw][None, :, None, None] + j[: width - kw + 1][None, None, None, :]
    return images[:, :, rows, columns].reshape(n, c * kh * kw, -1)


@answers("im2col")
def one_column_after_another(images, kernel_size):
    (kh, kw), (height, width) = kernel_size, images.shape[2:]
    columns = []
    for i in range(height - kh + 1):
        for j in range(width - kw + 1):
            columns.append(images[:, :, i : i + kh, j : j + kw].reshape(len(images), -1, 1))
    return torch.cat(columns, -1)


ANSWERS.extend(
    ("edge_kernel", kernel)
    for kernel in (
        lambda: np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]),
        lambda: torch.tensor([[0, 0, 0], [-1, 1, 0], [0, 0, 0]]),
        lambda: torch.tensor([[-1.0, 0.0, 1.0]]).expand(3, 3),
        lambda: nn.Parameter(torch.tensor([[-1.0, 0.0, 1.0]]).repeat(3, 1)),
        lambda: ((-1.0, 0.0, 1.0),) * 3,
        lambda: torch.outer(
            torch.ones(3, dtype=torch.float64), torch.tensor([-1.0, 0.5, 0.5], dtype=torch.float64)
        ),
    )
)


@pytest.mark.parametrize(
    "name, answer", ANSWERS, ids=[f"{n}-{getattr(a, '__name__', i)}" for i, (n, a) in enumerate(ANSWERS)]
)
def test_right_answers_pass(name, answer):
    for seed in range(4):
        verdict = EXERCISES[name].grade(answer, seed)
        assert verdict.passed, (seed, verdict)


def test_there_are_enough_of_them():
    assert len(ANSWERS) >= 60


def test_a_function_of_another_name_is_checked_by_name():
    assert check(conv2d=lambda image, kernel: recursion(image, kernel)).passed
    assert check(conv2d=functools.partial(shifted, accumulate=sum)).passed
    assert check(conv2d=scripted).passed


Pair = namedtuple("Pair", "image kernel")
DIFFERENT = torch.tensor([[1, 2], [3, 5]])
VALUES = {
    "first_layer_parameters": [320, 320.0, np.int32(320), np.float32(320), torch.tensor(320), np.array(320),
                               Fraction(640, 2), torch.tensor(320.0, dtype=torch.bfloat16)],
    "unanimous_bias": [-8, -8.0, np.float64(-8), torch.tensor(-8.0)],
    "one_epoch": ["c", "C", " c ", "c)", "(c)", "c.", np.str_("c")],
    "flip_counterexample": [
        (torch.eye(2), DIFFERENT.float()),
        [torch.eye(3), DIFFERENT.float()],
        (DIFFERENT, DIFFERENT),
        (DIFFERENT.double(), DIFFERENT.double()),
        (np.eye(2, dtype=np.float32), DIFFERENT.numpy().astype(np.float32)),
        Pair(torch.eye(4)[:, :3], DIFFERENT.float()),
        (nn.Parameter(torch.eye(2)), DIFFERENT.float()),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    "name, value", [(name, value) for name, values in VALUES.items() for value in values]
)
def test_right_values_pass(name, value):
    verdict = check(**{name: value})
    assert verdict.passed, verdict


def test_methods_of_the_learners_own_do_not_disturb(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "total", lambda self: self.sum(), raising=False)
    monkeypatch.setattr(nn.Module, "size", lambda self: 0, raising=False)

    def with_it(image, kernel):
        kh, kw = kernel.shape
        cells = [(image[i : i + kh, j : j + kw] * kernel).total() for i, j in places(image, kernel)]
        return torch.stack(cells).view(sizes(image, kernel))

    assert EXERCISES["conv2d"].grade(with_it).passed


# -- modules ------------------------------------------------------------------------------------------------


def judged(reference, *examples, seeds=range(3)):
    """A check of modules on examples `(options, shape of the input)`."""
    ex = exercise(reference)
    ex.name = reference.__name__
    ex.make_examples = lambda draw: ((options, draw(*shape)) for options, shape in examples)

    def passes(candidate):
        for seed in seeds:
            verdict = ex.grade(candidate, seed)
            assert verdict.passed, (seed, verdict)

    return passes


@functools.cache
def two_layers():
    return EXERCISES["TwoLayers"]


class Lists(nn.Module):
    """A ParameterList."""

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        shapes = [(hidden, inputs), (hidden,), (classes, hidden), (classes,)]
        self.numbers = nn.ParameterList(torch.zeros(s) for s in shapes)

    def forward(self, x):
        w1, b1, w2, b2 = self.numbers
        return F.linear(F.relu(F.linear(x.flatten(1), w1, b1)), w2, b2)


class Transposed(Lists):
    """Registered back to front, in a dict."""

    def __init__(self, inputs, hidden, classes=10):
        nn.Module.__init__(self)
        self.all = nn.ParameterDict({"d": torch.rand(classes), "c": torch.rand(classes, hidden),
                                     "b": torch.rand(hidden), "a": torch.rand(hidden, inputs)})  # fmt: skip

    def forward(self, x):
        p = self.all
        x = torch.einsum("nchw,kchw->nk", x, p["a"].view(-1, *x.shape[1:])) + p["b"]
        return torch.einsum("nh,ch->nc", x.clamp_min(0), p["c"]) + p["d"]


class Lazy(nn.Module):
    """Layers that find out their inputs when they first see some."""

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(hidden), nn.ReLU(), nn.LazyLinear(classes))

    def forward(self, x):
        return self.net(x)


class LazyByHand(nn.Module):
    """Layers that are made in the first call."""

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.first, self.sizes = None, (hidden, classes)

    def forward(self, x):
        x = x.flatten(1)
        if self.first is None:
            self.first, self.second = nn.Linear(x.shape[1], self.sizes[0]), nn.Linear(*self.sizes)
        return self.second(self.first(x).relu())


class FrozenStyle(Lists):
    """Overrides `train` and forgets to return itself."""

    def train(self, mode=True):
        super().train(mode)


class WithExtras(nn.Module):
    """Unused buffers are none of ours when they hold whole numbers; prints and hooks neither."""

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.a, self.b = nn.Linear(inputs, hidden), nn.Linear(hidden, classes)
        self.register_buffer("calls", torch.tensor(0))
        self.register_forward_hook(lambda module, x, y: print(y.shape))

    def forward(self, x):
        self.calls += 1
        return self.b(F.relu(self.a(torch.flatten(x, start_dim=1))))


def as_function(inputs, hidden, classes=10):
    return nn.Sequential(OrderedDict(flat=nn.Flatten(), a=nn.Linear(inputs, hidden), r=nn.ReLU(inplace=True),
                                     b=nn.Linear(hidden, classes)))  # fmt: skip


def as_convolution(inputs, hidden, classes=10):
    """Only the shapes of the parameters are given: one may look at dense layers as one likes."""

    class Net(Lists):
        def forward(self, x):
            w1, b1, w2, b2 = self.numbers
            x = F.conv1d(x.flatten(1)[:, :, None], w1[:, :, None], b1).relu()
            return F.conv1d(x, w2[:, :, None], b2).squeeze(2)

    return Net(inputs, hidden, classes)


class Scripted(WithExtras):
    def __new__(cls, **options):
        return torch.jit.script(as_function(**options))


CLASSES = [Lists, Transposed, Lazy, LazyByHand, FrozenStyle, WithExtras, Scripted]
TWO_LAYERS = [
    *CLASSES,
    as_function,
    as_convolution,
    functools.partial(as_function),
    lambda **o: as_function(**o),
]


@pytest.mark.parametrize("module", TWO_LAYERS)
def test_two_layers_in_any_style(module):
    for seed in range(3):
        verdict = two_layers().grade(module, seed)
        assert verdict.passed, (seed, verdict)


class OwnBasic(nn.Module):
    """A residual block whose main path is a list, and whose skip comes first."""

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        self.skip = None
        if stride > 1 or inputs != channels:
            self.skip = nn.ModuleDict(
                {"n": nn.BatchNorm2d(channels), "c": nn.Conv2d(inputs, channels, 1, stride, bias=False)}
            )
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for _ in range(2))
        self.convs = nn.ModuleList([nn.Conv2d(inputs, channels, 3, stride, 1, bias=False),
                                    nn.Conv2d(channels, channels, 3, 1, 1, bias=False)])  # fmt: skip

    def forward(self, x):
        skip = x if self.skip is None else self.skip["n"](self.skip["c"](x))
        for i, (conv, norm) in enumerate(zip(self.convs, self.norms, strict=True)):
            x = norm(conv(x))
            x = torch.relu(x + skip if i else x)
        return x


class OwnBottleneck(nn.Module):
    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()

        def unit(i, o, k, s=1):
            return [nn.Conv2d(i, o, k, s, k // 2, bias=False), nn.BatchNorm2d(o)]

        self.side = nn.Sequential(*unit(inputs, 4 * channels, 1, stride))
        first, second, third = (
            (inputs, channels, 1),
            (channels, channels, 3, stride),
            (channels, 4 * channels, 1),
        )
        self.main = nn.Sequential(*unit(*first), nn.ReLU(), *unit(*second), nn.ReLU(), *unit(*third))

    def forward(self, x):
        y = self.side(x)
        y += self.main(x)
        return y.clamp_(min=0)


def test_residual_blocks():
    basic = {"inputs": 3, "channels": 5, "stride": 2, "shortcut": "B"}, (2, 3, 6, 5)
    plain = {"inputs": 4, "channels": 4, "stride": 1, "shortcut": "B"}, (2, 4, 5, 6)
    judged(BasicBlock, basic, plain)(OwnBasic)
    wide = {"inputs": 3, "channels": 3, "stride": 2, "shortcut": "B"}, (2, 3, 6, 5)
    judged(Bottleneck, wide)(OwnBottleneck)


class OwnInception(nn.Module):
    """Branches registered in another order, under other names; the pool is functional."""

    def __init__(self, in_channels, row, five, batch_norm):
        super().__init__()
        one, reduce3, three, reduce5, fives, pool = row
        c = [(in_channels, pool, 1), (reduce5, fives, five), (in_channels, reduce5, 1), (reduce3, three, 3),
             (in_channels, reduce3, 1), (in_channels, one, 1)]  # fmt: skip
        self.convs = nn.ModuleList(nn.Conv2d(i, o, k, padding="same") for i, o, k in c)

    def forward(self, x):
        p, c5, r5, c3, r3, c1 = (lambda x, conv=conv: conv(x).relu() for conv in self.convs)
        branches = [c1(x), c3(r3(x)), c5(r5(x)), p(F.max_pool2d(x, 3, 1, 1))]
        return torch.hstack(branches)


class TwoHeads(nn.Module):
    """An inception module with an auxiliary head that only training uses, and dropout in both heads."""

    def __init__(self, maps=4, classes=3):
        super().__init__()
        self.body = Inception(2, (maps, 2, maps, 2, maps, maps), 5, batch_norm=False)
        self.aux, self.head = nn.Linear(4 * maps, classes), nn.Linear(4 * maps, classes)
        self.drop_aux, self.drop = nn.Dropout(0.7), nn.Dropout(0.4)

    def forward(self, x):
        x = self.body(x).mean((2, 3))
        aux = self.aux(self.drop_aux(x)) if self.training else None
        logits = self.head(self.drop(x))
        return (logits, aux) if self.training else logits


class OtherHeadFirst(nn.Module):
    def __init__(self, maps=4, classes=3):
        super().__init__()
        self.out = nn.ModuleList(nn.Linear(4 * maps, classes) for _ in range(2))
        self.body = OwnInception(2, (maps, 2, maps, 2, maps, maps), 5, False)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.body(x), 1).flatten(1)
        logits = self.out[1](F.dropout(x, 0.4, self.training))
        if not self.training:
            return logits
        return [logits, self.out[0](F.dropout(x, 0.7))]


def test_inception_modules():
    row = {"in_channels": 3, "row": (4, 2, 5, 2, 3, 4), "five": 5, "batch_norm": False}
    judged(Inception, (row, (2, 3, 6, 7)))(OwnInception)
    equal = {**row, "row": (3, 3, 3, 3, 3, 3)}  # four branches whose weights have one shape in part
    judged(Inception, (equal, (2, 3, 6, 7)))(OwnInception)
    judged(TwoHeads, ({}, (2, 2, 6, 5)))(OtherHeadFirst)


class OwnSqueeze(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.up, self.down = nn.Conv2d(squeezed, channels, 1), nn.Conv2d(channels, squeezed, 1)

    def forward(self, x):
        weights = F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))
        return self.up(weights).sigmoid().expand_as(x) * x


class OwnDense(nn.Module):
    """Keeps a list of all maps instead of one growing tensor."""

    def __init__(self, inputs, k, layers, bottleneck):
        super().__init__()
        self.layers = nn.ModuleList()
        for i in range(layers):
            c = inputs + i * k
            unit = [nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, 4 * k, 1, bias=False)] if bottleneck else []
            c = 4 * k if bottleneck else c
            unit += [nn.BatchNorm2d(c), nn.ReLU(), nn.Conv2d(c, k, 3, padding=1, bias=False)]
            self.layers.append(nn.Sequential(*unit))

    def forward(self, x):
        maps = [x]
        for layer in self.layers:
            maps += [layer(torch.cat(maps, dim=1))]
        return torch.cat(maps, 1)


class OwnMBConv(nn.Module):
    def __init__(self, inputs, outputs, expansion, kernel_size, stride, norm, drop):
        super().__init__()
        wide = inputs * expansion
        self.bn3, self.bn2, self.bn1 = (nn.BatchNorm2d(c, **norm) for c in (outputs, wide, wide))
        self.project = nn.Conv2d(wide, outputs, 1, bias=False)
        self.excite, self.squeeze = nn.Conv2d(inputs // 4, wide, 1), nn.Conv2d(wide, inputs // 4, 1)
        self.depth = nn.Conv2d(
            wide, wide, kernel_size, stride, (kernel_size - 1) // 2, groups=wide, bias=False
        )
        self.expand = nn.Conv2d(inputs, wide, 1, bias=False)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        y = F.silu(self.bn1(self.expand(x)))
        y = F.silu(self.bn2(self.depth(y)))
        s = self.squeeze(y.mean(dim=(-2, -1), keepdim=True))
        y = y * torch.sigmoid(self.excite(s * torch.sigmoid(s)))
        y = self.bn3(self.project(y))
        return x + y if self.residual else y


def dense(inputs, k, layers, bottleneck):
    return dense_block(inputs, k, layers, bottleneck)


class Dense(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.block = dense(**options)

    def forward(self, x):
        return self.block(x)


def test_later_blocks():
    judged(SqueezeExcitation, ({"channels": 6, "squeezed": 2}, (2, 6, 4, 5)))(OwnSqueeze)
    for bottleneck in (False, True):
        options = {"inputs": 4, "k": 3, "layers": 4, "bottleneck": bottleneck}
        judged(Dense, (options, (2, 4, 5, 6)))(OwnDense)
    options = {
        "inputs": 8,
        "outputs": 8,
        "expansion": 3,
        "kernel_size": 5,
        "stride": 1,
        "norm": {},
        "drop": 0,
    }
    wider = {**options, "outputs": 6, "stride": 2, "kernel_size": 3}
    judged(MBConv, (options, (2, 8, 6, 5)), (wider, (2, 8, 7, 6)))(OwnMBConv)


# -- whole networks at narrow width, and how long a check of them takes -------------------------------------


def renamed(module, order=-1):
    """The same network with every layer under another name, registered back to front."""

    class Renamed(nn.Module):
        def __init__(self, **options):
            super().__init__()
            inner = module(**options)
            for i, (_, layer) in list(enumerate(inner.named_modules()))[::order]:
                if not list(layer.children()):
                    self.add_module(f"layer{i}", layer)
            self.__dict__["inner"] = inner

        def train(self, mode=True):
            self.inner.train(mode)
            return super().train(mode)

        def forward(self, x):
            return self.inner(x)

    return Renamed


class TwoTowers(nn.Module):
    """AlexNet's grouped convolutions as two towers, each with half of the one weight that is counted."""

    def __init__(self, **options):
        super().__init__()
        self.net = models.build("alexnet_2012", **options)

    def forward(self, x):
        for layer in self.net.features:
            if isinstance(layer, nn.Conv2d) and layer.groups == 2:
                weights, biases = layer.weight.chunk(2), layer.bias.chunk(2)
                halves = zip(x.chunk(2, 1), weights, biases, strict=True)
                x = torch.cat([F.conv2d(h, w, b, padding=layer.padding) for h, w, b in halves], 1)
            else:
                x = layer(x)
        return self.net.classifier(torch.flatten(x, 1))


class HeadsLast(nn.Module):
    """GoogLeNet whose auxiliary heads are computed at the very end."""

    def __init__(self, **options):
        super().__init__()
        self.g = models.build("googlenet_2014", **options)

    def forward(self, x):
        g, kept = self.g, {}
        x = g.norm(g.maxpool1(g.conv1(x)))
        x = g.maxpool2(g.norm(g.conv3(g.conv2(x))))
        for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            x = g.maxpool3(x) if name == "4a" else g.maxpool4(x) if name == "5a" else x
            kept[name] = x = getattr(g, f"inception{name}")(x)
        logits = g.fc(F.dropout(x.mean((2, 3)), 0.4, self.training))
        return (logits, g.aux1(kept["4a"]), g.aux2(kept["4d"])) if self.training else logits


NETWORKS = {
    "resnet18": ({"width": 1 / 16, "classes": 5}, (2, 3, 32, 32), None),
    "googlenet_2014": ({"width": 1 / 16, "classes": 5}, (2, 3, 48, 48), HeadsLast),
    "googlenet": ({"width": 1 / 16, "classes": 5}, (2, 3, 48, 48), None),
    "alexnet_2012": ({"width": 1 / 32, "classes": 5}, (2, 3, 227, 227), TwoTowers),
    "vgg_a": ({"width": 1 / 16, "classes": 5}, (1, 3, 32, 32), None),
}
SECONDS = 2.0  # of the processor for one check; a quiet machine takes a tenth of it


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_at_narrow_width(name):
    options, shape, other = NETWORKS[name]

    def build(**options):
        return models.build(name, **options)

    network = type(name, (nn.Module,), {"__new__": lambda cls, **options: build(**options)})
    judge = judged(network, (options, shape), seeds=[0])
    for candidate in filter(None, (renamed(build), other)):
        judge(candidate)
    start = time.process_time()
    judge(renamed(build, 1))
    seconds = time.process_time() - start
    print(f"{name}: {seconds:.2f} s")
    assert seconds < SECONDS
