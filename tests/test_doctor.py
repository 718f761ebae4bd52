"""The doctor: what it finds, what it advises, and when it fails."""

import stat
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from cnncourse import _course, cli, doctor, notebooks, workspace


def finding(look):
    return doctor._look(look)


def test_everything_the_course_needs_is_here(tmp_path):
    findings = {found.what: found for found in doctor.examine(tmp_path)}
    missing = [found for found in findings.values() if found.essential and not found.good]
    assert missing == []
    assert findings["PyTorch"].found == sys.modules["torch"].__version__
    assert findings["chapters"].found.startswith(str(len(_course.chapters())))


def test_too_old_a_python_is_missing(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert not finding(doctor._python).good and "3.11" in finding(doctor._python).advice


def test_a_package_that_cannot_be_imported_is_a_finding(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = finding(doctor._torch)
    assert (found.what, found.good, found.essential) == ("torch", False, True) and found.advice


def test_missing_widget_extensions_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    assert finding(doctor._widgets).found == "not found: ipywidgets, anywidget"


def test_a_kernel_of_another_python_is_named(monkeypatch, tmp_path):
    class Spec:
        argv = (str(tmp_path / "elsewhere" / "python"),)

    monkeypatch.setattr("jupyter_client.kernelspec.KernelSpecManager.get_kernel_spec", lambda *_: Spec)
    found = finding(doctor._kernel)
    assert not found.good and "ipykernel install" in found.advice


def test_an_old_folder_is_seen(tmp_path, make_notebook, monkeypatch):
    (tmp_path / "chapters").mkdir()
    monkeypatch.setattr(_course, "_PACKAGE", tmp_path / "cnncourse")
    chapter = tmp_path / "chapters" / "00_start_here.ipynb"
    notebooks.write(make_notebook({"demo": "1 + 1"}), chapter)
    workspace.start(tmp_path / "my-course")
    assert doctor._own_folder(tmp_path / "my-course").good
    notebooks.write(make_notebook({"demo": "2 + 2"}), chapter)
    found = doctor._own_folder(tmp_path / "my-course")
    assert not found.good and "1 differ" in found.found and "cnncourse update" in found.advice


def test_a_full_disk_is_seen(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: SimpleNamespace(free=5e8))
    found = doctor._disk(tmp_path)
    assert (found.good, found.found) == (False, "0.5 GB free")


@pytest.mark.parametrize(("essential", "status"), [(True, 1), (False, 0)])
def test_only_what_is_essential_fails(essential, status, monkeypatch):
    lacking = doctor.Finding("thing [one]", False, "nowhere", "fetch it", essential)
    monkeypatch.setattr(doctor, "examine", lambda: [lacking])
    said = CliRunner().invoke(cli.app, ["doctor"])
    assert said.exit_code == status
    assert all(text in said.output for text in ("thing [one]", "nowhere", "fetch it"))


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in browser is a shell script")
def test_a_browser_that_does_not_run_is_none(monkeypatch, tmp_path):
    stub = tmp_path / "chromium-browser"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(stub.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(doctor, "_playwright_chromium", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CNNCOURSE_CHROMIUM", raising=False)
    assert doctor.find_chromium() is None
    stub.write_text("#!/bin/sh\nexit 0\n")
    assert doctor.find_chromium() == stub
    monkeypatch.setenv("CNNCOURSE_CHROMIUM", str(tmp_path / "gone"))
    assert doctor.find_chromium() is None
