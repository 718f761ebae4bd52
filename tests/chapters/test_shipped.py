"""Every chapter as it is committed: the student's version, which `update` and translations can key on."""

import ast
import re

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cnncourse import notebooks
from cnncourse._cells import Cell
from cnncourse._course import chapters, course_folder

CHAPTERS = chapters()
EXERCISES = [(path, name) for path in CHAPTERS for name in notebooks.exercises(notebooks.read(path))]
every_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def test_there_are_chapters_and_nothing_else():
    assert CHAPTERS, f"no chapters in {course_folder()}"
    there = {path.name for path in course_folder().iterdir()} - {".ipynb_checkpoints"}
    assert there == {path.name for path in CHAPTERS}, "a picture goes into its cell, as an attachment"


@every_chapter
def test_it_is_a_valid_notebook_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)


@every_chapter
def test_its_cell_ids_are_words_that_stay(path):
    """Ids that an editor made up change when a cell is pasted; ours say what the cell is."""
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if not re.fullmatch(r"[a-z][a-z0-9-]*", id)] == []


@every_chapter
def test_every_code_cell_parses_and_none_is_left_out_of_the_run(path):
    for cell, code in notebooks.code_cells(notebooks.read(path)):
        assert code.statements is not None, cell.id
        marks = [*cell.metadata.get("tags", ()), cell.source]
        assert not re.search(r"nbval|raises-exception", " ".join(marks), re.IGNORECASE), cell.id


@every_chapter
def test_it_carries_nothing_of_the_machine_it_was_written_on(path):
    assert not re.search(r"/(home|root|Users)/", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("path", "name"), EXERCISES, ids=lambda part: getattr(part, "stem", part))
def test_a_stub_is_the_reference_without_its_body(path, name):
    """The signature, the decorators and the docstring of the solution, and nothing of what it does."""
    from cnncourse.exercises import EXERCISES as REGISTRY

    _, code = notebooks.home(notebooks.read(path), name)
    (stub,) = code.definitions(name)
    (solved,) = Cell.parse(REGISTRY[name].source).definitions(name)
    assert surface(stub) == surface(solved)
    if isinstance(stub, ast.ClassDef):  # the solution may have helpers that the stub does not give away
        assert methods(stub).items() <= methods(solved).items()


def surface(statement):
    """What a learner sees of a definition before its body: its kind, name, parameters and docstring."""
    if isinstance(statement, ast.Assign):
        return [ast.dump(target) for target in statement.targets]
    given = statement.bases if isinstance(statement, ast.ClassDef) else [statement.args]
    dumped = [ast.dump(node) for node in [*given, *statement.decorator_list]]
    return type(statement), statement.name, dumped, ast.get_docstring(statement)


def methods(statement):
    return {node.name: repr(surface(node)) for node in statement.body if isinstance(node, ast.FunctionDef)}


def test_a_strict_run_of_an_unsolved_chapter_fails(strict_environment, tmp_path):
    """The first check stops it: were checks deaf to strictness, a solved run would prove nothing."""
    notebook = notebooks.read(CHAPTERS[0])
    first = next(cell.id for cell, code in notebooks.code_cells(notebook) if code.checked())
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    with pytest.raises(CellExecutionError, match="NotPassed"):
        client.execute()
    (failed,) = [cell.id for cell, _ in notebooks.code_cells(notebook) if has_error(cell)]
    assert failed == first


def has_error(cell):
    return any(output.output_type == "error" for output in cell.outputs)
