"""Stochastic pooling: its average for inference, and its draws, which are judged by their distribution."""

import torch

from ... import pooling
from .._compare import Difference
from .._kinds import FunctionExercise, exercise

expected_pool = exercise(
    pooling.expected_pool,
    level=2,
    minutes=10,
    lines=4,
    equivalent={
        "dim=(5, 4)": "a sum over two dimensions does not depend on their order",
        "torch.where(total > 0, total, 2)": "0 divided by 2 is 0 as well",
    },
    hints=(
        "Value a is drawn with chance a / total. What comes out on average is the sum of chance times value.",
        "`windows = maps.unfold(2, size, size).unfold(3, size, size)` has each window in its last two "
        "dimensions. "
        "Per window you need two sums: of a, and of a².",
        "Where the sum is 0, divide by 1 instead: `torch.where(total > 0, total, 1)`. Zero divided by one "
        "is the zero "
        "that is wanted.",
    ),
    why=(
        "Chance a / Σa times value a, added up, is Σa² / Σa; a window of zeros has no chances, and is "
        "defined as 0."
    ),
)


@expected_pool.examples
def _(draw):
    yield torch.tensor([[[[1.0, 2.0], [5.0, 2.0]]]]), 2
    yield torch.tensor([[[[0.0, 0.0, 0.0, 3.0], [0.0, 0.0, 1.0, 0.0]]]]), 2
    yield draw(1, 3, 3, 7).relu(), 3
    yield draw(2, 2, 5, 4).relu(), 2
    sparse = draw.uniform(2, 2, draw.integer(6, 9), draw.integer(9, 12), low=-3.0, high=1.0).relu()
    yield sparse, 2


def _sums(maps, size):
    """Σa and Σa² of every window."""
    cells = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    return cells.sum(4), (cells**2).sum(4)


@expected_pool.mistake("A window of zeros gives NaN in your answer: 0 / 0. It is defined as 0.")
def _(maps, size):
    total, squares = _sums(maps, size)
    return squares / total


@expected_pool.mistake(
    "That is the plain average, in which each cell has the same weight. Here a large value has a large "
    "chance."
)
def _(maps, size):
    return pooling.average_pool(maps, size)


@expected_pool.mistake(
    "That is the largest value. The others have a chance too, so the average lies below it."
)
def _(maps, size):
    return pooling.max_pool(maps, size)


@expected_pool.mistake("The sum of the squares is right, but it is not divided by the sum of the values.")
def _(maps, size):
    return _sums(maps, size)[1]


@expected_pool.mistake(
    "The chances are taken over the whole map. They add up to 1 in each window: divide by the window's own "
    "sum."
)
def _(maps, size):
    total, squares = _sums(maps, size)
    return squares / total.sum(dim=(2, 3), keepdim=True).clamp(min=1e-12)


@expected_pool.mistake("Your chances are a softmax. Here they are a / Σa, so a value of 0 is never drawn.")
def _(maps, size):
    cells = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    return (cells.softmax(4) * cells).sum(4)


@expected_pool.mistake("You take the square root at the end. Σ p·a is already an average of values.")
def _(maps, size):
    return pooling.expected_pool(maps, size).sqrt()


@expected_pool.mistake("Your chances are proportional to a². They are proportional to a.")
def _(maps, size):
    cells = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    squares = _sums(maps, size)[1]
    return (cells**3).sum(4) / torch.where(squares > 0, squares, 1)


@expected_pool.alternative
def in_a_loop(maps, size):
    output = torch.zeros(*maps.shape[:2], maps.shape[2] // size, maps.shape[3] // size)
    for n, c, i, j in torch.cartesian_prod(*map(torch.arange, output.shape)).tolist():
        a = maps[n, c, i * size : (i + 1) * size, j * size : (j + 1) * size]
        output[n, c, i, j] = (a / a.sum() * a).sum() if a.sum() > 0 else 0
    return output


@expected_pool.alternative
def by_two_average_pools(maps, size):
    return (pooling.average_pool(maps**2, size) / pooling.average_pool(maps, size)).nan_to_num(0)


COPIES = 4000  # draws from every window
FAR = 0.07  # how far two shares of so many draws may lie apart


def shares(candidate, maps, size):
    """What `candidate` draws from `COPIES` copies of one picture: (a result, shares, whether calls repeat).

    shares (C, H', W', size²) says how often each cell of each window was drawn. In one share two right
    answers differ by more than `FAR` with a probability of at most 2·exp(−COPIES·FAR²) = 6e-9 (Hoeffding,
    1963), and the examples have 62 shares: a right answer is called wrong less than once in a million times.
    """
    copies = maps.expand(COPIES, -1, -1, -1)
    drawn, again = candidate(copies.clone(), size), candidate(copies.clone(), size)
    if not isinstance(drawn, torch.Tensor):
        return drawn
    cells = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)[0]  # (C, H', W', size²)
    if drawn.shape != (COPIES, *cells.shape[:3]):
        return torch.zeros_like(drawn), torch.zeros_like(cells), False
    hits = torch.stack([drawn == cells[..., k] for k in range(cells.shape[3])], dim=4)
    return torch.zeros_like(drawn), hits.float().mean(dim=0), torch.equal(drawn, again)


