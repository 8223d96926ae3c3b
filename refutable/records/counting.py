"""What counts against a run: the one rule for exit codes, annotations and baselines.

0 when every selected claim holds or is accepted by the baseline; 1 otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from refutable.claim import Verdict
from refutable.records.results import ClaimRecord, Results

ALLOWABLE = (Verdict.UNDECIDED, Verdict.NOT_RUN)
"""Verdicts that a user may tolerate: nothing was found to be wrong, and nothing was shown."""


@dataclass(frozen=True)
class Counting:
    """Which outcomes count against a run.

    allowed: verdicts of ALLOWABLE that do not. strict: whether a remark beside a verdict does, and
    a claim that is missing from CLAIMS.
    """

    allowed: frozenset[Verdict] = frozenset()
    strict: bool = False

    @property
    def verdicts(self) -> frozenset[Verdict]:
        """The verdicts that count, whatever is said beside them."""
        return frozenset(Verdict) - {Verdict.HOLDS} - self.allowed

    def counts(self, claim: ClaimRecord) -> bool:
        """Whether a claim counts against its run. What is accepted does not."""
        if claim.accepted:
            return False
        return claim.verdict in self.verdicts or (self.strict and bool(remarks(claim)))

    def exit_code(self, results: Results) -> int:
        """0 when nothing counts against the run, else 1.

        Claims that are defined and not listed were not checked; under `strict` they count.
        """
        forgotten = self.strict and bool(results.unlisted)
        return int(forgotten or any(map(self.counts, results.claims)))


def remarks(claim: ClaimRecord) -> list[str]:
    """What a reader must know beside the verdict, of the claim and of its legs."""
    return list(_remarks(claim))


def _remarks(claim: ClaimRecord) -> Iterator[str]:
    yield from claim.remarks
    for leg in claim.legs:
        yield from (f"{leg.kind.value}: {remark}" for remark in leg.remarks)
