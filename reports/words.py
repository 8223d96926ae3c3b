"""Words and marks that every report uses for verdicts, grades and closeness."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refutable import text as texts
from refutable.claim import Grade, Verdict
from refutable.records.results import (
    Acceptance,
    CertificateRecord,
    ClaimRecord,
    LegRecord,
    Results,
    Run,
    SeriesRecord,
    TableRecord,
)
from refutable.reports import comparison
from refutable.reports.escaping import markdown

inline = markdown
"""Text on one line of Markdown that stays text."""
many = texts.many
"""'1 claim', '2,000 claims'."""

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

RESTS = "rests on a failing claim: "
"""How the remark begins that a claim gets when one that it rests on fails."""

USED_UP = (
    "the largest share of an allowance (a tolerance or a bound) that was used up: "
    "0 % is exact, 100 % is the edge, above it the claim fails"
)
CLOSENESS = f"Closeness is {USED_UP}."


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


def marked(verdict: Verdict) -> str:
    """The verdict with its mark, readable without colour."""
    return f"{MARKS[verdict]} {verdict.value}"


def verdict(claim: ClaimRecord) -> str:
    """The verdict with its mark, and what it is not to be read without."""
    parts = [marked(claim.verdict)]
    if claim.accepted:
        parts.append("accepted")
    if claim.blocked_by:
        joined = "but" if claim.verdict is Verdict.HOLDS else "and"
        parts.append(f"{joined} rests on a failing claim: {some(claim.blocked_by)}")
    found = len(list(remarks(claim)))
    if found:
        parts.append("with a remark" if found == 1 else f"with {many(found, 'remark')}")
    return ", ".join(parts)


def some(names: tuple[str, ...], most: int = 3) -> str:
    """The first of several names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def remarks(claim: ClaimRecord) -> Iterator[str]:
    """What a reader must know beside the verdict; what it rests on is said there."""
    yield from (said for said in claim.remarks if not said.startswith(RESTS))
    for leg in claim.legs:
        yield from (f"{leg.kind.value}: {said}" for said in leg.remarks)


def expected(claim: ClaimRecord) -> Iterator[str]:
    """Remarks that the claim foresaw, with its reasons."""
    for leg in claim.legs:
        yield from (f"{leg.kind.value}: {said}" for said in leg.expected)


def remarked(results: Results) -> str:
    """'3 verdicts come with remarks', or empty."""
    claims = sum(any(True for _ in remarks(claim)) for claim in results.claims)
    said = many(claims, "verdict comes with a remark", "verdicts come with remarks")
    return said if claims else ""


def acceptance(accepted: Acceptance) -> str:
    """'accepted: REASON (until DATE; only exact: GAP)'."""
    named = [f"{kind.value}: {some(names)}" for kind, names in accepted.gaps.items()]
    named += [kind.value for kind in accepted.legs if kind not in accepted.gaps]
    only = f"; only {', '.join(named)}" if named else ""
    return f"accepted: {accepted.reason} (until {accepted.expires}{only})"


def closeness(record: ClaimRecord | LegRecord) -> str:
    """How close what holds came to failing, as a percentage; 'exact' when it was only decided."""
    if record.verdict is not Verdict.HOLDS:
        return ""
    return percent(record.closeness) if record.closeness is not None else "exact"


def percent(closeness: float) -> str:
    """A closeness as a percentage."""
    return f"{closeness:.0%}" if closeness < 100 else ">9999%"


BRIEF = 24
"""Characters of a range that a column of a table has room for."""


def grades(claim: ClaimRecord) -> str:
    """Grades of a claim that holds, strongest first, each with what a proof covers."""
    if claim.verdict is not Verdict.HOLDS:
        return ""
    found = {grade(leg, brief=True): leg.grade for leg in claim.legs if grade(leg)}
    return " + ".join(said for one in claim.grades for said, got in found.items() if got is one)


