"""Networks of the course with trained weights: `pretrained("letternet")`, `pretrained("resnet18")`.

LetterNet's come with the course (`_shipped.py`); the others are published ImageNet weights: torchvision's
first (V1), trained much as the papers did; its later ones come from longer recipes. Each file's name ends in
the first eight digits of its sha256, and is checked against them. That finds damage; against malice, files
are only ever read as tensors (`weights_only=True`), never as code.
"""

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from . import models
from ._download import Damaged, data_folder, fetch
from ._shipped import WEIGHTS as SHIPPED
from ._shipped import load_shipped, shipped_names
from .models._card import find

ADDRESS = "https://download.pytorch.org/models/"


class Published(NamedTuple):
    """A published file of weights, the pictures that it was evaluated on, and its top-1 accuracy there."""

    file: str
    megabytes: int
    top1: float  # % on ILSVRC-2012's validation set, as torchvision publishes it
    crop: int = 224
    resize: int = 256
    mode: str = "bilinear"


WEIGHTS = {
    "alexnet": Published("alexnet-owt-7be5be79.pth", 233, 56.522),
    "vgg_a": Published("vgg11-8a719046.pth", 507, 69.020),
    "vgg_a_bn": Published("vgg11_bn-6002323d.pth", 507, 70.370),
    "vgg_b": Published("vgg13-19584684.pth", 508, 69.928),
    "vgg_b_bn": Published("vgg13_bn-abd245e5.pth", 508, 71.586),
    "vgg_d": Published("vgg16-397923af.pth", 528, 71.592),
    "vgg_d_bn": Published("vgg16_bn-6c64b313.pth", 528, 73.360),
    "vgg_e": Published("vgg19-dcbb9e9d.pth", 548, 72.376),
    "vgg_e_bn": Published("vgg19_bn-c79401a0.pth", 548, 74.218),
    "googlenet": Published("googlenet-1378be20.pth", 50, 69.778),
    "resnet18": Published("resnet18-f37072fd.pth", 45, 69.758),
    "resnet34": Published("resnet34-b627a593.pth", 83, 73.314),
    "resnet50": Published("resnet50-0676ba61.pth", 98, 76.130),
    "resnet101": Published("resnet101-63fe2227.pth", 171, 77.374),
    "resnet152": Published("resnet152-394f9c45.pth", 230, 78.312),
    "densenet121": Published("densenet121-a639ec97.pth", 31, 74.434),
    "densenet169": Published("densenet169-b2777c0a.pth", 55, 75.600),
    "densenet201": Published("densenet201-c1103571.pth", 77, 76.896),
    "densenet161": Published("densenet161-8d451a50.pth", 110, 77.138),
    "efficientnet_b0": Published("efficientnet_b0_rwightman-7f5810bc.pth", 20, 77.692, 224, 256, "bicubic"),
    "efficientnet_b1": Published("efficientnet_b1_rwightman-bac287d4.pth", 30, 78.642, 240, 256, "bicubic"),
    "efficientnet_b2": Published("efficientnet_b2_rwightman-c35c1473.pth", 35, 80.608, 288, 288, "bicubic"),
    "efficientnet_b3": Published("efficientnet_b3_rwightman-b3899882.pth", 47, 82.008, 300, 320, "bicubic"),
    "efficientnet_b4": Published("efficientnet_b4_rwightman-23ab8bcd.pth", 74, 83.384, 380, 384, "bicubic"),
    "efficientnet_b5": Published("efficientnet_b5_lukemelas-1a07897c.pth", 117, 83.444, 456, 456, "bicubic"),
    "efficientnet_b6": Published("efficientnet_b6_lukemelas-24a108a5.pth", 165, 84.008, 528, 528, "bicubic"),
    "efficientnet_b7": Published("efficientnet_b7_lukemelas-c5b4e57e.pth", 255, 84.122, 600, 600, "bicubic"),
}


class Preprocessing(NamedTuple):
    """What the weights expect: the short side resized, the centre cut out, each colour normalised.

    Called on images (..., 3, H, W), uint8 or floating point in [0, 1], it returns (..., 3, crop, crop).
    """

    resize: int
    crop: int
    mode: str
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    def __call__(self, images):
        images = images if images.is_floating_point() else images / 255
        height, width = images.shape[-2:]
        short = min(height, width)
        size = self.resize * height // short, self.resize * width // short
        batch = images.reshape(-1, *images.shape[-3:])  # (N, 3, H, W)
        batch = F.interpolate(batch, size, mode=self.mode, antialias=True, align_corners=False)
        top, left = (round((side - self.crop) / 2) for side in size)
        batch = batch[..., top : top + self.crop, left : left + self.crop]
        mean, std = (batch.new_tensor(v).view(3, 1, 1) for v in (self.mean, self.std))
        return ((batch - mean) / std).reshape(*images.shape[:-2], self.crop, self.crop)


