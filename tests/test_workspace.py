"""The learner's folder: started without touching a file, updated without losing a line."""

import os
import shutil
import stat

import nbformat
import pytest

from cnncourse import _course, _merge, notebooks, workspace

STUB = 'def conv2d(image, kernel):\n    """Slide."""\n    raise NotImplementedError("four")\n\ncheck(conv2d)'
MINE = STUB.replace('raise NotImplementedError("four")', "return helper(image) * kernel")
HELPED = f"import math\n\ndef helper(x):\n    return x\n\n{MINE}"
NEW_STUB = STUB.replace("Slide.", "Slide the kernel.").replace("\ncheck", "# new: hint(conv2d)\ncheck")
VALUE = "parameters = ...\ncheck(parameters=parameters)"
CHAPTER = {"title": "#!# Convolution", "demo": "1 + 1", "conv": STUB, "value": VALUE, "end": "#!The end."}
FIRST = {"title": "#!# Start here", "hello": "print('hello')"}


@pytest.fixture
def course(tmp_path, monkeypatch, make_notebook):
    """A course of two chapters in a folder of its own; call it to change a chapter."""
    chapters = tmp_path / "the course" / "chapters"
    chapters.mkdir(parents=True)
    monkeypatch.setattr(_course, "_PACKAGE", chapters.parent / "cnncourse")

    def publish(cells=CHAPTER, name="01_convolution.ipynb", version=None):
        notebooks.write(make_notebook(cells), chapters / name)
        if version:
            monkeypatch.setattr(workspace, "__version__", version)

    publish(FIRST, "00_start_here.ipynb")
    publish()
    publish.folder = chapters
    return publish


@pytest.fixture
def mine(course, tmp_path):
    """A started folder whose name has a space and Hangul."""
    folder = tmp_path / "나의 과정"
    workspace.start(folder)
    return folder


def edit(path, change):
    notebook = notebooks.read(path)
    change({cell.id: cell for cell in notebook.cells}, notebook.cells)
    notebooks.write(notebook, path)


def answer(path, source=MINE):
    edit(path, lambda cells, _: cells["conv"].update(source=source))


def sources(path):
    return [cell.source for cell in notebooks.read(path).cells]


def changes(folder):
    return {change.name: change for change in workspace.update(folder)}


# -- start ------------------------------------------------------------------


def test_start_copies_every_chapter(mine):
    assert sorted(os.listdir(mine)) == ["00_start_here.ipynb", "01_convolution.ipynb"]
    assert sources(mine / "01_convolution.ipynb") == [text.removeprefix("#!") for text in CHAPTER.values()]


def test_start_never_touches_what_is_there(mine):
    path = mine / "01_convolution.ipynb"
    path.write_text("my own words")
    (mine / "00_start_here.ipynb").unlink()
    started = workspace.start(mine)
    assert path.read_text() == "my own words"
    assert started == workspace.Started(["00_start_here.ipynb"], [path.name], [], [path.name])


def test_start_says_which_copies_are_old(mine, course):
    assert workspace.start(mine).outdated == []
    course({**CHAPTER, "demo": "2 + 2"}, version="0.2.0")
    assert workspace.start(mine).outdated == ["01_convolution.ipynb"] == workspace.outdated(mine)
    assert sources(mine / "01_convolution.ipynb")[1] == "1 + 1"


def test_copies_of_a_read_only_course_can_be_written(course, tmp_path):
    for path in course.folder.iterdir():
        path.chmod(0o444)
    course.folder.chmod(0o555)
    try:
        workspace.start(tmp_path / "mine")
    finally:
        course.folder.chmod(0o755)
    for path in (tmp_path / "mine").iterdir():
        assert path.stat().st_mode & stat.S_IWUSR


def test_start_refuses_the_course_itself_and_a_file(course, tmp_path):
    with pytest.raises(workspace.WorkspaceError, match="choose another folder"):
        workspace.start(course.folder)
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(workspace.WorkspaceError, match="not a folder"):
            workspace.start(place)


def test_a_course_without_chapters_says_so(course, tmp_path):
    shutil.rmtree(course.folder)
    with pytest.raises(workspace.WorkspaceError, match="no chapters in"):
        workspace.start(tmp_path / "mine")


# -- update -----------------------------------------------------------------


def test_nothing_changed_is_nothing_done(mine):
    answer(mine / "01_convolution.ipynb")
    before = (mine / "01_convolution.ipynb").read_bytes()
    assert {change.what for change in changes(mine).values()} == {"current"}
    assert (mine / "01_convolution.ipynb").read_bytes() == before and not (mine / "backup").exists()


