"""Has the libraries loaded, and forks a child for each submission.

    python -m candidate.zygote DESCRIPTOR ISOLATION LIMITS MODULES

On the control socket come b"run", with a socket for the child, and b"clean", which ends the last child.
"""

import contextlib
import importlib
import json
import os
import signal
import socket
import sys

from . import warm
from .serve import serve
from .wire import Channel

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(descriptor, isolation, limits, modules):
    """Serve until the grader hangs up."""
    control = socket.socket(fileno=int(descriptor))
    warm.up(modules.split(","))
    isolate = importlib.import_module(f".{isolation}", __package__)
    isolate.prepare()
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    control.sendall(b"ready")
    child = None
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 16, 1)
        if message == b"run":
            child = start(descriptors[0], isolate, json.loads(limits))
        elif message == b"clean":
            isolate.clean(child)
            control.sendall(b"clean")
        else:
            os._exit(0)


def start(descriptor, isolate, limits):
    """Fork a child for one submission; returns its process id."""
    isolate.before_fork()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            isolate.enter(descriptor, limits)
            serve(Channel(socket.socket(fileno=descriptor)))
        os._exit(0)
    os.close(descriptor)
    return child


if __name__ == "__main__":
    main(*sys.argv[1:])
