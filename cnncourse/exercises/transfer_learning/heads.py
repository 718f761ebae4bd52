"""Exchange the last layer, and count what is left to learn."""

import torch
from torch import nn

from ... import transfer
from .._kinds import exercise, value
from ._networks import chain


def after_the_exchange(candidate, model, classes, images):
    """What the model is after it was handed to the candidate: the head, and what reaches it."""
    old, seen = model.head.weight.detach().clone(), []
    candidate(model, classes)
    model.eval()
    model.head.register_forward_pre_hook(lambda head, given: seen.append(given[0].detach()))
    scores = model(images)
    parameters = dict(model.head.named_parameters())
    weight = max(parameters.values(), key=torch.Tensor.numel)
    return {
        "what the head sees": seen[0],
        "shape of the scores": tuple(scores.shape),
        "parameters of the head": sorted(p.numel() for p in parameters.values()),
        "scores are probabilities": bool(torch.allclose(scores.sum(1), torch.ones(len(images)), atol=1e-4)),
        "weights are new": weight.shape != old.shape or not torch.equal(weight, old),
        "the head learns": all(p.requires_grad for p in parameters.values()),
        "what else learns": sum(p.requires_grad for p in model.parameters()) - len(parameters),
    }


replace_head = exercise(
    transfer.replace_head,
    level=1,
    minutes=8,
    lines=1,
    observe=after_the_exchange,
    hints=(
        "A layer of a module is an attribute, and an attribute can be assigned: `model.head = …`",
        "How many inputs did the old layer have? `model.head.in_features` knows.",
    ),
    why="The body stays, weights and all; the new head starts from random numbers and has to be trained.",
)


@replace_head.examples
def _(draw):
    yield chain(draw, 4, 6, classes=5), 3, draw(2, 1, 6, 6)
    yield transfer_frozen(chain(draw, 5, 4, 7, classes=4)), 6, draw(3, 1, 8, 6)
    yield chain(draw, 3, 5, classes=4), 4, draw(2, 1, 7, 8)


def transfer_frozen(model):
    return model.requires_grad_(False)


@replace_head.mistake(
    "`out_features` is a note on the layer. Its weights are as they were, and so is the number of scores: "
    "make a new layer."
)
def _(model, classes):
    model.head.out_features = classes


@replace_head.mistake(
    "The old head is still there, and yours sees its scores. They say what a picture has of the old classes; "
    "the features before them say more. Put the new layer in place of the old one."
)
def _(model, classes):
    model.head = nn.Sequential(model.head, nn.Linear(model.head.out_features, classes))


@replace_head.mistake("The inputs of a layer are not always 64. Ask the old one: `model.head.in_features`.")
def _(model, classes):
    model.head = nn.Linear(64, classes)


@replace_head.mistake(
    "The body has lost its weights too: everything begins anew, and nothing is transferred."
)
def _(model, classes):
    model.head = nn.Linear(model.head.in_features, classes)
    for layer in model.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()


@replace_head.mistake("The new head has no bias. Leave out `bias=False`.")
def _(model, classes):
    model.head = nn.Linear(model.head.in_features, classes, bias=False)


@replace_head.mistake("Leave softmax out: PyTorch's cross-entropy takes scores and applies it itself.")
def _(model, classes):
    model.head = nn.Sequential(nn.Linear(model.head.in_features, classes), nn.Softmax(1))


@replace_head.mistake("The new head is frozen as well; who is to learn then?")
def _(model, classes):
    model.head = nn.Linear(model.head.in_features, classes)
    model.requires_grad_(False)


@replace_head.mistake("You thaw the body as well. Exchange the head and leave the rest as it is.")
def _(model, classes):
    model.head = nn.Linear(model.head.in_features, classes)
    model.requires_grad_(True)


@replace_head.mistake(
    "Where the number of classes stays, the old head stays too in your version. Its classes are other ones: "
    "begin anew."
)
def _(model, classes):
    if model.head.out_features != classes:
        model.head = nn.Linear(model.head.in_features, classes)


@replace_head.alternative
def by_setattr(model, classes):
    head = nn.LazyLinear(classes)
    head(torch.zeros(1, model.head.weight.shape[1]))
    model.head = head
    return model


head_parameters = value(
    lambda: 64 * 10 + 10,
    level=1,
    minutes=2,
    right="Right: 64 · 10 weights and 10 biases, about one in a hundred of the network's 61,050.",
    hints=(
        "The body hands 64 features to the head.",
        "A weight for every feature and class, a bias for every class.",
    ),
    why="Freezing everything leaves a linear classifier on fixed features, whatever the size of the body.",
    wrong={
        640: "The biases are missing: one for every class.",
        704: "There is one bias for each class, and not for each feature.",
        26 * 64 + 26: "That was the old head, with its 26 letters.",
        61_050: "That is the whole network with its new head. The body is frozen.",
        62_090: "That is the whole network with its old head.",
        60_400: "That is the body, which is frozen.",
    },
)  # fmt: skip
