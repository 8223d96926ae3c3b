"""Reports show what was found and nothing else: hostile text stays text, formats stay parseable."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from rich.console import Console

from benchmarks import bench_report
from refutable.claim import Kind, Provenance, Verdict
from refutable.records.results import ClaimRecord, LegRecord, Results, Run, Totals
from refutable.reports import console, folder, html, junit, markdown

HOSTILE = "a|b <script>alert(1)</script> `x` [red]\n# title\x00"


def record(id: str, verdict: Verdict) -> ClaimRecord:
    leg = LegRecord(
        kind=Kind.EXACT,
        grade=Kind.EXACT.grade,
        verdict=verdict,
        note=HOSTILE if verdict is Verdict.ERROR else None,
        witness={"at": HOSTILE} if verdict is Verdict.FAILS else None,
        not_run_reason="not selected" if verdict is Verdict.NOT_RUN else None,
    )
    return ClaimRecord(
        id=id,
        title=HOSTILE,
        statement=HOSTILE,
        measured="",
        provenance=Provenance.DERIVED,
        paper=None,
        assumptions=(),
        rests_on=(),
        verdict=verdict,
        blocked_by=("other",) if verdict is Verdict.UNDECIDED else (),
        legs=(leg,),
    )


@pytest.fixture
def results() -> Results:
    return Results(
        run=Run(
            id="0",
            started="2026-01-01T00:00:00+00:00",
            seconds=1.0,
            seed=0,
            profile="quick",
            command=f"claims verify {HOSTILE}",
            environment={"python": HOSTILE},
        ),
        claims=tuple(record(f"claim.{verdict}", verdict) for verdict in Verdict),
        totals=Totals(
            claims=6, legs=5, cases=0, verdicts=dict.fromkeys(Verdict, 1), false_alarm=0.0
        ),
    )


def test_junit_counts_what_ci_must_see(results: Results) -> None:
    suite = ET.fromstring(junit.junit(results))[0]
    assert (suite.get("tests"), suite.get("failures")) == ("6", "2")  # fails and vacuous
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "2")
    passed = [case.get("name") for case in suite if len(case) == 0]
    assert passed == ["claim.holds"]  # nothing else looks like a pass


def test_markdown_shows_hostile_text_as_text(results: Results) -> None:
    page = markdown.summary(results)
    assert "<script>" not in page
    rows = [line for line in page.splitlines() if line.startswith("| `claim.")]
    assert len(rows) == 6
    assert all(row.replace("\\|", "").count("|") == 7 for row in rows)


def test_console_names_every_verdict(results: Results) -> None:
    text = io.StringIO()
    console.show(results, Console(file=text, width=160))
    for verdict in Verdict:
        assert verdict.value in text.getvalue()
    assert "[red]" in text.getvalue()  # not taken for a style


def test_csv_has_a_row_per_leg(results: Results, tmp_path: Path) -> None:
    folder.write(results, tmp_path, ["csv"])
    frame = pd.read_csv(tmp_path / "results.csv")
    assert list(frame["leg_verdict"]) == [verdict.value for verdict in Verdict]


def test_step_summary_is_appended(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "step.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    folder.append_step_summary(results)
    assert file.read_text().startswith("before\n# Claims")


def test_hostile_text_is_text_on_the_page(results: Results) -> None:
    page = html.page(results)
    assert "<script>alert(1)</script>" not in page
    assert page.count("<script>") == 1
    assert "http://" not in page
    assert html.page(results) == page


def test_a_page_of_3000_legs_is_small_enough_to_send_and_says_what_it_leaves_out() -> None:
    page = html.page(bench_report.many_legs())
    assert len(page.encode()) <= bench_report.MOST_BYTES
    for what in (r"that (is|are) further from failing,", "certificates?", "ladders?"):
        assert len(re.findall(rf"\d more {what} in results\.json", page)) >= 1000


def test_a_page_that_has_room_leaves_nothing_out() -> None:
    few = bench_report.many_legs(30)
    page = html.page(few)
    assert "in results.json" not in page
    legs = [leg for claim in few.claims for leg in claim.legs]
    assert page.count('<svg class="plot ladder"') == sum(len(leg.series) for leg in legs)
    assert page.count("<td>✓<td>") == sum(len(leg.gaps) for leg in legs)
