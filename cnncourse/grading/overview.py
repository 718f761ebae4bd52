"""The page of a class: what was passed, what went wrong most, what ran too long, and who is missing."""

from collections import Counter
from html import escape
from statistics import median

from .._markup import inline
from ._page import isolation, page
from .gradebook import number

GROUPS = (("passed",), ("wrong", "crashed"), ("timed out",), ("not attempted",))
LABELS = ("passed", "wrong or crashed", "timed out", "not attempted")
MOST = 3  # mistakes named for each exercise


def class_page(book):
    """The page as text."""
    parts = [_summary(book), isolation(book.levels), _key()]
    parts += [_chapter(book, stem) for stem in book.chapters]
    parts += [_scores(book), _missing(book), _late(book), _flags(book), _notes(book)]
    return page("The class", "\n".join(filter(None, parts)))


def _summary(book):
    handed_in = sum(bool(student.records) for student in book.students)
    waiting = f" {len(book.waiting)} submissions have no grade yet." if book.waiting else ""
    return f"<p>{handed_in} of {len(book.students)} students handed something in.{waiting}</p>"


def _middle(book, stem):
    scores = [book.score(student, stem) for student in book.students if stem in student.records]
    return number(median(scores)) if scores else 0


def _key():
    items = "".join(f'<span><i class="o{n}"></i>{label}</span>' for n, label in enumerate(LABELS))
    return f'<div class="key">{items}</div>'


def _chapter(book, stem):
    records = [s.records[stem] for s in book.students if stem in s.records]
    rows = "".join(
        _row(name, [r["grade"]["exercises"][name] for r in records]) for name in book.chapters[stem]
    )
    head = '<th scope="col">exercise</th><th scope="col">outcomes</th><th scope="col" class="n">passed</th>'
    head += '<th scope="col">commonest mistakes</th>'
    count = f"{len(records)} submissions; the median is {_middle(book, stem)} of {book.most(stem)} points"
    table = f"<table><caption>{count}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<section><h2>{escape(stem)}</h2><div class="wide" tabindex="0">{table}</div></section>'


def _row(name, entries):
    total = max(len(entries), 1)
    counts = [sum(entry["outcome"] in group for entry in entries) for group in GROUPS]
    said = ", ".join(f"{n} {label}" for n, label in zip(counts, LABELS, strict=True) if n) or "nobody"
    spans = "".join(
        f'<i class="o{i}" style="width:{100 * n / total:.2f}%"></i>' for i, n in enumerate(counts)
    )
    bar = f'<div class="bar" role="img" aria-label="{escape(name)}: {said}">{spans}</div>'
    share = f"{100 * counts[0] / total:.0f} %" if entries else ""
    cells = f'<td>{bar}</td><td class="n">{share}</td><td>{_mistakes(entries)}</td>'
    return f'<tr><th scope="row"><code>{escape(name)}</code></th>{cells}</tr>'


def _mistakes(entries):
    """The messages read most, each with how many read it; a time-out counts as one."""
    messages = Counter(
        _said(entry) for entry in entries if entry["outcome"] not in ("passed", "not attempted")
    )
    common = [f"{count} × {inline(text)}" for text, count in messages.most_common(MOST)]
    more = len(messages) - MOST
    return "<br>".join([*common, *([f'<span class="quiet">{more} more</span>'] if more > 0 else [])])


def _said(entry):
    if entry["outcome"] == "timed out":
        return "Timed out."
    if entry["mistake"] is None and entry["outcome"] == "crashed":
        return f"Crashed: {(entry.get('crash') or {}).get('error', 'an error')}."
    return entry["message"] if entry["mistake"] is not None else "Wrong in a way of their own."


def _scores(book):
    """How many students have how many points, a bar a tenth."""
    scores = [book.score(student) / max(book.most(), 1) for student in book.students if student.records]
    if not scores:
        return ""
    bins = Counter(min(int(10 * share), 9) for share in scores)
    most = max(bins.values())
    rows = "".join(_bin(tenth, bins[tenth], most) for tenth in range(10))
    head = '<th scope="col">score</th><th scope="col">students</th><th scope="col" class="n">how many</th>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<section><h2>Scores</h2>{table}</section>"


def _bin(tenth, count, most):
    label = f"{10 * tenth}–{10 * tenth + (10 if tenth == 9 else 9)} %"
    fill = f'<i class="o0" style="width:{100 * count / most:.1f}%"></i>'
    bar = f'<div class="bar" aria-hidden="true">{fill}</div>'
    return f'<tr><th scope="row">{label}</th><td>{bar}</td><td class="n">{count}</td></tr>'


def _missing(book):
    """Who has handed in nothing, chapter by chapter."""
    items = []
    for stem in book.chapters:
        names = [student.full or student.name for student in book.students if stem not in student.records]
        items += [f"<li>{escape(stem)}: {escape(', '.join(names))}</li>"] if names else []
    return f"<section><h2>Not handed in</h2><ul>{''.join(items)}</ul></section>" if items else ""


def _late(book):
    """Whose file the learning platform calls late, chapter by chapter."""
    items = []
    for stem in book.chapters:
        late = [s.full or s.name for s in book.students if s.records.get(stem, {}).get("late")]
        items += [f"<li>{escape(stem)}: {escape(', '.join(late))}</li>"] if late else []
    return f"<section><h2>Handed in late</h2><ul>{''.join(items)}</ul></section>" if items else ""


def _flags(book):
    """What was flagged, for a person to look at: {flag: who}."""
    flagged = {}
    for student in book.students:
        for record in student.records.values():
            for name, entry in record["grade"]["exercises"].items():
                for flag in entry["flags"]:
                    flagged.setdefault((name, flag), []).append(student.name)
    items = "".join(
        f"<li><code>{escape(name)}</code> {inline(flag)}: {escape(', '.join(who))}</li>"
        for (name, flag), who in sorted(flagged.items())
    )
    said = "A library that does the whole job cannot be kept away. It is shown here and costs no point."
    return f'<section><h2>Flags</h2><p class="quiet">{said}</p><ul>{items}</ul></section>' if items else ""


def _unreadable(book):
    """What could not be graded at all, so that somebody can ask for it again."""
    for student in book.students:
        for record in student.records.values():
            if record["grade"]["problem"]:
                yield f"{student.full or student.name}, {record['file']}: {record['grade']['problem']}"


def _notes(book):
    waiting = [f"{file} has no grade yet: run the same command again." for file in book.waiting]
    notes = [*_unreadable(book), *book.notes, *waiting]
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>Notes on the files</h2><ul>{items}</ul></section>" if items else ""
