"""Along training: exact rates on reduced trajectories, and how a formula's error falls with P."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from refutable import scaling
from refutable.claim import Case
from refutable.gap import Gap
from refutable.model import reduced
from refutable.model.setting import Latents, Setting, power_of_ten
from refutable.model.trajectory import QueryKind, Series
from refutable.reuse import shared

LOSS_GAP = 1e-3
"""Trajectories are followed until L_p - L*_p is this small; own attention is then some 0.94."""
GAMMA, LATENT, CLUSTERS = 0.6, 1.5, 2


@dataclass(frozen=True)
class Along:
    """Attentions and exact rates along a reduced trajectory, (T,) each; rates over γz³/K.

    A_1 is 0 for a global query, whose own area is the global one.
    """

    A_n: Series
    A_1: Series
    A_m: Series
    own: Series
    global_: Series
    other: Series


def setting_at(kappa_c: float, kappa_s: float, decades: float) -> Setting:
    """The setting followed at P = 10^decades."""
    return Setting(
        P=power_of_ten(decades),
        kappa_c=kappa_c,
        kappa_s=kappa_s,
        gamma=GAMMA,
        K=CLUSTERS,
        latents=Latents.constant(LATENT),
    )


@shared.run_once
def along(query: QueryKind, kappa_c: float, kappa_s: float, decades: float) -> Along:
    """Reduced training of one query at P = 10^decades.

    With counts at their mean, where an attention is a number and not a law: the formulas are about
    such numbers (what masks add to their averages is of order 1/C_s).
    """
    s = setting_at(kappa_c, kappa_s, decades)
    t = reduced.mae(s, query, loss_gap=LOSS_GAP, counts="mean")
    other = [
        reduced.mae_rates(
            s,
            query,
            phi_global=phi_1,
            phi_own=phi_n,
            phi_other=phi_m,
            upsilon_global=upsilon_1,
            upsilon_own=upsilon_n,
            upsilon_other=upsilon_m,
            counts="mean",
        ).alpha_other
        for phi_1, phi_n, phi_m, upsilon_1, upsilon_n, upsilon_m in zip(
            t.phi_global,
            t.phi_own,
            t.phi_other,
            t.upsilon_global,
            t.upsilon_own,
            t.upsilon_other,
            strict=True,
        )
    ]
    unit = GAMMA / CLUSTERS * LATENT**3
    C_n = s.C_s if query == "local" else s.C_1
    odds = LATENT * (t.phi_other - t.phi_own) + t.upsilon_other - t.upsilon_own
    return Along(
        A_n=t.own_attention,
        A_1=t.global_attention if query == "local" else np.zeros_like(t.own_attention),
        A_m=t.own_attention * (s.C_s / C_n) * np.exp(odds),
        own=t.rate_own / unit,
        global_=t.rate_global / unit,
        other=np.array(other) / unit,
    )


@dataclass(frozen=True)
class Ladder:
    """One query kind and pair of exponents, and the powers of ten of P to go through.

    High enough for the leading term, low enough for the deviation to stay above 1e-10: it is a
    difference of float64 rates, good to some 1e-15.
    """

    query: QueryKind
    kappa_c: float
    kappa_s: float
    decades: tuple[float, ...]

    @property
    def regime(self) -> str:
        """For counting cases."""
        if self.query == "global":
            return "global query"
        positive = 1 - self.kappa_s > 2 * (1 - self.kappa_c)
        return f"local query, Δ {'>' if positive else '<'} 0"


LOCAL_REGIMES = ("local query, Δ > 0", "local query, Δ < 0")
REGIMES = (*LOCAL_REGIMES, "global query")


def deviations(
    ladders: Sequence[Ladder],
    deviation: Callable[[Along], Series],
    exponent: Callable[[Ladder], float],
) -> Iterator[Gap | Case]:
    """The largest relative deviation along each trajectory falls with P at the exponent given."""
    for ladder in ladders:
        yield Case((ladder.regime,))
        runs = [
            along(ladder.query, ladder.kappa_c, ladder.kappa_s, rung) for rung in ladder.decades
        ]
        yield from scaling.power_law(
            f"largest deviation, {ladder.regime}",
            [rung * math.log(10) for rung in ladder.decades],
            [math.log(float(np.abs(deviation(run)).max())) for run in runs],
            exponent(ladder),
            x_label="log P",
        )


LOW, HIGH = scaling.rungs(10, 20, 6), scaling.rungs(50, 100, 6)
