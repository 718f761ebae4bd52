"""Deformable convolution: every tap reads where its offset says, and a layer that says it."""

import torch
from torch import nn

from .._kinds import exercise
from ._rebuilt import rebuilt
from .sampling import bilinear


@exercise(
    level=3,
    minutes=25,
    lines=9,
    gradients=True,
    equivalent=dict.fromkeys(
        ("torch.arange(width)", "torch.arange(height)[:"), "the check hands in images on the CPU, the default"
    ),
    shortcuts={"grid_sample": "`F.grid_sample` reads between pixels too. Here your `bilinear` is to do it."},
    hints=(
        "Loop over the taps of the kernel. Tap n reads the *whole* map of places at once: one row and "
        "one column for "
        "every output.",
        "With `k = len(kernel)`, tap n stands at row n // k, column n % k, and so n // k − k // 2 below "
        "the middle and "
        "n % k − k // 2 to the right of it.",
        "`rows = torch.arange(height)[:, None]` and `columns = torch.arange(width)` are the places p. "
        "Tap n reads "
        "`bilinear(image, rows + down + offset[2 * n], columns + right + offset[2 * n + 1])`.",
        "Add up kernel[…] · mask[n] · what was read; without a mask, mask[n] is 1.",
    ),
    why="Set the offsets to 0 and it is the convolution of chapter 01, at the same cost but for the reading.",
)
def deform_conv(image, kernel, offset, mask=None):
    """Convolve an image with a kernel whose taps are moved, at every place by offsets of its own.

    image (H, W), kernel (k, k) with k odd; offset (2 · k · k, H, W): tap n, counted row by row, is moved
    offset[2n] pixels down and offset[2n + 1] to the right; mask (k · k, H, W) multiplies what tap n reads.
    Returns (H, W): stride 1, and zeros all around the image. Read by `bilinear`.
    Sources: Dai and others (2017), equation 2; Zhu and others (2019), equation 1.
    """
    (height, width), k = image.shape, len(kernel)
    rows = torch.arange(height, device=image.device)[:, None]
    columns = torch.arange(width, device=image.device)
    total = torch.zeros_like(image)
    for n, weight in enumerate(kernel.flatten()):
        down, right = n // k - k // 2, n % k - k // 2
        taken = bilinear(image, rows + down + offset[2 * n], columns + right + offset[2 * n + 1])
        total = total + weight * taken * (1 if mask is None else mask[n])
    return total


@deform_conv.examples
def _(draw):
    yield draw(2, 3), draw(1, 1), 0.4 * draw.uniform(2, 2, 3, low=0.1, high=0.9)
    yield draw(4, 3), draw(3, 3), draw.uniform(18, 4, 3, low=-1.4, high=1.6), draw.uniform(9, 4, 3)
    yield draw(1, 2), draw(5, 5), draw.uniform(50, 1, 2, low=-1.4, high=1.6)


def _row_by_row(n, k):
    return n // k, n % k


def _deformed(
    image, kernel, offset, mask=None, *, pair=None, turn=None, at=_row_by_row, first=None, sign=1, weigh=None
):
    """All taps at once, with one thing otherwise: their offsets, where they stand, what a mask does.

    pair gives the places (down, right) of all offsets; at the row and column of each tap in the kernel, and
    first the rows and columns left of the middle tap.
    """
    (height, width), k = image.shape, len(kernel)
    taps, first = torch.arange(k * k), k // 2 if first is None else first
    down, right = (pair or (lambda n: (2 * n, 2 * n + 1)))(taps)
    row, column = at(taps, k)
    rows = torch.arange(height)[:, None] + (row - first)[:, None, None] + sign * offset[down]
    columns = torch.arange(width) + (column - first)[:, None, None] + sign * offset[right]
    taken = bilinear(image, rows, columns)  # (k · k, H, W)
    if mask is not None:
        taken = (weigh or torch.mul)(taken, mask)
    return torch.einsum("n,nhw->hw", (turn or torch.flatten)(kernel), taken)


def _wrong(message, **otherwise):
    def wrong(image, kernel, offset, mask=None):
        return _deformed(image, kernel, offset, mask, **otherwise)

    deform_conv.mistake(message)(wrong)


