"""What a loss makes of scores, and how the losses of a batch are averaged."""

import math

import torch
import torch.nn.functional as F

from ... import layers
from .._kinds import counterexample, exercise, value

softmax_floor = value(
    lambda: math.log(1 + 9 / math.e),
    level=2,
    minutes=6,
    right="Right: ln(1 + 9/e) = 1.461. The network may be perfect, and the loss will not show it.",
    hints=(
        "The best that the first softmax can give is 1 for the right class, and 0 for the nine others. "
        "Cross-entropy takes these ten numbers for scores.",
        "Softmax of the scores 1, 0, 0, … gives the right class e / (e + 9). Minus its logarithm, please: "
        "`math.log(1 + 9 / math.e)`.",
    ),
    why="Scores between 0 and 1 leave the right class at most e / (e + 9) = 0.232, and −ln 0.232 = 1.461.",
    wrong={
        0: "That would be so if cross-entropy took probabilities. It takes scores: softmax comes again.",
        math.log(10): "That is the loss of no idea at all, with ten equal scores.",
        1: "A probability of 1 goes in as a *score* of 1. What does softmax make of 1, 0, 0, …?",
        math.e / (math.e + 9): "That is the right class's probability. The loss is minus its logarithm.",
        -math.log(1 + 9 / math.e): "The sign: the loss is *minus* the logarithm of the probability.",
        math.log(1 + 10 / math.e): "There are nine other classes, and not ten.",
    },
)

cross_entropy = exercise(
    layers.cross_entropy,
    level=2,
    minutes=12,
    lines=3,
    gradients=True,
    shortcuts={
        "cross_entropy": "`cross_entropy` does the whole job. Write what it does.",
        "log_softmax": "`log_softmax` does nearly all of it. Write it out, with `exp` and `log`.",
        "nll_loss": "`nll_loss` picks the right class and averages. Write that out too.",
    },
    equivalent={
        "labels[:, None])[:,]": "(N, 1) broadcasts, and the mean of all differences is the same",
        "labels[:, None])[:, -1]": "one column: the first is the last",
    },
    hints=(
        "−ln(eˢ / Σ eˢ) = ln Σ eˢ − s. So you need the logarithm of a sum, and the score of the right class.",
        "exp overflows beyond 88. Subtract each row's largest score first (`scores.amax(1, keepdim=True)`): "
        "that changes no probability.",
        "`scores.gather(1, labels[:, None])[:, 0]` picks from each row the score of its label; so does "
        "`scores[torch.arange(len(labels)), labels]`.",
    ),
    why="Subtracting the largest score leaves exponents of at most 0: one of them is 1, none overflows.",
)


@cross_entropy.examples
def _(draw):
    yield draw(2, 3), torch.tensor([2, 0])
    yield draw(5, 4), draw.integers(5, low=0, high=4)
    yield draw(3, 6) - 3, draw.integers(3, low=0, high=6)
    yield torch.tensor([[200.0, 198.0, -200.0], [-150.0, -148.0, -149.0]]), torch.tensor([1, 2])
    yield 300 * draw(4, 5), torch.tensor([4, 1, 1, 3])


@cross_entropy.mistake(
    "Right for small scores, but exp(89) is already infinite in float32. Subtract each row's largest score "
    "before exp: the probabilities stay the same."
)
def _(scores, labels):
    right = scores.gather(1, labels[:, None])[:, 0]
    return (scores.exp().sum(1).log() - right).mean()


@cross_entropy.mistake(
    "The logarithm is taken of a softmax that has already become 0. Subtract in logarithms: ln Σ eˢ − s."
)
def _(scores, labels):
    probabilities = scores.softmax(1)
    return -probabilities.gather(1, labels[:, None]).log().mean()


@cross_entropy.mistake("The batch's losses are averaged, not added up: the rate must not depend on its size.")
def _(scores, labels):
    return F.cross_entropy(scores, labels) * len(labels)


@cross_entropy.mistake("The sign is turned: the loss is *minus* the logarithm, and never below 0.")
def _(scores, labels):
    return -F.cross_entropy(scores, labels)


@cross_entropy.mistake("Softmax comes twice: the scores go in as they are.")
def _(scores, labels):
    return F.cross_entropy(scores.softmax(1), labels)


@cross_entropy.mistake(
    "That averages over the classes too. Only the right class's logarithm counts: pick one number from each "
    "row, and average over the rows."
)
def _(scores, labels):
    return F.cross_entropy(scores, labels) / scores.shape[1]


@cross_entropy.mistake("Give the mean over the batch, one number; these are the losses one by one.")
def _(scores, labels):
    return F.cross_entropy(scores, labels, reduction="none")


@cross_entropy.alternative
def with_one_hot(scores, labels):
    wanted = torch.nn.functional.one_hot(labels, scores.shape[1])  # (N, K)
    return (torch.logsumexp(scores, 1) - (scores * wanted).sum(1)).mean()


@cross_entropy.alternative
def row_by_row(scores, labels):
    losses = [(row - row[label]).logsumexp(0) for row, label in zip(scores, labels, strict=True)]
    return torch.stack(losses).mean()


def mean_of_all(first, second):
    """The mean loss of all examples."""
    return torch.cat([first, second]).mean()


def mean_of_means(first, second):
    """The mean of the batches' means: right where batches have one size."""
    return (first.mean() + second.mean()) / 2


SAME_LENGTH = "Your batches have the same size. Then each example counts the same, and both versions agree."
SAME_MEAN = "Both batches have the same mean, and so does every average of them."
NOT_LOSSES = (
    "Hand in two tensors with one dimension, such as torch.tensor([1.0, 2.0]): the losses of each batch."
)
MANY = "Keep it small: at most four losses in a batch."


def _two_batches(first, second):
    """What is not allowed about two batches of losses, in a sentence; else None."""
    if not all(
        isinstance(batch, torch.Tensor) and batch.ndim == 1 and len(batch) for batch in (first, second)
    ):
        return NOT_LOSSES
    if max(len(first), len(second)) > 4:
        return MANY
    if len(first) == len(second):
        return SAME_LENGTH
    return SAME_MEAN if torch.isclose(first.float().mean(), second.float().mean()) else None


@counterexample(
    wrong=mean_of_means,
    right=mean_of_all,
    valid=_two_batches,
    level=1,
    minutes=4,
    hints=(
        "How much does one example count in the colleague's number? It depends on something.",
        "An example in a batch of one counts as much as three examples in a batch of three.",
    ),
    why="In the colleague's number the lone example counts as much as the two others together.",
)
def average_of_averages():
    return torch.tensor([1.0, 1.0]), torch.tensor([4.0])


average_of_averages.mistake(SAME_LENGTH)((torch.tensor([1.0, 2.0]), torch.tensor([5.0, 9.0])))
average_of_averages.mistake(SAME_MEAN)((torch.tensor([1.0, 3.0]), torch.tensor([2.0])))
average_of_averages.mistake(NOT_LOSSES)((torch.tensor([[1.0, 2.0]]), torch.tensor([2.0])))
average_of_averages.mistake(MANY)((torch.arange(5.0), torch.tensor([9.0])))
