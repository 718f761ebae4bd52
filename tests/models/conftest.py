"""What the tests of the networks share."""

from functools import cache

import pytest
import torch

from cnncourse import models


@cache
def _meta(name):
    with torch.device("meta"):
        return models.build(name).eval()


@pytest.fixture
def on_meta():
    """A function from a name to that network in eval mode on the meta device: shapes without memory."""
    return _meta
