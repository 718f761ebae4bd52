"""Why the sandbox does not start, and what to do about it."""

import platform
import sys
from pathlib import Path

from . import _bubblewrap

INSTALL = "install it (Debian, Ubuntu: `sudo apt install bubblewrap`; Fedora: `sudo dnf install bubblewrap`)"
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
SWITCHES = {
    Path("/proc/sys/user/max_user_namespaces"): "`sudo sysctl -w user.max_user_namespaces=15000`",
    Path("/proc/sys/kernel/unprivileged_userns_clone"): "`sudo sysctl -w kernel.unprivileged_userns_clone=1`",
}


def advice(error=""):
    """A sentence or two: what is in the way, and what to do; without an `error`, what is known at once."""
    if sys.platform != "linux":
        return f"The sandbox is bubblewrap, which only Linux has; this is {platform.system()}."
    from .candidate import seccomp  # Linux alone can import it

    if not seccomp.supported():
        return f"The sandbox knows the system calls of x86_64 and aarch64; this is {platform.machine()}."
    if _bubblewrap.program() is None:
        return f"The sandbox needs bubblewrap, which is not there: {INSTALL}."
    return f"The sandbox does not start ({error[-200:]}). {_cause()}" if error else ""


def _cause():
    for switch, mend in SWITCHES.items():
        if _reads(switch) == "0":
            return f"This machine allows no user namespaces: {mend}."
    if _reads(APPARMOR) == "1":
        return (
            "AppArmor keeps user namespaces from ordinary programs here: "
            "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` allows them until a restart."
        )
    if _in_container():
        return (
            "This is a container, which as a rule forbids user namespaces: run the grader on the machine "
            "itself, or at the level `container`, in containers made for it."
        )
    return "It needs user namespaces: `bwrap --ro-bind / / true` must work for your user."


def _reads(path):
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _in_container():
    return any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")) or (
        "container=" in _reads(Path("/proc/1/environ")).replace("\0", "\n")
    )
