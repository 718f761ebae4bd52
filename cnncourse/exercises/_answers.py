"""The kinds of exercise whose answer is no code: a value, a choice, a counterexample."""

import ast
import inspect
import textwrap

import numpy as np
import torch

from ._compare import Difference, agree, compare, kind_name, number, outline
from ._exercise import Exercise, Mistake
from ._probe import leaves, plain
from ._verdict import WRONG


class AnswerExercise(Exercise):
    """An answer that is a value rather than code: nothing runs but the comparison."""

    def task(self, seed):
        return "answer", {}

    afterword = ""  # the reply to a right answer has said it

    def beside(self, difference):
        return ""

    def named(self, name):
        """This exercise, called `name`."""
        self.name = name
        return self


class ValueExercise(AnswerExercise):
    """Predict a number or a shape. `answer` is a value, or a function that computes it; `wrong` maps the
    commonest wrong values to what their author reads."""

    kind = "value"

    def __init__(self, answer, *, wrong, rtol=1e-3, right="Right.", **about):
        super().__init__(answer() if callable(answer) else answer, **about)
        self.rtol, self.right = rtol, right
        self.mistakes = [Mistake(value, message) for value, message in wrong.items()]

    @property
    def source(self):
        return f"{self.name} = {self.reference!r}"

    def praise(self, transcript, seed):
        return self.right

    def compare(self, got, want):
        got, want = _values_of(got["output"]), _values_of(want["output"])
        if got is None:
            return Difference(
                "type",
                "Give a number, such as 42."
                if want.ndim == 0
                else "Give whole numbers in parentheses, such as (1, 2).",
            )
        if got.shape != want.shape:
            return Difference("shape", f"You gave {got.size} numbers; expected {want.size}.")
        if agree(got, want, self.rtol if want.dtype.kind == "f" else 0, 1e-12).all():
            return None
        return Difference("values", f"{_said(got)} is not it.")


def _said(array):
    return number(array) if array.ndim == 0 else f"({', '.join(number(x) for x in array)})"


def _values_of(described):
    """A number or a flat sequence of numbers as an array; None for anything else."""
    if described["kind"] == "sequence":
        items = [_values_of(item) for item in described["items"]]
        return None if any(item is None or item.ndim for item in items) else np.array(items)
    array = described.get("array")
    return array if array is not None and array.dtype.kind in "iuf" and described["kind"] != "text" else None


class ChoiceExercise(AnswerExercise):
    """A question with a reply to every choice: `replies` maps a letter to (the choice, its reply)."""

    kind = "choice"

    def __init__(self, answer, *, replies, **about):
        super().__init__(answer, **about)
        self.replies = replies
        self.mistakes = [Mistake(key, reply) for key, (_, reply) in replies.items() if key != answer]

    @property
    def source(self):
        return f"{self.name} = {self.reference!r}"

    def task(self, seed):
        return "answer", {"letter": True}

    def praise(self, transcript, seed):
        return self.replies[self.reference][1]

    def compare(self, got, want):
        key = got["output"].get("text")
        if key not in self.replies:
            letters = ", ".join(f'"{key}"' for key in self.replies)
            return Difference("type", f"Answer with one of {letters}.")
        return None if key == want["output"]["text"] else Difference("values", "Not this one.")

    def alike(self, got, mistaken):
        return got["output"].get("text") == mistaken["output"]["text"]


class CounterexampleExercise(AnswerExercise):
    """Find an input on which a wrong version fails.

    The reference is a function that returns one such tuple of arguments. `wrong` and `right` are the two
    versions; `valid(*arguments)` returns what is not allowed about them, in a sentence, or None.
    """

    kind = "counterexample"

    def __init__(self, reference, *, wrong, right, valid=lambda *arguments: None, **about):
        super().__init__(reference, **about)
        self.wrong, self.right, self.valid = wrong, right, valid

    @property
    def source(self):
        """The assignment that stands before its check: what the reference returns."""
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.reference)))
        body = tree.body[0].body
        returned = next(node for node in reversed(body) if isinstance(node, ast.Return)).value
        return f"{self.name} = {ast.unparse(returned)}"

    def run(self, candidate, seed):
        return super().run(candidate() if candidate is self.reference else candidate, seed)

    def fault(self, records, seed):
        if "crash" in records[0]:
            return super().fault(records, seed)
        if problem := self._problem(records[0]["output"]):
            return WRONG, 0, Difference("values", problem)
        return None

    def _problem(self, described):
        """Why a handed-in example is none, or None."""
        arguments = _from_plain(described)
        if not isinstance(arguments, tuple):
            return f"Hand in the arguments as a tuple; this is {kind_name(described)}."
        want_count = len(inspect.signature(self.right).parameters)
        if len(arguments) != want_count:
            return f"Hand in {want_count} arguments; these are {len(arguments)}."
        try:
            if problem := self.valid(*arguments):
                return problem
            ours, theirs = plain(self.right(*arguments)), plain(self.wrong(*arguments))
        except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
            return f"These arguments do not work at all: {error}"
        return None if compare(theirs, ours) else "Both versions agree on this one."

    def alike(self, got, mistaken):
        a, b = list(leaves(got["output"])), list(leaves(mistaken["output"]))
        return outline(got["output"]) == outline(mistaken["output"]) and all(
            not isinstance(x[2], np.ndarray) or bool(agree(x[2], y[2]).all())
            for x, y in zip(a, b, strict=True)
        )


def _from_plain(described):
    """Tensors, numbers, text and tuples back from their plain description."""
    if described["kind"] == "sequence":
        return tuple(_from_plain(item) for item in described["items"])
    if described.get("array") is None:
        return described.get("text")
    return (
        described["array"].item()
        if described["kind"] == "number"
        else torch.from_numpy(described["array"].copy())
    )
