"""Ladders show what they claim: what they cannot tell is undecided, what leads elsewhere fails."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from refutable import scaling
from refutable.gap import Gap
from refutable.rungs import MIN_RUNGS, MIN_SPAN, Ladder, Numbers

TEN = math.log(10)
X = [TEN * k for k in scaling.rungs(20, 100, 9)]
DECADES = [TEN * k for k in range(10, 60, 5)]


def power(x: Numbers, y: Numbers, exponent: float, **rest: Any) -> list[Gap]:
    return list(scaling.power_law("y", x, y, exponent, **rest))


def limit(y: Numbers, value: float, tolerance: float = 1e-3, **rest: Any) -> list[Gap]:
    x = rest.pop("x", X)
    return list(scaling.limit("y", x, y, value, tolerance=tolerance, why="r", **rest))


def along(law: Callable[[float], float], x: Sequence[float] = X) -> list[float]:
    return [law(value) for value in x]


def bent_by(share: float) -> Callable[[float], float]:
    """2 x and a share of its logarithm."""
    return lambda x: 2 * x + share * math.log(x)


def outcome(gaps: Sequence[Gap]) -> str:
    if any(gap.fails for gap in gaps):
        return "fails"
    return "holds" if all(gap.holds for gap in gaps) else "undecided"


class TestValidator:
    """One validator for both laws."""

    @pytest.mark.parametrize(
        ("x", "y"),
        [
            ([*X[:-1], math.nan], X),
            ([*X[:-1], math.inf], X),
            (X, X[:-1]),
            ([*X[:-1], X[0]], X),
            ([X, X], [X, X]),
            (["a"] * 9, X),
            (X, ["a"] * 9),
            (X, [1 + 1j] * 9),
        ],
    )
    def test_rungs_are_finite_distinct_and_one_for_each_value(self, x: Any, y: Any) -> None:
        with pytest.raises((ValueError, TypeError)):
            power(x, y, 1)
        with pytest.raises((ValueError, TypeError)):
            limit(y, 1, x=x)

    @pytest.mark.parametrize("number", range(MIN_RUNGS))
    def test_too_few_rungs_decide_nothing(self, number: int) -> None:
        for gaps in (power(X[:number], X[:number], 1), limit([1.0] * number, 1, x=X[:number])):
            assert outcome(gaps) == "undecided"
            assert "give at least 6" in str(gaps[0].undecided)
        with pytest.raises(ValueError, match="too few"):
            scaling.fit_power(X[:number], X[:number])

    def test_enough_rungs_decide(self) -> None:
        assert outcome(power(X[:MIN_RUNGS], X[:MIN_RUNGS], 1)) == "holds"

    def test_too_short_a_span_decides_nothing(self) -> None:
        for share, found in ((0.99, "undecided"), (1.01, "holds")):
            x = np.linspace(5, 5 + share * MIN_SPAN, 9)
            assert outcome(power(x, x, 1)) == found
            assert outcome(limit([1 + math.exp(-9 * t) for t in x], 1, x=x)) == found
        narrow = np.linspace(100, 100.1, 9)
        (gap,) = power(np.log(narrow), narrow / 50, 2)
        assert "spans a factor of 1.001" in str(gap.undecided)

    @pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("rung", [0, 4, 8])
    def test_what_was_not_measured_fails(self, missing: float, rung: int) -> None:
        y = [1.0] * 9
        y[rung] = missing
        for gaps in (power(X, y, 0), limit(y, 1)):
            assert outcome(gaps) == "fails"
            assert gaps[0].witness is not None

    def test_the_order_of_rungs_is_of_no_account(self) -> None:
        y = along(lambda x: 0.7 * x + math.exp(-x / 9))
        shuffled = np.random.default_rng(0).permutation(9)
        again = power([X[i] for i in shuffled], [y[i] for i in shuffled], 0.7)
        assert [gap.measured for gap in again] == [gap.measured for gap in power(X, y, 0.7)]
        y = along(lambda x: 1 + math.exp(-x / 9))
        again = limit([y[i] for i in shuffled], 1, x=[X[i] for i in shuffled])
        assert [gap.measured for gap in again] == [gap.measured for gap in limit(y, 1)]


class TestLattice:
    """Rungs that share a period do not see what swings with it."""

    @pytest.mark.parametrize(
        "x",
        [
            DECADES,
            [math.log(2) * k for k in range(5, 45, 4)],
            [1.7 * k for k in range(3, 12)],
            [1.7 * k for k in (3, 5, 8, 10, 13, 15, 18)],  # steps of 2 and 3
            [TEN * k for k in (10, 13, 20, 24, 31, 37)],  # irregular, and still decades
            [1.7 * k + 0.02 * (-1) ** k for k in range(3, 12)],  # nearly in phase
            [math.log(2**k) + 1e-9 * k for k in (9, 10, 13, 14, 17)] + [math.log(2**20)],
        ],
    )
    def test_it_is_remarked_upon(self, x: list[float]) -> None:
        for gaps in (power(x, along(lambda t: 2 * t, x), 2), limit([1.0] * len(x), 1, x=x)):
            assert outcome(gaps) == "holds"
            assert any("multiples of" in remark for gap in gaps for remark in gap.remarks)

    @pytest.mark.parametrize("number", [6, 9, 13, 41])
    def test_rungs_of_two_ratios_are_not(self, number: int) -> None:
        x = [TEN * k for k in scaling.rungs(20, 100, number)]
        assert (x[0], x[-1], len(x)) == (20 * TEN, 100 * TEN, number)
        assert not any(gap.remarks for gap in power(x, along(lambda t: 2 * t, x), 2))

    def test_an_oscillation_that_decades_hide_is_seen_by_two_ratios(self) -> None:
        def law(x: float) -> float:
            return 2 * x + math.log(1 + 0.8 * math.sin(2 * math.pi * x / TEN + 1))

        assert outcome(power(DECADES, along(law, DECADES), 2)) == "holds"
        assert outcome(power(X, along(law), 2)) != "holds"


class TestPowerLaw:
    """True powers hold, false ones fail, and noise is neither."""

    @pytest.mark.parametrize("exponent", [-1.5, 0.0, 0.7])
    def test_the_right_power_and_one_off_by_a_hundredth(self, exponent: float) -> None:
        y = along(lambda x: exponent * x + 3 + math.exp(-x / 20))
        assert outcome(power(X, y, exponent)) == "holds"
        for off in (-0.01, 0.01):
            assert outcome(power(X, y, exponent + off)) == "fails"

    @pytest.mark.parametrize(
        "law",
        [
            lambda x: x + math.log(x),
            lambda x: x + math.log1p(math.exp(x / 2 - 40 * TEN)),
            lambda x: x + 1e-4 * (x - 140) ** 2,
            lambda x: x * 1.02,
            lambda x: x + 1.5 * math.sin(x / 40),
        ],
        ids=["logarithm", "crossover", "bent", "off", "slow swing"],
    )
    def test_false_laws_fail(self, law: Callable[[float], float]) -> None:
        gaps = power(X, along(law), 1)
        assert outcome(gaps) == "fails"
        witness = next(gap.witness for gap in gaps if gap.fails)
        assert witness is not None
        assert len(witness["local slopes"]) == len(X) - 1
        assert witness["rungs"] == {"log x": X}

    def test_noise_is_undecided_and_gets_advice(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(30):
            y = np.array(X) / 2 + 2 * rng.normal(size=9)
            gaps = power(X, y, 0.5)
            assert outcome(gaps) == "undecided"
            assert "more rungs, or less noise" in str([gap.undecided for gap in gaps])
        assert outcome(power(X, np.array(X) * 0.9 + 0.1 * rng.normal(size=9), 0.5)) == "fails"

    def test_the_width_of_the_interval_counts(self) -> None:
        rng = np.random.default_rng(1)
        y = np.array(X) / 2 + 0.5 * rng.normal(size=9)
        gaps = {gap.name: gap for gap in power(X, y, scaling.fit_power(X, y).exponent)}
        assert gaps["y: exponent"].holds
        assert gaps["y: interval half-width"].undecided is not None
        assert gaps["y: interval half-width"].measured > 0.005

    def test_a_law_that_sets_in_higher_is_told_so(self) -> None:
        gaps = power(X, along(lambda x: 0.5 * x + 30 * math.exp(-x / 60)), 0.5)
        assert outcome(gaps) == "fails"
        assert "start higher" in str(next(gap.witness for gap in gaps if gap.fails))

    @pytest.mark.parametrize("exponent", [1.9, -0.3])
    def test_another_power_is_called_one_and_not_noise(self, exponent: float) -> None:
        """Slopes that differ in their last digits neither scatter nor go anywhere."""
        gaps = power(X, along(lambda x: exponent * x + 1 / 3), 2)
        (advice,) = {str((gap.witness or {})["advice"]) for gap in gaps if gap.fails}
        assert advice == (
            f"the local slopes are {exponent} throughout: it is another power than claimed"
        )

    def test_a_power_that_still_grows_is_not_called_another(self) -> None:
        """By a hundredth of what it misses, over the whole ladder."""
        gaps = power(X, along(lambda x: 1.5 * x + 1e-5 * x**2), 2)
        advice = str(next(gap.witness for gap in gaps if gap.fails))
        assert "start higher: the local slopes go from 1.501 to 1.504, towards 2" in advice

    def test_slopes_without_the_logarithm_say_so(self) -> None:
        gaps = power(X, along(lambda x: 1.9 * x + math.log(x)), 2, log_power=1)
        advice = str(next(gap.witness for gap in gaps if gap.fails))
        assert "slopes, the power of the logarithm divided out, are 1.9 throughout" in advice

    def test_what_could_not_be_told_apart_is_said(self) -> None:
        (main, *_) = power(X, along(lambda x: 2 * x), 2, x_label="log P")
        power_of_log = float(main.why.rsplit("(log P)^", 1)[1].split(" ")[0])
        for times, found in ((0.4, "holds"), (3, "fails")):
            y = along(bent_by(times * power_of_log))
            assert outcome(power(X, y, 2)) == found

    def test_a_known_power_of_the_logarithm_needs_sizes_above_one(self) -> None:
        with pytest.raises(ValueError, match="above 1"):
            power(np.linspace(-1, 8, 9), np.linspace(-1, 8, 9), 1, log_power=1)


class TestLimit:
    """All rungs have a say in a limit."""

    @pytest.mark.parametrize(
        "law",
        [
            lambda x: 0.6 + math.exp(-x / 9),
            lambda x: 0.6 - math.exp(-x / 9),
            lambda x: 0.6 + 0.05 / x,
            lambda x: 0.6 + 0.001 / math.log(x),
            lambda x: 0.6 + math.exp(-x / 9) * math.sin(x),
            lambda x: 0.6 + 1e-16 * math.sin(99 * x),
        ],
        ids=["above", "below", "1/x", "1/log x", "swings and settles", "rounding"],
    )
    def test_what_tends_there_holds(self, law: Callable[[float], float]) -> None:
        assert outcome(limit(along(law), 0.6)) == "holds"

    @pytest.mark.parametrize(
        ("law", "value"),
        [
            (lambda x: 0.6008 + math.exp(-x / 9), 0.6),
            (lambda x: 0.5992 - math.exp(-x / 9), 0.6),
            (lambda x: 0.6 + 0.4 * math.sin((x - X[-1]) / 30), 0.6),
            (lambda x: 1 / math.log(x), 1 / math.log(X[-1])),
            (lambda x: 1 / math.log(x), 1 / math.log(1.001 * X[-1])),
            (lambda x: math.exp(-x / 100), math.exp(-X[-1] / 100)),
            (lambda x: 0.6 + 1e-5 * (x - X[0]), 0.6 + 1e-5 * (X[-1] - X[0])),
            (lambda x: 0.6 + 4e-6 * (x - X[0]), 0.6),
            (lambda x: 0.7 + math.exp(-x / 9), 0.6),
        ],
        ids=["settled above", "settled below", "swinging", "passing by", "about to pass", "passing "
             "an exponential", "rising by", "creeping away", "elsewhere"],
    )  # fmt: skip
    def test_what_stopped_elsewhere_or_passes_by_fails(
        self, law: Callable[[float], float], value: float
    ) -> None:
        gaps = limit(along(law), value)
        assert outcome(gaps) == "fails"
        assert "start higher" in str(next(gap.witness for gap in gaps if gap.fails))

    @pytest.mark.parametrize("blur", [0.0, 1e-16])
    def test_a_value_that_stays_is_called_another_limit(self, blur: float) -> None:
        """Its last digits lead nowhere."""
        gaps = limit([1.5 + blur * (k % 2) for k in range(9)], 1.0)
        advised = {str((gap.witness or {})["advice"]) for gap in gaps if gap.fails}
        assert {advice.partition(";")[0] for advice in advised} == {
            "it stays at 1.5 on the upper half, another limit than claimed"
        }

    def test_at_the_top_the_tolerance_decides(self) -> None:
        law = along(lambda x: 0.6 + 0.2 / x)
        assert outcome(limit(law, 0.6, 0.2 / X[-1] * 1.01)) == "holds"
        assert outcome(limit(law, 0.6, 0.2 / X[-1] * 0.99)) == "fails"

    def test_a_return_within_the_tolerance_is_allowed_and_a_wider_one_not(self) -> None:
        bump = [0.0] * 9
        for size, found in ((0.9e-3, "holds"), (1.2e-3, "fails")):
            bump[6] = size
            y = [0.6 + b + math.exp(-x / 3) for b, x in zip(bump, X, strict=True)]
            moved = next(gap for gap in limit(y, 0.6) if "moves away" in gap.name)
            assert moved.holds == (found == "holds")

    @pytest.mark.parametrize("number", [9, 17])
    def test_a_steep_fall_to_what_is_left_of_rounding_is_no_noise(self, number: int) -> None:
        """Its first bend is wide, and its last digits turn to and fro."""
        x = [TEN * k for k in scaling.rungs(20, 100, number)]
        y = [1 + 30 * math.exp(-0.2 * at) + 1e-13 * (-1) ** k for k, at in enumerate(x)]
        assert outcome(limit(y, 1.0, 1e-12, x=x)) == "holds"

    @pytest.mark.parametrize("number", [6, 7, 9, 12])
    def test_noise_is_not_called_false(self, number: int) -> None:
        x = [TEN * k for k in scaling.rungs(20, 100, number)]
        rng = np.random.default_rng(number)
        found = {
            noise: [
                outcome(limit(0.6 + noise * rng.normal(size=number), 0.6, x=x)) for _ in range(100)
            ]
            for noise in (1e-5, 1e-4, 1e-2)
        }
        assert set(found[1e-5]) == {"holds"}
        assert found[1e-4].count("holds") >= 98
        assert found[1e-2].count("holds") == 0
        # Six rungs look smooth with a chance of 0.017, more of them with one of 1e-3.
        assert found[1e-2].count("fails") <= (5 if number == 6 else 1)

    def test_noise_about_another_value_fails(self) -> None:
        rng = np.random.default_rng(3)
        y = 0.7 + 1e-2 * rng.normal(size=9)
        assert outcome(limit(y, 0.6)) == "fails"

    def test_places_are_named_by_the_label(self) -> None:
        names = [limit([1.0] * 9, 1, x_label=label)[0].name for label in ("log P", "depth")]
        assert names == ["y: at P = 1e100", "y: at depth = 230.3"]
        assert limit([1.0] * 9, 1)[0].name == "y: at x = 1e100"


def test_public_names_are_attributes_and_take_positions() -> None:
    import refutable

    assert list(refutable.scaling.power_law("y", X, X, 1))
    assert list(refutable.scaling.limit("y", X, [1.0] * 9, 1, tolerance=1, why="r"))


def test_ladders_sort_and_keep_pairs_together() -> None:
    ladder = Ladder.of("y", X[::-1], along(lambda x: 2 * x, X[::-1]))
    assert ladder.x.tolist() == X
    assert ladder.y.tolist() == [2 * x for x in X]
    assert ladder.slopes.tolist() == pytest.approx([2.0] * 8)
