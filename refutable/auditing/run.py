"""Audit: bend one assumption at a time, and find where each claim breaks.

A claim is audited through a finite statement on one model. A `scan` says at which points it wants
that tried under one dial, and `units` make work of what all scans want.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refutable import check
from refutable.auditing import order, parts
from refutable.auditing.atlas import Atlas, AtlasTotals, DialRecord, PairRecord
from refutable.auditing.dial import Dial
from refutable.auditing.effort import EFFORT
from refutable.auditing.scan import Scan
from refutable.auditing.selection import PLAN, Plan, choose
from refutable.auditing.units import Kept, Units, kept
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Profile
from refutable.engine import cluster, limits
from refutable.engine.pool import Running, Started
from refutable.events import heard
from refutable.outline import DESCRIBE, Outline
from refutable.records.journal import Journal, writing
from refutable.records.results import Run
from refutable.reuse import durations
from refutable.run import fingerprint, require
from refutable.shard import Shard

JOURNAL = "atlas.jsonl"


@dataclass(frozen=True)
class AuditStarted:
    """Sources are loaded and pairs selected.

    pairs: how many belong to the audit. earlier: how many of them an earlier audit of the same
    folder has finished.
    """

    plan: Plan
    pairs: int
    earlier: int = 0


@dataclass(frozen=True)
class PairRunning:
    """A pair of claim and dial takes its time, in seconds."""

    claim: str
    dial: str
    seconds: float


@dataclass(frozen=True)
class PointsTried:
    """How much of the work is done that is known so far; bisections become known as they come.

    tried: pieces of work, points and witnesses, that have ended. known: all that are wanted by now.
    """

    tried: int
    known: int


@dataclass(frozen=True)
class PairFinished:
    """A pair has ended, one way or another."""

    record: PairRecord


@dataclass(frozen=True)
class AuditFinished:
    """Every selected pair has a record; the last event of an audit."""

    atlas: Atlas


AuditEvent = AuditStarted | PairRunning | PointsTried | PairFinished | AuditFinished


def audit(
    select: str | Sequence[str] = (),
    *,
    assumptions: str | Sequence[str] = (),
    dials: str | Sequence[str] = (),
    sources: Sequence[str] = DEFAULT_SOURCES,
    profile: Profile = "quick",
    seed: int = 0,
    workers: int | None = 1,
    out: Path | None = None,
    command: str = "",
    limit: float | None = None,
    shard: Shard | None = None,
    scheduler: str | None = None,
    on_event: Callable[[AuditEvent], None] = lambda _: None,
) -> Atlas:
    """Try the selected claims under the selected dials; with `out`, keep a journal and resume.

    workers: processes, None for one on each idle core. limit: seconds that one check of a
    statement may take, in place of the profile's. shard: try this part alone; `parts.merged` makes
    the atlas of all parts. on_event: is told what happens, as it happens. Checks that raised are
    made again when an audit continues. Verdicts depend on seed and profile only, never
    on workers or selection.
    Raises UsageError for a selection, source or folder that cannot be used.
    """
    events = run(
        select, assumptions=assumptions, dials=dials, sources=sources, profile=profile, seed=seed,
        workers=workers, out=out, command=command, limit=limit, shard=shard, scheduler=scheduler,
    )  # fmt: skip
    return heard(events, AuditFinished, on_event).atlas


def run(
    select: str | Sequence[str] = (),
    *,
    assumptions: str | Sequence[str] = (),
    dials: str | Sequence[str] = (),
    sources: Sequence[str] = DEFAULT_SOURCES,
    profile: Profile = "quick",
    seed: int = 0,
    workers: int | None = 1,
    out: Path | None = None,
    command: str = "",
    limit: float | None = None,
    shard: Shard | None = None,
    scheduler: str | None = None,
) -> Generator[AuditEvent, None, None]:
    """What happens while the selected pairs are tried, as by `audit`; the atlas comes last."""
    require(profile, seed, workers, limit)
    select, assumptions, dials = (
        (words,) if isinstance(words, str) else tuple(words)
        for words in (select, assumptions, dials)
    )
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    with contextlib.ExitStack() as stack:
        if out is not None:
            stack.enter_context(writing(out))
        tasks: list[tuple[str, Mapping[str, Any]]] = [(DESCRIBE, {"chosen": False}), (PLAN, {})]
        pool = stack.enter_context(cluster.opened(scheduler, sources, load=tasks, workers=workers))
        outline, plan = Outline.read(pool.loaded[0]), Plan.read(pool.loaded[1])
        statements, chosen = choose(outline.catalogue, plan, select, assumptions, dials, profile)
        journal = None if out is None else _journal(out, fingerprint(pool, profile, seed))
        if journal:
            stack.callback(journal.close)
        whole = [(s.claim, d.name) for s in statements for d in chosen if d.name in s.dials]
        wanted = [(s.claim, d.name) for d in chosen for s in statements if d.name in s.dials]
        if shard is not None:
            wanted = shard.block(wanted)  # pairs of a dial share trainings, and stay together
            if out is not None:
                parts.forget(out)
        by_claim, by_name = {statement.claim: statement for statement in statements}, plan.by_name
        scans = [Scan(by_claim[claim], by_name[dial], profile, seed) for claim, dial in wanted]
        units = Units(scans, profile, seed, limit or limits.SECONDS[profile])
        earlier = units.resume(_kept(journal)) if journal else 0
        yield AuditStarted(plan, len(wanted), earlier)
        for pair in units.finished():
            yield PairFinished(pair)
        took: dict[str, float] = {}
        stack.callback(durations.remember, took)
        jobs = units.jobs()
        if pool.workers > 1:
            jobs = order.longest_first(jobs, durations.recall(), sources, profile)
        tried, known = 0, len(jobs)
        for event in pool.run(jobs):
            if isinstance(event, Running):
                yield PairRunning(*units.pair(event.job), event.seconds)
            elif isinstance(event, Started):
                units.started(event.job)
            else:
                entry, more = units.ended(event)
                pool.first(more)
                tried, known = tried + 1, known + len(more)
                yield PointsTried(tried, known)
                took[order.name_of(event.job.key, sources, profile)] = event.seconds
                if journal and entry:
                    journal.add({**entry, "seconds": event.seconds, "files": dict(event.files)})
                for pair in units.finished():
                    yield PairFinished(pair)
        ended = units.records()
        pairs = tuple(ended[name] for name in whole if name in ended)
        atlas = Atlas(
            run=Run(
                id=uuid.uuid4().hex,
                started=started.isoformat(timespec="seconds"),
                seconds=time.perf_counter() - clock,
                seed=seed,
                profile=profile,
                command=command,
                select=select,
                modules=() if tuple(sources) == DEFAULT_SOURCES else tuple(sources),
                environment=check.environment(),
            ),
            dials=tuple(_dial_record(dial, profile) for dial in chosen),
            pairs=pairs,
            totals=AtlasTotals.of(pairs),
        )
        if journal and out is not None and shard is not None:
            parts.write(out, shard, journal.fingerprint, atlas, whole)
    yield AuditFinished(atlas)


def _dial_record(dial: Dial, profile: Profile) -> DialRecord:
    return DialRecord(
        name=dial.name,
        assumption=dial.assumption,
        title=dial.title,
        source=dial.source,
        enters=dial.enters,
        scanned=dial.scanned(coarse=EFFORT[profile].coarse),
        labels={f"{value:g}": label for value, label in dial.labels.items()},
    )


def _journal(out: Path, mark: str) -> Journal[int, list[tuple[Kept, Any]]]:
    known: dict[str, str] = {}
    number = itertools.count()
    return Journal(out, JOURNAL, mark, lambda entry: (next(number), list(kept(entry, known))))


def _kept(journal: Journal[int, list[tuple[Kept, Any]]]) -> dict[Kept, Any]:
    """What an earlier audit of the same folder has found."""
    return dict(itertools.chain.from_iterable(journal.finished.values()))
