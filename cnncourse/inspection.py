"""One table of a network's layers: shapes, parameters, multiply-adds, receptive fields, activation memory.

torchinfo runs the network; `torch.utils.flop_counter` counts, under every layer, functional operations too.
A multiply-add (MAC) is one product and its addition: the counter's FLOPs, halved. Biases, activations,
pooling and batch norm are not counted. Papers that say "FLOPs" mostly mean MACs. torchinfo's own mult-adds
are weights times positions: they count biases and batch norm and miss functional operations, so they differ.
"""

import html
import io
from dataclasses import dataclass

import torch
import torchinfo
from rich import box
from rich.console import Console
from rich.table import Table
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from ._fields import Fields
from .arithmetic import ReceptiveField


@dataclass(frozen=True)
class Layer:
    """A row: one call of a layer, or what a container does itself beside its layers, such as concatenating.

    Parameters are counted where they are first used, in bytes `weights`; `memory` is what the layer's
    operations write, in bytes; `field` is a ReceptiveField, "all", or None where it cannot be told. A layer
    that did not run has no output, and comes last.
    """

    name: str
    kind: str
    output: tuple[int, ...] | None
    parameters: int
    trainable: int
    macs: int
    field: ReceptiveField | str | None
    weights: int
    memory: int


@dataclass(frozen=True)
class Inspection:
    """The table of `inspect_model`: `layers`, their totals, and pictures of it as text and HTML."""

    model: str
    inputs: tuple[tuple[int, ...], ...]
    layers: tuple[Layer, ...]
    torchinfo_mult_adds: int

    def __iter__(self):
        return iter(self.layers)

    def __len__(self):
        return len(self.layers)

    def _total(self, column):
        return sum(getattr(layer, column) for layer in self.layers)

    parameters = property(lambda self: self._total("parameters"), doc="Numbers that can be learned.")
    trainable = property(lambda self: self._total("trainable"), doc="Those that require a gradient.")
    macs = property(lambda self: self._total("macs"), doc="Multiply-adds for the given inputs.")
    flops = property(lambda self: 2 * self.macs, doc="Operations, a multiply-add being two.")
    weights = property(lambda self: self._total("weights"), doc="Bytes of the parameters.")
    memory = property(
        lambda self: self._total("memory"), doc="Bytes of all activations, kept as for training."
    )

    def __rich__(self):
        table = Table(title=self.title, caption=self.caption, caption_justify="left", box=box.SIMPLE_HEAD)
        for head in HEADS:
            table.add_column(head, justify="left" if head in HEADS[:2] else "right", overflow="fold")
        for layer in self.layers:
            table.add_row(*_cells(layer), end_section=layer is self.layers[-1])
        table.add_row(*self._foot)
        return table

    def __repr__(self):
        console = Console(file=io.StringIO(), width=200, color_system=None, force_jupyter=False)
        console.print(self)
        return console.file.getvalue().rstrip()

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(text)}</th>" for text in HEADS)
        body = "".join(f"<tr>{_html_cells(_cells(layer))}</tr>" for layer in self.layers)
        return (
            f'<div class="cnncourse-layers">{STYLE}<table><caption>{html.escape(self.title)}</caption>'
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
            f"<tfoot><tr>{_html_cells(self._foot)}</tr></tfoot></table><p>{html.escape(self.caption)}</p></div>"
        )

    @property
    def title(self):
        return f"{self.model} on {' and '.join('×'.join(map(str, shape)) for shape in self.inputs)}"

    @property
    def caption(self):
        return (
            f"{self.trainable:,} of {self.parameters:,} parameters are trainable; they take "
            f"{_bytes(self.weights)}. MACs are multiply-adds of convolutions and matrix products: "
            f"{self.flops:,} FLOPs where each is two. torchinfo's mult-adds count biases and batch norm too: "
            f"{self.torchinfo_mult_adds:,}. Receptive fields are in input pixels."
        )

    @property
    def _foot(self):
        return ("total", "", "", f"{self.parameters:,}", f"{self.macs:,}", "", _bytes(self.memory))


HEADS = ("layer", "kind", "output", "parameters", "MACs", "receptive field", "activations")
STYLE = """<style>
.cnncourse-layers { color: var(--jp-ui-font-color1, inherit); max-height: 36em; overflow: auto; }
.cnncourse-layers table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.cnncourse-layers :is(th, td) { text-align: right; padding: .1em .7em; white-space: nowrap; }
.cnncourse-layers :is(th, td):nth-child(-n + 2) { text-align: left; }
.cnncourse-layers caption { text-align: left; font-weight: bold; padding: .3em .7em; }
.cnncourse-layers thead { position: sticky; top: 0; background: var(--jp-layout-color1, Canvas); }
.cnncourse-layers tfoot td { border-top: 1px solid currentcolor; font-weight: bold; }
</style>"""


def _cells(layer):
    return (layer.name, layer.kind, _shape(layer.output), _count(layer.parameters), _count(layer.macs),
            _extent(layer.field), _bytes(layer.memory) if layer.memory else "–")  # fmt: skip


def _html_cells(cells):
    return "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)


