"""Wrong networks made from a right one: some layers of its `self.layers` are exchanged or left out."""

from torch import nn


def swapped(exercise, message, *places):
    """A mistake of an exercise whose reference keeps its layers in `self.layers`.

    places: (number of a layer, function of the module's options that makes what stands there instead, or
    None to leave the layer out).
    """

    def init(self, **options):
        exercise.reference.__init__(self, **options)
        layers = list(self.layers)
        for number, make in places:
            layers[number] = make and make(**options)
        self.layers = nn.Sequential(*[layer for layer in layers if layer is not None])

    exercise.mistake(message)(type("Wrong", (exercise.reference,), {"__init__": init}))
