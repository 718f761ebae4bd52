"""Run a check with the library functions that were there when the course was imported."""

import contextlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

_PLACES = (torch, torch.Tensor, torch.linalg, torch.autograd, nn, nn.Module, F, np, np.linalg)
_ABSENT = object()


def _functions(place):
    return {
        name: value for name, value in vars(place).items() if callable(value) and not name.startswith("__")
    }


_ORIGINAL = [(place, _functions(place)) for place in _PLACES]


def _replaced():
    """(place, name, what stands there now, what stood there) for every function that was replaced."""
    for place, originals in _ORIGINAL:
        now = _functions(place)
        for name, original in originals.items():
            if now.get(name, original) is not original:
                yield place, name, now[name], original
        if isinstance(place, type):  # a method added to a class hides the one it inherits
            for name in now.keys() - originals.keys():
                yield place, name, now[name], _ABSENT


def _put(place, name, value):
    if value is _ABSENT:
        delattr(place, name)
    else:
        setattr(place, name, value)


@contextlib.contextmanager
def pristine():
    """Put replaced functions of torch and numpy back for the time of a check; yields their names."""
    replaced, dtype = list(_replaced()), torch.get_default_dtype()
    for place, name, _, original in replaced:
        _put(place, name, original)
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield [f"{place.__name__}.{name}" for place, name, *_ in replaced]
    finally:
        torch.set_default_dtype(dtype)
        for place, name, current, _ in replaced:
            _put(place, name, current)
