"""Verdicts, hints and solutions as a person reads them: in a notebook, and in a terminal."""

from html import escape

import numpy as np

from .._markup import inline
from ._compare import shape_of
from ._verdict import CRASHED, NOT_ATTEMPTED, PASSED, RECORDED, TIMED_OUT, WRONG

MARKS = {PASSED: "✓", WRONG: "✗", CRASHED: "⚠", NOT_ATTEMPTED: "○", TIMED_OUT: "⏱", RECORDED: "✎"}
COLOURS = {
    PASSED: "#009E73",
    WRONG: "#D55E00",
    CRASHED: "#D55E00",
    NOT_ATTEMPTED: "#8A8A8A",
    TIMED_OUT: "#E69F00",
    RECORDED: "#0072B2",
}
ROLES = {"kernel": "kernel", "kernels": "kernel", "weight": "kernel", "weights": "kernel", "bias": "kernel"}
CARD = (
    "border-left:5px solid {colour};padding:6px 12px;margin:4px 0;max-width:60em;"
    "color:var(--jp-content-font-color1,inherit);background:var(--jp-layout-color1,transparent)"
)
QUIET = "color:var(--jp-ui-font-color2,#616161)"
CODE = (
    "margin:4px 0;padding:6px 8px;overflow:auto;white-space:pre;"
    "background:var(--jp-cell-editor-background,#f5f5f5);color:var(--jp-content-font-color1,#1a1a1a)"
)
ROW = "display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 8px;margin-top:6px"
MOST_GRIDS = 5  # inputs drawn beside what was expected and what came


def as_text(verdict):
    """A verdict in plain lines."""
    lines = [f"{MARKS[verdict.outcome]} {verdict.name}: {verdict.outcome}"]
    if verdict.outcome != NOT_ATTEMPTED:
        lines.append(verdict.message)
    lines += [verdict.difference] if verdict.difference else []
    lines += [f"Your code printed:\n{verdict.printed.rstrip()}"] if verdict.printed and not verdict else []
    lines += [f"Next: {verdict.next}"] if verdict.next else []
    return "\n".join(lines)


def as_html(verdict):
    """A verdict as a card: the outcome, the message, and the smallest failing example drawn."""
    mark, colour = MARKS[verdict.outcome], COLOURS[verdict.outcome]
    parts = [f"<div><b>{mark} {escape(verdict.name)}: {verdict.outcome}</b></div>"]
    if verdict.outcome != NOT_ATTEMPTED:
        parts.append(f"<div>{inline(verdict.message)}</div>")
    if verdict.difference:
        parts.append(f'<div style="{QUIET}">{inline(verdict.difference)}</div>')
    if verdict.crash and verdict.crash.get("line"):
        parts.append(
            f'<pre style="{CODE}">line {verdict.crash["number"]}: {escape(verdict.crash["line"])}</pre>'
        )
    if verdict.scene:
        parts.append(_scene(verdict.scene))
    if verdict.printed and not verdict:
        parts.append(
            f'<div style="{QUIET}">Your code printed</div><pre style="{CODE}">{escape(verdict.printed)}</pre>'
        )
    if verdict.next:
        parts.append(f'<div style="{QUIET}">Next: <code>{escape(verdict.next)}</code></div>')
    style = CARD.format(colour=colour)
    return f'<div role="status" class="cnncourse-verdict" style="{style}">{"".join(parts)}</div>'


def _scene(scene):
    """The arguments of the failing example, what was expected and what came, side by side."""
    grids = [
        _drawn(value, ROLES.get(name, "input"), f"{name}") for name, value in scene["arguments"][:MOST_GRIDS]
    ]
    want, got = (_part(scene[key], scene["path"]) for key in ("want", "got"))
    grids += [_drawn(want, "output", "expected", scene["index"], shape=True)]
    if got is not None:
        mark = scene["index"] if shape_of(got) == shape_of(want) else None
        grids.append(_drawn(got, "attention", "yours", mark, shape=True))
    return f'<div style="{ROW}">{"".join(grids)}</div>'


def _part(described, path):
    """The part of a structured answer that the path `[1]['name']` leads to."""
    while described is not None and path:
        key, _, path = path[1:].partition("]")
        items = described.get("items")
        if items is None:
            break
        described = items[int(key)] if isinstance(items, list) else items[key.strip("'\"")]
    return described


def _drawn(described, role, caption, mark=None, shape=False):
    from ..display import grid_html

    if described is None:
        return ""
    array = described.get("array")
    if array is None or array.size == 0 or array.dtype.kind not in "biuf":
        return _worded(described, caption)
    if array.ndim == 0:
        return (
            f"<div><b>{escape(caption)}</b> {array[()]:.4g}</div>"
            if array.dtype.kind == "f"
            else _worded(described, caption)
        )
    size = f"{caption}, shape {tuple(array.shape)}" if shape or array.ndim != 2 else caption
    finite = np.asarray(array, dtype=float)
    return grid_html(finite, role, mark=mark or None, caption=size)


def _worded(described, caption):
    array = described.get("array")
    if array is not None:
        said = str(array[()]) if array.ndim == 0 else f"empty, shape {tuple(array.shape)}"
    else:
        said = _short(described)
    return f"<div><b>{escape(caption)}</b> {escape(said)}</div>"


def _short(described):
    if described["kind"] == "sequence":
        return f"({', '.join(_short(item) for item in described['items'][:8])})"
    array = described.get("array")
    if array is None:
        return described.get(
            "text", described.get("name", described["kind"] if described["kind"] != "nothing" else "None")
        )
    return str(array[()]) if array.ndim == 0 else f"{described['kind']} {tuple(array.shape)}"


class Note:
    """A hint: a title, a text and what comes next."""

    def __init__(self, title, text, more=""):
        self.title, self.text, self.more = title, text, more

    def __repr__(self):
        return "\n".join(filter(None, [f"{self.title}: {self.text}", self.more]))

    def _repr_html_(self):
        more = f'<div style="{QUIET}">{escape(self.more)}</div>' if self.more else ""
        style = CARD.format(colour="#0072B2")
        return f'<div style="{style}"><b>{escape(self.title)}</b><div>{inline(self.text)}</div>{more}</div>'


class Solution:
    """A reference and why it is so, folded away until somebody opens it."""

    def __init__(self, name, source, why):
        self.name, self.source, self.why = name, source, why

    def __repr__(self):
        return f"{self.source}\n\n{self.why}".rstrip()

    def _repr_html_(self):
        style, why = CARD.format(colour="#0072B2"), f"<div>{inline(self.why)}</div>" if self.why else ""
        summary = f"<summary>Show the solution of <code>{escape(self.name)}</code></summary>"
        code = f'<pre style="{CODE}">{escape(self.source)}</pre>'
        return f'<details style="{style}">{summary}{code}{why}</details>'
