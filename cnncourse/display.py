"""Pictures of tensors: images, filters, feature maps, small arrays with their numbers, training curves.

Every function returns a `Picture`: its figure, and alternative text made from the data. Blue is input,
vermilion weights, green output; signed values are purple below zero and orange above, white at zero.
"""

import math
from collections.abc import Sequence

import numpy as np

from ._curves import LiveCurves, show_curves
from ._grid import grid_html, show_array
from ._numbers import PALETTE, to_numpy
from ._picture import Picture
from ._row import Row, show_row
from ._tiles import as_tiles, choose_scale, describe_range, draw_tiles

__all__ = [
    "PALETTE",
    "LiveCurves",
    "Picture",
    "Row",
    "grid_html",
    "show_array",
    "show_curves",
    "show_filters",
    "show_images",
    "show_maps",
    "show_row",
]
MOST_MAPS = 64


def show_images(
    images,
    titles: Sequence | None = None,
    columns: int | None = None,
    signed: bool | None = None,
    role: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Show pictures side by side, all on one scale.

    images: (H, W), (C, H, W) with 1 or 3 channels, (N, H, W), (N, C, H, W), or a list of such pictures; a
    stack of exactly three grey ones must be (3, 1, H, W), for (3, H, W) is one colour picture.
    signed: True or False; left out, it is signed if anything is negative.
    role: "input", "kernel", "output" or "attention" colours the frames.
    """
    tiles = as_tiles(images)
    if not tiles:
        raise ValueError("There is nothing to show: the list of images is empty.")
    columns = columns or _columns(len(tiles))
    titles = [str(_plain(title)) for title in titles] if titles is not None else None
    figure = draw_tiles(tiles, choose_scale(tiles, signed), columns, titles, role)
    return Picture(figure, alt or _alt_of_images(tiles, columns, titles))


def _plain(title):
    return title.item() if hasattr(title, "item") else title


def _columns(count: int) -> int:
    """Up to eight in one row; more in rows of equal length."""
    return count if count <= 8 else min(8, math.ceil(count / math.ceil(count / 8)))


def _alt_of_images(tiles, columns: int, titles) -> str:
    sizes = {tile.shape for tile in tiles}
    size = " × ".join(map(str, tiles[0].shape[-2:])) + " pixels" if len(sizes) == 1 else "of several sizes"
    kind = "colour" if tiles[0].ndim == 3 else "grey"
    if kind == "grey" and any((tile < 0).any() for tile in tiles):
        kind = "signed"
    many = f"{len(tiles)} {kind} pictures" if len(tiles) > 1 else f"A {kind} picture"
    rows = math.ceil(len(tiles) / columns)
    layout = f" in {rows} rows of {columns}" if rows > 1 else ""
    named = f" Titles: {', '.join(titles[:24])}{', …' if len(titles) > 24 else ''}." if titles else ""
    return f"{many}{layout}, {size}, {describe_range(tiles)}.{named}"


def show_filters(weight, columns: int | None = None, alt: str | None = None) -> Picture:
    """Show the kernels of a convolution, its weight (C_out, C_in, k_h, k_w).

    Kernels on three channels are drawn in colour, mid-grey where a weight is zero. Others are drawn signed:
    one row for each filter, one column for each input channel; a single input channel fills rows.
    """
    kernels = to_numpy(weight)
    if kernels.ndim != 4:
        raise ValueError(f"A convolution's weight is (C_out, C_in, k_h, k_w), not {kernels.shape}.")
    filters, channels = kernels.shape[:2]
    if channels in (1, 3):
        shown = min(filters, MOST_MAPS)
        tiles = [_kernel_picture(kernel) for kernel in kernels[:shown]]
        columns, look = columns or _columns(shown), {"tallest": 1.0}
    else:
        shown, columns = min(filters, 12), min(channels, 16)
        tiles = [channel for kernel in kernels[:shown] for channel in kernel[:columns]]
        names = [f"channel {c}" if not c else str(c) for c in range(columns)]
        look = {"tallest": 0.6, "titles": names, "row_names": [f"filter {k}" for k in range(shown)]}
    note = _cropped(shown, filters, columns if channels > 3 else channels, channels)
    scale = choose_scale(tiles, signed=channels != 3)
    figure = draw_tiles(tiles, scale, columns, role="kernel", heading=note, **look)
    size = " × ".join(map(str, kernels.shape[1:]))
    about = f"{filters} filters, each {size}, {describe_range([kernels])}"
    return Picture(figure, alt or f"{about}{'; shown: ' + note if note else ''}.")


def _cropped(filters: int, all_filters: int, channels: int, all_channels: int) -> str | None:
    """Say which filters and channels are shown, if not all are."""
    said = [f"filters 0 to {filters - 1} of {all_filters}"] if filters < all_filters else []
    if channels < all_channels:
        said.append(f"input channels 0 to {channels - 1} of {all_channels}")
    return ", ".join(said) or None


def _kernel_picture(kernel: np.ndarray) -> np.ndarray:
    if len(kernel) == 1:
        return kernel[0]
    return 0.5 + kernel / (2 * (np.abs(kernel).max() or 1))


def show_maps(
    maps, titles: Sequence | None = None, columns: int | None = None, alt: str | None = None
) -> Picture:
    """Show the feature maps (C, H, W) or (1, C, H, W) of one example, all on one scale.

    Signed maps are centred at zero; maps without a negative value (after ReLU, say) are drawn in viridis.
    """
    array = to_numpy(maps)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim != 3:
        raise ValueError(f"Feature maps of one example are (C, H, W) or (1, C, H, W), not {array.shape}.")
    tiles = list(array[:MOST_MAPS])
    note = f"the first {MOST_MAPS} of {len(array)} maps" if len(array) > MOST_MAPS else None
    titles = [str(_plain(t)) for t in titles] if titles is not None else [str(k) for k in range(len(tiles))]
    columns = columns or _columns(len(tiles))
    figure = draw_tiles(
        tiles, choose_scale(tiles, None, "viridis"), columns, titles, "output", tallest=1.4, heading=note
    )
    kind = "signed feature maps" if (array < 0).any() else "feature maps"
    size = " × ".join(map(str, array.shape[1:]))
    return Picture(figure, alt or f"{len(array)} {kind}, {size}, {describe_range([array])}.")
