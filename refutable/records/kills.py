"""Kills: what became of mistakes that were planted, and of mutations."""

from __future__ import annotations

from enum import StrEnum

from refutable.claim import Kind
from refutable.records.documents import Record


class Outcome(StrEnum):
    """What became of a mistake. Only `killed` is good news."""

    KILLED = "killed"  # a leg that holds without it fails with it
    SURVIVED = "survived"  # every leg that ran still does not fail
    ERROR = "error"  # a leg broke, and none failed: that is no refutation
    NOT_REACHED = "not reached"  # no leg called the function that it spoils
    DID_NOT_APPLY = "did not apply"  # there is no such target, or nothing was changed
    NOT_SOUND = "not sound"  # no leg holds without it, so that none could refute it


class Bite(Record):
    """What became of a mistake. leg: which one refuted it, or broke. why: anything else, in words.

    Raises ValueError for a kill without a leg.
    """

    outcome: Outcome
    leg: Kind | None = None
    why: str = ""

    def model_post_init(self, _: object) -> None:
        """A kill is the deed of a leg."""
        if self.outcome is Outcome.KILLED and self.leg is None:
            raise ValueError("a kill names the leg that failed")


class Kill(Record):
    """A mistake of a claim, or a mutation of its statement, and what became of it.

    excused: for a mutation that survived, why the claim tolerates that.
    """

    claim: str
    mistake: str
    bite: Bite
    excused: str | None = None

    @property
    def refuted(self) -> bool:
        """Whether a leg that holds without it fails with it."""
        return self.bite.outcome is Outcome.KILLED

    @property
    def unexplained(self) -> bool:
        """Whether nothing noticed and the claim does not say why."""
        return self.bite.outcome is Outcome.SURVIVED and self.excused is None
