"""Exercises of an instructor's own: a folder with chapters and, beside each, the module of its exercises.

    my-exercises/
      20_midterm.ipynb     a chapter, named as the course names them
      midterm.py           its exercises, written as CONTRIBUTING.md says

Nothing of it is in the students' package. `load` takes the exercises in for as long as a process lives.
"""

from pathlib import Path

from .._course import chapters

HOLDS = "an example holds numbers, text, tensors, layers, and tuples, lists or dicts of these"


class PrivateError(ValueError):
    """A private folder that cannot be used; the message is one sentence for its owner."""


def chapter_paths(private=None):
    """{stem: path} of every chapter there is: the course's, then those of the folder `private`."""
    paths = {path.stem: path for path in chapters()}
    own = {path.stem: path for path in chapters(private)} if private else {}
    twice = sorted(paths.keys() & own.keys())
    if twice:
        raise PrivateError(f"{private} has a chapter of the course's name: {', '.join(twice)}. Rename it.")
    return paths | own


def load(private):
    """Take the exercises of the folder `private` into EXERCISES; returns their names.

    Raises PrivateError where the folder has no chapters, a module cannot be imported, or a name is taken.
    """
    from ..exercises import _own  # brings torch

    folder = Path(private)
    if not chapters(folder):
        raise PrivateError(f"{folder} has no chapters: a private folder holds NN_name.ipynb and name.py.")
    try:
        return _own.load(folder)
    except Exception as error:  # whatever an instructor's module raises while it is imported
        raise PrivateError(f"The exercises in {folder} cannot be read: {error}") from error


def complete(names):
    """Raise PrivateError for a check that nobody can judge; `names` is {chapter: what it checks}."""
    from ..exercises import EXERCISES

    for stem, checked in names.items():
        unknown = [name for name in checked if name not in EXERCISES]
        if unknown:
            raise PrivateError(f"{stem} checks {', '.join(unknown)}, which no module beside it has.")


def try_out(names, seeds):
    """Raise PrivateError for an exercise that cannot be asked in a sandbox, or fails its own solution."""
    from ..exercises import EXERCISES

    for name in names:
        try:
            _try(EXERCISES[name], seeds)
        except Exception as error:  # whatever an instructor's own examples raise
            what = (str(error) or type(error).__name__).rstrip(".")
            raise PrivateError(f"Your exercise {name} cannot be graded: {what}.") from error


def _try(exercise, seeds):
    from ._portable import NotPortable, special
    from ._wire import BODY, WireError, encode

    for seed in seeds:
        arrays = []
        try:
            encode(exercise.task(seed), arrays, special)
        except (NotPortable, WireError) as error:
            raise PrivateError(f"{error}; {HOLDS}") from error
        if sum(array.nbytes for array in arrays) > BODY:
            raise PrivateError(f"its examples are larger than {BODY >> 20} MB")
    if exercise.kind != "experiment":  # whose solution takes its time
        verdict = exercise.grade(exercise.reference, seeds[0])
        if not verdict.passed:
            raise PrivateError(f"its own solution is {verdict.outcome} ({verdict.message})")
