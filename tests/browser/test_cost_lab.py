"""CostLab in Chromium: its arithmetic against Python's, its picture without a kernel, and in JupyterLab."""

import itertools
import math
from functools import partial

import pytest

from cnncourse.widgets import CostLab
from cnncourse.widgets.cost_lab import PRESETS, RELEASED, WIDTHS


@pytest.fixture(scope="module")
def js(javascript):
    """js(expression, argument): with `m`, the arithmetic, and `it`, the argument."""
    return partial(javascript, "_costs.js")


def status(page):
    return page.get_by_role("status").first.inner_text().replace("\u00a0", " ")


def numbers(page, selector):
    return [int(text.replace(",", "")) for text in page.locator(selector).all_inner_texts()]


# ---- the arithmetic


def settings():
    """The presets, and every way to leave a branch or a bottleneck out."""
    yield from PRESETS["inception"].values()
    for zeros in itertools.combinations(WIDTHS, 2):
        widths = {name: 0 if name in zeros else 3 + at for at, name in enumerate(WIDTHS)}
        yield {"side": 5, "channels": 7, "pooling": zeros[0] != "one", **widths}


def test_costs_are_pythons(js):
    given = list(settings())
    found = js("it.map((s) => [m.branches(s), m.totals(m.branches(s))])", given)
    for setting, (branches, totals) in zip(given, found, strict=True):
        lab = CostLab(**setting)
        costs = {branch["name"]: branch["costs"] for branch in branches}
        assert costs == {name: [cost._asdict() for cost in chain] for name, chain in lab.branches.items()}
        assert list(costs) == list(lab.branches), "the order of concatenation"
        assert totals == {
            "parameters": lab.parameters,
            "multiplications": lab.multiplications,
            "maps": lab.out_channels,
        }


def test_scaling_is_pythons(js):
    rules = [{"phi": phi, **rule} for phi in (0, 0.5, 3, 7) for rule in PRESETS["scaling"].values()]
    for rule, (now, product) in zip(
        rules, js("it.map((r) => [m.scaled(r), m.constraint(r)])", rules), strict=True
    ):
        lab = CostLab(kind="scaling", **rule)
        width, depth, pixels = lab.scaled
        expected = [depth, width, pixels / 224, lab.factor]
        assert [now[k] for k in ("depth", "width", "resolution", "cost")] == pytest.approx(expected)
        assert product == pytest.approx(lab.constraint)


def test_the_nearest_released_network(js):
    costs = [net["depth"] * net["width"] ** 2 * (net["pixels"] / 224) ** 2 for net in RELEASED]
    assert js("it.map((n) => m.published(n).cost)", RELEASED) == pytest.approx(costs)
    asked = [[RELEASED, cost * by] for cost in costs for by in (0.95, 1.05)]
    found = js("it.map(([nets, to]) => m.nearest(nets, to).name)", asked)
    assert found == [net["name"] for net in RELEASED for _ in range(2)]


# ---- what is drawn, without a kernel


def test_the_table_and_its_bars(show):
    lab = CostLab()
    page = show(lab)
    assert numbers(page, "[data-total=parameters]") == [lab.parameters]
    assert numbers(page, "[data-total=multiplications]") == [lab.multiplications]
    costs = [cost for chain in lab.branches.values() for cost in chain]
    assert numbers(page, "tbody tr > td:nth-last-child(2)") == [cost.multiplications for cost in costs]
    assert numbers(page, "tbody tr > td:nth-last-child(3)") == [cost.parameters for cost in costs]
    bars = page.locator("[data-bar]").evaluate_all(
        "(all) => all.map((e) => [e.getAttribute('x'), e.getAttribute('width')].map(Number))"
    )
    scale = max(width for _, width in bars) / max(cost.multiplications for cost in costs)
    assert [width for _, width in bars] == pytest.approx([scale * c.multiplications for c in costs], rel=0.01)
    assert bars[2][0] == pytest.approx(bars[1][1]), "a bar begins where its bottleneck's ends"
    strips = page.locator("[data-strip]").evaluate_all("(all) => all.map((e) => Number(e.dataset.strip))")
    assert strips == [192, 64, 128, 32, 32]
    assert f"{lab.parameters:,} parameters and {lab.multiplications:,} multiplications" in status(page)
    assert "the 3×3 branch has 79 % of them" in status(page)


def test_the_bottleneck_by_hand(show):
    page = show(CostLab(preset="5×5 alone"))
    assert "120,422,400 multiplications" in status(page)
    assert page.locator("[data-straight]").count() == 0, "nothing to compare"
    slider = page.get_by_label("5×5 bottleneck")
    slider.focus()
    for _ in range(16):
        page.keyboard.press("ArrowRight")
    assert "12,443,648 multiplications" in status(page)
    assert numbers(page, "[data-straight]") == [120_422_400]
    assert page.get_by_label("preset").input_value() == "5×5 with a bottleneck"
    slider.fill("400")
    assert "cost more than they save" in page.locator(".cnn").inner_text()


