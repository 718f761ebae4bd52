"""Make sure that there is a Chromium for the browser tests: find one, or install one."""

import os
import platform
import subprocess
import sys

from cnncourse.doctor import find_chromium

DEBIAN = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-dejavu-core"]


def main():
    """Try the ways that suit this machine until one leaves a Chromium that runs."""
    for commands in ([], *ways()):
        for command in commands:
            subprocess.run(command, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if path := find_chromium():
            print(f"Chromium: {path}")
            return
    sys.exit("make test: no Chromium could be installed for the browser tests; is the network there?")


def ways():
    """Lists of commands, the preferred one first; Ubuntu's package is a snap, so Debian's only on Debian."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and is_debian():
        yield [["apt-get", "update"], DEBIAN]
    libraries = ["--with-deps"] if root else []
    yield [[sys.executable, "-m", "playwright", "install", *libraries, "chromium"]]


def is_debian():
    """Whether this is Debian itself, none of its children."""
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:
        return False


if __name__ == "__main__":
    main()
