"""The command line of the sandbox: what of the system is seen in it, and what is not."""

import os
import shutil
import sys
from pathlib import Path

from ._stage import PACKAGE

SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
COURSE = "/course"  # where the staged course is in the sandbox
USER = "1000"
NAMESPACES = ("user", "pid", "net", "ipc", "uts", "cgroup-try")
SETTINGS = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/scratch",
    "TMPDIR": "/scratch",
    "LANG": "C.UTF-8",
    "PYTHONPATH": COURSE,
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def program():
    """Path of bubblewrap, or None."""
    return shutil.which("bwrap")


def binds(stage):
    """[source, target] of all that can be read in the sandbox; never the repository, a home or the grader."""
    folders = [str(Path(folder)) for folder in dict.fromkeys((sys.base_prefix, sys.prefix))]
    inside = [folder for folder in folders if not _within(folder, SYSTEM)]
    return [*((path, path) for path in (*_real(SYSTEM), *inside)), (str(stage), COURSE)]


def _real(paths):
    return [path for path in paths if os.path.exists(path) and not os.path.islink(path)]


def _within(path, folders):
    return any(Path(path).is_relative_to(folder) for folder in folders)


def command(binds):
    """bubblewrap's options; before them stands its path, and behind them the program to run."""
    options = ["--uid", USER, "--gid", USER, "--as-pid-1", "--die-with-parent", "--new-session"]
    options += [f"--unshare-{name}" for name in NAMESPACES]
    options += ["--cap-drop", "ALL", "--clearenv"]
    for name, value in SETTINGS.items():
        options += ["--setenv", name, value]
    for path in SYSTEM:
        if os.path.islink(path):
            options += ["--symlink", os.readlink(path), path]
    for source, target in binds:
        options += ["--ro-bind", source, target]
    for hidden in _hidden([target for _, target in binds]):
        options += ["--tmpfs", hidden, "--remount-ro", hidden]
    options += [
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--size",
        "1048576",
        "--tmpfs",
        "/scratch",
        "--chdir",
        "/",
    ]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _hidden(targets):
    """Folders with references that lie within what is bound: an installed package, or a clone below /usr."""
    return [str(PACKAGE)] if _within(PACKAGE, targets) else []
