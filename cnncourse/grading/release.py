"""What students get: chapters, the environment, and a page that says how to begin, in one zip.

The same course and options give the same bytes, so that two hand-outs can be compared.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nbformat

from .. import __version__, _course, _merge
from ..notebooks import exercises, read
from .intake import known
from .private import complete, load, try_out

MOMENT = (1980, 1, 1, 0, 0, 0)  # of every file in the zip
HANDED_OUT, NAMES = "instructor", "recorded.json"  # as cnncourse/exercises/_own.py looks for them
BUILD = "import sys, hatchling.build; print(hatchling.build.build_wheel(sys.argv[1]))"
PAGE = """# {title}

Made with cnncourse {version}. The chapters:

{chapters}

## Begin

With conda, in this folder:

```sh
conda env create -f environment.yml
conda activate cnncourse
jupyter lab
```

Or with Python 3.11 or newer:

```sh
python -m venv .venv
. .venv/bin/activate          # on Windows: .venv\\Scripts\\activate
pip install -r requirements.txt
jupyter lab
```

Open the first chapter and read on from there. `check` says how you are doing, `hint` helps, and neither
counts: what is graded is the notebook that you hand in, saved.
{recorded}
If something is missing, `cnncourse doctor` says what it is and what to do.
"""
RECORDED = """
The check of {names} says "recorded": these are graded by your instructor, after you hand in.
"""


class ReleaseError(ValueError):
    """A hand-out that cannot be made; the message is one sentence."""


def release(stems, out, private=None, with_checks=False, wheel=None):
    """Write the hand-out of the chapters `stems` to the zip `out`; returns the names of its files.

    `private` is a folder with exercises of the instructor's own; their checks say "recorded" unless
    `with_checks`. `wheel` is the package's own file; in a clone it is built.
    """
    paths = known(private)
    own = [stem for stem in stems if private and paths[stem].parent == Path(private)]
    recorded = _own_names(own, paths, private)
    with tempfile.TemporaryDirectory() as scratch:
        package = Path(wheel) if wheel else build_wheel(scratch)
        files = _package(package) | {f"{stem}.ipynb": _stamped(paths[stem]) for stem in stems}
    if recorded and with_checks:
        modules = (Path(private) / f"{stem.partition('_')[2]}.py" for stem in own)
        files |= {f"{HANDED_OUT}/{m.name}": m.read_bytes() for m in modules if m.is_file()}
    elif recorded:
        files[f"{HANDED_OUT}/{NAMES}"] = json.dumps(recorded, indent=1).encode()
    files["README.md"] = _page(stems, paths, [] if with_checks else list(recorded)).encode()
    _zip(files, Path(out))
    return sorted(files)


def _own_names(own, paths, private):
    """{name: chapter} of the private exercises that these chapters check."""
    if not own:
        return {}
    private_names = set(load(private))
    checked = {stem: exercises(read(paths[stem])) for stem in own}
    complete(checked)
    found = {name: stem for stem, names in checked.items() for name in names if name in private_names}
    try_out(found, (0, 1))  # better heard of now than when the class has handed in
    return found


def _stamped(path):
    return (nbformat.writes(_merge.stamp(read(path), __version__)) + "\n").encode()


def build_wheel(folder):
    """Path of the package as a wheel, built in a clone with hatchling; None where that is not possible."""
    root = _course._PACKAGE.parent
    if not (root / "pyproject.toml").is_file() or importlib.util.find_spec("hatchling") is None:
        return None
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=root, env=environment, capture_output=True, text=True
    )
    if built.returncode:
        why = (built.stderr.strip() or f"exit status {built.returncode}").splitlines()[-1]
        raise ReleaseError(f"The package could not be built: {why}")
    return Path(folder) / built.stdout.strip().splitlines()[-1]


def _package(wheel):
    """The environment files, which name the wheel if there is one, and the wheel itself."""
    wanted = f"./{wheel.name}" if wheel else f"cnncourse=={__version__}"
    inside = _course._PACKAGE / "_environment.yml"
    source = inside if inside.is_file() else _course._PACKAGE.parent / "environment.yml"
    conda = [line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    text = "\n".join(conda).replace("-e .", wanted) + "\n"
    files = {"environment.yml": text.encode(), "requirements.txt": f"{wanted}\n".encode()}
    return files | ({wheel.name: wheel.read_bytes()} if wheel else {})


def _page(stems, paths, recorded):
    titles = "\n".join(f"- [{_title(paths[stem])}]({stem}.ipynb)" for stem in stems)
    names = ", ".join(f"`{name}`" for name in recorded)
    return PAGE.format(
        title="Convolutional neural networks, by doing",
        version=__version__,
        chapters=titles,
        recorded=RECORDED.format(names=names) if recorded else "",
    )


def _title(path):
    lines = (line for cell in read(path).cells for line in cell.source.splitlines())
    return next((line[2:].strip() for line in lines if line.startswith("# ")), path.stem)


def _zip(files, out):
    """Write the zip whole or not at all; names sorted, one moment for all, so that its bytes are the same."""
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(temporary, "w") as archive:
            for name in sorted(files):
                about = zipfile.ZipInfo(name, MOMENT)
                about.external_attr = 0o644 << 16
                archive.writestr(about, files[name], zipfile.ZIP_DEFLATED, 9)
        shutil.move(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
