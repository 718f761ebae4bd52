"""Transfer learning: how much to freeze, for how many labels. Chapter 09's table and FreezeLab show it.

    python experiments/transfer.py    # about eight minutes of one core

LetterNet, trained on printed letters (experiments/letternet.py), gets a new head for handwritten digits that
are tilted as the letters were (a near task), or for drawn shapes on a textured ground (a far one). For 1, 3,
10 and 100 labels a class, its first 0 to 4 stages are frozen, the four of them being the whole body;
`scratch` is the same network with first weights drawn anew and nothing frozen, `slower` freezes nothing and
lets each stage learn at 0.3 times the rate of the next. All see the same labelled pictures and equally many
updates; a seed draws the pictures, the labels and the first weights. Figures are named TASK/LABELS/FROZEN:
accuracy on 500 test pictures. The learning rates are the better of two each, from a trial with other seeds.
"""

import copy
from functools import cache, partial

import torch
from _record import record

from cnncourse import data, models, pretrained, training, transfer

SETTINGS = {
    "labels": [1, 3, 10, 100], "far_labels": [3, 10, 100], "frozen": [0, 1, 2, 3, 4], "slower": 0.3,
    "batch_size": 32, "updates": 200, "updates_at_100": 300, "optimizer": "Adam", "schedule": "one-cycle",
    "learning_rate": 4e-3, "learning_rate_head_only": 16e-3,
}  # fmt: skip
BODY = 4  # stages


def run(seed):
    """Accuracy for every task, number of labels and way to train."""
    digits = prepared(data.tilted_digits(seed=seed))
    shapes = prepared(data.shapes(1200, 500, size=16, noise=0.1, seed=seed))
    everything = [*SETTINGS["frozen"], "scratch", "slower"]
    ways = {f"digits/{n}/{way}": (digits, n, way) for n in SETTINGS["labels"] for way in everything}
    fewer = [0, 2, 4, "scratch"]
    ways |= {f"shapes/{n}/{way}": (shapes, n, way) for n in SETTINGS["far_labels"] for way in fewer}
    return {name: accuracy(*what, seed) for name, what in ways.items()}


def prepared(dataset):
    """Pictures as the network expects them; the number of classes goes with them."""
    prepare = letternet().preprocess
    splits = [data.Split(prepare(split.images), split.labels) for split in (dataset.train, dataset.test)]
    return data.Dataset(*splits, dataset.classes)


@cache
def letternet():
    return pretrained.pretrained("letternet")


def accuracy(dataset, labels, way, seed):
    """Train in one way and test."""
    model, stages = network(way, len(dataset.classes), seed), way if isinstance(way, int) else 0
    transfer.freeze(model, stages)
    body, rest = transfer.parts(model, stages)
    few = transfer.few_of_each(dataset.train, labels, seed)
    train(rest, transfer.behind(body, few), stages, labels, way, seed)
    return training.evaluate(rest, transfer.behind(body, dataset.test)).accuracy


def network(way, classes, seed):
    """LetterNet with a new head; trained on letters, or not at all."""
    torch.manual_seed(seed)
    if way == "scratch":
        return models.build("letternet", classes=classes)
    model = copy.deepcopy(letternet().model)
    transfer.replace_head(model, classes)
    return model


def train(rest, split, stages, labels, way, seed):
    count, batch = len(split.labels), min(SETTINGS["batch_size"], len(split.labels))
    updates = SETTINGS["updates_at_100" if labels == 100 else "updates"]
    rate = SETTINGS["learning_rate_head_only" if stages == BODY else "learning_rate"]
    grouped = partial(groups, rest) if way == "slower" else None
    rest.train()  # batch norm too: what learns, learns its statistics
    training.train(
        rest, split, epochs=round(updates / -(-count // batch)), batch_size=batch, optimizer=grouped,
        learning_rate=rate, schedule="one-cycle", seed=seed, progress=False,
    )  # fmt: skip


def groups(model, parameters, lr):
    return torch.optim.Adam(transfer.parameter_groups(model, lr, SETTINGS["slower"]))


if __name__ == "__main__":
    record(run, seeds=range(2, 10), settings=SETTINGS)
