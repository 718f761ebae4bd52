"""Transformations that change colours and leave every pixel where it is."""

import torch

from ._warps import keep_type


def shift_colours(images, shifts):
    """Add a number of its own to every channel of every picture, and keep type and range.

    images (N, C, H, W), floating-point in [0, 1] or uint8 in 0…255. shifts (N, C) as a share of the range:
    0.1 makes a channel brighter by a tenth of it. What would leave the range stays at its end;
    uint8 is rounded.
    """
    full = 1 if images.is_floating_point() else 255
    return keep_type((images + full * shifts[:, :, None, None]).clamp(0, full), images)


def colour_axes(images):
    """Find along which colours the pixels of these pictures differ from their mean.

    images (N, 3, H, W), floating-point. Returns the eigenvalues (3,) of the covariance of red, green and
    blue over all pixels, largest first, and the eigenvectors (3, 3), one a column, in the same order. An
    eigenvalue is a variance: the mean square of the distance along its axis.
    """
    pixels = images.movedim(1, -1).reshape(-1, 3)  # (N·H·W, 3)
    centred = pixels - pixels.mean(dim=0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(pixels))
    return values.flip(0), vectors.flip(1)  # eigh has the smallest first


def pca_colour(images, values, vectors, alphas):
    """Shift the colour of each picture along the axes on which the data's own colours vary.

    images (N, 3, H, W); values (3,) and vectors (3, 3) from `colour_axes`; alphas (N, 3), drawn anew each
    time a picture is used, with standard deviation 0.1 in the paper. Axis i is followed for
    alphas[n, i] · values[i], and every pixel of a picture gets the same shift.
    Type and range stay, as with `shift_colours`.
    Source: Krizhevsky and others (2012), section 4.1.
    """
    return shift_colours(images, (alphas * values) @ vectors.T)
