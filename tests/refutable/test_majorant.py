"""Majorants: what is read at N_0 is true for every larger N, and what grows is refused."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.prove.majorant import Majorant, NotBoundedError, closed, smaller
from refutable.prove.recording import made_once, recorded

LAWS = st.builds(
    lambda value, power: (value, power), st.just(0.0) | st.floats(1e-6, 5), st.floats(-3, 1)
)  # value·(N/N_0)^power
RATIOS = (1.0, 1.5, 10.0, 1e6, 1e30)
"""N/N_0."""


def at(law: Majorant, ratio: float) -> float:
    return float(float(law.value) * ratio ** float(law.power))


def value(law: tuple[float, float], ratio: float) -> float:
    return float(law[0] * ratio ** law[1])


@settings(max_examples=200, derandomize=True)
@given(LAWS, LAWS)
def test_sums_products_and_powers_stay_above(
    a: tuple[float, float], b: tuple[float, float]
) -> None:
    one, two = Majorant.of(*a), Majorant.of(*b)
    for ratio in RATIOS:
        x, y = value(a, ratio), value(b, ratio)
        for law, exact in (
            (one + two, x + y), (one + 1, x + 1), (one * two, x * y), (3 * one, 3 * x),
            (one**3, x**3), (one.sqrt(), math.sqrt(x)),
        ):  # fmt: skip
            assert at(law, ratio) >= exact * (1 - 1e-12)


@settings(max_examples=200, derandomize=True)
@given(st.tuples(st.floats(1e-6, 0.99), st.floats(-3, 0)))
def test_functions_of_what_does_not_grow_stay_above(a: tuple[float, float]) -> None:
    law = Majorant.of(*a)
    for ratio in RATIOS:
        x = value(a, ratio)
        assert at(law.expm1(), ratio) >= math.expm1(x) * (1 - 1e-12)
        assert at(law.exp(), ratio) >= math.exp(x) * (1 - 1e-12)
        assert at(law.over_rest(), ratio) >= x / (1 - x) * (1 - 1e-12)
        assert float(law.rest) <= 1 - x


@pytest.mark.parametrize(("start", "rate"), [(18.0, 0.7), (2.0, 1.0), (3.0, 5.0), (30.0, -1.0)])
def test_a_logarithm_stays_below_its_law(start: float, rate: float) -> None:
    law = Majorant.logarithmic(start, rate)
    for ratio in RATIOS:
        assert at(law, ratio) >= (start + rate * math.log(ratio)) * (1 - 1e-12)


def test_what_grows_is_refused() -> None:
    slow = Majorant.of(1e-9, 0.1)
    late = Majorant.logarithmic(arb(10).log() * 4, 1) * Majorant.of(arb(10) ** -0.2, -0.05)
    for law in (slow, late):  # log P/P^0.05 still grows at P = 1e4
        for ask in (lambda law=law: law.largest, law.expm1, law.exp, law.over_rest):
            with pytest.raises(NotBoundedError, match="grows"):
                ask()
    settled = Majorant.logarithmic(arb(10).log() * 9, 1) * Majorant.of(arb(10) ** -0.45, -0.05)
    assert settled.largest > 0  # and falls from 1e9 on


def test_what_may_reach_1_has_no_rest() -> None:
    with pytest.raises(NotBoundedError, match="below 1"):
        Majorant.of(1, -1).over_rest()


def test_nothing_negative_or_infinite_is_a_majorant() -> None:
    for value_ in (-1, arb("inf"), arb("nan")):
        with pytest.raises(NotBoundedError):
            Majorant.of(value_)
    with pytest.raises(NotBoundedError):
        Majorant.logarithmic(-1, 1)


def test_below_is_strict_for_every_size() -> None:
    assert Majorant.of(1, -1).below(Majorant.of(2, -1))
    assert not Majorant.of(1, -1).below(Majorant.of(1, -1))
    assert not Majorant.of(1, -0.5).below(Majorant.of(2, -1))  # crosses at some larger N


def test_a_law_that_falls_is_preferred_to_one_that_grows() -> None:
    falling, growing = Majorant.of(3, -0.1), Majorant.of(1, 0.1)
    assert smaller(growing, falling) is falling
    assert smaller(falling, Majorant.of(2, -0.1)).value == 2


def test_what_is_required_is_required_by_an_optimising_python_too() -> None:
    """`python -O` leaves assertions out: no bound may rest on one."""
    asked = "from refutable.prove.majorant import Majorant; Majorant.of(2).require_below_one()"
    done = subprocess.run(
        [sys.executable, "-O", "-c", asked], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "NotBoundedError" in done.stderr


def test_a_bootstrap_closes_where_smaller_laws_follow() -> None:
    def follows(law: Majorant) -> list[Majorant]:
        return [0.01 + 0.5 * law]

    (law,) = closed(1, follows)
    assert follows(law)[0].below(law)
    with pytest.raises(NotBoundedError, match="do not follow from themselves"):
        closed(1, lambda law: [1 + law])


def test_bounds_are_made_once_and_anew_where_they_are_recorded() -> None:
    made = []

    @made_once
    def bound(size: int) -> Majorant:
        made.append(size)
        return Majorant.of(size)

    assert bound(2) is bound(2)
    with recorded():
        assert bound(2).name
    assert made == [2, 2]
