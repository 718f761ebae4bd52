"""What a chapter calls: check, hint, solution, yours, progress; strict mode; the record of it all."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cnncourse import check, exercises, hint, progress, reset, solution, yours
from cnncourse.exercises import EXERCISES, _session
from cnncourse.exercises._store import Store


@pytest.fixture(autouse=True)
def fresh_kernel():
    _session._last.clear()


def conv2d(image, kernel):
    raise NotImplementedError("about 4 lines")


right = EXERCISES["conv2d"].reference


def wrong(image, kernel):
    return right(image, kernel) + 1


wrong.__name__ = "conv2d"


def test_five_words_and_no_exception():
    assert check(conv2d).outcome == "not attempted"
    assert check(wrong).outcome == "wrong"
    assert check(right).outcome == "passed"
    assert check(conv2d=right).passed
    assert check(conv2d=None).outcome == "crashed"


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: check(), "Say what to check"),
        (lambda: check(320), "by the name of its question"),
        (lambda: check(conv2dd=1), "Did you mean `conv2d`?"),
        (lambda: check(lambda x: x), "no exercise called `<lambda>`"),
    ],
)
def test_a_check_of_nothing_says_what_to_do(call, words):
    assert words in call().message


def test_several_answers_at_once():
    verdicts = check(right, conv2d=wrong)
    assert [v.outcome for v in verdicts] == ["passed", "wrong"]
    assert verdicts._repr_html_().count('role="status"') == 2


def test_strict_mode_raises_unless_passed(monkeypatch):
    monkeypatch.setenv("CNNCOURSE_STRICT", "1")
    assert check(right).passed
    for answer in (conv2d, wrong):
        with pytest.raises(exercises._verdict.NotPassed):
            check(answer)


def test_yours_is_the_one_whose_last_check_passed(capsys):
    assert yours(conv2d) is right and "the course's version" in capsys.readouterr().out
    mine = lambda image, kernel: right(image, kernel)  # noqa: E731
    mine.__name__ = "conv2d"
    check(mine)
    assert yours(conv2d) is mine and "your own" in capsys.readouterr().out
    check(wrong)
    assert yours(wrong) is right


def test_hints_come_one_at_a_time_and_the_solution_last():
    count = len(EXERCISES["conv2d"].hints)
    assert check(wrong).next == "hint(conv2d)"
    shown = [repr(hint(conv2d)) for _ in range(count + 1)]
    assert len(set(shown[:count])) == count and shown[count] == shown[count - 1]
    assert "more, by running this again" in shown[0] and "last one" in shown[count - 1]
    assert check(wrong).next == "solution(conv2d)"
    shown = solution("conv2d")
    assert (
        "def conv2d" in repr(shown)
        and "<details" in shown._repr_html_()
        and EXERCISES["conv2d"].why in repr(shown)
    )
    record = Store().read()["conv2d"]
    assert record["hints"] == count and record["solution"] and not record["passed"]


def test_hint_of_an_unknown_name_says_so():
    with pytest.raises(ValueError, match="no exercise called"):
        hint("nothing_like_it")


def test_progress_is_a_table_that_remembers():
    check(wrong), check(right), check(wrong), hint(conv2d)
    table = progress("01")
    row = next(row for row in table.rows if row["exercise"] == "conv2d")
    assert row["state"] == "✓ passed" and row["tries"] == 3 and row["hints"] == 1  # once passed, it stays so
    assert table.passed == 1 and "1 of" in repr(table) and "<table>" in table._repr_html_()


def test_reset_keeps_a_backup(private_home, capsys):
    check(right)
    reset()
    assert Store().read() == {}
    backup = next(private_home.glob("progress.before-*.json"))
    assert (
        str(backup) in capsys.readouterr().out
        and json.loads(backup.read_text())["exercises"]["conv2d"]["passed"]
    )
    reset()
    assert "no progress yet" in capsys.readouterr().out


@pytest.mark.parametrize(
    "damage", ["", "{", '{"exercises": 3}', "[]", '{"exercises": {"conv2d": 7}}', "\x00\xff"]
)
def test_a_damaged_file_is_set_aside(damage, private_home, capsys):
    private_home.mkdir()
    (private_home / "progress.json").write_text(damage, encoding="latin-1")
    assert check(right).passed
    assert Store().read()["conv2d"]["passed"] and "was damaged" in capsys.readouterr().out
    assert next(private_home.glob("progress.damaged-*.json")).read_text(encoding="latin-1") == damage


def read_only(private_home):
    """A home in which this user can make no file. Modes do not bind root, but in /sys not even root can."""
    if os.name != "nt" and os.geteuid():
        private_home.mkdir(mode=0o500)
        return private_home
    return Path("/sys/kernel")


@pytest.mark.skipif(
    os.name == "nt" or (os.geteuid() == 0 and sys.platform != "linux"), reason="nothing here binds this user"
)
def test_a_read_only_home_costs_nobody_a_check(private_home, monkeypatch):
    home = read_only(private_home)
    monkeypatch.setenv("CNNCOURSE_HOME", str(home))
    with pytest.raises(OSError):
        (home / "progress.json").touch()
    assert check(right).passed


def test_a_home_that_is_a_file_costs_nobody_a_check(private_home):
    private_home.write_text("in the way")
    assert check(right).passed and hint(conv2d) and solution(conv2d) and progress("01").passed == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX file modes")
def test_records_are_private(private_home):
    check(right)
    assert (private_home / "progress.json").stat().st_mode & 0o077 == 0
    assert private_home.stat().st_mode & 0o077 == 0


WRITER = """
import sys
from pathlib import Path
from cnncourse.exercises._store import Store
for i in range(40):
    Store().change(f"{sys.argv[1]}-{i}", lambda record: record.update(passed=True))
"""


def test_two_notebooks_at_once_lose_nothing():
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, name]) for name in ("one", "two", "three")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(Store().read()) == 120


def test_a_writer_that_is_killed_leaves_a_readable_file(private_home):
    Store().change("kept", lambda record: record.update(passed=True))
    for delay in (0.3, 0.5, 0.8):
        writer = subprocess.Popen([sys.executable, "-c", WRITER.replace("40", "100000"), "x"])
        try:
            writer.wait(delay)
        except subprocess.TimeoutExpired:
            writer.kill()
            writer.wait()
        assert Store().read()["kept"]["passed"]
        assert Store().change("after", lambda record: record.update(passed=True))["passed"]
    assert not list(private_home.glob("progress.damaged*"))


def test_importing_the_exercises_names_every_one_once():
    assert len(EXERCISES) == len(set(EXERCISES)) and all(EXERCISES[name].name == name for name in EXERCISES)
    with pytest.raises(KeyError, match="Did you mean"):
        EXERCISES["conv2"]


def test_a_check_is_quick():
    """Under 0.3 s, DESIGN's bound, with a margin for a busy machine: the quickest of three."""
    import time

    def once():
        start = time.perf_counter()
        EXERCISES["conv2d"].grade(lambda image, kernel: torch.zeros(1))
        return time.perf_counter() - start

    assert min(once() for _ in range(3)) < 0.3
