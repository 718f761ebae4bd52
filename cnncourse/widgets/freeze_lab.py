"""FreezeLab: frozen stages and labels per class, what is left to learn, and the accuracy recorded for it."""

import html
from functools import cache
from typing import NamedTuple

import ipywidgets as w

from .. import models
from .._picture import FAINT, INK, Picture, new_figure
from .._recorded import recorded
from ..display import PALETTE

TASKS = {"tilted digits (near)": ("digits", 10), "drawn shapes (far)": ("shapes", 6)}  # figures, classes
STAGES = ("stage1", "stage2", "stage3", "stage4")


class Figure(NamedTuple):
    """Mean accuracy over the seeds, and its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self):
        return f"{100 * self.mean:.1f} % (95 % interval {100 * self.low:.1f} to {100 * self.high:.1f})"


def figures(task) -> dict:
    """What was recorded for a task: (labels a class, frozen stages or "scratch") → Figure."""
    prefix, found = TASKS[task][0] + "/", {}
    for name, figure in recorded("transfer")["results"].items():
        if name.startswith(prefix):
            labels, way = name.removeprefix(prefix).split("/")
            key = int(way) if way.isdigit() else way
            found[int(labels), key] = Figure(figure["mean"], *figure["interval"])
    return found


@cache
def parameters(task) -> dict[str, int]:
    """Parameters of each part of the network with this task's head."""
    network = models.build("letternet", classes=TASKS[task][1])
    return {name: sum(p.numel() for p in part.parameters()) for name, part in network.named_children()}


def trainable(task, frozen) -> int:
    """Parameters that learn when the first `frozen` stages do not."""
    return sum(list(parameters(task).values())[frozen:])


