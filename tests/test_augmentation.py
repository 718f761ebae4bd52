"""Augmentation: geometry that can be seen exactly, types and ranges, and chance that comes from the seed."""

import math

import pytest
import torch

from cnncourse import augmentation as A
from cnncourse import data

POLICY = {"mirror": 0.5, "crop": 0.3, "shift": 2, "rotate": 20, "shear": 10, "elastic": 1.0, "colour": 0.1}


def pictures(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def angles(*degrees):
    return torch.tensor(degrees)


def test_half_turns_and_quarter_turns_are_exact():
    oblong, square = pictures(2, 3, 7, 10), pictures(1, 1, 5, 5)
    turned = A.affine(oblong, A.rotation(angles(180.0, 0.0)))
    torch.testing.assert_close(turned[0], oblong[0].flip(-1, -2), atol=1e-5, rtol=0)
    torch.testing.assert_close(turned[1], oblong[1], atol=1e-5, rtol=0)
    quarter = A.affine(square, A.rotation(angles(90.0)))
    torch.testing.assert_close(quarter, torch.rot90(square, 1, (2, 3)), atol=1e-5, rtol=0)


def test_a_dot_turns_counter_clockwise_and_leans_to_the_right():
    picture = torch.zeros(1, 1, 9, 13)
    picture[0, 0, 4, 9] = 1  # three to the right of the middle
    up = A.affine(picture, A.rotation(angles(90.0)))
    assert up[0, 0, 1, 6] > 0.99 and up.sum() == pytest.approx(1, abs=1e-4)
    above = torch.zeros(1, 1, 9, 13)
    above[0, 0, 1, 6] = 1  # three above the middle
    assert A.affine(above, A.shearing(angles(45.0)))[0, 0, 1, 9] > 0.99


def test_a_turn_in_pixels_keeps_lengths_on_an_oblong_picture():
    y, x = torch.meshgrid(torch.arange(31) - 15.0, torch.arange(61) - 30.0, indexing="ij")
    disc = torch.exp(-(x**2 + y**2) / 50)[None, None]  # round, so that no turn may change it
    turned = A.affine(disc, A.rotation(angles(37.0)))
    assert (turned - disc).abs().max() < 0.02


def test_crop_and_mirror_take_each_picture_by_itself():
    images = pictures(3, 2, 6, 8)
    pieces = A.crop(images, torch.tensor([0, 3, 1]), torch.tensor([4, 0, 2]), 3, 4)
    for piece, image, (top, left) in zip(pieces, images, ((0, 4), (3, 0), (1, 2)), strict=True):
        assert torch.equal(piece, image[:, top : top + 3, left : left + 4])
    mirrored = A.mirror(images, torch.tensor([True, False, True]))
    assert torch.equal(mirrored[1], images[1]) and torch.equal(mirrored[0], images[0].flip(-1))


def test_elastic_moves_by_its_strength_and_neighbours_alike():
    noise = 2 * pictures(2, 2, 40, 50) - 1
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(50.0), indexing="ij")
    ramps = torch.stack([x, y])[None].expand(2, -1, -1, -1)  # a picture whose values are its places
    moved = (A.elastic(ramps, noise, 4.0, 1.5) - ramps)[:, :, 8:-8, 8:-8]
    offsets = A.blur(noise, 4.0)
    offsets = 1.5 * offsets / offsets.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    torch.testing.assert_close(moved, offsets[:, :, 8:-8, 8:-8], atol=1e-3, rtol=1e-3)
    assert moved.diff(dim=-1).abs().mean() < 0.3 * moved.abs().mean()


def test_blur_is_a_gaussian():
    dot = torch.zeros(1, 2, 21, 23)
    dot[0, 0, 10, 11] = 1
    found = A.blur(dot, 1.5)
    assert found[0, 0].sum() == pytest.approx(1, abs=1e-4) and found[0, 1].abs().max() == 0
    ratio = found[0, 0, 10, 13] / found[0, 0, 10, 11]
    assert ratio == pytest.approx(math.exp(-(2**2) / (2 * 1.5**2)), rel=1e-4)


