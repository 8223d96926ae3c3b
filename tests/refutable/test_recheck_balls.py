"""The balls of claims-recheck hold what mpmath finds, for every number that a ball stands for."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.recheck_balls import Ball, WideError

NUMBERS = st.fractions(-60, 60, max_denominator=10**12)
FUNCTIONS = {
    "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "inverse": lambda x: 1 / x
}  # fmt: skip


def holds(ball: Ball, exact: mpmath.mpf) -> bool:
    return bool(mpmath.mpf(ball.low) <= exact * mpmath.mpf(2) ** ball.bits <= mpmath.mpf(ball.high))


@settings(max_examples=300, derandomize=True)
@given(NUMBERS, NUMBERS, st.sampled_from([60, 128, 300]), st.sampled_from([0, 1, 2**20, 2**55]))
def test_every_number_of_a_ball_is_taken_along(
    x: Fraction, y: Fraction, bits: int, wider: int
) -> None:
    with mpmath.workprec(900):
        one, two = (Ball(bits, Ball.of(n, bits).middle, 1 + wider) for n in (x, y))
        points = [[mpmath.mpf(end) / mpmath.mpf(2) ** bits for end in (b.low, b.high)]
                  for b in (one, two)]  # fmt: skip
        for name, function in FUNCTIONS.items():
            try:
                found = getattr(one, name)()
            except WideError:
                continue
            assert all(holds(found, function(point)) for point in points[0])
        for a in points[0]:
            for b in points[1]:
                assert holds(one + two, a + b)
                assert holds(one - two, a - b)
                assert holds(one * two, a * b)
                assert holds(one**3, a**3)


def test_balls_are_sharp_enough_to_decide() -> None:
    """exp(log x) is x to all but some digits of the unit."""
    for x in (Fraction(1, 7), Fraction(3), Fraction(10**6, 3)):
        back = Ball.of(x, 200).log().exp()
        assert back.away(x) < Fraction(10**9, 2**200)


@pytest.mark.parametrize("name", ["log", "sqrt", "inverse"])
def test_what_may_be_0_is_refused(name: str) -> None:
    with pytest.raises(WideError):
        getattr(Ball(60, 5, 5), name)()
