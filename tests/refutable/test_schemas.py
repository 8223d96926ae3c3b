"""The shipped JSON Schemas describe the files that are written: other tools may rely on them."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from refutable import schemas
from refutable.auditing import answers
from refutable.auditing.answers import Answer, PhaseMap, Trained
from refutable.auditing.atlas import Atlas
from refutable.auditing.run import audit

SYNTHETIC = '''
"""A claim with every verdict, and gaps that JSON cannot hold as numbers."""
import math
from refutable.auditing.statement import Audit, Statement
from refutable.claim import Claim, Provenance
from refutable.auditing.dial import Dial
from refutable.gap import at_most, equal

claim = Claim(id="s", title="s", statement="s", provenance=Provenance.DERIVED)

@claim.leg("exact")
def leg(context):
    yield equal("one", 1, 1, 0, "exact")

def check(base, dials, seed, profile):
    [(name, value)] = dials.items()
    yield at_most("x", math.inf if name == "short" and value > 1 else 0.0, 1.0, 0, "exact")
    if name == "raising" and value:
        raise ArithmeticError("no")

def dial(name, **rest):
    return Dial(name=name, assumption=name, title=name, source="here", enters="data",
                grid=(0.0, 1.0, 2.0), **rest)

CLAIMS = [claim]
AUDIT = Audit(
    (dial("long"), dial("short"), dial("raising"), dial("out")),
    (Statement(claim="s", measured="s", bases=({"n": 1},), check=check, main=True,
               untestable=lambda name: "out of question" if name == "out" else None),),
)
'''


def shipped(name: str) -> Any:
    return json.loads((importlib.resources.files("refutable.records") / name).read_text("utf-8"))


@pytest.mark.parametrize("name", schemas.SHIPPED)
def test_the_shipped_schema_is_that_of_the_records(name: str) -> None:
    """Else run `python -m refutable.schemas`, and think of the schema version."""
    assert shipped(name) == json.loads(schemas.text(schemas.SHIPPED[name]))
    jsonschema.Draft202012Validator.check_schema(shipped(name))


MAP = PhaseMap(
    name="a-map", claim="c", title="t", x_label="x", y_label="y", value_label="v", x=(0.0, 1.0),
    y=(1.0, 10.0), values=((0.5, None), (1.0, 2.0)), boundary=((0.0, 1.0),), boundary_label="line",
    trained=(Trained(x=0.0, y=1.0, holds=True, measured=0.5),), trained_label="models",
    logarithmic=("y",),
)  # fmt: skip
ANSWER = Answer(
    question="?", sentences=("Yes.",), columns=("a", "b"), rows=((1, 2.5), ("x", 0)),
    command="claims audit", histogram=(("few", 3),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "found", "read"),
    [
        ("phases.schema.json", MAP, answers.read_maps),
        ("questions.schema.json", ANSWER, answers.read_answers),
    ],
)
def test_written_maps_and_answers_fit_their_schemas(
    tmp_path: Path, schema: str, found: Any, read: Any
) -> None:
    path = tmp_path / "written.json"
    answers.write([found], path)
    written = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(written, shipped(schema))
    assert read(path) == (found,)
    written[0]["unknown"] = 1
    with pytest.raises(jsonschema.ValidationError, match="unknown"):
        jsonschema.validate(written, shipped(schema))


def test_the_index_fits_its_schema() -> None:
    index = json.loads((importlib.resources.files("refutable.claims") / "index.json").read_text())
    jsonschema.validate(index, shipped("index.schema.json"))


def test_a_written_atlas_fits_the_schema(tmp_path: Path) -> None:
    """A break, a witness, an infinite gap, a run that raised and a pair left out, as written."""
    source = tmp_path / "every_verdict.py"
    source.write_text(SYNTHETIC)
    path = tmp_path / "atlas.json"
    atlas = audit(sources=(str(source),))
    atlas.write(path)
    written = json.loads(path.read_text())
    jsonschema.validate(written, shipped("atlas.schema.json"))
    assert [pair["verdict"] for pair in written["pairs"]] == [
        "robust", "breaks", "undecided", "untestable",
    ]  # fmt: skip
    assert Atlas.read(path) == atlas
    written["pairs"][0]["verdict"] = "fine"
    with pytest.raises(jsonschema.ValidationError, match="'fine' is not one of"):
        jsonschema.validate(written, shipped("atlas.schema.json"))
