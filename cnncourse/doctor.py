"""What this machine has for the course, what is missing, and what to do about it."""

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from . import __version__
from ._course import chapters, course_folder
from ._cpus import granted_cpus

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PLAYWRIGHT = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)
_ENOUGH_DISK = 1 << 30  # bytes: notebooks with outputs, small weights, the opt-in data sets
_REINSTALL = "install cnncourse again (in a clone: `make lab`)"


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is there, what it is, and what to do if it is not."""

    what: str
    good: bool
    found: str
    advice: str = ""
    essential: bool = False


def examine(folder="."):
    """Every `Finding` about this machine and about `folder`, where `my-course` may be."""
    looks = (_python, _course, _torch, _gpu, _threads, _jupyterlab, _widgets, _kernel, _chromium, _sandbox)
    own = [_own_folder(Path(folder) / "my-course")] if Path(folder, "my-course").is_dir() else []
    return [*map(_look, looks), *own, _disk(folder)]


def _look(look):
    """What a look finds; a package that cannot be imported is a finding too."""
    try:
        return look()
    except (ImportError, OSError) as error:  # OSError: a library of PyTorch's that does not load
        return Finding(look.__name__.strip("_"), False, str(error), _REINSTALL, essential=True)


def table(findings):
    """The findings as a rich table."""
    from rich.markup import escape
    from rich.table import Table

    rows = Table("", "", "found", "what to do", title=f"cnncourse {__version__}", title_justify="left")
    for finding in findings:
        lacking = "[bold red]missing[/]" if finding.essential else "[yellow]look[/]"
        mark, advice = ("[green]ok[/]", "") if finding.good else (lacking, finding.advice)
        rows.add_row(mark, *map(escape, (finding.what, finding.found, advice)))
    return rows


def find_chromium():
    """Path of a Chromium for the browser tests, or None.

    Looks at the variable CNNCOURSE_CHROMIUM, then at PATH, then where Playwright keeps its own.
    """
    chosen = os.environ.get("CNNCOURSE_CHROMIUM")
    candidates = [chosen] if chosen else [shutil.which(name) for name in _CHROMIUM_NAMES]
    found = next((path for path in candidates if path and _runs(path)), None)
    return Path(found) if found else None if chosen else _playwright_chromium()


def _runs(path):
    """Whether a browser starts; on Ubuntu `chromium-browser` may only say where else to get one."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwright_chromium():
    """Playwright is asked in a process of its own: its loop must not meet one that already runs."""
    asked = subprocess.run([sys.executable, "-c", _PLAYWRIGHT], capture_output=True, text=True)
    path = Path(asked.stdout.strip() or "nowhere")
    return path if path.is_file() else None


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _python():
    good = sys.version_info >= (3, 11)
    found = f"{platform.python_version()}, {sys.executable}"
    return Finding("Python", good, found, "install Python 3.11 or newer", essential=True)


def _course():
    found = chapters()
    return Finding("chapters", bool(found), f"{len(found)} in {course_folder()}", _REINSTALL, essential=True)


def _torch():
    import torch

    return Finding("PyTorch", True, torch.__version__, essential=True)


def _gpu():
    import torch

    if torch.cuda.is_available():
        return Finding("GPU", True, f"{torch.cuda.get_device_name()} (CUDA {torch.version.cuda})")
    if torch.backends.mps.is_available():
        return Finding("GPU", True, "Apple's, through MPS")
    if shutil.which("nvidia-smi"):
        advice = "install a CUDA build of PyTorch and a recent driver: pytorch.org/get-started"
        return Finding("GPU", False, "an NVIDIA driver, which this PyTorch cannot use", advice)
    return Finding("GPU", True, "none, and none is needed: every chapter runs on a CPU")


def _threads():
    granted, seen = granted_cpus(), os.cpu_count()
    return Finding("CPU cores", granted >= 2, f"{granted} of {seen}", "expect chapters to take twice as long")


def _jupyterlab():
    version = _version("jupyterlab")
    return Finding("JupyterLab", version is not None, version or "not installed", _REINSTALL, essential=True)


def _widgets():
    """The Python side and what JupyterLab loads in the browser, for ipywidgets and for anywidget."""
    from jupyter_core.paths import jupyter_path

    wanted = {"ipywidgets": "@jupyter-widgets/jupyterlab-manager", "anywidget": "anywidget"}
    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    missing = [
        package
        for package, extension in wanted.items()
        if not (_version(package) and any((folder / extension).is_dir() for folder in folders))
    ]
    found = f"not found: {', '.join(missing)}" if missing else ", ".join(f"{p} {_version(p)}" for p in wanted)
    advice = "install ipywidgets and anywidget in the environment that JupyterLab runs in"
    return Finding("widgets", not missing, found, advice, essential=True)


def _kernel():
    """Whether a notebook's `python3` is this Python, where the course is installed."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        command = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        return Finding("notebook kernel", False, "no kernel `python3`", _REINSTALL, essential=True)
    bare = Path(command).name == command  # Jupyter puts its own Python in the place of a bare name
    ours = bare or (os.path.exists(command) and os.path.samefile(command, sys.executable))
    advice = f"run `{sys.executable} -m ipykernel install --sys-prefix`"
    return Finding("notebook kernel", ours, command, advice, essential=True)


def _chromium():
    path = find_chromium()
    return Finding("Chromium", path is not None, str(path or "none"), "only the tests need it: `make test`")


def _sandbox():
    """Whether a class can be graded with student code shut in; nobody else needs it."""
    from .grading import best_level

    level, reason = best_level()
    return Finding("grading sandbox", not reason, str(level), f"only for grading a class. {reason}")


def _own_folder(folder):
    from . import workspace

    old = workspace.outdated(folder)
    behind = f", of which {len(old)} differ from the course's" if old else ""
    found = f"{len(chapters(folder))} chapters{behind}"
    return Finding(folder.name, not old, found, "`cnncourse update` brings them and keeps your answers")


def _disk(folder):
    free = shutil.disk_usage(folder).free
    return Finding("disk", free >= _ENOUGH_DISK, f"{free / 1e9:.1f} GB free", "make room: at least 1 GB")
