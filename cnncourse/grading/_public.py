"""What a student may read of a verdict: the cause, never the numbers of a hidden example.

A student could print an input, raise it as an error or return it; so what their code printed is left out, and
numbers that a hidden example led to are masked.
"""

import re

VALUES = re.compile(r", the first at \[[\d, ]*\]: .{0,80}?, expected .{0,80}?(?=\.(?:\s|$))")
ONE = re.compile(r"\bis (?!an? |on |None)(.{1,80}?); expected (?!an? |it on )(.{1,80}?)(?=\.(?:\s|$))")
NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[-+]?\d+)?|[-+]?\d{5,}|[-+]?\d(?:\.\d+)?e[-+]?\d+")
NAME, SHORT, LONG = 40, 160, 400  # characters of an error's name, of its text, and of a sentence of ours


def public(entry, exercise=None):
    """(message, difference, crash's line or "") of a graded exercise, fit for its student."""
    recognised = entry["mistake"] is not None or entry["outcome"] in ("passed", "not attempted", "timed out")
    crash = entry.get("crash") or {}
    if entry["outcome"] == "crashed" and not recognised:
        message = _crash(crash, exercise)
    else:
        message = entry["message"] if recognised or _own(exercise) else _short(masked(entry["message"]), LONG)
    authored = entry["outcome"] == "passed" or _own(exercise)  # why the answer is right, and its numbers
    difference = entry["difference"] if authored else _short(masked(entry["difference"]), LONG)
    return message, difference, _line(crash, entry.get("answer", ""))


def _own(exercise):
    """A value, a choice or a counterexample has no hidden input: its messages are about the answer itself."""
    return getattr(exercise, "kind", "") in ("value", "choice", "counterexample")


def masked(text):
    """A sentence about a difference, without the values of hidden examples."""
    text = VALUES.sub("", text)
    text = ONE.sub("is not what was expected", text)
    return NUMBER.sub("…", text)


def _crash(crash, exercise):
    name = re.sub(r"\W+|\d{5,}", " ", str(crash.get("error") or "An error"))
    text = _short(masked(str(crash.get("text", ""))), SHORT)
    return ": ".join(filter(None, [_short(name, NAME), text]))


def _short(text, most):
    return text if len(text) <= most else f"{text[:most]} …"


def _line(crash, answer):
    """The line that failed: what a child says of it is masked, unless it stands in the answer."""
    said = str(crash.get("line") or "")
    line = said if said in answer else _short(masked(said), SHORT)
    return f"line {crash.get('number', '?')}: {line}" if said else ""
