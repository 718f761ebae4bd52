"""A trained network for another task: its new head, what is frozen, modes and learning rates.

A network here is a chain of parts, its children, whose last one is the head: `LetterNet`, for example.
"""

import torch
from torch import nn

from .data import Split
from .training import predict


def replace_head(model, classes):
    """Give `model` a new linear `model.head` with `classes` outputs and the inputs of the old one."""
    model.head = nn.Linear(model.head.in_features, classes)


def freeze(model, stages):
    """Let the first `stages` children of `model` keep their parameters, and all others learn."""
    for place, part in enumerate(model.children()):
        part.requires_grad_(place >= stages)


def moved(model, step):
    """Call `step()` and name what it changed: parameters and buffers, in the order of the state dict."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    step()
    return [name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])]


def train_mode(model):
    """Training mode for what learns; a part whose parameters are all frozen stays in evaluation mode."""
    model.train()
    for part in model.children():
        if not any(p.requires_grad for p in part.parameters()):
            part.eval()


def parameter_groups(model, rate, factor):
    """Groups for an optimiser: the last child learns at `rate`, each child before it `factor` times as fast.

    Frozen parameters are in no group.
    """
    groups = []
    for part in reversed(list(model.children())):
        learning = [p for p in part.parameters() if p.requires_grad]
        if learning:
            groups.append({"params": learning, "lr": rate})
        rate = rate * factor
    return groups


def parts(model, stages):
    """The first `stages` children of `model`, and the rest of them: two networks that share its layers."""
    children = list(model.children())
    return nn.Sequential(*children[:stages]), nn.Sequential(*children[stages:])


def behind(body, split):
    """The split with what `body` makes of the images, computed once: a frozen body always says the same."""
    return Split(predict(body, split.images), split.labels) if len(body) else split


def few_of_each(split, labels, seed=0):
    """So many examples of each class, drawn at random: a split."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(split.labels), generator=generator)
    classes = split.labels.unique()
    chosen = torch.cat([order[split.labels[order] == k][:labels] for k in classes])
    return Split(split.images[chosen], split.labels[chosen])
