"""Modules judged without looking at a name: right answers in any style pass, near misses do not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.exercises import EXERCISES
from cnncourse.exercises._kinds import exercise
from cnncourse.exercises._probe_module import probe_module


def conv_bn(c_in, c_out, kernel_size, stride=1):
    conv = nn.Conv2d(c_in, c_out, kernel_size, stride, kernel_size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(c_out))


class Residual(nn.Module):
    """relu(main path + projection), the main path conv-bn-relu-conv-bn."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.first, self.second = conv_bn(c_in, c_out, 3, stride), conv_bn(c_out, c_out, 3)
        self.project = conv_bn(c_in, c_out, 1, stride)

    def forward(self, x):
        return F.relu(self.second(F.relu(self.first(x))) + self.project(x))


def variant(forward, base=Residual):
    return type("Variant", (base,), {"forward": forward})


def make():
    ex = exercise(Residual)

    @ex.examples
    def _(draw):
        yield {"c_in": 2, "c_out": 3, "stride": 1}, draw(3, 2, 5, 4)
        yield {"c_in": 3, "c_out": 3, "stride": 2}, draw(2, 3, 7, 6)
        yield {"c_in": 4, "c_out": 6}, draw(3, 4, 8, 9)

    ex.mistake("The skip is missing.")(variant(lambda s, x: F.relu(s.second(F.relu(s.first(x))))))
    ex.mistake("No ReLU after the sum.")(variant(lambda s, x: s.second(F.relu(s.first(x))) + s.project(x)))
    ex.mistake("The skip is detached.")(
        variant(lambda s, x: F.relu(s.second(F.relu(s.first(x))) + s.project(x).detach()))
    )
    return ex


class OtherOrder(nn.Module):
    """Other names, and registered back to front."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.z, self.y, self.x = (
            conv_bn(c_in, c_out, 1, stride),
            conv_bn(c_out, c_out, 3),
            conv_bn(c_in, c_out, 3, stride),
        )

    def forward(self, x):
        return torch.relu(self.z(x) + self.y(torch.relu(self.x(x))))


class InSequence(nn.Module):
    """Sequential, with activations in place."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.main = nn.Sequential(
            *conv_bn(c_in, c_out, 3, stride), nn.ReLU(inplace=True), *conv_bn(c_out, c_out, 3)
        )
        self.side = conv_bn(c_in, c_out, 1, stride)

    def forward(self, x):
        return (self.main(x) + self.side(x)).relu_()


class ByHand(nn.Module):
    """Functional convolution, batch norm written out, buffers registered by hand."""

    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.stride = stride
        for i, (channels, size) in enumerate([(c_in, 3), (c_out, 3), (c_in, 1)]):
            self.register_parameter(f"beta{i}", nn.Parameter(torch.zeros(c_out)))
            self.register_parameter(f"gamma{i}", nn.Parameter(torch.ones(c_out)))
            self.register_parameter(f"w{i}", nn.Parameter(torch.randn(c_out, channels, size, size)))
            self.register_buffer(f"var{i}", torch.ones(c_out))
            self.register_buffer(f"mean{i}", torch.zeros(c_out))

    def part(self, i, x, stride, padding):
        y = F.conv2d(x, getattr(self, f"w{i}"), stride=stride, padding=padding)
        mean, var = getattr(self, f"mean{i}"), getattr(self, f"var{i}")
        if self.training:
            now, spread, n = y.mean((0, 2, 3)), y.var((0, 2, 3), unbiased=False), y.numel() / y.shape[1]
            with torch.no_grad():
                mean.mul_(0.9).add_(0.1 * now)
                var.mul_(0.9).add_(0.1 * spread * n / (n - 1))
            mean, var = now, spread
        y = (y - mean[:, None, None]) / torch.sqrt(var[:, None, None] + 1e-5)
        return y * getattr(self, f"gamma{i}")[:, None, None] + getattr(self, f"beta{i}")[:, None, None]

    def forward(self, x):
        return F.relu(
            self.part(1, F.relu(self.part(0, x, self.stride, 1)), 1, 1) + self.part(2, x, self.stride, 0)
        )


class SinglePrecision(Residual):
    """A constant that only works in float32."""

    def forward(self, x):
        return super().forward(x) + 0 * F.conv2d(x, torch.ones(1, x.shape[1], 1, 1)).mean()


