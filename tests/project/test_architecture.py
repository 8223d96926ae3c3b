"""ARCHITECTURE.md is true: layers point one way, symbols stay in their folders, files are short."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest

from refutable import claims

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


HOMES = {
    "sympy": (
        "refutable.prove", "refutable.selftest", "refutable.claims", "refutable.model.symbolic",
    ),
    "z3": ("refutable.prove",),
    "cvc5": ("refutable.prove",),
    "flint": ("refutable.prove", "refutable.claims", "refutable.model"),
    "mpmath": ("refutable.model",),
    "torch": ("refutable.model", "refutable.claims"),
    "hypothesis": ("refutable.property", "refutable.auditing", "refutable.claims"),
    "matplotlib": ("refutable.reports",),
    "click": ("refutable.cli",),
    "rich": ("refutable.cli", "refutable.reports"),
    "pytest": ("refutable.pytest_plugin",),
    "sklearn": ("refutable.claims.bent",),
}  # fmt: skip
"""Where a library may be imported when a module is loaded.

Elsewhere it is imported inside the function that needs it, so that all else runs without it.
"""
LONGEST = 500
"""Lines of a file."""


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


def loads(path: Path) -> set[str]:
    """Libraries that a file imports as it is loaded, not for type checkers or inside functions."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        waiting += ast.iter_child_nodes(node)
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


def room_of(name: str) -> str:
    """A folder, or a file beside the folders, of the tool or of the paper."""
    depth = 3 if below(name, ("refutable.claims", "refutable.model")) else 2
    return ".".join(name.split(".")[:depth])


def test_rooms_import_one_way() -> None:
    """Folders, too, form no circle, though no two files of theirs import each other."""
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        used = {room_of(other) for other in imports(path) & MODULES.keys()}
        graph.setdefault(room_of(name), set()).update(used - {room_of(name)})
    graphlib.TopologicalSorter(graph).prepare()


def test_imports_run_as_claims_rest_on_each_other() -> None:
    """The module of a claim that another rests on does not know the other's, directly or not."""
    stands = {
        claim.id: {leg.run.__module__ for leg in claim.legs.values()} for claim in claims.CLAIMS
    }
    graph = {name: imports(path) & MODULES.keys() for name, path in MODULES.items()}
    knows: dict[str, set[str]] = {}
    for name in graphlib.TopologicalSorter(graph).static_order():
        knows[name] = graph[name].union(*(knows[other] for other in graph[name]))
    wrong = [
        f"{claim.id} rests on {other}"
        for claim in claims.CLAIMS
        for other in claim.rests_on
        for module in stands[other]
        if knows[module] & stands[claim.id] and module not in stands[claim.id]
    ]
    assert not wrong


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


@pytest.mark.parametrize("name", MODULES)
def test_libraries_stay_where_they_are_used(name: str) -> None:
    away = {other for other in loads(MODULES[name]) & HOMES.keys() if not below(name, HOMES[other])}
    assert not away, f"{name} must import {away} only inside the functions that need it"


@pytest.mark.parametrize("name", MODULES)
def test_a_file_can_be_read_in_one_go(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_the_drawing_names_what_there_is() -> None:
    """Every folder has its line in ARCHITECTURE.md, and every line its folder."""
    drawing = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("```")[1]
    named = set(re.findall(r"([a-z]+)/", drawing))
    there = {
        path.name
        for folder in FOLDERS.values()
        for path in [folder, *folder.iterdir()]
        if path.is_dir() and any(path.glob("*.py"))
    }
    assert there - {"reduced"} <= named | {"claims", "model", "reports"}
    assert named <= there


def test_no_drawer_for_odds_and_ends() -> None:
    assert not [
        path for path in MODULES.values() if path.stem in ("utils", "helpers", "common", "misc")
    ]
