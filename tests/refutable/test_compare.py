"""The difference of two runs: news is named; what a run left out is neither better nor worse."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from refutable.claim import WORST_FIRST, Grade, Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records.compare import Change, Difference, compare
from refutable.records.results import ClaimRecord, GapRecord, LegRecord, Results, Run, Totals
from refutable.reports import difference

HOLDS, FAILS, NOT_RUN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_RUN
Claims = Callable[..., subprocess.CompletedProcess[str]]

RAN = tuple(verdict for verdict in Verdict if verdict is not NOT_RUN)
Legs = Mapping[Kind, Verdict | LegRecord]


def gap(closeness: float = 0.2, tolerance: float = 0.1, name: str = "one") -> GapRecord:
    return GapRecord(
        name=name,
        measured=1.0,
        predicted=1.0,
        relation=Relation.EQUAL,
        tolerance=tolerance,
        why="made up",
        holds=closeness <= 1,
        closeness=closeness,
        false_alarm=0.0,
    )


def leg(kind: Kind, verdict: Verdict, **rest: Any) -> LegRecord:
    reason = "left out" if verdict is NOT_RUN else None
    fields = {"grade": kind.grade, "not_run_reason": reason} | rest
    return LegRecord(kind=kind, verdict=verdict, **fields)


def claim(id: str, legs: Legs, **rest: Any) -> ClaimRecord:
    records = tuple(
        found if isinstance(found, LegRecord) else leg(kind, found) for kind, found in legs.items()
    )
    fields = {"title": id, "statement": "x=y", "assumptions": ("small step",)} | rest
    return ClaimRecord(
        id=id,
        measured="",
        provenance=Provenance.DERIVED,
        paper=None,
        rests_on=(),
        verdict=next(v for v in WORST_FIRST if v in {record.verdict for record in records}),
        blocked_by=(),
        legs=records,
        **fields,
    )


def results(*claims: ClaimRecord, **run: Any) -> Results:
    fields: dict[str, Any] = {"seed": 0, "profile": "quick", "select": ()} | run
    return Results(
        run=Run(
            id="0",
            started="2026-01-01T00:00:00+00:00",
            seconds=1.0,
            command="",
            environment={"torch": fields.pop("torch", "2.6")},
            **fields,
        ),
        claims=claims,
        totals=Totals(claims=len(claims), legs=1, cases=1, verdicts={}, false_alarm=0.0),
    )


def one(before: Legs, after: Legs, **run: Any) -> Difference:
    return compare(results(claim("a", before)), results(claim("a", after), **run))


def text(found: Difference) -> str:
    file = io.StringIO()
    difference.show(found, Console(file=file, width=200))
    return file.getvalue()


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (HOLDS, HOLDS, Change.SAME),
        (HOLDS, FAILS, Change.REGRESSED),
        (HOLDS, Verdict.VACUOUS, Change.REGRESSED),
        (HOLDS, Verdict.UNDECIDED, Change.REGRESSED),
        (HOLDS, NOT_RUN, Change.REGRESSED),  # same profile and selection: no longer checked
        (FAILS, HOLDS, Change.IMPROVED),
        (NOT_RUN, HOLDS, Change.CHANGED),
        (FAILS, Verdict.ERROR, Change.CHANGED),
    ],
)
def test_a_flip_is_named(before: Verdict, after: Verdict, change: Change) -> None:
    found = one({Kind.EXACT: before}, {Kind.EXACT: after})
    assert found.totals[change] == 1
    assert bool(found.regressions) == (change is Change.REGRESSED)


def test_a_leg_left_out_by_the_profile_is_not_compared() -> None:
    full = {Kind.EXACT: HOLDS, Kind.TRAINED: FAILS}
    quick = {Kind.EXACT: HOLDS, Kind.TRAINED: NOT_RUN}
    found = compare(results(claim("a", full), profile="full"), results(claim("a", quick)))
    assert not found.regressions
    assert not found.totals[Change.IMPROVED]
    assert found.claims[0].legs[0].change is Change.NOT_COMPARABLE
    back = compare(results(claim("a", quick)), results(claim("a", full), profile="full"))
    assert not back.regressions


@given(
    st.dictionaries(st.sampled_from(Kind), st.sampled_from(RAN), min_size=1),
    st.sets(st.sampled_from(Kind)),
    st.booleans(),
)
def test_leaving_legs_out_never_looks_better_or_worse(
    legs: dict[Kind, Verdict], left_out: set[Kind], swap: bool
) -> None:
    """Whatever a claim's legs found, the same run with fewer of them is no news."""
    partial = {kind: NOT_RUN if kind in left_out else v for kind, v in legs.items()}
    sides = [results(claim("a", legs), profile="full"), results(claim("a", partial))]
    found = compare(*reversed(sides)) if swap else compare(*sides)
    ran = legs.keys() - left_out
    assert found.totals[Change.SAME if ran else Change.NOT_COMPARABLE] == 1
    assert not found.regressions
    assert "Nothing" in difference.verdict(found)


def test_a_claim_outside_the_selection_is_not_gone() -> None:
    both = (claim("a", {Kind.EXACT: HOLDS}), claim("b.c", {Kind.EXACT: HOLDS}))
    everything, some = results(*both), results(both[0], select=("a",))
    assert compare(everything, some).totals[Change.NOT_COMPARABLE] == 1
    assert compare(some, everything).totals[Change.NOT_COMPARABLE] == 1
    assert not compare(everything, some).regressions
    asked_for = results(both[0], select=("a", "b.*"))
    assert [c.id for c in compare(everything, asked_for).regressions] == ["b.c"]


