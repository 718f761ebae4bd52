"""MBConv, EfficientNet's block: wide inside, narrow outside."""

from torch import nn

from .._kinds import exercise
from .squeeze import SqueezeExcitation


@exercise(
    level=3,
    minutes=25,
    lines=16,
    equivalent={"layers = [nn.Conv2d(inputs, wide": "the list is empty until then"},
    hints=(
        "Four steps: widen by a 1×1, filter each map by itself, weigh the maps, narrow by a 1×1. Batch "
        "norm after "
        "every convolution; where is there no activation?",
        "A convolution with as many groups as channels filters each map by itself: "
        "`nn.Conv2d(wide, wide, kernel_size, stride, kernel_size // 2, groups=wide, bias=False)`.",
        "The weighing is your `SqueezeExcitation(wide, inputs // 4, nn.SiLU)`: a quarter of the maps "
        "that came *in*.",
        "`self.adds = inputs == outputs and stride == 1`, and in forward `x + out if self.adds else out`.",
    ),
    why="The shortcut joins the narrow ends. They are linear: MobileNetV2's authors found that a ReLU there "
    "loses information.",
)
class MBConv(nn.Module):
    """EfficientNet's block: (N, inputs, H, W) gives (N, outputs, H / stride, W / stride), rounded up.

    A 1×1 convolution to inputs · expansion maps (none if expansion is 1); a convolution of kernel_size with
    this stride that filters each map by itself; `SqueezeExcitation` with inputs // 4 and SiLU between its
    layers; a 1×1 convolution to outputs. No biases; batch norm after each convolution, and SiLU after batch
    norm, except the last. The input is added if the shape is the same: inputs = outputs and stride 1.
    Sources: Tan and Le (2019), Sandler and others (2018). Stochastic depth is left out.
    """

    def __init__(self, inputs, outputs, expansion=6, kernel_size=3, stride=1):
        super().__init__()
        wide, layers = inputs * expansion, []
        if expansion > 1:
            layers += [nn.Conv2d(inputs, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.SiLU()]
        layers += [
            nn.Conv2d(wide, wide, kernel_size, stride, kernel_size // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide), nn.SiLU(),
            SqueezeExcitation(wide, inputs // 4, nn.SiLU),
            nn.Conv2d(wide, outputs, 1, bias=False), nn.BatchNorm2d(outputs),
        ]  # fmt: skip
        self.layers, self.adds = nn.Sequential(*layers), inputs == outputs and stride == 1

    def forward(self, x):
        out = self.layers(x)
        return x + out if self.adds else out


@MBConv.examples
def _(draw):
    yield {"inputs": 4, "outputs": 4, "expansion": 2}, draw(2, 4, 3, 2)
    yield {"inputs": 4, "outputs": 4, "expansion": 1, "kernel_size": 5, "stride": 2}, draw(2, 4, 5, 4)
    yield {"inputs": 40, "outputs": 80, "kernel_size": 5}, draw(1, 40, 2, 3).to("meta")


class _Variant(MBConv.reference):
    """The parts of a block, one of which a mistake changes."""

    bend, last, squeezed_from, always_expands, stride_at = nn.SiLU, None, "inputs", False, "filter"

    def filter(self, wide, kernel_size, stride):
        return nn.Conv2d(wide, wide, kernel_size, stride, kernel_size // 2, groups=wide, bias=False)

    def weigh(self, wide, squeezed):
        return SqueezeExcitation(wide, squeezed, nn.SiLU)

    def order(self, expand, filtered, weighed, project):
        return [*expand, *filtered, weighed, *project]

    def __init__(self, inputs, outputs, expansion=6, kernel_size=3, stride=1):
        nn.Module.__init__(self)
        wide = inputs * expansion
        at = {"expand": 1, "filter": 1, "project": 1, self.stride_at: stride}
        expand = [nn.Conv2d(inputs, wide, 1, at["expand"], bias=False), nn.BatchNorm2d(wide), self.bend()]
        filtered = [self.filter(wide, kernel_size, at["filter"]), nn.BatchNorm2d(wide), self.bend()]
        squeezed = (wide if self.squeezed_from == "wide" else inputs) // 4
        project = [nn.Conv2d(wide, outputs, 1, at["project"], bias=False), nn.BatchNorm2d(outputs)]
        project += [self.last()] if self.last else []
        expand = expand if expansion > 1 or self.always_expands else []
        layers = self.order(expand, filtered, self.weigh(wide, squeezed), project)
        self.layers, self.adds = nn.Sequential(*layers), inputs == outputs and stride == 1


def _wrong(message, forward=None, **parts):
    parts |= {"forward": forward} if forward else {}
    MBConv.mistake(message)(type("Wrong", (_Variant,), parts))


_wrong("No activation follows the last 1×1: the narrow end stays linear.", last=nn.SiLU)
_wrong("ReLU bends here. EfficientNet has SiLU, x · sigmoid(x).", bend=nn.ReLU)
_wrong(
    "The squeeze is to a quarter of the maps that came in, inputs // 4, not of the wide ones.",
    squeezed_from="wide",
)
_wrong("With expansion 1 there is no first 1×1.", always_expands=True)
_wrong(
    "The stride belongs to the middle convolution. In the last 1×1 it skips pixels that were already "
    "paid for.",
    stride_at="project",
)
_wrong(
    "The middle convolution mixes maps. It filters each map by itself: as many groups as channels.",
    filter=lambda self, wide, k, stride: nn.Conv2d(wide, wide, k, stride, k // 2, bias=False),
)
_wrong(
    "The middle convolution is always 3×3: `kernel_size` makes no difference.",
    filter=lambda self, wide, k, stride: nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
)
_wrong("Squeeze-and-excitation is missing.", weigh=lambda self, wide, squeezed: nn.Identity())
_wrong(
    "Inside the weighing ReLU bends. Here it is SiLU: `SqueezeExcitation(…, nn.SiLU)`.",
    weigh=lambda self, wide, squeezed: SqueezeExcitation(wide, squeezed),
)
_wrong(
    "The maps are weighed before the middle convolution. Weigh what it found, after its SiLU.",
    order=lambda self, expand, filtered, weighed, project: [*expand, weighed, *filtered, *project],
)
_wrong("The input is never added. Where the shape is the same, it is.", lambda self, x: self.layers(x))
_wrong(
    "An activation follows the addition. MBConv's ends are linear: nothing bends there.",
    lambda self, x: nn.functional.silu(x + self.layers(x)) if self.adds else self.layers(x),
)


@MBConv.alternative
class ByNames(nn.Module):
    def __init__(self, inputs, outputs, expansion=6, kernel_size=3, stride=1):
        super().__init__()
        wide, self.same = inputs * expansion, stride == 1 and inputs == outputs
        self.widen = nn.Conv2d(inputs, wide, 1, bias=False) if expansion != 1 else None
        self.norm0 = nn.BatchNorm2d(wide) if expansion != 1 else None
        self.each = nn.Conv2d(wide, wide, kernel_size, stride, kernel_size // 2, 1, wide, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(wide), nn.BatchNorm2d(outputs)
        self.down, self.up = nn.Conv2d(wide, inputs // 4, 1), nn.Conv2d(inputs // 4, wide, 1)
        self.narrow = nn.Conv2d(wide, outputs, 1, bias=False)

    def forward(self, x):
        silu, out = nn.functional.silu, x
        if self.widen is not None:
            out = silu(self.norm0(self.widen(out)))
        out = silu(self.norm1(self.each(out)))
        out = out * self.up(silu(self.down(out.mean((-2, -1), keepdim=True)))).sigmoid()
        out = self.norm2(self.narrow(out))
        return out + x if self.same else out
