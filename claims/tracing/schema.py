"""The JSON Schema of a trace: `python -m refutable.claims.tracing.schema` writes it anew."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter

from refutable import schemas
from refutable.claims.tracing import TraceRecord
from refutable.records.documents import put

FILE = Path(__file__).with_name("trace.schema.json")
TEXT = schemas.text(TypeAdapter(TraceRecord))

if __name__ == "__main__":
    put(FILE, TEXT)
