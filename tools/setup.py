"""Make the course's environment in .venv: `python3 tools/setup.py lab` (to learn) or `test` (to develop).

Standard library only, and written so that a Python too old to run the course can still say so. A finished
environment has a stamp of what it was made from, so a second run has nothing to do and needs no network; what
was not finished is removed.
"""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
UNFINISHED = os.path.join(VENV, "unfinished")
LOG = os.path.join(ROOT, "build", "setup.log")
OLDEST = (3, 11)
GIGABYTES, GIGABYTES_CUDA = 4, 12  # two or about seven in the end; pip downloads and unpacks beside them
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NETWORK = ("NewConnectionError", "ConnectTimeout", "ReadTimeout", "ProxyError", "(from versions: none)")


class Refusal(Exception):
    """Why there is no environment, in one sentence."""


def main(purpose):
    """Make the environment for `purpose` unless it is there."""
    try:
        require_python(purpose)
        if not finished(purpose):
            make(purpose)
    except Refusal as refusal:
        sys.exit(f"make {purpose}: {refusal}")
    except KeyboardInterrupt:
        sys.exit(f"make {purpose}: stopped.")


def require_python(purpose):
    """Go on in a newer Python if this one is too old and PATH has another."""
    if sys.version_info[:2] >= OLDEST:
        return
    for minor in range(20, OLDEST[1] - 1, -1):
        newer = shutil.which(f"python3.{minor}")
        if newer and subprocess.call([newer, "-c", ""], stderr=subprocess.DEVNULL) == 0:  # a shim may not run
            os.execv(newer, [newer, os.path.abspath(__file__), purpose])
    needed, here = (".".join(map(str, version[:2])) for version in (OLDEST, sys.version_info))
    raise Refusal(
        f"the course needs Python {needed} or newer, and this is {here}; install a newer one and run "
        f"`make {purpose} PYTHON=/path/to/python3`."
    )


def finished(purpose):
    """Whether .venv was made for this purpose, here, from today's pyproject.toml and constraints.txt."""
    return os.path.exists(python()) and read_stamp(purpose) == [inputs(), ROOT]


def make(purpose):
    """Make or bring up to date; an environment that this run began and could not finish is removed."""
    discard_broken()
    new = not os.path.exists(VENV)
    if new:
        require_venv_module(purpose)
        require_disk()
    try:
        with stoppable():
            if new:
                create()
            install(purpose)
    except BaseException:
        if new:
            shutil.rmtree(VENV, ignore_errors=True)
        raise


def discard_broken():
    """Remove an environment of ours that was cut short, or whose folder or Python has moved since."""
    stamps = [stamp for stamp in map(read_stamp, ("lab", "test")) if stamp]
    moved = any(stamp[1] != ROOT for stamp in stamps) or (stamps and not os.path.exists(python()))
    if os.path.exists(UNFINISHED) or moved:
        print("Removing an environment that does not work any more.")
        shutil.rmtree(VENV)


def require_venv_module(purpose):
    """Debian and Ubuntu have it in a package of its own."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info)
        raise Refusal(
            "this Python has no venv module; on Debian and Ubuntu "
            f"`sudo apt install {package}` brings it, then run `make {purpose}` again."
        ) from None


def require_disk():
    """Ask before the first download, not at the last."""
    free, needed = shutil.disk_usage(ROOT).free, needed_gigabytes()
    if free < needed * 1e9:
        raise Refusal(no_room(f"{free / 1e9:.1f} GB are free"))


def needed_gigabytes():
    return GIGABYTES_CUDA if has_nvidia() else GIGABYTES


def no_room(what):
    return f"the environment needs {needed_gigabytes()} GB of disk and {what}; make room and run it again."


@contextlib.contextmanager
def stoppable():
    """Let SIGTERM interrupt as Ctrl-C does, so that what is half-made is removed then too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def create():
    """An empty environment, marked as unfinished until everything is in it."""
    print("Making the environment .venv; the first time takes a few minutes.", flush=True)
    os.mkdir(VENV)
    with open(UNFINISHED, "w"):
        pass
    require(run([sys.executable, "-m", "venv", VENV]), "the environment could not be made")


