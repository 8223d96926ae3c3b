"""A baseline lets CI fail on news alone, and never makes an accepted verdict look like a pass."""

from __future__ import annotations

import datetime
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from refutable import check
from refutable import text as texts
from refutable.catalogue import Catalogue
from refutable.claim import Claim, Context, Evidence, Kind, Provenance, Verdict
from refutable.errors import UsageError
from refutable.gap import Relation
from refutable.records import baseline
from refutable.records.baseline import Entry
from refutable.records.documents import put
from refutable.records.results import ClaimRecord, GapRecord, LegRecord, Results, Run, Totals
from refutable.reports import console, html, junit, markdown

TODAY = datetime.date(2026, 6, 1)
HOLDS, FAILS, NOT_RUN, UNDECIDED = (
    Verdict.HOLDS,
    Verdict.FAILS,
    Verdict.NOT_RUN,
    Verdict.UNDECIDED,
)


def claim(id: str) -> Claim:
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    for kind in ("exact", "scaling"):

        @made.leg(kind)
        def leg(context: Context) -> Evidence:
            raise NotImplementedError

    return made


CATALOGUE = Catalogue([claim("a"), claim("b.c")])


def entry(**changes: object) -> Entry:
    fields: dict[str, object] = {
        "id": "a",
        "verdict": FAILS,
        "gaps": {Kind.EXACT: ("first",)},
        "reason": "known",
        "expires": TODAY + datetime.timedelta(days=1),
    }
    return Entry(**(fields | changes))  # type: ignore[arg-type]


def gap(name: str, holds: bool) -> GapRecord:
    return GapRecord(
        name=name, measured=1.0 if holds else 2.0, predicted=1.0, relation=Relation.EQUAL,
        tolerance=0.0, why="whole numbers", holds=holds, closeness=None, false_alarm=0.0,
    )  # fmt: skip


def found(
    exact: Verdict, scaling: Verdict = HOLDS, id: str = "a", failing: tuple[str, ...] = ("first",)
) -> Results:
    """Legs with these verdicts; of one that fails, these gaps do."""
    legs = [
        LegRecord(
            kind=kind,
            grade=kind.grade,
            verdict=verdict,
            gaps=(
                *(gap(name, False) for name in failing if verdict is FAILS),
                gap("sound", True),
            ),
        )
        for kind, verdict in ((Kind.EXACT, exact), (Kind.SCALING, scaling))
    ]
    record = check.claim_record(claim(id), legs, ())
    return Results(
        run=Run(
            id="0",
            started="2026-06-01T00:00:00+00:00",
            seconds=1.0,
            seed=0,
            profile="quick",
            command="",
            environment={},
        ),
        claims=(record,),
        totals=Totals(claims=1, legs=2, cases=2, verdicts={record.verdict: 1}, false_alarm=0.0),
    )


def judged(results: Results, *entries: Entry) -> tuple[ClaimRecord, list[baseline.Notice]]:
    after, notices = baseline.apply(results, {e.id: e for e in entries}, TODAY)
    return after.claims[0], list(notices)


def test_an_accepted_verdict_is_marked_and_stays_what_it_is() -> None:
    record, notices = judged(found(FAILS), entry())
    assert record.accepted
    assert record.verdict is FAILS
    assert not notices


def test_the_last_day_is_the_last() -> None:
    assert judged(found(FAILS), entry(expires=TODAY))[0].accepted
    record, notices = judged(found(FAILS), entry(expires=TODAY - datetime.timedelta(days=1)))
    assert not record.accepted
    assert [notice.fails for notice in notices] == [True]
    undecided = entry(verdict=UNDECIDED, gaps={}, expires=TODAY - datetime.timedelta(days=1))
    assert [notice.fails for notice in judged(found(UNDECIDED), undecided)[1]] == [True]


def test_another_verdict_or_another_leg_is_news() -> None:
    record, notices = judged(found(Verdict.ERROR), entry())
    assert not record.accepted
    assert "error now" in notices[0].text
    only = entry(gaps={Kind.SCALING: ("first",)})
    assert judged(found(HOLDS, FAILS), only)[0].accepted
    record, notices = judged(found(FAILS, FAILS), only)
    assert not record.accepted
    assert "exact: first" in notices[0].text


def test_another_gap_of_an_accepted_leg_is_news() -> None:
    """Accepting a known failure must not accept whatever else the same leg finds."""
    record, notices = judged(found(FAILS, failing=("first", "second")), entry())
    assert not record.accepted
    assert notices[0].text.endswith("exact: second")
    both = entry(gaps={Kind.EXACT: ("first", "second")})
    assert judged(found(FAILS, failing=("second", "first")), both)[0].accepted


def test_what_holds_again_of_an_accepted_leg_is_said_and_stays_accepted() -> None:
    both = entry(gaps={Kind.EXACT: ("first", "sound")})
    record, notices = judged(found(FAILS), both)
    assert record.accepted
    assert [(notice.stale, notice.fails) for notice in notices] == [(True, False)]
    assert "exact: sound" in notices[0].text


