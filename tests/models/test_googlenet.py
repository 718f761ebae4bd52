"""GoogLeNet: Table 1, its module, its auxiliary heads, and what torchvision's form changes."""

import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.models._inception import Inception
from cnncourse.models.googlenet import TABLE_1, Outputs

OUTPUT = [256, 480, 512, 512, 512, 528, 832, 832, 1024]  # Table 1's column "output size"


def make(name="googlenet_2014", **options):
    torch.manual_seed(0)
    return models.build(name, **options)


def test_the_network_without_its_heads_has_6998552_parameters():
    with torch.device("meta"):
        alone, with_heads = make(aux=False), make()
    assert sum(p.numel() for p in alone.parameters()) == 6_998_552
    assert sum(p.numel() for p in with_heads.parameters()) == 13_378_280
    extra = set(with_heads.state_dict()) - set(alone.state_dict())
    assert len(extra) == 2 * 3 * 2  # two heads of three layers, a weight and a bias each
    assert all(name.startswith(("aux1.", "aux2.")) for name in extra)


def test_the_modules_widths_are_the_tables(on_meta):
    model = on_meta("googlenet_2014")
    assert [model.get_submodule(name).maps for name in TABLE_1] == OUTPUT
    received = [model.get_submodule(name).branch1.conv.in_channels for name in TABLE_1]
    assert received == [192, *OUTPUT[:-1]]


def test_22_layers_with_weights_on_the_way_through(on_meta):
    model = on_meta("googlenet_2014")
    convolutions = 3 + 2 * sum(isinstance(module, Inception) for module in model.children())
    assert convolutions + isinstance(model.fc, nn.Linear) == 22


def test_a_module_is_four_branches_side_by_side():
    torch.manual_seed(0)
    module, x = Inception(6, (2, 3, 4, 5, 6, 7), five=5, batch_norm=False), torch.randn(2, 6, 9, 8)
    w = module.state_dict()
    conv = lambda x, n: torch.relu(  # noqa: E731
        nn.functional.conv2d(x, w[f"{n}.conv.weight"], w[f"{n}.conv.bias"], padding="same")
    )
    expected = [
        conv(x, "branch1"),
        conv(conv(x, "branch2.0"), "branch2.1"),
        conv(conv(x, "branch3.0"), "branch3.1"),
        conv(nn.functional.max_pool2d(x, 3, 1, 1), "branch4.1"),
    ]
    assert w["branch3.1.conv.weight"].shape == (6, 5, 5, 5)
    assert module.maps == 2 + 4 + 6 + 7
    torch.testing.assert_close(module(x), torch.cat(expected, 1), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["googlenet_2014", "googlenet"])
def test_heads_answer_in_training_only(name):
    model, x = make(name, width=1 / 8, classes=5), torch.randn(2, 3, 64, 64)
    answer = model(x)
    assert isinstance(answer, Outputs)
    assert [tuple(logits.shape) for logits in answer] == [(2, 5)] * 3
    assert model.eval()(x).shape == (2, 5)
    assert make(name, width=1 / 8, classes=5, aux=False)(x).shape == (2, 5)


def test_the_lower_head_listens_to_4a_and_the_upper_to_4d():
    model, x = make(width=1 / 8), torch.randn(1, 3, 64, 64)
    reached = lambda part: any(p.grad is not None and p.grad.any() for p in part.parameters())  # noqa: E731
    model(x).aux1.sum().backward()
    assert reached(model.inception4a)
    assert not reached(model.inception4b)
    model(x).aux2.sum().backward()
    assert reached(model.inception4d)
    assert not reached(model.inception4e)


def test_the_papers_form_has_biases_normalises_responses_and_drops_more(on_meta):
    paper, vision = on_meta("googlenet_2014"), on_meta("googlenet")
    assert not any(isinstance(m, nn.BatchNorm2d) for m in paper.modules())
    assert isinstance(paper.norm, nn.LocalResponseNorm)
    assert (paper.dropout.p, vision.dropout.p, paper.aux1.dropout.p) == (0.4, 0.2, 0.7)
    kernels = [m.branch3[1].conv.kernel_size for m in paper.children() if isinstance(m, Inception)]
    assert kernels == [(5, 5)] * 9
    assert vision.inception3a.branch3[1].conv.kernel_size == (3, 3)
    assert (paper.maxpool4.kernel_size, vision.maxpool4.kernel_size) == (3, 2)


def test_responses_are_normalised_after_pool_1_and_before_pool_2(on_meta):
    seen, norm = [], on_meta("googlenet_2014").norm
    hook = norm.register_forward_hook(lambda _, inputs, __: seen.append(tuple(inputs[0].shape[1:])))
    on_meta("googlenet_2014")(torch.empty(1, 3, 224, 224, device="meta"))
    hook.remove()
    assert seen == [(64, 56, 56), (192, 56, 56)]  # Figure 3


@pytest.mark.parametrize("name, smallest", [("googlenet_2014", 31), ("googlenet", 15)])
def test_the_smallest_image(name, smallest, on_meta):
    assert on_meta(name)(torch.empty(1, 3, smallest, smallest, device="meta")).shape == (1, 1000)
    with pytest.raises(ValueError, match=f"at least {smallest}, and got"):
        on_meta(name)(torch.empty(1, 3, smallest - 1, smallest, device="meta"))


def test_a_signal_survives_to_the_heads_at_the_start():
    """Thirteen or more ReLU layers without batch norm: the start must keep the scale."""
    spread = make(width=1 / 4)(torch.randn(8, 3, 96, 96)).logits.std().item()
    assert 0.05 < spread < 50
