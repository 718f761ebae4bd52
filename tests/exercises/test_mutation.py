"""A quick sample of the mutants that `make mutants` judges in full, and the mutation engine itself."""

import mutation
import pytest
import torch

from cnncourse.exercises import EXERCISES
from cnncourse.exercises._kinds import exercise

SAMPLE = 24  # mutants of each exercise
CODE = [name for name in EXERCISES if EXERCISES[name].kind in ("function", "module")]


@pytest.mark.parametrize("name", CODE)
def test_no_sampled_mutant_survives_unexplained(name):
    ex = EXERCISES[name]
    count = sum(1 for _ in mutation.mutants(ex.reference))
    step = max(1, count // SAMPLE)
    assert mutation.survey(ex, keep=lambda index: index % step == 0).survivors == []


@pytest.mark.parametrize("name", CODE)
def test_every_explanation_is_of_a_mutant(name):
    ex = EXERCISES[name]
    mutants, source = list(mutation.mutants(ex.reference)), ex.source
    for fragment in ex.equivalent:
        assert fragment not in source and any(fragment in mutant for _, mutant in mutants), fragment


def scaled(x, factor=2):
    """Scale, and shift by one."""
    if factor > 3:
        factor = 3
    return x * factor + 1


def test_a_weak_example_lets_mutants_survive():
    weak, strong = exercise(scaled), exercise(scaled)

    @weak.examples
    def _(draw):
        yield (torch.zeros(2),)

    @strong.examples
    def _(draw):
        yield (draw(2),)
        yield draw(2, 2), 4
        yield draw(3), 3

    assert mutation.survey(weak).rate < 0.5
    found = mutation.survey(strong)
    same = ["if factor > 3: -> if factor >= 3:", "if factor > 3: -> if factor > 2:"]
    assert found.survivors == same and found.cheap > 0
    strong.equivalent = dict.fromkeys(["factor >= 3", "factor > 2"], "3 becomes 3")
    assert mutation.survey(strong).survivors == [] and "100.0 %" in mutation.table([mutation.survey(strong)])


def endless(x):
    """Halve until small."""
    while x.abs().max() > 1:
        x = x / 2
    return x


def test_a_mutant_that_never_ends_counts_as_rejected(monkeypatch):
    monkeypatch.setattr(mutation, "SECONDS", 0.2)
    ex = exercise(endless)

    @ex.examples
    def _(draw):
        yield (10 * draw(3),)
        yield (0.1 * draw(3),)

    assert mutation.survey(ex).cheap > 0
