"""A page for each student: every exercise with its outcome, why, their own code, and the hints there are."""

import hashlib
import re
from collections import Counter
from html import escape
from pathlib import Path

from .._files import write_whole
from .._markup import inline
from ._page import COLOURS, MARKS, code, isolation, page
from ._public import public
from .gradebook import number

RESERVED = {"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))}


def write(folder, book, exercises):
    """Write `feedback/STUDENT.html` for everyone who handed something in; `exercises` knows the hints."""
    folder = Path(folder) / "feedback"
    folder.mkdir(exist_ok=True)
    for student, name in zip(book.students, file_names(book.students), strict=True):
        if student.records:
            write_whole(folder / f"{name}.html", feedback_page(book, student, exercises), "replace")


def file_names(students):
    """A file name for each, fit for any file system: no two alike, whatever the students are called."""
    taken, names = set(), []
    for student in students:
        name = file_name(student.name)
        if name.casefold() in taken:
            name = f"{name}-{_digest(student.name)}"
        taken.add(name.casefold())
        names.append(name)
    return names


def file_name(student):
    """The name itself where it is plain ASCII; else what is left of it and a digest."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", student).strip(".-")[:60]
    safe = plain == student and plain.split(".")[0].lower() not in RESERVED
    return plain if safe and plain else f"{plain.replace('.', '-') or 'student'}-{_digest(student)}"


def _digest(student):
    return hashlib.sha256(student.encode("utf-8", "replace")).hexdigest()[:8]


def feedback_page(book, student, exercises):
    """The page of one student, as text."""
    levels = Counter(record["grade"]["level"] for record in student.records.values())
    parts = [_chapter(book, student, stem, exercises) for stem in book.chapters if stem in student.records]
    return page(f"Feedback for {student.full or student.name}", "\n".join([*parts, isolation(levels)]))


def _chapter(book, student, stem, exercises):
    record = student.records[stem]
    score = f"{number(book.score(student, stem))} of {book.most(stem)}"
    late = " · handed in late" if record["late"] else ""
    problem = record["grade"]["problem"]
    said = f"<p>{inline(problem)}</p>" if problem else ""
    entries = record["grade"]["exercises"].items()
    cards = "".join(_card(name, entry, exercises.get(name)) for name, entry in entries)
    file = f'<p class="quiet">{escape(record["file"])}{late}</p>'
    return f"<section><h2>{escape(stem)}: {score}</h2>{file}{said}{cards}</section>"


def _card(name, entry, exercise):
    outcome = entry["outcome"]
    parts = [f"<h3>{MARKS.get(outcome, '')} {escape(name)}: {escape(outcome)}</h3>"]
    if outcome != "not attempted":
        message, difference, line = public(entry, exercise)
        parts += [f"<p>{inline(message)}</p>"]
        parts += [f'<p class="quiet">{inline(difference)}</p>'] if difference else []
        parts += [f'<p class="quiet">{escape(line)}</p>'] if line else []
    parts += [f"<p>Noted: {inline('; '.join(entry['flags']))}.</p>"] if entry["flags"] else []
    if entry["answer"].strip():
        parts.append(
            f"<details><summary>Your code for {escape(name)}</summary>{code(entry['answer'])}</details>"
        )
    parts += [_hints(name, exercise)] if outcome != "passed" and getattr(exercise, "hints", ()) else []
    colour = COLOURS.get(outcome, "#8A8A8A")
    return f'<article style="border-left-color:{colour}">{"".join(parts)}</article>'


def _hints(name, exercise):
    items = "".join(f"<li>{inline(hint)}</li>" for hint in exercise.hints)
    title = f"Hints for {escape(name)} ({len(exercise.hints)})"
    return f"<details><summary>{title}</summary><ol>{items}</ol></details>"
