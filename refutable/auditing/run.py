"""Audit: bend one assumption at a time, and find where each claim breaks.

A claim is audited through a finite statement on one model. The values of a dial are scanned from
the assumption outwards, then the first break is bracketed by bisection. What could not be run, what
seeds disagree on and what does not hold even as assumed is `undecided`, never `robust`.
"""

from __future__ import annotations

import datetime
import json
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import joblib
from hypothesis.errors import NoSuchExample
from hypothesis.strategies import SearchStrategy
from pydantic import ValidationError
from scipy import stats

from refutable import catalogue as catalogues
from refutable import check
from refutable.auditing.atlas import (
    Atlas,
    AtlasTotals,
    DialRecord,
    Margin,
    Outcome,
    PairRecord,
    TrialRecord,
)
from refutable.auditing.dial import Dial, find
from refutable.catalogue import Catalogue
from refutable.claim import PROFILES, Profile, derive_seed
from refutable.errors import UsageError, nearest
from refutable.gap import Gap
from refutable.property import no_constants_of_loaded_modules
from refutable.records.journal import Lines
from refutable.records.results import GapRecord, Run

JOURNAL = "atlas.jsonl"
Base = Mapping[str, Any]
Check = Callable[[Base, Mapping[str, float], int, Profile], Iterable[Gap]]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """The finite statement of a claim, checked on one model.

    claim: id. measured: the statement in words. bases: JSON-ready configurations at all of which it
    must hold. check: gaps at a base, with dials turned, under a seed. Statements that train the
    same model get the same seed, so that a run is shared. untestable: why a dial cannot be tried,
    or None. foreseen: whether the theory says that it holds at a base with dials turned, None where
    it says nothing; shown beside what is found, and no part of it. simpler: bases on which a
    witness is looked for, simplest first. main: audited in profile quick, too. random: whether the
    seed matters.
    """

    claim: str
    measured: str
    bases: tuple[Base, ...]
    check: Check
    untestable: Callable[[str], str | None] = lambda _: None
    foreseen: Callable[[Base, Mapping[str, float]], bool | None] = lambda *_: None
    simpler: Callable[[Base], SearchStrategy[Base]] | None = None
    main: bool = False
    random: bool = True


@dataclass(frozen=True)
class Audit:
    """What a module offers as AUDIT: dials, and the statements that are tried on them."""

    dials: tuple[Dial, ...]
    statements: tuple[Statement, ...]

    @property
    def by_name(self) -> dict[str, Dial]:
        """Dials by name."""
        return {dial.name: dial for dial in self.dials}


@dataclass(frozen=True)
class Effort:
    """What a profile spends: seeds per value, bisections per break, runs to simplify a witness."""

    seeds: int
    bisections: int
    simplifications: int
    coarse: bool


EFFORT: dict[Profile, Effort] = {
    "quick": Effort(seeds=1, bisections=2, simplifications=0, coarse=True),
    "full": Effort(seeds=3, bisections=3, simplifications=8, coarse=False),
    "deep": Effort(seeds=8, bisections=7, simplifications=60, coarse=False),
}


# --------------------------------------------------------------------------------------- one pair


