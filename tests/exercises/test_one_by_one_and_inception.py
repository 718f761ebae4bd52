"""Chapter 07's references are the library's networks: equal numbers in, equal numbers out."""

import pytest
import torch

from cnncourse import models
from cnncourse.exercises import EXERCISES
from cnncourse.models._inception import Inception
from cnncourse.models.googlenet import TABLE_1
from cnncourse.models.nin import mlpconv

ROWS = list(TABLE_1.values())
PLAN = [*ROWS[:2], "pool", ROWS[2], "aux", *ROWS[3:6], "aux", ROWS[6], "pool", *ROWS[7:]]


def by_shape(module):
    """Give tensors of one shape equal numbers, whatever they are called."""
    with torch.no_grad():
        for parameter in module.parameters():
            seed = sum(n * 31**i for i, n in enumerate(parameter.shape, start=1))
            numbers = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed))
            parameter.copy_(numbers * (2 / max(1, parameter[0].numel())) ** 0.5)
    return module.eval()


def narrowed(row):
    return tuple(max(2, 2 * round(width / 16)) for width in row)


def test_an_inception_module_is_the_librarys():
    row, x = (3, 4, 5, 2, 6, 7), torch.randn(2, 8, 7, 6, generator=torch.Generator().manual_seed(0))
    ours = by_shape(EXERCISES["Inception"].reference(8, row))
    theirs = by_shape(Inception(8, row, five=5, batch_norm=False))
    torch.testing.assert_close(ours(x), theirs(x))


def test_an_mlpconv_layer_is_the_librarys():
    x = torch.randn(2, 3, 7, 6, generator=torch.Generator().manual_seed(0))
    ours = by_shape(EXERCISES["MLPConv"].reference(3, 5, (4, 5, 6)))
    theirs = by_shape(torch.nn.Sequential(*mlpconv(3, 5, 1, 2, (4, 5, 6))))
    torch.testing.assert_close(ours(x), theirs(x))


@pytest.mark.parametrize("name, same", [("googlenet_2014", True), ("googlenet", False)])
def test_googlenet_is_the_papers_and_not_torchvisions(name, same):
    plan = [narrowed(part) if isinstance(part, tuple) else part for part in PLAN if part != "aux"]
    ours = by_shape(EXERCISES["GoogLeNet"].reference(plan, stem=narrowed((64, 64, 192))))
    theirs = by_shape(models.build(name, width=1 / 8, aux=False))
    x = torch.randn(1, 3, 96, 80, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(ours(x), theirs(x), rtol=1e-3, atol=1e-4) == same


def test_googlenet_has_the_papers_number_of_parameters():
    with torch.device("meta"):
        net = EXERCISES["GoogLeNet"].reference(PLAN)
        alone = EXERCISES["GoogLeNet"].reference([part for part in PLAN if part != "aux"])
    assert sum(p.numel() for p in net.parameters()) == 13_378_280
    assert sum(p.numel() for p in alone.parameters()) == 6_998_552
