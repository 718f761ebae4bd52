"""Do auxiliary heads help a narrow GoogLeNet? Test accuracy after each epoch, with them and without.

GoogLeNet of 2014 at an eighth of its width, on the digits (1,297 to learn from, 500 to test on), Adam,
one-cycle. The two networks of a pair begin with the same weights and see the pictures in the same order;
with heads, 0.3 of each head's loss is added, as in the paper.
Run: python experiments/auxiliary_heads.py (about five minutes on one core).
"""

import torch
import torch.nn.functional as F
from _record import record

from cnncourse import data, models, training

SETTINGS = {"width": 1 / 8, "epochs": 8, "learning_rate": 3e-3, "weight": 0.3}


def loss(output, labels):
    """Cross-entropy, and the heads' share of it where there are heads (in training)."""
    if isinstance(output, torch.Tensor):
        return F.cross_entropy(output, labels)
    logits, *heads = output
    extra = sum(F.cross_entropy(head, labels) for head in heads)
    return F.cross_entropy(logits, labels) + SETTINGS["weight"] * extra


def pair(seed):
    """Two networks whose first weights are equal; one of them has heads besides."""
    torch.manual_seed(seed)
    options = {"width": SETTINGS["width"], "in_channels": 1, "classes": 10}
    heads, plain = (models.build("googlenet_2014", aux=aux, **options) for aux in (True, False))
    shared = plain.state_dict().keys()
    plain.load_state_dict({name: value for name, value in heads.state_dict().items() if name in shared})
    return {"with": heads, "without": plain}


def run(seed):
    """Accuracy on the test digits after each epoch, by name: with_1 …, without_1 …"""
    digits, found = data.digits(), {}
    for name, net in pair(seed).items():
        history = training.train(
            net,
            digits.train,
            epochs=SETTINGS["epochs"],
            learning_rate=SETTINGS["learning_rate"],
            schedule="one-cycle",
            loss=loss,
            validation=digits.test,
            seed=seed,
            device="cpu",
            progress=False,
        )
        found |= {f"{name}_{i}": value for i, value in enumerate(history.validation_accuracy, start=1)}
    return found


if __name__ == "__main__":
    record(run, seeds=range(10), settings=SETTINGS)
