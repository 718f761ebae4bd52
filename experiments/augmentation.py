"""What each augmentation is worth with 5, 20 and 100 labels a class: digits, drawn shapes, patches of photos.

    python experiments/augmentation.py

One small network, 160 updates each ("longer": three times as many), the same labelled pictures and first
weights for every augmentation of a seed. Figures are named DATA/LABELS/AUGMENTATION: accuracy on about 500
test pictures. `… gain` is the difference to no augmentation with the same seed. For photos `… other light` is
the accuracy after every test patch has got a light of its own. `… views` averages the probabilities over
several views of each test picture.
"""

from functools import cache

import torch
from _record import record
from torch import nn

from cnncourse import data, training
from cnncourse.augmentation import Augment, affine, colour_axes, rotation

LABELS = (5, 20, 100)
UPDATES, BATCH, RATE, WIDTH = 160, 32, 5e-3, 12
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "hubble_deep_field", "retina")
DIGITS = {
    "mirror": Augment(mirror=0.5),
    "shift": Augment(shift=1),
    "rotate": Augment(rotate=10),
    "shear": Augment(shear=10),
    "elastic": Augment(elastic=0.4),
    "together": Augment(rotate=10, shear=10, elastic=0.4),
}
SHAPES = {
    "mirror": Augment(mirror=0.5),
    "shift": Augment(shift=4),
    "rotate": Augment(rotate=180),
    "brightness": Augment(colour=0.1),
    "cutout": Augment(cutout=8),
    "together": Augment(mirror=0.5, shift=4, rotate=180),
    "together, longer": Augment(mirror=0.5, shift=4, rotate=180),
}


def network(channels, classes, seed, stride=1):
    """Three convolutions and global average pooling; about 9,000 parameters."""
    torch.manual_seed(seed)

    def block(c_in, c_out, size, stride):
        convolution = nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, bias=False)
        return convolution, nn.BatchNorm2d(c_out), nn.ReLU()

    return nn.Sequential(
        *block(channels, WIDTH, 2 * stride + 1, stride), nn.MaxPool2d(2),
        *block(WIDTH, 2 * WIDTH, 3, 1), nn.MaxPool2d(2),
        *block(2 * WIDTH, 2 * WIDTH, 3, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * WIDTH, classes),
    )  # fmt: skip


def few(split, count, seed):
    """`count` pictures of every class, drawn by `seed`."""
    order = torch.randperm(len(split.labels), generator=torch.Generator().manual_seed(seed))
    classes = range(int(split.labels.max()) + 1)
    chosen = torch.cat([order[split.labels[order] == k][:count] for k in classes])
    return data.Split(split.images[chosen], split.labels[chosen])


def trained(split, augment, seed, stride=1, updates=UPDATES):
    """The network after its updates."""
    model = network(split.images.shape[1], int(split.labels.max()) + 1, seed, stride)
    epochs = max(1, round(updates / max(1, len(split.labels) / BATCH)))
    how = {"learning_rate": RATE, "schedule": "one-cycle", "seed": seed, "progress": False}
    training.train(model, split, epochs=epochs, batch_size=BATCH, augment=augment, **how)
    return model


def accuracy(model, split, views=lambda images: [images]):
    """Share of right answers; the probabilities of all views of a picture are averaged."""
    probabilities = sum(training.predict(model, view).softmax(1) for view in views(split.images))
    return (probabilities.argmax(1) == split.labels).double().mean().item()


def turned(images):
    """A digit as it is, and turned a little either way."""
    return [images, *(affine(images, rotation(torch.full((len(images),), d))) for d in (-8.0, 8.0))]


def symmetries(images):
    """The eight ways to lay a square picture down."""
    return [torch.rot90(side, k, (2, 3)) for side in (images, images.flip(-1)) for k in range(4)]


@cache
def patches():
    """16 × 16 pieces of six photos: the left half is for training, the right half for the test."""
    generator = torch.Generator().manual_seed(0)
    images = [[], []]
    for name in PHOTOS:
        photo = data.photo(name, size=160)
        half = photo.shape[2] // 2
        for split, (low, high), count in ((0, (0, half - 16), 150), (1, (half, 2 * half - 16), 84)):
            for _ in range(count):
                top = int(torch.randint(0, photo.shape[1] - 16, (), generator=generator))
                left = int(torch.randint(low, high, (), generator=generator))
                images[split].append(photo[:, top : top + 16, left : left + 16])
    labels = [torch.arange(len(PHOTOS)).repeat_interleave(len(part) // len(PHOTOS)) for part in images]
    return [data.Split(torch.stack(part), label) for part, label in zip(images, labels, strict=True)]


def relit(images):
    """Every patch under a light of its own: red, green and blue times 0.6 to 1.4."""
    light = 0.6 + 0.8 * torch.rand(len(images), 3, 1, 1, generator=torch.Generator().manual_seed(1))
    return (images * light).clamp(0, 1)


def compare(found, name, train, test, policies, seed, views=None, stride=1):
    """Fill in the figures of one data set: every number of labels with every augmentation."""
    for count in LABELS:
        split = few(train, count, seed)
        axes = colour_axes(split.images) if split.images.shape[1] == 3 else None
        for policy, augment in {"none": None, **policies(axes)}.items():
            updates = 3 * UPDATES if policy.endswith("longer") else UPDATES
            model, key = trained(split, augment, seed, stride, updates), f"{name}/{count}/{policy}"
            found[key] = accuracy(model, test)
            if policy != "none":
                found[f"{key} gain"] = found[key] - found[f"{name}/{count}/none"]
            if axes is not None:
                found[f"{key} other light"] = accuracy(model, data.Split(relit(test.images), test.labels))
            if views and policy in ("none", "together"):
                found[f"{key} views"] = accuracy(model, test, views)
                found[f"{key} views gain"] = found[f"{key} views"] - found[key]


def colours(axes):
    """What changes colours only; the second draws the paper's α, the third ten times as much."""
    return {
        "colour shift": Augment(colour=0.06),
        "PCA colour, 0.1": Augment(pca=0.1, axes=axes),
        "PCA colour, 1": Augment(pca=1.0, axes=axes),
    }


def run(seed):
    """Every figure for one seed."""
    found = {}
    digits, shapes = data.digits(16), data.shapes(900, 500, seed=100 + seed)
    compare(found, "digits", digits.train, digits.test, lambda axes: DIGITS, seed, turned)
    compare(found, "shapes", shapes.train, shapes.test, lambda axes: SHAPES, seed, symmetries, stride=2)
    compare(found, "photos", *patches(), colours, seed)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    settings = {"updates": UPDATES, "batch size": BATCH, "learning rate": RATE, "labels": list(LABELS)}
    record(run, seeds=range(5), settings=settings)