@pytest.mark.parametrize("trouble", [Verdict.ERROR, Verdict.VACUOUS, UNDECIDED])
def test_trouble_of_another_leg_behind_an_accepted_failure_is_news(trouble: Verdict) -> None:
    """A claim shows its worst verdict: `fails` would hide an error of another leg."""
    assert not judged(found(FAILS, trouble), entry())[0].accepted
    assert judged(found(FAILS, trouble), entry(legs={Kind.SCALING: trouble}))[0].accepted
    other = UNDECIDED if trouble is not UNDECIDED else Verdict.ERROR
    assert not judged(found(FAILS, other), entry(legs={Kind.SCALING: trouble}))[0].accepted


def test_an_entry_is_stale_only_when_what_it_accepts_ran_and_held() -> None:
    record, notices = judged(found(HOLDS), entry())
    assert not record.accepted
    assert [notice.stale for notice in notices] == [True]
    either = entry(verdict=UNDECIDED, gaps={})
    assert not judged(found(HOLDS, NOT_RUN), either)[1]  # the undecided leg may be the other one
    assert not judged(found(HOLDS, NOT_RUN), entry(gaps={Kind.SCALING: ("first",)}))[1]
    assert judged(found(HOLDS, NOT_RUN), entry())[1]


def test_claims_without_entries_and_entries_without_claims_say_nothing() -> None:
    record, notices = judged(found(FAILS), entry(id="b.c"))
    assert not record.accepted
    assert not notices
    assert not judged(found(NOT_RUN, NOT_RUN), entry())[1]


def test_no_report_shows_an_accepted_verdict_as_a_pass() -> None:
    results, _ = baseline.apply(found(FAILS), {"a": entry(reason="a|b <i>")}, TODAY)
    text = io.StringIO()
    console.show(results, Console(file=text, width=160))
    assert "✗ fails, accepted" in text.getvalue()
    assert "accepted: a|b <i> (until 2026-06-02; only exact: first)" in text.getvalue()
    page = markdown.summary(results)
    assert "✗ fails, accepted" in page
    assert "accepted: a\\|b &lt;i&gt; (until 2026-06-02; only exact: first)" in page
    page = html.page(results)
    assert "✗ fails, accepted" in page
    assert "accepted: a|b &lt;i&gt; (until 2026-06-02; only exact: first)" in page
    suite = ET.fromstring(junit.junit(results))[0]
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert suite[0][0].tag == "skipped"
    assert "accepted" in (suite[0][0].get("message") or "")


VALID = 'verdict = "fails"\ngaps.exact = ["x"]\nreason = "known"\nexpires = 2026-12-31\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "is not TOML"),
        ('["a"]\nexpires = 2026-02-30', "is not TOML"),
        ("[z]\n" + VALID, "no such claim"),
        ("[b.c]\n" + VALID, "stands in quotes"),
        ("a = 1", "expected a table"),
        ("[a]\n" + VALID + "until = 1", "unknown field 'until'"),
        ("[a]\n" + VALID.replace("fails", "holds"), "verdict must be one of"),
        ("[a]\n" + VALID.replace('"fails"', "[1]"), "verdict must be one of"),
        ("[a]\n" + VALID.replace("known", " "), "needs a reason"),
        ("[a]\n" + VALID.replace("known", "todo: later"), "still to be written"),
        ("[a]\n" + VALID.replace("known", baseline.TO_DO), "still to be written"),
        ("[a]\n" + VALID.replace("2026-12-31", '"2026-12-31"'), "a day without quotes"),
        ("[a]\n" + VALID.replace("2026-12-31", "2026-12-31T00:00:00"), "a day without quotes"),
        ('[a]\nverdict = "error"\nreason = "known"', "a day without quotes"),
        ("[a]\n" + VALID + 'legs.smt = "error"', "legs must say which of exact, scaling is"),
        ("[a]\n" + VALID + 'legs = ["scaling"]', "what fails stands in gaps"),
        ("[a]\n" + VALID + 'legs.scaling = "fails"', "what fails stands in gaps"),
        ("[a]\n" + VALID + "legs = [[1]]", "legs must say which"),
        ("[a]\n" + VALID + "legs.exact = {}", "legs must say which"),
        ("[a]\n" + VALID.replace('gaps.exact = ["x"]', ""), "name the gaps that may fail"),
        ("[a]\n" + VALID.replace('["x"]', "[]"), "gaps must give lists of names"),
        ("[a]\n" + VALID.replace('["x"]', "[1]"), "gaps must give lists of names"),
        ("[a]\n" + VALID.replace("gaps.exact", "gaps"), "gaps must give lists of names"),
        ("[a]\n" + VALID.replace("gaps.exact", "gaps.smt"), "gaps must give lists of names"),
        ("x = " + "[" * 100_000, "is not TOML"),
        ("x = " + "9" * 10_000, "is not TOML"),
    ],
)
def test_a_bad_baseline_is_refused(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    file.write_text(content)
    with pytest.raises(UsageError, match=message):
        baseline.read(file, CATALOGUE.entries())


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not UTF-8"):
        baseline.read(tmp_path / "binary.toml", CATALOGUE.entries())
    with pytest.raises(UsageError, match="cannot read"):
        baseline.read(tmp_path / "missing.toml", CATALOGUE.entries())


NAMES = st.lists(st.text(min_size=1), min_size=1, max_size=3, unique=True).map(tuple)
ENTRIES = st.builds(
    Entry,
    id=st.just("b.c"),
    verdict=st.sampled_from([v for v in Verdict if v is not HOLDS]),
    gaps=st.dictionaries(st.sampled_from([Kind.EXACT, Kind.SCALING]), NAMES, min_size=1),
    legs=st.dictionaries(
        st.sampled_from([Kind.EXACT, Kind.SCALING]),
        st.sampled_from([Verdict.ERROR, Verdict.VACUOUS, UNDECIDED]),
    ),
    reason=st.text().map(lambda text: "known" + text),
    expires=st.dates(),
)


@given(ENTRIES)
def test_what_is_written_is_read_again(kept: Entry) -> None:
    """Whatever gaps are called: no name ends a line of the file, or comes back as another."""
    text = baseline.text(found(HOLDS), {FAILS}, TODAY, [kept])
    assert texts.visible(text, keep="\n") == text
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder) / "accepted.toml", text)
        read = baseline.read(path, CATALOGUE.entries())["b.c"]
    names = {kind: tuple(map(texts.stored, found)) for kind, found in kept.gaps.items()}
    assert (read.verdict, read.gaps, read.legs) == (kept.verdict, names, kept.legs)
    assert read.reason == " ".join(texts.stored(kept.reason).split())
    assert read.expires == kept.expires


