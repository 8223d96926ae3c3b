"""Replay: one stored counterexample, run again on today's code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from claims.checking import audit, catalogue, check
from claims.checking.atlas import Atlas
from claims.checking.claim import Kind, Verdict
from claims.checking.errors import UsageError, nearest
from claims.checking.gap import Gap
from claims.checking.results import GapRecord, Results

Outcome = Literal["FIXED", "FAILS", "ERROR"]


def replay(folder: Path, witness: str, sources: Sequence[str]) -> tuple[Outcome, list[str]]:
    """Run a witness of a folder again; what came of it, and lines that say so.

    A break of an audit is run at its base, dials and seed. A failing leg of a verification is run
    whole, under the profile and seed that are stored: its search then meets the stored
    configuration again. UsageError when the folder has no such witness.
    """
    claim, _, where = witness.rpartition("/")
    legs = _legs(folder / "results.json")
    breaks = _breaks(folder / "atlas.json")
    if (claim, where) in legs:
        return _leg(claim, where, legs[claim, where], sources)
    if (claim, where) in breaks:
        return _break(claim, breaks[claim, where], sources)
    known = sorted(f"{a}/{b}" for a, b in (*legs, *breaks))
    there = f"There are: {', '.join(known)}." if known else "It holds none."
    raise UsageError(f"{folder} holds no witness {witness!r}.{nearest(witness, known)} {there}")


def _legs(path: Path) -> dict[tuple[str, str], tuple[str, int]]:
    """Profile and seed by failing leg."""
    if not path.exists():
        return {}
    results = Results.read(path)
    return {
        (claim.id, leg.kind.value): (results.run.profile, results.run.seed)
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict is Verdict.FAILS
    }


def _breaks(path: Path) -> dict[tuple[str, str], dict[str, object]]:
    """Witness by pair of claim and dial."""
    if not path.exists():
        return {}
    atlas = Atlas.read(path)
    return {(pair.claim, pair.dial): pair.witness for pair in atlas.pairs if pair.witness}


def _leg(
    claim: str, kind: str, stored: tuple[str, int], sources: Sequence[str]
) -> tuple[Outcome, list[str]]:
    profile, seed = stored
    found = catalogue.load(sources)[claim]
    if Kind(kind) not in found.legs:
        return "ERROR", [f"{claim} has no {kind} leg any more"]
    leg = check.check_leg(found, Kind(kind), profile, seed)  # type: ignore[arg-type]
    lines = [f"{claim} [{kind}], profile {profile}, seed {seed}: {leg.verdict.value}"]
    lines += [line for gap in leg.gaps if not gap.holds for line in _said(gap)]
    lines += [leg.note] if leg.note else []
    if leg.witness:
        lines.append(f"witness: {leg.witness}")
    if leg.verdict is Verdict.HOLDS:
        return "FIXED", lines
    return ("FAILS" if leg.verdict is Verdict.FAILS else "ERROR"), lines


def _break(
    claim: str, witness: dict[str, object], sources: Sequence[str]
) -> tuple[Outcome, list[str]]:
    lines = [f"{claim} at {witness['base']}, dials {witness['dials']}, seed {witness['seed']}"]
    try:
        gaps: list[Gap] = audit.again(witness, claim, sources)
    except UsageError:
        raise
    except Exception as problem:  # whatever the run raises is the answer
        return "ERROR", [*lines, f"{type(problem).__name__}: {problem}"]
    failing = [gap for gap in gaps if not gap.holds]
    for gap in failing:
        lines += _said(GapRecord.of(gap))
    return ("FAILS" if failing else "FIXED"), lines


def _said(gap: GapRecord) -> list[str]:
    return [
        f"{gap.name}: measured {gap.measured}, {gap.relation.value.replace('_', ' ')} "
        f"{gap.predicted} ± {gap.tolerance:g} was claimed"
    ]