@pytest.mark.parametrize("style", [Residual, OtherOrder, InSequence, ByHand, SinglePrecision])
def test_any_style_passes(style):
    ex = make()
    for seed in range(10):
        verdict = ex.grade(style, seed)
        assert verdict.passed, (seed, verdict)


def changed(**settings):
    """The reference with attributes of its layers set after construction."""

    class Changed(Residual):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            for path, value in settings.items():
                layer, attribute = path.rsplit("__", 1)
                setattr(self.get_submodule(layer.replace("__", ".")), attribute, value)

    return Changed


class BiasBeforeNorm(Residual):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        self.first[0] = nn.Conv2d(c_in, c_out, 3, stride, 1)


def doubling(self, x):
    x.mul_(2)
    return Residual.forward(self, x / 2)


WRONG = {
    "zeros": (variant(lambda s, x: Residual.forward(s, x) * 0), "values"),
    "norm shared": (
        variant(lambda s, x: F.relu(s.first[1](s.second[0](F.relu(s.first(x)))) + s.project(x))),
        "gradient",
    ),
    "eps": (changed(first__1__eps=1e-3), "values"),
    "momentum": (changed(second__1__momentum=0.2), "running statistics"),
    "stride on the second": (changed(first__0__stride=(1, 1)), None),
    "bias before norm": (BiasBeforeNorm, "structure"),
    "in place": (variant(doubling), "inputs"),
    "gradient cut": (variant(lambda s, x: Residual.forward(s, x.detach())), "gradient"),
    "weights cut": (
        variant(lambda s, x: F.relu(s.second(F.relu(s.first(x))).detach() + s.project(x))),
        "gradient",
    ),
    "returns nothing": (variant(lambda s, x: None), "type"),
}


@pytest.mark.parametrize("case", WRONG)
def test_near_misses_are_rejected(case):
    candidate, what = WRONG[case]
    for seed in range(5):
        verdict = make().grade(candidate, seed)
        assert verdict.outcome in ("wrong", "crashed")
        assert what is None or verdict.what == what, verdict


def test_mistakes_are_recognised_even_when_the_projection_still_runs():
    def dead_skip(self, x):
        self.project(x)  # its running statistics change, and it never reaches the sum
        return F.relu(self.second(F.relu(self.first(x))))

    ex = make()
    for seed in range(10):
        assert ex.grade(variant(dead_skip), seed).message == "The skip is missing."
        for mistake in ex.mistakes:
            assert ex.grade(mistake.candidate, seed).message == mistake.message


def test_a_stub_is_not_attempted_wherever_it_raises():
    class InForward(Residual):
        def forward(self, x):
            raise NotImplementedError

    class InInit(nn.Module):
        def __init__(self, **options):
            raise NotImplementedError

    assert make().grade(InForward).outcome == make().grade(InInit).outcome == "not attempted"


class Towers(nn.Module):
    """Three equal towers: which is which cannot be told, but which bias goes with which weight can."""

    def __init__(self):
        super().__init__()
        self.towers = nn.ModuleList(nn.Conv2d(2, 3, 3) for _ in range(3))

    def forward(self, x):
        return sum(F.relu(tower(x)) for tower in self.towers)


class Crossed(nn.Module):
    """The same with weights and biases registered apart, in another order."""

    def __init__(self, shift=1):
        super().__init__()
        self.shift = shift
        self.biases = nn.ParameterList(torch.zeros(3) for _ in range(3))
        self.weights = nn.ParameterList(torch.randn(3, 2, 3, 3) for _ in range(3))

    def forward(self, x):
        pairs = zip(self.weights, [*self.biases[self.shift :], *self.biases[: self.shift]], strict=True)
        return sum(F.relu(F.conv2d(x, weight, bias)) for weight, bias in pairs)


class OneBias(Crossed):
    def forward(self, x):
        unused = sum(0 * bias.sum() for bias in self.biases)
        return sum(F.relu(F.conv2d(x, weight, self.biases[0])) for weight in self.weights) + unused


def test_interchangeable_parts_are_matched_together():
    ex = exercise(Towers)

    @ex.examples
    def _(draw):
        yield {}, draw(2, 2, 6, 5)

    for seed in range(10):
        assert ex.grade(Crossed, seed).passed
        assert ex.grade(OneBias, seed).outcome == "wrong"


