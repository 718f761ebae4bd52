"""Grade one notebook: pick its program, let a child run it, judge what comes back."""

import hashlib
import re
import sys
import time

import torch

from ..exercises import EXERCISES
from ..exercises._exercise import _crash_sentence
from ..exercises._limit import TimedOut, time_limit
from ..exercises._probe_module import is_meta
from ..exercises._verdict import CRASHED, NOT_ATTEMPTED, TIMED_OUT, Verdict
from ._conversation import Conversation
from ._flags import flags
from ._judge import clean, entry, untouched
from ._levels import Level
from ._limits import DEFAULT
from ._program import Unreadable, chapter_code, checked, program, sources
from ._sandbox import Lost, Zygote
from ._spawn import Spawner
from .private import chapter_paths, complete, load, try_out

SORTING = 5.0  # seconds to find out what is run of a submission
POOL = 4  # seeds: expected values are computed once for each
WARM = tuple(f"cnncourse.{name}" for name in ("arithmetic", "data", "layers", "models", "ops", "optimizers",
             "pooling", "training"))  # fmt: skip
META = "torch._dynamo"  # the first visit to the meta device loads it, in two seconds
AGAIN = "Open it in Jupyter, see that everything is there, save it and hand it in again."
LOST = "This submission ended the process that runs submissions, twice: nothing of it could be graded."


class Grader:
    """Grades notebooks at an isolation level. One for each worker process: it holds one zygote.

    `chapters` are those that it is for (None: all). `private` is a folder with an instructor's own exercises.
    `secret` makes the examples those of a class: the same secret, the same scores. Raises LevelError where
    the level does not start, PrivateError for exercises of an instructor's own that cannot be graded.
    """

    def __init__(self, level, *, chapters=None, private=None, limits=DEFAULT, secret=""):
        torch.set_num_threads(1)
        self.level, self.limits, self.secret = Level(level), limits, secret
        if private is not None:
            try_out(load(private), self.seeds)
        self.paths = chapter_paths(private)
        self.zygote = self._children(self._modules(chapters))

    def _modules(self, chapters):
        """What is loaded before there is a child. Raises PrivateError for a check of what nobody has."""
        if chapters is None:
            return *WARM, META
        names = {stem: checked(chapter_code(self.paths[stem])) for stem in chapters}
        complete(names)
        modules = [ex for found in names.values() for ex in map(EXERCISES.get, found) if ex.kind == "module"]
        on_meta = any(is_meta(example) for exercise in modules for example in exercise.inputs())
        return (*WARM, META) if on_meta else WARM

    def _children(self, modules):
        """Where children come from: a zygote, or where none can be forked, new processes."""
        if sys.platform == "linux" or self.level == Level.SANDBOXED:
            return Zygote(self.level, self.limits, modules)
        return Spawner(self.limits, modules)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def close(self):
        """End the zygote."""
        self.zygote.close()

    def grade(self, notebook, chapter):
        """The result of one submission (bytes) as a JSON-able dict; what it is or does raises nothing.

        Raises KeyError for a chapter that does not exist, LevelError where the zygote cannot start again.
        """
        start = time.perf_counter()
        shipped = chapter_code(self.paths[chapter])
        seed = self._seed(notebook)
        try:
            if len(notebook) > self.limits.notebook:
                raise Unreadable(f"The file has {len(notebook) / 1e6:.0f} MB: more than a notebook may have.")
            problem, graded = "", self._graded(sources(notebook), shipped, seed)
        except Unreadable as error:
            problem = f"{error} {AGAIN}"
            graded = {name: untouched(name) | NOTHING for name in checked(shipped)}
        return {
            "problem": problem,
            "level": str(self.level),
            "limits": self.zygote.bounded,
            "seed": seed,
            "seconds": round(time.perf_counter() - start, 3),
            "exercises": graded,
        }

    @property
    def seeds(self):
        """The few seeds that the examples of a class are drawn from."""
        digests = [hashlib.sha256(f"{self.secret}/{which}".encode()).digest() for which in range(POOL)]
        return [int.from_bytes(digest[:4], "big") >> 2 for digest in digests]

    def _seed(self, notebook):
        """One of them, by what was handed in: the same file is always asked the same."""
        return self.seeds[hashlib.sha256(notebook).digest()[0] % POOL]

    def _graded(self, code, shipped, seed):
        exercises = {name: EXERCISES[name] for name in checked(shipped)}
        chosen = _sorted_out(code, shipped)
        found = self._run(exercises, chosen, seed)
        if _something_missing(found, chosen.left_out):
            again = self._run(exercises, _sorted_out(code, shipped, everything=True), seed)
            found |= {name: e for name, e in again.items() if e["score"]}
        return found

    def _run(self, exercises, chosen, seed):
        """{name: entry} of one run; a lost zygote is replaced, once."""
        for lost in (False, True):
            talk = Conversation(self.zygote, exercises, chosen, seed, self.limits)
            try:
                talk.run()
                break
            except Lost:
                if lost:
                    return {name: _lost(name, chosen) for name in exercises}
        return {name: self._entry(exercise, talk, chosen) for name, exercise in exercises.items()}

    def _entry(self, exercise, talk, chosen):
        name = exercise.name
        return final(name, talk, chosen) | {
            "flags": flags(exercise, chosen.used[name], talk.called[name]),
            "seconds": round(talk.seconds[name], 3),
            "answer": clean(chosen.answers[name]),
        }


def _sorted_out(code, shipped, **how):
    """The program of a submission; code that is made to be hard to sort out costs no more than a while."""
    try:
        with time_limit(SORTING):
            return program(code, shipped, **how)
    except TimedOut:
        raise Unreadable("The notebook's code takes too long to sort out.") from None


NOTHING = {"flags": [], "seconds": 0.0, "answer": ""}


def final(name, talk, chosen):
    """The entry that counts: of the last answer that was more than a stub."""
    attempted = [e for e in talk.entries[name] if e["outcome"] != NOT_ATTEMPTED]
    if attempted:
        return attempted[-1]
    crashes = [talk.crashes[place] for place in chosen.homes[name] if talk.crashes.get(place)]
    if talk.entries[name] or not chosen.homes[name]:
        return untouched(name)
    if not crashes:
        return entry(Verdict(name, *talk.failure)) if talk.failure else untouched(name)
    crash = crashes[-1]
    if crash["error"] in ("", "TimedOut"):  # the cell was stopped, and there is no line to show
        return entry(Verdict(name, TIMED_OUT if crash["error"] else CRASHED, crash["text"]))
    sentence = f"The cell stops before its check. {_crash_sentence(crash)}"
    return entry(Verdict(name, CRASHED, sentence, crash=crash))


def _lost(name, chosen):
    """The entry of an exercise whose submission cost the zygote its life, twice."""
    answered = untouched(name) if not chosen.homes[name] else entry(Verdict(name, CRASHED, LOST))
    return answered | NOTHING | {"answer": clean(chosen.answers[name])}


def _something_missing(found, left_out):
    """Whether an answer failed for a name that the rest of what the student wrote may make."""
    texts = [e["crash"]["text"] for e in found.values() if e["crash"] and e["crash"]["error"] == "NameError"]
    names = {name for text in texts for name in re.findall(r"'(\w+)'", text)}
    return bool(names & set(re.findall(r"\w+", left_out)))
