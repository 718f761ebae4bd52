"""Deformable convolution against F.conv2d, F.grid_sample, shifts by hand and numeric gradients."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from cnncourse import models
from cnncourse.models import deformable
from cnncourse.models.deformable import DeformConv2d, bilinear, deform_conv2d

SHAPES = [  # images, weights, options
    ((1, 1, 5, 4), (1, 1, 3, 3), {"padding": 1}),
    ((2, 3, 7, 6), (4, 3, 3, 2), {"stride": 2, "padding": (1, 0)}),
    ((2, 4, 8, 9), (6, 2, 3, 3), {"padding": 2, "dilation": (2, 1)}),  # two groups
    ((2, 6, 5, 5), (3, 2, 1, 1), {}),  # three groups
    ((1, 2, 1, 5), (2, 2, 1, 3), {"padding": (0, 1)}),  # one row: a scaled grid would divide by 0 here
]


def case(shape, kernel, options, offset_groups=1, scale=1.0, seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    x, weight = torch.randn(shape, dtype=dtype), torch.randn(kernel, dtype=dtype)
    size = F.conv2d(x[:, : kernel[1]], weight, **options).shape[2:]
    taps = offset_groups * kernel[2] * kernel[3]
    offset = torch.randn(shape[0], 2 * taps, *size, dtype=dtype) * scale
    mask = torch.rand(shape[0], taps, *size, dtype=dtype)
    return x, offset, weight, torch.randn(kernel[0], dtype=dtype), mask


@pytest.mark.parametrize(("shape", "kernel", "options"), SHAPES)
def test_without_offsets_it_is_conv2d(shape, kernel, options):
    x, offset, weight, bias, mask = case(shape, kernel, options, scale=0)
    plain = F.conv2d(x, weight, bias, groups=shape[1] // kernel[1], **options)
    torch.testing.assert_close(deform_conv2d(x, offset, weight, bias, **options), plain, rtol=0, atol=1e-12)
    half = deform_conv2d(x, offset, weight, mask=torch.full_like(mask, 0.5), **options)
    torch.testing.assert_close(half, (plain - bias[:, None, None]) / 2, rtol=0, atol=1e-12)


def test_whole_offsets_move_the_picture():
    """Every tap one down and two right of its place reads the picture moved one up and two left."""
    x, offset, weight, _, _ = case((2, 3, 8, 9), (4, 3, 3, 3), {"padding": 1}, scale=0)
    offset[:, 0::2], offset[:, 1::2] = 1, 2
    moved = F.pad(x, (0, 2, 0, 1))[..., 1:, 2:]
    ours = deform_conv2d(x, offset, weight, padding=1)
    inside = (..., slice(1, -1), slice(1, -1))  # at the rim the moved kernel sees pixels that padding hides
    torch.testing.assert_close(ours[inside], F.conv2d(moved, weight, padding=1)[inside], rtol=0, atol=1e-12)


def test_each_tap_has_its_own_offset_down_then_right():
    x = torch.arange(20.0).view(1, 1, 4, 5)
    offset, weight = torch.zeros(1, 4, 4, 4), torch.tensor([[[[1.0, 10.0]]]])
    offset[0, :, 0, 0] = torch.tensor([1.0, 0.0, 0.5, 2.0])  # tap 0 one down; tap 1 half down, two right
    expected = x[0, 0, 1, 0] + 10 * (x[0, 0, 0, 3] + x[0, 0, 1, 3]) / 2
    assert deform_conv2d(x, offset, weight)[0, 0, 0, 0] == expected
    assert deform_conv2d(x, offset, weight)[0, 0, 2, 1] == x[0, 0, 2, 1] + 10 * x[0, 0, 2, 2]


def test_offset_groups_move_their_own_channels():
    x, offset, weight, _, mask = case((2, 4, 6, 6), (2, 4, 3, 3), {"padding": 1}, offset_groups=2)
    parts = [
        deform_conv2d(x[:, c], offset[:, o], weight[:, c], mask=mask[:, m], padding=1)
        for c, o, m in ((slice(0, 2), slice(0, 18), slice(0, 9)), (slice(2, 4), slice(18, 36), slice(9, 18)))
    ]
    together = deform_conv2d(x, offset, weight, mask=mask, padding=1)
    torch.testing.assert_close(together, sum(parts), rtol=0, atol=1e-12)


def test_bilinear_is_grid_sample():
    """The same points, inside and far outside, to what scaling them to [-1, 1] loses in double precision."""
    torch.manual_seed(3)
    maps, rows, columns = (
        t.double() for t in (torch.randn(2, 3, 5, 7), 6 * torch.randn(2, 40), 7 * torch.randn(2, 40))
    )
    grid = torch.stack((2 * columns / 6 - 1, 2 * rows / 4 - 1), -1)[:, None]  # x first
    sampled = F.grid_sample(maps, grid, align_corners=True)[:, :, 0].transpose(1, 2)  # (N, P, C)
    torch.testing.assert_close(bilinear(maps, rows, columns), sampled, rtol=0, atol=1e-12)


def test_between_the_last_pixel_and_one_further_it_fades_to_zero():
    maps = torch.full((1, 1, 3, 3), 8.0)
    rows = torch.tensor([[-2.0, -1.0, -0.75, 0.0, 2.0, 2.25, 3.0, 9.0, float("inf")]])
    read = bilinear(maps, rows, torch.ones_like(rows))[0, :, 0]
    assert read.tolist() == [0, 0, 2, 8, 8, 6, 0, 0, 0]


def test_a_lost_offset_stays_visible():
    read = bilinear(torch.ones(1, 1, 3, 3), torch.tensor([[float("nan"), 1.0]]), torch.ones(1, 2))
    assert read[0, 0].isnan() and read[0, 1] == 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("shape", "kernel", "options"), SHAPES)
def test_gradients_are_the_numeric_ones(shape, kernel, options, seed):
    """Of images, offsets, weights, bias and mask; random offsets sit on no pixel, where there is a kink."""
    inputs = [t.requires_grad_() for t in case(shape, kernel, options, seed=seed)]
    positions = inputs[1].detach()
    assert (positions - positions.round()).abs().min() > 1e-5, (
        "an offset sits on the kink: choose another seed"
    )
    call = lambda *given: deform_conv2d(*given, **options)  # noqa: E731
    assert torch.autograd.gradcheck(call, inputs, eps=1e-7, atol=1e-5, fast_mode=True)


def test_gradients_with_offset_groups():
    """Entry by entry, where the test above projects on random directions."""
    inputs = [t.requires_grad_() for t in case((1, 4, 4, 4), (2, 2, 2, 2), {}, offset_groups=2, seed=1)]
    assert torch.autograd.gradcheck(deform_conv2d, inputs, eps=1e-7, atol=1e-5)


def test_training_can_leave_the_rigid_grid():
    """At offset 0 the derivative is the step to the next pixel, down and right, and not 0."""
    x = torch.tensor([[[[1.0, 4.0], [9.0, 16.0]]]])
    offset = torch.zeros(1, 2, 2, 2, requires_grad=True)
    deform_conv2d(x, offset, torch.ones(1, 1, 1, 1)).sum().backward()
    assert offset.grad[0, 0].tolist() == [[8, 12], [-9, -16]]
    assert offset.grad[0, 1].tolist() == [[3, -4], [7, -16]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_low_precision_still_finds_its_pixels(dtype):
    """Column 300.25 is no half-precision number; its place must not be rounded, only the result is."""
    x = torch.arange(400.0).view(1, 1, 1, 400).to(dtype) / 512
    offset = torch.zeros(1, 2, 1, 400, dtype=dtype)
    offset[0, 1] = 0.25
    read = deform_conv2d(x, offset, torch.ones(1, 1, 1, 1, dtype=dtype))
    assert read.dtype == dtype
    expected = (torch.arange(399) + 0.25) / 512
    torch.testing.assert_close(
        read[0, 0, 0, :-1].float(), expected, rtol=2 * torch.finfo(dtype).eps, atol=1e-6
    )


@pytest.mark.parametrize(
    ("offset", "mask", "weight", "words"),
    [
        ((2, 18, 6, 6), None, (4, 3, 3, 3), r"offset must be \(2, 18, 4, 4\)"),
        ((2, 17, 4, 4), None, (4, 3, 3, 3), r"offset must be \(2, 18, 4, 4\)"),
        ((1, 18, 4, 4), None, (4, 3, 3, 3), r"offset must be \(2, 18, 4, 4\)"),
        ((2, 18, 4, 4), (2, 18, 4, 4), (4, 3, 3, 3), r"mask must be \(2, 9, 4, 4\)"),
        ((2, 18, 4, 4), None, (4, 2, 3, 3), "3 channels, 1 offset groups: no fit"),
        ((2, 36, 4, 4), None, (4, 3, 3, 3), "3 channels, 2 offset groups: no fit"),
        ((2, 18, 4, 4), None, (4, 3, 7, 7), "spans 7 pixels does not fit on 6"),
    ],
)
def test_errors_name_the_shape_that_fits(offset, mask, weight, words):
    mask = mask and torch.zeros(mask)
    with pytest.raises(ValueError, match=words):
        deform_conv2d(torch.zeros(2, 3, 6, 6), torch.zeros(offset), torch.zeros(weight), mask=mask)


# --- the layer and the network -------------------------------------------------------------------


@pytest.mark.parametrize("modulated", [False, True])
@pytest.mark.parametrize("offset_groups", [1, 2])
def test_the_layer_starts_as_the_rigid_convolution(modulated, offset_groups):
    torch.manual_seed(4)
    options = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2}
    layer = DeformConv2d(4, 6, 3, **options, modulated=modulated, offset_groups=offset_groups).double()
    x = torch.randn(2, 4, 9, 8, dtype=torch.float64)
    rigid = F.conv2d(x, layer.weight, **options) * (0.5 if modulated else 1) + layer.bias[:, None, None]
    torch.testing.assert_close(layer(x), rigid, rtol=0, atol=1e-12)
    added = (9 * 4 + 1) * 9 * (3 if modulated else 2) * offset_groups
    assert sum(p.numel() for p in layer.conv_offset.parameters()) == added


def test_the_layer_uses_what_it_predicts():
    torch.manual_seed(5)
    layer = DeformConv2d(2, 3, 3, padding=1, modulated=True)
    nn.init.normal_(layer.conv_offset.weight, std=0.3)
    x = torch.randn(2, 2, 6, 5)
    predicted = layer.conv_offset(x)
    offset, mask = predicted[:, :18], predicted[:, 18:].sigmoid()
    torch.testing.assert_close(layer(x), deform_conv2d(x, offset, layer.weight, layer.bias, mask, padding=1))
    layer(x).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in layer.parameters())


@pytest.mark.parametrize(("name", "layers"), [("deform_resnet18_v1", 4), ("deform_resnet18", 12)])
def test_the_network_is_resnet18_but_for_its_deformable_stages(name, layers):
    """Same names and shapes beside `conv_offset`; v1 starts with its very outputs."""
    torch.manual_seed(6)
    rigid, network = models.build("resnet18", width=1 / 8), models.build(name, width=1 / 8)
    report = network.load_state_dict(rigid.state_dict(), strict=False)
    assert not report.unexpected_keys and all("conv_offset" in key for key in report.missing_keys)
    assert sum(isinstance(m, DeformConv2d) for m in network.modules()) == layers
    image = torch.randn(2, 3, 64, 64)
    same = torch.allclose(network.eval()(image), rigid.eval()(image), rtol=0, atol=1e-5)
    assert same == (name == "deform_resnet18_v1")


@pytest.mark.parametrize("name", deformable.CARDS)
def test_card(name):
    card = models.CARDS[name]
    with torch.device("meta"):
        network = models.build(name).eval()
        image = torch.empty(1, *card.input)
    shapes = {}
    for stage in card.stages:
        network.get_submodule(stage).register_forward_hook(
            lambda _, __, out, stage=stage: shapes.update({stage: tuple(out.shape[1:])})
        )
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(image)
    assert sum(p.numel() for p in network.parameters()) == card.params
    assert counter.get_total_flops() == 2 * card.macs
    assert shapes == card.stages


def test_deforming_keeps_weights_and_leaves_other_layers():
    block = nn.Sequential(nn.Conv2d(2, 3, 3, 2, 1, bias=False), nn.Conv2d(3, 2, 1), nn.ReLU()).double()
    weight = block[0].weight
    deformable.deform(block, modulated=True)
    assert isinstance(block[0], DeformConv2d) and block[0].weight is weight and block[0].bias is None
    assert block[0].stride == (2, 2) and block[0].conv_offset.weight.dtype == torch.float64
    assert type(block[1]) is nn.Conv2d
