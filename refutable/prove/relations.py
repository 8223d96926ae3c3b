"""Relations between real numbers, as every decider reads them: slacks, and points that refute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from refutable.prove import constants

Point = Mapping[sp.Symbol, sp.Expr]


def slack(relation: Boolean) -> sp.Expr:
    """What is ≥ 0 (> 0 for a strict relation, 0 for an equation) exactly where the relation holds.

    SymPy evaluates some relations on sight, `x >= 0` of a positive symbol for one: true has slack
    1, false -1. Raises ValueError for anything but ≥, >, ≤, <, = and ≠.
    """
    if relation in (sp.true, sp.false):
        return sp.Integer(1 if relation else -1)
    if isinstance(relation, sp.Ge | sp.Gt | sp.Eq | sp.Ne):
        return relation.lhs - relation.rhs
    if isinstance(relation, sp.Le | sp.Lt):
        return relation.rhs - relation.lhs
    raise ValueError(f"cannot decide {relation} ({type(relation).__name__})")


def is_strict(relation: Boolean) -> bool:
    """Whether equality breaks the relation."""
    return isinstance(relation, sp.Gt | sp.Lt)


def symbols_of(relations: Iterable[sp.Basic]) -> list[sp.Symbol]:
    """All symbols in an order that depends on their names alone."""
    return sorted(set().union(*(r.free_symbols for r in relations)), key=str)


def namesakes(symbols: Iterable[sp.Symbol]) -> str | None:
    """A complaint when different symbols share a name: nothing assumed of one is of the other."""
    by_name: defaultdict[str, list[sp.Symbol]] = defaultdict(list)
    for symbol in symbols:
        by_name[symbol.name].append(symbol)
    for name, same in sorted(by_name.items()):
        if len(same) > 1:
            said = " and ".join(sorted(map(_said, same)))
            return f"{len(same)} different symbols are called {name} ({said}): give each its name"
    return None


def _said(symbol: sp.Symbol) -> str:
    words = (
        "integer",
        "positive",
        "negative",
        "nonnegative",
        "nonpositive",
        "zero",
        "real",
        "complex",
    )
    facts = [word for word in words if getattr(symbol, f"is_{word}")]
    return facts[0] if facts else "nothing assumed"


def signs_of(symbols: Iterable[sp.Symbol]) -> list[Relational]:
    """What SymPy knows of the symbols' signs and therefore left out of the relations."""
    return [
        relation
        for symbol in symbols
        for relation in (_sign(symbol), _nonzero(symbol))
        if relation is not None
    ]


def _sign(symbol: sp.Symbol) -> Relational | None:
    least = 1 if symbol.is_integer else 0
    if symbol.is_zero:
        return sp.Equality(symbol, 0, evaluate=False)
    if symbol.is_positive:
        build = sp.GreaterThan if symbol.is_integer else sp.StrictGreaterThan
        return build(symbol, least, evaluate=False)
    if symbol.is_negative:
        build = sp.LessThan if symbol.is_integer else sp.StrictLessThan
        return build(symbol, -least, evaluate=False)
    if symbol.is_nonnegative:
        return sp.GreaterThan(symbol, 0, evaluate=False)
    if symbol.is_nonpositive:
        return sp.LessThan(symbol, 0, evaluate=False)
    return None


def _nonzero(symbol: sp.Symbol) -> Relational | None:
    said = symbol.is_positive or symbol.is_negative
    return sp.Unequality(symbol, 0, evaluate=False) if symbol.is_nonzero and not said else None


def domain_of(symbol: sp.Symbol) -> str:
    """The values that a symbol stands for, in words."""
    kind = "whole" if symbol.is_integer else "complex" if symbol.is_real is False else "real"
    for fact, text in (
        (symbol.is_zero, "0"),
        (symbol.is_positive, "> 0"),
        (symbol.is_negative, "< 0"),
        (symbol.is_nonnegative, "≥ 0"),
        (symbol.is_nonpositive, "≤ 0"),
        (symbol.is_nonzero, "not 0"),
    ):
        if fact:
            return f"{kind}, {text}"
    return kind


_STRUCTURAL = {
    "commutative", "complex", "hermitian", "antihermitian", "imaginary", "finite", "infinite",
    "real",
}  # fmt: skip
"""Facts that every finite real number shares."""


def meets_its_assumptions(symbol: sp.Symbol, value: sp.Expr) -> bool:
    """Whether a finite real number is surely one that the symbol stands for."""
    sign = constants.sign(value)
    if sign is None:
        return False
    signs = {
        "positive": sign > 0,
        "negative": sign < 0,
        "nonnegative": sign >= 0,
        "nonpositive": sign <= 0,
        "zero": sign == 0,
        "nonzero": sign != 0,
    }
    return all(
        signs.get(fact, getattr(value, f"is_{fact}", None)) is said
        for fact, said in symbol.assumptions0.items()
        if fact not in _STRUCTURAL and not fact.startswith("extended_")
    )


def met(relation: Boolean, point: Point) -> bool | None:
    """Whether the relation holds at the point; None where arithmetic does not decide it."""
    sign = constants.sign(slack(relation).xreplace(dict(point)))
    if sign is None:
        return None
    if isinstance(relation, sp.Eq):
        return sign == 0
    if isinstance(relation, sp.Ne):
        return sign != 0
    return sign > 0 or (sign == 0 and not is_strict(relation))


def refutes(point: Point, assumptions: Sequence[Boolean], conclusion: Boolean) -> bool:
    """Whether the point surely meets the assumptions and surely breaks the conclusion."""
    return (
        all(meets_its_assumptions(symbol, value) for symbol, value in point.items())
        and all(met(relation, point) for relation in assumptions)
        and met(conclusion, point) is False
    )
