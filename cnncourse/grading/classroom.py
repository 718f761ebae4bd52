"""Grade a class: take in, grade what is missing, write the reports; and merge what shards have graded."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .._cpus import granted_cpus
from . import reports
from .intake import collect, known
from .pool import Lost, grade_all
from .results import (
    CLASS,
    GRADES,
    Results,
    ResultsError,
    key,
    read_class,
    read_grades,
    secret,
    shard_of,
    version_of,
    write_class,
)
from .roster import Roster


@dataclass(frozen=True)
class Order:
    """What to grade: where, which chapters (stems, None for all), the class, the shard and private folder."""

    source: Path
    out: Path
    chapters: tuple | None = None
    students: Path | None = None
    shard: tuple = (1, 1)
    private: Path | None = None


@dataclass
class Outcome:
    """What a run did: how many were graded now and before, which have no grade or scored nothing because
    nobody could read them, and the notes."""

    graded: int = 0
    before: int = 0
    ungraded: tuple = ()
    unreadable: tuple = ()
    notes: tuple = ()


def grade_class(order, make, workers=None, progress=None):
    """Grade what `order` says and is not graded yet; returns an `Outcome`.

    `make` makes a grader in each worker: `Grader` with its arguments, the `chapters`, and `secret`, which the
    seeds of the hidden examples come from. `progress(what, done, total)` is told how far it is.
    """
    paths = known(order.private)
    roster = Roster.read(order.students) if order.students else Roster()
    intake = collect(order.source, paths, order.chapters, roster.student, progress)
    records = [_wanted(one, paths) for one in intake.submissions]
    about = _about(order, records, intake.notes, roster, paths)
    with Results(order.out) as results:
        _same_class(order.out, about)
        write_class(order.out, about)
        pairs = zip(intake.submissions, records, strict=True)
        mine = {one: record for one, record in pairs if _in_shard(record, order.shard)}
        of = {one: record for one, record in mine.items() if key(record) not in results.records}
        outcome = Outcome(before=len(mine) - len(of), notes=tuple(about["notes"]))
        make = partial(make, chapters=tuple(about["chapters"]), secret=secret(order.out))
        graded = grade_all(list(of), make, workers or granted_cpus())
        _keep(graded, of, results, outcome, progress)
        outcome.unreadable = tuple(_unreadable(mine.values(), results.records))
    reports.write(order.out, order.private)
    return outcome


def _unreadable(records, graded):
    """A sentence on each submission that scored nothing because it is no notebook that can be read."""
    for record in records:
        problem = graded[key(record)]["grade"]["problem"] if key(record) in graded else ""
        if problem:
            yield f"{record['file']}: {problem}"


def _keep(graded, of, results, outcome, progress):
    """Append every grade as it comes; `of` has the record that each submission's grade goes into."""
    for done, (submission, grade) in enumerate(graded, start=1):
        if isinstance(grade, Lost):
            outcome.ungraded += (f"{submission.file.shown}: {grade.why}",)
        else:
            results.append({**of[submission], "grade": grade})
            outcome.graded += 1
        if progress:
            progress("Grading", done, len(of))


def _wanted(submission, paths):
    """The record of a submission, its grade still to come."""
    return {
        "student": submission.student,
        "chapter": submission.chapter,
        "sha256": submission.sha256,
        "version": version_of(submission.chapter, paths[submission.chapter]),
        "file": submission.file.shown,
        "late": submission.late,
    }


def _in_shard(record, shard):
    number, count = shard
    return shard_of(record["student"], count) == number - 1


def _about(order, records, notes, roster, paths):
    chapters = sorted({r["chapter"] for r in records} | set(order.chapters or ()))
    about = {
        "shard": list(order.shard),
        "chapters": {stem: version_of(stem, paths[stem]) for stem in chapters},
        "submissions": sorted(records, key=key),
        "students": roster.rows,
        "notes": [*notes, *roster.notes(records)],
    }
    return {"digest": _digest(about), **about}


def _digest(about):
    """What must be the same in every shard."""
    same = {name: about[name] for name in ("chapters", "submissions", "students")}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()[:16]


def _same_class(folder, about):
    """A folder keeps one shard: grades of another would be missing or too many in a merge."""
    if (Path(folder) / CLASS).exists() and read_class(folder)["shard"] != about["shard"]:
        before, now = ("/".join(map(str, shard)) for shard in (read_class(folder)["shard"], about["shard"]))
        raise ResultsError(f"{folder} has shard {before}, and this is {now}: name another folder.")


def merge(folders, out, private=None):
    """Join what shards have graded into the folder `out`; returns how many grades there are.

    Raises ResultsError, naming them, for duplicates, gaps and mixed versions.
    """
    abouts = {folder: read_class(folder) for folder in folders}
    _one_class(abouts)
    _all_shards(abouts)
    records = _without_duplicates(folders)
    about = {**next(iter(abouts.values())), "shard": [1, 1]}
    wanted = {key(record): record for record in about["submissions"]}
    _no_gaps(wanted, records)
    with Results(out) as results:
        _same_class(out, about)
        write_class(out, about)
        for name in wanted:
            if name not in results.records:
                results.append(records[name])
    reports.write(out, private)
    return len(wanted)


def _one_class(abouts):
    first, *rest = abouts
    for folder in rest:
        for stem, version in abouts[folder]["chapters"].items():
            if abouts[first]["chapters"].get(stem, version) != version:
                raise ResultsError(
                    f"Mixed versions: {stem} was graded with {abouts[first]['chapters'][stem]} in {first} "
                    f"and with {version} in {folder}. Grade all shards with one version."
                )
        if abouts[folder]["digest"] != abouts[first]["digest"]:
            raise ResultsError(f"{first} and {folder} are of different submissions: grade the same ones.")


def _all_shards(abouts):
    of = {}
    counts = {about["shard"][1] for about in abouts.values()}
    if len(counts) > 1:
        raise ResultsError(f"Shards of {' and of '.join(map(str, sorted(counts)))}: grade all with one n.")
    for folder, about in abouts.items():
        number, count = about["shard"]
        if number in of:
            raise ResultsError(f"Shard {number}/{count} is there twice: {of[number]} and {folder}.")
        of[number] = folder
    gaps = [f"{number}/{count}" for number in range(1, count + 1) if number not in of]
    if gaps:
        raise ResultsError(f"Missing: shard {', '.join(gaps)}.")


def _without_duplicates(folders):
    records, where = {}, {}
    for folder in folders:
        for record in read_grades(Path(folder) / GRADES)[0]:
            name = key(record)
            if name in records:
                student, chapter, *_ = name
                said = f"{student}'s {chapter} is graded twice: in {where[name]} and in {folder}"
                raise ResultsError(f"{said}. Take one of them away.")
            records[name], where[name] = record, folder
    return records


def _no_gaps(wanted, records):
    gaps = [f"{student}'s {chapter}" for student, chapter, *_ in wanted.keys() - records.keys()]
    if gaps:
        named = ", ".join(sorted(gaps)[:10]) + (f" and {len(gaps) - 10} more" if len(gaps) > 10 else "")
        raise ResultsError(f"{len(gaps)} have no grade yet: {named}. Run their shards again; they resume.")
