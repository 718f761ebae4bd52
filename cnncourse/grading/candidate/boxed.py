"""Isolation of a child whose zygote is PID 1 of a bubblewrap sandbox: namespaces of its own, fewer rights."""

import contextlib
import os
import signal

from . import namespaces as ns
from .alone import default_signals, silence
from .limits import bound
from .seccomp import restrict

SCRATCH = "/scratch"
USER = 1000  # within the sandbox
_QUIET = ns.NO_SUID | ns.NO_DEVICES


def prepare():
    """Nobody looks into the zygote: its memory is what every child begins with."""
    ns.dumpable(0)


def before_fork():
    """The child mounts a folder to write to itself."""


def enter(descriptor, limits):
    """In the child: returns in a process that is PID 1 of its own namespace and may do next to nothing."""
    silence(descriptor)
    os.setsid()
    ns.dumpable(1)  # else /proc/self is not ours to write
    ns.unshare(ns.NEWUSER | ns.NEWPID | ns.NEWNS | ns.NEWIPC)
    ns.map_user(USER, USER)
    if inner := os.fork():
        os.close(descriptor)
        os.waitpid(inner, 0)
        os._exit(0)
    ns.die_with_parent()
    _mounts(limits)
    bound(limits)
    default_signals()
    ns.drop_capabilities()
    restrict()


def _mounts(limits):
    """A fresh folder to write to; /proc is covered, for it shows the zygote's processes."""
    ns.mount(None, "/", None, ns.RECURSIVE | ns.PRIVATE)
    size = f"size={limits['scratch']},nr_inodes=10000,mode=700"
    ns.mount("tmpfs", SCRATCH, "tmpfs", _QUIET, size)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    ns.mount("tmpfs", "/proc", "tmpfs", ns.READ_ONLY | ns.NO_EXEC | _QUIET, "size=4k")
    os.chdir(SCRATCH)


def clean(child):
    """Everything but the zygote ends: it is PID 1, so whatever was started is a descendant that it sees."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def trial():
    """Do once what every child does, to say early where it cannot be done."""
    limits = {"memory": 1 << 30, "processes": 8, "file": 1 << 20, "scratch": 1 << 20, "seconds": 5}
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        os.close(ours)
        try:
            enter(theirs, limits)
            os.write(theirs, b"ok")
        except OSError as error:
            os.write(theirs, str(error).encode())
        os._exit(0)
    os.close(theirs)
    answer = os.read(ours, 500).decode() or "it ended at once"
    os.waitpid(child, 0)
    return answer


if __name__ == "__main__":
    print(trial())