class DrawExercise(FunctionExercise):
    """A function that answers by chance, judged by `shares`; says what its numbers are."""

    def compare(self, got, want):
        difference = super().compare(got, want)
        if difference and difference.what == "shape" and difference.path == "[0]":
            shapes = [tuple(record["output"]["items"][0]["array"].shape) for record in (got, want)]
            text = f"For {COPIES} pictures your answer has shape {shapes[0]}; expected {shapes[1]}."
            return Difference("shape", text)
        if difference and difference.what == "values" and difference.path == "[1]":
            return self._share(difference, *(r["output"]["items"][1]["array"] for r in (got, want)))
        return difference

    def _share(self, difference, got, want):
        """Which cell of which window was drawn too often or too seldom."""
        (_, i, j, k), found = difference.index, got[difference.index]
        text = (
            f"In {COPIES} draws from window [{i}, {j}], its cell {k} came {found:.1%} of the times; "
            f"expected about {want[difference.index]:.1%}."
        )
        return Difference("values", text, difference.path, difference.index)


stochastic_pool = DrawExercise(
    pooling.stochastic_pool,
    level=3,
    minutes=20,
    lines=5,
    equivalent={
        "windows.mean(dim=4": "a mean is 0 where the sum is",
        "[..., -1]": "the last dimension has one entry, so its first is its last",
    },
    rtol=0,
    atol=FAR,
    observe=shares,
    hints=(
        "`torch.multinomial(weights, 1)` draws one column from each row of a table, with chances in "
        "proportion to the "
        "row's numbers. They need not add up to 1, but each row needs something positive.",
        "Make the table: unfold rows and columns as in `expected_pool`, flatten the window's two dimensions "
        "into one "
        "(`.flatten(4)`), then all others (`.flatten(0, 3)`). Give windows of zeros equal weights.",
        "`chosen = torch.multinomial(weights, 1)` holds positions, one for each window. Reshape it to "
        "(N, C, H', W', 1), and `windows.gather(4, chosen)` picks the values.",
    ),
    why="One row for each window of each map: every one of them has a draw of its own, by its own chances.",
)


@stochastic_pool.examples
def _(draw):
    yield torch.tensor([[[[1.0, 2.0], [7.0, 4.0]]]]), 2
    yield torch.tensor([[[[0.0, 0.0, 0.0, 3.0, 9.0], [0.0, 0.0, 1.0, 8.0, 9.0]]]]), 2
    yield _distinct(draw, 2, 4, 4), 2
    yield _distinct(draw, 1, 3, 6), 3


def _distinct(draw, channels, height, width):
    """Positive values, all different, some of them ten times as large as others."""
    order = draw.permutation(channels * height * width).float().reshape(1, channels, height, width)
    return (1 + 0.01 * order) * 10.0 ** (order % 3 / 2)


def _drawn(maps, size, chances):
    """Draw from every window by `chances(windows)`; shapes as in `stochastic_pool`."""
    windows = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    weights = chances(windows).expand_as(windows)
    chosen = torch.multinomial(weights.flatten(0, 3) + 1e-12, 1).reshape(*windows.shape[:4], 1)
    return windows.gather(4, chosen)[..., 0]


@stochastic_pool.mistake(
    "Every cell has the same chance in your answer. A value's chance is its share of the window's sum."
)
def _(maps, size):
    return _drawn(maps, size, torch.ones_like)


@stochastic_pool.mistake(
    "Your chances are proportional to a². They are proportional to the values themselves."
)
def _(maps, size):
    return _drawn(maps, size, lambda windows: windows**2)


@stochastic_pool.mistake(
    "Your chances are a softmax. Here a value's chance is its share of the sum, and 0 is never drawn."
)
def _(maps, size):
    return _drawn(maps, size, lambda windows: windows.softmax(4))


@stochastic_pool.mistake(
    "The largest value always wins: that is max pooling. Draw, and let the others have their chance."
)
def _(maps, size):
    return pooling.max_pool(maps, size)


@stochastic_pool.mistake(
    "No cell of the window has the value that you return: it is an average. In training one of the values "
    "is drawn."
)
def _(maps, size):
    return pooling.expected_pool(maps, size)


@stochastic_pool.mistake(
    "All pictures of the batch share one draw. Each window of each map of each picture has its own."
)
def _(maps, size):
    return pooling.stochastic_pool(maps[:1], size).expand(len(maps), -1, -1, -1).clone()


@stochastic_pool.mistake(
    "Your function draws the same at every call. Is there a seed inside it? Leave the random state to the "
    "caller."
)
def _(maps, size):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return pooling.stochastic_pool(maps, size)


@stochastic_pool.mistake(
    "Chance turned round: the small values are drawn most often. The large ones should be."
)
def _(maps, size):
    return _drawn(maps, size, lambda windows: windows.amax(4, keepdim=True) - windows)


@stochastic_pool.mistake(
    "A window of zeros stops your code: its chances do not add up to anything. Give its cells equal ones; "
    "each of them "
    "is 0."
)
def _(maps, size):
    windows = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    chosen = torch.multinomial(windows.flatten(0, 3), 1).reshape(*windows.shape[:4], 1)
    return windows.gather(4, chosen)[..., 0]


@stochastic_pool.alternative
def by_a_race(maps, size):
    """The first of several waiting times that are exponential, with rate a, is number k with chance a_k / "
    "Σa."""
    windows = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    waiting = torch.empty_like(windows).exponential_() / windows.clamp(min=1e-30)
    return windows.gather(4, waiting.argmin(dim=4, keepdim=True))[..., 0]


@stochastic_pool.alternative
def by_running_sums(maps, size):
    windows = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)
    reached = windows.cumsum(4)
    mark = torch.rand(*windows.shape[:4], 1) * reached[..., -1:]
    chosen = (reached <= mark).sum(dim=4, keepdim=True).clamp(max=windows.shape[4] - 1)
    return windows.gather(4, chosen)[..., 0]
