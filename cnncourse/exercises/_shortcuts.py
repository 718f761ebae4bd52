"""Notice when an answer calls the very thing that it is to build."""

import contextlib

import torch
from torch.overrides import TorchFunctionMode

ALIASES = {
    "convolution": "conv2d",
    "_convolution": "conv2d",
    "conv3d": "conv2d",  # of a volume that is one slice deep
    "im2col": "unfold",
    "max_pool2d_with_indices": "max_pool2d",
}


class _Watcher(TorchFunctionMode):
    """Writes down which of the watched functions run, from wherever they were imported."""

    def __init__(self, functions):
        super().__init__()
        self.functions, self.called = set(functions), set()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        name = name.partition(".")[0]  # `torch.ops.aten.convolution.default`
        name = ALIASES.get(name, name)
        if func is torch.Tensor.unfold:  # a view of all windows, not F.unfold, which has the same name
            name = "Tensor.unfold"
        if name in self.functions:
            self.called.add(name)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def watch_for(functions):
    """Yield the set of those torch `functions` ("conv2d", "unfold") that the body calls, layers included."""
    if not functions:  # the watcher costs microseconds an operation: only where there is something to watch
        yield set()
        return
    watcher = _Watcher(functions)
    with watcher:
        yield watcher.called
