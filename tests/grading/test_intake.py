"""What a class hands in, in the shapes that it comes in, and archives that mean harm."""

import io
import json
import os
import stat
import struct
import zipfile

import pytest

from cnncourse import notebooks
from cnncourse.grading import _archive, _naming
from cnncourse.grading.intake import IntakeError, collect, known
from cnncourse.grading.roster import Roster, RosterError

CHAPTERS = known()
BOOK = CHAPTERS["01_convolution"].read_bytes()


def owners(intake):
    return {(one.student, one.chapter) for one in intake.submissions}


def fill(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def pack(path, files):
    """A zip of {name or ZipInfo: content}."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("path", "student"),
    [
        ("alice_01_convolution.ipynb", "alice"),
        ("01_convolution_alice.ipynb", "alice"),
        ("01-convolution Alice B.ipynb", "Alice B"),
        ("alice_01_convolution-Copy1.ipynb", "alice"),
        ("alice_01_convolution (2).ipynb", "alice"),
        ("alice_2_01_convolution.ipynb", "alice_2"),
        ("alice.ipynb", "alice"),
        ("김민지_01_convolution.ipynb", "김민지"),
        ("01_convolution.ipynb", None),
        ("alice/01_convolution.ipynb", "alice"),
        ("alice/week 1/final.ipynb", "alice"),
        ("submitted/alice/ps1/01_convolution.ipynb", "alice"),
        ("course/submitted/alice/ps1/problem.ipynb", "alice"),
        ("doejane_12345_67890_01_convolution.ipynb", "doejane_12345"),
        ("doejane_LATE_12345_67890_01_convolution-2.ipynb", "doejane_12345"),
        ("doejane_LATE_12345_67890_final.ipynb", "doejane_12345"),
        ("anon_Ab3xy_67890_01_convolution.ipynb", "anon_Ab3xy"),
        ("Jane Doe_12345_assignsubmission_file_/01_convolution.ipynb", "Jane Doe_12345"),
        ("Jane Doe_12345_assignsubmission_file_01_convolution.ipynb", "Jane Doe_12345"),
        ("Participant_12345_assignsubmission_file_/x.ipynb", "Participant_12345"),
    ],
)
def test_whose_it_is(path, student):
    found = _naming.owner(tuple(path.split("/")), "01_convolution")
    assert (found and found.student) == student
    if found and "LATE" in path:
        assert found.late and found.order == 67890


def test_a_folder_that_only_holds_the_class_is_no_student(tmp_path):
    pack(tmp_path / "week1.zip", {"week1/alice_01_convolution.ipynb": BOOK, "week1/bob/x.ipynb": BOOK})
    found = collect(tmp_path / "week1.zip", CHAPTERS)
    assert owners(found) == {("alice", "01_convolution"), ("bob", "01_convolution")}


def test_the_chapter_is_known_by_its_cells_whatever_the_file_is_called(tmp_path):
    unstamped = notebooks.read(CHAPTERS["02_padding_and_stride"])
    stripped = json.loads(CHAPTERS["03_pooling"].read_text(encoding="utf-8"))
    for cell in stripped["cells"]:
        cell.pop("id")  # what an old tool saves
    notebooks.write(unstamped, tmp_path / "alice.ipynb")
    (tmp_path / "bob_01_convolution.ipynb").write_text(json.dumps(stripped), encoding="utf-8")
    found = collect(tmp_path, CHAPTERS)
    assert owners(found) == {("alice", "02_padding_and_stride"), ("bob", "03_pooling")}
    assert any("holds 03_pooling" in note for note in found.notes)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"null", b'{"cells": 3}'])
def test_a_notebook_that_is_none_goes_by_its_name(tmp_path, content):
    found = collect(fill(tmp_path, {"alice_01_convolution.ipynb": content}), CHAPTERS)
    assert owners(found) == {("alice", "01_convolution")}
    assert not collect(fill(tmp_path / "x", {"alice.ipynb": content}), CHAPTERS).submissions


def test_the_last_of_several_counts_and_is_named(tmp_path):
    names = ["doe_1234_5000_01_convolution.ipynb", "doe_1234_5002_01_convolution-1.ipynb"]
    names += ["doe_LATE_1234_5001_01_convolution.ipynb"]
    fill(tmp_path, {name: BOOK + b" " * n for n, name in enumerate(names)})
    found = collect(tmp_path, CHAPTERS)
    assert [one.file.shown for one in found.submissions] == [names[1]]
    assert any("3 files" in note and f"{names[1]} counts" in note for note in found.notes)


def test_nbgraders_timestamp_decides_before_the_clock_of_the_disk(tmp_path):
    fill(
        tmp_path,
        {
            "submitted/a/one/01_convolution.ipynb": BOOK,
            "submitted/a/one/timestamp.txt": b"2026-02-01 10:00:00 UTC",
            "submitted/a/two/01_convolution.ipynb": BOOK + b"\n",
            "submitted/a/two/timestamp.txt": b"2026-01-01 10:00:00 UTC",
        },
    )
    assert [one.file.parts[2] for one in collect(tmp_path, CHAPTERS).submissions] == ["one"]


def test_only_the_chapters_that_are_wanted(tmp_path):
    fill(
        tmp_path, {"a_01_convolution.ipynb": BOOK, "b_03_pooling.ipynb": CHAPTERS["03_pooling"].read_bytes()}
    )
    assert owners(collect(tmp_path, CHAPTERS, ("03_pooling",))) == {("b", "03_pooling")}


def test_what_is_no_submission_is_said_and_junk_is_not(tmp_path):
    junk = {"__MACOSX/._a.ipynb": b"", ".ipynb_checkpoints/a_01_convolution.ipynb": BOOK, ".DS_Store": b""}
    found = collect(fill(tmp_path, {"alice/report.pdf": b"%PDF", **junk}), CHAPTERS)
    assert not found.submissions and found.notes == ["alice/report.pdf is no notebook; it was passed over."]


def test_nothing_there(tmp_path):
    with pytest.raises(IntakeError, match="name the folder or the zip"):
        collect(tmp_path / "nowhere", CHAPTERS)


# ---- archives that mean harm


def link(name):
    about = zipfile.ZipInfo(name)
    about.create_system, about.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return about


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"../../evil_01_convolution.ipynb": BOOK}, "leads out of the archive"),
        ({"/etc/evil_01_convolution.ipynb": BOOK}, "leads out of the archive"),
        ({"C:\\evil_01_convolution.ipynb": BOOK}, "leads out of the archive"),
        ({"a\\..\\..\\evil_01_convolution.ipynb": BOOK}, "leads out of the archive"),
        ({link("evil_01_convolution.ipynb"): b"/etc/passwd"}, "is a link"),
        ({"evil_01_convolution.ipynb": b"0" * (8 << 20)}, "200 times its size"),
        ({"evil.zip": BOOK}, "an archive within the archive"),
        ({f"{'anon_' * 12_000}_01_convolution.ipynb": BOOK}, "a name of more than 255 characters"),
    ],
)
def test_a_member_that_means_harm_is_a_sentence(tmp_path, files, sentence):
    good = {"alice_01_convolution.ipynb": BOOK}
    found = collect(pack(tmp_path / "class.zip", {**files, **good}), CHAPTERS)
    assert owners(found) == {("alice", "01_convolution")}
    assert len(found.notes) == 1 and sentence in found.notes[0]


def test_a_size_that_is_a_lie_is_found_out(tmp_path):
    """The directory says 100 bytes, and 8 million come: no more than it says are ever read."""
    path = pack(tmp_path / "class.zip", {"evil_01_convolution.ipynb": os.urandom(1 << 20)})
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = struct.pack("<I", 100)
    path.write_bytes(raw)
    found = collect(path, CHAPTERS)
    assert not found.submissions and "cannot be read" in found.notes[0]


def test_bounds_hold_before_anything_is_opened(tmp_path, monkeypatch):
    path = pack(tmp_path / "class.zip", {f"s{n}_01_convolution.ipynb": BOOK for n in range(4)})
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(_archive, "MOST_BYTES", 3 * len(BOOK))
    assert "would unpack" in collect(path, CHAPTERS).notes[0]
    monkeypatch.setattr(_archive, "MOST_FILES", 3)
    assert "has 4 files" in collect(path, CHAPTERS).notes[0]
    monkeypatch.setattr(_archive, "MOST_FILES", 9), monkeypatch.setattr(_archive, "MOST_BYTES", 1 << 30)
    monkeypatch.setattr(_archive, "LARGEST", 1000)
    assert all("is larger than" in note for note in collect(path, CHAPTERS).notes)


def test_a_member_that_no_decompressor_takes(tmp_path):
    lzma = zipfile.ZipInfo("a_01_convolution.ipynb")
    lzma.compress_type = zipfile.ZIP_LZMA
    path = pack(tmp_path / "class.zip", {lzma: BOOK, "b_01_convolution.ipynb": BOOK})
    raw = bytearray(path.read_bytes())
    raw[30 + len(lzma.filename) + 4] = 0xFF  # a setting that there is not
    path.write_bytes(raw)
    found = collect(path, CHAPTERS)
    assert owners(found) == {("b", "01_convolution")} and "cannot be read" in found.notes[0]


def test_an_encrypted_member(tmp_path):
    path = pack(tmp_path / "class.zip", {"a_01_convolution.ipynb": BOOK})
    raw = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + offset] |= 1
    path.write_bytes(raw)
    assert "is encrypted" in collect(path, CHAPTERS).notes[0]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and then nothing", os.urandom(4096)])
def test_what_is_no_zip(tmp_path, content):
    (tmp_path / "class.zip").write_bytes(content)
    assert "not a zip that can be opened" in collect(tmp_path / "class.zip", CHAPTERS).notes[0]
    assert "not a zip that can be opened" in collect(tmp_path, CHAPTERS).notes[0]


def test_a_member_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        text = io.BytesIO()
        with zipfile.ZipFile(text, "w") as archive:
            archive.writestr("a_01_convolution.ipynb", BOOK)
            archive.writestr("a_01_convolution.ipynb", BOOK + b"\n")
    (tmp_path / "class.zip").write_bytes(text.getvalue())
    found = collect(tmp_path / "class.zip", CHAPTERS)
    assert [one.read() for one in found.submissions] == [BOOK + b"\n"]
    assert "2 files" in found.notes[0]


def test_names_that_nobody_can_print(tmp_path):
    names = ["a\x1b[31m\n_01_convolution.ipynb", "b\u202egnp_01_convolution.ipynb", "c" * 200 + ".ipynb"]
    fill(tmp_path, dict.fromkeys(names, BOOK))
    (tmp_path / os.fsdecode(b"d\xff_01_convolution.ipynb")).write_bytes(BOOK)
    found = collect(tmp_path, CHAPTERS)
    assert len(found.submissions) == 4
    assert all(one.student.isprintable() and one.student.encode() for one in found.submissions)


def test_links_and_pipes_on_disk_are_not_followed(tmp_path):
    fill(tmp_path / "class", {"good_01_convolution.ipynb": BOOK})
    fill(tmp_path / "out", {"secret_01_convolution.ipynb": BOOK})
    (tmp_path / "class" / "evil_01_convolution.ipynb").symlink_to(
        tmp_path / "out" / "secret_01_convolution.ipynb"
    )
    (tmp_path / "class" / "folder").symlink_to(tmp_path / "out")
    os.mkfifo(tmp_path / "class" / "pipe_01_convolution.ipynb")
    found = collect(tmp_path / "class", CHAPTERS)
    assert owners(found) == {("good", "01_convolution")}
    assert sorted(note.split(" ", 1)[1] for note in found.notes) == [
        "is a link; links are not followed.",
        "is a link; links are not followed.",
        "is not an ordinary file.",
    ]


def test_a_file_that_changes_later_is_not_graded_as_what_it_was(tmp_path):
    fill(tmp_path, {"a_01_convolution.ipynb": BOOK})
    (one,) = collect(tmp_path, CHAPTERS).submissions
    fill(tmp_path, {"a_01_convolution.ipynb": BOOK + b" "})
    with pytest.raises(_archive.Unusable, match="changed"):
        one.read()


# ---- the list of students


@pytest.mark.parametrize(
    ("text", "file", "student"),
    [
        ("student,name\nalice,Alice A\n", "Alice_01_convolution.ipynb", "alice"),
        ("Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
         '"Doe, Jane",12345,s9,jdoe,1\n',
         "doejane_12345_67890_01_convolution.ipynb", "jdoe"),
        ("Identifier,Full name,Email address\nParticipant 12345,Jane Doe,j@example.org\n",
         "Jane Doe_12345_assignsubmission_file_/x.ipynb", "Participant 12345"),
        ("id;first_name;last_name\nbob;Bob;B\n", "submitted/bob/ps/01_convolution.ipynb", "bob"),
        ("student\nmu\u0308ller\n", "M\u00fcller_01_convolution.ipynb", "mu\u0308ller"),
        ("Student,ID,SIS Login ID\nNobody,,\nNo One,,\nDoe,1,\n", "doe_1_22222_01_convolution.ipynb", "1"),
    ],
)  # fmt: skip
def test_a_list_of_students_names_them(tmp_path, text, file, student):
    (tmp_path / "class.csv").write_text("\ufeff" + text, encoding="utf-8")
    roster = Roster.read(tmp_path / "class.csv")
    found = collect(fill(tmp_path / "in", {file: BOOK}), CHAPTERS, whose=roster.student)
    assert [one.student for one in found.submissions] == [student]


def test_two_files_of_one_student_on_the_list_are_two_submissions_of_theirs(tmp_path):
    roster = Roster([{"student": "alice", "name": "Alice A", "canvas": {}, "aliases": ["alice", "Alice A"]}])
    fill(tmp_path, {"alice_01_convolution.ipynb": BOOK, "Alice A/01_convolution.ipynb": BOOK + b" "})
    found = collect(tmp_path, CHAPTERS, whose=roster.student)
    assert len(found.submissions) == 1 and "2 files" in found.notes[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no students"),
        (b"a,b\n1,2\n", "no students"),
        (b"student\nx\nx\n", "x twice"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_list_that_is_none(tmp_path, content, sentence):
    (tmp_path / "class.csv").write_bytes(content)
    with pytest.raises(RosterError, match=sentence):
        Roster.read(tmp_path / "class.csv")
