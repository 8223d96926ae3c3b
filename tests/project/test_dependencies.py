"""What is imported is declared, what is declared is used and pinned, and there is one version."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIRED = {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}
EXTRAS = {
    extra: {canonicalize_name(r.name): r for r in map(Requirement, lines)}
    for extra, lines in PROJECT["optional-dependencies"].items()
}
PINNED = {
    canonicalize_name(r.name): r
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
    for r in [Requirement(line)]
}
COMMANDS = {
    "hatchling", "ipykernel", "mypy", "pytest-cov", "pytest-xdist", "ruff",
    "uv",
}  # fmt: skip
"""Of the extras `test` and `dev`: run, not imported."""

BY_NAME = {"importlib.import_module", "needed", "errors.needed"}
"""Functions that import a module by its name: what only some legs use."""


def imported(*folders: str) -> set[NormalizedName]:
    """Distributions of the packages that a folder's files import."""
    homes = importlib.metadata.packages_distributions()
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in BY_NAME:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    names.add(str(first.value).split(".")[0])
    ours = {"refutable", "benchmarks", *sys.stdlib_module_names}
    return {canonicalize_name(home) for name in names - ours for home in homes.get(name, ())}


def test_what_is_installed_is_what_is_imported() -> None:
    used = imported("refutable", "claims", "model", "reports")
    for_users = EXTRAS["cluster"].keys() | EXTRAS["photographs"].keys()
    assert used == REQUIRED.keys() | for_users | (used & {"jaxtyping"})


def test_what_tests_import_is_an_extra() -> None:
    used = imported("tests", "docs", "benchmarks", "examples") - REQUIRED.keys()
    declared = set[str]().union(*(EXTRAS[name] for name in ("test", "docs", "pep", "cluster")))
    assert used <= declared
    assert EXTRAS["test"].keys() - COMMANDS <= used
    assert EXTRAS["pep"].keys() <= used
    assert EXTRAS["dev"].keys() <= COMMANDS | {"refutable"}


@pytest.mark.parametrize("name", sorted({*REQUIRED, *(n for e in EXTRAS.values() for n in e)}))
def test_every_package_is_pinned_above_its_lower_bound(name: str) -> None:
    if name == "refutable":
        return
    [requirement] = [found[name] for found in (REQUIRED, *EXTRAS.values()) if name in found]
    [bound] = requirement.specifier
    assert bound.operator == ">="
    [pin] = PINNED[name].specifier
    assert pin.operator == "=="
    assert Version(pin.version) >= Version(bound.version)


def test_nothing_is_pinned_that_is_not_needed() -> None:
    needed = {*REQUIRED, *(name for extra in EXTRAS.values() for name in extra)}
    assert PINNED.keys() <= needed | {"mkdocstrings-python"}


def test_the_packages_that_a_user_can_count_on_stay() -> None:
    assert {"torch", "numpy", "hypothesis", "sympy", "pytest", "pandas"} <= REQUIRED.keys()


def test_one_version() -> None:
    version = PROJECT["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == version
    for page in (ROOT / "README.md", ROOT / "docs" / "ci.md"):
        named = re.findall(r"(?:refutable@|rev: )v(\S+)", page.read_text("utf-8"))
        assert set(named) == {version}
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (\S+)", changes, re.MULTILINE)[0] in ("Unreleased", version)


def test_every_python_that_is_promised_is_tested() -> None:
    lowest = PROJECT["requires-python"].removeprefix(">=")
    promised = [
        found[1]
        for line in PROJECT["classifiers"]
        if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", line))
    ]
    assert promised[0] == lowest
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
