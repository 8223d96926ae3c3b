"""SMT evidence: a polynomial inequality is proved by showing that its negation has no real model.

Statements are written in SymPy, translated to z3, and every model that z3 offers is checked again
in exact or 50-digit arithmetic before it counts as a counterexample.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul
from typing import Any

import sympy as sp
import z3
from sympy.core.relational import Relational

from claims.checking.claim import Undecided
from claims.checking.gap import Gap, identical

RESOURCE_LIMIT = 200_000_000
"""z3's own deterministic work counter; a clock would make verdicts depend on the machine."""


def proved(
    name: str,
    assumptions: Sequence[Relational],
    conclusion: Relational,
    why: str,
    *,
    resource_limit: int = RESOURCE_LIMIT,
) -> Gap | Undecided:
    """The conclusion follows from the assumptions for all real values of the symbols.

    why: how the statement stands for the general one (for instance how sums were bounded).
    Returns Undecided when z3 gives up, or when it offers a model that arithmetic does not confirm.
    """
    solver, symbols = _solver([*assumptions, sp.Not(conclusion)], resource_limit)
    answer = solver.check()
    certificate = f"{why}; negated: {conclusion}; z3 {z3.get_version_string()}"
    if answer == z3.unknown:
        return Undecided(name, f"z3: {solver.reason_unknown()}")
    if answer == z3.unsat:
        return identical(name, "unsat", "unsat", certificate)
    model = solver.model()
    point = {s: _value(model.eval(v, model_completion=True)) for s, v in symbols.items()}
    if not _refutes(point, assumptions, conclusion):
        return Undecided(name, "z3 offered a model that arithmetic does not confirm")
    witness = {str(symbol): str(value) for symbol, value in sorted(point.items(), key=str)}
    return identical(name, "sat", "unsat", certificate, witness=witness)


def consistent(name: str, assumptions: Sequence[Relational], why: str) -> Gap | Undecided:
    """The assumptions can be met at all: an implication from impossible ones would be empty."""
    solver, _ = _solver(assumptions, RESOURCE_LIMIT)
    answer = solver.check()
    if answer == z3.unknown:
        return Undecided(name, f"z3: {solver.reason_unknown()}")
    return identical(name, str(answer), "sat", why)


def _solver(
    statements: Sequence[sp.Basic], resource_limit: int
) -> tuple[z3.Solver, dict[sp.Symbol, z3.ArithRef]]:
    """A solver holding the statements, and what SymPy knows of the sign of every symbol.

    SymPy evaluates `x >= 0` to True for a positive symbol, so the sign must be said again here.
    """
    solver = z3.SolverFor("QF_NRA")
    solver.set("rlimit", resource_limit)
    symbols: dict[sp.Symbol, z3.ArithRef] = {}
    for statement in statements:
        solver.add(_to_z3(statement, symbols))
    for symbol, variable in symbols.items():
        if symbol.is_positive:
            solver.add(variable > 0)
        elif symbol.is_nonnegative:
            solver.add(variable >= 0)
    return solver, symbols


def _to_z3(expression: sp.Basic, symbols: dict[sp.Symbol, z3.ArithRef]) -> Any:
    if expression in (sp.true, sp.false):
        return z3.BoolVal(bool(expression))
    if isinstance(expression, sp.Symbol):
        return symbols.setdefault(expression, z3.Real(str(expression)))
    if isinstance(expression, sp.Rational):
        return z3.RatVal(int(expression.p), int(expression.q))
    if isinstance(expression, sp.Pow):
        power = expression.exp
        if not (power.is_Integer and power >= 0):
            raise ValueError(f"{expression} is not a polynomial: clear denominators first")
        base = _to_z3(expression.base, symbols)
        return reduce(mul, [base] * int(power), z3.RealVal(1))
    arguments = [_to_z3(argument, symbols) for argument in expression.args]
    if isinstance(expression, sp.Add):
        return reduce(add, arguments)
    if isinstance(expression, sp.Mul):
        return reduce(mul, arguments)
    relations: dict[type, Any] = {
        sp.Ge: lambda a, b: a >= b,
        sp.Gt: lambda a, b: a > b,
        sp.Le: lambda a, b: a <= b,
        sp.Lt: lambda a, b: a < b,
        sp.Eq: lambda a, b: a == b,
    }
    for relation, build in relations.items():
        if isinstance(expression, relation):
            return build(*arguments)
    raise ValueError(f"cannot state {expression} ({type(expression).__name__}) to z3")


def _value(number: Any) -> sp.Expr:
    if z3.is_rational_value(number):
        return sp.Rational(number.numerator_as_long(), number.denominator_as_long())
    return sp.Float(number.approx(60).as_fraction(), 60)  # an algebraic number


def _refutes(
    point: dict[sp.Symbol, sp.Expr], assumptions: Sequence[Relational], conclusion: Relational
) -> bool:
    """Whether the point meets the assumptions and breaks the conclusion, up to 1e-40."""

    def slack(relation: Relational) -> sp.Expr:
        """How far the relation is from being broken; negative when broken."""
        if relation in (sp.true, sp.false):
            return sp.Integer(1 if relation else -1)
        difference = sp.N((relation.lhs - relation.rhs).subs(point), 50)
        if isinstance(relation, sp.Eq):
            return -abs(difference)
        return difference if isinstance(relation, sp.Ge | sp.Gt) else -difference

    met = all(slack(assumption) >= sp.Float("-1e-40") for assumption in assumptions)
    return bool(met and slack(conclusion) <= 0)
