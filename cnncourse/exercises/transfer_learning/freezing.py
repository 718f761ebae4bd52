"""Freeze the first stages: parameters, their modes, and what an optimiser knows of them."""

import torch
import torch.nn.functional as F
from torch import nn

from ... import transfer
from .._kinds import choice, exercise
from ._networks import chain, frozen, letternet


def after_a_step(candidate, model, stages, images):
    """Let the candidate freeze the model, take one step with all parameters, and say what became of each."""
    candidate(model, stages)
    model.train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    learning = [name for name, p in model.named_parameters() if p.requires_grad]
    if learning:  # one step of plain descent, by hand: a first optimiser of torch's takes seconds to import
        F.cross_entropy(model(images), torch.arange(len(images)) % 3).backward()
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.data -= 0.1 * parameter.grad
    return {
        name: _fate(
            name in learning, p.grad is not None or not torch.equal(p, before[name]), stray(model, name)
        )
        for name, p in model.named_parameters()
    }


def _fate(learns, moved, note):
    return {(True, True): "learns" + note, (False, False): "frozen"}.get(
        (learns, moved), "does not do as it says"
    )


def stray(model, name):
    """What was set near a parameter that learns and means nothing to torch."""
    parameter = model.get_parameter(name)
    if "require_grad" in vars(parameter):
        return ", and has an attribute `require_grad`"
    owners = [model.get_submodule(".".join(name.split(".")[:k])) for k in range(name.count(".") + 1)]
    if any(vars(owner).get("requires_grad") is False for owner in owners):
        return ", and its module has an attribute `requires_grad`"
    return ""


freeze = exercise(
    transfer.freeze,
    equivalent={"enumerate(model)": "a Sequential is a sequence of its parts"},
    level=2,
    minutes=12,
    lines=2,
    observe=after_a_step,
    hints=(
        "`model.children()` gives the parts in order, the head last. Which of them are to learn?",
        "A parameter has `requires_grad`; a module has the method `requires_grad_(True or False)`, which "
        "sets it for all its parameters.",
        "`for place, part in enumerate(model.children()):` and then `part.requires_grad_(place >= stages)`.",
    ),
    why="Setting both ways makes the call say what holds afterwards, whatever was frozen before.",
)


@freeze.examples
def _(draw):
    yield chain(draw, 3, 4), 1, draw(6, 1, 5, 5)
    yield frozen(chain(draw, 4, 3, 5), 3), 2, draw(6, 1, 6, 5)
    yield frozen(chain(draw, 3, 4), 1), 0, draw(6, 1, 5, 6)


@freeze.mistake(
    "`require_grad` lacks an s. Python makes a new attribute of that name without a word, and nothing is "
    "frozen: `requires_grad`."
)
def _(model, stages):
    for place, part in enumerate(model.children()):
        for parameter in part.parameters():
            parameter.require_grad = place >= stages


@freeze.mistake(
    "`requires_grad` was set on a module. There it is any attribute, and its parameters do not know of "
    "it: set it on the parameters, or call the method `requires_grad_`."
)
def _(model, stages):
    for place, part in enumerate(model.children()):
        part.requires_grad = place >= stages


@freeze.mistake("Everything is frozen, the head too. Then nothing can learn.")
def _(model, stages):
    model.requires_grad_(False)


@freeze.mistake("All but the head is frozen, whatever `stages` says.")
def _(model, stages):
    model.requires_grad_(False)
    model.head.requires_grad_(True)


@freeze.mistake(
    "What was frozen before stays frozen. After the call, all parts from `stages` on are to learn."
)
def _(model, stages):
    for part in list(model.children())[:stages]:
        part.requires_grad_(False)


@freeze.mistake("One part too many is frozen: with `stages` 1 the first part alone stays, number 0.")
def _(model, stages):
    for place, part in enumerate(model.children()):
        part.requires_grad_(place > stages)


@freeze.mistake(
    "The other way round: the first parts, near the picture, are to stay, and the last ones to learn."
)
def _(model, stages):
    for place, part in enumerate(model.children()):
        part.requires_grad_(place < stages)


@freeze.mistake(
    "You counted parameters, and a part has several: weights, biases, batch norm's scale and shift. Count "
    "children."
)
def _(model, stages):
    for place, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(place >= stages)


@freeze.mistake(
    "Batch norm still learns: its scale and shift are parameters, like the weights of a convolution."
)
def _(model, stages):
    for place, part in enumerate(model.children()):
        for layer in part.modules():
            if not isinstance(layer, nn.BatchNorm2d):
                for parameter in layer.parameters(recurse=False):
                    parameter.requires_grad_(place >= stages)


@freeze.mistake("Biases still learn: you froze what has two or more dimensions.")
def _(model, stages):
    for place, part in enumerate(model.children()):
        for parameter in part.parameters():
            parameter.requires_grad_(place >= stages or parameter.ndim < 2)


