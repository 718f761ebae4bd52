"""Files from the internet, kept once they are whole: checked by their content, never half there."""

import gzip
import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pooch

from ._notebook import progress_bar


def data_folder(name: str) -> Path:
    """Folder that keeps one data set: under CNNCOURSE_DATA if that is set, else in the user's cache."""
    return Path(os.environ.get("CNNCOURSE_DATA") or pooch.os_cache("cnncourse")) / name


class Damaged(ValueError):
    """A file is there, but its content is not what it should be."""


def checked(path: Path, sha256: str) -> bytes:
    """Read a file, decompressed if it is gzip, and compare its content with the known checksum."""
    content = path.read_bytes()
    try:
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(f"{path} is damaged or cut short ({error}).") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Damaged(f"{path} is not the original file: its content has another checksum.")
    return content


def fetch(
    name: str, mirrors: Sequence[str], folder: Path, read: Callable[[Path], bytes], timeout: float = 20
) -> bytes:
    """Download `name` from the first mirror that has it whole, keep it in `folder`, and return what it reads.

    The file appears in the folder only once `read` has taken it without complaint. Raises ConnectionError,
    with each mirror's answer, when none has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    answers = []
    for mirror in mirrors:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as scratch:
            part = Path(scratch) / name
            try:
                _download(mirror + name, part, timeout)
                content = read(part)
                os.replace(part, folder / name)
                return content
            except (OSError, ValueError) as error:  # no answer, an error page, a cut or a wrong file
                answers.append(f"  {mirror + name}: {_short(error, part)}")
    raise ConnectionError(f"{name} could not be downloaded:\n" + "\n".join(answers))


def _download(url: str, path: Path, timeout: float) -> None:
    with progress_bar(path.name, total=1, unit="B") as bar:  # pooch puts the true size in
        pooch.HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=timeout)(url, str(path), None)


def _short(error: Exception, part: Path) -> str:
    words = str(error).replace(str(part), "what came").replace("\n", " ")
    return words if len(words) < 200 else words[:200] + " …"
