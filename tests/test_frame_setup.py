"""`make lab` from nothing: what it refuses and how, and that nothing half-made is left."""

import os
import runpy
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
POSIX = pytest.mark.skipif(os.name == "nt", reason="make and signals as POSIX has them")


@pytest.fixture
def clone(tmp_path):
    """What a clone has for the set-up, in a folder with a space and Hangul, and no index to install from."""
    clone = tmp_path / "나의 clone"
    clone.mkdir()
    for name in ("pyproject.toml", "constraints.txt", "Makefile", "README.md", "LICENSE", "LICENSE-CONTENT"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "tools", clone / "tools")
    return clone


def unreachable():
    """An environment in which pip can reach nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    nowhere = "http://127.0.0.1:9"
    proxies = {"http_proxy": nowhere, "https_proxy": nowhere}
    return {**kept, **proxies, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": nowhere, "PIP_RETRIES": "1"}


def setup(clone, before="", purpose="lab", env=None):
    """Run tools/setup.py after the statements `before`, which pretend something about the machine."""
    code = f"import sys, runpy\n{textwrap.dedent(before)}\nsys.argv = ['setup.py', {purpose!r}]\n"
    code += f"runpy.run_path({str(clone / 'tools' / 'setup.py')!r}, run_name='__main__')"
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=env or unreachable(), capture_output=True, encoding="utf-8")


def refused(said, sentence):
    """One sentence on stderr, and a status that stops make."""
    assert said.returncode == 1, said.stdout + said.stderr
    assert sentence in said.stderr and said.stderr.count("\n") == 1 and "Traceback" not in said.stderr


def test_too_old_a_python(clone):
    before = "import shutil; shutil.which = lambda *_: None\nsys.version_info = (3, 9, 2, 'final', 0)"
    said = setup(clone, before)
    refused(said, "make lab: the course needs Python 3.11 or newer, and this is 3.9;")
    assert not (clone / ".venv").exists()


@POSIX
def test_too_old_a_python_goes_on_in_a_newer_one(clone, tmp_path):
    newer = tmp_path / "bin" / "python3.12"
    newer.parent.mkdir()
    newer.write_text('#!/bin/sh\necho "newer: $*"\n')
    newer.chmod(0o755)
    before = "sys.version_info = (3, 9, 2, 'final', 0)"
    said = setup(clone, before, env={**unreachable(), "PATH": f"{newer.parent}:/usr/bin:/bin"})
    assert said.stdout.splitlines()[-1].endswith("tools/setup.py lab")


def test_no_venv_module(clone):
    said = setup(clone, "sys.modules['ensurepip'] = None")
    refused(said, "sudo apt install python3.")
    assert not (clone / ".venv").exists()


def test_no_disk(clone):
    usage = "import shutil, types; shutil.disk_usage = lambda _: types.SimpleNamespace(free=1.2e9)"
    refused(setup(clone, usage), "1.2 GB are free")
    assert not (clone / ".venv").exists()


def test_no_network(clone):
    began = time.monotonic()
    refused(setup(clone), "the network or pip's package index is out of reach")
    assert not (clone / ".venv").exists()
    assert "NewConnectionError" in (clone / "build" / "setup.log").read_text(encoding="utf-8")
    assert time.monotonic() - began < 90


@POSIX
def test_stopped_in_the_middle(clone):
    command = [sys.executable, str(clone / "tools" / "setup.py"), "lab"]
    with subprocess.Popen(command, env=unreachable(), stderr=subprocess.PIPE, text=True) as process:
        while not (clone / ".venv" / "pyvenv.cfg").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.communicate()[1] == "make lab: stopped.\n"
    assert process.returncode == 1 and not (clone / ".venv").exists()


@POSIX
def test_make_without_a_python(clone):
    environment = {**unreachable(), "PYTHON": "python-that-is-nowhere"}
    said = subprocess.run(["make", "lab"], cwd=clone, env=environment, capture_output=True, text=True)
    assert said.returncode != 0 and "There is no python-that-is-nowhere: install Python 3.11" in said.stderr


# -- an environment that is there: the functions, on a stand-in ---------------


@pytest.fixture
def tool(clone, monkeypatch):
    """The module, with a finished environment of two empty files."""
    tool = runpy.run_path(str(clone / "tools" / "setup.py"))
    python = Path(tool["python"]())
    python.parent.mkdir(parents=True)
    python.touch()
    tool["write_stamp"]("lab")
    return tool


def test_a_finished_environment_is_left_alone(tool, clone):
    assert tool["finished"]("lab") and not tool["finished"]("test")
    said = setup(clone)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_new_requirements_are_seen(tool, clone, name):
    with open(clone / name, "a") as file:
        file.write("\n# changed\n")
    assert not tool["finished"]("lab")


def test_an_environment_that_cannot_be_updated_is_kept(tool, clone):
    (clone / "constraints.txt").write_text("# changed\n")
    assert setup(clone).returncode == 1
    assert (clone / ".venv").exists()


def test_a_moved_clone_starts_afresh(tool, clone):
    moved = clone.rename(clone.with_name("moved"))
    there = runpy.run_path(str(moved / "tools" / "setup.py"))
    assert not there["finished"]("lab")
    there["discard_broken"]()
    assert not (moved / ".venv").exists()


def test_an_unfinished_environment_is_removed(tool, clone):
    Path(tool["stamp_path"]("lab")).unlink()
    Path(tool["UNFINISHED"]).touch()
    tool["discard_broken"]()
    assert not (clone / ".venv").exists()


def test_somebody_elses_environment_is_not_removed(tool, clone):
    Path(tool["stamp_path"]("lab")).unlink()
    tool["discard_broken"]()
    assert (clone / ".venv").exists()
