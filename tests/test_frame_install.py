"""What an installed package is: light to import, and whole without the clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cnncourse import _course

ROOT = Path(__file__).resolve().parent.parent


def python(*arguments, **options):
    """A Python that succeeds; returns what it printed."""
    run = subprocess.run([sys.executable, *arguments], capture_output=True, encoding="utf-8", **options)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_importing_the_course_imports_no_torch():
    code = "import sys, cnncourse; print(sorted({'torch', 'numpy', 'IPython'} & set(sys.modules)))"
    assert python("-c", code, cwd=ROOT).strip() == "[]"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built with the tools that are here and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder)]
    python("-m", "pip", "wheel", *options, str(ROOT))
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder with a space and Hangul that has the wheel's files, to put in front of the path."""
    target = tmp_path_factory.mktemp("설치 here")
    python("-m", "pip", "install", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    return target


def test_the_wheel_has_the_chapters_and_everything_beside_the_code(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "cnncourse").rglob("*")
        if path.suffix in {".py", ".js", ".css", ".json", ".safetensors"}
    }
    assert tracked <= names
    assert {f"cnncourse/_chapters/{path.name}" for path in _course.chapters()} <= names
    assert not [name for name in names if name.startswith(("chapters/", "tests/", "tools/"))]
    assert [name for name in names if name.endswith("LICENSE-CONTENT")]


def test_the_wheel_brings_the_command(installed):
    scripts = installed / ("bin" if os.name != "nt" else "Scripts")
    assert [path.stem for path in scripts.glob("cnncourse*")] == ["cnncourse"]


def test_it_starts_without_the_clone(installed, tmp_path):
    """The wheel alone is the course: its folder is first on the path, and the clone is not on it."""
    code = (
        "import runpy, sys\n"
        f"sys.path[:] = [{str(installed)!r}] + [p for p in sys.path if p != {str(ROOT)!r}]\n"
        "import cnncourse, cnncourse.cli\n"
        "sys.argv = ['cnncourse', 'start', '--no-open']\n"
        "print(cnncourse.__file__)\n"
        "cnncourse.cli.main()\n"
    )
    said = python("-I", "-c", code, cwd=tmp_path)
    assert said.startswith(str(installed))
    copied = sorted(path.name for path in (tmp_path / "my-course").iterdir())
    assert copied == [path.name for path in _course.chapters()]
