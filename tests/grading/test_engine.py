"""What a grader makes of notebooks as students hand them in: moved, doubled, renamed, half broken."""

# ruff: noqa: E501 (cells of code stand on a line each)

import json

import nbformat
import pytest

from cnncourse import notebooks
from cnncourse._course import chapters
from cnncourse.grading._program import chapter_code, program
from tests.grading.submissions import CHAPTER, CONV2D, SETUP, as_bytes, scores

BODY = CONV2D.removesuffix("\n\ncheck(conv2d)\n") + "\n"
BIAS = "unanimous_bias = -8\ncheck(unanimous_bias=unanimous_bias)\n"
TRUE = """conv2d = yours(conv2d)


def true_convolution(image, kernel):
    return conv2d(image, kernel.flip(0, 1))


check(true_convolution)
"""


@pytest.fixture(scope="module")
def graded(any_grader):
    """The points of a notebook with these cells, after the course's own first cell."""

    def grade(*cells, setup=SETUP):
        return any_grader.grade(as_bytes(setup, *cells), CHAPTER)

    return grade


@pytest.fixture(scope="module")
def any_grader(request):
    """The best there is here."""
    from cnncourse.grading import Level, best_level

    return request.getfixturevalue("sandboxed" if best_level()[0] == Level.SANDBOXED else "local")


def outcome(result, name="conv2d"):
    return result["exercises"][name]["outcome"]


def test_a_result_has_every_exercise_of_the_chapter_in_its_order(graded):
    result = graded()
    path = next(path for path in chapters() if path.stem == CHAPTER)
    assert list(result["exercises"]) == notebooks.exercises(notebooks.read(path))
    assert {entry["outcome"] for entry in result["exercises"].values()} == {"not attempted"}
    assert json.loads(json.dumps(result)) == result and result["problem"] == ""


