"""Chapter 00: a neuron, a layer, a step, and how the course asks its questions."""

import torch
from torch import nn

from ._kinds import choice, exercise, value

numbers_in_a_batch = value(
    lambda: 8 * 3 * 32 * 32,
    level=1,
    minutes=2,
    right="Right: 8 pictures, 3 colours, 32 rows, 32 columns.",
    hints=(
        "How many numbers are in one colour of one picture?",
        "Multiply all four sizes of (8, 3, 32, 32).",
    ),
    why="A tensor holds as many numbers as the product of its sizes.",
    wrong={
        8 * 32 * 32: "The three colours are missing.",
        3 * 32 * 32: "That is one picture; the batch has eight.",
        32 * 32: "That is one colour of one picture.",
        8 + 3 + 32 + 32: "The sizes are multiplied, not added.",
        8 * 3 * 32: "One side of the pictures is missing: they have 32 rows and 32 columns.",
    },
)


@exercise(
    level=1,
    minutes=5,
    lines=2,
    hints=(
        "Multiply `inputs` and `weights` element by element, add everything up, add `bias`.",
        "ReLU keeps what is above zero: `.clamp(min=0)` or `torch.relu`.",
    ),
    why="A dot product asks how much the input looks like the weights; the bias says how much is enough.",
)
def neuron(inputs, weights, bias):
    """One artificial neuron: the weighted sum of its inputs plus a bias, and ReLU of that.

    inputs (D,), weights (D,) and bias () give one number, a tensor of shape ().
    """
    return torch.relu((inputs * weights).sum() + bias)


@neuron.examples
def _(draw):
    yield torch.tensor([1.0, 2.0]), torch.tensor([3.0, -1.0]), torch.tensor(0.5)
    yield torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 1.0]), torch.tensor(0.5)
    for _ in range(6):
        d = draw.integer(3, 9)
        yield draw(d), draw(d), draw()


@neuron.mistake("The bias is missing.")
def _(inputs, weights, bias):
    return torch.relu((inputs * weights).sum())


@neuron.mistake("ReLU is missing: a neuron never answers with less than zero here.")
def _(inputs, weights, bias):
    return (inputs * weights).sum() + bias


@neuron.mistake("The bias goes in before ReLU: it decides whether the neuron answers at all.")
def _(inputs, weights, bias):
    return torch.relu((inputs * weights).sum()) + bias


@neuron.mistake("ReLU comes last, after the sum: negative products count too.")
def _(inputs, weights, bias):
    return torch.relu(inputs * weights).sum() + bias


@neuron.mistake("The products are to be added up, not averaged.")
def _(inputs, weights, bias):
    return torch.relu((inputs * weights).mean() + bias)


@neuron.mistake("The bias is one number for the whole sum; here it is added to every product.")
def _(inputs, weights, bias):
    return torch.relu((inputs * weights + bias).sum())


@neuron.alternative
def with_a_loop(inputs, weights, bias):
    total = bias
    for x, w in zip(inputs, weights, strict=True):
        total = total + x * w
    return total if total > 0 else torch.zeros(())


@neuron.alternative
def with_a_dot_product(inputs, weights, bias):
    return torch.clamp(weights @ inputs + bias, min=0)


dense_parameters = value(
    lambda: 256 * 64 + 64,
    level=1,
    minutes=3,
    right="Right: 256 weights for each of 64 neurons, and 64 biases.",
    hints=(
        "How many numbers does one neuron have of its own?",
        "64 neurons, each with 256 weights and one bias.",
    ),
    why="Every neuron of a dense layer has a weight for every input, and one bias.",
    wrong={
        256 * 64: "The biases are missing: one for each neuron.",
        256 * 64 + 256: "There is one bias for each neuron, and not for each input.",
        256 + 64: "Every neuron has a weight of its own for every input.",
        256 * 64 + 1: "Every neuron has a bias of its own.",
        64: "Those are the biases; the weights are missing.",
    },
)


@exercise(
    level=1,
    minutes=4,
    lines=1,
    hints=("The gradient points uphill. Where do you want to go?", "parameter − learning rate × gradient."),
    why="Against the gradient the loss falls fastest; the learning rate says how far to go.",
)
def gradient_step(parameter, gradient, learning_rate=0.1):
    """The parameter after one step of gradient descent; the tensors that come in are left as they are.

    parameter and gradient have the same shape, and so has what is returned.
    """
    return parameter - learning_rate * gradient


@gradient_step.examples
def _(draw):
    yield draw(2), draw(2)
    yield draw(3), draw(3), 0.5
    yield draw(2, 3), draw(2, 3), 0.01


@gradient_step.mistake("That climbs: the gradient points to where the loss grows. Go the other way.")
def _(parameter, gradient, learning_rate=0.1):
    return parameter + learning_rate * gradient


