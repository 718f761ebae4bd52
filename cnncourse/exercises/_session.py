"""What a chapter calls: `check`, `hint`, `solution` and `yours`."""

import os
from dataclasses import replace

from ._verdict import NOT_ATTEMPTED, PASSED, WRONG, NotPassed, Verdict

_last = {}  # name → (candidate, verdict) of the last check in this kernel
_hints = {}  # name → how many hints were shown


def _exercises():
    from . import EXERCISES

    return EXERCISES


class Verdicts(list):
    """The verdicts of several answers checked at once."""

    def __repr__(self):
        return "\n".join(map(repr, self))

    def _repr_html_(self):
        return "".join(verdict._repr_html_() for verdict in self)


def check(*candidates, **answers):
    """Check answers: `check(conv2d)` for a function or class, `check(name=value)` for anything else.

    Returns a `Verdict` (several for several answers); outside strict mode it never raises.
    """
    named = [(getattr(candidate, "__name__", None), candidate) for candidate in candidates]
    verdicts = Verdicts(_check_one(name, candidate) for name, candidate in [*named, *answers.items()])
    if not verdicts:
        verdicts.append(Verdict("check", NOT_ATTEMPTED, "Say what to check: `check(conv2d)` or `check(name=value)`."))
    failed = next((verdict for verdict in verdicts if not verdict), None)
    if failed is not None and os.environ.get("CNNCOURSE_STRICT") == "1":
        raise NotPassed(repr(failed))
    return verdicts[0] if len(verdicts) == 1 else verdicts


def _check_one(name, candidate):
    exercise, problem = _find(name)
    if exercise is None:
        return Verdict(str(name), WRONG, problem)
    verdict = exercise.grade(candidate)
    _last[exercise.name] = candidate, verdict
    return replace(verdict, next=_next_step(exercise, verdict))


def _find(name):
    """(exercise, None) or (None, why there is none)."""
    if name is None:
        return None, "A value goes in by the name of its question: `check(name=value)`."
    try:
        return _exercises()[name], None
    except KeyError as error:
        return None, error.args[0] + " If your chapter is from another version, `cnncourse update` brings it up to date."


def _next_step(exercise, verdict):
    if verdict.outcome == PASSED or not exercise.hints:
        return ""
    called = exercise.name if callable(exercise.reference) and exercise.kind in ("function", "module") else f'"{exercise.name}"'
    left = len(exercise.hints) - _hints.get(exercise.name, 0)
    return f"hint({called})" if left > 0 else f"solution({called})"


def _named(thing):
    name = thing if isinstance(thing, str) else getattr(thing, "__name__", None)
    exercise, problem = _find(name)
    if exercise is None:
        raise ValueError(problem)
    return exercise


def hint(thing):
    """The next hint of an exercise, from a nudge to nearly there: `hint(conv2d)` or `hint("name")`."""
    from ._render import Note

    exercise = _named(thing)
    shown = min(_hints.get(exercise.name, 0) + 1, len(exercise.hints))
    _hints[exercise.name] = shown
    if not exercise.hints:
        return Note(exercise.name, "This exercise has no hints.")
    rest = len(exercise.hints) - shown
    more = f"{rest} more, by running this again." if rest else "That was the last one."
    return Note(f"Hint {shown} of {len(exercise.hints)}", exercise.hints[shown - 1], more)


def solution(thing):
    """The reference of an exercise with a word on why, folded away until you open it."""
    from ._render import Solution

    exercise = _named(thing)
    return Solution(exercise.name, exercise.source, exercise.why)


def yours(thing):
    """Your own version if its last check passed, else the course's; it says which."""
    exercise = _named(thing)
    candidate, verdict = _last.get(exercise.name, (None, None))
    if verdict is not None and verdict.passed:
        print(f"{exercise.name}: your own version")
        return candidate
    print(f"{exercise.name}: the course's version (yours takes over once its check passes)")
    return exercise.reference
