"""Chapters as files: find them, read and write them, put answers in and take answers out."""

import json
from pathlib import Path

import nbformat

from ._cells import Cell
from ._course import chapters
from ._files import write_whole


class NotebookError(ValueError):
    """A notebook that cannot be used; the message is one sentence for its reader."""


def read(path):
    """Notebook at `path`, in format 4.5 and valid.

    Raises NotebookError where the file is not a notebook, and OSError where it cannot be read at all.
    """
    try:
        notebook = nbformat.reads(Path(path).read_bytes().decode("utf-8-sig"), as_version=4)
        notebook = nbformat.v4.upgrade(notebook) if notebook.nbformat_minor < 5 else notebook
        _, notebook = nbformat.validator.normalize(notebook)
        nbformat.validate(notebook)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:
        raise NotebookError(f"{Path(path).name} is not a readable notebook ({_reason(error)}).") from error
    return notebook


def _reason(error):
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    if isinstance(error.__cause__ or error.__context__, json.JSONDecodeError):
        return "it is empty, cut short or not JSON"
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__


def write(notebook, path):
    """Write `notebook` to `path` whole or not at all."""
    write_whole(path, nbformat.writes(notebook) + "\n")


def code_cells(notebook):
    """(cell, its parsed code) of every code cell, in order."""
    return [(cell, Cell.parse(cell.source)) for cell in notebook.cells if cell.cell_type == "code"]


def exercises(notebook):
    """Names of the exercises that `notebook` checks, in order, each once."""
    return list(dict.fromkeys(name for _, code in code_cells(notebook) for name in code.checked()))


def home(notebook, name):
    """(cell, code) of exercise `name`: where it is both defined and checked, else where first checked."""
    checking = [(cell, code) for cell, code in code_cells(notebook) if name in code.checked()]
    both = [(cell, code) for cell, code in checking if code.definitions(name)]
    return next(iter(both + checking), (None, None))


def answers(notebook):
    """{name: source} of the learner's answer to every exercise that `notebook` checks.

    An answer is a function, a class, or the assignment of a value; it is looked for in the cell that checks
    it, then in the other cells, the last one first, for a learner may have moved it.
    """
    found = {}
    for name in exercises(notebook):
        candidates = [home(notebook, name)[1], *(code for _, code in reversed(code_cells(notebook)))]
        code = next((code for code in candidates if code.definitions(name)), None)
        if code is not None:
            found[name] = "\n".join(map(code.text, code.definitions(name)))
    return found


def swap(notebook, answers):
    """Put `answers` ({name: source}) into `notebook`, in place, and return it.

    Functions and classes are replaced by name, a value by its assignment; the rest of the cell (imports,
    comments, the check), its id and metadata stay, and its outputs go. Names the notebook does not check are
    left alone.
    """
    for name in exercises(notebook):
        cell, code = home(notebook, name)
        if name in answers and (source := code.replace(name, answers[name])) != cell.source:
            cell.update(source=source, outputs=[], execution_count=None)
    return notebook


def solve(source, destination):
    """Write every chapter at `source` (a notebook or a folder) solved into the folder `destination`.

    Returns the paths written. Raises NotebookError for a check of which the course has no exercise.
    """
    source, destination = Path(source), Path(destination)
    paths = [source] if source.is_file() else chapters(source)
    if not paths:
        raise NotebookError(f"No chapters in {source}: give a notebook, or the folder that has them.")
    if destination.resolve() == paths[0].resolve().parent:
        raise NotebookError(f"{destination} has the chapters themselves: name another folder.")
    destination.mkdir(parents=True, exist_ok=True)
    return [_solve_one(path, destination / path.name) for path in paths]


def _solve_one(path, target):
    notebook = read(path)
    from .exercises import EXERCISES  # brings torch, which the rest of this file does without

    unknown = [name for name in exercises(notebook) if name not in EXERCISES]
    if unknown:
        raise NotebookError(f"{path.name} checks {', '.join(unknown)}, which this version does not have.")
    write(swap(notebook, {name: EXERCISES[name].source for name in exercises(notebook)}), target)
    return target