class Pretrained(NamedTuple):
    """A network in evaluation mode, the preprocessing of its images, and the names of its outputs."""

    model: nn.Module
    preprocess: Callable
    classes: tuple[str, ...]


def pretrained(name, root=None):
    """Build a network and give it its published ImageNet weights, downloaded once and kept.

    Returns (model, preprocess, classes): `model(preprocess(photo)[None])` are logits (1, 1000) for a photo
    (3, H, W) in [0, 1]. "letternet", whose weights come with the course, takes grey pictures (1, H, W).
    root: the published file, or its folder, where you have it already; or any file of weights for this
    network. The cache is the user's, or $CNNCOURSE_DATA/weights.
    Raises ValueError (no such network; a damaged, wrong or unsafe file), FileNotFoundError or
    ConnectionError, each with what to do.
    """
    if name in shipped_names():
        return Pretrained(*load_shipped(name, root or SHIPPED))
    published = find(name, WEIGHTS | dict.fromkeys(shipped_names()))
    state = _cached(name, published) if root is None else _local(Path(root).expanduser(), published)
    with torch.device("meta"):  # the weights come from the file, so no time goes into drawing others
        model = models.build(name)
    _load(model, name, state)
    return Pretrained(model.eval(), preprocessing(name), imagenet_classes())


def preprocessing(name):
    """The preprocessing that a network's published weights were evaluated with; ValueError: unknown name."""
    published = find(name, WEIGHTS)
    steps = Preprocessing(published.resize, published.crop, published.mode)
    half = (
        0.5,
        0.5,
        0.5,
    )  # GoogLeNet's were trained on images in [-1, 1], which torchvision makes inside the net
    return steps._replace(mean=half, std=half) if name == "googlenet" else steps


def imagenet_classes():
    """The names of ImageNet's 1000 classes, in the order of the outputs; taken from torchvision (BSD-3)."""
    file = Path(__file__).with_name("imagenet_classes.json")
    return tuple(json.loads(file.read_text(encoding="utf-8"))["classes"])


def _cached(name, published):
    folder, complaint = data_folder("weights"), ""
    kept = folder / published.file
    if kept.is_file():
        try:
            return _read(kept, published)
        except Damaged as error:  # fetched again below; the whole file then takes its place
            complaint = f"{error}\n"
    try:
        return fetch(published.file, [ADDRESS], folder, lambda part: _read(part, published))
    except OSError as error:
        raise ConnectionError(
            f"{complaint}{error}\nThe weights need the internet once ({published.megabytes} MB). Fetch "
            f"{ADDRESS}{published.file} elsewhere and put it into {folder}, or name its folder: "
            f"pretrained({name!r}, root='its folder')."
        ) from None


def _local(root, published):
    path = root / published.file if root.is_dir() else root
    if not path.is_file():
        raise FileNotFoundError(
            f"There is no file {path}. Put {published.file} there, from {ADDRESS}{published.file}, "
            "or leave root out to download it."
        )
    return _read(path, published)


def _read(path, published):
    """The tensors of a file, by name; a file with the published name must have the published content."""
    if path.name == published.file:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(path.stem.rpartition("-")[2]):
            raise Damaged(f"{path} is damaged or cut short: its sha256 begins {digest[:8]}. Delete it.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # torch's own words suggest to open it all the same
        raise Damaged(
            f"{path} holds more than tensors, or is damaged. Reading it could run code, so nothing was read. "
            "Take weights from their publisher, or save them anew: torch.save(model.state_dict(), path)."
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise Damaged(f"{path} is damaged or no file of weights ({error}).") from error
    if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise Damaged(f"{path} is no state dict: save one with torch.save(model.state_dict(), path).")
    return state


def _load(model, name, state):
    """Give a model on the meta device its weights, which must be all of its own and no others."""
    if name.startswith("densenet"):  # the published files are older than today's names
        state = {key.replace("norm.", "norm").replace("conv.", "conv") if ".denselayer" in key else key: value
                 for key, value in state.items()}  # fmt: skip
    wanted = model.state_dict()
    wrong = [key for key in state if key not in wanted or state[key].shape != wanted[key].shape]
    missing = [key for key in wanted if key not in state and not key.endswith("num_batches_tracked")]
    if wrong or missing:
        raise ValueError(
            f"These are not the weights of {name}: {len(missing)} tensors are missing {missing[:3]}, and "
            f"{len(wrong)} do not belong {wrong[:3]}. Build the network they were saved from."
        )
    model.load_state_dict(state, assign=True)
