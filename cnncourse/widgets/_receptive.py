"""What a unit of a network sees: its box, traced through whatever torch runs, and its gradient, measured."""

import contextlib

import torch

from .._fields import EVERYTHING, Fields
from ..arithmetic import ReceptiveField


class Probe:
    """Runs a network up to one of its layers and differentiates single units of that layer's map.

    `map_size` is (rows, columns); `field` the ReceptiveField with pairs (rows, columns), or None where it
    cannot be told. ValueError: there is no such layer, or it gives no map.
    """

    def __init__(self, module, images, layer):
        self.module, self.images = module, images  # (N, C, H, W)
        self.target = _find(module, layer)
        first = images[:1]  # one object: the trace knows a tensor by its identity
        with torch.no_grad(), Fields([first]) as fields:
            output = self._run(first)
            field = fields.of(output)
        if output.dim() != 4:
            raise ValueError(_no_map(module, layer, output))
        self.channels, *self.map_size = output.shape[1:]
        self.field = _whole_picture(images) if field == EVERYTHING else _pairs(field)

    def _run(self, images):
        """The output of the layer, with the network in eval mode and its modes given back."""
        kept = []
        hook = self.target.register_forward_hook(lambda module, args, output: kept.append(output))
        try:
            with _evaluating(self.module):
                self.module(images)
        finally:
            hook.remove()
        if not kept:
            raise ValueError("the layer takes no part in the network's forward pass: name another one")
        return kept[-1]

    def heat(self, unit):
        """Mean square of the gradient of a unit by every pixel, summed over channels: (H, W).

        The gradient is that of the unit's channels with random signs: its expected square adds up theirs.
        """
        images = self.images.clone().requires_grad_()
        with torch.enable_grad():
            values = self._run(images)[:, :, unit[0], unit[1]]  # (N, C)
            generator = torch.Generator().manual_seed(0)
            signs = torch.randint(0, 2, values.shape, generator=generator).to(values) * 2 - 1
            (gradient,) = torch.autograd.grad((values * signs).sum(), images)  # (N, C, H, W)
        return gradient.square().sum(1).mean(0)


@contextlib.contextmanager
def _evaluating(module):
    training = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, was in training.items():
            part.training = was


def _find(module, layer):
    if layer is None:
        return module
    parts = dict(module.named_modules())
    if layer not in parts:
        names = ", ".join(name for name in parts if name)
        raise ValueError(f"the network has no layer {layer!r}; it has: {names}")
    return parts[layer]


def _no_map(module, layer, output):
    names = ", ".join(name for name, _ in module.named_modules() if name)
    what = "the network" if layer is None else f"layer {layer!r}"
    return (
        f"{what} gives {tuple(output.shape)}, which is no map (N, C, H, W): its units have no place. "
        f"Name an earlier layer: ReceptiveField.of(module, size, layer=...) with one of: {names}"
    )


def _whole_picture(images):
    return ReceptiveField(tuple(images.shape[2:]), (0, 0), (0, 0))


def _pairs(field):
    if field is None:
        return None
    return ReceptiveField(*(value if isinstance(value, tuple) else (value, value) for value in field))


def samples(module, input_size, count):
    """Seeded normal images (count, C, H, W) for a network, on its device and of its precision."""
    like = next((p for p in module.parameters() if p.is_floating_point()), torch.zeros(()))
    images = torch.randn((count, *input_size), generator=torch.Generator().manual_seed(0))
    return images.to(device=like.device, dtype=like.dtype)
