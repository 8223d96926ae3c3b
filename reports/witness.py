"""Witness: a failure as a reader takes it in, place and values first, and what to try last."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from refutable.records.results import LegRecord
from refutable.reports import words

RUNGS = 10
"""Rungs of a ladder that are shown, those at both ends."""
LADDER = ("rungs", "values", "local slopes")
ELSEWHERE = ("advice", *LADDER)
"""Parts of a witness that are not shown as they are stored."""


def shown(leg: LegRecord) -> dict[str, Any]:
    """What of a witness is shown as parameters; the gap and the rest are put into words."""
    hidden = (*ELSEWHERE, "gap")
    return {name: v for name, v in named(leg.witness or {}).items() if name not in hidden}


def named(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a configuration, one that has no names under that of its parameter."""
    rest = dict(found)
    name = rest.pop("parameter", None)
    if name and "configuration" in rest:
        return {str(name): rest.pop("configuration")} | rest
    return dict(found)


def lines(leg: LegRecord, *, drawn: bool = True) -> list[str]:
    """Where it failed, what was drawn, the nearest case that holds, the ladder, what to try.

    drawn: not for a page that shows what was drawn as a table.
    """
    place = next((gap.place for gap in leg.gaps if gap.place and not gap.holds), None)
    found = [f"at {place}"] if place and leg.failure is None else []
    witness = leg.witness or {}
    if drawn and shown(leg):
        plain = {name: v for name, v in named(witness).items() if name not in ELSEWHERE}
        found.append(f"witness: {words.json_text(plain)}")
    if leg.nearest:
        kept = {name: v for name, v in named(leg.nearest).items() if name != "said"}
        there = words.json_text(kept.get("configuration", kept))
        found.append(f"holds at {there}: {leg.nearest.get('said', '')}")
    found += _ladder(leg, witness)
    if leg.advice:
        found.append(f"try: {leg.advice}")
    return found


def _ladder(leg: LegRecord, witness: dict[str, Any]) -> list[str]:
    """The rungs of a ladder with what was measured there, and the slopes between them."""
    try:
        ((label, x),) = witness["rungs"].items()
        values, slopes = witness["values"], [None, *witness["local slopes"]]
        rungs = list(zip(x, values, slopes, strict=True))
    except (KeyError, TypeError, ValueError, AttributeError):  # a witness of another kind
        return []
    about = str(witness.get("gap", ""))
    is_log = any(series.is_log and about.startswith(series.name) for series in leg.series)
    rows = [_rung(label, *rung, is_log=is_log) for rung in rungs]
    if len(rows) > RUNGS:
        half = RUNGS // 2
        more = words.many(len(rows) - 2 * half, "rung")
        rows = [*rows[:half], f"... {more} more ...", *rows[-half:]]
    return rows


def _rung(label: str, x: Any, value: Any, slope: Any, *, is_log: bool) -> str:
    """`N = 512: 2.3e5, slope 1.98`; what is no finite number is shown as it is stored."""
    name, size = label.removeprefix("log "), _power(x) if label.startswith("log ") else _short(x, 6)
    shown = _power(value) if is_log else words.number(value if _is_number(value) else str(value))
    return f"{name} = {size}: {shown}" + ("" if slope is None else f", slope {_short(slope, 4)}")


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and abs(value) < math.inf


def _short(value: object, digits: int) -> str:
    return f"{value:.{digits}g}" if _is_number(value) else str(value)


def _power(logarithm: object) -> str:
    """A number of which the logarithm is known, as short as it can be told from others."""
    if not _is_number(logarithm):
        return str(logarithm)
    if abs(logarithm) < 700:
        return f"{math.exp(logarithm):.6g}"
    return f"1e{logarithm / math.log(10):.4g}"
