"""Chance that does not depend on the order in which it is asked for."""

from torch.overrides import TorchFunctionMode

DRAWS = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
         "feature_dropout", "bernoulli", "bernoulli_"}  # fmt: skip


class Dice(TorchFunctionMode):
    """Within it, tensors of one size are dropped alike, whichever layer of an answer comes first."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", "") in DRAWS:
            self.seed((args[0] if args else kwargs["input"]).numel())
        return func(*args, **(kwargs or {}))
