"""The files of a folder or a zip, one after another, without ever trusting what they say of themselves.

Nothing is extracted: a member is read into memory when its turn comes, never more than `LARGEST` bytes of it.
What cannot be used becomes a sentence in a report.
"""

import os
import stat
import unicodedata
import zipfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath

LARGEST = 32 << 20  # bytes of one notebook: outputs with pictures included
MOST_FILES, MOST_BYTES, HIGHEST_RATIO = 100_000, 16 << 30, 200  # of one archive, as its directory says
JUNK = {"__MACOSX", ".ipynb_checkpoints", ".DS_Store", "Thumbs.db", "desktop.ini"}
LONGEST = 255  # characters of one name: more than a file system takes is slow to make sense of


class Unusable(ValueError):
    """A file that cannot be taken; the message is the end of a sentence that began with its name."""


@dataclass(frozen=True)
class File:
    """A file on disk, or a member of a zip: where it is (`parts`), how large, and when it was written."""

    place: Path
    parts: tuple
    size: int
    written: tuple
    member: int | None = field(default=None)  # its number in the zip: names may come twice

    @property
    def shown(self):
        """The path as a report prints it."""
        return "/".join(self.parts)

    def read(self):
        """The bytes, at most LARGEST of them. Raises Unusable."""
        try:
            content = self._read()
        except Exception as error:  # whatever a stranger's bytes make a decompressor raise
            raise Unusable(f"cannot be read ({_reason(error)})") from error
        if len(content) > LARGEST:
            raise Unusable(f"is larger than {LARGEST >> 20} MB")
        return content

    def _read(self):
        if self.member is None:
            descriptor = os.open(self.place, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
            with open(descriptor, "rb") as file:
                return file.read(LARGEST + 1)
        archive = _opened(self.place)
        with archive.open(archive.infolist()[self.member]) as file:
            return file.read(LARGEST + 1)


@lru_cache(maxsize=4)
def _opened(path):
    return zipfile.ZipFile(path)


def files(source):
    """(list of `File`, list of sentences on what was passed over) of a folder or a zip."""
    source = Path(source)
    found, problems = [], []
    for item in _walk(source) if source.is_dir() else [(source, (printable(source.name),))]:
        place, parts = item
        if parts[-1].lower().endswith(".zip"):
            _members(place, parts if source.is_dir() else (), found, problems)
        else:
            _take(lambda at=place, of=parts: _on_disk(at, of), "/".join(parts), found, problems)
    return found, problems


def _take(look, shown, found, problems):
    try:
        found.append(look())
    except Unusable as error:
        problems.append(f"{shown} {error}.")


def _walk(folder):
    """(path, parts as printed) of every file in a folder, links not followed, junk left out."""
    for place, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if name not in JUNK)
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        for name in sorted([*names, *links]):
            if name not in JUNK and not name.startswith("._"):
                path = Path(place, name)
                yield path, tuple(map(printable, path.relative_to(folder).parts))


def _on_disk(path, parts):
    try:
        about = path.lstat()
    except OSError as error:
        raise Unusable(f"cannot be looked at ({_reason(error)})") from error
    if stat.S_ISLNK(about.st_mode):
        raise Unusable("is a link; links are not followed")
    if not stat.S_ISREG(about.st_mode):
        raise Unusable("is not an ordinary file")
    return File(path, parts, about.st_size, (about.st_mtime,))


def _members(path, parts, found, problems):
    """Take in the members of the zip at `path`; `parts` is where it stands in its folder, () if alone."""
    shown, above = printable(path.name), parts[:-1]
    try:
        if path.is_symlink():
            raise Unusable("is a link; links are not followed")
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        _bounded(members)
    except Unusable as error:
        problems.append(f"{shown} {error}.")
        return
    except Exception as error:
        problems.append(f"{shown} is not a zip that can be opened ({_reason(error)}).")
        return
    for number, member in enumerate(members):
        names = _parts(member.filename)
        if not member.is_dir() and not JUNK & set(names) and not names[-1].startswith("._"):
            _take(
                lambda n=number, m=member, p=names: _member(path, above, n, m, p),
                f"{shown}: {'/'.join(names)[:LONGEST]}",
                found,
                problems,
            )


def _bounded(members):
    """Refuse an archive that its own directory calls too large, before anything of it is opened."""
    if len(members) > MOST_FILES:
        raise Unusable(f"has {len(members):,} files, more than {MOST_FILES:,}")
    if (total := sum(member.file_size for member in members)) > MOST_BYTES:
        raise Unusable(f"would unpack to {total >> 30:,} GB, more than {MOST_BYTES >> 30}")


def _parts(name):
    return tuple(printable(part) for part in name.replace("\\", "/").split("/") if part) or ("(no name)",)


def _member(path, above, number, member, parts):
    """A zip's member as a `File`. Raises Unusable for what no submission has a use for."""
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts:
        raise Unusable("has a path that leads out of the archive")
    if max(map(len, parts)) > LONGEST:
        raise Unusable(f"has a name of more than {LONGEST} characters")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Unusable("is a link; links are not followed")
    if member.flag_bits & 0x1:
        raise Unusable("is encrypted; ask for it without a password")
    if parts[-1].lower().endswith((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")):
        raise Unusable("is an archive within the archive; unpack it and grade again")
    if member.file_size > LARGEST:
        raise Unusable(f"is larger than {LARGEST >> 20} MB")
    if member.file_size > HIGHEST_RATIO * max(member.compress_size, 1):
        raise Unusable(f"unpacks to more than {HIGHEST_RATIO} times its size, as no notebook does")
    return File(path, (*above, *parts), member.file_size, member.date_time, number)


def printable(name):
    """A name that can be printed and encoded: what cannot is written as an escape, so two stay two."""
    text = name.encode("utf-8", "surrogatepass").decode("utf-8", "backslashreplace")
    text = unicodedata.normalize("NFC", text)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _reason(error):
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0][:120]
