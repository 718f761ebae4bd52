"""Optimisers that give every number a learning rate of its own: AdaGrad, RMSprop, AdaDelta, Adam."""

import torch

from ... import optimizers
from .._kinds import exercise
from .descent import IN_PLACE, KEEPS_NOTHING, follow

UPHILL = "That climbs: the step goes *against* the gradient."
UNEQUAL = torch.tensor([100.0, 1.0, 0.01])  # slopes of very different size, as in a ravine

adagrad = exercise(
    optimizers.adagrad,
    level=2,
    minutes=8,
    lines=2,
    observe=follow,
    hints=(
        'Remember the sum of squared gradients, number by number: `state.get("squares", 0) + gradient**2`.',
        "Divide the gradient by `squares.sqrt() + epsilon`, with the sum that includes the present gradient.",
    ),
    why="A number that has met large gradients takes small steps, and the other way round.",
)


@adagrad.examples
def _(draw):
    yield draw(2), draw(2, 2), {}, 0.1
    yield draw(3), draw(4, 3) * UNEQUAL, {}, 0.5
    yield draw(2, 3), draw(3, 2, 3), {}, 1.0, 0.3
    yield 0 * draw(3), 1e-10 * draw(3, 3), {}, 1.0


def _wrong_adagrad(message, squares_of, scaled=None, remember=True, sign=1):
    def candidate(parameter, gradient, state, learning_rate, epsilon=1e-10):
        old = state.get("squares", 0)
        squares = squares_of(old, gradient)
        step = (
            gradient / (squares.sqrt() + epsilon)
            if scaled is None
            else scaled(gradient, squares, old, epsilon)
        )
        return parameter - sign * learning_rate * step, {"squares": squares} if remember else {}

    adagrad.mistake(message)(candidate)


def _add(old, gradient):
    return old + gradient**2


_wrong_adagrad(KEEPS_NOTHING, _add, remember=False)
_wrong_adagrad("The root is missing: divide by the root of the sum.", _add, lambda g, s, old, e: g / (s + e))
_wrong_adagrad("`epsilon` is added to the root, not under it.", _add, lambda g, s, old, e: g / (s + e) ** 0.5)
_wrong_adagrad(
    "One scale for all: each number has a sum of squares of its own, so do not add over the tensor.",
    lambda old, g: old + (g**2).sum(),
)
_wrong_adagrad(
    "You divide by the old sum. The present gradient belongs to it, else the first step divides by nothing.",
    _add,
    lambda g, s, old, e: g / (torch.as_tensor(old).sqrt() + e),
)
_wrong_adagrad(
    "That is a sum of sizes: add up the squares, and take the root of the sum.",
    lambda old, g: old + g.abs(),
    lambda g, s, old, e: g / (s + e),
)
_wrong_adagrad(UPHILL, _add, sign=-1)


@adagrad.mistake(IN_PLACE)
def _(parameter, gradient, state, learning_rate, epsilon=1e-10):
    squares = _add(state.get("squares", 0), gradient)
    parameter -= learning_rate * gradient / (squares.sqrt() + epsilon)
    return parameter, {"squares": squares}


@adagrad.alternative
def adagrad_of_all_gradients(parameter, gradient, state, learning_rate, epsilon=1e-10):
    state["seen"] = [*state.get("seen", []), gradient]
    root = torch.linalg.vector_norm(torch.stack(state["seen"]), dim=0)
    return parameter - learning_rate * gradient / (root + epsilon), state


rmsprop = exercise(
    optimizers.rmsprop,
    level=1,
    minutes=5,
    lines=2,
    observe=follow,
    hints=(
        "Your AdaGrad, with one line changed: a running mean in place of the sum.",
        "squares = decay · old + (1 − decay) · gradient².",
    ),
    why="A mean forgets: what was steep long ago no longer holds the step back.",
)


@rmsprop.examples
def _(draw):
    yield draw(2), draw(2, 2), {}, 0.1
    yield draw(3), draw(4, 3) * UNEQUAL, {}, 0.5, 0.5
    yield draw(2, 3), draw(3, 2, 3), {}, 1.0, 0.8, 0.3
    yield 0 * draw(3), 1e-7 * draw(3, 3), {}, 1.0


def _wrong_rmsprop(message, squares_of, scaled=None, remember=True, sign=1):
    def candidate(parameter, gradient, state, learning_rate, decay=0.99, epsilon=1e-8):
        squares, t = squares_of(state.get("squares", 0), gradient, decay), state.get("t", 0) + 1
        step = (
            gradient / (squares.sqrt() + epsilon)
            if scaled is None
            else scaled(gradient, squares, decay, epsilon, t)
        )
        return parameter - sign * learning_rate * step, {"squares": squares, "t": t} if remember else {}

    rmsprop.mistake(message)(candidate)


def _mean(old, gradient, decay):
    return decay * old + (1 - decay) * gradient**2


_wrong_rmsprop(KEEPS_NOTHING, _mean, remember=False)
_wrong_rmsprop(
    "That is AdaGrad's sum, which never forgets. Let the old value fade by decay, and the new square come in "
    "with 1 − decay.",
    lambda old, g, decay: old + g**2,
)
_wrong_rmsprop(
    "decay and 1 − decay have changed places: the old value keeps the share decay.",
    lambda old, g, decay: (1 - decay) * old + decay * g**2,
)
_wrong_rmsprop(
    "The new square comes in whole. In a running mean the two shares add up to one: 1 − decay for the new.",
    lambda old, g, decay: decay * old + g**2,
)
_wrong_rmsprop("The root is missing.", _mean, lambda g, s, decay, e, t: g / (s + e))
_wrong_rmsprop(
    "`epsilon` is added to the root, not under it.", _mean, lambda g, s, decay, e, t: g / (s + e) ** 0.5
)
_wrong_rmsprop(
    "That corrects for the start at 0, as Adam does. RMSprop takes the mean as it is.",
    _mean,
    lambda g, s, decay, e, t: g / ((s / (1 - decay**t)).sqrt() + e),
)
_wrong_rmsprop(UPHILL, _mean, sign=-1)


@rmsprop.mistake(IN_PLACE)
def _(parameter, gradient, state, learning_rate, decay=0.99, epsilon=1e-8):
    squares = _mean(state.get("squares", 0), gradient, decay)
    parameter -= learning_rate * gradient / (squares.sqrt() + epsilon)
    return parameter, {"squares": squares}


@rmsprop.alternative
def rmsprop_by_lerp(parameter, gradient, state, learning_rate, decay=0.99, epsilon=1e-8):
    squares = state.get("squares", torch.zeros_like(parameter)).lerp(gradient * gradient, 1 - decay)
    return parameter - learning_rate / (squares**0.5 + epsilon) * gradient, {"squares": squares}


adadelta = exercise(
    optimizers.adadelta,
    level=3,
    minutes=12,
    lines=5,
    observe=follow,
    hints=(
        "Two running means: of squared gradients, as in RMSprop, and of squared steps. Both begin at 0.",
        "step = √(steps + ε) / √(squares + ε) · gradient, with the mean of the steps *before* this one.",
        "Only then: steps = decay · steps + (1 − decay) · step². The learning rate multiplies the step at "
        "the very end, and is not in what you remember.",
    ),
    why="The numerator has the unit of a step, so the units of the gradient cancel; ε starts it off.",
)


@adadelta.examples
def _(draw):
    yield draw(2), draw(2, 2), {}
    yield draw(3), draw(5, 3) * UNEQUAL, {}, 0.5
    yield draw(2, 3), draw(4, 2, 3), {}, 2.0, 0.5
    yield draw(3), draw(4, 3), {}, 1.0, 0.8, 0.3
    yield 0 * draw(3), 1e-3 * draw(5, 3), {}, 300.0


