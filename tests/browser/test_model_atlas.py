"""ModelAtlas in Chromium, from a file: keyboard, pointer, words, bars to scale, feature maps, axe."""

import pytest
import torch

from cnncourse import models
from cnncourse.widgets import ModelAtlas
from tests.browser.pages import status


def lenet():
    torch.manual_seed(0)
    return models.build("lenet5")


def test_the_keyboard_walks_through_the_layers(show):
    page = show(ModelAtlas("lenet5"))
    assert "Layer 1 of 7, c1, Conv2d: 6 × 28 × 28, 4,704 activations; 156 parameters (0.253 %)" in status(
        page
    )
    board = page.locator(".cnn-board")
    board.press("ArrowRight")
    board.press("ArrowRight")
    assert "Layer 3 of 7, c3" in status(page) and "sees 14 × 14 pixels" in status(page)
    assert "240,000 multiply-adds (57.6 %)" in status(page)
    board.press("End")
    assert "Layer 7 of 7, output, Linear: 10, 10 activations; 850 parameters" in status(page)
    assert "sees the whole picture" in status(page)
    board.press("ArrowRight")
    assert "Layer 7 of 7" in status(page)
    board.press("Home")
    assert "Layer 1 of 7" in status(page)


def test_a_click_chooses_a_layer(show):
    page = show(ModelAtlas("vgg_d"))
    box = page.locator("[data-layer='features.28'] rect").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "features.28, Conv2d: 512 × 14 × 14" in status(page)


def test_bars_and_sides_are_to_scale(show):
    atlas = ModelAtlas("vgg_d")
    page = show(atlas)
    for measure in ("parameters", "multiply-adds", "activations"):
        page.get_by_label("bars show").select_option(measure)
        heights = page.locator("[data-bar]").evaluate_all(
            "(all) => all.map((e) => Number(e.getAttribute('height')))"
        )
        expected = [row[measure] for row in atlas.rows]
        assert len(heights) == len(expected)
        scale = max(heights) / max(expected)
        assert all(abs(h - scale * value) < 0.01 for h, value in zip(heights, expected, strict=True))
    sides = page.locator("[data-layer]").evaluate_all(
        "(all) => all.map((e) => Number(e.firstChild.getAttribute('height')))"
    )
    maps = [row["shape"][1] for row in atlas.rows if len(row["shape"]) == 3]
    assert all(abs(sides[i] / sides[0] - max(2 / sides[0], n / maps[0])) < 0.01 for i, n in enumerate(maps))


def test_widths_are_the_number_of_maps(show):
    page = show(ModelAtlas("lenet5"))
    widths = page.locator("[data-layer]").evaluate_all(
        "(all) => all.map((e) => Number(e.firstChild.getAttribute('width')))"
    )
    assert all(abs(w / widths[2] - c / 16) < 0.01 for w, c in zip(widths, (6, 6, 16, 16), strict=False))


def test_another_network(show):
    page = show(ModelAtlas(["lenet5", "alexnet_2012"], layer=3))
    page.get_by_label("network").select_option("alexnet_2012")
    assert "Layer 1 of" in status(page) and "features.0, Conv2d: 96 × 55 × 55" in status(page)


def test_feature_maps_are_drawn(show):
    net, picture = lenet(), torch.rand(1, 32, 32)
    atlas = ModelAtlas(net, picture=picture)
    page = show(atlas)
    assert page.locator("canvas").count() == 6
    drawn = (
        page.locator("canvas")
        .nth(2)
        .evaluate("(c) => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)")
    )
    values = net.c1(picture[None])[0, 2].detach().flatten()
    colours = torch.tensor(drawn).reshape(-1, 4)
    strong = values.abs() > 0.3 * atlas.rows[0]["maps"]["largest"]
    warm = colours[:, 0] > colours[:, 2]  # orange: more red than blue
    assert strong.any() and torch.equal(warm[strong], values[strong] > 0)
    page.locator(".cnn-board").press("End")
    assert page.locator("canvas").count() == 0


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    page = show(ModelAtlas(), ModelAtlas(lenet(), picture=torch.rand(1, 32, 32)), dark=dark)
    axe(page)


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(ModelAtlas("vgg_e"), ModelAtlas(lenet(), picture=torch.rand(1, 32, 32)))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
