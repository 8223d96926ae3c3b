"""Events: what happens while claims are checked, told to whoever shows or keeps it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from refutable.claim import Kind
    from refutable.outline import Outline
    from refutable.records.results import LegRecord, Results

E = TypeVar("E")
F = TypeVar("F")


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


def heard(
    events: Generator[E, None, None],
    last: type[F],
    on_event: Callable[[E], object] = lambda _: None,
) -> F:
    """Tell what happens, as it happens, up to the event of this kind; what was begun is ended."""
    with contextlib.closing(events):
        for event in events:
            on_event(event)
            if isinstance(event, last):
                return event
    raise AssertionError(f"the last event is of the kind {last.__name__}")
