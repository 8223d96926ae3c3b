"""MAE, a query in a local area: the laws of its two phases (or one), as functions of the setting.

Sources: the phases of Theorem 4.2 (theory 3.5, 3.6); constants and logarithms are derived here.
a = (1-γ)C_1/P and ρ = (1-γ)C_s/P are the attentions of the global and of a local area at Q = 0,
ρ′ = ρ/(1-a) is ρ once the global area has been given up, and s = tγρ′/K is the time in which own
attention grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, optimize, special

from refutable.claims.mae.ladders import LOSS_GAP
from refutable.model.setting import Latents, Setting

# ------------------------------------------------------------------ predictions: both signs of Δ


def log_global_share(setting: Setting) -> float:
    """Logarithm of a: the attention of the global area at Q = 0."""
    return math.log1p(-setting.gamma) + math.log(setting.C_1 / setting.P)


def decouples(setting: Setting) -> bool:
    """Whether |α_1| > α_n at Q = 0, to leading order a² > ρ: for large P the sign of Δ."""
    return 2 * log_global_share(setting) > setting.log_rho


def log_own_share(setting: Setting) -> float:
    """Logarithm of ρ′: the attention of the own area from which it grows.

    ρ/(1-a) when the global area is given up first, ρ otherwise.
    """
    given_up = math.exp(log_global_share(setting)) if decouples(setting) else 0.0
    return setting.log_rho - math.log1p(-given_up)


def growth_time(latents: Latents, phi: float = math.inf) -> float:
    """The s at which Φ_n = phi: ∫_0^phi dφ / E[z³e^{zφ}]; constant latents: (1 - e^{-zφ})/z⁴."""
    if latents.is_constant:
        return -math.expm1(-latents.L * phi) / latents.L**4

    def pause(x: float) -> float:
        law = zip(latents.values, latents.probabilities, strict=True)
        return 1 / sum(q * z**3 * math.exp(z * x) for z, q in law)

    # Beyond 60/L the remainder is below e^-60.
    return float(integrate.quad(pause, 0, min(phi, 60 / latents.L), epsabs=0, epsrel=1e-10)[0])


def log_half_time(setting: Setting) -> float:
    """Logarithm of T_½ = K/(γρ′)·∫_0^∞ dφ/E[z³e^{zφ}]; K/(γρ′z⁴) for constant latents."""
    unit = math.log(setting.K / setting.gamma) - log_own_share(setting)
    return unit + math.log(growth_time(setting.latents))


def half_time_exponent(setting: Setting) -> float:
    """T_½ = Θ(P^this)."""
    return 1 - setting.kappa_s


def depth_at_half(setting: Setting) -> float:
    """-zΦ_1 at T_½: a²/ρ = (1-γ)C_1²/(P·C_s), whatever the sign of Δ; constant latents, κ_c < 1."""
    log_ratio = 2 * log_global_share(setting) - setting.log_rho
    return 0.5 * math.log1p(2 * math.exp(log_ratio))


def own_exponent(setting: Setting) -> float:
    """Φ_n at a small fixed loss gap has this slope in log P; laws with an atom at L."""
    return (1 - setting.kappa_s) / setting.latents.L


def last_left(L: float, U: float, gamma: float, loss_gap: float) -> float:
    """z_ε of the uniform law on [L, U]: (γ/2)E[z²; z < z_ε] = ε.

    With a density no sample is the slowest: those with z < z_ε are left as they are, and make up
    the whole loss gap.
    """
    return float((L**3 + 6 * loss_gap * (U - L) / gamma) ** (1 / 3))


def own_at(setting: Setting, loss_gap: float) -> float:
    """Φ_n at which ½γE[z²(1-A_n)²] = loss_gap, where A_n = ρ′e^{zΦ}/(1 + ρ′e^{zΦ})."""
    return own_where(
        setting,
        log_own_share(setting),
        lambda z, miss: 0.5 * setting.gamma * (z * miss) ** 2,
        loss_gap,
    )


def own_at_loss_gap(setting: Setting) -> float:
    """Φ_n where training stops, at LOSS_GAP."""
    return own_at(setting, LOSS_GAP)


def log_odds_of_smallest(setting: Setting) -> float:
    """Log A_L/(1-A_L) at LOSS_GAP, which latents at L alone make up; laws with an atom there."""
    latents, left = setting.latents, 2 * LOSS_GAP / setting.gamma
    return math.log(latents.L * math.sqrt(latents.probabilities[0] / left) - 1)


def own_at_half(setting: Setting) -> float:
    """Φ_n at which E A_n = ½."""
    return own_where(setting, log_own_share(setting), lambda _, miss: miss, 0.5)


def own_where(
    setting: Setting, log_share: float, falls: Callable[[float, float], float], level: float
) -> float:
    """Φ_n ≥ 0 at which the mean over z of falls(z, 1 - A_n) is at the level; 0 when below at once.

    For A_n = e^x/(1 + e^x) with x = zΦ_n + log_share.
    """
    law = tuple(zip(setting.latents.values, setting.latents.probabilities, strict=True))

    def excess(phi: float) -> float:
        return sum(q * falls(z, special.expit(-z * phi - log_share)) for z, q in law) / level - 1

    if excess(0) <= 0:
        return 0.0
    far = (600 - log_share) / setting.latents.L  # 1 - A_n = e^-600
    return float(optimize.brentq(excess, 0, far, xtol=1e-12))


def log_tail_time(setting: Setting, loss_gap: float) -> float:
    """Logarithm of the time from T_½ to the loss gap ε, K/(4L²ε)(1+o(1)) as ε → 0."""
    return math.log(setting.K) - math.log(4 * setting.latents.L**2) - math.log(loss_gap)


def other_exponent(setting: Setting) -> float:
    """max_t |Φ_m| = Θ(P^this log P) for another local area."""
    return -(1 - setting.kappa_s)


def other_at(setting: Setting, phi_global: float, phi_own: float) -> float:
    """Φ_m = -ρ(Φ_1 + Φ_n + γ/z), constant latents and κ_c < 1.

    α_m = zA_m(h - z²A_m) has -α_1 and -α_n in h; of the rest, (1-γ)ρ by the other local areas and
    -ρ by area m itself, nothing is left after T_½.
    """
    lasting = setting.gamma / setting.latents.L
    return -math.exp(setting.log_rho) * (phi_global + phi_own + lasting)


def own_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this log P) for q in the own area."""
    return -setting.kappa_s


