"""Reduced contrastive dynamics: the row that all queries share (Definitions 2.6, 2.7, 3.1).

From Q = 0 every query keeps the same row (claim cl.rank-one), so Φ_1 and one Φ_m for all local
areas are the whole state. Masks leave (1-γ)·C_j patches of every area visible, and the local areas
enter by the law of large numbers (exact for constant latents). What is kept exactly: the law of the
global latent, the number of negatives with their clusters and latents, τ, and the local areas' part
of the similarities.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from refutable.model.reduced.clock import RTOL, State, integrate, require_tractable
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float
from refutable.model.trajectory import Event, Trajectory

LARGEST_SIMILARITY = 600.0
"""Largest U²/τ, the largest logarithm of a softmax ratio: beyond it exp leaves double precision."""
MOST_NEGATIVES = 1e6
"""Beyond it the finite N_c loses digits, and math.inf is the better question."""
STALL = 1e-3
"""Φ_1 has stalled when what drives it cancels to this part. The row follows a balance then, stiffly
and on the scale of Φ_m; thresholds in K or λ found by it are good to about this part."""
_QUADRATURE_STEP = 1 / 3
"""In log u. The integrands are bounded on |Im log u| < π/2, so that the trapezoidal rule errs by
about exp(-π²/step), 1e-13."""


class SoftmaxWeights(NamedTuple):
    """Expected softmax weights of the negatives, given each of n global latents z_i of the sample.

    other: (n,) of all negatives from other clusters together; same: (n, r) of all negatives from
    the sample's cluster with global latent z_j. 1 less their sum is the positive's weight.
    """

    other: Float[Array, "n"]
    same: Float[Array, "n r"]


@dataclass(frozen=True)
class ClRates:
    """What drives the shared row of Q at one state, and what it attends to.

    alpha_global, alpha_other: -∂L/∂Φ towards the global and towards one local feature of a cluster,
    weight decay included; attention: E A_1 over latents; excess computes loss_gap, on demand, as
    it costs as much as the rest.
    """

    alpha_global: float
    alpha_other: float
    attention: float
    excess: Callable[[], float]

    @property
    def loss_gap(self) -> float:
        """As in `cl`."""
        return self.excess()


def _nodes(highest_log_ratio: float, negatives: float) -> Float[Array, "T 1 1"]:
    """Nodes u (T, 1, 1) of ∫ f du = step·Σ u·f(u), f between e^{-u} and e^{-uZ}, Z largest."""
    low = math.log(1e-17) - max(0.0, highest_log_ratio) - math.log(1 + negatives)
    return np.exp(np.arange(low, math.log(40.0), _QUADRATURE_STEP))[:, None, None]


def softmax_weights(
    log_ratio: Float[Array, "n kinds"], law: Float[Array, "kinds"], negatives: float
) -> SoftmaxWeights:
    """Expected softmax weights of N_c negatives, each of kind c with probability law_c.

    log_ratio: (n, 1 + r) (Sim⁻ - Sim⁺)/τ for a negative from another cluster (first column), or
    from the same one with latent z_j; law: (1 + r,). With R = e^{log_ratio} the weight of kind c is
    E[N_c·law_c·R_c / (1 + R_c + Σ of the N_c - 1 others)], the Laplace integral
    N_c·law_c ∫_0^∞ R_c e^{-u(1+R_c)} (Σ_b law_b e^{-uR_b})^{N_c-1} du, or the law of large numbers
    for infinitely many (theory section 3.9).
    """
    R = np.exp(log_ratio)
    if negatives == math.inf:
        weights = law * R
        weights /= weights.sum(axis=1, keepdims=True)
    else:
        u = _nodes(log_ratio.max(), negatives)
        kinds = np.exp(-u * R)  # (T, r, 1 + r)
        others = (kinds @ law)[:, :, None] ** (negatives - 1)
        weights = (u * np.exp(-u) * kinds * others).sum(axis=0)
        weights *= _QUADRATURE_STEP * negatives * law * R
    return SoftmaxWeights(weights[:, 0], weights[:, 1:])


def _excess(
    log_limit: Float[Array, "r c"],
    change: Float[Array, "r c"],
    law: Float[Array, "c"],
    negatives: float,
) -> Float[Array, "r"]:
    """E log Z - E log Z_limit (r,), Z = 1 + Σ of N_c draws of R, log R = log_limit + change.

    log Z = ∫_0^∞ (e^{-u} - e^{-uZ}) du/u, and the difference of two is taken inside the integral,
    so that an excess of 1e-12 has as many digits as one of 1. Infinitely many: Z is its mean.
    """
    limit = np.exp(log_limit)
    growth = limit * np.expm1(change)
    if negatives == math.inf:
        return np.log1p((growth @ law) / (limit @ law))
    u = _nodes(max(log_limit.max(), (log_limit + change).max()), negatives)
    kinds = np.exp(-u * limit)
    before = kinds @ law
    # Where R falls far below its limit e^{-uR} is taken itself: expm1 alone would overflow.
    steep = -u * growth > 1
    change_of_kinds = np.where(
        steep,
        np.exp(-u * (limit + growth)) - kinds,
        kinds * np.expm1(np.where(steep, 0.0, -u * growth)),
    )
    relative = change_of_kinds @ law / before
    # -1 is reached by rounding alone, where u is so large that e^{-u} hides it.
    factor = -np.expm1(negatives * np.log1p(np.maximum(relative, -1 + 1e-16)))
    return _QUADRATURE_STEP * (np.exp(-u[:, :, 0]) * before**negatives * factor).sum(axis=0)


class _Sums(NamedTuple):
    """dΦ_1/ds, the same with all terms taken by modulus, (dΦ_m/ds)·P/((1-γ)C_s), E A_1.

    gaps() are the loss gap and the same with every latent's part taken by modulus.
    """

    up_1: float
    gross_1: float
    up_m: float
    attention: float
    gaps: Callable[[], tuple[float, float]]


def _sums(setting: Setting) -> Callable[[State], _Sums]:
    """The expectations as a function of (Φ_1, Φ_m); s = t/(KP), without weight decay.

    The formulas of theory section 3.9, where differences over negatives of the sample's own cluster
    are taken term by term.
    """
    visible, contrastive = 1 - setting.gamma, setting.contrastive
    tau, negatives = contrastive.tau, contrastive.negatives
    a_1 = visible * (setting.C_1 / setting.P)
    a_m = visible * (setting.C_s / setting.P)
    a_rest = visible * ((setting.P - setting.C_1) / setting.P)
    z, q = np.array(setting.latents.values), np.array(setting.latents.probabilities)
    law = np.concatenate([[1 - 1 / setting.K], q / setting.K])
    zz = np.outer(z, z)
    log_limit = np.column_stack([-z * z, zz - (z * z)[:, None]]) / tau  # all attention global

    def sums(state: State) -> _Sums:
        phi_1, phi_m = state
        e = np.exp(z * phi_m)
        m0, m1, m2 = q @ e, q @ (z * e), q @ (z * z * e)
        m2_twice, m3_twice = q @ (z * e) ** 2, q @ (z * (z * e) ** 2)
        # Attention of the global area, of all else, and of a patch with correlation 0.
        grown = z * phi_1
        scale = np.exp(-np.maximum(grown, 0.0))
        weight, rest = a_1 * np.exp(np.minimum(grown, 0.0)), (setting.gamma + a_rest * m0) * scale
        total = weight + rest
        A, not_A, patch = weight / total, rest / total, scale / total
        zA = z * A
        # (Sim⁻ - Sim⁺)/τ, and how far it is from its value at A = 1.
        local = a_rest * a_m * patch  # times moments: the local areas' part of a similarity
        local_same = local[:, None] * (m1**2 * patch - m2_twice * patch[:, None])
        to_other = -(zA**2) - local * patch * m2_twice
        to_same = zA[:, None] * (zA - zA[:, None]) + local_same
        log_ratio = np.column_stack([to_other, to_same]) / tau
        lost = z * z * not_A * (1 + A)  # z²(1-A²)
        lost_same = zz * (not_A[:, None] + A[:, None] * not_A)  # zz'(1-AA')
        change_other = lost - local * patch * m2_twice
        change_same = lost[:, None] - lost_same + local_same
        change = np.column_stack([change_other, change_same]) / tau

        def gaps() -> tuple[float, float]:
            parts = tau * q * _excess(log_limit, change, law, negatives)
            return float(parts.sum()), float(np.abs(parts).sum())

        other, same = softmax_weights(log_ratio, law, negatives)
        g = other * zA + (same * (zA[:, None] - zA)).sum(axis=1)
        others = other * patch
        S = (others * m2_twice) + (same * (m2_twice * patch[:, None] - m1**2 * patch)).sum(axis=1)
        S *= local
        own = others * m3_twice
        own += (same * (m3_twice * patch[:, None] - m2 * m1 * patch)).sum(axis=1)
        up, down = q * zA * not_A * z * g, q * zA * S
        up_m = q @ (patch * (a_m * own - m1 * (zA * g + S)))
        return _Sums(
            float((up - down).sum()),
            float(np.abs(up).sum() + np.abs(down).sum()),
            float(up_m),
            float(q @ A),
            gaps,
        )

    return sums


def _require_canonical(setting: Setting) -> None:
    setting.require_alike("the reduced contrastive dynamics")
    contrastive = setting.contrastive
    if contrastive.keys != "feature" or contrastive.query != "position":
        raise SettingError(
            "the reduced contrastive dynamics take keys = feature and query = position, not "
            f"{contrastive.keys} and {contrastive.query}"
        )
    if contrastive.views != "independent" and setting.gamma != 0.5:
        raise SettingError(
            "the reduced contrastive dynamics take views = independent, or complementary at "
            f"gamma = 0.5 where the limit is the same, not {contrastive.views} at {setting.gamma}"
        )
    if not (contrastive.negatives <= MOST_NEGATIVES or contrastive.negatives == math.inf):
        raise SettingError(
            f"the reduced contrastive dynamics take up to {MOST_NEGATIVES:.0e} negatives or inf, "
            f"not {contrastive.negatives}"
        )
    if setting.latents.U**2 / contrastive.tau > LARGEST_SIMILARITY:
        raise SettingError(f"tau must be at least U²/{LARGEST_SIMILARITY:g}, not {contrastive.tau}")


def cl_rates(setting: Setting, *, phi_global: float = 0.0, phi_other: float = 0.0) -> ClRates:
    """Rates at the given correlations, per unit of t (claims cl.gradient-feature, cl.init-*).

    Raises SettingError for P beyond 1e300 and for the settings that `cl` refuses.
    """
    require_tractable(setting, 1.0)
    _require_canonical(setting)
    up_1, _, up_m, attention, gaps = _sums(setting)((phi_global, phi_other))
    a_m = (1 - setting.gamma) * (setting.C_s / setting.P)
    decay, KP = setting.contrastive.weight_decay, setting.K * setting.P
    return ClRates(
        up_1 / KP - decay * phi_global,
        a_m * up_m / KP - decay * phi_other,
        attention,
        lambda: gaps()[0],
    )


def cl(
    setting: Setting,
    *,
    loss_gap: float = 1e-3,
    log_t_max: float | None = None,
    rtol: float = RTOL,
) -> Trajectory:
    """Reduced gradient flow of the shared row from Q = 0 (Definitions 2.6, 2.7, Theorem 4.4).

    `loss_gap` is the contrastive loss (without the weight decay's term) less its value when all
    attention sits on visible global patches. With random latents that limit need not be the
    infimum, and the gap may pass through 0 far from it; done asks that the mean modulus of the
    gap given z_1 has come down. When Φ_1 stalls (drives of different latents balance, or weight
    decay holds it), the series end there and done is None: only Φ_m would still move, on far
    longer times. They end at log_t_max too, by default some 1e9 times the time that theory expects.
    Υ series are 0: keys carry no position. phi_own is phi_global; phi_other is every local area's.
    log t never decreases, but stands still to double precision while Φ_1 jumps.
    Raises SettingError for other readings than the canonical one (complementary views are taken at
    gamma = 0.5, where the limit is the same), for P beyond 1e300, U²/τ beyond LARGEST_SIMILARITY,
    N_c beyond MOST_NEGATIVES, where the gradient vanishes identically (claim cl.zero-gradient) or
    the global area is so small that α_1(0) is not positive, and for constant latents with a
    loss_gap not below the initial one.
    """
    require_tractable(setting, loss_gap)
    _require_canonical(setting)
    constant, contrastive, KP = (
        setting.latents.is_constant,
        setting.contrastive,
        setting.K * setting.P,
    )
    if contrastive.negatives == 0 or (constant and setting.K == 1):
        raise SettingError(
            "the contrastive gradient vanishes without negatives, and for constant latents in one "
            "cluster: take negatives >= 1, and K >= 2 or random latents"
        )
    a_m = (1 - setting.gamma) * (setting.C_s / setting.P)
    # Expected size of Φ_m (claim cl.locals-stay), so that one tolerance fits both correlations.
    size = min(1.0, max((setting.C_s / setting.C_1) ** 2, setting.C_s / setting.P))
    raw, decay = _sums(setting), contrastive.weight_decay * KP

    @functools.lru_cache(maxsize=2)  # the watches ask for the same state
    def at(x_1: float, x_m: float) -> _Sums:
        up_1, gross_1, up_m, attention, gaps = raw((x_1, size * x_m))
        up_1, gross_1 = up_1 - decay * x_1, gross_1 + decay * abs(x_1)
        return _Sums(up_1, gross_1, up_m * (a_m / size) - decay * x_m, attention, gaps)

    start, U = at(0.0, 0.0), setting.latents.U
    if constant and start.gaps()[0] <= loss_gap:
        raise SettingError(f"loss_gap must be below the initial {start.gaps()[0]}, not {loss_gap}")
    if start.up_1 <= STALL * start.gross_1:
        raise SettingError(
            f"the global area ({setting.C_1} patches) does not gain on local areas "
            f"({setting.C_s} patches): take a larger kappa_c or c_1"
        )
    unit = 1 / (U * start.up_1)

    def flow(x: State) -> tuple[list[float], float]:
        up_1, gross_1, up_m, *_ = at(*x)
        # The gross rate keeps the clock smooth where Φ_1 stalls.
        pace = U * (abs(up_1) + STALL * gross_1) + (1 / (1 + abs(x[1])) + U * size) * abs(up_m)
        return [unit * up_1, unit * up_m], unit * pace

    def short_of_half(y: State) -> float:
        return 0.5 - at(*y[:-1]).attention

    def loss_left(y: State) -> float:
        return at(*y[:-1]).gaps()[1] / loss_gap - 1

    def drive_left(y: State) -> float:
        point = at(*y[:-1])
        return point.up_1 / point.gross_1 - STALL

    log_unit = math.log(unit * KP)
    if log_t_max is None:
        log_t_max = log_unit + max(0.0, -math.log(loss_gap)) + U * U / contrastive.tau + 20
    run = integrate(
        flow, 2, log_unit, [short_of_half, loss_left], log_t_max, rtol, stops=[drive_left]
    )
    half, done = (
        Event(crossing[0], *[float(crossing[1][0])] * 2) if crossing else None
        for crossing in run.crossings
    )
    if start.attention >= 0.5:
        half = Event(-math.inf, 0.0, 0.0)
    phi_1, phi_m = (run.path * np.array([1.0, size])).T
    path = [at(*x) for x in run.path.tolist()]
    rates = np.array([point.up_1 for point in path]) / KP
    attentions = np.array([point.attention for point in path])
    none = np.zeros_like(phi_1)
    return Trajectory(
        setting=setting,
        objective="cl",
        query="global",
        engine="reduced",
        log_t=run.log_t,
        phi_global=phi_1,
        phi_own=phi_1,
        phi_other=phi_m,
        upsilon_own=none,
        upsilon_global=none,
        upsilon_other=none,
        rate_global=rates,
        rate_own=rates,
        own_attention=attentions,
        global_attention=attentions,
        loss_gap=np.array([point.gaps()[0] for point in path]),
        switch=None,
        half=half,
        done=done,
    )
