"""A folder of photos as a split: a folder inside for each class."""

from pathlib import Path

import numpy as np
import torch

ENDINGS = {".jpg", ".jpeg", ".png"}


def photo_tensors(folder, prepare, limit=None):
    """Prepared photos (N, ...) and labels (N,): a class for each folder inside, in order of name.

    limit: so many photos of each class, the first by name.
    """
    classes = sorted(path for path in Path(folder).expanduser().glob("*") if path.is_dir())
    if not classes:
        raise FileNotFoundError(f"There are no folders in {folder}: make one for each class of photos.")
    images, labels = [], []
    for label, inside in enumerate(classes):
        files = sorted(path for path in inside.iterdir() if path.suffix.lower() in ENDINGS)[:limit]
        if not files:
            raise FileNotFoundError(f"There are no photos (.jpg or .png) in {inside}.")
        images += [prepare(_read(path)) for path in files]
        labels += [label] * len(files)
    return torch.stack(images), torch.tensor(labels)


def _read(path):
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as photo:
            return torch.from_numpy(np.array(photo.convert("RGB"))).movedim(-1, 0)  # (3, H, W) uint8
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"{path} is damaged or no photo ({error}). Take it out of the folder.") from error
