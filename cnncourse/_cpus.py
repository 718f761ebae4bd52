"""How many CPUs this process really has: a container or a class server often grants fewer than it shows."""

import os
from pathlib import Path


def granted_cpus(root: Path = Path("/")) -> int:
    """CPUs this process may use: its affinity, bounded by the cgroup's quota (v1 or v2), at least one."""
    visible = os.cpu_count() or 1  # on macOS and Windows, which have neither affinity here nor cgroups
    if hasattr(os, "sched_getaffinity"):
        visible = len(os.sched_getaffinity(0))
    quota = min(_quotas(root), default=float(visible))
    return max(1, min(visible, int(quota)))


def _quotas(root: Path):
    """Quotas in CPUs of this process's group and of every group around it: the least one counts."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2 has one tree
            yield from _up_the_tree(root / "sys/fs/cgroup", path, _quota_v2)
        elif "cpu" in controllers.split(","):
            yield from _up_the_tree(root / "sys/fs/cgroup/cpu", path, _quota_v1)


def _up_the_tree(top: Path, path: str, quota_of):
    group = top / path.lstrip("/")  # inside a container this may name a folder that only the host sees
    for folder in (group, *group.parents):
        if folder.is_relative_to(top) and (quota := quota_of(folder)) is not None:
            yield quota


def _quota_v2(folder: Path) -> float | None:
    words = _read(folder / "cpu.max").split()  # "200000 100000", or "max 100000" without a limit
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0] != "max" else None


def _quota_v1(folder: Path) -> float | None:
    quota, period = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
    return int(quota) / int(period) if quota and period and int(quota) > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
