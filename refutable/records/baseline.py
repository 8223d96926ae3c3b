"""Baseline: gaps that fail and are put up with until a day, so that CI fails on news.

A baseline is a TOML file, one table per claim, its id in quotes. What fails is accepted by the name
of its gap; a leg that is in error, vacuous or undecided by that verdict:

    ["thm4.4"]
    verdict = "fails"
    gaps.scaling = ["exponent of T_1"]  # of the scaling leg only this one may fail
    legs.trained = "undecided"          # and the trained leg may be undecided
    reason = "the fit has not settled below P = 1e40; see issue 12"
    expires = 2026-12-31                # the last day on which it is accepted
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from refutable import text as texts
from refutable.claim import Kind, Verdict
from refutable.errors import UsageError, nearest
from refutable.records.contents import Entry as Listed
from refutable.records.documents import tables
from refutable.records.results import Acceptance, ClaimRecord, LegRecord, Results

FIELDS = ("verdict", "gaps", "legs", "reason", "expires")
TO_DO = "TODO: say why this is accepted"
"""The reason that a new file is written with; it is refused when read."""

DAYS = 90
"""How long a new entry is accepted unless its owner says otherwise."""

_UNWRITTEN = re.compile(r"\W*(todo|fixme|tbd|xxx)\b", re.IGNORECASE)
_IN_TROUBLE = (Verdict.ERROR.value, Verdict.VACUOUS.value, Verdict.UNDECIDED.value)
_HEAD = """\
# Verdicts that do not hold and are accepted until a day; `claims verify --baseline` reads this.
# Give every entry its reason and its last day; whatever it does not name is news. An entry whose
# claim holds again is to be removed.
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One accepted verdict.

    gaps: by leg, the names of those that may fail. legs: those that may be in trouble otherwise,
    and how; with neither gaps nor legs, any leg may have the entry's verdict, which is not `fails`.
    """

    id: str
    verdict: Verdict
    gaps: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    legs: Mapping[Kind, Verdict] = field(default_factory=dict)
    reason: str
    expires: datetime.date

    def news(self, claim: ClaimRecord) -> list[str]:
        """What this entry does not accept of a claim's legs, in words."""
        return [said for leg in claim.legs for said in self._news(leg)]

    def _news(self, leg: LegRecord) -> Iterator[str]:
        if not leg.verdict.is_trouble:
            return
        if leg.verdict is Verdict.FAILS:
            known = self.gaps.get(leg.kind)
            unknown = [name for name in _failing(leg) if name not in (known or ())]
            if unknown or known is None:
                yield f"{leg.kind.value}: {', '.join(unknown) or 'a failing leg'}"
        elif self.legs or self.gaps:
            if self.legs.get(leg.kind) is not leg.verdict:
                yield f"the {leg.kind.value} leg, which is {leg.verdict.value}"
        elif leg.verdict is not self.verdict:
            yield f"the {leg.kind.value} leg, which is {leg.verdict.value}"

    def mended(self, claim: ClaimRecord) -> list[str]:
        """What this entry accepts although it holds now, in words."""
        found = []
        for leg in claim.legs:
            if leg.verdict is Verdict.NOT_RUN:
                continue
            names = set(self.gaps.get(leg.kind, ())) - set(_failing(leg))
            found += [f"{leg.kind.value}: {name}" for name in sorted(names)]
            if leg.verdict is Verdict.HOLDS and leg.kind in self.legs:
                found.append(f"the {leg.kind.value} leg")
        return found


def _failing(leg: LegRecord) -> list[str]:
    """Names of the gaps that fail, as a file can hold them, each once."""
    failing = (gap for gap in leg.gaps if not gap.holds and gap.undecided is None)
    return list(dict.fromkeys(texts.stored(gap.name) for gap in failing))


@dataclass(frozen=True)
class Notice:
    """Something about an entry that its owner should know.

    fails: it makes the run exit with 1. stale: it does so under --strict, because the claim holds.
    """

    id: str
    text: str
    fails: bool = False
    stale: bool = False


