"""What moves whole pictures: mirroring, and cutting pieces out of them."""

import torch

from ... import augmentation
from .._kinds import choice, exercise

mirror = exercise(
    augmentation.mirror,
    level=1,
    minutes=6,
    lines=1,
    hints=(
        "`images.flip(-1)` mirrors all of them. How do you take some pictures from it, and the others from "
        "`images`?",
        "`torch.where(condition, a, b)` takes from a where the condition is true. The condition is (N,), the "
        "pictures are (N, C, H, W): give it three more dimensions of size 1.",
        "`chosen[:, None, None, None]` has shape (N, 1, 1, 1).",
    ),
    why="One True or False a picture, and nothing is changed in place: the next epoch needs the originals.",
)


@mirror.examples
def _(draw):
    yield draw.uniform(1, 1, 2, 3), torch.tensor([True])
    yield draw.uniform(2, 1, 2, 3), torch.tensor([False, True])
    yield draw.uniform(4, 3, 4, 5), torch.tensor([True, False, False, True])
    yield draw.uniform(5, 2, 5, 3), torch.tensor([False, True, True, False, draw.integer(0, 2) > 0])


@mirror.mistake(
    "That exchanges top and bottom. Left and right change places when the columns are reversed, dimension −1."
)
def _(images, chosen):
    return torch.where(chosen[:, None, None, None], images.flip(-2), images)


@mirror.mistake(
    "You turn the pictures by 180 degrees. Mirroring reverses the columns and leaves the rows alone."
)
def _(images, chosen):
    return torch.where(chosen[:, None, None, None], images.flip(-1, -2), images)


@mirror.mistake("You mirror the pictures that were not chosen.")
def _(images, chosen):
    return torch.where(chosen[:, None, None, None], images, images.flip(-1))


@mirror.mistake("You mirror all of them: only where `chosen` is True.")
def _(images, chosen):
    return images.flip(-1)


@mirror.mistake("One decision is taken for the whole batch. Each picture has its own.")
def _(images, chosen):
    return images.flip(-1) if chosen[0] else images.clone()


@mirror.mistake(
    "The pictures that were not chosen are gone. The batch keeps its size, with the others as they were."
)
def _(images, chosen):
    return images[chosen].flip(-1)


@mirror.mistake(
    "You mirror in place, and the pictures of the caller are changed: in the next epoch they would be "
    "mirrored back. Work on a copy."
)
def _(images, chosen):
    images[chosen] = images[chosen].flip(-1)
    return images


@mirror.alternative
def on_a_copy(images, chosen):
    images = images.clone()
    images[chosen] = images[chosen].flip(3)
    return images


@mirror.alternative
def one_by_one(images, chosen):
    return torch.stack(
        [image.flip(-1) if flag else image for image, flag in zip(images, chosen, strict=True)]
    )


mirrored_digits = choice(
    "b",
    level=1,
    minutes=3,
    replies={
        "a": (
            "All of them: it is the same ink.",
            "The same ink, but not the same digit: a mirrored 3 is none that anybody writes. A label is "
            "about what people read.",
        ),
        "b": (
            "Only 0 and 8, and a 1 that is a plain stroke.",
            "Right. 0 and 8 look the same in a mirror, and so does a 1 without its flag. The others become "
            "shapes that nobody writes, or worse: some mirrored 5 could be taken for a 2.",
        ),
        "c": (
            "0, 1, 3 and 8.",
            "A 3 is the same when top and bottom change places. Left for right it opens the other way: Ɛ.",
        ),
        "d": (
            "None of them: a network must learn all directions.",
            "0 and 8 survive: mirrored, they are a 0 and an 8. Look at the pictures once more.",
        ),
    },
)

turned_digits = choice(
    "c",
    level=1,
    minutes=3,
    replies={
        "a": (
            "All labels stay true: a digit is a digit from every side.",
            "Turn a 6 by 180 degrees and read it: it is a 9. The network would be taught that some nines are "
            "sixes.",
        ),
        "b": (
            "6 and 9 change places; the other eight stay what they are.",
            "6 and 9 do. But a turned 2, 3, 4 or 7 is no digit that anybody writes.",
        ),
        "c": (
            "6 and 9 change places; 0, 8, a plain 1 and many a 5 stay; the others become nothing.",
            "Right. For 6 and 9 the label becomes false; for 2, 3, 4 and 7 the picture becomes one that no "
            "test will ever show. A 5 written like an S survives, for a turned S is an S.",
        ),
        "d": (
            "None is harmed, for pooling makes a network indifferent to rotation.",
            "Pooling forgives small shifts (chapter 03). Nothing in a convolutional network makes a turned "
            "picture the same.",
        ),
    },
)

