"""Plain: JSON-ready pictures of values, for records."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from refutable.records.numbers import storable

DEPTH = 50
"""Levels of nesting of a configuration that are shown."""


def jsonable(value: Any, depth: int = 0) -> Any:
    """A JSON-ready picture of a configuration: records become objects, arrays become lists.

    What nests too deeply, or cannot be shown, is named by its type.
    """
    if depth > DEPTH:
        return f"<{type(value).__name__}, nested too deeply>"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {f.name: jsonable(getattr(value, f.name), depth + 1) for f in fields}
    if isinstance(value, Mapping):
        return {_text(key): jsonable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist(), depth + 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item, depth + 1) for item in value]
    if isinstance(value, Enum):
        return jsonable(value.value, depth + 1)
    if isinstance(value, float | np.floating):
        return storable(float(value))
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    return value if value is None or type(value) is str else _text(value)


def _text(value: object) -> str:
    """What an object says of itself, or its type when it cannot."""
    try:
        return str(value)
    except Exception as problem:  # whatever it raises, there is still something to show
        return f"<{type(value).__name__} that raises {type(problem).__name__} when shown>"
