"""What a grader and one submission say to each other. Nothing that the child says is believed."""

import time

from ..exercises._verdict import CRASHED, NOT_ATTEMPTED, TIMED_OUT, WRONG, Verdict
from ._judge import ODD, crash_of, entry, judged, shortcuts_of
from ._portable import NotPortable, is_library, reference_source, special
from ._wire import Closed, Late, WireError

MESSAGES = 2_000  # of one child, at most: four for each of the answers it may hand in, and its cells
CODE = ("function", "module", "experiment")  # kinds whose answers later cells may use
GONE = "Your code ended Python itself, or took more than it may, so nothing came of it."
LATE = "Still running when its time was over, so it was stopped. Is there a loop that never ends?"
BLAME = {Late: (TIMED_OUT, LATE), Closed: (CRASHED, GONE), WireError: (WRONG, ODD)}


class Conversation:
    """Grade one submission. `entries` holds what came of every hand-in of every exercise, in order.

    A child that is lost costs no more than what it was at: the next one leaves that out.
    """

    def __init__(self, zygote, exercises, program, seed, limits):
        self.zygote, self.exercises, self.program = zygote, exercises, program
        self.seed, self.limits = seed, limits
        self.entries = {name: [] for name in exercises}
        self.seconds = dict.fromkeys(exercises, 0.0)
        self.called = {name: set() for name in exercises}  # watched functions
        self.crashes = {}  # place of a cell → how it failed
        self.dead = set()  # places of cells that cost a child its life
        self.deadline = time.monotonic() + limits.submission
        self.failure = None  # (outcome, text) that ended it before every answer was heard of

    def run(self):
        """Talk to as many children as it takes to hear of every answer. Raises Lost."""
        withheld = False
        for _ in range(self.limits.restarts):
            if not self.program.cells or self.failure:
                return
            if self.left() <= 0:
                break
            talk = Talk(self, withheld)
            if talk.run():
                if not talk.postponed:
                    return
                withheld = True
        self.failure = TIMED_OUT, LATE

    def left(self):
        """Seconds until the submission's time is over."""
        return self.deadline - time.monotonic()


