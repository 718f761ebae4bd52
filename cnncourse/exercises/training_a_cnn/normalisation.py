"""Batch normalisation: in training, in evaluation, and what it remembers."""

import torch
from torch import nn

from ... import layers
from .._kinds import exercise

BatchNorm = exercise(
    layers.BatchNorm,
    level=3,
    minutes=25,
    lines=12,
    as_built=True,
    shortcuts={
        "batch_norm": "You called PyTorch's own batch norm, the thing to build here. Write out the mean, the "
        "variance and what is remembered."
    },
    hints=(
        "`x.mean((0, 2, 3))` is (C,): over examples, rows and columns. `x.var((0, 2, 3), unbiased=False)` "
        "likewise. To use them on (N, C, H, W), give them two more axes: `mean[:, None, None]`.",
        '`nn.Parameter(torch.ones(channels))` is learned; `self.register_buffer("running_mean", '
        "torch.zeros(channels))` is remembered, and moves with the module. `self.training` tells the mode.",
        "In training: running = (1 − momentum) · running + momentum · batch's, with the *unbiased* variance, "
        "and without gradient (`.detach()`). Normalise with the batch's own, biased variance.",
        "Return (x − mean) / √(variance + epsilon) · scale + shift.",
    ),
    why="Mean and variance depend on x, so their gradients flow; what is remembered is only for evaluation.",
    equivalent=dict.fromkeys(
        ("mean((2, 0, 3))", "mean((0, 3, 2))", "var((2, 0, 3)", "var((0, 3, 2)"),
        "the order in which axes are named does not matter",
    ),
)


@BatchNorm.examples
def _(draw):
    yield {"channels": 2}, draw(3, 2, 2, 3)
    yield {"channels": 3, "momentum": 0.3}, 2 * draw(4, 3, 3, 2) + 1
    yield {"channels": 2, "epsilon": 0.5}, draw(2, 2, 4, 3)
    yield {"channels": 4, "momentum": 0.6, "epsilon": 0.1}, draw(5, 4, 1, 2) - 2


class _Variant(BatchNorm.reference):
    """The parts of a forward pass, one of which a mistake changes."""

    axes, biased, remembered_biased, share = (0, 2, 3), True, False, False

    def statistics(self, x):
        mean, variance = x.mean(self.axes), x.var(self.axes, unbiased=not self.biased)
        with torch.no_grad():
            remembered = x.var(self.axes, unbiased=not self.remembered_biased)
            share = 1 - self.momentum if self.share else self.momentum
            self.running_mean.lerp_(mean, share)
            self.running_variance.lerp_(remembered, share)
        return mean, variance

    def scaled(self, centred, variance):
        return centred / (variance + self.epsilon).sqrt()

    def forward(self, x):
        mean, variance = self.running_mean, self.running_variance
        if self.training:
            mean, variance = self.statistics(x)
        mean, variance = mean[:, None, None], variance[:, None, None]
        return self.scaled(x - mean, variance) * self.scale[:, None, None] + self.shift[:, None, None]


@BatchNorm.mistake(
    "In training the batch is normalised by its *biased* variance (`unbiased=False`); the unbiased one is "
    "only for what is remembered."
)
class _(_Variant):
    biased = False


@BatchNorm.mistake(
    "What is remembered is the *unbiased* variance: an estimate for all the data, not for this batch."
)
class _(_Variant):
    remembered_biased = True


@BatchNorm.mistake(
    "momentum is the share of the *new* batch: running = (1 − momentum) · running + momentum · batch."
)
class _(_Variant):
    share = True


@BatchNorm.mistake("`epsilon` belongs under the root, added to the variance.")
class _(_Variant):
    def scaled(self, centred, variance):
        return centred / (variance.sqrt() + self.epsilon)


@BatchNorm.mistake(
    "Divide by the root of the variance, the standard deviation, and not by the variance itself."
)
class _(_Variant):
    def scaled(self, centred, variance):
        return centred / (variance + self.epsilon)


