"""A child for each submission where processes cannot be forked from one that is loaded: Windows, macOS.

Level `local` alone. The next child loads its libraries while the present one works.
"""

import contextlib
import json
import secrets
import socket
import subprocess
import sys

from . import _stage
from ._levels import LevelError
from ._sandbox import START, bounds, environment
from ._wire import Channel


class Spawner:
    """Does what a `Zygote` does, with a new Python for each child."""

    bounded = "per process" if sys.platform != "win32" else "none"

    def __init__(self, limits, modules=()):
        self.limits, self.modules = limits, ",".join(modules)
        self.stage = _stage.make()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.token = secrets.token_hex(16).encode()
        self.process, self.next = None, self._begin()

    def _begin(self):
        port = str(self.server.getsockname()[1])
        command = [
            sys.executable,
            "-s",
            "-P",
            "-m",
            "candidate.single",
            port,
            json.dumps(bounds(self.limits)),
        ]
        return subprocess.Popen(
            [*command, self.modules, self.token.decode()],
            env=environment(self.stage),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def child(self):
        """A `Channel` to a fresh child."""
        self.process = self.next
        self.server.settimeout(START)
        try:
            line, _ = self.server.accept()
            line.settimeout(START)
            if line.recv(len(self.token), socket.MSG_WAITALL) != self.token:
                raise OSError("somebody else called")
        except OSError as error:
            raise LevelError(f"The process that runs submissions does not start: {error}.") from None
        self.next = self._begin()
        return Channel(line)

    def clean(self):
        """End the child."""
        self.process.kill()
        self.process.wait()

    def close(self):
        """End both children, and take what was laid out away."""
        for process in filter(None, (self.process, self.next)):
            with contextlib.suppress(OSError):
                process.kill()
            process.wait()
        self.server.close()
        _stage.remove(self.stage)
