"""Chapter 03's two small networks on the digits, trained as it says: `python experiments/small_networks.py`.

About a minute a seed on one core.
"""

import torch
from _record import record

from cnncourse import data, models, training

RECIPES = {
    "small": {"batch_size": 32, "learning_rate": 3e-3, "epochs": 4},
    "wide": {"batch_size": 16, "learning_rate": 7e-4, "epochs": 3},
}


def run(seed):
    """Accuracy on the 500 test digits, in percent, of each network."""
    digits = data.digits(28)
    return {name: reached(name, recipe, digits, seed) for name, recipe in RECIPES.items()}


def reached(name, recipe, digits, seed):
    torch.manual_seed(seed)
    network = models.build(f"keras_{name}")
    training.train(network, digits.train, **recipe, schedule="one-cycle", seed=seed, progress=False)
    return 100 * training.evaluate(network, digits.test).accuracy


if __name__ == "__main__":
    record(run, seeds=range(6), settings=RECIPES)
