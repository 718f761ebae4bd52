"""Bring a learner's notebook up to a new version of its chapter, and keep what they wrote in it.

Three versions meet in every cell: the course's old one (the learner's copy was stamped with its digest),
the learner's, and the course's new one. What one side changed wins; where both did, the new cell takes the
answers by name, and the rest of the learner's code comes along.
"""

import ast
import copy
import hashlib
import uuid

from ._cells import Cell
from .notebooks import answers, home, swap


def digest(cell):
    """Fingerprint of a cell's source."""
    return hashlib.sha256(cell.source.encode()).hexdigest()[:16]


def stamp(notebook, version):
    """Note in a learner's copy which version it came from and what every cell then said."""
    cells = {cell.id: digest(cell) for cell in notebook.cells}
    notebook.metadata["cnncourse"] = {"version": version, "cells": cells}
    return notebook


def origin(notebook):
    """(version, {cell id: digest}) that a copy came from; ("", {}) where the stamp is gone."""
    noted = notebook.metadata.get("cnncourse", {})
    return noted.get("version", ""), dict(noted.get("cells", {}))


def merge(mine, new):
    """The notebook `new` (stamped) with the answers, edits and added cells of `mine`, whose ids it keeps."""
    mine, new = copy.deepcopy(mine), copy.deepcopy(new)
    _, base = origin(mine)
    _restore_ids(mine, new, base)
    old = {cell.id: cell for cell in mine.cells}
    course = origin(new)[1]
    given = _given(mine, base)
    swap(new, given)
    cells = {cell.id: _merge_cell(cell, old.get(cell.id), base, course, given) for cell in new.cells}
    return _assemble(mine, new, cells, base)


def _restore_ids(mine, new, base):
    """Give cells that lost their id (pasted, or saved by a tool that drops ids) the id they had."""
    ids = {cell.id for cell in mine.cells}
    lost = {text: id for id, text in base.items() if id not in ids}
    for name in answers(mine):
        target, found = home(new, name)[0], home(mine, name)[0]
        if target is not None and target.id not in ids and found.id not in base:
            lost[digest(found)] = target.id
    for cell in mine.cells:
        if cell.id not in base and digest(cell) in lost:
            cell.id = lost.pop(digest(cell))


def _given(mine, base):
    """Answers that the learner gave: those in a changed cell, without the stubs."""
    given = {}
    for name, source in answers(mine).items():
        cell, _ = home(mine, name)
        if digest(cell) != base.get(cell.id) and not _is_stub(source):
            given[name] = source
    return given


def _is_stub(source):
    """Whether a definition does nothing but raise NotImplementedError, or a value is still `...`."""
    statement = (Cell.parse(source).statements or [None])[-1]
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        inner = [node for node in ast.walk(statement) if isinstance(node, ast.stmt) and node is not statement]
        return any(isinstance(node, ast.Raise) for node in inner) and all(map(_idle, inner))
    value = getattr(statement, "value", None)
    return isinstance(value, ast.Constant) and value.value is ...


def _idle(node):
    """Whether a statement in a definition is a stub's own: a docstring, a raise, `super().__init__()`."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or ast.unparse(node) == "super().__init__()"
    return isinstance(node, ast.Raise | ast.FunctionDef)


def _merge_cell(cell, old, base, course, given):
    """List of cells that stand where the course's `cell` stands."""
    if old is None:
        return [cell]
    untouched, same = digest(old) == base.get(cell.id), course[cell.id] == base.get(cell.id)
    if digest(old) == digest(cell) or (same and not untouched):
        return [old]  # with its outputs
    code, written = Cell.parse(cell.source), Cell.parse(old.source)
    carried = [name for name in code.checked() if name in given]
    if carried and not untouched:
        cell.source = _bring_along(code, written, carried[0])
        return [cell]
    return [cell] if untouched or _blank(written) else [cell, _apart(old)]


def _blank(code):
    """Whether a cell is an exercise of which nothing was attempted."""
    defining = [s for name in code.checked() for s in code.definitions(name)]
    return bool(defining) and all(_is_stub(code.text(s)) for s in defining)


def _apart(cell):
    """A copy of a learner's cell under an id of its own."""
    return type(cell)({**cell, "id": uuid.uuid4().hex[:8]})


def _bring_along(code, old, name):
    """The new cell's source with what the old one had around its answer: imports, helpers, trials."""
    known = {code.text(s) for s in code.statements}
    answered = {old.text(s) for n in code.checked() for s in old.definitions(n)}
    extra = [s for s in old.statements or () if old.text(s) not in known | answered and not old.checks(s)]
    line = max((s.lineno for s in old.definitions(name)), default=0)
    after = [old.text(s) for s in extra if s.lineno > line]
    before = [old.text(s) for s in extra if s.lineno < line]
    return code.surround(name, "\n".join(before), "\n".join(after))


def _assemble(mine, new, cells, base):
    """Course order; a cell that the learner added stays behind the cell it followed."""
    followers, anchor = {}, None
    for cell in mine.cells:
        if cell.id in cells:
            anchor = cell.id
        elif base.get(cell.id) != digest(cell):  # added, or changed and since gone from the course
            followers.setdefault(anchor, []).append(cell)
    placed = [extra for id in (None, *cells) for extra in (*cells.get(id, ()), *followers.get(id, ()))]
    new.metadata = type(new.metadata)({**mine.metadata, "cnncourse": new.metadata["cnncourse"]})
    new.cells = placed
    return new


def counts(notebook, merged):
    """(answers, added cells) of `notebook` that are in `merged`, to tell its owner."""
    course = origin(merged)[1]
    kept = {name for name, source in answers(notebook).items() if not _is_stub(source)}
    return len(kept & set(answers(merged))), sum(cell.id not in course for cell in merged.cells)
