"""The process that has the libraries loaded and forks a child for each submission, and how it is started."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from . import _bubblewrap, _stage
from ._cgroup import Cgroup
from ._levels import Level, LevelError
from ._wire import Channel

START = 120.0  # seconds for the libraries to load
CLEAN = 20.0  # seconds for a lost child to be cleared away
ZYGOTE = 1 << 30  # bytes that the libraries take in the zygote itself


class Lost(Exception):
    """The zygote is gone."""


class Zygote:
    """One zygote; a child at a time. It ends with the thread that made it, if nobody closes it."""

    def __init__(self, level, limits, modules=()):
        self.level, self.limits, self.modules = Level(level), limits, tuple(modules)
        if self.level == Level.SANDBOXED and (reason := why_not()):
            raise LevelError(reason)
        self.stage, self.process, self.control, self.cgroup = _stage.make(), None, None, None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def bounded(self):
        """What bounds memory and processes: "cgroup" or "per process"."""
        return "cgroup" if self.cgroup is not None and self.cgroup.files else "per process"

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
        if self.process is None:
            raise Lost("it is gone")
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
        if self.level == Level.SANDBOXED:
            self.cgroup = Cgroup(self.limits.memory + ZYGOTE, self.limits.processes)
        with theirs:
            command, environment = self._command(theirs.fileno())
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
        """(command, environment) of a zygote on this end of the control socket."""
        isolation = "boxed" if self.level == Level.SANDBOXED else "alone"
        arguments = [str(descriptor), isolation, json.dumps(bounds(self.limits)), ",".join(self.modules)]
        run = [sys.executable, "-s", "-P", "-m", "candidate.zygote", *arguments]
        if self.level == Level.SANDBOXED:
            return launched(run, self.stage, self.cgroup.files)
        return run, environment(self.stage)

    def stop(self):
        """End the zygote and everything in it."""
        if self.process is not None:
            self.control.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
            self.process.kill()
            self.process.wait()
            self.process = self.control = None
        if self.cgroup is not None:
            self.cgroup.remove()

    def close(self):
        """End the zygote, and take what was laid out away."""
        self.stop()
        _stage.remove(self.stage)


def bounds(limits):
    """What a child is told of its limits."""
    return {
        "memory": limits.memory,
        "processes": limits.processes,
        "file": limits.file,
        "scratch": limits.scratch,
        "seconds": limits.submission + 60,  # of the processor, should the clock fail
    }


def launched(run, stage_folder, cgroup=()):
    """(command, environment) that runs `run` in a sandbox which shows the staged course."""
    specification = {
        "bwrap": _bubblewrap.program(),
        "binds": _bubblewrap.binds(stage_folder),
        "cgroup": list(cgroup),
        "command": run,
    }
    package_home = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-s", "-P", "-m", "cnncourse.grading._launch", json.dumps(specification)]
    return command, environment(package_home)


def environment(path):
    """Little more than where Python finds its packages: nothing of the grader's own environment."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR") if name in os.environ}
    return kept | {"PYTHONPATH": str(path), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@lru_cache(maxsize=1)
def why_not():
    """In a sentence why the sandbox does not start here and what to do, or ""."""
    from ._diagnosis import advice

    if problem := advice():
        return problem
    folder = _stage.make()
    try:
        command, variables = launched([sys.executable, "-s", "-P", "-m", "candidate.boxed"], folder)
        tried = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return advice(str(error))
    finally:
        _stage.remove(folder)
    return (
        "" if tried.stdout.strip() == "ok" else advice((tried.stderr + tried.stdout).strip() or "no answer")
    )
