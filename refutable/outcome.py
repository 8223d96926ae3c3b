"""Outcome: from the legs and tables that were found to the results of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from refutable import check, judgement
from refutable.claim import Kind, Profile, Verdict
from refutable.outline import Outline
from refutable.records.contents import Entry, LegEntry
from refutable.records.results import ClaimRecord, LegRecord, Results, Run, TableRecord, Totals
from refutable.shard import WHOLE, Shard

LegName = tuple[str, Kind]
TableName = tuple[str, int]


def leg_of(entry: Mapping[str, Any]) -> tuple[LegName, LegRecord] | None:
    """The leg of an entry of a journal; None for one that contradicts itself.

    Raises LookupError or ValueError for an entry that is of no leg.
    """
    leg = LegRecord.model_validate(entry["leg"])
    return None if judgement.contradiction(leg) else ((str(entry["claim"]), leg.kind), leg)


@dataclass(frozen=True)
class Share:
    """What a shard does of one claim.

    kinds: of the legs that are selected. own: of those that a profile runs and the shard checks.
    tables: how many tables of the claim the shard computes.
    """

    claim: Entry
    kinds: tuple[Kind, ...]
    own: tuple[Kind, ...]
    tables: int


def shares(
    outline: Outline, select: Sequence[str], profile: Profile, shard: Shard = WHOLE
) -> list[Share]:
    """What a shard does of the selected claims, in order; claims of which it does nothing left out.

    Legs are dealt out kind by kind, as those of one kind take about as long. The tables of a claim
    go with its first leg; a claim of which the profile runs nothing is the first shard's.
    UsageError for a word that names nothing.
    """
    catalogue = outline.catalogue
    chosen = [(catalogue.entry(id, placed=False), kinds) for id, kinds in catalogue.pick(select)]
    running = {
        claim.id: [leg.kind for leg in claim.legs if leg.kind in kinds and check.runs(leg, profile)]
        for claim, kinds in chosen
    }
    by_kind: list[LegName] = [
        (claim.id, kind) for kind in Kind for claim, _ in chosen if kind in running[claim.id]
    ]
    mine = set(shard.dealt(by_kind))
    found = []
    for claim, kinds in chosen:
        legs = running[claim.id]
        own = tuple(kind for kind in legs if (claim.id, kind) in mine)
        has_tables = legs[0] in own if legs else shard.number == 1
        if own or has_tables:
            found.append(Share(claim, tuple(kinds), own, claim.tables if has_tables else 0))
    return found


@dataclass(frozen=True)
class Outcome:
    """What was found. tables: each computed, or what broke it."""

    outline: Outline
    profile: Profile
    finished: Mapping[LegName, LegRecord]
    tables: Mapping[TableName, TableRecord | str]

    def results(self, run: Run, shares: Sequence[Share]) -> Results:
        """Results of the claims that a run, or a shard of it, was to check."""
        records = list(self._records(shares))
        return Results(
            run=run,
            claims=tuple(records),
            totals=_totals(records),
            not_checked=dict(self.outline.not_checked),
            unlisted=self.outline.unlisted,
            main=self.outline.main,
            sources=self.outline.sources,
        )

    def _records(self, shares: Sequence[Share]) -> Iterator[ClaimRecord]:
        """The records of claims; a leg that should have run and did not is an error."""
        blocked = self._blocked()
        for share in shares:
            claim = share.claim
            tables = [self.tables.get((claim.id, n), "") for n in range(share.tables)]
            yield check.claim_record(
                claim,
                [self._record(share, leg) for leg in claim.legs],
                [id for id in self.outline.catalogue.order if id in blocked[claim.id]],
                tables=[table for table in tables if isinstance(table, TableRecord)],
                broken_tables=[
                    table or "it was never computed" for table in tables if isinstance(table, str)
                ],
            )

    def _record(self, share: Share, leg: LegEntry) -> LegRecord:
        if leg.kind in share.own:
            lost = {"type": "Lost", "message": "the run ended before it was judged"}
            name = share.claim.id, leg.kind
            return self.finished.get(name) or judgement.error_record(leg.kind, lost)
        selected = leg.kind in share.kinds
        left_out = check.left_out(leg, selected, self.profile)
        if selected and check.runs(leg, self.profile):
            return left_out.model_copy(update={"not_run_reason": "another shard checks it"})
        return left_out

    def _blocked(self) -> dict[str, set[str]]:
        """For every claim, those below it of which a leg is known that does not hold.

        What this run left out counts by what an earlier run of the same folder found, and is not
        spoken of where there is none.
        """
        failing = {id for (id, _), leg in self.finished.items() if leg.verdict.is_trouble}
        blocked: dict[str, set[str]] = {}
        for id in self.outline.catalogue.order:  # what a claim rests on comes before it
            below = self.outline.catalogue.rests_on(id)
            blocked[id] = {other for other in below if other in failing}
            for other in below:
                blocked[id] |= blocked[other]
        return blocked


def _totals(records: Sequence[ClaimRecord]) -> Totals:
    ran = [leg for claim in records for leg in claim.legs if leg.verdict is not Verdict.NOT_RUN]
    counts = Counter(claim.verdict for claim in records)
    return Totals(
        claims=len(records),
        legs=len(ran),
        cases=sum(leg.cases for leg in ran),
        verdicts={verdict: counts[verdict] for verdict in Verdict},
        false_alarm=sum(gap.false_alarm for leg in ran for gap in leg.gaps),
    )
