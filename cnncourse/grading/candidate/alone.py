"""No isolation but a process of its own, for the level `local`."""

import contextlib
import os
import signal
import tempfile


def prepare():
    """Nothing to do before the first child."""


def enter(descriptor):
    """In the child: a session and a working folder of its own, and no output."""
    os.setsid()
    folder = tempfile.mkdtemp(prefix="cnncourse-")
    os.chdir(folder)
    silence(descriptor)


def silence(descriptor):
    """Standard streams lead nowhere, and no other descriptor than the judge's is open."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 65536 else 65536)


def clean(child):
    """End the child and what is in its session."""
    with contextlib.suppress(OSError):
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.waitpid(child, 0)