def _wrong_adadelta(message, step_of, remember_of=None, rate_of=lambda rate: rate):
    def candidate(parameter, gradient, state, learning_rate=1.0, decay=0.9, epsilon=1e-6):
        squares = _mean(state.get("squares", 0), gradient, decay)
        steps = state.get("steps", 0)
        step = step_of(gradient, squares, steps, decay, epsilon)
        new = (
            _mean(steps, step, decay)
            if remember_of is None
            else remember_of(steps, step, decay, learning_rate)
        )
        return parameter - rate_of(learning_rate) * step, {"squares": squares, "steps": new}

    adadelta.mistake(message)(candidate)


def _units(g, squares, steps, decay, e):
    return (steps + e) ** 0.5 / (squares + e) ** 0.5 * g


_wrong_adadelta(
    "The numerator is missing: that is RMSprop, with epsilon under the root.",
    lambda g, s, steps, decay, e: g / (s + e) ** 0.5,
)
_wrong_adadelta(
    "Here `epsilon` stands under the root, in both places. Outside it, the first steps would be far too "
    "large or none.",
    lambda g, s, steps, decay, e: (torch.as_tensor(steps).sqrt() + e) / (s.sqrt() + e) * g,
)
_wrong_adadelta(
    "The mean of the steps stays empty: put it into the dict, with the present step taken in.",
    _units,
    lambda steps, step, decay, rate: 0 * step,
)
_wrong_adadelta(
    "The learning rate has got into the mean of the steps. Remember the step as it is before the rate.",
    _units,
    lambda steps, step, decay, rate: _mean(steps, rate * step, decay),
)
_wrong_adadelta(
    "The learning rate that is passed in makes no difference: multiply the step by it at the end.",
    _units,
    rate_of=lambda rate: 1.0,
)
_wrong_adadelta(
    "Squares of the steps are remembered, and not the steps: their signs would cancel.",
    _units,
    lambda steps, step, decay, rate: decay * steps + (1 - decay) * step.abs(),
)
_wrong_adadelta(UPHILL, _units, rate_of=lambda rate: -rate)
_wrong_adadelta(
    "The fraction is upside down: the root of the steps goes above, that of the gradients below.",
    lambda g, s, steps, decay, e: (s + e) ** 0.5 / (steps + e) ** 0.5 * g,
)


@adadelta.alternative
def adadelta_by_ratio(parameter, gradient, state, learning_rate=1.0, decay=0.9, epsilon=1e-6):
    state.setdefault("g", torch.zeros_like(parameter)), state.setdefault("d", torch.zeros_like(parameter))
    state["g"] = state["g"].lerp(gradient**2, 1 - decay)
    step = ((state["d"] + epsilon) / (state["g"] + epsilon)).sqrt() * gradient
    state["d"] = state["d"].lerp(step**2, 1 - decay)
    return parameter - learning_rate * step, state


adam = exercise(
    optimizers.adam,
    level=2,
    minutes=12,
    lines=6,
    observe=follow,
    hints=(
        "Momentum as a running mean, over RMSprop's root. Two means, and a count of the steps.",
        "mean = decay · old + (1 − decay) · gradient, and squares likewise with decay_squares. The count t "
        "is 1 at the first step.",
        "Correct copies of both (`mean / (1 - decay**t)`), and remember them uncorrected.",
    ),
    why="Without the correction the means, which begin at 0, would be too small at first.",
)


@adam.examples
def _(draw):
    yield draw(2), draw(2, 2), {}, 0.1
    yield draw(3), draw(5, 3) * UNEQUAL, {}, 0.5, 0.5
    yield draw(2, 3), draw(4, 2, 3), {}, 1.0, 0.8, 0.6
    yield draw(3), draw(4, 3), {}, 1.0, 0.7, 0.9, 0.3
    yield 0 * draw(3), 1e-7 * draw(4, 3), {}, 1.0


