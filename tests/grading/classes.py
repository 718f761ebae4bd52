"""A small chapter of an instructor's own, and answers to it, for the tests."""

import textwrap

from cnncourse import notebooks

CELLS = {
    "opening": "#!# The midterm",
    "setup": "import torch\n\nfrom cnncourse import check, hint, solution, yours",
    "conv2d-build": (
        'def conv2d(image, kernel):\n    """Slide `kernel` over `image`."""\n'
        '    raise NotImplementedError("about 7 lines")\n\n\ncheck(conv2d)'
    ),
    "double-build": (
        'def double_it(x):\n    """Twice x."""\n    raise NotImplementedError("about 1 line")\n\n\n'
        "check(double_it)"
    ),
    "answers": (
        "midterm_size = ...  # your number\nmidterm_choice = ...  # a letter\n\n"
        "check(midterm_size=midterm_size, midterm_choice=midterm_choice)"
    ),
}
MODULE = '''
"""Exercises of a midterm."""

from cnncourse.exercises._kinds import choice, exercise, value


@exercise(level=1, minutes=2, lines=1, hints=("Add it to itself.",), why="Twice is a sum.")
def double_it(x):
    return x + x


@double_it.examples
def _(draw):
    yield (draw(2, 3),)
    yield (draw(3, 1, 2),)


@double_it.mistake("You squared it.")
def _(x):
    return x * x


midterm_size = value(12, wrong={13: "One too many."})
midterm_choice = choice("b", replies={"a": ("red", "No."), "b": ("blue", "Yes.")})
'''
CONV2D = textwrap.dedent("""
    def conv2d(image, kernel):
        h, w = kernel.shape
        rows, columns = image.shape[0] - h + 1, image.shape[1] - w + 1
        out = [[(image[i : i + h, j : j + w] * kernel).sum() for j in range(columns)] for i in range(rows)]
        return torch.stack([torch.stack(row) for row in out])
""")
RIGHT = {"conv2d": CONV2D, "double_it": "def double_it(x):\n    return 2 * x",
         "midterm_size": "midterm_size = 12", "midterm_choice": 'midterm_choice = "b"'}  # fmt: skip
ANSWERS = {
    "right": RIGHT,
    "mixed": {
        **RIGHT,
        "double_it": "def double_it(x):\n    return x * x",
        "midterm_size": "midterm_size = 13",
    },
    "crash": {
        "double_it": "def double_it(x):\n    return x.nothing",
        "midterm_choice": 'midterm_choice = "a"',
    },
    "untouched": {},
}


def private_folder(folder, make_notebook):
    """An instructor's folder with one chapter, `20_midterm`."""
    folder.mkdir(parents=True)
    notebooks.write(make_notebook(CELLS), folder / "20_midterm.ipynb")
    (folder / "midterm.py").write_text(MODULE, encoding="utf-8")
    return folder


def answered(path, answers):
    """The notebook at `path` with these answers in it."""
    return notebooks.swap(notebooks.read(path), answers)
