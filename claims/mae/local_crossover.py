"""MAE, a query in a local area at any information gap: how the two regimes join.

Sources: none; derived here. The theorems assume a gap bounded away from 0. What they say on either
side of it are the two ends of one law, which holds at a gap of 0, too. Symbols as in
refutable.claims.mae.laws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import sympy as sp

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance
from refutable.claims.mae import laws
from refutable.claims.mae.for_every_size import (
    LocalQuery,
    bound_of,
    to_the_loss_gap,
)
from refutable.claims.mae.ladders import DYNAMICS, LOSS_GAP, REDUCED, tens, top_of
from refutable.claims.runs import for_every_size, next_order
from refutable.claims.runs.for_every_size import Bounds, Proof, event, left_out
from refutable.claims.runs.next_order import INTEGRATION
from refutable.claims.runs.plants import ALPHA_GLOBAL, RATES, scaled, shifted, spoiled
from refutable.gap import Gap
from refutable.model import reduced
from refutable.model.setting import Setting, power_of_ten
from refutable.model.trajectory import Trajectory
from refutable.prove import symbolic

crossover = Claim(
    id="local.crossover",
    title="Any gap, 0 included: how far the global correlation is pushed down",
    statement=r"""Constant latents, $\kappa_c<1$, uniformly in $\Delta$:
        $-z\Phi_{p\to v_1}(T_{1/2})-\frac12\log\big(1+2(1-\gamma)\frac{c_1^2}{c_s}P^\Delta\big)\to0$
        and $T_{1/2}\cdot\gamma\rho z^4/K\to1$.""",
    measured="on ladders of P with Δ log P held fixed, negative, 0 and positive",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
    rests_on=("lemma5.1.own", "lemma5.1.global", *REDUCED),
)


def log_half_time(setting: Setting) -> float:
    """Logarithm of T_½ = K/(γρz⁴), claimed."""
    return math.log(setting.K / setting.gamma / setting.latents.L**4) - setting.log_rho


@crossover.leg("symbolic")
def leading_order_is_solved(context: Context) -> Iterator[Gap]:
    """While own attention is small: dΦ_1/dt = -(γ/K)z³A_1², A_1 = ae^{zΦ_1}, until T_½."""
    t, z, a, rho, rate = sp.symbols("t z a rho rate", positive=True)
    phi = -sp.log(1 + 2 * rate * z**4 * a**2 * t) / (2 * z)
    speed = -rate * z**3 * (a * sp.exp(z * phi)) ** 2
    yield symbolic.identity("dΦ_1/dt", phi.diff(t), speed, "rate is γ/K; Φ_1 = 0 at t = 0")
    half = phi.subs(t, 1 / (rate * rho * z**4))
    law = sp.log(1 + 2 * a**2 / rho) / 2
    yield symbolic.identity("-zΦ_1 at t = K/(γρz⁴)", -z * half, law, "T_½ put in")
    x = sp.Symbol("x", positive=True)
    below = sp.limit(sp.log(1 + 2 * x) / 2 / x, x, 0)
    yield symbolic.identity("the law over a²/ρ as Δ log P → -∞", below, sp.S.One, "local-: -zΦ_1")
    above = sp.limit(sp.sqrt(1 + 2 * x) / sp.sqrt(2 * x), x, sp.oo)
    yield symbolic.identity("e^law over (2a²/ρ)^½ as Δ log P → ∞", above, sp.S.One, "local+")


TOPS = (
    top_of(0.65, 0.3),
    top_of(0.7, 0.4, 1.5, gamma=0.75, K=3, c_1=2.0, c_s=0.5),
    top_of(0.75, 0.5, 0.7, gamma=0.25),
)
"""Gaps of 0; κ_c is moved so that Δ log P takes the values below."""
DISTANCES = (-10.0, -3.0, 0.0, 3.0, 10.0)
"""Δ log P: |α_1|/α_n at the start from 5e-5 to 2e4, so that either regime is reached."""


def at_distance(top: Setting, ten: float, distance: float) -> Setting:
    """The setting at P = 10^ten whose Δ log P is the given one."""
    gap = distance / (ten * math.log(10))
    return top.replace(P=power_of_ten(ten), kappa_c=(1 + top.kappa_s + gap) / 2)


def crossover_bounds() -> Bounds:
    """Φ_1(T_½) and T_½ off their laws, and what bounds them."""

    def depth_off(setting: Setting, run: Trajectory) -> float:
        return abs(2 * (event(run.half).phi_global + laws.depth_at_half(setting)))

    def time_off(setting: Setting, run: Trajectory) -> float:
        return abs(math.expm1(event(run.half).log_t - log_half_time(setting)))

    where = for_every_size.EITHER
    proofs = (
        Proof("|-2Φ_1(T_½) - log(1 + 2a²/ρ)|", depth_off, bound_of("crossover_off"), 0.5, **where),
        Proof("|T_½·γρ/K - 1|", time_off, bound_of("half_time_off"), 0.5, **where),
    )
    at_0 = Setting(P=10**12, kappa_c=0.7, kappa_s=0.4)
    at = (*for_every_size.AT_POSITIVE, *for_every_size.AT_NEGATIVE, at_0)
    return Bounds(proofs, to_the_loss_gap, at)


@crossover.leg("scaling", require=("Δ < 0", "Δ = 0", "Δ > 0", "in between", "K > 1"))
def one_law_on_the_ladders(context: Context) -> Iterator[Gap | Case]:
    """Depth and time at T_½ on ladders that stay in the crossover."""
    for top in TOPS:
        # P^-κ_s from Υ on the own area, and P^-(1-κ_c) = P^-(1-κ_s)/2 from A_1 beside 1.
        order = -min(top.kappa_s, (1 - top.kappa_s) / 2)
        for distance in DISTANCES:
            sign = "Δ = 0" if not distance else "Δ > 0" if distance > 0 else "Δ < 0"
            near = ("in between",) if 0 < abs(distance) <= 3 else ()
            yield Case((sign, *near, *(("K > 1",) if top.K > 1 else ())))
            rungs = [at_distance(top, ten, distance) for ten in tens(context)]
            runs = [reduced.mae(rung, "local", loss_gap=LOSS_GAP).half for rung in rungs]
            name = f"κ_s = {top.kappa_s:g}, γ = {top.gamma:g}, Δ log P = {distance:g}"
            log_P, z = [rung.log_P for rung in rungs], top.latents.L
            found = [math.nan if e is None else -z * e.phi_global for e in runs]
            missing = np.subtract(found, [laws.depth_at_half(rung) for rung in rungs])
            logs = [math.nan if e is None else e.log_t for e in runs]
            late = np.exp(np.subtract(logs, [log_half_time(rung) for rung in rungs]))
            for what, values, law in (
                ("-zΦ_1(T_½) less the law", missing, 0),
                ("T_½·γρz⁴/K", late, 1),
            ):
                left, why = next_order.at_the_top(
                    log_P, (values - law).tolist(), order, INTEGRATION
                )
                yield from scaling.limit(
                    f"{what}, {name}",
                    log_P,
                    values.tolist(),
                    law,
                    tolerance=left,
                    why=why,
                    x_label="log P",
                )
    yield from crossover_bounds().inside()


@crossover.leg("enclosed")
def crossover_for_every_size(context: Context) -> Evidence:
    """Φ_1(T_½) and T_½ within bounds of their laws that fall with P; the region holds Δ = 0."""
    return crossover_bounds().evidence()


crossover.mistake(LocalQuery.late, "Υ_n and R left out of the bounds", left_out)
crossover.mistake(laws.depth_at_half, "constant off by a part in 1e5", scaled(1 + 1e-5))
crossover.mistake(log_half_time, "T_½ off by a part in 1e5", shifted(1e-5))
crossover.mistake(RATES, "α_1 off by 5 %", spoiled(ALPHA_GLOBAL, 1.05))

CLAIMS = (crossover,)
