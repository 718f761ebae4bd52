"""Which of a submission's code is run: the student's answers, and what those need.

Cells that a student wrote and that check or define an exercise run whole, in the notebook's order. Of all other
cells, whoever wrote them, only the statements run whose names an answer uses: a helper, an import, a table that a
demonstration made. So a chapter's demonstrations, and trainings that somebody tried, cost nothing.
A name that is only defined further down, in a notebook whose cells were run in another order, is fetched up.
"""

import ast
import builtins
import json
import re
import symtable
from dataclasses import dataclass, field
from functools import lru_cache

from .._cells import Cell

CODE = 1 << 19  # characters of code in one notebook, at most: a chapter has about 2 ** 15


class Unreadable(ValueError):
    """A notebook of which nothing can be graded; the message is one sentence for its reader."""


def sources(data):
    """Source of every code cell of the notebook in `data` (bytes), in order.

    A grader is more lenient than an editor: what has cells with sources is read, valid or not.
    """
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
        cells = notebook["cells"] if "cells" in notebook else notebook["worksheets"][0]["cells"]
        code = [_text(cell) for cell in cells if cell.get("cell_type") == "code"]
    except UnicodeDecodeError as error:
        raise Unreadable(f"The file is not a readable notebook: byte {error.start} is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise Unreadable("The file is not a readable notebook: it is empty, cut short or not JSON.") from None
    except (KeyError, TypeError, AttributeError, IndexError):
        raise Unreadable("The file is not a readable notebook: it has no list of cells.") from None
    if sum(map(len, code)) > CODE:
        raise Unreadable(f"The notebook has more than {CODE:,} characters of code.")
    return code


def _text(cell):
    """Source of a cell: text or a list of lines, `input` in the oldest format; no half characters."""
    source = cell.get("source", cell.get("input", ""))
    text = source if isinstance(source, str) else "".join(map(str, source))
    return text.encode("utf-8", "replace").decode()


@dataclass
class Unit:
    """One statement at the top of a cell, or a whole cell that holds an answer."""

    cell: int
    text: str
    line: int = 1
    binds: frozenset = frozenset()
    changes: frozenset = frozenset()  # names whose value it alters without giving them a new one
    eager: frozenset = frozenset()  # names it looks up at once
    lazy: frozenset = frozenset()  # names that functions in it look up when they are called
    students: bool = False
    users: set = field(default_factory=set)  # answers that need it, by position
    before: int | None = None  # position of the answer that it is fetched up for


@dataclass(frozen=True)
class Program:
    """What to run: `cells` in order, each with its source and the pieces that run (None: all of it)."""

    cells: list
    answers: dict  # exercise → the student's own source
    used: dict  # exercise → the text of all of a student's code that its answer uses
    homes: dict  # exercise → cells (as in `cells`) that check or define it


def program(code, shipped, everything=False):
    """The `Program` of a submission with these cells of code; `shipped` are the chapter's own.

    `everything` also runs all other cells that the student wrote, for names that are made as the code runs.
    """
    names = checked(tuple(shipped))
    own = {text.strip() for text in shipped}
    units = [unit for i, text in enumerate(code) for unit in _units(i, text, text.strip() not in own, names)]
    roots = [p for p, unit in enumerate(units) if _is_root(unit, names, everything)]
    chosen = _needed(units, roots)
    order = sorted(chosen, key=lambda p: (p, 1, 0) if units[p].before is None else (units[p].before, 0, p))
    return Program(*_laid_out(code, [units[p] for p in order], roots, units, names))


@lru_cache(maxsize=64)
def checked(shipped):
    """Names of the exercises that a chapter checks, in its order."""
    return tuple(dict.fromkeys(name for text in shipped for name in parsed(text).checked()))


@lru_cache(maxsize=4096)
def parsed(text):
    """The parsed cell; code that is too deep for the parser has no statements."""
    try:
        return Cell.parse(text)
    except (RecursionError, MemoryError):
        return Cell(text, None)


def _is_root(unit, names, everything):
    whole = unit.line == 0
    return unit.students and (whole or everything)


def answered(text, names):
    """Exercises that a cell checks or defines; of code that does not parse, those it seems to."""
    cell = parsed(text)
    if cell.statements is None:
        return {
            name
            for name in names
            if re.search(rf"(\b(def|class)\s+{name}\b|^\s*{name}\s*=|check\(.*\b{name}\b)", text, re.M)
        }
    given = {name for name in names if cell.definitions(name)}
    return given | (set(cell.checked()) & set(names))


def _units(index, text, students, names):
    """Units of one cell; a cell with an answer is one unit, called line 0."""
    if students and answered(text, names):
        return [_unit(index, text, 0, True)]
    return [_unit(index, part, line, students) for part, line in _statements(text)]


@lru_cache(maxsize=4096)
def _statements(text):
    cell = parsed(text)
    return tuple(
        (cell.text(s), min(n.lineno for n in (s, *getattr(s, "decorator_list", ()))))
        for s in cell.statements or ()
    )


def _unit(index, text, line, students):
    return Unit(index, text, line, *_uses(text), students=students)


@lru_cache(maxsize=16384)
def _uses(text):
    """(binds, changes, eager, lazy): what a piece of code does to names at the top of a notebook."""
    binds, changes, eager, lazy = set(), set(), set(), set()
    for statement in parsed(text).statements or ():
        bound, changed, at_once, later = _statement_uses(statement)
        eager |= at_once - binds
        binds |= bound
        changes |= changed
        lazy |= later
    return frozenset(binds), frozenset(changes), frozenset(eager), frozenset(lazy - binds)


def _statement_uses(statement):
    try:
        table = symtable.symtable(ast.unparse(statement), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set(), set(), set()
    symbols = table.get_symbols()
    again = {getattr(n.target, "id", None) for n in ast.walk(statement) if isinstance(n, ast.AugAssign)}
    loops = (
        [n.target for n in ast.walk(statement) if isinstance(n, ast.For)]
        if isinstance(statement, ast.For)
        else []
    )
    given = {n.id for target in loops for n in ast.walk(target) if isinstance(n, ast.Name)}
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()} - again
    eager = ({s.get_name() for s in symbols if s.is_referenced()} | again) - given
    lazy = set()
    for child in table.get_children():
        _globals_of(child, eager, lazy)
    return binds, again | _changed(statement), eager, lazy


def _globals_of(table, eager, lazy, called=False):
    """Sort the global names of an inner scope: functions look theirs up later, comprehensions at once."""
    later = called or (table.get_type() == "function" and not table.get_name().endswith(("comp", "genexpr")))
    found = {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    (lazy if later else eager).update(found)
    for child in table.get_children():
        _globals_of(child, eager, lazy, later)


def _changed(tree):
    """Names whose value is altered: `table[0] = …`, `table.size = …`, `table.append(…)` as a statement."""
    stores = [
        n
        for n in ast.walk(tree)
        if isinstance(n, (ast.Subscript, ast.Attribute)) and not isinstance(n.ctx, ast.Load)
    ]
    calls = [
        n.value.func for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)
    ]
    return {
        root
        for node in (*stores, *calls)
        if isinstance(node, (ast.Subscript, ast.Attribute)) and (root := _root(node))
    }


def _root(node):
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return getattr(node, "id", None)


def _needed(units, roots):
    """Positions of all units to run."""
    binders, changers = {}, {}
    for position, unit in enumerate(units):
        for name in unit.binds:
            binders.setdefault(name, []).append(position)
        for name in unit.changes:
            changers.setdefault(name, []).append(position)
    stars = [p for p, unit in enumerate(units) if "import *" in unit.text and unit.text.startswith("from ")]
    imported = {name for unit in units if re.match(r"(from|import)\s", unit.text) for name in unit.binds}
    for root in roots:
        _follow(units, root, binders, {n: c for n, c in changers.items() if n not in imported}, stars)
    return {p for p, unit in enumerate(units) if unit.users}


def _follow(units, root, binders, changers, stars):
    """Mark everything that the answer at `root` needs."""
    waiting = [root]
    while waiting:
        position = waiting.pop()
        unit = units[position]
        if root in unit.users:
            continue
        unit.users.add(root)
        if position > root:
            unit.before = min(root, unit.before if unit.before is not None else root)
        for name, place in [
            *((n, position) for n in unit.eager),
            *((n, max(root, position)) for n in unit.lazy),
        ]:
            waiting += _sources_of(name, place, position, binders, changers, stars)


def _sources_of(name, place, position, binders, changers, stars):
    """Units that give `name` its value for one at `position` that looks it up at `place`."""
    known = [p for p in binders.get(name, ()) if p != position]
    earlier = [p for p in known if p < place]
    if not known:
        return (
            []
            if hasattr(builtins, name) or position in binders.get(name, ())
            else [p for p in stars if p != position]
        )
    source = earlier[-1] if earlier else known[0]
    return [source, *(p for p in changers.get(name, ()) if source < p < place)]


def _laid_out(code, chosen, roots, units, names):
    cells, homes, used = [], {name: [] for name in names}, {name: [] for name in names}
    for unit in chosen:
        whole = unit.line == 0
        if not cells or whole or cells[-1]["cell"] != unit.cell or cells[-1]["pieces"] is None:
            cells.append({"cell": unit.cell, "source": code[unit.cell], "pieces": None if whole else []})
        if not whole:
            cells[-1]["pieces"].append([unit.text, unit.line])
        for name in answered(unit.text, names) if whole else ():
            homes[name].append(len(cells) - 1)
    answers = {}
    for name in names:
        mine = [units[p] for p in roots if units[p].line == 0 and name in answered(units[p].text, names)]
        answers[name] = _answer(mine, name)
        users = {p for p in roots if units[p] in mine}
        used[name] = "\n".join(u.text for u in chosen if u.students and u.users & users)
    return cells, answers, used, homes


def _answer(units, name):
    """The student's own source of an exercise: what stands before its check, else its last definition."""
    cells = [parsed(unit.text) for unit in units]
    both = [c for c in cells if c.definitions(name) and name in c.checked()]
    given = both or [c for c in cells if c.definitions(name)] or cells
    if not given:
        return ""
    return "\n".join(map(given[-1].text, given[-1].definitions(name))) or given[-1].source


def chapter_code(path):
    """Sources of the code cells of the chapter at `path`, as it is handed out."""
    with open(path, "rb") as file:
        return tuple(sources(file.read()))
