"""The glossary: the course's terms in English and Korean, and in one line what each of them means."""

import csv
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("glossary.csv")
_BOX = "max-height:26em;overflow:auto;margin-top:4px"
_CELL = "text-align:left;vertical-align:top;padding:3px 10px"
_FIND = (  # hides the rows that do not have what was typed, and says how many are left
    "const box=this.closest('.cnncourse-glossary'),rows=[...box.querySelectorAll('tbody tr')],"
    "word=this.value.trim().toLowerCase();"
    "for(const row of rows)row.style.display=row.textContent.toLowerCase().includes(word)?'':'none';"
    "box.querySelector('[role=status]').textContent="
    "rows.filter(row=>!row.style.display).length+' of '+rows.length+' terms'"
)


class Term(NamedTuple):
    """One row of the glossary; where Korean texts use two words, both, with a dot between."""

    english: str
    korean: str
    meaning: str


@cache
def terms() -> tuple[Term, ...]:
    """Every term, in alphabetical order of the English."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return tuple(Term(*row) for row in list(csv.reader(file))[1:])


class Glossary(tuple):
    """Terms that a notebook shows as a table with a search box, and a terminal as lines."""

    def __repr__(self):
        lines = [f"{english} · {korean}: {meaning}" for english, korean, meaning in self]
        return "\n".join(lines) or "The glossary has no such word; glossary() shows all that it has."

    def _repr_html_(self):
        if not self:
            return f"<p>{escape(repr(self))}</p>"
        rows = "".join(map(_row, self))
        heads = "".join(
            f'<th scope="col" style="{_CELL}">{head}</th>' for head in ("English", "한국어", "meaning")
        )
        return (
            f'<div class="cnncourse-glossary"><label>Find a word, English or Korean: <input type="search"'
            f' data-lm-suppress-shortcuts="true" oninput="{escape(_FIND)}"></label>'
            f' <span role="status">{len(self)} terms</span>'
            f'<div tabindex="0" role="region" aria-label="Glossary" style="{_BOX}">'
            f'<table style="margin:0"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
            "</div></div>"
        )


def _row(term: Term) -> str:
    english, korean, meaning = map(escape, term)
    return (
        f'<tr><th scope="row" style="{_CELL}">{english}</th><td lang="ko" style="{_CELL}">{korean}</td>'
        f'<td style="{_CELL}">{meaning}</td></tr>'
    )


def glossary(word: str = "") -> Glossary:
    """The terms that have `word` in their English or their Korean; without one, all of them."""
    word = word.strip().casefold()
    return Glossary(term for term in terms() if word in f"{term.english}\n{term.korean}".casefold())
