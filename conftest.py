"""How pytest runs the chapters: nbval, behind this one file.

    pytest --nbval-lax --nbval-current-env chapters build/solved

Every code cell is a test. A chapter runs in a kernel of its own, in an empty folder, without a network and
within its time; in a folder called `solved` it runs strictly, elsewhere every check must say "not attempted".
"""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import nbval.plugin
import psutil
import pytest
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, RunningKernel

from cnncourse._cells import Cell

ROOT = Path(__file__).resolve().parent
SLOWNESS = float(os.environ.get("CNNCOURSE_SLOWNESS", "1"))  # of a machine below two ordinary cores
CELL_SECONDS, SHIPPED_SECONDS, SOLVED_SECONDS = 30, 60, 90
PATIENCE = 6  # seconds on the clock for a second of work, before a cell counts as hanging


class Chapter(nbval.plugin.IPyNbFile):
    """A chapter: its code cells, then one test of the whole."""

    worked = 0.0  # seconds, kept for when the kernel dies

    @property
    def solved(self):
        return self.path.parent.name == "solved"

    def setup(self):
        self.folder = tempfile.mkdtemp(prefix="chapter-")
        with environment(chapter_environment(self.solved)):
            self.kernel = RunningKernel(CURRENT_ENV_KERNEL_NAME, cwd=self.folder)
        self.setup_sanitize_files()

    def work(self):
        """Seconds of processor time that the kernel and its children have used."""
        if not self.kernel.is_alive():
            return self.worked
        kernel = psutil.Process(self.kernel.km.provisioner.pid)
        self.worked = max(
            self.worked, sum(map(processor_seconds, (kernel, *kernel.children(recursive=True))))
        )
        return self.worked

    def teardown(self):
        super().teardown()
        shutil.rmtree(self.folder, ignore_errors=True)

    def collect(self):
        self.cells = [ChapterCell.timed(cell) for cell in super().collect()]
        yield from self.cells
        yield Whole.from_parent(self, name="the whole")


class ChapterCell(nbval.plugin.IPyNbCell):
    """A code cell, timed by the work it makes the kernel do: another test beside it must not fail it.

    With one thread and an idle core, that is the time on the clock.
    """

    seconds = None

    @classmethod
    def timed(cls, cell):
        """The test that nbval made of a cell, as one of ours."""
        what = {name: getattr(cell, name) for name in ("name", "cell_num", "cell", "options")}
        return cls.from_parent(cell.parent, **what)

    def runtest(self):
        worked = self.parent.work()
        try:
            super().runtest()
        finally:
            self.seconds = self.parent.work() - worked
        within(self.seconds, CELL_SECONDS * SLOWNESS, "the work of the cell")


class Whole(pytest.Item):
    """What holds for a chapter as a whole, looked at after its last cell."""

    def runtest(self):
        chapter = self.parent
        seconds = [cell.seconds for cell in chapter.cells if cell.seconds is not None]
        budget = SLOWNESS * (SOLVED_SECONDS if chapter.solved else SHIPPED_SECONDS)
        record(chapter, seconds, budget)
        silent = [] if chapter.solved else list(unattempted(chapter.cells))
        if silent:
            pytest.fail(f"no 'not attempted' below the check of {', '.join(silent)}", pytrace=False)
        within(sum(seconds), budget, "the work of the chapter")

    def reportinfo(self):
        return self.path, None, f"{self.path.name}: the whole"


def processor_seconds(process):
    """What a process and the children that it outlived have used; one that is just gone counts there."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return (
            times.user
            + times.system
            + getattr(times, "children_user", 0)
            + getattr(times, "children_system", 0)
        )
    return 0.0


def within(seconds, budget, what):
    if seconds > budget:
        pytest.fail(f"{what} took {seconds:.2f} s, and {budget:.2f} s are allowed", pytrace=False)


def unattempted(cells):
    """Names of the exercises whose check ran and did not say "not attempted"."""
    for cell in cells:
        said = json.dumps(cell.test_outputs or []).lower()
        missing = Cell.parse(cell.cell.source).checked() if "not attempted" not in said else []
        yield from missing if cell.seconds is not None else []


def record(chapter, seconds, budget):
    """Keep the times of a run, for the summary and for whoever wonders where they went."""
    folder = times_folder(chapter.config)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{chapter.path.parent.name}/{chapter.path.stem}"
    times = {"chapter": name, "seconds": sum(seconds), "budget": budget, "cells": seconds}
    (folder / f"{name.replace('/', '-')}.json").write_text(json.dumps(times, indent=1))


def times_folder(config):
    return config.rootpath / "build" / "times"


def chapter_environment(strict):
    """What a chapter's kernel finds in its environment: the package, no network, and strictness if wanted."""
    path = [str(ROOT), str(ROOT / "tests" / "offline"), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, path)), "CNNCOURSE_STRICT": "1" if strict else "0"}


@contextlib.contextmanager
def environment(variables):
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@pytest.fixture
def kernel_environment(monkeypatch):
    """What a chapter's kernel finds in its environment, for a kernel that the test starts."""
    for name, value in chapter_environment(strict=False).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def strict_environment(kernel_environment, monkeypatch):
    """The same for a solved chapter."""
    monkeypatch.setenv("CNNCOURSE_STRICT", "1")


def execute_cell_input(kernel, source, allow_stdin=None):
    """nbval's own, but stored in the history: without it IPython shows a value that ends in a semicolon."""
    return kernel.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


def pytest_configure(config):
    config.pluginmanager.unregister(nbval.plugin)  # its options stay; the files are collected here
    config.option.nbval_cell_timeout = CELL_SECONDS * SLOWNESS * PATIENCE
    RunningKernel.execute_cell_input = execute_cell_input
    if not hasattr(config, "workerinput"):
        shutil.rmtree(times_folder(config), ignore_errors=True)


def pytest_collect_file(file_path, parent):
    wanted = parent.config.option.nbval_lax or parent.config.option.nbval
    return Chapter.from_parent(parent, path=file_path) if wanted and file_path.suffix == ".ipynb" else None


def pytest_terminal_summary(terminalreporter, config):
    runs = [json.loads(path.read_text()) for path in sorted(times_folder(config).glob("*.json"))]
    if runs:
        terminalreporter.section(f"seconds of work in the chapters (slowness {SLOWNESS:g})")
    for run in runs:
        longest = max(run["cells"], default=0)
        line = f"{run['seconds']:7.1f} of {run['budget']:3.0f}, longest cell {longest:5.1f}: {run['chapter']}"
        terminalreporter.write_line(line)
