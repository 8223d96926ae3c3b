"""Margins recorded in a committed file, so that CI sees when an assumption bears less weight."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from refutable import text as texts
from refutable.auditing.atlas import Atlas, Margin
from refutable.errors import UsageError, nearest
from refutable.records.documents import tables

HEADER = """\
# How far each assumption could be bent when this was recorded: a claim, a dial, and the last value
# of the dial up to which the claim held. `claims audit --fail-below` fails when one shrank.
# Recorded with profile {profile}, seed {seed}; another profile tries other values.
"""

WITHOUT = (Margin.UNDECIDED, Margin.UNTESTABLE)
"""Verdicts that give no margin."""


def text(atlas: Atlas) -> str:
    """The margins of an atlas as a TOML file; undecided and untestable pairs have none."""
    lines = [HEADER.format(profile=atlas.run.profile, seed=atlas.run.seed)]
    for claim in dict.fromkeys(pair.claim for pair in atlas.pairs):
        rows = [
            f"{json.dumps(pair.dial)} = {pair.holds_to!r}"
            for pair in atlas.pairs
            if pair.claim == claim and pair.holds_to is not None and pair.verdict not in WITHOUT
        ]  # fmt: skip
        if rows:
            lines += [f"[{json.dumps(claim)}]", *rows, ""]
    return "\n".join(lines)


def read(path: Path) -> dict[tuple[str, str], float]:
    """Recorded margins by claim and dial. UsageError for a file that is not such a record."""
    data = tables(path)
    margins = {}
    for claim, rows in data.items():
        if not isinstance(rows, dict):
            raise UsageError(f"{path}: {claim!r} must be a table of dials and their values")
        for dial, value in rows.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not abs(value) <= sys.float_info.max:  # NaN fails this, too
                shown = texts.short(repr(value), 60)
                raise UsageError(f"{path}: {claim} / {dial} must be a number, not {shown}")
            margins[claim, dial] = float(value)
    return margins


def require_known(
    margins: dict[tuple[str, str], float], claims: set[str], dials: set[str], path: Path
) -> None:
    """UsageError when a file names a claim or a dial that no audit knows."""
    for claim, dial in margins:
        for name, known, what in ((claim, claims, "audited claim"), (dial, dials, "dial")):
            if name not in known:
                raise UsageError(f"{path}: unknown {what} {name!r}.{nearest(name, sorted(known))}")


def shrunk(atlas: Atlas, margins: dict[tuple[str, str], float]) -> Iterator[str]:
    """In words, every recorded margin that this atlas does not reach.

    Pairs that were not selected do not count. A pair that is no longer decided, or is said to be
    untestable now, does not reach its margin.
    """
    starts = {dial.name: dial.scanned[0] for dial in atlas.dials}
    for pair in atlas.pairs:
        recorded = margins.get((pair.claim, pair.dial))
        if recorded is None:
            continue
        start = starts[pair.dial]
        if pair.verdict in WITHOUT or pair.holds_to is None:
            yield f"{pair.claim} / {pair.dial}: held to {recorded:g}, now {pair.verdict.value}"
        elif abs(pair.holds_to - start) < abs(recorded - start) * (1 - 1e-9):
            yield f"{pair.claim} / {pair.dial}: held to {recorded:g}, now {pair.holds_to:g}"
