"""Where the course's own chapters are."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def course_folder():
    """Folder of the course's own chapters: in an installed package its copy, in a clone `chapters/`."""
    packaged = _PACKAGE / "_chapters"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "chapters"


def chapters(folder=None):
    """Paths of the chapters in `folder` (the course's own without one), in course order."""
    return sorted(Path(folder or course_folder()).glob("[0-9][0-9]_*.ipynb"))
