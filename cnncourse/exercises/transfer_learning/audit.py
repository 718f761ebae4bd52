"""Find out what a step really changes."""

import torch

from ... import transfer
from .._kinds import exercise
from ._networks import chain


def names_found(candidate, model, changes):
    """Let the candidate watch a step that makes `changes`; what it names, and how often it took the step."""
    steps = []

    def step():
        steps.append(1)
        with torch.no_grad():
            for name, how in changes:
                CHANGES[how](model.get_parameter(name) if "running" not in name else model.get_buffer(name))

    found = candidate(model, step)
    return {
        "names": None if found is None else sorted(map(str, found)),
        "steps taken": len(steps),
    }


def nudge(tensor):
    tensor.view(-1)[-1] += 1e-6 * (1 + tensor.view(-1)[-1].abs())


def swap(tensor):
    tensor.copy_(tensor.flatten().roll(1).reshape(tensor.shape))


def shrink(tensor):
    tensor.mul_(0.9)


CHANGES = {"nudge": nudge, "swap": swap, "shrink": shrink}

moved = exercise(
    transfer.moved,
    level=2,
    minutes=12,
    lines=3,
    observe=names_found,
    equivalent={"torch.equal(before[name], tensor)": "being equal goes both ways"},
    hints=(
        "Take a picture of the state dict, call `step()`, take another one, compare. What do the tensors "
        "in the first picture do while the step runs?",
        "A state dict does not copy: its tensors share their memory with the model. `.clone()` makes a copy.",
        "`torch.equal(a, b)` is exact. A small step is a step.",
    ),
    why="Believe no setting, look at what moves. The state dict has the running statistics as well, and they "
    "move without any gradient.",
)


@moved.examples
def _(draw):
    yield chain(draw, 3, 4), [("head.weight", "shrink")]
    yield chain(draw, 3, 4), []
    for _ in range(3):
        model = chain(draw, 4, 3, 5)
        model[1].requires_grad_(False)
        names = [n for n in model.state_dict() if "num_batches" not in n]
        some = [names[i] for i in draw.permutation(len(names))[:6].tolist()]
        body = [n for n in names if n.endswith("0.weight")]
        changes = dict.fromkeys(some, "shrink") | {body[0]: "swap", body[1]: "nudge"}
        yield model, list((changes | {names[4]: "shrink"}).items())


def _difference(before, after):
    return [name for name in after if not torch.equal(before[name], after[name])]


@moved.mistake(
    "You found nothing, for the picture from before has moved along: a state dict does not copy. "
    "`.clone()` each tensor of it."
)
def _(model, step):
    before = dict(model.state_dict())
    step()
    return _difference(before, model.state_dict())


@moved.mistake("Nothing moved, for `step` was never called: `step()`.")
def _(model, step):
    return []


@moved.mistake(
    "Parameters alone: running means and variances are missing. They are buffers; `model.state_dict()` "
    "has both."
)
def _(model, step):
    before = {n: p.clone() for n, p in model.named_parameters()}
    step()
    return _difference(before, dict(model.named_parameters()))


@moved.mistake("Values that change places leave their sum as it was. Compare element by element.")
def _(model, step):
    before = {n: t.double().sum().item() for n, t in model.state_dict().items()}
    step()
    return [n for n, t in model.state_dict().items() if abs(t.double().sum().item() - before[n]) > 1e-12]


@moved.mistake("`allclose` forgives small steps, and a learning rate is small. Use `torch.equal`.")
def _(model, step):
    before = {n: t.clone() for n, t in model.state_dict().items()}
    step()
    return [n for n, t in model.state_dict().items() if not torch.allclose(t, before[n])]


@moved.mistake("Those are the tensors that may move. Find out which do: compare values.")
def _(model, step):
    step()
    return [n for n, p in model.named_parameters() if p.requires_grad]


@moved.mistake("Those stayed. Name the ones that moved.")
def _(model, step):
    before = {n: t.clone() for n, t in model.state_dict().items()}
    step()
    return [n for n, t in model.state_dict().items() if torch.equal(t, before[n])]


@moved.mistake(
    "You compare objects, and every call of `state_dict()` makes new ones. Compare their values: "
    "`torch.equal`."
)
def _(model, step):
    before = model.state_dict()
    step()
    return [n for n, t in model.state_dict().items() if t is not before[n]]


@moved.alternative
def with_a_deep_copy(model, step):
    import copy

    before = copy.deepcopy(model).state_dict()
    step()
    return {n for n, t in model.state_dict().items() if (t != before[n]).any()}
