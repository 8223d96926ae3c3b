"""Layers point one way: model → claims → reports; the tool knows nothing of the paper."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = {
    "refutable": ROOT / "refutable",
    "refutable.claims": ROOT / "claims",
    "refutable.model": ROOT / "model",
    "refutable.reports": ROOT / "reports",
}
"""Where what is installed below `refutable` stands in the repository."""
PAPER = ("refutable.claims", "refutable.model", "refutable.reports")
SEES_ALL = ("refutable.cli", "refutable.__main__")
RECORDS = (
    "refutable.records", "refutable.claim", "refutable.errors", "refutable.text",
    "refutable.auditing.atlas", "refutable.auditing.answers",
)  # fmt: skip
"""What reports may see of the tool: what was found, not how."""


def modules() -> dict[str, Path]:
    """Every module by the name that it is imported by."""
    found: dict[str, Path] = {}
    for package, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = (package, *path.relative_to(folder).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return dict(sorted(found.items()))


MODULES = modules()


def below(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(path: Path) -> set[str]:
    """Modules that a file imports, when loaded or later."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (submodules & MODULES.keys()) or {node.module}
    return found


def allowed(importer: str, imported: str) -> bool:
    """Model → claims; the tool sees no paper; reports see records; the command line sees all."""
    if not below(imported, ("refutable",)) or below(importer, SEES_ALL):
        return True
    if below(imported, SEES_ALL):
        return False
    if below(importer, ("refutable.model",)):
        return below(imported, ("refutable.model",))
    if below(importer, ("refutable.claims",)):
        return not below(imported, ("refutable.reports",))
    if below(importer, ("refutable.reports",)):
        return below(imported, ("refutable.reports", *RECORDS))
    return not below(imported, PAPER)


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    wrong = {other for other in imports(MODULES[name]) if not allowed(name, other)}
    assert not wrong, f"{name} must not import {wrong}"


def test_no_import_cycles() -> None:
    graph = {name: imports(path) & MODULES.keys() for name, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_what_kept_runs_depend_on_is_named_as_it_is_imported() -> None:
    """Any other name is that of a module of the user's, or of none."""
    found = [
        (name, element.value)
        for name, path in MODULES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "depends_on"
        for element in ast.walk(node.value)
        if isinstance(element, ast.Constant)
    ]
    assert found
    assert [(name, module) for name, module in found if module not in MODULES] == []


def test_no_drawer_for_odds_and_ends() -> None:
    assert not [
        path for path in MODULES.values() if path.stem in ("utils", "helpers", "common", "misc")
    ]
