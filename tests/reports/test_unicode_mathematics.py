"""Statements on a terminal keep their meaning: nothing that stands in a brace loses it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refutable import Claim, claims
from refutable.reports import unicode_mathematics

READ = {
    r"\tfrac2B": "2/B",
    r"\tfrac1P E[x]": "(1/P)E[x]",
    r"e^{-2\delta^2C_j}": "e^{−2δ²C_j}",
    r"P^{-(1-\kappa_s)}": "P^{−(1−κ_s)}",
    r"\Phi_{p\to v_1}": "Φ_{p→v_1}",
    r"m \ne n,\ \Pr(x)": "m ≠ n, Pr(x)",
    r"\sqrt{2\epsilon/z}": "√(2ϵ/z)",
    r"x'\le\tfrac12(x-\sqrt a)": "x′ ≤ ½(x − √a)",
    r"\Delta\le-\Omega(1)": "Δ ≤ −Ω(1)",
    r"O(\log\log P)": "O(log log P)",
    r"\max_{m\notin\{1,n\}}A_m": "max_{m ∉ {1,n}} A_m",
    r"A \implies B": "A ⟹ B",
    r"Words, $x^2$ and $\frac{a+b}{2}$.": "Words, x² and (a + b)/2.",
    r"\nosuch x": r"\nosuch x",
}


@pytest.mark.parametrize("latex", READ)
def test_a_formula_is_read_as_it_is_meant(latex: str) -> None:
    assert unicode_mathematics.text(latex) == READ[latex]


@pytest.mark.parametrize("claim", claims.CLAIMS, ids=lambda claim: str(claim.id))
def test_every_statement_of_the_paper_comes_without_commands(claim: Claim) -> None:
    shown = unicode_mathematics.text(claim.statement)
    assert "\\" not in shown
    assert "  " not in shown


@given(st.text(alphabet=r"\{}$_^ax1\x1b\u202e", max_size=40))
def test_whatever_is_written_is_one_line_that_can_be_seen(latex: str) -> None:
    shown = unicode_mathematics.text(latex)
    assert all(c.isprintable() or unicodedata.category(c) == "Zs" for c in shown)
