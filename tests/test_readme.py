"""The README and the map of chapter 00 name every chapter that there is, and link to nothing that is not."""

import re
from pathlib import Path

import pytest

from cnncourse import notebooks

ROOT = Path(__file__).resolve().parent.parent
CHAPTERS = [path.name for path in notebooks.chapters()]


def map_of_the_course():
    cells = notebooks.read(ROOT / "chapters" / "00_start_here.ipynb").cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_is_on_the_map(chapter):
    assert f"(chapters/{chapter})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert chapter == CHAPTERS[0] or f"({chapter})" in map_of_the_course()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (ROOT / link).exists()]
    assert links and not missing


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapters_link_to_chapters_that_exist(chapter):
    cells = notebooks.read(ROOT / "chapters" / chapter).cells
    links = re.findall(r"\((\d\d_\w+\.ipynb)\)", "\n".join(cell.source for cell in cells))
    assert set(links) <= set(CHAPTERS)
