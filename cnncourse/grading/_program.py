"""Which of a submission's code is run: the student's answers, and what those need.

Cells that a student wrote and that check or define an exercise run whole, in the notebook's order. Of all
other cells, whoever wrote them, only the statements run whose names an answer uses: a helper, an import, a
table that a demonstration made. So demonstrations, and trainings that somebody tried, cost nothing. A name
that is only made further down, in a notebook whose cells were run in another order, is fetched up.
"""

import builtins
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache

from ._names import Uses, parsed, uses

CODE = 1 << 17  # characters of code in one notebook, at most: a chapter has about 2 ** 15


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
    """Source of a cell: text or a list of lines, `input` in the oldest format; no half characters.

    Lines end as Python's own do, so that a statement is where its number says.
    """
    source = cell.get("source", cell.get("input", ""))
    text = source if isinstance(source, str) else "".join(map(str, source))
    return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def chapter_code(path):
    """Sources of the code cells of the chapter at `path`, as it is handed out."""
    with open(path, "rb") as file:
        return tuple(sources(file.read()))


@lru_cache(maxsize=64)
def checked(shipped):
    """Names of the exercises that a chapter checks, in its order."""
    return tuple(dict.fromkeys(name for text in shipped for name in parsed(text).checked()))


@dataclass
class Unit:
    """A cell that holds an answer, or one statement at the top of any other cell."""

    cell: int
    text: str
    line: int
    uses: Uses
    students: bool
    answers: frozenset = frozenset()  # exercises that it checks or defines
    users: set = field(default_factory=set)  # positions of the answers that need it
    before: int | None = None  # position of the answer that it is fetched up for


@dataclass(frozen=True)
class Program:
    """What to run: `cells` in order, each with its source and the pieces that run (None: all of it)."""

    cells: list
    homes: dict  # exercise → places in `cells` that check or define it
    answers: dict  # exercise → the student's own source of it
    used: dict  # exercise → texts of all that the student wrote and that the answer uses
    left_out: str  # what the student wrote and nothing uses


def program(code, shipped, everything=False):
    """The `Program` of a submission with these cells of code; `shipped` are the chapter's own.

    `everything` also runs all other cells that the student wrote, for names that are made as the code runs.
    """
    names, own = checked(shipped), {text.strip() for text in shipped}
    units = [u for i, text in enumerate(code) for u in _units(i, text, text.strip() not in own, names)]
    roots = [p for p, unit in enumerate(units) if unit.answers or (everything and unit.students)]
    _mark(units, roots)
    order = [p for p, unit in enumerate(units) if unit.users]
    order.sort(key=lambda p: (p, 1, 0) if units[p].before is None else (units[p].before, 0, p))
    return _laid_out(code, [units[p] for p in order], units, names)


def _units(index, text, students, names):
    found = answered(text, names) if students else frozenset()
    if found:
        return [Unit(index, text, 1, uses(text), True, found)]
    return [Unit(index, part, line, uses(part), students) for part, line in _statements(text)]


@lru_cache(maxsize=4096)
def _statements(text):
    """(text, first line) of every statement at the top of a cell; those that share a line stay together."""
    lines, spans = text.split("\n"), []
    for statement in parsed(text).statements or ():
        first = min(node.lineno for node in (statement, *getattr(statement, "decorator_list", ())))
        if spans and first <= spans[-1][1]:
            spans[-1][1] = statement.end_lineno
        else:
            spans.append([first, statement.end_lineno])
    return tuple(("\n".join(lines[first - 1 : last]), first) for first, last in spans)


@lru_cache(maxsize=4096)
def answered(text, names):
    """Exercises that a cell checks or defines; of code that does not parse, those that it mentions."""
    cell, words = parsed(text), set(re.findall(r"\w+", text)) & set(names)
    if cell.statements is None:
        return frozenset(words)
    return frozenset(name for name in words if cell.definitions(name)) | (words & set(cell.checked()))


# -- what an answer needs ---------------------------------------------------------------------------------


def _mark(units, roots):
    """Write into every unit which answers need it."""
    makers, changers, stars = _index(units)
    for root in roots:
        waiting = [root]
        while waiting:
            position = waiting.pop()
            unit = units[position]
            if root in unit.users:
                continue
            unit.users.add(root)
            if position > root:
                unit.before = root if unit.before is None else min(root, unit.before)
            for name, place in _lookups(unit.uses, position, root):
                waiting += _givers(name, position, place, makers, changers) or stars * _unknown(name, unit)


def _index(units):
    """(name → positions that make it, name → positions that alter it, positions of `import *`)."""
    makers, changers, stars = {}, {}, []
    for position, unit in enumerate(units):
        for name in unit.uses.binds:
            makers.setdefault(name, []).append(position)
        for name in unit.uses.changes:
            changers.setdefault(name, []).append(position)
        if unit.text.startswith("from ") and unit.text.rstrip().endswith("*"):
            stars.append(position)
    modules = {n for u in units if u.text.startswith(("import ", "from ")) for n in u.uses.binds}
    return makers, {name: at for name, at in changers.items() if name not in modules}, stars


def _lookups(of, position, root):
    """(name, position as of which it is looked up): a function looks its names up when it is checked."""
    return [*((n, position) for n in of.eager), *((n, max(root, position)) for n in of.lazy)]


def _givers(name, position, place, makers, changers):
    """Units that give a name the value that one at `position` finds when it looks at `place`."""
    known = [p for p in makers.get(name, ()) if p != position]
    if not known:
        return []
    maker = max((p for p in known if p < place), default=known[0])
    return [maker, *(p for p in changers.get(name, ()) if maker < p < place)]


def _unknown(name, unit):
    return not hasattr(builtins, name) and name not in unit.uses.binds


# -- what is sent -----------------------------------------------------------------------------------------


def _laid_out(code, chosen, units, names):
    cells, homes = [], {name: [] for name in names}
    for unit in chosen:
        whole = bool(unit.answers)
        if not cells or whole or cells[-1]["pieces"] is None or cells[-1]["cell"] != unit.cell:
            cells.append({"cell": unit.cell, "source": code[unit.cell], "pieces": None if whole else []})
        if not whole:
            cells[-1]["pieces"].append([unit.text, unit.line])
        for name in unit.answers:
            homes[name].append(len(cells) - 1)
    return Program(
        cells,
        homes,
        {name: _answer([u for u in chosen if name in u.answers], name) for name in names},
        {name: _used(units, name) for name in names},
        "\n".join(unit.text for unit in units if unit.students and not unit.users),
    )


def _answer(units, name):
    """The student's own source of an exercise: what stands before its check, else its last definition."""
    cells = [parsed(unit.text) for unit in units]
    defining = [cell for cell in cells if cell.definitions(name)]
    chosen = [cell for cell in defining if name in cell.checked()] or defining
    if chosen:
        return "\n".join(map(chosen[-1].text, chosen[-1].definitions(name)))
    return cells[-1].source if cells else ""


def _used(units, name):
    homes = {position for position, unit in enumerate(units) if name in unit.answers}
    return tuple(unit.text for unit in units if unit.students and unit.users & homes)
