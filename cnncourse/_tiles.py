"""Rows and columns of small pictures with one scale for all."""

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from ._numbers import text, to_numpy
from ._picture import FAINT, INK, new_figure, role_colour, signed_colours

WIDEST = 9.2  # inches: what fits beside a notebook's prompt


@dataclass
class Scale:
    """How numbers become colours: one map and one range for every tile of a picture."""

    low: float
    high: float
    colours: object

    @property
    def plain(self) -> bool:
        """Whether this is an ordinary picture, in [0, 1], that needs no colour bar."""
        return (self.low, self.high) == (0.0, 1.0)


def choose_scale(tiles: list[np.ndarray], signed: bool | None, magnitude: str = "gray") -> Scale:
    """Centre signed values at zero, keep [0, 1] as it is, and let other magnitudes begin at zero."""
    values = np.concatenate([tile.ravel() for tile in tiles]).astype(float)
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    if signed or (signed is None and low < 0):
        reach = float(max(abs(low), abs(high))) or 1.0
        return Scale(-reach, reach, signed_colours())
    if magnitude == "gray" and low >= 0 and high <= 1:
        return Scale(0.0, 1.0, magnitude)
    return Scale(float(min(low, 0)), float(high) if high > low or high > 0 else 1.0, magnitude)


def as_tiles(images) -> list[np.ndarray]:
    """Split what a person may pass into pictures (H, W) or (3, H, W).

    Takes (H, W), (C, H, W) with C of 1 or 3, (N, H, W), (N, C, H, W) or a list of the first two.
    """
    if isinstance(images, list | tuple):
        return [_one(to_numpy(image)) for image in images]
    array = to_numpy(images)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[0] in (1, 3)):
        return [_one(array)]
    if array.ndim in (3, 4):
        return [_one(image) for image in array]
    raise ValueError(
        f"Cannot show shape {array.shape}: expected (H, W), (C, H, W), (N, H, W) or (N, C, H, W)."
    )


def _one(image: np.ndarray) -> np.ndarray:
    if image.ndim == 3 and image.shape[0] == 1:
        image = image[0]
    if image.ndim == 2 or (image.ndim == 3 and image.shape[0] == 3):
        return image / 255 if image.dtype == np.uint8 else image
    advice = "Show the channels of a feature map with show_maps."
    if image.ndim == 3 and image.shape[2] in (3, 4):
        advice = "The channels come first here: use image.transpose(2, 0, 1), or .permute(2, 0, 1) in torch."
    raise ValueError(f"One picture is (H, W), (1, H, W) or (3, H, W), not {image.shape}. {advice}")


class _Layout:
    """Where each tile goes, in inches from the upper left corner."""

    GAP = 0.1

    def __init__(self, tiles, columns: int, titles, row_names, heading, tallest: float | None, bar: bool):
        self.columns, self.rows = columns, math.ceil(len(tiles) / columns)
        tallest = tallest or {1: 3.2, 2: 2.7}.get(len(tiles), 1.9)
        ratio = max(tile.shape[-2] / tile.shape[-1] for tile in tiles)
        self.side = 0.12 + 0.075 * max(map(len, row_names)) if row_names else self.GAP
        bar = 0.75 if bar else 0
        room = (WIDEST - self.side - bar) / columns - self.GAP
        self.tile_width = min(tallest / ratio, 3.6, room)
        self.tile_height = self.tile_width * ratio
        title = 0.24 if titles else 0
        # One row of titles heads the columns; more titles stand over each tile.
        self.row_gap = self.GAP + (title if titles and len(titles) > columns else 0)
        self.top = 0.06 + title + (0.2 if heading else 0)
        self.width = self.side + columns * (self.tile_width + self.GAP) + bar
        self.height = self.top + self.rows * (self.tile_height + self.row_gap) - self.row_gap + self.GAP

    def tile(self, index: int) -> tuple[float, float, float, float]:
        """Tile's place as matplotlib wants it: left, bottom, width, height as shares of the figure."""
        row, column = divmod(index, self.columns)
        left = self.side + column * (self.tile_width + self.GAP)
        top = self.top + row * (self.tile_height + self.row_gap)
        return self._share(left, top, self.tile_width, self.tile_height)

    def bar(self) -> tuple[float, float, float, float]:
        """Colour bar's place, right of the tiles."""
        tiles = self.rows * (self.tile_height + self.row_gap) - self.row_gap
        return self._share(self.width - 0.66, self.top, 0.1, max(0.5, min(tiles, 2.4)))

    def _share(self, left, top, width, height):
        return (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)


def draw_tiles(
    tiles: list[np.ndarray],
    scale: Scale,
    columns: int,
    titles: list[str] | None = None,
    role: str | None = None,
    tallest: float | None = None,
    row_names: list[str] | None = None,
    heading: str | None = None,
) -> Figure:
    """Draw the tiles row by row, each in its role's frame, with a colour bar if the values need one."""
    bar = not scale.plain and tiles[0].ndim == 2
    layout = _Layout(tiles, columns, titles, row_names, heading, tallest, bar)
    figure = new_figure(layout.width, layout.height)
    frame = role_colour(role)
    for index, tile in enumerate(tiles):
        axes = figure.add_axes(layout.tile(index))
        _draw_one(axes, tile, scale, frame)
        if titles and index < len(titles):
            size = 9 if layout.tile_width > 0.7 else 7
            axes.set_title(titles[index], fontsize=size, color=INK, pad=3, parse_math=False)
        if row_names and index % columns == 0:
            name = row_names[index // columns]
            axes.set_ylabel(name, fontsize=8, color=FAINT, rotation=0, ha="right", va="center")
    if heading:
        place = (layout.side / layout.width, 1 - 0.08 / layout.height)
        figure.text(*place, heading, fontsize=9, color=FAINT, va="top", parse_math=False)
    if bar:
        _draw_bar(figure, layout.bar(), scale)
    return figure


def _draw_one(axes, tile: np.ndarray, scale: Scale, frame: str) -> None:
    if tile.ndim == 3:
        axes.imshow(in_range(tile).transpose(1, 2, 0), aspect="equal", interpolation="nearest")
    else:
        norm = Normalize(scale.low, scale.high)
        axes.imshow(tile, cmap=scale.colours, norm=norm, aspect="equal", interpolation="nearest")
    axes.set(xticks=[], yticks=[], anchor="N")
    for spine in axes.spines.values():
        spine.set(color=frame, linewidth=1.5 if frame.isupper() else 0.8)


def in_range(image: np.ndarray) -> np.ndarray:
    """Stretch a colour picture (3, H, W) that leaves [0, 1] so that all of it can be seen."""
    low, high = np.nanmin(image), np.nanmax(image)
    if low >= 0 and high <= 1:
        return image
    return (image - low) / ((high - low) or 1)


def _draw_bar(figure: Figure, place, scale: Scale) -> None:
    axes = figure.add_axes(place)
    mappable = ScalarMappable(Normalize(scale.low, scale.high), scale.colours)
    bar = figure.colorbar(mappable, cax=axes)
    ticks = [scale.low, 0, scale.high] if scale.low < 0 < scale.high else [scale.low, scale.high]
    bar.set_ticks(ticks, labels=[text(tick) for tick in ticks])
    bar.ax.tick_params(labelsize=8, length=0, colors=INK, pad=3)
    bar.outline.set(linewidth=0.5, edgecolor=FAINT)


def describe_range(tiles: list[np.ndarray]) -> str:
    """Say the smallest and the largest value that is shown."""
    return f"values {text(min(t.min() for t in tiles))} to {text(max(t.max() for t in tiles))}"
