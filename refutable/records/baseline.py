"""Baseline: verdicts that do not hold and are put up with until a day, so that CI fails on news.

A baseline is a TOML file, one table per claim, its id in quotes:

    ["thm4.4"]
    verdict = "fails"
    legs = ["scaling"]                  # optional: only these legs may be in trouble
    reason = "the fit has not settled below P = 1e40; see issue 12"
    expires = 2026-12-31                # the last day on which it is accepted
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from refutable.catalogue import Catalogue
from refutable.claim import Claim, Kind, Verdict
from refutable.errors import UsageError, nearest
from refutable.records.results import Acceptance, ClaimRecord, Results

FIELDS = ("verdict", "legs", "reason", "expires")
TO_DO = "TODO: say why this is accepted"
"""The reason that a new file is written with; it is refused when read."""

DAYS = 90
"""How long a new entry is accepted unless its owner says otherwise."""

_UNWRITTEN = re.compile(r"\W*(todo|fixme|tbd|xxx)\b", re.IGNORECASE)
_QUIET = (Verdict.HOLDS, Verdict.NOT_RUN)
_HEAD = """\
# Verdicts that do not hold and are accepted until a day; `claims verify --baseline` reads this.
# Give every entry its reason and its last day. An entry whose claim holds again is to be removed.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One accepted verdict. legs: those that may be in trouble; none means any of the claim's."""

    id: str
    verdict: Verdict
    legs: tuple[Kind, ...] = ()
    reason: str
    expires: datetime.date


@dataclass(frozen=True)
class Notice:
    """Something about an entry that its owner should know.

    fails: it makes the run exit with 1. stale: it does so under --strict, because the claim holds.
    """

    id: str
    text: str
    fails: bool = False
    stale: bool = False


