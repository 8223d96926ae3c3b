"""Layers point one way: model → claims → reports; the checking core knows nothing of the paper."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(p for name in ("model", "claims", "reports") for p in (ROOT / name).rglob("*.py"))
SYMBOLIC = {
    "model.symbolic",
    "claims.checking.symbolic",
    "claims.checking.smt",
    "claims.checking.boxes",
    "claims.checking.cells",
    "claims.checking.inequality",
    "claims.checking.limits",
    "claims.checking.mutations",
    "claims.checking.relations",
    "claims.setup",
    "claims.masks",
    "claims.gradients",
    "claims.structure",
    "claims.one_sample",
    "claims.signs",
    "claims.sizes",
    "claims.loss",
    "claims.lemma51",
    "claims.refuted",
    "claims.initial_rates",
    "claims.initialisation",
    "claims.mae_crossover",
    "claims.contrastive_gradients",
}
"""Modules that handle symbols; the others must not import SymPy or z3."""

RECORDS = {
    "claims.checking.atlas",
    "claims.checking.claim",
    "claims.checking.compare",
    "claims.checking.documents",
    "claims.checking.errors",
    "claims.checking.results",
}
"""What reports may see of the checking core: what was found, not how."""


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imports(path: Path) -> set[str]:
    """Modules that a file imports when it is loaded, or later inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            submodules = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (submodules & MODULES.keys()) or {node.module}
    return found


def allowed(importer: str, imported: str) -> bool:
    top = importer.split(".")[0]
    target = imported.split(".")[0]
    if target not in ("model", "claims", "reports"):
        return True
    if importer in ("claims.cli", "claims.__main__"):
        return True
    if top == "model":
        return target == "model"
    if importer.startswith("claims.checking"):
        return imported.startswith("claims.checking")
    if top == "claims":
        return target in ("model", "claims") and imported != "claims.cli"
    return target == "reports" or imported in RECORDS


@pytest.mark.parametrize("name", MODULES)
def test_imports_point_one_way(name: str) -> None:
    wrong = {other for other in imports(MODULES[name]) if not allowed(name, other)}
    assert not wrong, f"{name} must not import {wrong}"


@pytest.mark.parametrize("name", sorted(set(MODULES) - SYMBOLIC))
def test_symbols_stay_where_symbols_are(name: str) -> None:
    assert not {other.split(".")[0] for other in imports(MODULES[name])} & {"sympy", "z3"}


def test_no_import_cycles() -> None:
    graph = {name: imports(path) & MODULES.keys() for name, path in MODULES.items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_no_drawer_for_odds_and_ends() -> None:
    assert not [path for path in FILES if path.stem in ("utils", "helpers", "common", "misc")]