def test_presets_and_the_pooling_branch(show):
    page = show(CostLab())
    page.get_by_label("preset").select_option("inception5b")
    assert status(page).startswith("7 × 7 × 832 becomes 7 × 7 × 1024")
    page.get_by_label("pooling branch").uncheck()
    assert status(page).startswith("7 × 7 × 832 becomes 7 × 7 × 896")
    assert page.get_by_label("preset").input_value() == ""
    for label in ("1×1 maps", "3×3 maps", "5×5 maps"):
        page.get_by_label(label).fill("0")
    assert "nothing comes out" in status(page)
    page.get_by_label("pooling branch").check()
    page.get_by_label("pool projection").fill("0")
    assert status(page) == "7 × 7 × 832 becomes 7 × 7 × 832 with 0 parameters and 0 multiplications."
    page.get_by_label("channels in").fill("10")
    assert "all 10 pass" in page.locator("tbody").inner_text()


def test_scaling_by_the_keyboard(show):
    page = show(CostLab(kind="scaling"))
    assert "φ = 1: depth × 1.2, width × 1.1, 258 pixels a side; the cost is 1.92 times B0's" in status(page)
    page.get_by_label("φ, how far").press("End")
    assert "φ = 8" in status(page) and "The nearest released network is B7" in status(page)
    page.get_by_label("φ, how far").press("Home")
    assert "the cost is 1 times B0's. The nearest released network is B0" in status(page)
    page.get_by_label("preset").select_option("depth alone")
    page.get_by_label("φ, how far").fill("3")
    assert "depth × 8, width × 1, 224 pixels a side; the cost is 8 times B0's" in status(page)
    page.get_by_label("β, width").press("End")
    assert page.locator("[data-constraint]").inner_text() == "4.5"
    assert page.get_by_label("preset").input_value() == ""


def test_published_points_lie_where_their_numbers_say(show):
    page = show(CostLab(kind="scaling"))
    places = page.locator("[data-net]").evaluate_all(
        "(all) => all.map((e) => [e.dataset.net, Number(e.dataset.cost), Number(e.querySelector('text')"
        ".getAttribute('x'))])"
    )
    assert [name for name, *_ in places] == [f"B{i}" for i in range(8)]
    at = {name: x for name, _, x in places}
    cost = {name: value for name, value, _ in places}
    assert cost["B7"] == pytest.approx(3.1 * 4 * (600 / 224) ** 2)
    for name in cost:  # a logarithmic axis from B0
        share = math.log(cost[name]) / math.log(cost["B7"])
        assert at[name] == pytest.approx(at["B0"] + share * (at["B7"] - at["B0"]), abs=0.01)


@pytest.mark.parametrize("preset", PRESETS["scaling"])
def test_no_line_leaves_the_plot(show, preset):
    page = show(CostLab(kind="scaling", preset=preset, phi=0.3))
    ends = page.locator("[data-line]").evaluate_all(
        "(all) => all.map((e) => { const b = e.getBBox();"
        " return [b.x, b.y, b.x + b.width, b.y + b.height]; })"
    )
    width, height = page.locator("svg:has([data-net])").evaluate(
        "(s) => [s.width, s.height].map((l) => l.baseVal.value)"
    )
    for left, top, right, bottom in ends:
        assert left >= 0 and top >= 20 and right <= width and bottom <= height


def everything():
    empty = CostLab(one=0, three=0, five=0, pooling=False)
    return [CostLab(), empty, CostLab(preset="3a without bottlenecks"), CostLab(kind="scaling", phi=3)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    axe(show(*everything(), dark=dark))


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(*everything(), CostLab(side=224, channels=1024, one=512, reduce3=512, three=512, five=512))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_kernel_reads_what_the_learner_did(run_notebook):
    cells = ["from cnncourse.widgets import CostLab", "w = CostLab(); w", "s = CostLab(kind='scaling'); s"]
    book = run_notebook(cells)
    book.show(1)
    module = book.page.locator(".cnn").first
    slider = module.get_by_label("5×5 bottleneck")
    slider.focus()
    for key in ("ArrowRight", "ArrowUp"):
        book.page.keyboard.press(key)
    book.wait_until("w.reduce5 == 18 and w.branches['5×5'][0].multiplications == 28 * 28 * 192 * 18")
    assert slider.evaluate("(s) => document.activeElement === s"), "Jupyter did not take the arrows"
    book.show(2)
    scaling = book.page.locator(".cnn").nth(1)
    scaling.get_by_label("preset").select_option("width alone")
    book.wait_until("(s.alpha, s.beta, s.gamma) == (1, 1.41, 1)")
