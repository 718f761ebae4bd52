"""AugmentStudio: every augmentation's strength as a slider, samples of it, and whether the label survives."""

import html
from functools import cache

import ipywidgets as w
import torch
from torch import Tensor

from .._picture import INK, Picture, new_figure
from ..augmentation import Augment, colour_axes
from ..data import digits, photo, photos, shapes
from ..display import show_images, show_row

# name of Augment → (largest, step, number format, words)
SLIDERS = {
    "mirror": (0.5, 0.5, ".1f", "share of mirrored pictures"),
    "crop": (0.7, 0.05, ".2f", "largest share cut away"),
    "shift": (0.5, 0.05, ".2f", "largest shift, share of the side"),
    "rotate": (180, 5, ".0f", "largest turn, degrees"),
    "shear": (45, 5, ".0f", "largest lean, degrees"),
    "elastic": (0.08, 0.005, ".3f", "local warp, share of the side"),
    "colour": (0.3, 0.02, ".2f", "colour shift of each channel"),
    "pca": (3.0, 0.1, ".1f", "PCA colour, spread of α"),
    "cutout": (0.5, 0.05, ".2f", "black square, share of the side"),
}
SIDE, SAMPLES = 96, 11  # pixels of a photo; pictures beside the original
DIGIT_SIDE = 32

MIRRORED = "Mirrored, only 0, 8 and a plain 1 stay what they are: no test will show the others."
TURNED = "A 6 turned by 180° is a 9: some labels are now false, and not only useless."
LEANING = "Turned by more than 45°, a 1 lies down and a 7 points the other way: few people write so."
LOST = "Most of a picture may be gone, and with it what the label speaks of."
TORN = "Warped this far, strokes break or close: a 1 may become a 7, a 3 an 8."
DARK = "Shifted this far, pictures go black or white: there is nothing left to recognise."


def doubts(setting: dict, kind: str) -> list[str]:
    """Why this setting may make labels untrue, empty if it does not; kind: digits, shapes or photo."""
    found = []
    if kind == "digits":
        found += [MIRRORED] * (setting["mirror"] > 0)
        found += [TURNED] * (setting["rotate"] > 150) or [LEANING] * (setting["rotate"] > 45)
        found += [TORN] * (setting["elastic"] > 0.05)
    found += [LOST] * (max(setting["crop"], 1.6 * setting["shift"], 1.2 * setting["cutout"]) > 0.45)
    return found + [DARK] * (setting["colour"] > 0.2)


