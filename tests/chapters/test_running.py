"""How chapters are run: what the run notices, tried on small notebooks."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cnncourse import notebooks

ROOT = Path(__file__).resolve().parents[2]
STANDIN = "def check(thing): print('not attempted')"


@pytest.fixture
def run(tmp_path, make_notebook):
    """Run a notebook of these cells as the chapters are run; returns (exit status, output)."""

    def run(*cells, folder="chapters", **variables):
        (tmp_path / folder).mkdir()
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        notebook = make_notebook({f"cell-{number}": source for number, source in enumerate(cells)})
        notebooks.write(notebook, tmp_path / folder / "01_convolution.ipynb")
        command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "conftest"]
        command += ["--color=no", "--rootdir", tmp_path, "-c", tmp_path / "pytest.ini", tmp_path / folder]
        environment = {**os.environ, **variables}
        said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8")
        return said.returncode, said.stdout

    return run


def test_a_good_chapter_passes_and_its_times_are_kept(run, tmp_path):
    """It runs in an empty folder, without a network."""
    place = "import os, sitecustomize\nassert os.listdir() == [] and sitecustomize.Offline"
    status, said = run(f"{place}\n{STANDIN}", "def f(): ...\ncheck(f)")
    assert status == 0 and "3 passed" in said, said
    times = json.loads((tmp_path / "build" / "times" / "chapters-01_convolution.json").read_text())
    assert len(times["cells"]) == 2 and times["seconds"] == pytest.approx(sum(times["cells"]))
    assert times["budget"] == 60 and "chapters/01_convolution" in said


def test_a_cell_that_raises_fails_and_the_next_one_runs(run):
    status, said = run("1 / 0", "print('next')")
    assert status == 1 and "ZeroDivisionError" in said and "1 failed, 2 passed" in said


def test_a_kernel_that_dies_fails_the_rest(run):
    status, said = run("import os; os._exit(1)", "print('never')", CNNCOURSE_SLOWNESS="0.02")
    assert status == 1 and "Cell 0" in said and "INTERNALERROR" not in said, said


def test_the_work_of_children_counts(run, tmp_path):
    work = "import time\nwhile time.process_time() < 0.6: pass"
    status, said = run(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {work!r}])")
    assert status == 0, said
    times = json.loads((tmp_path / "build" / "times" / "chapters-01_convolution.json").read_text())
    assert times["seconds"] >= 0.55


def test_a_check_that_stays_silent_fails_the_chapter(run):
    status, said = run("def check(thing): pass", "def f(): ...\ncheck(f)")
    assert status == 1 and "no 'not attempted' below the check of f" in said


def test_a_solved_chapter_is_strict_and_has_more_time(run, tmp_path):
    strict = "import os\nassert os.environ['CNNCOURSE_STRICT'] == '1'"
    status, said = run(strict, "def check(thing): print('Right.')", "f = 1\ncheck(f)", folder="solved")
    assert status == 0, said
    times = json.loads((tmp_path / "build" / "times" / "solved-01_convolution.json").read_text())
    assert times["budget"] == 90


def test_a_slow_cell_and_a_slow_chapter_fail(run):
    work = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 1.7: pass"
    status, said = run(work, work, work, CNNCOURSE_SLOWNESS="0.05")
    assert status == 1 and "4 failed" in said, said
    assert re.search(r"the work of the cell took 1\.[78]\d s, and 1\.50 s are allowed", said)
    assert re.search(r"the work of the chapter took 5\.\d\d s, and 3\.00 s are allowed", said)


def test_a_cell_that_hangs_fails(run):
    status, said = run("import time; time.sleep(60)", "1 + 1", CNNCOURSE_SLOWNESS="0.01")
    assert status == 1 and "Timeout of 1.8 seconds exceeded" in said, said


@pytest.mark.parametrize(
    "call",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=5)",
        "socket.getaddrinfo('example.org', 80)",
        "urllib.request.urlopen('http://192.0.2.1/', timeout=5)",
        "asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
        "subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(\"a.b\")'], check=True)",
    ],
)
def test_another_machine_is_out_of_reach(call, strict_environment):
    code = f"import asyncio, socket, subprocess, sys, urllib.request\n{call}"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert said.returncode == 1 and "the chapters must run without a network" in said.stderr


def test_this_machine_is_within_reach(strict_environment):
    code = (
        "import socket\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(('localhost', server.getsockname()[1])).close()\n"
        "socket.socketpair()[0].close()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
