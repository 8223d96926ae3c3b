"""Where a leg is written is told as a reader finds it: no path of the machine where one can do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from refutable import claims
from refutable.claim import Kind
from refutable.records.contents import place_of_leg

ROOT = Path(__file__).parents[2]
LEG = next(claim for claim in claims.CLAIMS if claim.id == "thm4.4").legs[Kind.SCALING]


def test_below_the_working_directory_and_else_below_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    here = place_of_leg(LEG.run)
    monkeypatch.chdir(tmp_path)
    elsewhere = place_of_leg(LEG.run)
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    os.rmdir(gone)
    for place in (here, elsewhere, place_of_leg(LEG.run)):
        assert place is not None
        file, _, line = place.rpartition(":")
        assert file == "refutable/claims/theorems/theorem_4_4.py"
        assert line.isdigit()
