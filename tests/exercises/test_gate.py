"""The gate for every exercise: right answers pass, wrong ones read what they deserve."""

import inspect
import sys

import pytest
import torch

from cnncourse.exercises import EXERCISES

SEEDS = range(20)
NAMES = list(EXERCISES)
CODE = [name for name in NAMES if EXERCISES[name].kind in ("function", "module")]
FUNCTIONS = [name for name in NAMES if EXERCISES[name].kind == "function"]
EXPERIMENTS = [name for name in NAMES if EXERCISES[name].kind == "experiment"]
QUICK = [name for name in NAMES if name not in EXPERIMENTS]


def seeds_of(name):
    """Twenty seeds; one for a value or choice, which draws nothing, and for an experiment, which trains."""
    return SEEDS if name in CODE else range(1)


def unfinished(*arguments, **options):
    raise NotImplementedError("about 4 lines")


@pytest.mark.parametrize("name", NAMES)
def test_stub_is_not_attempted(name):
    exercise = EXERCISES[name]
    stub = unfinished if exercise.kind in ("function", "module", "experiment") else ...
    assert exercise.grade(stub).outcome == "not attempted"


@pytest.mark.parametrize("name", QUICK)
def test_reference_passes(name):
    exercise = EXERCISES[name]
    answer = exercise.reference() if exercise.kind == "counterexample" else exercise.reference
    for seed in seeds_of(name):
        verdict = exercise.grade(answer, seed)
        assert verdict.passed, f"seed {seed}: {verdict}"


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_read_their_own_message(name):
    exercise = EXERCISES[name]
    assert len(exercise.mistakes) >= (2 if exercise.kind == "choice" else 4)
    messages = [mistake.message for mistake in exercise.mistakes]
    assert len(set(messages)) == len(messages) or exercise.kind not in ("function", "module")
    for seed in list(seeds_of(name))[: 10 if exercise.kind == "module" else None]:  # a network takes its time
        for number, mistake in enumerate(exercise.mistakes):
            # what `grade` does, without running the mistake once more: it is known as a cause already
            verdict = exercise.judge({"records": exercise._transcript(number, seed)}, seed)
            assert verdict.outcome in ("wrong", "crashed", "timed out"), (seed, mistake.message)
            assert verdict.message == mistake.message, f"seed {seed}: {verdict}"


@pytest.mark.parametrize("name", NAMES)
def test_alternatives_pass(name):
    exercise = EXERCISES[name]
    assert exercise.alternatives or name not in CODE, "one right answer in another style, at least"
    for alternative in exercise.alternatives:
        for seed in list(seeds_of(name))[:5]:
            verdict = exercise.grade(alternative, seed)
            assert verdict.passed, f"{alternative.__name__}, seed {seed}: {verdict}"


@pytest.mark.parametrize("name", NAMES)
def test_help_is_there(name):
    exercise = EXERCISES[name]
    assert exercise.chapter and exercise.level in (1, 2, 3) and exercise.minutes > 0
    assert len(exercise.hints) >= (0 if exercise.kind == "choice" else 1)
    assert name in exercise.source


def first_tensor(arguments):
    return next((a for a in arguments if isinstance(a, torch.Tensor)), torch.zeros(1))


def like(answer, fill):
    """The reference's own answer with every number replaced: the right type and shape, and nothing else."""
    if isinstance(answer, torch.Tensor):
        return fill(answer)
    if isinstance(answer, (tuple, list)):
        return type(answer)(like(part, fill) for part in answer)
    return type(answer)(fill(torch.tensor(float(answer)))) if isinstance(answer, (int, float)) else answer


def shuffled(tensor):
    """The right numbers in the wrong places; a lone number is moved instead."""
    return tensor.flatten().roll(1).reshape(tensor.shape) if tensor.numel() > 1 else tensor + 1


FOOLS = {
    "zeros": lambda exercise: lambda *a: like(exercise.reference(*a), torch.zeros_like),
    "ones": lambda exercise: lambda *a: like(exercise.reference(*a), torch.ones_like),
    "shuffled": lambda exercise: lambda *a: like(exercise.reference(*a), shuffled),
    "input": lambda exercise: lambda *a: first_tensor(a),
    "nothing": lambda exercise: lambda *a: None,
}


@pytest.mark.parametrize("fool", FOOLS)
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if EXERCISES[name].observe is None])
def test_nothing_fools_a_function(name, fool):
    exercise = EXERCISES[name]
    outcome = exercise.grade(FOOLS[fool](exercise)).outcome
    assert outcome in ("wrong", "crashed"), fool


MODULES = [name for name in NAMES if EXERCISES[name].kind == "module"]
MODULE_FOOLS = {
    "zeros": lambda output, *inputs: like(output, torch.zeros_like),
    "ones": lambda output, *inputs: like(output, torch.ones_like),
    "input": lambda output, *inputs: inputs[0],
    "detached": lambda output, *inputs: like(output, torch.detach),
    "doubled": lambda output, *inputs: like(output, lambda tensor: 2 * tensor),
    "nothing": lambda output, *inputs: None,
}


def fooling(reference, fool):
    """The reference's layers, counted and shaped as they should be, and another output."""

    def forward(self, *inputs):
        return MODULE_FOOLS[fool](reference.forward(self, *inputs), *inputs)

    return type("Fool", (reference,), {"forward": forward})


@pytest.mark.parametrize("fool", MODULE_FOOLS)
@pytest.mark.parametrize("name", MODULES)
def test_nothing_fools_a_module(name, fool):
    exercise = EXERCISES[name]
    outcome = exercise.grade(fooling(exercise.reference, fool)).outcome
    assert outcome in ("wrong", "crashed"), fool


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_line_and_default_is_in_an_example(name):
    """A line or a default that no example uses is one that nobody checks."""
    exercise = EXERCISES[name]
    code, seen = exercise.reference.__code__, set()

    def trace(frame, event, argument):
        if frame.f_code is code:
            seen.add(frame.f_lineno)
            return trace
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        counts = {len(arguments) for arguments in exercise.inputs(0)}
        exercise.run(exercise.reference, 0)
    finally:
        sys.settrace(before)
    body = {line for *_, line in code.co_lines() if line is not None and line > code.co_firstlineno}
    assert body <= seen, f"lines {sorted(body - seen)} of {name} run in no example"
    parameters = inspect.signature(exercise.reference).parameters.values()
    defaults = [i for i, p in enumerate(parameters) if p.default is not inspect.Parameter.empty]
    for position in defaults:
        assert any(count <= position for count in counts), (
            f"no example leaves out argument {position} of {name}"
        )
        assert any(count > position for count in counts), f"no example gives argument {position} of {name}"
