"""What helps a network to learn, written out: initial spreads, loss, penalty, dropout, batch norm."""

import math

import torch
from torch import nn


def initial_spreads(shape):
    """Standard deviations for the first weights of a layer: Xavier's and He's, two numbers.

    shape is that of the weight: (units, inputs) of a dense layer, (C_out, C_in, kh, kw) of a convolution.
    Sources: Glorot and Bengio (2010), variance 2 / (fan_in + fan_out); He and others (2015), 2 / fan_in.
    """
    places = math.prod(shape[2:])  # of a kernel; 1 for a dense layer
    fan_in, fan_out = shape[1] * places, shape[0] * places
    return math.sqrt(2 / (fan_in + fan_out)), math.sqrt(2 / fan_in)


def cross_entropy(scores, labels):
    """Mean over a batch of minus the logarithm of the probability that the right class gets.

    scores (N, K) are any numbers, not probabilities, and may be as large as 10,000. labels (N,) are class
    indices. Returns one number, a tensor of shape ().
    """
    scores = scores - scores.amax(1, keepdim=True)  # changes no probability, and exp cannot overflow
    right = scores.gather(1, labels[:, None])[:, 0]  # (N,)
    return (scores.exp().sum(1).log() - right).mean()


def penalty(weights, l1=0.0, l2=0.0):
    """What large weights cost: l1 times the sum of their sizes, plus l2 / 2 times the sum of their squares.

    weights has any shape. Returns one number, a tensor of shape (), to be added to the loss.
    """
    return l1 * weights.abs().sum() + l2 / 2 * (weights**2).sum()


def dropout(x, p=0.5, training=True):
    """In training set each number to 0 with probability p, and scale the others so that the mean stays.

    x has any shape; each of its numbers is drawn for by itself, and anew at every call. Otherwise x stays as
    it is. Source: Srivastava and others (2014); scaled during training, as PyTorch does it.
    """
    if not training:
        return x
    kept = torch.rand_like(x) >= p
    return x * kept / (1 - p)


class BatchNorm(nn.Module):
    """Batch normalisation of feature maps (N, C, H, W): each channel is brought to mean 0 and variance 1.

    Then it is multiplied by a learned scale (from 1) and a learned shift (from 0) is added, (C,) each.
    In training, mean and (biased) variance are the batch's, and gradients flow through both. Running mean
    (from 0) and running unbiased variance (from 1), (C,) each, move towards the batch's by the share
    `momentum`; evaluation uses them. `epsilon` is added to the variance. Source: Ioffe and Szegedy (2015).
    """

    def __init__(self, channels, momentum=0.1, epsilon=1e-5):
        super().__init__()
        self.scale, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_variance", torch.ones(channels))
        self.momentum, self.epsilon = momentum, epsilon

    def forward(self, x):
        mean, variance = self.running_mean, self.running_variance
        if self.training:
            mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)  # (C,), over N, H, W
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_variance.lerp_(x.detach().var((0, 2, 3)), self.momentum)
        mean, variance, scale, shift = (
            part[:, None, None] for part in (mean, variance, self.scale, self.shift)
        )
        return (x - mean) / (variance + self.epsilon).sqrt() * scale + shift  # (N, C, H, W)
