"""CSV files: the frames of results and of an atlas, in which a spreadsheet computes nothing."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from refutable.auditing.atlas import Atlas
from refutable.claim import Verdict
from refutable.records.results import Results
from refutable.reports import words
from refutable.reports.escaping import cell

if TYPE_CHECKING:
    import pandas as pd


def results_csv(results: Results) -> str:
    """One row per gap, and one per leg without gaps.

    Grade and closeness stand only beside what holds. Remarks, and what a claim rests on and fails,
    come last.
    """
    frame = results.frame()
    fell = frame["leg_verdict"] != Verdict.HOLDS.value
    frame[["grade", "closeness"]] = frame[["grade", "closeness"]].mask(fell)
    legs = {(claim.id, leg.kind.value): leg for claim in results.claims for leg in claim.legs}
    rows = list(zip(frame["claim"], frame["kind"], strict=True))
    remarks = {place: "; ".join((*leg.remarks, *leg.expected)) for place, leg in legs.items()}
    blocked = {claim.id: ", ".join(claim.blocked_by) for claim in results.claims}
    frame["scope"] = [legs[place].scope for place in rows]
    frame["remarks"] = [remarks[place] for place in rows]
    frame["blocked_by"] = [blocked[claim] for claim, _ in rows]
    raised = [words.place(legs[place]) for place in rows]
    frame["place"] = [gap or leg for gap, leg in zip(frame["place"], raised, strict=True)]
    return _csv(frame)


def atlas_csv(atlas: Atlas) -> str:
    """One row per pair of claim and dial."""
    return _csv(atlas.frame())


def _csv(frame: pd.DataFrame) -> str:
    text: str = frame.map(cell).to_csv(
        index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
    )
    return text
