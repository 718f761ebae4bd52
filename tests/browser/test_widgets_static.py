"""Each widget in a plain page from a file: no kernel, no network. What it draws is compared with torch."""

import random
import re

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from cnncourse._numbers import text
from cnncourse.widgets import ChannelMixer, ConvStepper, KernelLab
from cnncourse.widgets._explorer import PRESETS
from cnncourse.widgets._static import StaticWidgets, to_html
from tests.browser.pages import PAGE, board, numbers, status, written


def by_torch(w):
    kernel = torch.tensor(w.kernel, dtype=torch.float64)
    mode = "constant" if w.mode == "zeros" else w.mode
    image = torch.tensor(w.image, dtype=torch.float64)[None, None]
    padded = F.pad(image, (w.padding,) * 4, mode=mode)
    kernel = kernel.flip(0, 1) if w.flip else kernel
    return padded, kernel, F.conv2d(padded, kernel[None, None], stride=w.stride, dilation=w.dilation)[0, 0]


SETTINGS = [
    {"image": "digit", "kernel": "vertical edge", "stride": 2, "padding": 1},
    {"image": "digit", "kernel": "blur", "padding": 3, "mode": "reflect", "dilation": 2},
    {"image": "letter F", "kernel": "corner", "padding": 1, "flip": True},
    {"image": "ramp", "kernel": [[1, -2, 1]], "padding": 2, "mode": "circular", "stride": 3},
    {"image": "checkerboard", "kernel": "mean 2×2", "padding": 4, "mode": "replicate", "stride": 4},
    {"image": "digit", "kernel": "Gaussian 5×5", "stride": 2},
]


# ---- ConvStepper


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_every_drawn_number_is_torchs(show, settings):
    w = ConvStepper(**settings)
    padded, kernel, output = by_torch(w)
    rng = random.Random(0)
    w.cell = [rng.randrange(n) for n in output.shape]
    page = show(w)
    assert numbers(board(page, "Input")) == written(padded[0, 0])
    assert numbers(board(page, "Output")) == written(output)
    fields = page.locator(".cnn-weights input").evaluate_all("(all) => all.map((f) => f.value)")
    assert fields == [text(v) for row in w.kernel for v in row]
    i, j = w.cell
    top, left = i * w.stride, j * w.stride
    rows, columns = ([w.dilation * u for u in range(n)] for n in kernel.shape)
    window = padded[0, 0][top:, left:][rows][:, columns]
    products = page.locator(".cnn-products div").evaluate_all("(all) => all.map((d) => d.innerText)")
    pairs = zip(window.flatten().tolist(), kernel.flatten().tolist(), strict=True)
    assert products == [f"{said(x * k)}\n{said(x)} × {said(k)}" for x, k in pairs]
    assert float(page.locator("[data-sum]").get_attribute("data-sum")) == pytest.approx(output[i, j].item())
    assert f"Output [{i}, {j}] = {said(output[i, j].item())}," in status(page)


def said(v):
    return text(v) if abs(v) > 1e-9 else "0"


def test_the_size_formula_is_filled_in(show):
    page = show(ConvStepper(image="digit", kernel="vertical edge", stride=2, padding=1))
    formula = page.locator(".cnn-formula").inner_text()
    assert formula == "⌊(8 + 2·1 − 1·(3 − 1) − 1) / 2⌋ + 1 = ⌊7/2⌋ + 1 = 4"


def test_dropped_and_padding_cells_are_marked(show):
    page = show(ConvStepper(image="digit", kernel="vertical edge", stride=2))  # 8: the last row and column
    dropped = page.locator("[data-dropped]").evaluate_all("(all) => all.map((g) => g.dataset.cell)")
    assert set(dropped) == {f"{i},{j}" for i in range(8) for j in range(8) if 7 in (i, j)}
    assert "drops the last row and the last column" in status(page)
    page.get_by_label("padding", exact=True).fill("1")
    assert page.locator("[data-padding]").count() == 100 - 64


def drag(page, target, start, end, size=None):
    """Press at one (row, column) of a grid and let go at another."""
    size = size or float(target.locator("rect.cnn-cell").first.get_attribute("width"))
    box = target.bounding_box()
    for k, (row, column) in enumerate((start, end)):
        page.mouse.move(
            box["x"] + 3 + (column + 0.5) * size, box["y"] + 3 + (row + 0.5) * size, steps=1 + 5 * k
        )
        page.mouse.down() if k == 0 else page.mouse.up()


