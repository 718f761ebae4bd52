"""The kinds of exercise: function, module, value, choice, counterexample."""

import ast
import inspect
import textwrap

import numpy as np
import torch

from ._compare import Difference, agree, arrays_agree, compare, kind_name, number, outline
from ._exercise import Exercise, Mistake
from ._probe import leaves, plain, probe_function
from ._probe_module import MODES, probe_module
from ._verdict import NOT_ATTEMPTED, PASSED, WRONG, Verdict


class FunctionExercise(Exercise):
    """Write a function; it is called on every example, and what it returns is compared.

    `gradients=True` also compares the gradient to every floating-point argument. `shortcuts` maps the torch
    functions that would do the whole job ("conv2d") to what somebody who calls one reads.
    `observe(candidate, *arguments)` makes the calls itself where the answer is not what is returned.
    """

    kind = "function"

    def __init__(
        self, reference, *, gradients=False, shortcuts=None, observe=None, rtol=1e-4, atol=1e-5, **about
    ):
        super().__init__(reference, **about)
        self.gradients, self.shortcuts, self.observe = gradients, shortcuts or {}, observe
        self.tolerance = {"rtol": rtol, "atol": atol}

    def run(self, candidate, seed):
        return probe_function(
            candidate,
            self.inputs(seed),
            gradients=self.gradients,
            shortcuts=tuple(self.shortcuts),
            observe=self.observe,
            seconds=self.seconds,
        )

    def compare(self, got, want):
        for operator in got["shortcuts"]:
            if operator not in want["shortcuts"]:
                return Difference("shortcut", self.shortcuts[operator])
        if difference := compare(got["output"], want["output"], **self.tolerance):
            return difference
        if got["changed"] != want["changed"]:
            return Difference("inputs", self._changed_sentence(set(got["changed"]) ^ set(want["changed"])))
        return self._compare_gradients(got["gradients"], want["gradients"])

    def _changed_sentence(self, positions):
        names = list(inspect.signature(self.reference).parameters)
        changed = ", ".join(f"`{names[i]}`" for i in sorted(positions))
        return f"Your code changes its input {changed} in place. Work on a copy: the caller still needs it."

    def _compare_gradients(self, got, want):
        if want is None or arrays_agree(got, want, **self.tolerance):
            return None
        if all(g is None for g in got):
            return Difference("gradient", "The values are right, but no gradient flows back to the input. "
                              "Did `.item()`, `.detach()`, `float()` or NumPy cut it off?")  # fmt: skip
        names = list(inspect.signature(self.reference).parameters)
        wrong = [
            names[i] for i, (g, w) in enumerate(zip(got, want, strict=True)) if not arrays_agree([g], [w])
        ]
        return Difference("gradient", f"The values are right, but the gradient to `{wrong[0]}` is not.")

    def outline(self, record):
        return outline(record["output"]) if "output" in record else None

    def scene(self, index, got, want, difference, seed):
        names = list(inspect.signature(self.observe or self.reference).parameters)[bool(self.observe) :]
        arguments = self.inputs(seed)[index]
        names += [f"{names[-1]}[{i}]" for i in range(1, 1 + len(arguments) - len(names))]
        return {
            "arguments": [(name, plain(value)) for name, value in zip(names, arguments, strict=False)],
            "got": got.get("output"),
            "want": want.get("output"),
            "path": difference.path,
            "index": difference.index,
        }


class ModuleExercise(Exercise):
    """Write an `nn.Module`; the judge chooses every number, and names do not matter.

    An example is `(options, input, …)`: `candidate(**options)` is built and called. An input on the meta
    device asks for shapes and counts alone, for networks too large to run in a check.
    """

    kind = "module"
    tolerance = {"float64": {"rtol": 1e-6, "atol": 1e-8}, "float32": {"rtol": 1e-3, "atol": 1e-4}}  # noqa: RUF012

    def run(self, candidate, seed):
        return probe_module(candidate, self.inputs(seed), seed=seed, seconds=self.seconds)

    def compare(self, got, want):
        if difference := _compare_manifest(got["tensors"], want["tensors"]):
            return self._shape_first(got, want) or difference
        return self._compare_rounds(got, want)

    def _shape_first(self, got, want):
        """Another output type or shape says more than a missing parameter."""
        difference = compare(got["first"]["eval"]["output"], want["first"]["eval"]["output"])
        return difference if difference and difference.what in ("type", "structure", "shape") else None

    def _compare_rounds(self, got, want):
        if got.get("meta"):
            return compare(got["first"]["eval"]["output"], want["first"]["eval"]["output"])
        tolerance = self.tolerance[min(got["precision"], want["precision"])]
        for what in ("first", "second"):
            for mode in MODES:
                if difference := _compare_mode(got[what][mode], want[what][mode], mode, tolerance):
                    return difference
        return None

    def alike(self, got, mistaken):
        """Outputs and input gradients of the first round: what a mistake does, whatever else it registers."""
        if got.get("meta") or mistaken.get("meta"):
            return compare(got["first"]["eval"]["output"], mistaken["first"]["eval"]["output"]) is None
        return all(
            compare(got["first"][mode]["output"], mistaken["first"][mode]["output"], 1e-6, 1e-8) is None
            and arrays_agree(got["first"][mode]["inputs"], mistaken["first"][mode]["inputs"], 1e-6, 1e-8)
            and got["first"][mode]["changed"] == mistaken["first"][mode]["changed"]
            for mode in MODES
        )

    def exactly(self, records, mistaken):
        return all("crash" in g or self.compare(g, m) is None for g, m in zip(records, mistaken, strict=True))

    def _behaves_like(self, records, mistaken):
        """A mistake that differs from the reference only in what it registers must agree in everything."""
        if not super()._behaves_like(records, mistaken):
            return False
        return self.exactly(records, mistaken) or not super()._behaves_like(mistaken, self._transcript(-1, 0))

    def outline(self, record):
        return (
            None if "first" not in record else [outline(record["first"]["eval"]["output"]), record["tensors"]]
        )


