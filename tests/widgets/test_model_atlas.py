"""ModelAtlas, its Python side: rows against the cards and the model, maps against the layers' outputs."""

import numpy as np
import pytest
import torch
from torch import nn

from cnncourse import models
from cnncourse.widgets import ModelAtlas

NAMES = ("lenet5", "alexnet_2012", "alexnet_one_tower", "vgg_a", "vgg_d", "resnet18")


@pytest.mark.parametrize("name", NAMES)
def test_rows_add_up_to_the_card(name):
    rows, card = ModelAtlas(name).rows, models.CARDS[name]
    assert sum(row["parameters"] for row in rows) == card.params
    assert sum(row["multiply-adds"] for row in rows) == card.macs
    shown = {row["name"]: tuple(row["shape"]) for row in rows}
    assert all(shape == card.stages[layer] for layer, shape in shown.items() if layer in card.stages)
    assert set(shown) & set(card.stages)
    assert all(row["activations"] == np.prod(row["shape"]) for row in rows)


def test_what_a_value_sees():
    rows = {row["name"]: row["sees"] for row in ModelAtlas("lenet5").rows}
    assert rows == {
        "c1": [5, 5], "s2": [6, 6], "c3": [14, 14], "s4": [16, 16], "c5": [], "f6": [], "output": [],
    }  # fmt: skip


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 5, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(320, 2)
    )


def test_maps_are_the_layers_outputs():
    net, picture = network(), torch.rand(3, 18, 18)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    atlas = ModelAtlas(net, picture=picture)
    assert [row["name"] for row in atlas.rows] == ["0", "2", "4"]
    maps = atlas.rows[0]["maps"]
    expected = net[0](picture[None])[0].detach()
    values = np.frombuffer(atlas.pixels, np.uint8)[maps["at"] :][: expected.numel()].reshape(expected.shape)
    largest = expected.abs().max()
    torch.testing.assert_close(maps["largest"], float(largest))
    found = (torch.from_numpy(values.astype(np.float32)) - 128) / 127 * largest
    assert (found - expected).abs().max() <= largest / 127 and (expected < 0).any()
    assert "maps" not in atlas.rows[2]
    assert net.training and not net[0]._forward_hooks
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_large_maps_are_reduced_and_many_left_out():
    net = nn.Sequential(nn.Conv2d(3, 20, 3, padding=1))
    maps = ModelAtlas(net, picture=torch.rand(3, 60, 90)).rows[0]["maps"]
    assert maps["count"] == 12 and maps["size"] == [27, 40]


def test_several_networks_and_their_titles():
    atlas = ModelAtlas({"small": network(), "LeNet-5": "lenet5"}, size=(3, 18, 18), layer=2)
    assert [entry["title"] for entry in atlas.atlas] == ["small", "LeNet-5"]
    assert atlas.atlas[1]["input"] == [1, 32, 32] and atlas.layer == 2
    atlas.network = 9
    assert atlas.network == 1
    atlas.layer = 99
    assert atlas.layer == 6 and repr(atlas) == "ModelAtlas(network=1, layer=6, measure='parameters')"
    atlas.network = 0
    assert atlas.layer == 2


def test_a_functional_layer_is_no_row_of_its_own_without_cost():
    assert [row["name"] for row in ModelAtlas(models.build("lenet5"), size=(1, 32, 32)).rows][-1] == "output"


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: ModelAtlas(network()), ValueError, "Which pictures does Sequential take"),
        (lambda: ModelAtlas("lenet55"), ValueError, "Did you mean lenet5"),
        (lambda: ModelAtlas([]), ValueError, "no network to show"),
        (lambda: ModelAtlas("lenet5", layers=2), TypeError, "Did you mean 'layer'"),
        (lambda: ModelAtlas("lenet5", atlas=[]), TypeError, "from `networks`"),
    ],
)
def test_what_is_wrong_is_said(make, error, message):
    with pytest.raises(error, match=message):
        make()
