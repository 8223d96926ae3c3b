"""Relations between polynomials, as every decider reads them: slacks, and points that refute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.core.relational import Relational

Point = Mapping[sp.Symbol, sp.Expr]


def slack(relation: Relational) -> sp.Expr:
    """What is ≥ 0 (> 0 for a strict relation, 0 for an equation) exactly where the relation holds.

    SymPy evaluates some relations on sight, `x >= 0` of a positive symbol for one: true has slack
    1, false -1. Raises ValueError for anything but ≥, >, ≤, < and =.
    """
    if relation in (sp.true, sp.false):
        return sp.Integer(1 if relation else -1)
    if isinstance(relation, sp.Ge | sp.Gt | sp.Eq):
        return relation.lhs - relation.rhs
    if isinstance(relation, sp.Le | sp.Lt):
        return relation.rhs - relation.lhs
    raise ValueError(f"cannot decide {relation} ({type(relation).__name__})")


def is_strict(relation: Relational) -> bool:
    """Whether equality breaks the relation."""
    return isinstance(relation, sp.Gt | sp.Lt)


def symbols_of(relations: Iterable[Relational]) -> list[sp.Symbol]:
    """All symbols in an order that depends on their names alone."""
    return sorted(set().union(*(r.free_symbols for r in relations)), key=str)


def signs_of(symbols: Iterable[sp.Symbol]) -> list[Relational]:
    """What SymPy knows of the symbols' signs and therefore left out of the relations."""
    known = []
    for symbol in symbols:
        if symbol.is_positive:
            known.append(sp.StrictGreaterThan(symbol, 0, evaluate=False))
        elif symbol.is_nonnegative:
            known.append(sp.GreaterThan(symbol, 0, evaluate=False))
    return known


def domain_of(symbol: sp.Symbol) -> str:
    """The values that a symbol stands for, in words."""
    if symbol.is_positive:
        return "real, > 0"
    if symbol.is_nonnegative:
        return "real, ≥ 0"
    return "real"


def met(relation: Relational, point: Point, tolerance: sp.Expr = sp.S.Zero) -> bool:
    """Whether the relation holds at the point, up to the tolerance where the point is rounded."""
    left = slack(relation).subs(point)
    value = left if left.is_Rational else sp.N(left, 50)
    if isinstance(relation, sp.Eq):
        return bool(abs(value) <= tolerance)
    if is_strict(relation) and not tolerance:
        return bool(value > 0)
    return bool(value >= -tolerance)


def refutes(
    point: Point,
    assumptions: Sequence[Relational],
    conclusion: Relational,
    tolerance: sp.Expr = sp.S.Zero,
) -> bool:
    """Whether the point meets the assumptions, up to the tolerance, and breaks the conclusion."""
    known = signs_of(symbols_of([*assumptions, conclusion]))
    return all(met(r, point, tolerance) for r in [*known, *assumptions]) and not met(
        conclusion, point
    )
