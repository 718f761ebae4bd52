import math

import pytest
import torch

from cnncourse import _shapes, data

PLAIN = {"shift": 0.0, "rotate": 0.0, "texture": 0.0, "noise": 0.0, "scale": (0.8, 0.8)}
AREA = {  # in units of the radius squared
    "circle": math.pi * 0.9**2,
    "square": 1.42**2,
    "triangle": 3 * math.sqrt(3) / 4,
    "cross": 2 * 1.9 * 0.6 - 0.6**2,
    "ring": math.pi * (0.95**2 - 0.49**2),
    "star": 10 * 0.5 * 0.42 * math.sin(math.pi / 5),
}


def covered(name, size=64, **how):
    """One shape alone, as the share of each pixel that it covers."""
    image = data.shapes(1, 1, size=size, classes=(name,), **{**PLAIN, **how}).train.images[0, 0]
    low, high = image.min(), image.max()
    return (image - low) / (high - low)


def test_shapes_are_balanced_seeded_and_in_range():
    drawn, again, other = data.shapes(100, 40), data.shapes(100, 40), data.shapes(100, 40, seed=1)
    assert drawn.train.images.shape == (100, 1, 32, 32) and drawn.test.images.shape == (40, 1, 32, 32)
    assert drawn.train.images.dtype == torch.float32 and drawn.train.labels.dtype == torch.int64
    assert drawn.train.images.min() >= 0 and drawn.train.images.max() <= 1
    assert torch.equal(drawn.train.images, again.train.images)
    assert torch.equal(drawn.test.labels, again.test.labels)
    assert not torch.equal(drawn.train.images, other.train.images)
    assert not torch.equal(drawn.train.images[:40], drawn.test.images)
    counts = drawn.train.labels.bincount()
    assert counts.max() - counts.min() <= 1 and len(counts) == len(drawn.classes) == 6


def test_drawing_leaves_the_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    data.shapes(5, 5)
    assert torch.equal(torch.rand(2), expected)


@pytest.mark.parametrize("name", _shapes.DRAW)
def test_a_shape_has_its_area_whatever_the_angle(name):
    """Anti-aliasing covers as many pixels as geometry says, within 2 %."""
    radius = 0.8 * 64 / 2
    for rotate, seed in [(0, 0), (180, 1), (180, 2)]:
        area = covered(name, rotate=rotate, seed=seed).sum()
        assert area == pytest.approx(AREA[name] * radius**2, rel=0.02)


@pytest.mark.parametrize("name", _shapes.DRAW)
def test_edges_are_soft_and_the_inside_is_solid(name):
    cover = covered(name, rotate=180, seed=4)
    soft = ((cover > 0.02) & (cover < 0.98)).float().mean()
    assert 0.01 < soft < 0.15
    assert (cover > 0.98).any()


@pytest.mark.parametrize("name", ["triangle", "star"])
def test_what_has_a_tip_points_upwards(name):
    rows = covered(name).sum(1).nonzero().flatten()
    top, bottom = (covered(name)[row].nonzero().flatten() for row in (rows[0], rows[-1]))
    assert top.min() >= 30 and top.max() <= 33, "one tip, in the middle"
    assert bottom.min() < 24 and bottom.max() > 39
    assert torch.allclose(covered(name), covered(name).flip(1), atol=1e-4), "symmetric from left to right"


def test_position_and_scale_follow_their_arguments():
    middle = data.shapes(60, 1, **{**PLAIN, "classes": ("circle",)})
    assert torch.allclose(middle.train.images, middle.train.images.flip(-1, -2), atol=1e-5)
    moved = data.shapes(
        60, 1, **{**PLAIN, "classes": ("circle",), "scale": (0.3, 0.6), "shift": 1.0}
    ).train.images
    ground = moved.amin((1, 2, 3), keepdim=True)
    cover = (moved - ground) / (moved.amax((1, 2, 3), keepdim=True) - ground)
    area = cover.sum((1, 2, 3))
    diameters = 2 * (area / math.pi).sqrt() / 0.9 / 32
    assert 0.28 < diameters.min() < 0.36 and 0.54 < diameters.max() < 0.62
    columns = (cover.sum((1, 2)) * torch.arange(32)).sum(1) / area
    assert columns.min() < 9 and columns.max() > 22
    # Nothing leaves the picture: the border stays (almost) free.
    assert cover[..., 0, :].max() < 0.6 and cover[..., :, -1].max() < 0.6


def test_texture_and_noise_are_separate():
    smooth = data.shapes(20, 1, **{**PLAIN, "texture": 0.5}).train.images
    grainy = data.shapes(20, 1, **{**PLAIN, "noise": 0.1}).train.images
    corner = slice(0, 6)

    def roughness(images):
        patch = images[..., corner, corner]
        return (patch[..., 1:] - patch[..., :-1]).abs().mean()

    assert roughness(data.shapes(20, 1, **PLAIN).train.images) == 0
    assert 0 < roughness(smooth) < roughness(grainy) / 2


def test_a_subset_of_the_classes():
    two = data.shapes(10, 4, classes=("ring", "circle"))
    assert two.classes == ("ring", "circle") and set(two.train.labels.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"classes": ("circle", "hexagon")}, "hexagon.*circle"),
        ({"classes": ()}, "no shape"),
        ({"scale": (0.9, 0.2)}, "scale"),
        ({"scale": (0, 0.2)}, "scale"),
    ],
)
def test_what_cannot_be_drawn(how, words):
    with pytest.raises(ValueError, match=words):
        data.shapes(2, 2, **how)
