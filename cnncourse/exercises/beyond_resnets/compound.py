"""EfficientNet's rule: depth, width and resolution grow together."""

from ...models import efficientnet
from .._kinds import exercise, value

compound = exercise(
    efficientnet.compound,
    level=1,
    minutes=6,
    lines=1,
    hints=(
        "α belongs to the depth, β to the width, γ to the resolution, and each is raised to the power φ.",
        "Look at the order of what is returned: width, depth, pixels.",
        "`beta**phi, alpha**phi, 224 * gamma**phi`",
    ),
    why="One number φ says how much more may be spent, and the rule how to share it out.",
)


@compound.examples
def _(draw):
    yield (1,)
    yield (2, 1.3, 1.1, 1.2)
    yield (draw.integer(3, 7) / 2,)
    yield -1, 1.1, 1.25, 1.05


def _rule(width=lambda p, a, b, c: b**p, depth=lambda p, a, b, c: a**p, pixels=lambda p, a, b, c: 224 * c**p):
    def wrong(phi, alpha=1.2, beta=1.1, gamma=1.15):
        return tuple(part(phi, alpha, beta, gamma) for part in (width, depth, pixels))

    return wrong


compound.mistake("α and β are exchanged: α belongs to the depth, β to the width. The width comes first.")(
    _rule(width=lambda p, a, b, c: a**p, depth=lambda p, a, b, c: b**p)
)
compound.mistake("β and γ are exchanged: β belongs to the width, γ to the resolution.")(
    _rule(width=lambda p, a, b, c: c**p, pixels=lambda p, a, b, c: 224 * b**p)
)
compound.mistake("φ is the exponent: the growth is β^φ, not β · φ.")(
    _rule(lambda p, a, b, c: b * p, lambda p, a, b, c: a * p, lambda p, a, b, c: 224 * c * p)
)
compound.mistake(
    "The resolution is a factor in your answer. Give pixels: times 224, the side of B0's pictures."
)(_rule(pixels=lambda p, a, b, c: c**p))
compound.mistake("The rule's resolution is not rounded, nor limited to whole pixels.")(
    _rule(pixels=lambda p, a, b, c: float(round(224 * c**p)))
)
compound.mistake("γ is the factor of a *side*, not of the number of pixels: do not take its root or square.")(
    _rule(pixels=lambda p, a, b, c: 224 * c ** (p / 2))
)
compound.mistake("The square of β belongs to the cost. The width itself grows by β^φ.")(
    _rule(width=lambda p, a, b, c: b ** (2 * p))
)


@compound.alternative
def step_by_step(phi, alpha=1.2, beta=1.1, gamma=1.15):
    grown = {name: pow(factor, phi) for name, factor in (("w", beta), ("d", alpha), ("r", gamma))}
    return grown["w"], grown["d"], grown["r"] * 224


compound_cost = value(
    lambda: round(1.2 * 1.1**2 * 1.15**2, 3),
    level=1,
    minutes=4,
    right="Right: 1.2 · 1.1² · 1.15² = 1.920. The paper writes ≈ 2: at φ = 7 the rule spends 96 times "
    "B0's cost, "
    "not 128 times.",
    hints=(
        "A convolution costs C_in · C_out · k² multiply-adds at each of H · W places, in each layer.",
        "Twice the layers, twice the cost. Twice the width doubles C_in *and* C_out; twice the side "
        "doubles H *and* W.",
        "α · β² · γ² with 1.2, 1.1 and 1.15.",
    ),
    why="α · β² · γ² = 1.2 · 1.21 · 1.3225 = 1.920.",
    wrong={
        1.518: "That is α · β · γ. The width counts twice, for the maps that come in and those that go "
        "out, and the "
        "resolution twice, for rows and columns.",
        2: "That is what the rule aims at. Compute what 1.2, 1.1 and 1.15 make.",
        1.67: "The resolution counts twice: rows and columns.",
        1.746: "The width counts twice: maps that come in and maps that go out.",
        2.304: "The depth counts once: twice the layers are twice the cost.",
        3.45: "That is their sum. Factors are multiplied.",
    },
)