def _compare_manifest(got, want):
    extra = [item for item in got if got.count(item) > want.count(item)]
    lacking = [item for item in want if want.count(item) > got.count(item)]
    for kind, shape in [*lacking, *extra]:
        have, need = got.count((kind, shape)), want.count((kind, shape))
        text = f"{have} {kind}{'' if have == 1 else 's'} of shape {tuple(shape)}; expected {need}."
        return Difference("structure", f"Your module has {text}")
    return None


def _compare_mode(got, want, mode, tolerance):
    if difference := compare(got["output"], want["output"], **tolerance):
        text = f"In {mode} mode: {difference.text}"
        return Difference(difference.what, text, difference.path, difference.index)
    if got["changed"] != want["changed"]:
        return Difference("inputs", f"In {mode} mode your module changes its input in place.")
    if not arrays_agree(got["inputs"], want["inputs"], **tolerance):
        return Difference(
            "gradient", f"In {mode} mode the output is right, but the gradient to the input is not."
        )
    return _compare_tensors(got["tensors"], want["tensors"], mode, tolerance)


def _compare_tensors(got, want, mode, tolerance):
    """Gradients and running statistics, tensor by tensor; names one that is like none of the reference's."""
    wrong = [
        g for g, w in zip(got, want, strict=True) if not arrays_agree([g["array"]], [w["array"]], **tolerance)
    ]
    if not wrong:
        return None
    odd = [g for g in wrong if not any(arrays_agree([g["array"]], [w["array"]], **tolerance) for w in want)]
    tensor = (odd or wrong)[0]
    if tensor["array"] is None:
        return Difference(
            "gradient", f"The output does not depend on `{tensor['name']}`: no gradient reaches it."
        )
    if tensor["kind"] == "parameter":
        what, text = "gradient", f"the gradient of `{tensor['name']}`"
    else:
        what, text = "running statistics", f"the buffer `{tensor['name']}` after a step"
    return Difference(what, f"In {mode} mode the output is right, but {text} is not.")


class AnswerExercise(Exercise):
    """An answer that is a value rather than code: nothing runs but the comparison."""

    def run(self, candidate, seed):
        if candidate is None or candidate is Ellipsis:
            return {"records": [{"stub": True, "printed": ""}]}
        return {"records": [{"output": plain(candidate), "printed": ""}]}

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

    def run(self, candidate, seed):
        if isinstance(candidate, str):
            candidate = candidate.strip().strip("().").lower()
        return super().run(candidate, seed)

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
    if described["kind"] in ("tensor", "array"):
        return torch.from_numpy(described["array"].copy())
    return described["array"].item() if described["kind"] == "number" else described.get("text")


def exercise(reference=None, **about):
    """An exercise from a function or an `nn.Module` class: as a decorator, or called with a reference."""
    if reference is None:
        return lambda reference: exercise(reference, **about)
    is_module = inspect.isclass(reference) and issubclass(reference, torch.nn.Module)
    return (ModuleExercise if is_module else FunctionExercise)(reference, **about)


def value(answer, *, wrong, **about):
    """A number or a shape to predict; see `ValueExercise`."""
    return ValueExercise(answer, wrong=wrong, **about)


def choice(answer, *, replies, **about):
    """A question with a reply to every choice; see `ChoiceExercise`."""
    return ChoiceExercise(answer, replies=replies, **about)


def counterexample(*, wrong, right, **about):
    """Decorator for a function that returns a counterexample; see `CounterexampleExercise`."""
    return lambda reference: CounterexampleExercise(reference, wrong=wrong, right=right, **about)


__all__ = ["NOT_ATTEMPTED", "PASSED", "Verdict", "choice", "counterexample", "exercise", "value"]
