"""Every exercise of the course by name, discovered from the chapter modules beside this file."""

import difflib
import importlib
import pkgutil
from collections.abc import Mapping

from .._course import chapters
from ._exercise import Exercise


def collect(module, chapter):
    """The exercises that a module defines, by name, each told its name and chapter."""
    found = {}
    for name, thing in vars(module).items():
        if isinstance(thing, Exercise):
            thing.name, thing.chapter = thing.name or name, chapter
            found[thing.name] = thing
    return found


def _chapter_of(module_name):
    """`convolution` belongs to the chapter `01_convolution`."""
    stems = [path.stem for path in chapters()]
    return next((stem for stem in stems if stem.partition("_")[2] == module_name), module_name)


class Registry(Mapping):
    """name → exercise, read from the chapter modules."""

    def __init__(self, package):
        self._package, self._found = package, None

    def load(self):
        """Read every chapter module, once."""
        if self._found is None:
            self._found = {}
            for path in sorted(module.name for module in pkgutil.iter_modules(self._package.__path__)):
                if not path.startswith("_"):
                    self.add(importlib.import_module(f"{self._package.__name__}.{path}"), _chapter_of(path))
        return self._found

    def add(self, module, chapter):
        """Take in the exercises of a module, such as an instructor's own."""
        new, found = collect(module, chapter), self.load()
        twice = {name for name in new if name in found and found[name] is not new[name]}
        if twice:
            raise ValueError(
                f"two exercises are called {', '.join(sorted(twice))}: names are unique in the course"
            )
        found.update(new)

    def __getitem__(self, name):
        if name in self.load():
            return self._found[name]
        near = difflib.get_close_matches(str(name), self._found, n=1)
        raise KeyError(
            f"There is no exercise called `{name}`." + (f" Did you mean `{near[0]}`?" if near else "")
        )

    def __iter__(self):
        return iter(self.load())

    def __len__(self):
        return len(self.load())
