"""Stands in for `cnncourse.exercises` where a submission is graded: checks hand in, and judge nothing.

What it calls is put in by `serve.py`; there is no reference in this process.
"""

hand_in = fetch = None  # set by serve.py
NAMES = set()  # of the exercises there are


class HandedIn:
    """What `check` returns here: the verdict is given elsewhere."""

    outcome, message, passed = "handed in", "", True

    def __repr__(self):
        return "handed in"


def check(*candidates, **answers):
    """Hand in answers: `check(conv2d)` for a function or class, `check(name=value)` for anything else."""
    for candidate in candidates:
        hand_in(_name_of(candidate), candidate)
    for name, answer in answers.items():
        hand_in(name, answer)
    return HandedIn()


def yours(thing):
    """The student's own version if it passed, else the course's."""
    name = thing if isinstance(thing, str) else getattr(thing, "__name__", None)
    return fetch(name)


def _name_of(thing):
    """As the notebook has it: a network that was made from a class goes by that one's name."""
    made_from = type(thing).__name__
    name = getattr(thing, "__name__", made_from if made_from in NAMES else None)
    return name if type(name) is str else None


def hint(thing=None):
    """Nobody is there to read it."""


def solution(thing=None):
    """Nobody is there to read it."""


def progress(chapter=None):
    """Nobody is there to read it."""


def reset():
    """There is nothing to forget."""
