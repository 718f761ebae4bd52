"""A chapter for nbgrader: each exercise's cell as a solution cell, then a locked test cell for each answer.

nbgrader does not autograde one cell that is both. The test asks the course's own check, so the scores are
those of `cnncourse grade`, with nbgrader's isolation instead of ours: a test runs beside the student's code.
"""

from pathlib import Path

import nbformat

from .._cells import Cell
from ..notebooks import exercises, home, read, write

CONFIG = '''"""Written by `cnncourse nbgrader`. The source is the students' version: nothing to clear."""

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "cnncourse"
c.ClearSolutions.enabled = False
c.ExecutePreprocessor.timeout = 300
'''
TEST = """# {name}: 1 point
from cnncourse.exercises import check as _check_answer

_verdict = _check_answer({given})
assert _verdict.passed, repr(_verdict)"""


def export(path, folder):
    """Write the chapter at `path` into an nbgrader course in `folder`; returns the notebook's path."""
    path, folder = Path(path), Path(folder)
    target = folder / "source" / path.stem / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    write(bridged(read(path)), target)
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text(CONFIG, encoding="utf-8")
    return target


def bridged(notebook):
    """The notebook, in place, with nbgrader's metadata and the added test cells."""
    names = {}
    for name in exercises(notebook):
        names.setdefault(home(notebook, name)[0].id, []).append(name)
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.id in names:
            cell.metadata["nbgrader"] = _about(cell.id, solution=True)
            cells += [_test(cell, name) for name in names[cell.id]]
    notebook.cells = cells
    return notebook


def _test(cell, name):
    given = name if name in _functions(cell) else f"{name}={name}"
    test = nbformat.v4.new_code_cell(TEST.format(name=name, given=given), id=f"test-{name.replace('_', '-')}")
    test.metadata["nbgrader"] = _about(test.id, grade=True, locked=True, points=1)
    return test


def _functions(cell):
    """Names that the cell checks by position: `check(conv2d)` and not `check(answer=answer)`."""
    code = Cell.parse(cell.source)
    kinds = ("FunctionDef", "ClassDef", "AsyncFunctionDef")
    return {name for name in code.checked() for s in code.definitions(name) if type(s).__name__ in kinds}


def _about(grade_id, *, grade=False, solution=False, locked=False, **points):
    """nbgrader's metadata of a cell: schema version 3 of nbgrader 0.9, nbgrader/nbgraderformat/v3.py."""
    about = {"grade": grade, "solution": solution, "locked": locked, "task": False, "grade_id": grade_id}
    return {**about, "schema_version": 3, "cell_type": "code", **points}
