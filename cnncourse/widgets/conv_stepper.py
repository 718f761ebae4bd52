"""ConvStepper: one output cell of a convolution at a time, with every product written out."""

import traitlets as t

from ._explorer import Explorer, Matrix, Whole

CONTROLS = ("image", "kernel", "stride", "padding", "mode", "dilation", "flip")


class ConvStepper(Explorer):
    """Step a kernel over a small image and read the products, their sum and the output's size.

    `image` (up to 12×12) and `kernel` (up to 7×7) are a preset's name or a 2-D array. The rest are the
    arguments of `torch.nn.Conv2d`, and `flip` turns the kernel half round: convolution as mathematics
    defines it. `cell` is the output cell (row, column) that the learner has chosen, moved inside the output
    when that shrinks. `controls` lists what may be changed in the picture; the cell always can.
    """

    STATE = ("image", "kernel", "stride", "padding", "mode", "dilation", "flip", "cell")

    image = Matrix("dot", "images", largest=12).tag(sync=True)
    kernel = Matrix("vertical edge", "kernels", largest=7).tag(sync=True)
    stride = Whole(1, 1, 4).tag(sync=True)
    padding = Whole(0, 0, 4).tag(sync=True)
    mode = t.Enum(("zeros", "reflect", "replicate", "circular"), "zeros").tag(sync=True)
    dilation = Whole(1, 1, 3).tag(sync=True)
    flip = t.Bool(False).tag(sync=True)
    cell = t.List(t.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    controls = t.List(t.Enum(CONTROLS), list(CONTROLS)).tag(sync=True)

    @property
    def output_size(self):
        """Rows and columns of the output; zero or less means that the kernel has no place."""
        return tuple(
            (n + 2 * self.padding - self.dilation * (k - 1) - 1) // self.stride + 1
            for n, k in ((len(self.image), len(self.kernel)), (len(self.image[0]), len(self.kernel[0])))
        )

    @t.validate("cell")
    def _inside(self, proposal):
        sizes = self.output_size
        return [max(0, min(i, size - 1)) for i, size in zip(proposal["value"], sizes, strict=True)]

    @t.observe("image", "kernel", "stride", "padding", "dilation")
    def _keep_cell_inside(self, change):
        self.cell = list(self.cell)
