"""Units: the work of an audit, a point or a witness each, made of what its scans want.

Scans that want the same point are tried there together, be it that one of them comes to want it
while it is queued for another. What a scan wants as it goes on is put before what nobody has begun,
as more waits for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from refutable import files
from refutable.auditing.atlas import PairRecord
from refutable.auditing.cell import CELL, Found, Point
from refutable.auditing.scan import Scan, Simplest
from refutable.auditing.simpler import SIMPLER
from refutable.auditing.statement import replicate_seed
from refutable.claim import Profile, derive_seed
from refutable.engine.pool import Ended, Job
from refutable.run import said_of

PairName = tuple[str, str]
Kept = tuple[Point, str] | PairName
"""What an entry of the journal is of: a claim at a point, or the witness of a pair."""


class Units:
    """Work for scans. limit: seconds that one check of a statement may take."""

    def __init__(self, scans: Iterable[Scan], profile: Profile, seed: int, limit: float) -> None:
        self.scans = {scan.name: scan for scan in scans}
        self.profile, self.seed, self.limit = profile, seed, limit
        self._asked: set[tuple[Any, str]] = set()
        self._queued: dict[int, Job] = {}
        self._open: dict[Point, Job] = {}
        self._under_way: Counter[Point] = Counter()
        self._after: dict[Point, list[str]] = defaultdict(list)
        self._told: set[PairName] = set()

    def resume(self, kept: Mapping[Kept, Any]) -> int:
        """Tell the scans what an earlier audit has found; how many pairs that finishes."""
        told: set[PairName] = set()
        for (where, claim), found in kept.items():
            name = (claim, where.dial) if isinstance(where, Point) else (where, claim)
            if name in self.scans:
                told.add(name)
                if isinstance(where, Point):
                    self.scans[name].tell(where, found)
                else:
                    self.scans[name].tell_simplest(found)
        done = {name for name in told if self.scans[name].record is not None}
        self._told |= done
        return len(done)

    def jobs(self, names: Iterable[PairName] | None = None) -> list[Job]:
        """All that these scans want, or all scans, and that is not asked for yet."""
        found, at = list[Job](), defaultdict[Point, list[str]](list)
        for claim, dial in self.scans if names is None else names:
            scan = self.scans[claim, dial]
            if isinstance(scan.wanted, Simplest):
                if (dial, claim) not in self._asked:
                    self._asked.add((dial, claim))
                    found.append(self._simplest(scan.name, scan.wanted))
                continue
            for point in scan.wanted:
                if point in scan.found or (point, claim) in self._asked:
                    continue
                self._asked.add((point, claim))
                if point in self._open:
                    self._open[point].args["claims"].append(claim)
                else:
                    (self._after if self._under_way[point] else at)[point].append(claim)
        return found + [self._shared(point, claims) for point, claims in at.items()]

    def _shared(self, point: Point, claims: list[str]) -> Job:
        """A point for claims, which others may join until somebody begins with it."""
        self._open[point] = job = self._cell(point, claims)
        return job

    def _cell(self, point: Point, claims: list[str]) -> Job:
        foresee = point.seed == replicate_seed(self.seed)
        args = {**point._asdict(), "claims": claims, "profile": self.profile, "foresee": foresee}
        job = Job(CELL, args, self.limit, derive_seed(self.seed, "audit", *claims), key=point)
        self._under_way[point] += 1
        self._queued[id(job)] = job
        return job

    def _simplest(self, name: PairName, wanted: Simplest) -> Job:
        claim, dial = name
        args = {"claim": claim, "witness": wanted.witness, "profile": self.profile}
        chance = derive_seed(self.seed, "audit", claim, dial)
        return Job(SIMPLER, args, self.limit, chance, key=name)

    def started(self, job: Job) -> None:
        """A job has begun, and what it does is settled."""
        self._queued.pop(id(job), None)
        if self._open.get(job.key) is job:
            del self._open[job.key]

    def ended(self, event: Ended) -> tuple[dict[str, Any], list[Job]]:
        """What came of a job: what of it is worth keeping, and the jobs that are wanted now."""
        self.started(event.job)
        lost = event.failure is not None or event.stopped is not None
        note = said_of(event) if lost else ""
        note = f"time: {note}" if event.stopped == "time" else note
        if not isinstance(event.job.key, Point):
            return self._simplified(event, note)
        point, claims = event.job.key, list(event.job.args["claims"])
        self._under_way[point] -= 1
        entry: dict[str, Any] = {}
        alone: list[Job] = []
        if lost and len(claims) > 1:  # whichever of them it was, the others are tried without it
            alone = [self._cell(point, [claim]) for claim in claims]
        elif lost and claims:
            self._lose(claims[0], point, note)
        elif claims:  # none where all of them were given up before it began
            entry = {"point": list(point), "found": self._tell(point, claims, event.value)}
        if not self._under_way[point] and point in self._after:
            alone.append(self._shared(point, self._after.pop(point)))
        return entry, alone + self.jobs((claim, point.dial) for claim in claims)

    def _tell(self, point: Point, claims: Sequence[str], value: Any) -> dict[str, Any]:
        """Tell scans what was found at a point; the same as JSON."""
        kept = {}
        for claim in claims:
            try:
                found = Found.model_validate(value[claim])
            except (ValidationError, LookupError, TypeError) as problem:
                what = str(problem)
                if isinstance(problem, ValidationError):
                    what = problem.errors()[0]["msg"]
                self._lose(claim, point, f"its record is malformed: {what}")
            else:
                kept[claim] = found.model_dump(mode="json", exclude_defaults=True)
                self.scans[claim, point.dial].tell(point, found)
        return kept

    def _lose(self, claim: str, point: Point, note: str) -> None:
        """A claim cannot be tried at a point: nor need it be where nobody has begun with it."""
        scan = self.scans[claim, point.dial]
        scan.lose(point, note)
        wanted = scan.wanted if isinstance(scan.wanted, Sequence) else ()
        for job in self._queued.values():
            if job.key.dial == point.dial and claim in job.args["claims"] and job.key not in wanted:
                job.args["claims"].remove(claim)

    def _simplified(self, event: Ended, note: str) -> tuple[dict[str, Any], list[Job]]:
        scan = self.scans[event.job.key]
        if not note:
            scan.tell_simplest(event.value)
        if scan.record is None:
            scan.lose_simplest(note or "its record is malformed")
            return {}, []
        scan.tell_simplest(event.value)
        return {"pair": list(scan.name), "witness": event.value}, []

    def pair(self, job: Job) -> PairName:
        """Claim and dial of what a job does, of the first where there are several."""
        if isinstance(job.key, Point):
            return next(iter(job.args["claims"]), ""), job.key.dial
        claim, dial = job.key
        return claim, dial

    def records(self) -> dict[PairName, PairRecord]:
        """What every scan has come to, once all work has ended."""
        found = {name: scan.record for name, scan in self.scans.items()}
        ended = {name: record for name, record in found.items() if record is not None}
        assert len(ended) == len(found)  # or an atlas would lack pairs, and nobody see it
        return ended

    def finished(self) -> Iterator[PairRecord]:
        """Records of scans that have come to one since this was asked last."""
        for name, scan in self.scans.items():
            if scan.record is not None and name not in self._told:
                self._told.add(name)
                yield scan.record


def kept(entry: Mapping[str, Any], known: dict[str, str]) -> Iterator[tuple[Kept, Any]]:
    """What an entry of the journal says, that still counts; what raised does not."""
    if not files.unchanged(entry["files"], known):
        return
    if "pair" in entry:
        claim, dial = entry["pair"]
        yield (claim, dial), dict(entry["witness"])
    else:
        base, dial, value, seed = entry["point"]
        for claim, found in entry["found"].items():
            record = Found.model_validate(found)
            if record.raised is None:
                yield (Point(base, dial, float(value), int(seed)), claim), record
