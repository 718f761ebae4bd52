"""How large an output is, which padding makes it so, and when a rule of thumb fails."""

from ... import arithmetic
from .._kinds import counterexample, exercise


@exercise(
    level=1,
    minutes=8,
    lines=1,
    hints=(
        "How many cells has the padded row? And over how many does the kernel reach, when its k weights "
        "stand "
        "d cells apart?",
        "The first window begins in cell 0, and the last must end within the row. How far can the window "
        "move "
        "in all? How many whole steps of `stride` are in that?",
        "The kernel reaches over dilation * (kernel_size - 1) + 1 cells. What is left is the room to move; "
        "`//` divides and rounds down; and the place where it began counts too.",
    ),
    why="The room to move, in whole steps, and one more for the place where the window began.",
)
def output_size(n, kernel_size, stride=1, padding=0, dilation=1):
    """Say how many cells the output has along one side, when the input has n pixels there.

    `padding` cells stand at both ends. All arguments are whole numbers, and so is the answer.
    """
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@output_size.examples
def _(draw):
    yield 7, 3
    yield 8, 3, 2
    yield 8, 3, 2, 1
    yield 7, 3, 1, 0, 2
    yield 224, 7, 2, 3
    yield 10, 4, 3, 2, 2
    yield draw.integer(20, 40), draw.integer(2, 6), draw.integer(2, 5), draw.integer(0, 4), draw.integer(1, 4)
    yield draw.integer(20, 40), draw.integer(2, 6), draw.integer(2, 5), draw.integer(0, 4), draw.integer(1, 4)


@output_size.mistake("Padding stands at both ends, so it counts twice.")
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + padding - dilation * (kernel_size - 1) - 1) // stride + 1


@output_size.mistake("The last step is missing: the place where the window began is a place too.")
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride


@output_size.mistake(
    "The kernel reaches over d(k − 1) + 1 cells, not over d·k: there are k weights and k − 1 gaps between "
    "them."
)
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * kernel_size) // stride + 1


@output_size.mistake("The dilation is ignored: it makes the kernel reach further.")
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - kernel_size) // stride + 1