def read(path: Path, known: Mapping[str, Listed]) -> dict[str, Entry]:
    """The entries of a baseline by claim id. known: the claims that there are, by id.

    UsageError for a file that cannot be read, an unknown claim, leg, verdict or field, a reason
    that is missing or still to be written, and a day that is missing or is none.
    """
    found = tables(path, "the baseline")
    return {id: _entry(id, table, known, path) for id, table in found.items()}


def _entry(id: str, table: Any, known: Mapping[str, Listed], path: Path) -> Entry:
    where = f"the baseline {path}, {_shown(id)}"
    if id not in known:
        below = table.items() if isinstance(table, dict) else ()
        if any(isinstance(value, dict) and name not in FIELDS for name, value in below):
            raise UsageError(f'{where}: a claim id with dots stands in quotes: ["{id}. ..."]')
        raise UsageError(f"{where}: there is no such claim.{nearest(id, known)}")
    if not isinstance(table, dict):
        raise UsageError(f"{where}: expected a table with {', '.join(FIELDS)}")
    for name in table:
        if name not in FIELDS:
            allowed = f"{nearest(name, FIELDS)} Allowed: {', '.join(FIELDS)}."
            raise UsageError(f"{where}: unknown field {_shown(name)}.{allowed}")
    verdict = _verdict(table.get("verdict"), where)
    kinds = [kind.value for kind in known[id].kinds]
    gaps = _gaps(table.get("gaps", {}), kinds, where)
    if verdict is Verdict.FAILS and not gaps:
        raise UsageError(
            f'{where}: name the gaps that may fail, like gaps.{kinds[0]} = ["NAME"]; '
            "`claims verify --write-baseline` does"
        )
    return Entry(
        id=id,
        verdict=verdict,
        gaps=gaps,
        legs=_legs(table.get("legs", {}), kinds, verdict, where),
        reason=_reason(table.get("reason"), where),
        expires=_day(table.get("expires"), where),
    )


def _verdict(value: Any, where: str) -> Verdict:
    allowed = [verdict.value for verdict in Verdict if verdict is not Verdict.HOLDS]
    if value not in allowed:
        raise UsageError(
            f"{where}: verdict must be one of {', '.join(allowed)}, not {_shown(value)}"
        )
    return Verdict(value)


def _gaps(value: Any, kinds: Sequence[str], where: str) -> dict[Kind, tuple[str, ...]]:
    named = isinstance(value, dict) and all(
        kind in kinds
        and isinstance(names, list)
        and names
        and all(isinstance(n, str) for n in names)
        for kind, names in value.items()
    )
    if not named:
        raise UsageError(
            f"{where}: gaps must give lists of names by leg ({', '.join(kinds)}), "
            f"not {_shown(value)}"
        )
    return {Kind(kind): tuple(names) for kind, names in value.items()}


def _legs(value: Any, kinds: Sequence[str], verdict: Verdict, where: str) -> dict[Kind, Verdict]:
    """Legs with their verdicts; a list means legs with the entry's own."""
    if isinstance(value, list) and all(isinstance(kind, str) for kind in value):
        value = dict.fromkeys(value, verdict.value)
    named = isinstance(value, dict) and all(
        kind in kinds and verdict in _IN_TROUBLE for kind, verdict in value.items()
    )
    if not named:
        raise UsageError(
            f"{where}: legs must say which of {', '.join(kinds)} is {', '.join(_IN_TROUBLE)}, "
            f"not {_shown(value)}; what fails stands in gaps"
        )
    return {Kind(kind): Verdict(verdict) for kind, verdict in value.items()}


def _shown(value: Any) -> str:
    return texts.short(repr(value), 100)


