"""Gap record: what was measured beside what was claimed of it, as stored and as put into words."""

from __future__ import annotations

import dataclasses
import sys
from fractions import Fraction

from refutable.certificate import Certificate
from refutable.gap import Gap, Relation, decided
from refutable.number import Number, Real, decimals, number
from refutable.records.documents import Count, Record
from refutable.records.numbers import finite_or_none, storable


class CertificateRecord(Record):
    """A certificate as stored; of assumptions and the like, texts in the decider's notation."""

    by: str
    negated: str
    assumptions: tuple[str, ...]
    sums: str
    variables: dict[str, str]
    reductions: tuple[str, ...]
    resource: dict[str, Count]
    alone: str = ""
    for_all: bool = False
    radii: str = ""
    scripts: tuple[str, ...] = ()

    @classmethod
    def of(cls, certificate: Certificate) -> CertificateRecord:
        """The record of a certificate."""
        return cls(**dataclasses.asdict(certificate))


class GapRecord(Record):
    """A gap as stored.

    measured, predicted: numbers, or texts: of exact objects, of what JSON cannot hold (inf, nan),
    and of numbers that a double would round so that the relation between them is lost. undecided:
    why it neither holds nor fails. rounding: how far above a tight bound it may be carried.
    """

    name: str
    measured: float | str
    predicted: float | str
    relation: Relation
    tolerance: float
    why: str
    holds: bool
    closeness: float | None
    false_alarm: float
    certificate: CertificateRecord | None = None
    undecided: str | None = None
    rounding: float = 0.0
    place: str | None = None

    @classmethod
    def of(cls, gap: Gap) -> GapRecord:
        """The record of a gap."""
        measured, predicted = _stored(gap)
        return cls(
            name=gap.name,
            measured=measured,
            predicted=predicted,
            relation=gap.relation,
            tolerance=_rounded(gap.tolerance),
            why=gap.why,
            holds=gap.holds,
            closeness=finite_or_none(gap.closeness),
            false_alarm=gap.false_alarm or 0.0,
            certificate=CertificateRecord.of(gap.certificate) if gap.certificate else None,
            undecided=gap.undecided,
            rounding=_rounded(gap.rounding),
            place=gap.place,
        )

    @property
    def said(self) -> str:
        """What was measured and what was claimed of it, in words."""
        measured, claimed = self._parts()
        return f"{self.name}: measured {measured}, {claimed} was claimed"

    @property
    def compared(self) -> str:
        """The same as a comparison, for lists: `NAME: 3 at most 2 ± 0.1`."""
        return " ".join((f"{self.name}:", *self._parts()))

    def _parts(self) -> tuple[str, str]:
        """What was measured, and what was claimed of it."""
        measured, predicted, tolerance = self._digits()
        if self.relation is Relation.TIGHT:
            return measured, f"at most {predicted} and within {tolerance} of it"
        within = f" ± {tolerance}" if self.tolerance else ""
        return measured, f"{self.relation.words} {predicted}{within}"

    def _digits(self) -> tuple[str, str, str]:
        """Both sides and the tolerance, in the fewest digits in which what fails still does."""
        measured, predicted, tolerance = self.measured, self.predicted, self.tolerance
        exact = self.relation is Relation.IDENTICAL
        if exact or isinstance(measured, str) or isinstance(predicted, str):
            return (*short(measured, predicted), f"{tolerance:.3g}")
        for digits in (6, 9, 12, 15):
            shown = [f"{x:.{digits}g}" for x in (measured, predicted)]
            allowed = f"{tolerance:.{digits - 3}g}"
            left, right = (Number(x, x) for x in map(float, shown))
            told_apart = shown[0] != shown[1] or measured == predicted
            again, _ = decided(left, right, self.relation, float(allowed), self.rounding)
            if told_apart and again is self.holds:
                return shown[0], shown[1], allowed
        return repr(measured), repr(predicted), repr(tolerance)


def _rounded(tolerance: Real) -> float:
    """A tolerance as a double, the largest where it is larger than that."""
    try:
        return float(tolerance)
    except OverflowError:
        return sys.float_info.max


def _stored(gap: Gap) -> tuple[float | str, float | str]:
    """Both sides as doubles where those tell the same story, otherwise as exact texts."""
    if isinstance(gap.measured, str) or isinstance(gap.predicted, str):
        return str(gap.measured), str(gap.predicted)
    sides = number(gap.measured), number(gap.predicted)
    rounded = [_double(side) for side in sides]
    measured, predicted = rounded
    if measured is not None and predicted is not None:
        tolerance = _rounded(gap.tolerance)
        alike = Number(measured, measured), Number(predicted, predicted)
        again, _ = decided(*alike, gap.relation, tolerance, _rounded(gap.rounding))
        told_apart = measured != predicted or sides[0].middle == sides[1].middle
        if gap.undecided is not None or (again == gap.holds and told_apart):
            return storable(measured), storable(predicted)
    return _text(sides[0]), _text(sides[1])


def _double(side: Number) -> float | None:
    """The double nearest to a number; None where there is none, or an interval is wider."""
    try:
        low, high = float(side.low), float(side.high)
    except OverflowError:
        return None
    return low if low == high or low != low else None


def _text(side: Number) -> str:
    """A number exactly where it is not too long, an interval by its middle and its width."""
    if side.exact and side.constant is None and not isinstance(side.low, float):
        sizes = (Fraction(side.low).numerator, Fraction(side.low).denominator)
        if all(size.bit_length() < LONGEST for size in sizes):
            return str(side.low)
        return decimals(Fraction(side.low), DIGITS)
    return str(side)


LONGEST = 3000
"""Bits of a whole number that is stored digit by digit."""
DIGITS = 300
"""Digits of longer ones."""
SHORT = 40
"""Characters of a side that is shown in a sentence."""


def short(measured: float | str, predicted: float | str) -> tuple[str, str]:
    """Two stored sides as texts of about SHORT characters that differ where the sides do."""
    for digits in (6, 9, 12, 15, 17):
        shown = [x if isinstance(x, str) else f"{x:.{digits}g}" for x in (measured, predicted)]
        if shown[0] != shown[1] or measured == predicted:
            break
    left, right = shown
    if max(map(len, shown)) <= SHORT or left == right:
        return _cut(left, 0), _cut(right, 0)
    common = next(
        (i for i, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
        min(len(left), len(right)),
    )
    return _cut(left, common), _cut(right, common)


def _cut(text: str, place: int) -> str:
    """A text with its beginning and what stands around a place, where it is long."""
    if len(text) <= SHORT:
        return text
    if place < SHORT - 15:
        return text[: SHORT - 3] + "..."
    rest = text[place - 5 : place + 15]
    return f"{text[:12]}...{rest}{'...' if place + 15 < len(text) else ''}"
