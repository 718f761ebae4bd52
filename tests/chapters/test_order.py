"""One order of reading: the time, needs and successor that a chapter states, and what the two maps say."""

import re
from pathlib import Path

import pytest

from cnncourse import notebooks
from cnncourse.exercises import EXERCISES

CHAPTERS = notebooks.chapters()
ROOT = Path(__file__).resolve().parents[2]
every_chapter = pytest.mark.parametrize("number", range(len(CHAPTERS)), ids=lambda k: CHAPTERS[k].stem)


def text_cells(path):
    return [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown"]


def opening(path):
    return text_cells(path)[0]


def title(path):
    return opening(path).splitlines()[0].removeprefix("# ")


def time(path):
    """What the opening says, such as "three hours"."""
    return re.search(r"\*\*Time\*\* about ([\w\s]*(?:hours?|minutes))\b", opening(path))[1].replace("\n", " ")


def needs(path):
    """The chapters that the opening says one needs, by their file names."""
    paragraph = re.search(r"\*\*You need\*\*.*?(?:\n\n|$)", opening(path), re.DOTALL)[0]
    return re.findall(r"\]\((\d\d_\w+\.ipynb)\)", paragraph)


HOURS = {word: n for n, word in enumerate(("one", "two", "three", "four", "five", "six"), 1)}
WORDS_A_MINUTE = 200


def minutes(path):
    """The same as a number."""
    count, *half, unit = time(path).split()
    return int(count) if unit == "minutes" else 60 * HOURS[count] + 30 * bool(half)


@every_chapter
def test_its_time_is_enough(number):
    """For the exercises, by their own minutes, and for the prose at the pace of a careful reader."""
    path = CHAPTERS[number]
    asked = sum(EXERCISES[name].minutes for name in notebooks.exercises(notebooks.read(path)))
    prose = sum(len(text.split()) for text in text_cells(path)) / WORDS_A_MINUTE
    assert asked + prose <= minutes(path) + 15, "half an hour is the unit"


@every_chapter
def test_it_is_headed_by_its_number(number):
    assert title(CHAPTERS[number]).startswith(f"{number:02} · ")


@every_chapter
def test_it_says_its_time_and_needs_only_what_comes_before(number):
    assert time(CHAPTERS[number])
    needed = needs(CHAPTERS[number])
    assert needed == sorted(set(needed)) and set(needed) <= {path.name for path in CHAPTERS[:number]}
    assert bool(needed) == bool(number)


@pytest.mark.parametrize("number", range(len(CHAPTERS) - 1), ids=lambda k: CHAPTERS[k].stem)
def test_it_ends_with_the_way_to_the_next(number):
    here, following = CHAPTERS[number : number + 2]
    last = text_cells(here)[-1].strip().split("\n\n")[-1]
    assert last.startswith(f"**Next:** [{title(following)}]({following.name})")


def rows(page):
    """The rows of a map, as lists of cells."""
    found = re.findall(r"^\| (?:\[|\*\*)\d\d .*\|$", page, re.MULTILINE)
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in found]


@pytest.mark.parametrize("page", ["README.md", CHAPTERS[0].name])
def test_a_map_agrees_with_the_chapters(page):
    """Every chapter, in order, by its title, with its time and its needs."""
    told = "\n".join(text_cells(CHAPTERS[0])) if page.endswith("ipynb") else (ROOT / page).read_text("utf-8")
    assert len(rows(told)) == len(CHAPTERS)
    for path, (name, spent, needed, promise) in zip(CHAPTERS, rows(told), strict=True):
        assert re.search(r"\d\d [^]*]+", name)[0] == title(path).replace(" ·", "")
        assert spent == time(path) and promise
        assert re.findall(r"\d\d", needed) == [other[:2] for other in needs(path)]


def test_instructors_are_told_the_same_minutes():
    page = (ROOT / "instructors" / "README.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)
    assert told == [(path.stem, str(minutes(path))) for path in CHAPTERS]
