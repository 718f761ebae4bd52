"""Whose a file is and which chapter, as its path says it: five ways in which classes hand in.

    alice_01_convolution.ipynb, 01_convolution_alice.ipynb              flat files
    alice/01_convolution.ipynb                                          a folder a student
    submitted/alice/ASSIGNMENT/01_convolution.ipynb                     nbgrader
    lastfirst_LATE_12345_67890_01_convolution-2.ipynb                   Canvas, a downloaded zip
    Name Surname_12345_assignsubmission_file_/01_convolution.ipynb      Moodle, a downloaded zip

Canvas: `get_filename` and `add_upload_submission` of instructure/canvas-lms, lib/content_zipper.rb. Moodle:
"First Last_participantId_assignsubmission_file_", as its downloads are described and found in public use.
nbgrader: its documentation on the directory structure.
"""

import re
from dataclasses import dataclass

COPY = re.compile(r"(?:[ _-]*\((?P<a>\d+)\)|[ _-]*-(?P<b>\d+)|[ _-]+[Cc]opy(?P<c>\d*))$")
CANVAS = re.compile(
    r"^(?:(?P<name>.+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_\w+?)_(?P<file>\d+)(?:_(?P<rest>.*))?$"
)
MOODLE = re.compile(r"^(?P<name>.+)_(?P<user>\d+)_assignsubmission_[a-z]+_(?P<rest>.*)$")
TOPS = {"submitted", "submissions", "submission", "notebooks"}


@dataclass(frozen=True)
class Owner:
    """Whose a file is: `student` names them in every report, `aliases` find them on a list of students."""

    student: str
    aliases: tuple = ()
    late: bool = False
    order: int = 0  # Canvas numbers its files: a later one has a higher number


def owner(parts, chapter, top=()):
    """`Owner` of the file at `parts`, or None where the path does not say.

    `chapter` is the stem of the chapter it holds; `top` are folders that hold the whole class.
    """
    folders = list(parts[:-1])
    for part in parts:
        if found := MOODLE.match(part):
            both = f"{found['name']}_{found['user']}"
            return Owner(both, (both, found["name"], found["user"]))
    if "submitted" in folders[:-1]:
        return _named(folders[folders.index("submitted") + 1])
    while folders and folders[0] in top:
        folders.pop(0)
    stem, _ = without_copy(without_suffix(parts[-1]))
    return _canvas(stem, chapter) or _named(folders[0] if folders else without_chapter(stem, chapter))


def _named(student):
    return Owner(student, (student,)) if student else None


def _canvas(stem, chapter):
    found = CANVAS.match(without_chapter(stem, chapter)) or CANVAS.match(stem)
    if not found or not (found["name"] or found["user"].startswith("anon_")):
        return None
    if re.fullmatch(r"\d\d", found["file"]) and found["rest"]:  # alice_2_01_convolution is no Canvas file
        return None
    both = "_".join(filter(None, [found["name"], found["user"]]))
    aliases = tuple(filter(None, (both, found["user"], found["name"])))
    return Owner(both, aliases, bool(found["late"]), int(found["file"]))


def without_suffix(name):
    """A file name without `.ipynb`."""
    return name[: -len(".ipynb")] if name.lower().endswith(".ipynb") else name


def without_copy(stem):
    """(stem, number) without what a browser or Jupyter adds to a second copy: ` (1)`, `-2`, `-Copy1`."""
    found = COPY.search(stem)
    if not found:
        return stem, 0
    return stem[: found.start()], int(found["a"] or found["b"] or found["c"] or 1)


def without_chapter(stem, chapter):
    """What is left of a file's stem without the chapter's name: the student's, as a rule."""
    number, _, title = chapter.partition("_")
    words = r"[ _-]+".join(map(re.escape, title.split("_")))
    for name in (rf"{number}[ _-]+{words}", words, number):
        left, count = re.subn(rf"(?i)(?:^|(?<=[\W_])){name}(?=[\W_]|$)", "\0", stem, count=1)
        if count:
            return re.sub(r"[ _-]*\0[ _-]*", "\0", left).strip("\0").replace("\0", "_").strip(" _-")
    return stem


def tops(paths, source):
    """Folders that hold the whole class: the archive's own name, or `submissions` and the like."""
    first = {parts[0] for parts in paths if len(parts) > 1}
    alone = all(len(parts) > 1 for parts in paths) and len(first) == 1
    return {name for name in first if alone and (name.lower() in TOPS or name == source)}
