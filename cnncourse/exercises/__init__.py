"""The exercises of the course: `check`, `hint`, `solution`, `yours`, and `EXERCISES` by name."""

import sys

from ._registry import Registry
from ._session import check, hint, solution, yours

EXERCISES = Registry(sys.modules[__name__])

__all__ = ["EXERCISES", "check", "hint", "solution", "yours"]
