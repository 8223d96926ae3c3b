"""Documents: records that are stored as JSON files, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from refutable.errors import UsageError

SCHEMA_VERSION: Final = 1

_DEPTH = 6
"""Of a gap or a series in the file: what lies as deep takes one line."""


def put(path: Path, content: str | bytes) -> Path:
    """Write a file that appears whole or not at all.

    UsageError when a folder is in its place; OSError, and nothing left, when it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, in the place of a file to be written")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


class Record(BaseModel):
    """A part of a document: fields as declared, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Document(Record):
    """A file of one schema version."""

    schema_version: Literal[1] = SCHEMA_VERSION

    def write(self, path: Path) -> None:
        """Write strict JSON."""
        put(path, _lines(self.model_dump(mode="json")) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a document. UsageError when missing, damaged, or of another schema version."""
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as problem:
            raise UsageError(f"cannot read {path}: {problem.strerror}") from problem
        except (ValueError, RecursionError) as problem:
            raise UsageError(f"{path} is not JSON: {problem}") from problem
        require_schema_version(data, path)
        try:
            return cls.model_validate(data)
        except ValidationError as problem:
            first = problem.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise UsageError(
                f"{path} does not fit the schema: {where}: {first['msg']}"
            ) from problem


def _lines(value: Any, depth: int = 0) -> str:
    """Strict JSON, indented by one down to gaps and series: small files, readable diffs."""
    if depth >= _DEPTH or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    if isinstance(value, dict):
        items = [
            f"{json.dumps(k, ensure_ascii=False)}: {_lines(v, depth + 1)}" for k, v in value.items()
        ]
        opened, closed = "{}"
    else:
        items = [_lines(item, depth + 1) for item in value]
        opened, closed = "[]"
    indent = "\n" + " " * (depth + 1)
    return f"{opened}{indent}{f',{indent}'.join(items)}{indent[:-1]}{closed}"


def require_schema_version(data: Any, path: Path) -> None:
    """UsageError unless `data` was written under this schema version."""
    found = data.get("schema_version") if isinstance(data, dict) else None
    if found != SCHEMA_VERSION:
        raise UsageError(
            f"{path} has schema version {found!r}; this program reads version {SCHEMA_VERSION}"
        )
