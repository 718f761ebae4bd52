"""Degradation: plain networks and their residual twins, five depths, on the digits of 8×8 pixels.

The networks are those of the paper's section 4.2 (6n + 2 layers, option A, so that twins have equally many
parameters) at half the width. After training, each block that keeps the shape is deleted by itself.

    python experiments/degradation.py    # about 8 minutes of one core
"""

from functools import partial

import torch
import torch.nn.functional as F
from _record import record
from torch import nn

from cnncourse import data, training
from cnncourse.models.resnet_cifar import CifarResNet

DEPTHS = (8, 20, 32, 44, 56)
KINDS = {"plain": "plain", "residual": "A"}
SETTINGS = {
    "depths": list(DEPTHS), "width": 0.5, "epochs": 12, "batch_size": 64,
    "learning_rate": 0.03, "momentum": 0.9, "weight_decay": 1e-4, "schedule": "one-cycle",
}  # fmt: skip


def run(seed):
    """Errors in per cent, and the ratio of gradients, of every network."""
    digits, found = data.digits(8), {}
    for depth in DEPTHS:
        for kind, shortcut in KINDS.items():
            torch.manual_seed(seed)
            network = CifarResNet((depth - 2) // 6, shortcut, in_channels=1, width=SETTINGS["width"])
            name = f"{kind}{depth}"
            found[f"{name} gradient"] = gradient_ratio(network, digits.train)
            fit(network, digits.train, seed)
            found[f"{name} training"] = error(network, digits.train)
            found[f"{name} test"] = error(network, digits.test)
            found[f"{name} deleted"] = without_one_block(network, digits.test)
    return found


def fit(network, split, seed):
    sgd = partial(torch.optim.SGD, momentum=SETTINGS["momentum"], weight_decay=SETTINGS["weight_decay"])
    how = {name: SETTINGS[name] for name in ("epochs", "batch_size", "learning_rate", "schedule")}
    training.train(network, split, optimizer=sgd, seed=seed, device="cpu", progress=False, **how)


def error(network, split):
    return 100 * (1 - training.evaluate(network, split, device="cpu").accuracy)


def blocks(network):
    return [
        (stage, i) for stage in (network.layer1, network.layer2, network.layer3) for i in range(len(stage))
    ]


def gradient_ratio(network, split):
    """Norm of the loss's gradient at the first block's output, over that at the last one's, untrained."""
    outputs = []
    watched = [stage[i] for stage, i in (blocks(network)[0], blocks(network)[-1])]
    hooks = [block.register_forward_hook(lambda *call: outputs.append(call[-1])) for block in watched]
    loss = F.cross_entropy(network.train()(split.images[:256]), split.labels[:256])
    for hook in hooks:
        hook.remove()
    first, last = torch.autograd.grad(loss, outputs)
    return (first.norm() / last.norm()).item()


def without_one_block(network, split):
    """Mean error when one block is deleted, over all blocks that keep the shape."""
    errors = []
    for stage, i in blocks(network):
        block = stage[i]
        if block.conv1.stride == (1, 1):
            stage[i] = nn.Identity()
            errors.append(error(network, split))
            stage[i] = block
    return sum(errors) / len(errors)


if __name__ == "__main__":
    record(run, seeds=range(5), settings=SETTINGS)
