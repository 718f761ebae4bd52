"""OptimizerRace: seven optimisers from one start on one surface."""

import json

import traitlets as t

from ._explorer import _HERE, Explorer, Real, Whole

SURFACES = json.loads((_HERE / "surfaces.json").read_text(encoding="utf-8"))
NAMES = ("gradient descent", "momentum", "NAG", "AdaGrad", "RMSprop", "AdaDelta", "Adam")


class OptimizerRace(Explorer):
    """Choose a surface, a start and a learning rate, and see the paths of seven optimisers.

    All seven take `steps` steps with the same `learning_rate`; with `tuned` each takes the rate that brings
    it lowest in so many steps. `start` is (x, y), moved inside the picture. `hidden` names the optimisers
    whose paths are not drawn. Settings are torch.optim's own, with momentum 0.9.
    """

    STATE = ("surface", "learning_rate", "tuned", "steps", "start", "hidden")

    surface = t.Enum(tuple(SURFACES), "ravine").tag(sync=True)
    learning_rate = Real(0.02, 1e-4, 100.0).tag(sync=True)
    tuned = t.Bool(False).tag(sync=True)
    steps = Whole(60, 1, 300).tag(sync=True)
    start = t.List(t.Float(), minlen=2, maxlen=2).tag(sync=True)
    hidden = t.List(t.Enum(NAMES), []).tag(sync=True)

    def __init__(self, **options):
        surface = options.get("surface", "ravine")
        if "start" not in options and surface in SURFACES:
            options["start"] = SURFACES[surface]["start"]
        super().__init__(**options)
        self.observe(self._begin_anew, "surface")

    def _begin_anew(self, change):
        self.start = SURFACES[self.surface]["start"]

    @t.validate("start")
    def _inside(self, proposal):
        x0, x1, y0, y1 = SURFACES[self.surface]["box"]
        x, y = proposal["value"]
        return [min(max(x, x0), x1), min(max(y, y0), y1)]
