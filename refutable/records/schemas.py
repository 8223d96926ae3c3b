"""Schemas: what results.json and atlas.json may hold, as JSON Schemas that ship with the package.

`python -m refutable.records.schemas` writes them anew from the records. A change that old readers
would not understand also raises `documents.SCHEMA_VERSION`.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from refutable.auditing.atlas import Atlas
from refutable.records.documents import put
from refutable.records.results import Results

SHIPPED: dict[str, type[BaseModel]] = {"results.schema.json": Results, "atlas.schema.json": Atlas}
"""Files beside this one, and what they describe."""


def text(record: type[BaseModel]) -> str:
    """The schema of a record as it is written."""
    schema = record.model_json_schema(mode="serialization")
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, record in SHIPPED.items():
        put(Path(__file__).with_name(name), text(record))
