"""What every test shares: one torch thread, the data beside the clone, a Chromium."""

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported anywhere, and in every child process

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits it ignored

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def one_torch_thread():
    """Undo whatever thread count an earlier test chose: two workers share the cores."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)


@pytest.fixture(scope="session")
def shared():
    """The folder of large files that are kept beside the clone, not in it."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"this test reads large files that are not in the repository; looked in {folder}")
    return folder


@pytest.fixture(scope="session")
def chromium():
    """Path of a Chromium; absent is a failure, for a skip would hide that `make test` did not install one."""
    from cnncourse.doctor import find_chromium

    path = find_chromium()
    if path is None:
        pytest.fail("No Chromium: `make test` installs one, `cnncourse doctor` says where it looked.")
    return path


@pytest.fixture
def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def make_notebook():
    """Build a notebook from {cell id: source}; a source that begins with `#!` is a text cell."""
    import nbformat

    def make(cells):
        notebook = nbformat.v4.new_notebook()
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
        for name, source in cells.items():
            kind = nbformat.v4.new_markdown_cell if source.startswith("#!") else nbformat.v4.new_code_cell
            notebook.cells.append(kind(source.removeprefix("#!"), id=name))
        return notebook

    return make


def pytest_collection_modifyitems(items):
    """Everything in tests/browser needs a browser, so `-m 'not browser'` leaves it out."""
    for item in items:
        if ROOT / "tests" / "browser" in item.path.parents:
            item.add_marker(pytest.mark.browser)
