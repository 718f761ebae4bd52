"""The process that has the libraries loaded and forks a child for each submission, and how it is started."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile

from ._levels import Level, LevelError
from ._stage import stage
from ._wire import Channel

START = 120.0  # seconds for the libraries to load
CLEAN = 20.0  # seconds for a lost child to be cleared away


class Lost(Exception):
    """The zygote is gone."""


class Zygote:
    """One zygote; a child at a time. Used by one thread."""

    def __init__(self, level, limits, modules=()):
        self.level, self.limits, self.modules = Level(level), limits, tuple(modules)
        self.stage = stage(tempfile.mkdtemp(prefix="cnncourse-stage-"))
        self.process = self.control = None
        self.bounded = "per process"

    def child(self):
        """A `Channel` to a fresh child. Raises Lost."""
        if self.process is None:
            self._start()
        ours, theirs = socket.socketpair()
        with theirs, self._alive():
            socket.send_fds(self.control, [b"run"], [theirs.fileno()])
        return Channel(ours)

    def clean(self):
        """End the last child, with all that it has started. Raises Lost."""
        with self._alive():
            self.control.settimeout(CLEAN)
            self.control.sendall(b"clean")
            if self.control.recv(16) != b"clean":
                raise OSError("the zygote hung up")

    @contextlib.contextmanager
    def _alive(self):
        try:
            yield
        except OSError as error:
            self.stop()
            raise Lost(str(error)) from None

    def _start(self):
        self.control, theirs = socket.socketpair()
        with theirs:
            command = self._command(theirs.fileno())
            environment = {
                "PYTHONPATH": str(self.stage),
                "OMP_NUM_THREADS": "1",
                "PATH": os.environ.get("PATH", ""),
            }
            self.process = subprocess.Popen(
                command, pass_fds=[theirs.fileno()], env=environment, stdin=subprocess.DEVNULL
            )
        self.control.settimeout(START)
        try:
            if self.control.recv(16) != b"ready":
                raise OSError("it ended at once")
        except OSError as error:
            self.stop()
            raise LevelError(f"The process that runs submissions does not start: {error}.") from None

    def _command(self, descriptor):
        modules = ",".join(self.modules)
        return [sys.executable, "-s", "-m", "candidate.zygote", str(descriptor), "alone", modules]

    def stop(self):
        """End the zygote and everything in it."""
        if self.process is not None:
            self.control.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.2)
            self.process.kill()
            self.process.wait()
            self.process = self.control = None

    def close(self):
        """End the zygote, and take what was laid out away."""
        self.stop()
        shutil.rmtree(self.stage, ignore_errors=True)


def why_not():
    """In a sentence why the sandbox does not start here and what to do, or ""."""
    return "The sandbox is not there yet."
