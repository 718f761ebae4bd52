"""Notebooks: answers go in and come out by name, and everything else stays."""

import os
import textwrap

import nbformat
import pytest

from cnncourse import notebooks
from cnncourse._cells import Cell

STUB = '''import torch

# keep this comment
@torch.no_grad()
def conv2d(image, kernel):
    """Slide."""
    raise NotImplementedError("about 4 lines")

check(conv2d)          # hint(conv2d), solution(conv2d)'''
ANSWER = 'def conv2d(image, kernel):\n    """합성곱."""\n    return image * kernel\n'
VALUE = """first_layer_parameters = ...      # your answer
check(first_layer_parameters=first_layer_parameters)"""
NET = "class Net(nn.Module):\n    def forward(self, x):\n        raise NotImplementedError\n\ncheck(Net)"


@pytest.fixture
def chapter(make_notebook):
    return make_notebook(
        {
            "title": "#!# Title with check(nothing)",
            "conv": STUB,
            "value": VALUE,
            "later": "conv2d = yours(conv2d)\nconv2d(1, 2)",
            "net": NET,
        }
    )


def source(notebook, name):
    return next(cell.source for cell in notebook.cells if cell.id == name)


def test_exercises_are_found_in_order(chapter):
    assert notebooks.exercises(chapter) == ["conv2d", "first_layer_parameters", "Net"]


def test_swap_replaces_the_function_and_nothing_else(chapter):
    swapped = source(notebooks.swap(chapter, {"conv2d": ANSWER}), "conv")
    check = "check(conv2d)          # hint(conv2d), solution(conv2d)"
    assert swapped == f"import torch\n\n# keep this comment\n{ANSWER}\n{check}"


def test_swap_replaces_the_value_before_its_check(chapter):
    notebooks.swap(chapter, {"first_layer_parameters": "first_layer_parameters = 320"})
    assert source(chapter, "value") == VALUE.replace("...", "320")


def test_swap_replaces_classes_and_leaves_other_cells(chapter):
    before = {cell.id: cell.source for cell in chapter.cells}
    notebooks.swap(chapter, {"Net": "class Net(nn.Module):\n    pass", "unknown": "def unknown(): pass"})
    assert source(chapter, "net") == "class Net(nn.Module):\n    pass\n\ncheck(Net)"
    assert {c.id: c.source for c in chapter.cells if c.id != "net"} == {
        name: text for name, text in before.items() if name != "net"
    }


def test_swap_keeps_ids_and_metadata_and_drops_stale_outputs(chapter):
    cell = chapter.cells[1]
    cell.metadata["tags"] = ["level-2"]
    cell.outputs = [nbformat.v4.new_output("stream", text="old")]
    notebooks.swap(chapter, {"conv2d": ANSWER})
    assert (cell.id, cell.metadata["tags"], cell.outputs) == ("conv", ["level-2"], [])
    nbformat.validate(chapter)


def test_answers_are_the_inverse_of_swap(chapter):
    given = {"conv2d": ANSWER.strip(), "first_layer_parameters": "first_layer_parameters = (\n    320\n)"}
    assert notebooks.answers(notebooks.swap(chapter, given)) | given == notebooks.answers(chapter)


def test_answers_take_decorators_and_ignore_what_yours_fetches(chapter):
    assert notebooks.answers(chapter)["conv2d"].startswith("@torch.no_grad()\ndef conv2d")
    chapter.cells[1].source = "check(conv2d)"
    assert "conv2d" not in notebooks.answers(chapter)


def test_answers_find_a_definition_that_was_moved_to_another_cell(chapter, make_notebook):
    moved = make_notebook({"mine": ANSWER, "conv": "check(conv2d)", "later": "conv2d = yours(conv2d)"})
    assert notebooks.answers(moved) == {"conv2d": ANSWER.strip()}
    assert notebooks.swap(moved, {"conv2d": ANSWER}).cells[1].source == ANSWER + "\ncheck(conv2d)"


@pytest.mark.parametrize("magic", ["%matplotlib inline", "!ls -l", "?conv2d", "%%time"])
def test_ipython_lines_are_no_obstacle(magic):
    code = Cell.parse(f"{magic}\ndef conv2d(a):\n    %timeit a\n    return '한글', a\ncheck(conv2d)")
    assert code.checked() == ["conv2d"]
    assert code.replace("conv2d", "def conv2d(a): pass") == f"{magic}\ndef conv2d(a): pass\ncheck(conv2d)"


