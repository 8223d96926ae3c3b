"""What is computed once for all mistakes is what no mistake reaches, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from refutable import Claim, Provenance, equal
from refutable.claim import Context
from refutable.gap import Gap
from refutable.reuse.shared import run_once
from tests.claims.unspoiled import Unspoiled

MADE: list[str] = []
FACTOR = 1


def rate() -> int:
    return 2


def start() -> int:
    return 3


@run_once
def inner() -> int:
    MADE.append("inner")
    return rate() * FACTOR


@run_once
def training() -> int:
    MADE.append("training")
    return start() * inner()


def predicted() -> int:
    return 6


claim = Claim(id="u.claim", title="t", statement="s", provenance=Provenance.DERIVED)


@claim.leg("symbolic")
def proof(context: Context) -> Iterator[Gap]:
    MADE.append("proof")
    yield equal("start", start(), 3)


@claim.leg("trained")
def measured(context: Context) -> Iterator[Gap]:
    MADE.append("measured")
    yield equal("rate", inner(), 2)
    yield equal("training", training(), predicted())


claim.mistake(predicted, "one more", lambda f: lambda: f() + 1)
claim.mistake(predicted, "one less", lambda f: lambda: f() - 1)
claim.mistake(start, "one more", lambda f: lambda: f() + 1)
claim.mistake(rate, "one more", lambda f: lambda: f() + 1)
claim.mistake(f"{__name__}.FACTOR", "two", lambda _: 2)
claim.mistake(predicted, "none at all", lambda f: lambda: f())

COMPUTED = [
    ["proof", "measured", "inner", "training"],
    ["measured"],
    ["proof"],
    ["measured", "inner"],
    ["proof", "measured", "inner"],
    ["measured"],
]
"""By mistake, in this order: what is computed under it. A leg ends where it fails. The last changes
nothing, and what was computed under those before it is not there to refute it."""


def test_what_a_mistake_reaches_is_computed_under_it(tmp_path: Path) -> None:
    unspoiled = Unspoiled(claim.mistakes, tmp_path)
    outcomes, computed = [], []
    for mistake in claim.mistakes:
        MADE.clear()
        outcomes.append(unspoiled.bite(claim, mistake).outcome)
        computed.append(list(MADE))
    assert outcomes == ["killed"] * 5 + ["survived"]
    assert computed == COMPUTED
