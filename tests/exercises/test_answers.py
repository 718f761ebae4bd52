"""Values, choices, counterexamples and experiments."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse.data import Split
from cnncourse.exercises import _experiment as E
from cnncourse.exercises._kinds import choice, counterexample, experiment, value

parameters = value(lambda: 3 * 3 * 1 * 32 + 32, wrong={288: "The biases are missing."}).named("parameters")
share = value(0.743, wrong={0.257: "That is the rest."}).named("share")
shape = value((1, 8, 14, 14), wrong={(1, 8, 13, 13): "The padding is missing."}).named("shape")


@pytest.mark.parametrize(
    "exercise, answer",
    [
        (parameters, 320),
        (parameters, 320.0),
        (parameters, np.int64(320)),
        (parameters, torch.tensor(320)),
        (share, 0.743),
        (share, 0.7434),
        (shape, (1, 8, 14, 14)),
        (shape, [1, 8, 14, 14]),
        (shape, torch.Size([1, 8, 14, 14])),
    ],
)
def test_a_right_value_passes_in_any_dress(exercise, answer):
    assert exercise.grade(answer).passed


class Agreeable(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "exercise, answer, words",
    [
        (parameters, 288, "The biases are missing."),
        (parameters, 321, "321 is not it."),
        (parameters, "320", "Give a number"),
        (parameters, True, "Give a number"),
        (parameters, Agreeable(5), "5 is not it."),
        (parameters, float("nan"), "nan is not it"),
        (parameters, (320,), "You gave 1 numbers"),
        (parameters, 10**40, "is not it"),
        (parameters, [], "You gave 0 numbers"),
        (shape, (1, 8, 13, 13), "The padding is missing."),
        (shape, 14, "You gave 1 numbers; expected 4."),
        (shape, None, None),
        (share, 0.257, "That is the rest."),
        (share, 0.75, "0.75 is not it."),
    ],
)
def test_a_wrong_value_is_told_why(exercise, answer, words):
    verdict = exercise.grade(answer)
    assert verdict.outcome == ("not attempted" if words is None else "wrong")
    assert words is None or words in verdict.message


def test_source_of_a_value_is_its_assignment():
    assert parameters.source == "parameters = 320"


way = choice(
    "b", replies={"a": ("up-left", "Other way."), "b": ("down-right", "Yes: it looks up-left.")}
).named("way")


@pytest.mark.parametrize(
    "answer, outcome, words",
    [
        ("b", "passed", "Yes: it looks up-left."),
        (" B ", "passed", "Yes"),
        ("(b)", "passed", "Yes"),
        ("a", "wrong", "Other way."),
        ("c", "wrong", 'Answer with one of "a", "b".'),
        (2, "wrong", "Answer with one of"),
        (..., "not attempted", ""),
    ],
)
def test_choice(answer, outcome, words):
    verdict = way.grade(answer)
    assert verdict.outcome == outcome and words in verdict.message


@counterexample(
    wrong=lambda x: x.abs(), right=lambda x: x, valid=lambda x: "No empty ones." if x.numel() == 0 else None
)
def negative():
    chosen = torch.tensor([-1.0])
    del chosen
    return (torch.tensor([-1.0]),)


@pytest.mark.parametrize(
    "answer, outcome, words",
    [
        ((torch.tensor([-3.0, 1.0]),), "passed", ""),
        ((torch.tensor([3.0]),), "wrong", "Both versions agree"),
        ((torch.zeros(0),), "wrong", "No empty ones."),
        (torch.tensor([-1.0]), "wrong", "as a tuple"),
        ((), "wrong", "1 arguments"),
        (("text",), "wrong", "do not work"),
        (..., "not attempted", ""),
    ],
)
def test_counterexample(answer, outcome, words):
    verdict = negative.grade(answer)
    assert verdict.outcome == outcome and words in verdict.message


def test_source_of_a_counterexample_is_what_it_returns():
    assert negative.source == "negative = (torch.tensor([-1.0]),)"


def bars(seed):
    """Sixteen-pixel pictures with a bright row (0) or a bright column (1)."""
    generator = torch.Generator().manual_seed(seed)
    images, labels = torch.rand(600, 1, 4, 4, generator=generator) * 0.3, torch.arange(600) % 2
    place = torch.randint(4, (600,), generator=generator)
    for image, label, at in zip(images, labels, place, strict=True):
        (image[0, at] if label == 0 else image[0, :, at]).add_(1)
    return Split(images[:400], labels[:400]), Split(images[400:], labels[400:])


def network(hidden=32):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, hidden), nn.ReLU(), nn.Linear(hidden, 2))


def trained(split, hidden=32, steps=150):
    model = network(hidden)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(split.images), split.labels).backward()
        optimizer.step()
    return model


tell = experiment(data=bars, accuracy=0.9, parameters=2_000, seconds=5, tiers={"gold": 0.95})(trained)


@pytest.mark.parametrize(
    "answer, message",
    [
        (lambda split: network(), E.UNTRAINED),
        (lambda split: trained(split, 500), E.TOO_LARGE),
        (lambda split: 3, E.NOT_A_MODULE),
        (lambda split: nn.Flatten(0), E.NOT_SCORES),
        (lambda split: nn.Sequential(nn.Flatten(), nn.Linear(16, 1)), E.NOT_SCORES),
    ],
)
def test_experiment_says_what_is_not_met(answer, message):
    verdict = tell.grade(answer)
    assert verdict.outcome == "wrong" and verdict.message == message


def test_experiment_passes_with_its_tier():
    verdict = tell.grade(trained)
    assert (
        verdict.passed
        and "Tier: gold." in verdict.message
        and "610 parameters (at most 2,000)" in verdict.message
    )


def test_experiment_cannot_see_or_spoil_the_held_out_pictures():
    def spoil(split):
        split.images.zero_(), split.labels.zero_()
        return trained(Split(*bars(0)[0]))

    assert tell.grade(spoil).passed  # it got copies; the judge's own pictures are untouched


def test_experiment_over_its_time_is_told_so():
    slow = experiment(data=bars, accuracy=0.9, parameters=2_000, seconds=0.05)(trained)
    assert slow.grade(lambda split: trained(split, steps=100_000)).outcome == "timed out"
