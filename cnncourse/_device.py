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


_threads_chosen = False  # once a process: what a person sets afterwards stays


def threads(number: int | None = None) -> int:
    """Set how many CPU threads torch uses, and return it; `train` does this once, without a number.

    Without a number: one less than the CPUs that this process was granted (all of them where OMP_NUM_THREADS
    is set), and never more than torch has now. torch counts the machine's own CPUs, where a container may
    grant two of sixty-four; and its threads wait for each other at every layer, so that one which a browser
    or another program delays holds up all: on two busy CPUs LeNet-5 took 2.3 s with one thread, 13 with two.
    """
    global _threads_chosen
    if number is not None and number < 1:
        raise ValueError(f"number is {number}: torch needs at least one thread.")
    if number is None and not _threads_chosen:
        spare = 0 if os.environ.get("OMP_NUM_THREADS") else 1
        number = min(torch.get_num_threads(), max(1, granted_cpus() - spare))
    if number not in (None, torch.get_num_threads()):
        torch.set_num_threads(number)
    _threads_chosen = True
    return torch.get_num_threads()


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
