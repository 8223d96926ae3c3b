"""Symbolic evidence: an identity is decided by a normal form, never by simplification.

Rational functions are decided outright: over a common denominator the numerator of the difference
is expanded, and a polynomial is zero exactly when its expansion is. Constants are decided by balls
and a separation bound (`constants`). Other functions are split into parts (`normal`); where that
does not show an identity, a point at which both sides surely differ refutes it, and without one it
is undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from refutable.certificate import Certificate
from refutable.errors import MissingPackageError
from refutable.gap import Gap, identical
from refutable.prove import constants, normal, smtlib
from refutable.prove.relations import domain_of, namesakes
from refutable.prove.statement import refuse_inexact
from refutable.tally import Tally
from refutable.text import many

BITS = 200
"""Precision at which points are tried."""


def identity(name: str, left: Any, right: Any, why: str) -> Gap:
    """Left and right are equal wherever both are defined, for all values of their symbols.

    What symbols are said to be (`positive`, `integer`, ...) counts. Undecided where neither a
    normal form nor a point tells. Raises ValueError, naming the culprit, for decimal numbers,
    infinities, different symbols of one name, and denominators that are 0 everywhere.
    """
    left, right = _expression(name, left), _expression(name, right)
    symbols = sorted((left - right).free_symbols | left.free_symbols | right.free_symbols, key=str)
    complaint = namesakes(symbols)
    if complaint:
        raise ValueError(f"{name}: {complaint}")
    noughts = {symbol: sp.S.Zero for symbol in symbols if symbol.is_zero}
    left, right = left.xreplace(noughts), right.xreplace(noughts)
    nothing = Tally(nothing=left == 0 and right == 0)
    if is_rational(left) and is_rational(right):
        return _rational_identity(name, left, right, why, symbols, nothing)
    return _identity(name, left, right, why, symbols, nothing)


def _expression(name: str, side: Any) -> sp.Expr:
    try:
        found = sp.sympify(side, strict=True)
    except sp.SympifyError:
        found = None
    if not isinstance(found, sp.Expr) or isinstance(found, sp.MatrixExpr):
        raise ValueError(f"{name}: {side!r} is no expression, nor a number")
    try:
        refuse_inexact(found)
    except ValueError as problem:
        raise ValueError(f"{name}: {problem}") from None
    if not found.is_commutative:
        raise ValueError(f"{name}: the factors of {found} do not commute")
    return found


def is_rational(part: sp.Expr) -> bool:
    """Whether an expression is a rational function of its symbols with rational coefficients."""
    if isinstance(part, sp.Symbol | sp.Rational):
        return True
    if isinstance(part, sp.Pow):
        return part.exp.is_Integer and is_rational(part.base)
    return isinstance(part, sp.Add | sp.Mul) and all(map(is_rational, part.args))


def _rational_identity(
    name: str, left: sp.Expr, right: sp.Expr, why: str, symbols: list[sp.Symbol], tally: Tally
) -> Gap:
    numerator, denominator = sp.fraction(sp.together(left - right))
    if sp.expand(denominator) == 0:
        raise ValueError(f"{name}: {_short(denominator)} is 0 everywhere, and divides")
    factors = sp.Mul.make_args(numerator)
    sums = [[sp.expand(term) for term in sp.Add.make_args(factor)] for factor in factors]
    expanded = sp.expand(sp.Mul(*(sp.Add(*terms) for terms in sums)))
    certificate = Certificate(
        for_all=True,
        by=f"SymPy {sp.__version__}",
        negated="the numerator of left - right over a common denominator is not 0",
        variables={str(symbol): domain_of(symbol) for symbol in symbols},
        reductions=(f"denominator {_short(denominator)}",),
        resource={"terms expanded": sum(len(sp.Add.make_args(t)) for s in sums for t in s)},
        scripts=(smtlib.identity(left, right, f"SymPy {sp.__version__}"),) if expanded == 0 else (),
    )
    return identical(name, expanded, 0, why, certificate=certificate, tally=tally)


@dataclass(frozen=True)
class Difference:
    """What became of left - right: 0, something else to show (with a point), or undecided."""

    measured: Any
    undecided: str | None = None
    witness: dict[str, str] | None = None
    steps: tuple[str, ...] = ()


def difference(name: str, left: sp.Expr, right: sp.Expr) -> Difference:
    """Decide by normal form, then by balls at points."""
    apart = left - right
    found, doubt = _found(name, apart)
    steps = (f"denominator {_short(found.denominator)}", *found.parts) if found else ()
    if found and found.vanishes is not None:
        return Difference(sp.S.Zero if found.vanishes else _short(str(found)), steps=steps)
    witness = _apart(apart, sorted(apart.free_symbols, key=str))
    if witness:
        return Difference(witness["left - right"], witness=witness, steps=steps)
    reason = doubt or "neither its normal form nor a point decides it"
    return Difference(_short(apart), undecided=reason, steps=steps)


def _identity(
    name: str, left: sp.Expr, right: sp.Expr, why: str, symbols: list[sp.Symbol], tally: Tally
) -> Gap:
    found = difference(name, left, right)
    certificate = Certificate(
        for_all=True,
        by=f"SymPy {sp.__version__}, {_balls()}",
        negated="left - right is not 0 in its normal form, or at a point",
        variables={str(symbol): domain_of(symbol) for symbol in symbols},
        reductions=found.steps,
        scripts=_script(left, right) if found.measured == 0 and not found.undecided else (),
    )
    return identical(
        name,
        found.measured,
        0,
        why,
        certificate=certificate,
        tally=tally,
        witness=found.witness,
        undecided=found.undecided,
    )


def _script(left: sp.Expr, right: sp.Expr) -> tuple[str, ...]:
    script = smtlib.elementary(left, right, f"SymPy {sp.__version__}")
    return (script,) if script else ()


def _found(name: str, apart: sp.Expr) -> tuple[normal.Normal | None, str]:
    """The normal form, or why there is none."""
    if not apart.free_symbols:
        zero = constants.is_zero(apart)
        if zero is not None:
            value = sp.S.Zero if zero else apart
            return normal.Normal({} if zero else {sp.S.One: value}, sp.S.One, True, ()), ""
    try:
        return normal.normal(apart), ""
    except normal.NowhereDefinedError as problem:
        raise ValueError(f"{name}: {problem}") from None
    except (sp.PolynomialError, RecursionError, NotImplementedError) as problem:
        return None, f"no normal form: {type(problem).__name__}"


def _apart(apart: sp.Expr, symbols: list[sp.Symbol]) -> dict[str, str] | None:
    """A point where both sides surely differ, and by how much."""
    for point in normal.sample_points(symbols):
        try:
            value = apart.xreplace(point)
            ball = constants.enclosure(value, BITS)
        except (constants.UnknownError, ZeroDivisionError, TypeError, ValueError):
            continue
        if not ball.contains(0):
            at = {str(symbol): str(value) for symbol, value in point.items()}
            return {**at, "left - right": ball.str(15, radius=False)}
    return None


def _balls() -> str:
    try:
        return f"python-flint {constants.balls().__version__}"
    except MissingPackageError:
        return "without balls"


def _short(expression: object, most: int = 120) -> str:
    text = str(expression)
    if len(text) <= most:
        return text
    if isinstance(expression, sp.Basic):
        return f"of {many(sp.count_ops(expression), 'operation')}"
    return text[:most] + "…"
