"""DPN: Chen, Li, Xiao, Jin, Yan & Feng, "Dual Path Networks", NeurIPS 2017, arXiv:1707.01629.

    Table 1       output     DPN-92 (32×3d)                        DPN-98 (40×4d)
    conv1         112×112    7×7, 64, stride 2                     7×7, 96, stride 2
    conv2          56×56     3×3 max pool, stride 2                3×3 max pool, stride 2
                             [1×1, 96; 3×3, 96, G=32;              [1×1, 160; 3×3, 160, G=40;
                              1×1, 256 (+16)]×3                     1×1, 256 (+16)]×3
    conv3          28×28     [192; 192; 512 (+32)]×4               [320; 320; 512 (+32)]×6
    conv4          14×14     [384; 384; 1024 (+24)]×20             [640; 640; 1024 (+32)]×20
    conv5           7×7      [768; 768; 2048 (+128)]×3             [1280; 1280; 2048 (+128)]×3
                    1×1      average pool, 1000-d fc, softmax

Two paths share every block: of what its last 1×1 gives, 256 maps are *added* to the residual path, as in
ResNet, and (+16) *appended* to the dense path, as in DenseNet. The first block of a stage projects its input
to 256 + 2·16 maps. The 3×3 has G groups, as in ResNeXt. Each convolution but the first follows BN and ReLU.

DPN-68 and DPN-131 are those of the authors' code, github.com/cypw/DPNs. Parameters have timm's names.
`width` multiplies all channels, those of a 3×3 by having fewer groups: narrow twins, not in the paper.
"""

import torch
from torch import nn
from torch.nn import functional as F

from ._card import Card, check_images, find, narrow
from ._residual import conv, initialise, named

CONFIGS = {  # conv1           G × d    added  blocks         appended, conv2 … conv5
    "dpn68":  (("3×3", 10),  (32, 4),  64,  (3, 4, 12, 3), (16, 32, 32, 64)),
    "dpn92":  (("7×7", 64),  (32, 3), 256,  (3, 4, 20, 3), (16, 32, 24, 128)),
    "dpn98":  (("7×7", 96),  (40, 4), 256,  (3, 6, 20, 3), (16, 32, 32, 128)),
    "dpn131": (("7×7", 128), (40, 4), 256,  (4, 8, 28, 3), (16, 32, 32, 128)),
}  # fmt: skip


def batch_norm(channels):
    """The authors' framework adds .001 to the variance, PyTorch's default is .00001."""
    return nn.BatchNorm2d(channels, eps=0.001)


def bn_relu_conv(inputs, outputs, kernel_size, stride=1, groups=1):
    """Pre-activation, as in ResNet v2 and DenseNet."""
    relu = nn.ReLU(inplace=True)
    return named(bn=batch_norm(inputs), relu=relu, conv=conv(inputs, outputs, kernel_size, stride, groups))


class DualPathBlock(nn.Module):
    """Add to the first `added` maps, append `appended` more: (N, C, H, W) to (N, C + appended, H, W).

    Where a stage begins, a projection first makes C = added + 2·appended, and stride may halve H and W.
    """

    def __init__(self, inputs, middle, added, appended, groups, stride=1, project=False):
        super().__init__()
        self.added = added
        projection = bn_relu_conv(inputs, added + 2 * appended, 1, stride) if project else nn.Identity()
        self.c1x1_w_s1 = projection if stride == 1 else nn.Identity()  # published weights have either name
        self.c1x1_w_s2 = projection if stride == 2 else nn.Identity()
        self.c1x1_a = bn_relu_conv(inputs, middle, 1)
        self.c3x3_b = bn_relu_conv(middle, middle, 3, stride, groups)
        self.c1x1_c = bn_relu_conv(middle, added + appended, 1)

    def forward(self, x):
        residual, dense = self.c1x1_w_s2(self.c1x1_w_s1(x)).tensor_split([self.added], dim=1)
        change, new = self.c1x1_c(self.c3x3_b(self.c1x1_a(x))).tensor_split([self.added], dim=1)
        return torch.cat([residual + change, dense, new], dim=1)


class DPN(nn.Module):
    """Logits (N, classes) for images (N, in_channels, H, W)."""

    def __init__(self, first, group, added, blocks, appended, classes=1000, in_channels=3, width=1):
        super().__init__()
        self.in_channels, maps = in_channels, narrow(first[1], width)
        groups, added = max(1, round(group[0] * width)), narrow(added, width)
        stem = conv(in_channels, maps, 7 if first[0] == "7×7" else 3, stride=2)
        stem = named(conv=stem, bn=batch_norm(maps), relu=nn.ReLU(inplace=True))
        self.features = named(conv1_1=stem, conv1_pool=nn.MaxPool2d(3, stride=2, padding=1))
        for i, (count, new) in enumerate(zip(blocks, appended, strict=True)):
            shape = (groups * group[1] << i, added << i, narrow(new, width), groups)
            for j in range(count):
                stride = 2 if i > 0 and j == 0 else 1
                block = DualPathBlock(maps, *shape, stride, project=j == 0)
                self.features.add_module(f"conv{i + 2}_{j + 1}", block)
                maps = (added << i) + (3 + j) * narrow(new, width)
        self.features.add_module("conv5_bn_ac", named(bn=batch_norm(maps), relu=nn.ReLU(inplace=True)))
        self.classifier = nn.Conv2d(maps, classes, 1)  # a dense layer that would also take a larger map
        self.apply(initialise)

    def forward(self, x):
        check_images(x, self.in_channels)  # (N, 3, 224, 224)
        x = self.features(x)  # (N, 2688, 7, 7) in dpn92
        return self.classifier(F.adaptive_avg_pool2d(x, 1)).flatten(1)  # (N, 1000)


def build(name, **options):
    """Build a DPN untrained; options: classes=1000, in_channels=3, width=1."""
    return DPN(*find(name, CONFIGS), **options)


def _stages(stem, *last):
    """conv2 … conv5 by the maps and the name of their last block; each halves height and width."""
    sizes = {f"features.conv{i + 2}_{n}": (maps, 56 >> i, 56 >> i) for i, (maps, n) in enumerate(last)}
    return {"features.conv1_1": (stem, 112, 112), **sizes, "features.conv5_bn_ac": (last[-1][0], 7, 7)}


IMAGE, VAL = (3, 224, 224), "ILSVRC-12 val, one crop:"
SOURCE = "Chen et al. 2017, arXiv:1707.01629; the error is github.com/cypw/DPNs'"
CARDS = {
    "dpn68":  Card(12_611_602,  2_326_163_456, IMAGE, f"{VAL} 23.57/6.93 %", SOURCE,
                   _stages(10, (144, 3), (320, 4), (704, 12), (832, 3))),
    "dpn92":  Card(37_668_392,  6_501_684_224, IMAGE, f"{VAL} 20.73/5.37 %", SOURCE,
                   _stages(64, (336, 3), (704, 4), (1552, 20), (2688, 3))),
    "dpn98":  Card(61_570_728, 11_671_217_152, IMAGE, f"{VAL} 20.15/5.15 %", SOURCE,
                   _stages(96, (336, 3), (768, 6), (1728, 20), (2688, 3))),
    "dpn131": Card(79_254_504, 16_013_648_896, IMAGE, f"{VAL} 19.93/5.12 %", SOURCE,
                   _stages(128, (352, 4), (832, 8), (1984, 28), (2688, 3))),
}  # fmt: skip
