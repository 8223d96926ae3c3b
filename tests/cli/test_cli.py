"""The command line as a user runs it: exit codes, one-line refusals, resume, identical reruns."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from refutable.cli import options

CLAIMS = """
import time
from refutable import gap
from refutable.claim import Claim, Evidence, Provenance, Undecided

def claim(id, *found, seconds=0.0, profile="quick"):
    made = Claim(id=id, title=id, statement=id, provenance=Provenance.DERIVED)
    @made.leg("exact", profile=profile)
    def leg(context):
        time.sleep(seconds)
        yield from found
    return made

GOOD = gap.equal("one", 1.0, 1.0, 0.1, "planted")
BAD = gap.equal("one", 1.0, 2.0, 0.1, "planted")
CLAIMS = [
    claim("good", GOOD),
    claim("bad", BAD),
    claim("empty"),
    claim("open", GOOD, Undecided("x", "gave up")),
    claim("slow", GOOD, seconds=20),
    claim("later", GOOD, profile="full"),
    Claim(id="noted", title="noted", statement="noted", provenance=Provenance.DERIVED),
]

@CLAIMS[-1].leg("exact")
def noted(context):
    return Evidence(gaps=(GOOD,), cases=1, remarks=("nothing was compared",))
"""
Claims = Callable[..., subprocess.CompletedProcess[str]]
TRACE = "trace --objective mae --kappa-c 0.9 --kappa-s 0.3"


@pytest.fixture
def module(tmp_path: Path) -> str:
    file = tmp_path / "a_few_claims.py"
    file.write_text(CLAIMS)
    return str(file)


@pytest.mark.parametrize(
    ("select", "flags", "code"),
    [
        ("good", "", 0),
        ("good", "--strict", 0),
        ("bad", "", 1),
        ("bad", "--allow undecided,not-run", 1),
        ("empty", "", 1),
        ("empty", "--allow undecided,not-run", 1),
        ("open", "", 1),
        ("open", "--allow undecided", 0),
        ("open", "--allow not-run", 1),
        ("open", "--allow not-run --allow undecided --strict", 0),
        ("[go]*", "--allow undecided,not-run", 0),
        ("later", "", 1),
        ("later", "--allow not-run", 0),
        ("later", "--profile full", 0),
        ("noted", "", 0),
        ("noted", "--strict", 1),
        ("noted", "--strict --allow undecided,not-run", 1),
    ],
)
def test_an_exit_code_means_one_thing(
    claims: Claims, module: str, select: str, flags: str, code: int
) -> None:
    """0 only when every selected claim holds; what may be tolerated is named."""
    done = claims("verify", select, "--module", module, *flags.split())
    assert done.returncode == code, done.stderr
    assert select.strip("[]*go") in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("verify local+.phase1-lenght", "Did you mean local+.phase1-length"),
        ("verify kind:exact provenance:sharpend", "Did you mean sharpened"),
        ("verify --profile slow", "quick"),
        ("verify --allow fails", "--allow takes undecided and not-run"),
        ("verify --allow undecided,", "--allow takes undecided and not-run"),
        ("verify --allow undecide", "Did you mean undecided?"),
        ("verify --workers none", "--workers"),
        ("verify --workers 100000", "--workers must be auto, or a whole number from 1 to"),
        ("verify --workers ２", "--workers must be auto, or a whole number"),
        ("verify --seed -1", "seed"),
        (f"verify --seed {2**63}", "x<=9223372036854775807"),
        (f"selftest --seed {2**63}", "x<=9223372036854775807"),
        ("verify --module no_such_module", "no_such_module"),
        ("verify --out pyproject.toml", "is not a folder"),
        ("verify --out pyproject.toml/below", "is not a folder"),
        ("explain thm4.3", "Did you mean thm4"),
        ("report no_such_folder", "cannot read"),
        ("report . --format word", "unknown format 'word'"),
        (f"{TRACE}", "exactly one of --P and --log10-P"),
        (f"{TRACE} --P 64 --log10-P 2", "exactly one of --P and --log10-P"),
        (f"{TRACE} --P -64", "P must be"),
        (f"{TRACE} --P 3", "too small"),
        (f"{TRACE} --log10-P nan", "--log10-P must lie in"),
        (f"{TRACE} --log10-P 25 --gamma 1", "gamma must lie strictly between"),
        (f"{TRACE} --log10-P 25 --gamma nan", "gamma must lie strictly between"),
        (f"{TRACE} --log10-P 25 --latents 2,1", "increasing"),
        (f"{TRACE} --log10-P 25 --loss-gap -1", "loss-gap must lie in"),
        (f"{TRACE} --log10-P 25 --loss-gap nan", "loss-gap must lie in"),
        (f"{TRACE} --log10-P 25 --clusters 0", "K must be"),
        (f"{TRACE} --log10-P 25 --latents 1e200", "values must lie in [0, 1e+06]"),
        (f"{TRACE} --log10-P 25 --tau 2", "--tau belongs to --objective cl"),
        (f"{TRACE} --log10-P 25 --engine descent", "too large"),
        ("trace --objective mae --P 64 --kappa-c 0.4 --kappa-s 0.3", "kappa_c must lie in"),
        ("trace --objective dino --P 64 --kappa-c 0.9 --kappa-s 0.3", "dino"),
        ("bogus", "bogus"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    claims: Claims, arguments: str, message: str
) -> None:
    done = claims(*arguments.split())
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert done.stderr.startswith("claims: ")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_results_of_another_schema_version(claims: Claims, module: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    claims("verify", "good", "--module", module, "--out", str(out))
    for name in ("results.json", "results.jsonl"):
        file = out / name
        file.write_text(file.read_text().replace('"schema_version": 1', '"schema_version": 9'))
    for command in (
        ["report", str(out)],
        ["verify", "good", "--module", module, "--out", str(out)],
    ):
        done = claims(*command)
        assert done.returncode == 2
        assert "schema version 9" in done.stderr


def test_a_run_writes_its_reports(claims: Claims, module: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = claims("verify", "good", "bad", "--module", module, "--out", str(out), "--json")
    assert json.loads(done.stdout) == json.loads((out / "results.json").read_text())
    names = {
        "results.json",
        "results.jsonl",
        "summary.md",
        "junit.xml",
        "report.html",
        "results.csv",
    }
    assert {file.name for file in out.iterdir()} == names
    (out / "summary.md").unlink()
    assert claims("report", str(out), "--format", "markdown").returncode == 0
    assert "# Claims" in (out / "summary.md").read_text()


def test_an_interrupted_run_keeps_what_is_finished_and_continues(
    claims: Claims, module: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "refutable", "verify", "good", "slow", "--module", module]
    command += ["--out", str(out), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    journal = out / "results.jsonl"
    until = time.monotonic() + 60
    while not (journal.exists() and journal.read_text().count("\n")):
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command continues" in stderr
    assert not (out / "results.json").exists()  # nothing half-written
    done = claims("verify", "good", "--module", module, "--out", str(out))
    assert done.returncode == 0
    assert "[1/" not in done.stderr  # taken from the journal, not run again


def test_trace_answers_the_known_constants(claims: Claims) -> None:
    done = claims(*TRACE.split(), "--query", "local", "--log10-P", "25", "--gamma", "0.5", "--json")
    record = json.loads(done.stdout)
    events = record["events"]
    assert set(events) == {"switch", "half", "done"}
    for name in ("switch", "half"):
        predicted = events[name]["predicted"]["log_t"]
        assert events[name]["log_t"] == pytest.approx(predicted, abs=0.01)
    assert events["switch"]["phi_own"] == pytest.approx(0.405, abs=0.01)  # ln 1.5
    assert record["final"]["loss_gap"] == pytest.approx(1e-3)
    assert set(record["max_abs"]) == {
        "phi_other", "upsilon_own", "upsilon_global", "upsilon_other",
    }  # fmt: skip


@pytest.mark.parametrize(("flags", "code"), [("", 0), ("--strict", 1)])
def test_a_claim_that_is_not_listed_is_named(
    claims: Claims, tmp_path: Path, flags: str, code: int
) -> None:
    """Under --strict a run that forgot one is not good."""
    file = tmp_path / "forgetful_claims.py"
    file.write_text(CLAIMS + "forgotten, CLAIMS = CLAIMS[1], CLAIMS[:1]\n")
    done = claims("verify", "--module", str(file), *flags.split())
    assert done.returncode == code, done.stderr
    assert "claim bad is defined and not in CLAIMS" in done.stderr


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_a_list_follows_columns(claims: Claims, columns: str) -> None:
    """On a narrow page what is claimed has a line of its own; nothing is lost on any."""
    shown = claims("list", "thm4.1", COLUMNS=columns).stdout
    assert all(len(line) <= int(columns) for line in shown.splitlines())
    words = " ".join(shown.split())
    if columns == "200":
        assert "thm4.1 MAE training converges Theorem 4.1 " in words
    else:
        assert words.startswith("thm4.1 Theorem 4.1 (reconstructed); scaling,")
        assert words.endswith(" MAE training converges")


@pytest.mark.parametrize("columns", ["", "0", "-1", "many", "1e9", "9" * 400, "２００"])
def test_columns_that_are_none_are_forgotten(claims: Claims, columns: str) -> None:
    done = claims("list", "thm4.1", COLUMNS=columns)
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 120


def test_list_and_explain_show_the_catalogue(claims: Claims) -> None:
    rows = json.loads(claims("list", "--json").stdout)
    ids = [row["id"] for row in rows]
    assert ids.index("data.partition") < ids.index("grad.loss") < ids.index("thm4.1")
    refuted = {row["id"]: row["original_of"] for row in rows if row["original_of"]}
    assert refuted["mask.concentration.original"] == "mask.concentration"
    done = claims("explain", "sign.own")
    assert done.returncode == 0
    assert "planted mistakes" in done.stdout


def test_explain_shows_the_certificates_of_both_deciders(claims: Claims, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    assert claims("verify", "sign.own", "kind:smt", "--out", out).returncode == 0
    said = claims("explain", "sign.own", "--out", out).stdout
    for part in ("own integrand ≥ 0 [z3]", "rlimit", "own integrand ≥ 0 [balls]", "boxes",
                 "negated", "W = ΣA_j", "homogeneous"):  # fmt: skip
        assert part in said


def test_doctor_finds_everything(claims: Claims) -> None:
    done = claims("doctor")
    assert done.returncode == 0, done.stdout
    assert "Everything is in place." in done.stdout


def test_a_folder_in_the_place_of_a_file_is_found_before_the_work(
    claims: Claims, module: str, tmp_path: Path
) -> None:
    (tmp_path / "out" / "results.json").mkdir(parents=True)
    done = claims("verify", "slow", "--module", module, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert done.stderr.strip().endswith("is a folder, in the place of a file to be written")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["results.json"]


def test_a_claim_that_does_not_hold_unspoiled_fails_the_selftest(
    claims: Claims, module: str
) -> None:
    done = claims("selftest", "bad", "--module", module, "--workers", "1")
    assert done.returncode == 1
    assert "Without any mistake these do not hold, either: bad" in done.stdout


def test_claims_on_shaky_ground_say_so(claims: Claims, tmp_path: Path) -> None:
    """What rests on a vacuous or undecided claim is blocked as by a failing one."""
    source = (
        CLAIMS
        + """
