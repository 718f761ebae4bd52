"""Do with an answer what its exercise's task says. A task is plain data: a kind, and what that kind needs.

A notebook performs a task where the learner's code is; a grader sends it to where that code may do no harm.
Like the probes, this file knows no reference.
"""

import time

import torch
from torch import nn

from ._probe import attempt, fresh, is_a, plain, probe_all, probe_function, text_of
from ._probe_module import probe_module

BATCH = 256


def perform(candidate, task):
    """The transcript of `candidate`: {"records": [what it did on each example]}."""
    kind, options = task
    return PROBES[kind](candidate, **options)


def probe_answer(candidate, *, letter=False):
    """A value is looked at and nothing is run; a `letter` may come as "B", "(b)" or "b."."""
    if candidate is None or candidate is Ellipsis:
        return {"records": [{"stub": True, "printed": ""}]}
    if letter and is_a(candidate, str):
        candidate = text_of(candidate).strip().strip("().").lower()
    return {"records": [attempt(lambda: {"output": plain(candidate)})]}


def probe_experiment(candidate, *, training, images, seconds):
    """Train on a split, and predict the classes of pictures that the answer has not seen."""
    training = type(training)(*map(fresh, training))

    def train_and_predict():
        start = time.perf_counter()
        model = candidate(training)
        return {"seconds": time.perf_counter() - start, **_look_at(model, images)}

    # past the budget it still may end, to be told by how much; past twice the budget it is stopped
    return probe_all([train_and_predict], 2 * seconds)


def _look_at(model, images):
    """What the judge needs of a trained network: its size, and its scores on new pictures."""
    if not isinstance(model, nn.Module):
        return {"module": False}
    parameters = sum(p.numel() for p in model.parameters())
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval()
    with torch.no_grad():
        scores = [model(batch.to(device)) for batch in images.split(BATCH)]
    whole = all(isinstance(part, torch.Tensor) for part in scores)
    scores = torch.cat(scores).float().cpu().numpy() if whole else None
    return {"module": True, "parameters": parameters, "scores": scores}


PROBES = {
    "answer": probe_answer,
    "function": probe_function,
    "module": probe_module,
    "experiment": probe_experiment,
}
