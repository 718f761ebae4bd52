"""How well student code is kept apart: the levels, and why a better one does not start here."""

from enum import StrEnum


class Level(StrEnum):
    """`sandboxed`: bubblewrap. `container`: whoever runs the container isolates it. `local`: not safe."""

    SANDBOXED = "sandboxed"
    CONTAINER = "container"
    LOCAL = "local"


class LevelError(RuntimeError):
    """A level that does not start on this machine; the message says why and what to do."""


def best_level():
    """(the best level that starts here, in a sentence why not a better one, or "")."""
    from ._sandbox import why_not

    reason = why_not()
    return (Level.SANDBOXED, "") if not reason else (Level.LOCAL, reason)
