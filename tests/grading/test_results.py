"""Nothing is lost: results on a disk that is full, cut short or damaged, and shards that are joined."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial

import pytest

from cnncourse import _course
from cnncourse.grading import classroom, results
from cnncourse.grading.classroom import Order, grade_class, merge
from cnncourse.grading.intake import known
from cnncourse.grading.pool import NoGrader
from cnncourse.grading.results import GRADES, Results, ResultsError, read_grades, shard_of
from tests.grading.fake import Broken, FakeGrader, entry

ROOT = _course._PACKAGE.parent
BOOK = known()["03_pooling"].read_bytes()


def record(student="alice", **about):
    grade = {"problem": "", "level": "local", "exercises": {"shift": entry()}}
    usual = {"student": student, "chapter": "03_pooling", "sha256": "0" * 64, "version": "1+a"}
    return {**usual, "file": "x.ipynb", "late": False, "grade": grade, **about}


def fill(folder, count=6, **extra):
    """A class of `count` students, each with a notebook of their own; `extra` adds to somebody's."""
    folder.mkdir(exist_ok=True)
    for n in range(count):
        added = extra.get(f"s{n}", "").encode()
        (folder / f"s{n}_03_pooling.ipynb").write_bytes(BOOK + b" " * n + b"\n" + added)
    return folder


def totals(folder):
    """What must be equal however a class came to be graded."""
    found = {results.key(r)[:3]: r["grade"]["exercises"] for r in read_grades(folder / GRADES)[0]}
    return found, (folder / "gradebook.csv").read_text(), (folder / "canvas.csv").read_text()


def test_records_come_back(tmp_path):
    with Results(tmp_path / "r") as kept:
        kept.append(record("a")), kept.append(record("김 \ud800"))
    with Results(tmp_path / "r") as again:
        assert [r["student"] for r in again.records.values()] == ["a", "김 ?"]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_was_cut_short_is_graded_again(tmp_path, cut):
    with Results(tmp_path) as kept:
        kept.append(record("a")), kept.append(record("b"))
    os.truncate(tmp_path / GRADES, (tmp_path / GRADES).stat().st_size - cut)
    with Results(tmp_path) as again:
        assert [r["student"] for r in again.records.values()] == ["a"]
        again.append(record("b"))
    assert [r["student"] for r in read_grades(tmp_path / GRADES)[0]] == ["a", "b"]


def test_damage_in_the_middle_is_named(tmp_path):
    (tmp_path / GRADES).write_text(json.dumps(record()) + "\n\0\0\0\0\n" + json.dumps(record("b")) + "\n")
    with pytest.raises(ResultsError, match=r"Line 2 of .* is damaged"), Results(tmp_path):
        pass


def test_what_a_killed_run_left_half_written_is_in_nobodys_way(tmp_path):
    """In a container the next run has the same process id."""
    (tmp_path / f".class.json.{os.getpid()}.part").write_text("half")
    results.write_class(tmp_path, {"whole": True})
    assert json.loads((tmp_path / "class.json").read_text()) == {"whole": True}
    assert [path.name for path in tmp_path.iterdir()] == ["class.json"]


def test_two_runs_at_once(tmp_path):
    with Results(tmp_path), pytest.raises(ResultsError, match="Another run"), Results(tmp_path):
        pass


FULL = """
import resource, signal, sys
from tests.grading.test_results import record
from cnncourse.grading.results import Results, ResultsError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Results(sys.argv[1]) as kept:
    kept.append(record("a"))
    size = kept.path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
    try:
        kept.append(record("b"))
    except ResultsError as error:
        print(error)
"""


def test_a_full_disk_loses_nothing(tmp_path):
    """A limit on the size of files stops a write half way, as a full disk does."""
    said = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, cwd=ROOT)
    assert "The disk is full: 1 grades are safe" in said.stdout, said.stderr
    assert [r["student"] for r in read_grades(tmp_path / GRADES)[0]] == ["a"]
    assert (tmp_path / GRADES).read_bytes().endswith(b"\n")
    with Results(tmp_path) as again:
        again.append(record("b"))


def test_a_second_run_grades_what_is_new_and_nothing_twice(tmp_path):
    order = Order(fill(tmp_path / "in"), tmp_path / "out")
    assert grade_class(order, FakeGrader, 1).graded == 6
    first = (order.out / GRADES).read_bytes()
    again = grade_class(order, Broken, 1)
    assert (again.graded, again.before) == (0, 6) and (order.out / GRADES).read_bytes() == first
    (tmp_path / "in" / "s1_03_pooling.ipynb").write_bytes(BOOK + b"\n\n\n")
    assert grade_class(order, FakeGrader, 1).graded == 1
    assert (order.out / GRADES).read_bytes().startswith(first)
    assert (order.out / "gradebook.csv").read_text().count("\ns1,") == 1


def test_another_version_is_graded_anew(tmp_path, monkeypatch):
    order = Order(fill(tmp_path / "in", 2), tmp_path / "out")
    grade_class(order, FakeGrader, 1)
    monkeypatch.setattr(classroom, "version_of", lambda *_: "2+other")
    assert grade_class(order, FakeGrader, 1).graded == 2


