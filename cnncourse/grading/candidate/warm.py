"""Load before the first fork what many submissions use: each child then has it at once."""

import contextlib
import gc
import importlib

import torch

from cnncourse.exercises._pristine import remember


def up(modules):
    """Import `modules`; let libraries do what they do once. No backward pass: its threads do not fork."""
    torch.set_num_threads(1)
    for module in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(module)
    torch.nn.functional.conv2d(torch.zeros(1, 1, 3, 3), torch.zeros(1, 1, 2, 2))
    torch.zeros(2).numpy()
    remember()
    gc.collect(), gc.freeze()  # what is there already is never looked at again, so its pages stay shared
