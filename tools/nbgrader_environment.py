"""Make the environment that nbgrader runs in for the tests: build/nbgrader, on top of the course's own.

nbgrader brings server extensions that would change the JupyterLab of every other test, so it stays apart.
Without a network there is none, and the tests that need it say so.
"""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "nbgrader"


def find():
    """Path of the nbgrader command, None if there is none."""
    named = os.environ.get("CNNCOURSE_NBGRADER")
    path = Path(named) if named else FOLDER / "bin" / "nbgrader"
    return path if path.is_file() else None


def main():
    """Make it, unless it is there."""
    if find():
        return
    venv.create(FOLDER, with_pip=True)
    python = FOLDER / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    Path(own, "course.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    if subprocess.run([*install, "--constraint", constraints, "nbgrader>=0.9"], check=False).returncode:
        print("No nbgrader: the tests that compare scores with it are skipped.", file=sys.stderr)


if __name__ == "__main__":
    main()