@dataclass
class _Pair:
    """One statement under one dial, being tried."""

    statement: Statement
    dial: Dial
    profile: Profile
    root_seed: int

    def __post_init__(self) -> None:
        self.effort = EFFORT[self.profile]
        self.trials: dict[float, TrialRecord] = {}
        self.witnesses: dict[float, dict[str, Any]] = {}

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed per replicate, the same for all statements and dials."""
        count = self.effort.seeds if self.statement.random else 1
        return tuple(derive_seed(self.root_seed, "audit", str(n)) % 2**31 for n in range(count))

    def at(self, value: float) -> Outcome:
        """Try one value of the dial, once."""
        if value not in self.trials:
            self.trials[value] = self._try(value)
        return self.trials[value].outcome

    def _try(self, value: float) -> TrialRecord:
        failing, worst = 0, None
        for seed in self.seeds:
            broken = False
            for base in self.statement.bases:
                try:
                    gaps = list(
                        self.statement.check(base, {self.dial.name: value}, seed, self.profile)
                    )
                except Exception as problem:  # whatever a run raises, it decided nothing
                    return self._undecided(value, failing, f"{type(problem).__name__}: {problem}")
                if not gaps:
                    return self._undecided(value, failing, "nothing was measured")
                for gap in gaps:
                    if worst is None or _badness(gap) > _badness(worst):
                        worst = gap
                failed = next((gap for gap in gaps if not gap.holds), None)
                if failed is not None and not broken:
                    broken = True
                    self.witnesses.setdefault(value, self._witness(base, value, seed, failed))
            failing += broken
        outcome = Outcome.MIXED
        if failing == 0:
            outcome = Outcome.HOLDS
        elif failing == len(self.seeds):
            outcome = Outcome.BREAKS
        return TrialRecord(
            value=value,
            outcome=outcome,
            seeds=len(self.seeds),
            failing=failing,
            gap=GapRecord.of(worst) if worst else None,
            **self._foreseen(value),
        )

    def _undecided(self, value: float, failing: int, note: str) -> TrialRecord:
        return TrialRecord(
            value=value, outcome=Outcome.ERROR, seeds=len(self.seeds), failing=failing, note=note
        )

    def _foreseen(self, value: float) -> dict[str, Any]:
        """What the theory says of a value (it breaks when it does at any base), or why it errs."""
        turned = {self.dial.name: value}
        try:
            said = [self.statement.foreseen(base, turned) for base in self.statement.bases]
        except Exception as problem:  # the finding stands without it
            return {"note": f"nothing foreseen: {type(problem).__name__}: {problem}"}
        if False in said:
            return {"foreseen": Outcome.BREAKS}
        return {} if None in said else {"foreseen": Outcome.HOLDS}

    def _witness(self, base: Base, value: float, seed: int, gap: Gap) -> dict[str, Any]:
        return {
            "base": dict(base),
            "dials": {self.dial.name: value},
            "seed": seed,
            "gap": GapRecord.of(gap).model_dump(mode="json"),
            "simplified": False,
        }

    def record(self) -> PairRecord:
        """Scan, bisect, and say what was found."""
        started = time.perf_counter()
        reason = self.statement.untestable(self.dial.name)
        if reason is not None:
            return self._record(Margin.UNTESTABLE, note=reason)
        found = self._scan()
        return found.model_copy(update={"seconds": time.perf_counter() - started})

    def _record(self, verdict: Margin, **rest: Any) -> PairRecord:
        away = self.dial.grid[-1] > self.dial.grid[0]
        return PairRecord(
            claim=self.statement.claim,
            dial=self.dial.name,
            assumption=self.dial.assumption,
            measured=self.statement.measured,
            verdict=verdict,
            trials=tuple(self.trials[v] for v in sorted(self.trials, reverse=not away)),
            **rest,
        )

    def _scan(self) -> PairRecord:
        values = self.dial.scanned(coarse=self.effort.coarse)
        outcomes = [self.at(values[0])]
        if outcomes[0] is not Outcome.HOLDS:
            found = self.trials[values[0]]
            return self._record(
                Margin.UNDECIDED,
                note=found.note or f"does not hold as assumed ({_said(found)})",
                witness=self.witnesses.get(values[0]),
            )
        outcomes += [self.at(value) for value in values[1:]]
        steady = next((i for i, o in enumerate(outcomes) if o is not Outcome.HOLDS), len(values))
        holds_to = values[steady - 1]
        if steady == len(values):
            return self._record(Margin.ROBUST, holds_to=holds_to, confidence=self._confidence())
        error = next((i for i, o in enumerate(outcomes) if o is Outcome.ERROR), None)
        first = next((i for i, o in enumerate(outcomes) if o is Outcome.BREAKS), None)
        if first is None or (error is not None and error < first):
            why = next(
                self.trials[v].note or f"seeds disagree at {v:g}"
                for v, o in zip(values, outcomes, strict=True)
                if o in (Outcome.ERROR, Outcome.MIXED)
            )
            return self._record(Margin.UNDECIDED, holds_to=holds_to, note=why)
        again = [v for v, o in zip(values[first:], outcomes[first:], strict=True)
                 if o is Outcome.HOLDS]  # fmt: skip
        holds_to, breaks_at, doubt = self._bracket(holds_to, values[first])
        notes = [f"in between, at {v:g}: {self.trials[v].note or 'seeds disagree'}" for v in doubt]
        notes += [f"holds again at {', '.join(f'{v:g}' for v in again)}"] if again else []
        at_once = holds_to == values[0] and first == 1
        return self._record(
            Margin.LOAD_BEARING if at_once else Margin.BREAKS,
            holds_to=holds_to,
            breaks_at=breaks_at,
            confidence=self._confidence(),
            witness=self._simplified(breaks_at),
            note="; ".join(notes) or None,
        )

    def _bracket(self, holds: float, breaks: float) -> tuple[float, float, list[float]]:
        """Bisect between a value that holds and one that breaks; values in doubt end it."""
        doubt: list[float] = []
        for _ in range(self.effort.bisections):
            middle = self._middle(holds, breaks)
            if middle is None:
                break
            outcome = self.at(middle)
            if outcome is Outcome.HOLDS:
                holds = middle
            elif outcome is Outcome.BREAKS:
                breaks = middle
            else:
                doubt.append(middle)
                break
        return holds, breaks, doubt

    def _middle(self, a: float, b: float) -> float | None:
        """Between two values: geometric over several octaves, else arithmetic; None when done."""
        if self.dial.labels:
            return None
        middle = math.sqrt(a * b) if a * b > 0 and max(a / b, b / a) > 3 else (a + b) / 2
        if self.dial.whole:
            middle = round(middle)
        middle = float(f"{middle:.3g}")
        return middle if min(a, b) < middle < max(a, b) else None

    def _confidence(self) -> float:
        """Lower 95 % bound on the share of seeds that agree at a value, when all of them did."""
        if not self.statement.random:
            return 1.0
        return round(float(stats.beta.ppf(0.05, len(self.seeds), 1)), 4)

    def _simplified(self, value: float) -> dict[str, Any] | None:
        """The witness at a break, on the simplest base that Hypothesis finds."""
        witness = self.witnesses.get(value)
        if witness is None or self.statement.simpler is None or not self.effort.simplifications:
            return witness
        seed, tried = witness["seed"], dict[str, dict[str, Any] | None]()

        def failure(base: Base) -> dict[str, Any] | None:
            """The witness on this base, which holds as assumed; None when there is none."""
            try:
                after = self.statement.check(base, {self.dial.name: value}, seed, self.profile)
                failed = next((gap for gap in after if not gap.holds), None)
                if failed is None:
                    return None
                assumed = {self.dial.name: self.dial.assumed}
                before = self.statement.check(base, assumed, seed, self.profile)
                if not all(gap.holds for gap in before):
                    return None
            except Exception:  # a base that cannot be run is no witness
                return None
            return self._witness(base, value, seed, failed) | {"simplified": True}

        def breaks(base: Base) -> bool:
            name = json.dumps(base, sort_keys=True)
            if name not in tried:
                tried[name] = failure(base)
            return tried[name] is not None

        try:
            with no_constants_of_loaded_modules():
                simplest = hypothesis.find(
                    self.statement.simpler(witness["base"]),
                    breaks,
                    settings=hypothesis.settings(
                        max_examples=self.effort.simplifications,
                        database=None,
                        deadline=None,
                        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
                        suppress_health_check=list(hypothesis.HealthCheck),
                    ),
                    random=random.Random(seed),
                )
        except NoSuchExample:
            return witness
        return tried[json.dumps(simplest, sort_keys=True)]


def _badness(gap: Gap) -> tuple[bool, float]:
    """Failing gaps first, then the closest to failing."""
    closeness = gap.closeness
    return not gap.holds, closeness if closeness is not None else 0.0


def _said(trial: TrialRecord) -> str:
    gap = trial.gap
    if gap is None:
        return trial.note or "nothing was measured"
    return f"{gap.name}: {gap.measured} {gap.relation.value} {gap.predicted} ± {gap.tolerance:g}"


# --------------------------------------------------------------------------------------- an atlas


def load(sources: Sequence[str]) -> tuple[Catalogue, Audit]:
    """The claims and the audit of modules that define CLAIMS and AUDIT.

    UsageError when none of them offers an AUDIT, one has nothing to try or says a thing twice, or
    one speaks of an unknown claim.
    """
    catalogue = catalogues.load(sources)
    found = [getattr(catalogues.module_of(source), "AUDIT", None) for source in sources]
    audits = [audit for audit in found if audit is not None]
    where = ", ".join(sources)
    if not audits:
        raise UsageError(f"{where} offers no AUDIT: nothing says how to bend it")
    if not all(isinstance(audit, Audit) for audit in audits):
        raise UsageError(f"AUDIT of {where} must be an Audit of dials and statements")
    audit = Audit(
        tuple(dial for part in audits for dial in part.dials),
        tuple(statement for part in audits for statement in part.statements),
    )
    dials = Counter(dial.name for dial in audit.dials)
    statements = Counter(statement.claim for statement in audit.statements)
    for what, names in (("dial", dials), ("statement on claim", statements)):
        if not names:
            raise UsageError(f"AUDIT of {where} has no {what}: there is nothing to try")
        [(most, count)] = names.most_common(1)
        if count > 1:
            raise UsageError(f"AUDIT of {where} has {count} times a {what} {most!r}")
    for statement in audit.statements:
        catalogue[statement.claim]
    return catalogue, audit


def choose(
    catalogue: Catalogue,
    audit: Audit,
    select: Sequence[str],
    assumptions: Sequence[str],
    dials: Sequence[str],
    profile: Profile,
) -> tuple[list[Statement], list[Dial]]:
    """Statements and dials that a request names; the main ones, and all dials, without.

    Where none is called a main one, all are. An assumption may be written with hyphens. UsageError
    for a word that names nothing.
    """
    statements = list(audit.statements)
    if select:
        named = {claim.id for claim, _ in catalogue.select(select)}
        statements = [statement for statement in statements if statement.claim in named]
        if not statements:
            audited = ", ".join(statement.claim for statement in audit.statements)
            raise UsageError(f"{' '.join(select)!r} names no audited claim. Audited: {audited}.")
    elif profile == "quick":
        statements = [statement for statement in statements if statement.main] or statements
    known = list(dict.fromkeys(dial.assumption for dial in audit.dials))
    plain = {_plain(name): name for name in known}
    wanted = set()
    for name in assumptions:
        if _plain(name) not in plain:
            raise UsageError(
                f"unknown assumption {name!r}.{nearest(name, known)} Allowed: {', '.join(known)}."
            )
        wanted.add(plain[_plain(name)])
    by_name = audit.by_name
    picked = {find(by_name, name).name for name in dials}
    chosen = [
        dial
        for dial in audit.dials
        if (not wanted or dial.assumption in wanted) and (not picked or dial.name in picked)
    ]
    if not chosen:
        raise UsageError(f"no dial among {', '.join(picked)} is of {', '.join(wanted)}")
    return statements, chosen


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


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


def count_pairs(
    select: Sequence[str],
    assumptions: Sequence[str],
    dials: Sequence[str],
    sources: Sequence[str],
    profile: Profile,
) -> int:
    """How many pairs `audit` would try from scratch; UsageError as there."""
    catalogue, found = load(sources)
    statements, chosen = choose(catalogue, found, select, assumptions, dials, profile)
    return len(statements) * len(chosen)


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
        return _Pair(statement, found.by_name[dial], profile, seed).record()


def at_point(
    select: Sequence[str],
    point: Mapping[str, float],
    sources: Sequence[str],
    profile: Profile,
    seed: int,
) -> Iterator[tuple[str, Base, list[Gap] | str]]:
    """The statements at one setting of several dials: (claim, base, gaps or why there are none).

    UsageError for an unknown dial, a value out of its range, or dials that cannot go together.
    """
    catalogue, found = load(sources)
    by_name = found.by_name
    for name, value in point.items():
        find(by_name, name).require(value)
    statements, _ = choose(catalogue, found, select, (), (), profile)
    replicate = derive_seed(seed, "audit", "0") % 2**31
    for statement in statements:
        reason = next((r for n in point if (r := statement.untestable(n))), None)
        for base in statement.bases:
            if reason:
                yield statement.claim, base, reason
                continue
            try:
                with check.one_thread():
                    gaps = list(statement.check(base, point, replicate, profile))
            except Exception as problem:  # whatever a run raises, there is no answer
                turned = ", ".join(f"{name} = {value:g}" for name, value in point.items())
                said = str(problem) or type(problem).__name__
                raise UsageError(f"{statement.claim} at {turned}: {said}") from problem
            yield statement.claim, base, gaps


def again(
    witness: Mapping[str, Any], claim: str, sources: Sequence[str], profile: Profile
) -> list[Gap]:
    """The gaps at a stored witness. LookupError when its claim or dial is not audited any more."""
    _, found = load(sources)
    statement = next((s for s in found.statements if s.claim == claim), None)
    if statement is None:
        raise LookupError(f"{claim!r} is not audited any more")
    for name in witness["dials"]:
        if name not in found.by_name:
            raise LookupError(f"there is no dial {name!r} any more")
    with check.one_thread():
        return list(
            statement.check(witness["base"], witness["dials"], int(witness["seed"]), profile)
        )
