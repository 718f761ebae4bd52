"""Grade one notebook: pick its program, let a child run it, judge what comes back."""

import hashlib
import time

import torch

from ..exercises import EXERCISES, _own
from ..exercises._exercise import _crash_sentence
from ..exercises._verdict import CRASHED, NOT_ATTEMPTED, TIMED_OUT, Verdict
from ._conversation import Conversation
from ._flags import flags
from ._levels import Level
from ._limits import Limits
from ._program import Unreadable, chapter_code, checked, program, sources
from ._sandbox import Lost, Zygote
from .private import chapter_paths

POOL = 4  # seeds: expected values are computed once for each
TEXT = 4_000  # characters of a message that are kept


class Grader:
    """Grades notebooks at an isolation level. One for each worker process: it holds one zygote.

    `private` is a folder with an instructor's own exercises. `secret` makes the seeds of the examples those of
    a class: the same secret, the same scores. Raises LevelError where the level does not start.
    """

    def __init__(self, level, *, private=None, limits=Limits(), secret=""):
        torch.set_num_threads(1)
        self.level, self.limits, self.secret = Level(level), limits, secret
        if private is not None:
            _own.load(private)
        self.paths = chapter_paths(private)
        self.zygote = Zygote(self.level, limits, modules=_modules())

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the zygote."""
        self.zygote.close()

    def grade(self, notebook, chapter):
        """The result of one submission, as JSON-able dict; what a submission is or does raises nothing.

        Raises KeyError for a chapter that does not exist, and LevelError where the zygote cannot start again.
        """
        start = time.perf_counter()
        shipped = chapter_code(self.paths[chapter])
        seed = self._seed(notebook)
        result = {"problem": "", "level": str(self.level), "limits": self.zygote.bounded, "seed": seed}
        try:
            if len(notebook) > self.limits.notebook:
                raise Unreadable(f"The file has {len(notebook) / 1e6:.0f} MB, more than a notebook may have.")
            graded = self._graded(sources(notebook), shipped, seed)
        except Unreadable as error:
            result["problem"] = str(error)
            graded = {
                name: entry(Verdict(name, NOT_ATTEMPTED, "Not attempted yet.")) for name in checked(shipped)
            }
        return result | {"seconds": round(time.perf_counter() - start, 3), "exercises": graded}

    def _seed(self, notebook):
        """One of a few seeds, by what was handed in: the same file is always asked the same."""
        which = hashlib.sha256(notebook).digest()[0] % POOL
        return int.from_bytes(hashlib.sha256(f"{self.secret}/{which}".encode()).digest()[:4]) >> 2

    def _graded(self, code, shipped, seed):
        exercises = {name: EXERCISES[name] for name in checked(shipped)}
        chosen = program(code, shipped)
        talk = self._talk(exercises, chosen, seed)
        if _lacks_a_name(talk):
            chosen = program(code, shipped, everything=True)
            talk = self._talk(exercises, chosen, seed)
        return {name: self._entry(name, exercises[name], talk, chosen) for name in exercises}

    def _talk(self, exercises, chosen, seed):
        """A conversation that has come to its end; a lost zygote is replaced once."""
        for attempt in (1, 2):
            talk = Conversation(self.zygote, exercises, chosen, seed, self.limits)
            try:
                talk.run()
                break
            except Lost:
                talk.lost = attempt
        return talk

    def _entry(self, name, exercise, talk, chosen):
        verdict = final(name, talk, chosen)
        return entry(verdict) | {
            "flags": flags(exercise, chosen.used[name], talk.shortcuts[name]),
            "seconds": round(talk.seconds[name], 3),
            "answer": chosen.answers[name],
        }


def final(name, talk, chosen):
    """The verdict that counts: the last answer that was more than a stub."""
    attempted = [verdict for verdict in talk.verdicts[name] if verdict.outcome != NOT_ATTEMPTED]
    if attempted:
        return attempted[-1]
    if talk.lost:
        return (
            Verdict(name, CRASHED, LOST)
            if chosen.homes[name]
            else Verdict(name, NOT_ATTEMPTED, "Not attempted yet.")
        )
    crashes = [talk.crashes[cell] for cell in chosen.homes[name] if cell in talk.crashes]
    if crashes and not talk.verdicts[name]:
        crash = crashes[-1]
        late = crash["error"] == "TimedOut"
        text = crash["text"] if late else f"The cell stops before its check. {_crash_sentence(crash)}"
        return Verdict(name, TIMED_OUT if late else CRASHED, text, crash=crash)
    return Verdict(name, NOT_ATTEMPTED, "Not attempted yet.")


LOST = "This submission ended the process that runs submissions, twice; nothing of it could be graded."


def entry(verdict):
    """A verdict as plain data."""
    return {
        "outcome": verdict.outcome,
        "score": float(verdict.passed),
        "message": verdict.message[:TEXT],
        "difference": verdict.difference[:TEXT],
        "mistake": verdict.mistake,
        "printed": verdict.printed[:TEXT] if isinstance(verdict.printed, str) else "",
        "crash": verdict.crash,
        "flags": [],
        "seconds": 0.0,
        "answer": "",
    }


def _lacks_a_name(talk):
    """Whether something was not found that the rest of the student's cells may make."""
    crashes = [
        *talk.crashes.values(),
        *(v.crash for given in talk.verdicts.values() for v in given if v.crash),
    ]
    return any(crash.get("error") == "NameError" for crash in crashes)


def _modules():
    """What a chapter's first cells import: loaded before the first submission."""
    return (
        "numpy",
        "torch",
        "torch.nn.functional",
        "cnncourse.data",
        "cnncourse.models",
        "cnncourse.training",
    )
