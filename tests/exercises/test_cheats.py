"""What an ingenious learner tries instead of an answer: none of it passes, and none of it breaks a check.

Everything here uses what a notebook offers: `check`, torch, numpy and Python. An answer that reaches into
`EXERCISES[...]` or climbs the stack finds the reference; in one process that cannot be prevented, and a class
is graded in another one, on seeds that nobody knows.
"""

import builtins
import math
import os
import random
import signal
import sys
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from cnncourse import arithmetic, ops
from cnncourse.exercises import EXERCISES, check


def refused(name, answer, seed=0):
    """The verdict on an answer that must not pass, and that must be possible to draw."""
    verdict = EXERCISES[name].grade(answer, seed)
    assert not verdict.passed, verdict
    assert verdict.outcome in ("wrong", "crashed", "timed out", "not attempted")
    assert repr(verdict) and verdict._repr_html_()
    return verdict


# -- numbers that have nothing to do with the question ------------------------------------------------------


def fits(image, kernel, stride=(1, 1)):
    """At how many places a kernel of one shape fits into a picture of another."""
    return tuple((n - k) // s + 1 for n, k, s in zip(image, kernel, stride, strict=True))


SHAPES = {
    "conv2d": lambda image, kernel: fits(image.shape, kernel.shape),
    "true_convolution": lambda image, kernel: fits(image.shape, kernel.shape),
    "neuron": lambda inputs, weights, bias: (),
    "gradient_step": lambda parameter, gradient, learning_rate=0.1: parameter.shape,
    "kernel_gradient": lambda image, gradient: fits(image.shape, gradient.shape),
    "image_gradient": lambda g, k: tuple(a + b - 1 for a, b in zip(g.shape, k.shape, strict=True)),
    "im2col": lambda x, k: (len(x), x.shape[1] * math.prod(k), math.prod(fits(x.shape[2:], k))),
    "conv_layer": lambda x, w, b, s=(1, 1): (len(x), len(w), *fits(x.shape[2:], w.shape[2:], s)),
    "grouped_conv": lambda x, w, b, groups: (len(x), len(w), *fits(x.shape[2:], w.shape[2:])),
}
FILLS = {
    "zeros": torch.zeros,
    "ones": torch.ones,
    "noise": torch.randn,
    "nan": lambda shape: torch.full(shape, math.nan),
    "infinity": lambda shape: torch.full(shape, math.inf),
    "memory": torch.empty,
}


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", SHAPES)
def test_the_right_shape_is_not_enough(name, fill):
    refused(name, lambda *arguments: FILLS[fill](SHAPES[name](*arguments)))


@pytest.mark.parametrize("name", SHAPES)
def test_memorised_answers_only_fit_the_seed_of_the_notebook(name):
    """A notebook draws from seed 0, so that its examples stay; a class is graded on others."""
    exercise = EXERCISES[name]
    learned = [exercise.reference(*arguments) for arguments in exercise.inputs(0)]
    for seed in (1, 2, 3):
        said = iter(learned)
        refused(name, lambda *arguments, said=said: next(said), seed)


def test_no_list_of_kernels_stands_in_for_one():
    """Whoever gives another kernel at each call has to guess which way the drawn edges go."""
    blank, bright = torch.zeros(3, 3), torch.ones(3, 3)
    edge = torch.tensor([[-1.0, 0.0, 1.0]]).expand(3, 3)
    passed = 0
    for seed in range(20):
        turns = iter([blank, bright, -bright, blank, edge, blank, *[bright] * 9])
        passed += EXERCISES["edge_kernel"].grade(lambda turns=turns: next(turns), seed).passed
    assert passed <= 2


# -- replaced libraries -------------------------------------------------------------------------------------


def nothing(*arguments, **options):
    """Zeros of the shape that the first tensor has."""
    return torch.zeros_like(next(a for a in arguments if isinstance(a, torch.Tensor)))


def always(*arguments, **options):
    return True


def lame_conv2d(image, kernel):
    return image.new_zeros(SHAPES["conv2d"](image, kernel))


PATCHES = {
    "Tensor.__mul__": (torch.Tensor, "__mul__", nothing),
    "Tensor.__rmul__": (torch.Tensor, "__rmul__", nothing),
    "Tensor.__getitem__": (torch.Tensor, "__getitem__", lambda x, key: torch.zeros(2, 2)),
    "Tensor.__setitem__": (torch.Tensor, "__setitem__", lambda x, key, value: None),
    "Tensor.__torch_function__": (torch.Tensor, "__torch_function__", classmethod(lambda cls, *a, **k: 0)),
    "Tensor.shape": (torch.Tensor, "shape", property(lambda x: (2, 2))),
    "Tensor.dtype": (torch.Tensor, "dtype", property(lambda x: torch.float32)),
    "Tensor.sum": (torch.Tensor, "sum", lambda x, *a, **k: torch.zeros(())),
    "Tensor.numpy": (torch.Tensor, "numpy", lambda x, *a, **k: np.zeros(1)),
    "Tensor.detach": (torch.Tensor, "detach", nothing),
    "Tensor.flip": (torch.Tensor, "flip", lambda x, *a: x),
    "torch.randn": (torch, "randn", lambda *a, **k: torch.zeros(a[0])),
    "torch.relu": (torch, "relu", nothing),
    "torch.float64": (torch, "float64", torch.float16),
    "torch.autograd.grad": (torch.autograd, "grad", lambda outputs, inputs, **k: [None for _ in inputs]),
    "Module.__call__": (nn.Module, "__call__", lambda self, x: x.new_zeros(len(x), 3)),
    "Module._call_impl": (nn.Module, "_call_impl", lambda self, x: x.new_zeros(len(x), 3)),
    "Module.named_parameters": (nn.Module, "named_parameters", lambda self, **k: iter(())),
    "Linear.forward": (nn.Linear, "forward", lambda self, x: x.new_zeros(len(x), self.out_features)),
    "F.linear": (F, "linear", lambda x, w, b=None: x.new_zeros(len(x), len(w))),
    "F.conv2d": (F, "conv2d", nothing),
    "F.pad": (F, "pad", nothing),
    "np.isclose": (np, "isclose", lambda a, b, **k: np.ones(np.shape(a), dtype=bool)),
    "np.isclose within": (sys.modules["numpy._core.numeric"], "less_equal", lambda a, b: np.True_),
    "np.argwhere": (np, "argwhere", lambda a: np.zeros((0, 1), dtype=int)),
    "np.asarray": (np, "asarray", lambda a, *r, **k: np.True_),
    "ops.conv2d": (ops, "conv2d", lame_conv2d),
    "ops.conv_layer": (ops, "conv_layer", lambda *a: torch.zeros(SHAPES["conv_layer"](*a))),
    "ops.true_convolution": (ops, "true_convolution", lame_conv2d),
    "arithmetic": (arithmetic, "conv_parameters", lambda *a, **k: 0),
    "math.prod": (math, "prod", lambda numbers: 1),
    "builtins.zip": (builtins, "zip", lambda *a, **k: iter(())),
    "builtins.all": (builtins, "all", always),
    "builtins.isinstance": (builtins, "isinstance", always),
}  # fmt: skip


class Silent(nn.Module):
    """The right layers; a dense layer of zeros."""

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.hidden, self.scores = nn.Linear(inputs, hidden), nn.Linear(hidden, classes)

    def forward(self, images):
        return images.new_zeros(len(images), self.scores.out_features)


class Through(Silent):
    """The right layers, called without ReLU: with a layer that answers zeros nobody could tell."""

    def forward(self, images):
        return self.scores(self.hidden(images.flatten(1)))


@pytest.mark.parametrize("patch", PATCHES)
def test_a_patched_library_changes_no_verdict(patch):
    place, name, value = PATCHES[patch]
    functions = {n: (lambda *a, n=n: torch.zeros(SHAPES[n](*a))) for n in SHAPES}
    had, before = name in vars(place), vars(place).get(name)
    setattr(place, name, value)
    try:
        graded = {n: EXERCISES[n].grade(f, 1) for n, f in functions.items()}
        graded |= {cls.__name__: EXERCISES["TwoLayers"].grade(cls, 1) for cls in (Silent, Through)}
        graded["number"] = EXERCISES["first_layer_parameters"].grade(0)
        right = EXERCISES["true_convolution"].grade(EXERCISES["true_convolution"].alternatives[0], 1)
        kept = vars(place).get(name)
    finally:
        setattr(place, name, before) if had else delattr(place, name)
    assert kept is value, "the learner's patch is still there afterwards"
    assert not [n for n, verdict in graded.items() if verdict.passed]
    assert right.passed, right


def test_patches_made_while_an_answer_runs_do_not_reach_the_judge():
    for place, name, value in (
        (torch.Tensor, "__mul__", nothing),
        (torch.Tensor, "sum", lambda x, *a, **k: torch.zeros(())),
        (ops, "conv2d", lame_conv2d),
        (nn.Linear, "forward", PATCHES["Linear.forward"][2]),
    ):

        def candidate(image, kernel, place=place, name=name, value=value):
            setattr(place, name, value)
            return torch.zeros(SHAPES["conv2d"](image, kernel))

        had, before = name in vars(place), vars(place).get(name)
        try:
            refused("true_convolution", candidate, seed=4)
        finally:
            setattr(place, name, before) if had else name in vars(place) and delattr(place, name)


class Zeroing(TorchFunctionMode):
    """Every operation gives zeros."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return (
            torch.zeros_like(result)
            if type(result) is torch.Tensor and result.is_floating_point()
            else result
        )


class ZeroingBelow(TorchDispatchMode):
    """The same, one storey deeper."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result.zero_() if type(result) is torch.Tensor and result.is_floating_point() else result


@pytest.mark.parametrize("mode", [Zeroing, ZeroingBelow])
def test_a_mode_left_on_reaches_nobody_but_its_owner(mode):
    for name, shape in SHAPES.items():
        with mode():
            assert not EXERCISES[name].grade(lambda *a, shape=shape: torch.zeros(shape(*a)), 5).passed, name
    with mode():
        assert EXERCISES["conv2d"].grade(EXERCISES["conv2d"].alternatives[0], 6).passed
        assert float(torch.ones(1) + 1) == 0, "and it is still on"


def test_a_default_device_does_not_reach_the_examples():
    with torch.device("meta"):
        assert EXERCISES["conv2d"].grade(EXERCISES["conv2d"].alternatives[0], 7).passed
        assert EXERCISES["neuron"].grade(EXERCISES["neuron"].alternatives[0], 7).passed
        assert torch.ones(1).is_meta


# -- objects that are not what they say ---------------------------------------------------------------------


class Agreeable:
    """Equal to everything, of any length, with anything inside."""

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __hash__(self):
        return hash("c")

    def __len__(self):
        return 1

    def __getitem__(self, key):
        return self

    def __iter__(self):
        return iter([self])

    def __getattr__(self, name):
        return self

    def __call__(self, *arguments, **options):
        return self

    def __array__(self, *arguments, **options):
        return np.zeros(())

    def __float__(self):
        return 0.0

    __index__ = __int__ = lambda self: 0
    __bool__ = lambda self: True  # noqa: E731
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __abs__ = __call__


class Masked(Agreeable):
    """Says that it belongs to any class that suits."""

    says = torch.Tensor
    __class__ = property(lambda self: self.says)


def masked(says):
    return type("Masked", (Masked,), {"says": says})()


class Word(str):
    """Text that equals every text."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return self.as_if

    def __getitem__(self, key):
        return self

    def strip(self, *characters):
        return self

    lower = __str__ = __iter__ = __format__ = strip


def words():
    """One hostile text for each letter, hashed as that letter is."""
    for letter in "abcde":
        word = Word("z")
        word.as_if = hash(letter)
        yield word


class Many(list):
    __len__ = lambda self: 1 << 40  # noqa: E731
    __eq__ = lambda self, other: True  # noqa: E731
    __getitem__ = lambda self, key: self  # noqa: E731


class Count(int):
    __eq__ = __le__ = __lt__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0
    __hash__ = int.__hash__
    __array__ = lambda self, *a, **k: np.array([Agreeable()], dtype=object)  # noqa: E731


class Real(float):
    __eq__ = lambda self, other: True  # noqa: E731
    __array__ = lambda self, *a, **k: np.zeros((), dtype=[("x", "f4")])  # noqa: E731


class Table(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    dtype = property(lambda self: "anything")
    ndim = property(lambda self: 0)
    shape = property(lambda self: ())


class Pretender(torch.Tensor):
    """Answers every question about itself as the judge would like."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return Agreeable()


def odd_answers():
    yield from (
        Agreeable(),
        Agreeable,
        Many([1]),
        Count(5),
        Real(5.0),
        float("nan"),
        object(),
        type,
        lambda: 0,
    )
    yield from (masked(t) for t in (torch.Tensor, np.ndarray, int, float, str, tuple, list, dict, type(None)))
    box = np.empty(1, dtype=object)
    box[0] = Agreeable()
    yield from (np.zeros(3).view(Table), box, box.reshape(()))
    yield from (
        np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]),
        np.array("c"),
        np.array(["c"]),
        np.datetime64("2020"),
    )
    yield from (
        torch.zeros(2, 3).as_subclass(Pretender),
        torch.zeros(2, 3).to_sparse(),
        torch.zeros(2, 3).bfloat16(),
    )
    yield from (
        torch.zeros(2, 3, device="meta"),
        torch.zeros(2, 3).to(torch.float8_e4m3fn),
        torch.zeros(2, 3) * 1j,
    )
    yield from (
        torch.nested.nested_tensor([torch.zeros(2)]),
        torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8),
    )
    yield from ({"a": Agreeable()}, {Agreeable(): 1}, b"c", {1}, 1j, 10**400, "c" * 10**6)
    yield from words()


