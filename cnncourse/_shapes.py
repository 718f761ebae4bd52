"""Simple shapes drawn on the fly: as many as one asks for, with sharp or soft difficulties.

Each shape is a signed distance d(x, y), negative inside and in units of its radius, on a grid that is moved,
turned and scaled; a pixel is covered by 1/2 − d in pixels, between 0 and 1, so edges are anti-aliased.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def _circle(x: Tensor, y: Tensor) -> Tensor:
    return torch.hypot(x, y) - 0.9


def _box(x: Tensor, y: Tensor, width: float, height: float) -> Tensor:
    dx, dy = x.abs() - width, y.abs() - height
    return torch.hypot(dx.clamp(min=0), dy.clamp(min=0)) + torch.maximum(dx, dy).clamp(max=0)


def _square(x: Tensor, y: Tensor) -> Tensor:
    return _box(x, y, 0.71, 0.71)


def _triangle(x: Tensor, y: Tensor) -> Tensor:
    """Equilateral: the farthest of three sides, each 1/2 from the middle."""
    angles = [-math.pi / 2 + k * 2 * math.pi / 3 for k in range(3)]
    return torch.stack([x * math.cos(a) + y * math.sin(a) for a in angles]).amax(0) - 0.5


def _cross(x: Tensor, y: Tensor) -> Tensor:
    return torch.minimum(_box(x, y, 0.95, 0.3), _box(x, y, 0.3, 0.95))


def _ring(x: Tensor, y: Tensor) -> Tensor:
    return (torch.hypot(x, y) - 0.72).abs() - 0.23


def _star(x: Tensor, y: Tensor) -> Tensor:
    """Five points: fold the plane to one tenth of it, where the edge is a straight line."""
    sector = 2 * math.pi / 5
    angle = torch.remainder(torch.atan2(x, y) + sector / 2, sector) - sector / 2
    radius = torch.hypot(x, y)
    x, y = radius * torch.cos(angle), (radius * torch.sin(angle)).abs()
    inner = (0.42 * math.cos(sector / 2), 0.42 * math.sin(sector / 2))  # the corner between two points
    across, along = inner[1], 1 - inner[0]
    return ((x - 1) * across + y * along) / math.hypot(across, along)  # from the edge's own line


DRAW: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "ring": _ring,
    "star": _star,
}


def draw_shapes(
    labels: Tensor,
    names: tuple[str, ...],
    size: int,
    scale: tuple[float, float],
    shift: float,
    rotate: float,
    texture: float,
    noise: float,
    generator: torch.Generator,
) -> Tensor:
    """Draw one picture (1, size, size) for each label (N,): (N, 1, size, size) in [0, 1]."""

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(labels), 1, 1, generator=generator)

    diameter = between(*scale)  # as a share of the picture
    room = (1 - diameter) * shift
    right, down, turn = between(-1, 1) * room, between(-1, 1) * room, between(-1, 1) * math.radians(rotate)
    bright, dark = between(0.65, 1.0), between(0.0, 0.3)
    cover = _covers(labels, names, size, diameter, right, down, turn)
    ground = dark + texture * _clouds(len(labels), size, generator)
    grain = noise * torch.randn(len(labels), size, size, generator=generator)
    return (ground + cover * (bright - ground) + grain).clamp(0, 1)[:, None]


def _covers(labels, names, size, diameter, right, down, turn) -> Tensor:
    """How much of each pixel the shape covers, (N, size, size)."""
    middle = (torch.arange(size) + 0.5) / size * 2 - 1  # pixel centres from −1 to 1
    x, y = middle[None, None, :] - right, middle[None, :, None] - down
    cos, sin = torch.cos(turn) / diameter, torch.sin(turn) / diameter
    x, y = x * cos + y * sin, y * cos - x * sin
    distance = torch.empty(len(labels), size, size)
    for k, name in enumerate(names):
        chosen = labels == k
        distance[chosen] = DRAW[name](x[chosen], -y[chosen])  # y upwards, as in mathematics
    return (0.5 - distance * diameter * size / 2).clamp(0, 1)


def _clouds(count: int, size: int, generator: torch.Generator) -> Tensor:
    """Smooth random texture about zero, (count, size, size): a coarse grid of values, enlarged."""
    coarse = torch.rand(count, 1, 5, 5, generator=generator) - 0.5
    return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)[:, 0]
