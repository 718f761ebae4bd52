"""Judge what a child says that an answer did: it may say anything, and nothing that it says is run."""

import json
import os
import signal
import sys
from pathlib import Path

from ..exercises._limit import TimedOut, time_limit
from ..exercises._verdict import NOT_ATTEMPTED, WRONG, Verdict

TEXT = 4_000  # characters of a message that are kept
SECONDS = 20.0  # for one comparison
ROOM = 1 << 30  # bytes that trying a counterexample may take
ODD = "Your code sent what no check sends."
TOO_MUCH = "Both versions could not be tried on this one: take a smaller example."


def judged(exercise, transcript, seed, seconds=0.0):
    """The entry for a transcript: wrong, and never an exception, where no probe would write such a one."""
    try:
        with time_limit(SECONDS):
            _by_our_clock(exercise, transcript, seconds)
            if exercise.kind == "counterexample" and sys.platform == "linux":
                return _apart(lambda: entry(exercise.judge(transcript, seed)), exercise.name)
            return entry(exercise.judge(transcript, seed))
    except (Exception, TimedOut):  # a forged transcript may break a comparison in any way
        return entry(Verdict(exercise.name, WRONG, ODD, what="structure"))


def _by_our_clock(exercise, transcript, seconds):
    """A training's budget of seconds is measured here; whoever trains may say anything."""
    for record in transcript["records"] if exercise.kind == "experiment" else ():
        if "seconds" in record:
            record["seconds"] = seconds
            record["parameters"] = max(0, int(record["parameters"]))  # NaN would be within any budget


def _apart(judge, name):
    """Judge in a process that may be lost: arguments that a student chose are handed to functions there."""
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        _answer(judge, theirs)
    os.close(theirs)
    try:
        said = _read(ours)
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return json.loads(said) if said else entry(Verdict(name, WRONG, TOO_MUCH, what="values"))


def _answer(judge, descriptor):
    """In the child: the entry as JSON, or nothing."""
    import resource

    try:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (size + ROOM, size + ROOM))
        os.write(descriptor, json.dumps(judge()).encode())
    finally:
        os._exit(0)


def _read(descriptor):
    """What comes, up to the end, within half the time of a comparison."""
    import select  # as `resource`, not for Windows

    said = b""
    while select.select([descriptor], [], [], SECONDS / 2)[0]:
        more = os.read(descriptor, 1 << 16)
        if not more:
            return said
        said += more
    return b""


def shortcuts_of(transcript):
    """Names of the watched functions that a transcript admits to."""
    try:
        names = {name for record in transcript["records"] for name in record.get("shortcuts", ())}
        return {name for name in names if type(name) is str}
    except (TypeError, KeyError, AttributeError):
        return set()


def entry(verdict):
    """A verdict as plain data."""
    return {
        "outcome": verdict.outcome,
        "score": float(verdict.passed),
        "message": clean(verdict.message),
        "difference": clean(verdict.difference),
        "mistake": verdict.mistake,
        "printed": clean(verdict.printed),
        "crash": crash_of(verdict.crash),
    }


def untouched(name):
    """The entry of an exercise of which there is no answer."""
    return entry(Verdict(name, NOT_ATTEMPTED, "Not attempted yet."))


def clean(text):
    """Text that any file takes: bounded, no halves of characters, no control characters but line ends."""
    text = text[:TEXT].encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    return "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in text)


def crash_of(crash):
    """A crash as a child tells it, with nothing in it but what belongs there; None for none."""
    if type(crash) is not dict:
        return None
    number = crash.get("number")
    placed = type(number) is int and 0 <= number < 1 << 20  # a line without its number is none
    kept = ("error", "text", "line", "function") if placed else ("error", "text")
    texts = {key: clean(crash[key])[:600] for key in kept if key in crash}
    return {"error": "Error", "text": ""} | texts | ({"number": number} if placed else {})
