"""The checker: runs one leg here, and says what its claim comes to."""

from __future__ import annotations

import contextlib
import importlib.metadata
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import threadpoolctl

from refutable import catalogue as catalogues
from refutable import chance, device, failure, files
from refutable.claim import (
    PROFILES,
    WORST_FIRST,
    Claim,
    Context,
    Kind,
    Leg,
    Profile,
    Verdict,
    derive_seed,
)
from refutable.gap import equal
from refutable.judgement import examine
from refutable.judgement import judge as judge
from refutable.records.contents import Entry, LegEntry, place_of_leg
from refutable.records.results import ClaimRecord, LegRecord, TableRecord

LIBRARIES = (
    "refutable",
    "cvc5",
    "hypothesis",
    "numpy",
    "python-flint",
    "scipy",
    "sympy",
    "torch",
    "z3-solver",
)
"""Libraries whose version can decide a verdict."""


def check_leg(
    claim: Claim, kind: Kind, profile: Profile, seed: int, *, until_refuted: bool = False
) -> LegRecord:
    """Run one leg of a claim here and judge it. Whatever it raises is an `error`, never a pass.

    seed: the run's root seed; the leg's own is derived from it by claim id and kind. until_refuted:
    whether to stop at the first gap that fails, where only the verdict is wanted. A leg that
    ends its process, or does not end, is the business of whoever calls this.
    """
    started = time.perf_counter()
    own = derive_seed(seed, claim.id, kind)
    context = Context(profile, seed, own, about=f"{claim.id} [{kind.value}]")
    record = examine(claim.legs[kind], context, until_refuted=until_refuted)
    found = {"seconds": time.perf_counter() - started, "place": place_of_leg(claim.legs[kind].run)}
    return record.model_copy(update=found)


def warm() -> None:
    """Do once what every leg needs, so that no process forked from this one does it again."""
    leg = Leg(Kind.EXACT, lambda _: [equal("one", 1, 1, 0, "whole numbers")], "quick", {})
    with chance.preserved():
        chance.seed(0)
        examine(leg, Context("quick", 0, 0)).model_dump(mode="json")
        failure.describe(ValueError("none"))


def leg_task(
    sources: Sequence[str], claim: str, kind: str, profile: Profile, seed: int
) -> dict[str, Any]:
    """A leg, checked in a process of the engine: its record as JSON."""
    stated = catalogues.loaded(tuple(sources))[claim]
    leg = stated.legs[Kind(kind)]
    beside = Path(getattr(sys.modules.get(leg.run.__module__), "__file__", None) or ".").parent
    files.declare(p if p.startswith(files.VARIABLE) else str(beside / p) for p in leg.reads)
    return check_leg(stated, leg.kind, profile, seed).model_dump(mode="json")


def table_task(sources: Sequence[str], claim: str, number: int) -> dict[str, Any]:
    """A table, computed in a process of the engine: its record as JSON."""
    compute = catalogues.loaded(tuple(sources))[claim].tables[number]
    return TableRecord.of(compute()).model_dump(mode="json")


def runs(leg: Leg | LegEntry, profile: Profile) -> bool:
    """Whether a profile runs a leg."""
    return PROFILES.index(leg.profile) <= PROFILES.index(profile)


def left_out(leg: Leg | LegEntry, selected: bool, profile: Profile) -> LegRecord:
    """The record of a leg that is not run."""
    reason = f"needs profile {leg.profile}, ran {profile}" if selected else "not selected"
    return LegRecord(
        kind=leg.kind, grade=leg.kind.grade, verdict=Verdict.NOT_RUN, not_run_reason=reason
    )


def claim_record(
    claim: Claim | Entry,
    legs: Sequence[LegRecord],
    blocked_by: Sequence[str],
    *,
    tables: Sequence[TableRecord] = (),
    broken_tables: Sequence[str] = (),
) -> ClaimRecord:
    """The record of a claim: it holds when every leg that ran holds and at least one ran.

    blocked_by: ids of claims below it that do not hold. broken_tables: what broke its tables, which
    makes a claim an error that would hold.
    """
    verdicts = {leg.verdict for leg in legs}
    if broken_tables:
        verdicts.add(Verdict.ERROR)
    remarks = [f"a table cannot be computed: {text}" for text in broken_tables]
    if blocked_by:
        remarks.append(f"rests on what does not hold: {', '.join(blocked_by)}")
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
        tables=tuple(tables),
        remarks=tuple(remarks),
    )


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


def environment() -> dict[str, str]:
    """Versions that can decide a verdict, of what is installed, and the machine."""
    found = {"python": platform.python_version()}
    found["machine"] = f"{platform.system()} {platform.machine()}"
    for name in LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    if device.chosen() != device.CPU:
        found["device"] = device.chosen()
    return found
