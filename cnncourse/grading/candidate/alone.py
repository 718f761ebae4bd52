"""A process of its own, with limits: all there is at the levels `container` and `local`."""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from .limits import bound

_folder = None


def prepare():
    """Orphans of a child become the zygote's, so that they can be found."""
    if sys.platform == "linux":
        from . import namespaces

        namespaces.adopt_orphans()


def enter(descriptor, limits):
    """In the child: a session and a working folder of its own, no output, limits."""
    silence(descriptor)
    os.setsid()
    os.chdir(_folder)
    default_signals()
    bound(limits)
    if sys.platform == "linux":
        from . import seccomp

        if seccomp.supported():
            seccomp.restrict()


def default_signals():
    """A child ends when it is told to; the zygote does not."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def silence(descriptor):
    """Standard streams lead nowhere, and no other descriptor than the judge's is open."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, 4096)


def before_fork():
    """A folder for the next child to write to, beside the course that it sees, with which it goes at last."""
    global _folder
    _folder = tempfile.mkdtemp(prefix="scratch-", dir=Path(__file__).parents[1])


def clean(child):
    """End the child and all of its descendants that can be found; empty what it could write to."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    for _ in range(1000):
        for process in _children():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    shutil.rmtree(_folder, ignore_errors=True)


def _children():
    """Process ids of the zygote's children, orphans included; none where there is no /proc."""
    try:
        return [int(p) for p in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []
