"""What a wrong function reads: the first property that differs, on the smallest example, in plain words."""

import random
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnncourse._markup import inline
from cnncourse.exercises._kinds import exercise


def correlate(image, kernel):
    """Slide `kernel` over `image`."""
    return F.conv2d(image[None, None], kernel[None, None])[0, 0]


def make():
    ex = exercise(correlate, hints=("Look.",))

    @ex.examples
    def _(draw):
        yield draw(3, 4), draw(2, 2)
        yield draw(6, 5), draw(3, 2)

    @ex.mistake("You flipped the kernel.")
    def _(image, kernel):
        return correlate(image, kernel.flip(0, 1))

    @ex.mistake("The output is one row and column short.")
    def _(image, kernel):
        return correlate(image, kernel)[1:, 1:]

    return ex


def grade(candidate, **options):
    ex = make()
    for name, value in options.items():
        setattr(ex, name, value)
    return ex.grade(candidate)


def changing(image, kernel):
    output = correlate(image, kernel)
    image.mul_(2)
    return output


def failing(image, kernel):
    return image[99]


SAYS = {
    "flip": (lambda i, k: correlate(i, k.flip(0).flip(1)), "wrong", "You flipped the kernel."),
    "return": (lambda i, k: None, "wrong", "Is a `return` missing?"),
    "numpy": (lambda i, k: correlate(i, k).numpy(), "wrong", "a NumPy array; expected a tensor"),
    "list": (lambda i, k: correlate(i, k).tolist(), "wrong", "a tuple or list; expected a tensor"),
    "shape": (lambda i, k: correlate(i, k).T, "wrong", "has shape (3, 2); expected (2, 3)"),
    "dtype": (lambda i, k: correlate(i, k).long(), "wrong", "holds whole numbers (int64)"),
    "values": (lambda i, k: correlate(i, k) + 1, "wrong", "6 of 6 values differ, the first at [0, 0]"),
    "nan": (lambda i, k: correlate(i, k) / 0 * 0, "wrong", "NaN or infinity"),
    "in place": (changing, "wrong", "changes its input `image` in place"),
    "crash": (failing, "crashed", "IndexError: index 99 is out of bounds"),
    "exit": (lambda i, k: exit(3), "crashed", "SystemExit"),
    "not callable": (7, "crashed", "'int' object is not callable"),
}


@pytest.mark.parametrize("case", SAYS)
def test_says(case):
    candidate, outcome, words = SAYS[case]
    verdict = grade(candidate)
    assert verdict.outcome == outcome
    assert words in verdict.message
    assert "<div" in verdict._repr_html_() and words.split("`")[0] in repr(verdict)


def test_crash_shows_the_learners_own_line():
    crash = grade(failing).crash
    assert crash["line"] == "return image[99]" and crash["function"] == "failing"
    inside_torch = grade(lambda image, kernel: F.conv2d(image, kernel, padding="round")).crash
    assert "F.conv2d(image, kernel" in inside_torch["line"]  # the learner's line, not the library's


def test_a_shape_that_only_one_mistake_has_is_a_guess():
    verdict = grade(lambda i, k: correlate(i, k)[1:, 1:] + 5)
    assert verdict.mistake is None
    assert verdict.difference == "Perhaps: The output is one row and column short."


@pytest.mark.parametrize("style", ["float64", "loops", "prints", "warns", "kept input", "0-d"])
def test_right_answers_in_any_style_pass(style, capsys):
    def loops(image, kernel):
        kh, kw = kernel.shape
        return torch.stack(
            [
                torch.stack(
                    [(image[i : i + kh, j : j + kw] * kernel).sum() for j in range(image.shape[1] - kw + 1)]
                )
                for i in range(image.shape[0] - kh + 1)
            ]
        )

    def warns(image, kernel):
        warnings.warn("careful", stacklevel=1)
        return correlate(image, kernel)

    styles = {
        "float64": lambda i, k: correlate(i.double(), k.double()),
        "loops": loops,
        "prints": lambda i, k: print("debugging") or correlate(i, k),
        "warns": warns,
        "kept input": lambda i, k: correlate(i.mul(1), k),
        "0-d": lambda i, k: correlate(i, k),
    }
    assert grade(styles[style]).passed


def test_prints_are_shown_with_a_wrong_answer():
    assert "here 3" in grade(lambda i, k: print("here", len(i))).printed


def test_a_gradient_is_asked_for_where_the_exercise_says_so():
    cut = lambda i, k: correlate(i, k).detach()  # noqa: E731
    assert grade(cut).passed
    verdict = grade(cut, gradients=True)
    assert verdict.what == "gradient" and "no gradient flows" in verdict.message
    assert grade(correlate, gradients=True).passed
    straight = lambda i, k: correlate(i, k) + (i.sum() - i.sum().detach())  # noqa: E731
    assert "the gradient to `image`" in grade(straight, gradients=True).message


