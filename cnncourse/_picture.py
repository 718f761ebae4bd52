"""A picture: a matplotlib figure that carries the words for who cannot see it."""

import base64
import html
import io
from functools import cache

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from ._numbers import PALETTE, ROLES

INK = "#24292f"
FAINT = "#6b7280"
DPI = 96  # a browser's pixels per inch: one figure inch is 96 of them
SHARP = 2  # pixels drawn for each pixel shown, for screens with small pixels


@cache
def signed_colours() -> LinearSegmentedColormap:
    """The palette's map for signed values; put zero at its middle."""
    return LinearSegmentedColormap.from_list("signed", PALETTE["signed"])


def role_colour(role: str | None) -> str:
    """Frame colour of a role; a quiet grey without one."""
    if role is None:
        return "#c4c8ce"
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}. Choose one of: {', '.join(ROLES)}.")
    return PALETTE[role]


def new_figure(width: float, height: float) -> Figure:
    """White figure of `width` × `height` inches, free of pyplot's global state."""
    return Figure(figsize=(width, height), dpi=DPI, facecolor="white")


class Picture:
    """A figure and its alternative text: what a notebook shows, and what a screen reader says."""

    def __init__(self, figure: Figure, alt: str):
        self.figure, self.alt = figure, alt

    def png(self) -> bytes:
        """Draw the figure, twice as fine as it is shown."""
        buffer = io.BytesIO()
        self.figure.savefig(buffer, format="png", dpi=DPI * SHARP)
        return buffer.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = base64.b64encode(self.png()).decode("ascii")
        width = round(self.figure.get_figwidth() * DPI)
        style = "max-width:100%;height:auto;background:#fff;border-radius:4px"
        image = (
            f'<img alt="{html.escape(self.alt)}" width="{width}" style="{style}"'
            f' src="data:image/png;base64,{data}">'
        )
        return {"text/html": image, "text/plain": f"[picture: {self.alt}]"}

    def __repr__(self):
        return f"[picture: {self.alt}]"
