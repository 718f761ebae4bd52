"""What a submission may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission; seconds are on the clock, sizes in bytes."""

    cell: float = 10.0  # seconds of one cell, without the checks in it
    check: float = 600.0  # seconds of one check, where the exercise itself allows more
    submission: float = 120.0  # seconds of all of it
    grace: float = 2.0  # seconds that a child gets to end by itself what took too long
    memory: int = 4 << 30  # address space of a process, or memory of all where a cgroup can be made
    processes: int = 64
    file: int = 16 << 20  # size of one file
    scratch: int = 64 << 20  # size of the folder it may write to
    notebook: int = 32 << 20  # size of the file handed in
    checks: int = 200  # answers handed in, of all exercises together
    restarts: int = 12  # children that may be lost before the rest is not attempted


DEFAULT = Limits()
