"""Numbers that JSON cannot hold are stored by one rule, wherever they are stored."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from refutable.auditing.atlas import Outcome, TrialRecord
from refutable.claim import Kind
from refutable.claims.tracing import EventRecord
from refutable.gap import at_most
from refutable.plain import jsonable
from refutable.records import numbers
from refutable.records.journal import Journal
from refutable.records.results import GapRecord, TableRecord
from refutable.table import Table

NOT_FINITE = (math.inf, -math.inf, math.nan)
each = pytest.mark.parametrize("number", NOT_FINITE, ids=str)


@each
def test_what_is_stored_is_read_again(number: float) -> None:
    stored = numbers.storable(number)
    assert json.loads(json.dumps(stored, allow_nan=False)) == str(number)
    assert repr(numbers.read(stored)) == repr(number)
    assert numbers.storable(0.1) == 0.1
    assert numbers.finite_or_none(number) is None


@each
def test_every_record_stores_it_alike(number: float, tmp_path: Path) -> None:
    """Results, atlas, trace, tables, witnesses and cached runs."""
    gap = GapRecord.of(at_most("x", number, 1.0, 0, "any"))
    trial = TrialRecord(value=1.0, outcome=Outcome.BREAKS, seeds=1, failing=1, gap=gap)
    event = EventRecord(log_t=number, phi_global=0.0, phi_own=0.0, predicted={})
    table = TableRecord.of(Table("numbers", ("x",), ((number,),)))
    stored = [
        gap.model_dump(mode="json")["measured"],
        trial.model_dump(mode="json")["gap"]["measured"],
        event.model_dump(mode="json")["log_t"],
        table.model_dump(mode="json")["rows"][0][0],
        *jsonable({"list": [number], "array": np.array([number])}).values(),
    ]
    texts = [item[0] if isinstance(item, list) else item for item in stored]
    assert texts == [str(number)] * len(texts)
    lines: Journal[str, Any] = Journal(tmp_path, "numbers.jsonl", "print", lambda _: None)
    lines.add({"gap": gap.model_dump(mode="json"), "kind": Kind.EXACT.value})
    lines.close()
    [line] = (tmp_path / "numbers.jsonl").read_text().splitlines()
    assert json.loads(line)["gap"]["measured"] == str(number)
