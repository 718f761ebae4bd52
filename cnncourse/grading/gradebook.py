"""Grades as tables: plain, in nbgrader's columns, and in Canvas's."""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from ..notebooks import exercises, read
from .results import CLASS, GRADES, key, read_class, read_grades
from .roster import CANVAS

# The columns that `nbgrader export` writes: nbgrader 0.9.6, nbgrader/plugins/export.py, CsvExportPlugin.
NBGRADER = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
            "raw_score", "late_submission_penalty", "score", "max_score")  # fmt: skip


@dataclass(frozen=True)
class Student:
    """A student of the class: who, and {chapter: the record of what they handed in}."""

    name: str
    full: str
    canvas: dict
    records: dict


@dataclass(frozen=True)
class Gradebook:
    """A class that is graded: {chapter: names of its exercises}, students, notes."""

    chapters: dict
    students: tuple
    notes: tuple
    waiting: tuple  # submissions without a grade, as shown

    @classmethod
    def of(cls, folder, chapters):
        """The gradebook of a results folder; `chapters` is {stem: path} of every chapter there is."""
        about = read_class(folder)
        graded = {key(record): record for record in read_grades(Path(folder) / GRADES)[0]}
        wanted = [graded.get(key(record), record) for record in about["submissions"]]
        names = {stem: _exercises(stem, wanted, chapters) for stem in about["chapters"]}
        waiting = tuple(record["file"] for record in wanted if "grade" not in record)
        students = _students(about["students"], [record for record in wanted if "grade" in record])
        return cls(names, students, tuple(about["notes"]), waiting)

    @property
    def levels(self):
        """Levels of isolation that the grades were made at, each with how many."""
        found = [r["grade"]["level"] for student in self.students for r in student.records.values()]
        return {level: found.count(level) for level in sorted(set(found))}

    def score(self, student, chapter=None):
        """Points of a student, in one chapter or in all."""
        chosen = student.records.values() if chapter is None else [student.records.get(chapter)]
        return sum(e["score"] for r in chosen if r for e in r["grade"]["exercises"].values())

    def most(self, chapter=None):
        """Points that there are, in one chapter or in all."""
        return sum(len(names) for stem, names in self.chapters.items() if chapter in (None, stem))


def _exercises(stem, records, chapters):
    graded = next((r for r in records if r["chapter"] == stem and "grade" in r), None)
    if graded:
        return list(graded["grade"]["exercises"])
    return exercises(read(chapters[stem])) if stem in chapters else []


def _students(rows, records):
    of = {}
    for record in records:
        of.setdefault(record["student"], {})[record["chapter"]] = record
    listed = [Student(r["student"], r["name"], r["canvas"], of.pop(r["student"], {})) for r in rows]
    return (*listed, *(Student(name, "", {}, records) for name, records in sorted(of.items())))


def plain(book):
    """`student,score,max_score`, then a column an exercise: points, empty where nothing was handed in."""
    names = [(stem, name) for stem, found in book.chapters.items() for name in found]
    yield ["student", "score", "max_score", *(name for _, name in names)]
    for student in book.students:
        cells = [_points(student, stem, name) for stem, name in names]
        yield [student.name, number(book.score(student)), book.most(), *cells]


def _points(student, stem, name):
    record = student.records.get(stem)
    entry = record["grade"]["exercises"].get(name) if record else None
    return number(entry["score"]) if entry else ""


def nbgrader(book):
    """What `nbgrader export` writes: a row for each chapter and student."""
    yield list(NBGRADER)
    for stem in book.chapters:
        for student in book.students:
            first, _, last = student.full.rpartition(" ")
            score = f"{float(book.score(student, stem))}"
            person = [student.name, last if first else "", first or last, ""]
            yield [stem, "", "", *person, score, "0.0", score, f"{float(book.most(stem))}"]


def canvas(book):
    """What Canvas imports: a column a chapter, an empty cell where nothing was handed in."""
    yield [*CANVAS, *book.chapters]
    yield ["    Points Possible", "", "", "", "", *(book.most(stem) for stem in book.chapters)]
    for student in book.students:
        identity = {"Student": student.full or student.name, "SIS Login ID": student.name, **student.canvas}
        scores = [number(book.score(student, s)) if s in student.records else "" for s in book.chapters]
        yield [*(identity.get(column, "") for column in CANVAS), *scores]


def as_csv(rows):
    """Rows as text in which no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([inert(cell) for cell in row] for row in rows)
    return text.getvalue()


def inert(cell):
    """A cell; one that a spreadsheet would compute gets an apostrophe in front (OWASP, CSV injection)."""
    if not isinstance(cell, str):
        return cell
    text = re.sub(r"[\x00-\x1f]", " ", cell)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


def number(value):
    """1 and not 1.0; 0.5 stays."""
    return int(value) if float(value).is_integer() else round(float(value), 4)


TABLES = {"gradebook.csv": plain, "nbgrader.csv": nbgrader, "canvas.csv": canvas}
NAMES = (*TABLES, "class.html", "feedback", GRADES, CLASS)
