"""Relative imports become data: URLs, and a module that cannot be put together says why."""

import base64
import json
import re

import pytest

from cnncourse.widgets._esm import ModuleError, inline


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_js", ".js").replace("_json", ".json")).write_text(text)
    return folder / "main.js"


def inlined(source):
    """The modules that a source imports, decoded."""
    found = re.findall(r"data:text/javascript;base64,([A-Za-z0-9+/=]+)", source)
    return [base64.b64decode(text).decode() for text in found]


def test_imports_are_inlined_through_every_level(tmp_path):
    path = write(
        tmp_path,
        main_js='import { a } from "./a.js";\nexport default { a };\n',
        a_js='import data from "./d.json";\nexport const a = data;\n',
        d_json='{"ü": [1, 2]}',
    )
    source = inline(path)
    assert '"./' not in source and source.endswith("export default { a };\n")
    (middle,) = inlined(source)
    (leaf,) = inlined(middle)
    assert json.loads(leaf.split("export default ", 1)[1].split(";\n")[0]) == {"ü": [1, 2]}


def test_every_form_of_import(tmp_path):
    main = "\n".join(
        [
            'import "./a.js";',
            "import {\n  a,\n  b,\n} from './a.js';",
            'export { a } from "./a.js";',
            'import * as all from "./a.js";',
            '/** @type {import("./a.js").A} */',
            'const text = "import x from";',
        ]
    )
    source = inline(write(tmp_path, main_js=main, a_js="export const a = 1, b = 2;"))
    assert len(inlined(source)) == 4
    assert 'import("./a.js")' in source, "a type in a comment is no import"


def test_one_file_is_one_module(tmp_path):
    path = write(
        tmp_path,
        main_js='import "./a.js";\nimport "./b.js";',
        a_js='import "./shared.js";',
        b_js='import "./shared.js";',
        shared_js="export const one = {};",
    )
    a, b = inlined(inline(path))
    assert re.search(r'"(data:[^"]+)"', a)[1] == re.search(r'"(data:[^"]+)"', b)[1]


def test_a_missing_file_is_named_with_who_wants_it(tmp_path):
    path = write(tmp_path, main_js='import "./gone.js";')
    with pytest.raises(ModuleError, match=r"no gone\.js in .*, which main\.js imports"):
        inline(path)


def test_a_circle_is_named(tmp_path):
    path = write(tmp_path, main_js='import "./a.js";', a_js='import "./main.js";')
    with pytest.raises(ModuleError, match=r"main\.js → a\.js → main\.js"):
        inline(path)
