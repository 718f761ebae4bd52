"""How far above its top tier the reference of the finish ends: accuracy on held-out digits and shapes.

    python experiments/finish.py

Each seed draws other pictures to learn from, and other shapes to be tested on. The settings carry the
fingerprint of the references' text, so that a changed reference asks for a new run.
"""

import hashlib

import torch
from _record import record

from cnncourse import training
from cnncourse.exercises import EXERCISES

NAMES = ("finish_digits", "finish_shapes")


def fingerprint():
    """sha256 of the text of both references."""
    return hashlib.sha256("".join(EXERCISES[name].source for name in NAMES).encode()).hexdigest()


def run(seed):
    """Accuracy of both references on pictures that they never saw."""
    found = {}
    for name in NAMES:
        split, held_out = EXERCISES[name].data(seed)
        found[name] = training.evaluate(EXERCISES[name].reference(split), held_out).accuracy
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    record(run, seeds=range(20), settings={"references": fingerprint()})
