"""Every claim holds as it stands and fails under its planted mistakes: no check that cannot fail.

The slowest planted mistakes (training runs) are left to `claims selftest`, which runs them all.
"""

from __future__ import annotations

import pytest

from claims.checking import check, teeth
from claims.checking.catalogue import load
from claims.checking.claim import Claim, Kind, Mistake, Verdict
from claims.configurations import ASSUMPTIONS

CATALOGUE = load(["claims"])
PLANTED = [(claim, mistake) for claim in CATALOGUE for mistake in claim.mistakes]


@pytest.mark.parametrize(
    ("claim", "mistake"), PLANTED, ids=[f"{c.id}: {m.title}" for c, m in PLANTED]
)
def test_a_planted_mistake_is_refuted(claim: Claim, mistake: Mistake) -> None:
    assert teeth.bite(claim, mistake, "quick", 0).outcome == "killed"


@pytest.mark.parametrize("claim", CATALOGUE, ids=lambda claim: claim.id)
def test_every_claim_has_teeth_and_names_its_assumptions(claim: Claim) -> None:
    assert len(claim.mistakes) >= 2
    assert set(claim.assumptions) <= ASSUMPTIONS.keys()


EXACTLY = {
    # the mistake: what it must turn red among the cheap proofs, and nothing else among them
    ("sign.own", 0): {"sign.own"},
}


def test_a_mistake_in_one_statement_leaves_the_others_alone() -> None:
    """A statement's mistake reaches only the claims that share the prediction."""
    cheap = [
        claim for claim in CATALOGUE if claim.id.startswith(("sign.", "size.", "data.", "mask."))
    ]
    for (id, number), red in EXACTLY.items():
        with teeth.planted(CATALOGUE[id].mistakes[number]):
            found = {
                claim.id
                for claim in cheap
                for kind in claim.legs
                if kind in (Kind.SYMBOLIC, Kind.SMT)
                and check.check_leg(claim, kind, "quick", 0).verdict is Verdict.FAILS
            }
        assert found == red
