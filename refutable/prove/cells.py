"""Cells: the points that meet polynomial assumptions, as images of unit cubes.

A cell is a list of symbols, each ranging between two polynomials in the symbols before it:
x = low + (high - low)·t with t in [0, 1]. So a statement about a simplex, or about numbers bounded
by products of others, becomes one about a cube, where enclosures are sharp and what vanishes
vanishes on faces. Symbols are eliminated as Fourier and Motzkin do: where several bounds compete,
there is a cell for each that can be the tightest. Cells may cover more than the assumptions allow,
never less.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import flint
import sympy as sp
from sympy.core.relational import Relational

from refutable.prove.relations import signs_of, slack, symbols_of

Polynomial: TypeAlias = flint.fmpq_mpoly


class UnboundedError(Exception):
    """The assumptions leave a symbol without bounds, so that no cubes cover them."""


class _StuckError(Exception):
    """None of the symbols left (their numbers) has a lower and an upper bound."""


@dataclass(frozen=True)
class Cell:
    """values: every symbol as a polynomial in the cube's coordinates. ranges: the same to read."""

    values: tuple[Polynomial, ...]
    ranges: dict[str, str]

    def at(self, t: Sequence[flint.fmpq]) -> list[flint.fmpq]:
        """The point that the cube's point t stands for."""
        return [value(*t) for value in self.values]


Cover = tuple[Cell, ...]
"""Cells that together hold every point of one case."""