ON_CPU = "the examples lie on the CPU, where the device need not be named"

crop = exercise(
    augmentation.crop,
    level=2,
    minutes=12,
    lines=4,
    equivalent={
        "torch.arange(height)": ON_CPU,
        "torch.arange(width)": ON_CPU,
        "torch.arange(len(images))": ON_CPU,
        "columns[:, None]]": "without the last colon (N, 1, width) is indexed in the same way",
    },
    hints=(
        "For one picture it is a slice: `image[:, top : top + height, left : left + width]`. You may do that "
        "for each, and `torch.stack` the pieces.",
        "Without a loop: the rows of piece n are `tops[n] + arange(height)`, so `rows = tops[:, None] + "
        "torch.arange(height)` is (N, height); columns likewise.",
        "`images[picture, :, rows[:, :, None], columns[:, None, :]]` with `picture = torch.arange(N)[:, "
        "None, None]` is (N, height, width, C): the channels have gone to the end, and `movedim(-1, 1)` "
        "brings them back.",
    ),
    why="Index tensors that broadcast to (N, height, width) read all pieces at once, on a GPU too.",
)


@crop.examples
def _(draw):
    yield draw.uniform(1, 1, 4, 5), torch.tensor([1]), torch.tensor([2]), 2, 3
    yield draw.uniform(2, 3, 5, 6), torch.tensor([2, 0]), torch.tensor([1, 2]), 3, 2
    yield draw.uniform(3, 2, 7, 6), torch.tensor([0, 3, 1]), torch.tensor([2, 0, 1]), 4, 3
    tops, lefts = draw.permutation(4), draw.permutation(5)[:4]
    yield draw.uniform(4, 3, 8, 9), tops, lefts, 4, 5
    yield draw.integers(2, 3, 7, 8, high=256).to(torch.uint8), tops[:2], lefts[:2], 3, 4


def _wrong_crop(message, places):
    """A mistake from a function of the corners and sizes that returns those of other pieces."""

    def candidate(images, tops, lefts, height, width):
        return augmentation.crop(images, *places(tops, lefts, height, width))

    crop.mistake(message)(candidate)


_wrong_crop(
    "Rows and columns are exchanged: `tops` counts rows, which are dimension 2.",
    lambda t, s, h, w: (s, t, h, w),
)
_wrong_crop(
    "Height and width are exchanged: the piece is `height` rows of `width` columns.",
    lambda t, s, h, w: (t, s, w, h),
)
_wrong_crop(
    "Every picture is cut at the place of the first. Each has a corner of its own.",
    lambda t, s, h, w: (t[:1].expand_as(t), s[:1].expand_as(s), h, w),
)
_wrong_crop(
    "Your pieces are one row and one column too large: a slice ends before its end, so it is "
    "`top : top + height`.",
    lambda t, s, h, w: (t, s, h + 1, w + 1),
)


@crop.mistake("The channels have ended up behind rows and columns. Bring them back: (N, C, height, width).")
def _(images, tops, lefts, height, width):
    return augmentation.crop(images, tops, lefts, height, width).movedim(1, -1)


@crop.mistake("The piece is cut from the upper left corner, wherever `tops` and `lefts` point.")
def _(images, tops, lefts, height, width):
    return images[:, :, :height, :width].clone()


@crop.mistake("You end each slice at `height` and `width`. It ends that many pixels after its beginning.")
def _(images, tops, lefts, height, width):
    return torch.stack([
        image[:, t:height, s:width] for image, t, s in zip(images, tops.tolist(), lefts.tolist(), strict=True)
    ])  # fmt: skip


@crop.alternative
def by_slices(images, tops, lefts, height, width):
    corners = zip(images, tops.tolist(), lefts.tolist(), strict=True)
    return torch.stack([image[:, t : t + height, s : s + width] for image, t, s in corners])


@crop.alternative
def by_gathering(images, tops, lefts, height, width):
    rows = (tops[:, None] + torch.arange(height))[:, None, :, None].expand(
        -1, images.shape[1], -1, images.shape[3]
    )
    columns = (lefts[:, None] + torch.arange(width))[:, None, None].expand(-1, images.shape[1], height, -1)
    return images.gather(2, rows).gather(3, columns)
