"""Agenda: the work that nobody has begun, in the order in which it is to be done."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from refutable.engine.process import Job


class Agenda:
    """Jobs in order; what others wait for is put in front of them."""

    def __init__(self) -> None:
        self._pending: deque[Job] = deque()

    def add(self, jobs: Iterable[Job]) -> None:
        """Put jobs at the end."""
        self._pending.extend(jobs)

    def before(self, jobs: Iterable[Job]) -> None:
        """Put jobs in front, in their order."""
        self._pending.extendleft(reversed(list(jobs)))

    def __len__(self) -> int:
        return len(self._pending)

    def next(self) -> Job | None:
        """The job to do next; None when all are begun."""
        return self._pending.popleft() if self._pending else None

    def drained(self) -> Iterator[Job]:
        """All that is left, which nobody will do."""
        while self._pending:
            yield self._pending.popleft()
