"""History: what each of several runs found, one line of JSON per run, the oldest first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.records.documents import (
    Record,
    compact,
    content,
    fitted,
    is_there,
    plain,
    put,
    strict,
)
from refutable.records.results import Results

FILE = "history.jsonl"
"""What a folder of reports keeps of the history that its run is the last of."""
MOST = 100
"""Runs that a history keeps, the newest."""


class Found(Record):
    """What a run found of a claim; closeness: of one that holds, unless it was only decided."""

    verdict: Verdict
    closeness: float | None = None


class Past(Record):
    """One run: when, how, and what it found of each claim."""

    id: str
    started: str
    profile: str
    seed: int
    claims: dict[str, Found]

    @classmethod
    def of(cls, results: Results) -> Past:
        """What is kept of a run."""
        run = results.run
        found = {
            claim.id: Found(verdict=claim.verdict, closeness=claim.closeness)
            for claim in results.claims
        }
        return cls(
            id=run.id, started=run.started, profile=run.profile, seed=run.seed, claims=found
        )  # fmt: skip


def read(path: Path) -> tuple[Past, ...]:
    """The runs of a file; none where there is no file. UsageError when it is damaged."""
    if not is_there(path):
        return ()
    found = []
    for number, line in enumerate(content(path).splitlines(), 1):
        try:
            data = strict(line)
        except (ValueError, RecursionError) as problem:
            raise UsageError(f"{path}, line {number}, is not JSON: {problem}") from problem
        found.append(fitted(Past, data, path))
    return tuple(found)


def write(path: Path, runs: Sequence[Past]) -> None:
    """Write a history, whole or not at all."""
    put(path, "".join(f"{compact(plain(run))}\n" for run in runs[-MOST:]))


def with_run(runs: Sequence[Past], results: Results) -> tuple[Past, ...]:
    """A history with one more run; the same where that run is in it already."""
    if any(run.id == results.run.id for run in runs):
        return tuple(runs)
    return (*runs, Past.of(results))


class Course(Record):
    """A claim over several runs; None for a run in which it does not occur."""

    id: str
    over: tuple[Found | None, ...]

    @property
    def last(self) -> Found | None:
        """What the last run found."""
        return self.over[-1]

    @property
    def changes(self) -> int:
        """How often its verdict was another than in the run before, of those that judged it."""
        verdicts = [found.verdict for found in self.over if found and judged(found)]
        return sum(a is not b for a, b in itertools.pairwise(verdicts))

    @property
    def is_flaky(self) -> bool:
        """Whether its verdict changed, and changed back."""
        return self.changes > 1

    @property
    def is_worse(self) -> bool:
        """Whether some run found it to hold, and the last does not, though it judged it."""
        if self.last is None or self.last.verdict is Verdict.NOT_RUN:
            return False
        held = any(found and found.verdict is Verdict.HOLDS for found in self.over[:-1])
        return held and self.last.verdict is not Verdict.HOLDS

    @property
    def moved(self) -> float:
        """How far apart its closenesses are, as a share of the allowance."""
        known = [found.closeness for found in self.over if found and found.closeness is not None]
        return max(known) - min(known) if known else 0.0


def judged(found: Found) -> bool:
    """Whether a run says anything about a claim."""
    return found.verdict is not Verdict.NOT_RUN


def courses(runs: Sequence[Past]) -> Iterator[Course]:
    """Every claim of these runs over all of them, the narrowest of the last run first."""
    ids = dict.fromkeys(id for run in reversed(runs) for id in run.claims)
    found = [Course(id=id, over=tuple(run.claims.get(id) for run in runs)) for id in ids]
    yield from sorted(found, key=lambda course: -_closeness(course))


def _closeness(course: Course) -> float:
    last = course.last
    if last is None:
        return -1.0
    return 2.0 if last.verdict.is_trouble else last.closeness or 0.0
