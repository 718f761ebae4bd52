"""Small chains of stages with a head, as the exercises of this chapter are asked about."""

from collections import OrderedDict

import torch
from torch import nn

from ... import models

NAMES = (("stage1", "stage2", "stage3"), ("stem", "middle", "top"), ("edges", "corners", "parts"))


def chain(draw, *widths, classes=3, dropout=False):
    """Stages of convolution, batch norm and ReLU, and a linear `head`; every number of it is drawn.

    (N, 1, H, W) gives (N, classes). dropout: at the end of each stage, and before the layer of the head.
    """
    names, parts = draw.choice(NAMES), OrderedDict()
    for name, inputs, outputs in zip(names, (1, *widths), widths, strict=False):
        parts[name] = stage(inputs, outputs, dropout)
    parts[name].extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
    head = nn.Linear(widths[-1], classes)
    parts["head"] = nn.Sequential(nn.Dropout(0.5), head) if dropout else head
    return drawn(nn.Sequential(parts), draw)


def stage(inputs, outputs, dropout):
    layers = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    return nn.Sequential(*layers, *[nn.Dropout(0.5)] * dropout)


def drawn(model, draw):
    """Give every parameter and running statistic numbers of its own."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(draw(*parameter.shape) * 0.5)
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.copy_(draw(layer.num_features))
                layer.running_var.copy_(draw.uniform(layer.num_features, low=0.5, high=2.0))
    return model


def letternet(draw):
    """The chapter's own network, narrow: its parts are attributes, so that it is not a list of layers."""
    return drawn(models.build("letternet", classes=3, width=0.25), draw)


def frozen(model, stages):
    """The same model, its first `stages` children frozen, the others learning."""
    for place, part in enumerate(model.children()):
        part.requires_grad_(place >= stages)
    return model
