"""Small networks whose weights come with the course: each a .safetensors file and its card beside it."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from safetensors.torch import load

from . import models
from ._download import Damaged

WEIGHTS = Path(__file__).with_name("weights")


class GreyPreprocessing(NamedTuple):
    """What a shipped network expects: bright ink on black, `size` pixels a side, normalised.

    Called on images (..., 1, H, W), uint8 or floating point in [0, 1], it returns (..., 1, size, size).
    """

    size: int
    mean: float
    std: float

    def __call__(self, images):
        images = images if images.is_floating_point() else images / 255
        batch = images.reshape(-1, *images.shape[-3:])  # (N, 1, H, W)
        if batch.shape[-2:] != (self.size, self.size):
            batch = F.interpolate(batch, (self.size, self.size), mode="bilinear", antialias=True)
        return ((batch - self.mean) / self.std).reshape(*images.shape[:-2], self.size, self.size)


def shipped_names():
    """Names of the networks whose weights come with the course."""
    return tuple(sorted(path.stem for path in WEIGHTS.glob("*.json")))


@cache
def card(name):
    """The card of a shipped network: data, preprocessing, recipe, accuracy, licence and fingerprint."""
    return json.loads((WEIGHTS / f"{name}.json").read_text(encoding="utf-8"))


def load_shipped(name, folder=WEIGHTS) -> tuple[torch.nn.Module, Callable, tuple[str, ...]]:
    """A shipped network, its preprocessing and its classes; raises Damaged if the file is not the card's."""
    about, folder = card(name), Path(folder).expanduser()
    content = (folder / about["file"]).read_bytes()
    if hashlib.sha256(content).hexdigest() != about["sha256"]:
        raise Damaged(f"{folder / about['file']} is not the file of its card. Install the course again.")
    model = models.build(name)
    model.load_state_dict(load(content))
    return model.eval(), GreyPreprocessing(**about["preprocessing"]), tuple(about["classes"])
