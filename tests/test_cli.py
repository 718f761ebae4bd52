"""The command line: what it does, and one sentence where it cannot."""

import json
import os
import subprocess
import sys
import time
import urllib.request

import pytest
from typer.testing import CliRunner

from cnncourse import __version__, _course, cli, notebooks, workspace

ROOT = _course._PACKAGE.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


def run(*arguments, cwd=None):
    """The command in a process of its own, as a learner runs it."""
    command = [sys.executable, "-m", "cnncourse", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, encoding="utf-8")


@pytest.fixture
def course(tmp_path, monkeypatch, make_notebook):
    """A course of one chapter."""
    (tmp_path / "chapters").mkdir()
    notebooks.write(make_notebook({"demo": "1 + 1"}), tmp_path / "chapters" / "00_start_here.ipynb")
    monkeypatch.setattr(_course, "_PACKAGE", tmp_path / "cnncourse")
    return tmp_path / "chapters" / "00_start_here.ipynb"


def invoke(*arguments):
    return CliRunner().invoke(cli.app, list(map(str, arguments)))


def test_version():
    assert run("--version").stdout == f"cnncourse {__version__}\n"


def test_the_command_imports_no_torch():
    code = "import sys, cnncourse, cnncourse.cli, cnncourse.workspace; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert said.stdout.strip() == "False", said.stderr


def test_start_says_where_and_how_many(course, tmp_path):
    said = invoke("start", tmp_path / "나의 [과정]", "--no-open")
    assert said.exit_code == 0
    assert f"{tmp_path / '나의 [과정]'} (1 copied)" in said.output
    assert (tmp_path / "나의 [과정]" / "00_start_here.ipynb").exists()
    assert "1 already there" in invoke("start", tmp_path / "나의 [과정]", "--no-open").output


def test_start_offers_the_update(course, tmp_path, make_notebook):
    invoke("start", tmp_path / "mine", "--no-open")
    notebooks.write(make_notebook({"demo": "2 + 2"}), course)
    assert "cnncourse update" in invoke("start", tmp_path / "mine", "--no-open").output


def test_update_says_what_it_did(course, tmp_path, make_notebook):
    invoke("start", tmp_path / "mine", "--no-open")
    assert "00_start_here.ipynb: up to date" in invoke("update", tmp_path / "mine").output
    notebooks.write(make_notebook({"demo": "2 + 2"}), course)
    said = invoke("update", tmp_path / "mine").output
    assert "00_start_here.ipynb: updated" in said and str(tmp_path / "mine" / "backup") in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["update", "nowhere"], "`cnncourse start` makes it"),
        (["start", str(_course.course_folder()), "--no-open"], "choose another folder"),
        (["solve", "nowhere", "out"], "No chapters in nowhere"),
        (["solve", "broken.ipynb", "out"], "broken.ipynb is not a readable notebook"),
    ],
)
def test_errors_are_one_sentence(arguments, sentence, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{")
    said = run(*arguments, cwd=tmp_path)
    assert said.returncode == 1 and said.stdout == ""
    assert sentence in said.stderr and said.stderr.count("\n") == 1 and "Traceback" not in said.stderr


def test_a_folder_that_cannot_be_written_is_one_sentence(monkeypatch, capsys):
    def deny(_):
        raise PermissionError(13, "Permission denied", "my-course")

    monkeypatch.setattr(workspace, "start", deny)
    monkeypatch.setattr(sys, "argv", ["cnncourse", "start", "--no-open"])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == 1
    assert capsys.readouterr().err == "Error: Permission denied (my-course): nothing of yours was changed.\n"


def test_start_opens_jupyterlab_there(tmp_path, free_port):
    """The real server: our folder is its root, and our first notebook what it opens."""
    folder, token = tmp_path / "나의 과정", "a-token"
    environment = {**ENVIRONMENT, "JUPYTER_PORT": str(free_port), "JUPYTER_TOKEN": token}
    command = [sys.executable, "-m", "cnncourse", "start", str(folder), "--no-browser"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, env=environment, **pipes) as server:
        try:
            address = f"http://127.0.0.1:{free_port}/api/contents?token={token}"
            seen = json.loads(_patiently(address, server))
        finally:
            server.terminate()
            said = server.stdout.read().decode()
    assert {file["name"] for file in seen["content"]} == {path.name for path in _course.chapters()}
    assert "/lab/tree/00_start_here.ipynb" in said


def _patiently(address, server, tries=120):
    for _ in range(tries):
        try:
            return urllib.request.urlopen(address, timeout=5).read()
        except OSError:
            assert server.poll() is None, server.stdout.read().decode()
            time.sleep(0.25)
    raise AssertionError("JupyterLab did not answer")
