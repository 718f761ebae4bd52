"""DeformableSampler, its Python side: what it takes, what it clamps, what can be read."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import traitlets

from cnncourse.models.deformable import bilinear
from cnncourse.widgets import DeformableSampler


def test_without_offsets_it_is_conv2d():
    w = DeformableSampler(image=torch.randn(5, 8), kernel=torch.randn(3, 3), cell=[4, 0])
    image, kernel = (torch.tensor(array, dtype=torch.float64)[None, None] for array in (w.image, w.kernel))
    torch.testing.assert_close(w.output, F.conv2d(image, kernel, padding=1)[0, 0])
    assert w.response == w.output[4, 0]


@pytest.mark.parametrize("modulated", [False, True])
def test_the_response_is_the_sum_of_what_the_points_read(modulated):
    offsets, masks = 2 * torch.randn(9, 2), torch.rand(9)
    w = DeformableSampler(image=torch.randn(6, 6), kernel=torch.randn(3, 3), offsets=offsets, masks=masks,
                          modulated=modulated, cell=[2, 3])  # fmt: skip
    at = torch.tensor(w.points, dtype=torch.float64)
    read = bilinear(torch.tensor(w.image, dtype=torch.float64)[None, None], at[None, :, 0], at[None, :, 1])
    products = read[0, :, 0] * torch.tensor(w.kernel, dtype=torch.float64).flatten()
    products = products * torch.tensor(w.masks, dtype=torch.float64) if modulated else products
    assert w.response == pytest.approx(products.sum().item())


def test_points_are_rows_and_columns():
    w = DeformableSampler(cell=[2, 5])
    assert w.points == [(i, j) for i in (1, 2, 3) for j in (4, 5, 6)]
    w.offsets = [[0.5, -1], *[[0, 0]] * 8]
    assert w.points[0] == (1.5, 3)


def test_state_is_clamped():
    w = DeformableSampler(offsets=np.full((9, 2), 99.0), masks=[2] * 8 + [-1], tap=12, cell=[50, -3])
    assert w.offsets == [[4.0, 4.0]] * 9 and w.masks == [1.0] * 8 + [0.0]
    assert w.tap == 8 and w.cell == [7, 0]
    w.image = "dot"
    assert w.cell == [6, 0]


def test_the_default_grid_is_not_shared():
    DeformableSampler().offsets[0][0] = 3.0
    assert DeformableSampler().offsets == [[0.0, 0.0]] * 9


WRONG = [
    ({"kernel": "blur 5×5"}, "3"),
    ({"kernel": [[1, 2], [3, 4]]}, "kernel must be 3×3, and it is 2×2"),
    ({"offsets": [[0, 0]] * 8}, "offsets must be 9 pairs"),
    ({"offsets": [0] * 9}, "offsets must be 9 pairs"),
    ({"offsets": [[0, float("nan")]] * 9}, "offsets must be 9 pairs"),
    ({"masks": [[1, 1]] * 9}, "masks must be 9 numbers"),
    ({"masks": 1}, "masks must be 9 numbers"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=str)
def test_wrong_options_are_told_apart(options, message):
    with pytest.raises(traitlets.TraitError, match=message):
        DeformableSampler(**options)
