"""Documents: records that are stored as JSON files, whole or not at all."""

from __future__ import annotations

import functools
import json
import math
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from refutable import text as texts
from refutable.errors import UsageError

R = TypeVar("R")

SCHEMA_VERSION: Final = 1

_DEPTH = 6
"""Of a gap or a series in the file: what lies as deep takes one line."""

_BEYOND_ASCII = re.compile(r"[^\n\x20-\x7e]")

_WIDEST = 1023
"""Bits of a whole number; larger ones are stored as text, which readers in floats can hold."""


def put(path: Path, content: str | bytes) -> Path:
    """Write a file that appears whole or not at all, in UTF-8.

    Until then it has a name that nobody can foresee. What UTF-8 cannot hold is escaped.
    UsageError when a folder is in its place; OSError, and nothing left, when it cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, in the place of a file to be written")
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
    partial = path.with_name(f"{path.name[:100]}.{secrets.token_hex(8)}.partial")
    try:
        with open(partial, "xb") as file:  # never through a link that somebody left there
            file.write(content)
        return partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def is_there(path: Path) -> bool:
    """Whether something is at a path; a link that leads nowhere is something, too."""
    return os.path.lexists(path)


def content(path: Path, what: str = "") -> str:
    """The text of a file in UTF-8. what: how it is called in messages, before its path.

    UsageError when it is no file (a pipe would be waited for without end), cannot be read, or is
    not UTF-8.
    """
    named = f"{what} {path}".strip()
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or a pipe"
            raise UsageError(f"cannot read {named}: it is a {kind}, not a file")
        return path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise UsageError(f"cannot read {named}: {problem.strerror}") from problem
    except ValueError as problem:  # of UTF-8, and of a path with a NUL
        raise UsageError(f"{named} is not UTF-8: {problem}") from problem


def strict(text: str) -> Any:
    """What JSON says. ValueError for what JSON has no name for (NaN), and what is said twice."""
    return json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=_once)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{texts.short(text, 60)} is too large a number")
    return number


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{texts.short(twice, 60)!r} stands there twice")
    return found


def loaded(path: Path) -> Any:
    """What a JSON file says. UsageError when it cannot be read or is damaged."""
    text = content(path)
    try:
        return strict(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not JSON: {problem}") from problem


def tables(path: Path, what: str = "") -> dict[str, Any]:
    """What a TOML file says. what: as of `content`. UsageError when it is none, or unreadable."""
    text = content(path, what)
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{f'{what} {path}'.strip()} is not TOML: {problem}") from problem


def fitted(kind: type[R] | TypeAdapter[R], data: Any, path: Path) -> R:
    """Data as a record of this kind. UsageError, with the first place, when it does not fit."""
    adapter: TypeAdapter[R] = kind if isinstance(kind, TypeAdapter) else TypeAdapter(kind)
    try:
        return adapter.validate_python(data)
    except ValidationError as problem:
        first = problem.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        said = texts.short(where, 120)
        raise UsageError(f"{path} does not fit the schema: {said}: {first['msg']}") from problem
    except (RecursionError, OverflowError) as problem:
        raise UsageError(f"{path} does not fit the schema: {problem}") from problem


Count = Annotated[int, Field(ge=0, lt=2**63)]
"""A whole number that every reader can hold."""


class Record(BaseModel):
    """A part of a document: fields as declared, and no others; numbers that JSON has."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Document(Record):
    """A file of one schema version."""

    schema_version: Literal[1] = SCHEMA_VERSION

    def write(self, path: Path) -> None:
        """Write strict JSON."""
        put(path, indented(plain(self)) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a document. UsageError when missing, damaged, or of another schema version."""
        data = loaded(path)
        require_schema_version(data, path)
        return fitted(cls, data, path)


def plain(value: Any) -> Any:
    """A record as JSON has it: dictionaries, lists, text, numbers; every text as it is."""
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, int) and value.bit_length() > _WIDEST:
        return hex(value)
    return value


def compact(value: Any, *, ascii_only: bool = False) -> str:
    """Strict JSON on one line, every character that cannot be seen as an escape.

    ascii_only: for a stream, whatever its encoding is.
    """
    text = json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    return text if ascii_only else _seen(text)


def indented(value: Any) -> str:
    """Strict JSON, indented by one down to gaps and series: small files, readable diffs."""
    return _seen(_lines(value))


def _seen(text: str) -> str:
    return _BEYOND_ASCII.sub(lambda found: _escape(found[0]), text)


@functools.cache
def _escape(character: str) -> str:
    if texts.visible(character) == character:
        return character
    return json.dumps(character)[1:-1]  # \uXXXX, a pair of them beyond the first 65,536


def _lines(value: Any, depth: int = 0) -> str:
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
    if found != SCHEMA_VERSION or isinstance(found, bool):
        shown = texts.short(ascii(found), 60)
        raise UsageError(
            f"{path} has schema version {shown}; this program reads version {SCHEMA_VERSION}"
        )
