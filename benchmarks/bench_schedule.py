"""Schedule: how well many workers would be used, by what each piece of work took.

    python -m benchmarks schedule                      # claims verify, as recorded on this machine
    python -m benchmarks.bench_schedule DIR...         # claims audit, by the journals of folders

Nothing is run. Legs of `claims verify` are handed out as durations.json in the folder of the cache
has them. An audit is played again from its journal: its scans want what they wanted, in the same
steps, and every piece of work takes as long as it took. The efficiency is the work over the
workers' time until the last is done. It cannot exceed what the critical path allows, the longest
chain of pieces of work of which each waits for the one before, which is shown beside it.
"""

from __future__ import annotations

import heapq
import itertools
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from refutable.auditing import order
from refutable.auditing.atlas import Atlas
from refutable.auditing.cell import Point
from refutable.auditing.run import JOURNAL
from refutable.auditing.scan import Scan
from refutable.auditing.selection import Plan, plan
from refutable.auditing.units import Units
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import PROFILES
from refutable.engine.agenda import Agenda
from refutable.engine.pool import Ended, Job
from refutable.records.journal import stored
from refutable.reports import folder as folders
from refutable.reuse import durations

WORKERS = (1, 2, 8, 64)
Follow = Callable[[Job], Sequence[Job]]
"""What is wanted once a job has ended."""


def legs_of(recorded: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Seconds of every leg, by profile, of the claims that come with the tool."""
    runs: dict[str, dict[str, float]] = defaultdict(dict)
    for name, seconds in recorded.items():
        source, _, rest = name.partition(" ")
        profile, _, work = rest.partition(" ")
        if source == "refutable.claims" and profile in PROFILES and not work.startswith("audit "):
            runs[profile][work] = seconds
    return dict(runs)


def makespan(
    jobs: Iterable[Job], took: Callable[[Job], float], workers: float, follow: Follow
) -> float:
    """Seconds until the last worker is done, of those that do jobs in order as the pool has it."""
    agenda, count = Agenda(), itertools.count()
    agenda.add(jobs)
    busy: list[tuple[float, int, Job]] = []
    now = 0.0
    while agenda or busy:
        while len(busy) < workers and (job := agenda.next()) is not None:
            heapq.heappush(busy, (now + took(job), next(count), job))
        now, _, job = heapq.heappop(busy)
        agenda.before(follow(job))
    return now


class Played:
    """An audit as its folder tells it, to be played again with any number of workers."""

    def __init__(self, folder: Path) -> None:
        self.atlas = Atlas.read(folder / folders.ATLAS[0])
        self.sources = tuple(self.atlas.run.modules or DEFAULT_SOURCES)
        offered = Plan.read(plan(self.sources))
        self.by_claim = {statement.claim: statement for statement in offered.statements}
        self.by_dial = offered.by_name
        self.found: dict[Point, dict[str, dict[str, Any]]] = defaultdict(dict)
        self.witness: dict[tuple[str, str], tuple[dict[str, Any], float]] = {}
        self.known: dict[str, float] = {}
        for entry in stored(folder / JOURNAL)[0]:
            key = Point(*entry["point"]) if "point" in entry else tuple(entry["pair"])
            name = order.name_of(key, self.sources, self.atlas.run.profile)
            self.known[name] = max(entry["seconds"], self.known.get(name, 0.0))
            if isinstance(key, Point):
                self.found[key].update(entry["found"])
            else:
                self.witness[key] = entry["witness"], entry["seconds"]

    def seconds(self, job: Job) -> float:
        """What a piece of work took."""
        if not isinstance(job.key, Point):
            return self.witness[job.key][1]
        found = self.found[job.key]
        return math.fsum(found[claim].get("seconds", 0.0) for claim in job.args["claims"])

    def play(self, workers: float) -> tuple[float, list[Job]]:
        """Seconds until the last worker is done; all pieces of work."""
        run = self.atlas.run
        scans = [
            Scan(self.by_claim[pair.claim], self.by_dial[pair.dial], run.profile, run.seed)
            for pair in self.atlas.pairs
        ]
        units = Units(scans, run.profile, run.seed, math.inf)
        done: list[Job] = []

        def follow(job: Job) -> Sequence[Job]:
            done.append(job)
            value = self.found[job.key] if isinstance(job.key, Point) else self.witness[job.key][0]
            return units.ended(Ended(job, self.seconds(job), value))[1]

        jobs = order.longest_first(units.jobs(), self.known, self.sources, run.profile)
        span = makespan(jobs, self.seconds, workers, follow)
        if any(scan.record is None for scan in scans):
            raise SystemExit("the journal does not hold the whole audit")
        return span, done


def base_of(point: Point) -> dict[str, Any]:
    """The base of a point."""
    base: dict[str, Any] = json.loads(point.base)
    return base


def show(name: str, total: float, count: int, span_of: Callable[[float], float]) -> None:
    """Print the efficiency by number of workers, and what limits it."""
    critical = span_of(math.inf)
    print(f"{name}: {count} pieces of work, {total:.0f} s in all, critical path {critical:.1f} s")
    for workers in WORKERS:
        span, bound = span_of(workers), min(1.0, total / workers / critical)
        print(
            f"  {workers:3} workers: {span:8.1f} s, efficiency {total / workers / span:4.2f} "
            f"(at most {bound:4.2f}, by the critical path)"
        )


def main(folders: Sequence[str] = ()) -> None:
    """Print what was recorded of runs, or of the audits in these folders."""
    for folder in folders:
        audit = Played(Path(folder))
        jobs = audit.play(1)[1]
        show(
            f"claims audit --profile {audit.atlas.run.profile}",
            sum(map(audit.seconds, jobs)), len(jobs), lambda workers: audit.play(workers)[0],  # noqa: B023
        )  # fmt: skip
        points = [job.key for job in jobs if isinstance(job.key, Point)]
        checks = sum(len(job.args["claims"]) for job in jobs if isinstance(job.key, Point))
        print(f"  {checks} checks at {len(set(points))} points, tried {len(points)} times")
    if folders:
        return
    runs = legs_of(durations.recall())
    if not runs:
        print("nothing is recorded: run claims verify first")
    for profile, took in sorted(runs.items()):
        jobs = [Job(name, {}, math.inf) for name in sorted(took, key=lambda name: -took[name])]
        show(
            f"claims verify --profile {profile}", sum(took.values()), len(jobs),
            lambda workers: makespan(jobs, lambda job: took[job.task], workers, lambda _: ()),  # noqa: B023
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
