"""Run a learner's `nn.Module` on numbers that the judge chooses, without looking at any name.

Names, order of registration and Sequential are the learner's own business. So which of their tensors plays
which part? At first all tensors of one shape get equal numbers. Gradients, and buffers after a training step,
then differ between tensors that play different parts, and tensors that differ get different numbers in the
next round. Where two stay alike, one of them is singled out and the round is repeated, until every tensor
has numbers of its own. A tensor's rank among those of its shape then depends on what it does, and on nothing
else, so a right answer and the reference get the same numbers in the same parts.
"""

import math

import numpy as np
import torch
from torch import nn

from ._dice import Dice
from ._probe import SECONDS, fresh, gradients_of, is_a, leaves, plain, probe_all, same, seed_torch
from ._shortcuts import watch_for

MODES = ("eval", "train")
DIGITS = {
    8: 7,
    4: 5,
    2: 2,
}  # bytes of a number → digits of a fingerprint that two orders of summation agree on
NOISE = {
    8: 1e-11,
    4: 1e-5,
    2: 1e-2,
}  # what is left of a zero, such as the gradient of a bias before batch norm


def probe_module(candidate, examples, *, seed=0, seconds=SECONDS, as_built=False, shortcuts=()):
    """Transcript of `candidate(**options)(*inputs)` for every example `(options, *inputs)`.

    `as_built` also looks at the module with the numbers that it was built with.
    """
    runs = [
        lambda example=example: _watched(shortcuts, candidate, *example, seed=seed, as_built=as_built)
        for example in examples
    ]
    if any(is_meta(inputs) for _, *inputs in examples):
        import torch._dynamo  # noqa: F401  # the meta device asks for it: its loading is not the answer's time
    return probe_all(runs, seconds)


def is_meta(inputs):
    """Whether an example is of shapes alone."""
    return any(isinstance(x, torch.Tensor) and x.is_meta for x in inputs)


def _watched(shortcuts, *example, **how):
    with watch_for(shortcuts) as called:
        record = _run(*example, **how)
    return {**record, "shortcuts": sorted(called)}


def _run(candidate, options, *inputs, seed, as_built):
    if is_meta(inputs):
        return _on_meta(candidate, options, inputs)
    try:
        return _in_precision(candidate, options, inputs, seed, torch.float64, as_built)
    except RuntimeError:  # a float32 constant inside forward: the same in the precision it was written for
        return _in_precision(candidate, options, inputs, seed, torch.float32, as_built)


def _on_meta(candidate, options, inputs):
    """Shapes and counts of a network too large to run: nothing is allocated."""
    with torch.device("meta"):
        module = _build(candidate, options)
    module.eval()
    output = module(*inputs)
    return {"tensors": _manifest(module), "meta": True, "first": {"eval": {"output": plain(output)}}}


def _build(candidate, options):
    """The module that an answer makes; what else may come is said in a sentence."""
    if is_a(candidate, nn.Module):
        raise TypeError("this is a network that was made already. Hand in its class, without calling it.")
    module = candidate(**options)
    if not is_a(module, nn.Module):
        raise TypeError(f"an nn.Module is expected, and this is a {type(module).__name__}.")
    return module


def _complete(module, inputs):
    """Show a module its inputs once: some layers, such as `nn.LazyLinear`, are only made then."""
    module.eval()
    with torch.no_grad():
        module(*map(fresh, inputs))
    return module


def _in_precision(candidate, options, inputs, seed, dtype, as_built):
    inputs = [_cast(fresh(x), dtype) for x in inputs]
    module = _complete(_build(candidate, options).to(dtype), inputs)
    built = _as_built(module, inputs) if as_built else None
    tensors = _tensors(module)
    first = _observe(module, tensors, _values(tensors, {}, seed), inputs)
    alike = _split(tensors, dict.fromkeys(tensors, 0), first)
    classes, seen = _rank(module, tensors, inputs, seed, alike, first)
    return {
        "tensors": _manifest(module),
        "precision": str(dtype).removeprefix("torch."),
        "built": built,
        "first": {mode: _by_rank(first[mode], alike, tensors) for mode in MODES},
        "second": {mode: _by_rank(seen[mode], classes, tensors) for mode in MODES},
    }


def _as_built(module, inputs):
    """Outputs with the first numbers of all, and the buffers that drag a gradient's history along."""
    inputs = [x.clone().requires_grad_() * 1 if _is_float(x) else x for x in inputs]
    outputs = {}
    for mode in MODES:
        module.train(mode == "train")
        outputs[mode] = plain(module(*inputs))
    return {"outputs": outputs, "history": [name for name, b in module.named_buffers() if b.requires_grad]}


def _cast(x, dtype):
    return x.to(dtype) if isinstance(x, torch.Tensor) and x.is_floating_point() else x


def _tensors(module):
    """name → (kind, tensor) of every floating-point parameter and buffer, each tensor once."""
    found = {name: ("parameter", p) for name, p in module.named_parameters()}
    found |= {name: ("buffer", b) for name, b in module.named_buffers() if b.is_floating_point()}
    return found


def _manifest(module):
    return sorted((kind, list(tensor.shape)) for kind, tensor in _tensors(module).values())


def _part(kind, tensor):
    return kind, tuple(tensor.shape)


def _values(tensors, classes, seed):
    """Numbers for every tensor, equal for equal (kind, shape, class): scales near 1, weights of unit gain."""
    return {
        name: _numbers(tensor.shape, (kind == "buffer", *tensor.shape, classes.get(name, 0)), seed)
        for name, (kind, tensor) in tensors.items()
    }