def polynomial(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> Polynomial:
    """Translate from SymPy. Raises ValueError for anything but a polynomial over the rationals."""
    try:
        terms = sp.Poly(expression, *symbols, domain="QQ").terms()
    except sp.PolynomialError as problem:
        raise ValueError(f"{expression} is not a polynomial: clear denominators first") from problem
    coefficients = {powers: flint.fmpq(int(c.p), int(c.q)) for powers, c in terms}
    return _context(symbols).from_dict(coefficients)


def _context(symbols: Sequence[sp.Symbol]) -> flint.fmpq_mpoly_ctx:
    return flint.fmpq_mpoly_ctx.get([f"x{i}" for i in range(len(symbols))], "lex")


UNUSED = sp.Symbol("unused", real=True)
MOST_COVERS = 64


def cases(assumptions: Sequence[Relational], conclusion: Relational | None = None) -> list[Case]:
    """Cases that together hold every point which meets the assumptions.

    Equations are solved. Where symbols have no upper bound but every relation is homogeneous in
    them, the conclusion included, one of them is set to 1. Strict relations enter as if they
    allowed equality, and ≠ not at all. Raises UnboundedError when an equation cannot be solved.
    """
    relations = [*assumptions, *([] if conclusion is None else [conclusion])]
    told = [*assumptions]
    symbols = symbols_of(relations)
    if not symbols:
        symbols, told = [UNUSED], [*told, UNUSED >= 0, UNUSED <= 1]
    told += signs_of(symbols)
    whole = Case(
        tuple(symbols),
        constraints=[
            polynomial(slack(r), symbols) for r in told if not isinstance(r, sp.Eq | sp.Ne)
        ],
        equations=[polynomial(slack(r), symbols) for r in told if isinstance(r, sp.Eq)],
        values=list(_context(symbols).gens()),
        goal=None if conclusion is None else polynomial(slack(conclusion), symbols),
        steps=(),
    )
    return list(whole.split())


_Range = tuple[int, Polynomial, Polynomial]
"""A symbol's number and its two bounds."""


@dataclass(frozen=True)
class Case:
    """What is left of the assumptions after equations were solved and scales set to 1.

    constraints: ≥ 0. equations: = 0. values: every symbol in those that are left. goal: the slack
    of the conclusion. steps: what was done, to read.
    """

    symbols: tuple[sp.Symbol, ...]
    constraints: Sequence[Polynomial]
    equations: Sequence[Polynomial]
    values: Sequence[Polynomial]
    goal: Polynomial | None
    steps: tuple[str, ...]

    def covers(self) -> Iterator[Cover]:
        """Ways to cover the case, coarse ones first; the last of them lets in the fewest points.

        Raises UnboundedError when there is none since a symbol ranges over a line.
        """
        ways = _covers(self._signed(), self._free())
        try:
            for pieces in itertools.islice(ways, MOST_COVERS):
                yield tuple(map(self._cell, pieces))
        except _StuckError as stuck:
            names = " and ".join(str(self.symbols[i]) for i in stuck.args[0])
            raise UnboundedError(f"nothing bounds {names} from both sides") from None

    def _free(self) -> list[int]:
        """Numbers of the symbols that are left."""
        used: set[int] = set()
        for value in self.values:
            used |= _variables(value)
        return sorted(used)

    def _signed(self) -> list[Polynomial]:
        """The constraints, and each sign that follows from several: it outlives their symbols."""
        gens = self.values[0].context().gens()
        return [*self.constraints, *(gens[i] for i in sorted(_positive(self.constraints)))]

    def with_(self, number: int, value: Polynomial, step: str = "") -> Case:
        """The same with a symbol replaced."""

        def put(p: Polynomial) -> Polynomial:
            return _put(p, number, value)

        return Case(
            self.symbols,
            [put(c) for c in self.constraints],
            [e for e in map(put, self.equations) if not e.is_zero()],
            [put(v) for v in self.values],
            None if self.goal is None else put(self.goal),
            (*self.steps, *([step] if step else [])),
        )

    def split(self) -> Iterator[Case]:
        """Solve one equation, or set one scale, until nothing is left to reduce."""
        for equation in self.equations:
            solved = self._solved(equation)
            if solved is None:
                raise UnboundedError(f"no symbol of {self.text(equation)} = 0 can be solved for")
            yield from solved.split()
            return
        weights = self._weights()
        if weights is None:
            yield self
            return
        rays = [i for i in weights if not any(_slope(c, i, -1) for c in self.constraints)]
        names = ", ".join(str(self.symbols[i]) for i in rays)
        powers = ", ".join(f"{self.symbols[i]}: {w}" for i, w in weights.items())
        why = f"every relation is homogeneous (weights {powers}), so that {names} "
        why += "is 0 or 1" if len(rays) == 1 else "are 0, or the largest is 1"
        gens = self.values[0].context().gens()
        nothing = self.with_(rays[0], 0 * gens[0], why)
        for i in rays[1:]:
            nothing = nothing.with_(i, 0 * gens[0])
        for i in rays:
            largest = self.with_(i, 0 * gens[0] + 1, why)
            below = [1 - gens[other] for other in rays if other != i]
            yield from replace(largest, constraints=[*largest.constraints, *below]).split()
        yield from nothing.split()

    def _solved(self, equation: Polynomial) -> Case | None:
        for i in sorted(_variables(equation), reverse=True):
            slope = _slope(equation, i)
            if slope:
                value = equation.context().gens()[i] - equation / slope
                step = f"{self.symbols[i]} = {self.text(value)}"
                return self.with_(i, value, step)
        return None

    def _weights(self) -> dict[int, int] | None:
        """Weights under which everything is homogeneous and that some ray from 0 needs."""
        polynomials = [*self.constraints, *([] if self.goal is None else [self.goal])]
        rows = [
            [int(a) - int(b) for a, b in zip(power, powers[0], strict=True)]
            for powers in (p.monoms() for p in polynomials if not p.is_zero())
            for power in powers[1:]
        ]
        free = self._free()
        if not free:
            return None
        rows += [[int(i == j) for j in range(len(self.symbols))]
                 for i in range(len(self.symbols)) if i not in free]  # fmt: skip
        rows = rows or [[0] * len(self.symbols)]
        kernel, nullity = flint.fmpz_mat(rows).nullspace()
        positive = _positive(self.constraints)
        for column in range(nullity):
            vector = [int(kernel[i, column]) for i in range(len(self.symbols))]
            sign = -1 if min(vector) < 0 else 1
            weights = {i: sign * w for i, w in enumerate(vector) if w}
            if any(w < 0 or i not in positive for i, w in weights.items()):
                continue
            if any(not any(_slope(c, i, -1) for c in self.constraints) for i in weights):
                return weights
        return None

    def _cell(self, ranges: Sequence[_Range]) -> Cell:
        """The cell of these ranges, the symbol that depends on most others first."""
        values = list(self.values)
        names = {}
        for i, low, high in ranges:
            t = low.context().gens()[i]
            names[str(self.symbols[i])] = f"[{self.text(low)}, {self.text(high)}]"
            values = [_put(v, i, low + (high - low) * t) for v in values]
        for i, value in enumerate(self.values):
            if i not in _variables(value):
                names[str(self.symbols[i])] = self.text(value)
        order = [str(s) for s in self.symbols]
        return Cell(tuple(values), {name: names[name] for name in order})

    def text(self, p: Polynomial) -> str:
        """The polynomial in the symbols' names."""
        text = sp.Add(
            *(
                sp.Rational(int(c.p), int(c.q))
                * sp.Mul(*(s**k for s, k in zip(self.symbols, map(int, powers), strict=True)))
                for powers, c in p.to_dict().items()
            )
        )
        return str(text)


def _put(p: Polynomial, number: int, value: Polynomial) -> Polynomial:
    gens = list(p.context().gens())
    gens[number] = value
    return p.compose(*gens)


def _variables(p: Polynomial) -> set[int]:
    return {i for i, degree in enumerate(p.degrees()) if degree > 0}


def _slope(p: Polynomial, number: int, sign: int = 0) -> flint.fmpq | None:
    """The constant coefficient of a symbol in which p is linear, when it has this sign."""
    if p.degrees()[number] != 1:
        return None
    slope = p.derivative(number)
    if not slope.is_constant():
        return None
    value = slope.leading_coefficient()
    return value if not sign or (value > 0) == (sign > 0) else None


def _positive(constraints: Sequence[Polynomial]) -> set[int]:
    """Symbols that are ≥ 0 since each is at least a sum of others that are."""
    known: set[int] = set()
    while True:
        more = {
            i
            for c in constraints
            for i in _variables(c) - known
            if _slope(c, i, 1) and _no_smaller(-(c - _slope(c, i) * c.context().gens()[i]), known)
        }
        if not more:
            return known
        known |= more


def _no_smaller(p: Polynomial, positive: set[int]) -> bool:
    """Whether every term of p is ≥ 0 at a glance."""
    return all(
        c >= 0 and all(k % 2 == 0 or i in positive for i, k in enumerate(map(int, powers)))
        for powers, c in p.to_dict().items()
    )


def _obvious(p: Polynomial, constraints: Sequence[Polynomial], positive: set[int]) -> bool:
    """Whether p ≥ 0 follows by adding something ≥ 0 at a glance to one constraint, or to none."""
    return _no_smaller(p, positive) or any(_no_smaller(p - c, positive) for c in constraints)


def _covers(
    constraints: Sequence[Polynomial], free: Sequence[int]
) -> Iterator[tuple[tuple[_Range, ...], ...]]:
    """Ways to hold every point of the constraints in pieces, each of ranges of the free symbols.

    Where several bounds of a symbol compete, a way keeps one of them and forgets the others, or
    has a piece for each that can be the tightest, with the conditions under which it is.
    """
    constraints = _distinct([c for c in constraints if not _no_smaller(c, set())])
    if any(c.is_constant() for c in constraints):
        yield ()  # a negative constant: there are no such points
        return
    if not free:
        yield ((),)
        return
    positive = _positive(constraints)
    number, lows, highs = _next(constraints, free, positive)
    rest = [c for c in constraints if number not in _variables(c)]
    rest += [c for c in (b - a for a in lows for b in highs) if not _obvious(c, rest, positive)]
    left = [i for i in free if i != number]
    bounds = [(number, low, high) for low, high in itertools.product(lows, highs)]
    found = False
    for bound in bounds:
        try:
            for pieces in _covers(rest, left):
                found = True
                yield tuple((bound, *ranges) for ranges in pieces)
        except _StuckError:
            if not found:
                raise
    if len(bounds) > 1:
        tightest = [_tightest_ways(bound, lows, highs, rest, left, positive) for bound in bounds]
        for chosen in itertools.product(*tightest):
            yield tuple(itertools.chain(*chosen))


def _tightest_ways(
    bound: _Range,
    lows: Sequence[Polynomial],
    highs: Sequence[Polynomial],
    rest: Sequence[Polynomial],
    left: Sequence[int],
    positive: set[int],
) -> list[tuple[tuple[_Range, ...], ...]]:
    """Ways to hold the points where these two of the bounds are the tightest."""
    _, low, high = bound
    conditions = [low - other for other in lows] + [other - high for other in highs]
    conditions = [c for c in conditions if not _obvious(c, rest, positive)]
    ways = []
    try:
        for pieces in itertools.islice(_covers([*rest, *conditions], left), MOST_COVERS):
            ways.append(tuple((bound, *ranges) for ranges in pieces))
    except _StuckError:
        pass  # of no use when there are none: other bounds may do
    return ways


def _next(
    constraints: Sequence[Polynomial], free: Sequence[int], positive: set[int]
) -> tuple[int, list[Polynomial], list[Polynomial]]:
    """The symbol to eliminate next, with its bounds.

    A constraint in which it is not linear with a constant coefficient is given up, which lets the
    cells cover more; so symbols for which none is come first, and among them those with bounds of
    high degree, which can bound no other symbol, then those whose bounds compete least.
    """
    choices = []
    for i in free:
        about = [c for c in constraints if i in _variables(c)]
        slopes = [(c, _slope(c, i)) for c in about]
        t = constraints[0].context().gens()[i] if constraints else None
        lows = [t - c / slope for c, slope in slopes if slope and slope > 0]
        highs = [t - c / slope for c, slope in slopes if slope and slope < 0]
        lost = sum(1 for _, slope in slopes if not slope)
        if lows and highs:
            rest = [c for c in constraints if c not in about]
            lows = _tightest(lows, rest, positive, 1)
            highs = _tightest(highs, rest, positive, -1)
            steepest = max(int(bound.total_degree()) for bound in [*lows, *highs])
            cost = (lost, -steepest, len(lows) * len(highs), len(about), i)
            choices.append((cost, lows, highs))
    if not choices:
        raise _StuckError(free)
    (*_, number), lows, highs = min(choices, key=lambda choice: choice[0])
    return number, lows, highs


def _tightest(
    bounds: list[Polynomial], rest: Sequence[Polynomial], positive: set[int], sign: int
) -> list[Polynomial]:
    """Bounds that no other one of them makes superfluous; sign 1 for lower bounds."""
    kept = _distinct(bounds)
    for bound in list(kept):
        others = [b for b in kept if b is not bound]
        if any(_obvious(sign * (other - bound), rest, positive) for other in others):
            kept = others
    return kept


def _distinct(polynomials: Sequence[Polynomial]) -> list[Polynomial]:
    seen: dict[str, Polynomial] = {}
    for p in polynomials:
        seen.setdefault(str(p), p)
    return list(seen.values())
