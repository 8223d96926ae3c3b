"""Empty areas: the chance that no patch of a masked query's area is visible."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from operator import eq, lt

from refutable.claim import Claim, Context, Provenance
from refutable.claims.data.masks import SMALL
from refutable.gap import Gap, equal, identical
from refutable.model import data, enumeration
from refutable.model.setting import Setting

empty = Claim(
    id="mask.empty-own",
    title="The chance that a query's whole area is masked",
    statement=r"\Pr(\mathcal U\cap\mathcal P_n=\emptyset\mid p\in\mathcal M)="
    r"\binom{P-C_n}{P-M}\Big/\binom{P-1}{P-M}\le\gamma^{C_n-1}",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
    rests_on=("mask.moments",),
)


def empty_probability(P: int, M: int, C: int) -> Fraction:
    """Pr(𝒰∩𝒫_n = ∅ | p ∈ ℳ): all P-M visible patches lie outside the area."""
    return Fraction(math.comb(P - C, P - M), math.comb(P - 1, P - M))


def empty_bound(gamma: Fraction, C: int) -> Fraction:
    """γ^{C_n-1}."""
    return gamma ** (C - 1)


@empty.leg(
    "exact",
    expects={
        f"{what}, area * of P*": "an area larger than the number of masked patches is never empty"
        for what in ("over every mask", "as the model has it")
    },
)
def empty_own_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask that holds the query; then the formula and its bound; one logarithm in floats."""
    for s in SMALL:
        for j, area in enumerate(data.members(s, 0)):
            seen = enumeration.masks(s, masked=int(area[0]))
            share = Fraction(int((~seen[:, area]).all(axis=1).sum()), len(seen))
            at = f"area {j} of P = {s.P}, M = {s.M}"
            formula = empty_probability(s.P, s.M, len(area))
            yield identical(f"over every mask, {at}", share, formula, "counted, in fractions")
            modelled = enumeration.empty_own(s, len(area))
            yield identical(f"as the model has it, {at}", modelled, formula, "fractions")
    s = Setting(P=10**50, kappa_c=0.9, kappa_s=0.02, gamma=0.3)
    exact = enumeration.empty_own(s, s.C_s)
    bound = empty_bound(Fraction(3, 10), s.C_s)
    yield identical("below γ^{C-1} at P = 1e50", exact <= bound, True, "fractions")
    for C in (1, 2, 5):
        yield equal(
            f"over γ^(C-1) at P = 1e50, C = {C}",
            enumeration.empty_own(s, C) / empty_bound(Fraction(3, 10), C),
            1,
            Fraction(1, 10**48),
            "the bound is approached: what is left is C²/(γP) at most, in fractions",
        )
    yield equal(
        "log Pr at P = 1e50",
        enumeration.log_empty_own(s, s.C_s),
        math.log(exact),
        1e-12,
        "one rounded logarithm on either side",
    )
    for P in range(3, context.at(quick=16, full=40, deep=80)):
        sizes = [(M, C) for M in range(1, P) for C in range(1, P + 1)]
        below = [
            (M, C)
            for M, C in sizes
            if (lt if C > 1 else eq)(empty_probability(P, M, C), empty_bound(Fraction(M, P), C))
        ]
        yield identical(
            f"(M, C) below (M/P)^(C-1), which is reached at C = 1, P = {P}",
            below,
            sizes,
            "every M and C, in fractions; M/P ≤ γ, so γ^{C-1} bounds it all the more",
        )


empty.mistake(
    empty_probability,
    "not conditioned on the masked query",
    lambda original: lambda P, M, C: Fraction(math.comb(P - C, P - M), math.comb(P, P - M)),
)
empty.mistake(
    empty_bound,
    "bound with one factor too many",
    lambda original: lambda gamma, C: gamma**C,
)
empty.mistake(
    empty_bound,
    "a bound that is not approached",
    lambda original: lambda gamma, C: original(gamma, C) * Fraction(11 if C > 1 else 10, 10),
)
empty.mistake(
    enumeration.log_empty_own,
    "a logarithm off by a part in a million",
    lambda original: lambda *given: original(*given) * (1 + 1e-6),
)
empty.mistake(
    enumeration.empty_own,
    "the model counts the query twice",
    lambda original: lambda s, size: original(s, max(size - 1, 1)),
)


CLAIMS = (empty,)
