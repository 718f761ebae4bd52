"""One order of reading: the time, needs and successor that a chapter states, and what the two maps say."""

import re
from pathlib import Path

import pytest

from cnncourse import notebooks

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
