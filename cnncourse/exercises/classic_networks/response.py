"""Local response normalisation, as AlexNet's paper writes it."""

import torch
import torch.nn.functional as F

from .._kinds import exercise


@exercise(
    level=3,
    minutes=15,
    lines=5,
    shortcuts={
        "local_response_norm": (
            "That calls PyTorch's own, which is what you are building here. (And its α multiplies a mean.)"
        )
    },
    hints=(
        "Which channels divide channel i? Its two neighbours below, itself, its two neighbours above; at the "
        "ends fewer. Square all maps first.",
        "Pad the squares with size // 2 empty channels at both ends; then channel i of the sum is the sum "
        "of the "
        "padded channels i to i + size − 1. `F.pad(x, (0, 0, 0, 0, a, b))` pads channels.",
        "`squares = F.pad(maps**2, (0, 0, 0, 0, size // 2, size // 2))`, "
        "`total = sum(squares[:, j : j + maps.shape[1]] for j in range(size))`, and the paper's fraction.",
    ),
    why="Every channel is divided by what it and its neighbours do at the same place: they compete.",
)
def local_response_norm(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """Divide each value by (k + alpha · the sum of squares over neighbouring channels) to the power beta.

    The neighbours of channel i, at the same place, are the `size` channels around it (size is odd), itself in
    the middle; channels that do not exist add nothing. maps (N, C, H, W) keeps its shape.
    Source: Krizhevsky and others (2012), section 3.3.
    """
    reach = size // 2
    squares = F.pad(maps**2, (0, 0, 0, 0, reach, reach))  # (N, C + 2 · reach, H, W)
    total = sum(squares[:, j : j + maps.shape[1]] for j in range(size))  # (N, C, H, W)
    return maps / (k + alpha * total) ** beta


@local_response_norm.examples
def _(draw):
    yield draw(1, 3, 1, 1), 3, 1.0, 1.0, 1.0
    yield draw(1, 4, 2, 3), 3, 0.5, 0.75, 2.0
    yield draw(2, 7, 3, 2), 5, 0.3, 0.5, 1.5
    yield 100 * draw(2, 6, 2, 3) + 50
    yield 100 * draw(1, 3, 3, 4)
    yield draw(1, 2, 5, 3), 7, 0.8, 1.25, 0.5


def _normed(maps, total, alpha, beta, k):
    return maps / (k + alpha * total) ** beta


def _around(values, size, before=None):
    """Sum over neighbouring channels, `before` of them in front."""
    before = size // 2 if before is None else before
    padded = F.pad(values, (0, 0, 0, 0, before, size - 1 - before))
    return sum(padded[:, j : j + values.shape[1]] for j in range(size))


@local_response_norm.mistake(
    "You divide the sum by `size`. That is how PyTorch defines its α; the paper's multiplies the sum itself."
)
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, size) / size, alpha, beta, k)


@local_response_norm.mistake("The neighbours are channels at the same place, not places in the same channel.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    height, width = maps.shape[2:]
    kernel = maps.new_ones(1, 1, size, size)
    around = F.conv2d(maps.reshape(-1, 1, height, width) ** 2, kernel, padding=size // 2)
    return _normed(maps, around.reshape(maps.shape), alpha, beta, k)


@local_response_norm.mistake("The values are added up without being squared.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps.abs(), size), alpha, beta, k)


@local_response_norm.mistake("The power beta is missing: the bracket is raised to it before you divide.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, size), alpha, 1.0, k)


@local_response_norm.mistake("You multiply by the bracket. Large neighbours weaken a value: divide.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, size), alpha, -beta, k)


@local_response_norm.mistake(
    "The window hangs to one side. It has size // 2 channels before channel i and as many after it."
)
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, size, before=size - 1), alpha, beta, k)


@local_response_norm.mistake("The window reaches too far: `size` channels in all, so size // 2 to each side.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, 2 * size + 1), alpha, beta, k)


@local_response_norm.mistake("The sum is over all channels. Only the `size` channels around each one count.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, (maps**2).sum(1, keepdim=True), alpha, beta, k)


@local_response_norm.mistake(
    "The channel itself is left out of its sum. It counts too, in the middle of the window."
)
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return _normed(maps, _around(maps**2, size) - maps**2, alpha, beta, k)


@local_response_norm.mistake(
    "The window runs around: the first channel is no neighbour of the last. Beyond the ends there is nothing."
)
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    shifts = range(-(size // 2), size // 2 + 1)
    return _normed(maps, sum((maps**2).roll(shift, 1) for shift in shifts), alpha, beta, k)


@local_response_norm.mistake("The sum is multiplied by alpha; k is added once, and not multiplied.")
def _(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    return maps / (alpha * (k + _around(maps**2, size))) ** beta


@local_response_norm.alternative
def with_a_loop_over_channels(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    channels, answer = maps.shape[1], torch.empty_like(maps)
    for i in range(channels):
        low, high = max(0, i - size // 2), min(channels - 1, i + size // 2)
        total = (maps[:, low : high + 1] ** 2).sum(1)
        answer[:, i] = maps[:, i] / (k + alpha * total) ** beta
    return answer


@local_response_norm.alternative
def with_a_band_matrix(maps, size=5, alpha=1e-4, beta=0.75, k=2.0):
    places = torch.arange(maps.shape[1])
    band = ((places[:, None] - places).abs() <= size // 2).to(maps.dtype)  # (C, C)
    return maps * (k + alpha * torch.einsum("ij,njhw->nihw", band, maps**2)) ** -beta
