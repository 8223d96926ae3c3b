"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from refutable.claim import Claim, Context, Kind, LegFunction, Provenance
from refutable.judgement import examine
from refutable.records.results import LegRecord


@pytest.fixture
def examined() -> Callable[..., LegRecord]:
    """Runs a function as the leg of a claim and judges it: `examined(run, kind, **options)`."""

    def judged(run: LegFunction, kind: str = "exact", seed: int = 1, **options: Any) -> LegRecord:
        claim = Claim(id="a.claim", title="t", statement="s", provenance=Provenance.DERIVED)
        claim.leg(kind, **options)(run)
        return examine(claim.legs[Kind(kind)], Context("quick", 0, seed))

    return judged
