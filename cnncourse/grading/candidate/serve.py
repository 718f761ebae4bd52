"""Run one submission: its cells, and what the judge asks of the answers that they hand in."""

import builtins
import contextlib
import linecache
import os
import signal
import sys
import types

from cnncourse import exercises  # the stub
from cnncourse.exercises import _probe
from cnncourse.exercises._limit import TimedOut, time_limit
from cnncourse.exercises._perform import perform
from cnncourse.exercises._pristine import pristine
from cnncourse.exercises._probe import crash_of

from .shell import Shell
from .values import COURSE, SPECIAL, defined


def serve(channel):
    """Take a program from the judge, run it, and answer until nothing more is asked."""
    submission = Submission(channel, channel.receive())
    submission.run()
    channel.send({"ended": True})
    while name := channel.receive().get("find"):
        submission.find(name)
        channel.send({"ended": True})


_probe._LIBRARIES += (os.path.dirname(__file__), COURSE)  # no line of ours is a student's


class Submission:
    """The notebook's namespace, and what has been handed in from it."""

    def __init__(self, channel, program):
        self.channel, self.cells, self.seconds = channel, program["cells"], program["seconds"]
        self.handed, self.fetched = {}, []  # answers by name; versions of the course's
        exercises.hand_in, exercises.fetch, exercises.NAMES = self.hand_in, self.fetch, set(program["names"])
        main = types.ModuleType("__main__")
        self.space = vars(main)
        shell = Shell(self.space)
        helpers = {
            name: getattr(exercises, name) for name in ("check", "hint", "solution", "yours", "progress")
        }
        self.space |= helpers | {
            "__builtins__": builtins,
            "get_ipython": lambda: shell,
            "display": shell.display,
        }
        self.shell = shell
        sys.modules["__main__"] = main

    def run(self):
        """Run every cell; one that fails costs the others nothing."""
        for index, cell in enumerate(self.cells):
            self.channel.send({"cell": index})
            crash = self._run_cell(f"<cell {cell['cell']}>", cell["source"], cell["pieces"])
            if crash:
                self.channel.send({"crash": crash, "in": index})

    def _run_cell(self, file, source, pieces):
        linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
        try:
            with time_limit(self.seconds):
                for text, line in pieces or [(source, 1)]:
                    code = "\n" * (line - 1) + text if line > 1 else text
                    exec(self.shell.compile(code, file), self.space)
        except TimedOut:
            return {
                "error": "TimedOut",
                "text": f"This cell was still running after {self.seconds:g} seconds.",
            }
        except BaseException as error:
            return _syntax(error) if isinstance(error, SyntaxError) else crash_of(error)
        return None

    def hand_in(self, name, candidate):
        """Let the judge say what is to be done with an answer, and tell it what came of that."""
        with _clock_stopped():
            self.channel.send({"check": name})
            task = self.channel.receive(special=SPECIAL).get("task")
            self.handed[name] = candidate  # one that an earlier child handed in is `yours` too
            if task is not None:
                with pristine():
                    transcript = perform(candidate, task)
                self.channel.send({"transcript": transcript})

    def fetch(self, name):
        """What `yours` returns."""
        with _clock_stopped():
            self.channel.send({"yours": name})
            reply = self.channel.receive()
        if reply.get("own"):
            return self.handed[name]
        if "source" in reply:
            self.fetched.append(defined(reply["source"]))
            return self.fetched[-1]
        raise ValueError(reply["refused"])

    def find(self, name):
        """Hand in what the notebook calls `name` at its end, unless that was handed in before."""
        with contextlib.suppress(KeyError):
            candidate = self.space[name]
            if all(candidate is not known for known in (self.handed.get(name, self), *self.fetched)):
                self.hand_in(name, candidate)


@contextlib.contextmanager
def _clock_stopped():
    """A cell's time is its own: a check has another, and no message may end in the middle."""
    if not hasattr(signal, "setitimer"):
        yield  # the watchdog's interrupt is a KeyboardInterrupt, which ends the submission
        return
    left = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)


def _syntax(error):
    """A cell that does not compile has no frame of its own: its line is in the error."""
    return {
        "error": type(error).__name__,
        "text": str(error.msg)[:600],
        "line": (error.text or "").strip()[:200],
        "number": error.lineno or 0,
        "function": "<module>",
    }
