"""Lay out what a candidate sees of the course: the package without exercises and without the grader.

A folder of its own, made anew for each grader, is easier to trust than a list of what to hide. The grader
holds a lock on it, which ends with the process, whatever ends that: so the next one finds what was left.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from .._course import results_folder

PACKAGE = Path(__file__).resolve().parent.parent
HIDDEN = ("exercises", "grading", "_chapters", "__pycache__", "cli.py", "doctor.py", "workspace.py")
PROBES = ("_dice", "_limit", "_perform", "_pristine", "_probe", "_probe_module", "_shortcuts")
PREFIX = "cnncourse-stage-"
YOUNG = 60.0  # seconds in which a folder may not be locked yet
_locks = {}  # folder → descriptor that holds its lock


def make():
    """A new folder with what a candidate sees; those that killed graders left behind are taken away."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another grader may be quicker
            if time.time() - left.stat().st_mtime > YOUNG and _lock(left):
                remove(left)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    _lock(folder)
    return stage(folder)


def remove(folder):
    """Take a folder away, with what was written to it."""
    shutil.rmtree(folder, ignore_errors=True)
    if folder in _locks:
        os.close(_locks.pop(folder))


def _lock(folder):
    """Hold a folder's lock as long as this process lives; whether nobody else does."""
    try:
        import fcntl
    except ImportError:  # on Windows such folders stay
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return False
    _locks[folder] = descriptor
    return True


def stage(folder):
    """Fill `folder`: the packages `cnncourse`, with a stub in the place of its exercises, and `candidate`."""
    folder = Path(folder)
    folder.chmod(0o755)  # an ordinary user enters it, where the grader is root
    own, candidate = folder / "cnncourse", folder / "candidate"
    shutil.copytree(PACKAGE, own, ignore=_hide)
    (own / "exercises").mkdir()
    for name in PROBES:
        shutil.copy(PACKAGE / "exercises" / f"{name}.py", own / "exercises")
    here = Path(__file__).parent
    shutil.copytree(here / "candidate", candidate, ignore=shutil.ignore_patterns("__pycache__"))
    (candidate / "stub.py").rename(own / "exercises" / "__init__.py")
    shutil.copy(here / "_wire.py", candidate / "wire.py")
    if results_folder().is_dir() and not (own / "_results").exists():
        shutil.copytree(results_folder(), own / "_results")
    return folder


def _hide(folder, names):
    return set(HIDDEN) & set(names) if Path(folder) == PACKAGE else {"__pycache__"} & set(names)
