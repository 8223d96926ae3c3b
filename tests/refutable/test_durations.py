"""What earlier runs took decides the order in which work begins, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from refutable import run
from refutable.auditing import run as auditing
from refutable.cli import cli, progress
from refutable.events import LegStarted
from refutable.reuse import cache, durations


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.FOLDER, str(tmp_path / "cache"))
    return tmp_path


def test_what_tests_keep_is_kept_apart_from_what_a_user_keeps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours = cache.folder()
    assert ours
    monkeypatch.delenv(cache.FOLDER)
    assert ours != cache.folder()


def test_what_is_remembered_is_recalled(folder: Path) -> None:
    durations.remember({"long": 2.0, "longer": 3.0, "not worth a line": 0.01})
    durations.remember({"long": 1.0})
    assert durations.recall() == {"longer": 3.0, "long": 1.0}


@pytest.mark.parametrize("text", ["", "[]", "[1]", '{"a": "b"}', '{"a": null}', "{"])
def test_a_damaged_file_says_nothing_and_is_written_anew(folder: Path, text: str) -> None:
    place = folder / "cache" / durations.FILE
    place.parent.mkdir()
    place.write_text(text, encoding="utf-8")
    assert durations.recall() == {}
    durations.remember({"long": 1.0})
    assert durations.recall() == {"long": 1.0}


def test_nothing_is_remembered_where_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(cache.FOLDER, "")
    durations.remember({"long": 1.0})
    assert durations.recall() == {}


def test_what_took_long_before_begins_first(folder: Path) -> None:
    path = folder / "ordered.py"
    path.write_text(
        """
import time
from refutable import Claim, Provenance, equal

CLAIMS = []
for number, seconds in enumerate((0.06, 0.1, 0.2)):
    claim = Claim(id=f"c{number}", title="t", statement="s", provenance=Provenance.DERIVED)

    @claim.leg("exact")
    def leg(context, seconds=seconds):
        time.sleep(seconds)
        yield equal("one", 1, 1, 0, "whole numbers")

    CLAIMS.append(claim)
""",
        encoding="utf-8",
    )

    def begun(workers: int) -> list[str]:
        events = run.run(sources=[str(path)], workers=workers)
        return [event.claim for event in events if isinstance(event, LegStarted)]

    assert begun(2) == ["c0", "c1", "c2"]
    assert begun(2) == ["c2", "c1", "c0"]
    assert begun(1) == ["c0", "c1", "c2"]


def test_the_longest_are_shown_beside_what_stands_on_stdout(folder: Path) -> None:
    path = folder / "slow.py"
    path.write_text(
        """
import time
from refutable import Claim, Provenance, equal

slow = Claim(id="slow", title="t", statement="s", provenance=Provenance.DERIVED)
quick = Claim(id="quick", title="t", statement="s", provenance=Provenance.DERIVED)
CLAIMS = [quick, slow]


@slow.leg("exact")
def slowly(context):
    time.sleep(0.3)
    yield equal("one", 1, 1, 0, "whole numbers")


@quick.leg("exact")
def quickly(context):
    yield equal("one", 1, 1, 0, "whole numbers")
""",
        encoding="utf-8",
    )
    words = ["verify", "--module", str(path), "--json", "--durations", "1"]
    found = CliRunner().invoke(cli, words)
    assert found.exit_code == 0
    lines = found.stderr.splitlines()
    assert lines[-2].startswith("2 legs took 0.")
    assert lines[-1].endswith("slow [exact]")
    json.loads(found.stdout)


def test_a_long_run_says_how_long_it_still_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("refutable.cli.progress.time.monotonic", lambda: now)
    with progress.ShownProgress() as shown:
        shown._begin(100, 40, "legs taken from an earlier run")
        now = 4.0
        shown._step("first", 4.0)
        now = 20.0
        shown._step("second", 16.0)
    first, second = capsys.readouterr().err.splitlines()[-2:]
    assert first == "[41/100] first (4.0 s)"
    assert second == "[42/100] second (16.0 s); 6 a minute, about 10 min left"


def test_an_audit_none_of_whose_pairs_has_ended_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("refutable.cli.progress.time.monotonic", lambda: now)
    with progress.ShownProgress() as shown:
        for seconds, tried in ((1.0, 1), (11.0, 20), (12.0, 22), (19.0, 40), (22.0, 41)):
            now = seconds
            shown.audit_event(auditing.PointsTried(tried, 90))
    assert capsys.readouterr().err.splitlines() == ["20 of 90 trials made", "41 of 90 trials made"]
