"""The checking core knows nothing of this paper: another theorem is checked with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from refutable.auditing.atlas import Atlas, Margin

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "gradient_descent.py"


def claims(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "refutable", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=300, env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip


def test_the_example_holds() -> None:
    found = claims("verify", "--module", str(EXAMPLE), "--workers", "1")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "2 claims: 2 hold." in found.stdout


def test_its_mistakes_are_killed() -> None:
    found = claims("selftest", "--module", str(EXAMPLE), "--workers", "1")
    assert found.returncode == 0, found.stdout
    assert "4 of 4 planted mistakes killed." in found.stdout


def test_its_assumptions_are_bent(tmp_path: Path) -> None:
    """The rate is lost beyond η = 2/(μ+L), convergence beyond 2/L or without convexity.

    The documentation shows what is printed.
    """
    out = tmp_path / "out"
    found = claims(
        "audit", "--module", str(EXAMPLE), "--profile", "full", "--out", str(out), "--workers", "1"
    )
    assert found.returncode == 0, found.stdout + found.stderr
    shown = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    assert "\n".join(line.rstrip() for line in found.stdout.splitlines()[:5]) in shown
    pairs = {(p.claim, p.dial): p for p in Atlas.read(out / "atlas.json").pairs}
    for claim, critical in (("gd.rate", 20 / 11), ("gd.threshold", 2.0)):
        pair = pairs[claim, "step"]
        assert pair.verdict is Margin.BREAKS
        assert pair.holds_to <= critical <= pair.breaks_at
    assert pairs["gd.rate", "smallest-curvature"].verdict is Margin.ROBUST
    convexity = pairs["gd.threshold", "smallest-curvature"]
    assert convexity.breaks_at < 0 <= convexity.holds_to
    assert pairs["gd.threshold", "step"].witness["base"]["spectrum"] == [0.5, 1.0]
    replayed = claims("replay", str(out), "gd.threshold/step", "--module", str(EXAMPLE))
    assert (replayed.returncode, replayed.stdout.splitlines()[-1]) == (1, "FAILS")
