"""Is it the augmentation, or the longer training? The networks of `augmentation.py`, three times the updates.

    python experiments/longer.py

Same seeds, same labelled pictures, same first weights as there; figures are DATA/LABELS/AUGMENTATION. What
shapes reach with "together, longer" is in that record already.
"""

import torch
from _record import record
from augmentation import DIGITS, LABELS, UPDATES, accuracy, few, trained

from cnncourse import data


def run(seed):
    """Accuracy after the longer training, without augmentation, and for the digits with it."""
    found = {}
    digits, shapes = data.digits(16), data.shapes(900, 500, seed=100 + seed)
    for count in LABELS:
        split = few(shapes.train, count, seed)
        model = trained(split, None, seed, stride=2, updates=3 * UPDATES)
        found[f"shapes/{count}/none, longer"] = accuracy(model, shapes.test)
        split = few(digits.train, count, seed)
        for name, augment in (("none", None), ("together", DIGITS["together"])):
            model = trained(split, augment, seed, updates=3 * UPDATES)
            found[f"digits/{count}/{name}, longer"] = accuracy(model, digits.test)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    record(run, seeds=range(5), settings={"updates": 3 * UPDATES, "labels": list(LABELS)})