def test_new_chapters_arrive(mine, course):
    course({"title": "#!# Padding"}, "02_padding_and_stride.ipynb")
    assert changes(mine)["02_padding_and_stride.ipynb"].what == "new"
    assert sources(mine / "02_padding_and_stride.ipynb") == ["# Padding"]


def test_a_changed_text_arrives_and_the_answer_stays_whole(mine, course):
    path = mine / "01_convolution.ipynb"
    answer(path, HELPED)
    before = path.read_bytes()
    course({**CHAPTER, "title": "#!# Convolution, better"})
    change = changes(mine)[path.name]
    assert (change.what, change.answers) == ("updated", 1)
    assert sources(path) == ["# Convolution, better", "1 + 1", HELPED, VALUE, "The end."]
    assert change.backup.read_bytes() == before and change.backup.parent.parent == mine / "backup"


def test_a_changed_exercise_takes_the_answer_with_its_helpers(mine, course):
    path = mine / "01_convolution.ipynb"
    trial = "print(conv2d(1, 2))"
    answer(path, HELPED.replace("\n\ncheck", f"\n{trial}\n\ncheck"))
    course({**CHAPTER, "conv": NEW_STUB})
    changes(mine)
    cell = sources(path)[2]
    assert '"""Slide."""\n    return helper(image) * kernel' in cell and "NotImplementedError" not in cell
    parts = ("import math", "def helper", "def conv2d", "# new", trial, "\ncheck")
    assert [cell.index(part) for part in parts] == sorted(cell.index(part) for part in parts)
    assert cell.count("check(conv2d)") == 1


def test_an_exercise_that_was_not_attempted_gets_the_new_stub(mine, course):
    value = f"# which?\n{VALUE}"
    course({**CHAPTER, "conv": NEW_STUB, "value": value})
    changes(mine)
    assert sources(mine / "01_convolution.ipynb") == ["# Convolution", "1 + 1", NEW_STUB, value, "The end."]


def test_added_cells_stay_where_they_were(mine, course):
    path = mine / "01_convolution.ipynb"

    def add(_, cells):
        cells.insert(0, nbformat.v4.new_markdown_cell("my first note"))
        cells.insert(3, nbformat.v4.new_code_cell("my_trial = 1"))
        cells.append(nbformat.v4.new_markdown_cell("my last note"))

    edit(path, add)
    course({**{"hello": "#!Welcome"}, **CHAPTER, "demo": "2 + 2"})
    change = changes(mine)[path.name]
    assert change.added == 3
    theirs = ["Welcome", "# Convolution", "2 + 2", STUB, VALUE, "The end."]
    assert sources(path) == ["my first note", *theirs[:3], "my_trial = 1", *theirs[3:], "my last note"]


def test_both_changed_a_demonstration_so_both_are_kept(mine, course):
    path = mine / "01_convolution.ipynb"
    edit(path, lambda cells, _: cells["demo"].update(source="1 + 41"))
    course({**CHAPTER, "demo": "2 + 2"})
    changes(mine)
    assert sources(path)[1:3] == ["2 + 2", "1 + 41"]
    ids = [cell.id for cell in notebooks.read(path).cells]
    assert ids[1] == "demo" and len(set(ids)) == len(ids)


def test_a_cell_that_left_the_course_goes_unless_it_was_changed(mine, course):
    path = mine / "01_convolution.ipynb"
    edit(path, lambda cells, _: cells["demo"].update(source="1 + 41"))
    course({"title": "#!# Convolution", "conv": STUB})
    changes(mine)
    assert sources(path) == ["# Convolution", "1 + 41", STUB]


def test_a_cell_with_a_syntax_error_is_kept(mine, course):
    path = mine / "01_convolution.ipynb"
    broken = "def conv2d(image, kernel:\n    return image\n\ncheck(conv2d)"
    answer(path, broken)
    course({**CHAPTER, "conv": NEW_STUB})
    changes(mine)
    assert sources(path)[2:4] == [NEW_STUB, broken]


def test_an_answer_survives_cut_and_paste_and_lost_ids(mine, course):
    path = mine / "01_convolution.ipynb"
    answer(path)
    edit(path, lambda _, cells: [cell.update(id=f"fresh{number}") for number, cell in enumerate(cells)])
    course({**CHAPTER, "title": "#!# Better", "conv": NEW_STUB})
    change = changes(mine)[path.name]
    assert (change.answers, change.added) == (1, 0)
    assert [text.count("return helper(image)") for text in sources(path)] == [0, 0, 1, 0, 0]


