"""Numbers and colours of one tensor, the same in a figure, a table and a check's message."""

import json
from collections.abc import Callable
from importlib.resources import files

import numpy as np

PALETTE: dict = json.loads(files("cnncourse").joinpath("palette.json").read_text(encoding="utf-8"))
ROLES = ("input", "kernel", "output", "attention", "padding")
Colour = tuple[float, float, float]  # red, green, blue in [0, 1]


def to_numpy(array) -> np.ndarray:
    """Copy a tensor, array, number or nested list to numpy, away from gradients and the GPU."""
    if hasattr(array, "detach"):
        array = array.detach().cpu()
        array = (array.float() if array.is_floating_point() else array).numpy()
    return np.array(array)


def text(value) -> str:
    """Write a number with at most three significant figures: 0.125, −1.5, 1230, 2.5e6."""
    value = float(value) + 0.0  # no "−0"
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else ("∞" if value > 0 else "−∞")
    if value and not 1e-3 <= abs(value) < 1e5:
        mantissa, exponent = f"{value:.2e}".split("e")
        written = f"{float(mantissa):g}e{int(exponent)}"
    else:
        written = np.format_float_positional(float(f"{value:.3g}"), trim="-")
    return written.replace("-", "−")


def rgb(colour: str) -> Colour:
    """Read "#rrggbb"."""
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def hexadecimal(colour: Colour) -> str:
    """Write "#rrggbb"."""
    return "#" + "".join(f"{round(255 * c):02x}" for c in colour)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Colour that lies `share` of the way from `a` to `b`."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))


def ink(background: Colour) -> str:
    """Black or white, whichever is read more easily on `background` (WCAG relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in background]
    luminance = np.dot(linear, (0.2126, 0.7152, 0.0722))
    return "#000000" if luminance > 0.179 else "#ffffff"


def tint(array: np.ndarray, role: str) -> Callable[[float], Colour]:
    """Choose how to colour the cells of `array`: the signed map if any is negative, else tints of the role.

    Zero is white (the signed map's middle); the largest magnitude is the end of the map.
    """
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}. Choose one of: {', '.join(ROLES)}.")
    finite = array[np.isfinite(array)]
    top = float(np.abs(finite).max(initial=0)) or 1.0
    if (finite < 0).any():
        stops = [rgb(stop) for stop in PALETTE["signed"]]
        return lambda value: _along(stops, 0.5 + value / (2 * top))
    white, full = (1.0, 1.0, 1.0), mix((1.0, 1.0, 1.0), rgb(PALETTE[role]), 0.75)
    return lambda value: mix(white, full, min(value / top, 1)) if np.isfinite(value) else rgb("#d0d0d0")


def _along(stops: list[Colour], share: float) -> Colour:
    """Colour at `share` (0 to 1) of the way through `stops`; grey where there is no number."""
    if not np.isfinite(share):
        return rgb("#d0d0d0")
    place = min(max(share, 0), 1) * (len(stops) - 1)
    step = min(int(place), len(stops) - 2)
    return mix(stops[step], stops[step + 1], place - step)
