"""Transformations that move pixels: mirror, crop, and everything that samples a picture at other places.

A warp is written backwards: for every pixel of the *output* it says where in the input to look, so that no
pixel stays empty. Places are counted in pixels, and (0, 0) is the middle of the first one.
"""

import math

import torch
import torch.nn.functional as F


def keep_type(values, images):
    """Give computed values the dtype of `images`; whole-number pictures are rounded and kept in 0…255."""
    if images.is_floating_point():
        return values.to(images.dtype)
    return values.round().clamp(0, 255).to(images.dtype)


def mirror(images, chosen):
    """Mirror the chosen pictures, left for right; the others stay as they are.

    images (N, C, H, W), chosen (N,) of True and False; the result has the shape and dtype of images.
    """
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def crop(images, tops, lefts, height, width):
    """Cut a piece of height × width out of each picture, at a place of its own.

    images (N, C, H, W); tops (N,) and lefts (N,) are the row and column of each piece's first pixel, int64.
    Returns (N, C, height, width).
    """
    rows = tops[:, None] + torch.arange(height, device=images.device)  # (N, height)
    columns = lefts[:, None] + torch.arange(width, device=images.device)  # (N, width)
    picture = torch.arange(len(images), device=images.device)[:, None, None]
    pieces = images[picture, :, rows[:, :, None], columns[:, None, :]]  # (N, height, width, C)
    return pieces.movedim(-1, 1)


def sample(images, x, y):
    """Read each picture at places between its pixels, bilinearly; outside of it everything is 0.

    images (N, C, H, W). x and y (N, h, w) say for each pixel of the result which column and which row of the
    input to read: x = 0 is the middle of the first column, x = W − 1 that of the last, x = 0.5 halfway
    between two. Returns (N, C, h, w) in the dtype of images (`keep_type` sees to that).
    """
    height, width = images.shape[-2:]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)  # (N, h, w, 2)
    exact = torch.promote_types(images.dtype, grid.dtype)  # of uint8 and float32: float32
    return keep_type(F.grid_sample(images.to(exact), grid.to(exact), align_corners=False), images)


def affine(images, matrices):
    """Turn, stretch or shear each picture about its middle, by a matrix of its own.

    images (N, C, H, W), matrices (N, 2, 2). The pixel of the result that lies (x, y) pixels from the middle,
    x to the right and y down, is read at `matrices[n] @ (x, y)` from the middle of the input.
    """
    height, width = images.shape[-2:]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x = torch.arange(width, device=images.device) - middle_x  # (W,)
    y = torch.arange(height, device=images.device)[:, None] - middle_y  # (H, 1)
    (a, b), (c, d) = matrices[..., None, None].permute(1, 2, 0, 3, 4)  # four of (N, 1, 1)
    return sample(images, a * x + b * y + middle_x, c * x + d * y + middle_y)  # (N, H, W) places


def rotation(degrees):
    """Matrices (N, 2, 2) with which `affine` turns each picture counter-clockwise by its own degrees (N,)."""
    angle = torch.deg2rad(degrees)
    cos, sin = torch.cos(angle), torch.sin(angle)
    return torch.stack([cos, -sin, sin, cos], dim=-1).reshape(-1, 2, 2)


def shearing(degrees):
    """Matrices (N, 2, 2) with which `affine` lets each picture lean to the right, as italics do.

    Upright lines end up so many degrees (N,) off the vertical: rows are pushed sideways, those above the
    middle to the right and those below it to the left, and stay at their height.
    """
    slope = torch.tan(torch.deg2rad(degrees))
    one, zero = torch.ones_like(slope), torch.zeros_like(slope)
    return torch.stack([one, slope, zero, one], dim=-1).reshape(-1, 2, 2)


def blur(maps, sigma):
    """Smooth every map (N, C, H, W) with a Gaussian of standard deviation `sigma` pixels; outside is 0."""
    reach = math.ceil(3 * sigma)
    steps = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    bell = torch.exp(-(steps**2) / (2 * sigma**2))
    kernel = (bell / bell.sum()).expand(maps.shape[1], 1, 1, -1)  # (C, 1, 1, 2·reach + 1)
    across = F.conv2d(maps, kernel, padding=(0, reach), groups=maps.shape[1])
    return F.conv2d(across, kernel.mT, padding=(reach, 0), groups=maps.shape[1])


def elastic(images, noise, sigma, strength):
    """Warp each picture locally: every pixel is read a little way off, and neighbours in a similar direction.

    images (N, C, H, W). noise (N, 2, H, W), random numbers, is smoothed by `blur` with sigma and then scaled,
    for each picture by itself, so that its root mean square is `strength` pixels. noise[:, 0] becomes the
    offsets of x, noise[:, 1] those of y. Source: after Simard, Steinkraus and Platt (2003).
    """
    offsets = blur(noise, sigma)
    offsets = strength * offsets / offsets.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    x = torch.arange(images.shape[3], device=images.device)
    y = torch.arange(images.shape[2], device=images.device)[:, None]
    return sample(images, x + offsets[:, 0], y + offsets[:, 1])
