"""Events: what happens while claims are checked, told to whoever shows or keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from refutable.claim import Kind
    from refutable.outline import Outline
    from refutable.records.results import LegRecord, Results


@dataclass(frozen=True)
class RunStarted:
    """Claims are loaded and selected.

    outline: what the sources define. legs: how many belong to the run. earlier: how many of them
    an earlier run of the same folder has finished, so that they are not run again.
    """

    outline: Outline
    legs: int
    earlier: int = 0


@dataclass(frozen=True)
class LegStarted:
    """A leg has begun. limit: seconds after which it is stopped."""

    claim: str
    kind: Kind
    limit: float


@dataclass(frozen=True)
class LegRunning:
    """A leg takes its time. seconds: for how long it has been running."""

    claim: str
    kind: Kind
    seconds: float


@dataclass(frozen=True)
class LegFinished:
    """A leg has ended, one way or another."""

    claim: str
    record: LegRecord


@dataclass(frozen=True)
class RunFinished:
    """Every selected leg has a record; the last event of a run."""

    results: Results


Event = RunStarted | LegStarted | LegRunning | LegFinished | RunFinished
