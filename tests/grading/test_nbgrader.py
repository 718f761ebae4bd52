"""A chapter in nbgrader: its tests are locked, and its scores are ours."""

import csv
import os
import subprocess

import nbgrader_environment
import pytest

from cnncourse import _course, notebooks
from cnncourse.grading import Grader, best_level
from cnncourse.grading.intake import known
from cnncourse.grading.nbgrader_bridge import bridged, export
from tests.grading.classes import ANSWERS, answered, private_folder

ROOT = _course._PACKAGE.parent


@pytest.mark.parametrize("stem", known())
def test_every_exercise_is_a_solution_cell_and_a_locked_test_after_it(stem):
    notebook = bridged(notebooks.read(known()[stem]))
    about = [cell.metadata.get("nbgrader") for cell in notebook.cells]
    tests = [i for i, a in enumerate(about) if a and a["grade"]]
    names = notebooks.exercises(notebooks.read(known()[stem]))
    assert len(tests) == len(names) and all(about[i]["points"] == 1 and about[i]["locked"] for i in tests)
    assert all(about[i - 1] is not None for i in tests)
    assert not any(a["grade"] and a["solution"] for a in about if a)
    ids = [a["grade_id"] for a in about if a]
    assert len(set(ids)) == len(ids)
    tested = [notebook.cells[i].source.partition(":")[0].removeprefix("# ") for i in tests]
    assert sorted(tested) == sorted(names)


@pytest.fixture
def nbgrader(tmp_path):
    """nbgrader(arguments) in a course folder of its own."""
    command = nbgrader_environment.find()
    if command is None and os.environ.get("CI"):
        pytest.fail("No nbgrader: tools/nbgrader_environment.py could not install it.")
    if command is None:
        pytest.skip("no nbgrader: `make test` installs one in build/nbgrader where there is a network")

    def run(*arguments):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "OMP_NUM_THREADS": "1",
                       "CNNCOURSE_HOME": str(tmp_path / "home"), "JUPYTER_PLATFORM_DIRS": "1",
                       "CNNCOURSE_PRIVATE": str(tmp_path / "own"),
                       "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
        done = subprocess.run(
            [command, *arguments], cwd=tmp_path / "course", env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run


def test_scores_agree_with_nbgraders(nbgrader, tmp_path, make_notebook):
    own = private_folder(tmp_path / "own", make_notebook)
    export(own / "20_midterm.ipynb", tmp_path / "course")
    nbgrader("generate_assignment", "20_midterm", "--create")
    released = tmp_path / "course" / "release" / "20_midterm" / "20_midterm.ipynb"
    for student, answers in ANSWERS.items():
        handed_in = tmp_path / "course" / "submitted" / student / "20_midterm"
        handed_in.mkdir(parents=True)
        notebooks.write(answered(released, answers), handed_in / "20_midterm.ipynb")
    nbgrader("autograde", "20_midterm")
    nbgrader("export")
    rows = csv.DictReader((tmp_path / "course" / "grades.csv").read_text().splitlines())
    theirs = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}
    with Grader(best_level()[0], private=own) as grader:
        for student in ANSWERS:
            path = tmp_path / "course" / "submitted" / student / "20_midterm" / "20_midterm.ipynb"
            entries = grader.grade(path.read_bytes(), "20_midterm")["exercises"].values()
            assert theirs[student] == (sum(entry["score"] for entry in entries), len(entries)), student
    assert theirs["right"][0] == 4 and theirs["untouched"][0] == 0 and 0 < theirs["mixed"][0] < 4
