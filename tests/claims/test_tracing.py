"""What `claims trace --json` prints is a record with a schema, which is shipped and kept true."""

from __future__ import annotations

import json

import jsonschema
import pytest
from click.testing import CliRunner

from refutable.claims.tracing import TraceRecord, schema
from refutable.cli import command_of

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
