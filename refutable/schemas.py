"""Schemas: what the files of a run and of an audit may hold, as JSON Schemas that ship with them.

`python -m refutable.schemas` writes them anew from the records. A change that old readers
would not understand also raises `documents.SCHEMA_VERSION`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from refutable.auditing.answers import Answer, PhaseMap
from refutable.auditing.atlas import Atlas
from refutable.records import documents
from refutable.records.contents import Index
from refutable.records.results import Results

SHIPPED: dict[str, TypeAdapter[Any]] = {
    "results.schema.json": TypeAdapter(Results),
    "atlas.schema.json": TypeAdapter(Atlas),
    "questions.schema.json": TypeAdapter(tuple[Answer, ...]),
    "phases.schema.json": TypeAdapter(tuple[PhaseMap, ...]),
    "index.schema.json": TypeAdapter(Index),
}
"""Files in the folder of records, and what they describe."""

FOLDER = Path(documents.__file__).parent


def text(described: TypeAdapter[Any]) -> str:
    """The schema of a record, or of several, as it is written."""
    schema = described.json_schema(mode="serialization")
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, described in SHIPPED.items():
        documents.put(FOLDER / name, text(described))
