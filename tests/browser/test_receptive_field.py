"""ReceptiveField in Chromium: its arithmetic against torch, its picture without a kernel, in JupyterLab."""

import re
from functools import partial

import pytest
import torch
from torch import nn

from cnncourse.widgets import ReceptiveField
from cnncourse.widgets.receptive_field import STACKS
from tests.browser.pages import board, status


@pytest.fixture(scope="module")
def js(javascript):
    """js(expression, argument): with `m`, the arithmetic, and `it`, the argument."""
    return partial(javascript, "_receptive.js")


def ones(layers):
    convs = [nn.Conv2d(1, 1, k, s, p, d, bias=False) for k, s, p, d in layers]
    for conv in convs:
        nn.init.ones_(conv.weight)
    return nn.Sequential(*convs).double()


STACKS_AND_ODD = {**STACKS, "odd": [[4, 3, 1, 1], [2, 1, 0, 3]], "wide": [[7, 2, 3, 2], [3, 2, 4, 1]]}


@pytest.mark.parametrize("name", STACKS_AND_ODD)
def test_the_arithmetic_is_autograds(js, name):
    layers, size = STACKS_AND_ODD[name], [37, 32]
    network = ones(layers)
    image = torch.randn(1, 1, *size, dtype=torch.float64, requires_grad=True)
    output = network(image)
    rows, columns = output.shape[2:]
    assert js("it[1].map((n) => m.sizes(it[0], n).at(-1))", [layers, size]) == [rows, columns]
    for unit in ([0, 0], [rows // 2, columns // 2], [rows - 1, 0]):
        (grad,) = torch.autograd.grad(output[0, 0, unit[0], unit[1]], image, retain_graph=True)
        heat = "m.product(m.paths(it[0], it[1][0], it[2][0]), m.paths(it[0], it[1][1], it[2][1]))"
        found = js(f"Array.from({heat})", [layers, size, unit])
        torch.testing.assert_close(torch.tensor(found, dtype=torch.float64).view(size), grad[0, 0])
        widget = ReceptiveField(layers, size, unit=unit)
        boxes = js("it[1].map((u) => m.box(m.fields(it[0]).at(-1), u))", [layers, unit])
        assert [tuple(ends) for ends in boxes] == list(widget.box)
        field = "(() => { const f = m.fields(it[0]).at(-1); return { row: f, column: f }; })()"
        sides = js(f"m.core({heat}, it[1], {field}, it[2])", [layers, size, unit])
        assert tuple(sides) == widget.core


def test_what_is_said_is_what_python_reads(show):
    widget = ReceptiveField("three 3×3", 32)
    page = show(widget)
    (top, bottom), (left, right) = widget.box
    said = status(page)
    assert f"Unit [{widget.unit[0]}, {widget.unit[1]}] can see 7 × 7 pixels" in said
    assert f"rows {top} to {bottom} and columns {left} to {right}." in said
    assert f"95 % of the heat lies within {widget.core[0]} × {widget.core[1]} of them" in said
    cells = page.locator(".cnn-layers tbody tr").last.locator("td").all_inner_texts()
    assert cells[-4:] == ["32 × 32", "7 × 7", "1", "−3"]


def test_pixels_are_as_hot_as_torch_says(show):
    widget = ReceptiveField("dilation 2, 2, 2", 24)
    page = show(widget)
    pixels = page.locator("canvas").evaluate(
        "(c) => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
    )
    red = torch.tensor(pixels).view(24, 24, 4)[..., 0].double()
    heat = torch.from_numpy(widget.heat)
    torch.testing.assert_close(red, 255 - heat / heat.max() * 255 * 0.75, atol=1, rtol=0)
    assert (red == 255).sum() == 24 * 24 - 7 * 7, "every second pixel of the box stays cold"


def test_layers_can_be_edited_added_and_removed(show):
    page = show(ReceptiveField("two 3×3", 32))
    page.get_by_label("layer 2 kernel").fill("5")
    assert "can see 7 × 7 pixels" in status(page)
    page.get_by_label("layer 1 stride").fill("2")
    assert "can see 11 × 11 pixels" in status(page)
    page.get_by_label("layer 2 dilation").fill("2")
    assert "can see 19 × 19 pixels" in status(page)
    page.get_by_role("button", name="remove the last").click()
    assert "can see 3 × 3 pixels" in status(page)
    assert page.get_by_role("button", name="remove the last").is_disabled()
    page.get_by_role("button", name="add a layer").click()
    assert page.locator(".cnn-layers tbody tr").count() == 2
    assert "can see 7 × 7 pixels" in status(page)  # 3 + 2·2
    formulas = page.locator(".cnn-formula").all_inner_texts()
    assert formulas[0].endswith("= 3 + 1·(3 − 1)·2 = 7") and formulas[2].endswith("= 2·2 = 4")
    page.get_by_label("stack").select_option("one 7×7")
    assert "can see 7 × 7 pixels" in status(page)
    assert page.get_by_label("layer 1 padding").input_value() == "3"


def test_editing_keeps_the_eye_where_it_was(show):
    page = show(ReceptiveField("two 3×3", 33, unit=[16, 8]))
    page.get_by_label("layer 1 stride").fill("2")
    assert "Unit [8, 4]" in status(page)
    page.get_by_label("layer 1 stride").fill("1")
    assert "Unit [16, 8]" in status(page)
    page.get_by_label("input size").fill("40")
    assert "Unit [19, 19]" in status(page)


def test_keyboard_and_pointer_choose_the_unit(show):
    page = show(ReceptiveField("two 3×3", 32))
    board(page, "Last map").focus()
    for key in ("Home", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert "Unit [1, 2]" in status(page) and "Part of its box is padding" in status(page)
    page.keyboard.press("End")
    assert "Unit [31, 31]" in status(page)
    board(page, "Input").press("ArrowUp")
    assert "Unit [30, 31]" in status(page)
    rim = page.locator(".cnn-rim").bounding_box()
    page.mouse.click(rim["x"] + rim["width"] * 10.5 / 32, rim["y"] + rim["height"] * 20.5 / 32)
    assert "Unit [20, 10]" in status(page)
    map_box = page.locator(".cnn-map").bounding_box()
    page.mouse.click(map_box["x"] + map_box["width"] * 4.5 / 32, map_box["y"] + map_box["height"] * 9.5 / 32)
    assert "Unit [9, 4]" in status(page)


def test_a_stack_that_does_not_fit_says_where(show):
    page = show(ReceptiveField([[3, 1, 1, 1], [3, 1, 1, 1]], 8))
    page.get_by_label("layer 2 kernel").fill("15")
    assert "Layer 2 reaches over 15 rows, and only 10 are left" in status(page)
    assert page.locator(".cnn-layers tbody tr").last.locator("td").nth(4).inner_text() == "none"
    page.get_by_label("layer 2 padding").fill("7")
    assert "can see 17 × 17 pixels" in status(page)
    page.get_by_label("stack").select_option("two 3×3")
    page.get_by_label("layer 1 padding").fill("9")
    board(page, "Last map").press("Home")
    assert "No pixel of the input reaches it" in status(page)


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1))


def test_a_network_without_a_kernel_keeps_its_box(show):
    widget = ReceptiveField.of(net(), (3, 20, 20))
    page = show(widget)
    said = status(page)
    assert "Unit [4, 4] of Sequential can see 5 × 5 pixels: rows 6 to 10 and columns 6 to 10." in said
    assert f"95 % of the heat lies within {widget.core[0]} × {widget.core[1]}" in said
    assert page.locator(".cnn-layers").count() == 0
    board(page, "Last map").press("ArrowDown")
    assert "rows 8 to 12" in status(page) and "Its heat is measured by Python" in status(page)
    board(page, "Last map").press("ArrowUp")
    assert status(page) == said


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    stuck = ReceptiveField([15, 15, 15], 16)
    page = show(ReceptiveField(), stuck, ReceptiveField.of(net(), (3, 20, 20)), dark=dark)
    axe(page)


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(ReceptiveField("eight 3×3", 64), ReceptiveField("dilation 1, 2, 4", 96))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_is_labelled_and_keeps_its_keys(show):
    page = show(ReceptiveField("three 3×3"))
    focusable = page.locator(".cnn :is(input, select, [tabindex])")
    kept = focusable.evaluate_all("(all) => all.map((e) => e.dataset.lmSuppressShortcuts)")
    assert kept == ["true"] * 16  # twelve of the table, stack, input size, two boards
    assert re.search("Receptive field", page.locator(".cnn").get_attribute("aria-label"))


CELLS = [
    "import torch\nfrom torch import nn\nfrom cnncourse.widgets import ReceptiveField\ntorch.manual_seed(0);",
    "w = ReceptiveField('two 3×3', 32); w",
    "net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2, padding=1))\n"
    "v = ReceptiveField.of(net, (3, 20, 20)); v",
]


def test_the_kernel_reads_and_measures_what_the_learner_chose(run_notebook):
    book = run_notebook(CELLS)
    book.show(1)
    stack = book.page.locator(".cnn").first
    stack.get_by_label("layer 2 kernel").fill("7")
    book.wait_until("w.layers == [[3, 1, 1, 1], [7, 1, 1, 1]] and w.field[0][0] == 9")
    stack.locator(".cnn-board[aria-label^='Last map']").press("End")
    book.wait_until("w.unit == [27, 27]")
    book.show(2)
    network = book.page.locator(".cnn").nth(1)
    network.locator(".cnn-board[aria-label^='Last map']").press("Home")
    book.wait_until("v.unit == [0, 0] and v.gradient_unit == [0, 0]")
    network.get_by_text("95 % of the heat").wait_for()
    rim = network.locator(".cnn-rim").bounding_box()
    book.page.mouse.move(rim["x"] + 5, rim["y"] + 5)
    book.page.mouse.down()
    book.page.mouse.move(rim["x"] + rim["width"] - 3, rim["y"] + 5, steps=6)
    book.page.mouse.up()
    book.wait_until("v.unit == [0, 9] and v.gradient_unit == [0, 9]")
    network.get_by_text("95 % of the heat").wait_for()
