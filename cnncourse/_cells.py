"""The code of one notebook cell: what it checks, what it defines, and how to replace a definition."""

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """A cell's source with its top-level statements; `statements` is None where it does not parse."""

    source: str
    statements: list | None

    @classmethod
    def parse(cls, source):
        """Parse `source`; lines that speak to IPython (`%magic`, `!shell`, `?help`) are no obstacle."""
        for text in (source, _without_magics(source)):
            try:
                return cls(source, ast.parse(text).body)
            except (SyntaxError, ValueError):
                continue
        return cls(source, None)

    def checked(self):
        """Names that the cell checks: `check(conv2d)` first, then `check(parameters=parameters)`."""
        calls = [call for statement in self.statements or () for call in _calls(statement, "check")]
        functions = [given.id for call in calls for given in call.args if isinstance(given, ast.Name)]
        return [*functions, *(keyword.arg for call in calls for keyword in call.keywords if keyword.arg)]

    def definitions(self, name):
        """Top-level statements that define `name` (function, class or assignment), in order.

        `name = yours(name)` is none of them: it fetches an answer, it gives none.
        """
        return [s for s in self.statements or () if name in _defines(s) and not any(_calls(s, "yours"))]

    def text(self, statement):
        """Source of one top-level statement, decorators included."""
        return self.source[slice(*self._span(statement))]

    def replace(self, name, answer):
        """Source with `answer` in the place of what defines `name`, or before the check if nothing does."""
        defining = self.definitions(name)
        if not defining:
            return self._insert(answer, before=next(filter(self.checks, self.statements)))
        start, end = self._span(defining[-1])
        return self.source[:start] + answer.strip("\n") + self.source[end:]

    def surround(self, name, before, after):
        """Source with statements `before` the definition of `name`, and `after` it, ahead of the check."""
        later = Cell.parse(self._insert(before, before=self.definitions(name)[0]))
        return later._insert(after, before=next(filter(later.checks, later.statements)))

    def checks(self, statement):
        """Whether a statement has a check in it."""
        return any(_calls(statement, "check"))

    def _insert(self, text, before):
        start, _ = self._span(before)
        text = text.strip("\n")
        return f"{self.source[:start]}{text}\n\n{self.source[start:]}" if text else self.source

    def _span(self, statement):
        first = min([statement, *getattr(statement, "decorator_list", [])], key=lambda node: node.lineno)
        start = self._offset(first.lineno, statement.col_offset)  # a decorator's own column is after its @
        return start, self._offset(statement.end_lineno, statement.end_col_offset)

    def _offset(self, line, column):
        """Index into `source` of a position as ast gives it: lines from one, columns in UTF-8 bytes."""
        lines = self.source.split("\n")
        within = len(lines[line - 1].encode()[:column].decode())
        return sum(len(text) + 1 for text in lines[: line - 1]) + within


def _calls(tree, name):
    """Every call of `name` or of something's attribute `name` in `tree`."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return (call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", None)) == name)


def _defines(statement):
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign | ast.AugAssign) else targets
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _without_magics(source):
    """`source` with a harmless expression in place of every IPython line, so that positions stay."""
    return "\n".join(map(_quiet, source.split("\n")))


def _quiet(line):
    indent, rest = line[: len(line) - len(line.lstrip())], line.lstrip()
    return f"{indent}0" if rest.startswith(("%", "!", "?")) else line
