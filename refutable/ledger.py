"""Ledger: what a leg makes while it runs, so that no evidence is lost on the way to the judge.

A gap that is made and never looked at, a law of scaling that is never asked for its gaps, evidence
of a search that is thrown away: each is a finding that the judge would not see. While a leg runs,
gaps, laws and evidence enter themselves here, and leave when somebody takes them. It is also noted
whether chance played a part.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from refutable import chance

_open: list[Ledger | None] = []
"""Ledgers of the legs that are running, innermost last; legs of one process do not run at once."""


class Ledger:
    """What one leg has made.

    untaken: by number, what nobody has taken. failing: every gap that fails, whoever has looked at
    it. evidence: every Evidence that was put together.
    drawn_from: sources of chance that were used.
    """

    def __init__(self) -> None:
        self.entries = 0
        self.untaken: dict[int, str] = {}
        self.failing: list[Any] = []
        self.evidence: list[Any] = []
        self.drawn_from: set[str] = set()

    def enter(self, what: str) -> int:
        """Enter what to say when nobody takes it; its number."""
        self.entries += 1
        self.untaken[self.entries] = what
        return self.entries

    def forget_since(self, entries: int) -> None:
        """Drop what was entered after the first so many: the work was broken off and made again."""
        for entry in [entry for entry in self.untaken if entry > entries]:
            del self.untaken[entry]


@dataclass(frozen=True)
class Entry:
    """What a leg has made, and somebody has to take. made_in: None outside of a leg."""

    made_in: Ledger | None = None
    number: int = 0

    def take(self) -> None:
        """Note that somebody took it."""
        if self.made_in is not None:
            self.made_in.untaken.pop(self.number, None)


NOTHING = Entry()
"""Of what nobody has to take."""


def entered(what: str) -> Entry:
    """Enter what to say when nobody takes it, where a leg is running."""
    made_in = current()
    return NOTHING if made_in is None else Entry(made_in, made_in.enter(what))


def current() -> Ledger | None:
    """The ledger of the leg that is running, if one is."""
    return _open[-1] if _open else None


def note_draw(source: str) -> None:
    """Note that the running leg used this source of chance."""
    made_in = current()
    if made_in is not None:
        made_in.drawn_from.add(source)


@contextmanager
def closed() -> Iterator[None]:
    """What is made within is the tool's own, and nobody else has to take it."""
    _open.append(None)
    try:
        yield
    finally:
        _open.pop()


@contextmanager
def opened() -> Iterator[Ledger]:
    """A ledger for the leg that runs within."""
    ledger = Ledger()
    before = chance.states()
    _open.append(ledger)
    try:
        yield ledger
    finally:
        _open.pop()
        after = chance.states()
        ledger.drawn_from |= {name for name, state in before.items() if after[name] != state}


@contextmanager
def search_of_all() -> Iterator[None]:
    """Within, chance only picks configurations, for all of which the statement has to hold."""
    made_in = current()
    before = set(made_in.drawn_from) if made_in is not None else set()
    with chance.preserved():
        try:
            yield
        finally:
            if made_in is not None:
                made_in.drawn_from = before
