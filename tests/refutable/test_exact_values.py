"""Numbers are compared as what they are, and what is no real number is refused by name."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import given
from hypothesis import strategies as st

from refutable.gap import Gap, at_least, at_most, equal, tight
from refutable.number import MAX_EXPONENT, Number, number
from refutable.records.results import GapRecord

THIRD = Fraction(1, 3)
TINY = Fraction(1, 10**30)


def pairs() -> list[tuple[Any, Any]]:
    """A number, and one that is greater by less than a double can show."""
    return [
        (2**53, 2**53 + 1),
        (THIRD, THIRD + TINY),
        (Decimal(1) / 3, Decimal(1) / 3 + Decimal("1e-28")),
        (sp.Integer(10) ** 40, sp.Integer(10) ** 40 + 1),
        (sp.Rational(1, 3), sp.Rational(1, 3) + sp.Rational(1, 10**30)),
        (mpmath.mpf(1), mpmath.mpf(1) + mpmath.mpf(2) ** -52),
        (flint.fmpz(2) ** 60, flint.fmpz(2) ** 60 + 1),
        (flint.fmpq(1, 3), flint.fmpq(1, 3) + flint.fmpq(1, 10**30)),
        (np.int64(2**53), np.int64(2**53 + 1)),
        (np.longdouble(1), np.longdouble(1) + np.finfo(np.longdouble).eps),
        (torch.tensor(2**53), torch.tensor(2**53 + 1)),
        (sp.sqrt(2), sp.sqrt(2) + sp.Rational(1, 10**80)),
        (1.0, 1 + 2**-52),
        (2**53, Fraction(2**53) + TINY),
        (0.1, Decimal("0.1") + Decimal("1e-17")),
    ]


@pytest.mark.parametrize(("low", "high"), pairs(), ids=lambda x: type(x).__name__)
def test_what_a_double_cannot_tell_apart_is_told_apart(low: Any, high: Any) -> None:
    assert equal("x", low, low, 0, "exact").holds
    assert equal("x", low, high, 0, "exact").fails
    assert at_most("x", low, high, 0, "exact").holds
    assert at_most("x", high, low, 0, "exact").fails
    assert at_least("x", high, low, 0, "exact").holds
    assert at_least("x", low, high, 0, "exact").fails


def sides(record: GapRecord) -> list[str]:
    """Both sides as a reader sees them."""
    return record.compared.removeprefix("x: ").split(f" {record.relation.words} ")


@pytest.mark.parametrize(("low", "high"), pairs(), ids=lambda x: type(x).__name__)
def test_the_record_shows_the_difference_and_tells_the_same_story(low: Any, high: Any) -> None:
    record = GapRecord.of(equal("x", high, low, 0, "exact"))
    assert not record.holds
    assert record.measured != record.predicted
    shown, claimed = sides(record)
    assert shown != claimed
    assert max(len(shown), len(claimed)) <= 50
    assert f"measured {shown}" in record.said


def test_a_record_keeps_doubles_where_they_tell_the_same_story() -> None:
    record = GapRecord.of(at_most("x", THIRD, 1, Fraction(1, 10), "r"))
    assert (record.measured, record.predicted, record.tolerance) == (1 / 3, 1.0, 0.1)


def test_long_numbers_are_shown_around_their_first_difference() -> None:
    record = GapRecord.of(equal("x", 10**90 + 7, 10**90 + 8, 0, "exact"))
    assert record.measured == str(10**90 + 7)
    assert [side[-4:] for side in sides(record)] == ["0007", "0008"]


NUMBERS = st.one_of(
    st.integers(-(10**30), 10**30),
    st.fractions(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20),
)


def exactly(value: Any) -> Fraction:
    return Fraction(value)


@given(NUMBERS, NUMBERS, st.one_of(st.floats(0, 1e6), st.fractions(0, 10**6)))
def test_every_relation_is_that_of_the_fractions(a: Any, b: Any, tolerance: Any) -> None:
    m, p, t = exactly(a), exactly(b), exactly(tolerance)
    assert equal("x", a, b, tolerance, "r").holds == (abs(m - p) <= t)
    assert at_most("x", a, b, tolerance, "r").holds == (m <= p + t)
    assert at_least("x", a, b, tolerance, "r").holds == (m >= p - t)


@given(NUMBERS, NUMBERS, st.floats(0, 1e6))
def test_what_is_stored_has_the_same_relation(a: Any, b: Any, tolerance: float) -> None:
    """A journal can be judged again: doubles and texts decide as the numbers did."""
    gap = at_most("x", a, b, tolerance, "r")
    stored = GapRecord.of(gap)
    again = [Fraction(side) for side in (stored.measured, stored.predicted)]
    assert (again[0] <= again[1] + Fraction(stored.tolerance)) == gap.holds
    assert (again[0] == again[1]) == (exactly(a) == exactly(b))


@given(st.floats(-10, 10), st.floats(0, 3))
def test_on_the_edge_of_a_tolerance_nothing_is_rounded(predicted: float, tolerance: float) -> None:
    edge = Fraction(predicted) + Fraction(tolerance)
    assert at_most("x", edge, predicted, tolerance, "r").holds
    assert at_most("x", edge + TINY, predicted, tolerance, "r").fails
    assert equal("x", edge + TINY, predicted, tolerance, "r").fails
    low = Fraction(predicted) - Fraction(tolerance)
    assert at_least("x", low, predicted, tolerance, "r").holds
    assert at_least("x", low - TINY, predicted, tolerance, "r").fails


def test_a_tolerance_is_not_a_power_of_ten_wider() -> None:
    for make, off in ((equal, 2), (at_most, 2), (at_least, -2)):
        assert make("x", 10 + off, 10, 1, "one").fails
        assert make("x", 10 + off, 10, 2, "two").holds


def test_numbers_beyond_doubles_are_compared() -> None:
    assert equal("x", 10**400, 1, 0, "exact").fails
    assert at_most("x", 10**400, 10**401, 0, "exact").holds
    assert at_most("x", 10**400, 10**401, 0, "exact").closeness == pytest.approx(0.1)
    assert sides(GapRecord.of(equal("x", 10**4000, 1, 0, "exact")))[1] == "1"
    assert GapRecord.of(equal("x", Fraction(1, 10**400), 0, 0, "exact")).measured != "0"


class TestBalls:
    """A ball holds when every number in it does, and fails when none does."""

    ball = staticmethod(lambda mid, rad: flint.arb(mid, rad))

    def test_decided_by_the_enclosure(self) -> None:
        assert at_most("x", self.ball(1, 0.5), 1.51, 0, "r").holds  # a radius is rounded up
        assert at_least("x", self.ball(1, 0.5), 0.49, 0, "r").holds
        assert equal("x", self.ball(1, 0.5), 1, 0.51, "r").holds
        assert at_most("x", 1, self.ball(2, 0.5), 0, "r").holds

    def test_surely_broken(self) -> None:
        assert at_most("x", self.ball(1, 0.25), 0.5, 0, "r").fails
        assert at_least("x", self.ball(1, 0.25), 1.5, 0, "r").fails
        assert equal("x", self.ball(1, 0.25), 2, 0.5, "r").fails

    @pytest.mark.parametrize("make", [equal, at_most, at_least])
    def test_in_between_nothing_is_decided(self, make: Any) -> None:
        gap = make("x", self.ball(1, 0.5), 1, 0.25, "r")
        assert not gap.holds
        assert not gap.fails
        assert gap.undecided is not None
        assert GapRecord.of(gap).undecided == gap.undecided

    def test_the_width_of_an_interval_is_not_forgotten(self) -> None:
        """Arb has mpmath's attribute for its middle alone."""
        for interval in (flint.arb(1) / 3, mpmath.iv.mpf([0, 1]), flint.acb(flint.arb(1, 0.1))):
            found = number(interval)
            assert found.low < found.high
        assert at_most("x", flint.arb(1) / 3, THIRD, 0, "r").undecided is not None

    def test_what_is_not_finite_is_no_evidence(self) -> None:
        assert not at_most("x", flint.arb("nan"), 1, 0, "r").holds
        assert not at_most("x", flint.arb(1, math.inf), 1, 1, "r").holds

    def test_an_undecided_ball_leaves_the_leg_undecided(self, examined: Any) -> None:
        def leg(context: object) -> Any:
            yield at_most("sum", self.ball(1, 0.5), 1, 0, "enclosed")

        record = examined(leg)
        assert record.verdict == "undecided"
        assert "sum" in record.note