@given(NAMES)
def test_a_gap_is_accepted_whatever_it_is_called(names: tuple[str, ...]) -> None:
    failing = found(FAILS, failing=names)
    text = baseline.text(failing, {FAILS}, TODAY).replace(baseline.TO_DO, "known")
    with tempfile.TemporaryDirectory() as folder:
        entries = baseline.read(put(Path(folder) / "accepted.toml", text), CATALOGUE.entries())
    assert judged(failing, *entries.values())[0].accepted


def test_a_new_file_accepts_what_failed_once_its_reasons_are_written(tmp_path: Path) -> None:
    file = tmp_path / "accepted.toml"
    until = TODAY + datetime.timedelta(days=90)
    file.write_text(baseline.text(found(HOLDS, FAILS), {FAILS}, until))
    with pytest.raises(UsageError, match="still to be written"):
        baseline.read(file, CATALOGUE.entries())
    file.write_text(file.read_text().replace(baseline.TO_DO, "known"))
    entries = baseline.read(file, CATALOGUE.entries())
    assert entries["a"].gaps == {Kind.SCALING: ("first",)}
    assert judged(found(HOLDS, FAILS), *entries.values())[0].accepted


CLAIMS = """
import pathlib
from refutable import gap
from refutable.claim import Claim, Provenance

CLAIMS = [Claim(id="bad", title="bad", statement="bad", provenance=Provenance.DERIVED)]

@CLAIMS[0].leg("exact")
def leg(context):
    pathlib.Path(__file__).with_name("ran").touch()
    yield gap.equal("one", 1.0, 2.0, 0.1, "planted")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`claims verify` with options and files in turn, the files in this folder."""
    files = [str(folder / a) if i % 2 else a for i, a in enumerate(arguments)]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "refutable",
            "verify",
            "--module",
            f"{folder}/some_claims.py",
            *files,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_command_line(tmp_path: Path) -> None:
    """Written, refused before anything runs, filled in, accepted; re-rendered reports keep it."""
    (tmp_path / "some_claims.py").write_text(CLAIMS)
    file = tmp_path / "accepted.toml"
    assert run(tmp_path, "--write-baseline", "accepted.toml").returncode == 1
    (tmp_path / "ran").unlink()
    refused = run(tmp_path, "--baseline", "accepted.toml")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "still to be written" in refused.stderr
    assert not (tmp_path / "ran").exists()
    file.write_text(file.read_text().replace(baseline.TO_DO, "known since 2020"))
    done = run(tmp_path, "--baseline", "accepted.toml", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "accepted: known since 2020 (until " in done.stdout
    assert "1 fails (1 accepted by the baseline)" in done.stdout
    stored = Results.read(tmp_path / "out" / "results.json")
    assert stored.claims[0].accepted
    assert run(tmp_path, "--write-baseline", "accepted.toml").returncode == 2  # not overwritten
