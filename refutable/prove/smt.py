"""z3: a polynomial inequality is proved by showing that its negation has no real model.

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

from refutable.certificate import Certificate
from refutable.claim import Undecided
from refutable.gap import Gap, identical
from refutable.prove.relations import domain_of, refutes, signs_of, symbols_of

RESOURCE_LIMIT = 200_000_000
"""z3's own deterministic work counter; a clock would make verdicts depend on the machine."""

BY = f"z3 {z3.get_version_string()}"


def decided(
    name: str,
    assumptions: Sequence[Relational],
    conclusion: Relational,
    sums: str,
    *,
    resource_limit: int = RESOURCE_LIMIT,
) -> Gap | Undecided:
    """The conclusion follows from the assumptions for all real values of the symbols.

    sums: how the statement stands for the general one, for instance how sums were bounded.
    Returns Undecided when z3 gives up, or when it offers a model that arithmetic does not confirm.
    """
    question = _Question([*assumptions, sp.Not(conclusion)], resource_limit)
    answer = question.solver.check()
    if answer == z3.unknown:
        return Undecided(name, f"{BY}: {question.solver.reason_unknown()}")
    witness = None
    if answer == z3.sat:
        point = question.model()
        if not refutes(point, assumptions, conclusion, ROUNDED):
            return Undecided(name, f"{BY}: offered a model that arithmetic does not confirm")
        witness = {str(symbol): str(value) for symbol, value in sorted(point.items(), key=str)}
    certificate = Certificate(
        by=BY,
        negated=str(sp.Not(conclusion)),
        assumptions=tuple(map(str, assumptions)),
        sums=sums,
        variables={str(s): domain_of(s) for s in symbols_of([*assumptions, conclusion])},
        resource={"rlimit": question.work()},
    )
    return identical(name, str(answer), "unsat", sums, certificate=certificate, witness=witness)


def inhabited(name: str, assumptions: Sequence[Relational], sums: str) -> Gap | Undecided:
    """The assumptions can be met at all: an implication from impossible ones would be empty."""
    question = _Question(assumptions, RESOURCE_LIMIT)
    answer = question.solver.check()
    if answer == z3.unknown:
        return Undecided(name, f"{BY}: {question.solver.reason_unknown()}")
    return identical(name, str(answer), "sat", sums)


ROUNDED = sp.Float("1e-40", 50)
"""Slack granted to the assumptions at a model with algebraic numbers, which have 60 digits here."""


class _Question:
    """A solver that holds statements, in a context of its own so that its work can be counted.

    SymPy evaluates `x >= 0` to True for a positive symbol, so signs are said again.
    """

    def __init__(self, statements: Sequence[sp.Basic], resource_limit: int) -> None:
        self.context = z3.Context()
        self.solver = z3.SolverFor("QF_NRA", ctx=self.context)
        self.solver.set("rlimit", resource_limit)
        self.symbols: dict[sp.Symbol, z3.ArithRef] = {}
        for statement in statements:
            self.solver.add(self._translated(statement))
        for sign in signs_of(list(self.symbols)):
            self.solver.add(self._translated(sign))

    def work(self) -> int:
        """What the check took, in z3's units."""
        return int(self.solver.statistics().get_key_value("rlimit count"))

    def model(self) -> dict[sp.Symbol, sp.Expr]:
        """The values of a model, rational or to 60 digits."""
        model = self.solver.model()
        return {
            symbol: _value(model.eval(variable, model_completion=True))
            for symbol, variable in self.symbols.items()
        }

    def _translated(self, expression: sp.Basic) -> Any:
        if expression in (sp.true, sp.false):
            return z3.BoolVal(bool(expression), self.context)
        if isinstance(expression, sp.Symbol):
            if expression not in self.symbols:
                self.symbols[expression] = z3.Real(str(expression), self.context)
            return self.symbols[expression]
        if isinstance(expression, sp.Rational):
            return z3.RatVal(int(expression.p), int(expression.q), self.context)
        if isinstance(expression, sp.Pow):
            power = expression.exp
            if not (power.is_Integer and power >= 0):
                raise ValueError(f"{expression} is not a polynomial: clear denominators first")
            base = self._translated(expression.base)
            return reduce(mul, [base] * int(power), z3.RealVal(1, self.context))
        arguments = [self._translated(argument) for argument in expression.args]
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
