"""The finish: the best network under 50,000 parameters and 60 seconds, on few digits and on few shapes."""

from functools import cache

import torch
from torch import nn

from ... import data, training
from ...augmentation import Augment
from .._experiment import NOT_A_MODULE, NOT_ENOUGH, NOT_SCORES, TOO_LARGE, UNTRAINED
from .._kinds import experiment


@cache
def digits_for(seed):
    """20 digits of each class to learn from, drawn by the seed; the 500 kept back for the test."""
    whole = data.digits(16)
    order = torch.randperm(len(whole.train.labels), generator=torch.Generator().manual_seed(seed))
    chosen = torch.cat([order[whole.train.labels[order] == k][:20] for k in range(10)])
    return data.Split(whole.train.images[chosen], whole.train.labels[chosen]), whole.test


@cache
def shapes_for(seed):
    """50 shapes of each of six classes to learn from, and 500 to be tested on, drawn anew for every seed."""
    drawn = data.shapes(300, 500, seed=1000 + seed)
    return drawn.train, drawn.test


def finish(data, tiers, **about):
    """One of the two tasks: the budget that they share, and the accuracies of the tiers; bronze passes."""
    budget = {"parameters": 50_000, "seconds": 60, "level": 3, "minutes": 40}
    named = dict(zip(("bronze", "silver", "gold"), tiers, strict=True))
    return experiment(data=data, accuracy=tiers[0], tiers=named, **budget, **about)


@finish(
    digits_for,
    tiers=(0.93, 0.95, 0.96),
    lines=15,
    hints=(
        "Three blocks of convolution, batch norm and ReLU, with pooling between and global average pooling "
        "at the end, reach silver without any augmentation. Count the parameters before you train.",
        "Which of the chapter's transformations keep a digit's label and happen in real handwriting? "
        "`training.train(…, augment=Augment(…))` takes them; the one-cycle schedule ends with small steps.",
        "Channels 24, 48, 48; `Augment(rotate=10, shear=10)`; 60 epochs in batches of 50 with a learning "
        "rate of 5e-3.",
    ),
    why="Small turns and slants are what differs from hand to hand; a mirror image is not.",
)
def finish_digits(split):
    """Train a network on 200 digits (N, 1, 16, 16) and return it: at most 50,000 parameters, 60 seconds."""
    torch.manual_seed(0)

    def block(c_in, c_out):
        return nn.Conv2d(c_in, c_out, 3, padding=1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()

    model = nn.Sequential(
        *block(1, 24), nn.MaxPool2d(2), *block(24, 48), nn.MaxPool2d(2), *block(48, 48),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 10),
    )  # fmt: skip
    training.train(
        model, split, epochs=60, batch_size=50, learning_rate=5e-3, schedule="one-cycle",
        augment=Augment(rotate=10, shear=10),
    )  # fmt: skip
    return model


@finish(
    shapes_for,
    tiers=(0.9, 0.95, 0.98),
    lines=16,
    hints=(
        "The shapes lie anywhere, at any angle, and 300 of them show few of these. Which transformations "
        "make more, at no price?",
        "A shape does not care for a mirror, nor for any turn: `Augment(mirror=0.5, rotate=180, shift=4)`. "
        "More varied pictures take more epochs than the plain ones.",
        "Channels 16, 32, 48, 48, the first convolution 5×5 with stride 2; global max pooling, for a shape "
        "is somewhere; 30 epochs in batches of 50, a learning rate of 5e-3, one-cycle.",
    ),
    why="What the test varies and the label does not care for is what augmentation should vary.",
)
def finish_shapes(split):
    """Train a network on 300 shapes (N, 1, 32, 32) and return it: at most 50,000 parameters, 60 seconds."""
    torch.manual_seed(0)

    def block(c_in, c_out, size=3, stride=1):
        convolution = nn.Conv2d(c_in, c_out, size, stride, padding=size // 2, bias=False)
        return convolution, nn.BatchNorm2d(c_out), nn.ReLU()

    model = nn.Sequential(
        *block(1, 16, 5, 2), *block(16, 32), nn.MaxPool2d(2), *block(32, 48), nn.MaxPool2d(2), *block(48, 48),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(48, 6),
    )  # fmt: skip
    training.train(
        model, split, epochs=30, batch_size=50, learning_rate=5e-3, schedule="one-cycle",
        augment=Augment(mirror=0.5, rotate=180, shift=4),
    )  # fmt: skip
    return model


def _sizes(split):
    """(numbers of a picture, classes)."""
    return split.images[0].numel(), int(split.labels.max()) + 1


def untrained(split):
    torch.manual_seed(0)
    pixels, classes = _sizes(split)
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, classes))


def nearest_mean(split):
    """A linear layer that asks which class's mean picture is nearest: −‖x − m‖² without the ‖x‖²."""
    pixels, classes = _sizes(split)
    model, flat = nn.Sequential(nn.Flatten(), nn.Linear(pixels, classes)), split.images.flatten(1)
    means = torch.stack([flat[split.labels == k].mean(0) for k in range(classes)])  # (K, H·W)
    model[1].weight.data, model[1].bias.data = 2 * means, -means.square().sum(1)
    return model


def too_large(split):
    pixels, classes = _sizes(split)
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, 500), nn.ReLU(), nn.Linear(500, classes))


def its_history(split):
    return training.History()


def one_number(split):
    return nn.Sequential(nn.Flatten(), nn.Linear(split.images[0].numel(), 1))


for task in (finish_digits, finish_shapes):
    task.mistake(NOT_A_MODULE)(its_history)
    task.mistake(TOO_LARGE)(too_large)
    task.mistake(NOT_SCORES)(one_number)
    task.mistake(UNTRAINED)(untrained)
finish_digits.mistake(NOT_ENOUGH)(nearest_mean)
