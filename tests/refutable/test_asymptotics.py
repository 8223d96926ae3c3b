"""Statements of growth as objects, compared with what a ladder measured."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

from refutable import O, Theta, ladder, ledger, o, scaling
from refutable.asymptotics import Order
from refutable.check import check_leg
from refutable.claim import Kind, Verdict
from refutable.decorators import claim, leg
from refutable.gap import Gap

SIZES = scaling.sizes(16, 2**20, 12)
HIGH = [Fraction(10) ** k for k in (20, 25, 32, 37, 44, 49, 56, 61, 68, 73, 80, 100)]


def outcome(gaps: list[Gap]) -> str:
    if any(gap.fails for gap in gaps):
        return "fails"
    return "holds" if all(gap.holds for gap in gaps) else "undecided"


def compared(law: Order, measure: Callable[[Any], Any], sizes: Any = SIZES, **rest: Any) -> str:
    return outcome(list(ladder(measure, sizes, name="f").follows(law, **rest)))


class TestLaw:
    """A law is an expression of one size."""

    def test_a_text_may_use_letters_that_sympy_has_taken(self) -> None:
        for letter in ("N", "S", "E", "I", "Q", "P", "kappa"):
            assert Theta(f"{letter}**2").size == letter
            assert Theta(f"{letter}**2 * log({letter})").powers == (2, 1)

    def test_an_expression_and_a_text_are_one_law(self) -> None:
        N = sp.Symbol("N", positive=True)
        assert Theta(sp.sqrt(N) * sp.log(N) ** 3) == Theta("sqrt(N)*log(N)**3")
        assert str(O(3 / N)) == "O(3/N)"

    @pytest.mark.parametrize("law", ["3", "N*M", "2**k * j"])
    def test_it_has_one_symbol(self, law: str) -> None:
        with pytest.raises(ValueError, match="one symbol"):
            Theta(law)

    def test_powers_are_known_only_of_powers(self) -> None:
        assert Theta("5/N**2").powers == (-2, 0)
        for other in ("2**N", "N + N**2", "factorial(N)", "N**2*exp(-N)"):
            assert Theta(other).powers is None

    def test_it_is_evaluated_where_doubles_end(self) -> None:
        assert Theta("N**3").log_at(10**200) == pytest.approx(600 * math.log(10))
        assert Theta("2**N").log_at(10**6) == pytest.approx(10**6 * math.log(2))
        with pytest.raises(ValueError, match="not positive"):
            Theta("5 - N").log_at(7)


class TestTheta:
    """As large as the law."""

    @pytest.mark.parametrize(
        ("law", "measure"),
        [
            ("N**2", lambda n: 3 * n * n),
            ("N*log(N)", lambda n: n * math.log(n)),
            ("1/N", lambda n: Fraction(2, n)),
            ("N**2 + N", lambda n: n * n + n),
            ("2**N", lambda n: 7 * 2**n),
        ],
    )
    def test_true_ones_hold(self, law: str, measure: Callable[[Any], Any]) -> None:
        sizes = SIZES if law != "2**N" else scaling.sizes(8, 200)
        assert compared(Theta(law), measure, sizes) == "holds"

    @pytest.mark.parametrize(
        "law", ["N**2", "N", "N*log(N)**2", "N**(101/100) * log(N)", "N + N**2", "2**N"]
    )
    def test_false_ones_fail(self, law: str) -> None:
        assert compared(Theta(law), lambda n: n * math.log(n)) == "fails"

    def test_another_size_is_refused_and_the_values_have_to_be_positive(self) -> None:
        with pytest.raises(ValueError, match="say ladder"):
            ladder(lambda n: n, SIZES, size="P").follows(Theta("N"))
        with pytest.raises(ValueError, match="at N = 16 it is -16"):
            compared(Theta("N"), lambda n: -n)
        with pytest.raises(ValueError, match="sizes of a ladder are positive"):
            ladder(lambda n: n, [0, 1, 2])


class TestStart:
    """Where a law sets in is found, and said."""

    @staticmethod
    def late(n: int) -> float:
        return n**2 * (1 + 200 / n)

    def test_it_is_the_lowest_rung_from_which_all_holds(self) -> None:
        gaps = list(ladder(self.late, scaling.sizes(16, 2**26, 20)).follows(Theta("N**2")))
        assert outcome(gaps) == "holds"
        assert "the law sets in at N = " in gaps[0].why
        assert "smaller rungs are not judged" in gaps[0].why
        assert gaps[0].series is not None
        assert gaps[0].series.judged_from > gaps[0].series.x[0]
        assert len(gaps[0].series.x) == 20

    def test_a_law_that_holds_everywhere_says_so(self) -> None:
        (main, *_) = ladder(lambda n: n, SIZES).follows(Theta("N"))
        assert "judged from N = 16, the lowest rung" in main.why

    def test_no_more_than_the_lower_half_is_left_out(self) -> None:
        """Otherwise six rungs could be picked on which a false law looks true."""
        assert compared(Theta("N**2"), lambda n: n**2 * (1 + 2e6 / n)) == "fails"
        assert compared(Theta("N"), lambda n: n if n > 2**17 else n * n) == "fails"

    def test_it_may_be_given(self) -> None:
        sizes = scaling.sizes(16, 2**26, 20)
        high = list(ladder(self.late, sizes).follows(Theta("N**2"), start=10**5))
        assert outcome(high) == "holds"
        assert "judged from N = " in high[0].why
        low = list(ladder(self.late, sizes).follows(Theta("N**2"), start=16))
        assert outcome(low) == "fails"

    def test_too_few_rungs_are_undecided(self) -> None:
        assert compared(Theta("N"), lambda n: n, SIZES[:5]) == "undecided"
        assert compared(O("N"), lambda n: n, [16, 17, 18, 19, 20, 21]) == "undecided"

    def test_it_leaves_enough_rungs_to_judge(self) -> None:
        """Of the upper half of a short ladder nothing can be told, of another law neither."""
        short = scaling.sizes(4, 256)[:7]
        assert compared(Theta("N**2"), lambda n: n, short) == "fails"


class TestBounds:
    """At most as large as the law, and smaller than it."""

    @pytest.mark.parametrize("sizes", [SIZES, HIGH], ids=["a million", "1e100"])
    @pytest.mark.parametrize(
        ("law", "measure", "found"),
        [
            (O("N**2"), lambda n: 5 * n**2, "holds"),
            (O("N**2"), lambda n: n, "holds"),
            (O("N**2"), lambda n: n**2 - 5 * n, "holds"),
            (O("N**2"), lambda n: float(n) ** 2.02, "fails"),
            (O("N"), lambda n: n**2, "fails"),
            (o("N**2"), lambda n: n, "holds"),
            (o("N*log(N)"), lambda n: n, "holds"),
            (o("N**2"), lambda n: 0.01 * float(n) ** 2, "fails"),
            (o("N**2"), lambda n: n**2 + n, "fails"),
            (o("N"), lambda n: n**2, "fails"),
            (o("N"), lambda n: float(n) / math.log(n) ** 0.25, "undecided"),
        ],
    )
    def test_what_is_seen(
        self, law: Order, measure: Callable[[Any], Any], found: str, sizes: Any
    ) -> None:
        assert compared(law, measure, sizes) == found

    def test_a_logarithm_too_much_is_seen_where_it_matters(self) -> None:
        assert compared(O("N"), lambda n: n * math.log(n)) == "fails"

    def test_noise_is_not_called_false(self) -> None:
        import numpy as np

        rng = np.random.default_rng(0)
        for _ in range(20):
            noisy = {n: n**2 * math.exp(2 * rng.normal()) for n in SIZES}
            assert compared(O("N**2"), noisy.__getitem__) == "undecided"
            assert compared(O("N**6"), noisy.__getitem__) == "holds"


def test_a_ratio_tends_to_the_constant_of_the_law() -> None:
    climbed = ladder(lambda n: 3 * n * n + n, SIZES, name="steps")
    gaps = list(climbed.over("N**2").tends_to(3, tolerance=1e-5, why="1/N at the top"))
    assert outcome(gaps) == "holds"
    assert gaps[0].name == "steps over N**2: at N = 1048576"
    assert outcome(list(climbed.over(Theta("N**2")).tends_to(2, tolerance=0.1, why="r"))) == "fails"


def test_a_climb_that_is_compared_with_nothing_is_an_error() -> None:
    @claim("growth.lost", "Θ(N)", title="t")
    @leg("scaling")
    def lost() -> Any:
        ladder(lambda n: n, SIZES)
        ladder(lambda n: n, SIZES).follows(Theta("N"))
        yield from ladder(lambda n: n, SIZES, name="kept").follows(Theta("N"))

    found = check_leg(lost, Kind.SCALING, "quick", 0)
    assert found.verdict is Verdict.ERROR
    assert "compared with nothing" in (found.note or "")


def test_trying_starts_leaves_no_trace() -> None:
    with ledger.opened() as made:
        list(ladder(TestStart.late, SIZES).follows(Theta("N**2")))
        assert not [text for text in made.untaken.values() if "ladder" in text]


@pytest.mark.parametrize(("lowest", "highest", "number"), [(16, 32, 9), (1, 5, 9), (2, 99, 5)])
def test_sizes_are_a_ladder_or_refused(lowest: int, highest: int, number: int) -> None:
    with pytest.raises(ValueError, match=r"ladder|whole sizes"):
        scaling.sizes(lowest, highest, number)


def test_sizes_share_no_ratio() -> None:
    sizes = scaling.sizes(16, 4096)
    assert (sizes[0], sizes[-1], len(sizes)) == (16, 4096, 9)
    (main, *_) = ladder(lambda n: n, sizes).follows(Theta("N"))
    assert not main.remarks
