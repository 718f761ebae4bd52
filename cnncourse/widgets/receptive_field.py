"""ReceptiveField: which pixels a unit of a stack of layers sees, and how much each of them counts."""

import json

import numpy as np
import traitlets as t

from ..arithmetic import output_size, receptive_field
from ._explorer import _HERE, Explorer

STACKS = json.loads((_HERE / "stacks.json").read_text(encoding="utf-8"))
LIMITS = {"kernel size": (1, 15), "stride": (1, 8), "padding": (0, 15), "dilation": (1, 8)}
MOST_LAYERS, SMALLEST, LARGEST = 10, 4, 96


class Layers(t.TraitType):
    """A stack as a list of [kernel size, stride, padding, dilation]; a stack's name is accepted as well.

    Of a layer the last three may be left out, as in `arithmetic.receptive_field`.
    """

    def validate(self, obj, value):
        if isinstance(value, str) and value not in STACKS:
            raise t.TraitError(f"there is no stack called {value!r}; choose from: {', '.join(STACKS)}.")
        layers = STACKS[value] if isinstance(value, str) else value
        if not isinstance(layers, (list, tuple)) or len(layers) > MOST_LAYERS:
            raise t.TraitError(f"layers must be a list of at most {MOST_LAYERS} layers, or a stack's name.")
        return [_layer(layer) for layer in layers]


def _layer(given):
    values = [given] if isinstance(given, int) else list(given)
    if not 1 <= len(values) <= 4 or not all(isinstance(v, int) for v in values):
        raise t.TraitError(
            f"a layer is (kernel size, stride, padding, dilation) in whole numbers, the last three optional; "
            f"{given!r} is not. For a layer with two different sides, use ReceptiveField.of(module, size)."
        )
    values += [1, 0, 1][len(values) - 1 :]
    return [min(max(v, low), high) for v, (low, high) in zip(values, LIMITS.values(), strict=True)]


