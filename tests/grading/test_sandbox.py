"""The levels, what a level needs, and the parts of the sandbox that can be looked at one by one."""

# ruff: noqa: E501 (a filter and a cell stand on a line each)

import json
import os
import platform
import socket
import struct
import subprocess
import sys

import numpy as np
import pytest

from cnncourse.grading import (
    Grader,
    Level,
    LevelError,
    _bubblewrap,
    _cgroup,
    _diagnosis,
    _sandbox,
    _stage,
    best_level,
)
from cnncourse.grading._judge import clean, crash_of
from cnncourse.grading._spawn import Spawner
from cnncourse.grading._stage import PACKAGE, stage
from cnncourse.grading._wire import BODY, HEADER, Channel, Closed, Late, WireError, decode, encode
from tests.grading.submissions import CHAPTER, CONV2D, SETUP, as_bytes, scores

linux = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture
def not_tried_yet():
    """Whether the sandbox starts is found out once a process: here it may be found out anew."""
    _sandbox.why_not.cache_clear()
    yield
    _sandbox.why_not.cache_clear()


@linux
def test_the_best_level_is_the_sandbox():
    assert best_level() == (Level.SANDBOXED, ""), "`make test` installs bubblewrap"


@linux
def test_without_bubblewrap_the_error_says_what_to_install(monkeypatch, not_tried_yet):
    monkeypatch.setattr(_bubblewrap.shutil, "which", lambda name: None)
    level, reason = best_level()
    assert level == Level.LOCAL and "apt install bubblewrap" in reason
    with pytest.raises(LevelError, match="apt install bubblewrap"):
        Grader(Level.SANDBOXED)


@linux
@pytest.mark.parametrize(
    ("switch", "value", "said"),
    [
        ("max_user_namespaces", "0", "max_user_namespaces"),
        ("apparmor", "1", "AppArmor"),
        ("", "", "user namespaces"),
    ],
)
def test_a_sandbox_that_does_not_start_says_why(monkeypatch, not_tried_yet, switch, value, said):
    monkeypatch.setattr(_bubblewrap, "program", lambda: "/bin/false")
    monkeypatch.setattr(_diagnosis, "_reads", lambda path: value if switch and switch in str(path) else "")
    assert said in best_level()[1] and "does not start" in best_level()[1]


def test_what_a_candidate_sees_holds_no_reference(tmp_path):
    folder = stage(tmp_path)
    seen = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert "cnncourse/ops.py" in seen and "candidate/serve.py" in seen
    assert not any("grading" in path or "tests" in path for path in seen)
    assert {p for p in seen if p.startswith("cnncourse/exercises/")} <= {
        f"cnncourse/exercises/{name}.py"
        for name in (
            "__init__",
            "_dice",
            "_limit",
            "_perform",
            "_pristine",
            "_probe",
            "_probe_module",
            "_shortcuts",
        )
    }
    answers = b"unanimous_bias", b"dense_photo_parameters", b"SAID"
    for path in folder.rglob("*.py"):
        assert not any(answer in path.read_bytes() for answer in answers), path


@linux
def test_what_a_killed_grader_left_goes_and_nobody_elses(tmp_path, monkeypatch):
    monkeypatch.setattr(_stage.tempfile, "tempdir", str(tmp_path))
    used, left, young = _stage.make(), tmp_path / f"{_stage.PREFIX}left", tmp_path / f"{_stage.PREFIX}young"
    for folder in (left, young):
        (folder / "scratch").mkdir(parents=True)
    for folder in (used, left):
        os.utime(folder, (0, 0))
    again = _stage.make()
    assert set(tmp_path.iterdir()) == {used, young, again}
    _stage.remove(used), _stage.remove(again)
    assert list(tmp_path.iterdir()) == [young] and not {used, again} & set(_stage._locks)


@linux
def test_groups_of_killed_graders_go(tmp_path):
    ended = subprocess.Popen(["true"])
    ended.wait()
    for name in (f"cnncourse-{ended.pid}", f"cnncourse-{os.getpid()}", "another"):
        (tmp_path / name).mkdir()
    _cgroup._sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {f"cnncourse-{os.getpid()}", "another"}