import dataclasses
CLAIMS.append(dataclasses.replace(claim("above", GOOD), rests_on=("empty", "open")))
"""
    )
    file = tmp_path / "shaky.py"
    file.write_text(source)
    done = claims("verify", "above", "empty", "open", "--module", str(file), "--json")
    blocked = {c["id"]: c["blocked_by"] for c in json.loads(done.stdout)["claims"]}
    assert blocked == {"empty": [], "open": [], "above": ["empty", "open"]}


def test_a_leg_that_ends_its_process_is_an_error_of_its_own(claims: Claims, tmp_path: Path) -> None:
    source = CLAIMS.replace("import time\n", "import os, time\n", 1).replace(
        "time.sleep(seconds)", "os._exit(9) if id == 'bad' else None"
    )
    module = tmp_path / "deadly.py"
    module.write_text(source)
    done = claims("verify", "--module", str(module), "--workers", "2")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert "its process exited with status 9 before it had answered" in done.stdout
    assert "3 hold, 1 error, 1 vacuous, 1 undecided, 1 not-run" in done.stdout


@pytest.mark.parametrize("seconds", ["1e999", "nan", "9" * 400, "-1", "0"])
def test_a_limit_is_a_time_to_which_a_clock_can_be_set(seconds: str) -> None:
    context, parameter = click.Context(click.Command("verify")), click.Option(["--limit"])
    with pytest.raises(click.BadParameter, match="is not in the range"):
        options._seconds(context, parameter, float(seconds))
    assert options._seconds(context, parameter, 0.5) == 0.5
