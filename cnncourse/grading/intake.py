"""What a class handed in: whose, which chapter, and which of several submissions counts.

Whatever is odd about a file becomes a sentence in the report, and the rest is graded.
"""

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from .._course import chapters as course_chapters
from ..notebooks import exercises, read
from . import _naming
from ._archive import File, Unusable, files

CHEAP = 200  # other files are named one by one up to here, then counted


class IntakeError(ValueError):
    """Submissions that cannot be found at all; the message is one sentence."""


@dataclass(frozen=True)
class Submission:
    """One notebook of one student: what is graded."""

    student: str
    chapter: str
    sha256: str
    file: File = field(compare=False)
    late: bool = False
    order: tuple = field(default=(), compare=False)

    def read(self):
        """The notebook's bytes. Raises Unusable where they are no longer those that were taken in."""
        content = self.file.read()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise Unusable("changed while the class was graded; grade again")
        return content


@dataclass
class Intake:
    """The submissions that count, and a sentence for each thing that an instructor should know."""

    submissions: list
    notes: list


def collect(source, chapters, wanted=None, whose=lambda owner: owner.student, progress=None):
    """`Intake` of a folder or zip; `chapters` is {stem: path}, and `wanted` limits it to some of them.

    `whose(owner)` is how a list of students calls somebody; `progress(what, done, total)` hears how far.
    """
    source = Path(source)
    if not source.exists():
        raise IntakeError(f"There is no {source}: name the folder or the zip that the class handed in.")
    found, notes = files(source)
    books = [file for file in found if file.parts[-1].lower().endswith(".ipynb")]
    notes += _others(found)
    outlines, top = _outlines(chapters), _naming.tops([file.parts for file in books], source.stem)
    stamps = {file.parts[:-1]: file for file in found if file.parts[-1] == "timestamp.txt"}
    taken = []
    for done, file in enumerate(books, start=1):
        if progress:
            progress("Reading", done, len(books))
        try:
            taken.append(_submission(file, outlines, top, whose, stamps.get(file.parts[:-1]), notes))
        except Unusable as error:
            notes.append(f"{file.shown} {error}.")
    kept = [one for one in taken if wanted is None or one.chapter in wanted]
    return Intake(_latest(kept, notes), notes)


def _others(found):
    """Sentences on files that are no notebooks."""
    names = ((file, file.parts[-1].lower()) for file in found)
    others = [file for file, name in names if not name.endswith(".ipynb") and name != "timestamp.txt"]
    said = [f"{file.shown} is no notebook; it was passed over." for file in others[:CHEAP]]
    return said + ([f"{len(others) - CHEAP:,} more files are no notebooks."] if len(others) > CHEAP else [])


def _submission(file, outlines, top, whose, stamp, notes):
    content = file.read()
    called = _by_name(file.parts[-1], outlines)
    chapter = _by_content(content, outlines) or called
    if chapter is None:
        raise Unusable("is of no chapter that this course has: neither its cells nor its name tell")
    owner = _naming.owner(file.parts, called or chapter, top)
    if owner is None:
        raise Unusable("does not say whose it is: name it student_chapter.ipynb, or use a folder a student")
    if called not in (chapter, None):
        notes.append(f"{file.shown} is called {called} and holds {chapter}, which is what it is graded as.")
    _, copy = _naming.without_copy(_naming.without_suffix(file.parts[-1]))
    order = (owner.order, _moment(stamp), copy, tuple(file.written), file.member or 0, file.shown)
    digest = hashlib.sha256(content).hexdigest()
    return Submission(whose(owner), chapter, digest, file, owner.late, order)


def _moment(stamp):
    """What nbgrader's timestamp.txt says, which sorts as text; "" without one."""
    try:
        return stamp.read()[:40].decode("ascii").strip() if stamp else ""
    except (Unusable, UnicodeDecodeError):
        return ""


def _latest(taken, notes):
    """One submission for each student and chapter, the last; the report says which."""
    grouped = defaultdict(list)
    for one in taken:
        grouped[one.student, one.chapter].append(one)
    for (student, chapter), several in grouped.items():
        several.sort(key=lambda one: one.order)
        if len(several) > 1:
            others = ", ".join(one.file.shown for one in several[:-1][:5])
            counts = several[-1].file.shown
            notes.append(f"{student} has {len(several)} files for {chapter}: {counts} counts, not {others}.")
    _near_names(grouped, notes)
    return [several[-1] for _, several in sorted(grouped.items())]


def _near_names(grouped, notes):
    """Say where two students may be one: names that differ in case or punctuation alone."""
    spellings = defaultdict(set)
    for student, _ in grouped:
        spellings[re.sub(r"[\W_]", "", student.casefold())].add(student)
    for same in spellings.values():
        if len(same) > 1:
            notes.append(f"{' and '.join(sorted(same))} are graded as different students.")


# ---- which chapter: by the stamp, the cells, what is checked, and the file's name at last


def _outlines(chapters):
    """{stem: (ids of its cells, names that it checks)}"""
    return {stem: outline(path) for stem, path in chapters.items()}


@lru_cache(maxsize=256)
def outline(path):
    """(ids of the cells, names of the exercises) of a chapter."""
    notebook = read(path)
    return {cell.id for cell in notebook.cells}, set(exercises(notebook))


def _by_name(name, outlines):
    stem, _ = _naming.without_copy(_naming.without_suffix(name))
    named = [chapter for chapter in outlines if _naming.without_chapter(stem, chapter) != stem]
    full = [c for c in named if re.search(re.escape(c).replace("_", "[ _-]+"), stem, re.IGNORECASE)]
    return full[0] if full else named[0] if len(named) == 1 else None


def _by_content(content, outlines):
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
        cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
        metadata = notebook.get("metadata")
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError):
        return None
    stamp = metadata.get("cnncourse") if isinstance(metadata, dict) else None
    stamped = stamp.get("cells") if isinstance(stamp, dict) else None
    ids = {cell.get("id") for cell in cells if isinstance(cell.get("id"), str)}
    looks = [(set(stamped) if isinstance(stamped, dict) else set(), 0), (ids, 0), (_checked(cells), 1)]
    return next(filter(None, (_nearest(seen, outlines, part) for seen, part in looks)), None)


def _checked(cells):
    """Names that stand in a call of `check`: found as text, for a stranger's code is not parsed here."""
    sources = (cell.get("source") for cell in cells if cell.get("cell_type") == "code")
    lines = (source if isinstance(source, list) else [source] for source in sources)
    text = "\n".join("".join(part for part in parts if isinstance(part, str)) for parts in lines)
    return {name for given in re.findall(r"\bcheck\(([^()]*)\)", text) for name in re.findall(r"\w+", given)}


def _nearest(seen, outlines, part):
    """The chapter that shares most with what was seen, if any does by at least a fifth of itself."""
    shares = {stem: len(seen & about[part]) / max(len(about[part]), 1) for stem, about in outlines.items()}
    best = max(shares, key=shares.get, default=None)
    return best if best is not None and shares[best] >= 0.2 else None


def known(private=None):
    """{stem: path} of every chapter that can be graded."""
    if private is None:
        return {path.stem: path for path in course_chapters()}
    from .private import chapter_paths

    return chapter_paths(private)
