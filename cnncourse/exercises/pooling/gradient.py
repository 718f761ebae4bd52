"""Where the gradient of a loss goes on its way back through max pooling."""

import torch

from ... import pooling
from .._kinds import exercise

max_pool_gradient = exercise(
    pooling.max_pool_gradient,
    level=3,
    minutes=15,
    lines=7,
    hints=(
        "Take one window of four numbers, and change one that is not the largest, a little. Does the output "
        "change? "
        "Now change the largest.",
        "Begin with zeros in the image's shape. Go through the windows as in `max_pool`: each has one "
        "number of "
        "`gradient`, and one of its cells receives it whole.",
        "`window == window.max()` is true at the winner alone. Times `gradient[i, j]`, it is what belongs "
        "into the "
        "window's place.",
    ),
    why="The output is the winner itself, so its slope is 1 there and 0 at every other cell of the window.",
)


@max_pool_gradient.examples
def _(draw):
    yield draw(2, 2), draw(1, 1), 2
    yield draw(4, 6), draw(2, 3), 2
    yield draw(3, 7), draw(1, 2), 3
    yield draw(3, 2), draw(3, 2), 1
    rows, columns = draw.integer(2, 4), draw.integer(2, 4)
    yield draw(3 * rows + 2, 3 * columns + 1), draw(rows, columns), 3


def _upsampled(image, gradient, size):
    """Each number of `gradient` in every cell of its window; zeros where there is no window."""
    whole = torch.zeros_like(image)
    large = gradient.repeat_interleave(size, 0).repeat_interleave(size, 1)
    whole[: large.shape[0], : large.shape[1]] = large
    return whole


@max_pool_gradient.mistake(
    "Every cell of a window receives its gradient. Only the winner changed the output, so only the winner "
    "receives."
)
def _(image, gradient, size):
    return _upsampled(image, gradient, size)


@max_pool_gradient.mistake(
    "You spread the gradient evenly over the window. That is average pooling's; here the winner receives "
    "all of it."
)
def _(image, gradient, size):
    return _upsampled(image, gradient, size) / size**2


@max_pool_gradient.mistake(
    "The losers receive the gradient and the winner nothing: it is the other way round."
)
def _(image, gradient, size):
    return _upsampled(image, gradient, size) - pooling.max_pool_gradient(image, gradient, size)


@max_pool_gradient.mistake(
    "The gradient lands in the first cell of each window. It belongs to the cell that has the largest value."
)
def _(image, gradient, size):
    result = torch.zeros_like(image)
    rows, columns = gradient.shape
    result[::size, ::size][:rows, :columns] = gradient
    return result


@max_pool_gradient.mistake(
    "The gradient goes to the smallest value of each window; it belongs to the largest."
)
def _(image, gradient, size):
    return pooling.max_pool_gradient(-image, gradient, size)


@max_pool_gradient.mistake(
    "The gradient is multiplied by the winner's value. The slope of the largest value with respect to "
    "itself is 1."
)
def _(image, gradient, size):
    return pooling.max_pool_gradient(image, gradient, size) * image


@max_pool_gradient.mistake("The winners receive 1. They receive what `gradient` says for their window.")
def _(image, gradient, size):
    return pooling.max_pool_gradient(image, torch.ones_like(gradient), size)


@max_pool_gradient.mistake(
    "Only the largest value of the whole image receives something. Each window has a winner of its own."
)
def _(image, gradient, size):
    return (image == image.max()) * _upsampled(image, gradient, size)


@max_pool_gradient.alternative
def by_autograd(image, gradient, size):
    image = image.clone().requires_grad_()
    pooled = pooling.max_pool(image[None, None], size)[0, 0]
    return torch.autograd.grad(pooled, image, gradient)[0]


@max_pool_gradient.alternative
def by_finding_each_winner(image, gradient, size):
    result = torch.zeros_like(image)
    for i in range(gradient.shape[0]):
        for j in range(gradient.shape[1]):
            window = image[i * size : (i + 1) * size, j * size : (j + 1) * size]
            u, v = divmod(window.argmax().item(), window.shape[1])
            result[i * size + u, j * size + v] = gradient[i, j]
    return result
