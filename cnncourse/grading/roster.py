"""The list of students: a CSV of one's own, or what Canvas, Moodle or nbgrader exports."""

import csv
import io
import re
import unicodedata
from pathlib import Path

IDS = ("student", "student_id", "id", "username", "login", "sis login id", "sis user id", "identifier",
       "email", "email address", "id number")  # fmt: skip
NAMES = ("name", "full name", "student")
# What Canvas exports, and wants before the assignments; a row of points begins with "Points Possible":
# instructure/canvas-lms, lib/gradebook_importer.rb, `update_column_count` and `check_for_non_student_row`.
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")

STRANGERS = (
    "Not on the list of students, and graded all the same: {}. If one of them is on it under another name, "
    "write the name as it stands here into the column `student`, and run the same command again."
)


class RosterError(ValueError):
    """A list of students that cannot be read; the message is one sentence."""


class Roster:
    """Students in the order of the list: `rows` has {"student", "name", "canvas", "aliases"} of each."""

    def __init__(self, rows=()):
        self.rows = list(rows)
        self._found = {}
        for row in self.rows:
            for alias in row["aliases"]:
                self._found.setdefault(_plain(alias), set()).add(row["student"])

    @classmethod
    def read(cls, path):
        """The roster at `path`: UTF-8, commas or semicolons, a header. Raises RosterError."""
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8-sig")
            first = text.partition("\n")[0]
            table = csv.DictReader(io.StringIO(text), delimiter=";" if ";" in first else ",")
            rows = [_row(_stripped(line)) for line in table]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise RosterError(f"{path} cannot be read as CSV in UTF-8 ({error}).") from error
        rows = [row for row in rows if row is not None]
        if not rows:
            raise RosterError(f"{path} has no students: its header needs a column `student` (or Canvas's).")
        twice = sorted({r["student"] for r in rows if sum(o["student"] == r["student"] for o in rows) > 1})
        if twice:
            raise RosterError(f"{path} has {', '.join(twice)} twice.")
        return cls(rows)

    def student(self, owner):
        """What the list calls the owner of a file; what the file does where that is not clear."""
        for alias in (owner.student, *owner.aliases):
            found = self._found.get(_plain(alias), ())
            if len(found) == 1:
                return next(iter(found))
        return owner.student

    def notes(self, records):
        """Sentences on those who handed in and are not on the list."""
        listed = {row["student"] for row in self.rows}
        strangers = sorted({record["student"] for record in records} - listed) if self.rows else []
        return [STRANGERS.format(", ".join(strangers))] if strangers else []


def _stripped(line):
    """A line without blanks around its cells, and without what stands beyond the header."""
    return {name.strip(): cell.strip() for name, cell in line.items() if name and isinstance(cell, str)}


def _row(line):
    lower = {name.lower(): value for name, value in line.items()}
    if "points possible" in lower.get("student", "").lower():
        return None  # Canvas's second line
    is_canvas = {"Student", "ID"} <= line.keys()
    canvas = {name: line[name] for name in CANVAS if name in line} if is_canvas else {}
    name = next((lower[n] for n in NAMES if lower.get(n)), "")
    name = name or " ".join(filter(None, [lower.get("first_name"), lower.get("last_name")]))
    ids = [lower[n] for n in IDS if lower.get(n) and not (canvas and n == "student")]
    if canvas:  # the download calls somebody lastfirst_12345
        ids = [*filter(None, [canvas.get("SIS Login ID") or canvas["ID"]]), *ids]
    if not ids:
        return None
    numbers = [n.removeprefix("Participant ") for n in ids if re.fullmatch(r"Participant \d+", n)]
    aliases = list(dict.fromkeys(filter(None, [*ids, *numbers, name])))
    return {"student": ids[0], "name": name, "canvas": canvas, "aliases": aliases}


def _plain(text):
    """Letters and digits alone; an accent is part of its letter, however a system writes it down."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", text).casefold())
