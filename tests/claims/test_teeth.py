"""Every claim fails under its planted mistakes: no check that cannot fail.

That claims hold as they stand is what `claims verify` says; what is protected here is its meaning.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from refutable import check
from refutable.catalogue import load
from refutable.claim import Claim, Kind, Mistake, Verdict, name_of
from refutable.claims.assumptions import ASSUMPTIONS
from refutable.selftest import planted
from tests.claims.unspoiled import Unspoiled

CATALOGUE = load(["refutable.claims"])
PLANTED = [(claim, mistake) for claim in CATALOGUE for mistake in claim.mistakes]


@pytest.fixture(scope="module")
def unspoiled(tmp_path_factory: pytest.TempPathFactory) -> Unspoiled:
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which all workers have in common
    folder /= "unspoiled"
    folder.mkdir(exist_ok=True)
    return Unspoiled([mistake for _, mistake in PLANTED], folder)


@pytest.mark.parametrize(
    ("claim", "mistake"), PLANTED, ids=[f"{c.id}: {m.title}" for c, m in PLANTED]
)
def test_a_planted_mistake_is_refuted(claim: Claim, mistake: Mistake, unspoiled: Unspoiled) -> None:
    assert unspoiled.bite(claim, mistake).outcome == "killed"


@pytest.mark.parametrize("claim", list(CATALOGUE), ids=lambda claim: claim.id)
def test_every_claim_has_teeth_and_names_its_assumptions(claim: Claim) -> None:
    assert len(claim.mistakes) >= 2
    assert set(claim.assumptions) <= ASSUMPTIONS.keys()


PROOFS = [
    claim
    for claim in CATALOGUE
    if claim.id.startswith(("data.", "sign.", "size.", "loss.", "lemma5.1."))
]
EXACTLY = {
    # (claim, number of its mistake): the claims whose proofs state the same thing, and no others
    ("data.gap-range", 0): {"data.gap-range", "data.gap-meaning"},  # both about Δ
    # all about the own integrand
    ("sign.own", 0): {"sign.own", "size.own", "loss.any-step", "lemma5.1.own"},
    ("size.own", 0): {"size.own"},
    ("sign.global", 0): {"sign.global"},
    ("size.global", 0): {"size.global"},
    ("size.other", 0): {"size.other"},
    ("size.other", 1): {"size.other", "lemma5.1.other"},  # the same error term
    ("size.position", 0): {"size.position"},
    ("loss.sandwich", 0): {"loss.sandwich"},
    ("lemma5.1.own", 0): {"lemma5.1.own"},
    ("lemma5.1.global", 0): {"lemma5.1.global"},
    ("lemma5.1.other", 0): {"lemma5.1.other"},
}


def proofs(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Kind]]:
    """The legs of claims that prove."""
    for claim in claims:
        for kind in claim.legs:
            if kind in (Kind.SYMBOLIC, Kind.SMT):
                yield claim, kind


@pytest.fixture(scope="module")
def calling() -> dict[str, set[str]]:
    """By function that a mistake spoils, the claims whose proofs call it, and so can turn red."""
    calls: list[str] = []

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def counting(*args: Any, **kwargs: Any) -> Any:
            calls.append(name_of(original))
            return original(*args, **kwargs)

        return counting

    spoiled = {CATALOGUE[id].mistakes[number].target for id, number in EXACTLY}
    found: dict[str, set[str]] = {name_of(target): set() for target in spoiled}
    assert len(found) == len(spoiled)
    with ExitStack() as stack:
        for target in spoiled:
            stack.enter_context(planted.planted(Mistake(target, "counted", counted)))
        for claim, kind in proofs(PROOFS):
            calls.clear()
            assert check.check_leg(claim, kind, "quick", 0).verdict is Verdict.HOLDS
            for called in calls:
                found[called].add(claim.id)
    return found


@pytest.mark.parametrize(("id", "number"), EXACTLY, ids=[f"{c} {n}" for c, n in EXACTLY])
def test_a_mistaken_statement_turns_exactly_its_claims_red(
    id: str, number: int, calling: dict[str, set[str]]
) -> None:
    mistake = CATALOGUE[id].mistakes[number]
    reached = [CATALOGUE[claim] for claim in calling[mistake.name]]
    with planted.planted(mistake):
        red = {
            claim.id
            for claim, kind in proofs(reached)
            if check.check_leg(claim, kind, "quick", 0, until_refuted=True).verdict is Verdict.FAILS
        }
    assert red == EXACTLY[(id, number)]
