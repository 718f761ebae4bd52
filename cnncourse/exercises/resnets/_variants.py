"""Wrong modules made from a right one: one method is exchanged, or a part after it was built."""

from torch import nn


def with_forward(exercise, message):
    """Decorator: `forward(self, x)` takes the place of the reference's, as a mistake."""

    def keep(forward):
        exercise.mistake(message)(type("Wrong", (exercise.reference,), {"forward": forward}))
        return forward

    return keep


def with_change(exercise, message):
    """Decorator: `change(module, **options)` is applied to a right module when it is built, as a mistake."""

    def keep(change):
        def init(self, **options):
            exercise.reference.__init__(self, **options)
            change(self, **options)

        exercise.mistake(message)(type("Wrong", (exercise.reference,), {"__init__": init}))
        return change

    return keep


def replace(module, kind, make):
    """Put `make(layer)` in the place of every layer of a kind."""
    for name, layer in module.named_children():
        if isinstance(layer, kind):
            setattr(module, name, make(layer))
        else:
            replace(layer, kind, make)


class BiasedMemory(nn.BatchNorm2d):
    """Batch norm whose running variance remembers the biased variance of the batch."""

    def forward(self, x):
        before = self.running_var.clone()
        answer = super().forward(x)
        if self.training:
            biased = x.detach().var((0, 2, 3), unbiased=False)
            self.running_var.copy_((1 - self.momentum) * before + self.momentum * biased)
        return answer
