"""What the grader's tests share: one grader a level."""

import contextlib
import sys

import pytest


@pytest.fixture(scope="session")
def hasty():
    """Limits that keep the tests short."""
    from cnncourse.grading import Limits

    return Limits(cell=2.0, check=2.0, submission=30.0, grace=1.0, memory=3 << 30, processes=40)


@pytest.fixture(scope="session")
def sandboxed(hasty):
    """A grader at level `sandboxed`. Without bubblewrap it fails: a skip would hide that."""
    from cnncourse.grading import Grader, Level, LevelError

    if sys.platform != "linux":
        pytest.skip("the sandbox is Linux's")
    try:
        with bounded():
            grader = Grader(Level.SANDBOXED, limits=hasty)
    except LevelError as error:
        pytest.fail(f"{error} (`make test` installs bubblewrap)")
    yield grader
    grader.close()


@pytest.fixture(scope="session")
def patient(sandboxed):
    """The same with the limits that a class gets: nothing right fails on a busy machine."""
    from cnncourse.grading import Grader, Level, Limits

    with Grader(Level.SANDBOXED, limits=Limits(memory=6 << 30)) as grader:
        yield grader


@contextlib.contextmanager
def bounded():
    """Processes that are started within inherit limits of the tests' own."""
    import resource

    wanted = {resource.RLIMIT_NPROC: 4000, resource.RLIMIT_AS: 16 << 30, resource.RLIMIT_FSIZE: 1 << 30}
    before = {which: resource.getrlimit(which) for which in wanted}
    for which, value in wanted.items():
        hard = before[which][1]
        resource.setrlimit(which, (value if hard < 0 else min(value, hard), hard))
    try:
        yield
    finally:
        for which, pair in before.items():
            resource.setrlimit(which, pair)


@pytest.fixture(scope="session")
def local(hasty):
    """A grader at level `local`."""
    from cnncourse.grading import Grader, Level

    with Grader(Level.LOCAL, limits=hasty) as grader:
        yield grader


@pytest.fixture(autouse=True)
def forgotten():
    """The exercises that a test takes in are gone after it."""
    from cnncourse.exercises import EXERCISES, _own

    before = set(EXERCISES)
    yield
    for name in set(EXERCISES) - before:
        del EXERCISES._found[name]
    _own._loaded.clear()
