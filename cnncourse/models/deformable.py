"""Deformable convolution: Dai et al., "Deformable Convolutional Networks", ICCV 2017, arXiv:1703.06211, and
its modulated form, Zhu et al., "Deformable ConvNets v2", CVPR 2019, arXiv:1811.11168.

A convolution samples a rigid grid. Here every tap of the kernel may be moved, at every position p anew:

    y(p) = sum over the taps n of  w_n · m_n(p) · x(p + p_n + d_n(p))                    (v1: m = 1)

d_n are offsets in pixels, and x between pixels is read by bilinear interpolation; m_n in [0, 1] says how much
the tap counts. An ordinary convolution of the same input predicts both, and begins at 0: so training starts
on the rigid grid, in v2 with every tap at half strength. Both papers train that convolution more slowly.

Deviations: the papers deform the 3x3 layers of ResNet-50 and 101, in conv5 (v1) or conv3 to conv5 (v2), to
detect and to segment. ResNet-18 as a classifier, with ImageNet's strides, is ours.
"""

import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import arithmetic

from . import resnet
from ._card import Card, find

CONFIGS = {  # stages whose 3x3 convolutions are deformable, modulated (v2)?
    "deform_resnet18_v1": (("layer4",), False),
    "deform_resnet18": (("layer2", "layer3", "layer4"), True),
}


def bilinear(maps, rows, columns):
    """Read maps (N, C, H, W) between their pixels, at rows and columns (N, ...); all around is 0.

    Returns (N, ..., C). A point on a pixel has the derivative of the side towards the next pixel.
    `F.grid_sample` reads so too, but scales positions to [-1, 1] and back, which costs the last digits.
    """
    n, _, height, width = maps.shape
    rows, columns = rows.clamp(-1, height), columns.clamp(-1, width)
    top, left = rows.floor(), columns.floor()
    down, right = (rows - top).unsqueeze(-1).to(maps.dtype), (columns - left).unsqueeze(-1).to(maps.dtype)
    wide = width + 3  # zeros all around, two after the end: no neighbour of a clamped point lies outside
    pixels = F.pad(maps, (1, 2, 1, 2)).permute(0, 2, 3, 1).flatten(0, 2)  # (N · (H + 3) · (W + 3), C)
    image = torch.arange(n, device=maps.device).view(-1, *[1] * (rows.dim() - 1)) * (height + 3) * wide
    first = image + ((top + 1) * wide + left + 1).nan_to_num(0).long()  # NaN stays NaN by its weights below
    upper = (1 - right) * F.embedding(first, pixels) + right * F.embedding(first + 1, pixels)
    lower = (1 - right) * F.embedding(first + wide, pixels) + right * F.embedding(first + wide + 1, pixels)
    return (1 - down) * upper + down * lower


def _pair(value):
    return tuple(value) if isinstance(value, (tuple, list)) else (value, value)


def _sampling_points(offset, *geometry):
    """Rows and columns p + p_n + d_n, each (N · G, H_out, W_out, k_h, k_w)."""

    def rigid(size, taps, stride, padding, dilation):
        first = torch.arange(size, device=offset.device) * stride - padding
        return first[:, None] + torch.arange(taps, device=offset.device) * dilation  # (size, taps)

    rows, columns = (rigid(*side) for side in zip(offset.shape[2:], *geometry, strict=True))
    moved = offset.to(torch.promote_types(offset.dtype, torch.float32))  # half precision is too coarse
    moved = moved.reshape(-1, *geometry[0], 2, *offset.shape[2:]).permute(3, 0, 4, 5, 1, 2)
    return rows[:, None, :, None] + moved[0], columns[:, None, :] + moved[1]


def _groups(x, offset, weight, mask, size):
    """How many groups of channels have their own kernels, and their own offsets; ValueError for misfits."""
    channels, taps = x.shape[1], weight[0, 0].numel()
    groups, shared = channels // weight.shape[1], max(offset.shape[1] // (2 * taps), 1)
    if weight.shape[1] * groups != channels or groups == 0 or len(weight) % groups or channels % shared:
        raise ValueError(f"weight {tuple(weight.shape)}, {channels} channels, {shared} offset groups: no fit")
    for name, tensor, numbers in (("offset", offset, 2 * taps * shared), ("mask", mask, taps * shared)):
        if tensor is not None and tensor.shape != (len(x), numbers, *size):
            raise ValueError(f"{name} must be {(len(x), numbers, *size)}, not {tuple(tensor.shape)}")
    return groups, shared


