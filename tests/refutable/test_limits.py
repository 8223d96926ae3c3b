"""Limits are taken with symbolic exponents: a term leads only if it does throughout the polygon."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp
from sympy.core.relational import Relational

from refutable.claim import Undecided
from refutable.claims.mae.initial_rates import Growing
from refutable.gap import Gap
from refutable.prove import limits

P, C, c = sp.symbols("P C c", positive=True)
kappa = sp.Symbol("kappa")
HALF_TO_ONE = limits.Growth((kappa,), {P: sp.S.One, C: kappa}, ((sp.S.Half,), (sp.S.One,)))
ALL = limits.Growth((kappa,), {P: sp.S.One, C: kappa}, ((sp.S.Zero,), (sp.S.One,)))


def holds(expression: sp.Expr, claimed: sp.Expr, exponent: sp.Expr) -> bool:
    found = limits.limit(
        "it", expression, claimed, lambda at: exponent.subs(kappa, at[0]), HALF_TO_ONE, "planted"
    )
    gaps = list(found)
    assert len(gaps) == 2
    return all(gap.holds for gap in gaps)


def test_the_leading_term_and_its_exponent() -> None:
    expression = (c * C**2 + P + C) / (P**2 - 3 * C)
    assert holds(expression, c * C**2 / P**2, 2 * kappa - 2)
    assert not holds(expression, C**2 / P**2, 2 * kappa - 2)
    assert not holds(expression, c * C**2 / P**2, 2 * kappa - sp.Rational(199, 100))


def test_terms_that_cancel_do_not_lead() -> None:
    found = limits.leading(C * (P + 1) - C * P, ALL)
    assert (found.term, found.exponent) == (C, kappa)


def test_where_two_terms_take_turns_nothing_is_decided() -> None:
    with pytest.raises(limits.NoLeaderError):
        limits.leading(C**2 + P, ALL)  # C² leads above κ = 1/2, P below
    assert limits.leading(C**2 + P, HALF_TO_ONE).term == C**2
    (answer,) = limits.limit("it", C**2 + P, P, lambda at: at[0], ALL, "planted")
    assert isinstance(answer, Undecided)


@pytest.mark.parametrize("sign", [1, -1])
def test_both_sides_of_the_gap_are_polygons_that_the_gap_bounds(sign: int) -> None:
    sizes = Growing(sign)
    gaps = sizes.growth.at_corners(sizes.information_gap)
    assert min(sign * gap for gap in gaps) == 0
    assert max(sign * gap for gap in gaps) == sp.Rational("0.999" if sign > 0 else "0.499")


def test_a_leading_term_that_may_vanish_is_no_limit_without_a_condition() -> None:
    """C² leads unless c = 1; then P does."""
    expression = (c - 1) * C**2 + P

    def asked(*given: Relational) -> list[Gap | Undecided]:
        growth = dataclasses.replace(HALF_TO_ONE, given=given)
        found = limits.limit(
            "it", expression, (c - 1) * C**2, lambda at: 2 * at[0], growth, "planted"
        )
        return list(found)

    (answer,) = asked()
    assert isinstance(answer, Undecided)
    assert "vanishes where c - 1 = 0, as at c = 1" in answer.reason
    (answer,) = asked(c >= 1)
    assert isinstance(answer, Undecided)
    first, second = asked(c > 1)
    assert isinstance(first, Gap)
    assert isinstance(second, Gap)
    assert first.holds
    assert second.holds
    assert first.certificate
    assert "where c - 1 is not 0" in first.certificate.reductions
    assert first.certificate.assumptions == ("c > 1",)


def test_terms_of_one_power_may_cancel_each_other() -> None:
    """P and C grow alike at κ = 1, where P - C need not lead."""
    other = sp.Symbol("D", positive=True)
    alike = limits.Growth((kappa,), {P: sp.S.One, C: kappa, other: kappa}, ALL.corners)
    (answer,) = limits.limit("it", C - other + 1, C - other, lambda at: at[0], alike, "planted")
    assert isinstance(answer, Undecided)
    assert limits.leading(C + other + 1, alike).term == C + other


def test_coefficients_are_numbers_as_they_are() -> None:
    nought = sp.sqrt(7 + 2 * sp.sqrt(10)) - sp.sqrt(2) - sp.sqrt(5)
    assert limits.leading(nought * C**2 + P, HALF_TO_ONE).term == P
    assert limits.leading((nought + 1) * C**2 + P, HALF_TO_ONE).exponent == 2 * kappa


@pytest.mark.parametrize(
    ("expression", "growth", "complaint"),
    [
        (0.5 * C, ALL, "binary floating-point"),
        (sp.sqrt(P) + C, ALL, "is no polynomial in P, C"),
        (sp.Symbol("P") + C, ALL, "2 different symbols are called P"),
        (C, limits.Growth((kappa,), {C: kappa}, ()), "without corners"),
        (C, limits.Growth((kappa,), {C: kappa**2}, ALL.corners), r"kappa\*\*2 of C is not linear"),
        (kappa, limits.Growth((), {kappa: sp.S.One}, ((),)), "make it positive"),
    ],
    ids=str,
)
def test_what_does_not_grow_as_a_power_is_refused(
    expression: sp.Expr, growth: limits.Growth, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        limits.leading(expression, growth)
