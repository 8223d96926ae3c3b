"""Limiting equations as P → ∞: the exponents at which they are derived, and what such legs say.

Exponents are symbols. A leading term is shown for all pairs (κ_c, κ_s) that the definitions allow
at one sign of the information gap: a polygon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy as sp
from sympy.core.relational import Relational

from refutable.claim import Evidence, Undecided
from refutable.gap import Gap
from refutable.model import setting as settings
from refutable.prove.limits import Corner, Growth, clipped

Step = Gap | Undecided | Evidence
"""What a leg of this kind yields."""

KAPPA_C, KAPPA_S = sp.symbols("kappa_c kappa_s", positive=True)
C_1, C_S, VISIBLE = sp.symbols("c_1 c_s g", positive=True)
"""c_1 and c_s of the sizes, and 1-γ."""
GAP = (1 - KAPPA_S) - 2 * (1 - KAPPA_C)
"""Δ."""

SCOPE = (
    "the limiting equations at every allowed κ, constant latents, and their solution; "
    "not how fast the flow tends to it"
)
SOLVED = "put into the limiting equations"
AS_CLAIMED = "an event of the solution, against the constant of the statement"
SIGNS = {1: "Δ > 0", -1: "Δ < 0"}


def limiting() -> Evidence:
    """What such a leg covers, in words."""
    return Evidence(gaps=(), cases=0, scope=SCOPE)


def corners(sign: int) -> tuple[Corner, ...]:
    """Of the polygon of exponents (κ_c, κ_s) at this sign of Δ, in order."""
    (low_c, high_c), (low_s, high_s) = (
        [sp.Rational(repr(end)) for end in ends]
        for ends in (settings.KAPPA_C_RANGE, settings.KAPPA_S_RANGE)
    )
    square: list[Corner] = [(low_c, low_s), (high_c, low_s), (high_c, high_s), (low_c, high_s)]
    return tuple(clipped(square, sign * GAP, (KAPPA_C, KAPPA_S)))


def growth(
    sign: int, powers: Mapping[sp.Symbol, sp.Expr], given: Sequence[Relational] = ()
) -> Growth:
    """How symbols grow whose powers of P are linear in κ_c and κ_s, at this sign of Δ."""
    return Growth((KAPPA_C, KAPPA_S), powers, corners(sign), tuple(given))
