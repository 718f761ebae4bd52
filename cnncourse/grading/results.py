"""Results on disk: a line a submission, appended and flushed; nothing is lost, nothing graded twice.

`results.jsonl` has the grades; `class.json` says what there was to grade: the submissions that count, the
notes, the students, the shard. A rerun reads both and grades what is missing.
"""

import contextlib
import errno
import hashlib
import json
import os
import secrets
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from .. import __version__
from .._course import _PACKAGE
from .._files import write_whole

GRADES, CLASS, LOCK, SECRET = "results.jsonl", "class.json", ".lock", ".secret"


class ResultsError(ValueError):
    """Results that cannot be read, written or merged; the message says what to do."""


def key(record):
    """What a grade is of: (student, chapter, sha256 of the notebook, version)."""
    return record["student"], record["chapter"], record["sha256"], record["version"]


@lru_cache(maxsize=128)
def version_of(stem, path):
    """Version of course and exercises: the package's, and a digest of the chapter and its exercises."""
    path, folder = Path(path), _PACKAGE / "exercises"
    name = stem.partition("_")[2]
    own = [path.with_name(f"{name}.py")] if path.with_name(f"{name}.py").is_file() else []
    sources = [path, *sorted(folder.glob("_*.py")), *own, folder / f"{name}.py"]
    sources += sorted((folder / name).glob("*.py"))
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources if source.is_file()))
    return f"{__version__}+{digest.hexdigest()[:12]}"


class Results:
    """The grades in a folder, by `key`; a context manager that only one process at a time can enter."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.path = self.folder / GRADES
        self._lock = FileLock(self.folder / LOCK, timeout=0)

    def __enter__(self):
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout as error:
            raise ResultsError(f"Another run is writing to {self.folder}: wait for it to end.") from error
        except (FileExistsError, NotADirectoryError) as error:
            raise ResultsError(f"{self.folder} is not a folder: name another one.") from error
        self.records = {key(record): record for record in self._recovered()}
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return self

    def __exit__(self, *_):
        os.close(self._file)
        self._lock.release()

    def _recovered(self):
        """The records on disk; a last line that was cut short goes, and its submission is graded again."""
        records, whole = read_grades(self.path)
        if self.path.exists() and whole < self.path.stat().st_size:
            os.truncate(self.path, whole)
        return records

    def append(self, record):
        """Write a record and wait until it is on the disk: afterwards not even a power cut loses it."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"
        size = os.fstat(self._file).st_size
        try:
            _write_all(self._file, line)
            os.fsync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self.path, size)  # half a line is none
            raise ResultsError(self._full(error)) from error
        self.records[key(record)] = record

    def _full(self, error):
        why = "The disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else str(error)
        return f"{why}: {len(self.records)} grades are safe in {self.path}. Make room and run it again."


def _write_all(descriptor, content):
    while content:
        content = content[os.write(descriptor, content) :]


def read_grades(path):
    """(records, bytes of whole lines) of a results file; (nothing, 0) where there is none."""
    path = Path(path)
    content = path.read_bytes() if path.exists() else b""
    records, whole = [], content.rfind(b"\n") + 1
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        try:
            record = json.loads(line)
            key(record), record["grade"]["exercises"]
        except (ValueError, KeyError, TypeError) as error:
            said = (
                f"Line {number} of {path} is damaged. Delete that line, and its submission is graded again."
            )
            raise ResultsError(said) from error
        records.append(record)
    return records, whole


def write_class(folder, about):
    """Keep what there was to grade beside the grades."""
    write_whole(Path(folder) / CLASS, json.dumps(about, ensure_ascii=False, indent=1) + "\n", "replace")


def read_class(folder):
    """What there was to grade, as `write_class` kept it."""
    path = Path(folder) / CLASS
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        about["shard"], about["submissions"], about["digest"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        said = f"{path} is missing or damaged: name folders that `cnncourse grade --out` wrote."
        raise ResultsError(said) from error
    return about


def secret(folder):
    """What the seeds of a class's hidden examples come from: made once for a results folder, and kept."""
    path = Path(folder) / SECRET
    if not path.exists():
        write_whole(path, secrets.token_hex(16))
        path.chmod(0o600)
    return path.read_text(encoding="utf-8")


def shard_of(student, count):
    """Which of `count` shards a student is in, from 0: the same on every machine."""
    return int.from_bytes(hashlib.sha256(student.encode()).digest()[:8], "big") % count
