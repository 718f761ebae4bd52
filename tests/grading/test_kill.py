"""`kill -9` at any moment: a rerun grades what is missing, and the totals are those of a quiet run."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from functools import partial

import pytest

from cnncourse import _course, notebooks
from cnncourse.grading import Grader, best_level, results
from cnncourse.grading.classroom import Order, grade_class
from cnncourse.grading.results import GRADES, read_grades
from tests.grading.fake import FakeGrader
from tests.grading.test_results import fill, totals

ROOT = _course._PACKAGE.parent
RUN = """
import sys
from functools import partial
from pathlib import Path
from cnncourse.grading.classroom import Order, grade_class
from tests.grading.fake import FakeGrader
if __name__ == "__main__":
    grade_class(Order(Path(sys.argv[1]), Path(sys.argv[2])), partial(FakeGrader, seconds=0.02), 1)
"""


def killed(command, grades, after, environment=None):
    """Run a command, and kill it and nothing else a moment after `grades` has so many more lines."""
    before = lines(grades)
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        end = time.monotonic() + 240
        while lines(grades) < before + after and process.poll() is None and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(random.random() * 0.02)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    return process.returncode


def lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def no_record_twice(folder):
    found = Counter(results.key(record) for record in read_grades(folder / GRADES)[0])
    assert not [name for name, count in found.items() if count > 1]


def test_killed_again_and_again_it_comes_to_the_same_totals(tmp_path):
    random.seed(0)
    source = fill(tmp_path / "in", 24)
    grade_class(Order(source, tmp_path / "quiet"), FakeGrader, 1)
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, tmp_path / "run.py", source, tmp_path / "out"]
    environment = {"PYTHONPATH": str(ROOT)}
    ends = [killed(command, tmp_path / "out" / GRADES, after, environment) for after in (0, 2, 5)]
    assert -signal.SIGKILL in ends
    done = lines(tmp_path / "out" / GRADES)
    assert 0 < done < 24
    outcome = grade_class(Order(source, tmp_path / "out"), FakeGrader, 2)
    assert outcome.before == done and outcome.graded == 24 - done
    assert totals(tmp_path / "out") == totals(tmp_path / "quiet")
    no_record_twice(tmp_path / "out")


@pytest.mark.parametrize("cut", (1, 700, 1897))
def test_cut_at_any_byte_it_comes_to_the_same_totals(tmp_path_factory, cut):
    """What a power cut leaves: the file ends anywhere."""
    top = tmp_path_factory.getbasetemp() / "cut"
    order = Order(fill(top, 3), top.parent / "cut-out")
    grade_class(order, FakeGrader, 1)
    wanted = totals(order.out)
    size = (order.out / GRADES).stat().st_size
    os.truncate(order.out / GRADES, max(0, size - cut))
    grade_class(order, FakeGrader, 1)
    assert totals(order.out) == wanted


def test_the_real_grader_killed_in_the_middle(tmp_path):
    level, _ = best_level()
    folder = tmp_path / "in"
    folder.mkdir()
    chapter = _course.course_folder() / "03_pooling.ipynb"
    solved = notebooks.solve(chapter, tmp_path / "solved")[0].read_bytes()
    for n in range(3):
        (folder / f"s{n}_03_pooling.ipynb").write_bytes(solved + b"\n" * n)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "cnncourse", "grade", folder, "--out", out, "--workers", "1"]
    assert killed([*command, "--unsafe-local"], out / GRADES, 1) in (-signal.SIGKILL, 0)
    done = lines(out / GRADES)
    outcome = grade_class(Order(folder, out), partial(Grader, level), 1)
    assert done >= 1 and outcome.before == done and outcome.graded == 3 - done
    scores = [line.split(",")[1:3] for line in (out / "gradebook.csv").read_text().splitlines()[1:]]
    assert len(scores) == 3 and all(score == most for score, most in scores)
    no_record_twice(out)
