"""PoolLab: what a pooling keeps of a picture, and what a shift by one pixel does to that."""

import traitlets as t

from ._explorer import Explorer, Matrix, Whole

KINDS = ("max", "average", "stochastic, expected", "stochastic, drawn", "blur")
FURTHEST = 4  # pixels that the picture can be moved


class PoolLab(Explorer):
    """Pool a small picture, move it by single pixels, and see what is kept and what has changed.

    `image` (up to 12×12) is a preset's name or a 2-D array. `kind` is one of `KINDS`: "stochastic, expected"
    is the average that stochastic pooling uses for inference, "stochastic, drawn" one of its draws, number
    `draw`; "blur" weighs the window by binomial numbers, (1, 2, 1) / 4 in both directions for a window of 3.
    Windows begin `stride` cells apart and never leave the picture. `shift` (down, right) moves the picture,
    zeros come in, and the change is that of the output since (0, 0). `cell` is the output cell written out.
    """

    STATE = ("image", "kind", "window", "stride", "shift", "cell", "draw")

    image = Matrix("digit", "images", largest=12).tag(sync=True)
    kind = t.Enum(KINDS, "max").tag(sync=True)
    window = Whole(2, 1, 6).tag(sync=True)
    stride = Whole(2, 1, 6).tag(sync=True)
    shift = t.List(t.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    cell = t.List(t.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    draw = Whole(0, 0, 9999).tag(sync=True)

    @property
    def output_size(self):
        """Rows and columns of the output; zero or less means that the window does not fit."""
        return tuple((n - self.window) // self.stride + 1 for n in (len(self.image), len(self.image[0])))

    @property
    def kept(self):
        """Numbers of the output as a share of the input's."""
        rows, columns = (max(0, n) for n in self.output_size)
        return rows * columns / (len(self.image) * len(self.image[0]))

    @t.validate("shift")
    def _near(self, proposal):
        return [max(-FURTHEST, min(by, FURTHEST)) for by in proposal["value"]]

    @t.validate("cell")
    def _inside(self, proposal):
        return [max(0, min(i, size - 1)) for i, size in zip(proposal["value"], self.output_size, strict=True)]

    @t.observe("image", "window", "stride")
    def _keep_cell_inside(self, change):
        self.cell = list(self.cell)
