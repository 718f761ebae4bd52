"""The kind of exercise in which an answer trains a network: an accuracy to reach within a budget."""

import numpy as np

from ._compare import Difference
from ._exercise import Exercise
from ._verdict import TIMED_OUT, WRONG

NOT_A_MODULE = "Return the trained network, an `nn.Module`."
TOO_LARGE = "The network has more parameters than the budget allows."
TOO_SLOW = "Training took longer than the budget allows."
NOT_SCORES = "The network's output is not one score for every class."
UNTRAINED = "On new pictures the network does no better than guessing: did it learn at all?"
NOT_ENOUGH = "On new pictures the network is not accurate enough yet."


class ExperimentExercise(Exercise):
    """Train a network within a budget; it is judged on pictures that the answer never saw.

    The answer is a function of a training split that returns a network. `data(seed)` gives (training split,
    held-out split); `accuracy` is the share of the held-out labels to reach, `parameters` and `seconds` the
    budget, and `tiers` (name → accuracy) names what lies beyond.
    """

    kind = "experiment"

    def __init__(self, reference, *, data, accuracy, parameters, seconds, tiers=None, **about):
        super().__init__(reference, seconds=seconds, **about)
        self.data, self.accuracy, self.parameters, self.tiers = data, accuracy, parameters, tiers or {}

    def task(self, seed):
        training, held_out = self.data(seed)
        return "experiment", {"training": training, "images": held_out.images, "seconds": self.seconds}

    def fault(self, records, seed):
        record = records[0]
        if "timeout" in record or "crash" in record:
            return super().fault(records, seed)
        difference = self._difference(record, self.data(seed)[1].labels.numpy())
        outcome = TIMED_OUT if difference and difference.text == TOO_SLOW else WRONG
        return (outcome, 0, difference) if difference else None

    def _difference(self, record, labels):
        """The first part of the task that is not met."""
        if not record["module"]:
            return Difference("type", NOT_A_MODULE)
        if record["parameters"] > self.parameters:
            return Difference("structure", TOO_LARGE)
        if record["seconds"] > self.seconds:
            return Difference("time", TOO_SLOW)
        scores = record["scores"]
        if (
            scores is None
            or scores.ndim != 2
            or len(scores) != len(labels)
            or scores.shape[1] <= labels.max()
        ):
            return Difference("shape", NOT_SCORES)
        reached, guessing = _accuracy(scores, labels), np.bincount(labels).max() / len(labels)
        if reached >= self.accuracy:
            return None
        return Difference("values", UNTRAINED if reached < 1.5 * guessing else NOT_ENOUGH)

    def _explain(self, fault, records, seed):
        verdict = super()._explain(fault, records, seed)
        verdict.difference = self.report(records[0], seed)
        return verdict

    def _cause(self, records, seed):
        return None, ""  # the part of the task that is not met says it

    def praise(self, transcript, seed):
        return f"Right. {self.report(transcript['records'][0], seed)}"

    def report(self, record, seed):
        """Accuracy, parameters and seconds in a sentence, with the tier that was reached."""
        if not record.get("module"):
            return ""
        labels, scores = self.data(seed)[1].labels.numpy(), record["scores"]
        whole = scores is not None and scores.ndim == 2 and len(scores) == len(labels)
        reached = _accuracy(scores, labels) if whole else None
        said = "" if reached is None else f"{100 * reached:.1f} % of the new pictures right, "
        said += f"{record['parameters']:,} parameters (at most {self.parameters:,}), "
        said += f"{record['seconds']:.1f} s (at most {self.seconds:g})."
        tiers = [
            name
            for name, bound in sorted(self.tiers.items(), key=lambda t: t[1])
            if reached and reached >= bound
        ]
        return said + (f" Tier: {tiers[-1]}." if tiers else "")

    def scene(self, index, got, want, difference, seed):
        return None

    def _transcript(self, which, seed):
        return [{}] if which < 0 else super()._transcript(which, seed)  # no training of ours to judge yours


def _accuracy(scores, labels):
    return float((scores.argmax(1) == labels).mean())
