"""Files for other programs: CI and pandas lose nothing, and equal runs write equal files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xmlschema

from refutable.claim import Kind, Provenance, Verdict
from refutable.gap import Relation
from refutable.records.results import (
    Acceptance,
    ClaimRecord,
    GapRecord,
    LegRecord,
    Results,
    Run,
    Totals,
)
from refutable.reports import folder, junit

SCHEMA = xmlschema.XMLSchema(Path(__file__).parent / "data" / "junit.xsd")

TEXTS = (
    "plain", " led and trailed ", 'quoted "so", and so', "line\nbreak", "line\r\nbreak",
    "line\rbreak", "nan", "NA", "None", "1/3", "007", "λ ≥ ½ 🙂", "=1+1", "<b>&amp;</b>",
    "tab\there", "\\n",
)  # fmt: skip
NUMBERS = (
    0.1 + 0.2,
    1e-320,
    -0.0,
    1.7976931348623157e308,
    2.0**-1074,
    1 / 3,
    1e22,
    123456789.123456789,
)


def results_of(*claims: ClaimRecord) -> Results:
    run = Run(
        id="0", started="2026-01-01T00:00:00+00:00", seconds=1.0, seed=0, profile="quick",
        command="claims verify", environment={},
    )  # fmt: skip
    totals = Totals(claims=len(claims), legs=1, cases=0, verdicts={}, false_alarm=0.0)
    return Results(run=run, claims=claims, totals=totals)


def claim(
    id: str, verdict: Verdict, gaps: tuple[GapRecord, ...] = (), text: str = ""
) -> ClaimRecord:
    leg = LegRecord(
        kind=Kind.EXACT, grade=Kind.EXACT.grade, verdict=verdict, seconds=1 / 3, gaps=gaps,
        note=text or None, witness={"at": text} if text else None,
    )  # fmt: skip
    return ClaimRecord(
        id=id, title=text or id, statement="", measured="", provenance=Provenance.DERIVED,
        paper=None, assumptions=(), rests_on=(), verdict=verdict, blocked_by=(), legs=(leg,),
    )  # fmt: skip


def gap(text: str, number: float, measured: float | str) -> GapRecord:
    return GapRecord(
        name=text, measured=measured, predicted=text, relation=Relation.EQUAL,
        tolerance=abs(number), why=text, holds=False, closeness=number, false_alarm=abs(number),
    )  # fmt: skip


@pytest.fixture(scope="module")
def results() -> Results:
    """Every verdict, every awkward text and number, and an accepted failure."""
    gaps = tuple(
        gap(text, NUMBERS[i % len(NUMBERS)], text if i % 2 else NUMBERS[i % len(NUMBERS)])
        for i, text in enumerate(TEXTS)
    )
    accepted = Acceptance(verdict=Verdict.FAILS, reason="known <&>", expires="2026-01-01")
    return results_of(
        *(
            claim(f"claim {verdict}", verdict, text="\x00 ]]> <x>\x1b\n\ufffe" * 2)
            for verdict in Verdict
        ),
        claim("with gaps", Verdict.FAILS, gaps),
        claim("accepted", Verdict.FAILS).model_copy(update={"accepted": accepted}),
    )


def test_junit_is_what_its_readers_agree_on(results: Results) -> None:
    SCHEMA.validate(junit.junit(results))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('tests="8"', 'tests="many"'),
        ('name="accepted"', 'name="with gaps"'),
        ('time="0.333"', 'time="0,333"'),
        ("</testcase>", "<failure message='m' type='t'/></testcase>"),
        ("<testcase ", "<case "),
        ('timestamp="2026-01-01T00:00:00"', 'timestamp="yesterday"'),
    ],
)
def test_the_schema_refuses_what_readers_would(results: Results, old: str, new: str) -> None:
    document = junit.junit(results)
    assert old in document
    damaged = document.replace(old, new, 1).replace("<case ", "<case/><testcase ", 1)
    assert not SCHEMA.is_valid(damaged)


READ: dict[str, Any] = {"keep_default_na": False, "na_values": [""]}
"""How pandas reads results.csv without loss: texts such as 'nan' stay texts."""
if tuple(map(int, pd.__version__.split(".")[:2])) < (3, 1):
    READ["float_precision"] = "round_trip"  # later the default, and deprecated


def as_it_was(cell: object) -> object:
    """A cell without the apostrophe that keeps a spreadsheet from computing it."""
    guarded = isinstance(cell, str) and re.match(r"'+\s*[=+\-@]|'+[\t\r\n]", cell)
    return cell[1:] if guarded else cell


def test_csv_comes_back_from_pandas_without_loss(results: Results, tmp_path: Path) -> None:
    folder.write(results, tmp_path, ["csv"])
    frame = results.frame()
    fell = frame["leg_verdict"] != "holds"  # grade and closeness are shown of what holds
    frame[["grade", "closeness"]] = frame[["grade", "closeness"]].mask(fell)
    back = pd.read_csv(tmp_path / "results.csv", **READ)[frame.columns].map(as_it_was)
    for number in ("measured", "predicted"):
        back[number] = pd.to_numeric(back[number])
    pd.testing.assert_frame_equal(back, frame, check_dtype=False, check_exact=True)


def test_json_comes_back_without_loss(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.write(path)
    assert Results.read(path) == results
    data = json.loads(path.read_text(encoding="utf-8"))
    table = pd.json_normalize(data["claims"], ["legs", "gaps"], ["id", "verdict"])
    frame = results.frame().dropna(subset="gap").reset_index(drop=True)
    names = {"name": "gap", "id": "claim", "verdict": "claim_verdict"}
    table = table.rename(columns=names)[["claim", "claim_verdict", *frame.columns[8:-2]]]
    for side in ("measured", "predicted"):  # texts have columns of their own
        texts = frame[f"{side}_text"]
        frame[side] = frame[side].astype(object).where(texts.isna(), texts)
    pd.testing.assert_frame_equal(table, frame[table.columns], check_dtype=False, check_exact=True)


CHEAP = ("data.gap-range", "mask.concentration", "sign.own")
NUMBER = r"[0-9.e+-]+"
MASKED = {
    "results.json": (
        r'^  "id": ".*"', r'^  "started": ".*"', rf'^  "seconds": {NUMBER}',
        r'^  "environment": \{[^}]*\}', rf'^     "(seconds|started)": {NUMBER}',
    ),
    "results.jsonl": (rf'"(seconds|started)": {NUMBER}', r'"sha256": "[0-9a-f]+"'),
    "results.csv": (rf'(?<=,"holds",){NUMBER}(?=,\d+,)',),
    "junit.xml": (rf' time="{NUMBER}"', r' timestamp="[^"]*"'),
    "summary.md": (r"(?s)<summary>Environment</summary>.*?(?=\n- command:)",),
    "report.html": (
        r"(?<=seed 0, )[^;]*(?=;)", rf"<dt>seconds</dt><dd>{NUMBER}",
        r'(?<=<h2 id="run">)(?s:.*?)(?=<dt>command)', rf' data-s="{NUMBER}"',
        rf'<span class="soft n">{NUMBER} s',
    ),
}  # fmt: skip
"""By file, all that may differ between equal runs: the run's id, times, and the environment."""


def test_equal_runs_write_equal_files(tmp_path: Path) -> None:
    found = []
    for hash_seed in ("1", "2"):
        home = tmp_path / hash_seed
        home.mkdir()
        command = [sys.executable, "-m", "refutable", "verify", *CHEAP, "--workers", "1"]
        root = str(Path(__file__).parents[2])
        subprocess.run(
            [*command, "--out", "report"], cwd=home, check=True, capture_output=True, timeout=300,
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": root},
        )  # fmt: skip
        found.append({file.name: file for file in (home / "report").iterdir()})
    assert found[0].keys() == found[1].keys() == MASKED.keys()
    for name, patterns in MASKED.items():
        texts = [files[name].read_text(encoding="utf-8") for files in found]
        for pattern in patterns:
            counts = {len(re.findall(pattern, text, re.MULTILINE)) for text in texts}
            assert counts != {0}, f"{name}: nothing to mask by {pattern}"
            texts = [re.sub(pattern, "", text, flags=re.MULTILINE) for text in texts]
        assert texts[0] == texts[1], name
