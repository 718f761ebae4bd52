"""The glossary: whole, in order, about words that the chapters use, and a link away from each of them."""

import re
from html.parser import HTMLParser

import pytest

from cnncourse import glossary, notebooks

CHAPTERS = notebooks.chapters()
TERMS = list(glossary())
KOREAN = re.compile("[가-힣]")


def sources(path):
    return [cell.source for cell in notebooks.read(path).cells]


def test_it_is_whole_and_in_order():
    assert len(TERMS) >= 80 - 5 * (len(CHAPTERS) < 11)
    for term in TERMS:
        assert all(part == part.strip() and part for part in term)
        assert KOREAN.search(term.korean) and term.meaning.endswith(".")
    english = [term.english.casefold() for term in TERMS]
    assert english == sorted(set(english))
    assert len({term.korean for term in TERMS}) == len(TERMS)


def test_every_term_is_used_in_a_chapter():
    told = "\n".join(source for path in CHAPTERS for source in sources(path) if source != "glossary()")
    unused = [term.english for term in TERMS if not re.search(as_said(term.english), told, re.IGNORECASE)]
    assert not unused


def as_said(term):
    """A pattern for a term: whole words, one or several of it, on one line or broken over two."""
    return rf"(?<!\w){re.escape(term)}(s|es)?(?!\w)".replace(r"\ ", r"\s+")


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_leads_to_it(path):
    if path == CHAPTERS[0]:
        assert any(source.startswith("## Glossary\n") for source in sources(path))
        assert "glossary()" in sources(path)
    else:
        assert f"[glossary]({CHAPTERS[0].name}#Glossary)" in sources(path)[0]


def test_it_finds_words_in_either_language():
    assert [term.english for term in glossary("Stride")] == ["stride"]
    assert {term.english for term in glossary("풀링")} > {"max pooling", "average pooling"}
    assert str(glossary(" receptive ")).startswith("receptive field · 수용 영역")
    assert not glossary("zyx") and "no such word" in str(glossary("zyx"))
    assert "no such word" in glossary("zyx")._repr_html_()


class Cells(HTMLParser):
    """The rows of a table, as lists of text."""

    def __init__(self):
        super().__init__()
        self.rows, self.inside = [], False

    def handle_starttag(self, tag, attributes):
        self.inside = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.rows[-1].append(data)


def test_a_notebook_shows_every_word_of_it():
    table = Cells()
    table.feed(glossary()._repr_html_())
    assert table.rows == [["English", "한국어", "meaning"], *map(list, TERMS)]
