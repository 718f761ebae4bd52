"""Small arrays with the numbers in their cells: as a figure, and as a table for a check's message."""

import html

import numpy as np
from matplotlib.patches import Rectangle

from ._numbers import PALETTE, hexadecimal, ink, text, tint, to_numpy
from ._picture import INK, Picture, new_figure, role_colour

MOST = 8  # rows and columns that a grid shows


def show_array(
    array, role: str = "input", mark=None, title: str | None = None, alt: str | None = None
) -> Picture:
    """Draw a small array with the number in each cell, at most 8 × 8 of them.

    array: (H, W), or fewer dimensions; of more, the plane that holds `mark`, or the first.
    mark: an index such as (1, 2), or a list of them: outlined thick and dashed.
    """
    view = _View(to_numpy(array), mark)
    rows, columns = view.cells.shape
    cell, side, top = 0.56, 0.3, 0.24 + (0.28 if title else 0)
    width, height = side + columns * cell + 0.1, top + rows * cell + (0.32 if view.note else 0.1)
    figure = new_figure(width, height)
    axes = figure.add_axes(
        (side / width, 1 - (top + rows * cell) / height, columns * cell / width, rows * cell / height)
    )
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    axes.axis("off")
    _draw_cells(axes, view, role)
    if title:
        figure.text(side / width, 1 - 0.07 / height, title, fontsize=10, color=role_colour(role),
                    weight="bold", va="top", parse_math=False)  # fmt: skip
    if view.note:
        figure.text(side / width, 0.08 / height, view.note, fontsize=7.5, color=INK)
    return Picture(figure, alt or view.describe(role, title))


def _draw_cells(axes, view: "_View", role: str) -> None:
    colour_of = tint(view.whole, role)
    rows, columns = view.cells.shape
    for (i, j), value in np.ndenumerate(view.cells):
        colour = colour_of(value)
        axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, edgecolor="white", linewidth=1))
        axes.text(j + 0.5, i + 0.52, text(value), ha="center", va="center", fontsize=8.5, color=ink(colour))
    axes.add_patch(
        Rectangle((0, 0), columns, rows, fill=False, edgecolor=PALETTE[role], linewidth=2, clip_on=False)
    )
    for i, j in view.marked:
        axes.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor="#ffffff", linewidth=4, clip_on=False))
        axes.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor="#000000", linewidth=3,
                                 linestyle=(0, (2.2, 1.2)), clip_on=False))  # fmt: skip
    for i in range(rows):
        axes.text(-0.15, i + 0.5, str(view.top + i), ha="right", va="center", fontsize=7, color=INK)
    for j in range(columns):
        axes.text(j + 0.5, -0.12, str(view.left + j), ha="center", va="bottom", fontsize=7, color=INK)


def grid_html(array, role: str = "input", mark=None, caption: str = "") -> str:
    """Write a small array as an HTML table, for a check's message: at most 8 × 8 cells, three figures each.

    array and mark as in `show_array`; the marked cells are outlined thick and dashed. Text is escaped.
    """
    view = _View(to_numpy(array), mark)
    colour_of = tint(view.whole, role)
    head = "".join(
        f'<th scope="col" style="{_INDEX}">{view.left + j}</th>' for j in range(view.cells.shape[1])
    )
    body = "".join(
        f'<tr><th scope="row" style="{_INDEX}">{view.top + i}</th>'
        + "".join(_cell(value, colour_of(value), (i, j) in view.marked) for j, value in enumerate(row))
        + "</tr>"
        for i, row in enumerate(view.cells)
    )
    words = html.escape(". ".join(filter(None, [caption.rstrip("."), view.note])))
    title = (
        f'<caption style="{_CAPTION};border-left:4px solid {PALETTE[role]}">{words}</caption>'
        if words
        else ""
    )
    corner = f'<td style="{_INDEX}"></td>'
    return (
        f'<table class="cnncourse-grid" style="{_TABLE}">{title}'
        f"<thead><tr>{corner}{head}</tr></thead><tbody>{body}</tbody></table>"
    )


