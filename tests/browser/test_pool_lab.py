"""PoolLab in Chromium: its arithmetic against torch, its picture without a kernel, and in JupyterLab."""

import itertools
from functools import partial

import pytest
import torch
import torch.nn.functional as F

from cnncourse import data, pooling
from cnncourse._numbers import text
from cnncourse.widgets import PoolLab
from cnncourse.widgets.pool_lab import KINDS
from tests.browser.pages import board, numbers, status, written


@pytest.fixture(scope="module")
def js(javascript):
    """js(expression, argument): with `m`, the arithmetic, and `it`, the argument."""
    return partial(javascript, "_pooling.js")


# ---- the arithmetic


def by_torch(image, kind, window, stride):
    """What torch makes of an image (H, W), for every kind but the drawn one."""
    x = image[None, None]
    if kind == "max":
        return F.max_pool2d(x, window, stride)[0, 0]
    if kind == "average":
        return F.avg_pool2d(x, window, stride)[0, 0]
    if kind == "blur":
        line = torch.ones(1, dtype=x.dtype)
        for _ in range(window - 1):
            line = F.conv1d(line[None, None], torch.ones(1, 1, 2, dtype=x.dtype) / 2, padding=1)[0, 0]
        return F.conv2d(x, torch.outer(line, line)[None, None], stride=stride)[0, 0]
    cells = x.unfold(2, window, stride).unfold(3, window, stride)[0, 0].flatten(2)
    total = cells.sum(2)
    return (cells**2).sum(2) / torch.where(total > 0, total, 1)


def cases():
    """Every kind, window and stride on oblong pictures, with negative values where they are allowed."""
    generator = torch.Generator().manual_seed(0)
    for shape, kind, window, stride in itertools.product(
        [(8, 8), (7, 10), (5, 4)], [k for k in KINDS if k != "stochastic, drawn"], (1, 2, 3, 5), (1, 2, 3)
    ):
        image = torch.randn(shape, generator=generator, dtype=torch.float64)
        if kind.startswith("stochastic"):
            image = image.relu()
            image[:3, :3] = 0
        if min(shape) >= window:
            yield image, kind, window, stride


def asked(image, kind, window, stride, draw=0):
    return {"image": image.tolist(), "kind": kind, "window": window, "stride": stride, "draw": draw}


def test_pooling_is_torchs(js):
    given = list(cases())
    found = js("it.map((p) => m.pool(p))", [asked(*case) for case in given])
    for case, output in zip(given, found, strict=True):
        torch.testing.assert_close(torch.tensor(output, dtype=torch.float64), by_torch(*case))
    same = [c for c in given if c[1] == "stochastic, expected" and c[2] == c[3]]
    for image, _, window, _ in same:
        ours = pooling.expected_pool(image[None, None], window)[0, 0]
        torch.testing.assert_close(by_torch(image, "stochastic, expected", window, window), ours)


def test_shift_is_the_librarys(js):
    image = torch.randn(6, 9, dtype=torch.float64)
    for dy, dx in itertools.product((-4, -1, 0, 2), (-3, 0, 1, 4)):
        found = torch.tensor(js("m.shifted(...it)", [image.tolist(), dy, dx]), dtype=torch.float64)
        assert torch.equal(found, data.shift(image, dy, dx))


def test_draws_follow_their_chances(js):
    """A right generator fails with probability below 2·exp(−2·20000·0.02²) = 2e-7 for each of nine cells."""
    window = torch.tensor([[0.0, 1.0, 2.0], [3.0, 4.0, 0.0], [10.0, 0.5, 4.5]], dtype=torch.float64)
    expression = """(() => { const shares = Array(9).fill(0);
      for (let draw = 0; draw < 20000; draw++)
        m.under({ ...it, draw }, 0, 0).forEach((s, k) => { shares[k] += s.weight / 20000; });
      return shares; })()"""
    found = torch.tensor(js(expression, asked(window, "stochastic, drawn", 3, 3)), dtype=torch.float64)
    assert (found - window.flatten() / window.sum()).abs().max() < 0.02
    assert found[0] == found[5] == 0, "a value of 0 is never drawn"


