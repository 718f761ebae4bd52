"""Run a learner's answer on given examples and write down what it did: plain arrays, numbers and strings.

This file runs beside the learner's code. It knows no reference and judges nothing, so that a grader can run
it in a sandbox and compare the transcript elsewhere.
"""

import contextlib
import copy
import io
import random
import sys
import sysconfig
import traceback
import warnings
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch

from ._limit import TimedOut, time_limit
from ._shortcuts import watch_for

SECONDS = 10.0  # for all examples of one exercise
PRINTED = 2_000  # characters of a learner's own prints that are kept
ITEMS = 256  # entries of a list or dict that are looked at
_LIBRARIES = (
    str(Path(__file__).parent.parent),
    *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")},
)


def is_a(value, *kinds):
    """Whether an object is of a kind by its type, for what it says in `__class__` may be untrue."""
    return issubclass(type(value), kinds)


def text_of(value):
    """A text as plain `str`: a subclass brings its own idea of equality along."""
    return str.__str__(value)


def plain(value, depth=0):
    """Describe an answer without keeping any of its objects: a dict with its kind and its numbers.

    Subclasses count as what they inherit from, and none of their methods is asked.
    """
    if is_a(value, torch.Tensor):
        return _plain_tensor(value)
    if is_a(value, np.ndarray):
        return _plain_array("array", np.array(value), value)
    if is_a(value, int, float, np.number, np.bool_, Fraction, Decimal):
        return _plain_array("number", _number(value), value)
    if value is None or is_a(value, str):
        return {"kind": "nothing"} if value is None else {"kind": "text", "text": text_of(value)[:PRINTED]}
    if is_a(value, tuple, list) and depth < 4:
        base = tuple if is_a(value, tuple) else list
        items = [plain(item, depth + 1) for item in base.__getitem__(value, slice(ITEMS))]
        return {"kind": "sequence", "items": items, "length": base.__len__(value)}
    if is_a(value, dict) and depth < 4:
        pairs = list(dict.items(value))[:ITEMS]
        items = {text_of(str(key)): plain(item, depth + 1) for key, item in pairs}
        return {"kind": "dict", "items": items, "length": dict.__len__(value)}
    return _other("..." if value is Ellipsis else type(value).__name__)


def _other(name):
    return {"kind": "other", "name": name}


def _plain_array(kind, array, value):
    if array.dtype.kind not in "biufc":
        return _other(f"{type(value).__name__} of {array.dtype.name} values")
    return {"kind": kind, "array": array, "dtype": array.dtype.name}


def _number(value):
    number = np.asarray(value)
    if number.dtype != object:
        return number
    try:
        return np.asarray(float(value))  # an int beyond 64 bits, a fraction
    except OverflowError:
        return np.asarray(np.inf)


def _plain_tensor(value):
    with torch._C.DisableTorchFunctionSubclass():
        tensor = value if type(value) is torch.Tensor else torch.Tensor.as_subclass(value, torch.Tensor)
        tensor = tensor.detach()
    described = {
        "kind": "tensor",
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "device": tensor.device.type,
    }
    if tensor.is_meta:
        return {**described, "shape": list(tensor.shape), "array": None}
    if tensor.is_quantized or tensor.is_nested or tensor.layout != torch.strided:
        return _other(f"tensor that is not dense ({tensor.layout}, {tensor.dtype})")
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        tensor = tensor.float()  # numpy has no such type
    return {**described, "array": np.array(tensor.numpy(force=True))}


def fresh(argument):
    """A copy of an example's argument that the learner's code may spoil."""
    if isinstance(argument, torch.Tensor):
        return argument.detach().clone()
    return copy.deepcopy(argument)


def seed_torch(seed):
    """Seed torch on every device that is in use; `torch.manual_seed` also queues calls for absent ones."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)


@contextlib.contextmanager
def undisturbed(seed=0):
    """Seed the random states for the body, and give them back afterwards as they were."""
    states = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        random.seed(seed), np.random.seed(seed), seed_torch(seed)
        try:
            yield
        finally:
            random.setstate(states[0]), np.random.set_state(states[1])


def _is_own(frame):
    return not frame.filename.startswith(_LIBRARIES)


def is_stub(error):
    """Whether an error is the learner's own `raise NotImplementedError`, not a library's or torch's core."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    raised = not last.line or "raise" in last.line  # `.item()` on the meta device raises it too, in C++
    return isinstance(error, NotImplementedError) and _is_own(last) and raised


