"""Writing a file whole or not at all."""

import os
from pathlib import Path


def write_whole(path, text, errors="strict"):
    """Write `text` to `path`, or leave the old file: a full disk or a lost process costs nothing.

    `errors` is what happens to half characters, as `open` has it.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # "w": what a killed run left half written is in nobody's way, also under the same process id
        with open(temporary, "w", encoding="utf-8", errors=errors, newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
