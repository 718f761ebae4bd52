"""Every network of the course: `names()`, `build("vgg_d")` and `CARDS["vgg_d"]`; one paper a file.

A file of this folder joins by defining `CARDS` (name -> Card) and `build(name, **options)`.
"""

import importlib
import pkgutil

from ._card import Card, find

__all__ = ["CARDS", "Card", "build", "names"]



def _discover():
    """Return, for each network's name, the module that builds it."""
    owners = {}
    for file in (info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")):
        module = importlib.import_module(f"{__name__}.{file}")
        if not (hasattr(module, "CARDS") and hasattr(module, "build")):
            raise ImportError(f"models/{file}.py must define CARDS and build(name), or begin with _.")
        owners |= dict.fromkeys(module.CARDS, module)
    return owners


_FILES = _discover()
CARDS: dict[str, Card] = {name: module.CARDS[name] for name, module in _FILES.items()}


def names():
    """Return the names of all networks, a paper's variants side by side."""
    return list(CARDS)


def build(name, **options):
    """Build an untrained network by name; `options` such as `classes=10` go to its own file's `build`.

    Raises ValueError, with the names that exist, for an unknown one.
    """
    return find(name, _FILES).build(name, **options)
