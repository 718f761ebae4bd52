"""Seven optimisers from scratch, each a pure function of a few lines.

    parameter, state = step(parameter, gradient, state, learning_rate)

`state` is what the optimiser remembers from one step to the next, a dict, empty at first. Nothing that comes
in is changed. Every step equals that of torch.optim with the same settings.
"""

import torch


def gradient_descent(parameter, gradient, state, learning_rate):
    """Step against the gradient; nothing is remembered. `torch.optim.SGD`. Source: Cauchy (1847)."""
    return parameter - learning_rate * gradient, state


def momentum(parameter, gradient, state, learning_rate, decay=0.9, nesterov=False):
    """Gather speed: the step is a sum of all gradients so far, each earlier one counting `decay` times less.

    With `nesterov` the step is taken from where the velocity leads: `decay` times the new velocity, plus the
    gradient. parameter and gradient have one shape. Returns the new parameter and the new state.
    `torch.optim.SGD(momentum=decay)`. Sources: Polyak (1964); Nesterov (1983).
    """
    velocity = decay * state.get("velocity", 0) + gradient
    step = decay * velocity + gradient if nesterov else velocity
    return parameter - learning_rate * step, {"velocity": velocity}


def nesterov(parameter, gradient, state, learning_rate, decay=0.9):
    """Momentum that looks ahead: `momentum(nesterov=True)`. Source: Nesterov (1983)."""
    return momentum(parameter, gradient, state, learning_rate, decay, nesterov=True)


def adagrad(parameter, gradient, state, learning_rate, epsilon=1e-10):
    """Divide each number's step by the root of the sum of all its squared gradients, plus `epsilon`.

    parameter and gradient have one shape. Returns the new parameter and the new state.
    `torch.optim.Adagrad`. Source: Duchi, Hazan and Singer (2011).
    """
    squares = state.get("squares", 0) + gradient**2
    return parameter - learning_rate * gradient / (squares.sqrt() + epsilon), {"squares": squares}


def rmsprop(parameter, gradient, state, learning_rate, decay=0.99, epsilon=1e-8):
    """Divide each number's step by the root of a running mean of its squared gradients, plus `epsilon`.

    The running mean begins at 0 and keeps the share `decay` of itself at every step.
    parameter and gradient have one shape. Returns the new parameter and the new state.
    `torch.optim.RMSprop(alpha=decay)`. Source: Tieleman and Hinton (2012), lecture 6.5.
    """
    squares = decay * state.get("squares", 0) + (1 - decay) * gradient**2
    return parameter - learning_rate * gradient / (squares.sqrt() + epsilon), {"squares": squares}


def adadelta(parameter, gradient, state, learning_rate=1.0, decay=0.9, epsilon=1e-6):
    """Give each step the size of recent steps: gradient times RMS of steps over RMS of gradients.

    The RMS is the root of a running mean of squares (from 0, keeping the share `decay`) plus `epsilon`, which
    stands inside the root. The mean for the gradients takes in the present one, that for the steps does not:
    it is updated last. Returns the new parameter and the new state. `torch.optim.Adadelta(rho=decay)`.
    Source: Zeiler (2012).
    """
    squares = decay * state.get("squares", 0) + (1 - decay) * gradient**2
    steps = state.get("steps", 0)  # running mean of the squared steps
    step = (steps + epsilon) ** 0.5 / (squares + epsilon) ** 0.5 * gradient
    state = {"squares": squares, "steps": decay * steps + (1 - decay) * step**2}
    return parameter - learning_rate * step, state


def adam(parameter, gradient, state, learning_rate, decay=0.9, decay_squares=0.999, epsilon=1e-8):
    """Step along the running mean of gradients, over the root of the running mean of their squares.

    Both means begin at 0, so after t steps each is divided by 1 - decay**t (with its own decay) before use.
    `epsilon` is added to the root. Returns the new parameter and the new state.
    `torch.optim.Adam(betas=(decay, decay_squares))`. Source: Kingma and Ba (2015).
    """
    t = state.get("t", 0) + 1
    mean = decay * state.get("mean", 0) + (1 - decay) * gradient
    squares = decay_squares * state.get("squares", 0) + (1 - decay_squares) * gradient**2
    root = (squares / (1 - decay_squares**t)) ** 0.5
    step = mean / (1 - decay**t) / (root + epsilon)
    return parameter - learning_rate * step, {"t": t, "mean": mean, "squares": squares}


# name → (step function, the same in torch.optim), in the order of their invention
SEVEN = {
    "gradient descent": (gradient_descent, torch.optim.SGD, {}),
    "momentum": (momentum, torch.optim.SGD, {"momentum": 0.9}),
    "NAG": (nesterov, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "AdaGrad": (adagrad, torch.optim.Adagrad, {}),
    "RMSprop": (rmsprop, torch.optim.RMSprop, {}),
    "AdaDelta": (adadelta, torch.optim.Adadelta, {}),
    "Adam": (adam, torch.optim.Adam, {}),
}


def as_torch(step, **options):
    """Make a torch optimizer of a step function: `train(model, data, optimizer=as_torch(adam), ...)`.

    Returns a function of parameters and lr, as `torch.optim.Adam` is one; `options` go to every step.
    """

    class Stepwise(torch.optim.Optimizer):
        def __init__(self, parameters, lr=1e-3):
            super().__init__(parameters, {"lr": lr})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        new, self.state[p] = step(p, p.grad, self.state[p], group["lr"], **options)
                        p.copy_(new)

    return Stepwise
