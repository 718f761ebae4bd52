"""Small faults put into a reference, one at a time: does its exercise reject each of them?

`make mutants` prints the table of the contributor's guide. A mutant that crashes, never ends, or returns
another type or shape is a cheap kill and is counted apart; the rate that matters is over the mutants that run
and keep the shape. A survivor is killed by a better example, or explained in the exercise's `equivalent`.
"""

import ast
import copy
import difflib
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cnncourse.exercises._exercise import definition_source

OPERATORS = {
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Add, ast.Div], ast.Div: [ast.Mult],
    ast.FloorDiv: [ast.Mult], ast.Mod: [ast.Mult], ast.MatMult: [ast.Mult], ast.Pow: [ast.Mult],
}  # fmt: skip
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow, ast.Mod)
COMPARISONS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
CALLS = {
    "relu": ["sigmoid", "tanh"], "eval": ["train"], "train": ["eval"], "max": ["min"], "min": ["max"],
    "amax": ["amin", "mean"], "sum": ["mean"], "mean": ["sum"], "zeros": ["ones"], "new_zeros": ["new_ones"],
    "zeros_like": ["ones_like"], "ones_like": ["zeros_like"], "BatchNorm2d": ["InstanceNorm2d"],
    "MaxPool2d": ["AvgPool2d"], "AvgPool2d": ["MaxPool2d"], "max_pool2d": ["avg_pool2d"],
    "avg_pool2d": ["max_pool2d"], "AdaptiveAvgPool2d": ["AdaptiveMaxPool2d"], "ReLU": ["Sigmoid"],
}  # fmt: skip
CHEAP = ("type", "structure", "shape", "dtype", "device", "crash", "time")
SECONDS = 2.0  # for a mutant's whole check: one that never ends is rejected


def binary(node):
    for operator in OPERATORS.get(type(node.op), []):
        yield ast.BinOp(node.left, operator(), node.right)
    yield node.left
    yield node.right
    if isinstance(node.op, ORDERED):
        yield ast.BinOp(node.right, node.op, node.left)


def constant(node):
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, float):
        yield ast.Constant(1.5 * value)
        yield ast.Constant(value + 1.0)
    elif isinstance(value, str) and "->" in value:
        inputs, output = value.split("->")
        yield ast.Constant(",".join(reversed(inputs.split(","))) + "->" + output)
        yield ast.Constant(inputs + "->" + output[::-1])


def call(node):
    for i in range(len(node.args) - 1):
        twin = copy.deepcopy(node)
        twin.args[i], twin.args[i + 1] = twin.args[i + 1], twin.args[i]
        yield twin
    for i, keyword in enumerate(node.keywords):
        if keyword.arg == "strict":  # of zip: no difference in a right answer
            continue
        twin = copy.deepcopy(node)
        del twin.keywords[i]
        yield twin
    if len(node.args) > 1:
        yield ast.Call(node.func, node.args[:-1], node.keywords)
    if len(node.args) == 1 and not node.keywords:
        yield node.args[0]
    if isinstance(node.func, ast.Attribute):
        for name in CALLS.get(node.func.attr, []):
            yield ast.Call(ast.Attribute(node.func.value, name, ast.Load()), node.args, node.keywords)
        if not node.args or node.keywords:
            yield node.func.value  # x.flip(0) → x, self.relu(…) stays


def sequence(node):
    if not isinstance(node.ctx, ast.Load) or len(node.elts) < 2:
        return
    for i in range(len(node.elts) - 1):
        items = list(node.elts)
        items[i], items[i + 1] = items[i + 1], items[i]
        yield type(node)(items, node.ctx)
    yield type(node)(node.elts[:-1], node.ctx)


def part_of_slice(node):
    for name in ("lower", "upper", "step"):
        if getattr(node, name) is not None:
            twin = copy.copy(node)
            setattr(twin, name, None)
            yield twin


def statement(node):
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):  # a docstring
        yield ast.Pass()


EDITS = {
    ast.BinOp: binary,
    ast.Constant: constant,
    ast.Call: call,
    ast.Tuple: sequence,
    ast.List: sequence,
    ast.Slice: part_of_slice,
    ast.UnaryOp: lambda node: [node.operand],
    ast.Compare: lambda node: [
        ast.Compare(node.left, [COMPARISONS[type(op)]()], node.comparators)
        for op in node.ops
        if len(node.ops) == 1 and type(op) in COMPARISONS
    ],
    ast.BoolOp: lambda node: node.values,
    ast.IfExp: lambda node: [node.body, node.orelse],
    ast.If: lambda node: [ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)],
    ast.Assign: statement,
    ast.Expr: statement,
    ast.AugAssign: lambda node: [ast.Pass(), ast.Assign([node.target], node.value)],
    ast.Return: lambda node: [ast.Expr(node.value)] if node.value is not None else [],
}