def install(purpose):
    """PyTorch, then the course and everything it needs."""
    install_torch()
    print("Installing JupyterLab and the rest.", flush=True)
    package = ".[test,parity]" if purpose == "test" else "."
    command = pip("install", "--constraint", "constraints.txt", "--editable", package)
    require(run(command), "the packages could not be installed")
    for made in {"lab", purpose}:  # who develops can learn
        write_stamp(made)
    with contextlib.suppress(FileNotFoundError):
        os.remove(UNFINISHED)
    print("The environment is ready.", flush=True)


def install_torch():
    """On a Linux machine without an NVIDIA card, PyTorch's CPU build: the other brings gigabytes of CUDA."""
    if not sys.platform.startswith("linux") or has_nvidia():
        return
    if reachable(CPU_INDEX + "/torch/"):
        print("Installing PyTorch, the build without CUDA (about 200 MB).", flush=True)
        command = pip("install", "--constraint", "constraints.txt", "--index-url", CPU_INDEX, "torch")
        if run(command)[0] == 0:
            return
    print("PyTorch's own index of CPU builds is out of reach: pip's choice is taken.", flush=True)


def has_nvidia():
    return os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None


def reachable(url, seconds=6):
    """Whether `url` answers soon; a certificate that only pip is told to trust counts as an answer."""
    probe = (
        "import ssl, sys, urllib.error, urllib.request\n"
        "try: urllib.request.urlopen(sys.argv[1], timeout=5)\n"
        "except urllib.error.URLError as error: sys.exit(not isinstance(error.reason, ssl.SSLError))\n"
    )
    command = [sys.executable, "-c", probe, url]  # a process, for looking up a name heeds no timeout
    try:
        return subprocess.call(command, stderr=subprocess.DEVNULL, timeout=seconds) == 0
    except subprocess.TimeoutExpired:
        return False


def python():
    return os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))


def pip(*arguments):
    return [python(), "-m", "pip", "--disable-pip-version-check", *arguments]


def run(command):
    """(exit status, what it said) of a command; build/setup.log has it all, a terminal one line at a time."""
    os.makedirs(os.path.dirname(LOG), exist_ok=True)
    environment = {"PIP_RETRIES": "2", "PYTHONIOENCODING": "utf-8", **os.environ}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
            try:
                said = [follow(line.decode("utf-8", "replace"), log) for line in process.stdout]
            except BaseException:
                process.terminate()
                raise
    show("")
    return process.returncode, "".join(said)


def follow(line, log):
    """Log a line and, if it tells of progress, show it."""
    log.write(line)
    if line.lstrip().startswith(("Collecting", "Downloading", "Building", "Installing")):
        show(line.strip().split(" (from")[0])
    return line


def show(text):
    """Put `text` in the place of what the terminal's last line shows."""
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 1
        print(f"\r\033[K{text[:width]}", end="", flush=True)


def require(outcome, failure):
    """Turn a failed command into its one sentence."""
    status, said = outcome
    if status == 0:
        return
    if "No space left" in said:
        raise Refusal(no_room("it is full"))
    if any(sign in said for sign in NETWORK):
        raise Refusal(f"{failure}: the network or pip's package index is out of reach; run it again later.")
    errors = [line for line in said.splitlines() if "error:" in line.lower()] or said.splitlines() or ["?"]
    raise Refusal(f"{failure} ({errors[-1].strip()}); build/setup.log has the whole story.")


def inputs():
    """Digest of what an environment is made from."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def stamp_path(purpose):
    return os.path.join(VENV, f"finished-{purpose}")


def read_stamp(purpose):
    """[digest, folder]: an environment has its folder written into it and does not survive a move."""
    try:
        with open(stamp_path(purpose), encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError:
        return []


def write_stamp(purpose):
    with open(stamp_path(purpose), "w", encoding="utf-8") as file:
        file.write(f"{inputs()}\n{ROOT}\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "lab")