class TestConstants:
    """SymPy constants are decided by as many digits as it takes, equal ones by algebra."""

    def test_nested_roots(self) -> None:
        assert equal("x", sp.sqrt(5 + 2 * sp.sqrt(6)), sp.sqrt(2) + sp.sqrt(3), 0, "r").holds
        nearly = sp.sqrt(2) + sp.sqrt(3) + sp.Rational(1, 10**300)
        assert equal("x", sp.sqrt(5 + 2 * sp.sqrt(6)), nearly, 0, "r").fails

    def test_against_exact_numbers_and_doubles(self) -> None:
        assert equal("x", sp.pi, math.pi, 0, "r").fails
        assert at_most("x", sp.pi, Fraction(22, 7), 0, "r").holds
        assert at_most("x", sp.sqrt(2), 1.4142135623730951, 0, "r").holds
        assert equal("x", sp.cos(sp.pi / 5), (1 + sp.sqrt(5)) / 4, 0, "r").holds

    def test_complex_and_symbolic_ones_are_refused(self) -> None:
        for value in (sp.I, sp.Symbol("x"), sp.sqrt(-2), sp.Symbol("k", integer=True) + 1):
            with pytest.raises(TypeError, match="one real number"):
                equal("x", value, 1, 0, "r")


class Half(float):
    """A float that claims to be at most anything."""

    def __le__(self, other: object) -> bool:
        return True


