"""Shown: an object as a text that is always the same, and no longer than a reader wants."""

from __future__ import annotations

import math
from collections.abc import Set

SHOWN = 1000
"""Characters of an object's text that are kept."""
LONG = 3000
"""Bits of a whole number that is written out."""
DEPTH = 100
"""Levels of nesting that are put in order."""


def text(value: object) -> str:
    """An object's text, in an order that is always the same, cut in the middle when it is long."""
    try:
        full = _text(value, 0)
    except (TypeError, ValueError, RecursionError, ArithmeticError):
        full = f"<{kind_of(value)}>"
    if len(full) <= SHOWN:
        return full
    half = SHOWN // 2 - 20
    return f"{full[:half]} ... {len(full) - 2 * half} characters ... {full[-half:]}"


def _text(value: object, depth: int) -> str:
    if isinstance(value, int) and value.bit_length() > LONG:
        return _long_number(int(value))
    if isinstance(value, Set) and depth < DEPTH:
        items = sorted(_item_text(item, depth) for item in value)
        return f"{{{', '.join(items)}}}" if items else "set()"
    if isinstance(value, list | tuple) and type(value) in (list, tuple) and depth < DEPTH:
        items = [_item_text(item, depth) for item in value]
        if isinstance(value, list):
            return f"[{', '.join(items)}]"
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return str(value)


def _item_text(value: object, depth: int) -> str:
    nested = isinstance(value, list | tuple | Set | int)
    return _text(value, depth + 1) if nested else repr(value)


def _long_number(value: int) -> str:
    """A whole number that is too long to write out: its ends and its length in base 10."""
    digits = int(abs(value).bit_length() * math.log10(2))
    digits += abs(value) >= 10**digits
    head = abs(value) // 10 ** (digits - 20)
    return f"{'-' if value < 0 else ''}{head}...{abs(value) % 10**20:020d} ({digits} digits)"


def kind_of(value: object) -> str:
    """The name of an object's type, with its module where that is not Python itself."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
