"""Reduced reconstruction dynamics: one masked query's row of Q (Definitions 2.4, 2.5, 3.1).

The many other local areas enter by the law of large numbers (exact for constant latents); for K > 1
the clusters do not feel each other through Υ. A mask that hides the whole own area has probability
γ^{C_n - 1} and is ignored: L*_p = 0.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refutable.model.reduced.clock import RTOL, State, integrate, require_tractable
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import Event, QueryKind, Series, Trajectory

TINY = 1e-320  # stands for 0 inside a logarithm


class MaeRates(NamedTuple):
    """What drives a masked query's row of Q at one state, and what the query attends to.

    alpha_*: -∂L/∂Φ towards the feature of the global, of the own and of one other local area;
    beta_*: -∂L/∂Υ towards one patch of these areas, the mean over masks (Definition 3.1). For a
    global query own and global coincide. Attentions are means over latents; loss is L_p.
    """

    alpha_global: float
    alpha_own: float
    alpha_other: float
    beta_global: float
    beta_own: float
    beta_other: float
    global_attention: float
    own_attention: float
    loss: float


def mae_rates(
    setting: Setting,
    query: QueryKind,
    *,
    phi_global: float = 0.0,
    phi_own: float = 0.0,
    phi_other: float = 0.0,
    upsilon_global: float = 0.0,
    upsilon_own: float = 0.0,
    upsilon_other: float = 0.0,
) -> MaeRates:
    """Rates at the given correlations, per unit of t (claims grad.own, grad.other, grad.position).

    For a global query phi_own and upsilon_own count; phi_global and upsilon_global are ignored.
    Raises SettingError for an unknown query or P beyond 1e300.
    """
    require_tractable(setting, 1.0)
    sums = rate_sums(setting, query)
    a_1, a_n, a_m, b_1, b_n, b_m, attention_1, attention_n, miss = sums(
        (phi_global, phi_own, phi_other, upsilon_global, upsilon_own, upsilon_other)
    )
    if query == "global":
        a_1, b_1, attention_1 = a_n, b_n, attention_n
    rate, C_n = setting.gamma / setting.K, setting.C_s if query == "local" else setting.C_1
    return MaeRates(
        alpha_global=rate * a_1,
        alpha_own=rate * a_n,
        alpha_other=rate * a_m * (setting.C_s / setting.P),
        beta_global=rate * b_1 / setting.C_1,
        beta_own=rate * b_n / C_n,
        beta_other=rate * b_m / setting.P,
        global_attention=attention_1,
        own_attention=attention_n,
        loss=0.5 * setting.gamma * miss,
    )


def rate_sums(setting: Setting, query: QueryKind) -> Callable[[State], tuple[float, ...]]:
    """The expectations of theory.md section 2 as a function of Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m.

    They are, without the factor Pr(p masked, cluster k) = γ/K:
    α_1, α_n, α_m·P/C_s, C_1·β_1, C_n·β_n, P·β_m, E A_1, E A_n and E‖F_p - X_p‖² = 2L_p/γ.
    A global query is one whose own area is the global one, with no patch in a further global area.
    """
    P, C_1, C_s = setting.P, setting.C_1, setting.C_s
    masked, visible = setting.gamma, 1 - setting.gamma
    # Shares of the patches; quotients of integers are correctly rounded at any size.
    if query == "local":
        share_1, share_n, share_rest = C_1 / P, C_s / P, (P - C_1 - C_s) / P
    elif query == "global":
        share_1, share_n, share_rest = 0.0, C_1 / P, (P - C_1) / P
    else:
        raise SettingError(f"query must be local or global, not {query!r}")
    share_m = C_s / P
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    global_law = law if query == "local" else [(0.0, 1.0)]
    exp = math.exp

    def sums(state: State) -> tuple[float, ...]:
        phi_1, phi_n, phi_m, ups_1, ups_n, ups_m = state
        # The other local areas, as one: visible and masked weight, and moments of the law.
        patch_m = exp(ups_m)
        crowd = share_rest * patch_m
        seen_m, dark_m = visible * crowd, masked * crowd
        each = visible * share_m * patch_m  # one area of them
        m0 = m1 = m2 = m3 = 0.0
        for z, q in law:
            e = exp(z * phi_m)
            m0 += q * e
            m1 += q * z * e
            m2 += q * (z * e) ** 2
            m3 += q * z * (z * e) ** 2
        a_1 = a_n = a_m = b_1 = b_n = b_m = att_1 = att_n = loss = 0.0
        globals_ = [
            (z, q, visible * share_1 * exp(z * phi_1 + ups_1), z * z) for z, q in global_law
        ]
        dark_1, dark_n = masked * share_1 * exp(ups_1), masked * share_n * exp(ups_n)
        rest = seen_m * m0 + dark_m + dark_1 + dark_n
        for z_n, q_n in law:
            grown = z_n * phi_n
            # Only the own weight can outgrow double precision: all weights are divided by it.
            scale = exp(-grown) if grown > 0 else 1.0
            w_n = visible * share_n * exp(ups_n + min(grown, 0.0))
            zz_n = z_n * z_n
            for z_1, q_1, w, zz_1 in globals_:
                w_1 = w * scale
                total = w_n + w_1 + rest * scale
                A_1, A_n = w_1 / total, w_n / total
                per = scale / total
                not_1, not_n = (w_n + rest * scale) / total, (w_1 + rest * scale) / total
                A_m, A_rest = each * per, seen_m * per
                spread = A_rest * A_m * m2  # Σ z_m²A_m² over the other local areas
                pull = zz_n * A_n * not_n
                leak = zz_1 * A_1 * A_1 + spread
                missing = zz_n * not_n * not_n + leak  # ‖F_p - X_p‖² = h + z_n²(1-A_n)
                h = leak - pull
                over = spread - zz_1 * A_1 * not_1 - pull  # h - z_1²A_1
                q = q_n * q_1
                a_1 += q * z_1 * A_1 * over
                a_n += q * z_n * A_n * missing
                a_m += q * (m1 * h - A_m * m3) * per * patch_m * visible
                b_1 += q * (A_1 * over + dark_1 * per * h)
                b_n += q * (A_n * missing + dark_n * per * h)
                b_m += q * (visible * (m0 * h - A_m * m2) + masked * h) * per * patch_m
                att_1 += q * A_1
                att_n += q * A_n
                loss += q * missing
        return a_1, a_n, a_m, b_1, b_n, b_m, att_1, att_n, loss

    return sums


def mae(
    setting: Setting,
    query: QueryKind,
    *,
    loss_gap: float = 1e-3,
    log_t_max: float | None = None,
    rtol: float = RTOL,
) -> Trajectory:
    """Reduced gradient flow of one masked query from Q = 0 until L_p - L*_p = loss_gap.

    Latents are averaged over their law, rates carry γ/K, L_p is the mean over clusters
    (Definitions 2.5, 3.1; claims local+.*, local-.*, global.*). log t never decreases, but stands
    still to double precision while Φ_n jumps. half has log_t = -inf when the own attention is one
    half at the start already.
    log_t_max: natural logarithm of the time to give up at (then done is None); by default some 1e13
    times the time that theory expects.
    Raises SettingError for an unknown query, P beyond 1e300, or a loss_gap not below the initial
    loss.
    """
    require_tractable(setting, loss_gap)
    sums, rate = rate_sums(setting, query), setting.gamma / setting.K
    local = query == "local"
    C_n = setting.C_s if local else setting.C_1
    # Expected sizes over log P, so that one tolerance fits all; with a negative gap what is global
    # stays below 1 by P^Δ (claims local+.positions-small, local-.positions-small).
    hold = min(1.0, setting.C_1 / setting.P * (setting.C_1 / setting.C_s))
    sizes = (hold, 1.0, setting.C_s / setting.P, hold / setting.C_1, 1 / C_n, 1 / setting.P)

    @functools.lru_cache(maxsize=2)  # the watches ask for the same state
    def at(*x: float) -> tuple[float, ...]:
        return sums([size * value for size, value in zip(sizes, x, strict=True)])

    start = at(*[0.0] * 6)
    if 0.5 * setting.gamma * start[8] <= loss_gap:
        raise SettingError(f"loss_gap must be below the initial {0.5 * setting.gamma * start[8]}")
    unit = 1 / (setting.latents.U * (abs(start[0]) + start[1]))
    pull = setting.latents.U * unit

    def flow(x: State) -> tuple[list[float], float]:
        a_1, a_n, a_m, b_1, b_n, b_m, *_ = sums([s * v for s, v in zip(sizes, x, strict=True)])
        velocity = (a_1 / hold, a_n, a_m, b_1 / hold, b_n, b_m)
        return [unit * v for v in velocity], pull * (abs(a_1) + a_n)

    def lead_of_global(y: State) -> float:
        a_1, a_n, *_ = at(*y[:-1])
        return math.log(max(abs(a_1), TINY) / a_n)

    def short_of_half(y: State) -> float:
        return 0.5 - at(*y[:-1])[7]

    def loss_left(y: State) -> float:
        return math.log(0.5 * setting.gamma * at(*y[:-1])[8] / loss_gap)

    switches = local and abs(start[0]) > start[1]
    watches = [lead_of_global] * switches + [short_of_half, loss_left]
    if log_t_max is None:
        log_t_max = math.log(setting.P / C_n / (1 - setting.gamma) / rate) - math.log(loss_gap) + 30
    log_unit = math.log(unit / rate)
    run = integrate(flow, 6, log_unit, watches, log_t_max, rtol)

    def moment(crossing: tuple[float, Series] | None) -> Event | None:
        if crossing is None:
            return None
        log_t, (x_1, x_n, *_) = crossing
        return Event(log_t, float(hold * x_1 if local else x_n), float(x_n))

    switch, half, done = [None] * (not switches) + [moment(c) for c in run.crossings]
    if start[7] >= 0.5:
        half = Event(-math.inf, 0.0, 0.0)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m = (run.path * np.array(sizes)).T
    a_1, a_n, _, _, _, _, att_1, att_n, miss = np.array([at(*x) for x in run.path.tolist()]).T
    if not local:
        phi_1, ups_1, a_1, att_1 = phi_n, ups_n, a_n, att_n
    return Trajectory(
        setting=setting,
        objective="mae",
        query=query,
        engine="reduced",
        log_t=run.log_t,
        phi_global=phi_1,
        phi_own=phi_n,
        phi_other=phi_m,
        upsilon_own=ups_n,
        upsilon_global=ups_1,
        upsilon_other=ups_m,
        rate_global=rate * a_1,
        rate_own=rate * a_n,
        own_attention=att_n,
        global_attention=att_1,
        loss_gap=0.5 * setting.gamma * miss,
        switch=switch,
        half=half,
        done=done,
    )
