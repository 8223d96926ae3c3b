"""Runs over time: what changed, what is flaky, and what is worse than it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from refutable.claim import Verdict
from refutable.errors import UsageError
from refutable.records import history
from refutable.records.history import Course, Found, Past
from refutable.reports import trend

HOLDS, FAILS, NOT_RUN = Verdict.HOLDS, Verdict.FAILS, Verdict.NOT_RUN

Claims = Callable[..., subprocess.CompletedProcess[str]]

MODULE = """
from refutable import Claim, Provenance, at_most

a = Claim(id="a.claim", title="t", statement="x", provenance=Provenance.DERIVED)


@a.leg("exact")
def small(context):
    yield at_most("x", VALUE, 10.0, 0.0, "a bound")


CLAIMS = (a,)
"""


def past(number: int, **claims: Found) -> Past:
    return Past(id=str(number), started="2026-01-01", profile="quick", seed=0, claims=claims)


@pytest.mark.parametrize(
    ("verdicts", "changes", "flaky", "worse"),
    [
        ([HOLDS, HOLDS, HOLDS], 0, False, False),
        ([HOLDS, FAILS, HOLDS], 2, True, False),
        ([HOLDS, FAILS, FAILS], 1, False, True),
        ([FAILS, FAILS, HOLDS], 1, False, False),
        ([HOLDS, NOT_RUN, HOLDS], 0, False, False),
        ([HOLDS, HOLDS, NOT_RUN], 0, False, False),
        ([None, HOLDS, FAILS], 1, False, True),
        ([HOLDS, HOLDS, None], 0, False, False),
    ],
)
def test_a_claim_over_runs(
    verdicts: list[Verdict | None], changes: int, flaky: bool, worse: bool
) -> None:
    over = tuple(None if verdict is None else Found(verdict=verdict) for verdict in verdicts)
    course = Course(id="a", over=over)
    assert (course.changes, course.is_flaky, course.is_worse) == (changes, flaky, worse)


def test_the_narrowest_claim_comes_first_and_what_fails_before_it() -> None:
    run = past(
        1, wide=Found(verdict=HOLDS, closeness=0.1), narrow=Found(verdict=HOLDS, closeness=0.9),
        fails=Found(verdict=FAILS), decided=Found(verdict=HOLDS),
    )  # fmt: skip
    assert [course.id for course in history.courses([run])] == [
        "fails",
        "narrow",
        "wide",
        "decided",
    ]


def test_what_changed_since_the_last_run() -> None:
    before = past(
        1, a=Found(verdict=HOLDS, closeness=0.1), b=Found(verdict=HOLDS, closeness=0.1),
        c=Found(verdict=HOLDS), gone=Found(verdict=HOLDS),
    )  # fmt: skip
    after = past(
        2, a=Found(verdict=HOLDS, closeness=0.3), b=Found(verdict=HOLDS, closeness=0.15),
        c=Found(verdict=FAILS), new=Found(verdict=HOLDS),
    )  # fmt: skip
    assert list(trend.changes([before, after])) == [
        "a: closeness 10% → 30%", "c: ✓ holds → ✗ fails", "new: new", "gone: gone",
    ]  # fmt: skip


def test_a_history_comes_back_as_it_was_written(tmp_path: Path) -> None:
    runs = [past(n, a=Found(verdict=HOLDS, closeness=n / 7)) for n in range(history.MOST + 3)]
    history.write(tmp_path / "h.jsonl", runs)
    assert history.read(tmp_path / "h.jsonl") == tuple(runs[-history.MOST :])
    assert history.read(tmp_path / "none.jsonl") == ()


@pytest.mark.parametrize("line", ["{", '{"id": 1}', "[]", '{"id": "1", "id": "2"}'])
def test_a_damaged_history_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "h.jsonl").write_text(line + "\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"h\.jsonl"):
        history.read(tmp_path / "h.jsonl")


def test_runs_are_kept_shown_on_the_page_and_compared(
    claims: Claims, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for number, value in enumerate((1.0, 11.0, 2.0, 12.0)):
        (tmp_path / "mine.py").write_text(MODULE.replace("VALUE", str(value)), encoding="utf-8")
        words = ("--module", "mine.py", "--history", "h.jsonl", "--out", f"run{number}")
        done = claims("verify", *words)
        assert done.returncode == int(value > 10), done.stderr
    page = (tmp_path / "run3" / "report.html").read_text(encoding="utf-8")
    assert "<li>a.claim: ✓ holds → ✗ fails</li>" in page
    assert "flaky: its verdict changed 3 times" in page
    assert 'id="trend"' not in (tmp_path / "run0" / "report.html").read_text(encoding="utf-8")
    again = claims("report", "run3", "--format", "html,badge")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "run3" / "report.html").read_text(encoding="utf-8") == page
    badge = json.loads((tmp_path / "run3" / "badge.json").read_text(encoding="utf-8"))
    assert (badge["message"], badge["color"]) == ("1 of 1 fail", "red")
    for runs in (["h.jsonl"], ["run0", "run1", "run2", "run3"]):
        shown = claims("diff", *runs)
        assert shown.returncode == 1, shown.stderr
        assert "worse, flaky: its verdict changed 3 times" in " ".join(shown.stdout.split())
    better = claims("diff", "run0", "run1", "run2", "--format", "html")
    assert better.returncode == 0, better.stderr
    assert better.stdout.startswith("<!DOCTYPE html>")
    assert "✗ fails → ✓ holds" in better.stdout
