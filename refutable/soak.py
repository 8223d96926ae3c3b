"""Soak: the legs that draw anything, under many seeds, to see whether chance turns a verdict.

Each seed has a folder of its own, so that a soak that was stopped, or was divided among machines,
goes on where it is.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Kind, Profile, Verdict
from refutable.errors import UsageError
from refutable.events import Event, RunFinished, heard
from refutable.gap import Relation
from refutable.outcome import LegName
from refutable.records.journal import writing
from refutable.records.results import GapRecord, Results
from refutable.records.soak import FILE, Flip, Narrow, SoakRecord
from refutable.run import Checking, opened, require
from refutable.shard import WHOLE, Shard

STOCHASTIC = ("kind:property", "kind:trained")
TOGETHER = 20
"""Seeds that one pool serves: what it keeps of shared runs grows with each."""
LISTED = 20
"""How many of the narrowest gaps are kept."""
FEWEST = 3
"""Seeds from which on a spread says something."""


def soak(
    select: Sequence[str],
    seeds: Sequence[int],
    *,
    out: Path,
    sources: Sequence[str] = DEFAULT_SOURCES,
    profile: Profile = "quick",
    workers: int | None = 1,
    command: str = "",
    limit: float | None = None,
    shard: Shard = WHOLE,
    scheduler: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
    on_seed: Callable[[Results], None] = lambda _: None,
) -> SoakRecord:
    """Check the legs that draw anything under each of the seeds that are the shard's.

    out: a folder for each seed is made in it, and `soak.json`; seeds that are there already, from
    whichever shard, are not checked again. on_seed: is told what came of each seed. The other
    arguments are those of `run.verify`. UsageError as there.
    """
    words = (*select, *STOCHASTIC)
    found: list[Results] = []
    mine = shard.dealt(list(seeds))
    if mine:
        require(profile, max(mine), workers, limit)
    else:
        raise UsageError(f"shard {shard} of {len(seeds)} seeds is empty")
    with writing(out):
        for first in range(0, len(mine), TOGETHER):
            with opened(sources, words, workers=workers, scheduler=scheduler) as (outline, pool):
                for seed in mine[first : first + TOGETHER]:
                    folder = out / f"seed-{seed}"
                    checking = Checking(outline, pool, words, profile, seed, limit)
                    with writing(folder):
                        events = checking.events(folder, command)
                        found.append(heard(events, RunFinished, on_event).results)
                        on_seed(found[-1])
        record = summary(found)
        record.write(out / FILE)
    return record


def summary(found: Sequence[Results]) -> SoakRecord:
    """What runs that differ in their seed alone come to, whatever their order."""
    found = sorted(found, key=lambda results: results.run.seed)
    verdicts: dict[LegName, dict[Verdict, list[int]]] = defaultdict(lambda: defaultdict(list))
    rooms: dict[tuple[str, Kind, str], list[float]] = defaultdict(list)
    for results in found:
        for claim in results.claims:
            for leg in claim.legs:
                if leg.verdict is Verdict.NOT_RUN:
                    continue
                verdicts[claim.id, leg.kind][leg.verdict].append(results.run.seed)
                for gap in leg.gaps:
                    if (left := room(gap)) is not None:
                        rooms[claim.id, leg.kind, gap.name].append(left)
    narrow = [
        Narrow(
            claim=claim, kind=kind, gap=name, seeds=len(left),
            deviations=statistics.fmean(left) / statistics.pstdev(left),
        )
        for (claim, kind, name), left in rooms.items()
        if len(left) >= FEWEST and max(left) > min(left)
    ]  # fmt: skip
    narrow.sort(key=lambda gap: (gap.deviations, gap.claim, gap.gap))
    run = found[0].run.model_copy(update={"seconds": sum(results.run.seconds for results in found)})
    return SoakRecord(
        run=run,
        seeds=tuple(results.run.seed for results in found),
        legs=len(verdicts),
        flips=tuple(
            Flip(claim=claim, kind=kind, seeds={v: tuple(s) for v, s in sorted(by.items())})
            for (claim, kind), by in verdicts.items()
            if len(by) > 1
        ),
        unsound={
            f"{claim} [{kind.value}]": verdict
            for (claim, kind), by in verdicts.items()
            for verdict in by
            if len(by) == 1 and verdict is not Verdict.HOLDS
        },
        narrowest=tuple(narrow[:LISTED]),
        false_alarm=max(results.totals.false_alarm for results in found),
    )


def room(gap: GapRecord) -> float | None:
    """How far a measured number is from what is just allowed; None where chance plays no part."""
    if not gap.false_alarm or isinstance(gap.measured, str) or isinstance(gap.predicted, str):
        return None
    over = gap.measured - gap.predicted
    match gap.relation:
        case Relation.AT_MOST:
            left = gap.tolerance - over
        case Relation.AT_LEAST:
            left = gap.tolerance + over
        case Relation.TIGHT:  # attained: below the bound by a tolerance, above it by rounding
            left = min(gap.tolerance + over, gap.rounding - over)
        case _:
            left = gap.tolerance - abs(over)
    return left if math.isfinite(left) else None
