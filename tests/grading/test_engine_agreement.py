"""A grade is what the learner's notebook showed, to the word, for right answers and for wrong ones."""

import inspect
import textwrap

import nbformat
import pytest

from cnncourse import notebooks
from cnncourse._course import chapters
from cnncourse.exercises import EXERCISES
from cnncourse.exercises._exercise import definition_source
from cnncourse.grading import _portable
from tests.grading.submissions import SETUP, as_bytes

CHAPTERS = [path.stem for path in chapters()]
QUICK = [name for name, exercise in EXERCISES.items() if exercise.kind != "experiment"]


@pytest.mark.parametrize("name", QUICK)  # an experiment's data is that of the course
def test_what_probes_an_answer_crosses_without_the_reference(name):
    from cnncourse.grading._wire import encode

    exercise = EXERCISES[name]
    arrays = []
    tree = encode(exercise.task(3), arrays, _portable.special)
    text = str(tree)
    if exercise.kind in ("function", "module"):
        assert definition_source(exercise.reference) not in text
        assert f"def {name}(" not in text and f"class {name}(" not in text


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_solved_chapter_has_every_point(chapter, patient):
    notebook = notebooks.read(next(path for path in chapters() if path.stem == chapter))
    names = notebooks.exercises(notebook)
    quick = [name for name in names if name in QUICK]
    solved = notebooks.swap(notebook, {name: EXERCISES[name].source for name in quick})
    result = patient.grade(nbformat.writes(solved).encode(), chapter)
    assert list(result["exercises"]) == names
    for name in quick:
        entry = result["exercises"][name]
        assert entry["score"] == 1.0, (name, entry)
        assert entry["message"] == EXERCISES[name].grade(_answer(name), result["seed"]).message


def _answer(name):
    exercise = EXERCISES[name]
    return exercise.reference() if exercise.kind == "counterexample" else exercise.reference


def written_down(name, candidate):
    """A cell that answers `name` with this candidate, or None for one that only exists in memory."""
    if not inspect.isfunction(candidate) and not inspect.isclass(candidate):
        literal = isinstance(candidate, int | float | str | tuple | list)
        return (
            f"{name} = {candidate!r}\n\ncheck({name}={name})\n"
            if literal and "tensor" not in repr(candidate)
            else None
        )
    try:
        text, own = _portable.source_of(candidate, frozenset(EXERCISES))
    except (_portable.NotPortable, OSError, SyntaxError):
        return None
    if ".reference" in text:  # what only an exercise has, and no notebook
        return None
    return f"{textwrap.dedent(text)}\n\n\n{name} = {own}\ncheck({name}={name})\n"


def mistaken(chapter):
    """Rounds of {exercise: mistake}: every mistake of the chapter that can be written down, each once."""
    names = notebooks.exercises(notebooks.read(next(p for p in chapters() if p.stem == chapter)))
    pairs = {name: [m for m in EXERCISES[name].mistakes if written_down(name, m.candidate)] for name in names}
    most = max(map(len, pairs.values()))
    return [{name: found[i] for name, found in pairs.items() if i < len(found)} for i in range(most)]


@pytest.mark.parametrize("chapter", ["01_convolution", "03_pooling"])
def test_a_mistake_reads_what_the_notebook_says(chapter, patient):
    rounds = mistaken(chapter)
    assert sum(map(len, rounds)) > 10
    for answers in rounds:
        cells = [written_down(name, mistake.candidate) for name, mistake in answers.items()]
        result = patient.grade(as_bytes(SETUP, *cells), chapter)
        for name, mistake in answers.items():
            entry, verdict = (
                result["exercises"][name],
                EXERCISES[name].grade(mistake.candidate, result["seed"]),
            )
            line = "crash" in verdict.what  # the line is the student's here, and the course's there
            for what in ("outcome", "message", "mistake", *(() if line else ("difference",))):
                assert entry[what] == getattr(verdict, what), (name, mistake.message, what)
            assert entry["score"] == 0
