"""pyproject.toml, environment.yml and constraints.txt agree."""

import ast
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())


EVERYTHING = [*PROJECT["dependencies"], *chain.from_iterable(PROJECT["optional-dependencies"].values())]


IMPORT_NAMES = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml"}
WITH_JUPYTERLAB = {"ipython", "jupyter-client", "jupyter-core", "nbconvert", "packaging", "traitlets"}
WITH_MATPLOTLIB = {"pillow"}


def bounds(lines):
    """{name: version specifier}"""
    return {canonicalize_name(wanted.name): str(wanted.specifier) for wanted in map(Requirement, lines)}


def test_conda_brings_every_dependency_with_the_same_bound():
    ours = {CONDA_NAMES.get(name, name): bound for name, bound in bounds(PROJECT["dependencies"]).items()}
    theirs = bounds(line for line in CONDA["dependencies"] if isinstance(line, str))
    assert theirs.pop("python") == PROJECT["requires-python"]
    assert theirs.pop("pip") == ""
    assert theirs == ours


def test_conda_takes_binaries_from_conda_forge_and_the_package_from_here():
    assert CONDA["channels"] == ["conda-forge", "nodefaults"]
    assert [line for line in CONDA["dependencies"] if not isinstance(line, str)] == [{"pip": ["-e ."]}]


def test_the_package_sets_lower_bounds_only():
    assert all(bound.startswith(">=") and "," not in bound for bound in bounds(EVERYTHING).values())


def test_what_was_tested_satisfies_every_bound():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    tested = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    for requirement in map(Requirement, EVERYTHING):
        assert requirement.specifier.contains(tested[canonicalize_name(requirement.name)]), requirement


def imported(folder):
    """{distribution: a file that imports it} of everything in `folder` that is neither Python's nor ours."""
    found = {}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.partition(".")[0]: path for name in names}
    ours = {"cnncourse", "tests", *(path.stem for path in (ROOT / "tools").glob("*.py"))}
    foreign = found.keys() - sys.stdlib_module_names - ours
    return {canonicalize_name(IMPORT_NAMES.get(name, name)): found[name] for name in foreign}


@pytest.mark.parametrize(
    ("folder", "declared"),
    [("cnncourse", PROJECT["dependencies"]), ("tests", EVERYTHING), ("tools", EVERYTHING)],
)
def test_what_is_imported_is_declared(folder, declared):
    undeclared = imported(folder).keys() - bounds(declared) - WITH_JUPYTERLAB - WITH_MATPLOTLIB
    assert not undeclared, {name: str(imported(folder)[name]) for name in undeclared}