@cache
def _pictures(source: str) -> tuple[Tensor, tuple[str, ...] | None]:
    """(12, C, H, W) and a title for each: twelve different ones, or twelve times the same photo."""
    if source in photos():
        image = photo(source, size=SIDE)
        return image.expand(SAMPLES + 1, *image.shape), None
    found = digits(DIGIT_SIDE) if source == "digits" else shapes(60, 60, size=DIGIT_SIDE, rotate=0, seed=1)
    order = [
        int((found.test.labels == k % len(found.classes)).nonzero()[k // len(found.classes)])
        for k in range(SAMPLES + 1)
    ]
    return found.test.images[order], tuple(found.classes[found.test.labels[i]] for i in order)


class AugmentStudio(w.VBox):
    """Move a strength and see eleven samples of it; then say whether every label is still true.

    `setting` is the sliders' state as a dict, `policy()` the same as an `Augment` for pictures of this size.
    """

    def __init__(self, source="digits", seed=0, **setting):
        self._seed, self._silent = seed, False
        look = {"style": {"description_width": "16em"}, "layout": {"width": "32em"}}
        self._source = w.Dropdown(
            value=source, options=("digits", "shapes", *photos()), description="pictures", **look
        )
        self._sliders = {
            name: w.FloatSlider(
                setting.get(name, 0.0), min=0, max=most, step=step, description=words,
                continuous_update=False, readout_format=digits_shown, **look,
            )
            for name, (most, step, digits_shown, words) in SLIDERS.items()
        }  # fmt: skip
        self._again = w.Button(description="Draw again", tooltip="New random numbers, the same strengths")
        self._reset = w.Button(description="All to 0", tooltip="Leave every picture as it is")
        self._answer = w.RadioButtons(
            options=["yes", "no"], index=None, description="Is every label still true?",
            style={"description_width": "initial"}, layout={"width": "max-content"},
        )  # fmt: skip
        self._picture, self._status, self._reply = w.HTML(), w.HTML(), w.HTML()
        controls = w.HBox(
            [self._source, *self._sliders.values()], layout={"flex_flow": "row wrap", "grid_gap": "0 12px"}
        )
        buttons = w.HBox([self._again, self._reset])
        super().__init__([controls, buttons, self._picture, self._status, self._answer, self._reply])
        for control in (self._source, *self._sliders.values()):
            control.observe(self._draw, "value")
        self._again.on_click(self._draw_again)
        self._reset.on_click(lambda button: self.set(**dict.fromkeys(SLIDERS, 0.0)))
        self._answer.observe(self._judge, "value")
        self._draw()

    @property
    def setting(self):
        """The strengths by name; shift, elastic and cutout are shares of the shorter side."""
        return {name: slider.value for name, slider in self._sliders.items()}

    @property
    def kind(self):
        """What the pictures are: digits, shapes or photo."""
        return self._source.value if self._source.value in ("digits", "shapes") else "photo"

    def set(self, source=None, **setting):
        """Move controls from Python, and draw once: `studio.set(rotate=30, source="chelsea")`."""
        self._silent = True
        try:
            for name, value in setting.items():
                self._sliders[name].value = value
            self._source.value = source or self._source.value
        finally:
            self._silent = False
        self._draw()

    def policy(self):
        """The `Augment` that the sliders describe, for pictures of this size."""
        images, _ = _pictures(self._source.value)
        s, side = self.setting, min(images.shape[-2:])
        axes = colour_axes(images[:1]) if images.shape[1] == 3 else None
        whole = {"shift": round(s["shift"] * side), "cutout": round(s["cutout"] * side)}
        pca = s["pca"] if axes is not None else 0.0
        return Augment(**{**s, **whole, "elastic": s["elastic"] * side, "pca": pca}, axes=axes)

    def _draw_again(self, button):
        self._seed += 1
        self._draw()

    def _draw(self, change=None):
        if self._silent:
            return
        images, titles = _pictures(self._source.value)
        samples = self.policy()(images, torch.Generator().manual_seed(self._seed))
        samples = torch.cat([images[:1], samples[1:]]) if titles is None else samples
        names = titles or ["original", *(str(k) for k in range(1, SAMPLES + 1))]
        grid = show_images(samples, titles=names, columns=6, role="input", alt=self._alt(images))
        parts = show_row(grid, draw_axes(images[0])) if titles is None else grid
        self._picture.value = parts._repr_mimebundle_()["text/html"]
        self._sliders["pca"].disabled = titles is not None  # grey pictures have one channel
        self._status.value = f'<div role="status">{html.escape(self.spoken())}</div>'
        self._answer.index = None
        self._judge()

    def _alt(self, images):
        return f"{len(images)} samples of {self._source.value}. {self.spoken()}"

    def spoken(self):
        """What is on, in words."""
        on = [f"{SLIDERS[name][3]}: {value:.3g}" for name, value in self.setting.items()
              if value and not self._sliders[name].disabled]  # fmt: skip
        return f"{'; '.join(on)}." if on else "Nothing is changed: every slider is at 0."

    def _judge(self, change=None):
        """Reply to the answer; without one, say nothing."""
        if self._answer.index is None:
            self._reply.value = ""
            return
        found = doubts(self.setting, self.kind)
        right = (self._answer.value == "yes") == (not found)
        why = " ".join(found) or "Nothing here changes what a person would call these pictures."
        said = f"{'That is how I see it, too.' if right else 'I see it differently.'} {why}"
        self._reply.value = f'<div role="status">{html.escape(said)}</div>'

    def __repr__(self):
        said = "".join(f", {name}={value:g}" for name, value in self.setting.items() if value)
        return f"AugmentStudio({self._source.value!r}{said})"


def draw_axes(image: Tensor) -> Picture:
    """The colour axes of a picture (3, H, W) as strips: its mean colour, moved along each by two spreads."""
    values, vectors = colour_axes(image[None])
    mean, shares = image.mean(dim=(1, 2)), values / values.sum()
    figure = new_figure(2.6, 2.3)
    figure.text(0.04, 0.93, "colour axes of this photo", fontsize=9, color=INK)
    for i, (value, axis, share) in enumerate(zip(values, vectors.T, shares, strict=True)):
        steps = torch.linspace(-2, 2, 41)[:, None] * value.sqrt() * axis  # (41, 3)
        axes = figure.add_axes((0.04, 0.62 - 0.29 * i, 0.92, 0.15))
        axes.imshow((mean + steps).clamp(0, 1)[None].numpy(), aspect="auto")
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"axis {i + 1}: {share:.1%} of the variance", fontsize=8, color=INK, loc="left", pad=3)
    said = ", ".join(f"{share:.1%}" for share in shares)
    return Picture(figure, f"The three colour axes carry {said} of the variance of this photo's pixels.")