class FreezeLab(w.VBox):
    """Choose frozen stages and labels per class; see which parameters learn, and the recorded accuracy.

    `setting` is the choice as a dict, `accuracy` and `scratch` what was recorded for it: mean, low, high.
    """

    def __init__(self, frozen=2, labels=10, task="tilted digits (near)"):
        look = {"style": {"description_width": "initial"}}  # a slider as wide as its words has no track
        self._controls = {
            "task": w.Dropdown(
                value=task, options=list(TASKS), description="task", layout={"width": "max-content"}, **look
            ),
            "frozen": w.SelectionSlider(
                options=_options(task, 1), value=frozen, description="frozen stages",
                continuous_update=False, **look,
            ),
            "labels": w.SelectionSlider(
                options=_options(task, 0), value=labels, description="labels a class",
                continuous_update=False, **look,
            ),
        }  # fmt: skip
        self._picture, self._status, self._between = w.HTML(), w.HTML(), False
        row = w.HBox(list(self._controls.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px 18px"})
        super().__init__([row, self._picture, self._status])
        self._controls["task"].observe(self._other_task, "value")
        for name in ("frozen", "labels"):
            self._controls[name].observe(self._show, "value")
        self._show()

    @property
    def setting(self):
        """What the controls say."""
        return {name: control.value for name, control in self._controls.items()}

    @property
    def accuracy(self) -> Figure:
        """What was recorded for the setting."""
        return figures(self.setting["task"])[self.setting["labels"], self.setting["frozen"]]

    @property
    def scratch(self) -> Figure:
        """What was recorded for as many labels without any weights from elsewhere."""
        return figures(self.setting["task"])[self.setting["labels"], "scratch"]

    def set(self, **setting):
        """Move controls from Python: `lab.set(frozen=4, labels=1)`."""
        for name in sorted(setting, key="task frozen labels".index):  # the task first: it says what there is
            self._controls[name].value = setting[name]

    def _other_task(self, change):
        """Offer what was recorded for the task, and stay as near as possible to what was chosen."""
        wanted = self.setting
        self._between = True  # half of the controls speak of the other task
        for place, name in enumerate(("labels", "frozen")):
            there = _options(change["new"], place)
            nearest = min(there, key=lambda option, now=wanted[name]: abs(option - now))
            self._controls[name].options = there
            self._controls[name].value = nearest
        self._between = False
        self._show()

    def _show(self, change=None):
        if self._between:
            return
        picture = draw(**self.setting)
        self._picture.value = picture._repr_mimebundle_()["text/html"]
        self._status.value = f'<div role="status">{html.escape(spoken(**self.setting))}</div>'

    def __repr__(self):
        said = ", ".join(f"{name}={value!r}" for name, value in self.setting.items())
        return f"FreezeLab({said})"


def _options(task, place) -> list[int]:
    """Numbers of labels (place 0) or of frozen stages (place 1) that were recorded."""
    return sorted({key[place] for key in figures(task) if isinstance(key[place], int)})


def spoken(task, frozen, labels) -> str:
    """The setting and what was recorded for it, in words."""
    learn, whole = trainable(task, frozen), trainable(task, 0)
    found = figures(task)
    what = {0: "Nothing is frozen", 4: "The whole body is frozen"}.get(frozen, f"{frozen} of 4 stages frozen")
    return (
        f"{what}: {learn:,} of {whole:,} parameters learn, from {labels} label{'s' * (labels > 1)} a class. "
        f"Recorded accuracy {found[labels, frozen]}; from scratch {found[labels, 'scratch']}."
    )


def draw(task, frozen, labels) -> Picture:
    """Left the network, stage by stage; right the recorded accuracy against the labels."""
    figure = new_figure(9.2, 3.3)
    _draw_network(figure.add_axes((0.07, 0.17, 0.3, 0.66)), task, frozen)
    _draw_accuracy(figure.add_axes((0.46, 0.17, 0.35, 0.66)), task, frozen, labels)
    return Picture(figure, spoken(task, frozen, labels))


def _draw_network(axes, task, frozen):
    """A bar for each part: its parameters; frozen ones are grey and hatched."""
    counts = parameters(task)
    for place, count in enumerate(counts.values()):
        still = place < frozen
        look = (
            {"color": "#d1d5db", "hatch": "///", "edgecolor": FAINT}
            if still
            else {"color": PALETTE["kernel"]}
        )
        axes.barh(place, count, height=0.62, linewidth=0.8, **look)
        said = f" {count:,} {'frozen' if still else 'learn'}"
        axes.text(count, place, said, va="center", fontsize=8.5, color=INK)
    axes.set_yticks(range(len(counts)), list(counts), fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.65 * max(counts.values()))
    axes.set_xticks([])
    axes.set_title(f"parameters: {trainable(task, frozen):,} learn", fontsize=10, color=INK, loc="left")
    axes.tick_params(length=0, colors=INK)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _draw_accuracy(axes, task, frozen, labels):
    """A line for the frozen stages chosen, one from scratch, faint ones for the others, with intervals."""
    found = figures(task)
    amounts = _options(task, 0)
    for other in _options(task, 1):
        axes.plot(amounts, [100 * found[n, other].mean for n in amounts], color="#d1d5db", linewidth=1)
    lines = (
        (frozen, PALETTE["output"], "-", "o", _named(frozen)),
        ("scratch", INK, "--", "s", "from scratch"),
    )
    ends = [found[amounts[-1], way].mean for way, *_ in lines]
    for (way, colour, style, marker, name), above in zip(
        lines, (ends[0] >= ends[1], ends[0] < ends[1]), strict=True
    ):
        _draw_line(axes, amounts, [found[n, way] for n in amounts], colour, style, marker)
        place = (amounts[-1] * 1.25, 100 * found[amounts[-1], way].mean)
        axes.annotate(
            name, place, fontsize=8.5, color=colour, va="bottom" if above else "top", annotation_clip=False
        )
    axes.axvline(labels, color=PALETTE["attention"], linewidth=6, alpha=0.3, zorder=0)
    axes.set_xscale("log")
    axes.set_xticks(amounts, [str(n) for n in amounts])
    axes.minorticks_off()
    axes.set_ylim(0, 103)
    axes.set_xlabel("labels a class (grey: other numbers of frozen stages)", fontsize=9, color=FAINT)
    axes.set_title("accuracy in %, and its 95 % interval", fontsize=10, color=INK, loc="left")
    axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
    axes.tick_params(labelsize=8.5, colors=FAINT, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _named(frozen):
    return {0: "nothing frozen", 1: "1 stage frozen", 4: "all 4 frozen"}.get(
        frozen, f"{frozen} stages frozen"
    )


def _draw_line(axes, amounts, found, colour, style, marker):
    means = [100 * f.mean for f in found]
    reach = [[100 * (f.mean - f.low) for f in found], [100 * (f.high - f.mean) for f in found]]
    axes.errorbar(
        amounts, means, reach, color=colour, linestyle=style, marker=marker, markersize=5, linewidth=1.6,
        capsize=3,
    )  # fmt: skip