_wrong(
    "Right and down are exchanged: offset[2n] goes down, offset[2n + 1] to the right.",
    pair=lambda n: (2 * n + 1, 2 * n),
)
_wrong(
    "You read the offsets as all rows first, then all columns. They come in pairs: 2n and 2n + 1 for tap n.",
    pair=lambda n: (n, len(n) + n),
)
_wrong(
    "Every tap has the offsets of the first one. Tap n has its own pair, 2n and 2n + 1.",
    pair=lambda n: (0 * n, 0 * n + 1),
)
_wrong("The offsets are subtracted. They are added to the taps' places.", sign=-1)
_wrong("The offsets make no difference: that is an ordinary convolution.", sign=0)
_wrong(
    "The kernel is flipped. Deep-learning layers cross-correlate.",
    turn=lambda kernel: kernel.flip(0, 1).flatten(),
)
_wrong("The kernel is transposed: taps are counted row by row.", turn=lambda kernel: kernel.T.flatten())
_wrong(
    "Your taps begin at the place itself. It is the *middle* tap that stands there: subtract k // 2.", first=0
)
_wrong("You subtract 1 for every kernel. The middle tap of k is k // 2, which is 1 only for 3×3.", first=1)
_wrong(
    "Your taps stand column by column. Tap n stands in row n // k and column n % k.",
    at=lambda n, k: (n % k, n // k),
)
_wrong("The mask makes no difference. It multiplies what each tap reads.", weigh=lambda taken, mask: taken)
_wrong("The mask is added. It multiplies what each tap reads.", weigh=torch.add)
_wrong(
    "Every tap is weighted by the first mask. Tap n has mask[n].", weigh=lambda taken, mask: taken * mask[0]
)
_wrong(
    "The mask goes through another sigmoid. It is handed in as the factors themselves.",
    weigh=lambda taken, mask: taken * mask.sigmoid(),
)


@deform_conv.mistake(
    "The places are rounded to pixels. Read between them: otherwise no offset ever gets a gradient."
)
def _(image, kernel, offset, mask=None):
    return _deformed(image, kernel, offset.round(), mask)


@deform_conv.mistake("The values are right, but the offsets get no gradient, so nothing could learn them.")
def _(image, kernel, offset, mask=None):
    return _deformed(image, kernel, offset.detach(), mask)


@deform_conv.alternative
def all_taps_at_once(image, kernel, offset, mask=None):
    (height, width), k = image.shape, len(kernel)
    reach = torch.arange(k) - k // 2
    offset = offset.view(k, k, 2, height, width)
    rows = torch.arange(height).view(-1, 1) + reach.view(k, 1, 1, 1) + offset[:, :, 0]
    columns = torch.arange(width) + reach.view(1, k, 1, 1) + offset[:, :, 1]
    taken = bilinear(image, rows, columns)  # (k, k, H, W)
    if mask is not None:
        taken = taken * mask.view(k, k, height, width)
    return torch.einsum("ij,ijhw->hw", kernel, taken)


@exercise(
    level=2,
    minutes=10,
    lines=8,
    as_built=True,
    hints=(
        "One convolution gives all of it: two offsets a tap, and one mask.",
        "`nn.Conv2d(channels, 3 * taps, 3, padding=1)`; set its weight and its bias to 0 by "
        "`nn.init.zeros_`.",
        "`out.split([2 * taps, taps], dim=1)` gives both parts; the second goes through a sigmoid.",
    ),
    why="At the start every offset is 0, the rigid grid, and every mask ½: training begins at a "
    "convolution one knows.",
)
class OffsetPredictor(nn.Module):
    """Say where each tap of a deformable convolution is to read, and how much it counts.

    One 3×3 convolution, which keeps the size and begins at 0 in weight and bias, gives 3 · taps maps: the
    first 2 · taps are the offsets, as they are; the last `taps`, through a sigmoid, the mask.
    x (N, channels, H, W) gives (offset (N, 2 · taps, H, W), mask (N, taps, H, W)).
    Source: Zhu and others (2019), section 3.2.
    """

    def __init__(self, channels, taps=9):
        super().__init__()
        self.taps = taps
        self.conv = nn.Conv2d(channels, 3 * taps, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x):
        offset, mask = self.conv(x).split([2 * self.taps, self.taps], dim=1)
        return offset, mask.sigmoid()


@OffsetPredictor.examples
def _(draw):
    yield {"channels": 2, "taps": 4}, draw(2, 2, 3, 2)
    yield {"channels": 3}, torch.empty(1, 3, 2, 3, device="meta")


def _said(message, say):
    def forward(self, x):
        return say(self.conv(x), self.taps)

    rebuilt(OffsetPredictor, message, forward=forward)


_said(
    "The mask is missing its sigmoid: it is to lie between 0 and 1.",
    lambda out, k: (out[:, : 2 * k], out[:, 2 * k :]),
)
_said(
    "The offsets go through a sigmoid. They are pixels, and may be negative and large.",
    lambda out, k: (out[:, : 2 * k].sigmoid(), out[:, 2 * k :].sigmoid()),
)
_said(
    "The mask's maps come first in your split. The offsets are the first 2 · taps.",
    lambda out, k: (out[:, k:], out[:, :k].sigmoid()),
)
_said(
    "The mask goes through tanh, which may be negative. A sigmoid lies between 0 and 1.",
    lambda out, k: (out[:, : 2 * k], out[:, 2 * k :].tanh()),
)
_said(
    "The mask comes first in your answer: offset, then mask.",
    lambda out, k: (out[:, 2 * k :].sigmoid(), out[:, : 2 * k]),
)


def _begins(weight, bias):
    def change(self, channels, taps=9):
        nn.init.constant_(self.conv.weight, weight)
        nn.init.constant_(self.conv.bias, bias)

    return change


rebuilt(
    OffsetPredictor,
    "The bias does not begin at 0, so the taps are moved before anything is learned.",
    _begins(0.0, 0.1),
)
rebuilt(
    OffsetPredictor,
    "The weight does not begin at 0, so the taps are moved before anything is learned.",
    _begins(0.1, 0.0),
)


def _mask_open(self, channels, taps=9):
    with torch.no_grad():
        self.conv.bias[2 * taps :] = 4.0


rebuilt(
    OffsetPredictor,
    "The masks begin nearly at 1. The paper's begin at ½: the bias, too, is 0 at first.",
    _mask_open,
)


@OffsetPredictor.mistake("The bias is missing.")
class _NoBias(OffsetPredictor.reference):
    def __init__(self, channels, taps=9):
        super().__init__(channels, taps)
        self.conv = nn.Conv2d(channels, 3 * taps, 3, padding=1, bias=False)
        nn.init.zeros_(self.conv.weight)


@OffsetPredictor.alternative
class Chunked(nn.Module):
    def __init__(self, channels, taps=9):
        super().__init__()
        self.layer = nn.Conv2d(channels, taps * 3, kernel_size=3, padding="same")
        self.layer.weight.data.zero_()
        self.layer.bias.data.zero_()

    def forward(self, x):
        first, second, third = self.layer(x).chunk(3, dim=1)
        return torch.cat([first, second], dim=1), torch.sigmoid(third)
