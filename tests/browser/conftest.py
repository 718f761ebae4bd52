"""Fixtures of the browser tests: a real JupyterLab at its default settings, and Chromium through Playwright.

    def test_something(run_notebook):
        book = run_notebook(["1 + 1", "from cnncourse.widgets import ConvStepper; ConvStepper()"])
        book.show(1)  # scroll to a cell: far off screen it is not in the page
        book.page.locator(".cnn").first.wait_for()
        book.set_source(0, "2 + 2")
        book.run_cell(0)
        assert book.output_text(0) == "4" and book.evaluate("3 * 3") == 9

The server starts once a session, on a free port, with a token and an empty home. Each notebook's kernel is
shut down after its test. `CNNCOURSE_SHOTS=folder` keeps a screenshot of every page at the end of its test.
"""

import io
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import sync_playwright

from cnncourse.widgets import _esm
from cnncourse.widgets._explorer import _HERE
from cnncourse.widgets._static import to_html
from tests.browser.pages import PAGE

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = [
    "--headless",
    "--no-sandbox",  # as root in a container Chromium does not start without
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# ---- JupyterLab


class Lab:
    """A running JupyterLab: `url`, `token`, and `root`, the folder whose notebooks it opens."""

    def __init__(self, url, token, root):
        self.url, self.token, self.root = url, token, root

    def add(self, notebook):
        """Put a notebook (a path, or a list of code cells) into `root` under a new name; return its URL."""
        name = f"{uuid.uuid4().hex}.ipynb"
        if isinstance(notebook, (str, os.PathLike)):
            shutil.copy(notebook, self.root / name)
        else:
            nbformat.write(_from_cells(notebook), self.root / name)
        return f"{self.url}/doc/tree/{name}?token={self.token}&reset"


def _from_cells(cells):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """JupyterLab from this environment, all settings at their defaults."""
    home, root = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notebooks")
    port, token, log = _free_port(), secrets.token_hex(16), home / "server.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={root}", "--LabApp.expose_app_in_browser=True"]  # window.jupyterapp
    with log.open("wb") as out:
        server = subprocess.Popen(command, env=_environment(home), cwd=root, stdout=out, stderr=out)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
        yield Lab(f"http://127.0.0.1:{port}", token, root)
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment(home):
    """This environment with an empty home, so that no setting of the machine's user takes part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    folders = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "run"}
    jupyter = {name: str(home / folder) for name, folder in folders.items()}
    own = {"HOME": str(home), "IPYTHONDIR": str(home / "ipython"), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    return {**kept, **jupyter, **own}


def _wait_for(url, server, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not answer within {seconds} s:\n{log.read_text()[-3000:]}")


# ---- Chromium


@pytest.fixture(scope="session")
def browser(chromium):
    """One Chromium for the session (tests/conftest.py says where it is looked for)."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(chromium), args=CHROMIUM_FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser, request):
    """A fresh page; `page.errors` collects uncaught JavaScript errors."""
    context = browser.new_context(viewport={"width": 1200, "height": 1000})
    opened = context.new_page()
    opened.errors = []
    opened.on("pageerror", lambda error: opened.errors.append(str(error)))
    yield opened
    if shots := os.environ.get("CNNCOURSE_SHOTS"):
        opened.screenshot(path=Path(shots) / f"{request.node.name}.png")
    context.close()


# ---- a widget in a plain page

DARK = (
    "<style>:root{--jp-content-font-color1:#fff;--jp-content-font-color2:#bdbdbd;--jp-layout-color1:#111;"
    "--jp-layout-color2:#252525;--jp-border-color1:#616161;background:#111}</style>"
)


@pytest.fixture
def show(page, tmp_path):
    """show(widget or HTML, ..., dark=False) -> the page with them: from a file, no kernel, no network."""
    refused = []

    def offline(route):
        if route.request.url.startswith(("file:", "data:", "blob:")):
            return route.continue_()
        refused.append(route.request.url)
        return route.abort()

    def show(*shown, dark=False):
        path = tmp_path / "page.html"
        pieces = [piece if isinstance(piece, str) else to_html(piece) for piece in shown]
        path.write_text(PAGE.format("".join([DARK * dark, *pieces])), encoding="utf-8")
        page.goto(path.as_uri())
        page.locator(".cnn [role=status]").nth(len(shown) - 1).wait_for()
        return page

    page.route("**/*", offline)
    yield show
    assert not refused and not page.errors


@pytest.fixture
def axe():
    """axe(page): fail with what axe-core has to say against the widgets on the page."""

    def run(page):
        found = Axe().run(page, context=".cnn").response["violations"]
        assert not found, [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found]

    return run


@pytest.fixture(scope="module")
def javascript(browser):
    """javascript(file, expression, argument): evaluate it with `m`, the widgets' module, and `it`."""
    page = browser.new_page()
    page.goto("about:blank")

    def call(file, expression, argument=None):
        code = f"""async ([code, it]) => {{
          const m = await import(URL.createObjectURL(new Blob([code], {{ type: "text/javascript" }})));
          return {expression};
        }}"""
        return page.evaluate(code, [_esm.inline(_HERE / file), argument])

    yield call
    page.close()


# ---- a notebook in JupyterLab

_PANEL = "window.jupyterapp?.shell?.currentWidget"
_IDLE = f"() => {_PANEL}?.sessionContext?.session?.kernel?.status === 'idle'"
_CELLS = f"() => {_PANEL}.content.model.sharedModel.toJSON().cells"


