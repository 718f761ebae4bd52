"""One definition of an exercise serves the learner, the class and the tests.

An exercise runs an answer (`probe`, beside the learner's code) and compares the transcript with that of the
reference (`judge`). Every kind shares the pipeline here; the kinds are in `_kinds.py`.
"""

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import lru_cache

from ._compare import Difference
from ._draw import Draw
from ._perform import perform
from ._pristine import pristine
from ._verdict import CRASHED, NOT_ATTEMPTED, PASSED, TIMED_OUT, WRONG, Verdict


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that runs, and the message that it deserves."""

    candidate: object
    message: str


class Exercise:
    """What a learner is asked for: a reference, examples, hints, and wrong answers with their messages.

    `level` 1–3, `minutes` and `lines` tell a learner what to expect; `why` is the word that goes with the
    solution; `seconds` bounds one check; `equivalent` explains mutants of the reference
    that are no mistakes: a fragment of the mutant's line → why it is right.
    """

    kind = "exercise"

    def __init__(
        self, reference, *, level=1, minutes=5, lines=None, hints=(), why="", seconds=10.0, equivalent=None
    ):
        self.reference, self.name, self.chapter = reference, getattr(reference, "__name__", None), None
        self.level, self.minutes, self.lines = level, minutes, lines
        self.hints, self.why, self.seconds, self.equivalent = tuple(hints), why, seconds, equivalent or {}
        self.mistakes, self.alternatives, self.make_examples = [], [], None
        self._transcript = lru_cache(maxsize=512)(self._transcript)

    def __call__(self, *arguments, **options):
        return self.reference(*arguments, **options)

    def __repr__(self):
        return f"<exercise {self.name}: {self.kind}, level {self.level}, chapter {self.chapter}>"

    # -- authoring ------------------------------------------------------------------------------------------

    def examples(self, make):
        """Decorator: `make(draw)` yields the arguments of one call after another, smallest first."""
        self.make_examples = make
        return make

    def mistake(self, message):
        """Decorator: a wrong answer that runs, and what its author should read."""

        def keep(candidate):
            self.mistakes.append(Mistake(candidate, message))
            return candidate

        return keep

    def alternative(self, candidate):
        """Decorator: another right answer, for the tests."""
        self.alternatives.append(candidate)
        return candidate

    @property
    def source(self):
        """The solution as it stands in a notebook."""
        return definition_source(self.reference)

    # -- probing and judging --------------------------------------------------------------------------------

    def inputs(self, seed=0):
        """The arguments of every example, drawn from `seed`."""
        return [
            example if isinstance(example, tuple) else (example,)
            for example in self.make_examples(Draw(seed))
        ]

    def task(self, seed):
        """(kind, options): all that `perform` needs to run an answer at `seed`, and no reference."""
        raise NotImplementedError

    def run(self, candidate, seed):
        """What `candidate` does on the examples of `seed`, as a plain transcript."""
        return perform(candidate, self.task(seed))

    def probe(self, candidate, seed=0):
        """Transcript of a learner's answer: runs their code, compares nothing."""
        with pristine():
            return self.run(candidate, seed)

    def judge(self, transcript, seed=0):
        """Verdict on a transcript."""
        records = transcript["records"]
        with pristine():
            if all(record.get("stub") for record in records):
                return Verdict(self.name, NOT_ATTEMPTED, "Not attempted yet.")
            fault = self.fault(records, seed)
            if fault is not None:
                return self._explain(fault, records, seed)
            return Verdict(self.name, PASSED, self.praise(transcript, seed), difference=self.afterword)

    def grade(self, candidate, seed=0):
        """Probe and judge in one, as a notebook does it."""
        return self.judge(self.probe(candidate, seed), seed)

    def praise(self, transcript, seed):
        """What a right answer reads."""
        return "Right."

    def beside(self, difference):
        """What a recognised cause leaves to say."""
        return difference.text

    @property
    def afterword(self):
        """What is worth knowing once the answer is right."""
        return self.why

    def compare(self, got, want):
        """First `Difference` of two records that both ran to their end."""
        raise NotImplementedError

    def shortcut(self, got, want):
        """The first function that would do the whole job and that the reference does without."""
        called = [name for name in got["shortcuts"] if name not in want["shortcuts"]]
        return Difference("shortcut", self.shortcuts[called[0]]) if called else None

    def alike(self, got, mistaken):
        """Whether a record behaves as that of a mistake."""
        return self.compare(got, mistaken) is None

    def outline(self, record):
        """What a record looks like from the outside, to guess a cause; None to guess nothing."""
        return None

    def scene(self, index, got, want, difference, seed):
        """What there is to draw of a failing example."""
        return None

    def _transcript(self, which, seed):
        """Transcript of the reference (`which` −1) or of a mistake: computed once a seed."""
        candidate = self.reference if which < 0 else self.mistakes[which].candidate
        return self.run(candidate, seed)["records"]

    def fault(self, records, seed):
        """(outcome, index of the example, difference) of the first record that is not right."""
        expected = self._transcript(-1, seed)
        for index, (got, want) in enumerate(zip(records, expected, strict=False)):
            if "timeout" in got:
                return TIMED_OUT, index, Difference("time", _timeout_sentence(got["timeout"]))
            if "crash" in got:
                return (
                    CRASHED,
                    index,
                    Difference("crash", _crash_sentence(got["crash"]) + self._call(got["crash"])),
                )
            if difference := self.compare(got, want):
                return WRONG, index, difference
        if len(records) < len(expected):  # a transcript from elsewhere may be cut short
            return WRONG, len(records) - 1, Difference("structure", "Not every example was run.")
        return None

    def _call(self, crash):
        """How the answer is called, for one that could not be."""
        if crash["error"] != "TypeError" or crash.get("line") or not callable(self.reference):
            return ""
        return f". It is called as the chapter says: `{self.name}{inspect.signature(self.reference)}`."

    def _explain(self, fault, records, seed):
        outcome, index, difference = fault
        if outcome == TIMED_OUT:
            return Verdict(self.name, outcome, difference.text, what="time")
        number, guess = self._cause(records, seed)
        message = self.mistakes[number].message if number is not None else difference.text
        record, want = records[index], self._transcript(-1, seed)[index]
        return Verdict(
            self.name,
            outcome,
            message,
            difference=" ".join(filter(None, [self.beside(difference) if number is not None else "", guess])),
            what=difference.what,
            scene=self.scene(index, record, want, difference, seed),
            crash=record.get("crash"),
            printed=record.get("printed", ""),
            mistake=number,
        )

    def _cause(self, records, seed):
        """(number of the mistake that the answer behaves like or None, a guess from shapes alone or "")."""
        close = [n for n in range(len(self.mistakes)) if self._behaves_like(records, n, seed)]
        if close:
            return min(close, key=lambda n: not self.exactly(records, self._transcript(n, seed))), ""
        seen = [self.outline(record) for record in records]
        if None in seen or seen == [self.outline(record) for record in self._transcript(-1, seed)]:
            return None, ""
        look = {
            mistake.message
            for n, mistake in enumerate(self.mistakes)
            if seen == [self.outline(record) for record in self._transcript(n, seed)]
        }
        return None, f"Perhaps: {look.pop()}" if len(look) == 1 else ""

    def exactly(self, records, mistaken):
        """Whether two transcripts agree in all that was seen, to prefer one of several close mistakes."""
        return True

    def _behaves_like(self, records, number, seed):
        """Whether an answer does what mistake `number` does."""
        return self._acts_alike(records, self._transcript(number, seed))

    def _acts_alike(self, records, mistaken):
        if len(records) != len(mistaken):
            return False
        return all(
            got["crash"]["error"] == wrong["crash"]["error"] if "crash" in got and "crash" in wrong
            else "crash" not in got and "crash" not in wrong and self.alike(got, wrong)
            for got, wrong in zip(records, mistaken, strict=True)
        )  # fmt: skip


def _timeout_sentence(seconds):
    return (
        f"Still running after {seconds:g} seconds, so it was stopped. Is there a loop that never ends? "
        "(One long call into a library ends only when it returns.)"
    )


def _crash_sentence(crash):
    where = f" in your line {crash['number']}: {crash['line']}" if crash.get("line") else ""
    return f"{crash['error']}: {crash['text']}{where}" if crash["text"] else f"{crash['error']}{where}"


def definition_source(thing):
    """The text of a function or class without its decorators."""
    source = textwrap.dedent(inspect.getsource(thing))
    first = ast.parse(source).body[0].lineno  # of `def` or `class`: decorators come before it
    return "\n".join(source.splitlines()[first - 1 :]).rstrip()
