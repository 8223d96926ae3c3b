"""Grading: what a leg that holds is worth, by what it did and not by what it is called.

Proved is what a decider showed for all values of its symbols, with a certificate; or what was
compared without rounding, tolerance or chance, in a leg that says what range it covers. Anything
else from a leg of a proving kind was searched: it found nothing wrong where it looked.
"""

from __future__ import annotations

from collections.abc import Iterable

from refutable.claim import Grade, Kind
from refutable.gap import Gap


def earned(
    kind: Kind, gaps: Iterable[Gap], scope: str | None, drawn_from: Iterable[str] = ()
) -> tuple[Grade, str | None]:
    """The grade of a leg of this kind that holds, and why it is not the kind's best.

    scope: the range that the leg says it covers. drawn_from: sources of chance that it used.
    """
    if kind.grade is not Grade.PROVED:
        return kind.grade, None
    reason = _lacking(list(gaps), scope, sorted(drawn_from))
    return (Grade.PROVED, None) if reason is None else (Grade.SEARCHED, reason)


def _lacking(gaps: list[Gap], scope: str | None, drawn_from: list[str]) -> str | None:
    """What keeps evidence from being a proof; None when nothing does."""
    if drawn_from:
        return f"configurations were drawn at random ({', '.join(drawn_from)})"
    for gap in gaps:
        if gap.false_alarm:
            return f"chance decides {gap.name!r} with a probability of {gap.false_alarm:g}"
        if gap.tolerance or gap.rounding:
            return f"{gap.name!r} was compared with a tolerance"
        if gap.is_rounded:
            return f"{gap.name!r} compares rounded numbers"
    if not scope and not all(gap.certificate and gap.certificate.for_all for gap in gaps):
        return "the leg does not say what range it covers (scope=)"
    return None
