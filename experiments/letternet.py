"""Train the network that chapter 09 carries over to other tasks, and write the weights that the course ships.

    python experiments/letternet.py    # about two minutes of one core

LetterNet learns 26,000 printed letters in 13 fonts; it is tested on 2,600 in four others. The weights go to
cnncourse/weights/letternet.safetensors, and what one should know of them to the card beside it. The same
versions on the same kind of processor give the same file; elsewhere sums are rounded in another order, and
the accuracy is what agrees. That of letters whose preprocessing does not match is recorded as well.
"""

import hashlib
import json

import torch
from _record import record
from safetensors.torch import save

from cnncourse import data, models, training
from cnncourse._letters import FONTS, TEST_FONTS
from cnncourse._shipped import WEIGHTS, GreyPreprocessing

SETTINGS = {
    "letters": 26_000, "test_letters": 2_600, "size": 16, "epochs": 6, "batch_size": 64,
    "optimizer": "Adam", "learning_rate": 4e-3, "schedule": "one-cycle", "seed": 0,
}  # fmt: skip
NAME = "letternet"


def run(seed):
    """Accuracy on fonts that training never showed, by preprocessing; writes the weights and their card."""
    letters = data.letters(SETTINGS["letters"], SETTINGS["test_letters"], size=SETTINGS["size"], seed=seed)
    images = letters.train.images
    mean, std = (round(statistic.item(), 4) for statistic in (images.mean(), images.std()))
    prepare = GreyPreprocessing(SETTINGS["size"], mean, std)
    torch.manual_seed(seed)
    model = models.build(NAME)
    training.train(
        model, data.Split(prepare(images), letters.train.labels), epochs=SETTINGS["epochs"],
        batch_size=SETTINGS["batch_size"], learning_rate=SETTINGS["learning_rate"],
        schedule=SETTINGS["schedule"], seed=seed, progress=False,
    )  # fmt: skip
    found = {name: accuracy(model, change, letters.test) for name, change in inputs(prepare).items()}
    publish(model, prepare, found["as trained"])
    return found


def inputs(prepare):
    """Ways to prepare pictures: the right one, and what goes wrong in practice."""
    return {
        "as trained": prepare,
        "not normalised": lambda x: x,
        "0 to 255": lambda x: prepare(255 * x),
        "black on white": lambda x: prepare(1 - x),
        "upside down": lambda x: prepare(x.flip(-2)),
        "mirrored": lambda x: prepare(x.flip(-1)),
    }


def accuracy(model, change, split):
    return training.evaluate(model, data.Split(change(split.images), split.labels)).accuracy


def publish(model, prepare, reached):
    content = save({name: tensor.contiguous() for name, tensor in model.state_dict().items()})
    WEIGHTS.mkdir(exist_ok=True)
    (WEIGHTS / f"{NAME}.safetensors").write_bytes(content)
    about = {
        "file": f"{NAME}.safetensors", "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
        "network": "cnncourse.models.letternet, 62,090 parameters",
        "task": "26 letters, a capital and its small letter being one class; white on black, grey, 16×16",
        "classes": list(data.LETTERS), "preprocessing": prepare._asdict(),
        "accuracy": {"value": round(reached, 4), "on": f"{SETTINGS['test_letters']} letters in unseen fonts"},
        "fonts": list(FONTS), "test_fonts": list(TEST_FONTS), "recipe": SETTINGS,
        "script": "experiments/letternet.py", "licence": "MIT, as the course",
        "not_for": "reading text: it knows neither digits nor accents, nor any alphabet but one",
        "fonts_licences": "DejaVu, STIX and Computer Modern, as they come with matplotlib",
    }  # fmt: skip
    text = json.dumps(about, indent=1, ensure_ascii=False)
    (WEIGHTS / f"{NAME}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record(run, seeds=[SETTINGS["seed"]], settings=SETTINGS)