def test_a_version_names_course_and_exercises():
    path = known()["03_pooling"]
    assert results.version_of("03_pooling", path).startswith(f"{results.__version__}+")
    assert results.version_of("03_pooling", path) != results.version_of("01_convolution", path)


def test_a_worker_that_dies_is_replaced_and_its_submission_graded(tmp_path):
    order = Order(fill(tmp_path / "in", 4, s2="DIE-ONCE"), tmp_path / "out")
    assert grade_class(order, partial(FakeGrader, folder=tmp_path), 2).graded == 4


def test_a_submission_that_kills_every_worker_is_named_and_the_rest_graded(tmp_path):
    order = Order(fill(tmp_path / "in", 4, s2="DIE-ALWAYS"), tmp_path / "out")
    outcome = grade_class(order, FakeGrader, 2)
    assert outcome.graded == 3 and "s2_03_pooling.ipynb: the grader died of it twice" in outcome.ungraded[0]
    assert "s2_03_pooling.ipynb has no grade yet" in (order.out / "class.html").read_text()
    outcome = grade_class(order, FakeGrader, 1)
    assert outcome.before == 3 and len(outcome.ungraded) == 1


def test_no_grader_starts(tmp_path):
    with pytest.raises(NoGrader, match="install bubblewrap"):
        grade_class(Order(fill(tmp_path / "in", 2), tmp_path / "out"), Broken, 2)


# ---- shards


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """(the class, results of all, folders of three shards)"""
    top = tmp_path_factory.mktemp("shards")
    source = fill(top / "in", 9)
    grade_class(Order(source, top / "whole"), FakeGrader, 1)
    for n in (1, 2, 3):
        grade_class(Order(source, top / f"{n}", shard=(n, 3)), FakeGrader, 1)
    return source, top / "whole", [top / f"{n}" for n in (1, 2, 3)]


def test_a_shard_is_the_same_everywhere_and_shards_are_about_equal():
    assert [shard_of(name, 3) for name in ("alice", "bob", "김")] == [2, 2, 1]
    sizes = [sum(shard_of(f"student{n}", 4) == k for n in range(1000)) for k in range(4)]
    assert min(sizes) > 200


def test_merged_shards_equal_one_run(shards, tmp_path):
    _, whole, parts = shards
    assert merge(parts, tmp_path / "merged") == 9
    assert totals(tmp_path / "merged") == totals(whole)
    assert not (parts[0] / "gradebook.csv").exists()


def test_a_gap_is_named(shards, tmp_path):
    _, _, parts = shards
    with pytest.raises(ResultsError, match="Missing: shard 2/3"):
        merge([parts[0], parts[2]], tmp_path / "m")
    cut = shutil.copytree(parts[1], tmp_path / "cut")
    lines = (cut / GRADES).read_text().splitlines(keepends=True)
    student = json.loads(lines[-1])["student"]
    (cut / GRADES).write_text("".join(lines[:-1]))
    with pytest.raises(ResultsError, match=f"1 have no grade yet: {student}'s 03_pooling"):
        merge([parts[0], cut, parts[2]], tmp_path / "m")


def test_a_duplicate_is_named(shards, tmp_path):
    _, _, parts = shards
    with pytest.raises(ResultsError, match="Shard 1/3 is there twice"):
        merge([*parts, shutil.copytree(parts[0], tmp_path / "again")], tmp_path / "m")
    more = shutil.copytree(parts[1], tmp_path / "more")
    line = (parts[0] / GRADES).read_text().splitlines()[0]
    with (more / GRADES).open("a") as file:
        file.write(line + "\n")
    student = json.loads(line)["student"]
    with pytest.raises(ResultsError, match=f"{student}'s 03_pooling is graded twice"):
        merge([parts[0], more, parts[2]], tmp_path / "m")


def test_mixed_versions_are_named(shards, tmp_path, monkeypatch):
    source, _, parts = shards
    monkeypatch.setattr(classroom, "version_of", lambda *_: "2+other")
    grade_class(Order(source, tmp_path / "2", shard=(2, 3)), FakeGrader, 1)
    with pytest.raises(ResultsError, match=r"Mixed versions: 03_pooling .*2\+other"):
        merge([parts[0], tmp_path / "2", parts[2]], tmp_path / "m")


def test_shards_of_different_classes_are_named(shards, tmp_path):
    _, _, parts = shards
    grade_class(Order(fill(tmp_path / "in", 3), tmp_path / "2", shard=(2, 3)), FakeGrader, 1)
    with pytest.raises(ResultsError, match="different submissions"):
        merge([parts[0], tmp_path / "2", parts[2]], tmp_path / "m")
    with pytest.raises(ResultsError, match="name folders that"):
        merge([tmp_path], tmp_path / "m")


def test_a_folder_keeps_one_shard(shards):
    source, whole, _ = shards
    with pytest.raises(ResultsError, match="name another folder"):
        grade_class(Order(source, whole, shard=(1, 2)), FakeGrader, 1)
