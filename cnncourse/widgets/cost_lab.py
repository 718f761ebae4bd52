"""CostLab: what an inception module's branches cost, or what compound scaling makes of EfficientNet-B0."""

import difflib
import itertools
from typing import NamedTuple

import traitlets as t

from ..arithmetic import conv_macs, conv_parameters
from ..models import efficientnet, googlenet
from ._explorer import Explorer, Real, Whole

KINDS = ("inception", "scaling")
WIDTHS = ("one", "reduce3", "three", "reduce5", "five", "pool")  # in the order of the paper's Table 1


class Cost(NamedTuple):
    """One convolution: `inputs` channels to `maps` of them, by kernels of `kernel` × `kernel`."""

    kernel: int
    inputs: int
    maps: int
    parameters: int
    multiplications: int


def _table_1():
    """A preset for each row of GoogLeNet's table: the side and channels that come in, the six widths."""
    stages, channels = googlenet.CARDS["googlenet_2014"].stages, googlenet.SIZES["maxpool2"][0]
    for name, row in googlenet.TABLE_1.items():
        side = stages[name[:-1] + "a"][1]  # 3a, 4a and 5a set the size of their stage
        widths = dict(zip(WIDTHS, row, strict=True))
        yield name, {"side": side, "channels": channels, "pooling": True, **widths}
        one, _, three, _, five, pool = row
        channels = one + three + five + pool


def _inception():
    """Table 1's rows, the naive module of Figure 2a, and a 5×5 branch with and without its bottleneck."""
    rows = dict(_table_1())
    first = rows["inception3a"]
    alone = {**first, **dict.fromkeys(WIDTHS, 0), "five": first["five"], "pooling": False}
    naive = {**first, "reduce3": 0, "reduce5": 0, "pool": 0}
    return {
        "5×5 alone": alone,
        "5×5 with a bottleneck": {**alone, "reduce5": first["reduce5"]},
        "3a without bottlenecks": naive,
        **rows,
    }


ALPHA, BETA, GAMMA = efficientnet.compound.__defaults__  # of the paper's grid search
PRESETS = {
    "inception": _inception(),
    "scaling": {
        "the paper's": {"alpha": ALPHA, "beta": BETA, "gamma": GAMMA},
        "depth alone": {"alpha": 2.0, "beta": 1.0, "gamma": 1.0},
        "width alone": {"alpha": 1.0, "beta": 1.41, "gamma": 1.0},
        "resolution alone": {"alpha": 1.0, "beta": 1.0, "gamma": 1.41},
    },
}
RELEASED = [
    {
        "name": name[-2:].upper(),
        "width": width,
        "depth": depth,
        "pixels": pixels,
        "macs": efficientnet.CARDS[name].macs,
    }
    for name, (width, depth, pixels, *_) in efficientnet.RELEASED.items()
]


