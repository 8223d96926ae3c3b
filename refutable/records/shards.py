"""Shards: what a folder says of the part of a run that it holds, beside the journal of its legs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from refutable.errors import UsageError
from refutable.records.documents import Count, Document, Record, is_there
from refutable.records.results import Run, TableRecord
from refutable.shard import Shard

FILE = "shard.json"


class ShardTable(Record):
    """A table that the shard computed, or what broke it."""

    claim: str
    number: Count
    table: TableRecord | None = None
    broken: str = ""


class Part(Document):
    """A shard that has ended, of whatever. fingerprint: what decides a verdict, as in a journal."""

    number: int = Field(ge=1)
    of: int = Field(ge=1)
    fingerprint: str
    run: Run


class ShardRecord(Part):
    """A shard of a run that has ended; its legs are in the journal.

    outline: what the sources define, so that shards are merged without them.
    """

    tables: tuple[ShardTable, ...]
    outline: dict[str, Any]


def write(
    folder: Path,
    shard: Shard,
    fingerprint: str,
    run: Run,
    outline: Mapping[str, Any],
    tables: Mapping[tuple[str, int], TableRecord | str],
) -> None:
    """Say that a shard has ended in this folder."""
    ShardRecord(
        number=shard.number,
        of=shard.of,
        fingerprint=fingerprint,
        run=run,
        tables=tuple(
            ShardTable(claim=claim, number=number, broken=found)
            if isinstance(found, str)
            else ShardTable(claim=claim, number=number, table=found)
            for (claim, number), found in tables.items()
        ),
        outline=dict(outline),
    ).write(folder / FILE)


def forget(folder: Path) -> None:
    """A shard begins anew in this folder, and has not ended."""
    with contextlib.suppress(FileNotFoundError):
        (folder / FILE).unlink()


def read(folder: Path) -> ShardRecord:
    """The shard of a folder. UsageError where none has ended, or its file is damaged."""
    if not is_there(folder / FILE):
        raise UsageError(f"{folder} holds no shard that has ended: it has no {FILE}")
    found = ShardRecord.read(folder / FILE)
    Shard(found.number, found.of)
    return found
