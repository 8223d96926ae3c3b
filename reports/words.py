"""Words and marks that every report uses for verdicts, grades and closeness."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping

from refutable.claim import Kind, Verdict
from refutable.records.results import (
    Acceptance,
    CertificateRecord,
    ClaimRecord,
    LegRecord,
    Results,
    SeriesRecord,
    TableRecord,
)

MARKS = {
    Verdict.HOLDS: "✓",
    Verdict.FAILS: "✗",
    Verdict.ERROR: "!",
    Verdict.VACUOUS: "∅",
    Verdict.UNDECIDED: "?",
    Verdict.NOT_RUN: "–",
}

MEANINGS = {
    Verdict.HOLDS: "everything measured is as claimed",
    Verdict.FAILS: "something measured is not as claimed",
    Verdict.ERROR: "the check itself broke",
    Verdict.VACUOUS: "nothing met the assumptions, so nothing was shown",
    Verdict.UNDECIDED: "a solver or a budget gave out",
    Verdict.NOT_RUN: "left out by the profile or the selection",
}

CLOSENESS = (
    "Closeness is the largest share of an allowance (a tolerance or a bound) that was used up: "
    "0 % is exact, 100 % is the edge, above it the claim fails."
)


COVERAGE = (
    "A case is one configuration that was examined; it counts in every regime that it belongs to. "
    "A leg that requires a regime and met no case in it is vacuous."
)


def coverage(results: Results) -> dict[str, tuple[int, int]]:
    """Of every regime: cases over all legs, and claims that met it; the most frequent first."""
    cases: Counter[str] = Counter()
    claims: Counter[str] = Counter()
    for claim in results.claims:
        for leg in claim.legs:
            cases.update(leg.regimes)
        claims.update({regime for leg in claim.legs for regime, n in leg.regimes.items() if n})
    return {regime: (n, claims[regime]) for regime, n in cases.most_common()}


_MARKUP = re.compile(r"([\\\\`*_|\[\]])")
"""What Markdown takes for more than text."""


def marked(verdict: Verdict) -> str:
    """The verdict with its mark, readable without colour."""
    return f"{MARKS[verdict]} {verdict.value}"


def verdict(claim: ClaimRecord) -> str:
    """The verdict with its mark, and that it is accepted where it is."""
    return marked(claim.verdict) + (", accepted" if claim.accepted else "")


def acceptance(accepted: Acceptance) -> str:
    """'accepted: REASON (until DATE)'."""
    legs = f", {' and '.join(accepted.legs)} only" if accepted.legs else ""
    return f"accepted: {accepted.reason} (until {accepted.expires}{legs})"


def closeness(record: ClaimRecord | LegRecord) -> str:
    """How close a record came to failing, as a percentage; 'exact' when it was only decided."""
    if record.closeness is not None:
        return percent(record.closeness)
    return "exact" if record.verdict is Verdict.HOLDS else ""


def percent(closeness: float) -> str:
    """A closeness as a percentage."""
    return f"{closeness:.0%}" if closeness < 100 else ">9999%"


def inline(text: str) -> str:
    """Text on one line of Markdown that stays text: no mark-up, no tag, no end of a cell."""
    escaped = _MARKUP.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;")


def grades(claim: ClaimRecord) -> str:
    """Grades of the legs that hold, strongest first."""
    return " + ".join(grade.value for grade in claim.grades)


def left_out(claim: ClaimRecord) -> list[Kind]:
    """The legs that did not run."""
    return [leg.kind for leg in claim.legs if leg.verdict is Verdict.NOT_RUN]


def counts(results: Results) -> str:
    """'50 hold, 1 fails': the verdicts that occurred, in words."""
    found = [(n, verdict) for verdict, n in results.totals.verdicts.items() if n]
    text = ", ".join(f"{n} {_verb(verdict, n)}" for n, verdict in found)
    refuting = [
        claim.id for claim in results.claims if claim.original_of and claim.verdict is Verdict.HOLDS
    ]
    if refuting:
        text += f" ({len(refuting)} by refuting a statement's first form)"
    accepted = sum(claim.accepted is not None for claim in results.claims)
    return f"{text} ({accepted} accepted by the baseline)" if accepted else text


def _verb(verdict: Verdict, n: int) -> str:
    if n == 1:
        return verdict.value
    return {Verdict.HOLDS: "hold", Verdict.FAILS: "fail"}.get(verdict, verdict.value)


def number(value: float | str) -> str:
    """A measured or predicted value, short."""
    if isinstance(value, str):
        return value if len(value) <= 40 else value[:37] + "..."
    return f"{value:.6g}"


def ladder(series: SeriesRecord) -> str:
    """What was fitted on a ladder, and from where on the quantity is within a tenth of its law."""
    found = []
    if series.exponent is not None:
        found.append(f"exponent {series.exponent:.5f} ± {series.exponent_half_width or 0:.1g}")
    if series.constant is not None:
        name = "log constant" if series.is_log else "mean of the upper half"
        found.append(f"{name} {series.constant:.6g} ± {series.constant_half_width or 0:.1g}")
    if series.drift is not None:
        found.append(f"drift {series.drift:.1g}")
    found.append(settled(series))
    return f"{series.name}: {', '.join(found)}"


def settled(series: SeriesRecord) -> str:
    """From where on the quantity is within a tenth of its law."""
    if series.settled_from is None:
        return "not within a tenth of its law"
    start = f"{series.x_label} = {series.settled_from:.3g}"
    if series.x_label == "log P":
        start = f"P = 1e{series.settled_from / math.log(10):.3g}"
    lowest = " (the lowest rung)" if series.x and series.settled_from <= series.x[0] else ""
    return f"within a tenth of its law from {start}{lowest}"


def aligned(table: TableRecord) -> list[str]:
    """A table as lines of text with aligned columns."""
    rows = [table.columns, *([cell(x) for x in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = ["  ".join(x.rjust(w) for x, w in zip(row, widths, strict=True)) for row in rows]
    return [table.title, *[f"  {line}" for line in lines], *([table.note] if table.note else [])]


def cell(value: float | str) -> str:
    """A cell of a table."""
    return value if isinstance(value, str) else f"{value:.4g}"


def certificate(record: CertificateRecord) -> list[str]:
    """A certificate, one line for each thing that it says."""
    lines = [
        f"decided by   {record.by}: {_listed(record.resource)}",
        f"negated      {record.negated}",
    ]
    if record.assumptions:
        lines.append(f"told         {', '.join(record.assumptions)}")
    if record.variables:
        lines.append(f"symbols      {_listed(record.variables)}")
    return lines + [f"reduced      {step}" for step in record.reductions]


def _listed(named: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in named.items())


def trouble(leg: LegRecord) -> list[str]:
    """One line for everything that keeps a leg from holding."""
    lines = [leg.note] if leg.note else []
    for gap in leg.gaps:
        if not gap.holds:
            lines.append(
                f"{gap.name}: measured {number(gap.measured)}, "
                f"{gap.relation.value.replace('_', ' ')} {number(gap.predicted)} "
                f"± {gap.tolerance:.3g} was claimed"
            )
    return lines
