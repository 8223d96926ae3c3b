"""Agenda: the work that nobody has begun, and who is to do what next."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator

from refutable.engine.process import Job


class Agenda:
    """Jobs in order, group by group: those of one group share runs, and stay where they began."""

    def __init__(self) -> None:
        self._pending: dict[str, deque[Job]] = {}
        self._groups: dict[Hashable, str] = {}

    def add(self, jobs: Iterable[Job]) -> None:
        """Put jobs at the end."""
        for job in jobs:
            self._pending.setdefault(job.group, deque()).append(job)

    def back(self, job: Job) -> None:
        """Put a job where it is the next of its group."""
        self._pending.setdefault(job.group, deque()).appendleft(job)

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def next(self, place: Hashable) -> Job | None:
        """The job to do next: of the same group if one is left, then of a group not begun."""
        if not self._pending:
            return None
        own = self._groups.get(place)
        begun = {group for other, group in self._groups.items() if other != place} - {""}
        group = next((name for name in self._pending if name not in begun), None)
        if own in self._pending and own is not None:
            group = own
        if group is None:
            group = next(iter(self._pending))
        job = self._pending[group].popleft()
        if not self._pending[group]:
            del self._pending[group]
        self._groups[place] = group
        return job

    def drained(self) -> Iterator[Job]:
        """All that is left, which nobody will do."""
        while self._pending:
            yield from self._pending.pop(next(iter(self._pending)))
