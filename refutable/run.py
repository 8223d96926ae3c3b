"""Run: checks the selected claims in processes of the engine, and tells what happens.

Verdicts depend on claim, profile and seed alone. Nothing that a leg does ends the run: what it
raises, that it ends its process or does not end is what its record says.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import itertools
import time
import uuid
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from refutable import check, device, failure, files, judgement
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import (
    LARGEST_SEED,
    LONGEST_LIMIT,
    PROFILES,
    Kind,
    Profile,
    Verdict,
    derive_seed,
)
from refutable.engine import cluster, limits
from refutable.engine.pool import Ended, Happening, Job, Pool, Running, Started, ask
from refutable.errors import UsageError
from refutable.events import (
    Event,
    LegFinished,
    LegRunning,
    LegStarted,
    RunFinished,
    RunStarted,
    heard,
)
from refutable.outcome import LegName, Outcome, Share, TableName, leg_of, shares
from refutable.outline import DESCRIBE, Outline
from refutable.records import shards
from refutable.records.journal import RESULTS, Journal, writing
from refutable.records.results import ClaimRecord, LegRecord, Results, Run, TableRecord
from refutable.reuse import durations
from refutable.shard import WHOLE, Shard

JOURNAL = RESULTS
LEG, TABLE = "refutable.check:leg_task", "refutable.check:table_task"

_A_TABLE = 0.3
_GUESSED: dict[Kind, float] = {
    Kind.TRAINED: 0.5, Kind.SCALING: 0.4, Kind.PROPERTY: 0.2,
    Kind.ENCLOSED: 0.2, Kind.SMT: 0.1, Kind.EXACT: 0.05, Kind.SYMBOLIC: 0.05,
}  # fmt: skip
"""Seconds that a leg is thought to take that never ran here."""


def verify(
    select: str | Sequence[str] = (),
    *,
    sources: Sequence[str] = DEFAULT_SOURCES,
    profile: Profile = "quick",
    seed: int = 0,
    workers: int | None = 1,
    out: Path | None = None,
    command: str = "",
    limit: float | None = None,
    shard: Shard | None = None,
    scheduler: str | None = None,
    on_event: Callable[[Event], None] = lambda _: None,
) -> Results:
    """Check the selected claims; with `out`, keep a journal there and resume from it.

    select: a word, or words, as in Catalogue.select. sources: modules or files that define CLAIMS.
    workers: processes, None for one on each idle core.
    limit: seconds that a leg may take which names no limit of its own, in place of the profile's.
    shard: check this part of the selection alone; `merge.merged` makes the whole of all parts.
    scheduler: have a Dask cluster do the work: an address, or `local:N`.
    on_event: is told what happens, as it happens.
    Raises UsageError for a selection, source or folder that cannot be used.
    """
    events = run(
        select, sources=sources, profile=profile, seed=seed, workers=workers, out=out,
        command=command, limit=limit, shard=shard, scheduler=scheduler,
    )  # fmt: skip
    return heard(events, RunFinished, on_event).results


def run(
    select: str | Sequence[str] = (),
    *,
    sources: Sequence[str] = DEFAULT_SOURCES,
    profile: Profile = "quick",
    seed: int = 0,
    workers: int | None = 1,
    out: Path | None = None,
    command: str = "",
    limit: float | None = None,
    shard: Shard | None = None,
    scheduler: str | None = None,
) -> Generator[Event, None, None]:
    """What happens while the selected claims are checked, as by `verify`; results come last."""
    require(profile, seed, workers, limit)
    words = (select,) if isinstance(select, str) else tuple(select)
    with contextlib.ExitStack() as stack:
        if out is not None:
            stack.enter_context(writing(out))
        outline, pool = stack.enter_context(
            opened(sources, words, workers=workers, scheduler=scheduler)
        )
        checking = Checking(outline, pool, words, profile, seed, limit, shard)
        yield from checking.events(out, command)


@contextlib.contextmanager
def opened(
    sources: Sequence[str],
    select: Sequence[str] = (),
    *,
    chosen: bool = True,
    workers: int | None = 1,
    import_limit: float = limits.IMPORT,
    scheduler: str | None = None,
) -> Iterator[tuple[Outline, Pool]]:
    """What sources define, and processes that have imported what is selected.

    chosen: False for processes that import nothing that an index tells. import_limit: seconds that
    importing may take.
    UsageError for sources or a selection that cannot be used.
    """
    load = [(DESCRIBE, {"select": list(select), "chosen": chosen})]
    with cluster.opened(
        scheduler, sources, load=load, workers=workers, import_limit=import_limit
    ) as pool:
        yield Outline.read(pool.loaded[0]), pool


def require(profile: str, seed: int, workers: int | None, limit: float | None = None) -> None:
    """UsageError unless a run can be made with these, on the device that the environment names."""
    if profile not in PROFILES:
        raise UsageError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, not {workers}")
    if not 0 <= seed <= LARGEST_SEED:
        raise UsageError(f"seed must be from 0 to {LARGEST_SEED}, not {seed}")
    if limit is not None and not 0 < limit <= LONGEST_LIMIT:
        raise UsageError(f"limit must be from 0 to {LONGEST_LIMIT:g} seconds, not {limit:g}")
    device.chosen()


@dataclass
class Checking:
    """A run over the claims of a pool that has imported them."""

    outline: Outline
    pool: Pool
    select: tuple[str, ...]
    profile: Profile
    seed: int
    limit: float | None = None
    shard: Shard | None = None
    finished: dict[LegName, LegRecord] = field(default_factory=dict)
    tables: dict[TableName, TableRecord | str] = field(default_factory=dict)

    def events(self, out: Path | None = None, command: str = "") -> Generator[Event, None, None]:
        """Check what is selected. out: a folder that this process writes, with a journal."""
        started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()
        mine = shares(self.outline, self.select, self.profile, self.shard or WHOLE)
        wanted = [(share.claim.id, kind) for share in mine for kind in share.own]
        if out is not None and self.shard:
            shards.forget(out)
        journal = self._journal(out) if out is not None else None
        self.finished |= journal.finished if journal else {}
        missing = [name for name in wanted if name not in self.finished]
        entries = journal.entries if journal else ()
        took: dict[str, float] = {}
        try:
            yield RunStarted(self.outline, legs=len(wanted), earlier=len(wanted) - len(missing))
            for name, record, read in self._check(missing, entries, mine):
                if isinstance(record, LegRecord):
                    self.finished[name] = record
                    took[self._work(name)] = record.seconds
                    if journal:
                        leg = record.model_dump(mode="json")
                        journal.add({"claim": name[0], "leg": leg, "files": dict(read)})
                    yield LegFinished(name[0], record)
                else:
                    yield record
        finally:
            durations.remember(took)
            if journal:
                journal.close()
        run = Run(
            id=uuid.uuid4().hex,
            started=started.isoformat(timespec="seconds"),
            seconds=time.perf_counter() - clock,
            seed=self.seed,
            profile=self.profile,
            command=command,
            select=self.select,
            modules=() if self.pool.sources == DEFAULT_SOURCES else self.pool.sources,
            environment=check.environment(),
        )
        if journal and self.shard:
            folder, mark = journal.path.parent, journal.fingerprint
            shards.write(folder, self.shard, mark, run, self.pool.loaded[0], self.tables)
        outcome = Outcome(self.outline, self.profile, self.finished, self.tables)
        yield RunFinished(outcome.results(run, mine))

    def results(self) -> Results:
        """Check what is selected, and say what came of it."""
        return heard(self.events(), RunFinished).results

    def _journal(self, out: Path) -> Journal[LegName, LegRecord]:
        known: dict[str, str] = {}

        def read(entry: Mapping[str, Any]) -> tuple[LegName, LegRecord] | None:
            found = leg_of(entry)
            if found is None or found[1].verdict in (Verdict.ERROR, Verdict.NOT_RUN):
                return None
            again = _late(found[1]) or not files.unchanged(entry["files"], known)
            return None if again else found

        return Journal(out, JOURNAL, fingerprint(self.pool, self.profile, self.seed), read)

    def _check(
        self,
        names: Sequence[LegName],
        entries: Iterable[Mapping[str, Any]],
        mine: Sequence[Share],
    ) -> Iterator[tuple[LegName, LegRecord | Event, Mapping[str, str]]]:
        """Legs, and tables of claims, each once; the longest first where several go at a time."""
        jobs = [*map(self._leg, names), *(job for share in mine for job in self._tables(share))]
        if self.pool.workers > 1:
            seconds = self._known(entries)
            jobs.sort(key=lambda job: -seconds.get(job.key, _guessed(job)))
        at_work = _AtWork(time.perf_counter())
        for event in self.pool.run(jobs):
            name = event.job.key
            placed = at_work.seen(event)
            if event.job.task != LEG:
                if isinstance(event, Ended):
                    self._keep_table(event)
            elif isinstance(event, Started):
                yield name, LegStarted(name[0], name[1], event.job.limit), {}
            elif isinstance(event, Running):
                yield name, LegRunning(name[0], name[1], event.seconds), {}
            else:
                record = leg_record(name[1], event).model_copy(update=placed)
                yield name, record, event.files

    def _work(self, name: LegName) -> str:
        """A leg as it is called among all that ever ran on this machine."""
        return f"{' '.join(self.pool.sources)} {self.profile} {name[0]} {name[1].value}"

    def _known(self, entries: Iterable[Mapping[str, Any]]) -> dict[LegName, float]:
        """How long legs took here in earlier runs, whatever has changed since."""
        recalled = durations.recall()
        found = {
            (id, leg.kind): recalled[work]
            for id in self.outline.catalogue.ids
            for leg in self.outline.catalogue.entry(id, placed=False).legs
            if (work := self._work((id, leg.kind))) in recalled
        }
        for entry in entries:
            with contextlib.suppress(LookupError, TypeError, ValueError):
                leg = entry["leg"]
                found[str(entry["claim"]), Kind(leg["kind"])] = float(leg["seconds"])
        return found

    def claim(self, id: str) -> ClaimRecord:
        """A single claim, checked; what was found of those before it is remembered."""
        alone = dataclasses.replace(self, select=(id,))
        [record] = alone.results().claims
        return record

    def one(self, claim: str, kind: Kind) -> LegRecord:
        """A single leg, checked."""
        return leg_record(kind, ask(self.pool, self._leg((claim, kind))))

    def _leg(self, name: LegName) -> Job:
        claim, kind = name
        args = {"claim": claim, "kind": kind, "profile": self.profile, "seed": self.seed}
        legs = self.outline.catalogue.entry(claim, placed=False).legs
        own = next(leg.limit for leg in legs if leg.kind is kind)
        limit = own or self.limit or limits.SECONDS[self.profile]
        return Job(LEG, args, limit, derive_seed(self.seed, claim, kind), key=name)

    def _tables(self, share: Share) -> Iterator[Job]:
        limit, claim = self.limit or limits.SECONDS[self.profile], share.claim.id
        for number in range(share.tables):
            seed = derive_seed(self.seed, claim, "table", str(number))
            args = {"claim": claim, "number": number}
            yield Job(TABLE, args, limit, seed, key=(claim, number))

    def _keep_table(self, ended: Ended) -> None:
        place = ended.job.key
        if ended.value is not None:
            with contextlib.suppress(ValidationError):
                self.tables[place] = TableRecord.model_validate(ended.value)
                return
        self.tables[place] = said_of(ended)


@dataclass
class _AtWork:
    """When each piece of work began, and in which of as many lanes as there is work at a time."""

    clock: float
    begun: dict[Hashable, tuple[float, int]] = field(default_factory=dict)

    def seen(self, event: Happening) -> dict[str, float | int | None]:
        """Take notice of an event; of work that ends, what its record says of its place."""
        key = event.job.key
        if isinstance(event, Started):
            taken = {lane for _, lane in self.begun.values()}
            lane = next(lane for lane in itertools.count() if lane not in taken)
            self.begun[key] = time.perf_counter() - self.clock, lane
        if not isinstance(event, Ended):
            return {}
        started, lane_of = self.begun.pop(key, (None, None))
        return {"started": started, "worker": lane_of}


def _late(leg: LegRecord) -> bool:
    """Whether a leg was stopped because its time was over: with more, it may yet be decided."""
    return leg.verdict is Verdict.UNDECIDED and (leg.note or "").startswith("time: ")


def leg_record(kind: Kind, ended: Ended) -> LegRecord:
    """What came of a leg, whatever it did."""
    if ended.stopped == "time":
        return LegRecord(
            kind=kind,
            grade=kind.grade,
            verdict=Verdict.UNDECIDED,
            seconds=ended.seconds,
            note=f"time: {said_of(ended)}",
        )
    if ended.failure is None and ended.stopped is None:
        try:
            record = LegRecord.model_validate(ended.value)
        except ValidationError as problem:
            said = f"its record is malformed: {problem.errors()[0]['msg']}"
            return judgement.error_record(kind, {"type": "ValueError", "message": said})
        wrong = judgement.contradiction(record)
        if wrong is None and record.kind is kind:
            return record
        said = f"its record contradicts itself: {wrong}"
        return judgement.error_record(kind, {"type": "ValueError", "message": said})
    broke = failure_of(ended)
    try:
        record = judgement.error_record(kind, broke)
    except ValidationError:  # user code wrote it
        record = judgement.error_record(kind, {name: broke[name] for name in ("type", "message")})
    return record.model_copy(update={"seconds": ended.seconds})


def failure_of(ended: Ended) -> Mapping[str, Any]:
    """What broke a piece of work, as a FailureRecord holds it."""
    if ended.failure is not None:
        return ended.failure
    file, line = place_in(ended.where)
    return {
        "type": "ProcessEnded", "message": ended.why,
        "file": file and failure.named(file), "line": line,
        "traceback": failure.named_in(ended.where),
    }  # fmt: skip


def said_of(ended: Ended) -> str:
    """What broke a piece of work, or how it was stopped, in one line."""
    broke = failure_of(ended)
    place = f", at {broke['file']}:{broke['line']}" if broke.get("file") else ""
    kind = "" if ended.stopped else f"{broke['type']}: "
    return f"{kind}{broke['message']}{place}"


def place_in(dump: str) -> tuple[str | None, int | None]:
    """File and line of the innermost call of the user's in a dump of a stack."""
    found = [
        (name, int(number))
        for text in dump.splitlines()
        if text.startswith('  File "')
        for name, _, rest in [text[8:].rpartition('", line ')]
        for number in [rest.split(" ")[0]]
        if number.isdigit()
    ]
    return next((place for place in found if failure.is_users(place[0])), (None, None))


def fingerprint(pool: Pool, profile: Profile, seed: int) -> str:
    """Changes whenever a stored leg could come out differently, but for the files it read itself.

    Seed, profile, libraries, every file of the tool, and all that importing the sources read.
    """
    digest = hashlib.sha256(repr((profile, seed, sorted(check.environment().items()))).encode())
    digest.update(files.of_tool().encode())
    for name, mark in sorted(pool.files.items()):
        digest.update(f"{name} {mark}\n".encode(errors="surrogatepass"))
    return digest.hexdigest()


def _guessed(job: Job) -> float:
    """Seconds that a leg or a table is thought to take that never ran here."""
    return _GUESSED[job.key[1]] if job.task == LEG else _A_TABLE
