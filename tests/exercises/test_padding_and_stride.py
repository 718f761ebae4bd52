"""Chapter 02 where the gate does not look: what is drawn, and that the rules are those of torch."""

import itertools

import torch
from torch import nn

from cnncourse import arithmetic
from cnncourse.exercises import EXERCISES


def test_a_failing_stack_is_written_out():
    verdict = EXERCISES["receptive_field"].grade(lambda layers: (1, 1, 0))
    assert "((3, 1, 0, 1))" in verdict._repr_html_()


def test_every_size_and_padding_is_torchs():
    output_size, padding_for = EXERCISES["output_size"].reference, EXERCISES["padding_for"].reference
    for n, k, s, d in itertools.product((5, 8, 13), (1, 2, 3, 5), (1, 2, 3), (1, 2)):
        made = {}
        for p in range(6):
            if d * (k - 1) + 1 <= n + 2 * p:
                layer = nn.Conv2d(1, 1, k, stride=s, padding=p, dilation=d, device="meta")
                size = layer(torch.empty(1, 1, n, n, device="meta")).shape[2]
                assert output_size(n, k, s, p, d) == size
                made.setdefault(size, p)
        for size in range(1, max(made) + 1):
            assert padding_for(n, size, k, s, d) == made.get(size), (n, size, k, s, d)


def test_same_padding_is_as_little_as_makes_the_size():
    same_padding = EXERCISES["same_padding"].reference
    for n, k, s, d in itertools.product(range(1, 12), (1, 2, 3, 4), (1, 2, 3), (1, 2)):
        before, after = same_padding(n, k, s, d)
        assert (before, after) == arithmetic.same_padding_tensorflow(n, k, s, d)
        assert (n + before + after - d * (k - 1) - 1) // s + 1 == -(-n // s)
        assert after - before in (0, 1)


def test_a_kernel_of_a_multiple_of_the_stride_stamps_evenly():
    even = []
    for k in (3, 4, 5):
        stamps = nn.functional.conv_transpose2d(torch.ones(1, 1, 9, 9), torch.ones(1, 1, k, k), stride=2)
        even.append(len(stamps[..., k:-k, k:-k].unique()) == 1)
    answer = EXERCISES["checkerboard_free"].reference
    assert [answer == letter for letter in "abc"] == even
