"""Enumeration: finitely many whole numbers are looked at one by one."""

from __future__ import annotations

import itertools

import sympy as sp

from refutable.prove.answer import Answer
from refutable.prove.statement import Query

LABEL, EMPTY, POINT = "one by one", "no counterexample", "a counterexample"
MOST_POINTS = 20_000


def by() -> str:
    """The library and its version."""
    return f"enumeration, SymPy {sp.__version__}"


def solve(query: Query, /) -> Answer:
    """Whether some point meets all atoms; unknown unless all symbols are whole and bounded."""
    symbols = query.symbols
    if not symbols or not query.whole.issuperset(symbols):
        return Answer(found="unknown")
    ranges = [_range(query, symbol) for symbol in symbols]
    number = 1
    for values in ranges:
        if values is None:
            return Answer(found="unknown", reason="the whole numbers are not bounded one by one")
        number *= len(values)
    if number > MOST_POINTS:
        return Answer(found="unknown", reason=f"{number} points are too many to look at")
    for point in itertools.product(*(values for values in ranges if values is not None)):
        chosen = dict(zip(symbols, map(sp.Integer, point), strict=True))
        if all(atom.met_at(chosen) for atom in query.atoms):
            return Answer(found="point", point=chosen, work={"points": number})
    return Answer(found="empty", work={"points": number})


def _range(query: Query, symbol: sp.Symbol) -> range | None:
    """The whole numbers between the bounds that atoms of this symbol alone give, if both exist."""
    low: int | None = None
    high: int | None = None
    for atom in query.atoms:
        if atom.polynomial.free_symbols != {symbol} or atom.operator not in (">=", ">"):
            continue
        polynomial = sp.Poly(atom.polynomial, symbol)
        if polynomial.degree() != 1:
            continue
        slope, constant = polynomial.all_coeffs()
        bound = -constant / slope
        if slope > 0:
            least = int(sp.ceiling(bound))
            low = least if low is None else max(low, least)
        else:
            most = int(sp.floor(bound))
            high = most if high is None else min(high, most)
    return None if low is None or high is None else range(low, high + 1)