def _reason(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{where}: an accepted verdict needs a reason")
    if _UNWRITTEN.match(value):
        raise UsageError(f"{where}: the reason is still to be written, not {_shown(value)}")
    return " ".join(value.split())


def _day(value: Any, where: str) -> datetime.date:
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        raise UsageError(
            f"{where}: expires must be a day without quotes, like 2026-12-31, not {_shown(value)}"
        )
    return value


def apply(
    results: Results, entries: Mapping[str, Entry], today: datetime.date
) -> tuple[Results, tuple[Notice, ...]]:
    """The results with accepted verdicts marked, and what is to be said of the other entries.

    A verdict is accepted on and before its last day, when it is the entry's and nothing is in
    trouble that the entry does not name. Entries of claims that did not run say nothing.
    """
    claims: list[ClaimRecord] = []
    notices: list[Notice] = []
    for claim in results.claims:
        entry = entries.get(claim.id)
        if entry is not None:
            found = list(_notices(claim, entry, today))
            notices += found
            if claim.verdict is entry.verdict and all(notice.stale for notice in found):
                claim = claim.model_copy(update={"accepted": _acceptance(entry)})
        claims.append(claim)
    return results.model_copy(update={"claims": tuple(claims)}), tuple(notices)


def _acceptance(entry: Entry) -> Acceptance:
    return Acceptance(
        verdict=entry.verdict,
        legs=tuple(dict.fromkeys((*entry.gaps, *entry.legs))),
        gaps=dict(entry.gaps),
        reason=entry.reason,
        expires=entry.expires.isoformat(),
    )


def _notices(claim: ClaimRecord, entry: Entry, today: datetime.date) -> Iterator[Notice]:
    """Why the entry does not cover what was found, or covers what holds."""
    legs = {leg.kind: leg.verdict for leg in claim.legs}
    if claim.verdict is Verdict.HOLDS:
        awaited = (*entry.gaps, *entry.legs) or tuple(legs)
        if all(legs.get(kind, Verdict.HOLDS) is Verdict.HOLDS for kind in awaited):
            text = f"holds again: remove its entry (accepted as {entry.verdict.value})"
            yield Notice(claim.id, text, stale=True)
        return
    if claim.verdict is Verdict.NOT_RUN is not entry.verdict:
        return
    if today > entry.expires:
        text = f"was accepted as {entry.verdict.value} until {entry.expires}, which has passed"
        yield Notice(claim.id, f"{text}: {entry.reason}", fails=True)
    elif claim.verdict is not entry.verdict:
        text = f"was accepted as {entry.verdict.value} and is {claim.verdict.value} now"
        yield Notice(claim.id, text)
    elif news := entry.news(claim):
        yield Notice(claim.id, f"is in trouble that is not accepted: {'; '.join(news)}")
    elif mended := entry.mended(claim):
        text = f"holds again in part: take out of its entry {'; '.join(mended)}"
        yield Notice(claim.id, text, stale=True)


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
                gaps={leg.kind: tuple(_failing(leg)) for leg in claim.legs if _failing(leg)},
                legs={leg.kind: leg.verdict for leg in claim.legs if _is_in_trouble(leg)},
                reason=TO_DO,
                expires=until,
            )
    return "\n".join([_HEAD, *(line for entry in entries.values() for line in _lines(entry))])


def _is_in_trouble(leg: LegRecord) -> bool:
    return leg.verdict.is_trouble and leg.verdict is not Verdict.FAILS


def _lines(entry: Entry) -> Iterator[str]:
    yield f"[{_quoted(entry.id)}]"
    yield f"verdict = {_quoted(entry.verdict.value)}"
    for kind, names in entry.gaps.items():
        yield f"gaps.{kind.value} = [{', '.join(map(_quoted, names))}]"
    for kind, verdict in entry.legs.items():
        yield f"legs.{kind.value} = {_quoted(verdict.value)}"
    yield f"reason = {_quoted(entry.reason)}"
    yield f"expires = {entry.expires.isoformat()}"
    yield ""


def _quoted(text: str) -> str:
    """A TOML string; what cannot be seen is escaped, and half a surrogate pair shown as such."""
    found = []
    for character in texts.stored(text):
        if character in '"\\':
            found.append(f"\\{character}")
        elif texts.visible(character) == character:
            found.append(character)
        else:
            found.append(f"\\U{ord(character):08x}")
    return f'"{"".join(found)}"'
