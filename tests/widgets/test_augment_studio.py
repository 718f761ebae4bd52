"""AugmentStudio draws what its policy says, reads it out, and knows when a label is no longer true."""

import time

import pytest
import torch

from cnncourse import data
from cnncourse.augmentation import colour_axes
from cnncourse.widgets import AugmentStudio
from cnncourse.widgets.augment_studio import LOST, MIRRORED, SLIDERS, TURNED, _pictures, doubts, draw_axes

NOTHING = dict.fromkeys(SLIDERS, 0.0)


def test_at_zero_nothing_is_changed():
    studio = AugmentStudio("digits")
    images, titles = _pictures("digits")
    assert torch.equal(studio.policy()(images), images)
    assert "every slider is at 0" in studio._status.value and 'role="status"' in studio._status.value
    assert titles[:10] == tuple("0123456789") and len(images) == len(titles) == 12


@pytest.mark.parametrize("source", ["digits", "shapes", "chelsea"])
def test_shares_of_the_side_become_pixels(source):
    studio = AugmentStudio(source)
    side = min(_pictures(source)[0].shape[-2:])
    studio.set(shift=0.25, elastic=0.05, cutout=0.5)
    policy = studio.policy()
    assert (policy.shift, policy.cutout) == (side // 4, side // 2)
    assert policy.elastic == pytest.approx(0.05 * side)


def test_sliders_are_labelled_and_draw_anew_in_well_under_a_second():
    studio = AugmentStudio("digits")
    assert all(slider.description and not slider.continuous_update for slider in studio._sliders.values())
    before = studio._picture.value
    start = time.process_time()
    studio._sliders["rotate"].value = 30
    assert time.process_time() - start < 1
    assert studio._picture.value != before and "largest turn, degrees: 30" in studio._status.value
    assert "alt=" in studio._picture.value
    drawn = studio._picture.value
    studio._again.click()
    assert studio._picture.value != drawn and studio.setting["rotate"] == 30
    studio._reset.click()
    assert not any(studio.setting.values())
    assert repr(AugmentStudio("shapes", rotate=20)) == "AugmentStudio('shapes', rotate=20)"


def test_pca_colour_is_for_colour_pictures():
    studio = AugmentStudio("digits", pca=1.0)
    assert studio._sliders["pca"].disabled and studio.policy().pca == 0
    assert "PCA" not in studio._status.value
    studio.set("coffee")
    assert not studio._sliders["pca"].disabled and studio.policy().pca == 1
    assert "colour axes" in studio._picture.value


def test_axes_are_said_and_drawn():
    photo = data.photo("coffee", size=48)
    values, _ = colour_axes(photo[None])
    picture = draw_axes(photo)
    for share in values / values.sum():
        assert f"{share:.1%}" in picture.alt
    assert len(picture.figure.axes) == 3


@pytest.mark.parametrize(
    "kind, setting, reason",
    [
        ("digits", {"mirror": 0.5}, MIRRORED),
        ("digits", {"rotate": 180}, TURNED),
        ("digits", {"crop": 0.6}, LOST),
        ("photo", {"cutout": 0.5}, LOST),
        ("photo", {"mirror": 0.5, "rotate": 90}, None),
        ("shapes", {"mirror": 0.5, "rotate": 180, "shift": 0.1}, None),
        ("digits", {"rotate": 15, "shear": 15, "elastic": 0.03}, None),
    ],
)
def test_what_the_label_says(kind, setting, reason):
    assert doubts({**NOTHING, **setting}, kind) == ([reason] if reason else [])


def test_the_question_is_answered_and_forgotten_when_a_slider_moves():
    studio = AugmentStudio("digits", mirror=0.5)
    studio._answer.value = "yes"
    assert "I see it differently" in studio._reply.value and MIRRORED[:20] in studio._reply.value
    studio._answer.value = "no"
    assert "That is how I see it" in studio._reply.value and 'role="status"' in studio._reply.value
    studio.set(mirror=0.0)
    assert studio._answer.index is None and studio._reply.value == ""
