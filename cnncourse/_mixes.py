"""Transformations that drop a part of a picture, or mix two."""

import torch


def cutout(images, tops, lefts, size):
    """Blacken a square of size × size in each picture (N, C, H, W); what lies outside is cut off.

    tops (N,) and lefts (N,) are its first row and column. Source: DeVries and Taylor (2017).
    """
    rows = torch.arange(images.shape[2], device=images.device)[:, None] - tops[:, None, None]  # (N, H, 1)
    columns = torch.arange(images.shape[3], device=images.device) - lefts[:, None, None]  # (N, 1, W)
    inside = (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)  # (N, H, W)
    return images.masked_fill(inside[:, None], 0)


def mixup(images, targets, order, shares):
    """Blend each picture with another one, and its target in the same shares.

    images (N, C, H, W), floating-point; targets (N, K), probabilities; picture n keeps shares[n] of itself
    and gets 1 − shares[n] of picture order[n]. Returns both blends. Source: Zhang and others (2018).
    """
    keep = shares[:, None]  # (N, 1)
    blend = keep[..., None, None] * images + (1 - keep[..., None, None]) * images[order]
    return blend, keep * targets + (1 - keep) * targets[order]