def deform_conv2d(x, offset, weight, bias=None, mask=None, *, stride=1, padding=0, dilation=1):
    """Convolve x with a kernel whose taps `offset` moves and `mask` weighs.

    x (N, C_in, H, W), weight (C_out, C_in / groups, k_h, k_w), offset (N, 2·G·k_h·k_w, H_out, W_out): for
    each of G groups of channels, each tap's shift down, then right, in pixels; mask (N, G·k_h·k_w, ...).
    The numbers of groups follow from the shapes. ValueError: the shapes do not fit one another.
    """
    geometry = tuple(weight.shape[2:]), _pair(stride), _pair(padding), _pair(dilation)
    size = arithmetic.output_size(tuple(x.shape[2:]), *geometry)
    groups, shared = _groups(x, offset, weight, mask, size)
    maps = x.reshape(-1, x.shape[1] // shared, *x.shape[2:])  # (N · G, C_in / G, H, W)
    taken = bilinear(maps, *_sampling_points(offset, *geometry))  # (N · G, H_out, W_out, k_h, k_w, C_in / G)
    if mask is not None:
        taken = taken * mask.reshape(-1, *geometry[0], *size).permute(0, 3, 4, 1, 2).unsqueeze(-1)
    taken = taken.unflatten(0, (-1, shared)).movedim(1, -2).flatten(-2)  # (N, H_out, W_out, k_h, k_w, C_in)
    taken, weight = taken.unflatten(-1, (groups, -1)), weight.unflatten(0, (groups, -1))
    out = torch.einsum("nhwijgc,gocij->ngohw", taken, weight).flatten(1, 2)  # (N, C_out, H_out, W_out)
    return (out if bias is None else out + bias[:, None, None]).contiguous()


class DeformConv2d(nn.Conv2d):
    """A convolution that learns where to look; `modulated`, v2, also how much each tap counts.

    `conv_offset` has this layer's own kernel, stride, padding and dilation, and gives 2 numbers a tap, or 3:
    the offsets first, then what a sigmoid makes the mask.
    """

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1,
                 bias=True, modulated=False, offset_groups=1):  # fmt: skip
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        taps = offset_groups * self.kernel_size[0] * self.kernel_size[1]
        self.split = [2 * taps, taps] if modulated else [2 * taps]
        self.conv_offset = nn.Conv2d(in_channels, sum(self.split), kernel_size, stride, padding, dilation)
        nn.init.zeros_(self.conv_offset.weight)
        nn.init.zeros_(self.conv_offset.bias)

    def forward(self, x):
        offset, *rest = self.conv_offset(x).split(self.split, dim=1)  # (N, 2K, H_out, W_out), (N, K, ...)
        mask = rest[0].sigmoid() if rest else None
        return deform_conv2d(x, offset, self.weight, self.bias, mask,
                             stride=self.stride, padding=self.padding, dilation=self.dilation)  # fmt: skip


def deform(module, modulated=False):
    """Replace every 3x3 convolution inside a module by a deformable one with its weights."""
    for name, old in module.named_children():
        if type(old) is nn.Conv2d and old.kernel_size == (3, 3):
            new = DeformConv2d(old.in_channels, old.out_channels, 3, old.stride, old.padding, old.dilation,
                               old.groups, old.bias is not None, modulated).to(old.weight)  # fmt: skip
            new.weight, new.bias = old.weight, old.bias
            setattr(module, name, new)
        else:
            deform(old, modulated)


def build(name, **options):
    """Build a deformable ResNet-18; options go to `resnet.build`. Its weights fit with strict=False."""
    stages, modulated = find(name, CONFIGS)
    network = resnet.build("resnet18", **options)
    for stage in stages:
        deform(network.get_submodule(stage), modulated)
    return network


SOURCE = "Dai et al. 2017, arXiv:1703.06211; Zhu et al. 2019, arXiv:1811.11168; the network is ours"
STAGES = {"layer1": (64, 56, 56), "layer2": (128, 28, 28), "layer3": (256, 14, 14), "layer4": (512, 7, 7)}
CARDS = {  # ResNet-18 has 11,689,512 and 1,814,073,344: the rest is what predicts the offsets
    "deform_resnet18_v1": Card(11_979_888, 1_828_298_240, (3, 224, 224), "not published", SOURCE, STAGES),
    "deform_resnet18": Card(12_451_884, 1_963_434_752, (3, 224, 224), "not published", SOURCE, STAGES),
}
