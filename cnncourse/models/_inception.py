"""The parts of GoogLeNet under torchvision's names: convolution, inception module, auxiliary head."""

from functools import partial

import torch
from torch import nn

from ._card import narrow


class Convolution(nn.Module):
    """A convolution and its ReLU; with batch normalisation between them, it has no bias."""

    def __init__(self, in_channels, maps, kernel, batch_norm, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, maps, kernel, stride, padding=kernel // 2, bias=not batch_norm)
        self.bn = nn.BatchNorm2d(maps, eps=0.001) if batch_norm else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class Inception(nn.Module):
    """Four branches side by side (Figure 2b); (N, in_channels, H, W) to (N, the sum of their maps, H, W)."""

    def __init__(self, in_channels, row, five, batch_norm):
        super().__init__()
        one, reduce3, three, reduce5, five_maps, pool = row
        conv = partial(Convolution, batch_norm=batch_norm)
        self.branch1 = conv(in_channels, one, 1)
        self.branch2 = nn.Sequential(conv(in_channels, reduce3, 1), conv(reduce3, three, 3))
        self.branch3 = nn.Sequential(conv(in_channels, reduce5, 1), conv(reduce5, five_maps, five))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), conv(in_channels, pool, 1))
        self.maps = one + three + five_maps + pool

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], dim=1)


class AuxiliaryHead(nn.Module):
    """A small classifier on maps of the middle (section 5); (N, in_channels, 14, 14) to (N, classes)."""

    def __init__(self, in_channels, classes, width, batch_norm):
        super().__init__()
        maps, hidden = narrow(128, width), narrow(1024, width)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = Convolution(in_channels, maps, 1, batch_norm)
        self.fc1 = nn.Linear(maps * 4 * 4, hidden)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x):
        x = self.conv(self.pool(x))  # (N, 128, 4, 4)
        x = self.relu(self.fc1(x.flatten(1)))  # (N, 1024)
        return self.fc2(self.dropout(x))
