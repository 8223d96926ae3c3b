"""Audit: bend one assumption at a time, and find where each claim breaks.

A claim is audited through a finite statement on one model; `scan` tries it under one dial.
"""

from __future__ import annotations

import contextlib
import datetime
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from refutable import check, files
from refutable.auditing import parts
from refutable.auditing.atlas import (
    Atlas,
    AtlasTotals,
    DialRecord,
    Margin,
    Outcome,
    PairRecord,
    TrialRecord,
)
from refutable.auditing.dial import Dial
from refutable.auditing.effort import EFFORT
from refutable.auditing.scan import Scan
from refutable.auditing.selection import PLAN, Audited, Plan, choose, loaded
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Profile, derive_seed
from refutable.engine import cluster, limits
from refutable.engine.pool import Ended, Job, Running
from refutable.events import heard
from refutable.outline import DESCRIBE, Outline
from refutable.records.journal import Journal, writing
from refutable.records.results import Run
from refutable.reuse import durations
from refutable.run import fingerprint, require, said_of
from refutable.shard import Shard

JOURNAL = "atlas.jsonl"
PAIR = "refutable.auditing.run:pair_task"
PairName = tuple[str, str]


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
class PairFinished:
    """A pair has ended, one way or another."""

    record: PairRecord


@dataclass(frozen=True)
class AuditFinished:
    """Every selected pair has a record; the last event of an audit."""

    atlas: Atlas


AuditEvent = AuditStarted | PairRunning | PairFinished | AuditFinished


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
    the atlas of all parts. on_event: is told what happens, as it happens. Pairs in which a run
    raised are tried again when an audit continues. Verdicts depend on seed and profile only, never
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
        finished = dict(journal.finished) if journal else {}
        wanted = [(s.claim, dial.name) for dial in chosen for s in statements
                  if dial.name in s.dials]  # fmt: skip
        if shard is not None:
            wanted = shard.block(wanted)  # pairs of a dial share trainings, and stay together
            if out is not None:
                parts.forget(out)
        missing = [name for name in wanted if name not in finished]
        if pool.workers > 1:
            missing = _longest_first(missing, sources, profile)
        jobs = [_job(name, profile, seed, limit) for name in missing]
        yield AuditStarted(plan, len(wanted), len(wanted) - len(jobs))
        by_claim = {statement.claim: statement for statement in statements}
        took: dict[str, float] = {}
        stack.callback(durations.remember, took)
        for event in pool.run(jobs):
            claim, dial = event.job.key
            if isinstance(event, Running):
                yield PairRunning(claim, dial, event.seconds)
            elif isinstance(event, Ended):
                pair = _pair(by_claim[claim], plan.by_name[dial], event)
                finished[claim, dial] = pair
                took[f"{_work(sources, profile)} {claim} {dial}"] = pair.seconds
                if journal:
                    kept = {"pair": pair.model_dump(mode="json"), "files": dict(event.files)}
                    journal.add(kept)
                yield PairFinished(pair)
        mine = set(wanted)
        whole = [(s.claim, d.name) for s in statements for d in chosen if d.name in s.dials]
        pairs = tuple(finished[name] for name in whole if name in mine)
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


def _work(sources: Sequence[str], profile: Profile) -> str:
    """Pairs of an audit as they are called among all that ever ran on this machine."""
    return f"{' '.join(sources)} {profile} audit"


def _longest_first(
    names: Sequence[PairName], sources: Sequence[str], profile: Profile
) -> list[PairName]:
    """Pairs, those of the longest dial first, as earlier audits found on this machine."""
    known, prefix = durations.recall(), _work(sources, profile)
    of_dial = dict.fromkeys((dial for _, dial in names), 0.0)
    for claim, dial in names:
        of_dial[dial] += known.get(f"{prefix} {claim} {dial}", 0.0)
    return sorted(names, key=lambda name: -of_dial[name[1]])


def _journal(out: Path, mark: str) -> Journal[PairName, PairRecord]:
    known: dict[str, str] = {}

    def read(entry: Mapping[str, Any]) -> tuple[PairName, PairRecord] | None:
        pair = PairRecord.model_validate(entry["pair"])
        raised = any(trial.outcome is Outcome.ERROR for trial in pair.trials)
        if raised or contradiction(pair) or not files.unchanged(entry["files"], known):
            return None
        return (pair.claim, pair.dial), pair

    return Journal(out, JOURNAL, mark, read)


def contradiction(pair: PairRecord) -> str | None:
    """What a record says that its trials do not bear out; None when nothing."""
    outcomes = {trial.outcome for trial in pair.trials}
    for trial in pair.trials:
        if trial.outcome is Outcome.HOLDS and (
            trial.failing or (trial.gap and not trial.gap.holds)
        ):
            return f"{trial.value:g} holds with a gap that does not"
    if pair.verdict is Margin.ROBUST and outcomes != {Outcome.HOLDS}:
        return "it is robust, and does not hold everywhere"
    if pair.verdict in (Margin.BREAKS, Margin.LOAD_BEARING) and Outcome.BREAKS not in outcomes:
        return "it breaks, and holds at every value tried"
    return None


def _job(name: PairName, profile: Profile, seed: int, limit: float | None) -> Job:
    """A pair; those of one dial stay together, as they share runs."""
    claim, dial = name
    args = {"claim": claim, "dial": dial, "profile": profile, "seed": seed}
    chance = derive_seed(seed, "audit", claim, dial)
    return Job(PAIR, args, limit or limits.SECONDS[profile], chance, group=dial, key=name)


def _pair(statement: Audited, dial: Dial, ended: Ended) -> PairRecord:
    """What came of a pair, whatever its check did."""
    note = f"time: {said_of(ended)}" if ended.stopped == "time" else said_of(ended)
    if ended.failure is None and ended.stopped is None:
        try:
            pair = PairRecord.model_validate(ended.value)
        except ValidationError as problem:
            note = f"its record is malformed: {problem.errors()[0]['msg']}"
        else:
            wrong = contradiction(pair)
            if wrong is None:
                return pair
            note = f"its record contradicts itself: {wrong}"
    trial = TrialRecord(value=dial.assumed, outcome=Outcome.ERROR, seeds=1, failing=0, note=note)
    return PairRecord(
        claim=statement.claim,
        dial=dial.name,
        assumption=dial.assumption,
        measured=statement.measured,
        verdict=Margin.UNDECIDED,
        trials=(trial,),
        note=note,
        seconds=ended.seconds,
    )


def pair_task(
    sources: Sequence[str], claim: str, dial: str, profile: Profile, seed: int
) -> dict[str, Any]:
    """A pair, tried in a process of the engine: its record as JSON."""
    return try_pair(claim, dial, sources, profile, seed).model_dump(mode="json")


def try_pair(
    claim: str, dial: str, sources: Sequence[str], profile: Profile, seed: int
) -> PairRecord:
    """Try one claim under one dial, here."""
    _, found = loaded(tuple(sources))
    statement = next(s for s in found.statements if s.claim == claim)
    return Scan(statement, found.by_name[dial], profile, seed).record()