def _shape(shape):
    return "–" if shape is None else "×".join(map(str, shape))


def _count(number):
    return f"{number:,}" if number else "–"


def _extent(field):
    if not isinstance(field, ReceptiveField):
        return field or "–"
    return _shape(field.size) if isinstance(field.size, tuple) else str(field.size)


def _bytes(number):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number} B"


def inspect_model(model, *inputs):
    """Run a network once without training it, and return the table of its layers.

    inputs: one image's size (C, H, W), or sizes with their batch (N, ...), or tensors; as many as `forward`
    takes. Counts are for the whole batch given. A model on the meta device costs no memory. The model's
    modes, gradients and running statistics stay as they are. TypeError: no input is given. RuntimeError: a
    layer fails; the message names it and the shapes that it was given.
    """
    if not inputs:
        raise TypeError("give the size of an image as well: inspect_model(model, (3, 224, 224))")
    tensors = [_as_tensor(given, model) for given in inputs]
    training = {module: module.training for module in model.modules()}
    fields, counter = Fields(tensors), FlopCounterMode(display=False)
    recorder = _Recorder(model, fields, counter)
    try:
        with recorder, torch.no_grad(), torch.random.fork_rng(devices=[]), counter, fields:
            summary = torchinfo.summary(model, input_data=tensors, verbose=0, device=tensors[0].device)
    except RuntimeError as error:
        raise RuntimeError(recorder.explain(error.__cause__ or error, tensors)) from error
    finally:
        for module, was_training in training.items():
            module.training = was_training
    recorder.write_idle()
    shapes = tuple(tuple(tensor.shape) for tensor in tensors)
    return Inspection(type(model).__name__, shapes, tuple(recorder.layers), summary.total_mult_adds)


def _as_tensor(given, model):
    """A tensor as it is; a size as zeros like the model's parameters, one image's with a batch of one."""
    if isinstance(given, torch.Tensor):
        return given
    size = (1, *given) if len(given) in (1, 3) else tuple(given)
    like = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    return torch.zeros(size, dtype=like.dtype, device=like.device)


class _Recorder:
    """Writes a row whenever a layer returns: what happened since it began, less what its own layers did."""

    def __init__(self, model, fields, counter):
        self.fields, self.counter, self.layers = fields, counter, []
        self.names = {module: name or type(model).__name__ for name, module in model.named_modules()}
        self.running, self.counted = [], set()

    def __enter__(self):
        self.hooks = [hook for module in self.names for hook in (
            module.register_forward_pre_hook(self.begin, with_kwargs=True),
            module.register_forward_hook(self.end),
        )]  # fmt: skip

    def __exit__(self, *error):
        for hook in self.hooks:
            hook.remove()

    def spent(self):
        return self.counter.get_total_flops(), self.fields.written

    def begin(self, module, args, kwargs):
        self.running.append((module, _shapes((args, kwargs)), self.spent(), [0, 0]))

    def end(self, module, args, output):
        _, _, before, inside = self.running.pop()
        spent = [now - then for now, then in zip(self.spent(), before, strict=True)]
        flops, memory = (all_ - theirs for all_, theirs in zip(spent, inside, strict=True))
        if self.running:
            above = self.running[-1][-1]
            above[:] = [sum(pair) for pair in zip(above, spent, strict=True)]
        self.write(module, output, flops // 2, memory)

    def write(self, module, output, macs, memory):
        own = [p for p in module.parameters(recurse=False) if p not in self.counted]
        self.counted.update(own)
        if any(True for _ in module.children()) and not (own or macs or memory):
            return  # a container that only calls its layers
        out = next((t for t in tree_leaves(output) if isinstance(t, torch.Tensor)), None)
        self.layers.append(Layer(
            self.names[module], type(module).__name__, None if out is None else tuple(out.shape),
            sum(p.numel() for p in own), sum(p.numel() for p in own if p.requires_grad), macs,
            None if out is None else self.fields.of(out),
            sum(p.numel() * p.element_size() for p in own), memory,
        ))  # fmt: skip

    def write_idle(self):
        """Rows for parameters of layers that did not run, such as a head that only trains."""
        for module in self.names:
            if any(p not in self.counted for p in module.parameters(recurse=False)):
                self.write(module, None, 0, 0)

    def explain(self, error, tensors):
        """What failed, on what, after what, and what to do."""
        if not self.running:
            return f"the network could not be run on {_shapes(tensors)}: {error}"
        module, shapes, *_ = self.running[-1]
        before = (
            f" The layer before it, {self.layers[-1].name}, gave {_shape(self.layers[-1].output)}."
            if self.layers
            else ""
        )
        return (
            f"{self.names[module]}, {_short(module)}, failed on an input of shape {shapes}: {error}{before} "
            f"Mend the layer or what comes before it, or inspect another input size than {_shapes(tensors)}."
        )


def _short(module):
    return repr(module) if not list(module.children()) else f"a {type(module).__name__}"


def _shapes(values):
    return " and ".join(_shape(t.shape) for t in tree_leaves(values) if isinstance(t, torch.Tensor)) or "none"
