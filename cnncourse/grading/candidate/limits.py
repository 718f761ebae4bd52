"""Bounds on what one process may use."""

import contextlib
import resource
import sys


def bound(limits):
    """Set them for this process and for all that it starts: nobody gets them back."""
    pairs = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_FSIZE: limits["file"],
        resource.RLIMIT_CPU: limits["seconds"],
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    for which, value in pairs.items():
        hard = resource.getrlimit(which)[1]
        value = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
        with contextlib.suppress(*(() if sys.platform == "linux" else (OSError, ValueError))):
            resource.setrlimit(which, (value, value))  # macOS knows some of them by name alone
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # where memory runs out, this process goes first
