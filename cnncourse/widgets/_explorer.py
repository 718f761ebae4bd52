"""The base of every explorable picture: it finds NAME.js beside NAME.py and keeps a tidy, readable state."""

import difflib
import inspect
import json
import math
from pathlib import Path

import anywidget
import traitlets as t

from ._esm import inline

_HERE = Path(__file__).parent
PRESETS = json.loads((_HERE / "presets.json").read_text(encoding="utf-8"))
_STYLE = (_HERE / "_style.css").read_text(encoding="utf-8")


class Explorer(anywidget.AnyWidget):
    """A picture that a learner moves: drawn and computed in the browser, its state readable in Python.

    A subclass lives in NAME.py with its module in NAME.js beside it, and names in `STATE` what the learner
    can set; nothing else of it is synced, except what the picture needs to be drawn at all.
    """

    STATE: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs):
        if not hasattr(cls, "_esm"):  # traitlets makes a hidden subclass per instance, which inherits
            cls._esm = inline(Path(inspect.getfile(cls)).with_suffix(".js"))
            cls._css = _STYLE
        super().__init_subclass__(**kwargs)

    def __init__(self, **options):
        known = [name for name in self.class_own_traits() if not name.startswith("_")]
        for name in set(options) - set(known) - {"layout"}:
            close = difflib.get_close_matches(name, known, 1)
            near = f" Did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{type(self).__name__} has no {name!r}.{near} It takes: {', '.join(known)}.")
        super().__init__(**options)

    def __repr__(self):
        """The learner's state, the same in every run: no memory address."""
        shown = (f"{name}={_brief(self.traits()[name], getattr(self, name))}" for name in self.STATE)
        return f"{type(self).__name__}({', '.join(shown)})"


def _brief(trait, value):
    if isinstance(trait, Matrix):
        return trait.name_of(value) or f"<{len(value)}×{len(value[0])}>"
    return repr(value)


class Whole(t.TraitType):
    """A whole number, moved to the nearest allowed one when it is out of range."""

    def __init__(self, default, low, high, **kwargs):
        super().__init__(default, **kwargs)
        self.low, self.high = low, high

    def validate(self, obj, value):
        number = _finite(value)
        if number is None or number != int(number):
            raise t.TraitError(f"{self.name} must be a whole number, not {value!r}.")
        return min(max(int(number), self.low), self.high)


class Real(t.TraitType):
    """A finite number, moved to the nearest allowed one when it is out of range."""

    def __init__(self, default, low, high, **kwargs):
        super().__init__(default, **kwargs)
        self.low, self.high = low, high

    def validate(self, obj, value):
        number = _finite(value)
        if number is None:
            raise t.TraitError(f"{self.name} must be a finite number, not {value!r}.")
        return min(max(number, self.low), self.high)


class Matrix(t.TraitType):
    """A small 2-D array as nested lists of floats; a preset's name is accepted in its place.

    `kind` is "images" or "kernels" of presets.json; `largest` is the longest side that can be drawn.
    """

    def __init__(self, default, kind, largest, **kwargs):
        self.presets, self.largest = PRESETS[kind], largest
        super().__init__(self.presets[default], **kwargs)

    def default(self, obj=None):
        """A fresh copy: editing one widget's values in place must not change the preset."""
        return [list(map(float, row)) for row in self.default_value]

    def validate(self, obj, value):
        if isinstance(value, str):
            return self._preset(value)
        rows = value.tolist() if hasattr(value, "tolist") else value
        try:
            matrix = [[_finite(v) for v in row] for row in rows]
        except TypeError:
            raise t.TraitError(f"{self.name} must be a 2-D array, or one of: {self._names()}.") from None
        self._check(matrix)
        return matrix

    def name_of(self, matrix):
        """The quoted name of the preset that equals `matrix`, or None."""
        return next((repr(name) for name, values in self.presets.items() if values == matrix), None)

    def _names(self):
        return ", ".join(self.presets)

    def _preset(self, name):
        if name not in self.presets:
            raise t.TraitError(f"there is no {self.name} called {name!r}; choose from: {self._names()}.")
        return [list(map(float, row)) for row in self.presets[name]]

    def _check(self, matrix):
        widths = {len(row) for row in matrix}
        if len(widths) != 1 or not min(widths):
            raise t.TraitError(f"{self.name} needs at least one row, and rows of one length.")
        if any(v is None for row in matrix for v in row):
            raise t.TraitError(f"{self.name} holds something that is not a finite number.")
        if max(len(matrix), *widths) > self.largest:
            raise t.TraitError(
                f"{self.name} is {len(matrix)}×{max(widths)}, and its numbers are only readable up to "
                f"{self.largest}×{self.largest}. Cut out a piece of it, or use KernelLab for a whole picture."
            )


def _finite(value):
    """`value` as a float (a whole one stays equal to its int), or None when it is no finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
