"""KernelLab: a kernel that can be typed into, and what it makes of a photo."""

import numpy as np
import traitlets as t

from ._explorer import Explorer, Matrix, Real

LARGEST = 256  # pixels on the longer side: sent once, and repainted faster than the eye follows
CHANNELS = ("luminance", "red", "green", "blue")


class KernelLab(Explorer):
    """Edit a kernel and watch the map that it makes of a photo, negative values included.

    `image` is a name of `cnncourse.data.photos()` or an array, (H, W), (3, H, W) or (H, W, 3): bytes, or
    floats in [0, 1]; one larger than 256 pixels is averaged down. `kernel` is a preset's name or a 2-D
    array. The picture is read as one plane, `channel`; the map is the cross-correlation without padding
    plus `bias`, through a ReLU if `relu`. `cell` is the map's cell whose value is read out.
    """

    STATE = ("kernel", "channel", "bias", "relu", "cell")

    kernel = Matrix("vertical edge", "kernels", largest=7).tag(sync=True)
    channel = t.Enum(CHANNELS, "luminance").tag(sync=True)
    bias = Real(0.0, -2.0, 2.0).tag(sync=True)
    relu = t.Bool(False).tag(sync=True)
    cell = t.List(t.Int(), [0, 0], minlen=2, maxlen=2).tag(sync=True)
    pixels = t.Bytes(b"").tag(sync=True)
    shape = t.List(t.Int(), [1, 1, 1]).tag(sync=True)

    def __init__(self, image="astronaut", **options):
        planes = _planes(image)  # (C, H, W), bytes
        options.setdefault("cell", [n // 2 for n in planes.shape[1:]])
        super().__init__(pixels=planes.tobytes(), shape=list(planes.shape), **options)

    @property
    def image(self):
        """The picture as it is drawn: (C, H, W) floats in [0, 1]."""
        return np.frombuffer(self.pixels, np.uint8).reshape(self.shape).astype(np.float32) / 255

    @t.validate("cell")
    def _inside(self, proposal):
        sides = zip(proposal["value"], self.shape[1:], (len(self.kernel), len(self.kernel[0])), strict=True)
        return [max(0, min(i, n - k)) for i, n, k in sides]

    @t.observe("kernel")
    def _keep_cell_inside(self, change):
        self.cell = list(self.cell)


def _planes(image):
    """Bytes of shape (C, H, W), C 1 or 3, at most 256 pixels on a side."""
    array = _photo(image) if isinstance(image, str) else np.asarray(image)
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 3 and array.shape[0] not in (1, 3) and array.shape[2] in (1, 3):
        array = np.moveaxis(array, 2, 0)
    if array.ndim != 3 or array.shape[0] not in (1, 3):
        raise ValueError(f"an image is (H, W), (3, H, W) or (H, W, 3); this array is {array.shape}.")
    if min(array.shape[1:]) < 8:
        raise ValueError(
            f"this image is {array.shape[1]}×{array.shape[2]}; ConvStepper draws the small ones."
        )
    return np.round(_shrink(_unit(array)) * 255).astype(np.uint8)


def _photo(name):
    from ..data import photo

    return photo(name).numpy()  # (3, H, W)


def _unit(array):
    if array.dtype == np.uint8:
        return array / 255
    low, high = float(np.min(array)), float(np.max(array))
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"a float image lies in [0, 1]; this one runs from {low:.3g} to {high:.3g}. "
            "Scale it, for example (x - x.min()) / (x.max() - x.min())."
        )
    return array.astype(np.float64)


def _shrink(array):
    """Average blocks of pixels until the longer side fits."""
    channels, height, width = array.shape
    block = -(-max(height, width) // LARGEST)
    rows, columns = height // block, width // block
    cut = array[:, : rows * block, : columns * block].reshape(channels, rows, block, columns, block)
    return cut.mean((2, 4))  # (C, rows, columns)