class Unit(Rational):
    """A type of some other library."""

    numerator, denominator = 3, 4
    __abs__ = __add__ = __ceil__ = __eq__ = __floor__ = __floordiv__ = None  # type: ignore
    __hash__ = __le__ = __lt__ = __mod__ = __mul__ = __neg__ = __pos__ = None  # type: ignore
    __pow__ = __radd__ = __rfloordiv__ = __rmod__ = __rmul__ = __round__ = None  # type: ignore
    __rpow__ = __rtruediv__ = __truediv__ = __trunc__ = None  # type: ignore


def test_other_libraries_and_subclasses() -> None:
    assert at_most("x", Half(2.0), 1, 0, "r").fails
    assert number(Unit()) == Number(Fraction(3, 4), Fraction(3, 4))
    assert number(np.array(0.5)) == number(torch.tensor(0.5)) == Number(0.5, 0.5)
    assert number(np.float32(0.1)).low == Fraction(13421773, 2**27)
    assert number(torch.tensor(1.5, dtype=torch.bfloat16)).low == 1.5
    assert number(torch.nn.Parameter(torch.tensor(0.5))).low == 0.5
    assert number(1 + 0j) == number(mpmath.mpc(1, 0)) == number(np.complex64(1)) == Number(1, 1)
    tenth = number(sp.Float("0.1", 30)).low
    assert tenth != Fraction(0.1)
    assert abs(Fraction(tenth) - Fraction(1, 10)) < TINY


