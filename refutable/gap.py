"""Gap: one measured number beside what was claimed of it. The checker judges it.

Numbers are compared as what they are (see `refutable.number`), objects by what they hold (see
`refutable.sameness`). A gap is decided once, when it is made: what is changed later changes
nothing.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from refutable import failure, ledger, sameness
from refutable.certificate import Certificate
from refutable.decision import Relation as Relation
from refutable.decision import decided as decided
from refutable.number import Number, Real, number, shown
from refutable.rounding import is_rounded
from refutable.sameness import Compared
from refutable.series import Series
from refutable.tally import Tally

Value = Real | Number | str
"""A number, an interval, or the text of an exact object (a polynomial, a solver's answer)."""

ASTRONOMICAL = 2.0**53
"""From here on a tolerance that exceeds a thousand times both sides is refused. Doubles of this
size are more than 1 apart, so that no claim about what was measured can mean a tolerance like
it."""


EXACTLY = "compared as claimed, without a tolerance"
"""The reason of a tolerance of 0, unless another is given."""


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Measured against predicted under a relation, with a tolerance and its reason.

    false_alarm: probability that chance alone breaks this gap although the claim is true; None
    says nothing about chance, 0 says that no draw can break it. rounding: of a tight bound, how far
    above it rounding may carry what was measured. witness: what to look at when the
    gap does not hold (JSON-ready). series: the measurements along a ladder that it was read from.
    certificate: how a proof went. undecided: why it cannot be decided, when it cannot; it then
    neither holds nor fails. remarks: what a reader must know beside it. tally: what it is the
    closest of, when it stands for several comparisons. compared: of `identical`, what came of it.
    Raises TypeError for what is no real number where one is compared, and for what has the wrong
    type; ValueError when a tolerance has no reason, is negative or not finite, exceeds everything
    that it could compare, or goes with `identical`, and for a probability that is none.
    """

    name: str
    measured: Value
    predicted: Value
    relation: Relation
    tolerance: Real = 0.0
    rounding: Real = 0.0
    why: str
    false_alarm: float | None = None
    witness: Mapping[str, Any] | None = None
    series: Series | None = None
    certificate: Certificate | None = None
    undecided: str | None = None
    remarks: tuple[str, ...] = ()
    tally: Tally | None = dataclasses.field(default=None, repr=False, compare=False)
    compared: Compared | None = dataclasses.field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check and decide: what could not be exceeded, or compared, is refused here."""
        self._check_types()
        if not self.why.strip():
            raise ValueError(f"gap {self.name!r}: a tolerance needs a reason")
        _set(self, "tolerance", self._allowance("tolerance"))
        _set(self, "rounding", self._allowance("rounding"))
        rounded = is_rounded(self.measured) or is_rounded(self.predicted)
        if self.relation is Relation.IDENTICAL:
            self._compare_objects()
            rounded = bool(self.compared and self.compared.rounded)
        else:
            self._compare_numbers()
        _set(self, "_rounded", rounded)
        _set(self, "_entry", ledger.entered(_unseen(self.name)))
        if not self.__dict__["_holds"]:
            _set(self, "_place", failure.caller())
            made_in = ledger.current()
            if made_in is not None and self.undecided is None:
                made_in.failing.append(self)

    def _check_types(self) -> None:
        """TypeError or ValueError for parts that no record could hold."""
        if not isinstance(self.name, str) or not self.name.strip():
            raise TypeError(f"the name of a gap must be a text, not {self.name!r}")
        if not isinstance(self.why, str):
            raise TypeError(f"gap {self.name!r}: the reason must be a text, not {self.why!r}")
        if not isinstance(self.relation, Relation):
            known = ", ".join(f"Relation.{relation.name}" for relation in Relation)
            raise TypeError(
                f"gap {self.name!r}: the relation must be one of {known}, not {self.relation!r}"
            )
        kinds = {"witness": Mapping, "series": Series, "certificate": Certificate, "undecided": str}
        for field, kind in kinds.items():
            value = getattr(self, field)
            if value is not None and not isinstance(value, kind):
                raise TypeError(
                    f"gap {self.name!r}: {field} must be a {kind.__name__}, "
                    f"not {type(value).__name__}"
                )
        if self.false_alarm is not None:
            chance = number(self.false_alarm, f"gap {self.name!r}: its false-alarm probability")
            if not (chance.exact and 0 <= chance.low <= 1):
                raise ValueError(
                    f"gap {self.name!r}: a false-alarm probability is between 0 and 1, "
                    f"not {self.false_alarm}"
                )
            _set(self, "false_alarm", float(chance.low))

    def _allowance(self, name: str) -> Real:
        """The tolerance, or the rounding, checked. ValueError for one that makes no sense."""
        given = getattr(self, name)
        allowed = number(given, f"gap {self.name!r}: the {name}")
        if not (allowed.exact and allowed.finite and allowed.low >= 0):
            raise ValueError(f"gap {self.name!r}: {name} {given} must be finite, ≥ 0")
        if self.relation is Relation.IDENTICAL and allowed.low:
            raise ValueError(f"gap {self.name!r}: identical takes no {name}")
        if name == "rounding" and allowed.low and self.relation is not Relation.TIGHT:
            raise ValueError(f"gap {self.name!r}: rounding is for tight bounds; give a tolerance")
        return allowed.low

    def _compare_objects(self) -> None:
        known = self.compared
        if known is None or (known.measured, known.predicted) != (self.measured, self.predicted):
            known = sameness.compare(self.measured, self.predicted)
        _set(self, "compared", known)
        _set(self, "measured", known.measured)
        _set(self, "predicted", known.predicted)
        _set(self, "_holds", known.same and self.undecided is None)
        _set(self, "_own_tally", Tally(nothing=known.nothing, aimed_at_zero=known.nothing))

    def _compare_numbers(self) -> None:
        measured = number(self.measured, f"gap {self.name!r}: what was measured")
        predicted = number(self.predicted, f"gap {self.name!r}: what was predicted")
        size = max(_size(measured), _size(predicted))
        allowed = max(self.tolerance, self.rounding)
        if allowed >= ASTRONOMICAL and allowed > 1000 * size:
            raise ValueError(
                f"gap {self.name!r}: a tolerance of {shown(allowed)} is more than a "
                f"thousand times what it compares ({measured} and {predicted}); nothing could "
                "exceed it"
            )
        _set(self, "measured", measured if _is_interval(measured) else measured.low)
        _set(self, "predicted", predicted if _is_interval(predicted) else predicted.low)
        holds, doubt = decided(measured, predicted, self.relation, self.tolerance, self.rounding)
        if self.undecided is None:
            _set(self, "undecided", doubt)
        _set(self, "_holds", holds and self.undecided is None)
        sides = [
            Fraction(side.low) if side.exact and side.finite else None
            for side in (measured, predicted)
        ]
        tally = Tally(
            nothing=measured.is_zero and predicted.is_zero,
            wide=bool(allowed > size),
            aimed_at_zero=predicted.is_zero,
            measured=sides[0],
            predicted=sides[1],
        )
        _set(self, "_own_tally", tally)

    def take(self) -> None:
        """Note that somebody looked at this gap, so that it is not lost."""
        self.__dict__.get("_entry", ledger.NOTHING).take()

    @property
    def comparisons(self) -> Tally:
        """What was compared: `tally` where it stands for several, otherwise this comparison."""
        return self.tally if self.tally is not None else self.__dict__["_own_tally"]

    @property
    def holds(self) -> bool:
        """Whether the relation is surely satisfied. NaN and what is infinite never satisfy one."""
        self.take()
        return bool(self.__dict__["_holds"])

    @property
    def is_rounded(self) -> bool:
        """Whether a side was rounded, as far as its type tells: such a comparison is no proof."""
        return bool(self.__dict__["_rounded"])

    @property
    def fails(self) -> bool:
        """Whether the relation is surely broken."""
        return not self.holds and self.undecided is None

    @property
    def is_short(self) -> bool:
        """Whether this is a tight bound that is kept, and only not reached.

        One configuration of many that falls short of what another one reaches refutes nothing.
        """
        if self.relation is not Relation.TIGHT or not self.fails:
            return False
        sides = number(self.measured), number(self.predicted)
        return decided(*sides, Relation.AT_MOST, self.rounding)[0]

    @property
    def place(self) -> str | None:
        """Of a gap that does not hold, where the user's code made it: FILE:LINE."""
        found: str | None = self.__dict__.get("_place")
        return found

    @property
    def closeness(self) -> float | None:
        """Share of the allowance that is used: 0 exact, 1 on the edge, above 1 fails.

        For a bound it is bound/value or value/bound, whichever is 1 on the edge; None where no such
        ratio exists (an identity, a bound of zero, numbers of different signs, no finite number).
        A tight bound is exact where it is attained.
        """
        self.take()
        if self.relation is Relation.IDENTICAL:
            return None
        measured, predicted = _middle(self.measured), _middle(self.predicted)
        if measured is None or predicted is None:
            return math.inf if self.fails else None
        relation, allowed = self.relation, self.tolerance
        if relation is Relation.TIGHT:  # how far above, or how far below, of what is allowed there
            relation, allowed = Relation.EQUAL, allowed if measured <= predicted else self.rounding
        numbers = (measured, predicted, allowed)
        try:
            return _share(relation, *(float(x) for x in numbers))
        except OverflowError:
            return _share(relation, *(Fraction(x) for x in numbers))

    def __str__(self) -> str:
        """What was measured and what was claimed of it."""
        claimed = f"{self.relation.words} {self.predicted}"
        return f"{self.name}: measured {self.measured}, {claimed} was claimed"

    def __getstate__(self) -> dict[str, Any]:
        """What it is, without the leg that made it."""
        return {name: value for name, value in self.__dict__.items() if name != "_entry"}


class _Measured:
    """The field `measured`: whoever reads it has looked at the gap, be it only to copy it."""

    def __get__(self, gap: Gap | None, owner: type[Gap]) -> Any:
        if gap is None:
            return self
        gap.take()
        return gap.__dict__["measured"]

    def __set__(self, gap: Gap, value: Value) -> None:
        gap.__dict__["measured"] = value


Gap.measured = _Measured()  # type: ignore[assignment]  # after the fields have been read


def _set(gap: Gap, name: str, value: object) -> None:
    object.__setattr__(gap, name, value)


def _unseen(name: str) -> str:
    return f"the gap {name!r} was made, and nobody looked at it: yield it"


def _is_interval(value: Number) -> bool:
    return value.finite and (not value.exact or value.constant is not None)


def _size(value: Number) -> Real:
    """The largest absolute value that a number may have; 0 for NaN, which exceeds nothing."""
    if not value.finite:
        return value.low if value.low == value.low and value.low > 0 else 0
    return max(value.high, -value.low)


def _middle(value: Value) -> Real | None:
    """A number, or the middle of an interval; None for what is not finite."""
    known = value if isinstance(value, Number) else number(value)
    return known.middle if known.finite else None


def _share(relation: Relation, measured: Any, predicted: Any, tolerance: Any) -> float | None:
    """`Gap.closeness` of finite numbers, as floats or, where those do not reach, as fractions."""
    if relation is Relation.EQUAL:
        part, whole = abs(measured - predicted), tolerance
        if not whole:
            return math.inf if part else 0.0
    elif relation is Relation.AT_MOST:
        part, whole = measured, predicted + tolerance
    else:
        part, whole = predicted - tolerance, measured
    if part < 0 and whole < 0:
        part, whole = -whole, -part
    if whole <= 0 or part < 0:
        return None
    try:
        return float(part / whole)
    except OverflowError:
        return math.inf


def equal(
    name: str,
    measured: Any,
    predicted: Any,
    tolerance: Any = 0,
    why: str | None = None,
    **rest: Any,
) -> Gap:
    """|measured - predicted| ≤ tolerance. A tolerance other than 0 has a reason."""
    return _gap(name, measured, predicted, Relation.EQUAL, tolerance, why, rest)


def at_most(
    name: str,
    measured: Any,
    predicted: Any,
    tolerance: Any = 0,
    why: str | None = None,
    **rest: Any,
) -> Gap:
    """An upper bound: measured ≤ predicted + tolerance. A tolerance other than 0 has a reason."""
    return _gap(name, measured, predicted, Relation.AT_MOST, tolerance, why, rest)


def at_least(
    name: str,
    measured: Any,
    predicted: Any,
    tolerance: Any = 0,
    why: str | None = None,
    **rest: Any,
) -> Gap:
    """A lower bound: measured ≥ predicted - tolerance. A tolerance other than 0 has a reason."""
    return _gap(name, measured, predicted, Relation.AT_LEAST, tolerance, why, rest)


def tight(
    name: str,
    measured: Any,
    bound: Any,
    tolerance: Any = 0,
    why: str | None = None,
    *,
    rounding: Any = 0,
    **rest: Any,
) -> Gap:
    """An upper bound that is attained: bound - tolerance ≤ measured ≤ bound + rounding.

    In a search no configuration may exceed the bound, and the one that comes nearest has to reach
    it. An attained bound has a closeness of 0 %, where `at_most` would say 100 %.
    """
    return _gap(
        name, measured, bound, Relation.TIGHT, tolerance, why, {**rest, "rounding": rounding}
    )


def identical(name: str, measured: object, predicted: object, why: str, **rest: Any) -> Gap:
    """The same exact object, compared by what it holds (see `refutable.sameness`).

    TypeError for what cannot be compared by value, such as two functions.
    """
    compared = sameness.compare(measured, predicted)
    return Gap(
        name=name,
        measured=compared.measured,
        predicted=compared.predicted,
        relation=Relation.IDENTICAL,
        why=why,
        compared=compared,
        **rest,
    )


def _gap(
    name: str,
    measured: Any,
    predicted: Any,
    relation: Relation,
    tolerance: Any,
    why: str | None,
    rest: dict[str, Any],
) -> Gap:
    if why is None:
        zero = isinstance(tolerance, int) and not tolerance and not rest.get("rounding")
        why = EXACTLY if zero else ""
    return Gap(
        name=name,
        measured=measured,
        predicted=predicted,
        relation=relation,
        tolerance=tolerance,
        why=why,
        **rest,
    )
