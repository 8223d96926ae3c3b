"""Spelling: values as Python that makes them again, for a test or a script of a witness."""

from __future__ import annotations

import dataclasses
import enum
import math
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

LONGEST = 4000
"""Characters beyond which a value is not spelled out."""


class _UnspelledError(Exception):
    """A value for which no Python is known."""


def spelled(value: object) -> str | None:
    """Lines of imports, and last an expression that is equal to the value; None for what has none.

    Knows numbers, texts, containers, arrays, and records and enumerations of importable modules.
    """
    imports: set[str] = set()
    try:
        expression = _spell(value, imports)
    except (_UnspelledError, RecursionError):
        return None
    text = "\n".join([*sorted(imports), expression])
    return text if len(text) <= LONGEST else None


def _spell(value: Any, imports: set[str]) -> str:
    kind = type(value)
    if value is None or kind in (bool, int, str, bytes):
        return repr(value)
    if kind is float:
        return repr(value) if math.isfinite(value) else f'float("{value}")'
    if kind in (Fraction, Decimal):
        _importable(kind, imports)
        return repr(value)
    if kind in (list, tuple, set, frozenset):
        return _container(value, imports)
    if kind is dict:
        items = (f"{_spell(k, imports)}: {_spell(v, imports)}" for k, v in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        imports.add("import numpy as np")
        return f'np.array({_spell(value.tolist(), imports)}, dtype="{value.dtype}")'
    if isinstance(value, np.bool_ | np.integer | np.floating):
        imports.add("import numpy as np")
        return f"np.{value.dtype.name}({_spell(value.item(), imports)})"
    if isinstance(value, enum.Enum):
        _importable(kind, imports)
        return f"{kind.__name__}.{value.name}"
    if dataclasses.is_dataclass(value) and kind is not type:
        _importable(kind, imports)
        fields = [field for field in dataclasses.fields(value) if field.init]
        named = (f"{field.name}={_spell(getattr(value, field.name), imports)}" for field in fields)
        return f"{kind.__name__}({', '.join(named)})"
    raise _UnspelledError


def _container(value: Any, imports: set[str]) -> str:
    items = [_spell(item, imports) for item in value]
    if isinstance(value, list):
        return f"[{', '.join(items)}]"
    if isinstance(value, tuple):
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    inner = f"{{{', '.join(sorted(items))}}}" if items else "set()"
    return inner if isinstance(value, set) else f"frozenset({inner if items else ''})"


def _importable(kind: type, imports: set[str]) -> None:
    """Note how a type is imported. _UnspelledError where it cannot be."""
    module = sys.modules.get(kind.__module__)
    if kind.__module__ == "__main__" or getattr(module, kind.__name__, None) is not kind:
        raise _UnspelledError
    imports.add(f"from {kind.__module__} import {kind.__name__}")