@linux
def test_a_zygote_that_does_not_start_leaves_nothing(tmp_path, monkeypatch, hasty):
    monkeypatch.setattr(_stage.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(_sandbox.sys, "executable", "/bin/false")
    with pytest.raises(LevelError, match="it ended at once"):
        _sandbox.Zygote(Level.LOCAL, hasty)
    assert not list(tmp_path.iterdir())


@linux
def test_the_sandbox_shows_no_repository_and_no_home(tmp_path):
    shown = [target for _, target in _bubblewrap.binds(tmp_path)]
    assert not any(
        PACKAGE.parent == path or PACKAGE.is_relative_to(path) for path in map(type(PACKAGE), shown)
    )
    command = [*_bubblewrap.command(_bubblewrap.binds(tmp_path)), "/bin/sh"]
    assert "--clearenv" in command and "--unshare-net" in command and "--die-with-parent" in command
    assert not {"/home", "/root", "/tmp", "/etc", "/var", "/proc"} & set(shown)


@linux
def test_a_filter_for_both_machines():
    from cnncourse.grading.candidate import seccomp

    for machine, column in (("x86_64", 0), ("aarch64", 1)):
        filters = seccomp.program(machine)
        for name, numbers in seccomp.FORBIDDEN.items():
            assert verdict(filters, machine, numbers[column]) == seccomp._NOT_PERMITTED, name
        assert verdict(filters, machine, seccomp.CLONE3[column]) == seccomp._NO_SUCH_CALL
        assert verdict(filters, machine, seccomp.CLONE[column], 17) == seccomp._ALLOW
        assert verdict(filters, machine, seccomp.CLONE[column], 0x10000011) == seccomp._NOT_PERMITTED
        assert verdict(filters, machine, seccomp.SOCKET[column], 1) == seccomp._ALLOW
        assert verdict(filters, machine, seccomp.SOCKET[column], 2) == seccomp._NOT_PERMITTED
        assert verdict(filters, machine, 1) == verdict(filters, machine, 63) == seccomp._ALLOW
        assert verdict(filters, "another", 1) == seccomp._KILL
    assert verdict(seccomp.program("x86_64"), "x86_64", 0x40000000 | 101) == seccomp._NOT_PERMITTED


def verdict(filters, machine, number, argument=0):
    """What the kernel would do: a small interpreter of the five instructions that there are."""
    from cnncourse.grading.candidate import seccomp

    architecture = seccomp.ARCHITECTURES.get(machine, (0, 0))[1]
    data, value, at = {0: number, 4: architecture, 16: argument}, 0, 0
    tests = {
        seccomp._EQUAL: lambda k: value == k,
        seccomp._ABOVE: lambda k: value >= k,
        seccomp._ANY_BIT: lambda k: value & k,
    }
    while True:
        code, yes, no, operand = filters[at]
        if code == seccomp._RETURN:
            return operand
        if code == seccomp._LOAD:
            value, at = data[operand], at + 1
        else:
            at += 1 + (yes if tests[code](operand) else no)


def test_the_meta_devices_libraries_are_loaded_where_an_example_needs_them():
    """They take two seconds of every start."""
    from cnncourse.grading._engine import META, WARM
    from cnncourse.grading.private import chapter_paths

    grader = Grader.__new__(Grader)
    grader.paths = chapter_paths()
    assert grader._modules(("01_convolution", "04_training_a_cnn")) == WARM
    assert META in grader._modules(("01_convolution", "05_classic_networks"))
    assert META in grader._modules(None)


def test_children_of_their_own_where_nothing_can_be_forked(hasty):
    """As on Windows and macOS: a new Python for each submission, over a line that nobody else can use."""
    with Grader.__new__(Grader) as grader:
        grader.__dict__.update(_like(hasty))
        data = as_bytes(SETUP, CONV2D, "import os\nmoving = 'd'\ncheck(moving=moving)\nos._exit(0)\n")
        assert scores(grader.grade(data, CHAPTER)) == {"conv2d": 1.0, "moving": 1.0}


def _like(limits):
    from cnncourse.grading._engine import WARM
    from cnncourse.grading.private import chapter_paths

    return {
        "level": Level.LOCAL,
        "limits": limits,
        "secret": "",
        "paths": chapter_paths(),
        "zygote": Spawner(limits, WARM),
    }


@pytest.mark.parametrize("level", ["local", pytest.param("sandboxed", marks=linux)])
def test_a_candidate_has_the_staged_course(request, level):
    """Also where the grader is started in a clone: Python would look there first."""
    said = "import cnncourse.exercises as e\nraise ValueError(hasattr(e, 'EXERCISES'))\nmoving = 'd'\ncheck(moving=moving)\n"
    result = request.getfixturevalue(level).grade(as_bytes(SETUP, said), CHAPTER)
    assert "ValueError: False" in result["exercises"]["moving"]["message"]


def test_a_secret_chooses_the_examples(local):
    data, before = as_bytes(SETUP, CONV2D), local.secret
    open_to_all = local.grade(data, CHAPTER)["seed"]
    try:
        local.secret = "of this class"
        assert local.grade(data, CHAPTER)["seed"] != open_to_all
    finally:
        local.secret = before


# -- the wire ---------------------------------------------------------------------------------------------


@pytest.fixture
def line():
    """(a raw socket, the channel at its other end)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, Channel(theirs)


PLAIN = [None, True, 3, 2.5, "text", [1, [2]], (1, (2,)), {"a": {"b": (None,)}, 3: []}, np.arange(6.0).reshape(2, 3),
         np.array(5), np.zeros((0, 3), dtype="int8"), np.array([True]), np.array([1 + 2j])]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_data_comes_as_it_went(line, value):
    raw, channel = line
    Channel(raw).send({"value": value})
    got = channel.receive(1)["value"]
    if isinstance(value, np.ndarray):
        assert got.dtype == value.dtype and got.shape == value.shape and (got == value).all()
    else:
        assert got == value and type(got) is type(value)


def test_numbers_of_another_machine_come_as_what_they_are(line):
    raw, channel = line
    Channel(raw).send(np.array([1, 2], dtype=">i4"))
    assert channel.receive(1).tolist() == [1, 2]


def test_code_does_not_come_to_who_does_not_want_it():
    for tag in ("source", "import", "tensor", "layers", "named", "ordered"):
        with pytest.raises(WireError):
            decode({tag: ["os:system", []]}, [])
    with pytest.raises(WireError):
        encode(object(), [])


SENT = {
    "a header too long": struct.pack("!II", HEADER + 1, 0),
    "a body too long": struct.pack("!II", 2, BODY + 1) + b"[]",
    "no JSON": struct.pack("!II", 3, 0) + b"abc",
    "no pair": struct.pack("!II", 2, 0) + b"[]",
    "an array of too much": struct.pack("!II", 33, 8) + b'[null, [["float64", [1000, 10]]]]' + bytes(8),
    "an array of objects": struct.pack("!II", 24, 8) + b'[null, [["object", [1]]]' + bytes(8),
    "bytes of no array": struct.pack("!II", 10, 8) + b"[null, []]" + bytes(8),
    "a list as key": struct.pack("!II", 27, 0) + b'[{"dict": [[[1], 2]]},  []]',
}


@pytest.mark.parametrize("name", SENT)
def test_what_is_no_message_is_an_error_of_ours(line, name):
    raw, channel = line
    raw.sendall(SENT[name])
    with pytest.raises(WireError):
        channel.receive(1)


def test_silence_and_the_end_are_told_apart(line):
    raw, channel = line
    raw.sendall(b"\0\0")
    with pytest.raises(Late):
        channel.receive(0.05)
    raw.close()
    with pytest.raises(Closed):
        channel.receive(1)


def test_texts_are_made_harmless():
    assert (
        clean("a\0b\ud800\n\x1b[31m") == "a\ufffdb?\n\ufffd[31m"
        and clean(3) == ""
        and len(clean("x" * 10**6)) == 4000
    )
    odd = crash_of({"error": 3, "text": "t" * 10**6, "number": 1e300, "extra": [1], "line": "x"})
    assert odd == {"error": "", "text": "t" * 600} and crash_of("no") is None
    assert json.dumps(odd)


def test_the_machine_is_one_that_the_filter_knows():
    assert sys.platform != "linux" or platform.machine() in ("x86_64", "aarch64")


def test_loading_the_grader_is_light():
    code = "import sys, cnncourse.grading as g; g.best_level, g.Level; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