RIGHT = {
    "as it is": [CONV2D],
    "a helper in another cell": [
        "def window(image, i, j, kernel):\n    return image[i : i + kernel.shape[0], j : j + kernel.shape[1]]\n",
        BODY.replace("image[i : i + kh, j : j + kw]", "window(image, i, j, kernel)") + "check(conv2d)\n",
    ],
    "a helper further down": [
        BODY.replace("image.new_zeros", "empty") + "check(conv2d)\n",
        "def empty(*shape):\n    return torch.zeros(*shape)\n",
    ],
    "imports of their own": ["import numpy as np\nfrom math import prod\nassert prod([2, 3]) == np.int64(6)\n" + CONV2D],
    "an import in another cell": ["from torch import zeros\n", BODY.replace("image.new_zeros", "zeros") + "check(conv2d)"],
    "import *": ["from operator import *\n", BODY.replace("kw] * kernel)", "kw].mul(kernel))").replace("kh + 1", "sub(kh, 1)") + "check(conv2d)\n"],
    "prints and warnings": ["import warnings\nwarnings.warn('careful')\nprint('here')\n" + CONV2D],
    "no check": [BODY],
    "the check in another cell": [BODY, "check(conv2d)\n"],
    "a trial that fails": [BODY + "conv2d(1, 2)\ncheck(conv2d)\n"],
    "another cell that fails": ["1 / 0\n", "import nowhere\n", "def conv2d(:\n", CONV2D],
    "another name": [BODY.replace("def conv2d", "def mine") + "check(conv2d=mine)\n"],
    "twice, the last one right": ["def conv2d(image, kernel):\n    return image\n\n\ncheck(conv2d)\n", CONV2D],
    "a stub after it": [CONV2D, "def conv2d(image, kernel):\n    raise NotImplementedError('about 7 lines')\n\n\ncheck(conv2d)\n"],
    "magics": ["%matplotlib inline\n!pip install nothing\n%timeit 1 + 1\n" + CONV2D],
    "a cell magic": ["%%time\n" + CONV2D],
    "a name made by a magic": ["%time side = 1\n", BODY.replace("kh + 1", "kh + side") + "check(conv2d)\n"],
    "lines that end otherwise": ["side = 0\rother = 1\rside = side + 1\r", (BODY.replace("kh + 1", "kh + side") + "check(conv2d)\n").replace("\n", "\r\n")],
    "a table altered in other cells": [
        "sides = []\n", "sides.append(0)\n", "sides[0] = 1\n",
        BODY.replace("- kh + 1", "- kh + sides[0]") + "check(conv2d)\n",
    ],
    "names made as the code runs": ["exec('one = 1')\n", BODY.replace("- kh + 1", "- kh + one") + "check(conv2d)\n"],
    "no first cell": ["import torch\n" + CONV2D],
    "check redefined": ["def check(*answers):\n    return 'Right.'\n" + BODY],
    "a class that is called": [
        "class Conv:\n    def __call__(self, image, kernel):\n        return F.unfold(image[None, None], kernel.shape)"
        ".mul(kernel.reshape(1, -1, 1)).sum(1).reshape(image.shape[0] - kernel.shape[0] + 1, -1)\n\n\n"
        "conv2d = Conv()\ncheck(conv2d=conv2d)\n"
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_right_is_right(graded, name):
    result = graded(*RIGHT[name], BIAS)
    assert scores(result) == {"conv2d": 1.0, "unanimous_bias": 1.0}, result["exercises"]["conv2d"]


def test_a_demonstration_runs_where_an_answer_uses_it(graded):
    """`bank` is made by a cell of the chapter's; nothing else of that cell runs."""
    shipped = chapter_code(next(path for path in chapters() if path.stem == CHAPTER))
    demonstration = next(text for text in shipped if text.startswith("photo = data.photo"))
    answer = "def edge_kernel():\n    return bank['vertical edges'] * 2\n\n\ncheck(edge_kernel)\n"
    result = graded(demonstration, answer, setup=shipped[0])
    assert scores(result) == {"edge_kernel": 1.0}
    cells = program([shipped[0], demonstration, answer], shipped).cells
    assert "photo" not in "".join(text for cell in cells[:-1] for text, _ in cell["pieces"])


def test_the_courses_version_serves_where_ones_own_is_wrong(graded):
    shipped = "def conv2d(image, kernel):\n    return image\n\n\ncheck(conv2d)\n"
    assert scores(graded(shipped, TRUE)) == {"true_convolution": 1.0}
    assert scores(graded(TRUE)) == {}, "and gains nothing for what was not answered"


def test_a_reference_that_is_no_secret_any_more_is_still_no_answer(graded, any_grader):
    """In chapter 05 the network builds on a layer whose solution is not in the package."""
    from cnncourse.exercises import EXERCISES

    layer, network = (EXERCISES[name].source for name in ("Subsampling", "LeNet5"))
    stolen = "Subsampling = yours('Subsampling')\ncheck(Subsampling)\n"
    first = any_grader.grade(as_bytes(SETUP, stolen), "05_classic_networks")
    assert scores(first) == {}
    builds = f"Subsampling = yours('Subsampling')\n\n\n{network}\n\n\ncheck(LeNet5)\n"
    assert scores(any_grader.grade(as_bytes(SETUP, builds), "05_classic_networks")) == {"LeNet5": 1.0}
    later = any_grader.grade(
        as_bytes(SETUP, builds, f"{layer}\n\n\ncheck(Subsampling)\n"), "05_classic_networks"
    )
    assert scores(later) == {"LeNet5": 1.0, "Subsampling": 1.0}


def test_crashes_cost_their_own_exercise_alone(graded):
    result = graded("def conv2d(image, kernel:\n    pass\n\n\ncheck(conv2d)\n", BIAS)
    assert outcome(result) == "crashed" and "SyntaxError" in result["exercises"]["conv2d"]["message"]
    assert scores(result) == {"unanimous_bias": 1.0}
    result = graded("import os\nos._exit(1)\n" + CONV2D, BIAS)
    assert outcome(result) == "crashed" and scores(result) == {"unanimous_bias": 1.0}
    result = graded(BODY.replace("kh, kw = kernel.shape", "import os; os._exit(1)") + "check(conv2d)\n", BIAS)
    assert outcome(result) == "crashed" and scores(result) == {"unanimous_bias": 1.0}
    result = graded(BODY.replace("kh, kw = kernel.shape", "while True: pass") + "check(conv2d)\n", BIAS)
    assert outcome(result) == "timed out" and scores(result) == {"unanimous_bias": 1.0}


def test_a_crash_names_the_students_line(graded):
    entry = graded(BODY.replace("kh, kw = kernel.shape", "kh = kernel.height") + "check(conv2d)\n")[
        "exercises"
    ]["conv2d"]
    assert entry["crash"] == {
        "error": "AttributeError", "text": "'Tensor' object has no attribute 'height'",
        "line": "kh = kernel.height", "number": 2, "function": "conv2d",
    }  # fmt: skip
    assert "in your line 2: kh = kernel.height" in entry["message"]


def test_a_line_of_the_courses_is_not_shown_as_the_students(graded):
    """What calls an answer comes as text here, and is no more the student's than in a notebook."""
    from cnncourse.exercises import EXERCISES

    answer, space = "def edge_kernel():\n    return 'abc'\n", {}
    exec(answer, space)
    shown = EXERCISES["edge_kernel"].grade(space["edge_kernel"])
    entry = graded(answer + "check(edge_kernel)\n")["exercises"]["edge_kernel"]
    assert (shown.outcome, shown.message) == (entry["outcome"], entry["message"])
    assert shown.outcome == "crashed" and "line" not in entry["crash"]


def test_an_example_that_is_not_implemented_is_no_stub(graded):
    half = BODY.replace(
        "    kh, kw", "    if len(kernel) != len(kernel[0]):\n        raise NotImplementedError\n    kh, kw"
    )
    entry = graded(half + "check(conv2d)\n")["exercises"]["conv2d"]
    assert entry["outcome"] == "crashed" and entry["crash"]["error"] == "NotImplementedError"


def test_an_answer_is_the_students_own_source(graded):
    entry = graded("# mine\n" + CONV2D, BIAS)["exercises"]
    assert (
        entry["conv2d"]["answer"] == BODY.strip()
        and entry["unanimous_bias"]["answer"] == "unanimous_bias = -8"
    )
    assert entry["moving"]["answer"] == ""


def test_shortcuts_are_flagged(graded):
    course = "from cnncourse import ops\n\n\ndef conv2d(image, kernel):\n    return ops.conv2d(image, kernel)\n\n\ncheck(conv2d)\n"
    entry = graded(course)["exercises"]["conv2d"]
    assert entry["flags"] == ["calls the course's own ops.conv2d"] and entry["score"] == 1.0
    torchs = "def conv2d(image, kernel):\n    return F.conv2d(image[None, None], kernel[None, None])[0, 0]\n\n\ncheck(conv2d)\n"
    entry = graded(torchs)["exercises"]["conv2d"]
    assert entry["flags"] == ["calls F.conv2d"] and entry["outcome"] == "wrong"

    hidden = torchs.replace("F.conv2d", "G.conv2d").replace(
        "def", "import torch.nn.functional as G\n\n\ndef", 1
    )
    assert graded(hidden)["exercises"]["conv2d"]["flags"] == ["calls F.conv2d"]
    assert graded(CONV2D)["exercises"]["conv2d"]["flags"] == []


HIDDEN_CALLS = {
    "import_module('cnncourse.' + 'ops').conv2d(image, kernel)": ["uses importlib"],
    "getattr(F, 'conv' + '2d')(image[None, None], kernel[None, None])[0, 0]": [
        "looks up a function of functional while it runs", "calls F.conv2d"],
    "torch.ops.aten.convolution.default(image[None, None], kernel[None, None], None, [1, 1], [0, 0], [1, 1],"
    " False, [0, 0], 1)[0, 0]": ["calls F.conv2d"],
    "torch._C._nn.thnn_conv2d(image[None, None], kernel[None, None], [3, 3])": ["uses _C"],
    "eval('F.conv' + '2d')(image[None, None], kernel[None, None])[0, 0]": ["uses eval"],
}  # fmt: skip


@pytest.mark.parametrize("call", HIDDEN_CALLS)
def test_a_shortcut_that_is_looked_up_is_flagged(graded, call):
    more = "from importlib import import_module\n" if "import_module" in call else ""
    found = graded(f"{more}def conv2d(image, kernel):\n    return {call}\ncheck(conv2d)\n")
    assert sorted(found["exercises"]["conv2d"]["flags"]) == sorted(HIDDEN_CALLS[call])


def test_an_answer_of_an_earlier_child_is_yours(graded):
    lost = "unanimous_bias = -8\nimport os\nos._exit(0)\ncheck(unanimous_bias=unanimous_bias)\n"
    later = "conv2d = yours(conv2d)\n\nmoving = 'b' if callable(conv2d) else 'a'\ncheck(moving=moving)\n"
    entries = graded(CONV2D, lost, later)["exercises"]
    assert entries["conv2d"]["score"] == 1.0
    assert entries["moving"]["outcome"] in ("passed", "wrong")  # and not that its cell stopped at `yours`


def test_no_line_of_ours_is_a_students(graded):
    said = graded("def _():\n    pass\nconv2d = yours(_)\ncheck(conv2d)\n")["exercises"]["conv2d"]
    assert said["crash"]["line"] == "conv2d = yours(_)"


def test_a_submission_scores_the_same_again(graded):
    first, again = graded(CONV2D, BIAS), graded(CONV2D, BIAS)
    assert first["seed"] == again["seed"]
    for result in (first, again):
        for entry in result["exercises"].values():
            entry["seconds"] = 0
    assert first["exercises"] == again["exercises"]
    assert len({graded(CONV2D, f"# {i}\n")["seed"] for i in range(12)}) > 1


UNREADABLE = {
    "empty": b"",
    "no JSON": b"hello",
    "cut short": as_bytes(SETUP, CONV2D)[:-200],
    "a number": b"3",
    "a list": b"[]",
    "no cells": b"{}",
    "cells of another kind": b'{"cells": 3}',
    "cells that are none": b'{"cells": [1, null, "x"]}',
    "not UTF-8": as_bytes(SETUP).replace(b"import torch", b"import torch \xff"),
    "UTF-16": as_bytes(SETUP).decode().encode("utf-16"),
    "deep": b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "too much code": as_bytes("x = 1\n" * 200_000),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said_in_a_sentence(any_grader, name):
    result = any_grader.grade(UNREADABLE[name], CHAPTER)
    assert result["problem"].endswith(".") and scores(result) == {}
    assert {entry["outcome"] for entry in result["exercises"].values()} == {"not attempted"}


def test_odd_notebooks_are_read(any_grader):
    """Without ids or metadata, with lines as a list, with a byte-order mark, or of an older format."""
    lines = (SETUP + CONV2D).splitlines(keepends=True)
    bare = json.dumps({"cells": [{"cell_type": "code", "source": lines}, {"cell_type": "code"}]}).encode()
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("".join(lines))])]
    )
    half = json.dumps({"cells": [{"cell_type": "code", "source": SETUP + CONV2D + "'\ud800'\n"}]}).encode()
    for data in (bare, b"\xef\xbb\xbf" + bare, json.dumps(old).encode(), half):
        assert scores(any_grader.grade(data, CHAPTER)) == {"conv2d": 1.0}


def test_too_large_a_file_is_not_even_parsed(any_grader):
    import dataclasses

    limits, any_grader.limits = any_grader.limits, dataclasses.replace(any_grader.limits, notebook=1000)
    try:
        assert "more than a notebook may have" in any_grader.grade(as_bytes(CONV2D * 20), CHAPTER)["problem"]
    finally:
        any_grader.limits = limits
