"""OptimizerRace against torch.optim in Chromium; it and GradientFlow in a page and in JupyterLab."""

import itertools
import math
from functools import partial

import pytest
import torch

from cnncourse._numbers import text
from cnncourse.optimizers import SEVEN
from cnncourse.widgets import OptimizerRace
from cnncourse.widgets.optimizer_race import SURFACES

HEIGHT = {
    "ravine": lambda x, y: (x**2 + 25 * y**2) / 2,
    "curved valley": lambda x, y: (1 - x) ** 2 + 10 * (y - x**2) ** 2,
    "saddle": lambda x, y: x**2 / 2 - y**2 / 2 + y**4 / 4,
    "two valleys": lambda x, y: x**4 / 4 - x**2 / 2 + 0.15 * x + y**2 / 2,
    "plateau": lambda x, y: 1 - torch.exp(-(x**2) - y**2),
}


def by_torch(optimizer, surface, start, rate, steps):
    """The path of torch's own optimiser, its gradients by autograd, and the height at its end."""
    p = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    _, make, options = SEVEN[optimizer]
    opt, path = make([p], lr=rate, **options), [list(start)]
    for _ in range(steps):
        opt.zero_grad()
        HEIGHT[surface](*p).backward()
        opt.step()
        path.append(p.tolist())
    return path, HEIGHT[surface](*p.detach()).item()


@pytest.fixture(scope="module")
def descent(javascript):
    """descent(expression, argument): with `m`, the arithmetic, and `it`, the argument."""
    return partial(javascript, "_descent.js")


def test_every_path_is_torchs(descent):
    cases = [
        [name, surface, about["start"], rate, 80]
        for (surface, about), name, rate in itertools.product(SURFACES.items(), SEVEN, (0.003, 0.02, 0.3))
    ]
    found = descent("it.map((c) => m.pathOf(...c))", cases)
    compared = 0
    for case, path in zip(cases, found, strict=True):
        expected = torch.tensor(by_torch(*case)[0], dtype=torch.float64)
        tame = (expected.abs() < 1e3).all(1).cumprod(0).bool()  # before a diverging one leaves
        mine = torch.tensor(
            [[float("nan") if v is None else v for v in p] for p in path], dtype=torch.float64
        )
        torch.testing.assert_close(mine[tame], expected[tame], rtol=1e-6, atol=1e-9, msg=str(case))
        compared += int(tame.sum())
    assert compared > 0.9 * 81 * len(cases) and len(cases) == 5 * 7 * 3


def test_surfaces_are_their_formulas(descent):
    points = torch.rand(20, 2, dtype=torch.float64) * 3 - 1.5
    for name, height in HEIGHT.items():
        xs = points.clone().requires_grad_()
        values = height(xs[:, 0], xs[:, 1])
        (gradient,) = torch.autograd.grad(values.sum(), xs)
        found = descent("it[1].map((p) => [m.SURFACES[it[0]].f(...p), ...m.SURFACES[it[0]].gradient(...p)])",
                        [name, points.tolist()])  # fmt: skip
        expected = torch.cat([values.detach()[:, None], gradient], 1)
        torch.testing.assert_close(torch.tensor(found, dtype=torch.float64), expected)
    assert set(HEIGHT) == set(SURFACES)


@pytest.mark.parametrize("surface", ["ravine", "saddle"])
@pytest.mark.parametrize("name", SEVEN)
def test_the_best_rate_is_the_best(descent, surface, name):
    start, steps = SURFACES[surface]["start"], 40
    best = descent("m.bestRate(...it)", [name, surface, start, steps])
    rates = descent("m.RATES")
    ends = [by_torch(name, surface, start, rate, steps)[1] for rate in rates]
    lowest = min(end for end in ends if math.isfinite(end))
    assert ends[rates.index(best)] == pytest.approx(lowest, rel=1e-6, abs=1e-12)
    assert rates[0] == 1e-4 and rates[-1] == 100 and len(rates) == 49


def row(page, name):
    return page.locator(f"tr[data-optimizer='{name}']")


def test_what_the_table_says_is_torchs(show):
    race = OptimizerRace(surface="curved valley", learning_rate=0.005, steps=70)
    page = show(race)
    ends = {name: by_torch(name, race.surface, race.start, 0.005, 70)[1] for name in SEVEN}
    for name, end in ends.items():
        assert row(page, name).locator("td").nth(2).inner_text() == text(end)
        assert row(page, name).locator("td").nth(1).inner_text() == "0.005"
    lowest = min(ends, key=ends.get)
    said = page.get_by_role("status").inner_text()
    assert f"Lowest: {lowest} with f = {text(ends[lowest])}." in said and "None diverged." in said


