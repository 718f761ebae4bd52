"""A child that is forked from nobody: `python -m candidate.single PORT LIMITS MODULES TOKEN`."""

import contextlib
import json
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from . import warm
from .serve import serve
from .wire import Channel, Closed


def main(port, limits, modules, token):
    """Load, call the grader, and serve one submission in a folder of its own."""
    warm.up(modules.split(","))
    line = socket.create_connection(("127.0.0.1", int(port)))
    line.sendall(token.encode())
    folder = tempfile.mkdtemp(prefix="scratch-", dir=Path(__file__).parents[1])  # goes with the course
    os.chdir(folder)
    if sys.platform != "win32":
        from .limits import bound

        bound(json.loads(limits))
    with contextlib.suppress(Closed):
        serve(Channel(line))
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
