"""Exercises that are not in the package: an instructor's own, in a folder that the course is told of.

The environment variable CNNCOURSE_PRIVATE names that folder. In a hand-out it is the folder `instructor`
beside the notebooks: with the modules if the instructor ships the checks, and else with `recorded.json`,
which says of which exercises the answer is only kept, for the instructor to grade.
"""

import hashlib
import importlib.util
import inspect
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

from .._course import chapters
from ._exercise import Exercise
from ._verdict import NOT_ATTEMPTED, RECORDED, Verdict

HANDED_OUT, NAMES = "instructor", "recorded.json"
_loaded = {}  # folder → names of its exercises
SAID = "Recorded in this notebook; graded by your instructor."


class RecordedExercise(Exercise):
    """An exercise whose reference stays with the instructor: a check says so and judges nothing."""

    kind, source = "recorded", "# Your instructor keeps this solution."

    def __init__(self, name):
        super().__init__(None)
        self.name = name

    def grade(self, candidate, seed=0):
        self.reference = candidate  # what `yours` hands on: there is no other version here
        if _untouched(candidate):
            return Verdict(self.name, NOT_ATTEMPTED, "Not attempted yet.")
        return Verdict(self.name, RECORDED, SAID)


def _untouched(candidate):
    from .._merge import _is_stub  # brings nbformat, which a check does without

    try:
        return candidate is None or candidate is ... or _is_stub(inspect.getsource(candidate))
    except (OSError, TypeError):  # a value has no source
        return False


def find(name):
    """Take in the exercises of the folders that may have `name`; returns whether one has."""
    from . import EXERCISES

    folders = [os.environ.get("CNNCOURSE_PRIVATE"), HANDED_OUT]
    for folder in filter(None, folders):
        if name not in EXERCISES and Path(folder).is_dir():
            load(folder)
    return name in EXERCISES


def load(folder):
    """Take the exercises of `folder` into EXERCISES, once; returns their names."""
    from . import EXERCISES

    folder = Path(folder).resolve()
    if folder not in _loaded:
        before = set(EXERCISES)
        stems = {path.stem.partition("_")[2]: path.stem for path in (*chapters(folder), *_beside(folder))}
        for path in sorted(folder.glob("[!_]*.py")):
            EXERCISES.add(_module(path), stems.get(path.stem, path.stem))
        _record(folder / NAMES, EXERCISES)
        _loaded[folder] = sorted(set(EXERCISES) - before)
    return _loaded[folder]


def _record(path, exercises):
    """Take in the exercises that `path` names and the folder has no module of."""
    names = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    for name, chapter in names.items():
        exercises.add(SimpleNamespace(**{name: RecordedExercise(name)}), chapter)


def _beside(folder):
    """The chapters of a hand-out stand beside its folder `instructor`."""
    return chapters(folder.parent) if folder.name == HANDED_OUT else []


def _module(path):
    """The module at `path`, under a name that no other module has."""
    name = f"cnncourse_own_{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]}_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module
