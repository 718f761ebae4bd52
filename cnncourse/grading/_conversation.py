"""What a grader and one submission say to each other. Nothing that the child says is believed."""

import time

from ..exercises._verdict import CRASHED, NOT_ATTEMPTED, TIMED_OUT, WRONG, Verdict
from ._portable import NotPortable, reference_source, special
from ._wire import Closed, Late, WireError

MESSAGES = 10_000  # of one child; more is a flood
GONE = "Your code ended Python itself, so nothing came of it."
FLOOD = "Your code sent what no check sends."
NO_TIME = "Still running when its time was over, so it was stopped. Is there a loop that never ends?"


class Conversation:
    """Grade one submission: `verdicts` holds every hand-in of every exercise, in order."""

    def __init__(self, zygote, exercises, program, seed, limits):
        self.zygote, self.exercises, self.program = zygote, exercises, program
        self.seed, self.limits = seed, limits
        self.verdicts = {name: [] for name in exercises}
        self.seconds = dict.fromkeys(exercises, 0.0)
        self.shortcuts = {name: set() for name in exercises}
        self.lost = 0
        self.crashes, self.dead = {}, set()  # cell → crash; cells that cost a child its life
        self.deadline = time.monotonic() + limits.submission

    # -- children -------------------------------------------------------------------------------------------

    def run(self):
        """Talk to as many children as it takes to hear of every exercise."""
        withheld = False
        for _ in range(self.limits.restarts):
            if time.monotonic() > self.deadline:
                return
            talk = Talk(self, withheld)
            done = talk.run()
            if done and not talk.postponed:
                return
            withheld = withheld or done


