"""Exact population rates of one MAE query at any Q that treats alike areas alike.

Full gradients average over masks; here the average runs over the few counts that matter, at no
loss. It stands between the closed forms, whose masks are enumerated or sampled, and the reduced
dynamics, whose counts are laws of a few atoms at any P.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from scipy import special

from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float, Int
from refutable.model.trajectory import QueryKind


def applies(setting: Setting) -> bool:
    """Whether it is exact: constant latents, equal local areas, K = 1 or a shared partition."""
    equal = setting.C_1 + setting.locals * setting.C_s == setting.P and not setting.local_sizes
    return setting.latents.is_constant and equal and (setting.K == 1 or setting.shared_partition)


@dataclass(frozen=True)
class Rates:
    """Exact expectations of one MAE query when areas of a kind are alike.

    alpha: (3,) rates of Φ_own, Φ_global, Φ_other. beta: (4,) of Υ_self, Υ_own, Υ_global, Υ_other.
    loss: L_p, its infimum included. attention: (2,) mean A_own, A_global given p ∈ ℳ.
    """

    alpha: Float[Array, "3"]
    beta: Float[Array, "4"]
    loss: float
    attention: Float[Array, "2"]


def rates(
    setting: Setting, query: QueryKind, phi: Float[Array, "3"], upsilon: Float[Array, "4"]
) -> Rates:
    """Population rates of a query by summing over counts of visible patches, not over masks.

    phi: (3,), upsilon: (4,), ordered as in `Rates`; the global entries idle for a global query.
    Given how many patches of the own and of the global area are visible, the others enter through
    their number and the sum of their squared counts only, which has a closed mean (grad.lumping).
    Costs C_1·C_n terms. Raises SettingError unless it `applies`.
    """
    C_n, n_other = (
        (setting.C_s, setting.locals - 1) if query == "local" else (setting.C_1, setting.locals)
    )
    C_g = setting.C_1 if query == "local" else 0
    if not applies(setting):
        raise SettingError(
            "exact lumping needs constant latents, local areas of equal size, and K = 1 or a "
            "shared partition"
        )
    z, C_o = setting.latents.values[0], n_other * setting.C_s
    u_n, u_g, chance = _visible_counts(setting, C_n - 1, C_g, C_o)
    R = setting.P - setting.M - u_n - u_g
    mean = R * (setting.C_s / max(C_o, 1))
    spread = (1 - setting.C_s / max(C_o, 1)) * (C_o - R) / max(C_o - 1, 1)
    squares = n_other * (mean * spread + mean**2)

    on_n, on_g, on_o = np.exp(z * phi + upsilon[1:])
    off_p, off_n, off_g, off_o = np.exp(upsilon)
    hidden = [off_p, off_n * (C_n - 1 - u_n), off_g * (C_g - u_g), off_o * (C_o - R)]
    total = u_n * on_n + u_g * on_g + R * on_o + sum(hidden)
    A_n, A_g, A_o, A_o2 = (
        u_n * on_n / total,
        u_g * on_g / total,
        R * on_o / total,
        squares * (on_o / total) ** 2,
    )
    others = A_g**2 + A_o2
    h = z**2 * (others - A_n * (1 - A_n))
    pull_n, pull_g, pull_o = A_n * (h + z**2 * (1 - A_n)), A_g * (h - z**2 * A_g), A_o * h
    pull_o = pull_o - z**2 * A_o2
    alpha = np.array(
        [
            chance @ (z**3 * A_n * ((1 - A_n) ** 2 + others)),
            chance @ (z * pull_g),
            chance @ (z * pull_o) / max(n_other, 1),
        ]
    )
    visible = [np.zeros_like(h), pull_n, pull_g, pull_o]
    keys = [1, C_n - 1, C_g, C_o]
    beta = np.array(
        [
            chance @ (on + off / total * h) / max(number, 1)
            for on, off, number in zip(visible, hidden, keys, strict=True)
        ]
    )
    loss = 0.5 * z**2 * float(chance @ ((1 - A_n) ** 2 + others))
    pr = setting.M / setting.P
    attention = np.array([chance @ A_n, chance @ (A_g if query == "local" else A_n)])
    return Rates(pr / setting.K * alpha, pr * beta, pr * loss, attention)


@functools.lru_cache(maxsize=8)
def _visible_counts(
    setting: Setting, own: int, global_: int, others: int
) -> tuple[Float[Array, "T"], Float[Array, "T"], Float[Array, "T"]]:
    """Possible visible counts (u_n, u_g) given p ∈ ℳ, and their probabilities: three (T,)."""
    drawn = setting.P - setting.M
    u_n, u_g = (x.ravel() for x in np.meshgrid(np.arange(own + 1), np.arange(global_ + 1)))
    possible = (u_n + u_g <= drawn) & (drawn - u_n - u_g <= others)
    u_n, u_g = u_n[possible], u_g[possible]

    def log_choose(n: int, r: Int[Array, "T"]) -> Float[Array, "T"]:
        return special.gammaln(n + 1) - special.gammaln(r + 1) - special.gammaln(n - r + 1)

    log_ways = (
        log_choose(own, u_n) + log_choose(global_, u_g) + log_choose(others, drawn - u_n - u_g)
    )
    chance = np.exp(log_ways - log_ways.max())
    return u_n.astype(float), u_g.astype(float), chance / chance.sum()
