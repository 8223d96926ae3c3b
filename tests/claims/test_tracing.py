"""What `claims trace --json` prints is a record with a schema, which is shipped and kept true."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from refutable.claims.tracing import TraceRecord, schema
from refutable.cli import command_of
from refutable.errors import UsageError

SHAPE = ["--kappa-c", "0.9", "--kappa-s", "0.3"]
SCHEMA = json.loads(schema.FILE.read_text(encoding="utf-8"))


def test_the_shipped_schema_is_that_of_the_record() -> None:
    """Else run `python -m refutable.claims.tracing.schema`."""
    assert json.loads(schema.TEXT) == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "words",
    [
        ["--objective", "mae", "--log10-P", "20"],
        ["--objective", "mae", "--log10-P", "280", "--query", "global"],
        ["--objective", "mae", "--P", "64", "--engine", "closed", "--loss-gap", "0.5"],
        ["--objective", "cl", "--log10-P", "20", "--latents", "0.5,1.5", "--negatives", "inf"],
        ["--objective", "cl", "--log10-P", "20", "--clusters", "3"],
        ["--objective", "mae", "--P", "64", "--gamma", "0.1", "--loss-gap", "0.06"],
    ],
)
def test_what_trace_prints_fits_the_schema(words: list[str]) -> None:
    """Ends, events that do not occur, and infinities included; and it can be read again."""
    done = CliRunner().invoke(command_of("trace"), [*words, *SHAPE, "--json"])
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    jsonschema.validate(printed, SCHEMA)
    again = TraceRecord.model_validate(printed)
    assert again.model_dump(mode="json") == printed
    jsonschema.validate(printed | {"schema_version": 1}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(printed | {"engine": "steam"}, SCHEMA)


def traced(*words: str, exit_code: int = 0) -> str:
    done = CliRunner().invoke(command_of("trace"), list(words))
    assert done.exit_code == exit_code, done.output
    return done.stdout


def test_p_is_shown_as_it_was_given() -> None:
    assert "P = 256," in traced("--objective", "mae", "--P", "256", *SHAPE)
    assert "P = 1e20," in traced("--objective", "mae", "--log10-P", "20", *SHAPE)


def test_a_gap_near_0_is_pointed_out_with_the_law_that_holds_there() -> None:
    """Either theorem's prediction is off there; that of the crossover is not."""
    words = ["--objective", "mae", "--log10-P", "25", "--kappa-c", "0.7", "--kappa-s", "0.4"]
    printed = json.loads(traced(*words, "--json"))
    [remark] = printed["remarks"]
    measured = printed["events"]["half"]["phi_global"]
    assert f"local.crossover has Φ global = {measured:.3f}"[:-1] in remark
    assert abs(printed["events"]["half"]["predicted"]["phi_global"] - measured) > 0.1
    assert json.loads(traced("--objective", "mae", "--log10-P", "25", *SHAPE, "--json"))[
        "remarks"
    ] == []  # fmt: skip


def test_too_few_clusters_are_named_with_the_number_that_is_enough() -> None:
    """K_c is told from the rates alone; on either side of it the trace itself agrees."""
    words = ["--objective", "cl", "--log10-P", "12", "--kappa-c", "0.9", "--kappa-s", "0.3"]
    words += ["--latents", "0.5,1.5", "--negatives", "inf", "--json"]
    few = json.loads(traced(*words, "--clusters", "2"))
    assert few["events"]["done"] is None
    [remark] = few["remarks"]
    enough = int(remark.partition("K_c = ")[2].partition(" ")[0])
    assert json.loads(traced(*words, "--clusters", str(enough - 1)))["events"]["done"] is None
    above = json.loads(traced(*words, "--clusters", str(2 * enough)))
    assert above["events"]["done"] is not None
    assert above["remarks"] == []


def test_the_trajectory_is_written_as_json_csv_and_arrays(tmp_path: Path) -> None:
    csv, npz = tmp_path / "a.csv", tmp_path / "a.npz"
    words = ["--objective", "mae", "--log10-P", "20", *SHAPE, "--csv", str(csv), "--npz", str(npz)]
    printed = json.loads(traced(*words, "--json", "--series"))
    jsonschema.validate(printed, SCHEMA)
    table = pd.read_csv(csv)
    with np.load(npz) as arrays:
        assert list(table) == list(printed["series"]) == list(arrays)
        for name, values in printed["series"].items():
            np.testing.assert_allclose(table[name], np.array(values, float), rtol=1e-12)
            np.testing.assert_array_equal(arrays[name], np.array(values, float))


def test_several_values_give_a_row_each(tmp_path: Path) -> None:
    csv = tmp_path / "a.csv"
    words = ["--objective", "mae", "--log10-P", "20,40", "--kappa-c", "0.9"]
    words += ["--kappa-s", "0.1,0.2,0.3", "--csv", str(csv), "--plot", str(tmp_path / "a.svg")]
    printed = json.loads(traced(*words, "--json"))
    rows = pd.read_csv(csv)
    assert len(printed) == len(rows) == 6
    for one, row in zip(printed, rows.itertuples(), strict=True):
        assert (one["setting"]["log10_P"], one["setting"]["kappa_s"]) == (row.log10_P, row.kappa_s)
        assert one["events"]["half"]["log_t"] == pytest.approx(row.log_t_half)
    assert "κ_s = 0.2" in (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--P", "64", "--log10-P", "3"], "exactly one of"),
        (["--P", "64,x"], "several separated by commas"),
        (["--P", "64,100", "--gamma", "0.5,0.6", "--tau", "1,2"], "at most two parameters"),
        (["--P", ",".join(["64"] * 401)], "at most 400"),
    ],
)
def test_values_that_make_no_sense_are_refused(words: list[str], said: str) -> None:
    done = CliRunner().invoke(command_of("trace"), ["--objective", "cl", *words, *SHAPE])
    assert isinstance(done.exception, UsageError)
    assert said in str(done.exception)
