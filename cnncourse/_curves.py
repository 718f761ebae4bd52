"""Training curves, at the end or while training runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._notebook import in_notebook
from ._numbers import PALETTE, text
from ._picture import FAINT, INK, Picture, new_figure

# Colour alone never tells two curves apart: each has a mark of its own, and its name at its end.
_SERIES = [
    (PALETTE["input"], "o"),
    (PALETTE["kernel"], "s"),
    (PALETTE["output"], "^"),
    (PALETTE["signed"][2], "D"),
    (PALETTE["attention"], "v"),
    (PALETTE["padding"], "P"),
    (INK, "X"),
]


@dataclass
class _Curve:
    panel: str  # "loss" or "accuracy"
    label: str
    values: list[float]  # one an epoch
    colour: str
    marker: str
    dashed: bool


def show_curves(history, alt: str | None = None) -> Picture:
    """Draw the loss, and the accuracy where there is one, over the epochs.

    history: what `train` returns; or a dict of names to such, or to lists of losses, to compare runs. The
    training set is a solid line, the validation set a dashed one with open marks.
    """
    runs = dict(history) if isinstance(history, Mapping) else {"": history}
    if not runs:
        raise ValueError("There is nothing to draw: the dict of histories is empty.")
    curves = [
        curve for index, (name, run) in enumerate(runs.items()) for curve in _curves(str(name), run, index)
    ]
    panels = [p for p in ("loss", "accuracy") if any(c.panel == p for c in curves)]
    labels = max(len(c.label) for c in curves) * 0.075 + 0.25
    width, height = 0.1 + len(panels) * (3.0 + 0.75 + labels), 2.9
    figure = new_figure(width, height)
    for index, panel in enumerate(panels):
        left = 0.75 + index * (3.0 + 0.75 + labels)
        axes = figure.add_axes((left / width, 0.55 / height, 3.0 / width, 2.0 / height))
        _draw_panel(axes, panel, [c for c in curves if c.panel == panel])
    return Picture(figure, alt or _describe(runs, curves))


def _curves(name: str, run, index: int) -> list[_Curve]:
    """Curves of one run, as many as it has."""
    if isinstance(run, Sequence):
        run = {"loss": list(run)}
    found = []
    for panel in ("loss", "accuracy"):
        for prefix, word in (("", "training"), ("validation_", "validation")):
            values = run.get(prefix + panel) if isinstance(run, dict) else getattr(run, prefix + panel, None)
            if values and values[-1] is not None:
                number = index if name else index + bool(prefix)
                colour, marker = _SERIES[number % len(_SERIES)]
                label = f"{name} {word}" if name and _has_validation(run) else (name or word)
                found.append(_Curve(panel, label, list(values), colour, marker, dashed=bool(prefix)))
    return found


def _has_validation(run) -> bool:
    return bool(getattr(run, "validation_loss", None))


def _draw_panel(axes, panel: str, curves: list[_Curve]) -> None:
    longest = max(len(c.values) for c in curves)
    for c in curves:
        epochs = range(1, len(c.values) + 1)
        line = (0, (4, 2)) if c.dashed else "-"
        (drawn,) = axes.plot(epochs, c.values, color=c.colour, linewidth=1.8, linestyle=line)
        drawn.set(marker=c.marker, markersize=4.5, markevery=max(1, longest // 12))
        drawn.set_markerfacecolor("white" if c.dashed else c.colour)
    axes.set_title(panel, fontsize=10, color=INK, loc="left")
    axes.set_xlabel("epoch", fontsize=9, color=FAINT)
    axes.set_xlim(1 - 0.03 * longest, max(longest, 1.5) + 0.03 * longest)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if panel == "accuracy":
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.4g} %")
    elif axes.get_ylim()[0] < 0 <= min(min(c.values) for c in curves):
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.tick_params(labelsize=8, colors=FAINT, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#c4c8ce")
    _name_the_ends(axes, curves)


def _name_the_ends(axes, curves: list[_Curve]) -> None:
    """Write each curve's name beside its end, moved apart where two would overlap."""
    low, high = axes.get_ylim()
    least = 0.085 * (high - low)
    ends = sorted(curves, key=lambda c: c.values[-1])
    places = [c.values[-1] for c in ends]
    for k in range(1, len(places)):
        places[k] = max(places[k], places[k - 1] + least)
    excess = max(0, places[-1] - high)
    for c, place in zip(ends, places, strict=True):
        axes.annotate(c.label, (1.02, place - excess), xycoords=("axes fraction", "data"), fontsize=8.5,
                      color=c.colour, va="center", annotation_clip=False, parse_math=False)  # fmt: skip


def _describe(runs: dict, curves: list[_Curve]) -> str:
    epochs = max(len(c.values) for c in curves)
    said = [f"{c.label} {c.panel} {text(c.values[0])} to {text(c.values[-1])}" for c in curves]
    return f"Training curves over {epochs} epoch{'s' * (epochs > 1)}: {'; '.join(said)}."


class LiveCurves:
    """Curves that grow while training runs: train(..., on_epoch=LiveCurves()).

    The picture is replaced in place, so the page does not flicker or jump. Outside a notebook it is silent.
    """

    def __init__(self):
        self._handle = None
        self.picture: Picture | None = None

    def __call__(self, history) -> None:
        """Redraw with the epochs so far."""
        self.picture = show_curves(history)
        if not in_notebook():
            return
        from IPython.display import display

        if self._handle is None:
            self._handle = display(self.picture, display_id=True)
        else:
            self._handle.update(self.picture)
