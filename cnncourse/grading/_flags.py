"""What an instructor should look at in an answer: the ways around an exercise that nothing can prevent."""

import ast

from ._names import parsed

REACHES = {"ctypes", "gc", "inspect", "subprocess", "socket", "multiprocessing"}  # no exercise needs them


def flags(exercise, text, called=()):
    """Sentences on an answer with this source, such as "calls F.conv2d"."""
    names = set(_names(text))
    watched = set(getattr(exercise, "shortcuts", ()) or ())
    found = [f"calls {name}" for name in sorted(watched & (names | set(called)))]
    reference = exercise.reference
    own = getattr(reference, "__name__", None)
    if own and f"{reference.__module__}.".startswith(
        (
            "cnncourse.ops.",
            "cnncourse.pooling.",
            "cnncourse.layers.",
            "cnncourse.optimizers.",
            "cnncourse.models.",
        )
    ):
        family = reference.__module__.split(".")[1]
        if f"{family}.{own}" in names:
            found.append(f"calls the course's own {family}.{own}")
    return [*found, *(f"uses {name}" for name in sorted(REACHES & names))]


def _names(text):
    """Names, attributes, and pairs of them (`ops.conv2d`) in a piece of code; imports too."""
    tree = ast.Module(parsed(text).statements or [], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
            if isinstance(node.value, (ast.Name, ast.Attribute)):
                yield f"{getattr(node.value, 'id', getattr(node.value, 'attr', ''))}.{node.attr}"
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            family = node.module.split(".")[1] if node.module.startswith("cnncourse.") else node.module
            yield node.module.split(".")[0]
            yield from (f"{family}.{alias.name}" for alias in node.names)