ODD = list(odd_answers())
RECURSIVE = []
RECURSIVE.append(RECURSIVE)


@pytest.mark.parametrize("name", ["neuron", "conv2d", "gradient_step", "im2col"])
def test_odd_objects_are_no_answers(name):
    for odd in [*ODD, RECURSIVE]:
        verdict = refused(name, lambda *arguments, odd=odd: odd)
        assert verdict.outcome in ("wrong", "crashed"), type(odd)


VALUES = ["first_layer_parameters", "unanimous_bias", "one_epoch", "impulse", "moving", "flip_counterexample"]


@pytest.mark.parametrize("name", VALUES)
def test_odd_objects_are_no_values_either(name):
    for odd in [*ODD, RECURSIVE, (Agreeable(), Agreeable()), (masked(torch.Tensor),) * 2, [], (), {}]:
        refused(name, odd)


@pytest.mark.parametrize("name", ["TwoLayers"])
def test_odd_objects_are_no_modules(name):
    for odd in [*ODD, RECURSIVE, nn.Identity(), nn.Linear(2, 2)]:
        refused(name, odd)
        refused(name, lambda odd=odd, **options: odd)


def test_a_check_never_raises():
    for odd in [*ODD, RECURSIVE]:
        for name in ("conv2d", "impulse", "unanimous_bias", "flip_counterexample", "TwoLayers"):
            check(**{name: odd})
        check(odd)