def test_a_large_network_is_judged_on_the_meta_device():
    ex = exercise(
        type(
            "Wide",
            (nn.Sequential,),
            {
                "__init__": lambda s: nn.Sequential.__init__(
                    s, nn.Flatten(), nn.Linear(3 * 224 * 224, 4096), nn.Linear(4096, 1000)
                )
            },
        )
    )

    @ex.examples
    def _(draw):
        yield {}, torch.empty(1, 3, 224, 224, device="meta")

    narrow = lambda: nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 4096), nn.Linear(4096, 10))  # noqa: E731
    assert ex.grade(ex.reference).passed
    assert "shape (1, 10); expected (1, 1000)" in ex.grade(narrow).message


def test_the_transcript_is_plain():
    """Nothing of a learner's crosses to the judge but numbers, text, lists and dicts."""
    import numpy as np

    def walk(thing):
        assert type(thing) in (dict, list, tuple, str, int, float, bool, type(None), np.ndarray), type(thing)
        for part in (
            thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple)) else ()
        ):
            walk(part)

    walk(probe_module(Residual, [({"c_in": 2, "c_out": 3}, torch.randn(2, 2, 5, 5))]))


class Counting(nn.Module):
    """Scale by a number that is learned from 2, and remember the mean."""

    def __init__(self, first=2.0, detach=True, replace=False):
        super().__init__()
        self.scale, self.detach, self.replace = nn.Parameter(torch.tensor(first)), detach, replace
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        mean = x.mean().detach() if self.detach else x.mean()
        if self.replace:
            self.seen = self.seen + mean
        else:
            self.seen.add_(mean)
        return x * self.scale


def counting(**options):
    return lambda: Counting(**options)


def test_first_values_and_what_buffers_drag_along():
    loose, strict = exercise(Counting), exercise(Counting, as_built=True)
    for ex in (loose, strict):
        ex.make_examples = lambda draw: iter([({}, draw(3, 2))])
        assert ex.grade(counting()).passed
        assert ex.grade(counting(replace=True)).passed, "another tensor under a buffer's name is its buffer"
    assert loose.grade(counting(first=3.0)).passed and loose.grade(counting(detach=False)).passed
    assert "first values" in strict.grade(counting(first=3.0)).message
    assert "`seen` drags" in strict.grade(counting(detach=False)).message
    assert "`seen` drags" in strict.grade(counting(detach=False, replace=True)).message


class Heads(nn.Module):
    """Two heads on one input: which bias belongs to which output can be told."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x):
        return self.a(x), self.b(x)


class HeadsBackwards(Heads):
    def forward(self, x):
        return self.b(x), self.a(x)


class BiasesCrossed(Heads):
    def forward(self, x):
        return F.linear(x, self.a.weight, self.b.bias), F.linear(x, self.b.weight, self.a.bias)


def test_outputs_are_told_apart_by_their_place():
    ex = exercise(Heads)
    ex.make_examples = lambda draw: iter([({}, draw(5, 3))])
    for seed in range(10):
        assert ex.grade(HeadsBackwards, seed).passed
        assert ex.grade(BiasesCrossed, seed).passed, "a bias belongs to no weight, only to an output"


class Gated(nn.Module):
    """Two gains of one gradient, that of the sum, in different parts: only the output tells them apart."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * (self.first + self.second) + (self.first.detach() * x).square()


class GatedBackwards(Gated):
    def __init__(self):
        nn.Module.__init__(self)
        self.last, self.early = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * (self.last + self.early) + (self.early.detach() * x).square()


def test_a_tie_of_gradients_is_broken_by_the_output():
    ex = exercise(Gated)
    ex.make_examples = lambda draw: iter([({}, draw(5, 3))])
    for seed in range(10):
        assert ex.grade(GatedBackwards, seed).passed


def test_a_module_that_hides_its_layers_reads_why():
    class Hidden(nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.layers = [Residual(**options)]

        def forward(self, x):
            return self.layers[0].double()(x)

    assert "plain list" in make().grade(Hidden).message
    assert "Hand in its class" in make().grade(Residual(2, 3)).message
    assert "an nn.Module is expected" in make().grade(lambda **options: 3).message


class ByTheLibrary(nn.Module):
    """The layer that is to be built, from the library."""

    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, epsilon, momentum)

    def forward(self, x):
        return self.norm(x)


def test_a_module_that_calls_the_thing_to_build_is_told_so():
    verdict = EXERCISES["BatchNorm"].grade(ByTheLibrary)
    assert verdict.what == "shortcut" and "the thing to build here" in verdict.message
