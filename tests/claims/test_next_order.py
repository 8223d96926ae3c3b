"""What a ladder's lower half leaves at the top: the next order with its own constant, no more."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refutable.claims.runs import next_order

LOG_P = [ten * math.log(10) for ten in range(20, 101, 16)]


def left_by(constant: float, power: float) -> list[float]:
    return [constant * x * math.exp(power * x) for x in LOG_P]


@pytest.mark.parametrize("constant", [-1e4, 0.01, 3.0])
@pytest.mark.parametrize("power", [-0.05, -0.1, -0.7])
def test_an_error_of_the_next_order_is_allowed_whatever_its_constant(
    constant: float, power: float
) -> None:
    errors = left_by(constant, power)
    allowed, _ = next_order.at_the_top(LOG_P, errors, power, 0.0)
    assert allowed == pytest.approx(abs(errors[-1]), rel=1e-12)


@pytest.mark.parametrize("wrong", [1e-5, 0.01, 1.0])
def test_a_limit_that_is_wrong_is_not_carried_to_the_top(wrong: float) -> None:
    errors = [wrong + error for error in left_by(0.1, -0.1)]
    allowed, why = next_order.at_the_top(LOG_P, errors, -0.1, 0.0)
    assert allowed < errors[-1] / 50
    assert "P^-0.1" in why


def test_one_rung_that_is_right_by_chance_does_not_take_the_allowance_away() -> None:
    errors = left_by(1.0, -0.1)
    allowed, _ = next_order.at_the_top(LOG_P, [0.0, *errors[1:]], -0.1, 0.0)
    assert allowed == pytest.approx(errors[-1])


def test_the_largest_error_of_the_lower_half_counts() -> None:
    """Two of three rungs that are right by chance: a median would be 0."""
    errors = left_by(1.0, -0.1)
    for number in range(3):
        lower = [error if i == number else 0.0 for i, error in enumerate(errors[:3])]
        allowed, _ = next_order.at_the_top(LOG_P, [*lower, *errors[3:]], -0.1, 0.0)
        assert allowed == pytest.approx(errors[-1])


def test_what_was_not_measured_allows_nothing() -> None:
    allowed, _ = next_order.at_the_top(LOG_P, [math.nan] * len(LOG_P), -0.1, 1e-9)
    assert allowed == 1e-9


def test_an_order_that_does_not_vanish_is_refused() -> None:
    with pytest.raises(ValueError, match="vanishes"):
        next_order.at_the_top(LOG_P, np.zeros(6).tolist(), 0.0, 1e-9)


def test_one_size_alone_has_to_be_large_enough() -> None:
    allowed, why = next_order.nothing(-0.1, LOG_P[-1], runs=2)
    assert allowed == 2 * next_order.INTEGRATION
    assert "up to" in why
    with pytest.raises(ValueError, match="not negligible"):
        next_order.nothing(-0.05, LOG_P[-1])
