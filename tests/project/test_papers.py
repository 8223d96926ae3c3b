"""Other papers, encoded as users would: their claims hold, their planted theorems are refuted.

All are checked in one run, so that the machinery starts once.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from refutable.catalogue import module_of
from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.records.results import ClaimRecord, Results

ROOT = Path(__file__).parents[2]
PACKAGES = ("first_order", "in_context", "deep_linear")


def huber(corner: str) -> dict[str, list[str]]:
    """The function ½x² up to a corner, as it is shown."""
    return {"knots": [f"-{corner}", corner], "slopes": ["0", "1", "0"]}


WITNESSES: dict[str, dict[str, Any]] = {
    # Huber functions with their corners at 1/3 and 1/5; a step that throws x to the other side
    "wrong.constant": {"configuration": {"f": huber("1/3"), "N": 1}},
    "wrong.linear": {"configuration": {"f": huber("1/5"), "N": 1}},
    "wrong.long-step": {"x": "1"},
    "wrong.momentum": {"x_t": "0", "x_{t+1}": "-1/2"},
    "wrong.falling": {"x_0": 1, "noise": 0},
    "wrong.inverse": {"loss by Γ": {"1": "2", "1/3": "2/3"}},
    "wrong.error": {"configuration": {"d": 1, "n": 3}},
    "wrong.offset": {"configuration": {"c": 1, "query": 0, "x": [0, 0]}},
    "wrong.start": {"v": 0.0, "Γ": 0.0, "Γ*": 1.5},
    "wrong.landscape": {"v": "0", "g": "0"},
    "wrong.monotone": {"configuration": {"a": 0, "b": 2, "step": "1"}, "a', b'": ["2", "2"]},
    "wrong.wait": {"gap": "wait of 3 layers: exponent"},  # beside rungs and slopes
    "wrong.edge": {"eta": 0.75, "end": [1.0, 1.0]},
    "wrong.minimum": {"a": "0", "b": "0", "s": "1"},
    "wrong.sharpness": {"a": "1", "b": "1/2", "s": "1/2"},
}
"""What a reader is shown of each wrong theorem."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Reports of all packages, and of what is wrong on purpose, in profile quick."""
    out = tmp_path_factory.mktemp("papers")
    words = ["verify", "--out", str(out), "--workers", "2"]
    for package in PACKAGES:
        words += ["--module", f"examples/{package}", "--module", f"{package}.wrong"]
    done = subprocess.run(
        [sys.executable, "-m", "refutable", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=300, env=os.environ | {"COLUMNS": "120"},
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def found(folder: Path) -> Results:
    return Results.read(folder / "results.json")


def of(found: Results, *, wrong: bool) -> list[ClaimRecord]:
    return [claim for claim in found.claims if claim.id.startswith("wrong.") is wrong]


def test_every_claim_holds_without_a_remark(found: Results) -> None:
    for claim in of(found, wrong=False):
        assert claim.verdict is Verdict.HOLDS, claim.id
        assert not [leg.remarks for leg in claim.legs if leg.remarks], claim.id


def test_every_wrong_theorem_is_refuted_with_a_witness_for_readers(found: Results) -> None:
    wrong = {claim.id: claim for claim in of(found, wrong=True)}
    assert wrong.keys() == WITNESSES.keys()
    assert len(wrong) == 5 * len(PACKAGES)
    for id, shown in WITNESSES.items():
        assert wrong[id].verdict is Verdict.FAILS, id
        [witness] = [leg.witness for leg in wrong[id].legs if leg.witness]
        assert shown.items() <= witness.items(), (id, witness)


def rows(text: str) -> list[tuple[str, ...]]:
    """The table of claims that hold, without closeness, whose last digit is the machine's."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if "| ✓ holds |" in line]
    return [(*found[:3], *found[4:]) for found in cells]


def test_pages_show_the_reports(found: Results, folder: Path) -> None:
    pages = [path.read_text("utf-8") for path in (ROOT / "docs" / "examples").glob("*.md")]
    shown = [row for page in pages for row in rows(page)]
    assert sorted(shown) == sorted(rows((folder / "summary.md").read_text("utf-8")))
    assert len(shown) == len(of(found, wrong=False))


def test_each_is_checked_in_ci_and_has_its_page() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert workflow["jobs"]["examples"]["strategy"]["matrix"]["package"] == list(PACKAGES)
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    for package in PACKAGES:
        assert f"examples/{package.replace('_', '-')}.md" in navigation
        assert (ROOT / "examples" / package / "README.md").is_file()


def test_a_folder_whose_name_is_taken_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name it would be another package, whose claims nobody asked for."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "__init__.py").write_text("CLAIMS = ()", encoding="utf-8")
    with pytest.raises(UsageError, match="'email' exists already"):
        module_of(str(tmp_path / "email"))


def test_the_first_claim_of_a_paper_is_short() -> None:
    """Statement, search, ladder and mistake."""
    source = (ROOT / "examples" / "first_order" / "gradient_descent.py").read_text("utf-8")
    assert len(source.splitlines()) <= 45
    for word in ("@claim(", "@for_all(", '.leg("scaling")', ".mistake("):
        assert word in source
