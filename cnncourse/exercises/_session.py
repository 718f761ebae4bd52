"""What a chapter calls: `check`, `hint`, `solution`, `yours` and `reset`."""

import os
from dataclasses import replace

from ._ask import ask, in_notebook
from ._own import find
from ._store import Store, record_check
from ._verdict import NOT_ATTEMPTED, PASSED, RECORDED, WRONG, NotPassed, Verdict

_last = {}  # name → (candidate, verdict) of the last check in this kernel


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
    named = [(_name_of(candidate), candidate) for candidate in candidates]
    verdicts = Verdicts(_check_one(name, candidate) for name, candidate in [*named, *answers.items()])
    if not verdicts:
        say = "Say what to check: `check(conv2d)`, or `check(name=value)`."
        verdicts.append(Verdict("check", NOT_ATTEMPTED, say))
    failed = next((verdict for verdict in verdicts if not verdict), None)
    if failed is not None and os.environ.get("CNNCOURSE_STRICT") == "1":
        raise NotPassed(repr(failed))
    return verdicts[0] if len(verdicts) == 1 else verdicts


def _name_of(thing):
    """The name of a function or class; a network that was made from a class goes by that one's."""
    from . import EXERCISES

    made_from = type(thing).__name__
    name = getattr(thing, "__name__", made_from if made_from in EXERCISES else None)
    return name if type(name) is str else None


def _check_one(name, candidate):
    exercise, problem = _find(name)
    if exercise is None:
        return Verdict(str(name or "check"), WRONG, problem)
    verdict = _graded(exercise, candidate)
    if exercise.kind == "choice" and verdict.outcome == NOT_ATTEMPTED and in_notebook():
        ask(exercise, lambda letter: _graded(exercise, letter))
    return verdict


def _graded(exercise, candidate):
    """Grade, remember, and say what could come next."""
    verdict = exercise.grade(candidate)
    _last[exercise.name] = candidate, verdict
    record = record_check(Store(), verdict)
    return replace(verdict, next=_next_step(exercise, verdict, record["hints"]))


def _find(name):
    """(exercise, None), or (None, why there is none)."""
    from . import EXERCISES

    if name is None:
        return None, "A value goes in by the name of its question: `check(name=value)`."
    try:
        find(name)
    except Exception as error:  # whatever a module of an instructor's raises
        return None, f"Your instructor's exercises cannot be read: {error}"
    try:
        return EXERCISES[name], None
    except KeyError as error:
        return None, f"{error.args[0]} If your chapter is of another version, `cnncourse update` mends it."


def _next_step(exercise, verdict, seen):
    if verdict.outcome == PASSED or not exercise.hints:
        return ""
    called = exercise.name if exercise.kind in ("function", "module") else f'"{exercise.name}"'
    return f"hint({called})" if seen < len(exercise.hints) else f"solution({called})"


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
    if not exercise.hints:
        return Note(exercise.name, "This exercise has no hints.")
    count = len(exercise.hints)

    def one_more(record):
        record["hints"] = min(record["hints"] + 1, count)

    shown = (Store().change(exercise.name, one_more) or {"hints": count})["hints"]
    more = f"{count - shown} more, by running this again." if shown < count else "That was the last one."
    return Note(f"Hint {shown} of {count}", exercise.hints[shown - 1], more)


def solution(thing):
    """The reference of an exercise with a word on why, folded away until you open it."""
    from ._render import Solution

    exercise = _named(thing)
    Store().change(exercise.name, lambda record: record.update(solution=True))
    return Solution(exercise.name, exercise.source, exercise.why)


def yours(thing):
    """Your own version if its last check passed, else the course's; it says which."""
    exercise = _named(thing)
    candidate, verdict = _last.get(exercise.name, (None, None))
    if verdict is not None and verdict.outcome in (PASSED, RECORDED):
        print(f"{exercise.name}: your own version")
        return candidate
    print(f"{exercise.name}: the course's version (yours takes over once its check passes)")
    return exercise.reference


def reset():
    """Forget all progress; a backup stays beside the file."""
    _last.clear()
    backup = Store().reset()
    print(
        f"Progress begun anew. The old records are in {backup}." if backup else "There was no progress yet."
    )