class Talk:
    """A conversation with one child."""

    def __init__(self, whole, withheld):
        self.whole, self.withheld = whole, withheld
        self.counts = dict.fromkeys(whole.exercises, 0)
        self.given, self.postponed = set(), set()  # references given; exercises handed in after theirs was
        self.cell = self.current = None  # what is going on: a cell, an exercise

    def run(self):
        """True if the child has answered everything; else what it was at is written down, to be left out."""
        self.channel = self.whole.zygote.child()
        try:
            self._program()
            self._leftovers()
            return True
        except (Closed, Late, WireError) as error:
            self._lost(error)
            return False
        finally:
            self.channel.close()
            self.whole.zygote.clean()

    def _program(self):
        whole = self.whole
        cells = [
            dict(c, **({"source": "", "pieces": None} if i in whole.dead else {}))
            for i, c in enumerate(whole.program.cells)
        ]
        self.channel.send({"cells": cells, "seconds": whole.limits.cell, "names": list(whole.exercises)})
        self._listen()

    def _leftovers(self):
        """Ask for what stands under the name of an exercise that no check has handed in."""
        for name, verdicts in self.whole.verdicts.items():
            if all(v.outcome == NOT_ATTEMPTED for v in verdicts) and name not in self.postponed:
                self.channel.send({"find": name})
                self._listen()

    def _listen(self):
        """Answer messages until the child says that it has ended what it was asked."""
        limits = self.whole.limits
        self.cell, patience = None, limits.cell + limits.grace
        for _ in range(MESSAGES):
            message = self._receive(patience)
            if "ended" in message:
                self.cell = None
                return
            self._answer(message)
        raise WireError("a flood")

    def _receive(self, seconds):
        left = self.whole.deadline - time.monotonic()
        message = self.channel.receive(max(0.0, min(seconds, left)))
        if type(message) is not dict:
            raise WireError("no dict")
        return message

    def _answer(self, message):
        if "cell" in message:
            self.cell = _index(message["cell"], len(self.whole.program.cells))
        elif "crash" in message:
            self.whole.crashes[_index(message.get("in"), len(self.whole.program.cells))] = crash_read(
                message["crash"]
            )
        elif "check" in message:
            self._check(message["check"])
        elif "yours" in message:
            self.channel.send(self._yours(message["yours"]))
        else:
            raise WireError("an odd message")

    # -- answers --------------------------------------------------------------------------------------------

    def _check(self, name):
        whole = self.whole
        exercise = whole.exercises.get(name) if type(name) is str else None
        if exercise is None or not self._counts(name):
            self.channel.send({"skip": True})
            return
        self.current, start = name, time.monotonic()
        self.channel.send({"task": exercise.task(whole.seed)}, special)
        message = self._receive(2 * exercise.seconds + whole.limits.grace)
        whole.seconds[name] += time.monotonic() - start
        self._record(name, judged(exercise, message.get("transcript"), whole.seed, time.monotonic() - start))
        whole.shortcuts[name] |= shortcuts_of(message.get("transcript"))
        self.current = None

    def _counts(self, name):
        """Whether this hand-in is to be looked at: not one that an earlier child has made already."""
        self.counts[name] += 1
        verdicts = self.whole.verdicts[name]
        if name in self.given:
            self.postponed.add(name)
            return False
        return (
            len(verdicts) < self.counts[name]
            and sum(map(len, self.whole.verdicts.values())) < self.whole.limits.checks
        )

    def _record(self, name, verdict):
        self.whole.verdicts[name].append(verdict)

    def _yours(self, name):
        exercise = self.whole.exercises.get(name) if type(name) is str else None
        if exercise is None:
            return {"refused": f"There is no exercise called {name!r:.60} in this chapter."}
        verdicts = self.whole.verdicts[name]
        if verdicts and verdicts[-1].passed and self.counts[name]:
            return {"own": True}
        return self._reference(exercise)

    def _reference(self, exercise):
        """The course's version. Where it is not in the package, an answer after it is judged by itself."""
        settled = self.given | {exercise.name}
        library = (
            getattr(exercise.reference, "__module__", "").startswith("cnncourse.")
            and "exercises" not in exercise.reference.__module__
        )
        try:
            if not library and self.withheld:
                raise NotPortable("it is still to be judged")
            source = list(reference_source(exercise, settled))
        except (NotPortable, AttributeError, OSError) as error:
            return {"refused": f"The course's version of {exercise.name} is not at hand here: {error}."}
        if not library:
            self.given.add(exercise.name)
        return {"source": source}

    # -- losses ---------------------------------------------------------------------------------------------

    def _lost(self, error):
        """The child is gone, silent or odd: whatever it was at gets the blame, and is left out next time."""
        if self.current is not None:
            outcome = (
                TIMED_OUT if isinstance(error, Late) else CRASHED if isinstance(error, Closed) else WRONG
            )
            text = {TIMED_OUT: NO_TIME, CRASHED: GONE, WRONG: FLOOD}[outcome]
            self._record(
                self.current,
                Verdict(self.current, outcome, text, what="time" if outcome == TIMED_OUT else "crash"),
            )
        elif self.cell is not None:
            self.whole.dead.add(self.cell)
            self.whole.crashes[self.cell] = {
                "error": "TimedOut" if isinstance(error, Late) else "SystemExit",
                "text": NO_TIME if isinstance(error, Late) else GONE,
            }
        else:
            self.whole.deadline = 0.0  # it did not even begin, or does not end: there is nothing to leave out


def judged(exercise, transcript, seed, seconds):
    """The verdict on a transcript from elsewhere; one that no probe would write is wrong, whatever is in it."""
    try:
        if exercise.kind == "experiment" and "seconds" in transcript["records"][0]:
            transcript["records"][0]["seconds"] = seconds  # by our clock
        verdict = exercise.judge(transcript, seed)
        if exercise.kind != "experiment" and verdict.passed and len(transcript["records"]) == 0:
            raise ValueError("no records")
        return verdict
    except Exception:
        return Verdict(exercise.name, WRONG, FLOOD, what="structure")


def shortcuts_of(transcript):
    """Names of watched functions that a transcript says were called."""
    try:
        return {
            name
            for record in transcript["records"]
            for name in record.get("shortcuts", ())
            if type(name) is str
        }
    except (TypeError, KeyError, AttributeError):
        return set()


def _index(value, count):
    if type(value) is not int or not 0 <= value < count:
        raise WireError("a cell that is not there")
    return value


def crash_read(crash):
    """A crash as a child tells it, with nothing in it but what belongs there."""
    if type(crash) is not dict:
        return {"error": "Error", "text": ""}
    kept = {
        key: crash[key][:600] for key in ("error", "text", "line", "function") if type(crash.get(key)) is str
    }
    return {
        "error": "Error",
        "text": "",
        **kept,
        **({"number": crash["number"]} if type(crash.get("number")) is int else {}),
    }