# -- counterexamples that are none --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pair",
    [
        (torch.ones(2, 2), torch.tensor([[1.0, 0.0], [0.0, 2.0]])),
        (torch.full((2, 2), math.nan), torch.tensor([[1.0, 0.0], [0.0, 2.0]])),
        (torch.tensor([[math.nan, 1.0], [1.0, 1.0]]), torch.tensor([[1.0, math.nan], [0.0, 2.0]])),
        (torch.zeros(0, 0), torch.zeros(0, 0)),
        (torch.zeros(2, 2), torch.zeros(2, 2)),
        (torch.rand(3, 3), torch.full((2, 2), math.nan)),
        (torch.rand(9, 9), torch.rand(2, 2)),
        (None, None),
        "ab",
    ],
    ids=range(9),
)
def test_no_counterexample(pair):
    refused("flip_counterexample", pair)


# -- modules ------------------------------------------------------------------------------------------------


class Ignoring(Silent):
    """Registers what is counted and computes with numbers of its own."""

    def forward(self, images):
        torch.manual_seed(0)
        x = torch.relu(F.linear(images.flatten(1), torch.randn_like(self.hidden.weight)))
        return F.linear(x, torch.randn_like(self.scores.weight))


class Kept(Silent):
    """Keeps a copy of the numbers that it was built with, where the judge does not look."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.secret = [self.hidden.weight.detach().double(), self.scores.weight.detach().double()]

    def forward(self, images):
        return torch.relu(images.flatten(1) @ self.secret[0].T) @ self.secret[1].T


class OnlyInEval(Silent):
    def forward(self, images):
        if self.training:
            return images.new_zeros(len(images), self.scores.out_features)
        return self.scores(torch.relu(self.hidden(images.flatten(1))))


class OnlyInTraining(OnlyInEval):
    training = True

    def forward(self, images):
        hidden = torch.relu(self.hidden(images.flatten(1)))
        return self.scores(hidden if self.training else 0 * hidden)


class NoParameters(Silent):
    def named_parameters(self, *arguments, **options):
        return iter(())


class OtherParameters(Silent):
    def named_parameters(self, *arguments, **options):
        for name, parameter in super().named_parameters():
            yield name, nn.Parameter(parameter.detach() * 0)


class Deaf(Silent):
    def train(self, mode=True):
        return Agreeable()

    eval = to = double = state_dict = train


class Forged(Silent):
    """Zeros whose gradients are made to look busy."""

    def forward(self, images):
        busy = sum(p.sum() for p in self.parameters()) + images.sum()
        return super().forward(images) + busy - busy.detach()


class Borrowing(Silent):
    """Answers with whatever the object says that it is handed."""

    def __call__(self, images):
        return Agreeable()


class Scaled(OnlyInEval):
    def forward(self, images):
        self.training = False
        return super().forward(images) * (1 + 1e-4)


@pytest.mark.parametrize(
    "module",
    [Silent, Through, Ignoring, Kept, OnlyInEval, OnlyInTraining, NoParameters, OtherParameters, Deaf, Forged,
     Borrowing, Scaled],
)  # fmt: skip
def test_modules_that_only_look_right(module):
    for seed in range(3):
        refused("TwoLayers", module, seed)


# -- shortcuts by the back door -----------------------------------------------------------------------------


def as_layer(image, kernel):
    layer = nn.Conv2d(1, 1, tuple(kernel.shape), bias=False)
    layer.weight = nn.Parameter(kernel[None, None])
    return layer(image[None, None])[0, 0].detach()


def as_volume(image, kernel):
    return F.conv3d(image[None, None, None], kernel[None, None, None])[0, 0, 0]


def mapped(image, kernel):
    return torch.func.vmap(lambda k: F.conv2d(image[None, None], k[None, None])[0, 0])(kernel[None])[0]


BACK_DOORS = {
    "layer": as_layer,
    "padding": lambda i, k: F.conv2d(i[None, None], k[None, None], padding="valid")[0, 0],
    "volume": as_volume,
    "vmap": mapped,
    "torch.ops": lambda i, k: torch.ops.aten.conv2d(i[None, None], k[None, None])[0, 0],
    "subclass": lambda i, k: F.conv2d(i[None, None].as_subclass(nn.Parameter), k[None, None])[0, 0],
}


@pytest.mark.parametrize("door", BACK_DOORS)
def test_back_doors(door):
    verdict = refused("conv2d", BACK_DOORS[door])
    assert "is what you are building here" in verdict.message


# -- what a check leaves behind -----------------------------------------------------------------------------


def messy(image, kernel):
    """Leaves everything in disorder."""
    torch.manual_seed(99), np.random.seed(99), random.seed(99)
    torch.rand(3), np.random.rand(3), random.random()
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    warnings.simplefilter("error")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stdout
    np.seterr(all="raise")
    torch.set_default_device("meta")
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return image


def crashing(image, kernel):
    messy(image, kernel)
    raise ZeroDivisionError


def leaving(image, kernel):
    messy(image, kernel)
    sys.exit(3)


def endless(image, kernel):
    messy(image, kernel)
    signal.signal(signal.SIGALRM, ALARM)
    while True:
        pass


ALARM = None


def surroundings():
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": np.random.get_state()[1].tolist(),
        "python": random.getstate(),
        "dtype": torch.get_default_dtype(),
        "grad": torch.is_grad_enabled(),
        "filters": list(warnings.filters),
        "out": sys.stdout,
        "err": sys.stderr,
        "errors": np.geterr(),
        "device": torch.get_default_device(),
        "alarm": signal.getsignal(signal.SIGALRM),
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "threads": torch.get_num_threads(),
    }


@pytest.mark.parametrize("body", [messy, crashing, leaving, endless])
def test_the_notebook_is_left_as_it_was(body, monkeypatch):
    exercise, before = EXERCISES["conv2d"], surroundings()
    monkeypatch.setattr(exercise, "seconds", 0.3)

    def candidate(image, kernel):
        global ALARM
        ALARM = signal.getsignal(signal.SIGALRM)
        return body(image, kernel)

    try:
        verdict = exercise.grade(candidate)
        after = surroundings()
    finally:
        torch.set_default_dtype(torch.float32), torch.set_default_device(None)
        np.seterr(**before["errors"])
        sys.stdout, sys.stderr = before["out"], before["err"]
    assert not verdict.passed
    assert {key for key in before if before[key] != after[key]} == set()
