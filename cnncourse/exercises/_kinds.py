"""What the author of an exercise writes: `exercise`, `value`, `choice`, `counterexample`, `experiment`."""

import inspect

import torch

from ._answers import ChoiceExercise, CounterexampleExercise, ValueExercise
from ._experiment import ExperimentExercise
from ._functions import FunctionExercise
from ._modules import ModuleExercise


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


def experiment(**about):
    """Decorator for a function that trains a network within a budget; see `ExperimentExercise`."""
    return lambda reference: ExperimentExercise(reference, **about)