def test_drawn_paths_end_where_torchs_do(show):
    race = OptimizerRace(surface="plateau", learning_rate=0.3, steps=25)
    page = show(race)
    width, height = page.locator(".cnn-board svg").evaluate("(s) => [s.clientWidth, s.clientHeight]")
    x0, x1, y0, y1 = SURFACES["plateau"]["box"]
    for name in SEVEN:
        points = page.locator(f"[data-path='{name}'] polyline").nth(1).get_attribute("points").split()
        x, y = map(float, points[-1].split(","))
        expected = by_torch(name, "plateau", race.start, 0.3, 25)[0]
        assert len(points) == len(expected) == 26
        got = (x0 + x / width * (x1 - x0), y1 - y / height * (y1 - y0))
        assert got == pytest.approx(expected[-1], abs=0.02)


def test_divergence_is_said(show):
    page = show(OptimizerRace(surface="ravine", learning_rate=0.3, steps=100))
    said = page.get_by_role("status").inner_text()
    assert "Diverged: gradient descent, momentum" in said
    assert row(page, "gradient descent").locator("td").nth(2).inner_text() == "diverged"


def test_keys_controls_and_hiding(show):
    page = show(OptimizerRace())
    board, status = page.locator(".cnn-board"), page.get_by_role("status")
    board.focus()
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert status.inner_text().startswith("From (−1.9, 1.1), 60 steps, learning rate 0.02.")
    page.keyboard.press("Home")
    assert status.inner_text().startswith("From (−2, 1)")
    page.get_by_label("steps").fill("90")
    rate = page.get_by_label("learning rate")
    rate.fill("-1")
    assert rate.get_attribute("aria-valuetext") == "0.1"
    assert "90 steps, learning rate 0.1" in status.inner_text()
    page.get_by_label("each at its own best rate").check()
    assert "each at its own best rate" in status.inner_text() and rate.is_disabled()
    page.get_by_label("Adam", exact=True).uncheck()
    assert page.locator("[data-path='Adam']").count() == 0 and page.locator("[data-path]").count() == 6
    page.get_by_label("Adam", exact=True).check()
    page.get_by_label("surface", exact=True).select_option("saddle")
    assert status.inner_text().startswith("From (−2, 0.01)")


def test_a_drag_moves_the_start(show):
    page = show(OptimizerRace())
    box = page.locator(".cnn-board svg").bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4, steps=5)
    page.mouse.up()
    assert page.get_by_role("status").inner_text().startswith("From (0, 0.8)")


def test_a_repaint_is_quick(show):
    page = show(OptimizerRace(tuned=True, steps=300))
    times = []
    for steps in range(290, 299):
        page.get_by_label("steps").fill(str(steps))
        times.append(float(page.locator(".cnn").get_attribute("data-repaint")))
    assert sorted(times)[len(times) // 2] < 150, times


def test_seven_looks_are_seven(show):
    page = show(OptimizerRace())
    looks = page.locator("tr svg > path:first-child").evaluate_all(
        "(all) => all.map((p) => [p.getAttribute('stroke'), p.getAttribute('stroke-dasharray')])"
    )
    assert len(looks) == 7
    assert len({colour for colour, _ in looks}) == 7 and len({dash for _, dash in looks}) == 7


LAB = ["from cnncourse.widgets import GradientFlow, OptimizerRace", "race = OptimizerRace(); race"]


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_the_lab(run_notebook, axe, theme):
    book = run_notebook(LAB)
    book.page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
    )
    book.page.wait_for_timeout(1000)
    book.show(1)
    book.page.locator(".cnn").first.wait_for()
    axe(book.page)


def test_the_kernel_reads_the_race(run_notebook):
    book = run_notebook(LAB)
    book.show(1)
    widget = book.page.locator(".cnn").first
    widget.get_by_label("surface", exact=True).select_option("two valleys")
    book.wait_until("race.surface == 'two valleys' and race.start == [2.1, 1.2]")
    widget.get_by_label("NAG").uncheck()
    book.wait_until("race.hidden == ['NAG']")


def test_gradient_flow_in_the_lab(run_notebook):
    book = run_notebook([*LAB, "lab = GradientFlow(); lab"])
    book.show(2)
    page = book.page
    page.get_by_label("activation").wait_for()
    status = page.locator("div[role=status]").last
    before = page.locator("img[alt^='20 layers']").get_attribute("src")
    assert "the gradient vanishes" in status.inner_text()
    page.get_by_label("activation").select_option("ReLU")
    page.get_by_label("first weights").select_option("He")
    book.wait_until("lab.setting['activation'] == 'ReLU' and lab.setting['initialisation'] == 'He'")
    page.wait_for_function("() => [...document.querySelectorAll('div[role=status]')]"
                           ".some((n) => n.innerText.includes('gradient comes through'))")  # fmt: skip
    assert page.locator("img[alt^='20 layers']").get_attribute("src") != before
    page.get_by_label("batch norm").check()
    page.get_by_label("skip connections").check()
    book.wait_until("lab.setting['batch_norm'] and lab.setting['skip']")