class ReceptiveField(Explorer):
    """Choose a unit of the last map and see the box of pixels that it can see, and the heat within it.

    `layers` is a list of (kernel size, stride, padding, dilation) or the name of a stack, `size` the input's
    side or (rows, columns), `unit` a cell of the last map. The heat of a stack is the gradient of the unit
    where all weights are equal: the number of ways that lead from a pixel to it. `ReceptiveField.of` takes
    a network of one's own. `box`, `heat` and `core` can be read.
    """

    STATE = ("layers", "size", "unit", "module")

    layers = Layers(STACKS["two 3×3"]).tag(sync=True)
    size = t.List(t.Int(), [32, 32], minlen=2, maxlen=2).tag(sync=True)
    unit = t.List(t.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    module = t.Unicode("").tag(sync=True)
    # Of a network: its map, its field by axis as [size, jump, start], and the gradient of one unit.
    map = t.List(t.Int(), [0, 0]).tag(sync=True)
    fields = t.List(t.List(t.Int())).tag(sync=True)
    gradient = t.Bytes(b"").tag(sync=True)
    gradient_unit = t.List(t.Int(), [-1, -1]).tag(sync=True)

    def __init__(self, layers="two 3×3", size=32, **options):
        sides = [size, size] if isinstance(size, int) else list(size)
        if not options.get("module"):
            sides = [min(max(side, SMALLEST), LARGEST) for side in sides]
        self._probe = options.pop("probe", None)
        super().__init__(layers=layers, size=sides, **options)
        if "unit" not in options:
            self.unit = [max(0, n - 1) // 2 for n in self.map_size]
        self._measure()

    @classmethod
    def of(cls, module, input_size, layer=None, images=None, samples=8, **options):
        """A network of one's own: the units of its output, or of the map that `layer` (its name) gives.

        The heat is measured: the mean square of the unit's gradient over `images` (N, C, H, W), or else over
        `samples` normal ones of `input_size` (C, H, W), in eval mode. Where the box cannot be told from the
        operations that run, it is the whole picture. ValueError: the layer gives no map.
        """
        from . import _receptive

        if images is None:
            images = _receptive.samples(module, input_size, samples)
        probe = _receptive.Probe(module, images, layer)
        field = probe.field or _receptive.ReceptiveField(tuple(images.shape[2:]), (0, 0), (0, 0))
        return cls(
            layers=[],
            size=list(images.shape[2:]),
            module=f"{type(module).__name__}{f', layer {layer}' if layer else ''}",
            map=list(probe.map_size),
            fields=[list(axis) for axis in zip(*field, strict=True)],
            probe=probe,
            **options,
        )

    @property
    def map_size(self):
        """Rows and columns of the last map; zero where the layers do not fit."""
        return tuple(self.map) if self.module else tuple(map_side(self.layers, n) for n in self.size)

    @property
    def field(self):
        """Its size, jump and start along the rows and along the columns."""
        if self.module:
            return tuple(tuple(axis) for axis in self.fields)
        return (tuple(receptive_field([tuple(layer) for layer in self.layers])),) * 2

    @property
    def box(self):
        """First and last row, first and last column that the unit sees; those outside are padding."""
        return tuple(
            (start + i * jump, start + i * jump + size - 1)
            for i, (size, jump, start) in zip(self.unit, self.field, strict=True)
        )

    @property
    def heat(self):
        """Share of each pixel in what the unit's gradient adds up to: (H, W), its sum 1."""
        if self.module:
            heat = np.frombuffer(self.gradient, np.float32).reshape(self.size).astype(np.float64)
        else:
            heat = np.outer(*(paths(self.layers, n, i) for n, i in zip(self.size, self.unit, strict=True)))
        return heat / (heat.sum() or 1)

    @property
    def core(self):
        """Rows and columns of the smallest box about the field's middle that holds 95 % of the heat."""
        (top, bottom), (left, right) = self.box
        heat, middle, grown = self.heat, ((top + bottom) / 2, (left + right) / 2), 0
        while True:
            half = [((b - a) / 2) % 1 + grown for a, b in self.box]
            rows, columns = (
                slice(max(0, int(m - h)), max(0, int(m + h) + 1)) for m, h in zip(middle, half, strict=True)
            )
            sides = tuple(int(min(2 * h, b - a)) + 1 for h, (a, b) in zip(half, self.box, strict=True))
            if heat[rows, columns].sum() >= 0.95 or sides == (bottom - top + 1, right - left + 1):
                return sides
            grown += 1

    @t.validate("unit")
    def _inside(self, proposal):
        return [max(0, min(i, n - 1)) for i, n in zip(proposal["value"], self.map_size, strict=True)]

    @t.observe("layers", "size")
    def _keep_unit_inside(self, change):
        self.unit = list(self.unit)

    @t.observe("unit")
    def _measure(self, change=None):
        if self._probe is not None:
            heat = self._probe.heat(self.unit).float().cpu().numpy()
            self.gradient, self.gradient_unit = np.ascontiguousarray(heat).tobytes(), list(self.unit)


def map_side(layers, n):
    """Cells of the last map along one axis; zero where a layer does not fit."""
    try:
        for layer in layers:
            n = output_size(n, *layer)
    except ValueError:
        return 0
    return n


def paths(layers, n, unit):
    """In how many ways each of n pixels reaches a unit: its gradient where all weights are 1."""
    lengths = [n]
    for layer in layers:
        lengths.append(max(0, map_side([layer], lengths[-1])))
    counts = np.zeros(lengths[-1])
    counts[unit : unit + 1] = 1
    for (kernel_size, stride, padding, dilation), below in zip(layers[::-1], lengths[-2::-1], strict=True):
        reached = np.zeros(below)
        for u in range(kernel_size):
            at = np.arange(len(counts)) * stride + u * dilation - padding
            inside = (at >= 0) & (at < below)
            reached[at[inside]] += counts[inside]
        counts = reached
    return counts