def grade(leg: LegRecord, *, brief: bool = False) -> str:
    """What a leg that holds is worth: 'proved for P <= 24'; empty for any other.

    brief: a long range is not written out.
    """
    if leg.verdict is not Verdict.HOLDS:
        return ""
    alone = " (one decider)" if leg.grade is Grade.PROVED and leg.has_one_decider else ""
    covered = f" for {leg.scope}" if leg.grade is Grade.PROVED and leg.scope else ""
    if brief and len(covered) > BRIEF:
        covered = " in a range"
    return f"{leg.grade.value}{alone}{covered}"


def not_installed(results: Results) -> list[str]:
    """A line for every package that legs miss: those legs were not run."""
    reasons = Counter(
        leg.not_run_reason
        for claim in results.claims
        for leg in claim.legs
        if leg.not_run_reason and "is not installed" in leg.not_run_reason
    )
    return [
        f"{many(n, 'leg was', 'legs were')} not run: {reason}." for reason, n in reasons.items()
    ]


def first_forms(results: Results) -> list[ClaimRecord]:
    """Claims that hold by refuting the first form of a statement."""
    return [c for c in results.claims if c.original_of and c.verdict is Verdict.HOLDS]


def counts(results: Results) -> str:
    """'50 hold, 1 fails': the verdicts that occurred, in words."""
    found = [(n, verdict) for verdict, n in results.totals.verdicts.items() if n]
    text = ", ".join(f"{n} {_verb(verdict, n)}" for n, verdict in found)
    refuting = first_forms(results)
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
    if series.x_label.startswith("log "):
        size = series.x_label.removeprefix("log ")
        start = f"{size} = 1e{series.settled_from / math.log(10):.3g}"
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
    if record.radii:
        lines.append(f"radii        {record.radii}")
    return lines + [f"reduced      {step}" for step in record.reductions]


def _listed(named: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in named.items())


def trouble(leg: LegRecord, most: int | None = None) -> list[str]:
    """One line for everything that keeps a leg from holding. most: of gaps; the rest is counted."""
    lines = [leg.note] if leg.note else []
    failing = [gap for gap in leg.gaps if not gap.holds]
    lines += [comparison.said(gap) for gap in failing[:most]]
    more = len(failing) - len(failing[:most])
    if more:
        lines.append(
            f"and {many(more, 'more gap that does', 'more gaps that do')} not hold, in results.json"
        )
    return lines


def place(leg: LegRecord) -> str:
    """Where an exception was raised: 'file.py:12'; empty when that is not known."""
    failure = leg.failure
    if failure is None or failure.file is None:
        return ""
    return failure.file if failure.line is None else f"{failure.file}:{failure.line}"


def traceback(leg: LegRecord, most: int | None = None) -> list[str]:
    """The last lines of a traceback, from a frame on; all without `most`."""
    lines = leg.failure.traceback.rstrip().split("\n") if leg.failure else []
    lines = [one for one in lines if one.strip(" ^~")]
    if most is None or len(lines) <= most:
        return lines
    shown = lines[-most:]
    frames = [number for number, one in enumerate(shown) if one.startswith("  File ")]
    return shown[frames[0] :] if frames else shown[-1:]


def drawn(leg: LegRecord) -> str:
    """The configuration that a search had drawn when an exception was raised, as JSON."""
    found = leg.failure.configuration if leg.failure else None
    return json_text(found) if found is not None else ""


def json_text(value: Any) -> str:
    """A witness or a configuration as JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def again(run: Run, claim: ClaimRecord, leg: LegRecord) -> str:
    """A command that checks one leg of a claim as this run did."""
    words = ["claims", "verify", claim.id, f"kind:{leg.kind.value}", "--profile", run.profile]
    return on_modules([*words, "--seed", str(run.seed)], run.modules)


def on_modules(words: Sequence[str], modules: Sequence[str]) -> str:
    """A command, to be pasted, about the claims of these modules; none are the paper's."""
    return texts.command([*words, *(word for module in modules for word in ("--module", module))])
