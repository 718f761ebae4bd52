"""Wrong modules made from a right one: another `forward`, or a change of its layers once they are built."""

from torch import nn


def rebuilt(exercise, message, change=None, forward=None):
    """A mistake of a module exercise.

    change(module, **options) runs after the reference's own `__init__`; forward replaces the reference's.
    """

    def init(self, **options):
        exercise.reference.__init__(self, **options)
        change(self, **options)

    parts = {"__init__": change and init, "forward": forward}
    parts = {name: part for name, part in parts.items() if part}
    return exercise.mistake(message)(type("Wrong", (exercise.reference,), parts))


def conv(inputs, outputs, kernel, **options):
    """A convolution that keeps the size, without bias unless told."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, **{"bias": False, **options})


def pre(inputs, outputs, kernel, bend=nn.ReLU, **options):
    """Batch norm, activation, convolution."""
    return [nn.BatchNorm2d(inputs), *([bend()] if bend else []), conv(inputs, outputs, kernel, **options)]


def post(inputs, outputs, kernel, **options):
    """Convolution, batch norm, ReLU."""
    return [conv(inputs, outputs, kernel, **options), nn.BatchNorm2d(outputs), nn.ReLU()]
