"""Docs and examples use public names alone, and these are what the package says."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

import refutable

ROOT = Path(__file__).parents[2]
PAPER = ("refutable.claims", "refutable.model")
"""A paper's packages are its own interface; all else below `refutable` is the tool's inside."""


def python_shown() -> dict[str, str]:
    """All Python that a reader is shown: examples, cells of notebooks, and blocks of pages."""
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
        for path in (ROOT / "examples").rglob("*.py")
    }
    for path in (ROOT / "examples").glob("*.ipynb"):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = "".join(line for cell in cells if cell["cell_type"] == "code"
                       for line in [*cell["source"], "\n"])  # fmt: skip
        found[path.name] = re.sub(r"^[%!].*$", "", code, flags=re.MULTILINE)
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        blocks = re.findall(r"```python.*?\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        found |= {f"{path.name}[{n}]": block for n, block in enumerate(blocks)}
    return found


SHOWN = python_shown()


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_reader_is_shown_uses_public_names(name: str) -> None:
    tree = ast.parse(SHOWN[name])
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "refutable":
            names = []
            assert {alias.name for alias in node.names} <= {*refutable.__all__}
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for other in names:
            inside = other.startswith("refutable.") and not other.startswith(PAPER)
            assert not inside, f"{name} imports {other}, which is not public"
            assert other.split(".")[0] not in ("claims", "model", "reports")


@pytest.mark.parametrize("name", refutable.__all__)
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(refutable, name)
    if name != "__version__":
        assert (found.__doc__ or "").strip()


def test_the_public_names_are_listed_for_readers() -> None:
    page = (ROOT / "docs" / "api" / "index.md").read_text("utf-8")
    for name in refutable.__all__:
        assert f"`{name}`" in page


def test_importing_the_package_imports_nothing_else() -> None:
    importlib.import_module("refutable")
    source = (ROOT / "refutable" / "__init__.py").read_text("utf-8")
    imported = [
        alias.name if isinstance(node, ast.Import) else node.module
        for node in ast.parse(source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    assert set(imported) <= {"__future__", "importlib", "importlib.metadata", "typing"}
