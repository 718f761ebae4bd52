"""Convolution from scratch: from six loops to one matrix product, and its gradients.

Every function here computes, at its own speed, the same sum:

    z[n, k, i, j] = b[k] + sum over c, u, v of  x[n, c, i * s_h + u, j * s_w + v] * w[k, c, u, v]

Nothing is flipped, for what deep learning calls convolution is cross-correlation; `true_convolution` is the
exception. Sizes are those of the "valid" rule: the kernel never leaves the picture. `pad` makes room around
it, and `transposed_conv2d` goes the other way.
"""

import torch
import torch.nn.functional as F


def conv2d(image, kernel):
    """Slide `kernel` over `image` and return every dot product.

    image (H, W) and kernel (kh, kw) give (H - kh + 1, W - kw + 1): the kernel never leaves the image.
    """
    kh, kw = kernel.shape
    rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    output = image.new_zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            output[i, j] = (image[i : i + kh, j : j + kw] * kernel).sum()
    return output


def true_convolution(image, kernel):
    """Convolve as mathematics defines it: the kernel is read backwards, in both directions.

    image (H, W) and kernel (kh, kw) give (H - kh + 1, W - kw + 1), the places where the kernel fits.
    """
    return conv2d(image, kernel.flip(0, 1))


def conv_layer(images, weight, bias, stride=(1, 1)):
    """Give every picture one feature map for each filter, straight from the equation.

    images (N, C_in, H, W), weight (C_out, C_in, kh, kw), bias (C_out,) and stride (s_h, s_w)
    give (N, C_out, (H - kh) // s_h + 1, (W - kw) // s_w + 1).
    """
    (batch, _, height, width), (filters, _, kh, kw), (s_h, s_w) = images.shape, weight.shape, stride
    output = images.new_zeros(batch, filters, (height - kh) // s_h + 1, (width - kw) // s_w + 1)
    for i in range(output.shape[2]):
        for j in range(output.shape[3]):
            patch = images[:, :, i * s_h : i * s_h + kh, j * s_w : j * s_w + kw]  # (N, C_in, kh, kw)
            for k in range(filters):
                output[:, k, i, j] = bias[k] + (patch * weight[k]).sum(dim=(1, 2, 3))
    return output


def conv_loops(images, weight, bias, stride=(1, 1)):
    """Compute a layer with one loop for each index of the equation: the slowest rung of the ladder.

    Shapes as in `conv_layer`. The numbers are plain Python floats while the loops run, so no gradient flows.
    """
    (batch, channels, height, width), (filters, _, kh, kw), (s_h, s_w) = images.shape, weight.shape, stride
    x, w, b = images.tolist(), weight.tolist(), bias.tolist()
    z = images.new_zeros(batch, filters, (height - kh) // s_h + 1, (width - kw) // s_w + 1)
    for n, k, i, j in torch.cartesian_prod(*map(torch.arange, z.shape)).tolist():
        total = b[k]
        for c in range(channels):
            for u in range(kh):
                for v in range(kw):
                    total += x[n][c][i * s_h + u][j * s_w + v] * w[k][c][u][v]
        z[n, k, i, j] = total
    return z


def im2col(images, kernel_size):
    """Write every patch that the kernel meets as one column.

    images (N, C, H, W) and kernel_size (kh, kw) give (N, C * kh * kw, H' * W') with H' = H - kh + 1 and
    W' = W - kw + 1. A column lists its patch channel by channel and row by row; the columns follow the
    output's cells, row by row.
    """
    (batch, channels, height, width), (kh, kw) = images.shape, kernel_size
    rows, columns = height - kh + 1, width - kw + 1
    shifted = [images[:, :, u : u + rows, v : v + columns] for u in range(kh) for v in range(kw)]
    return torch.stack(shifted, dim=2).reshape(batch, channels * kh * kw, rows * columns)


def conv_im2col(images, weight, bias):
    """Compute a layer as one matrix product: filters as rows, patches as columns.

    images (N, C_in, H, W), weight (C_out, C_in, kh, kw) and bias (C_out,) give
    (N, C_out, H - kh + 1, W - kw + 1). Source: Chellapilla, Puri and Simard, 2006.
    """
    filters, _, kh, kw = weight.shape
    z = weight.flatten(1) @ im2col(images, (kh, kw)) + bias[:, None]  # (N, C_out, H' * W')
    return z.reshape(len(images), filters, images.shape[2] - kh + 1, images.shape[3] - kw + 1)


def grouped_conv(images, weight, bias, groups):
    """Split the channels into groups and give each group filters of its own.

    images (N, C_in, H, W), weight (C_out, C_in / groups, kh, kw) and bias (C_out,) give (N, C_out, H', W').
    The first C_out / groups filters see the first C_in / groups channels only, and so on.
    """
    parts = zip(images.chunk(groups, dim=1), weight.chunk(groups), bias.chunk(groups), strict=True)
    return torch.cat([conv_layer(x, w, b) for x, w, b in parts], dim=1)


def kernel_gradient(image, gradient):
    """Turn the gradient of a loss by the output of `conv2d` into its gradient by the kernel.

    image (H, W) and gradient (H', W') give (H - H' + 1, W - W' + 1), the kernel's own shape.
    """
    return conv2d(image, gradient)


def image_gradient(gradient, kernel):
    """Turn the gradient of a loss by the output of `conv2d` into its gradient by the image.

    gradient (H', W') and kernel (kh, kw) give (H' + kh - 1, W' + kw - 1), the image's own shape.
    """
    kh, kw = kernel.shape
    padded = F.pad(gradient, (kw - 1, kw - 1, kh - 1, kh - 1))
    return true_convolution(padded, kernel)


def weight_gradient(images, gradient):
    """Do what `kernel_gradient` does for a whole layer: batch and channels swap their roles.

    images (N, C_in, H, W) and gradient (N, C_out, H', W') give (C_out, C_in, kh, kw).
    """
    return F.conv2d(images.transpose(0, 1), gradient.transpose(0, 1)).transpose(0, 1)


def input_gradient(gradient, weight):
    """Do what `image_gradient` does for a whole layer: filters and channels swap their roles.

    gradient (N, C_out, H', W') and weight (C_out, C_in, kh, kw) give (N, C_in, H, W).
    """
    kh, kw = weight.shape[2:]
    return F.conv2d(gradient, weight.flip(2, 3).transpose(0, 1), padding=(kh - 1, kw - 1))


def pad(image, padding, mode="zeros"):
    """Put `padding` rows and columns on every side of an image, filled as `mode` says.

    image (H, W) gives (H + 2 * padding, W + 2 * padding). "zeros": zeros. "replicate": the nearest border
    pixel again and again. "reflect": as in a mirror that stands on the border pixels, which are not doubled.
    "circular": the picture goes on from its opposite side.
    """
    height, width = image.shape
    if mode == "zeros":
        padded = image.new_zeros(height + 2 * padding, width + 2 * padding)
        padded[padding : padding + height, padding : padding + width] = image
        return padded
    index = []
    for n in image.shape:
        i = torch.arange(-padding, n + padding)  # where each row of the result would lie in the image
        if mode == "replicate":
            i = i.clamp(0, n - 1)
        elif mode == "reflect":
            i = n - 1 - (n - 1 - i.abs()).abs()
        else:
            i = i % n
        index.append(i)
    return image[index[0]][:, index[1]]


def strided_conv2d(image, kernel, stride=(1, 1)):
    """Slide `kernel` over `image` in steps of `stride` and return every dot product.

    image (H, W), kernel (kh, kw) and stride (s_h, s_w) give ((H - kh) // s_h + 1, (W - kw) // s_w + 1).
    """
    (height, width), (kh, kw), (s_h, s_w) = image.shape, kernel.shape, stride
    rows, columns = (height - kh) // s_h + 1, (width - kw) // s_w + 1
    output = image.new_zeros(rows, columns)
    for u in range(kh):
        for v in range(kw):
            seen = image[u : u + rows * s_h : s_h, v : v + columns * s_w : s_w]  # (rows, columns)
            output += kernel[u, v] * seen
    return output


def dilated_kernel(kernel, dilation):
    """Spread the weights of a kernel: `dilation` cells from one to the next, zeros between them.

    kernel (kh, kw) gives (dilation * (kh - 1) + 1, dilation * (kw - 1) + 1).
    """
    kh, kw = kernel.shape
    spread = kernel.new_zeros(dilation * (kh - 1) + 1, dilation * (kw - 1) + 1)
    spread[::dilation, ::dilation] = kernel
    return spread


def transposed_conv2d(image, kernel, stride=1):
    """Stamp the kernel into the output once for every pixel, times that pixel; overlapping stamps add up.

    image (H, W) and kernel (kh, kw) give ((H - 1) * stride + kh, (W - 1) * stride + kw): the stamp of pixel
    (i, j) begins in row i * stride and column j * stride.
    """
    (height, width), (kh, kw) = image.shape, kernel.shape
    output = image.new_zeros((height - 1) * stride + kh, (width - 1) * stride + kw)
    for i in range(height):
        for j in range(width):
            top, left = i * stride, j * stride
            output[top : top + kh, left : left + kw] += image[i, j] * kernel
    return output