@gradient_step.mistake("The learning rate is missing.")
def _(parameter, gradient, learning_rate=0.1):
    return parameter - gradient


@gradient_step.mistake("Your code changes `parameter` in place. Return a new tensor and leave that one.")
def _(parameter, gradient, learning_rate=0.1):
    parameter -= learning_rate * gradient
    return parameter


@gradient_step.mistake("That is the step. Return where it leads: the parameter after it.")
def _(parameter, gradient, learning_rate=0.1):
    return -learning_rate * gradient


@gradient_step.mistake("Use the learning rate that is passed in; this one is always 0.1.")
def _(parameter, gradient, learning_rate=0.1):
    return parameter - 0.1 * gradient


@gradient_step.alternative
def with_torch(parameter, gradient, learning_rate=0.1):
    return torch.add(parameter, gradient, alpha=-learning_rate)


@exercise(
    level=2,
    minutes=8,
    lines=5,
    hints=(
        "`__init__` makes the layers and keeps them in attributes; `forward` uses them.",
        "`x.flatten(1)` keeps the batch; `nn.Linear(inputs, hidden)`; ReLU; `nn.Linear(hidden, classes)`.",
    ),
    why="Scores come out without softmax: PyTorch's cross-entropy applies it itself.",
)
class TwoLayers(nn.Module):
    """A multi-layer perceptron: flatten, dense layer, ReLU, dense layer.

    Pictures (N, 1, H, W) with H × W = inputs give one score for each class, (N, classes).
    """

    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.hidden = nn.Linear(inputs, hidden)
        self.scores = nn.Linear(hidden, classes)

    def forward(self, images):
        x = images.flatten(1)  # (N, 1, H, W) → (N, H·W)
        x = torch.relu(self.hidden(x))  # (N, hidden)
        return self.scores(x)  # (N, classes)


@TwoLayers.examples
def _(draw):
    yield {"inputs": 6, "hidden": 5, "classes": 3}, draw(2, 1, 2, 3)
    yield {"inputs": 12, "hidden": 7}, draw(3, 1, 4, 3)
    yield {"inputs": 4, "hidden": 4, "classes": 4}, draw(1, 1, 2, 2)


def _two_layers(message):
    """Mistake of `forward` alone: the layers are right."""

    def keep(forward):
        TwoLayers.mistake(message)(type("Wrong", (TwoLayers.reference,), {"forward": forward}))

    return keep


@_two_layers("ReLU between the layers is missing: two linear layers without it are no more than one.")
def _(self, images):
    return self.scores(self.hidden(images.flatten(1)))


@_two_layers("ReLU after the last layer: scores may be negative, so the last layer stays linear.")
def _(self, images):
    return torch.relu(self.scores(torch.relu(self.hidden(images.flatten(1)))))


@_two_layers("That ends in softmax. Leave the scores alone: PyTorch's cross-entropy applies it itself.")
def _(self, images):
    return self.scores(torch.relu(self.hidden(images.flatten(1)))).softmax(1)


@_two_layers("ReLU, not sigmoid, goes between the layers.")
def _(self, images):
    return self.scores(torch.sigmoid(self.hidden(images.flatten(1))))


@_two_layers("ReLU goes after the first layer; here it is applied to the picture.")
def _(self, images):
    return self.scores(self.hidden(torch.relu(images.flatten(1))))


@TwoLayers.mistake("A layer is without its bias: leave out `bias=False`.")
class _NoBias(TwoLayers.reference):
    def __init__(self, inputs, hidden, classes=10):
        super().__init__(inputs, hidden, classes)
        self.hidden = nn.Linear(inputs, hidden, bias=False)


@TwoLayers.alternative
class AsSequential(nn.Sequential):
    def __init__(self, inputs, hidden, classes=10):
        super().__init__(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))


@TwoLayers.alternative
class ByHand(nn.Module):
    def __init__(self, inputs, hidden, classes=10):
        super().__init__()
        self.b2, self.b1 = nn.Parameter(torch.zeros(classes)), nn.Parameter(torch.zeros(hidden))
        self.w2 = nn.Parameter(torch.randn(classes, hidden))
        self.w1 = nn.Parameter(torch.randn(hidden, inputs))

    def forward(self, images):
        hidden = (images.reshape(len(images), -1) @ self.w1.T + self.b1).clamp(min=0)
        return hidden @ self.w2.T + self.b2


one_epoch = choice(
    "c",
    level=1,
    minutes=1,
    replies={
        "a": (
            "one update of the weights",
            "That is a step. An epoch has as many steps as there are batches.",
        ),
        "b": ("one batch of pictures", "That is what a step looks at."),
        "c": ("every training picture once", "Yes: with 1,297 pictures in batches of 64 it has 21 steps."),
        "d": ("training until the loss stops falling", "That may take many epochs."),
    },
)
