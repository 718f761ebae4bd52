"""A hand-out: everything to begin with, stamped, and the same bytes again."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from cnncourse import __version__, _course, _merge, notebooks
from cnncourse.grading.release import release

ROOT = _course._PACKAGE.parent
STEMS = ("01_convolution", "03_pooling")


@pytest.fixture(scope="module")
def zipped(tmp_path_factory):
    path = tmp_path_factory.mktemp("release") / "handout.zip"
    release(STEMS, path)
    return path


def test_the_same_bytes_again(zipped, tmp_path):
    release(STEMS, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == zipped.read_bytes()


def test_what_is_in_it(zipped, tmp_path):
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    (wheel,) = (name for name in names if name.endswith(".whl"))
    assert names == {
        *(f"{stem}.ipynb" for stem in STEMS),
        "README.md",
        "environment.yml",
        "requirements.txt",
        wheel,
    }
    assert (tmp_path / "requirements.txt").read_text() == f"./{wheel}\n"
    conda = yaml.safe_load((tmp_path / "environment.yml").read_text())
    assert conda["dependencies"][-1] == {"pip": [f"./{wheel}"]} and "pytorch>=2.6" in conda["dependencies"]
    page = (tmp_path / "README.md").read_text()
    assert f"cnncourse {__version__}" in page and "[03 · Pooling](03_pooling.ipynb)" in page
    for stem in STEMS:
        assert _merge.origin(notebooks.read(tmp_path / f"{stem}.ipynb"))[0] == __version__


def test_the_package_in_it_makes_the_same_hand_out(zipped, tmp_path):
    """From an installed package, which has neither a clone around it nor hatchling at hand."""
    with zipfile.ZipFile(zipped) as archive:
        (wheel,) = (name for name in archive.namelist() if name.endswith(".whl"))
        archive.extract(wheel, tmp_path)
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from cnncourse.grading.release import release\n"
        "print(release(('01_convolution', '03_pooling'), Path(sys.argv[2]), wheel=sys.argv[3]))"
    )
    out = tmp_path / "again.zip"
    command = [sys.executable, "-c", code, tmp_path / "installed", out, tmp_path / wheel]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert out.read_bytes() == zipped.read_bytes()


def test_a_full_disk_leaves_no_half_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        release(STEMS, tmp_path / "x.zip", wheel=Path(__file__))
    assert not list(tmp_path.iterdir())
