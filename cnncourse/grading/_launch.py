"""Start a zygote's sandbox: `python -m cnncourse.grading._launch SPECIFICATION` becomes bubblewrap.

As root it becomes an ordinary user first, because root is not bound by the limit on processes. Such a user
may not enter the folder that the interpreter is in (a home): so what the sandbox shows is bound, before, to
a place that it can enter, in mounts that this process alone sees.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from . import _bubblewrap
from .candidate import namespaces as ns

FIRST_USER, USERS = 61_184, 4_000  # system ids that no account has: one for each grader


def main(specification):
    """Join the cgroup, give up being root, become bubblewrap."""
    wanted = json.loads(specification)
    for file in wanted["cgroup"]:
        Path(file).write_text(str(os.getpid()))
    binds = wanted["binds"]
    if os.geteuid() == 0:
        binds = _reachable(binds)
        _become(FIRST_USER + os.getppid() % USERS)
    os.execv(wanted["bwrap"], [wanted["bwrap"], *_bubblewrap.command(binds), *wanted["command"]])


def _reachable(binds):
    """The same with sources that everybody can enter."""
    ns.unshare(ns.NEWNS)
    ns.mount(None, "/", None, ns.RECURSIVE | ns.PRIVATE)
    folder = Path(tempfile.gettempdir()) / "cnncourse-mounts"
    folder.mkdir(mode=0o755, exist_ok=True)
    ns.mount("tmpfs", folder, "tmpfs", ns.NO_SUID | ns.NO_DEVICES, "size=64k,mode=755")
    return [[str(_bind(source, folder / str(i))), target] for i, (source, target) in enumerate(binds)]


def _bind(source, place):
    place.mkdir() if Path(source).is_dir() else place.touch()
    ns.mount(source, place, None, ns.BIND | ns.RECURSIVE)
    return place


def _become(user):
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


if __name__ == "__main__":
    main(sys.argv[1])
