"""The exercises of the course: `check`, `hint`, `solution`, `yours`, `progress`, and `EXERCISES` by name."""

import sys

from ._pristine import remember
from ._progress import progress
from ._registry import Registry
from ._session import check, hint, reset, solution, yours

EXERCISES = Registry(sys.modules[__name__])
EXERCISES.load(), remember()  # at once: what is replaced from now on reaches no reference

__all__ = ["EXERCISES", "check", "hint", "progress", "reset", "solution", "yours"]
