"""Grade a class: student code apart from everything that judges it. See instructors/grading.md.

with Grader(Level.SANDBOXED) as grader:
    result = grader.grade(path.read_bytes(), "01_convolution")
"""

import importlib

_HOMES = {
    "Grader": "_engine",
    "Level": "_levels",
    "LevelError": "_levels",
    "best_level": "_levels",
    "Limits": "_limits",
}
__all__ = ["Grader", "Level", "LevelError", "Limits", "best_level"]


def __getattr__(name):
    """Import when it is first used: the engine brings torch, which intake and reports do without."""
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