_TABLE = (
    "display:inline-table;border-collapse:separate;border-spacing:1px;margin:4px 16px 4px 0;"
    "font:12px/1.2 var(--jp-ui-font-family,sans-serif);font-variant-numeric:tabular-nums"
)
_INDEX = (
    "font-weight:normal;font-size:10px;padding:1px 4px;text-align:center;background:transparent;border:0;"
    "color:var(--jp-ui-font-color2,#6b7280)"
)
_CAPTION = (
    "caption-side:top;text-align:left;padding:0 0 0 6px;margin:0 0 3px;color:var(--jp-ui-font-color1,inherit)"
)
_CELL = "min-width:3.3em;padding:5px 3px;text-align:center;border:0;"
_MARK = (
    "outline:3px dashed #000;outline-offset:-3px;box-shadow:0 0 0 2px #fff,0 0 0 4px #000;font-weight:bold;"
)


def _cell(value, colour, marked: bool) -> str:
    style = f"background:{hexadecimal(colour)};color:{ink(colour)};{_CELL}"
    if not marked:
        return f'<td style="{style}">{text(value)}</td>'
    return f'<td style="{style}{_MARK}position:relative"><mark style="all:unset">{text(value)}</mark></td>'


class _View:
    """The part of an array that fits a grid: which plane, which rows and columns, which cells are marked."""

    def __init__(self, array: np.ndarray, mark):
        if array.size == 0:
            raise ValueError(f"There is nothing to show: the array's shape is {array.shape}.")
        self.shape = array.shape
        marks = (
            [tuple(map(int, m)) for m in ([mark] if np.ndim(mark) == 1 else mark)] if mark is not None else []
        )
        whole, marks, plane = _plane(array, marks)
        self.whole = whole.astype(float)
        self.top, self.left = (
            _first(length, [m[axis] for m in marks]) for axis, length in enumerate(whole.shape)
        )
        self.cells = self.whole[self.top : self.top + MOST, self.left : self.left + MOST]
        rows, columns = self.cells.shape
        moved = {(i - self.top, j - self.left) for i, j in marks}
        self.marked = {(i, j) for i, j in moved if 0 <= i < rows and 0 <= j < columns}
        self.note = ", ".join(filter(None, [plane, *self._cropped()]))

    def _cropped(self):
        for name, start, shown, full in zip(
            ("rows", "columns"), (self.top, self.left), self.cells.shape, self.whole.shape, strict=True
        ):
            if shown < full:
                yield f"{name} {start} to {start + shown - 1} of {full}"

    def describe(self, role: str, title: str | None) -> str:
        """Say the array in words: every number if they are few, else their range."""
        size = " × ".join(map(str, self.shape)) or "one number"
        name = f"{title}: " if title else ""
        note = f" Shown: {self.note}." if self.note else ""
        cells = f", values {text(np.nanmin(self.whole))} to {text(np.nanmax(self.whole))}."
        if self.whole.size <= 25:
            cells = ": " + "; ".join(" ".join(map(text, row)) for row in self.whole) + "."
        marked = ", ".join(f"({i + self.top}, {j + self.left})" for i, j in sorted(self.marked))
        return f"{name}{role} array, {size}{cells}{note}{f' Marked: {marked}.' if marked else ''}"


def _plane(array: np.ndarray, marks: list[tuple]) -> tuple[np.ndarray, list[tuple], str]:
    """Choose the (H, W) plane that holds the first mark; a vector is one row."""
    if any(len(m) != array.ndim for m in marks):
        raise ValueError(f"A mark is an index of an array of shape {array.shape}, not {marks[0]}.")
    array = array.reshape((1,) * (2 - array.ndim) + array.shape)
    marks = [(0,) * (array.ndim - len(m)) + m for m in marks]
    lead = marks[0][:-2] if marks else (0,) * (array.ndim - 2)
    here = [m[-2:] for m in marks if m[:-2] == lead]
    note = f"plane {list(lead)} of {tuple(array.shape)}" if array[..., 0, 0].size > 1 else ""
    return array[lead], here, note


def _first(length: int, marked: list[int]) -> int:
    """First row or column to show, so that the first mark is inside."""
    if length <= MOST or not marked:
        return 0
    return min(max(marked[0] - MOST // 2, 0), length - MOST)
