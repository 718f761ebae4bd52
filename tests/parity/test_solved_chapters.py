"""The networks that a learner builds, taken from the solved chapters, against torchvision's.

What no peer has is built from one that is close, as in the other files here.
"""

import ast
from functools import cache
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import notebooks
from cnncourse.models.vgg import CONFIGS


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """solved("05").VGGFeatures: what a solved chapter's exercises define, the chapter itself not run."""
    folder = tmp_path_factory.mktemp("solved")

    @cache
    def definitions(number):
        (path,) = (path for path in notebooks.chapters() if path.name.startswith(number))
        (written,) = notebooks.solve(path, folder)
        notebook, found = notebooks.read(written), {"__name__": written.stem}
        for _, code in notebooks.code_cells(notebook):
            for statement in code.statements:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    exec(code.text(statement), found)
        for source in notebooks.answers(notebook).values():
            exec(source, found)
        return SimpleNamespace(**found)

    return definitions


def pictures(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


# ---- 05: LeNet-5, AlexNet, VGG


class LeNet(nn.Module):
    """LeNet-5's dense form in one expression; torchvision has none."""

    def __init__(self):
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.dense = nn.ModuleList([nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)])

    def forward(self, x):
        x = F.avg_pool2d(self.c3(F.avg_pool2d(self.c1(x).tanh(), 2)).tanh(), 2).flatten(1)
        c5, f6, output = self.dense
        return output(f6(c5(x).tanh()).tanh())


def test_lenet(solved, same_by_order):
    same_by_order(solved("05").LeNet5, LeNet, pictures(3, 1, 32, 32))


def alexnet_of_2012(torchvision):
    """torchvision's AlexNet with the paper's widths and groups, the response norms, and no padding at first.

    PyTorch's response norm multiplies the mean of five squares, the paper's their sum.
    """
    model = torchvision.models.alexnet()
    widths = iter([(3, 96, 1), (96, 256, 2), (256, 384, 1), (384, 384, 2), (384, 256, 2)])
    layers = []
    for layer in model.features:
        if isinstance(layer, nn.Conv2d):
            before, after, groups = next(widths)
            padding = layer.padding if before > 3 else 0
            layer = nn.Conv2d(before, after, layer.kernel_size, layer.stride, padding, groups=groups)
        if isinstance(layer, nn.MaxPool2d) and len(layers) <= 6:  # not the last
            layers.append(nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0))
        layers.append(layer)
    model.features = nn.Sequential(*layers)
    return model


def test_alexnet(solved, torchvision, same_by_order):
    """In evaluation only: torchvision has dropout before the dense layers, the paper after them."""
    chapter = solved("05")
    ours = lambda: nn.Sequential(chapter.AlexNetFeatures(), chapter.DenseHead(9216))  # noqa: E731
    same_by_order(ours, lambda: alexnet_of_2012(torchvision), 30 * pictures(2, 3, 227, 227), modes=(False,))


@pytest.mark.parametrize("column, peer", [("vgg_a", "vgg11"), ("vgg_d", "vgg16")])
def test_vgg(solved, torchvision, same_by_order, column, peer):
    """On 64 pixels, where torchvision's pooling to 7×7 stands between; on 224 it changes nothing."""
    chapter = solved("05")

    def ours():
        features = chapter.VGGFeatures(CONFIGS[column])
        return nn.Sequential(features, nn.AdaptiveAvgPool2d(7), chapter.DenseHead(512 * 7 * 7))

    same_by_order(ours, getattr(torchvision.models, peer), pictures(2, 3, 64, 64))
