"""Where a model computes: the device, its threads, its precision, and the way back."""

import contextlib
import os

import torch
from torch import nn

from ._cpus import granted_cpus


def device(name: str | torch.device | None = None) -> torch.device:
    """Choose where to compute: `name`, else the environment's CNNCOURSE_DEVICE, else cuda, mps or cpu."""
    name = name or os.environ.get("CNNCOURSE_DEVICE")
    if not name:
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        chosen = torch.device(name)
    except RuntimeError:
        raise ValueError(f"There is no device {name!r}: use cuda, mps or cpu.") from None
    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}.get(chosen.type)
    if backend is not None and not backend.is_available():
        raise ValueError(f"torch {torch.__version__} finds no {chosen.type} device here: use cpu.")
    return chosen


def threads(number: int | None = None) -> int:
    """Set how many CPU threads torch uses, and return it.

    Without a number: no more than the CPUs that this process was granted. torch counts the machine's own, and
    in a container with two of its sixty-four the threads would spend their time waiting for each other.
    """
    if number is not None and number < 1:
        raise ValueError(f"number is {number}: torch needs at least one thread.")
    wanted = number or min(torch.get_num_threads(), granted_cpus())
    if wanted != torch.get_num_threads():
        torch.set_num_threads(wanted)
    return wanted


@contextlib.contextmanager
def working(model: nn.Module, place: torch.device, training: bool):
    """Move the model to `place` in training or evaluation mode; afterwards leave it as and where it was.

    To train, a model already in training mode is left alone: some of its parts may be frozen on purpose.
    """
    home = next((p.device for p in model.parameters()), place)
    modes = {module: module.training for module in model.modules()}
    if not (training and model.training):
        model.train(training)
    if place.type == "cuda":
        model.to(place, memory_format=torch.channels_last)
    else:
        model.to(place)
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode
        if home != place:
            model.to(home, memory_format=torch.contiguous_format)


def mixed_precision(place: torch.device) -> tuple[torch.autocast, torch.amp.GradScaler]:
    """Half precision for the forward pass on a CUDA GPU, and gradients scaled where float16 needs it."""
    on = place.type == "cuda"
    brain = on and torch.cuda.is_bf16_supported(including_emulation=False)
    half = torch.autocast(place.type, torch.bfloat16 if brain or not on else torch.float16, enabled=on)
    return half, torch.amp.GradScaler(place.type, enabled=on and not brain)
