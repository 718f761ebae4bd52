"""A plain page for a widget, and what its tests read from there."""

from cnncourse._numbers import text

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Widget</title></head><body>{}</body>'
)


def status(page):
    """The sentence that a screen reader hears."""
    return page.get_by_role("status").first.inner_text()


def board(page, label):
    """The grid of numbers whose label begins so."""
    return page.locator(f".cnn-board[aria-label^='{label}']")


def numbers(board):
    """The numbers that a grid shows, as text, row by row."""
    cells = board.evaluate(
        "(b) => [...b.querySelectorAll('[data-cell]')].map((g) => [g.dataset.cell, g.textContent])"
    )
    places = {tuple(map(int, at.split(","))): said for at, said in cells}
    rows, columns = (max(p[axis] for p in places) + 1 for axis in (0, 1))
    return [[places[i, j] for j in range(columns)] for i in range(rows)]


def written(tensor):
    """The numbers of a matrix as a grid would show them."""
    return [[text(v) if abs(v) > 1e-9 else "0" for v in row] for row in tensor.tolist()]
