"""The dual-path block: one part of its answer is added, the other appended."""

import torch
from torch import nn

from .._kinds import exercise
from ._rebuilt import post, pre, rebuilt


@exercise(
    level=3,
    minutes=20,
    lines=10,
    hints=(
        "Three times batch norm, ReLU, convolution: 1×1 to `middle` maps, 3×3 in `groups` groups, 1×1 "
        "to how many?",
        "The last 1×1 gives added + appended maps: the first `added` of them go to the residual path, "
        "the rest to the "
        "dense path. Of x, too, the first `added` maps are the residual path.",
        "`torch.cat([x[:, :n] + out[:, :n], x[:, n:], out[:, n:]], dim=1)` with n = added.",
    ),
    why="One block pays for its 3×3 once and serves two paths: what is added keeps its width, what is "
    "appended grows.",
)
class DualPathBlock(nn.Module):
    """Add to the first `added` maps and append `appended` more: inputs + appended maps, of the same size.

    Batch norm, ReLU and a convolution, three times: 1×1 to `middle` maps, 3×3 in `groups` groups that keeps
    the size, 1×1 to added + appended maps; no biases. The first `added` of these are added to the first
    `added` maps of the input; then come the input's other maps, as they are; then the new ones.
    Source: Chen and others (2017), Figure 2 (e), a block within a stage.
    """

    def __init__(self, inputs, middle, added, appended, groups):
        super().__init__()
        self.added = added
        self.layers = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.ReLU(),
            nn.Conv2d(inputs, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            nn.Conv2d(middle, middle, 3, padding=1, groups=groups, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU(),
            nn.Conv2d(middle, added + appended, 1, bias=False),
        )

    def forward(self, x):
        residual, dense = x[:, : self.added], x[:, self.added :]
        out = self.layers(x)  # (N, added + appended, H, W)
        return torch.cat([residual + out[:, : self.added], dense, out[:, self.added :]], dim=1)


@DualPathBlock.examples
def _(draw):
    yield {"inputs": 5, "middle": 4, "added": 3, "appended": 2, "groups": 2}, draw(2, 5, 2, 3)


def _parts(self, x):
    """The two paths of the input, and the two parts of what the layers make of it."""
    out, n = self.layers(x), self.added
    return x[:, :n], x[:, n:], out[:, :n], out[:, n:]


def _paths(message, join):
    def forward(self, x):
        return torch.cat(join(*_parts(self, x)), 1)

    rebuilt(DualPathBlock, message, forward=forward)


_paths(
    "Nothing is added: the first `added` maps of the answer are to be added to those of the input.",
    lambda r, d, change, new: [r, d, new],
)
_paths(
    "The input's residual path is lost. The change is added to it.",
    lambda r, d, change, new: [change, d, new],
)
_paths("The change is subtracted. It is added.", lambda r, d, change, new: [r - change, d, new])
_paths(
    "Nothing is appended: the last maps of the answer join the dense path.",
    lambda r, d, change, new: [r + change, d],
)
_paths(
    "Everything is appended, as in DenseNet. The first `added` maps are added.",
    lambda r, d, change, new: [r, d, change, new],
)
_paths(
    "The dense path of the input is lost. It is handed on between the sum and the new maps.",
    lambda r, d, change, new: [r + change, new],
)
_paths(
    "The new maps stand before the old ones of the dense path. They are appended at the end.",
    lambda r, d, change, new: [r + change, new, d],
)


def _split_from_the_end(self, x):
    out, n = self.layers(x), self.added
    new = out.shape[1] - n
    return torch.cat([x[:, :n] + out[:, new:], x[:, n:], out[:, :new]], 1)


rebuilt(
    DualPathBlock,
    "The answer's parts are exchanged: its first `added` maps are the ones that are added.",
    forward=_split_from_the_end,
)


def _layers(message, make):
    def change(self, inputs, middle, added, appended, groups):
        self.layers = nn.Sequential(*make(inputs, middle, added + appended, groups))

    rebuilt(DualPathBlock, message, change)


_layers("The 3×3 works in `groups` groups.", lambda i, m, o, g: [*pre(i, m, 1), *pre(m, m, 3), *pre(m, o, 1)])
_layers(
    "Batch norm and ReLU come before each convolution here, not after it.",
    lambda i, m, o, g: [*post(i, m, 1), *post(m, m, 3, groups=g), *post(m, o, 1)],
)
_layers(
    "ReLU is missing between batch norm and convolution.",
    lambda i, m, o, g: [*pre(i, m, 1, None), *pre(m, m, 3, None, groups=g), *pre(m, o, 1, None)],
)


@DualPathBlock.alternative
class InPlaces(nn.Module):
    def __init__(self, inputs, middle, added, appended, groups):
        super().__init__()
        self.sizes = added, appended
        self.norms = nn.ModuleList(nn.BatchNorm2d(n) for n in (inputs, middle, middle))
        self.narrow = nn.Conv2d(inputs, middle, 1, bias=False)
        self.grouped = nn.Conv2d(middle, middle, 3, 1, 1, groups=groups, bias=False)
        self.widen = nn.Conv2d(middle, added + appended, 1, bias=False)

    def forward(self, x):
        out = x
        for norm, convolution in zip(self.norms, (self.narrow, self.grouped, self.widen), strict=True):
            out = convolution(torch.relu(norm(out)))
        change, new = out.split(self.sizes, dim=1)
        change = nn.functional.pad(change, (0, 0, 0, 0, 0, x.shape[1] - self.sizes[0]))
        return torch.cat([x + change, new], 1)