def test_draws_of_neighbours_are_their_own(js):
    """Over many draws, two windows fall alike as often as chance has it."""
    image = torch.ones(2, 4, dtype=torch.float64)
    expression = """(() => { let alike = 0;
      const kept = (p, j) => m.under(p, 0, j).findIndex((s) => s.weight === 1);
      for (let draw = 0; draw < 10000; draw++) alike += kept({ ...it, draw }, 0) === kept({ ...it, draw }, 1);
      return alike / 10000; })()"""
    assert abs(js(expression, asked(image, "stochastic, drawn", 2, 2)) - 0.25) < 0.03
    assert js("[0, 0.5, 0.999999].every((u) => m.chance(1, 2, 3) < 1)", None)


def test_survivors_are_where_torch_finds_the_largest(js):
    image = torch.randn(7, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for window, stride in ((2, 2), (3, 2), (2, 3)):
        _, at = F.max_pool2d(image[None, None], window, stride, return_indices=True)
        expected = {f"{int(k) // 9},{int(k) % 9}" for k in at.flatten()}
        assert set(js("[...m.survivors(it)]", asked(image, "max", window, stride))) == expected
    assert js("[...m.survivors(it)]", asked(image, "average", 2, 2)) == []


def test_what_is_impossible_is_said(js):
    image = torch.randn(3, 5)
    assert "4 × 4 is larger than 3 × 5" in js("m.problem(it)", asked(image, "max", 4, 1))
    assert "none may be negative" in js("m.problem(it)", asked(image, "stochastic, drawn", 2, 2))
    assert js("m.problem(it)", asked(image, "blur", 2, 2)) == ""


# ---- the picture


def framed():
    return F.pad(torch.tensor(PoolLab().image, dtype=torch.float64), (2, 2, 2, 2))


@pytest.mark.parametrize("kind", [k for k in KINDS if k != "stochastic, drawn"])
@pytest.mark.parametrize("window, stride, shift", [(2, 2, [0, 1]), (3, 2, [-1, 2]), (2, 1, [1, 0])])
def test_every_drawn_number_is_torchs(show, kind, window, stride, shift):
    page = show(PoolLab(image=framed(), kind=kind, window=window, stride=stride, shift=shift, cell=[2, 1]))
    moved = data.shift(framed(), *shift)
    output = by_torch(moved, kind, window, stride)
    change = output - by_torch(framed(), kind, window, stride)
    assert numbers(board(page, "Picture")) == written(moved)
    assert numbers(board(page, "Output")) == written(output)
    assert numbers(board(page, "Change")) == written(change)
    changed, largest = (change.abs() > 1e-9).sum().item(), text(change.abs().max())
    pixels = (moved != framed()).sum().item()
    assert f"{pixels} of 144 pixels changed" in status(page)
    assert f"{changed} of {change.numel()} output cells, by {largest} at most" in status(page)
    value = page.locator("[data-value]").get_attribute("data-value")
    assert float(value) == pytest.approx(output[2, 1].item())
    share = page.locator("[data-kept-share]").get_attribute("data-kept-share")
    assert float(share) == pytest.approx(output.numel() / 144)


def test_survivors_are_framed_and_lost_cells_crossed_out(show):
    page = show(PoolLab(image="digit", window=3, stride=2))
    image = torch.tensor(PoolLab().image)
    _, at = F.max_pool2d(image[None, None], 3, 2, return_indices=True)
    kept = page.locator("[data-kept]").evaluate_all("(all) => all.map((r) => r.dataset.kept)")
    values = sorted(image[tuple(map(int, place.split(",")))].item() for place in kept)
    assert values == sorted(image.flatten()[at.flatten().unique()].tolist())
    dropped = page.locator("[data-dropped]").evaluate_all("(all) => all.map((g) => g.dataset.cell)")
    assert set(dropped) == {f"{i},{j}" for i in range(8) for j in range(8) if 7 in (i, j)}


def test_arrow_keys_move_the_picture_and_the_cell(show):
    page = show(PoolLab(image=framed()))
    assert "stands still" in status(page) and "36 of 144 numbers are left (25 %)" in status(page)
    board(page, "Picture").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert "Moved 1 up and 2 right" in status(page)
    assert numbers(board(page, "Picture")) == written(data.shift(framed(), -1, 2))
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    assert "Moved 4 down and 2 right" in status(page), "no further than four"
    page.keyboard.press("Home")
    assert "stands still" in status(page)
    board(page, "Output").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert "Output [2, 1]" in status(page)
    board(page, "Change").press("End")
    assert "Output [5, 5]" in status(page)


def test_a_press_on_the_picture_chooses_its_window(show):
    page = show(PoolLab(image=framed()))
    rect = board(page, "Picture").locator("rect.cnn-cell")
    size, box = float(rect.first.get_attribute("width")), board(page, "Picture").bounding_box()
    page.mouse.click(box["x"] + 3 + 7.2 * size, box["y"] + 3 + 4.9 * size)
    assert "Output [2, 3]" in status(page)


def test_every_control_is_native_and_labelled(show):
    page = show(PoolLab(image=framed()))
    page.get_by_label("pooling", exact=True).select_option("blur")
    page.get_by_label("window", exact=True).press("ArrowRight")
    page.get_by_label("stride").press("ArrowLeft")
    page.get_by_label("moved down").press("ArrowRight")
    page.get_by_label("moved right").press("ArrowLeft")
    expected = by_torch(data.shift(framed(), 1, -1), "blur", 3, 1)
    assert numbers(board(page, "Output")) == written(expected)
    page.get_by_label("picture", exact=True).select_option("letter F")
    assert "Picture 7 × 7" in page.locator(".cnn-caption").first.inner_text()
    assert page.get_by_role("button", name="draw again").count() == 0


def test_drawing_again_draws_members_of_the_windows(show):
    page = show(PoolLab(image="digit", kind="stochastic, drawn"))
    cells = torch.tensor(PoolLab().image).unfold(0, 2, 2).unfold(1, 2, 2).flatten(2)
    seen = []
    for _ in range(6):
        seen.append(numbers(board(page, "Output")))
        page.get_by_role("button", name="draw again").click()
    for output in seen:
        assert all(float(output[i][j]) in cells[i, j] for i in range(4) for j in range(4))
        assert output[1][0] == "2", "the only value of its window that is not zero"
    assert len({str(output) for output in seen}) > 3


def test_impossible_settings_are_explained_and_left_again(show):
    page = show(PoolLab(image=[[1, -1, 0], [2, 3, 4]], kind="max", window=2))
    page.get_by_label("pooling", exact=True).select_option("stochastic, expected")
    assert "comes after a ReLU" in status(page)
    board(page, "Output").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_label("pooling", exact=True).select_option("average")
    assert "Output [0, 0] = 1.25" in status(page)
    page.get_by_label("window", exact=True).press("ArrowRight")
    assert "larger than 2 × 3" in status(page)


def everything():
    drawn = PoolLab(image="digit", kind="stochastic, drawn", shift=[1, 0])
    impossible = PoolLab(image=[[1, -1], [2, 3]], kind="stochastic, expected")
    return [PoolLab(image=framed(), shift=[0, 1]), PoolLab(kind="blur", window=3), drawn, impossible]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    page = show(*everything(), dark=dark)
    axe(page)


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(*everything())
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_kernel_reads_what_the_learner_did(run_notebook):
    book = run_notebook(
        ["from cnncourse.widgets import PoolLab", "w = PoolLab(); w", "w.window = 99; w.window"]
    )
    book.show(1)
    widget = book.page.locator(".cnn").first
    assert "6" in book.output_text(2), "Python clamps, and says what it took"
    widget.get_by_label("window", exact=True).fill("2")
    widget.get_by_label("pooling", exact=True).select_option("average")
    picture = widget.locator(".cnn-board[aria-label^='Picture']")
    picture.focus()
    for key in ("ArrowRight", "ArrowDown"):
        book.page.keyboard.press(key)
    book.wait_until("w.shift == [1, 1] and w.kind == 'average' and w.window == 2")
    assert picture.evaluate("(b) => document.activeElement === b"), "Jupyter did not take the arrows"
