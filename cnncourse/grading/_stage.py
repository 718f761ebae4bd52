"""Lay out what a candidate sees of the course: the package without exercises and without the grader.

A folder of its own, made anew for each grader, is easier to trust than a list of what to hide.
"""

import shutil
from pathlib import Path

from .._course import results_folder

PACKAGE = Path(__file__).resolve().parent.parent
HIDDEN = ("exercises", "grading", "_chapters", "__pycache__", "cli.py", "doctor.py", "workspace.py")
PROBES = ("_dice", "_limit", "_perform", "_pristine", "_probe", "_probe_module", "_shortcuts")


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
