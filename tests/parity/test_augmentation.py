"""Our geometry against torchvision's, on pictures that are not square."""

import pytest
import torch

from cnncourse import augmentation as A

SHAPES = [(2, 3, 9, 9), (2, 1, 7, 12), (3, 3, 16, 11)]
CLOSE = {"atol": 1e-5, "rtol": 0}


@pytest.fixture(scope="module")
def v2(torchvision):
    from torchvision.transforms import v2

    return v2


def pictures(shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def alike(degrees, count):
    return torch.full((count,), degrees)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("degrees", [0.0, 13.0, 90.0, -140.0])
def test_rotation(v2, shape, degrees):
    images = pictures(shape)
    theirs = v2.functional.rotate(images, degrees, interpolation=v2.InterpolationMode.BILINEAR)
    torch.testing.assert_close(A.affine(images, A.rotation(alike(degrees, len(images)))), theirs, **CLOSE)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("degrees", [15.0, -40.0])
def test_shearing(v2, shape, degrees):
    images = pictures(shape)
    how = {"angle": 0, "translate": [0, 0], "scale": 1, "interpolation": v2.InterpolationMode.BILINEAR}
    theirs = v2.functional.affine(images, shear=[degrees, 0.0], **how)
    torch.testing.assert_close(A.affine(images, A.shearing(alike(degrees, len(images)))), theirs, **CLOSE)


@pytest.mark.parametrize("shape", SHAPES)
def test_elastic(v2, shape):
    images = pictures(shape)
    noise = 2 * torch.rand(1, 2, *shape[2:], generator=torch.Generator().manual_seed(1)) - 1
    offsets = A.blur(noise, 1.5)
    offsets = 1.2 * offsets / offsets.square().mean().sqrt()
    across, down = 2 * offsets[:, 0] / shape[3], 2 * offsets[:, 1] / shape[2]  # in units of half a picture
    how = {"interpolation": v2.InterpolationMode.BILINEAR}
    theirs = v2.functional.elastic(images, torch.stack([across, down], dim=-1), **how)
    ours = A.elastic(images, noise.expand(len(images), -1, -1, -1), 1.5, 1.2)
    torch.testing.assert_close(ours, theirs, **CLOSE)


@pytest.mark.parametrize("shape", SHAPES)
def test_mirror_crop_and_blur(v2, shape):
    images, functional = pictures(shape), v2.functional
    everyone = torch.ones(len(images), dtype=torch.bool)
    assert torch.equal(A.mirror(images, everyone), functional.horizontal_flip(images))
    places = torch.full((len(images),), 2), torch.full((len(images),), 3)
    assert torch.equal(A.crop(images, *places, 4, 5), functional.crop(images, 2, 3, 4, 5))
    padded = torch.nn.functional.pad(images, (6,) * 4)  # so that the borders' treatment plays no part
    smooth = functional.gaussian_blur(padded, [9, 9], [1.3, 1.3])
    torch.testing.assert_close(A.blur(padded, 1.3)[..., 4:-4, 4:-4], smooth[..., 4:-4, 4:-4], **CLOSE)


def test_bytes(v2):
    images = (255 * pictures((2, 3, 8, 13))).to(torch.uint8)
    theirs = v2.functional.rotate(images, 13.0, interpolation=v2.InterpolationMode.BILINEAR)
    assert torch.equal(A.affine(images, A.rotation(alike(13.0, 2))), theirs)


def test_mixup_blends_as_torchvision_does(v2):
    images, labels = pictures((4, 3, 5, 6)), torch.tensor([0, 2, 1, 2])
    torch.manual_seed(0)
    theirs, targets = v2.MixUp(alpha=0.7, num_classes=3)(images, labels)
    one_hot = torch.nn.functional.one_hot(labels, 3).float()
    share = targets[0, 0].item()  # picture 0 keeps its class 0, for its partner has another
    ours, ours_targets = A.mixup(images, one_hot, torch.tensor([3, 0, 1, 2]), torch.full((4,), share))
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(ours_targets, targets)
