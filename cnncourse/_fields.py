"""Receptive fields and bytes written, followed through whatever torch runs, functional operations included.

Every operation below autograd passes by here. Of each result we note which input pixels a value of it sees:
a `ReceptiveField`, EVERYTHING after an operation that mixes all positions, or nothing where we cannot tell.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from cnncourse.arithmetic import ReceptiveField, join_fields, receptive_field

EVERYTHING = "all"
_AS_IT_IS = {"cat", "clone", "_to_copy", "copy_", "where", "native_dropout", "alias", "detach", "lift_fresh"}
_MOVES = {"view", "_unsafe_view", "permute", "transpose", "squeeze", "unsqueeze", "select", "split",
          "split_with_sizes", "chunk", "unbind", "_reshape_alias", "expand", "channel_shuffle",
          "native_channel_shuffle"}  # fmt: skip
_REDUCES = {"mean", "sum", "amax", "amin", "max", "min", "var", "std", "var_mean"}
_MULTIPLIES = {"addmm", "mm", "linear"}


class Fields(TorchDispatchMode):
    """While active, `of(tensor)` is what a tensor's values see, and `written` counts bytes of results.

    Bytes are of floating-point results: a view and an in-place operation write nothing new.
    """

    def __init__(self, images):
        super().__init__()
        self.written, self.batch = 0, len(images[0]) if images and images[0].dim() else 0
        self.known = WeakTensorKeyDictionary()
        for image in images:
            self.known[image] = ReceptiveField() if image.dim() == 4 else None

    def of(self, tensor):
        return self.known.get(tensor)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)]
        held = {t.untyped_storage()._cdata for t in given}
        sources = [t for t in given if t in self.known]
        for out in tree_leaves(result):
            if isinstance(out, torch.Tensor) and out.is_floating_point():
                if out.untyped_storage()._cdata not in held:
                    self.written += out.numel() * out.element_size()
                if sources:
                    self.known[out] = _simple(self._field(func, args, sources, out))
        return result

    def _field(self, func, args, sources, out):
        """The field of one result, by the kind of operation; None where nothing general can be said."""
        name, fields = func.overloadpacket.__name__, [self.known[t] for t in sources]
        if name in _MULTIPLIES:  # a row of features per image: each output reads them all
            return EVERYTHING if out.dim() == 2 and len(out) == self.batch else None
        if name in ("convolution", "_convolution"):
            return _through_convolution(fields[0], *args)
        if "pool2d" in name:
            return _through_pooling(fields[0], name, *args)
        if name in _REDUCES:
            return _through_reduction(fields[0], sources[0], out)
        if EVERYTHING in fields:
            return EVERYTHING
        if None in fields:
            return None
        if name == "slice":
            return _through_slice(fields[0], *args)
        if name.endswith("pad_nd") or name.endswith("_pad2d"):
            return _through_padding(fields[0], *args)
        if torch.Tag.pointwise in func.tags or name in _AS_IT_IS or "batch_norm" in name:
            return _joined(fields)
        across_channels = (
            (name == "avg_pool3d" and list(args[1][1:]) == [1, 1])  # local response normalisation
            or (name == "index" and len(args[1]) <= 2)  # some of the channels
        )
        if (name in _MOVES or across_channels) and out.shape[-2:] == sources[0].shape[-2:]:
            return fields[0]
        return None


def _joined(fields):
    try:
        return join_fields(fields)
    except ValueError:
        return None


def _seen(field):
    return isinstance(field, ReceptiveField)


def _pair(value, default=(1, 1)):
    """Arguments below autograd are lists of one number or two, or empty."""
    return tuple(value) * (2 if len(value) == 1 else 1) if value else default


def _through_convolution(field, x, weight, bias, stride, padding, dilation, transposed, *rest):
    if not _seen(field) or transposed or weight.dim() != 4:
        return EVERYTHING if field == EVERYTHING else None
    window = (tuple(weight.shape[2:]), _pair(stride), _pair(padding), _pair(dilation))
    return receptive_field([window], after=field)


def _through_pooling(field, name, x, kernel_size, stride=(), padding=(), *rest):
    if not _seen(field):
        return field
    size = tuple(x.shape[2:])
    if "adaptive" in name:
        out = _pair(kernel_size)
        if any(n % m for n, m in zip(size, out, strict=True)):
            return None
        kernel_size = stride = [n // m for n, m in zip(size, out, strict=True)]
    kernel_size = _pair(kernel_size)
    dilation = _pair(rest[0]) if name.startswith("max") and rest else (1, 1)
    return receptive_field(
        [(kernel_size, _pair(stride, kernel_size), _pair(padding, (0, 0)), dilation)], after=field
    )


def _through_reduction(field, x, out):
    """A mean over rows or columns sees them all; one over channels sees what each of its values saw."""
    return field if x.dim() == 4 and out.shape[-2:] == x.shape[-2:] else EVERYTHING


def _through_slice(field, x, dim=0, start=None, end=None, step=1):
    """Leaving out rows or columns moves the first one and lengthens the jump."""
    side = dim % x.dim() - (x.dim() - 2)  # 0 rows, 1 columns, negative: images or channels
    begin = (start or 0) + (x.shape[dim] if start and start < 0 else 0)
    size, jump, start = _pairs(field)
    first = [j * begin if axis == side else 0 for axis, j in enumerate(jump)]
    jump = [j * step if axis == side else j for axis, j in enumerate(jump)]
    return ReceptiveField(size, tuple(jump), (start[0] + first[0], start[1] + first[1]))


def _through_padding(field, x, pad, *value):
    """Padding comes before the picture's first pixel; `pad` is left, right, top, bottom, ..."""
    size, jump, start = _pairs(field)
    left, top = pad[0], pad[2] if len(pad) > 2 else 0
    return ReceptiveField(size, jump, (start[0] - top * jump[0], start[1] - left * jump[1]))


def _pairs(field):
    return ReceptiveField(*(value if isinstance(value, tuple) else (value, value) for value in field))


def _simple(field):
    """One number for both sides where they agree."""
    if not _seen(field):
        return field
    sides = _pairs(field)
    alike = all(rows == columns for rows, columns in sides)
    return ReceptiveField(*(rows for rows, _ in sides)) if alike else sides
