"""Symbolic evidence: an identity of rational functions is decided by expanding a numerator."""

from __future__ import annotations

import sympy as sp

from claims.checking.gap import Gap, identical


def identity(name: str, left: sp.Expr, right: sp.Expr, why: str) -> Gap:
    """Left and right are the same rational function of their symbols.

    Decided, not simplified: over a common denominator the numerator of the difference is expanded;
    a polynomial is zero exactly when its expansion is. Raises ValueError when an expression is not
    rational in its symbols (write exp(s) as a positive symbol first).
    """
    numerator, _ = sp.fraction(sp.together(left - right))
    symbols = sorted(numerator.free_symbols, key=str)
    if symbols and not numerator.is_polynomial(*symbols):
        raise ValueError(f"{name}: not rational in {symbols}; replace transcendental terms first")
    return identical(name, sp.expand(numerator), 0, why)
