"""Statement: assumptions and a conclusion, read once into polynomial relations for every decider.

What is not a polynomial is either defined by polynomial relations of an auxiliary number (a root,
an absolute value, a maximum, a fraction, a constant such as pi), or refused by name. Nothing is
taken for a free symbol, and what a symbol is said to be (positive, whole) enters as a relation.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from refutable.prove import constants
from refutable.prove.relations import (
    Point,
    meets_its_assumptions,
    met,
    namesakes,
    signs_of,
    slack,
    symbols_of,
)

Operator = Literal[">=", ">", "==", "!="]
_NEGATED: dict[Operator, Operator] = {">=": ">", ">": ">=", "==": "!=", "!=": "=="}
CONSTANT_BITS = 200
"""How sharply a constant such as pi is enclosed; a refutation is checked with the number itself."""


@dataclass(frozen=True)
class Atom:
    """A polynomial against 0."""

    polynomial: sp.Expr
    operator: Operator

    def negated(self) -> Atom:
        """What holds exactly where this does not."""
        turned = self.operator in (">=", ">")
        return Atom(-self.polynomial if turned else self.polynomial, _NEGATED[self.operator])

    def met_at(self, point: Mapping[sp.Symbol, sp.Rational]) -> bool:
        """Whether it holds at a rational point."""
        value = self.polynomial.xreplace(dict(point))
        if not isinstance(value, sp.Rational):
            raise ValueError(f"{point} is no rational point of {self}")
        return {
            ">=": value.p >= 0, ">": value.p > 0, "==": value.p == 0, "!=": value.p != 0
        }[self.operator]  # fmt: skip

    @property
    def relation(self) -> Relational:
        """The same in SymPy, not evaluated."""
        build: dict[Operator, Any] = {
            ">=": sp.GreaterThan,
            ">": sp.StrictGreaterThan,
            "==": sp.Equality,
            "!=": sp.Unequality,
        }
        return build[self.operator](self.polynomial, 0, evaluate=False)

    def __str__(self) -> str:
        return f"{self.polynomial} {self.operator} 0"


@dataclass(frozen=True)
class Query:
    """Whether no point meets all atoms. whole: symbols among theirs that are whole numbers."""

    atoms: tuple[Atom, ...]
    whole: frozenset[sp.Symbol] = frozenset()

    @property
    def symbols(self) -> list[sp.Symbol]:
        """The symbols in the order of their names."""
        return symbols_of(atom.polynomial for atom in self.atoms)


@dataclass(frozen=True)
class Statement:
    """Assumptions and conclusion as the user wrote them, and as polynomial atoms.

    told: assumptions, signs of symbols, definitions of auxiliary numbers. clauses: the conclusion
    holds where in each clause one atom does. needs: what must follow from the assumptions for the
    conclusion to have a meaning, each with the atoms known there. steps: how it was read.
    """

    assumptions: tuple[Boolean, ...]
    conclusion: Boolean
    symbols: tuple[sp.Symbol, ...]
    told: tuple[Atom, ...]
    defined: tuple[Atom, ...]
    clauses: tuple[tuple[Atom, ...], ...]
    needs: tuple[tuple[Atom, tuple[Atom, ...]], ...]
    whole: frozenset[sp.Symbol]
    steps: tuple[str, ...]

    @property
    def premises(self) -> Query:
        """The assumptions alone."""
        return Query(self.told, self.whole)

    @property
    def counterexamples(self) -> list[Query]:
        """One query for each clause; the statement is true when none has a point."""
        known = (*self.told, *self.defined)
        return [
            Query((*known, *(atom.negated() for atom in clause)), self.whole)
            for clause in self.clauses
        ]

    @property
    def gaps_in_meaning(self) -> list[tuple[str, Query]]:
        """What must have no point for the conclusion to have a meaning, in words and as a query."""
        return [
            (str(need), Query((*self.told, *known, need.negated()), self.whole))
            for need, known in self.needs
        ]

    def meets_premises(self, point: Point) -> bool:
        """Whether the point surely meets the assumptions, in exact arithmetic."""
        own = {symbol: point.get(symbol, sp.S.Zero) for symbol in self.symbols}
        return all(meets_its_assumptions(*item) for item in own.items()) and all(
            met(relation, own) for relation in self.assumptions
        )

    def refuted_by(self, point: Point) -> bool:
        """Whether the point surely meets the assumptions and surely breaks the conclusion."""
        own = {symbol: point.get(symbol, sp.S.Zero) for symbol in self.symbols}
        return self.meets_premises(own) and self._broken(self.conclusion, own)

    def _broken(self, conclusion: Boolean, point: Point) -> bool:
        if isinstance(conclusion, sp.And):
            return any(self._broken(part, point) for part in conclusion.args)
        if isinstance(conclusion, sp.Or):
            return all(self._broken(part, point) for part in conclusion.args)
        return met(conclusion, point) is False


def read(assumptions: Iterable[Any], conclusion: Any) -> Statement:
    """Read a statement. Raises ValueError, naming the culprit, for what no decider can be asked."""
    given = tuple(itertools.chain.from_iterable(_conjuncts(item) for item in assumptions))
    goal = _boolean(conclusion)
    everything = [*given, goal]
    for relation in everything:
        refuse_inexact(relation)
    symbols = symbols_of(everything)
    complaint = namesakes(symbols)
    if complaint:
        raise ValueError(complaint)
    for symbol in symbols:
        _refuse_unreal(symbol)
    reader = _Reader()
    for symbol in symbols:
        reader.declare(symbol)
    told = [reader.atom(relation) for relation in given]
    told += [need for need, _ in reader.needs]  # what is assumed has a meaning where it holds
    told = [*reader.definitions, *told]
    reader.definitions, reader.needs = [], []
    clauses = tuple(tuple(map(reader.atom, clause)) for clause in _clauses(goal))
    return Statement(
        assumptions=given,
        conclusion=goal,
        symbols=tuple(symbols),
        told=tuple(told),
        defined=tuple(reader.definitions),
        clauses=clauses,
        needs=tuple(reader.needs),
        whole=frozenset(reader.whole),
        steps=tuple(reader.steps),
    )


def _boolean(item: Any) -> Boolean:
    if isinstance(item, bool):
        raise ValueError(
            f"a relation is {item} in Python, not in SymPy: == compares how expressions are "
            "written, sp.Eq states that they are equal"
        )
    try:
        found = sp.sympify(item, strict=True)
    except sp.SympifyError:
        found = None
    if not isinstance(found, Boolean) or isinstance(found, sp.Symbol):
        raise ValueError(f"{item!r} is no relation between expressions")
    return sp.to_nnf(found, simplify=False)


def _conjuncts(item: Any) -> Iterator[Boolean]:
    relation = _boolean(item)
    if isinstance(relation, sp.Or):
        raise ValueError(f"{relation} offers alternatives: state the claim for each of them")
    yield from sp.And.make_args(relation)


MOST_CLAUSES = 64


def _clauses(goal: Boolean) -> list[tuple[Boolean, ...]]:
    """The conclusion as alternatives that must all be met; an equation is two inequalities."""
    clauses = []
    for clause in sp.And.make_args(sp.to_cnf(goal, simplify=False)):
        parts = sp.Or.make_args(clause)
        if len(parts) == 1 and isinstance(clause, sp.Eq):
            difference = clause.lhs - clause.rhs
            clauses += [
                (sp.GreaterThan(difference, 0, evaluate=False),),
                (sp.LessThan(difference, 0, evaluate=False),),
            ]
        else:
            clauses.append(tuple(parts))
    if len(clauses) > MOST_CLAUSES:
        raise ValueError(f"a conclusion of {len(clauses)} clauses: state its parts one by one")
    return clauses


def refuse_inexact(expression: sp.Basic) -> None:
    """Raise ValueError for decimal numbers, which are binary fractions close by, and infinities."""
    floats = sorted(expression.atoms(sp.Float), key=str)
    if floats:
        raise ValueError(
            f"{float(floats[0]):g} is a binary floating-point number, not that decimal: "
            "write sp.Rational(1, 10) for 0.1"
        )
    for number in (sp.nan, sp.oo, -sp.oo, sp.zoo):
        if expression.has(number):
            raise ValueError(f"{expression} contains {number}, which is no number")


def _refuse_unreal(symbol: sp.Symbol) -> None:
    if not symbol.is_commutative:
        raise ValueError(f"{symbol} does not commute: only real numbers have an order")
    if symbol.is_finite is False or (symbol.is_extended_real and not symbol.is_finite):
        raise ValueError(f"{symbol} may be infinite: only real numbers are decided on")
    if symbol.is_extended_real is False or (symbol.is_complex and not symbol.is_real):
        raise ValueError(f"{symbol} is a complex number: only real numbers have an order")


@dataclass
class _Reader:
    """Turns relations into atoms, and remembers what it had to define on the way."""

    definitions: list[Atom] = field(default_factory=list)
    needs: list[tuple[Atom, tuple[Atom, ...]]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    whole: set[sp.Symbol] = field(default_factory=set)
    names: dict[sp.Expr, sp.Symbol] = field(default_factory=dict)

    def declare(self, symbol: sp.Symbol) -> None:
        """Say what is known of a symbol."""
        self.definitions += [Atom(slack(r), _operator(r)) for r in signs_of([symbol])]
        if not symbol.is_integer:
            return
        self.whole.add(symbol)
        if symbol.is_even or symbol.is_odd:
            half = sp.Dummy(f"half of {symbol}", integer=True)
            self.whole.add(half)
            self.definitions.append(Atom(symbol - 2 * half - int(bool(symbol.is_odd)), "=="))
        if symbol.is_prime or symbol.is_composite:
            least = 2 if symbol.is_prime else 4
            self.definitions.append(Atom(symbol - least, ">="))

    def atom(self, relation: Boolean) -> Atom:
        """A relation as a polynomial against 0."""
        if relation in (sp.true, sp.false):
            return Atom(slack(relation), ">=")
        operator = _operator(relation)
        numerator, denominator = sp.fraction(sp.together(self._rational(slack(relation))))
        factors = []
        for factor in sp.Mul.make_args(denominator):
            base, power = factor.as_base_exp()
            if factor.is_positive:
                continue
            if factor.is_negative:
                numerator = -numerator
                continue
            self._need(Atom(base, "!="))
            if operator in (">=", ">") and power % 2:
                factors.append(base)
        return Atom(sp.Mul(numerator, *factors), operator)

    def _need(self, atom: Atom) -> None:
        self.needs.append((atom, tuple(self.definitions)))

    def _rational(self, part: sp.Expr) -> sp.Expr:
        """The expression as a rational function of symbols and auxiliary numbers."""
        if isinstance(part, sp.Symbol | sp.Rational):
            return part
        if isinstance(part, sp.Add | sp.Mul):
            return part.func(*map(self._rational, part.args))
        if isinstance(part, sp.Pow) and part.exp.is_Integer:
            return self._rational(part.base) ** part.exp
        if part not in self.names:
            self.names[part] = self._auxiliary(part)
        return self.names[part]

    def _polynomial(self, part: sp.Expr) -> sp.Expr:
        """The same without denominators: a fraction becomes an auxiliary number."""
        found = self._rational(part)
        numerator, denominator = sp.fraction(sp.together(found))
        if denominator.is_Rational:
            return found
        if found not in self.names:
            value = self._new(part)
            self._need(Atom(denominator, "!="))
            self._define(f"{value} = {part}", Atom(value * denominator - numerator, "=="))
            self.names[found] = value
        return self.names[found]

    def _new(self, part: sp.Expr, **facts: bool) -> sp.Symbol:
        return sp.Dummy(f"({part})", real=True, **facts)

    def _define(self, step: str, *atoms: Atom) -> None:
        self.definitions += atoms
        self.steps.append(step)

    def _auxiliary(self, part: sp.Expr) -> sp.Expr:
        """A number for what is neither a symbol nor rational, defined by polynomial relations."""
        if isinstance(part, sp.Pow) and isinstance(part.exp, sp.Rational):
            return self._root(part.base, int(part.exp.q)) ** int(part.exp.p)
        if part is sp.GoldenRatio:
            return (1 + self._root(sp.Integer(5), 2)) / 2
        if isinstance(part, sp.CRootOf) and part.is_real:
            return self._isolated(part)
        if not part.free_symbols:
            return self._constant(part)
        if isinstance(part, sp.Abs):
            inner = self._polynomial(part.args[0])
            value = self._new(part, nonnegative=True)
            squares = Atom(value**2 - inner**2, "==")
            self._define(f"{value} >= 0 with the square of {inner}", Atom(value, ">="), squares)
            return value
        if isinstance(part, sp.Max | sp.Min):
            first, *others = map(self._polynomial, part.args)
            turn = 1 if isinstance(part, sp.Max) else -1
            for other in others:
                value = self._new(part)
                above = [Atom(turn * (value - one), ">=") for one in (first, other)]
                product = Atom((value - first) * (value - other), "==")
                self._define(f"{value} is {first} or {other}", *above, product)
                first = value
            return first
        raise ValueError(
            f"{part} is no polynomial, root, absolute value or maximum of the symbols: "
            "write a transcendental term as a symbol with what is known of it (e = exp(x) > 0)"
        )

    def _root(self, base: sp.Expr, index: int) -> sp.Expr:
        key = sp.Pow(base, sp.Rational(1, index), evaluate=False)
        if key not in self.names:
            if not base.free_symbols and constants.sign(base) not in (0, 1):
                raise ValueError(f"{key} is not known to be real")
            inner = self._polynomial(base)
            if not base.is_nonnegative:
                self._need(Atom(inner, ">="))
            value = self._new(key, **{"positive" if base.is_positive else "nonnegative": True})
            power = Atom(value**index - inner, "==")
            self._define(f"{value} >= 0 with power {index} {inner}", Atom(value, ">="), power)
            self.names[key] = value
        return self.names[key]

    def _isolated(self, root: sp.Expr) -> sp.Expr:
        """A real root of a polynomial, between numbers close by."""
        value = self._constant(root)
        self._define(f"{value} is a root", Atom(root.poly.as_expr(value), "=="))
        return value

    def _constant(self, part: sp.Expr) -> sp.Expr:
        try:
            low, high = constants.bounds(part, CONSTANT_BITS)
        except constants.UnknownError as problem:
            raise ValueError(str(problem)) from None
        value = self._new(part, **({"positive": True} if low > 0 else {}))
        step = f"{value} in a ball of radius about 2**{-CONSTANT_BITS}"
        self._define(step, Atom(value - low, ">="), Atom(high - value, ">="))
        return value


def _operator(relation: Boolean) -> Operator:
    if isinstance(relation, sp.Gt | sp.Lt):
        return ">"
    if isinstance(relation, sp.Ge | sp.Le):
        return ">="
    return "==" if isinstance(relation, sp.Eq) else "!="
