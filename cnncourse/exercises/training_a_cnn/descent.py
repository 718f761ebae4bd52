"""Momentum, and how an optimiser that a learner wrote is followed for several steps."""

import torch

from ... import optimizers
from .._kinds import exercise

LEFT, TOUCHED = "left as they were", "changed in place"


def follow(candidate, parameter, gradients, state, *options):
    """Take one step for each gradient, handing the state on; what the state holds is the learner's affair."""
    path, inputs = [], LEFT
    for gradient in gradients:
        handed = parameter.clone(), gradient.clone()
        answer = candidate(*handed, dict(state), *options)
        if not isinstance(answer, tuple) or len(answer) != 2 or not isinstance(answer[1], dict):
            raise TypeError("Return two things: the new parameter, and a dict with what is to be remembered.")
        if not (torch.equal(handed[0], parameter) and torch.equal(handed[1], gradient)):
            inputs = TOUCHED
        parameter, state = answer[0].clone(), dict(answer[1])
        path.append(parameter)
    return {"parameter after each step": torch.stack(path), "what came in": inputs}


KEEPS_NOTHING = (
    "The steps do not build on each other: what you remember must be in the dict that you return, for it "
    "is handed to you at the next step."
)
IN_PLACE = "Your code changes `parameter` in place. Return a new tensor: the caller still needs the old one."

momentum = exercise(
    optimizers.momentum,
    level=2,
    minutes=10,
    lines=3,
    observe=follow,
    hints=(
        "Remember one thing, the velocity. At the very first step the dict is empty: "
        '`state.get("velocity", 0)`.',
        "velocity = decay · (old velocity) + gradient; the step is the velocity, and the parameter moves by "
        "minus learning rate times step.",
        "With nesterov the step is decay · velocity + gradient, with the *new* velocity.",
    ),
    why="Unrolled, the velocity is g + decay·g₁ + decay²·g₂ + …: in a constant slope up to 1/(1 − decay) g.",
)


@momentum.examples
def _(draw):
    yield draw(2), draw(2, 2), {}, 0.1
    yield draw(3), draw(4, 3), {}, 0.5, 0.5
    yield draw(2, 3), draw(4, 2, 3), {}, 0.2, 0.8, True
    yield draw(4), draw(5, 4), {}, 0.1, draw.uniform(low=0.3, high=0.99).item(), draw.choice([True, False])


def _wrong_momentum(message, velocity_of, step_of=None, remember=True):
    """A mistake from how the velocity and the step are made."""

    def candidate(parameter, gradient, state, learning_rate, decay=0.9, nesterov=False):
        velocity = velocity_of(state.get("velocity", 0), gradient, decay)
        plain = decay * velocity + gradient if nesterov else velocity
        step = plain if step_of is None else step_of(velocity, gradient, decay, nesterov)
        return parameter - learning_rate * step, {"velocity": velocity} if remember else {}

    momentum.mistake(message)(candidate)


def _sum(velocity, gradient, decay):
    return decay * velocity + gradient


_wrong_momentum(KEEPS_NOTHING, _sum, remember=False)
_wrong_momentum(
    "That is a running mean: the gradient comes in with 1 − decay. Here the whole gradient is added to the "
    "velocity.",
    lambda v, g, decay: decay * v + (1 - decay) * g,
)
_wrong_momentum(
    "The velocity is not slowed down: multiply the old one by decay.",
    lambda v, g, decay: v + g,
)
_wrong_momentum(
    "decay belongs to the old velocity, and not to the new gradient.",
    lambda v, g, decay: v + decay * g,
)
_wrong_momentum(
    "That climbs: the parameter moves by *minus* learning rate times step.",
    _sum,
    lambda v, g, decay, ahead: -(decay * v + g if ahead else v),
)
_wrong_momentum(
    "`nesterov` makes no difference here. With it, the step is decay · velocity + gradient, with the new "
    "velocity.",
    _sum,
    lambda v, g, decay, ahead: v,
)
_wrong_momentum(
    "That looks ahead always. Without `nesterov` the step is the velocity itself.",
    _sum,
    lambda v, g, decay, ahead: decay * v + g,
)
_wrong_momentum(
    "With `nesterov` the new velocity is shortened by decay before the gradient is added once more.",
    _sum,
    lambda v, g, decay, ahead: v + g if ahead else v,
)


@momentum.mistake(IN_PLACE)
def _(parameter, gradient, state, learning_rate, decay=0.9, nesterov=False):
    velocity = decay * state.get("velocity", 0) + gradient
    parameter -= learning_rate * (decay * velocity + gradient if nesterov else velocity)
    return parameter, {"velocity": velocity}


@momentum.alternative
def rate_inside_the_velocity(parameter, gradient, state, learning_rate, decay=0.9, nesterov=False):
    state["v"] = decay * state.get("v", torch.zeros_like(parameter)) - learning_rate * gradient
    ahead = decay * state["v"] - learning_rate * gradient
    return parameter + (ahead if nesterov else state["v"]), state


@momentum.alternative
def all_gradients_kept(parameter, gradient, state, learning_rate, decay=0.9, nesterov=False):
    seen = [*state.get("seen", []), gradient]
    velocity = sum(decay**age * g for age, g in enumerate(reversed(seen)))
    step = gradient + decay * velocity if nesterov else velocity
    return parameter - learning_rate * step, {"seen": seen}