def _wrong_adam(message, step_of, squares_of=None, first=1, sign=1):
    """A mistake from the step, a function of (mean, squares, t, decay, decay_squares, epsilon)."""

    def candidate(parameter, gradient, state, learning_rate, decay=0.9, decay_squares=0.999, epsilon=1e-8):
        t = state.get("t", first - 1) + 1
        mean = decay * state.get("mean", 0) + (1 - decay) * gradient
        new = gradient**2 if squares_of is None else squares_of(gradient, mean)
        squares = decay_squares * state.get("squares", 0) + (1 - decay_squares) * new
        step = step_of(mean, squares, t, decay, decay_squares, epsilon)
        return parameter - sign * learning_rate * step, {"t": t, "mean": mean, "squares": squares}

    adam.mistake(message)(candidate)


def _corrected(mean, squares, t, b1, b2, e):
    return mean / (1 - b1**t) / ((squares / (1 - b2**t)) ** 0.5 + e)


_wrong_adam(
    "The correction is missing: both means begin at 0, so after t steps divide each by 1 − decay to the t.",
    lambda m, s, t, b1, b2, e: m / (s**0.5 + e),
)
_wrong_adam(
    "Only the mean of the gradients is corrected; that of the squares begins at 0 as well.",
    lambda m, s, t, b1, b2, e: m / (1 - b1**t) / (s**0.5 + e),
)
_wrong_adam(
    "Only the mean of the squares is corrected; that of the gradients begins at 0 as well.",
    lambda m, s, t, b1, b2, e: m / ((s / (1 - b2**t)) ** 0.5 + e),
)
_wrong_adam(
    "The count is one too high: at the first step t is 1.",
    _corrected,
    first=2,
)
_wrong_adam(
    "Each mean is corrected with its own decay: decay for the gradients, decay_squares for the squares.",
    lambda m, s, t, b1, b2, e: m / (1 - b2**t) / ((s / (1 - b1**t)) ** 0.5 + e),
)
_wrong_adam(
    "`epsilon` is added to the root, not under it.",
    lambda m, s, t, b1, b2, e: m / (1 - b1**t) / (s / (1 - b2**t) + e) ** 0.5,
)
_wrong_adam(
    "`epsilon` is added after the correction of the squares, not before it.",
    lambda m, s, t, b1, b2, e: m / (1 - b1**t) / ((s**0.5 + e) / (1 - b2**t) ** 0.5),
)
_wrong_adam(
    "The root is missing.",
    lambda m, s, t, b1, b2, e: m / (1 - b1**t) / (s / (1 - b2**t) + e),
)
_wrong_adam(
    "The mean of the squares is that of the squared *gradients*, not of the squared mean.",
    _corrected,
    squares_of=lambda g, mean: mean**2,
)
_wrong_adam(UPHILL, _corrected, sign=-1)


@adam.mistake(KEEPS_NOTHING)
def _(parameter, gradient, state, learning_rate, decay=0.9, decay_squares=0.999, epsilon=1e-8):
    return parameter - learning_rate * gradient / (gradient.abs() + epsilon), {}


@adam.mistake("Remember the means uncorrected: here the correction is applied again and again.")
def _(parameter, gradient, state, learning_rate, decay=0.9, decay_squares=0.999, epsilon=1e-8):
    t = state.get("t", 0) + 1
    mean = (decay * state.get("mean", 0) + (1 - decay) * gradient) / (1 - decay**t)
    squares = decay_squares * state.get("squares", 0) + (1 - decay_squares) * gradient**2
    squares = squares / (1 - decay_squares**t)
    new = parameter - learning_rate * mean / (squares**0.5 + epsilon)
    return new, {"t": t, "mean": mean, "squares": squares}


@adam.alternative
def adam_by_lerp(parameter, gradient, state, learning_rate, decay=0.9, decay_squares=0.999, epsilon=1e-8):
    if not state:
        state = {"t": 0, "m": torch.zeros_like(parameter), "v": torch.zeros_like(parameter)}
    state["t"] += 1
    state["m"] = state["m"].lerp(gradient, 1 - decay)
    state["v"] = state["v"].lerp(gradient**2, 1 - decay_squares)
    mean = state["m"] / (1 - decay ** state["t"])
    squares = state["v"] / (1 - decay_squares ** state["t"])
    return parameter - learning_rate * mean / (squares.sqrt() + epsilon), state
