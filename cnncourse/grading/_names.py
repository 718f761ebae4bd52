"""What a piece of code does to the names at the top of a notebook: which it makes, alters and looks up."""

import ast
import symtable
from dataclasses import dataclass
from functools import lru_cache

from .._cells import Cell

CACHED = 8192  # pieces of code: those of a chapter are the same in every submission


@dataclass(frozen=True)
class Uses:
    """`eager` names are looked up as the code runs, `lazy` ones by functions when they are called."""

    binds: frozenset = frozenset()
    changes: frozenset = frozenset()  # alters the value without giving a new one: `table.append(3)`
    eager: frozenset = frozenset()
    lazy: frozenset = frozenset()


@lru_cache(maxsize=CACHED)
def parsed(text):
    """The parsed cell; code that is too deep for the parser has no statements."""
    try:
        return Cell.parse(text)
    except (RecursionError, MemoryError):
        return Cell(text, None)


@lru_cache(maxsize=CACHED)
def uses(text):
    """The `Uses` of one or more statements."""
    binds, changes, eager, lazy = set(), set(), set(), set()
    for statement in parsed(text).statements or ():
        of = _of_statement(statement)
        eager |= of.eager - binds  # what an earlier statement made is not looked up outside
        binds |= of.binds
        changes |= of.changes
        lazy |= of.lazy
    return Uses(*map(frozenset, (binds, changes, eager, lazy - binds)))


def _of_statement(statement):
    try:
        table = symtable.symtable(ast.unparse(statement), "<cell>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Uses()
    symbols = table.get_symbols()
    made = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported() or s.is_namespace()}
    added = [n.target for n in ast.walk(statement) if isinstance(n, ast.AugAssign)]
    again = {target.id for target in added if isinstance(target, ast.Name)}
    eager = {s.get_name() for s in symbols if s.is_referenced()} - _counted(statement) | again
    lazy = set()
    for scope in table.get_children():
        _inner(scope, eager, lazy)
    return Uses(made - again, again | _changed(statement), eager, lazy)


def _counted(statement):
    """The variables of a loop, which it gives a value before it looks at them."""
    target = statement.target if isinstance(statement, ast.For) else ast.Pass()
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _inner(scope, eager, lazy, later=False):
    """Sort the global names of an inner scope: functions look theirs up later, comprehensions at once."""
    comprehension = scope.get_name().endswith(("comp", "genexpr"))
    later = later or (scope.get_type() == "function" and not comprehension)
    found = {s.get_name() for s in scope.get_symbols() if s.is_global() and s.is_referenced()}
    (lazy if later else eager).update(found)
    for child in scope.get_children():
        _inner(child, eager, lazy, later)


def _changed(statement):
    """Names whose value is altered: `table[0] = …`, `table.size = …`, `table.append(…)` on its own."""
    nodes = list(ast.walk(statement))
    stored = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store)]
    called = [n.value.func for n in nodes if isinstance(n, ast.Expr) and isinstance(n.value, ast.Call)]
    roots = {_root(n) for n in (*stored, *called) if isinstance(n, ast.Subscript | ast.Attribute)}
    return roots - {None}


def _root(node):
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return getattr(node, "id", None)
