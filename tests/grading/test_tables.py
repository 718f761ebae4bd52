"""Gradebooks in the columns that their readers want, and nothing in them that a spreadsheet computes."""

import csv
import io
import json

import pytest

from cnncourse.grading import gradebook, results
from cnncourse.grading.gradebook import Gradebook, as_csv, inert
from tests.grading.fake import entry

EXERCISES = ("conv2d", "impulse")


def record(student, *scores, chapter="01_convolution", **about):
    entries = {name: entry(score=s, outcome="passed" if s else "wrong")
               for name, s in zip(EXERCISES, scores, strict=True)}  # fmt: skip
    grade = {"problem": "", "level": "local", "limits": "", "seed": 1, "seconds": 0.1, "exercises": entries}
    return {"student": student, "chapter": chapter, "sha256": student, "version": "1", "file": "x.ipynb",
            "late": False, "grade": grade, **about}  # fmt: skip


def person(student, name="", canvas=None):
    return {"student": student, "name": name, "canvas": canvas or {}, "aliases": [student]}


def book(folder, records, students=(), notes=()):
    """The gradebook of a results folder with these records."""
    about = {"digest": "", "shard": [1, 1], "chapters": {r["chapter"]: "1" for r in records},
             "students": list(students), "notes": list(notes),
             "submissions": [{k: v for k, v in r.items() if k != "grade"} for r in records]}  # fmt: skip
    folder.mkdir(exist_ok=True)
    results.write_class(folder, about)
    lines = "".join(json.dumps(r) + "\n" for r in records if "grade" in r)
    (folder / results.GRADES).write_text(lines, encoding="utf-8")
    return Gradebook.of(folder, {})


def rows(table, found):
    return list(csv.reader(io.StringIO(as_csv(table(found)))))


def test_the_plain_table(tmp_path):
    found = book(tmp_path, [record("bob", 1.0, 0.0), record("al", 1.0, 1.0)], [person("al"), person("cy")])
    assert rows(gradebook.plain, found) == [
        ["student", "score", "max_score", "conv2d", "impulse"],
        ["al", "2", "2", "1", "1"],
        ["cy", "0", "2", "", ""],
        ["bob", "1", "2", "1", "0"],
    ]


def test_nbgraders_columns(tmp_path):
    header, row = rows(
        gradebook.nbgrader, book(tmp_path, [record("bob", 1.0, 0.0)], [person("bob", "Bob B")])
    )
    assert ",".join(header) == (
        "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,"
        "score,max_score"
    )
    assert row == ["01_convolution", "", "", "bob", "B", "Bob", "", "1.0", "0.0", "1.0", "2.0"]


def test_canvas_columns(tmp_path):
    canvas = {"Student": "Doe, Jane", "ID": "12345", "SIS Login ID": "jdoe", "Section": "1"}
    found = book(tmp_path, [record("jdoe", 1.0, 0.0)], [person("jdoe", "Doe, Jane", canvas), person("x")])
    assert rows(gradebook.canvas, found) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "01_convolution"],
        ["    Points Possible", "", "", "", "", "2"],
        ["Doe, Jane", "12345", "", "jdoe", "1", "1"],
        ["x", "", "", "x", "", ""],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(tmp_path, name):
    found = book(tmp_path, [record(name, 1.0, 0.0)], [person(name, name, {"Student": name, "ID": name})])
    for table in gradebook.TABLES.values():
        cells = [cell for row in rows(table, found) for cell in row]
        assert not [cell for cell in cells if cell.strip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert any(cell == "'" + name.replace("\t", " ").replace("\r", " ") for cell in cells)
    assert inert(-1) == -1 and inert("a-b") == "a-b"


def test_a_submission_without_a_grade_counts_as_waiting(tmp_path):
    waiting = record("bob", 1.0, 0.0)
    del waiting["grade"]
    found = book(tmp_path, [record("al", 1.0, 1.0), waiting])
    assert found.waiting == ("x.ipynb",) and [student.name for student in found.students] == ["al"]