class Talk:
    """A conversation with one child. With `withheld`, it gets no reference that is not in the package."""

    def __init__(self, whole, withheld):
        self.whole, self.withheld = whole, withheld
        self.counts = dict.fromkeys(whole.exercises, 0)
        self.given, self.postponed = set(), set()  # references given; exercises handed in after that
        self.cell = self.exercise = None  # what the child is at

    def run(self):
        """Whether the child has answered everything; if not, what it was at is written down."""
        self.channel = self.whole.zygote.child()
        try:
            self._program()
            self._leftovers()
            return True
        except (Closed, Late, WireError) as error:
            self._lost(*BLAME[type(error)])
            return False
        finally:
            self.channel.close()
            self.whole.zygote.clean()

    def _program(self):
        whole, nothing = self.whole, {"source": "", "pieces": None}
        cells = [c | nothing if i in whole.dead else c for i, c in enumerate(whole.program.cells)]
        self._send({"cells": cells, "seconds": whole.limits.cell, "names": list(whole.exercises)})
        self._listen()

    def _leftovers(self):
        """Ask for what a student's cell calls by an exercise's name without checking it."""
        for name, entries in self.whole.entries.items():
            tried = any(e["outcome"] != NOT_ATTEMPTED for e in entries) or name in self.postponed
            if self.whole.program.homes[name] and not tried:
                self._send({"find": name})
                self._listen()

    def _listen(self):
        """Answer until the child says that it has done what it was asked."""
        for _ in range(MESSAGES):
            message = self._receive(self.whole.limits.cell + self.whole.limits.grace)
            if "ended" in message:
                self.cell = None
                return
            self._reply(message)
        raise WireError("a flood")

    def _send(self, message, special=None):
        self.channel.send(message, special, seconds=self.whole.limits.grace + 5)

    def _receive(self, seconds):
        message = self.channel.receive(max(0.0, min(seconds, self.whole.left())))
        if type(message) is not dict:
            raise WireError("a message is a dict")
        return message

    def _reply(self, message):
        if "cell" in message:
            self.cell = self._place(message["cell"])
        elif "crash" in message:
            self.whole.crashes[self._place(message.get("in"))] = crash_of(message["crash"])
        elif "check" in message:
            self._check(message["check"])
        elif "yours" in message:
            self._send(self._yours(message["yours"]))
        else:
            raise WireError("an unknown message")

    def _place(self, value):
        if type(value) is not int or not 0 <= value < len(self.whole.program.cells):
            raise WireError("a cell that is not there")
        return value

    # -- what a child asks for ------------------------------------------------------------------------------

    def _check(self, name):
        whole, exercise = self.whole, self._exercise(name)
        if exercise is None or not self._counts(name):
            self._send({"skip": True})
            return
        self.exercise, start = name, time.monotonic()
        task, allowed = self._task(exercise)
        self._send({"task": task}, special)
        transcript = self._receive(2 * allowed + whole.limits.grace).get("transcript")
        seconds = time.monotonic() - start
        whole.seconds[name] += seconds
        whole.called[name] |= shortcuts_of(transcript)
        whole.entries[name].append(judged(exercise, transcript, whole.seed, seconds))
        self.exercise = None

    def _task(self, exercise):
        """(task, seconds that it may take)."""
        kind, options = exercise.task(self.whole.seed)
        seconds = min(exercise.seconds, self.whole.limits.check)
        return (kind, options | {"seconds": seconds} if "seconds" in options else options), seconds

    def _exercise(self, name):
        return self.whole.exercises.get(name) if type(name) is str else None

    def _counts(self, name):
        """Whether to look at this hand-in: an earlier child may have made it, or it may come too late."""
        self.counts[name] += 1
        if name in self.given:
            self.postponed.add(name)
            return False
        entries = self.whole.entries
        room = sum(map(len, entries.values())) < self.whole.limits.checks
        return room and len(entries[name]) < self.counts[name]

    def _yours(self, name):
        """What `yours` is to return: the student's own, or the course's version by its source."""
        exercise = self._exercise(name)
        if exercise is None:
            return {"refused": f"There is no exercise called {str(name)[:60]} in this chapter."}
        if self._keeps(exercise):
            return {"own": True}
        try:
            return {"source": list(self._reference(exercise))}
        except (NotPortable, AttributeError, OSError) as error:
            return {"refused": f"The course's version of {name} is not at hand: {error}."}

    def _keeps(self, exercise):
        """Whether `yours` is the student's own. Who could hand in again by what it says is not told more."""
        before = self.whole.entries[exercise.name][: self.counts[exercise.name]]
        silent = self.withheld or exercise.kind not in CODE
        return bool(before and (silent or before[-1]["score"]))

    def _reference(self, exercise):
        """(text, name). What is not in the package is a secret until the student's own has been judged."""
        if exercise.kind not in CODE:
            raise NotPortable("it is no code")
        if not is_library(exercise.reference.__module__):
            if self.withheld:
                raise NotPortable("yours is judged first")
            self.given.add(exercise.name)
        return reference_source(exercise, self.given)

    # -- losses ---------------------------------------------------------------------------------------------

    def _lost(self, outcome, text):
        """The child is gone, silent or odd: what it was at gets the blame, and is left out the next time."""
        whole = self.whole
        if self.exercise is not None:
            whole.entries[self.exercise].append(entry(Verdict(self.exercise, outcome, text)))
        elif self.cell is not None and self.cell not in whole.dead:
            whole.dead.add(self.cell)
            whole.crashes[self.cell] = {"error": "TimedOut" if outcome == TIMED_OUT else "", "text": text}
        else:
            whole.failure = outcome, text  # there is nothing to leave out
