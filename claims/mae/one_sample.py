"""One sample that masks the query: attention on any number of areas, lumped into a few symbols.

What holds on each sample holds in expectation. The areas that a statement does not single out,
however many, enter through three numbers: their attention W = ΣA_j, S = Σz_j²A_j² and
top = max z_j²A_j. These satisfy 0 ≤ S ≤ top·W and 0 ≤ top ≤ U²W, all attained, so a polynomial
inequality in finitely many variables speaks for any number of areas. The masked keys take the
remainder 1 - ΣA_j ≥ 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from hypothesis.strategies import SearchStrategy
from sympy.core.relational import Relational

from refutable import property as properties
from refutable.claim import Context, Evidence
from refutable.claims import assumptions
from refutable.gap import Gap, identical
from refutable.prove import symbolic

L, U, W, S, top = sp.symbols("L U W S top", real=True)
A_n, A_1, A_m = sp.symbols("A_n A_1 A_m", real=True)
z_n, z_1, z_m, z = sp.symbols("z_n z_1 z_m z", real=True)

ANY_AREAS = (
    "the areas not named enter as W = ΣA_j, S = Σz_j²A_j² with 0 ≤ S ≤ top·W, and top = max "
    "z_j²A_j with 0 ≤ top ≤ U²W; both are sharp, since a single area attains the upper bounds and "
    "many small ones make S vanish. So the statement is about any number of areas; masked keys "
    "take the remainder"
)


def any_attention(*named: sp.Symbol) -> list[Relational]:
    """All that is known of an attention vector with these entries named and the others lumped."""
    return [
        *(A >= 0 for A in named),
        W >= 0,
        sum(named) + W <= 1,
        top >= 0,
        top <= U**2 * W,
        S >= 0,
        top * W >= S,
    ]


def without_largest(*named: sp.Symbol) -> list[Relational]:
    """The same where no statement speaks of `top`: there is one if and only if S ≤ U²W².

    Solvers are spared a symbol: with it cvc5 does not come to an end in every case.
    """
    without = [r for r in any_attention(*named) if not r.has(top)]
    return [*without, S <= U**2 * W**2]


def any_latents(*named: sp.Symbol) -> list[Relational]:
    """The named latents lie in [L, U], 0 ≤ L."""
    return [L >= 0, L <= U, *(x >= L for x in named), *(x <= U for x in named)]


ALONE = {S: 0, z_n: L}
"""No other area has attention, and the own latent is smallest."""
SHARED_OUT = {S: U**2 * (1 - A_n) ** 2, z_n: U}
"""One other area has all of 1 - A_n, and both latents are largest."""


def attained(
    name: str, rate: sp.Expr, bound: sp.Expr, at: Mapping[sp.Symbol, sp.Expr | int]
) -> Gap:
    """The bound is sharp: reached at these attention vectors, whatever the symbols left."""
    why = f"reached at {', '.join(f'{symbol} = {value}' for symbol, value in at.items())}"
    return symbolic.identity(f"{name} is attained", rate.subs(at), bound.subs(at), why)


CONSTANT = [z >= 0, sp.Eq(U, z)]
"""Every latent equals z = U."""


@dataclass(frozen=True)
class Named:
    """Areas that a statement singles out: the global one apart from the own, and one further m."""

    global_: bool = False
    other: bool = False

    def lumps(self, point: assumptions.Attention) -> dict[sp.Symbol, sp.Rational]:
        """Values of all symbols at a point; the last area plays m."""
        A, x = point.areas, point.latents
        names = {point.own: (A_n, z_n)}
        if self.global_:
            names[0] = (A_1, z_1)
        if self.other:
            names[len(A) - 1] = (A_m, z_m)
        rest = [j for j in range(len(A)) if j not in names]
        values: dict[sp.Symbol, Fraction] = {
            L: point.L,
            U: point.U,
            z: x[0],
            W: sum((A[j] for j in rest), Fraction(0)),
            S: sum((x[j] ** 2 * A[j] ** 2 for j in rest), Fraction(0)),
            top: max((x[j] ** 2 * A[j] for j in rest), default=Fraction(0)),
        }
        for j, (attention, latent) in names.items():
            values |= {attention: A[j], latent: x[j]}
        return {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in values.items()}


def tied_to_model(
    context: Context,
    points: SearchStrategy[assumptions.Attention],
    named: Named,
    told: Sequence[Relational],
    integrands: Mapping[str, tuple[sp.Expr, Callable[[Any, Any, Any], Any]]],
    regimes: tuple[str, ...] = (),
    also: Mapping[sp.Symbol, sp.Expr] | None = None,
    told_where: Mapping[str, tuple[Sequence[Relational], sp.Basic]] | None = None,
) -> Evidence:
    """What z3 was asked about is the model's integrand, and what it was told holds.

    Exact fractions at attention vectors of any number of areas. integrands: the lumped expression
    beside the model's function of (areas, latents, own). regimes: those that all points belong to.
    also: further symbols of `told`, by what they stand for. told_where: by name, relations that are
    told of some points, and the condition under which they must hold, and no others.
    """

    def gaps(point: assumptions.Attention) -> Iterator[Gap]:
        values = named.lumps(point)
        values |= {s: sp.sympify(e.xreplace(values)) for s, e in (also or {}).items()}
        met = [str(r) for r in told if r.xreplace(values) is sp.true]
        asked = [str(r) for r in told]
        yield identical("assumptions that the lumped areas meet", met, asked, ANY_AREAS)
        for name, (relations, condition) in (told_where or {}).items():
            holds = all(r.xreplace(values) is sp.true for r in relations)
            yield identical(name, holds, condition.xreplace(values) is sp.true, ANY_AREAS)
        A, x = (np.array([v], dtype=object) for v in (point.areas, point.latents))
        for name, (expression, modelled) in integrands.items():
            measured = modelled(A, x, np.array([point.own]))[0]
            predicted = expression.xreplace(values)
            yield identical(name, measured, predicted, "the same fraction, nothing rounded")

    return properties.search(
        context,
        points,
        gaps,
        examples=context.at(quick=25, full=300, deep=3000),
        regimes_of=lambda _: regimes,
        require=regimes,
    )
