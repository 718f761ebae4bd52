"""Arguments that the judge sends: tensors, and code by its text. Only a candidate decodes these."""

import importlib
import linecache
from collections import OrderedDict

import torch
from torch import nn

COURSE = "<course "  # how the name of a file begins whose text the judge sent


def _meta(described):
    dtype, shape = described
    return torch.empty(shape, dtype=getattr(torch, dtype), device="meta")


def _tensor(described):
    """A tensor of its own memory, for what came cannot be written to."""
    array, dtype = described
    return torch.from_numpy(array.copy()).to(getattr(torch, dtype))


def _named(described):
    """A named tuple of the course's, such as `data.Split`."""
    where, items = described
    return importing(where)(*items)


def _layers(described):
    """A module from its class, its settings, and its tensors; nothing of its own is run."""
    kind, settings, parameters, buffers, children = described
    module = kind.__new__(kind)
    nn.Module.__init__(module)
    vars(module).update(settings)
    for name, given in parameters.items():
        module.register_parameter(name, given and nn.Parameter(given[0], requires_grad=given[1]))
    for name, tensor in buffers.items():
        module.register_buffer(name, tensor)
    for name, child in children.items():
        module.add_module(name, child)
    return module


def importing(where):
    """What `module:name` names."""
    module, _, name = where.partition(":")
    found = importlib.import_module(module)
    for part in filter(None, name.split(".")):
        found = getattr(found, part)
    return found


def defined(described):
    """A function or class from its text, as an exercise's `observe` is."""
    text, name = described
    file = f"{COURSE}{name}>"
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    space = {"__name__": "course"}
    exec(compile(text, file, "exec"), space)
    return space[name]


SPECIAL = {
    "meta": _meta,
    "tensor": _tensor,
    "named": _named,
    "ordered": OrderedDict,
    "layers": _layers,
    "import": importing,
    "source": defined,
}