def mutants(reference):
    """(what was changed into what, source) of every mutant that is not the reference itself."""
    tree = ast.parse(definition_source(reference))
    nodes, original = list(ast.walk(tree)), ast.unparse(tree)
    seen = {original}
    for position, node in enumerate(nodes):
        for replacement in EDITS.get(type(node), lambda node: ())(node):
            source = _replaced(tree, position, replacement)
            harmless = source is None or ("strict=False" in source and "strict=False" not in original)
            if not harmless and source not in seen:
                seen.add(source)
                yield _change(original, source), source


def _change(before, after):
    """The lines that differ: `z = x + y -> z = x - y`."""
    before, after = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    gone = [line.strip() for tag, i, j, _, _ in blocks if tag != "equal" for line in before[i:j]]
    come = [line.strip() for tag, _, _, i, j in blocks if tag != "equal" for line in after[i:j]]
    return f"{' | '.join(gone)} -> {' | '.join(come)}"


def _replaced(tree, position, replacement):
    """Source of the tree with its node at `position` of the walk replaced; None where that is no Python."""
    twin = copy.deepcopy(tree)
    target = list(ast.walk(twin))[position]

    class Put(ast.NodeTransformer):
        def visit(self, node):
            return copy.deepcopy(replacement) if node is target else super().visit(node)

    try:
        source = ast.unparse(ast.fix_missing_locations(Put().visit(twin)))
        compile(source, "<mutant>", "exec")
    except (SyntaxError, ValueError, AttributeError, TypeError):
        return None
    return source


@dataclass
class Survey:
    """How one exercise met its mutants."""

    name: str
    cheap: int = 0
    rejected: int = 0
    explained: int = 0
    survivors: list = field(default_factory=list)

    @property
    def kept_shape(self):
        """Mutants that run, end and keep type and shape."""
        return self.rejected + self.explained + len(self.survivors)

    @property
    def rate(self):
        """Share rejected of those that keep the shape, without the ones explained as no mistakes."""
        judged = self.kept_shape - self.explained
        return self.rejected / judged if judged else 1.0


def survey(exercise, keep=lambda index: True):
    """Judge the mutants of an exercise's reference whose index `keep` accepts."""
    found = Survey(exercise.name)
    exercise._transcript(-1, 0)  # the reference has its full time: a first call on meta imports much
    seconds, exercise.seconds = exercise.seconds, SECONDS
    try:
        for index, (change, source) in enumerate(mutants(exercise.reference)):
            if keep(index):
                _count(found, change, exercise, _fault(exercise, source))
    finally:
        exercise.seconds = seconds
    return found


def _fault(exercise, source):
    """In what a mutant differs ("values", "shape"), or None if its check is passed."""
    namespace = dict(vars(__import__(exercise.reference.__module__, fromlist=["_"])))
    try:
        exec(compile(source, "<mutant>", "exec"), namespace)
        candidate = namespace[exercise.reference.__name__]
    except Exception:
        return "crash"
    records = exercise.probe(candidate)["records"]
    if all(record.get("stub") for record in records):
        return "crash"
    fault = exercise.fault(records, 0)
    return fault and fault[2].what


def _count(found, change, exercise, what):
    if what in CHEAP:
        found.cheap += 1
    elif what is not None:
        found.rejected += 1
    elif any(fragment in change.partition(" -> ")[2] for fragment in exercise.equivalent):
        found.explained += 1
    else:
        found.survivors.append(change)


def table(surveys):
    """The surveys as a Markdown table with a row for all."""
    total = Survey("**all**")
    for one in surveys:
        total.cheap += one.cheap
        total.rejected += one.rejected
        total.explained += one.explained
        total.survivors += one.survivors
    lines = [
        "| exercise | mutants | crash or shape | run and keep the shape | rejected | explained | rate |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in [*surveys, total]:
        name = one.name if one is total else f"`{one.name}`"
        lines.append(
            f"| {name} | {one.cheap + one.kept_shape} | {one.cheap} | {one.kept_shape} | {one.rejected} "
            f"| {one.explained} | {100 * one.rate:.1f} % |"
        )
    return "\n".join(lines)


GUIDE = Path(__file__).resolve().parent.parent / "CONTRIBUTING.md"
BEGIN, END = "<!-- mutants -->", "<!-- /mutants -->"


def write_guide(surveyed):
    """Put the table into the contributor's guide, between its two marks."""
    before, _, rest = GUIDE.read_text(encoding="utf-8").partition(BEGIN)
    GUIDE.write_text(f"{before}{BEGIN}\n{surveyed}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main():
    """Survey every exercise that is code (or those named), print the table; fail below 97 %."""
    from cnncourse.exercises import EXERCISES

    wanted, surveys = sys.argv[1:], []
    for exercise in EXERCISES.values():
        if exercise.kind in ("function", "module") and (not wanted or exercise.name in wanted):
            surveys.append(survey(exercise))
            for change in surveys[-1].survivors:
                print(f"{exercise.name} survives: {change}", file=sys.stderr, flush=True)
    print(table(surveys))
    if not wanted:
        write_guide(table(surveys))
    lost = sum(len(one.survivors) for one in surveys)
    return 1 if lost > 0.03 * (sum(one.rejected for one in surveys) + lost) else 0


if __name__ == "__main__":
    raise SystemExit(main())
