"""What an instructor should look at in an answer: ways around an exercise that nothing can prevent.

What torch or the course's own library contain cannot be kept from a candidate. Honest code that calls it is
seen as it runs; code that hides the call is read here, as far as reading it goes.
"""

import ast

import torch.nn.functional as F

from ._names import parsed

REACHES = {"ctypes", "gc", "inspect", "subprocess", "socket", "multiprocessing", "threading", "_thread",
           "concurrent", "importlib", "scipy", "skimage", "sklearn", "cv2", "_C", "__import__", "eval",
           "exec"}  # fmt: skip  # no exercise needs them
TORCH = {"torch", "F", "functional"}


def flags(exercise, texts, called=()):
    """Sentences on an answer with this code, such as "calls F.conv2d"; `called` was seen as it ran."""
    looked_up = list(_looked_up(texts))
    used = {name for home, name in looked_up if home in TORCH} | set(called)
    shortcuts = sorted(used & set(getattr(exercise, "shortcuts", ()) or ()))
    reached = sorted(REACHES & {"_C" if name == "_C" else home for home, name in looked_up})
    trained = getattr(exercise, "kind", "") == "experiment"
    hidden = TORCH | {home for home, _ in _own(exercise)}
    return [
        *(f"calls {'F' if hasattr(F, name) else 'torch'}.{name}" for name in shortcuts),
        *(f"calls the course's own {home}.{name}" for home, name in _own(exercise) & set(looked_up)),
        *(f"uses {name}" for name in reached),
        *(
            f"looks up a function of {name} while it runs"
            for name in sorted(hidden & _after("getattr", looked_up))
        ),
        *(f"reads the course's own data.{name}" for name in sorted(_after("data", looked_up)) if trained),
    ]


def _after(home, looked_up):
    return {name for place, name in looked_up if place == home}


def _own(exercise):
    """{(module, name)} of a reference that is in the library."""
    reference = exercise.reference
    course, _, home = getattr(reference, "__module__", "").partition(".")
    in_library = course == "cnncourse" and not home.startswith("exercises")
    return (
        {(home.split(".")[-1], reference.__name__)}
        if in_library and hasattr(reference, "__name__")
        else set()
    )


def _looked_up(texts):
    """(home, name) of what code imports and of the attributes it names, by their own names."""
    tree = ast.Module([statement for text in texts for statement in parsed(text).statements or ()], [])
    aliases = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            aliases |= {alias.asname: alias.name.split(".")[-1] for alias in node.names if alias.asname}
            yield from ((alias.name.split(".")[0], "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            aliases |= {alias.asname: alias.name for alias in node.names if alias.asname}
            yield from ((node.module.split(".")[-1], alias.name) for alias in node.names)
            yield node.module.split(".")[0], ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield _called(node.value, aliases), node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, _called(node.args[0], aliases) if node.args else ""


def _called(node, aliases):
    """What a name or an attribute is called at its home."""
    name = getattr(node, "id", getattr(node, "attr", ""))
    return aliases.get(name, name)
