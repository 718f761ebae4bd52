"""Prepare pictures as the card says, and know which files are safe to open."""

from .._kinds import choice, exercise


@exercise(
    level=1,
    minutes=8,
    lines=2,
    hints=(
        "Four things differ: whole numbers up to 255, ink that is dark, no channel axis, no normalisation. "
        "Which order keeps each of them a one-liner?",
        "`1 - pixels / 255` is bright ink on black, in [0, 1]. Then subtract the mean and divide by the "
        "standard deviation, as on the card.",
        "`[:, None]` puts an axis of one channel behind the batch.",
    ),
    why="A network knows the pictures it was trained on. What differs from them is for you to undo, with the "
    "numbers of the card and not with those of your own pictures.",
)
def prepare(pixels, mean, std):
    """Scans as LetterNet's card asks for them: bright ink on black, in [0, 1], then normalised.

    pixels (N, H, W) uint8: 0 is black ink, 255 white paper. mean and std: numbers of the card. Returns
    float32 (N, 1, H, W).
    """
    ink = 1 - pixels / 255  # (N, H, W), float32
    return ((ink - mean) / std)[:, None]  # (N, 1, H, W)


@prepare.examples
def _(draw):
    for n, h, w in ((1, 2, 3), (3, 4, 5), (2, 5, 3)):
        pixels = draw.integers(n, h, w, low=0, high=256).byte()
        mean, std = (draw.uniform(low=low, high=high).item() for low, high in ((0.1, 0.4), (0.2, 0.6)))
        yield pixels, mean, std


@prepare.mistake(
    "The ink is still dark. The network has only ever seen bright ink on black: 1 − pixels / 255."
)
def _(pixels, mean, std):
    return ((pixels.float() / 255 - mean) / std)[:, None]


@prepare.mistake("Divide by 255 first: mean and std of the card are those of pictures in [0, 1].")
def _(pixels, mean, std):
    return ((255 - pixels.float() - mean) / std)[:, None]


@prepare.mistake("The normalisation is missing: subtract the mean, then divide by the standard deviation.")
def _(pixels, mean, std):
    return (1 - pixels.float() / 255)[:, None]


@prepare.mistake(
    "Those are the mean and the standard deviation of your own pictures. Use the card's: they are part of "
    "the network, like its weights."
)
def _(pixels, mean, std):
    ink = 1 - pixels.float() / 255
    return ((ink - ink.mean()) / ink.std())[:, None]


@prepare.mistake("The channel axis is missing: (N, H, W) becomes (N, 1, H, W).")
def _(pixels, mean, std):
    return (1 - pixels.float() / 255 - mean) / std


@prepare.mistake("The channel axis stands before the batch. It comes second: (N, 1, H, W).")
def _(pixels, mean, std):
    return ((1 - pixels.float() / 255 - mean) / std)[None]


@prepare.mistake("Turn dark and bright around before normalising; a minus sign afterwards is not the same.")
def _(pixels, mean, std):
    return -((pixels.float() / 255 - mean) / std)[:, None]


@prepare.mistake("Divide by the standard deviation; you multiply by it.")
def _(pixels, mean, std):
    return ((1 - pixels.float() / 255 - mean) * std)[:, None]


@prepare.mistake("The mean is missing: subtract it before you divide by the standard deviation.")
def _(pixels, mean, std):
    return ((1 - pixels.float() / 255) / std)[:, None]


@prepare.alternative
def in_place(pixels, mean, std):
    return (255 - pixels).float().div_(255).sub_(mean).div_(std).unsqueeze(1)


safe_file = choice(
    "c",
    level=1,
    minutes=3,
    replies={
        "a": (
            "`torch.load(path, weights_only=False)`, when the web page has many stars",
            "That runs whatever the file asks for, and stars can be bought. Even an honest page may have "
            "been taken over.",
        ),
        "b": (
            "`pickle.load`, after a virus scanner found nothing",
            "A pickle is a small program: it may fetch what it does from elsewhere, later. No scanner "
            "sees that.",
        ),
        "c": (
            "`safetensors`, or `torch.load(path, weights_only=True)`, after comparing the sha256",
            "Yes. A safetensors file holds no code, and `weights_only=True` refuses code (in an up-to-date "
            "PyTorch: holes were found and closed). The fingerprint says that it is the file that the card "
            "speaks of. Whether the numbers are good ones, a test on your own pictures tells.",
        ),
        "d": (
            "any way, as long as the sha256 is the one on the same page",
            "The fingerprint finds damage. Who puts a harmful file on a page can put its fingerprint "
            "there too.",
        ),
    },
)
