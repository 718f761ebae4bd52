"""Wrong modules made from a right one: another `forward`, or a change of its layers once they are built."""


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
