"""Replay: one stored counterexample, run again on today's code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from refutable.auditing import point
from refutable.auditing.atlas import Atlas
from refutable.catalogue import DEFAULT_SOURCES
from refutable.claim import Kind, Profile, Verdict
from refutable.errors import UsageError, nearest
from refutable.records.documents import is_there
from refutable.records.results import Results, Run
from refutable.run import Checking, opened

Outcome = Literal["FIXED", "FAILS", "ERROR"]


def replay(folder: Path, witness: str, sources: Sequence[str] = ()) -> tuple[Outcome, list[str]]:
    """Run a witness of a folder again; what came of it, and lines that say so.

    A break of an audit is run at its base, dials and seed. A failing leg of a verification is run
    whole, under the profile and seed that are stored: its search then meets the stored
    configuration again. What cannot be run any more, its claim gone or its run raising, is an
    ERROR. sources: modules or files that define the claims; without any, those of the stored run.
    UsageError when the folder has no such witness, or a source cannot be loaded.
    """
    claim, _, where = witness.rpartition("/")
    legs = _legs(folder / "results.json")
    breaks = _breaks(folder / "atlas.json")
    if (claim, where) in legs:
        run = legs[claim, where]
        return _leg(claim, where, run, tuple(sources) or run.modules or DEFAULT_SOURCES)
    if (claim, where) in breaks:
        found, run = breaks[claim, where]
        given = tuple(sources) or run.modules or DEFAULT_SOURCES
        return _break(claim, found, given, run.profile)
    known = sorted(f"{a}/{b}" for a, b in (*legs, *breaks))
    there = f"There are: {', '.join(known)}." if known else "It holds none."
    raise UsageError(f"{folder} holds no witness {witness!r}.{nearest(witness, known)} {there}")


def _legs(path: Path) -> dict[tuple[str, str], Run]:
    """The stored run by failing leg."""
    if not is_there(path):
        return {}
    results = Results.read(path)
    return {
        (claim.id, leg.kind.value): results.run
        for claim in results.claims
        for leg in claim.legs
        if leg.verdict is Verdict.FAILS
    }


def _breaks(path: Path) -> dict[tuple[str, str], tuple[dict[str, Any], Run]]:
    """Witness and stored run by pair of claim and dial."""
    if not is_there(path):
        return {}
    atlas = Atlas.read(path)
    return {
        (pair.claim, pair.dial): (pair.witness, atlas.run) for pair in atlas.pairs if pair.witness
    }


def _leg(claim: str, kind: str, stored: Run, sources: Sequence[str]) -> tuple[Outcome, list[str]]:
    profile, seed = stored.profile, stored.seed
    with opened(sources) as (outline, pool):
        known = claim in outline.catalogue.ids
        if not known or Kind(kind) not in outline.catalogue.entry(claim, placed=False).kinds:
            return "ERROR", [
                f"{', '.join(sources)} has no {kind} leg of {claim}: it was renamed or removed "
                "since, or it stands in another file, which --module FILE names"
            ]
        leg = Checking(outline, pool, (claim,), profile, seed).one(claim, Kind(kind))
    lines = [f"{claim} [{kind}], profile {profile}, seed {seed}: {leg.verdict.value}"]
    lines += [gap.said for gap in leg.gaps if not gap.holds]
    lines += [leg.note] if leg.note else []
    if leg.witness:
        lines.append(f"witness: {leg.witness}")
    if leg.verdict is Verdict.HOLDS:
        return "FIXED", lines
    return ("FAILS" if leg.verdict is Verdict.FAILS else "ERROR"), lines


def _break(
    claim: str, witness: dict[str, Any], sources: Sequence[str], profile: Profile
) -> tuple[Outcome, list[str]]:
    lines = [
        f"{claim} at {witness['base']}, dials {witness['dials']}, seed {witness['seed']}, "
        f"profile {profile}"
    ]
    gaps = point.again(witness, claim, sources, profile)
    if isinstance(gaps, str):
        return "ERROR", [*lines, gaps]
    if not gaps:
        return "ERROR", [*lines, "nothing was measured"]
    failing = [gap for gap in gaps if not gap.holds]
    lines += [gap.said for gap in failing]
    return ("FAILS" if failing else "FIXED"), lines
