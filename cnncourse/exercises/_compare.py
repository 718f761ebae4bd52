"""The first property in which an answer differs from the reference, in words."""

from dataclasses import dataclass

import numpy as np

from ._probe import leaves

RTOL, ATOL = 1e-4, 1e-5  # float32 sums in another order; float64 answers meet them with room to spare
FAMILIES = {"float": "floating-point", "int": "whole", "bool": "true-or-false", "complex": "complex"}
CUT_OFF = "Did `.item()`, `.detach()`, `float()` or NumPy cut it off?"
NAMES = {
    "tensor": "a tensor", "array": "a NumPy array", "number": "a number", "sequence": "a tuple or list",
    "text": "text", "dict": "a dict", "nothing": "None",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """What differs, said in a sentence; `path` and `index` point at the first place where values do."""

    what: str  # type, structure, shape, dtype, device, values, gradient, inputs, shortcut
    text: str
    path: str = ""
    index: tuple | None = None


def kind_name(described):
    """How a sentence calls a value of this kind."""
    return NAMES.get(described["kind"]) or f"a {described['name']}"


def compare(got, want, rtol=RTOL, atol=ATOL):
    """First difference of two plain descriptions: type, structure, shape, dtype, device, then values."""
    parts = list(_pairs(got, want))
    for test in (_type, _structure, _shape, _dtype, _device, lambda *p: _values(*p, rtol, atol)):
        for path, g, w in parts:
            if difference := test(path, g, w):
                return difference
    return None


def _pairs(got, want, path=""):
    """Walk both at once; where kinds or lengths disagree, the pair itself is the last of its branch."""
    yield path, got, want
    if got["kind"] != want["kind"] or got.get("length") != want.get("length"):
        return
    if want["kind"] == "sequence":
        for i, (g, w) in enumerate(zip(got["items"], want["items"], strict=True)):
            yield from _pairs(g, w, f"{path}[{i}]")
    if want["kind"] == "dict" and got["items"].keys() == want["items"].keys():
        for key in want["items"]:
            yield from _pairs(got["items"][key], want["items"][key], f"{path}[{key!r}]")


def _where(path):
    return f"Part {path} of your answer" if path else "Your answer"


def _scalar(described):
    """A tensor or array without axes does as a number."""
    array = described.get("array")
    return array is not None and array.ndim == 0


def _type(path, got, want):
    if got["kind"] == want["kind"] and got.get("name") == want.get("name"):
        return None
    if _scalar(got) and _scalar(want):
        return None
    if got["kind"] == "nothing":
        return Difference("type", "Your code returned nothing. Is a `return` missing?", path)
    return Difference("type", f"{_where(path)} is {kind_name(got)}; expected {kind_name(want)}.", path)


def _structure(path, got, want):
    if want["kind"] == "dict" and got["kind"] == "dict" and got["items"].keys() != want["items"].keys():
        return Difference(
            "structure",
            f"{_where(path)} has keys {list(got['items'])}; expected {list(want['items'])}.",
            path,
        )
    if got.get("length") != want.get("length"):
        return Difference(
            "structure", f"{_where(path)} has {got['length']} parts; expected {want['length']}.", path
        )
    return None


def shape_of(described):
    """Shape of a plain tensor or array, None for anything else."""
    if described.get("array") is not None:
        return tuple(described["array"].shape)
    return tuple(described["shape"]) if "shape" in described else None


def _shape(path, got, want):
    if shape_of(got) == shape_of(want):
        return None
    return Difference("shape", f"{_where(path)} has shape {shape_of(got)}; expected {shape_of(want)}.", path)


def _family(described):
    """What kind of numbers: `bfloat16` is as floating as `float64`, `uint8` as whole as `int64`."""
    name = described.get("dtype", "")
    return next((family for stem, family in FAMILIES.items() if stem in name), None)


def _dtype(path, got, want):
    g, w = _family(got), _family(want)
    if g == w or (got["kind"] == "number" and (g, w) == ("whole", "floating-point")):
        return None
    return Difference("dtype", f"{_where(path)} holds {g} numbers ({got['dtype']}); expected {w} ones.", path)


def _device(path, got, want):
    g, w = got.get("device"), want.get("device")
    if not g or not w or g == w:
        return None
    return Difference("device", f"{_where(path)} is on {g}; expected it on {w}, where the input is.", path)


def _values(path, got, want, rtol, atol):
    if want["kind"] == "text":
        return (
            None
            if got["text"] == want["text"]
            else Difference("values", f"{_where(path)} is {got['text']!r}; expected {want['text']!r}.", path)
        )
    if want.get("array") is None:
        return None
    g, w = got["array"], want["array"]
    wrong = ~agree(g, w, rtol, atol)
    if not wrong.any():
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    return Difference("values", _value_sentence(path, g, w, wrong, index), path, index)


def agree(got, want, rtol=RTOL, atol=ATOL):
    """Elementwise: equal within the tolerance; NaN and infinity only where the reference has them too."""
    if got.dtype.kind in "biu" and want.dtype.kind in "biu":
        return np.asarray(got == want)
    with np.errstate(all="ignore"):
        near = abs(got - want) <= atol + rtol * abs(want)  # infinity - infinity is NaN, so it is not near
        return np.asarray(near & np.isfinite(want) | (got == want) | (got != got) & (want != want))


def _value_sentence(path, got, want, wrong, index):
    if not np.isfinite(got).all() and np.isfinite(want).all():
        return f"{_where(path)} contains NaN or infinity."
    if got.ndim == 0:
        return f"{_where(path)} is {{}}; expected {{}}.".format(*_told_apart(got, want))
    said = _told_apart(got[index], want[index])
    here = "the first at [{}]: {}, expected {}".format(", ".join(map(str, index)), *said)
    of = f" of part {path}" if path else ""
    return f"{int(wrong.sum())} of {wrong.size} values{of} differ, {here}."


def _told_apart(got, want):
    """Two numbers that differ, with as many figures as it takes to see it."""
    pairs = ((number(got, figures), number(want, figures)) for figures in range(4, 18))
    return next((pair for pair in pairs if pair[0] != pair[1]), (number(got), number(want)))


def number(value, figures=4):
    """A number as a person reads it: up to four significant figures."""
    value = np.asarray(value)
    return f"{value[()]:.{figures}g}" if value.dtype.kind in "fc" else str(value[()])


def arrays_agree(got, want, rtol=RTOL, atol=ATOL):
    """Whether two lists of arrays (None where no gradient flows) agree."""
    return len(got) == len(want) and all(
        (g is None and w is None)
        or (g is not None and w is not None and g.shape == w.shape and bool(agree(g, w, rtol, atol).all()))
        for g, w in zip(got, want, strict=True)
    )


def outline(described):
    """Kinds and shapes alone, to tell answers that look alike from the outside."""
    return [
        (path, kind, np.shape(part) if isinstance(part, np.ndarray) else part)
        for path, kind, part in leaves(described)
    ]