REFUSED = {
    "complex": 1 + 2j,
    "complex-nan": complex(1, math.nan),
    "numpy-complex": np.complex128(1j),
    "mpc": mpmath.mpc(1, 1),
    "acb": flint.acb(1, 1),
    "acb-perhaps": flint.acb(1, flint.arb(0, 0.1)),
    "array": np.array([1.0]),
    "tensor": torch.tensor([1.0]),
    "matrix": sp.Matrix([1]),
    "list": [1],
    "none": None,
    "text": "many",
    "digits": "1",
    "bool": True,
    "numpy-bool": np.True_,
    "tensor-bool": torch.tensor(True),
    "sympy-bool": sp.true,
    "timedelta": np.timedelta64(5),
    "object-array": np.array(None),
    "masked": np.ma.masked,
    "object": object(),
    "function": math.sqrt,
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED)
def test_what_is_no_real_number_is_refused_by_name(value: Any) -> None:
    for side in ({"measured": value}, {"predicted": value}, {"tolerance": value}):
        sides = {"measured": 1, "predicted": 1, "tolerance": 0} | side
        with pytest.raises(TypeError, match=r"'x'.* must be one real number, not"):
            equal("x", why="r", **sides)


def test_a_refusal_is_an_error_of_the_leg(examined: Any) -> None:
    record = examined(lambda context: [equal("weights", np.array([1.0, 20.0]), 1, 9, "r")])
    assert record.verdict == "error"
    assert "weights" in record.note
    assert "numpy.ndarray of shape (2,)" in record.note


def test_numbers_that_would_take_hours_are_refused() -> None:
    for value in (Decimal("1e999999999"), mpmath.mpf(2) ** (4 * MAX_EXPONENT)):
        with pytest.raises(OverflowError, match="compare logarithms"):
            equal("x", value, 1, 0, "r")


def test_a_value_that_is_changed_later_changes_no_gap() -> None:
    weight = torch.tensor(1.0)
    gap = equal("weight", weight, 1, 0, "r")
    weight += 1
    assert gap.holds
    assert GapRecord.of(gap).measured == 1


def test_a_copied_gap_is_as_exact() -> None:
    import dataclasses
    import pickle

    gap = equal("x", THIRD + TINY, THIRD, 0, "exact")
    for copy in (dataclasses.replace(gap, name="y"), pickle.loads(pickle.dumps(gap))):
        assert isinstance(copy, Gap)
        assert copy.fails
        assert copy.measured == THIRD + TINY


class _Small:
    """A number that says of itself what it is not."""

    def __le__(self, other: object) -> bool:
        return True

    def __float__(self) -> float:
        return 0.0

    def __index__(self) -> int:
        return 0

    def item(self) -> float:
        return 0.0

    def as_integer_ratio(self) -> tuple[int, int]:
        return 0, 1

    def as_tuple(self) -> object:
        return Decimal(0).as_tuple()

    def __getitem__(self, place: object) -> float:
        return 0.0


@pytest.mark.parametrize("base", [int, float, Fraction, Decimal, np.float64])
def test_a_subclass_of_a_number_is_the_number_beneath(base: type) -> None:
    assert number(type("Lying", (_Small, base), {})(7)) == number(7)


def test_a_subclass_of_an_array_without_axes_is_the_number_in_it() -> None:
    assert number(np.array(7.0).view(type("Lying", (_Small, np.ndarray), {}))) == number(7)


def test_a_constant_of_which_nothing_tells_whether_it_is_on_the_edge_is_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nested, plain = sp.sqrt(2 + sp.sqrt(3)), (sp.sqrt(6) + sp.sqrt(2)) / 2
    assert equal("root", nested, plain).holds
    monkeypatch.setattr(sp.Expr, "equals", lambda *_: None)
    doubtful = equal("root", nested, plain)
    assert not doubtful.holds
    assert "too wide to compare" in (doubtful.undecided or "")


def test_the_tolerance_of_a_tight_bound_is_the_one_that_is_given() -> None:
    for measured, held in ((0.95, True), (0.94, False), (0.6, False), (1.01, False)):
        assert tight("x", measured, 1.0, 0.051, "a twentieth").holds is held
