"""The console fits the width that it has, and what is to be pasted stays on one line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records.contents import Entry
from refutable.records.results import ClaimRecord, GapRecord, LegRecord, Results, Run, Totals
from refutable.reports import console, explain

LONG = "a sentence that goes on for longer than any line of a terminal has room for, " * 3
FAILING = GapRecord(
    name=LONG, measured=2.0, predicted=1.0, relation=Relation.AT_MOST, tolerance=0.0, why=LONG,
    holds=False, closeness=None, false_alarm=0.0,
)  # fmt: skip
RECORD = ClaimRecord(
    id="a.claim", title=LONG, statement=r"x\le 1", measured="", provenance=Provenance.DERIVED,
    paper=None, assumptions=(), rests_on=(), verdict=Verdict.FAILS, blocked_by=(),
    legs=(LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=Verdict.FAILS, cases=1, gaps=(FAILING,),
        witness={"x": LONG}, remarks=(LONG,),
    ),),
)  # fmt: skip
RESULTS = Results(
    run=Run(
        id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
        command="claims verify", modules=("mine.py",), environment={},
    ),
    claims=(RECORD,),
    totals=Totals(claims=1, legs=1, cases=1, verdicts={Verdict.FAILS: 1}, false_alarm=0.0),
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_lines_are_as_long_as_the_console_is_wide(width: int) -> None:
    text = io.StringIO()
    console.show(RESULTS, Console(file=text, width=width), Path("kept"))
    lines = text.getvalue().splitlines()
    commands = [line.strip() for line in lines if "again: " in line]
    assert commands == [
        "see it again: claims replay kept a.claim/exact",
        "check again: claims verify a.claim kind:exact --profile quick --seed 0 --module mine.py",
    ]
    assert all(len(line) <= width for line in lines if "again: " not in line)
    assert "1 claim: 1 fails." in lines


ENTRY = Entry(
    id="a.claim", title=LONG, statement=r"x\le \tfrac12", measured=LONG, file="mine.py", line=3,
    provenance=Provenance.DERIVED, paper=None, assumptions=(LONG,), rests_on=(),
    original_of=None, module="mine", legs=(), mistakes=(), tables=0,
)  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_explanation_is_wrapped_below_what_it_says(width: int) -> None:
    lines = explain.lines(ENTRY, (), RECORD, Path("kept"), width)
    assert "  x ≤ ½" in lines
    assert all(len(line) <= width for line in lines)
    after = lines[next(i for i, line in enumerate(lines) if line.startswith("measured")) + 1]
    assert after.startswith(" " * explain.LABEL)
    assert not any("refuted by each" in line for line in lines)


def test_an_explanation_gives_commands_that_find_the_claim() -> None:
    said = "\n".join(explain.lines(ENTRY, (), None, Path("no where"), modules=("mine.py",)))
    assert "`claims verify a.claim --out 'no where' --module mine.py`" in said
    assert "`claims selftest a.claim --module mine.py`" in said