def read(path: Path, catalogue: Catalogue) -> dict[str, Entry]:
    """The entries of a baseline by claim id.

    UsageError for a file that cannot be read, an unknown claim, leg, verdict or field, a reason
    that is missing or still to be written, and a day that is missing or is none.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise UsageError(f"cannot read the baseline {path}: {problem.strerror}") from problem
    except ValueError as problem:  # of TOML, and of UTF-8
        raise UsageError(f"the baseline {path} is not TOML: {problem}") from problem
    known = {claim.id: claim for claim in catalogue}
    return {id: _entry(id, table, known, path) for id, table in tables.items()}


def _entry(id: str, table: Any, known: Mapping[str, Claim], path: Path) -> Entry:
    where = f"the baseline {path}, {id!r}"
    if id not in known:
        if isinstance(table, dict) and any(isinstance(value, dict) for value in table.values()):
            raise UsageError(f'{where}: a claim id with dots stands in quotes: ["{id}. ..."]')
        raise UsageError(f"{where}: there is no such claim.{nearest(id, known)}")
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table with {', '.join(FIELDS)}")
    for field in table:
        if field not in FIELDS:
            allowed = f"{nearest(field, FIELDS)} Allowed: {', '.join(FIELDS)}."
            raise UsageError(f"{where}: unknown field {field!r}.{allowed}")
    return Entry(
        id=id,
        verdict=_verdict(table.get("verdict"), where),
        legs=_legs(table.get("legs", []), known[id], where),
        reason=_reason(table.get("reason"), where),
        expires=_day(table.get("expires"), where),
    )


def _verdict(value: Any, where: str) -> Verdict:
    allowed = [verdict.value for verdict in Verdict if verdict is not Verdict.HOLDS]
    if value not in allowed:
        raise UsageError(f"{where}: verdict must be one of {', '.join(allowed)}, not {value!r}")
    return Verdict(value)


def _legs(value: Any, claim: Claim, where: str) -> tuple[Kind, ...]:
    there = [kind.value for kind in claim.legs]
    if not isinstance(value, list) or not all(kind in there for kind in value):
        raise UsageError(f"{where}: legs must be a list from {', '.join(there)}, not {value!r}")
    return tuple(kind for kind in claim.legs if kind.value in value)


def _reason(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: an accepted verdict needs a reason")
    if _UNWRITTEN.match(value):
        raise UsageError(f"{where}: the reason is still to be written, not {value!r}")
    return " ".join(value.split())


def _day(value: Any, where: str) -> datetime.date:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise UsageError(
            f"{where}: expires must be a day without quotes, like 2026-12-31, not {value!r}"
        )
    return value


def apply(
    results: Results, entries: Mapping[str, Entry], today: datetime.date
) -> tuple[Results, tuple[Notice, ...]]:
    """The results with accepted verdicts marked, and what is to be said of the other entries.

    A verdict is accepted on and before its last day, when it is the entry's and no leg is in
    trouble that the entry does not name. Entries of claims that did not run say nothing.
    """
    claims, notices = [], []
    for claim in results.claims:
        entry = entries.get(claim.id)
        if entry is not None:
            notice = _notice(claim, entry, today)
            if notice:
                notices.append(notice)
            elif claim.verdict is entry.verdict:
                claim = claim.model_copy(update={"accepted": _acceptance(entry)})
        claims.append(claim)
    return results.model_copy(update={"claims": tuple(claims)}), tuple(notices)


def _acceptance(entry: Entry) -> Acceptance:
    return Acceptance(
        verdict=entry.verdict,
        legs=entry.legs,
        reason=entry.reason,
        expires=entry.expires.isoformat(),
    )


def _notice(claim: ClaimRecord, entry: Entry, today: datetime.date) -> Notice | None:
    """Why the entry does not cover what was found; None when it does, or when nothing ran."""
    legs = {leg.kind: leg.verdict for leg in claim.legs}
    if claim.verdict is Verdict.HOLDS:
        awaited = entry.legs or tuple(legs)
        if all(legs.get(kind, Verdict.HOLDS) is Verdict.HOLDS for kind in awaited):
            text = f"holds again: remove its entry (accepted as {entry.verdict.value})"
            return Notice(claim.id, text, stale=True)
        return None
    if claim.verdict is Verdict.NOT_RUN is not entry.verdict:
        return None
    if today > entry.expires:
        text = f"was accepted as {entry.verdict.value} until {entry.expires}, which has passed"
        return Notice(claim.id, f"{text}: {entry.reason}", fails=True)
    if claim.verdict is not entry.verdict:
        text = f"was accepted as {entry.verdict.value} and is {claim.verdict.value} now"
        return Notice(claim.id, text)
    others = [kind.value for kind, verdict in legs.items() if verdict not in _QUIET]
    others = [kind for kind in others if entry.legs and kind not in entry.legs]
    if others:
        return Notice(claim.id, f"is in trouble in a leg that is not accepted: {', '.join(others)}")
    return None


def text(
    results: Results,
    counts: Collection[Verdict],
    until: datetime.date,
    kept: Iterable[Entry] = (),
) -> str:
    """A baseline that accepts what these results hold against themselves, reasons to be written.

    counts: the verdicts that make a run fail. until: the last day of new entries. kept: entries to
    carry over as they are.
    """
    entries = {entry.id: entry for entry in kept}
    for claim in results.claims:
        if claim.verdict in counts and claim.id not in entries:
            entries[claim.id] = Entry(
                id=claim.id,
                verdict=claim.verdict,
                legs=tuple(leg.kind for leg in claim.legs if leg.verdict not in _QUIET),
                reason=TO_DO,
                expires=until,
            )
    return "\n".join([_HEAD, *(line for entry in entries.values() for line in _lines(entry))])


def _lines(entry: Entry) -> Iterator[str]:
    yield f"[{_quoted(entry.id)}]"
    yield f"verdict = {_quoted(entry.verdict.value)}"
    if entry.legs:
        yield f"legs = [{', '.join(_quoted(kind.value) for kind in entry.legs)}]"
    yield f"reason = {_quoted(entry.reason)}"
    yield f"expires = {entry.expires.isoformat()}"
    yield ""


def _quoted(text: str) -> str:
    """A TOML string: as in JSON, which leaves only DEL as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