def test_keyboard_moves_the_cell(show):
    page = show(ConvStepper(image="dot", padding=1))
    board(page, "Output").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert "Output [1, 1]" in status(page)
    page.keyboard.press("End")
    page.keyboard.press("ArrowDown")
    assert "Output [6, 6]" in status(page)
    board(page, "Input").focus()
    page.keyboard.press("ArrowUp")
    assert "Output [5, 6]" in status(page)


def test_dragging_output_and_input_moves_the_cell(show):
    page = show(ConvStepper(image="dot", padding=1))
    drag(page, board(page, "Output"), (0, 0), (4, 5))
    assert "Output [4, 5]" in status(page)
    drag(page, board(page, "Input"), (2, 2), (3, 6))  # padded cell: the centre of output cell (2, 5)
    assert "Output [2, 5]" in status(page)
    page.mouse.move(0, 0)
    assert "Output [2, 5]" in status(page), "a pointer that is not pressed moves nothing"


def test_touch_moves_the_cell(browser, tmp_path):
    context = browser.new_context(has_touch=True, viewport={"width": 600, "height": 900})
    page = context.new_page()
    page.set_content(PAGE.format(to_html(ConvStepper(image="dot"))))
    page.get_by_role("status").wait_for()
    size = float(board(page, "Output").locator("rect.cnn-cell").first.get_attribute("width"))
    box = board(page, "Output").bounding_box()
    page.touchscreen.tap(box["x"] + 3 + 3.5 * size, box["y"] + 3 + 1.5 * size)
    assert "Output [1, 3]" in status(page)
    context.close()


