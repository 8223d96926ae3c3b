"""The checker: runs legs, judges what they found, and gathers the results of a run."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import importlib.metadata
import platform
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import joblib
import threadpoolctl

from refutable import catalogue as catalogues
from refutable.catalogue import Catalogue
from refutable.claim import (
    PROFILES,
    Claim,
    Context,
    Kind,
    Leg,
    Profile,
    Verdict,
    derive_seed,
)
from refutable.errors import UsageError
from refutable.events import Event, LegFinished, RunFinished, RunStarted
from refutable.judgement import examine
from refutable.judgement import judge as judge
from refutable.records.journal import Journal
from refutable.records.results import (
    ClaimRecord,
    LegRecord,
    Results,
    Run,
    TableRecord,
    Totals,
)
from refutable.reuse import shared

LIBRARIES = ("cvc5", "hypothesis", "numpy", "python-flint", "scipy", "sympy", "torch", "z3-solver")
"""Libraries whose version can decide a verdict."""

Job = tuple[str, Kind]

WORST_FIRST = (
    Verdict.FAILS,
    Verdict.ERROR,
    Verdict.VACUOUS,
    Verdict.UNDECIDED,
    Verdict.HOLDS,
    Verdict.NOT_RUN,
)
"""A claim's verdict is the first of these that one of its legs has."""


def check_leg(claim: Claim, kind: Kind, profile: Profile, seed: int) -> LegRecord:
    """Run one leg of a claim and judge it. A leg that raises is an `error`, never a pass.

    seed: the run's root seed; the leg's own is derived from it by claim id and kind.
    """
    started = time.perf_counter()
    context = Context(profile, seed, derive_seed(seed, claim.id, kind))
    with one_thread():
        record = examine(claim.legs[kind], context)
    return record.model_copy(update={"seconds": time.perf_counter() - started})


def check_claim(claim: Claim, profile: Profile, seed: int) -> ClaimRecord:
    """Check every leg of one claim that the profile runs, as `verify` does; the rest is not-run."""
    legs = [
        check_leg(claim, kind, profile, seed)
        if _runs(leg, profile)
        else _left_out(leg, True, profile)
        for kind, leg in claim.legs.items()
    ]
    return claim_record(claim, legs, ())


def claim_record(claim: Claim, legs: Sequence[LegRecord], blocked_by: Sequence[str]) -> ClaimRecord:
    """The record of a claim: it holds when every leg that ran holds and at least one ran."""
    verdicts = {leg.verdict for leg in legs}
    return ClaimRecord(
        id=claim.id,
        title=claim.title,
        statement=claim.statement,
        measured=claim.measured,
        provenance=claim.provenance,
        paper=claim.paper,
        assumptions=claim.assumptions,
        rests_on=claim.rests_on,
        original_of=claim.original_of,
        verdict=next(verdict for verdict in WORST_FIRST if verdict in verdicts),
        blocked_by=tuple(blocked_by),
        chapter=claim.chapter,
        legs=tuple(legs),
        tables=tuple(TableRecord.of(compute()) for compute in claim.tables),
    )


def verify(
    select: str | Sequence[str] = (),
    *,
    sources: Sequence[str] = ("refutable.claims",),
    profile: Profile = "quick",
    seed: int = 0,
    workers: int = 1,
    out: Path | None = None,
    command: str = "",
    on_event: Callable[[Event], None] = lambda _: None,
) -> Results:
    """Check the selected claims; with `out`, keep a journal there and resume from it.

    select: a word, or words, as in Catalogue.select. sources: modules or files that define CLAIMS.
    on_event: is told what happens, as it happens. Verdicts depend on seed and profile only, never
    on workers or selection.
    Raises UsageError for a selection, source or folder that cannot be used.
    """
    for event in run(
        select,
        sources=sources,
        profile=profile,
        seed=seed,
        workers=workers,
        out=out,
        command=command,
    ):
        on_event(event)
        if isinstance(event, RunFinished):
            return event.results
    raise AssertionError("a run ends with its results")


def run(
    select: str | Sequence[str] = (),
    *,
    sources: Sequence[str] = ("refutable.claims",),
    profile: Profile = "quick",
    seed: int = 0,
    workers: int = 1,
    out: Path | None = None,
    command: str = "",
) -> Iterator[Event]:
    """What happens while the selected claims are checked, as `verify` does; results come last."""
    if profile not in PROFILES:
        raise UsageError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
    if workers < 1:
        raise UsageError(f"workers must be at least 1, not {workers}")
    if seed < 0:
        raise UsageError(f"seed must be at least 0, not {seed}")
    select = (select,) if isinstance(select, str) else tuple(select)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
    catalogue = catalogues.load(sources)
    chosen = catalogue.select(select)
    mark = fingerprint(sources, profile, seed)
    journal = Journal(out, mark) if out is not None else None
    finished = dict(journal.finished) if journal else {}
    wanted: list[Job] = [
        (claim.id, kind)
        for claim, kinds in chosen
        for kind in kinds
        if _runs(claim.legs[kind], profile)
    ]
    jobs = [job for job in wanted if job not in finished]
    yield RunStarted(legs=len(wanted), earlier=len(wanted) - len(jobs))
    try:
        for (id, kind), leg in _run(jobs, catalogue, sources, profile, seed, workers):
            finished[(id, kind)] = leg
            if journal:
                journal.add(id, leg)
            yield LegFinished(id, leg)
    finally:
        if journal:
            journal.close()
    records = list(_records(catalogue, chosen, finished, profile))
    yield RunFinished(
        Results(
            run=Run(
                id=uuid.uuid4().hex,
                started=started.isoformat(timespec="seconds"),
                seconds=time.perf_counter() - clock,
                seed=seed,
                profile=profile,
                command=command,
                select=select,
                environment=environment(),
            ),
            claims=tuple(records),
            totals=_totals(records),
            not_checked=catalogues.not_checked(sources),
        )
    )


