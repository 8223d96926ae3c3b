"""What came of a gap, in words: `z3 found no counterexample`, `exactly 1/3`.

Also which gap decides how close a claim came to failing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from refutable.claim import Verdict
from refutable.records.gap import GapRecord, short
from refutable.records.results import ClaimRecord, LegRecord

FOUND = {
    "unsat": "no counterexample",
    "no counterexample": "no counterexample",
    "sat": "a counterexample",
    "a counterexample": "a counterexample",
    "unknown": "no answer",
}
"""What a decider's answer means where it was asked for a counterexample."""
_VERSION = re.compile(r" [\d.]+$")

INSTANCE = {
    "sat": "an instance",
    "a counterexample": "an instance",
    "unsat": "no instance",
    "no counterexample": "no instance",
    "unknown": "no answer",
}
"""The same where the claim is that something exists."""


def answer(gap: GapRecord) -> str:
    """What a decider found that was asked for a counterexample or an instance; empty for others."""
    if not gap.certificate or gap.predicted not in FOUND:
        return ""
    meanings = FOUND if FOUND[str(gap.predicted)] == "no counterexample" else INSTANCE
    decider = _VERSION.sub("", gap.certificate.by.split(",")[0])
    return f"{decider} found {meanings.get(str(gap.measured), str(gap.measured))}"


def said(gap: GapRecord) -> str:
    """A gap that does not hold, in a sentence."""
    found = answer(gap)
    return f"{gap.name}: {found}" if found else gap.said


def told(gap: GapRecord) -> str:
    """What was found of a gap that compares objects or answers; empty for numbers."""
    if gap.relation != "identical":
        return ""
    found = answer(gap)
    if found:
        return found
    left, right = short(gap.measured, gap.predicted)
    if gap.holds:
        if gap.certificate and left == "0":
            return f"the difference is 0, says {gap.certificate.by}"
        return {"True": "so it is", "False": "it is not, as claimed"}.get(left, f"exactly {left}")
    return f"{left}, and not {right}"


def nearest(claim: ClaimRecord) -> tuple[LegRecord, GapRecord] | None:
    """The gap that decides the closeness of a claim that holds, and its leg."""
    if claim.verdict is not Verdict.HOLDS:
        return None
    found = [
        (gap.closeness, -number, leg, gap)
        for number, (leg, gap) in enumerate(_held(claim))
        if gap.closeness is not None
    ]
    if not found:
        return None
    *_, leg, gap = max(found, key=lambda one: one[:2])
    return leg, gap


def _held(claim: ClaimRecord) -> Iterator[tuple[LegRecord, GapRecord]]:
    for leg in claim.legs:
        if leg.verdict is Verdict.HOLDS:
            yield from ((leg, gap) for gap in leg.gaps)