def crash_of(error):
    """What a learner needs of an exception: its kind, its message and the last line of their own."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame)]
    line = {"line": own[-1].line or "", "number": own[-1].lineno, "function": own[-1].name} if own else {}
    return {"error": type(error).__name__, "text": str(error)[:600], **line}


def attempt(run, seed=0):
    """Call `run()` with everything held still: a record of what it returned, or of how it failed."""
    printed = io.StringIO()
    try:
        with undisturbed(seed), warnings.catch_warnings(), contextlib.redirect_stdout(printed):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stderr(sys.stderr):  # comes back, whatever the answer puts there
                record = run()
    except (KeyboardInterrupt, TimedOut):
        raise
    except BaseException as error:  # SystemExit from exit() too: a check outlives its learner's code
        record = {"crash": crash_of(error)} | ({"stub": True} if is_stub(error) else {})
    return {**record, "printed": printed.getvalue()[:PRINTED]}


def probe_all(runs, seconds=SECONDS):
    """Attempt every run within one time limit; a run that does not end is the last."""
    records = []
    try:
        with time_limit(seconds):
            for seed, run in enumerate(runs):
                records.append(attempt(run, seed))
    except TimedOut:
        records.append({"timeout": seconds, "printed": ""})
    return {"records": records}


def probe_function(candidate, examples, *, gradients=False, shortcuts=(), observe=None, seconds=SECONDS):
    """Transcript of `candidate(*arguments)` on every example.

    `observe(candidate, *arguments)`, when given, makes the calls and returns what there is to see.
    """

    def run(arguments):
        inputs = [_leaf(fresh(argument), gradients) for argument in arguments]
        handed = [_not_a_leaf(argument) for argument in inputs]
        before = [plain(argument) for argument in handed]
        with watch_for(shortcuts) as called:
            result = observe(candidate, *handed) if observe else candidate(*handed)
        return {
            "output": plain(result),
            "gradients": _gradients(result, inputs) if gradients else None,
            "changed": [
                i
                for i, (old, new) in enumerate(zip(before, handed, strict=True))
                if not same(old, plain(new))
            ],
            "shortcuts": sorted(called),
        }

    return probe_all([lambda arguments=arguments: run(arguments) for arguments in examples], seconds)


def _leaf(argument, gradients):
    if type(argument) in (tuple, list):
        return type(argument)(_leaf(part, gradients) for part in argument)
    floating = isinstance(argument, torch.Tensor) and argument.is_floating_point()
    return argument.requires_grad_() if gradients and floating else argument


def _not_a_leaf(argument):
    """In-place changes of a leaf that needs a gradient raise; of a copy that carries it they can be seen."""
    if type(argument) in (tuple, list):
        return type(argument)(map(_not_a_leaf, argument))
    return argument * 1 if isinstance(argument, torch.Tensor) and argument.requires_grad else argument


def _gradients(result, arguments):
    """Gradient to every argument, flat: the tensors of a tuple or list stand one after another."""
    parts = [argument if type(argument) in (tuple, list) else [argument] for argument in arguments]
    found = iter(gradients_of(result, [tensor for part in parts for tensor in part]))
    return [_in_a_row([next(found) for _ in part]) for part in parts]


def _in_a_row(gradients):
    flowing = [gradient.ravel() for gradient in gradients if gradient is not None]
    return np.concatenate(flowing) if flowing else None


def leaves(described, path=""):
    """Flatten a plain description: (path, kind, array or text or length) for each part of it."""
    kind = described["kind"]
    if kind == "sequence":
        yield path, kind, described["length"]
        for i, item in enumerate(described["items"]):
            yield from leaves(item, f"{path}[{i}]")
    elif kind == "dict":
        yield path, kind, sorted(described["items"])
        for key, item in sorted(described["items"].items()):
            yield from leaves(item, f"{path}[{key!r}]")
    else:
        yield path, kind, described.get("array", described.get("text", described.get("name")))


def same(a, b):
    """Whether two plain descriptions are equal to the last bit."""
    a, b = list(leaves(a)), list(leaves(b))
    return len(a) == len(b) and all(
        x[:2] == y[:2] and np.array_equal(np.asarray(x[2]), np.asarray(y[2]), equal_nan=_is_float(x[2]))
        for x, y in zip(a, b, strict=True)
    )


def _is_float(value):
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def cotangent(tensor, place=0):
    """A fixed weighting of the output at a place: no gradient is that of a plain sum, or of another place."""
    steps = torch.arange(tensor.numel(), dtype=torch.float64, device=tensor.device)
    return torch.cos(1.7 * steps + 0.9 * place).reshape(tensor.shape).to(tensor.dtype)


def differentiable(result):
    """The tensors of an output through which a gradient flows."""
    parts = result if isinstance(result, (tuple, list)) else [result]
    return [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]


def gradients_of(result, sources):
    """Gradient of the weighted output to every source; None where none flows."""
    outputs = differentiable(result)
    wanted = [i for i, s in enumerate(sources) if isinstance(s, torch.Tensor) and s.requires_grad]
    found = [None] * len(sources)
    if outputs and wanted:
        weighted = sum((output * cotangent(output, place)).sum() for place, output in enumerate(outputs))
        gradients = torch.autograd.grad(weighted, [sources[i] for i in wanted], allow_unused=True)
        for i, gradient in zip(wanted, gradients, strict=True):
            found[i] = None if gradient is None else np.array(gradient.cpu().numpy())
    return found
