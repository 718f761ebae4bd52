"""Run a check with the libraries that were there when the course was imported."""

import builtins
import contextlib
import math
import sys
from builtins import all, any, delattr, isinstance, list, map, reversed, setattr, vars, zip  # noqa: UP029 (even if replaced)
from operator import is_

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, overrides
from torch.utils import _python_dispatch as dispatch

_MODULES = (builtins, math, torch, torch.linalg, torch.fft, torch.autograd, nn, nn.init, F, np, np.linalg)
_ABSENT = object()
_original = []  # (module or class, what stood in it)


def remember():
    """Take down what the libraries and the course's own modules hold now; a check finds it so again."""
    ours = [m for name, m in sys.modules.items() if name.startswith("cnncourse.") and "exercises" not in name]
    modules = {*_MODULES, *ours}
    classes = {torch.Tensor, nn.Parameter, *(base for m in {nn, *ours} for base in _classes(m))}
    _original[:] = [(place, _contents(place)) for place in (*modules, *classes)]


def _classes(module):
    """The classes that a module shows, and those of torch and the course that they inherit from."""
    shown = [thing for thing in vars(module).values() if isinstance(thing, type)]
    bases = {base for cls in shown for base in cls.__mro__}
    return {base for base in bases if base.__module__.startswith(("torch.nn", "cnncourse"))}


def _contents(place):
    """All of a class, operators included; what a module shows of its own."""
    if isinstance(place, type):
        return dict(vars(place))
    module = type(builtins)
    return {
        name: thing
        for name, thing in vars(place).items()
        if not name.startswith("_") and not isinstance(thing, module)
    }


def _replaced():
    """(place, name, what stands there now, what stood there) for everything that was replaced."""
    for place, originals in _original:
        now = vars(place)
        if not all(map(is_, map(now.get, originals), originals.values())):  # as a rule nothing was
            for name, original in originals.items():
                if now.get(name, _ABSENT) is not original:
                    yield place, name, now.get(name, _ABSENT), original
        if isinstance(place, type):
            for name in now.keys() - originals.keys():
                if any(name in vars(base) for base in place.__mro__[1:]):  # it hides what was inherited
                    yield place, name, now[name], _ABSENT


def _put(place, name, value):
    if value is _ABSENT:
        delattr(place, name)
    else:
        setattr(place, name, value)


@contextlib.contextmanager
def pristine():
    """Undo replacements in torch, numpy and the course for the time of a check."""
    replaced = list(_replaced())
    for place, name, _, original in replaced:
        _put(place, name, original)
    try:
        with _no_modes(), _plain_settings():
            yield
    finally:
        for place, name, current, _ in replaced:
            _put(place, name, current)


@contextlib.contextmanager
def _plain_settings():
    """Float32, gradients, the processor: whatever was chosen around the check comes back after it."""
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad(), np.errstate():
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)


@contextlib.contextmanager
def _no_modes():
    """Lay aside the modes that change every operation: a default device, or a `with` that nobody left."""
    stacks = [
        (overrides._len_torch_function_stack, overrides._pop_mode, overrides._push_mode),
        (dispatch._len_torch_dispatch_stack, dispatch._pop_mode, dispatch._push_mode),
    ]
    aside = [[pop() for _ in range(count())] for count, pop, _ in stacks]
    try:
        yield
    finally:
        for (count, pop, push), modes in zip(stacks, aside, strict=True):
            for _ in range(count()):  # those that the answer left on
                pop()
            for mode in reversed(modes):
                push(mode)
