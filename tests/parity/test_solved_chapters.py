"""The networks that a learner builds, taken from the solved chapters, against torchvision's.

What no peer has is built from one that is close, as in the other files here.
"""

import ast
from functools import cache, partial
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator
from torch import nn

from cnncourse import notebooks
from cnncourse.models.googlenet import TABLE_1, Outputs
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


# ---- 06: ResNet


@pytest.mark.parametrize(
    "peer, blocks, bottleneck", [("resnet18", (2, 2, 2, 2), False), ("resnet50", (3, 4, 6, 3), True)]
)
def test_resnet(solved, torchvision, same_network, peer, blocks, bottleneck):
    """By torchvision's names, strictly, both ways."""
    ours = lambda: solved("06").ResNet(blocks, bottleneck, width=64, classes=1000)  # noqa: E731
    same_network(ours, getattr(torchvision.models, peer), side=64)


def test_resnet_with_public_weights(solved, torchvision):
    """A state dict of torchvision's, in the learner's network by the learner's function."""
    theirs = torchvision.models.resnet18().eval()
    images = pictures(2, 3, 64, 64)
    with torch.no_grad():
        expected = theirs(images)
    scores = solved("06").public_scores(theirs.state_dict(), images, (2, 2, 2, 2), bottleneck=False)
    torch.testing.assert_close(scores, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("at", [1, 2])
def test_bottleneck(solved, torchvision, same_network, at):
    """The paper's with the stride in the first convolution, torchvision's in the second."""

    def theirs():
        project = nn.Sequential(nn.Conv2d(3, 16, 1, 2, bias=False), nn.BatchNorm2d(16))
        block = torchvision.models.resnet.Bottleneck(3, 4, 2, project)
        if at == 1:
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
        return block

    same_network(lambda: solved("06").Bottleneck(3, 4, stride=2, stride_at=at), theirs, side=9)


# ---- 07: GoogLeNet


def googlenet_of_2014(torchvision):
    """torchvision's GoogLeNet with biases for batch norms, 5×5 kernels, the paper's poolings and dropout."""
    model = torchvision.models.googlenet(init_weights=False, aux_logits=True)
    five = {f"{name}.branch3.1" for name, _ in model.named_children() if name.startswith("inception")}
    for name, part in model.named_modules():
        if isinstance(part, type(model.conv1)):
            old, kernel = part.conv, 5 if name in five else part.conv.kernel_size[0]
            part.conv = nn.Conv2d(old.in_channels, old.out_channels, kernel, old.stride, kernel // 2)
            part.bn = nn.Identity()
    norm = nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)
    model.maxpool1, model.maxpool2 = nn.Sequential(model.maxpool1, norm), nn.Sequential(norm, model.maxpool2)
    model.maxpool4, model.dropout = nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout(0.4)
    model.aux1, model.aux2 = (nn.Sequential(nn.AvgPool2d(5, 3), aux) for aux in (model.aux1, model.aux2))
    return model


class Named(nn.Module):
    """A GoogLeNet whose outputs in training have names."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        scores = self.network(images)
        return Outputs(*scores) if self.training else scores


def test_googlenet(solved, torchvision, same_by_order):
    """Logits and, in training, both heads, dropout drawing the same numbers in both."""
    rows = list(TABLE_1.values())
    plan = [*rows[:2], "pool", rows[2], "aux", *rows[3:6], "aux", rows[6], "pool", *rows[7:]]
    ours = lambda: Named(solved("07").GoogLeNet(plan))  # noqa: E731
    same_by_order(ours, lambda: googlenet_of_2014(torchvision), pictures(2, 3, 224, 224))


# ---- 08: squeeze-and-excitation, dense and dual paths, MBConv, deformable convolution


def test_squeeze_and_excitation(solved, timm, same_by_order):
    """timm's `SEResNetBlock` bends the branch once more than the paper; its ResNet's block does not."""
    excite = partial(timm.layers.SEModule, rd_channels=2)
    theirs = lambda: timm.models.resnet.BasicBlock(32, 32, attn_layer=excite)  # noqa: E731
    same_by_order(lambda: solved("08").SEBasicBlock(32), theirs, pictures(2, 32, 9, 7))


def test_dense_block_and_transition(solved, torchvision, same_by_order):
    densenet, chapter = torchvision.models.densenet, solved("08")
    ours = lambda: nn.Sequential(chapter.DenseBlock(10, 6, layers=3), chapter.Transition(28))  # noqa: E731

    def theirs():
        block = densenet._DenseBlock(3, 10, bn_size=4, growth_rate=6, drop_rate=0)
        return nn.Sequential(block, densenet._Transition(28, 14))

    same_by_order(ours, theirs, pictures(3, 10, 8, 6))


def test_dual_path_block(solved, timm, same_by_order):
    """timm's with PyTorch's ε in the batch norms; the learner's block says nothing of another."""

    def theirs():
        block = timm.models.dpn.DualPathBlock(20, 12, 12, 8, 4, groups=3)
        for layer in (block.c1x1_a, block.c3x3_b, block.c1x1_c):
            layer.bn.eps = 1e-5
        return block

    ours = lambda: solved("08").DualPathBlock(20, 12, added=8, appended=4, groups=3)  # noqa: E731
    same_by_order(ours, theirs, pictures(3, 20, 7, 6))


@pytest.mark.parametrize("outputs, expansion, kernel, stride", [(8, 6, 3, 1), (16, 4, 5, 2), (8, 1, 3, 1)])
def test_mbconv(solved, torchvision, same_by_order, outputs, expansion, kernel, stride):
    def theirs():
        efficientnet = torchvision.models.efficientnet
        config = efficientnet.MBConvConfig(expansion, kernel, stride, 8, outputs, 1)
        return efficientnet.MBConv(config, 0.0, nn.BatchNorm2d)

    ours = lambda: solved("08").MBConv(8, outputs, expansion, kernel, stride)  # noqa: E731
    same_by_order(ours, theirs, pictures(3, 8, 9, 7))


def test_deformable_convolution(solved):
    """Against onnx's evaluator, for torchvision's operator needs its own build; it rounds to 2e-6."""
    x, kernel = pictures(5, 7), pictures(3, 3)
    offset, mask = 2 * pictures(18, 5, 7), pictures(9, 5, 7).sigmoid()
    given = {"x": x[None, None], "w": kernel[None, None], "o": offset[None], "m": mask[None]}
    floats = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT)
    inputs = [floats(name, shape=tensor.shape) for name, tensor in given.items()]
    node = helper.make_node("DeformConv", ["x", "w", "o", "", "m"], ["y"], pads=[1, 1, 1, 1])
    graph = helper.make_graph([node], "deform", inputs, [floats("y", shape=None)])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)])
    (expected,) = ReferenceEvaluator(model).run(None, {name: t.numpy() for name, t in given.items()})
    ours = solved("08").deform_conv(x, kernel, offset, mask)
    torch.testing.assert_close(ours, torch.tensor(expected)[0, 0], rtol=1e-5, atol=1e-5)
