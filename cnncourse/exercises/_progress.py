"""A table of chapters and exercises: passed, tried, hints used."""

from html import escape

from ._store import EMPTY, Store

PASSED_MARK, TRIED_MARK, OPEN_MARK = "✓ passed", "… tried", "○ open"
LEFT = "text-align:left"
SHADES = {PASSED_MARK: "#009E73", TRIED_MARK: "#E69F00", OPEN_MARK: "#8A8A8A"}


def progress(chapter=None):
    """Table of your exercises, chapter by chapter; `progress("01_convolution")` shows one chapter."""
    from . import EXERCISES

    records = Store().read()
    rows = [_row(exercise, records.get(exercise.name, EMPTY)) for exercise in EXERCISES.values()]
    chosen = [row for row in rows if chapter is None or row["chapter"].startswith(str(chapter))]
    return Progress(sorted(chosen, key=lambda row: row["chapter"]))


def _row(exercise, record):
    state = PASSED_MARK if record["passed"] else TRIED_MARK if record["tries"] else OPEN_MARK
    return {
        "chapter": exercise.chapter,
        "exercise": exercise.name,
        "level": exercise.level,
        "state": state,
        "tries": record["tries"],
        "hints": record["hints"],
        "solution": record["solution"],
    }


class Progress:
    """Rows of a progress table, shown as text or HTML."""

    def __init__(self, rows):
        self.rows = rows

    @property
    def passed(self):
        """How many exercises are passed."""
        return sum(row["state"] == PASSED_MARK for row in self.rows)

    def _notes(self, row):
        tries = f"{row['tries']} {'try' if row['tries'] == 1 else 'tries'}" if row["tries"] else ""
        hints = f"{row['hints']} hint{'' if row['hints'] == 1 else 's'}" if row["hints"] else ""
        return ", ".join(filter(None, [tries, hints, "solution seen" if row["solution"] else ""]))

    def __repr__(self):
        lines, chapter = [f"{self.passed} of {len(self.rows)} exercises passed"], None
        for row in self.rows:
            if row["chapter"] != chapter:
                chapter = row["chapter"]
                lines.append(f"\n{chapter}")
            lines.append(f"  {row['state']:9} {row['exercise']:32} {self._notes(row)}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self):
        chapters = sorted({row["chapter"] for row in self.rows})
        label = 'aria-label="exercises passed"'
        bar = f'<progress max="{len(self.rows)}" value="{self.passed}" {label}></progress>'
        tables = "".join(self._chapter_html(name) for name in chapters)
        return f"<div><b>{self.passed} of {len(self.rows)} exercises passed</b> {bar}{tables}</div>"

    def _chapter_html(self, chapter):
        rows = [row for row in self.rows if row["chapter"] == chapter]
        done = sum(row["state"] == PASSED_MARK for row in rows)
        body = "".join(
            f'<tr><td style="{LEFT};border-left:4px solid {SHADES[row["state"]]}">{row["state"]}</td>'
            f'<td style="{LEFT}"><code>{escape(row["exercise"])}</code></td><td>{row["level"]}</td>'
            f'<td style="{LEFT}">{self._notes(row)}</td></tr>'
            for row in rows
        )
        head = "".join(f'<th scope="col">{name}</th>' for name in ("state", "exercise", "level", "so far"))
        title = f'<caption style="text-align:left">{escape(chapter)}: {done} of {len(rows)}</caption>'
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
