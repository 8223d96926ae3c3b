"""Squares: a polynomial inequality as a sum of squares, which anybody can multiply out.

That no point meets the atoms p > 0 and q >= 0 of a query follows from an identity in which products
of atoms times squares sum to nothing, though one of the terms is positive at every such point. It
is looked for in floats (`gram`) and kept only when it holds in exact arithmetic; `claims-recheck`
multiplies it out with code of its own. What cannot be written so remains unknown.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp

from refutable.errors import needed
from refutable.prove import gram
from refutable.prove.answer import Answer, Term
from refutable.prove.statement import Query

LABEL, EMPTY, POINT = "squares", "no counterexample", "a counterexample"
Exponents = tuple[int, ...]
Polynomial = dict[Exponents, Fraction]
MOST_FACTORS = 3
MOST_SYMBOLS = 6
MOST_ENTRIES = 900
"""Entries of Gram matrices; larger ones take minutes."""
VALUES = (0, 1, -1, Fraction(1, 2), 2)
MOST_POINTS = 5_000
"""Points of these coordinates are looked at for zeros, where every square has to vanish."""
SHORTEST = Fraction(1, 64)
"""What is subtracted of a polynomial that is claimed to be positive and not just >= 0."""


def by() -> str:
    """The library and its version. MissingPackageError without it."""
    flint = needed("flint", "python-flint", "sums of squares")
    return f"sums of squares, python-flint {flint.__version__}"


def solve(query: Query, /) -> Answer:
    """Whether an identity shows that no point meets all atoms; otherwise unknown."""
    by()
    terms = identity(query)
    if terms is None:
        return Answer(found="unknown", reason="no sum of squares was found")
    return Answer(found="empty", work={"squares": len(terms)}, squares=tuple(terms))


def identity(query: Query) -> list[Term] | None:
    """Terms that sum to nothing, one of them positive wherever all atoms hold, if they are found.

    The last atom is what the others are to exclude.
    """
    symbols = query.symbols
    if not symbols or len(symbols) > MOST_SYMBOLS or query.whole or not query.atoms:
        return None
    usable = [n for n, atom in enumerate(query.atoms) if atom.operator in (">", ">=")]
    last = len(query.atoms) - 1
    if last not in usable:
        return None
    atoms = {n: _polynomial(query.atoms[n].polynomial, symbols) for n in usable}
    target = {powers: -value for powers, value in atoms.pop(last).items()}
    strict = query.atoms[last].operator == ">"
    for ball in _multipliers(target, len(symbols)) if strict else [_one(len(symbols))]:
        wanted = _times(ball, target)
        if not strict:
            wanted = _plus(wanted, {(0,) * len(symbols): -SHORTEST})
        found = _terms(wanted, target, atoms, symbols)
        if found is None:
            continue
        head = [
            Term(value, (last,), _monomial(tuple(n // 2 for n in powers), symbols))
            for powers, value in ball.items()
        ]
        end = [] if strict else [Term(SHORTEST, (), sp.S.One)]
        terms = [*head, *found, *end]
        if _vanishes(terms, query, symbols):
            return terms
    return None


def _vanishes(terms: Iterable[Term], query: Query, symbols: Sequence[sp.Symbol]) -> bool:
    total: Polynomial = {}
    for term in terms:
        root = _polynomial(term.root, symbols)
        part = {powers: term.weight * value for powers, value in _times(root, root).items()}
        for n in term.atoms:
            part = _times(part, _polynomial(query.atoms[n].polynomial, symbols))
        total = _plus(total, part)
    return not total


def _terms(
    wanted: Polynomial,
    target: Polynomial,
    atoms: Mapping[int, Polynomial],
    symbols: Sequence[sp.Symbol],
) -> list[Term] | None:
    """Squares times products of atoms that sum to a polynomial, if they are found."""
    degree = _degree(wanted)
    lowest = min((sum(powers) for powers in wanted), default=0)
    one = _one(len(symbols))
    products = [
        (chosen, reduce(_times, (atoms[n] for n in chosen), one))
        for count in range(MOST_FACTORS + 1)
        for chosen in itertools.combinations(sorted(atoms), count)
    ]
    products = [(chosen, product) for chosen, product in products if _degree(product) <= degree]
    bases = []
    for _, product in products:
        most = (degree - _degree(product)) // 2
        low = min(sum(powers) for powers in product)
        least = max(0, -((low - lowest) // 2))
        bases.append(list(_monomials(len(symbols), least, most)))
    _pruned(wanted, [product for _, product in products], bases)
    entries = sum(len(basis) * (len(basis) + 1) // 2 for basis in bases)
    if not 0 < entries <= MOST_ENTRIES:
        return None
    zeros = list(_zeros(target, atoms, len(symbols)))
    rooms = [
        _across(
            [
                [_value({m: Fraction(1)}, point) for m in basis]
                for point in zeros
                if _value(product, point) > 0
            ],
            len(basis),
        )
        for (_, product), basis in zip(products, bases, strict=True)
    ]
    blocks = gram.found([len(room) for room in rooms], _equations(wanted, products, bases, rooms))
    if blocks is None:
        return None
    terms = []
    for (chosen, _), basis, room, block in zip(products, bases, rooms, blocks, strict=True):
        for weight, row in gram.squares(block) or ():
            root = sum(
                (
                    value * coefficient * _monomial(powers, symbols)
                    for value, vector in zip(row, room, strict=True)
                    for coefficient, powers in zip(vector, basis, strict=True)
                ),
                sp.S.Zero,
            )
            terms.append(Term(weight, chosen, sp.expand(root)))
    return terms


def _equations(
    wanted: Polynomial,
    products: Sequence[tuple[Any, Polynomial]],
    bases: Sequence[Sequence[Exponents]],
    rooms: Sequence[Sequence[Sequence[Fraction]]],
) -> list[tuple[dict[gram.Place, Fraction], Fraction]]:
    """Of each monomial, what the entries of the Gram matrices contribute to its coefficient."""
    found: dict[Exponents, dict[gram.Place, Fraction]] = {powers: {} for powers in wanted}
    for b, ((_, product), basis, room) in enumerate(zip(products, bases, rooms, strict=True)):
        roots = [
            {powers: value for powers, value in zip(basis, vector, strict=True) if value}
            for vector in room
        ]
        for i, j in itertools.combinations_with_replacement(range(len(roots)), 2):
            part = _times(_times(roots[i], roots[j]), product)
            for powers, value in part.items():
                found.setdefault(powers, {})[b, i, j] = value if i == j else 2 * value
    return [(found[powers], wanted.get(powers, Fraction(0))) for powers in sorted(found)]


def _pruned(
    wanted: Polynomial, products: Sequence[Polynomial], bases: Sequence[list[Exponents]]
) -> None:
    """Leave out monomials whose square nothing else could cancel, until none is left out."""
    while True:
        reached: dict[Exponents, int] = {}
        diagonal: dict[Exponents, list[tuple[int, Exponents]]] = {}
        for b, (product, basis) in enumerate(zip(products, bases, strict=True)):
            for one, other in itertools.combinations_with_replacement(basis, 2):
                for powers, value in product.items():
                    place = tuple(map(sum, zip(one, other, powers, strict=True)))
                    if one == other and value > 0:
                        diagonal.setdefault(place, []).append((b, one))
                    else:
                        reached[place] = reached.get(place, 0) + 1
        idle = [
            entry
            for place, entries in diagonal.items()
            if place not in wanted and place not in reached
            for entry in entries
        ]
        if not idle:
            return
        for b, monomial in set(idle):
            bases[b].remove(monomial)


def _zeros(
    target: Polynomial, atoms: Mapping[int, Polynomial], number: int
) -> Iterator[tuple[Fraction, ...]]:
    """Points of small coordinates that meet the atoms, and where the polynomial vanishes."""
    grid = itertools.product([Fraction(value) for value in VALUES], repeat=number)
    for point in itertools.islice(grid, MOST_POINTS):
        if _value(target, point) == 0 and all(_value(p, point) >= 0 for p in atoms.values()):
            yield point


def _across(vectors: Sequence[Sequence[Fraction]], size: int) -> list[list[Fraction]]:
    """A basis of what is orthogonal to all vectors."""
    solved = gram.solutions(size, [(dict(enumerate(row)), Fraction(0)) for row in vectors])
    return [list(vector) for vector in zip(*solved[1], strict=True)] if solved else []


def _polynomial(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> Polynomial:
    terms = sp.Poly(expression, *symbols).terms()
    return {powers: Fraction(int(value.p), int(value.q)) for powers, value in terms if value}


def _monomials(number: int, least: int, most: int) -> Iterator[Exponents]:
    for degree in range(least, most + 1):
        for chosen in itertools.combinations_with_replacement(range(number), degree):
            yield tuple(chosen.count(n) for n in range(number))


def _monomial(powers: Exponents, symbols: Sequence[sp.Symbol]) -> sp.Expr:
    return sp.Mul(*(symbol**power for symbol, power in zip(symbols, powers, strict=True)))


def _one(number: int) -> Polynomial:
    return {(0,) * number: Fraction(1)}


def _multipliers(target: Polynomial, number: int) -> list[Polynomial]:
    """By which the polynomial is multiplied: Motzkin's form needs more than 1.

    x² + y² + ... where all terms have one degree, with 1 before it elsewhere.
    """
    squares = {tuple(2 * (i == n) for i in range(number)): Fraction(1) for n in range(number)}
    is_form = len({sum(powers) for powers in target}) == 1
    return [_one(number), squares if is_form else _one(number) | squares]


def _degree(polynomial: Polynomial) -> int:
    return max((sum(powers) for powers in polynomial), default=0)


def _value(polynomial: Polynomial, point: Sequence[Fraction]) -> Fraction:
    total = Fraction(0)
    for powers, value in polynomial.items():
        for x, power in zip(point, powers, strict=True):
            value *= x**power
        total += value
    return total


def _plus(p: Polynomial, q: Polynomial) -> Polynomial:
    total = dict(p)
    for powers, value in q.items():
        total[powers] = total.get(powers, Fraction(0)) + value
    return {powers: value for powers, value in total.items() if value}


def _times(p: Polynomial, q: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for one, a in p.items():
        for other, b in q.items():
            powers = tuple(map(sum, zip(one, other, strict=True)))
            total[powers] = total.get(powers, Fraction(0)) + a * b
    return {powers: value for powers, value in total.items() if value}
