"""The kind of exercise in which an `nn.Module` is written, judged by what it does."""

from ._compare import CUT_OFF, Difference, arrays_agree, compare, outline
from ._exercise import Exercise
from ._probe_module import MODES


class ModuleExercise(Exercise):
    """Write an `nn.Module`; the judge chooses every number, and names do not matter.

    An example is `(options, input, …)`: `candidate(**options)` is built and called. An input on the meta
    device asks for shapes and counts alone, for networks too large to run in a check. `as_built=True` also
    compares what the module does with the numbers that it was built with; they must not be random.
    `shortcuts` maps the torch functions that would do the whole job ("batch_norm") to what one reads then.
    """

    kind = "module"
    tolerance = {"float64": {"rtol": 1e-6, "atol": 1e-8}, "float32": {"rtol": 1e-3, "atol": 1e-4}}  # noqa: RUF012

    def __init__(self, reference, *, as_built=False, shortcuts=None, **about):
        super().__init__(reference, **about)
        self.as_built, self.shortcuts = as_built, shortcuts or {}

    def task(self, seed):
        return "module", {
            "examples": self.inputs(seed),
            "seed": seed,
            "seconds": self.seconds,
            "as_built": self.as_built,
            "shortcuts": tuple(self.shortcuts),
        }

    def compare(self, got, want):
        if difference := self.shortcut(got, want):
            return difference
        if difference := _compare_manifest(got["tensors"], want["tensors"]):
            return self._shape_first(got, want) or difference
        return self._compare_rounds(got, want) or _compare_built(got.get("built"), want.get("built"))

    def _shape_first(self, got, want):
        """Another output type or shape says more than a missing parameter."""
        difference = compare(got["first"]["eval"]["output"], want["first"]["eval"]["output"])
        return difference if difference and difference.what in ("type", "structure", "shape") else None

    def _compare_rounds(self, got, want):
        if want.get("meta"):
            return compare(got["first"]["eval"]["output"], want["first"]["eval"]["output"])
        tolerance = self.tolerance[min(got["precision"], want["precision"])]
        for what in ("first", "second"):
            for mode in MODES:
                if difference := _compare_mode(got[what][mode], want[what][mode], mode, tolerance):
                    return difference
        return None

    def alike(self, got, mistaken):
        """Outputs and input gradients of the first round: what a mistake does, whatever else it registers."""
        if mistaken.get("meta"):
            return compare(got["first"]["eval"]["output"], mistaken["first"]["eval"]["output"]) is None
        return all(
            compare(got["first"][mode]["output"], mistaken["first"][mode]["output"], 1e-6, 1e-8) is None
            and arrays_agree(got["first"][mode]["inputs"], mistaken["first"][mode]["inputs"], 1e-6, 1e-8)
            and got["first"][mode]["changed"] == mistaken["first"][mode]["changed"]
            for mode in MODES
        )

    def exactly(self, records, mistaken):
        return all("crash" in g or self.compare(g, m) is None for g, m in zip(records, mistaken, strict=True))

    def _behaves_like(self, records, number, seed):
        """A mistake that differs from the reference only in what it registers must agree in everything."""
        mistaken = self._transcript(number, seed)
        if not self._acts_alike(records, mistaken):
            return False
        return self.exactly(records, mistaken) or not self._acts_alike(mistaken, self._transcript(-1, seed))

    def outline(self, record):
        return (
            None if "first" not in record else [outline(record["first"]["eval"]["output"]), record["tensors"]]
        )


def _compare_manifest(got, want):
    if want and not got:
        return Difference("structure", "Your module has no parameters. A plain list hides its layers: "
                          "`nn.ModuleList` and `nn.Sequential` do not.")  # fmt: skip
    extra = [item for item in got if got.count(item) > want.count(item)]
    lacking = [item for item in want if want.count(item) > got.count(item)]
    for kind, shape in [*lacking, *extra]:
        have, need = got.count((kind, shape)), want.count((kind, shape))
        text = f"{have} {kind}{'' if have == 1 else 's'} of shape {tuple(shape)}; expected {need}."
        return Difference("structure", f"Your module has {text}")
    return None


def _compare_built(got, want):
    """What differs before any training, when the judge has not yet put its own numbers in."""
    if want is None:
        return None
    for mode in MODES:
        if compare(got["outputs"][mode], want["outputs"][mode]):
            text = f"As built, in {mode} mode, the output differs. Look at the first values of your tensors."
            return Difference("values", text)
    if got["history"] != want["history"]:
        odd = sorted({*got["history"]} ^ {*want["history"]})[0]
        text = (
            f"The buffer `{odd}` drags the gradient's history along, batch after batch. Cut it: `.detach()`."
        )
        return Difference("gradient", text)
    return None


def _compare_mode(got, want, mode, tolerance):
    if difference := compare(got["output"], want["output"], **tolerance):
        text = f"In {mode} mode: {difference.text[0].lower()}{difference.text[1:]}"
        return Difference(difference.what, text, difference.path, difference.index)
    if got["changed"] != want["changed"]:
        return Difference("inputs", f"In {mode} mode your module changes its input in place.")
    if not arrays_agree(got["inputs"], want["inputs"], **tolerance):
        cut = all(gradient is None for gradient in got["inputs"])
        but = (
            f"no gradient flows back to the input. {CUT_OFF}" if cut else "the gradient to the input is not."
        )
        return Difference("gradient", f"In {mode} mode the output is right, but {but}")
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
