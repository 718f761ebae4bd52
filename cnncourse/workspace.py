"""The learner's own folder: start it from the chapters, and bring it up to date without losing anything."""

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import __version__, _merge
from ._course import chapters, course_folder
from .notebooks import NotebookError, read, write

FIRST = "00_start_here.ipynb"


class WorkspaceError(ValueError):
    """A folder that cannot be the learner's; the message is one sentence for its reader."""


@dataclass
class Started:
    """What `start` found and did: names of notebooks."""

    copied: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    outdated: list = field(default_factory=list)
    unreadable: list = field(default_factory=list)


@dataclass(frozen=True)
class Change:
    """What `update` did to one notebook: `what` is new, updated, current or set aside."""

    name: str
    what: str
    answers: int = 0
    added: int = 0
    backup: Path | None = None
    reason: str = ""


def start(folder):
    """Copy the chapters that `folder` does not have yet; a file that is there is never touched."""
    folder = _own(folder)
    _make(folder)
    started = Started()
    for chapter in _course():
        target = _existing(folder, chapter)
        if target is None:
            _copy(chapter, folder / chapter.name)
            started.copied.append(chapter.name)
        else:
            started.kept.append(target.name)
            _examine(target, chapter, started)
    return started


def outdated(folder):
    """Names of the notebooks in `folder` that `update` would change: old ones, and those it cannot read."""
    present = [(_existing(Path(folder), chapter), chapter) for chapter in _course()]
    started = Started()
    for target, chapter in present:
        if target is not None:
            _examine(target, chapter, started)
    return started.outdated + started.unreadable


def update(folder):
    """Bring new and changed chapters into `folder`; yields a `Change` for each, as it is done.

    Answers, edits and added cells stay. A notebook is backed up before it is changed, one that cannot be read
    is moved to the backup, and every file is written whole or not at all.
    """
    folder = _own(folder)
    if not folder.is_dir():
        raise WorkspaceError(f"There is no folder {folder}: `cnncourse start` makes it.")
    backup = _free(folder / "backup" / time.strftime("%Y-%m-%d_%H-%M-%S"))
    for chapter in _course():
        yield _update_one(_existing(folder, chapter), chapter, folder, backup)


def _update_one(present, chapter, folder, backup):
    target = folder / chapter.name
    if present is None:
        _copy(chapter, target)
        return Change(chapter.name, "new")
    try:
        mine = read(present)
    except NotebookError as error:
        saved = _save(present, backup)
        present.unlink()
        _copy(chapter, target)
        return Change(chapter.name, "set aside", backup=saved, reason=str(error))
    new = _stamped(chapter)
    _refuse_downgrade(mine, present)
    if _merge.origin(mine)[1] == _merge.origin(new)[1] and present.name == target.name:
        return Change(chapter.name, "current")
    saved, merged = _save(present, backup), _merge.merge(mine, new)
    write(merged, target)
    if present.name != target.name:
        present.unlink()
    return Change(chapter.name, "updated", *_merge.counts(mine, merged), backup=saved)


def _course():
    found = chapters()
    if not found:
        raise WorkspaceError(f"There are no chapters in {course_folder()}: install cnncourse again.")
    return found


def _own(folder):
    folder = Path(folder).expanduser().resolve()
    if folder == course_folder().resolve():
        raise WorkspaceError(f"{folder} has the course's own chapters: choose another folder.")
    return folder


def _make(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise WorkspaceError(f"{folder} is not a folder: choose another name.") from error


def _existing(folder, chapter):
    """The learner's copy of a chapter, also under an earlier number; None where there is none."""
    same = folder / chapter.name
    renumbered = [path for path in chapters(folder) if path.name[2:] == chapter.name[2:]]
    return same if same.exists() else next(iter(renumbered), None)


def _stamped(chapter):
    return _merge.stamp(read(chapter), __version__)


def _copy(chapter, target):
    write(_stamped(chapter), target)


def _examine(target, chapter, started):
    try:
        noted = _merge.origin(read(target))[1]
    except NotebookError:
        started.unreadable.append(target.name)
        return
    if noted != _merge.origin(_stamped(chapter))[1] or target.name != chapter.name:
        started.outdated.append(target.name)


def _refuse_downgrade(mine, path):
    version = _merge.origin(mine)[0]
    if _order(version) > _order(__version__):
        said = f"{path.name} is from cnncourse {version}, and this is {__version__}: update cnncourse."
        raise WorkspaceError(said)


def _order(version):
    return [int(part) if part.isdigit() else 0 for part in version.split(".")]


def _save(path, backup):
    """Copy a learner's file to the backup folder, byte for byte, and return where."""
    backup.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(path, backup / path.name))


def _free(path):
    """`path`, or `path` with a number where there already is one."""
    taken = (path.with_name(f"{path.name}-{number}") for number in range(2, 1000))
    return path if not path.exists() else next(other for other in taken if not other.exists())
