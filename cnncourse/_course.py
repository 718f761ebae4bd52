"""Where the course's own chapters and recorded results are."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _folder(packaged, cloned):
    inside = _PACKAGE / packaged
    return inside if inside.is_dir() else _PACKAGE.parent / cloned


def course_folder():
    """Folder of the course's own chapters: in an installed package its copy, in a clone `chapters/`."""
    return _folder("_chapters", "chapters")


def results_folder():
    """Folder of the recorded results: in an installed package a copy, in a clone `experiments/results/`."""
    return _folder("_results", "experiments/results")


def chapters(folder=None):
    """Paths of the chapters in `folder` (the course's own without one), in course order."""
    return sorted(Path(folder or course_folder()).glob("[0-9][0-9]_*.ipynb"))
