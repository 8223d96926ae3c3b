"""MAE, a query in the global area: the laws of its one phase, as functions of the setting.

Sources: Theorem 4.2's case of a global patch (theory 3.7); constants are derived here.
a = (1-γ)C_1/P and ρ = (1-γ)C_s/P are the attentions of the global and of a local area at Q = 0;
the query's own area is the global one.
"""

from __future__ import annotations

import math

import numpy as np

from refutable.claims.mae import laws
from refutable.claims.mae.ladders import (
    LOSS_GAP,
)
from refutable.model.setting import Setting


def log_odds(setting: Setting) -> float:
    """Logarithm of a/(1-a), the odds of the own attention at Q = 0."""
    log_a = laws.log_global_share(setting)
    return log_a - math.log1p(-math.exp(log_a))


def travel(A: float) -> float:
    """An integral of dA/(A²(1-A)³): times K/(γz⁴) it is the time in which A_n gets there."""
    return -1 / A + 3 * math.log(A / (1 - A)) + 2 / (1 - A) + 1 / (2 * (1 - A) ** 2)


def log_half_time(setting: Setting) -> float:
    """Logarithm of T_½, -∞ when a ≥ ½; K/(γaz⁴) to leading order in a, which κ_c < 1 makes small.

    Constant latents: all orders in a, so that κ_c = 1 is included.
    """
    log_a, law = laws.log_global_share(setting), setting.latents
    if log_a >= math.log(0.5):
        return -math.inf
    unit = math.log(setting.K / setting.gamma)
    if law.is_constant:
        return unit - 4 * math.log(law.L) + math.log(travel(0.5) - travel(math.exp(log_a)))
    return unit + math.log(laws.growth_time(law)) - log_a


def half_time_exponent(setting: Setting) -> float:
    """T_½ = Θ(P^this)."""
    return 1 - setting.kappa_c


def own_exponent(setting: Setting) -> float:
    """Φ_1 at a fixed loss gap has this slope in log P: the smallest latent is the slowest."""
    return (1 - setting.kappa_c) / setting.latents.L


def own_at(setting: Setting, loss_gap: float) -> float:
    """Φ_1 at which ½γE[z²(1-A_1)²] = loss_gap; constant: zΦ_1 = log(1/u-1) - log(a/(1-a))."""
    return laws.own_where(
        setting,
        log_odds(setting),
        lambda z, miss: 0.5 * setting.gamma * (z * miss) ** 2,
        loss_gap,
    )


def own_at_half(setting: Setting) -> float:
    """Φ_1 at which E A_1 = ½; 0 when it is at once."""
    return laws.own_where(setting, log_odds(setting), lambda _, miss: miss, 0.5)


def own_at_loss_gap(setting: Setting) -> float:
    """Φ_1 where training stops, at LOSS_GAP."""
    return own_at(setting, LOSS_GAP)


def grows(setting: Setting) -> int:
    """Whether Φ_1 grows without bound in P, like log P: the power of log P in what it causes."""
    return 1 if setting.kappa_c < 1 else 0


def other_exponent(setting: Setting) -> float:
    """max_t |Φ_m| = Θ(P^this), times log P for κ_c < 1."""
    return -(1 - setting.kappa_s)


def other_per_own(setting: Setting) -> float:
    """Φ_m/Φ_1 for a local area: -ρ/(1-a), constant latents."""
    return -math.exp(setting.log_rho) / _left(setting)


def own_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this) for q in the own area, times log P for κ_c < 1."""
    return -setting.kappa_c


def other_position_exponent(setting: Setting) -> float:
    """|Υ_{p→q}| = Θ(P^this) for q in a local area, times log P for κ_c < 1."""
    return -1.0


def own_position_per_own(setting: Setting) -> float:
    """Υ/Φ_1 on the own area; the subtrahend is the pull on its masked patches."""
    z, C_1 = setting.latents.L, setting.C_1
    return (1 - setting.gamma * (C_1 / setting.P) / _left(setting)) / (z * C_1)


def other_position_per_own(setting: Setting) -> float:
    """Υ/Φ_1 on a local area."""
    return -1 / (setting.latents.L * setting.P * _left(setting))


def _left(setting: Setting) -> float:
    """1 - a."""
    return -math.expm1(laws.log_global_share(setting))


def log_time_to(setting: Setting, loss_gap: float) -> float:
    """Logarithm of T*(ε) = T_½ + K/(4L²ε)."""
    tail = laws.log_tail_time(setting, loss_gap)
    return float(np.logaddexp(log_half_time(setting), tail))


def predicted_events(setting: Setting, loss_gap: float) -> dict[str, dict[str, float] | None]:
    """The log t, Φ_1 and Φ_n = Φ_1 predicted at `half` and `done` (T* = T_½ + K/(4L²ε)); large P.

    There is no switch: the own feature is the global one.
    """
    half, done = own_at_half(setting), own_at(setting, loss_gap)
    return {
        "switch": None,
        "half": {"log_t": log_half_time(setting), "phi_global": half, "phi_own": half},
        "done": {"log_t": log_time_to(setting, loss_gap), "phi_global": done, "phi_own": done},
    }