@BatchNorm.mistake(
    "The output is right, but the statistics are cut off from the gradient. They depend on x: use them with "
    "their gradient, and detach only what is remembered."
)
class _(_Variant):
    def statistics(self, x):
        return tuple(part.detach() for part in super().statistics(x))


@BatchNorm.mistake("The running statistics never change: move them at every batch in training.")
class _(_Variant):
    def statistics(self, x):
        return x.mean(self.axes), x.var(self.axes, unbiased=False)


@BatchNorm.mistake(
    "In evaluation the running statistics are used: a picture's answer must not depend on its company."
)
class _(_Variant):
    def forward(self, x):
        if self.training:
            return super().forward(x)
        mean, variance = x.mean(self.axes), x.var(self.axes, unbiased=False)
        x = self.scaled(x - mean[:, None, None], variance[:, None, None])
        return x * self.scale[:, None, None] + self.shift[:, None, None]


@BatchNorm.mistake(
    "The batch's statistics are the ones to use in training; the running ones are for evaluation."
)
class _(_Variant):
    def statistics(self, x):
        before = self.running_mean.clone(), self.running_variance.clone()
        super().statistics(x)
        return before


@BatchNorm.mistake(
    "That normalises every example by itself. A *batch* norm averages over the batch too: axes 0, 2, 3."
)
class _(_Variant):
    def forward(self, x):
        if not self.training:
            return super().forward(x)
        super().statistics(x)
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
        return self.scaled(x - mean, variance) * self.scale[:, None, None] + self.shift[:, None, None]


@BatchNorm.mistake("The shift comes last: scale first, and then add the shift.")
class _(_Variant):
    def forward(self, x):
        mean, variance = self.running_mean, self.running_variance
        if self.training:
            mean, variance = self.statistics(x)
        centred = self.scaled(x - mean[:, None, None], variance[:, None, None])
        return (centred + self.shift[:, None, None]) * self.scale[:, None, None]


@BatchNorm.mistake(
    "The learned scale and shift are missing: two `nn.Parameter`s, one number for each channel."
)
class _(nn.BatchNorm2d):
    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__(channels, momentum=momentum, eps=epsilon, affine=False)


@BatchNorm.mistake("The options `momentum` and `epsilon` that are passed in make no difference.")
class _(BatchNorm.reference):
    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__(channels)


@BatchNorm.alternative
class WithShapedStatistics(nn.Module):
    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__()
        self.beta, self.gamma = nn.Parameter(torch.zeros(channels)), nn.Parameter(torch.ones(channels))
        self.register_buffer("variance", torch.ones(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.options = momentum, epsilon

    def forward(self, x):
        momentum, epsilon = self.options
        shape = (1, -1, 1, 1)
        if self.training:
            flat = x.transpose(0, 1).flatten(1)  # (C, N·H·W)
            mean, variance = flat.mean(1), flat.var(1, correction=0)
            self.mean = (1 - momentum) * self.mean + momentum * mean.detach()
            self.variance = (1 - momentum) * self.variance + momentum * flat.var(1).detach()
        else:
            mean, variance = self.mean, self.variance
        x = (x - mean.view(shape)) * torch.rsqrt(variance.view(shape) + epsilon)
        return x * self.gamma.view(shape) + self.beta.view(shape)


@BatchNorm.mistake("At first the scale is 1 and the shift 0, so that the layer only normalises.")
class _(BatchNorm.reference):
    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__(channels, momentum, epsilon)
        nn.init.zeros_(self.scale)


@BatchNorm.mistake("The running mean begins at 0 and the running variance at 1: as if nothing had been seen.")
class _(BatchNorm.reference):
    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__(channels, momentum, epsilon)
        self.running_variance.zero_()


@BatchNorm.mistake(
    "What is remembered carries the gradient's history along, batch after batch. Cut it: `mean.detach()`."
)
class _(_Variant):
    def statistics(self, x):
        mean, variance = x.mean(self.axes), x.var(self.axes, unbiased=False)
        self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
        self.running_variance = (1 - self.momentum) * self.running_variance + self.momentum * x.var(self.axes)
        return mean, variance
