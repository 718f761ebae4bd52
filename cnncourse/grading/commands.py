"""What the command line says and asks of the rest: `grade`, `merge`, `release`, `nbgrader`."""

import re
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from . import classroom
from ._page import LEVELS
from .intake import IntakeError, known
from .pool import NoGrader
from .private import PrivateError
from .release import ReleaseError
from .results import CLASS, GRADES, ResultsError
from .roster import RosterError

ERRORS = (IntakeError, NoGrader, PrivateError, ReleaseError, ResultsError, RosterError)
NAMED = 12  # sentences printed of a kind; the class page has them all


class Refused(ValueError):
    """What the command line does not do as it was asked; the message says what to do instead."""


def grade(order, level, workers, console):
    """Grade a class with a progress bar; returns the `Outcome`."""
    from . import Grader

    console.print(f"Isolation: [bold]{level}[/]: {LEVELS[level]}.")
    with _bar(console) as told:
        return classroom.grade_class(order, partial(Grader, level, private=order.private), workers, told)


def choose_level(container, unsafe_local):
    """The best isolation that starts here. Raises Refused where that is none and nobody said to go on."""
    from . import Level, best_level

    level, why = best_level()
    if level == Level.LOCAL and container:
        return Level.CONTAINER
    if level == Level.LOCAL and not unsafe_local:
        raise Refused(
            f"Submissions cannot be sandboxed here: {why.rstrip('.')}. What students hand in could then read "
            "and change files of yours. If you trust all of it, run the same command with --unsafe-local."
        )
    return level


@contextmanager
def _bar(console):
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("Reading", total=None)

        def told(what, done, total):
            if what != progress.tasks[0].description:
                progress.reset(task, description=what)  # or the time left would be that of reading
            progress.update(task, completed=done, total=total)

        yield told


def summary(order, outcome):
    """Sentences on what a run did."""
    before = f" {outcome.before} had a grade already." if outcome.before else ""
    plural = "" if outcome.graded == 1 else "s"
    yield f"{outcome.graded} submission{plural} graded.{before}"
    whole = order.shard == (1, 1)
    yield from _some(outcome.notes, "notes", order.out / CLASS)
    unreadable = [f"No points: {sentence}" for sentence in outcome.unreadable]
    yield from _some(unreadable, "without points", order.out / ("class.html" if whole else GRADES))
    for sentence in outcome.ungraded:
        yield f"No grade: {sentence}. Run it again to try once more."
    if whole:
        yield f"Results: {order.out / 'class.html'}, gradebook.csv, canvas.csv, nbgrader.csv, feedback."
    else:
        yield "This is one shard: `cnncourse merge SHARDS… --out RESULTS` joins all and writes the reports."


def _some(sentences, what, place):
    """The first sentences, and where the others are."""
    yield from sentences[:NAMED]
    if len(sentences) > NAMED:
        yield f"… and {len(sentences) - NAMED} more {what}: they are in {place}."


def chapter_stems(text, private=None):
    """Stems of "01", "01-03" or "01,05", in order; None for all. Raises Refused for one that is not there."""
    if not text:
        return None
    stems = list(known(private))
    chosen = [stem for part in text.split(",") for stem in _range(part.strip(), stems)]
    return tuple(dict.fromkeys(chosen))


def _range(part, stems):
    between = re.fullmatch(r"(\d\d?)(?:-(\d\d?))?", part)
    first, last = (n.zfill(2) for n in (between[1], between[2] or between[1])) if between else (part, part)
    found = [stem for stem in stems if first <= stem[: len(first)] and stem[: len(last)] <= last]
    if not found:
        raise Refused(f"There is no chapter {part}: say 01, 01-03 or 01,05. There are {', '.join(stems)}.")
    return found


def shard(text):
    """(2, 5) of "2/5"."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    number, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise Refused(f"{text} is no shard: say 1/3, 2/3 or 3/3.")
    return number, count


def absolute(path):
    """A path that a user named, with ~ and relative parts resolved."""
    return Path(path).expanduser().resolve()
