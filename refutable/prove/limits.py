"""Limits: which term of a rational function leads when its symbols grow as powers of one number.

Exponents stay symbols. A monomial of symbols that grow like P^κ is a power of P whose exponent is
linear in the κ, so whether one leads all others throughout a polygon of exponents is seen at the
polygon's corners: a linear function that is ≤ 0 at every corner, and < 0 at one, is < 0 inside.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from refutable.certificate import Certificate
from refutable.evidence import Undecided
from refutable.gap import Gap, identical
from refutable.prove import constants, coverings, deciding, normal, smt, smtlib, symbolic
from refutable.prove import statement as statements
from refutable.prove.relations import namesakes
from refutable.prove.statement import refuse_inexact
from refutable.tally import Tally

Corner = tuple[sp.Rational, ...]
"""Values of the exponents."""


@dataclass(frozen=True)
class Growth:
    """How symbols grow: `powers[s]` is the exponent of s, linear in `exponents`.

    corners: of a convex polygon (or interval) that the exponents range over, its inside meant.
    given: what is assumed of other symbols, such as γ < 1, so that leading terms do not vanish.
    """

    exponents: tuple[sp.Symbol, ...]
    powers: Mapping[sp.Symbol, sp.Expr]
    corners: tuple[Corner, ...]
    given: tuple[Relational, ...] = ()

    def at_corners(self, power: sp.Expr) -> Corner:
        """A linear exponent at every corner."""
        return tuple(
            sp.sympify(power).subs(dict(zip(self.exponents, corner, strict=True)))
            for corner in self.corners
        )


class NoLeaderError(Exception):
    """No term of a polynomial leads throughout the polygon, or none that is known not to vanish."""


@dataclass(frozen=True)
class Leading:
    """The leading term of an expression, its exponent, and how many terms were compared.

    nonzero: parts of the term that had to be shown not to vanish.
    """

    term: sp.Expr
    exponent: sp.Expr
    terms: int
    nonzero: tuple[sp.Expr, ...] = ()


def leading(expression: sp.Expr, growth: Growth) -> Leading:
    """The term that the expression tends to, relative to itself, inside the polygon.

    Raises NoLeaderError when no term of the numerator, or of the denominator, leads everywhere, or
    the one that does may vanish; ValueError for what is no rational function of what grows.
    """
    _check(expression, growth)
    numerator, denominator = (
        _leader(part, growth) for part in sp.fraction(sp.together(expression))
    )
    return Leading(
        numerator.term / denominator.term,
        sp.expand(numerator.exponent - denominator.exponent),
        numerator.terms + denominator.terms,
        (*numerator.nonzero, *denominator.nonzero),
    )


def _check(expression: sp.Expr, growth: Growth) -> None:
    refuse_inexact(expression)
    symbols = expression.free_symbols | growth.powers.keys()
    complaint = namesakes(symbols)
    if complaint:
        raise ValueError(complaint)
    if not growth.corners:
        raise ValueError("a polygon without corners: every term would lead there")
    for symbol, power in growth.powers.items():
        if not symbol.is_positive:
            raise ValueError(f"{symbol} grows as a power of something large: make it positive")
        linear = sp.Poly(power, *growth.exponents) if growth.exponents else None
        if linear is not None and linear.total_degree() > 1:
            raise ValueError(f"the exponent {power} of {symbol} is not linear")


def _leader(polynomial: sp.Expr, growth: Growth) -> Leading:
    symbols = tuple(growth.powers)
    try:
        terms = sp.Poly(polynomial, *symbols).terms()
    except sp.PolynomialError:
        names = ", ".join(map(str, symbols))
        raise ValueError(f"{polynomial} is no polynomial in {names}") from None
    by_exponent: dict[Corner, tuple[sp.Expr, sp.Expr]] = {}
    for powers, coefficient in terms:
        pairs = list(zip(symbols, powers, strict=True))
        exponent = sp.expand(sp.Add(*(k * growth.powers[s] for s, k in pairs)))
        monomial = coefficient * sp.Mul(*(s**k for s, k in pairs))
        at = growth.at_corners(exponent)
        before = by_exponent.get(at, (sp.S.Zero, exponent))[0]
        by_exponent[at] = (before + monomial, exponent)
    kept = {at: found for at, found in by_exponent.items() if not _vanishes(found[0])}
    for at, (term, exponent) in kept.items():
        if all(all(a >= b for a, b in zip(at, other, strict=True)) for other in kept):
            return Leading(term, exponent, len(terms), _known_not_to_vanish(term, growth.given))
    raise NoLeaderError(f"no term of {len(terms)} leads at all of {len(growth.corners)} corners")


def _vanishes(term: sp.Expr) -> bool:
    """Whether a term is surely 0; one of which that is not known is kept."""
    if sp.expand(term) == 0:
        return True
    return not symbolic.is_rational(term) and normal.normal(term).vanishes is True


def _known_not_to_vanish(term: sp.Expr, given: Sequence[Relational]) -> tuple[sp.Expr, ...]:
    """The factors of a leading term that the symbols' assumptions alone do not keep from 0.

    NoLeaderError when one of them may vanish all the same: another term leads then.
    """
    doubtful = []
    for factor in sp.Mul.make_args(sp.factor(term)):
        base, _ = factor.as_base_exp()
        if base.is_nonzero:
            continue
        if not base.free_symbols and constants.is_zero(base) is False:
            continue
        statement = statements.read(given, sp.Unequality(base, 0, evaluate=False))
        queries = statement.counterexamples
        opinions = [deciding.consult(solver, statement, queries) for solver in (smt, coverings)]
        if not any(opinion.found == "proved" for opinion in opinions):
            at = next((f", as at {_at(o.witness)}" for o in opinions if o.witness), "")
            raise NoLeaderError(f"the leading term {term} vanishes where {base} = 0{at}")
        doubtful.append(base)
    return tuple(doubtful)


def _at(point: Mapping[sp.Symbol, sp.Expr]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in sorted(point.items(), key=str))


def limit(
    name: str,
    expression: sp.Expr,
    claimed: sp.Expr,
    exponent: Callable[[Corner], Any],
    growth: Growth,
    why: str,
) -> Iterator[Gap | Undecided]:
    """The ratio of the expression to the claimed term tends to 1 inside the polygon.

    exponent: the claimed power of P where the exponents are those of a corner. Undecided when no
    term leads, or the one that does vanishes somewhere in spite of what the growth is given.
    """
    try:
        found = leading(expression, growth)
    except NoLeaderError as problem:
        yield Undecided(name, str(problem))
        return
    claimed = sp.sympify(claimed)
    apart = symbolic.difference(name, found.term, claimed)
    at_corners = growth.at_corners(found.exponent)
    corners = {s: growth.at_corners(power) for s, power in growth.powers.items()}
    by = f"SymPy {sp.__version__}"
    known = f"where {', '.join(map(str, found.nonzero))} is not 0"
    certificate = Certificate(
        for_all=True,
        by=by,
        negated=f"the leading term is not {claimed}",
        assumptions=tuple(map(str, growth.given)),
        sums=why,
        variables={str(s): f"P**({power})" for s, power in growth.powers.items()},
        reductions=(
            f"corners of {growth.exponents}: {_readable(growth.corners)}",
            *([known] if found.nonzero else []),
        ),
        resource={"terms compared": found.terms},
    )
    leads = smtlib.leading(expression, claimed, corners, below_one(growth.given), by)
    grows = smtlib.power(found.term, corners, at_corners, by)
    yield identical(
        f"{name}: leading term less claimed",
        apart.measured,
        0,
        why,
        certificate=dataclasses.replace(certificate, scripts=(leads,) if leads else ()),
        witness=apart.witness,
        undecided=apart.undecided,
        tally=Tally(),
    )
    yield identical(
        f"{name}: exponent at the corners",
        _readable([at_corners]),
        _readable([tuple(exponent(corner) for corner in growth.corners)]),
        "a linear function is known by its values at three corners, or two ends",
        certificate=dataclasses.replace(certificate, scripts=(grows,) if grows else ()),
    )


def below_one(given: Sequence[Relational]) -> tuple[sp.Symbol, ...]:
    """The symbols that are assumed to be below 1."""
    return tuple(
        r.lhs for r in given if isinstance(r, sp.StrictLessThan) and r.lhs.is_Symbol and r.rhs == 1
    )


def _readable(corners: Sequence[Corner]) -> str:
    return ", ".join(str(corner) for corner in corners)


def clipped(
    corners: Sequence[Corner], side: sp.Expr, exponents: Sequence[sp.Symbol]
) -> list[Corner]:
    """The part of a polygon, corners in order, where a linear function is ≥ 0."""
    values = [side.subs(dict(zip(exponents, corner, strict=True))) for corner in corners]
    kept: list[Corner] = []
    for i, (corner, value) in enumerate(zip(corners, values, strict=True)):
        before, earlier = corners[i - 1], values[i - 1]
        if value * earlier < 0:
            share = earlier / (earlier - value)
            kept.append(tuple(a + (b - a) * share for a, b in zip(before, corner, strict=True)))
        if value >= 0:
            kept.append(corner)
    return kept
