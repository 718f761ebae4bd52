"""Benchmarks run on one thread, beside the peers that the parity tests use."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported

import pytest
import torch

from tests.parity.conftest import timm, torchvision  # noqa: F401


@pytest.fixture(autouse=True)
def one_torch_thread():
    """So that processor time is the time of one core."""
    torch.set_num_threads(1)
