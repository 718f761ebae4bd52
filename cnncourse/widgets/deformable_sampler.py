"""DeformableSampler: the nine sampling points of a 3×3 kernel, moved by hand, and what they read."""

import traitlets as t

from ._explorer import Explorer, Matrix, Whole, _finite

TAPS, FURTHEST = 9, 4.0  # FURTHEST: pixels that a tap can be moved, up or down, left or right


class Numbers(t.TraitType):
    """Nine entries, each a number or `numbers` of them, moved into [low, high]."""

    def __init__(self, default, numbers, low, high, **kwargs):
        self.numbers, self.low, self.high = numbers, low, high
        super().__init__(default, **kwargs)

    def default(self, obj=None):
        return [list(entry) if self.numbers else entry for entry in self.default_value]

    def validate(self, obj, value):
        entries = value.tolist() if hasattr(value, "tolist") else value
        try:
            rows = [[_finite(v) for v in entry] if self.numbers else [_finite(entry)] for entry in entries]
        except TypeError:
            rows = []
        wanted = self.numbers or 1
        if len(rows) != TAPS or any(len(row) != wanted or None in row for row in rows):
            what = f"{TAPS} pairs (down, right)" if self.numbers else f"{TAPS} numbers"
            raise t.TraitError(f"{self.name} must be {what}, one for each tap, row by row.")
        rows = [[min(max(v, self.low), self.high) for v in row] for row in rows]
        return rows if self.numbers else [v for (v,) in rows]


class DeformableSampler(Explorer):
    """Move the sampling points of a 3×3 kernel, and see what each reads between the pixels.

    `image` (up to 12×12) and `kernel` (3×3) are a preset's name or a 2-D array. `offsets` are nine pairs
    (down, right) in pixels, `masks` nine factors in [0, 1] that count where `modulated` is on (the second
    version of deformable convolution). `cell` is the place whose response is written out, `tap` (0 to 8)
    the point that the keys move. `points`, `response` and `output` can be read; `output` has the response
    at every place, with the same offsets everywhere, where a network would choose them anew at each.
    """

    STATE = ("image", "kernel", "cell", "offsets", "modulated", "masks", "tap")

    image = Matrix("digit", "images", largest=12).tag(sync=True)
    kernel = Matrix("vertical edge", "kernels", largest=3).tag(sync=True)
    cell = t.List(t.Int(), [3, 3], minlen=2, maxlen=2).tag(sync=True)
    offsets = Numbers([[0.0, 0.0]] * TAPS, 2, -FURTHEST, FURTHEST).tag(sync=True)
    modulated = t.Bool(False).tag(sync=True)
    masks = Numbers([1.0] * TAPS, None, 0.0, 1.0).tag(sync=True)
    tap = Whole(0, 0, TAPS - 1).tag(sync=True)

    @property
    def points(self):
        """Row and column that each tap reads, in pixels of the image."""
        (i, j), taps = self.cell, enumerate(self.offsets)
        return [(i + n // 3 - 1 + down, j + n % 3 - 1 + right) for n, (down, right) in taps]

    @property
    def output(self):
        """The response at every place, (H, W), by `cnncourse.models.deformable`."""
        import torch

        from ..models.deformable import deform_conv2d

        image, kernel = (torch.tensor(array, dtype=torch.float64)[None, None] for array in
                         (self.image, self.kernel))  # fmt: skip
        everywhere = (1, -1, *image.shape[2:])
        offset = torch.tensor(self.offsets, dtype=torch.float64).view(1, -1, 1, 1).expand(everywhere)
        mask = torch.tensor(self.masks, dtype=torch.float64).view(1, -1, 1, 1).expand(everywhere)
        return deform_conv2d(image, offset, kernel, mask=mask if self.modulated else None, padding=1)[0, 0]

    @property
    def response(self):
        """What the nine products add up to at `cell`."""
        return self.output[tuple(self.cell)].item()

    @t.validate("kernel")
    def _three_by_three(self, proposal):
        kernel = proposal["value"]
        if [len(row) for row in kernel] != [3, 3, 3]:
            raise t.TraitError(f"kernel must be 3×3, and it is {len(kernel)}×{len(kernel[0])}.")
        return kernel

    @t.validate("cell")
    def _inside(self, proposal):
        sizes = (len(self.image), len(self.image[0]))
        return [max(0, min(i, size - 1)) for i, size in zip(proposal["value"], sizes, strict=True)]

    @t.observe("image")
    def _keep_cell_inside(self, change):
        self.cell = list(self.cell)