def global_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| is of this power of P for q in the global area; times log P at a positive gap."""
    return (0.0 if setting.information_gap > 0 else setting.information_gap) - setting.kappa_c


def other_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this log P) for q in another local area."""
    return -1.0


def log_time_to(setting: Setting, loss_gap: float) -> float:
    """Logarithm of T*(ε) = T_½ + K/(4L²ε)."""
    return float(np.logaddexp(log_half_time(setting), log_tail_time(setting, loss_gap)))


# ------------------------------------------------------------------- predictions: positive gap


def own_at_switch(latents: Latents) -> float:
    """Φ_n(T_1): the root of 2L·E[z³e^{zφ}]·∫_0^φ dφ′/E[z³e^{zφ′}] = 1; ln(3/2)/z when constant."""
    if latents.is_constant:
        return math.log(1.5) / latents.L
    law = tuple(zip(latents.values, latents.probabilities, strict=True))

    def lead(phi: float) -> float:
        push = sum(q * z**3 * math.exp(z * phi) for z, q in law)
        return 2 * latents.L * push * growth_time(latents, phi) - 1

    return float(optimize.brentq(lead, 0, 5 / latents.L, xtol=1e-13))


def log_switch_time(setting: Setting) -> float:
    """Logarithm of T_1; constant latents: T_½/3, as |α_1| = 1/(2zt) meets α_n = 1/(z(T_½-t))."""
    early = growth_time(setting.latents, own_at_switch(setting.latents))
    return log_half_time(setting) + math.log(early / growth_time(setting.latents))


def switch_time_exponent(setting: Setting) -> float:
    """T_1 = Θ(P^this)."""
    return 1 - setting.kappa_s


def depth_exponent(setting: Setting) -> float:
    """Φ_1(T_1) has this slope in log P; the smallest latent decouples last."""
    return -setting.information_gap / (2 * setting.latents.L)


def global_at(setting: Setting, s: float) -> float:
    """Φ_1 at time s: samples with z_1 = L, of probability q, have A_1² = ρ′/(2L⁴qs).

    For dΦ_1/dt = -(γ/K)·qL³A_1² when those with larger z_1 attend to it no more.
    """
    L, q = setting.latents.L, setting.latents.probabilities[0]
    log_a = log_global_share(setting)
    log_free = math.log1p(-math.exp(log_a))
    log_A = 0.5 * (log_own_share(setting) - math.log(2 * L**4 * q * s))
    return (log_A + log_free - log_a) / L


def global_at_switch(setting: Setting) -> float:
    """Φ_1(T_1); κ_c < 1, constant: zΦ_1 = -(Δ/2)log P + ½log(3c_s/(2(1-γ)c_1²))."""
    return global_at(setting, growth_time(setting.latents, own_at_switch(setting.latents)))


def global_at_end(setting: Setting) -> float:
    """Φ_1 from T_½ on: A_1² is then three times smaller than at T_1 (constant latents)."""
    return global_at(setting, growth_time(setting.latents))


def later_global_move(latents: Latents) -> float:
    """Φ_1(T*) - Φ_1(T_1), which does not depend on P; -½ln(3)/z for constant latents."""
    early, whole = growth_time(latents, own_at_switch(latents)), growth_time(latents)
    return math.log(early / whole) / (2 * latents.L)


# ------------------------------------------------------------------- predictions: negative gap


def gap_exponent(setting: Setting) -> float:
    """The power of P that |Φ_1| and |α_1|/α_n have at a negative gap."""
    return setting.information_gap


def global_per_start(setting: Setting) -> float:
    """-Φ_1 at the end, to leading order a²/(ρz) = P^Δ(1-γ)c_1²/(c_s z)."""
    return math.exp(2 * log_global_share(setting) - setting.log_rho) / setting.latents.L


def predicted_events(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
    """The log t, Φ_1 and Φ_n predicted at `switch`, `half`, `done` (T* = T_½ + K/(4L²ε)); large P.

    switch is None when the own feature leads from the start.
    """
    half_own, done_own = own_at_half(setting), own_at(setting, loss_gap)

    def held(own: float) -> float:
        """Φ_1 after growth: a two-term expansion at a negative gap."""
        if decouples(setting):
            return global_at_end(setting)
        return -global_per_start(setting) - math.exp(log_global_share(setting)) * own

    switch = {
        "log_t": log_switch_time(setting),
        "phi_global": global_at_switch(setting),
        "phi_own": own_at_switch(setting.latents),
    }
    half = {"log_t": log_half_time(setting), "phi_global": held(half_own), "phi_own": half_own}
    return {
        "switch": switch if decouples(setting) else None,
        "half": half,
        "done": {
            "log_t": log_time_to(setting, loss_gap),
            "phi_global": held(done_own),
            "phi_own": done_own,
        },
    }
