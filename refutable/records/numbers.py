"""Numbers in files: one rule for those that JSON cannot hold, wherever a number is stored.

A number is stored as itself, and one that is not finite as its text: `inf`, `-inf` or `nan`. null
says that there is no number: nothing was measured, fitted or defined. Where a schema allows a
number or null and no text, null stands for what is not finite, too, since it says no more than
that: a fit that failed, a share of an allowance of 0, the loss of a training that diverged.
"""

from __future__ import annotations

import math


def storable(value: float | str) -> float | str:
    """A number as it is stored; texts as they are."""
    return value if isinstance(value, str) or math.isfinite(value) else str(float(value))


def read(value: float | str) -> float:
    """The number that was stored. ValueError for a text that is none."""
    return float(value)


def finite_or_none(value: float | None) -> float | None:
    """A number where only finite ones, or none, are stored."""
    return value if value is not None and math.isfinite(value) else None
