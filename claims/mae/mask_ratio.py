"""MAE, the mask ratio: which share of patches to hide for the shortest time.

Sources: none; derived here. A query learns where it is masked, γ of the time, from own patches
that are visible, 1 - γ of them: every time of Theorem 4.2 carries 1/(γ(1-γ)), least at γ = ½.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import sympy as sp

from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.mae.ladders import (
    DYNAMICS,
    LOSS_GAP,
    REDUCED,
    at_the_top,
    top_of,
)
from refutable.claims.runs.plants import ALPHA_OWN, RATES, scaled, spoiled
from refutable.claims.runs.regimes import BOTH_SIGNS, QUERIES, sign_of
from refutable.gap import Gap, equal
from refutable.model import reduced
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind
from refutable.prove import symbolic
from refutable.prove.inequality import proved
from refutable.reuse import shared

mask_ratio = Claim(
    id="mae.mask-ratio",
    title="Hiding half of the patches is fastest",
    statement=r"""Constant latents, $\kappa_c<1$, both kinds of query, both signs of $\Delta$:
        $\frac{T_{1/2}(\gamma)}{T_{1/2}(1/2)}\to\frac1{4\gamma(1-\gamma)}\ge1$, with equality at
        $\gamma=\frac12$ alone.""",
    measured="γ from 0.1 to 0.9 at P = 1e100; the minimum for every γ",
    provenance=Provenance.DERIVED,
    assumptions=(*DYNAMICS, "gap bounded away from 0"),
    rests_on=("local+.phase2-length", "local-.length", "global.length", *REDUCED),
)


def slowdown(gamma: sp.Expr) -> sp.Expr:
    """T_½(γ)/T_½(½), claimed."""
    return 1 / (4 * gamma * (1 - gamma))


@mask_ratio.leg("smt")
def half_is_least(context: Context) -> Iterator[Gap | Undecided]:
    """For every γ in (0, 1)."""
    gamma = sp.Symbol("gamma", real=True)
    told, why = [gamma > 0, gamma < 1], "one number"
    away = [*told, sp.Ne(gamma, sp.Rational(1, 2))]
    half = sp.Rational(1, 2)
    yield symbolic.identity("1/(4γ(1-γ)) at ½", sp.sympify(slowdown(half)), sp.S.One, why)
    yield from proved("and more away from ½", away, slowdown(gamma) > 1, why)


TOPS = (top_of(0.85, 0.3, 1.2, K=2), top_of(0.6, 0.4))
RATIOS = (0.1, 0.3, 0.75, 0.9)


@shared.run_once
def log_half_time(setting: Setting, query: QueryKind) -> float:
    """Logarithm of T_½ in the reduced dynamics."""
    half = reduced.mae(setting, query, loss_gap=LOSS_GAP).half
    return math.nan if half is None else half.log_t


@mask_ratio.leg("scaling", require=(*BOTH_SIGNS, *(f"{query} query" for query in QUERIES)))
def times_at_every_ratio(context: Context) -> Iterator[Gap | Case]:
    """T_½ over that at γ = ½, times 4γ(1-γ), at the top of the ladders."""
    for top in TOPS:
        for query in QUERIES:
            yield Case((sign_of(top), f"{query} query"))
            half = log_half_time(top, query)
            allowed, why = at_the_top(top, query, runs=2)
            for gamma in context.at(quick=RATIOS[1:3], full=RATIOS):
                time = math.exp(log_half_time(top.replace(gamma=gamma), query) - half)
                yield equal(
                    f"κ_c = {top.kappa_c}, {query} query, γ = {gamma}: T_½ over that at ½",
                    time,
                    float(slowdown(gamma)),
                    allowed * float(slowdown(gamma)),
                    f"{why}, of both runs",
                )


mask_ratio.mistake(
    slowdown, "of visible patches alone", lambda _: lambda gamma: 1 / (2 * (1 - gamma))
)
mask_ratio.mistake(
    slowdown, "least at two thirds", lambda _: lambda gamma: 4 / (27 * gamma**2 * (1 - gamma))
)
mask_ratio.mistake(slowdown, "a part in 1e5 off", scaled(1 + 1e-5))
mask_ratio.mistake(
    RATES,
    "α_n grows with γ",
    lambda original: (
        lambda setting, *given: spoiled(ALPHA_OWN, 2 * setting.gamma)(original)(setting, *given)
    ),
)

CLAIMS = (mask_ratio,)