@freeze.alternative
def by_name(model, stages):
    first = tuple(f"{name}." for name, _ in list(model.named_children())[:stages])
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not name.startswith(first)


@freeze.alternative
def all_then_some(model, stages):
    model.requires_grad_(True)
    nn.Sequential(*list(model.children())[:stages]).requires_grad_(False)
    return model


def in_training(candidate, model, images):
    """Set the modes, send two batches through, and say what came out and what it left behind."""
    learning = [p.requires_grad for p in model.parameters()]
    candidate(model)
    with torch.no_grad():
        output = torch.stack([model(batch) for batch in images])
    statistics = {name: value for name, value in model.named_buffers() if "running" in name}
    same = learning == [p.requires_grad for p in model.parameters()]
    return {"output": output, "running statistics": statistics, "the same parameters learn": same}


train_mode = exercise(
    transfer.train_mode,
    level=2,
    minutes=12,
    lines=4,
    observe=in_training,
    hints=(
        "Freezing a parameter and being in evaluation mode are two things: the one is about gradients, "
        "the other about batch norm and dropout.",
        "`model.train()` sets every part. Afterwards, call `.eval()` on those whose parameters are all "
        "frozen.",
        "`any(p.requires_grad for p in part.parameters())`, for each of `model.children()`.",
    ),
    why="A frozen stage is then what it was when its features were learnt, whatever batch it sees.",
)


@train_mode.examples
def _(draw):
    for widths, stages, dropout in (
        ((3, 4), 1, False),
        ((3, 4, 3), 2, True),
        ((4, 3), 0, True),
        ((3, 4), 2, True),
    ):
        yield frozen(chain(draw, *widths, dropout=dropout), stages).eval(), 3 * draw(2, 5, 1, 5, 4) + 1
    yield frozen(letternet(draw), 2).eval(), 3 * draw(2, 4, 1, 8, 8) + 1
    partly = frozen(chain(draw, 4, 3, 5), 1)
    partly[1][0].requires_grad_(False)  # of the second stage, the convolution alone
    yield partly.eval(), 3 * draw(2, 6, 1, 4, 5) + 1


@train_mode.mistake(
    "The statistics of the frozen stages move, and their output depends on the batch: `requires_grad` "
    "does not concern running means. Put frozen parts into evaluation mode, after `model.train()`."
)
def _(model):
    model.train()


@train_mode.mistake(
    "Now the parts that learn are in evaluation mode as well. Only the frozen ones should be."
)
def _(model):
    model.eval()


@train_mode.mistake(
    "Every batch norm is in evaluation mode; those in parts that learn should go with their batch."
)
def _(model):
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


@train_mode.mistake(
    "With momentum 0 the running statistics stay, but in training mode batch norm does not use them: it "
    "divides by the batch's own. Use `.eval()`."
)
def _(model):
    model.train()
    for part in model.children():
        if not any(p.requires_grad for p in part.parameters()):
            for layer in part.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.momentum = 0.0


@train_mode.mistake("A frozen part as a whole is in evaluation mode: its dropout still drops in yours.")
def _(model):
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d) and not layer.weight.requires_grad:
            layer.eval()


@train_mode.mistake(
    "One frozen tensor is not a frozen part. Evaluation mode is for parts in which nothing learns."
)
def _(model):
    model.train()
    for part in model.children():
        if not all(p.requires_grad for p in part.parameters()):
            part.eval()


@train_mode.mistake("The modes are right, but you froze more parameters: leave `requires_grad` as it is.")
def _(model):
    for part in model.children():
        part.train(any(p.requires_grad for p in part.parameters()))
    next(model.head.parameters()).requires_grad_(False)


@train_mode.alternative
def part_by_part(model):
    for part in model.children():
        part.train(any(p.requires_grad for p in part.parameters()))
    return model


@train_mode.alternative
def by_the_frozen(model):
    model.train()
    for _, part in model.named_children():
        if all(not p.requires_grad for p in part.parameters()):
            for layer in part.modules():
                layer.training = False


late_thaw = choice(
    "b",
    level=2,
    minutes=4,
    replies={
        "a": (
            "It learns from the next step on.",
            "Its gradients are computed from then on, but who would apply them? The optimiser was given a "
            "list, and stage 4 is not on it.",
        ),
        "b": (
            "Its gradients are computed, and it does not move.",
            "Yes: nothing complains, and nothing happens. Thaw first and make the optimiser afterwards, "
            "or call `optimizer.add_param_group`.",
        ),
        "c": (
            "An error says that the optimiser does not know it.",
            "That would be kind. An optimiser steps through its own list and does not look at the model.",
        ),
        "d": (
            "It moves, but with a learning rate of 0.",
            "It has no learning rate: it is in no group of this optimiser.",
        ),
    },
)
