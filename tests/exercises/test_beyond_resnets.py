"""Chapter 08: its references are the library's functions and layers, and torch's."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from cnncourse.exercises import EXERCISES
from cnncourse.models import _residual, deformable, densenet, dpn, efficientnet, senet
from cnncourse.models._mbconv import MBConv
from tests.exercises import twins

NAMES = (
    *("SEBasicBlock", "DenseLayer", "DenseBlock", "Transition", "DualPathBlock"),
    *("OffsetPredictor", "bilinear", "deform_conv", "to_grid"),
)
ours = {name: EXERCISES[name].reference for name in NAMES}
same = partial(twins.same, names=False)  # the layers have other names here, in the same order


def test_what_the_library_has_is_not_written_again():
    assert EXERCISES["SqueezeExcitation"].reference is senet.SqueezeExcitation
    assert EXERCISES["compound"].reference is efficientnet.compound


def test_the_block_with_excitation_is_the_librarys():
    theirs = senet.attach(_residual.BasicBlock(8, 8, 1, "B"), reduction=4)
    same(ours["SEBasicBlock"](8, reduction=4), theirs, torch.randn(2, 8, 5, 6))


def test_the_parts_of_densenet_are_the_librarys():
    same(ours["DenseLayer"](5, 3), densenet.DenseLayer(5, 3, bottleneck=True), torch.randn(2, 5, 4, 6))
    theirs = densenet.dense_block(4, 3, layers=4, bottleneck=True)
    same(ours["DenseBlock"](4, 3, 4), theirs, torch.randn(2, 4, 5, 4))
    same(ours["Transition"](9), densenet.transition(9, 4), torch.randn(2, 9, 5, 6))


def test_the_dual_path_block_is_the_librarys():
    theirs = dpn.DualPathBlock(20, 8, 12, 3, groups=4)
    for layer in (theirs.c1x1_a, theirs.c3x3_b, theirs.c1x1_c):
        layer.bn.eps = 1e-5  # the authors' framework had .001
    same(ours["DualPathBlock"](20, 8, 12, 3, groups=4), theirs, torch.randn(2, 20, 4, 5))


@pytest.mark.parametrize("shape", [(8, 8, 6, 3, 1), (8, 12, 4, 5, 2), (8, 8, 1, 3, 1), (4, 4, 6, 3, 2)])
def test_mbconv_is_the_librarys(shape):
    same(EXERCISES["MBConv"](*shape), MBConv(*shape, norm={}, drop=0), torch.randn(2, shape[0], 5, 6))


def test_reading_between_pixels_is_the_librarys():
    image = torch.randn(5, 7, dtype=torch.float64)
    rows, columns = 9 * torch.rand(2, 40, dtype=torch.float64) - 2
    rows[:5], columns[3:8] = torch.arange(5.0), torch.arange(5.0)
    theirs = deformable.bilinear(image[None, None], rows[None], columns[None])[0, :, 0]
    torch.testing.assert_close(ours["bilinear"](image, rows, columns), theirs)
    for corners in (True, False):
        grid = ours["to_grid"](rows, columns, 5, 7, corners)[None, None]  # (1, 1, 40, 2)
        sampled = F.grid_sample(image[None, None], grid, align_corners=corners)[0, 0, 0]
        torch.testing.assert_close(sampled, theirs)


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize("modulated", [False, True])
def test_deformable_convolution_is_the_librarys(side, modulated):
    x, kernel = torch.randn(6, 5), torch.randn(side, side)
    offset = 2 * torch.randn(2 * side**2, 6, 5)
    mask = torch.rand(side**2, 6, 5) if modulated else None
    theirs = deformable.deform_conv2d(x[None, None], offset[None], kernel[None, None], padding=side // 2,
                                      mask=mask[None] if modulated else None)[0, 0]  # fmt: skip
    torch.testing.assert_close(ours["deform_conv"](x, kernel, offset, mask), theirs, rtol=1e-4, atol=1e-4)


def test_the_predicted_offsets_are_the_librarys():
    layer, predictor = deformable.DeformConv2d(4, 6, 3, padding=1, modulated=True), ours["OffsetPredictor"](4)
    for mine, theirs in zip(predictor.parameters(), layer.conv_offset.parameters(), strict=True):
        assert torch.equal(mine, theirs) and not mine.any()
        torch.nn.init.normal_(mine)
        theirs.data = mine.data
    x = torch.randn(2, 4, 5, 6)
    offset, mask = predictor(x)
    mine = deformable.deform_conv2d(x, offset, layer.weight, layer.bias, mask, padding=1)
    torch.testing.assert_close(mine, layer(x))
