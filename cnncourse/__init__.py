"""An interactive course on convolutional neural networks."""

import importlib

__version__ = "0.1.0"

_CHECKS = ("check", "hint", "progress", "reset", "solution", "yours")
_MODULES = (
    "arithmetic",
    "augmentation",
    "data",
    "display",
    "exercises",
    "inspection",
    "models",
    "ops",
    "pretrained",
    "training",
    "widgets",
)
__all__ = [*_CHECKS, *_MODULES, "glossary", "recorded"]


def __getattr__(name):
    """Import a part of the course when it is first used: `import cnncourse` alone stays light."""
    if name in _CHECKS:
        return getattr(importlib.import_module("cnncourse.exercises"), name)
    if name in ("glossary", "recorded"):
        return getattr(importlib.import_module(f"cnncourse._{name}"), name)
    if name in _MODULES:
        return importlib.import_module(f"cnncourse.{name}")
    raise AttributeError(f"module 'cnncourse' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
