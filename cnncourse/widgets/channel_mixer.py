"""ChannelMixer: what a convolution layer's weights are, as stacks, and how many."""

import traitlets as t

from ._explorer import Explorer, Whole

LARGEST = 512  # channels: the formula takes them all, the picture draws the first few


class ChannelMixer(Explorer):
    """Choose channels, kernel size and groups, and see the filters as stacks with their parameters counted.

    `in_channels`, `out_channels`, `kernel_size`, `groups` and `bias` are those of `torch.nn.Conv2d`.
    `groups` may be impossible: the picture then says why, and `parameters` is None. `filter` is the filter
    that the learner has picked, whose channels are marked.
    """

    STATE = ("in_channels", "out_channels", "kernel_size", "groups", "bias", "filter")

    in_channels = Whole(3, 1, LARGEST).tag(sync=True)
    out_channels = Whole(4, 1, LARGEST).tag(sync=True)
    kernel_size = Whole(3, 1, 11).tag(sync=True)
    groups = Whole(1, 1, LARGEST).tag(sync=True)
    bias = t.Bool(True).tag(sync=True)
    filter = Whole(0, 0, LARGEST - 1).tag(sync=True)

    @property
    def parameters(self):
        """Weights and biases of the layer, or None when `groups` does not divide both channel counts."""
        if self.in_channels % self.groups or self.out_channels % self.groups:
            return None
        weights = self.kernel_size**2 * (self.in_channels // self.groups) * self.out_channels
        return weights + self.bias * self.out_channels

    @t.validate("filter")
    def _existing(self, proposal):
        return min(proposal["value"], self.out_channels - 1)

    @t.observe("out_channels")
    def _keep_filter(self, change):
        self.filter = min(self.filter, self.out_channels - 1)
