"""GradientFlow: how signal and gradient come through a deep network, computed for real digits."""

import html
from functools import cache
from typing import NamedTuple

import ipywidgets as w
import torch
import torch.nn.functional as F
from torch import Tensor

from .. import layers
from .._numbers import text
from .._picture import FAINT, INK, Picture, new_figure
from ..data import digits
from ..display import PALETTE

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "leaky ReLU": F.leaky_relu,
    "ELU": F.elu,
    "GELU": F.gelu,
    "none": lambda x: x,
}
# name → standard deviation of the weights of a layer, given their shape
SPREADS = {
    "tiny (0.01)": lambda shape: 0.01,
    "PyTorch's default": lambda shape: (3 * shape[1]) ** -0.5,
    "Xavier": lambda shape: layers.initial_spreads(shape)[0],
    "He": lambda shape: layers.initial_spreads(shape)[1],
    "large (1.0)": lambda shape: 1.0,
}
PIXELS = 64  # of a digit, and the width of every layer
LOW, HIGH = -12, 4  # powers of ten that are drawn


class Flow(NamedTuple):
    """Root mean square, layer by layer (depth,): of a layer's output, and of the gradient there."""

    signal: Tensor
    gradient: Tensor


def flow(depth, activation, initialisation, skip=False, batch_norm=False, seed=0) -> Flow:
    """Send 256 digits through `depth` dense layers of 64 units and a loss, once forwards and once back.

    skip: each layer adds its input to its output. batch_norm: before the activation. Weights are normal
    (PyTorch's default: uniform), biases 0; the first layer gets pixels of mean 0 and variance 1. The gradient
    is that of each digit's own loss with respect to the layer's output.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = [_draw(initialisation, generator) for _ in range(depth)]
    head = _draw("Xavier", generator)[:10]
    x, labels = _pixels()
    outputs = []
    for weight in weights:
        z = x @ weight.T  # (256, 64)
        z = F.batch_norm(z, None, None, training=True) if batch_norm else z
        a = ACTIVATIONS[activation](z)
        x = (x + a if skip else a).requires_grad_()
        outputs.append(x)
    loss = F.cross_entropy(x @ head.T, labels, reduction="sum")
    gradients = torch.autograd.grad(loss, outputs)
    return Flow(*(torch.stack([_rms(part) for part in parts]) for parts in (outputs, gradients)))


def _draw(initialisation, generator) -> Tensor:
    spread = SPREADS[initialisation]((PIXELS, PIXELS))
    if initialisation == "PyTorch's default":  # uniform in ±1/√fan_in, whose standard deviation this is
        return (2 * torch.rand(PIXELS, PIXELS, generator=generator) - 1) * spread * 3**0.5
    return spread * torch.randn(PIXELS, PIXELS, generator=generator)


def _rms(tensor: Tensor) -> Tensor:
    return tensor.detach().double().square().mean().sqrt()


@cache
def _pixels() -> tuple[Tensor, Tensor]:
    images, labels = digits(8).train
    x = images[:256].flatten(1)  # (256, 64)
    return (x - x.mean()) / x.std(), labels[:256]


class GradientFlow(w.VBox):
    """Choose depth, activation, first weights, skip and batch norm; see signal and gradient of every layer.

    `setting` is the choice as a dict, and `flow` what was measured. The setting before stays in the picture,
    dashed.
    """

    def __init__(self, depth=20, activation="sigmoid", initialisation="Xavier", skip=False, batch_norm=False):
        words = {"style": {"description_width": "initial"}}
        look = {**words, "layout": {"width": "max-content"}}  # not for the slider: it would have no track
        self._controls = {
            "depth": w.IntSlider(depth, 2, 50, description="layers", continuous_update=False, **words),
            "activation": w.Dropdown(
                value=activation, options=list(ACTIVATIONS), description="activation", **look
            ),
            "initialisation": w.Dropdown(
                value=initialisation, options=list(SPREADS), description="first weights", **look
            ),
            "skip": w.Checkbox(skip, description="skip connections", indent=False, **look),
            "batch_norm": w.Checkbox(batch_norm, description="batch norm", indent=False, **look),
        }
        self._picture, self._status = w.HTML(), w.HTML()
        self.flow, self._before = None, None
        row = w.HBox(list(self._controls.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px 18px"})
        super().__init__([row, self._picture, self._status])
        for control in self._controls.values():
            control.observe(self._measure, "value")
        self._measure()

    @property
    def setting(self):
        """What the controls say, as arguments of `flow`."""
        return {name: control.value for name, control in self._controls.items()}

    def set(self, **setting):
        """Move controls from Python: `lab.set(activation="ReLU", depth=30)`."""
        for name, value in setting.items():
            self._controls[name].value = value

    def _measure(self, change=None):
        self._before, self.flow = self.flow, flow(**self.setting)
        picture = draw(self.flow, self._before)
        self._picture.value = picture._repr_mimebundle_()["text/html"]
        self._status.value = f'<div role="status">{html.escape(spoken(self.flow))}</div>'

    def __repr__(self):
        said = ", ".join(f"{name}={value!r}" for name, value in self.setting.items())
        return f"GradientFlow({said})"


def spoken(found: Flow) -> str:
    """The two ends of the network, in words."""
    signal, gradient = found
    if not (torch.isfinite(signal).all() and torch.isfinite(gradient).all()):
        return "The numbers overflowed: there is no gradient at all."
    (first, *_, last), (top, *_, bottom) = signal.tolist(), gradient.tolist()
    forwards = f"{text(first)} after the first layer, {text(last)} after the last"
    backwards = f"{text(bottom)} at the last layer, {text(top)} at the first"
    return (
        f"Forwards, the signal {_fate(last / first)}: {forwards}. "
        f"Backwards, the gradient {_fate(top / bottom)}: {backwards}."
    )


def _fate(ratio) -> str:
    """What became of something on its way through all layers: a hundredfold counts as lost or exploded."""
    return "vanishes" if not ratio >= 0.01 else "explodes" if ratio > 100 else "comes through"


def draw(found: Flow, before: Flow | None = None) -> Picture:
    """Two panels with a logarithmic axis: signal, and gradient, against the layer."""
    figure = new_figure(8.4, 2.9)
    panels = (("signal", "input", "o"), ("gradient", "kernel", "s"))
    for i, (title, role, marker) in enumerate(panels):
        axes = figure.add_axes((0.07 + i * 0.49, 0.18, 0.42, 0.68))
        if before is not None:
            axes.plot(*_points(before[i]), color=FAINT, linewidth=1.2, linestyle=(0, (4, 2)))
        x, y = _points(found[i])
        axes.plot(x, y, color=PALETTE[role], marker=marker, markersize=4, linewidth=1.6)
        axes.plot(x[y <= LOW], y[y <= LOW], "v", color=INK, markersize=6)  # at the floor: smaller than shown
        axes.plot(x[y >= HIGH], y[y >= HIGH], "^", color=INK, markersize=6)
        axes.set_title(title, fontsize=10, color=INK, loc="left")
        axes.set_xlabel("layer", fontsize=9, color=FAINT)
        axes.set_ylim(LOW - 0.5, HIGH + 0.5)
        axes.set_yticks(range(LOW, HIGH + 1, 4), [f"$10^{{{power}}}$" for power in range(LOW, HIGH + 1, 4)])
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(axis="y", color="#e5e7eb", linewidth=0.8)
        axes.tick_params(labelsize=8, colors=FAINT, length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    return Picture(figure, f"{len(found.signal)} layers. {spoken(found)}")


def _points(values: Tensor):
    """Layer numbers and powers of ten, moved to the edge where they leave the picture."""
    powers = values.log10().nan_to_num(nan=HIGH, posinf=HIGH, neginf=LOW).clamp(LOW, HIGH)
    return torch.arange(1, len(values) + 1).numpy(), powers.numpy()
