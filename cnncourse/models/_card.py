"""What every network here shares: its card, its name in a table, the images it takes, its narrow twin."""

import difflib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Card:
    """The numbers a network must reproduce; `tests/models/test_cards.py` asserts all but `error`.

    macs: multiply-adds of convolutions and matrix products for one image in eval mode, that is
    `torch.utils.flop_counter` halved: biases, pooling and activations are not counted.
    error: what the source printed, with its data and protocol; "not published" where there is nothing.
    """

    params: int
    macs: int
    input: tuple[int, int, int]  # (C, H, W)
    error: str
    source: str
    stages: dict[str, tuple[int, ...]] = field(default_factory=dict)  # submodule -> one image's output


def find(name, table):
    """Return `table[name]`; without one, raise a ValueError that names the nearest keys and all."""
    if name in table:
        return table[name]
    near = difflib.get_close_matches(str(name), table, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(near)}?" if near else ""
    raise ValueError(f"No network is called {name!r}.{guess} There are: {', '.join(table)}.")


def check_images(x, channels, *, exactly=None, at_least=1):
    """Raise an error that says what fits, unless x is a floating-point (N, channels, H, W) of a fitting size.

    `exactly` is the one side that a network with a fixed flatten takes; `at_least` the smallest that
    survives its strides. TypeError for integer pixels, ValueError for a shape.
    """
    side = f"{exactly}, {exactly}" if exactly else "H, W"
    wish = f"(N, {channels}, {side})" + (f" with H and W at least {at_least}" if at_least > 1 else "")
    got = f"This network takes images {wish}, and got {tuple(x.shape)}"
    if x.dim() != 4:
        raise ValueError(f"{got}. Add the batch dimension to a single image: image[None].")
    if x.shape[1] != channels:
        raise ValueError(f"{got}. Convert the images, or build with in_channels={x.shape[1]}.")
    if exactly and x.shape[2:] != (exactly, exactly):
        raise ValueError(f"{got}; its dense layers count on that size. Use F.interpolate or F.pad.")
    if min(x.shape[2:]) < at_least:
        raise ValueError(f"{got}; no pixel would be left. Enlarge them, for example with F.interpolate.")
    if not x.is_floating_point():
        raise TypeError(f"The images are {x.dtype}; make them floating point: images.float() / 255.")


def narrow(channels, width):
    """Return `channels` times `width`, even and at least 2: the narrow twins are ours, no paper's."""
    return max(2, 2 * round(channels * width / 2))
