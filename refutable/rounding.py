"""Rounding: whether a value was rounded on its way, as far as its type tells.

A float of any width, a decimal number and whatever holds one are rounded: arithmetic in them drops
digits. Whole numbers, fractions, expressions without decimal numbers, and balls, whose radius owns
up to what was dropped, are not. A text that reads as a decimal number counts as one.
"""

from __future__ import annotations

import dataclasses
import decimal
import re
import sys
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

DEPTH = 6
"""Levels of containers that are looked into; what lies deeper counts as rounded."""
_DECIMAL = re.compile(r"[-+]?(\d+\.\d*|\.\d+|\d+(\.\d*)?[eE][-+]?\d+|inf|nan)", re.IGNORECASE)


def is_rounded(value: Any, depth: int = 0) -> bool:
    """Whether a value is, or holds, a number of a type that rounds."""
    kind = type(value)
    if kind in (int, bool, Fraction) or value is None:
        return False
    if kind is float or isinstance(value, float | complex | decimal.Decimal):
        return True
    if isinstance(value, str):
        return _DECIMAL.fullmatch(value.strip()) is not None
    if depth > DEPTH:
        return True
    if isinstance(value, Mapping):
        return any(is_rounded(part, depth + 1) for item in value.items() for part in item)
    if isinstance(value, list | tuple | set | frozenset):
        return any(is_rounded(part, depth + 1) for part in value)
    library = kind.__module__.partition(".")[0]
    if library == "numpy":
        return _entries(value, depth)
    if library == "torch":
        return bool(value.is_floating_point() or value.is_complex())
    if library == "pandas":
        return any(is_rounded(part, depth + 1) for part in _columns(value))
    if library == "sympy" or isinstance(value, _sympy("Basic")):
        return bool(value.has(_sympy("Float")))
    if library == "mpmath":
        return "_mpi_" not in dir(value)
    if library == "flint":
        return kind.__name__ in ("arf", "acf")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = (getattr(value, field.name) for field in dataclasses.fields(value))
        return any(is_rounded(part, depth + 1) for part in parts)
    return False


def _sympy(name: str) -> Any:
    """A class of SymPy when that is loaded; no value is of it otherwise."""
    sympy = sys.modules.get("sympy")
    return getattr(sympy, name, ()) if sympy else ()


def _entries(value: Any, depth: int) -> bool:
    """Of an array or scalar of numpy."""
    code = getattr(getattr(value, "dtype", None), "kind", "O")
    if code == "O" and hasattr(value, "flat"):
        return any(is_rounded(part, depth + 1) for part in value.flat)
    return code in "fcO"


def _columns(value: Any) -> Iterable[Any]:
    """Of a column or frame of pandas, as arrays."""
    if hasattr(value, "columns"):
        return (value[name].to_numpy() for name in value.columns)
    return (value.to_numpy(),) if hasattr(value, "to_numpy") else ()
