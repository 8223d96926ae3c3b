"""Symbolic evidence: an identity of rational functions is decided by expanding a numerator."""

from __future__ import annotations

import sympy as sp

from refutable.certificate import Certificate
from refutable.gap import Gap, identical
from refutable.prove.relations import domain_of


def identity(name: str, left: sp.Expr, right: sp.Expr, why: str) -> Gap:
    """Left and right are the same rational function of their symbols.

    Decided, not simplified: over a common denominator the numerator of the difference is expanded;
    a polynomial is zero exactly when its expansion is. Raises ValueError when an expression is not
    rational in its symbols (write exp(s) as a positive symbol first).
    """
    numerator, denominator = sp.fraction(sp.together(left - right))
    symbols = sorted(numerator.free_symbols, key=str)
    if symbols and not numerator.is_polynomial(*symbols):
        raise ValueError(f"{name}: not rational in {symbols}; replace transcendental terms first")
    factors = sp.Mul.make_args(numerator)
    sums = [[sp.expand(term) for term in sp.Add.make_args(factor)] for factor in factors]
    everywhere = sorted((left - right).free_symbols, key=str)
    certificate = Certificate(
        by=f"SymPy {sp.__version__}",
        negated="the numerator of left - right over a common denominator is not 0",
        variables={str(symbol): domain_of(symbol) for symbol in everywhere},
        reductions=(f"denominator {_short(denominator)}",),
        resource={"terms expanded": sum(len(sp.Add.make_args(t)) for s in sums for t in s)},
    )
    expanded = sp.expand(sp.Mul(*(sp.Add(*terms) for terms in sums)))
    return identical(name, expanded, 0, why, certificate=certificate)


def _short(expression: sp.Expr, most: int = 120) -> str:
    text = str(expression)
    return text if len(text) <= most else f"of {sp.count_ops(expression)} operations"
