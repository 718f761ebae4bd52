"""Notice when an answer calls the very thing that it is to build."""

import contextlib

from torch.utils._python_dispatch import TorchDispatchMode


class _Watcher(TorchDispatchMode):
    """Writes down which of the watched operators run, by whatever name they were called."""

    def __init__(self, operators):
        super().__init__()
        self.operators, self.called = set(operators), set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name in self.operators:
            self.called.add(name)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def watch_for(operators):
    """Yield the set of those ATen `operators` (`"convolution"`, `"im2col"`) that the body runs."""
    if not operators:  # the watcher costs microseconds an operation: only where there is something to watch
        yield set()
        return
    watcher = _Watcher(operators)
    with watcher:
        yield watcher.called
