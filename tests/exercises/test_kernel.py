"""Checks in a real Jupyter kernel: time-outs leave it usable, verdicts and questions are shown."""

import nbformat
import pytest
from nbclient import NotebookClient

SETUP = """
from cnncourse import check
from cnncourse.exercises import EXERCISES
EXERCISES["conv2d"].seconds = 0.5
"""
ENDLESS = """
def conv2d(image, kernel):
    while True:
        try:
            while True:
                pass
        except Exception:
            continue

check(conv2d)
"""
CRASH = """
def conv2d(image, kernel):
    rows = image.shape[0]
    return rows.no_such_thing

check(conv2d)
"""
CELLS = {
    "setup": SETUP,
    "endless": ENDLESS,
    "usable": "1 + 1",
    "crash": CRASH,
    "question": "check(one_epoch=...)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """{cell id: its outputs} of a notebook that was run in a kernel."""
    folder = tmp_path_factory.mktemp("kernel")
    cells = [nbformat.v4.new_code_cell(source.strip(), id=name) for name, source in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCOURSE_HOME", str(folder))
        patch.delenv("CNNCOURSE_STRICT", raising=False)
        NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    return {cell.id: cell.outputs for cell in notebook.cells}


def test_an_endless_answer_leaves_the_kernel_usable(outputs):
    assert "timed out" in outputs["endless"][-1].data["text/plain"]
    assert outputs["usable"][-1].data["text/plain"] == "2"


def test_a_crash_shows_the_line_of_the_cell(outputs):
    page = outputs["crash"][-1].data["text/html"]
    assert "line 3: return rows.no_such_thing" in page and "site-packages" not in page


def test_a_question_has_radio_buttons(outputs):
    kinds = [set(output.data) for output in outputs["question"]]
    assert any("application/vnd.jupyter.widget-view+json" in kind for kind in kinds)
    assert "RadioButtons" in str(outputs["question"])
