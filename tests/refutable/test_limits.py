"""Limits are taken with symbolic exponents: a term leads only if it does throughout the polygon."""

from __future__ import annotations

import pytest
import sympy as sp

from refutable.claim import Undecided
from refutable.claims.mae.initial_rates import Growing
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
    return all(gap.holds for gap in gaps)  # type: ignore[union-attr]


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
