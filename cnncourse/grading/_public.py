"""What a student may read of a verdict: the cause, never the numbers of a hidden example.

A student could print an input, raise it as an error or return it; so what their code printed is left out, and
numbers that a hidden example led to are masked.
"""

import re

VALUES = re.compile(r", the first at \[[\d, ]*\]: .*?, expected .*?(?=\.(?:\s|$))")
ONE = re.compile(r"\bis (?!an? |on |None)(.{1,400}?); expected (?!an? |it on )(.{1,400}?)(?=\.(?:\s|$))")
NUMBER = re.compile(r"[-+]?\d+\.\d+(?:e[-+]?\d+)?|[-+]?\d{5,}|[-+]?\d(?:\.\d+)?e[-+]?\d+")
SHORT = 160  # characters of an error's own text


def public(entry, exercise=None):
    """(message, difference, crash's line or "") of a graded exercise, fit for its student."""
    recognised = entry["mistake"] is not None or entry["outcome"] in ("passed", "not attempted", "timed out")
    crash = entry.get("crash") or {}
    if entry["outcome"] == "crashed" and not recognised:
        message = _crash(crash, exercise)
    else:
        message = entry["message"] if recognised or _own(exercise) else masked(entry["message"])
    authored = entry["outcome"] == "passed" or _own(exercise)  # why the answer is right, and its numbers
    return message, entry["difference"] if authored else masked(entry["difference"]), _line(crash)


def _own(exercise):
    """A value, a choice or a counterexample has no hidden input: its messages are about the answer itself."""
    return getattr(exercise, "kind", "") in ("value", "choice", "counterexample")


def masked(text):
    """A sentence about a difference, without the values of hidden examples."""
    text = VALUES.sub("", text)
    text = ONE.sub("is not what was expected", text)
    return NUMBER.sub("…", text)


def _crash(crash, exercise):
    text = masked(str(crash.get("text", "")))
    text = text if len(text) <= SHORT else f"{text[:SHORT]} …"
    return ": ".join(filter(None, [str(crash.get("error", "An error")), text]))


def _line(crash):
    return f"line {crash['number']}: {crash['line']}" if crash.get("line") else ""
