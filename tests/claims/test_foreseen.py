"""What the theory says of a dial beforehand stands beside what is found, and never decides it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from refutable.auditing import run as auditing
from refutable.auditing.atlas import Margin, Outcome
from refutable.claims.bent import statements
from refutable.reports import atlas as atlas_report

STATEMENTS = {statement.claim: statement for statement in statements.STATEMENTS}


@pytest.mark.parametrize(
    ("claim", "turned", "expected"),
    [
        ("thm4.4", {"clusters": 8.0}, True),
        ("thm4.4", {"clusters": 1.0}, False),  # constant latents: no gradient
        ("thm4.4", {"weight-decay": 0.03}, False),
        ("thm4.4", {"high-masking": 0.98}, False),  # masks that show nothing of the global area
        ("thm4.4", {"adam": 1.0}, None),
        ("thm4.4", {"queries": 1.0}, None),
        ("thm4.4", {"smallest-latent": 0.0}, None),
        ("thm4.2.local+", {"gap-crossing": 0.0}, True),
        ("thm4.2.local+", {"gap-crossing": 2.0}, False),
        ("thm4.2.local-", {"gap-crossing": 0.0}, True),
        ("thm4.1", {"weight-decay": 0.03}, None),
        ("thm4.1", {"noise": 1.0}, None),
        ("mae.locality", {"clusters": 1.0}, True),
        ("grad.shift", {"clusters": 1.0}, None),
    ],
)
def test_the_reduced_dynamics_speak_where_they_reach(
    claim: str, turned: Any, expected: bool | None
) -> None:
    statement = STATEMENTS[claim]
    said = [statement.foreseen(base, turned) for base in statement.bases]
    assert (False if False in said else None if None in said else True) is expected


MODULE = """
from refutable.auditing.statement import Audit, Statement
from refutable.claim import Claim, Provenance
from refutable.auditing.dial import Dial
from refutable.gap import at_most, equal

claim = Claim(id="toy", title="t", statement="s", provenance=Provenance.DERIVED)


@claim.leg("exact")
def check(context):
    yield equal("one", 1.0, 1.0, 0, "toy")


CLAIMS = (claim,)
AUDIT = Audit(
    dials=(
        Dial(name="bend", assumption="a", title="t", source="s", enters="data",
             grid=(0.0, 1.0, 2.0, 3.0)),
    ),
    statements=(
        Statement(
            claim="toy",
            measured="x below 1.5",
            bases=({"offset": 0.0},),
            check=lambda base, turned, seed, profile: [
                at_most("x", turned["bend"], 1.5, 0, "toy")
            ],
            foreseen=lambda base, turned: None if turned["bend"] < 1 else turned["bend"] < 2.5,
            main=True,
        ),
    ),
)
"""


def test_a_wrong_prophecy_is_shown_and_does_not_change_the_finding(tmp_path: Path) -> None:
    source = tmp_path / "toy_foreseen.py"
    source.write_text(MODULE)
    atlas = auditing.audit(sources=[str(source)])
    (pair,) = atlas.pairs
    assert pair.verdict is Margin.BREAKS
    assert (pair.holds_to, pair.breaks_at) == (1.5, 1.75)
    said = {trial.value: trial.foreseen for trial in pair.trials}
    assert said[0.0] is None
    assert said[2.0] is Outcome.HOLDS
    assert said[3.0] is Outcome.BREAKS
    assert atlas_report.foreseen(pair, atlas.dials[0]) == "foreseen to break by 3"
    wrong = [trial.value for trial in pair.foreseen if trial.outcome is not trial.foreseen]
    assert wrong == [1.75, 2.0]
    assert (atlas.totals.foreseen, atlas.totals.agreeing) == (5, 3)