def test_a_claim_that_is_gone_is_worse_and_a_new_one_is_not() -> None:
    old = results(claim("a", {Kind.EXACT: HOLDS}))
    new = results(claim("b", {Kind.EXACT: FAILS}))
    found = compare(old, new)
    assert [c.id for c in found.regressions] == ["a"]
    assert found.totals[Change.ADDED] == 1
    assert "✗ fails" in text(found)


def test_taking_a_failing_leg_away_does_not_mend_the_claim() -> None:
    found = one({Kind.EXACT: HOLDS, Kind.SCALING: FAILS}, {Kind.EXACT: HOLDS})
    assert found.totals[Change.IMPROVED] == 0
    assert [leg.kind for _, leg in found.weakened] == [Kind.SCALING]
    assert "the legs that did not hold are gone" in text(found)


def test_a_new_leg_that_fails_makes_the_claim_worse() -> None:
    found = one({Kind.EXACT: HOLDS}, {Kind.EXACT: HOLDS, Kind.SCALING: FAILS})
    assert found.regressions


def test_a_leg_that_no_longer_runs_is_missing_evidence_and_no_regression() -> None:
    found = one(
        {Kind.EXACT: HOLDS, Kind.SMT: HOLDS},
        {Kind.EXACT: HOLDS, Kind.SMT: NOT_RUN},
    )
    assert not found.regressions
    assert [leg.kind for _, leg in found.weakened] == [Kind.SMT]
    assert "Evidence that is missing now" in text(found)


def test_a_changed_grade_is_told() -> None:
    weaker = leg(Kind.SMT, HOLDS, grade=Grade.SEARCHED)
    assert "grade proved → searched" in text(one({Kind.SMT: HOLDS}, {Kind.SMT: weaker}))


def test_only_closeness_that_moved_is_told() -> None:
    def at(closeness: float, **run: Any) -> Results:
        legs = {Kind.EXACT: leg(Kind.EXACT, HOLDS, gaps=(gap(closeness),))}
        return results(claim("a", legs), **run)

    assert "20% → 35%" in text(compare(at(0.2), at(0.35)))
    assert not compare(at(0.2), at(0.29)).claims
    assert compare(at(0.2), at(0.29), moved=0.05).claims
    other = compare(at(0.2), at(0.9, profile="full"))
    assert not other.closeness_compared
    assert "the profiles spend different budgets" in text(other)


def test_a_widened_allowance_is_told_and_a_dropped_gap_too() -> None:
    def with_gaps(*gaps: GapRecord, **run: Any) -> Results:
        return results(claim("a", {Kind.EXACT: leg(Kind.EXACT, HOLDS, gaps=gaps)}), **run)

    narrow, wide = gap(tolerance=0.01), gap(tolerance=0.5)
    found = compare(with_gaps(narrow, gap(name="two")), with_gaps(wide))
    assert "equal ± 0.01 → equal ± 0.5" in text(found)
    assert "two: equal ± 0.1 → none" in text(found)
    assert not compare(with_gaps(narrow), with_gaps(wide, seed=1)).claims  # other draws


def test_a_tight_bound_that_may_be_exceeded_by_more_is_told() -> None:
    def tight(rounding: float) -> Results:
        made = gap().model_copy(update={"relation": Relation.TIGHT, "rounding": rounding})
        return results(claim("a", {Kind.EXACT: leg(Kind.EXACT, HOLDS, gaps=(made,))}))

    found = text(compare(tight(0.0), tight(0.3)))
    assert "tight ± 0.1 → tight ± 0.1, 0.3 above" in found


def test_a_statement_that_changed_is_told() -> None:
    before = results(claim("a", {Kind.EXACT: HOLDS}))
    after = results(claim("a", {Kind.EXACT: HOLDS}, statement=r"x\ge y"))
    assert r"x=y → x\ge y" in text(compare(before, after))


def test_the_same_results_are_called_identical_whatever_time_they_took() -> None:
    before = results(claim("a", {Kind.EXACT: leg(Kind.EXACT, HOLDS, seconds=1.0)}))
    after = results(claim("a", {Kind.EXACT: leg(Kind.EXACT, HOLDS, seconds=9.0)}))
    assert compare(before, after).identical
    assert "Identical" in text(compare(before, after))
    other = results(claim("a", {Kind.EXACT: HOLDS}), torch="2.7")
    assert not compare(before, other).identical
    assert "2.6 → 2.7" in text(compare(before, other))


def test_markdown_shows_hostile_text_as_text() -> None:
    before = results(claim("a", {Kind.EXACT: HOLDS}))
    after = results(claim("a", {Kind.EXACT: HOLDS}, statement="<b>|*x*\n# y"))
    page = difference.markdown(compare(before, after))
    assert "<b>" not in page
    assert "\n# y" not in page


def test_the_command_line(claims: Claims, tmp_path: Path) -> None:
    """Folders and files are read; 0 without news, 1 on a regression, 2 when unreadable."""
    good, bad = tmp_path / "good", tmp_path / "bad.json"
    good.mkdir()
    results(claim("a", {Kind.EXACT: HOLDS})).write(good / "results.json")
    results(claim("a", {Kind.EXACT: FAILS})).write(bad)
    same = claims("diff", str(good), str(good / "results.json"))
    assert (same.returncode, "Identical" in same.stdout) == (0, True)
    worse = claims("diff", str(good), str(bad), "--json")
    assert worse.returncode == 1
    record = json.loads(worse.stdout)
    assert [(c["id"], c["change"]) for c in record["claims"]] == [("a", "regressed")]
    page = claims("diff", str(bad), str(good), "--format", "markdown")
    assert (page.returncode, page.stdout.startswith("# What changed")) == (0, True)
    bad.write_text("{")
    broken = claims("diff", str(good), str(bad))
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "is not JSON" in broken.stderr