class Notebook:
    """An open notebook. Cells are read from its model, since off-screen ones are not in the page."""

    def __init__(self, page, timeout):
        self.page, self.timeout = page, timeout

    def run_all(self):
        """Run every cell and wait for the kernel."""
        self._command("notebook:run-all-cells")

    def run_cell(self, index):
        """Run one cell and wait for the kernel."""
        self.show(index)
        self._command("notebook:run-cell")

    def set_source(self, index, source):
        """Replace the text of a cell, as a learner who types would."""
        self.page.evaluate(
            f"([i, text]) => {_PANEL}.content.model.cells.get(i).sharedModel.setSource(text)", [index, source]
        )

    def show(self, index):
        """Make a cell the active one and scroll to it."""
        self.page.evaluate(
            f"async (i) => {{ const book = {_PANEL}.content; book.activeCellIndex = i;"
            " await book.scrollToItem(i, 'start'); }",
            index,
        )

    def cells(self):
        """Every cell as nbformat has it, outputs included."""
        return self.page.evaluate(_CELLS)

    def output_text(self, index):
        """All text that a cell put out: streams, plain text and HTML."""
        return "\n".join(_text(output) for output in self.cells()[index].get("outputs", []))

    def errors(self):
        """What went wrong in the cells: exceptions, and anything written to stderr."""
        outputs = [output for cell in self.cells() for output in cell.get("outputs", [])]
        return [_text(o) for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]

    def evaluate(self, expression):
        """Value of a Python expression in the notebook's kernel, by way of JSON."""
        code = f"import json as _json; print(_json.dumps({expression}))"
        return json.loads(self.page.evaluate(_EXECUTE, code))

    def wait_until(self, expression, seconds=20):
        """Wait until a Python expression is true in the kernel."""
        end = time.monotonic() + seconds
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, f"{expression} stayed {value!r} for {seconds} s"
            self.page.wait_for_timeout(100)

    def _command(self, name):
        # The command's promise ends when the cells have run: no guess about an idle kernel.
        self.page.evaluate("(name) => window.jupyterapp.commands.execute(name)", name)
        self.page.wait_for_function(_IDLE, timeout=self.timeout)


_EXECUTE = f"""async (code) => {{
  const kernel = {_PANEL}.sessionContext.session.kernel;
  const future = kernel.requestExecute({{ code, store_history: false }});
  let text = "";
  future.onIOPub = ({{ content }}) => {{
    if (content.name === "stdout") text += content.text;
    if (content.ename) text += content.ename + ": " + content.evalue;
  }};
  await future.done;
  return text;
}}"""


def _text(output):
    data = output.get("data", {})
    parts = [output.get("text"), data.get("text/plain"), data.get("text/html"), *output.get("traceback", [])]
    return "\n".join("".join(part) for part in parts if part)


@pytest.fixture
def open_notebook(page):
    """open_notebook(url) -> Notebook, its kernel ready and nothing run yet."""
    opened = []

    def go(url, timeout=180_000):
        page.set_default_timeout(timeout)
        page.goto(url)
        page.wait_for_function(_IDLE, timeout=timeout)
        page.set_default_timeout(30_000)
        opened.append(Notebook(page, timeout))
        return opened[-1]

    yield go
    if opened:  # kernels would pile up in a server that lives as long as the session
        page.evaluate(f"async () => {{ await {_PANEL}?.sessionContext?.shutdown(); }}")


@pytest.fixture
def run_notebook(lab, open_notebook):
    """run_notebook(path or list of cells) -> Notebook, all of it run; errors fail unless `errors=True`."""

    def run(notebook, errors=False, timeout=180_000):
        book = open_notebook(lab.add(notebook), timeout)
        book.run_all()
        assert errors or not book.errors(), "\n".join(book.errors())
        return book

    return run


# ---- the course as a learner starts it


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """url(chapter) of a JupyterLab that `cnncourse start` opened on a new folder, at default settings."""
    home = tmp_path_factory.mktemp("learner")
    folder, port, token, log = home / "my-course", _free_port(), secrets.token_hex(16), home / "server.log"
    (home / "config").mkdir()
    exposed = {"LabApp": {"expose_app_in_browser": True}}  # so that the test can read the notebook's model
    (home / "config" / "jupyter_lab_config.json").write_text(json.dumps(exposed))
    own = {"JUPYTER_PORT": str(port), "JUPYTER_TOKEN": token, "CNNCOURSE_HOME": str(home / "records")}
    command = [sys.executable, "-m", "cnncourse", "start", str(folder), "--no-browser"]
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, env={**_environment(home), **own}, cwd=home, stdout=out, stderr=out
        )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status?token={token}", server, log)
        yield lambda chapter: f"http://127.0.0.1:{port}/lab/tree/{chapter}?token={token}&reset"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture
def film(page):
    """film(seconds=…) adds a picture of the page; CNNCOURSE_FILM=file.gif keeps them as an animation."""
    frames, path = [], os.environ.get("CNNCOURSE_FILM")

    def shoot(seconds=0.4):
        if path:
            frames.append((page.screenshot(), seconds))

    yield shoot
    if frames:
        _animate(frames, Path(path))


def _animate(frames, path):
    """Write screenshots as a GIF of 900 pixels' width, every frame with its own palette."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png, _ in frames]
    height = round(900 * pictures[0].height / pictures[0].width)
    pictures = [picture.resize((900, height), Image.Resampling.LANCZOS).quantize(128) for picture in pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    durations = [round(1000 * seconds) for _, seconds in frames]
    pictures[0].save(
        path, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
