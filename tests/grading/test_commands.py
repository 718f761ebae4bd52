"""`cnncourse grade`, `merge`, `release` and `nbgrader` as an instructor types them."""

import json
from functools import partial

import pytest
from typer.testing import CliRunner

import cnncourse.grading as grading
from cnncourse import cli
from cnncourse.grading import commands
from tests.grading.fake import FakeGrader
from tests.grading.test_results import fill


@pytest.fixture
def invoke(monkeypatch, tmp_path):
    """invoke(arguments) -> (exit status, all that was said), with a grader that is quick."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(grading, "Grader", lambda: None, raising=False)
    monkeypatch.setattr(
        commands, "partial", lambda _, level, private: partial(FakeGrader, level, private=private)
    )
    monkeypatch.setattr(grading, "best_level", lambda: (grading.Level.SANDBOXED, ""), raising=False)

    def call(*arguments):
        done = CliRunner().invoke(cli.app, list(map(str, arguments)))
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done.exit_code, done.output

    return call


def test_a_class_is_graded(invoke, tmp_path):
    fill(tmp_path / "in", 3)
    (tmp_path / "class.csv").write_text("student\ns0\ns1\ns2\nmissing\n")
    status, said = invoke("grade", "in", "--out", "out", "--students", "class.csv", "--workers", 1)
    assert status == 0
    assert "Isolation: sandboxed: every submission ran in a sandbox" in said
    assert "3 submissions graded." in said and "class.html" in said
    made = {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")}
    assert made == {
        "results.jsonl",
        "class.json",
        "gradebook.csv",
        "nbgrader.csv",
        "canvas.csv",
        "class.html",
        "feedback",
    }
    assert "03_pooling: missing" in (tmp_path / "out" / "class.html").read_text()
    _, again = invoke("grade", "in", "--out", "out", "--students", "class.csv")
    assert "0 submissions graded. 3 had a grade already." in again


def test_shards_and_their_merge(invoke, tmp_path):
    fill(tmp_path / "in", 4)
    for n in (1, 2):
        status, said = invoke("grade", "in", "--out", f"part{n}", "--shard", f"{n}/2", "--workers", 1)
        assert status == 0 and "cnncourse merge" in said
    assert invoke("merge", "part1", "part2", "--out", "all") == (0, "4 grades of 2 shards are in all.\n")
    status, said = invoke("merge", "part1", "--out", "other")
    assert status == 1 and "Missing: shard 2/2" in said


def test_a_submission_without_a_grade_is_an_exit_status(invoke, tmp_path):
    fill(tmp_path / "in", 2, s0="DIE-ALWAYS")
    status, said = invoke("grade", "in", "--out", "out", "--workers", 1)
    assert status == 1 and "No grade: s0_03_pooling.ipynb: the grader died of it twice" in said


def test_a_notebook_that_cannot_be_read_is_named(invoke, tmp_path):
    """It has a grade, of no points: somebody should ask for it again."""
    fill(tmp_path / "in", 1, s0="UNREADABLE")
    for _ in range(2):  # also of a run that has nothing left to do
        status, said = invoke("grade", "in", "--out", "out", "--workers", 1)
        assert status == 0 and "No points: s0_03_pooling.ipynb: The file is not a notebook." in said
    fill(tmp_path / "many", 15, **{f"s{n}": "UNREADABLE" for n in range(15)})
    _, said = invoke("grade", "many", "--out", "all", "--workers", 1)
    assert said.count("No points: ") == 12 and "… and 3 more without points" in said


def test_without_a_sandbox_it_refuses_unless_told(invoke, tmp_path, monkeypatch):
    monkeypatch.setattr(grading, "best_level", lambda: (grading.Level.LOCAL, "bubblewrap is not installed"))
    fill(tmp_path / "in", 1)
    status, said = invoke("grade", "in", "--out", "out")
    assert status == 1 and "bubblewrap is not installed" in said and "--unsafe-local" in said
    assert not (tmp_path / "out").exists()
    status, said = invoke("grade", "in", "--out", "out", "--unsafe-local", "--workers", 1)
    assert status == 0 and "Isolation: local: submissions ran as ordinary programs" in said
    (line,) = (tmp_path / "out" / "results.jsonl").read_text().splitlines()
    assert json.loads(line)["grade"]["level"] == "local"


def test_a_container_counts_only_where_no_sandbox_starts(monkeypatch):
    assert commands.choose_level(True, False) == grading.best_level()[0] or grading.best_level()[0] == "local"
    monkeypatch.setattr(grading, "best_level", lambda: (grading.Level.LOCAL, "no bubblewrap"), raising=False)
    assert commands.choose_level(True, False) == grading.Level.CONTAINER
    assert commands.choose_level(True, True) == grading.Level.CONTAINER


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["grade", "nowhere", "--out", "out"], "There is no nowhere"),
        (["grade", "in", "--out", "out", "--chapter", "77"], "There is no chapter 77: say 01"),
        (["grade", "in", "--out", "out", "--shard", "3/2"], "3/2 is no shard"),
        (["grade", "in", "--out", "out", "--students", "no.csv"], "no.csv cannot be read"),
        (["grade", "in", "--out", "in/s0_03_pooling.ipynb"], "is not a folder"),
        (["merge", "in", "--out", "out"], "class.json is missing"),
        (["release", "55", "--out", "x.zip"], "There is no chapter 55"),
        (["grade", "in", "--out", "out", "--private", "in"], "in has no chapters"),
    ],
)
def test_errors_are_one_sentence(invoke, tmp_path, capfd, arguments, sentence):
    fill(tmp_path / "in", 1)
    status, said = invoke(*arguments)
    assert status == 1 and sentence in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "stems"),
    [
        (None, None),
        ("01", ("01_convolution",)),
        ("01-03", ("01_convolution", "02_padding_and_stride", "03_pooling")),
        ("03,01", ("03_pooling", "01_convolution")),
        ("1", ("01_convolution",)),
        ("1-3", ("01_convolution", "02_padding_and_stride", "03_pooling")),
        ("10", ("10_data_augmentation",)),
        ("01_convolution", ("01_convolution",)),
    ],
)
def test_chapters_by_number(text, stems):
    assert commands.chapter_stems(text) == stems


def test_a_bar_says_what_is_done_and_how_long_it_takes(capsys):
    from rich.console import Console

    console = Console(force_terminal=True, width=100, stderr=True)
    with commands._bar(console) as told:
        for what in ("Reading", "Grading"):
            for done in range(1, 5):
                told(what, done, 4)
    said = capsys.readouterr().err
    assert "Grading" in said and "4/4" in said and "0:00:" in said
