"""Turn a JavaScript module with relative imports into one self-contained module.

A widget's code reaches the browser as text, without an address that `./_draw.js` could be relative to. Each
relative import is therefore replaced, from the leaves up, by a `data:` URL that holds the imported module.
"""

import base64
import json
import re
from pathlib import Path

# The statement starts a line, so that `import("./x.js")` inside a JSDoc comment is left alone.
_IMPORT = re.compile(r"""^((?:import|export)\b[^;"'()]*?)(["'])(\.{1,2}/[^"']+)\2""", re.MULTILINE)


class ModuleError(ImportError):
    """A JavaScript module of a widget cannot be put together."""


def inline(path):
    """Return the source of the module at `path` with every relative import inlined as a `data:` URL.

    JSON files can be imported too: they become modules whose default export is their content.
    Raises ModuleError, naming the importing file, when a file is missing or imports itself in a circle.
    """
    return _inline(Path(path).resolve(), ())


def _inline(path, importers):
    if path in importers:
        circle = " → ".join(p.name for p in (*importers[importers.index(path) :], path))
        raise ModuleError(
            f"modules import each other in a circle: {circle}. Move what they share to a third."
        )
    source = _read(path, importers)
    return _IMPORT.sub(lambda m: m[1] + m[2] + _url(path, m[3], (*importers, path)) + m[2], source)


def _read(path, importers):
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        by = f", which {importers[-1].name} imports" if importers else ""
        raise ModuleError(
            f"there is no {path.name} in {path.parent}{by}. A widget needs NAME.js beside NAME.py, and every "
            "file that it imports; installed packages must include *.js, *.json and *.css."
        ) from None
    return f"export default {json.dumps(json.loads(text))};" if path.suffix == ".json" else text


def _url(path, relative, importers):
    source = _inline((path.parent / relative).resolve(), importers)
    source += f"\n//# sourceURL=cnncourse/{Path(relative).name}"  # its name in the browser's tools
    return "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()
