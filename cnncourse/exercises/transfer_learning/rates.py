"""Smaller learning rates for earlier stages."""

from ... import transfer
from .._kinds import exercise
from ._networks import chain, frozen


def steps_taken(candidate, model, rate, factor):
    """How far a step with a gradient of 1 moves each parameter: the sum of its groups' rates.

    By hand, for a first optimiser of torch's takes seconds to import. A group without a rate goes far.
    """
    moves = dict.fromkeys(model.parameters(), 0.0)
    for group in candidate(model, rate, factor):
        for parameter in group["params"]:
            moves[parameter] += group.get("lr", 1e6)
    return {name: moves[parameter] for name, parameter in model.named_parameters()}


parameter_groups = exercise(
    transfer.parameter_groups,
    equivalent={"list(model)": "a Sequential is a sequence of its parts"},
    level=2,
    minutes=12,
    lines=6,
    observe=steps_taken,
    rtol=1e-3,
    atol=1e-6,
    hints=(
        "An optimiser takes a list of dicts instead of parameters: `{\"params\": [...], \"lr\": ...}`.",
        "Go through the children from the last to the first: the head learns at `rate`, and each step "
        "towards the picture multiplies by `factor`.",
        "`for part in reversed(list(model.children())):` append a group, then `rate = rate * factor`.",
    ),
    why="Early stages hold what most tasks share and are corrected a little; the head starts from nothing.",
)  # fmt: skip


@parameter_groups.examples
def _(draw):
    yield chain(draw, 3, 4), 0.1, 0.5
    yield frozen(chain(draw, 4, 3, 5), 1), 0.2, 0.1
    rate, factor = draw.uniform(low=0.1, high=0.9).item(), draw.uniform(low=0.2, high=0.8).item()
    yield chain(draw, 3, 4, 5), rate, factor


def _groups(model, rate_of):
    """Groups whose rate follows from the place, counted from the head, and the number of children."""
    parts = list(model.children())[::-1]
    return [{"params": _learning(part), "lr": rate_of(place, len(parts))} for place, part in enumerate(parts)]


def _learning(module):
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def _wrong_rates(message, rate_of):
    parameter_groups.mistake(message)(
        lambda model, rate, factor: _groups(model, lambda place, n: rate_of(rate, factor, place, n))
    )


_wrong_rates(
    "The other way round: the first stage learns fastest in yours. The head is the one that starts from "
    "nothing.",
    lambda rate, factor, place, n: rate * factor ** (n - 1 - place),
)
_wrong_rates("Every part learns at the same rate.", lambda rate, factor, place, n: rate)
_wrong_rates(
    "The head learns at `rate` itself; in yours it is slowed down too.",
    lambda rate, factor, place, n: rate * factor ** (place + 1),
)
_wrong_rates(
    "The body has one slower rate. Each stage is to be slower than the next: multiply once more for each.",
    lambda rate, factor, place, n: rate * factor ** min(place, 1),
)
_wrong_rates(
    "Dividing by `factor`, which is below 1, makes earlier stages faster. Multiply.",
    lambda rate, factor, place, n: rate / factor**place,
)
_wrong_rates(
    "The rates fall in equal steps. Multiply by `factor` from part to part.",
    lambda rate, factor, place, n: rate * (1 - place * (1 - factor) / n),
)


@parameter_groups.mistake("The head is in no group, so it never learns.")
def _(model, rate, factor):
    return _groups(model, lambda place, n: rate * factor**place)[1:]


@parameter_groups.mistake(
    "You slow down from tensor to tensor, so that a bias learns at another rate than its weight. Go by "
    "children."
)
def _(model, rate, factor):
    return [{"params": [p], "lr": rate * factor**k} for k, p in enumerate(_learning(model)[::-1])]


@parameter_groups.mistake("The groups have no rate of their own: add `\"lr\"` to each.")  # fmt: skip
def _(model, rate, factor):
    return [{"params": _learning(part)} for part in model.children()]


@parameter_groups.mistake(
    "Frozen parameters are in a group too. Take only those of which `requires_grad` is True."
)
def _(model, rate, factor):
    parts = list(model.children())[::-1]
    return [{"params": list(part.parameters()), "lr": rate * factor**k} for k, part in enumerate(parts)]


@parameter_groups.alternative
def with_powers(model, rate, factor):
    last = len(list(model.children())) - 1
    return [
        {"lr": rate * factor ** (last - place), "params": (p for p in part.parameters() if p.requires_grad)}
        for place, part in enumerate(model.children())
    ]
