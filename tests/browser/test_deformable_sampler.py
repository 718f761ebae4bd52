"""DeformableSampler in Chromium: arithmetic against torch, picture without a kernel, in JupyterLab."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from cnncourse._numbers import text
from cnncourse.models.deformable import bilinear, deform_conv2d
from cnncourse.widgets import DeformableSampler
from tests.browser.pages import board, numbers, status, written


@pytest.fixture(scope="module")
def js(javascript):
    """js(expression, argument): with `m`, the arithmetic, and `it`, the argument."""
    return partial(javascript, "_deform.js")


# ---- the arithmetic


def cases():
    """Images, kernels, offsets and masks; whole and halved offsets among them, and far ones."""
    generator = torch.Generator().manual_seed(0)
    for at, (shape, scale) in enumerate(
        [((5, 7), 0.0), ((6, 4), 1.0), ((1, 3), 2.0), ((8, 8), 4.0), ((4, 4), 1.5)]
    ):
        numbers = partial(torch.randn, generator=generator, dtype=torch.float64)
        offsets = scale * numbers(9, 2)
        offsets[0], offsets[1] = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 0.0])
        masks = torch.rand(9, generator=generator, dtype=torch.float64)
        yield numbers(*shape), numbers(3, 3), offsets * (scale > 0), at % 2 == 1, masks


def by_torch(image, kernel, offsets, modulated, masks):
    size = (1, -1, *image.shape)
    offset, mask = (given.reshape(1, -1, 1, 1).expand(size) for given in (offsets, masks))
    mask = mask if modulated else None
    return deform_conv2d(image[None, None], offset, kernel[None, None], mask=mask, padding=1)[0, 0]


def asked(image, kernel, offsets, modulated, masks):
    given = {"image": image, "kernel": kernel, "offsets": offsets, "masks": masks}
    return {name: tensor.tolist() for name, tensor in given.items()} | {"modulated": modulated}


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: "x".join(map(str, case[0].shape)))
def test_the_response_is_the_librarys(js, case):
    found = torch.tensor(js("m.output(it)", asked(*case)), dtype=torch.float64)
    torch.testing.assert_close(found, by_torch(*case))
    rigid = torch.tensor(js("m.output(m.rigid(it))", asked(*case)), dtype=torch.float64)
    torch.testing.assert_close(rigid, F.conv2d(case[0][None, None], case[1][None, None], padding=1)[0, 0])


def test_between_the_pixels_it_reads_as_the_library(js):
    image = torch.randn(4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    places = [[0.25, 1.5], [3.0, 5.0], [-0.5, 2.25], [3.75, -0.75], [-2.0, 1.0], [1.0, 6.5], [2.0, 3.5]]
    found = js("it[1].map((p) => m.bilinear(it[0], ...p))", [image.tolist(), places])
    at = torch.tensor(places, dtype=torch.float64)
    expected = bilinear(image[None, None], at[None, :, 0], at[None, :, 1])[0, :, 0]
    torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), expected)
    shares = torch.tensor(
        js("it[1].map((p) => m.corners(it[0], ...p).map((c) => c.weight))", [image.tolist(), places])
    )
    torch.testing.assert_close(shares.sum(1), torch.ones(len(places)))
    assert (shares >= 0).all()


def test_the_nearest_tap_is_the_one_that_is_held(js):
    case = asked(torch.ones(6, 6), torch.ones(3, 3), torch.zeros(9, 2), False, torch.ones(9))
    case["offsets"][4] = [2.0, 2.0]
    near = js("[m.nearest(it, [2, 2], 1.1, 0.9), m.nearest(it, [2, 2], 3.8, 4.1)]", case)
    assert near == [0, 4]


# ---- the picture


def bent():
    """Offsets of all kinds, on a picture with a stroke."""
    offsets = [
        [0.5, -0.25],
        [1, 0],
        [0, 2.5],
        [-1.5, 0.75],
        [0, 0],
        [0.25, 0.25],
        [-0.5, -3],
        [2, 1],
        [0.1, -0.2],
    ]
    return {
        "image": "digit",
        "kernel": "Sobel",
        "offsets": offsets,
        "masks": [k / 8 for k in range(9)],
        "tap": 2,
    }


@pytest.mark.parametrize("modulated", [False, True], ids=["v1", "v2"])
def test_every_drawn_number_is_torchs(show, modulated):
    widget = DeformableSampler(**bent(), modulated=modulated, cell=[4, 3])
    page = show(widget)
    assert numbers(board(page, "Response")) == written(widget.output)
    image = F.pad(torch.tensor(widget.image), (1, 1, 1, 1))
    assert numbers(board(page, "Image")) == written(image)
    at = torch.tensor(widget.points, dtype=torch.float64)
    read = bilinear(
        torch.tensor(widget.image, dtype=torch.float64)[None, None], at[None, :, 0], at[None, :, 1]
    )
    masks = torch.tensor(widget.masks) if modulated else torch.ones(9)
    products = read[0, :, 0] * torch.tensor(widget.kernel).flatten() * masks
    drawn = page.locator("[data-product]").evaluate_all("(all) => all.map((d) => Number(d.dataset.product))")
    assert drawn == pytest.approx(products.tolist(), abs=1e-9)
    total = float(page.locator("[data-sum]").get_attribute("data-sum"))
    assert total == pytest.approx(widget.response, abs=1e-9) == pytest.approx(products.sum().item(), abs=1e-9)
    assert float(page.locator("[data-value]").get_attribute("data-value")) == pytest.approx(
        read[0, 2, 0].item()
    )
    places = page.locator("[data-tap]").evaluate_all(
        "(all) => all.map((g) => [Number(g.dataset.tap), ...g.dataset.place.split(',').map(Number)])"
    )
    for n, row, column in places:
        assert (row, column) == pytest.approx(widget.points[n], abs=1e-9)
    plain = F.conv2d(
        torch.tensor(widget.image)[None, None], torch.tensor(widget.kernel)[None, None], padding=1
    )
    assert float(page.locator("[data-rigid]").get_attribute("data-rigid")) == pytest.approx(
        plain[0, 0, 4, 3].item()
    )


def test_arrow_keys_move_the_chosen_point(show):
    page = show(DeformableSampler(image="ramp", cell=[3, 3]))
    board(page, "Image").focus()
    for key in ("6", "ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    assert status(page).startswith("Tap 6 reads 4.5 at row 3.25, column 4.5")
    assert page.get_by_label("sampling point", exact=True).input_value() == "6: right"
    assert page.get_by_label("its offset right").input_value() == "0.5"
    page.keyboard.press("Home")
    assert status(page).startswith("Tap 6 reads 4 at row 3, column 4")
    board(page, "Response").press("End")
    assert "The response at [6, 6]" in status(page)
    board(page, "Response").press("ArrowUp")
    assert "The response at [5, 6]" in status(page)


def test_a_drag_moves_the_nearest_point(show):
    page = show(DeformableSampler(image="ramp", cell=[3, 3]))
    box = page.locator("[data-tap='0'] circle").last.bounding_box()
    cell = page.locator(".cnn-board[aria-label^='Image'] [data-cell='0,0'] rect").first.bounding_box()[
        "width"
    ]
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 1.5 * cell, y - cell, steps=8)
    page.mouse.up()
    assert float(page.get_by_label("its offset right").input_value()) == pytest.approx(1.5, abs=0.06)
    assert float(page.get_by_label("its offset down").input_value()) == pytest.approx(-1, abs=0.06)
    assert status(page).startswith("Tap 1 reads")


def test_controls_modulate_and_reset(show):
    page = show(DeformableSampler(image="ramp", kernel="identity", cell=[3, 3]))
    assert page.get_by_label("its mask").is_hidden()
    page.get_by_label("sampling point", exact=True).select_option("5: middle")
    page.get_by_label("its offset right").fill("-0.5")
    assert "The response at [3, 3] is 2.5; on the rigid grid it is 3." in status(page)
    page.get_by_label("modulated (v2)").check()
    page.get_by_label("its mask").fill("0.5")
    assert "The response at [3, 3] is 1.25; on the rigid grid it is 3." in status(page)
    page.get_by_role("button", name="reset the grid").click()
    assert "The response at [3, 3] is 3; on the rigid grid it is 3." in status(page)
    assert page.get_by_label("its mask").input_value() == "1"
    page.get_by_label("image", exact=True).select_option("digit")
    page.get_by_label("kernel", exact=True).select_option("blur")
    assert page.locator(".cnn-board[aria-label^='Response'] [data-cell]").count() == 64


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    axe(show(DeformableSampler(), DeformableSampler(**bent(), modulated=True), dark=dark))


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(DeformableSampler(image="digit"), DeformableSampler(image=torch.rand(12, 12)))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_kernel_reads_what_the_learner_did(run_notebook):
    book = run_notebook(
        [
            "from cnncourse.widgets import DeformableSampler",
            "w = DeformableSampler(image='ramp', cell=[3, 3]); w",
        ]
    )
    book.show(1)
    image = book.page.locator(".cnn-board[aria-label^='Image']")
    image.focus()
    for key in ("3", "ArrowUp", "ArrowLeft", "ArrowLeft"):
        book.page.keyboard.press(key)
    book.wait_until("w.tap == 2 and w.offsets[2] == [-0.25, -0.5]")
    assert image.evaluate("(board) => document.activeElement === board"), "Jupyter did not take the keys"
    book.page.get_by_label("modulated (v2)").check()
    book.wait_until("w.modulated")
    said = status(book.page)
    assert f"The response at [3, 3] is {text(book.evaluate('w.response'))}" in said