@output_size.mistake(
    "You rounded up. A window that would hang over the end is left out, so it is rounded down."
)
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return -(-(n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride) + 1


@output_size.mistake(
    "You divided by the stride with `/`, which gives a fraction. Whole steps are counted with `//`."
)
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1


@output_size.mistake(
    "The stride divides too early: first see how far the window can move, then count the steps in it."
)
def _(n, kernel_size, stride=1, padding=0, dilation=1):
    return (n + 2 * padding) // stride - dilation * (kernel_size - 1)


@output_size.alternative
def by_the_library(n, kernel_size, stride=1, padding=0, dilation=1):
    return arithmetic.output_size(n, kernel_size, stride, padding, dilation)


@output_size.alternative
def by_counting(n, kernel_size, stride=1, padding=0, dilation=1):
    begins = range(0, n + 2 * padding, stride)
    return sum(begin + dilation * (kernel_size - 1) < n + 2 * padding for begin in begins)


@exercise(
    level=3,
    minutes=15,
    lines=4,
    equivalent={"max(-(-lacking // 2), 0)": "the larger of two numbers does not depend on their order"},
    hints=(
        "Trying is allowed: for padding 0, 1, 2, … compute the size. When have you gone too far?",
        "More padding never makes the output smaller. So the first padding whose output is large enough is "
        "the only candidate for the smallest; its size is right, or no padding's is.",
        "Or solve it: `size` windows need (size - 1) * stride + dilation * (kernel_size - 1) + 1 cells. Both "
        "ends together must bring what n lacks, so each brings half of it, rounded up, and at least 0. Then "
        "check with your `output_size`.",
    ),
    why="The first padding that has room for `size` windows is the only candidate; it may have room for "
    "more.",
)
def padding_for(n, size, kernel_size, stride=1, dilation=1):
    """Find the smallest padding that turns n pixels into `size`; None if no padding does.

    The padding is the same at both ends, and not negative.
    """
    lacking = (size - 1) * stride + dilation * (kernel_size - 1) + 1 - n
    padding = max(0, -(-lacking // 2))
    made = (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1
    return padding if made == size else None


@padding_for.examples
def _(draw):
    yield 5, 5, 3
    yield 8, 8, 2
    yield 8, 4, 3, 2
    yield 224, 55, 11, 4
    yield 10, 4, 3, 1
    yield 16, 16, 3, 1, 2
    yield 7, 4, 4, 3, 2
    yield 12, 12, 4, 1, 3
    yield 3, 1, 7, 2
    n, kernel_size, stride = draw.integer(12, 30), draw.integer(2, 8), draw.integer(2, 5)
    for size in (n // stride - 2, n // stride, n // stride + 1):
        yield n, size, kernel_size, stride, draw.integer(1, 3)


def _unchecked(n, size, kernel_size, stride=1, dilation=1):
    return max(0, -(-((size - 1) * stride + dilation * (kernel_size - 1) + 1 - n) // 2))


@padding_for.mistake(
    "Does your padding do it? Sometimes none does: check the size that it makes, else return None."
)
def _(n, size, kernel_size, stride=1, dilation=1):
    return _unchecked(n, size, kernel_size, stride, dilation)


@padding_for.mistake(
    "This is what is lacking at each end. Two things remain: a padding is at least 0, and it has to be "
    "checked, "
    "for sometimes none gives the size."
)
def _(n, size, kernel_size, stride=1, dilation=1):
    return -(-((size - 1) * stride + dilation * (kernel_size - 1) + 1 - n) // 2)


@padding_for.mistake(
    "What is lacking is shared by both ends, and half of an odd number must be rounded up: else it is too "
    "little."
)
def _(n, size, kernel_size, stride=1, dilation=1):
    lacking = (size - 1) * stride + dilation * (kernel_size - 1) + 1 - n
    padding = max(0, lacking // 2)
    return padding if arithmetic_or_zero(n, kernel_size, stride, padding, dilation) == size else None


def arithmetic_or_zero(n, kernel_size, stride, padding, dilation):
    """The output's size by the formula, also where the kernel does not fit."""
    return (n + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1


@padding_for.mistake(
    "(k − 1)/2 is the answer for one case only: an odd kernel, stride 1, dilation 1, and a size that stays."
)
def _(n, size, kernel_size, stride=1, dilation=1):
    return (kernel_size - 1) // 2


@padding_for.mistake("The dilation is ignored: it makes the kernel reach further.")
def _(n, size, kernel_size, stride=1, dilation=1):
    return padding_for.reference(n, size, kernel_size, stride)


@padding_for.mistake("You found the largest padding that gives this size. The smallest is asked for.")
def _(n, size, kernel_size, stride=1, dilation=1):
    paddings = range(n + size * stride + dilation * kernel_size)
    good = [p for p in paddings if arithmetic_or_zero(n, kernel_size, stride, p, dilation) == size]
    return good[-1] if good else None


@padding_for.mistake("A padding cannot be negative: that would cut the picture. Then no padding does it.")
def _(n, size, kernel_size, stride=1, dilation=1):
    lacking = (size - 1) * stride + dilation * (kernel_size - 1) + 1 - n
    padding = -(-lacking // 2)
    return padding if arithmetic_or_zero(n, kernel_size, stride, padding, dilation) == size else None


@padding_for.alternative
def by_trying(n, size, kernel_size, stride=1, dilation=1):
    for padding in range(n + size * stride + dilation * kernel_size):
        if arithmetic_or_zero(n, kernel_size, stride, padding, dilation) == size:
            return padding
    return None


@exercise(
    level=2,
    minutes=12,
    lines=3,
    equivalent={"max(0, (size - 1)": "the larger of two numbers does not depend on their order"},
    hints=(
        "Which size is wanted? A stride of s asks for n / s, rounded up: `-(-n // stride)`.",
        "That many windows need (size - 1) * stride + dilation * (kernel_size - 1) + 1 cells, and n are "
        "there.",
        "What is lacking, but at least 0, is the padding of both ends together. The first end gets half of "
        "it, rounded down; the second gets the rest.",
    ),
    why="The wanted size says how many cells are needed; what n lacks is shared, and the odd one goes last.",
)
def same_padding(n, kernel_size, stride=1, dilation=1):
    """Say how many cells TensorFlow's "same" puts (before, after) n pixels.

    As few as make the output's size n / stride, rounded up, and never fewer than none. Of an odd number, one
    more goes after than before.
    """
    size = -(-n // stride)
    total = max((size - 1) * stride + dilation * (kernel_size - 1) + 1 - n, 0)
    return total // 2, total - total // 2


@same_padding.examples
def _(draw):
    yield 6, 3
    yield 6, 2
    yield 6, 3, 2
    yield 7, 3, 2
    yield 8, 4, 1, 3
    yield 8, 1, 3
    yield 9, 2, 4
    yield 224, 7, 2
    yield draw.integer(20, 40), draw.integer(2, 8), draw.integer(2, 5), draw.integer(1, 4)
    yield draw.integer(20, 40), draw.integer(2, 8), draw.integer(2, 5), draw.integer(1, 4)


@same_padding.mistake(
    "That is the padding for stride 1. With a stride, the last window begins earlier or later."
)
def _(n, kernel_size, stride=1, dilation=1):
    return arithmetic.same_padding(kernel_size, dilation)


@same_padding.mistake("The odd cell goes after the picture, not before it.")
def _(n, kernel_size, stride=1, dilation=1):
    return same_padding.reference(n, kernel_size, stride, dilation)[::-1]


@same_padding.mistake("The wanted size is n / stride rounded up. You rounded it down.")
def _(n, kernel_size, stride=1, dilation=1):
    total = max((n // stride - 1) * stride + dilation * (kernel_size - 1) + 1 - n, 0)
    return total // 2, total - total // 2


@same_padding.mistake("A number of cells cannot be negative: if nothing is lacking, it is 0.")
def _(n, kernel_size, stride=1, dilation=1):
    total = (-(-n // stride) - 1) * stride + dilation * (kernel_size - 1) + 1 - n
    return total // 2, total - total // 2


@same_padding.mistake(
    "Both ends get the same number, as PyTorch's `padding=` has it. Then one cell too many or too few is "
    "there."
)
def _(n, kernel_size, stride=1, dilation=1):
    total = sum(same_padding.reference(n, kernel_size, stride, dilation))
    return -(-total // 2), -(-total // 2)


@same_padding.mistake("The dilation is ignored: it makes the kernel reach further.")
def _(n, kernel_size, stride=1, dilation=1):
    return same_padding.reference(n, kernel_size, stride)


@same_padding.alternative
def by_the_librarys_rule(n, kernel_size, stride=1, dilation=1):
    return arithmetic.same_padding_tensorflow(n, kernel_size, stride, dilation)


@same_padding.alternative
def by_adding_cells(n, kernel_size, stride=1, dilation=1):
    before = after = 0
    while (n + before + after - dilation * (kernel_size - 1) - 1) // stride + 1 < -(-n // stride):
        before, after = (before, after + 1) if before == after else (before + 1, after)
    return before, after


def rule_of_thumb(n, kernel_size, stride, dilation):
    """What "the padding for same is (k − 1)/2" promises: a size that stays."""
    return n


def what_it_makes(n, kernel_size, stride, dilation):
    """The size that a padding of (k − 1)/2, rounded down, really makes."""
    return arithmetic.output_size(n, kernel_size, stride, (kernel_size - 1) // 2, dilation)


HOME = "An odd kernel, stride 1, dilation 1: that is the very case in which the rule holds. Leave it."
ONE_TAP = (
    "A kernel of size 1 has no gaps, so dilation does nothing to it, and the rule holds. Take a larger one."
)


def _small_setting(n, kernel_size, stride, dilation):
    """What is not allowed about a counterexample to the rule of thumb, in a sentence; else None."""
    given = (n, kernel_size, stride, dilation)
    if not all(isinstance(number, int) and 1 <= number <= 32 for number in given):
        return "Hand in four whole numbers from 1 to 32: n, kernel_size, stride, dilation."
    reach, room = dilation * (kernel_size - 1) + 1, n + 2 * ((kernel_size - 1) // 2)
    if reach > room:
        return f"This kernel reaches over {reach} cells, and {room} are there: it has no place at all."
    if stride == 1 and kernel_size == 1:
        return ONE_TAP
    return HOME if stride == 1 and dilation == 1 and kernel_size % 2 else None


@counterexample(
    wrong=rule_of_thumb,
    right=what_it_makes,
    valid=_small_setting,
    level=1,
    minutes=4,
    hints=(
        "The rule was made for odd kernels with stride 1 and dilation 1. Leave one of these three.",
        "Try a kernel of size 2, or of 4, in the formula for the output's size.",
        "n = 8 and kernel_size = 2: (2 − 1)/2 rounded down is 0, and 8 pixels become 7.",
    ),
    why="An even kernel needs an odd number of extra cells, which two equal ends cannot bring.",
)
def same_counterexample():
    return 8, 2, 1, 1


same_counterexample.mistake(HOME)((8, 3, 1, 1))
same_counterexample.mistake(HOME)((7, 5, 1, 1))
same_counterexample.mistake(ONE_TAP)((8, 1, 1, 2))
same_counterexample.mistake("Both versions agree on this one.")((1, 3, 2, 1))
same_counterexample.mistake("This kernel reaches over 9 cells, and 8 are there: it has no place at all.")(
    (4, 5, 1, 2)
)
same_counterexample.mistake("Hand in four whole numbers from 1 to 32: n, kernel_size, stride, dilation.")(
    (8, 2.0, 1, 1)
)