@pytest.mark.parametrize(
    "call",
    [
        lambda i, k: F.conv2d(i[None, None], k[None, None])[0, 0],
        lambda i, k: torch.conv2d(i[None, None], k[None, None])[0, 0],
        lambda i, k: torch.ops.aten.convolution(
            i[None, None], k[None, None], None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1
        )[0, 0],
    ],
)
def test_a_shortcut_is_named(call):
    ex = exercise(
        lambda image, kernel: image.unfold(0, 2, 1).unfold(1, 2, 1).mul(kernel).sum((-1, -2)),
        shortcuts={"conv2d": "You called the thing to build."},
    )
    ex.name = "build"

    @ex.examples
    def _(draw):
        yield draw(3, 4), draw(2, 2)

    assert ex.grade(call).message == "You called the thing to build."
    assert ex.grade(ex.reference).passed


def test_random_states_and_objects_come_back_as_they_were():
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    grade(lambda i, k: torch.rand(3) + np.random.rand() + random.random())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all() and random.getstate() == states[2]


PATCHES = [
    (torch, "allclose", lambda *a, **k: True),
    (torch, "equal", lambda *a, **k: True),
    (np, "isclose", lambda *a, **k: np.ones(1, dtype=bool)),
    (np, "allclose", lambda *a, **k: True),
    (F, "conv2d", lambda *a, **k: torch.zeros(1, 1, 2, 3)),
    (torch.Tensor, "sum", lambda self, *a, **k: torch.zeros(())),
    (torch.Tensor, "__eq__", lambda self, other: True),
]


@pytest.mark.parametrize("place, name, patch", PATCHES)
def test_patched_libraries_fool_nobody(place, name, patch, monkeypatch):
    ex = make()
    monkeypatch.setattr(place, name, patch)
    assert (
        ex.grade(lambda i, k: torch.zeros(i.shape[0] - k.shape[0] + 1, i.shape[1] - k.shape[1] + 1)).outcome
        == "wrong"
    )
    assert getattr(place, name) is patch  # and the learner's patch is still there afterwards
    assert ex.grade(correlate).passed


def test_default_dtype_does_not_matter():
    torch.set_default_dtype(torch.float64)
    try:
        assert grade(correlate).passed
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_no_grad_around_a_check_does_not_matter():
    with torch.no_grad():
        assert grade(correlate, gradients=True).passed


def test_a_transcript_cut_short_does_not_pass():
    ex = make()
    transcript = ex.probe(correlate)
    transcript["records"] = transcript["records"][:1]
    assert ex.judge(transcript).outcome == "wrong"
    assert not ex.judge({"records": []}).passed


def test_numbers_that_differ_look_different():
    message = grade(lambda i, k: correlate(i, k) * (1 + 5e-4)).message
    got, want = message.rpartition("]: ")[2].rstrip(".").split(", expected ")
    assert got != want and float(got) == pytest.approx(float(want), rel=1e-3)


def test_a_wrong_call_says_how_it_is_called():
    def short(image):
        return image

    assert "It is called as the chapter says" in grade(short).message
    assert "(image, kernel)" in grade(short).message


def test_an_error_below_the_library_is_told_by_the_learners_own_line():
    from cnncourse import ops

    crash = grade(lambda image, kernel: ops.conv_layer(image, kernel, 0)).crash
    assert "ops.conv_layer(image" in crash["line"]


def test_an_operation_that_torch_lacks_is_no_stub():
    verdict = grade(lambda image, kernel: torch.nn.Module()(image))
    assert verdict.outcome == "crashed" and "forward" in verdict.message


def test_a_number_that_the_meta_device_does_not_have_is_no_stub():
    """torch's core raises NotImplementedError at the learner's own line, with no frame of its own."""
    verdict = grade(lambda image, kernel: torch.zeros((), device="meta").item())
    assert verdict.outcome == "crashed" and "meta" in verdict.message


def test_stars_stress_a_word_and_leave_products_alone():
    html = inline("Before *the sum*, not 2*x*y or 3 * 4 * 5, f(*a, *b), `f(*z*)` and <b>.")
    assert "<em>the sum</em>" in html and html.count("<em>") == 1 and "<b>" not in html


def test_what_was_not_made_for_numpy_is_told():
    assert "not dense" in grade(lambda i, k: correlate(i, k).to_sparse()).message
    assert grade(lambda i, k: correlate(i, k).bfloat16()).what == "values"
