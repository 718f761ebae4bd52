"""Pictures side by side keep their order and their words."""

import re

import pytest
import torch

from cnncourse import display


def test_a_row_shows_every_picture_in_order_with_its_words():
    first, second = display.show_array(torch.eye(2), title="left"), display.show_images(torch.rand(4, 5))
    bundle = display.show_row(first, second)._repr_mimebundle_()
    assert re.findall(r'<img alt="([^"]+)"', bundle["text/html"]) == [first.alt, second.alt]
    assert bundle["text/plain"] == f"{first!r}\n{second!r}"
    assert display.show_row(first, second).alt == f"{first.alt} {second.alt}"


def test_an_empty_row_says_what_to_hand_in():
    with pytest.raises(ValueError, match="nothing to show"):
        display.show_row()
