"""The widgets in a real JupyterLab at its default settings: the kernel reads what the learner did."""

import pytest

SETUP = "from cnncourse.widgets import ConvStepper, KernelLab, ChannelMixer"
STEPPER = "w = ConvStepper(image='dot', kernel='corner', padding=1); w"


def test_the_kernel_reads_what_the_learner_did(run_notebook):
    book = run_notebook([SETUP, STEPPER, "w.stride = 9; w.stride, w.cell"])
    book.show(1)
    widget = book.page.locator(".cnn").first
    output = widget.locator(".cnn-board[aria-label^='Output']")
    assert "4" in book.output_text(2), "Python clamps, and says what it took"
    book.wait_until("w.stride == 4")
    widget.get_by_label("stride").fill("1")
    output.focus()
    for key in ("End", "ArrowUp", "ArrowLeft"):
        book.page.keyboard.press(key)
    book.wait_until("w.cell == [5, 5] and w.stride == 1")
    assert output.evaluate("(board) => document.activeElement === board"), "Jupyter did not take the arrows"
    widget.get_by_label("stride").fill("3")
    book.wait_until("w.cell == [2, 2]")  # moved inside the smaller output, and written back
    widget.get_by_label("flip the kernel").check()
    widget.get_by_label("Kernel weight, row 2, column 2").fill("1/4")
    book.wait_until("w.flip and w.kernel[2][2] == 0.25")


def test_python_moves_the_picture(run_notebook):
    book = run_notebook([SETUP, STEPPER, "w", "w.cell = [3, 4]; w.kernel = 'blur'"])
    book.show(1)
    statuses = book.page.locator(".cnn [role=status]")
    statuses.nth(1).wait_for()
    assert all("Output [3, 4] = 0.111" in said for said in statuses.all_inner_texts())


def test_dragging_in_the_lab(run_notebook):
    book = run_notebook([SETUP, "w = KernelLab('astronaut'); w"])
    book.show(1)
    canvas = book.page.locator(".cnn-board[aria-label^='Map'] canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    book.page.mouse.move(box["x"] + 5, box["y"] + 5)
    book.page.mouse.down()
    book.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.25, steps=10)
    book.page.mouse.up()
    book.wait_until("abs(w.cell[0] - 63) <= 2 and abs(w.cell[1] - 127) <= 2")


def test_a_widget_that_scrolled_away_comes_back(run_notebook):
    book = run_notebook([SETUP, STEPPER, *["print('\\n' * 60)"] * 12])
    widget = book.page.locator(".cnn")
    book.show(1)
    widget.get_by_label("padding", exact=True).fill("2")
    book.show(13)
    book.page.wait_for_timeout(500)
    book.show(1)
    widget.get_by_role("status").wait_for()
    assert "The output is 9 × 9" in widget.get_by_role("status").inner_text()
    assert book.evaluate("w.padding") == 2


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_nothing_in_the_lab(run_notebook, axe, theme):
    book = run_notebook(
        [SETUP, "ConvStepper(image='digit', flip=True)", "KernelLab()", "ChannelMixer(groups=1)"]
    )
    book.page.evaluate(
        "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", theme
    )
    book.page.wait_for_timeout(1000)
    for cell in (1, 2, 3):
        book.show(cell)
        book.page.locator(".cnn").first.wait_for()
        axe(book.page)


def test_errors_in_a_notebook_are_seen(run_notebook):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_notebook(["1 / 0"])
    book = run_notebook(["1 / 0", "2"], errors=True)
    assert len(book.errors()) == 1
    book.set_source(1, "print(40 + 2)")
    book.run_cell(1)
    assert book.output_text(1).strip() == "42"