def test_positions_count_characters_not_bytes():
    code = Cell.parse("é = '한글'; x = ...; check(x=x)")
    assert code.replace("x", "x = '글'") == "é = '한글'; x = '글'; check(x=x)"


def test_a_cell_that_does_not_parse_has_no_checks():
    assert Cell.parse("def conv2d(:\ncheck(conv2d)").checked() == []


def test_several_answers_in_one_check():
    assert Cell.parse("check(f, g, h=h)").checked() == ["f", "g", "h"]


def test_write_and_read_back(chapter, tmp_path):
    path = tmp_path / "한글 과 공백.ipynb"
    notebooks.write(chapter, path)
    assert notebooks.read(path) == chapter
    assert os.listdir(tmp_path) == [path.name]


def test_a_write_that_fails_leaves_the_old_file(chapter, tmp_path, monkeypatch):
    path = tmp_path / "01_convolution.ipynb"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        notebooks.write(chapter, path)
    assert path.read_text() == "old" and os.listdir(tmp_path) == [path.name]


START = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty, cut short or not JSON"),
        (b'{"cells": [', "empty, cut short or not JSON"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"[]", "is not a readable notebook"),
        (b"7", "is not a readable notebook"),
        (START + b', "cells": [{"cell_type": "code"}]}', "missing"),
        (START + b"}", "cells"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(content, reason, tmp_path):
    path = tmp_path / "01_convolution.ipynb"
    path.write_bytes(content)
    with pytest.raises(notebooks.NotebookError, match=reason) as raised:
        notebooks.read(path)
    assert "\n" not in str(raised.value) and str(raised.value).startswith("01_convolution.ipynb")


def test_older_formats_and_byte_order_marks_are_read(chapter, tmp_path):
    for cell in chapter.cells:
        del cell["id"]
    chapter.nbformat_minor = 4
    path = tmp_path / "old.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + nbformat.writes(chapter).encode())
    read = notebooks.read(path)
    assert read.nbformat_minor == 5 and all(cell.id for cell in read.cells)


@pytest.fixture
def exercise(monkeypatch):
    """An exercise registry with the two that the notebook of these tests needs."""
    import cnncourse.exercises

    class Solved:
        def __init__(self, source):
            self.source = textwrap.dedent(source)

    solved = {"conv2d": Solved(ANSWER), "first_layer_parameters": Solved("first_layer_parameters = 320")}
    monkeypatch.setattr(cnncourse.exercises, "EXERCISES", solved)


def test_solve_writes_a_folder(chapter, tmp_path, exercise):
    del chapter.cells[-1]  # Net is no exercise of this registry
    (tmp_path / "chapters").mkdir()
    notebooks.write(chapter, tmp_path / "chapters" / "01_convolution.ipynb")
    (written,) = notebooks.solve(tmp_path / "chapters", tmp_path / "build" / "solved")
    assert notebooks.answers(notebooks.read(written)) == {
        "conv2d": ANSWER.strip(),
        "first_layer_parameters": "first_layer_parameters = 320",
    }
    assert "raise NotImplementedError" in (tmp_path / "chapters" / "01_convolution.ipynb").read_text()


def test_solve_names_an_unknown_exercise(chapter, tmp_path, exercise):
    notebooks.write(chapter, tmp_path / "01_convolution.ipynb")
    with pytest.raises(notebooks.NotebookError, match=r"01_convolution.ipynb checks Net"):
        notebooks.solve(tmp_path / "01_convolution.ipynb", tmp_path / "out")


def test_solve_refuses_to_write_over_the_chapters(chapter, tmp_path, exercise):
    notebooks.write(chapter, tmp_path / "01_convolution.ipynb")
    with pytest.raises(notebooks.NotebookError, match="name another folder"):
        notebooks.solve(tmp_path, tmp_path)
    with pytest.raises(notebooks.NotebookError, match="No chapters"):
        notebooks.solve(tmp_path / "nowhere", tmp_path / "out")
