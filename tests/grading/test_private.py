"""Exercises of an instructor's own: handed out, checked or recorded, and graded."""

import subprocess
import sys
import zipfile

import pytest

from cnncourse import _course, notebooks
from cnncourse.grading import private, release
from tests.grading.classes import ANSWERS, MODULE, RIGHT, answered, private_folder

ROOT = _course._PACKAGE.parent


@pytest.fixture
def own(tmp_path, make_notebook):
    return private_folder(tmp_path / "own", make_notebook)


def run(folder, notebook):
    """What the checks of a notebook say in `folder`, as a student's kernel would say it."""
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    shown = [s.replace("check(", "print(check(", 1) + ")" if "check(" in s else s for s in sources[1:]]
    (folder / "cells.py").write_text("\n".join([sources[0], *shown]), encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "CNNCOURSE_HOME": str(folder / "home"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "cells.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def hand_out(own, folder, **options):
    zipped = folder / "out.zip"
    release.release(("01_convolution", "20_midterm"), zipped, private=own, **options)
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder / "student")
        return folder / "student", set(archive.namelist())


def test_without_the_checks_answers_are_recorded(own, tmp_path, wheel):
    folder, names = hand_out(own, tmp_path, wheel=wheel)
    assert "instructor/recorded.json" in names and not [name for name in names if name.endswith(".py")]
    assert "x + x" not in "".join(p.read_text("utf-8", "replace") for p in folder.rglob("*") if p.is_file())
    assert "`double_it`" in (folder / "README.md").read_text()
    said = run(folder, answered(folder / "20_midterm.ipynb", {**RIGHT, "midterm_size": "midterm_size = 1"}))
    assert "✓ conv2d: passed" in said
    for name in ("double_it", "midterm_size", "midterm_choice"):
        assert f"✎ {name}: recorded" in said
    assert said.count("graded by your instructor") == 3
    untouched = run(folder, notebooks.read(folder / "20_midterm.ipynb"))
    assert untouched.count("not attempted") == 4


def test_with_the_checks_they_answer(own, tmp_path, wheel):
    folder, names = hand_out(own, tmp_path, wheel=wheel, with_checks=True)
    assert "instructor/midterm.py" in names and "instructor/recorded.json" not in names
    said = run(folder, answered(folder / "20_midterm.ipynb", ANSWERS["mixed"]))
    assert "✗ double_it: wrong\nYou squared it." in said and "One too many." in said


def test_a_broken_module_of_an_instructors_is_a_sentence(own, tmp_path, wheel):
    folder, _ = hand_out(own, tmp_path, wheel=wheel, with_checks=True)
    (folder / "instructor" / "midterm.py").write_text("1 / 0")
    assert "Your instructor's exercises cannot be read: division by zero" in run(
        folder, notebooks.read(folder / "20_midterm.ipynb")
    )


def test_graded_by_the_same_tools(own, tmp_path):
    from cnncourse.grading import Grader, best_level

    with Grader(best_level()[0], private=own) as grader:
        for answers in ANSWERS.values():
            path = tmp_path / "20_midterm.ipynb"
            notebooks.write(answered(own / "20_midterm.ipynb", answers), path)
            graded = grader.grade(path.read_bytes(), "20_midterm")["exercises"]
            passed = {name for name, entry in graded.items() if entry["score"]}
            assert list(graded) == ["conv2d", "double_it", "midterm_size", "midterm_choice"]
            assert passed == {name for name, source in answers.items() if RIGHT[name] == source}


def test_folders_that_cannot_be_used(own, tmp_path, make_notebook):
    with pytest.raises(private.PrivateError, match="has no chapters"):
        private.load(tmp_path)
    (own / "midterm.py").write_text(
        MODULE.replace("def double_it", "def conv2d").replace("@double_it", "@conv2d")
    )
    with pytest.raises(private.PrivateError, match="two exercises are called conv2d"):
        private.load(own)
    (own / "midterm.py").write_text("import nothing_like_it")
    with pytest.raises(private.PrivateError, match="nothing_like_it"):
        private.load(own)
    notebooks.write(make_notebook({"a": "1"}), own / "01_convolution.ipynb")
    with pytest.raises(private.PrivateError, match="of the course's name: 01_convolution"):
        private.chapter_paths(own)


def test_a_check_without_an_exercise_is_no_hand_out(own, tmp_path, wheel):
    (own / "midterm.py").write_text(MODULE.replace("midterm_size", "another_name"))
    with pytest.raises(private.PrivateError, match="20_midterm checks midterm_size"):
        release.release(("20_midterm",), tmp_path / "out.zip", private=own, wheel=wheel)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return release.build_wheel(tmp_path_factory.mktemp("wheel"))


BROKEN = [
    ("draw(2, 3),)", "lambda x: x,)", "a lambda cannot be sent .*; an example holds numbers"),
    ("draw(2, 3),)", "object(),)", "an example has a object"),
    ("draw(2, 3),)", "1 / 0,)", "division by zero"),
    ("draw(2, 3),)", "draw(4096, 4097),)", "its examples are larger than 64 MB"),
    ("return x + x", "return x.nothing", "its own solution is crashed"),
]


@pytest.mark.parametrize(("there", "instead", "said"), BROKEN)
@pytest.mark.parametrize("when", ["release", "grade"])
def test_an_exercise_that_cannot_be_graded_is_said_before_anybody_hands_in(
    own, tmp_path, when, there, instead, said
):
    from cnncourse.grading import Grader, best_level

    (own / "midterm.py").write_text(MODULE.replace(there, instead, 1))
    with pytest.raises(private.PrivateError, match=f"double_it cannot be graded: ({said})"):
        if when == "release":
            release.release(("20_midterm",), tmp_path / "out.zip", private=own, wheel=__file__)
        else:
            Grader(best_level()[0], private=own)
    assert not (tmp_path / "out.zip").exists()


def test_a_check_without_an_exercise_is_not_graded(own):
    from cnncourse.grading import Grader, best_level

    (own / "midterm.py").write_text(MODULE.replace("midterm_size", "another_name"))
    with pytest.raises(private.PrivateError, match="20_midterm checks midterm_size"):
        Grader(best_level()[0], private=own, chapters=("20_midterm",))


def test_a_private_chapter_without_a_module_is_handed_out(own, tmp_path, make_notebook, wheel):
    """It checks exercises of the course alone; there is nothing to ship for it."""
    notebooks.write(make_notebook({"a": "check(conv2d)"}), own / "21_final.ipynb")
    out = tmp_path / "out.zip"
    names = release.release(("20_midterm", "21_final"), out, private=own, with_checks=True, wheel=wheel)
    assert {"instructor/midterm.py", "21_final.ipynb"} <= set(names)
