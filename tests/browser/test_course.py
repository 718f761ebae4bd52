"""The main job, as a learner does it: start the course, run chapter 01, drag, answer wrongly, answer rightly.

`CNNCOURSE_FILM=docs/demo.gif pytest tests/browser/test_course.py` films it for the README.
"""

import re

import pytest
import torch
import torch.nn.functional as F

CHAPTER = "01_convolution.ipynb"


@pytest.fixture
def book(course, open_notebook, page):
    """Chapter 01 in the learner's own folder, all of it run."""
    page.set_viewport_size({"width": 1280, "height": 860})
    opened = open_notebook(course(CHAPTER))
    page.get_by_role("button", name="No", exact=True).click()  # JupyterLab asks whether to send news
    opened.run_all()
    assert not opened.errors(), opened.errors()
    return opened


def cell_index(book, name):
    return next(i for i, cell in enumerate(book.cells()) if cell["id"] == name)


def write(book, index, source):
    """Put the cursor into a cell, type, and press Shift + Enter."""
    book.show(index)
    editor = book.page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cm-content")
    editor.click()
    book.page.keyboard.press("ControlOrMeta+A")
    book.page.keyboard.insert_text(source)


def run(book, index):
    before = book.cells()[index]["execution_count"]
    book.page.keyboard.press("Shift+Enter")
    book.page.wait_for_function(
        "([i, n]) => { const c = window.jupyterapp.shell.currentWidget.content.model.cells.get(i);"
        " return c.executionCount > n; }",
        arg=[index, before],
    )
    book.show(index)


def test_chapter_01_as_a_learner(book, film):
    page = book.page
    said = "\n".join(book.output_text(i) for i in range(len(book.cells())))
    assert said.count("not attempted") >= 8 and "Traceback" not in said

    # drag and key-drive the explorer; the number that it reads out is torch's
    stepper = cell_index(book, "slide-play")
    book.show(stepper)
    widget = page.locator(".jp-Notebook .jp-Cell.jp-mod-active .cnn")
    output = widget.locator(".cnn-board[aria-label^='Output']")
    output.scroll_into_view_if_needed()
    box = output.bounding_box()
    film(0.8)
    page.mouse.move(box["x"] + 0.15 * box["width"], box["y"] + 0.15 * box["height"])
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(
            box["x"] + (0.15 + 0.1 * step) * box["width"], box["y"] + (0.15 + 0.05 * step) * box["height"]
        )
        film(0.25)
    page.mouse.up()
    dragged = read_out(widget)
    output.focus()
    for key in ("Home", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        film(0.4)
    keyed = read_out(widget)
    assert dragged != keyed
    image, kernel = (torch.tensor(numbers, dtype=torch.float64) for numbers in state(book, stepper))
    answer = F.conv2d(image[None, None], kernel[None, None])[0, 0]
    for row, column, value in (dragged, keyed):
        assert value == pytest.approx(answer[row, column].item(), rel=5e-3, abs=5e-3)

    # a wrong answer reads its message, with the smallest failing example drawn
    exercise = cell_index(book, "conv2d-build")
    stub = book.cells()[exercise]["source"]
    wrong = stub.replace(raising(stub), WRONG_BODY)
    write(book, exercise, wrong)
    film(1.5)
    run(book, exercise)
    film(3.5)
    said = book.output_text(exercise)
    assert "✗ conv2d: wrong" in said and "flipped the kernel" in said and "cnncourse-grid" in said

    # the right one passes, and is remembered
    write(book, exercise, stub.replace(raising(stub), RIGHT_BODY))
    film(1)
    run(book, exercise)
    film(2.5)
    assert "✓ conv2d: passed" in book.output_text(exercise)
    use = cell_index(book, "slide-use")
    book.show(use)
    page.keyboard.press("Escape")
    run(book, use)
    assert "your own version" in book.output_text(use)


def raising(stub):
    return re.search(r"raise NotImplementedError\(.*\)", stub).group()


BODY = """rows, columns = image.shape[0] - kernel.shape[0] + 1, image.shape[1] - kernel.shape[1] + 1
    {prepare}output = torch.zeros(rows, columns)
    for i in range(rows):
        for j in range(columns):
            window = image[i : i + kernel.shape[0], j : j + kernel.shape[1]]
            output[i, j] = (window * kernel).sum()
    return output"""
WRONG_BODY = BODY.format(prepare="kernel = kernel.flip(0, 1)\n    ")
RIGHT_BODY = BODY.format(prepare="")


def read_out(widget):
    """(row, column, value) of the output cell that the status text names."""
    said = widget.get_by_role("status").inner_text()
    row, column, value = re.search(r"Output \[(\d+), (\d+)\] = ([-−]?[\d.]+)", said).groups()
    return int(row), int(column), float(value.replace("−", "-"))


def state(book, index):
    """Image and kernel of the widget that a cell shows, as the kernel's process has them."""
    widget = f"Out[{book.cells()[index]['execution_count']}]"
    return book.evaluate(f"[{widget}.image, {widget}.kernel]")
