"""Every front end is protected alike: tables, audits, points, self-tests, replays and pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from refutable import run
from refutable.auditing.run import audit
from refutable.records.results import Results

HEAD = """
import os, sys, time

from refutable import Audit, Claim, Dial, Provenance, Statement, at_most, equal

CLAIMS = []


def new(id, first=lambda: None):
    claim = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    claim.leg("exact")(lambda context: [first(), equal("one", one(), 1, 0, "whole numbers")][1:])
    CLAIMS.append(claim)
    return claim


def one():
    return 1

"""

ENDS = {
    "raises": ("raise SystemExit(0)", "SystemExit"),
    "leaves": ("os._exit(0)", "exited with status 0"),
    "hangs": ("time.sleep(1e6)", "stopped after"),
}


@pytest.fixture(params=ENDS)
def end(request: pytest.FixtureRequest) -> tuple[str, str]:
    return ENDS[request.param]


def written(folder: Path, text: str) -> str:
    path = folder / f"front_{folder.name}.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return str(path)


def called(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "refutable", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_table_makes_an_error_of_its_claim_alone(end: tuple[str, str], tmp_path: Path) -> None:
    body, said = end
    source = written(tmp_path, f"@new('a').table\ndef table():\n    {body}\n\nnew('b')\n")
    results = run.verify(sources=[source], limit=2)
    assert [claim.verdict.value for claim in results.claims] == ["error", "holds"]
    assert said in " ".join(results["a"].remarks)


AUDIT = """
new("a")
new("b")
DIALS = tuple(
    Dial(name=n, assumption=n, title="t", source="s", enters="data", grid=(0.0, 1.0))
    for n in ("calm", "wild")
)


def check(base, dials, seed, profile):
    if dials.get("wild"):
        {body}
    return [at_most("x", base["x"], 2, 0, "claimed")]


AUDIT = Audit(DIALS, tuple(
    Statement(claim=id, measured="m", bases=({{"x": 1}},), check=check) for id in ("a", "b")
))
"""


def test_a_statement_of_an_audit_is_undecided_alone(end: tuple[str, str], tmp_path: Path) -> None:
    body, said = end
    atlas = audit(sources=[written(tmp_path, AUDIT.format(body=body))], workers=2, limit=1.5)
    found = {(pair.claim, pair.dial): pair for pair in atlas.pairs}
    for claim in ("a", "b"):
        assert found[claim, "calm"].verdict.value == "robust"
        assert found[claim, "wild"].verdict.value == "undecided"
        assert said in (found[claim, "wild"].note or "")


def test_a_point_is_refused_in_one_line(end: tuple[str, str], tmp_path: Path) -> None:
    body, _ = end
    source = written(tmp_path, AUDIT.format(body=body))
    done = called("audit", "a", "--set", "wild=1", "--module", source, "--limit", "1.5")
    assert done.returncode == 2
    assert "a at wild = 1: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_that_ends_the_process_is_no_kill(end: tuple[str, str], tmp_path: Path) -> None:
    body, _ = end
    text = (
        f"def spoiled():\n    {body}\n\n"
        "new('a').mistake(one, 'ends', lambda original: spoiled)\n"
        "new('b').mistake(one, 'two', lambda original: lambda: 2)\n"
    )
    done = called("selftest", "--module", written(tmp_path, text), "--limit", "1.5")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "b: two: killed" in done.stderr
    assert "a: ends: error" in done.stderr


def test_a_replayed_leg_that_ends_the_process_is_an_error(tmp_path: Path) -> None:
    source = written(tmp_path, "new('a', lambda: None)\none = lambda: 2\n")
    out = tmp_path / "out"
    assert called("verify", "--module", source, "--out", str(out)).returncode == 1
    written(tmp_path, "new('a', lambda: os._exit(0))\n")
    done = called("replay", str(out), "a/exact", "--module", source)
    assert done.returncode == 2
    assert "exited with status 0" in done.stdout
    assert done.stdout.strip().endswith("ERROR")


def test_a_leg_does_not_end_a_pytest_session(tmp_path: Path) -> None:
    text = "".join(
        f"def {name}():\n    {body}\n\nnew('{name}', {name})\n" for name, (body, _) in ENDS.items()
    )
    source = written(tmp_path, f"{text}\nnew('last')\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--claims-module", source]
    done = subprocess.run(
        [*command, "--claims-limit", "1.5"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 failed" in done.stdout or "3 failed" in done.stdout
    assert "1 passed" in done.stdout
    assert "exited with status 0" in done.stdout
    assert "4 claims: " in done.stdout


def test_a_claim_says_that_what_it_rests_on_fails_also_where_that_was_not_selected(
    tmp_path: Path,
) -> None:
    """By what the folder knows of it; where it knows nothing, nothing is said."""
    text = (
        "from dataclasses import replace\n"
        "base = new('base')\n"
        "CLAIMS[0] = replace(base, legs={})\n"
        "CLAIMS[0].leg('exact')(lambda context: [equal('one', 1, 2, 0, 'whole numbers')])\n"
        "above = new('above')\n"
        "CLAIMS[1] = replace(above, rests_on=('base',))\n"
    )
    source, out = written(tmp_path, text), tmp_path / "out"

    def above(select: str, folder: Path | None) -> Results:
        return run.verify([select] if select else [], sources=[source], out=folder)

    assert above("above", None)["above"].blocked_by == ()
    found = above("", out)["above"]
    assert (found.verdict.value, found.blocked_by) == ("holds", ("base",))
    assert above("above", out)["above"].blocked_by == ("base",)