def _numbers(shape, key, seed):
    random = np.random.default_rng([seed, *map(int, key)])
    if len(shape) < 2:  # scales, shifts and variances: positive, away from 0
        return torch.from_numpy(np.asarray(random.uniform(0.5, 1.5, tuple(shape))))
    return torch.from_numpy(random.standard_normal(tuple(shape)) / math.sqrt(math.prod(shape[1:])))


def _observe(module, tensors, values, inputs):
    """Outputs, gradients and buffers with these values, in eval and in train mode."""
    seen = {}
    for mode in MODES:
        with torch.no_grad():  # what stands under a name may be another tensor than before
            for name, (_, tensor) in _tensors(module).items():
                tensor.detach().copy_(values[name])
        module.train(mode == "train")
        seen[mode] = _one_pass(module, tensors, inputs)
    return seen


def _one_pass(module, tensors, inputs):
    seed_torch(0)
    inputs = [x.clone().requires_grad_() if _is_float(x) else x for x in inputs]
    handed = [x * 1 if _is_float(x) else x for x in inputs]
    before = [plain(x) for x in handed]
    with Dice(seed_torch):  # dropout draws alike in every answer
        result = module(*handed)
    after = [plain(x) for x in handed]
    gradients = gradients_of(result, [*inputs, *(tensor for _, tensor in tensors.values())])
    marks = dict(zip(tensors, gradients[len(inputs) :], strict=True))
    now = dict(module.named_buffers())  # `self.running_mean = ...` puts another tensor in a buffer's place
    marks |= {
        name: now[name].detach().cpu().numpy().copy()
        for name, (kind, _) in tensors.items()
        if kind == "buffer"
    }
    return {
        "output": plain(result),
        "inputs": gradients[: len(inputs)],
        "changed": [i for i, (old, new) in enumerate(zip(before, after, strict=True)) if not same(old, new)],
        "tensors": marks,
    }


def _is_float(x):
    return isinstance(x, torch.Tensor) and x.is_floating_point()


def _fingerprint(name, seen):
    """One number a mode for what a tensor does: its gradient, or its running statistics after a step."""
    marks = []
    for mode in MODES:
        array = seen[mode]["tensors"][name]
        if array is None:
            marks.append(-math.inf)
        else:
            marks.append(_mark(array))
    return tuple(marks)


def _mark(array):
    """A weighted sum of an array, to as many digits as can be trusted."""
    mark = np.cos(0.7 + 1.3 * np.arange(array.size)) @ array.ravel()
    return 0.0 if abs(mark) < NOISE[array.itemsize] else float(f"{mark:.{DIGITS[array.itemsize]}g}")


def _rank(module, tensors, inputs, seed, classes, seen):
    """Split tensors of equal shape by what they do, until each has a class, and so numbers, of its own."""
    seen = _observe(module, tensors, _values(tensors, classes, seed), inputs)
    for _ in range(len(tensors) + 8):
        finer = _split(tensors, classes, seen)
        if finer == classes:
            tied = _first_tie(tensors, classes)
            if not tied:
                return classes, seen
            classes, seen = _single_out(module, tensors, inputs, seed, classes, tied)
        else:
            classes = finer
            seen = _observe(module, tensors, _values(tensors, classes, seed), inputs)
    return classes, seen


def _single_out(module, tensors, inputs, seed, classes, tied):
    """Give one of the tied tensors numbers of its own: the one with which the output is largest.

    Where the output is the same for each, they are interchangeable, and any will do.
    """

    def trial(name):
        finer = _renumber(tensors, {**classes, name: classes[name] + 0.5})
        return finer, _observe(module, tensors, _values(tensors, finer, seed), inputs)

    return max(map(trial, tied), key=lambda tried: _output_mark(tried[1]))


def _output_mark(seen):
    """One number a mode and output for what a module returned."""
    parts = [part for mode in MODES for *_, part in leaves(seen[mode]["output"])]
    return [_mark(part) for part in parts if isinstance(part, np.ndarray) and part.dtype.kind == "f"]


def _split(tensors, classes, seen):
    return _renumber(tensors, {name: (classes[name], _fingerprint(name, seen)) for name in tensors})


def _renumber(tensors, keys):
    """Dense class numbers among the tensors of one kind and shape, in the order of their keys."""
    groups = {}
    for name, (kind, tensor) in tensors.items():
        groups.setdefault(_part(kind, tensor), set()).add(keys[name])
    order = {part: sorted(found) for part, found in groups.items()}
    return {name: order[_part(kind, tensor)].index(keys[name]) for name, (kind, tensor) in tensors.items()}


def _first_tie(tensors, classes):
    """The first tensors that share a class, in an order that ignores names."""
    members = {}
    for name, (kind, tensor) in tensors.items():
        members.setdefault((*_part(kind, tensor), classes[name]), []).append(name)
    tied = [key for key, names in members.items() if len(names) > 1]
    return members[min(tied)] if tied else []


def _by_rank(seen, classes, tensors):
    """What was seen, with gradients and buffers in an order that only depends on what each tensor does."""
    order = sorted(tensors, key=lambda name: (*_part(*tensors[name]), classes[name]))
    ranked = [{"name": name, "kind": tensors[name][0], "array": seen["tensors"][name]} for name in order]
    return {**seen, "tensors": ranked}
