"""Audit: bend one assumption at a time, and find where each claim breaks.

A claim is audited through a finite statement on one model; `scan` tries it under one dial.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import joblib
from pydantic import ValidationError

from refutable import check
from refutable.auditing.atlas import Atlas, AtlasTotals, DialRecord, Margin, Outcome, PairRecord
from refutable.auditing.scan import EFFORT, Scan
from refutable.auditing.selection import choose, load
from refutable.claim import PROFILES, Profile
from refutable.errors import UsageError
from refutable.records.journal import Lines
from refutable.records.results import Run

JOURNAL = "atlas.jsonl"


def audit(
    select: str | Sequence[str] = (),
    *,
    assumptions: str | Sequence[str] = (),
    dials: str | Sequence[str] = (),
    sources: Sequence[str] = ("refutable.claims",),
    profile: Profile = "quick",
    seed: int = 0,
    workers: int = 1,
    out: Path | None = None,
    command: str = "",
    progress: Callable[[PairRecord], None] | None = None,
) -> Atlas:
    """Try the selected claims under the selected dials; with `out`, keep a journal and resume.

    Pairs in which a run raised are tried again when an audit continues.
    Verdicts depend on seed and profile only, never on workers or selection.
    Raises UsageError for a selection, source or folder that cannot be used.
    """
    if profile not in PROFILES:
        raise UsageError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
    if workers < 1 or seed < 0:
        raise UsageError("workers must be at least 1 and seed at least 0")
    select, assumptions, dials = (
        (words,) if isinstance(words, str) else tuple(words)
        for words in (select, assumptions, dials)
    )
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    catalogue, found = load(sources)
    statements, chosen = choose(catalogue, found, select, assumptions, dials, profile)
    journal = Lines(out, JOURNAL, check.fingerprint(sources, profile, seed)) if out else None
    finished: dict[tuple[str, str], PairRecord] = {}
    for entry in journal.entries if journal else ():
        try:
            pair = PairRecord.model_validate(entry["pair"])
        except (KeyError, ValidationError):
            continue
        if all(trial.outcome is not Outcome.ERROR for trial in pair.trials):
            finished[(pair.claim, pair.dial)] = pair
    jobs = [
        (dial.name, tuple(s.claim for s in statements if (s.claim, dial.name) not in finished))
        for dial in chosen
    ]
    try:
        for pair in _run([job for job in jobs if job[1]], sources, profile, seed, workers):
            finished[(pair.claim, pair.dial)] = pair
            if journal:
                journal.add({"pair": pair.model_dump(mode="json")})
            if progress:
                progress(pair)
    finally:
        if journal:
            journal.close()
    effort = EFFORT[profile]
    pairs = tuple(finished[(s.claim, d.name)] for s in statements for d in chosen)
    verdicts = Counter(pair.verdict for pair in pairs)
    foreseen = [trial for pair in pairs for trial in pair.foreseen]
    return Atlas(
        run=Run(
            id=uuid.uuid4().hex,
            started=started.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - clock,
            seed=seed,
            profile=profile,
            command=command,
            select=select,
            environment=check.environment(),
        ),
        dials=tuple(
            DialRecord(
                name=dial.name,
                assumption=dial.assumption,
                title=dial.title,
                source=dial.source,
                enters=dial.enters,
                scanned=dial.scanned(coarse=effort.coarse),
                labels={f"{value:g}": label for value, label in dial.labels.items()},
            )
            for dial in chosen
        ),
        pairs=pairs,
        totals=AtlasTotals(
            pairs=len(pairs),
            trials=sum(len(pair.trials) for pair in pairs),
            foreseen=len(foreseen),
            agreeing=sum(trial.outcome is trial.foreseen for trial in foreseen),
            verdicts={margin: verdicts[margin] for margin in Margin},
        ),
    )


def _run(
    jobs: Sequence[tuple[str, tuple[str, ...]]],
    sources: Sequence[str],
    profile: Profile,
    seed: int,
    workers: int,
) -> Iterator[PairRecord]:
    """Try every dial on its claims, here or in worker processes; a dial's runs stay together."""
    if workers == 1:
        for dial, claims in jobs:
            for claim in claims:
                yield try_pair(claim, dial, sources, profile, seed)
        return
    run = joblib.Parallel(n_jobs=workers, return_as="generator_unordered")
    done = run(joblib.delayed(_try_dial)(d, c, sources, profile, seed) for d, c in jobs)
    for pairs in done:
        yield from pairs


def _try_dial(
    dial: str, claims: Sequence[str], sources: Sequence[str], profile: Profile, seed: int
) -> list[PairRecord]:
    return [try_pair(claim, dial, sources, profile, seed) for claim in claims]


def try_pair(
    claim: str, dial: str, sources: Sequence[str], profile: Profile, seed: int
) -> PairRecord:
    """Try one claim under one dial."""
    _, found = load(sources)
    statement = next(s for s in found.statements if s.claim == claim)
    with check.one_thread():
        return Scan(statement, found.by_name[dial], profile, seed).record()
