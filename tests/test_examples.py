"""The checking core knows nothing of this paper: another theorem is checked with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "gradient_descent.py"


def claims(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "claims", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip


def test_the_example_holds() -> None:
    found = claims("verify", "--module", str(EXAMPLE), "--workers", "1")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 claims: 2 hold." in found.stdout


def test_its_mistakes_are_killed() -> None:
    found = claims("selftest", "--module", str(EXAMPLE), "--workers", "1")
    assert found.returncode == 0, found.stdout
    assert "4 of 4 planted mistakes killed." in found.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.name)
def test_examples_use_the_checking_core_alone(path: Path) -> None:
    imported = [
        name.name if isinstance(node, ast.Import) else f"{node.module}.{name.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    ]
    ours = [name for name in imported if name.split(".")[0] in ("claims", "model", "reports")]
    assert all(name.startswith("claims.checking") for name in ours)
