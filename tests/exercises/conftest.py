"""Every test of the engine keeps its progress in a folder of its own."""

import pytest


@pytest.fixture(autouse=True)
def private_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CNNCOURSE_STRICT", raising=False)
    return tmp_path / "home"
