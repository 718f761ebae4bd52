"""How fast a class is graded beside `nbgrader autograde`; `pytest -s benchmarks/test_grading.py`, 10 minutes.

Seconds on the clock for each submission, without the start of either: nbgrader's is measured by a run that
has nothing left to grade, and ours is up before the first. Both are measured in turn on one core each, and
the figure is the ratio. nbgrader runs every cell of a chapter; our grader runs what the student wrote.
"""

import os
import resource
import subprocess
import time
from functools import partial
from statistics import median

import nbformat
import nbgrader_environment
import pytest

from cnncourse import _course, notebooks
from cnncourse.grading import Grader, best_level
from cnncourse.grading.classroom import Order, grade_class
from cnncourse.grading.nbgrader_bridge import export

ROOT = _course._PACKAGE.parent
CHAPTER = _course.course_folder() / "01_convolution.ipynb"
TINY = "90_tiny"
CASES = {"tiny": (TINY, 4, 40, 30), "chapter 01": ("01_convolution", 2, 20, 100)}  # theirs, ours, at least


@pytest.fixture(scope="module")
def private(tmp_path_factory):
    """A folder with a chapter of one exercise."""
    folder = tmp_path_factory.mktemp("private")
    cells = [cell for cell in notebooks.read(CHAPTER).cells if cell.id in ("setup", "conv2d-build")]
    cells[0].source = "import torch\n\nfrom cnncourse import check"
    notebooks.write(nbformat.v4.new_notebook(cells=cells), folder / f"{TINY}.ipynb")
    return folder


@pytest.fixture
def nbgrader(tmp_path):
    """nbgrader(arguments) -> seconds it took, in an nbgrader course of its own."""
    command = nbgrader_environment.find()
    if command is None:
        pytest.skip("no nbgrader: run tools/nbgrader_environment.py")
    own = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CNNCOURSE_HOME": str(tmp_path / "home")}
    path = {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}

    def run(*arguments):
        start = time.perf_counter()
        subprocess.run(
            [command, *arguments], cwd=tmp_path, env={**os.environ, **own, **path}, check=True,
            capture_output=True,
        )  # fmt: skip
        return time.perf_counter() - start

    return run


def solved(path, names):
    """The notebook at `path` with the reference solutions of some exercises."""
    from cnncourse.exercises import EXERCISES

    return notebooks.swap(notebooks.read(path), {name: EXERCISES[name].source for name in names})


def theirs(nbgrader, folder, path, count):
    """Seconds that nbgrader takes for each of `count` submissions, without its start."""
    export(path, folder)
    nbgrader("generate_assignment", path.stem, "--create")
    released = folder / "release" / path.stem / path.name
    for n in range(count):
        handed_in = folder / "submitted" / f"s{n}" / path.stem
        handed_in.mkdir(parents=True)
        notebooks.write(solved(released, notebooks.exercises(notebooks.read(path))), handed_in / path.name)
    whole = nbgrader("autograde", path.stem)
    return (whole - nbgrader("autograde", path.stem)) / count


def ours(grader, path, count):
    """Seconds that our grader takes for each of `count` different submissions: the median."""
    content = nbformat.writes(solved(path, notebooks.exercises(notebooks.read(path)))).encode()
    seconds = []
    for n in range(count + 5):
        start = time.perf_counter()
        graded = grader.grade(content + b"\n" * n, path.stem)
        seconds.append(time.perf_counter() - start)
        assert all(entry["score"] == 1 for entry in graded["exercises"].values())
    return median(seconds[5:])  # the first few compute what is expected, once for each seed


@pytest.mark.parametrize("name", CASES)
def test_faster_than_nbgrader(name, private, nbgrader, tmp_path):
    stem, few, many, enough = CASES[name]
    path = private / f"{stem}.ipynb" if stem == TINY else CHAPTER
    level, _ = best_level()
    with Grader(level, private=private) as grader:
        before = ours(grader, path, many)
        peer = theirs(nbgrader, tmp_path, path, few)
        after = ours(grader, path, many)
    own = (before + after) / 2
    print(f"\n{name}: {own:.3f} s ({level}) and nbgrader {peer:.2f} s a submission: {peer / own:.0f} times")
    assert peer / own >= enough, "measure again on a quiet machine before you look for a cause"


def test_a_class_of_300(tmp_path):
    """Classes of 8 and 40 on two cores, in processor time, so that other programs disturb it little."""
    small, large, whole = 8, 40, 300
    few, many = (class_of(count, tmp_path / f"{count}") for count in (small, large))
    each = (many - few) / (large - small)
    seconds = (few + each * (whole - small)) / 2
    print(f"\n{each:.3f} s of a core each: {whole} of chapter 01 take {seconds:.0f} s on two cores")
    assert seconds < 300, "measure again on a quiet machine before you look for a cause"


def class_of(count, folder):
    """Seconds of processor time that grading a class takes, workers, sandboxes and their start included."""
    content = nbformat.writes(solved(CHAPTER, notebooks.exercises(notebooks.read(CHAPTER)))).encode()
    (folder / "in").mkdir(parents=True)
    for n in range(count):
        (folder / "in" / f"s{n}_01_convolution.ipynb").write_bytes(content + b"\n" * n)
    before = processor_seconds()
    order = Order(folder / "in", folder / "out")
    assert grade_class(order, partial(Grader, best_level()[0]), 2).graded == count
    return processor_seconds() - before


def processor_seconds():
    """Of this process and of all its children that have ended."""
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in used)