class CostLab(Explorer):
    """Set the widths of an inception module, or the exponents of compound scaling, and read what they cost.

    kind="inception": `channels` maps of `side` × `side` enter four branches. `one`, `three`, `five` are the
    maps that the convolutions make (0: no such branch); `reduce3` and `reduce5` are the bottlenecks before
    them (0: none); `pool` projects the pooling branch (0: all channels pass), and `pooling=False` leaves it
    out. Parameters include biases, multiplications do not.

    kind="scaling": EfficientNet-B0's depth, width and resolution times `alpha`, `beta`, `gamma` to the power
    of `phi`, beside the released B0 to B7. The cost is depth · width² · resolution².

    `preset` is a name of `PRESETS[kind]`. Sources: arXiv:1409.4842, Table 1; arXiv:1905.11946, equation 3.
    """

    STATE = ("kind", "side", "channels", *WIDTHS, "pooling", "phi", "alpha", "beta", "gamma")

    kind = t.Enum(KINDS, "inception").tag(sync=True)
    side = Whole(28, 1, 224).tag(sync=True)
    channels = Whole(192, 1, 1024).tag(sync=True)
    one = Whole(64, 0, 512).tag(sync=True)
    reduce3 = Whole(96, 0, 512).tag(sync=True)
    three = Whole(128, 0, 512).tag(sync=True)
    reduce5 = Whole(16, 0, 512).tag(sync=True)
    five = Whole(32, 0, 512).tag(sync=True)
    pool = Whole(32, 0, 512).tag(sync=True)
    pooling = t.Bool(True).tag(sync=True)
    phi = Real(1.0, 0, 8).tag(sync=True)
    alpha = Real(ALPHA, 1, 2).tag(sync=True)
    beta = Real(BETA, 1, 1.5).tag(sync=True)
    gamma = Real(GAMMA, 1, 1.5).tag(sync=True)
    # What is drawn beside: named settings of this kind, and the published networks.
    presets = t.Dict().tag(sync=True)
    released = t.List(t.Dict()).tag(sync=True)

    def __init__(self, kind="inception", preset=None, **options):
        if {"presets", "released"} & set(options):
            raise TypeError("CostLab takes `presets` and `released` from the papers' tables itself.")
        named = _named(kind, preset) if preset is not None else {}
        tables = {"presets": PRESETS.get(kind, {}), "released": RELEASED if kind == "scaling" else []}
        super().__init__(kind=kind, **{**named, **options}, **tables)

    @property
    def branches(self):
        """The convolutions of each branch in order, a list of `Cost` for each name; absent ones left out."""
        chains = {
            "1×1": [(1, self.one)] if self.one else None,
            "3×3": _reduced(self.reduce3, 3, self.three),
            "5×5": _reduced(self.reduce5, 5, self.five),
            "pool": ([(1, self.pool)] if self.pool else []) if self.pooling else None,
        }
        return {name: self._costs(chain) for name, chain in chains.items() if chain is not None}

    def _costs(self, chain):
        inputs = [self.channels, *(maps for _, maps in chain)]
        return [
            Cost(k, c, maps, conv_parameters(c, maps, k), conv_macs(c, maps, k, self.side))
            for c, (k, maps) in zip(inputs[:-1], chain, strict=True)
        ]

    @property
    def parameters(self):
        """Weights and biases of the module."""
        return sum(cost.parameters for cost in itertools.chain(*self.branches.values()))

    @property
    def multiplications(self):
        """Multiplications for one picture; biases and pooling have none."""
        return sum(cost.multiplications for cost in itertools.chain(*self.branches.values()))

    @property
    def out_channels(self):
        """Channels after the branches are concatenated."""
        return sum(costs[-1].maps if costs else self.channels for costs in self.branches.values())

    @property
    def scaled(self):
        """Width, depth and pixels of B0 scaled by the rule, not rounded."""
        return efficientnet.compound(self.phi, self.alpha, self.beta, self.gamma)

    @property
    def constraint(self):
        """α·β²·γ², which the paper wants to be about 2."""
        return self.alpha * self.beta**2 * self.gamma**2

    @property
    def factor(self):
        """The cost as a multiple of B0's: depth · width² · resolution², which is `constraint` to the φ."""
        return self.constraint**self.phi


def _reduced(bottleneck, kernel, maps):
    """A convolution, with a 1×1 before it where there is a bottleneck; None without maps."""
    if not maps:
        return None
    return [(1, bottleneck), (kernel, maps)] if bottleneck else [(kernel, maps)]


def _named(kind, preset):
    """The settings that a preset's name stands for."""
    known = PRESETS.get(kind)
    if known is None:
        raise t.TraitError(f"kind must be one of {', '.join(KINDS)}, not {kind!r}.")
    if preset not in known:
        near = difflib.get_close_matches(str(preset), known, 1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"There is no preset {preset!r}.{guess} For {kind} there are: {', '.join(known)}.")
    return known[preset]
