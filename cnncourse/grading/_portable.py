"""Send the judge's numbers, and the code that an exercise probes with, to where there is no reference.

A function goes as text, together with what it uses of its own module; what it uses of libraries is imported
there. An exercise or its reference is never sent along: that is an error, which the tests look for.
"""

import sys
import sysconfig
import types
from collections import OrderedDict
from functools import lru_cache, partial
from pathlib import Path

import torch

from ..exercises._exercise import Exercise, definition_source

_PLAIN = (bool, int, float, complex, str, bytes, type(None))
_CODE = (type, types.FunctionType, types.BuiltinFunctionType)
_LIBRARIES = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


class NotPortable(TypeError):
    """Something that cannot be sent to a candidate."""


def special(value):
    """(tag, plainer value) of what an example may hold beside plain data; see `candidate/values.py`."""
    if isinstance(value, torch.Tensor):
        dtype = str(value.dtype).removeprefix("torch.")
        if value.is_meta:
            return "meta", [dtype, list(value.shape)]
        wide = value.float() if value.dtype == torch.bfloat16 else value
        return "tensor", [wide.detach().cpu().contiguous().numpy(), dtype]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "named", [_address(type(value)), list(value)]
    if isinstance(value, torch.Size):
        return "tuple", list(value)  # only ever compared with tuples
    if isinstance(value, OrderedDict):
        return "ordered", dict(value)
    if isinstance(value, torch.nn.Module):
        return "layers", _layers(value)
    if isinstance(value, _CODE):
        return _code(value)
    raise NotPortable(f"an example has a {type(value).__name__}, which cannot be sent to a candidate")


def _layers(module):
    """A module by its class, its settings, and its tensors; its children are such modules again."""
    fresh = vars(torch.nn.Module())
    settings = {
        name: value for name, value in vars(module).items() if name not in fresh or name == "training"
    }
    parameters = {n: p if p is None else (p.data, p.requires_grad) for n, p in module._parameters.items()}
    return [type(module), settings, parameters, dict(module._buffers), dict(module._modules)]


def _address(thing):
    return f"{thing.__module__}:{thing.__qualname__}"


def _code(thing):
    if is_library(thing.__module__):
        return "import", _address(thing)
    return "source", list(source_of(thing))


@lru_cache(maxsize=1024)
def is_library(module):
    """Whether a module is there for a candidate too: a library, or the course without its exercises."""
    if module.startswith("cnncourse."):
        return not module.startswith(("cnncourse.exercises", "cnncourse.grading"))
    file = getattr(sys.modules.get(module), "__file__", None)
    return file is None or Path(file).is_relative_to(_LIBRARIES[0]) or file.startswith(_LIBRARIES[1:])


@lru_cache(maxsize=1024)
def source_of(thing, open_to=frozenset()):
    """(text, name) of a function or class together with everything of its module that it uses.

    Of the exercises it uses those in `open_to` come along as their references.
    """
    lines = {}
    _collect(thing, lines, open_to)
    return "\n\n\n".join(lines.values()), thing.__name__


def _collect(thing, lines, open_to):
    """Write down `thing` after what it needs; `lines` is name → text, in order."""
    if getattr(thing, "__closure__", None):
        raise NotPortable(f"{thing.__qualname__} uses variables of the function around it")
    text, space = definition_source(thing), vars(sys.modules[thing.__module__])
    if text.lstrip().startswith("lambda") or thing.__name__ == "<lambda>":
        raise NotPortable("a lambda cannot be sent to a candidate: write a `def`")
    lines.setdefault(thing.__name__, "")  # functions may call each other
    for name in sorted(_names(compile(text, "<text>", "exec"))):
        if name in space and name not in lines:
            _bring(name, space[name], lines, open_to)
    del lines[thing.__name__]
    lines[thing.__name__] = text


def _names(code):
    """Every name that a piece of code, or one inside it, may look up."""
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _bring(name, thing, lines, open_to):
    if isinstance(thing, Exercise):
        if thing.name not in open_to:
            raise NotPortable(f"`{name}` is an exercise: what probes an answer may not know the right one")
        thing = thing.reference
    if isinstance(thing, types.ModuleType):
        _bring_module(name, thing, lines)
    elif isinstance(thing, _CODE):
        _bring_code(name, thing, lines, open_to)
    else:
        lines[name] = f"{name} = {_literal(name, thing, lines, open_to)}"


def _bring_module(name, module, lines):
    if not is_library(module.__name__):
        raise NotPortable(f"`{name}` is a module of exercises")
    lines[name] = f"import importlib\n{name} = importlib.import_module({module.__name__!r})"


def _bring_code(name, thing, lines, open_to):
    if is_library(thing.__module__):
        lines[name] = f"from {thing.__module__} import {thing.__name__} as {name}"
    else:
        _collect(thing, lines, open_to)
        if name != thing.__name__:
            lines[name] = f"{name} = {thing.__name__}"


def _literal(name, thing, lines, open_to):
    """A constant as it is written; what code there is in a table is brought along."""
    inner = partial(_literal, name, lines=lines, open_to=open_to)
    if isinstance(thing, _CODE):
        _bring(thing.__name__, thing, lines, open_to)
        return thing.__name__
    if type(thing) is dict:
        return f"{{{', '.join(f'{inner(key)}: {inner(value)}' for key, value in thing.items())}}}"
    if type(thing) in (tuple, list):
        return f"{type(thing).__name__}([{', '.join(map(inner, thing))}])"
    if isinstance(thing, _PLAIN):
        return repr(thing)
    raise NotPortable(f"`{name}` is a {type(thing).__name__}, which cannot be written down for a candidate")


def reference_source(exercise, open_to):
    """(text, name) of the course's version of an exercise, for later cells; see `source_of`."""
    reference, name = exercise.reference, exercise.name
    if is_library(reference.__module__):
        return f"from {reference.__module__} import {reference.__qualname__} as {name}", name
    text, own = source_of(reference, frozenset(open_to))
    return (text if own == name else f"{text}\n\n{name} = {own}"), name
