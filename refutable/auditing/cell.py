"""Cell: what is tried at once, statements at one base and one value of a dial under one seed.

All that share it are tried one after the other in one process, so that what they train there is
trained once.
"""

from __future__ import annotations

import functools
import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import model_validator

from refutable.auditing.selection import loaded
from refutable.auditing.statement import Base, Statement
from refutable.claim import Profile
from refutable.engine.worker import tick
from refutable.errors import said
from refutable.gap import Gap
from refutable.records.documents import Record
from refutable.records.gap import GapRecord

CELL = "refutable.auditing.cell:cell_task"


class Point(NamedTuple):
    """Where statements are tried. base: as JSON."""

    base: str
    dial: str
    value: float
    seed: int


class Found(Record):
    """What came of a statement at a point.

    worst: the gap closest to failing, or the one that failed worst; None where nothing was
    measured, or the check raised. beyond: whether it fails by more than any share of its allowance.
    failed: the first gap that does not hold, where that is not the worst. raised: what the check
    raised. told: what the theory says, where it was asked. untold: why it could not be asked.
    """

    worst: GapRecord | None = None
    beyond: bool = False
    failed: GapRecord | None = None
    raised: str | None = None
    told: bool | None = None
    untold: str | None = None
    seconds: float = 0.0

    @model_validator(mode="after")
    def _fits(self) -> Found:
        if self.failed is not None and (
            self.failed.holds or self.worst is None or self.worst.holds
        ):
            raise ValueError("a gap is said to fail, and holds, or one that holds is the worst")
        if self.raised is not None and self.worst is not None:
            raise ValueError("a check that raised has measured something")
        return self

    @property
    def failing(self) -> GapRecord | None:
        """The first gap that does not hold; None when all hold."""
        fails = self.worst is not None and not self.worst.holds
        return self.failed or (self.worst if fails else None)

    @property
    def badness(self) -> tuple[bool, float]:
        """Failing gaps first, then the closest to failing."""
        assert self.worst is not None
        return not self.worst.holds, math.inf if self.beyond else self.worst.closeness or 0.0


def cell_task(
    sources: Sequence[str],
    base: str,
    dial: str,
    value: float,
    seed: int,
    claims: Sequence[str],
    profile: Profile,
    foresee: bool,
) -> dict[str, Any]:
    """Statements at a point, in a process of the engine: by claim, what was found, as JSON."""
    turned = of_grids(sources, {dial: value})
    found = {}
    for claim in claims:
        tick()
        statement = statement_on(tuple(sources), claim)
        at = base_of(statement, base)
        began = time.perf_counter()
        one = tried(statement, at, turned, seed, profile)
        if foresee and one.raised is None:
            one = one.model_copy(update=_foreseen(statement, at, turned))
        one = one.model_copy(update={"seconds": time.perf_counter() - began})
        found[claim] = one.model_dump(mode="json")
    return found


@functools.cache
def statement_on(sources: tuple[str, ...], claim: str) -> Statement:
    """The statement on a claim, in a process that works for one audit."""
    _, offered = loaded(sources)
    return next(s for s in offered.statements if s.claim == claim)


def base_of(statement: Statement, text: str) -> Base:
    """A base as the statement has it, by its JSON."""
    return next(base for base in statement.bases if json.dumps(base) == text)


def of_grids(sources: Sequence[str], point: Mapping[str, float]) -> dict[str, float]:
    """Values of dials as the dials' own grids have them; of a whole dial all others are whole."""
    _, offered = loaded(tuple(sources))
    turned = {}
    for name, value in point.items():
        dial = offered.by_name[name]
        other = int(value) if dial.whole else value
        turned[name] = next((known for known in dial.grid if known == value), other)
    return turned


def tried(
    statement: Statement, base: Base, turned: dict[str, float], seed: int, profile: Profile
) -> Found:
    """A statement at a point; whatever a check raises, it decided nothing."""
    try:
        gaps = statement.gaps(base, turned, seed, profile)
        if not gaps:
            return Found()
        worst = max(gaps, key=_badness)  # the first of those that are equally bad
        failed = next((gap for gap in gaps if not gap.holds), None)
        return Found(
            worst=GapRecord.of(worst),
            beyond=_badness(worst)[1] == math.inf,
            failed=None if failed is None or failed is worst else GapRecord.of(failed),
        )
    except BaseException as problem:
        return Found(raised=said(problem))


def _badness(gap: Gap) -> tuple[bool, float]:
    closeness = gap.closeness
    return not gap.holds, closeness if closeness is not None else 0.0


def _foreseen(statement: Statement, base: Base, turned: dict[str, float]) -> dict[str, Any]:
    try:
        return {"told": statement.foreseen(base, turned)}
    except BaseException as problem:  # the finding stands without it
        return {"untold": said(problem)}
