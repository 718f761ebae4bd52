"""Why deeper can be worse, and how many ways lead through a residual network."""

from math import comb

from .._kinds import choice, value

deeper_and_worse = choice(
    "c",
    level=1,
    minutes=4,
    replies={
        "a": (
            "Overfitting: the deeper network has three times the parameters.",
            "A network that overfits is good on its training pictures and bad on new ones. Here the error on "
            "the training pictures themselves is the higher one.",
        ),
        "b": (
            "Too few parameters: 56 layers of so few channels cannot express it.",
            "Whatever the 20 layers compute, 56 can: copy the 20, and let each further layer pass on what "
            "it gets. The better solution exists.",
        ),
        "c": (
            "The better solution exists, and training does not find it.",
            "Right. Copy the 20 layers, let the other 36 pass on what they get, and the training error is "
            "the same. Gradient descent does not get there: a difficulty of optimisation, which the paper "
            "calls degradation.",
        ),
        "d": (
            "Bad luck: another seed would be the other way round.",
            "The recorded run below has several seeds, and the order is the same in each.",
        ),
    },
)

ten_paths = value(
    lambda: comb(5, 2),
    level=2,
    minutes=5,
    right="Right: choose two of five blocks, 10 paths. Of all 32, most are of middling length.",
    hints=(
        "A path decides at every block: through F, or past it. How can exactly two of five be chosen?",
        "Blocks 1 and 2, 1 and 3, 1 and 4, … The number is a binomial coefficient.",
    ),
    why="5 choose 2 = 5 · 4 / 2 = 10.",
    wrong={
        32: "Those are all the paths, 2⁵. How many of them go through exactly two blocks?",
        20: "Blocks 1 and 3 make one path, not two: the order is given by the network.",
        25: "A path cannot go through one block twice, and the order does not count.",
        16: "Those are the paths that go through at most two blocks: 1 + 5 + 10.",
        5: "Those are the paths through exactly one block.",
        4: "Any two blocks make a path, not only neighbours.",
    },
)