def count_jobs(select: Sequence[str], sources: Sequence[str], profile: Profile) -> int:
    """How many legs `verify` would run from scratch; UsageError as there."""
    chosen = catalogues.load(sources).select(select)
    return sum(_runs(claim.legs[kind], profile) for claim, kinds in chosen for kind in kinds)


def _runs(leg: Leg, profile: Profile) -> bool:
    return PROFILES.index(leg.profile) <= PROFILES.index(profile)


def _run(
    jobs: Sequence[Job],
    catalogue: Catalogue,
    sources: Sequence[str],
    profile: Profile,
    seed: int,
    workers: int,
) -> Iterator[tuple[Job, LegRecord]]:
    """Run jobs, here or in worker processes, and yield each as it ends."""
    if not jobs:
        return
    if workers == 1:
        for id, kind in jobs:
            yield (id, kind), check_leg(catalogue[id], kind, profile, seed)
        return
    with tempfile.TemporaryDirectory(prefix="claims-") as folder:
        tasks = (
            joblib.delayed(_check_in_worker)(sources, job, profile, seed, folder) for job in jobs
        )
        parallel = joblib.Parallel(
            n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch=workers
        )
        yield from parallel(tasks)


def _check_in_worker(
    sources: Sequence[str], job: Job, profile: Profile, seed: int, folder: str
) -> tuple[Job, LegRecord]:
    id, kind = job
    claim = catalogues.load(sources)[id]
    with shared.store(Path(folder)):
        return job, check_leg(claim, kind, profile, seed)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread per worker: sums are added in the same order whatever the number of workers.

    torch keeps a count of its own. For claims that never loaded it there is nothing to limit, and
    loading it would take seconds.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else 1
    with threadpoolctl.threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def _records(
    catalogue: Catalogue,
    chosen: Sequence[tuple[Claim, tuple[Kind, ...]]],
    finished: Mapping[Job, LegRecord],
    profile: Profile,
) -> Iterator[ClaimRecord]:
    legs = {
        claim.id: [
            finished.get((claim.id, kind)) or _left_out(leg, kind in kinds, profile)
            for kind, leg in claim.legs.items()
        ]
        for claim, kinds in chosen
    }
    sound = (Verdict.HOLDS, Verdict.NOT_RUN)
    failing = {id for id, found in legs.items() if any(leg.verdict not in sound for leg in found)}
    blocked: dict[str, tuple[str, ...]] = {}
    for id in catalogue.order:  # what a claim rests on comes before it
        below = {other for other in catalogue.rests_on(id) if other in failing}
        below |= {root for other in catalogue.rests_on(id) for root in blocked[other]}
        blocked[id] = tuple(other for other in catalogue.order if other in below)
    for claim, _ in chosen:
        yield claim_record(claim, legs[claim.id], blocked[claim.id])


def _left_out(leg: Leg, selected: bool, profile: Profile) -> LegRecord:
    reason = f"needs profile {leg.profile}, ran {profile}" if selected else "not selected"
    return LegRecord(
        kind=leg.kind, grade=leg.kind.grade, verdict=Verdict.NOT_RUN, not_run_reason=reason
    )


def _totals(records: Iterable[ClaimRecord]) -> Totals:
    records = list(records)
    ran = [leg for claim in records for leg in claim.legs if leg.verdict is not Verdict.NOT_RUN]
    counts = Counter(claim.verdict for claim in records)
    return Totals(
        claims=len(records),
        legs=len(ran),
        cases=sum(leg.cases for leg in ran),
        verdicts={verdict: counts[verdict] for verdict in Verdict},
        false_alarm=sum(gap.false_alarm for leg in ran for gap in leg.gaps),
    )


def environment() -> dict[str, str]:
    """Versions that can decide a verdict, and the machine."""
    versions = {}
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **versions,
    }


def fingerprint(sources: Sequence[str], profile: Profile, seed: int) -> str:
    """Changes whenever a stored leg could come out differently: code, libraries, seed, profile."""
    digest = hashlib.sha256(repr((profile, seed, sorted(environment().items()))).encode())
    root = Path(__file__).parent
    files = [*root.rglob("*.py"), *(root / "claims").rglob("*.py"), *(root / "model").rglob("*.py")]
    for source in sources:
        path = Path(source)
        files += [path] if path.suffix == ".py" else []
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
