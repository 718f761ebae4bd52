"""MBConv, the block of efficientnet.py: MobileNetV2's (arXiv:1801.04381) with squeeze-and-excitation."""

from torch import nn

from .senet import SqueezeExcitation


def conv_norm(inputs, outputs, kernel_size, norm, stride=1, groups=1):
    """A convolution that keeps H and W, or halves them, and its batch norm with the options `norm`."""
    convolution = nn.Conv2d(inputs, outputs, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs, **norm))


def conv_norm_silu(*args, **options):
    """The same and SiLU, which the paper calls swish-1."""
    return conv_norm(*args, **options).append(nn.SiLU(inplace=True))


def stochastic_depth(x, drop, training):
    """In training, replace each image's maps by zeros with probability `drop`, and scale up the others."""
    if not training or drop == 0:
        return x
    keep = x.new_empty(len(x), 1, 1, 1).bernoulli_(1 - drop)
    return x * (keep / (1 - drop))


class MBConv(nn.Module):
    """Expand by a 1×1, filter each channel, squeeze and excite, project by a 1×1 without activation."""

    def __init__(self, inputs, outputs, expansion, kernel_size, stride, norm, drop):
        super().__init__()
        wide = inputs * expansion
        expand = [conv_norm_silu(inputs, wide, 1, norm)] if expansion > 1 else []
        self.block = nn.Sequential(
            *expand,
            conv_norm_silu(wide, wide, kernel_size, norm, stride=stride, groups=wide),
            SqueezeExcitation(wide, inputs // 4, nn.SiLU),
            conv_norm(wide, outputs, 1, norm),
        )
        self.adds, self.drop = inputs == outputs and stride == 1, drop

    def forward(self, x):  # (N, inputs, H, W)
        out = self.block(x)  # (N, outputs, H/stride, W/stride)
        if self.adds:
            out = stochastic_depth(out, self.drop, self.training)
            out += x
        return out