def test_colour_axes_take_the_variance_apart():
    images = torch.stack([data.photo(name, size=64)[:, :64, :64] for name in ("astronaut", "coffee")])
    values, vectors = A.colour_axes(images)
    pixels = images.movedim(1, -1).reshape(-1, 3)
    torch.testing.assert_close(vectors @ values.diag() @ vectors.T, torch.cov(pixels.T), rtol=1e-3, atol=1e-5)
    assert values[0] > values[1] > values[2] > 0
    shift = A.pca_colour(images, values, vectors, torch.tensor([[1.0, 0, 0], [0, 0, 0]])) - images
    assert torch.equal(shift[1], torch.zeros_like(shift[1]))
    middle = (images[0] > 0.4) & (images[0] < 0.6)  # where nothing is clamped
    for c in range(3):
        expected = (values[0] * vectors[c, 0]).expand(middle[c].sum())
        torch.testing.assert_close(shift[0, c][middle[c]], expected, atol=1e-5, rtol=0)


def test_cutout_and_mixup():
    images = pictures(2, 3, 6, 7) + 0.1
    covered = A.cutout(images, torch.tensor([-1, 4]), torch.tensor([2, 5]), 3)
    assert (covered[0] == 0).sum() == 3 * 2 * 3 and (covered[1] == 0).sum() == 3 * 2 * 2
    blend, targets = A.mixup(images, torch.eye(2), torch.tensor([1, 0]), torch.tensor([0.75, 1.0]))
    torch.testing.assert_close(blend[0], 0.75 * images[0] + 0.25 * images[1])
    assert torch.equal(blend[1], images[1]) and targets.tolist() == [[0.75, 0.25], [0.0, 1.0]]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float16, torch.float32, torch.float64])
def test_every_transformation_keeps_type_range_and_input(dtype):
    images = pictures(4, 3, 12, 17)
    images = (255 * images).to(dtype) if dtype == torch.uint8 else images.to(dtype)
    axes, before = A.colour_axes(images.float() / (255 if dtype == torch.uint8 else 1)), images.clone()
    for name, strength in {**POLICY, "pca": 5.0, "cutout": 4}.items():
        found = A.Augment(**{name: strength}, axes=axes)(images, torch.Generator().manual_seed(1))
        assert found.dtype == dtype and found.shape == images.shape, name
        assert found.min() >= 0 and found.max() <= (255 if dtype == torch.uint8 else 1), name
        assert not torch.equal(found, images) and torch.equal(images, before), name


def test_bytes_and_numbers_are_augmented_alike():
    bytes_ = (255 * pictures(3, 3, 10, 14)).to(torch.uint8)
    policy = A.Augment(**POLICY)
    as_bytes, as_numbers = (
        policy(images, torch.Generator().manual_seed(3)) for images in (bytes_, bytes_ / 255)
    )
    assert (as_bytes / 255 - as_numbers).abs().max() < 4 / 255  # rounded once a step


def test_the_seed_decides_and_every_picture_has_its_own_chance():
    same = pictures(1, 1, 16, 16).expand(6, -1, -1, -1)
    for name, strength in POLICY.items():
        policy = A.Augment(**{name: strength})
        first, again, other = (policy(same, torch.Generator().manual_seed(s)) for s in (5, 5, 6))
        assert torch.equal(first, again) and not torch.equal(first, other), name
        assert len({tuple(image.flatten().tolist()) for image in first}) > 1, name
    torch.manual_seed(0)
    loose = A.Augment(rotate=30)(same)
    torch.manual_seed(0)
    assert torch.equal(A.Augment(rotate=30)(same), loose)


def test_nothing_is_drawn_for_nothing():
    images, generator = pictures(2, 1, 8, 8), torch.Generator().manual_seed(0)
    state = generator.get_state()
    assert torch.equal(A.Augment()(images, generator), images)
    assert torch.equal(generator.get_state(), state)


def test_pca_without_axes_says_what_to_do():
    with pytest.raises(ValueError, match=r"colour_axes\(images\)"):
        A.Augment(pca=0.1)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_gpu_gets_the_same_numbers():
    images = pictures(4, 3, 12, 17)
    policy = A.Augment(**POLICY, pca=1.0, cutout=3, axes=A.colour_axes(images))
    on_cpu, on_gpu = (policy(images.to(d), torch.Generator().manual_seed(2)) for d in ("cpu", "cuda"))
    torch.testing.assert_close(on_gpu.cpu(), on_cpu, atol=1e-4, rtol=0)