def test_every_control_is_native_and_labelled(show):
    page = show(ConvStepper(image="dot"))
    page.get_by_label("image").select_option("digit")
    page.get_by_label("kernel", exact=True).select_option("laplacian")
    page.get_by_label("padding", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.get_by_label("stride").press("ArrowRight")
    page.get_by_label("padding mode").select_option("circular")
    page.get_by_label("dilation").press("ArrowRight")
    page.get_by_label("flip the kernel").check()
    expected = ConvStepper(
        image="digit", kernel="laplacian", padding=1, stride=2, mode="circular", dilation=2, flip=True
    )
    assert numbers(board(page, "Output")) == written(by_torch(expected)[2])
    focusable = page.locator(".cnn :is(input, select, [tabindex])")
    kept = focusable.evaluate_all("(all) => all.map((e) => e.dataset.lmSuppressShortcuts)")
    assert kept == ["true"] * focusable.count() and len(kept) > 15


def test_weights_can_be_typed(show):
    page = show(ConvStepper(image="digit", kernel="identity"))
    field = page.get_by_label("Kernel weight, row 1, column 1")
    field.fill("-1/2")
    expected = -0.5 * torch.tensor(PRESETS["images"]["digit"])[1:-1, 1:-1]
    assert numbers(board(page, "Output")) == written(expected)
    assert page.get_by_label("kernel", exact=True).input_value() == ""  # no preset: "your own"
    field.fill("x")
    assert field.get_attribute("aria-invalid") == "true"
    assert numbers(board(page, "Output")) == written(expected), "nonsense changes nothing"
    field.blur()
    assert field.input_value() == "−0.5"
    field.press("ArrowUp")
    assert field.input_value() == "0.5"


def test_impossible_settings_are_explained_and_left_again(show):
    page = show(ConvStepper(image="dot", kernel="blur 5×5", dilation=2))
    assert "reaches over 9 rows (2·(5 − 1) + 1)" in status(page)
    board(page, "Output").focus()
    page.keyboard.press("ArrowDown")
    page.get_by_label("padding", exact=True).fill("1")
    assert "Output [0, 0]" in status(page)
    page = show(ConvStepper(image=[[1, 2, 3]] * 3, padding=3, mode="reflect"))
    assert "3 is not smaller than 3" in status(page)
    page.get_by_label("padding mode").select_option("circular")
    assert "Output [0, 0]" in status(page)


def test_controls_can_be_left_out(show):
    page = show(ConvStepper(image="dot", kernel="corner", padding=1, controls=("flip",)))
    assert page.locator(".cnn-controls :is(input, select)").count() == 1
    weight = page.get_by_label("Kernel weight, row 0, column 0")
    assert not weight.is_editable()
    weight.press("ArrowUp")
    assert weight.input_value() == "1"
    page.get_by_label("flip the kernel").check()
    assert numbers(board(page, "Output"))[2][2] == "1", "flipped, the dot goes up-left"


def test_two_views_stay_in_step(show):
    w = ConvStepper(image="dot", padding=1)
    page = show(w, w)
    board(page, "Output").nth(1).focus()
    page.keyboard.press("ArrowDown")
    page.get_by_label("flip the kernel").first.check()
    said = page.get_by_role("status").all_inner_texts()
    assert said[0] == said[1] and "Output [1, 0]" in said[0]
    assert page.get_by_label("flip the kernel").nth(1).is_checked()


# ---- KernelLab


def lab_image():
    return np.random.default_rng(0).integers(0, 256, (3, 40, 50), dtype=np.uint8)


def lab_value(page):
    return float(re.search(r"\] = (−?\d+(\.\d+)?)", status(page))[1].replace("−", "-"))


def lab_map(kernel, bias=0.0):
    plane = torch.einsum(
        "c,chw->hw", torch.tensor([0.2125, 0.7154, 0.0721]), torch.from_numpy(lab_image()) / 255
    )
    kernel = torch.tensor(PRESETS["kernels"][kernel], dtype=torch.float32)
    return F.conv2d(plane[None, None], kernel[None, None], torch.tensor([bias]))[0, 0]


def test_lab_reads_out_what_torch_computes(show):
    page = show(KernelLab(lab_image(), kernel="Sobel", cell=[10, 20]))
    expected = lab_map("Sobel")
    assert lab_value(page) == pytest.approx(expected[10, 20].item(), rel=5e-3, abs=1e-3)
    low, high = text(expected.min()), text(expected.max())
    assert f"runs from {low} to {high}" in status(page)
    end = text(expected.abs().max())
    assert page.locator(".cnn-scale-ends").inner_text().split() == [f"−{end}", "0", end]
    board(page, "Map").press("ArrowDown")
    assert lab_value(page) == pytest.approx(expected[11, 20].item(), rel=5e-3, abs=1e-3)


def test_lab_relu_bias_and_channel(show):
    expected = lab_map("laplacian", 0.5)
    i, j = (expected == expected.min()).nonzero()[0].tolist()
    page = show(KernelLab(lab_image(), kernel="laplacian", bias=0.5, cell=[i, j]))
    assert lab_value(page) == pytest.approx(expected[i, j].item(), rel=5e-3)
    page.get_by_label("ReLU").check()
    assert lab_value(page) == 0 and "runs from 0 to" in status(page)
    page.get_by_label("channel").select_option("green")
    page.get_by_label("ReLU").uncheck()
    plane = torch.from_numpy(lab_image()[1] / 255.0)
    kernel = torch.tensor(PRESETS["kernels"]["laplacian"], dtype=torch.float64)
    green = F.conv2d(plane[None, None], kernel[None, None])[0, 0] + 0.5
    assert lab_value(page) == pytest.approx(green[i, j].item(), rel=5e-3, abs=1e-3)


def test_lab_pixels_have_the_signed_colours(show):
    step = np.zeros((16, 16))
    step[:, 8:] = 1
    page = show(KernelLab(step, kernel="vertical edge"))
    colours = (
        board(page, "Map")
        .locator("canvas")
        .evaluate(
            "(c) => [0.1, 0.5].map((x) => [...c.getContext('2d').getImageData(x * c.width, 9, 1, 1).data])"
        )
    )
    assert colours[0][:3] == [247, 247, 247] and colours[1][:3] == [127, 59, 8]  # zero, and the largest


def test_lab_pointer_and_size(show):
    page = show(KernelLab(lab_image(), kernel="identity"))
    box = board(page, "Map").locator("canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 20.5 / 48, box["y"] + box["height"] * 5.5 / 38)
    assert "Map [5, 20]" in status(page)
    page.get_by_label("size").select_option("5 × 5")
    assert page.locator(".cnn-weights input").count() == 25
    assert page.get_by_label("Kernel weight, row 2, column 2").input_value() == "1"
    page.get_by_label("Kernel weight, row 0, column 0").fill("1")
    plane = lab_map("identity")
    page.get_by_label("size").select_option("3 × 3")
    assert page.locator(".cnn-weights input").count() == 9
    assert lab_value(page) == pytest.approx(plane[5, 20].item(), rel=5e-3)


def test_lab_repaints_in_time(show):
    page = show(KernelLab(np.random.default_rng(0).random((256, 256)), kernel="Gaussian 5×5"))
    times = []
    for i in range(12):
        page.get_by_label("Kernel weight, row 2, column 2").fill(str(i))
        times.append(float(page.locator(".cnn").get_attribute("data-repaint")))
    print("repaint of 256×256 with 5×5, ms:", sorted(times))
    assert sorted(times)[6] < 200, "the budget is 50 ms; this ceiling leaves room for a busy machine"


# ---- ChannelMixer


@pytest.mark.parametrize(
    "c_in, c_out, k, groups", [(3, 4, 3, 1), (8, 8, 5, 8), (6, 4, 1, 2), (64, 128, 3, 1)]
)
def test_mixer_draws_and_counts_torchs_layer(show, c_in, c_out, k, groups):
    layer = torch.nn.Conv2d(c_in, c_out, k, groups=groups)
    page = show(ChannelMixer(in_channels=c_in, out_channels=c_out, kernel_size=k, groups=groups))
    count = sum(p.numel() for p in layer.parameters())
    assert page.locator("[data-parameters]").get_attribute("data-parameters") == str(count)
    assert page.locator("[data-parameters]").inner_text() == f"{count:,}"
    stacks = page.locator("[data-filter]")
    assert stacks.count() == min(c_out, 12)
    assert stacks.first.get_attribute("data-slices") == str(min(layer.weight.shape[1], 12))
    assert f"and {layer.weight.shape[1]} deep" in page.locator(".cnn-caption").inner_text()
    assert f"= {layer.weight[0].numel()} weights" in status(page).replace(",", "")


def test_mixer_filters_read_their_group(show):
    page = show(ChannelMixer(in_channels=6, out_channels=4, groups=2))
    layer = torch.nn.Conv2d(6, 4, 1, groups=2, bias=False)
    filters = page.locator(".cnn-board")
    for f in range(4):
        x = torch.ones(1, 6, 1, 1, requires_grad=True)
        layer(x)[0, f].sum().backward()
        read = x.grad.flatten().nonzero().flatten().tolist()
        assert f"Filter {f} reads input channels {read[0]} to {read[-1]}" in status(page)
        filters.press("ArrowDown")
    filters.press("Home")
    assert "Filter 0 reads" in status(page)


def test_mixer_explains_impossible_groups(show):
    page = show(ChannelMixer(in_channels=6, out_channels=4))
    page.get_by_label("groups").fill("3")
    assert "3 groups cannot share 4 output channels equally" in status(page)
    assert "For 6 and 4 that is 1, 2." in status(page)
    page.get_by_label("groups").fill("2")
    assert "Filter 0 reads input channels 0 to 2" in status(page)
    page.get_by_label("input channels").fill("2")
    assert "depthwise" in page.locator(".cnn-working").inner_text()


# ---- all of them


def everything():
    impossible = ConvStepper(image="dot", kernel="blur 5×5", dilation=2)
    flipped = ConvStepper(image="digit", kernel="Sobel", stride=2, padding=1, flip=True)
    return [flipped, impossible, KernelLab(lab_image()), ChannelMixer(), ChannelMixer(groups=2)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(show, axe, dark):
    page = show(*everything(), dark=dark)
    axe(page)


@pytest.mark.parametrize("width", [600, 1200])
def test_nothing_sticks_out(show, page, width):
    page.set_viewport_size({"width": width, "height": 900})
    show(*everything())
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_cleaning_up_stops_listening(page):
    page.set_content(PAGE.format("<div id=host></div>"))
    for widget in everything():
        state = {k: v for k, v in widget.get_state().items() if isinstance(v, (bool, int, str, float, list))}
        left = page.evaluate(_RENDER_AND_CLEAN, [state, list(getattr(widget, "pixels", b""))])
        assert left == {"before": True, "after": 0, "elements": 0}


_RENDER_AND_CLEAN = """async ([state, pixels]) => {
  const heard = new Set();
  state.pixels = new DataView(Uint8Array.from(pixels).buffer);
  const model = { get: (k) => state[k], set: (k, v) => { state[k] = v; }, save_changes() {},
    on: (e, f) => heard.add(e + f), off: (e, f) => heard.delete(e + f) };
  const url = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const el = document.getElementById("host");
  const clean = (await import(url)).default.render({ model, el });
  const before = heard.size > 0;
  clean();
  return { before, after: heard.size, elements: el.childElementCount };
}"""


def test_exported_notebook_is_alive(show):
    code = "from cnncourse.widgets import ConvStepper\nw = ConvStepper(image='dot', padding=1)\nw"
    cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("w"), nbformat.v4.new_code_cell("1")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120).execute()
    html, _ = HTMLExporter(preprocessors=[StaticWidgets], template_name="basic").from_notebook_node(notebook)
    page = show(html)
    board(page, "Output").first.focus()
    page.keyboard.press("ArrowRight")
    texts = page.get_by_role("status").all_inner_texts()
    assert len(texts) == 2 and all("Output [0, 1]" in said for said in texts)
