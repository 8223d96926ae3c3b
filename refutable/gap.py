"""Gap: one measured number beside what was claimed of it. The checker judges it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from refutable.certificate import Certificate
from refutable.series import Series

Value = float | str
"""A number, or the text of an exact object (a polynomial, a fraction, a solver's answer)."""


class Relation(StrEnum):
    """How the measured value must stand to the predicted one."""

    EQUAL = "equal"  # |measured - predicted| ≤ tolerance: the statement is tight
    AT_MOST = "at_most"  # measured ≤ predicted + tolerance: an upper bound
    AT_LEAST = "at_least"  # measured ≥ predicted - tolerance: a lower bound
    IDENTICAL = "identical"  # the same exact object, no tolerance


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Measured against predicted under a relation, with a tolerance and its reason.

    false_alarm: probability that chance alone breaks this gap although the claim is true (0 when
    nothing is random). witness: what to look at when the gap does not hold (JSON-ready).
    series: the measurements along a ladder that it was read from. certificate: how a proof went.
    Raises ValueError when a tolerance has no reason, is negative, or goes with `identical`.
    """

    name: str
    measured: Value
    predicted: Value
    relation: Relation
    tolerance: float = 0.0
    why: str
    false_alarm: float = 0.0
    witness: Mapping[str, Any] | None = None
    series: Series | None = None
    certificate: Certificate | None = None

    def __post_init__(self) -> None:
        """A tolerance without a reason is refused, as is one that could not be exceeded."""
        if not self.why.strip():
            raise ValueError(f"gap {self.name!r}: a tolerance needs a reason")
        if not (0 <= self.tolerance < math.inf):
            raise ValueError(f"gap {self.name!r}: tolerance {self.tolerance} must be finite, ≥ 0")
        if self.relation is Relation.IDENTICAL and self.tolerance:
            raise ValueError(f"gap {self.name!r}: identical takes no tolerance")

    @property
    def holds(self) -> bool:
        """Whether the relation is satisfied; a NaN never satisfies one."""
        if self.relation is Relation.IDENTICAL:
            return self.measured == self.predicted
        measured, predicted = float(self.measured), float(self.predicted)
        if self.relation is Relation.EQUAL:
            return abs(measured - predicted) <= self.tolerance
        if self.relation is Relation.AT_MOST:
            return measured <= predicted + self.tolerance
        return measured >= predicted - self.tolerance

    @property
    def closeness(self) -> float | None:
        """Share of the allowance that is used: 0 exact, 1 on the edge, above 1 fails.

        For a bound it is bound/value or value/bound, whichever is 1 on the edge; None where no such
        ratio exists (an identity, a bound of zero, numbers of different signs).
        """
        if self.relation is Relation.IDENTICAL:
            return None
        measured, predicted = float(self.measured), float(self.predicted)
        if self.relation is Relation.EQUAL:
            error = abs(measured - predicted)
            if self.tolerance:
                return error / self.tolerance
            return 0.0 if error == 0 else math.inf
        if self.relation is Relation.AT_MOST:
            part, whole = measured, predicted + self.tolerance
        else:
            part, whole = predicted - self.tolerance, measured
        if part < 0 and whole < 0:
            part, whole = -whole, -part
        return part / whole if whole > 0 and part >= 0 else None


def equal(
    name: str, measured: float, predicted: float, tolerance: float, why: str, **rest: Any
) -> Gap:
    """A tight statement: |measured - predicted| ≤ tolerance."""
    return _gap(name, measured, predicted, Relation.EQUAL, tolerance, why, rest)


def at_most(
    name: str, measured: float, predicted: float, tolerance: float, why: str, **rest: Any
) -> Gap:
    """An upper bound: measured ≤ predicted + tolerance."""
    return _gap(name, measured, predicted, Relation.AT_MOST, tolerance, why, rest)


def at_least(
    name: str, measured: float, predicted: float, tolerance: float, why: str, **rest: Any
) -> Gap:
    """A lower bound: measured ≥ predicted - tolerance."""
    return _gap(name, measured, predicted, Relation.AT_LEAST, tolerance, why, rest)


def identical(name: str, measured: object, predicted: object, why: str, **rest: Any) -> Gap:
    """The same exact object: compared as text, so that nothing is rounded."""
    return Gap(
        name=name,
        measured=str(measured),
        predicted=str(predicted),
        relation=Relation.IDENTICAL,
        why=why,
        **rest,
    )


def _gap(
    name: str,
    measured: float | Fraction,
    predicted: float | Fraction,
    relation: Relation,
    tolerance: float,
    why: str,
    rest: dict[str, Any],
) -> Gap:
    return Gap(
        name=name,
        measured=float(measured),
        predicted=float(predicted),
        relation=relation,
        tolerance=float(tolerance),
        why=why,
        **rest,
    )
