"""What a learner has done, kept in one private file that two open notebooks can share."""

import json
import os
import time
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_dir

from ._verdict import NOT_ATTEMPTED, PASSED

WAIT = 2.0  # seconds for another notebook to finish writing
EMPTY = {"passed": False, "tries": 0, "hints": 0, "solution": False, "last": NOT_ATTEMPTED}


def home():
    """Folder of the learner's own records; the environment variable CNNCOURSE_HOME moves it."""
    return Path(os.environ.get("CNNCOURSE_HOME") or user_data_dir("cnncourse", appauthor=False))


class Store:
    """name → {passed, tries, hints, solution, last}; every change reads, changes and writes under a lock."""

    def __init__(self, folder=None):
        self.folder = Path(folder or home())
        self.path = self.folder / "progress.json"

    def read(self):
        """All records, or none where there is nothing to read."""
        try:
            return self._read()
        except OSError:
            return {}

    def _read(self):
        try:
            records = json.loads(self.path.read_text(encoding="utf-8"))["exercises"]
            return {name: {**EMPTY, **record} for name, record in records.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError):
            self._set_aside("damaged")
            return {}

    def _set_aside(self, why):
        """Rename the file, so that a new one never overwrites it; returns where it is now."""
        aside = self.path.with_name(
            f"progress.{why}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**6}.json"
        )
        os.replace(self.path, aside)
        if why == "damaged":
            print(f"Your progress file was damaged. It is now {aside}, and a new one is begun.")
        return aside

    def change(self, name, update):
        """Apply `update(record)` to the record of `name`; returns it, or None where nothing can be kept."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self.folder / "progress.lock", timeout=WAIT):
                records = self._read()
                record = records.setdefault(name, dict(EMPTY))
                update(record)
                self._write(records)
                return record
        except (OSError, Timeout):  # a full or read-only disk must not cost anyone their check
            return None

    def reset(self):
        """Begin again; returns where the records so far are kept, None if there are none."""
        if not self.path.exists():
            return None
        with FileLock(self.folder / "progress.lock", timeout=WAIT):
            return self._set_aside("before")

    def _write(self, records):
        temporary = self.path.with_name(f".progress.{os.getpid()}.part")
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump({"format": 1, "exercises": records}, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        finally:
            temporary.unlink(missing_ok=True)


def record_check(store, verdict):
    """Remember a verdict, and return the exercise's record; one that is once passed stays passed."""

    def update(record):
        record["last"] = verdict.outcome
        record["tries"] += verdict.outcome != NOT_ATTEMPTED
        record["passed"] |= verdict.outcome == PASSED

    if verdict.outcome == NOT_ATTEMPTED and verdict.name not in store.read():
        return EMPTY  # a stub that was run leaves no trace
    return store.change(verdict.name, update) or store.read().get(verdict.name, EMPTY)