def test_an_answer_survives_a_lost_stamp(mine, course):
    path = mine / "01_convolution.ipynb"
    answer(path)
    notebook = notebooks.read(path)
    del notebook.metadata["cnncourse"]
    notebooks.write(notebook, path)
    course({**CHAPTER, "conv": NEW_STUB})
    changes(mine)
    assert "return helper(image) * kernel" in sources(path)[2]
    assert sources(path)[3] == VALUE


def test_a_stub_of_an_old_version_is_no_answer(mine, course):
    """Neither where the stamp is lost, nor where only a comment was added to it."""
    path = mine / "01_convolution.ipynb"
    notebook = notebooks.read(path)
    del notebook.metadata["cnncourse"]
    notebooks.write(notebook, path)
    course({**CHAPTER, "conv": NEW_STUB})
    assert changes(mine)[path.name].answers == 0
    assert sources(path)[2:4] == [NEW_STUB, VALUE]
    answer(path, f"# later\n{NEW_STUB}")
    course({**CHAPTER, "conv": f"# new\n{NEW_STUB}"})
    changes(mine)
    assert sources(path)[2:4] == [f"# new\n{NEW_STUB}", VALUE]


def test_outputs_of_unchanged_cells_stay(mine, course):
    path = mine / "01_convolution.ipynb"
    output = nbformat.v4.new_output("stream", text="2")
    edit(path, lambda cells, _: cells["demo"].update(outputs=[output], execution_count=7))
    course({**CHAPTER, "title": "#!# Better"})
    changes(mine)
    demo = notebooks.read(path).cells[1]
    assert demo.outputs == [output] and demo.execution_count == 7


def test_a_renumbered_chapter_keeps_its_answers(mine, course):
    answer(mine / "01_convolution.ipynb")
    (course.folder / "01_convolution.ipynb").unlink()
    course(CHAPTER, "02_convolution.ipynb")
    assert changes(mine)["02_convolution.ipynb"].what == "updated"
    assert sources(mine / "02_convolution.ipynb")[2] == MINE
    assert not (mine / "01_convolution.ipynb").exists()


def test_a_broken_notebook_is_set_aside(mine):
    path = mine / "01_convolution.ipynb"
    path.write_bytes(path.read_bytes()[:100])
    before = path.read_bytes()
    change = changes(mine)[path.name]
    assert change.what == "set aside" and "cut short" in change.reason
    assert change.backup.read_bytes() == before and sources(path)[2] == STUB


def test_a_broken_notebook_of_a_renumbered_chapter_is_set_aside(mine, course):
    (mine / "01_convolution.ipynb").write_text("{")
    (course.folder / "01_convolution.ipynb").unlink()
    course(CHAPTER, "02_convolution.ipynb")
    assert changes(mine)["02_convolution.ipynb"].backup.read_text() == "{"
    assert sorted(path.name for path in mine.glob("*.ipynb")) == [
        "00_start_here.ipynb",
        "02_convolution.ipynb",
    ]


def test_two_updates_in_one_second_keep_two_backups(mine, course):
    path = mine / "01_convolution.ipynb"
    for number in range(3):
        course({**CHAPTER, "demo": f"{number} + {number}"})
        changes(mine)
    assert len(list((mine / "backup").rglob(path.name))) == 3


def test_a_full_disk_leaves_the_notebook_as_it_was(mine, course, monkeypatch):
    path = mine / "01_convolution.ipynb"
    answer(path)
    before = path.read_bytes()
    course({**CHAPTER, "demo": "2 + 2"})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        changes(mine)
    assert path.read_bytes() == before


def test_a_newer_notebook_is_refused(mine, course, monkeypatch):
    course({**CHAPTER, "demo": "2 + 2"}, version="0.10.0")
    changes(mine)
    monkeypatch.setattr(workspace, "__version__", "0.9.0")
    course()
    with pytest.raises(workspace.WorkspaceError, match=r"from cnncourse 0.10.0, and this is 0.9.0"):
        changes(mine)


def test_update_needs_a_folder(course, tmp_path):
    with pytest.raises(workspace.WorkspaceError, match="`cnncourse start` makes it"):
        changes(tmp_path / "nowhere")


def test_merging_with_the_same_version_changes_nothing(mine):
    path = mine / "01_convolution.ipynb"
    answer(path)
    notebook = notebooks.read(path)
    new = _merge.stamp(notebooks.read(_course.chapters()[1]), "0.1.0")
    assert _merge.merge(notebook, new) == notebook
