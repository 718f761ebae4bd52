"""PoolLab's Python side: what it takes, what it says, what it keeps in range."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import traitlets

from cnncourse.widgets import PoolLab
from cnncourse.widgets.pool_lab import KINDS


def test_state_is_clamped_and_read():
    lab = PoolLab(image="digit", window=3, stride=9, shift=[7, -9], cell=[50, -1])
    assert (lab.window, lab.stride, lab.shift, lab.cell) == (3, 6, [4, -4], [0, 0])
    lab.stride = 1
    lab.cell = [50, 2]
    assert lab.output_size == (6, 6) and lab.cell == [5, 2]
    lab.window = 6
    assert lab.output_size == (3, 3) and lab.cell == [2, 2]


@pytest.mark.parametrize("shape", [(7, 7), (12, 5), (6, 9)])
@pytest.mark.parametrize("window, stride", [(2, 2), (3, 2), (1, 3), (5, 1)])
def test_sizes_are_torchs(shape, window, stride):
    lab = PoolLab(image=np.ones(shape), window=window, stride=stride)
    expected = F.max_pool2d(torch.ones(1, 1, *shape), window, stride).shape[2:]
    assert lab.output_size == tuple(expected)
    assert lab.kept == pytest.approx(expected.numel() / torch.ones(shape).numel())


def test_two_by_two_keeps_a_quarter():
    assert PoolLab(image="digit").kept == 0.25
    assert PoolLab(image=np.ones((3, 3)), window=6).kept == 0


def test_its_name_says_its_state():
    said = repr(PoolLab(kind="blur", window=3, shift=[0, 1]))
    assert said == (
        "PoolLab(image='digit', kind='blur', window=3, stride=2, shift=[0, 1], cell=[0, 0], draw=0)"
    )
    assert KINDS[0] == "max" and len(set(KINDS)) == 5


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"kind": "median"}, traitlets.TraitError, "kind"),
        ({"windw": 2}, TypeError, "Did you mean 'window'"),
        ({"image": np.ones((28, 28))}, traitlets.TraitError, "28×28"),
        ({"window": 2.5}, traitlets.TraitError, "window must be a whole number"),
        ({"shift": [1]}, traitlets.TraitError, "shift"),
    ],
)
def test_wrong_options_say_what_is_wrong(options, error, message):
    with pytest.raises(error, match=message):
        PoolLab(**options)
