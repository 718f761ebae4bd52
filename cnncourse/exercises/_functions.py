"""The kind of exercise in which a function is written and called on examples."""

import inspect

from ._compare import CUT_OFF, Difference, arrays_agree, compare, outline
from ._exercise import Exercise
from ._probe import plain


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

    def task(self, seed):
        return "function", {
            "examples": self.inputs(seed),
            "gradients": self.gradients,
            "shortcuts": tuple(self.shortcuts),
            "observe": self.observe,
            "seconds": self.seconds,
        }

    def compare(self, got, want):
        if difference := self.shortcut(got, want) or compare(got["output"], want["output"], **self.tolerance):
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
            text = f"The values are right, but no gradient flows back to the input. {CUT_OFF}"
            return Difference("gradient", text)
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
