"""What left the range of numbers, or what a tolerance fills, is no evidence."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
import sympy as sp
import torch
from hypothesis import strategies as st

from refutable.gap import ASTRONOMICAL, Relation, at_least, at_most, equal
from refutable.property import search
from refutable.records.results import GapRecord

INFINITIES = {
    "float": math.inf,
    "numpy": np.float32("inf"),
    "tensor": torch.tensor(math.inf),
    "decimal": Decimal("inf"),
    "sympy": sp.oo,
}


@pytest.mark.parametrize("infinite", INFINITIES.values(), ids=INFINITIES)
@pytest.mark.parametrize("make", [equal, at_most, at_least])
def test_nothing_infinite_holds(infinite: Any, make: Any) -> None:
    for measured, predicted in ((infinite, infinite), (1, infinite), (infinite, 1)):
        assert not make("x", measured, predicted, 1, "r").holds
        assert not make("x", -measured, predicted, 1, "r").holds
    assert GapRecord.of(make("x", infinite, infinite, 1, "r")).measured == "inf"


def test_what_is_broken_by_an_infinity_fails_and_what_it_would_meet_is_undecided() -> None:
    assert at_most("x", math.inf, 1, 0, "r").fails
    assert at_least("x", -math.inf, 1, 0, "r").fails
    assert equal("x", math.inf, 1, 0, "r").fails
    assert at_least("x", 1, math.inf, 0, "r").fails
    for gap in (
        at_most("x", math.inf, math.inf, 0, "r"),
        at_most("x", 1e300, math.inf, 0, "r"),
        at_least("x", math.inf, 1, 0, "r"),
        equal("x", math.inf, math.inf, 0, "r"),
    ):
        assert not gap.fails
        assert "beyond the range" in str(gap.undecided)


@pytest.mark.parametrize("nan", [math.nan, np.float64("nan"), sp.nan, Decimal("nan")], ids=repr)
@pytest.mark.parametrize("make", [equal, at_most, at_least])
def test_nan_fails(nan: Any, make: Any) -> None:
    for measured, predicted in ((nan, nan), (nan, 1), (1, nan), (nan, math.inf)):
        assert make("x", measured, predicted, 1, "r").fails


def test_an_overflowing_search_is_undecided(examined: Any) -> None:
    def leg(context: Any) -> Any:
        def gaps(x: float) -> Any:
            with np.errstate(over="ignore"):
                yield at_most("square", np.exp(x) ** 2, np.exp(1.5 * x), 0, "claimed")

        return search(context, st.floats(500, 900), gaps, examples=20)

    record = examined(leg, "property")
    assert record.verdict == "undecided"
    assert "beyond the range" in record.note


@pytest.mark.parametrize("tolerance", [math.inf, -1, math.nan, Decimal("inf")])
def test_a_tolerance_is_finite(tolerance: Any) -> None:
    with pytest.raises(ValueError, match="finite"):
        equal("x", 1, 1, tolerance, "r")


@pytest.mark.parametrize("make", [equal, at_most, at_least])
def test_an_astronomical_tolerance_is_refused(make: Any) -> None:
    for tolerance in (1e308, 10**400, ASTRONOMICAL):
        with pytest.raises(ValueError, match="nothing could exceed it"):
            make("x", 5, 1, tolerance, "generous")
    with pytest.raises(ValueError, match="nothing could exceed it"):
        make("x", 1e13, 1, 1.001e16, "a little more than a thousand times as large")


def test_a_large_tolerance_beside_large_numbers_is_not() -> None:
    assert equal("x", 1e300, 1e300 * (1 + 1e-15), 1e288, "rounding").holds
    assert equal("x", 1e300, 2e300, 1e288, "rounding").fails
    assert equal("x", ASTRONOMICAL, 0, ASTRONOMICAL, "r").holds


def test_the_record_of_what_fails_is_written_as_text() -> None:
    record = GapRecord.of(at_most("x", math.nan, math.inf, 0, "r"))
    assert (record.measured, record.predicted, record.closeness) == ("nan", "inf", None)
    assert record.relation is Relation.AT_MOST
