"""Pooling from scratch: one number for each window of each map, and no parameters.

Maps are (N, C, H, W), and every channel is pooled by itself. Unless a function has a stride, its windows are
`size` × `size` and stand side by side; rows and columns that fill no window are dropped.
"""

import torch
import torch.nn.functional as F


def max_pool(maps, size):
    """Keep the largest value of every `size` × `size` window; the windows stand side by side.

    maps (N, C, H, W) give (N, C, H // size, W // size): rows and columns that fill no window are dropped.
    """
    rows, columns = maps.shape[2] // size, maps.shape[3] // size
    output = maps.new_zeros(*maps.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = maps[:, :, i * size : (i + 1) * size, j * size : (j + 1) * size]  # (N, C, size, size)
            output[:, :, i, j] = window.amax(dim=(2, 3))
    return output


def average_pool(maps, size):
    """Average every `size` × `size` window, by one convolution that nobody has to train.

    maps (N, C, H, W) give (N, C, H // size, W // size).
    """
    channels = maps.shape[1]
    kernel = maps.new_full((channels, 1, size, size), 1 / size**2)  # one filter for each channel
    return F.conv2d(maps, kernel, stride=size, groups=channels)


def overlapping_max_pool(maps, size, stride, padding=0):
    """Keep the largest value of every `size` × `size` window; each begins `stride` after the one before.

    `padding` rows and columns surround the maps and never win. maps (N, C, H, W) give
    (N, C, (H + 2 * padding - size) // stride + 1, (W + 2 * padding - size) // stride + 1).
    """
    padded = F.pad(maps, (padding, padding, padding, padding), value=-torch.inf)
    windows = padded.unfold(2, size, stride).unfold(3, size, stride)  # (N, C, H', W', size, size)
    return windows.amax(dim=(4, 5))


def global_average_pool(maps):
    """Turn every map into one number, its average, whatever its height and width.

    maps (N, C, H, W) give (N, C). Source: Lin, Chen and Yan, 2013 (arXiv:1312.4400).
    """
    return maps.mean(dim=(2, 3))


def max_pool_gradient(image, gradient, size):
    """Turn the gradient of a loss by the output of 2-D max pooling into its gradient by the image.

    image (H, W) and gradient (H // size, W // size) give (H, W). No window has its largest value twice.
    """
    result = torch.zeros_like(image)
    for i in range(gradient.shape[0]):
        for j in range(gradient.shape[1]):
            rows, columns = slice(i * size, (i + 1) * size), slice(j * size, (j + 1) * size)
            window = image[rows, columns]  # (size, size)
            result[rows, columns] = (window == window.max()) * gradient[i, j]
    return result


def expected_pool(maps, size):
    """Average every `size` × `size` window, each value weighted by its share of the window's sum.

    maps (N, C, H, W), nowhere negative, give (N, C, H // size, W // size). A window of zeros gives 0.
    Source: Zeiler and Fergus, 2013 (arXiv:1301.3557).
    """
    windows = maps.unfold(2, size, size).unfold(3, size, size)  # (N, C, H', W', size, size)
    total = windows.sum(dim=(4, 5))
    squares = (windows**2).sum(dim=(4, 5))
    return squares / torch.where(total > 0, total, 1)


def stochastic_pool(maps, size):
    """Draw one value from every `size` × `size` window; a value's chance is its share of the window's sum.

    maps (N, C, H, W), nowhere negative, give (N, C, H // size, W // size). A window of zeros gives 0, and
    every window of every map has a draw of its own. Source: Zeiler and Fergus, 2013 (arXiv:1301.3557).
    """
    windows = maps.unfold(2, size, size).unfold(3, size, size).flatten(4)  # (N, C, H', W', size²)
    empty = windows.sum(dim=4, keepdim=True) == 0
    weights = (windows + empty).flatten(0, 3)  # in a window of zeros any of them may be drawn
    chosen = torch.multinomial(weights, 1).reshape(empty.shape)
    return windows.gather(4, chosen)[..., 0]


def blur_pool(maps, stride=2):
    """Blur every map by (1, 2, 1) in both directions, then keep every `stride`-th row and column.

    maps (N, C, H, W) give (N, C, ⌈H / stride⌉, ⌈W / stride⌉); a ring of zeros surrounds the maps.
    Source: Zhang, 2019 (arXiv:1904.11486).
    """
    channels, line = maps.shape[1], maps.new_tensor([1, 2, 1]) / 4
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    return F.conv2d(maps, kernel, stride=stride, padding=1, groups=channels)
