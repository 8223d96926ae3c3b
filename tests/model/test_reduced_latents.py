"""The reduced dynamics with random latents, against an exact population.

They take the latents of the many other areas by the law of large numbers: what that costs with as
few as five of them is measured here, by summing over which of these have the larger latent.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import special

from refutable.model import reduced
from refutable.model.reduced.clock import integrate
from refutable.model.setting import Latents, Setting

L, U = 0.5, 1.5
LOSS_GAP = 0.01
TARGET = 2e-3
"""Of times, relative, and of correlations; measured 8e-5 and 9e-4."""


def log_choose(n: Any, r: Any) -> Any:
    return special.gammaln(n + 1) - special.gammaln(r + 1) - special.gammaln(n - r + 1)


class Population:
    """A local query, one cluster, equal local areas, latents L and U with chance one half each."""

    def __init__(self, setting: Setting) -> None:
        self.setting, self.others = setting, setting.locals - 1
        C_1, C_s, V = setting.C_1, setting.C_s, setting.P - setting.M
        found = []
        for high in range(self.others + 1):
            C_U, C_L = high * C_s, (self.others - high) * C_s
            u, g, R_U = (
                x.ravel()
                for x in np.meshgrid(np.arange(C_s), np.arange(C_1 + 1), np.arange(C_U + 1))
            )
            R_L = V - u - g - R_U
            u, g, R_U, R_L = (x[(R_L >= 0) & (R_L <= C_L)] for x in (u, g, R_U, R_L))
            log_ways = sum(
                log_choose(n, r) for n, r in ((C_s - 1, u), (C_1, g), (C_U, R_U), (C_L, R_L))
            )
            chance = np.exp(log_ways - log_choose(setting.P - 1, V))
            chance *= math.comb(self.others, high) / 2**self.others
            found.append(np.stack([u, g, R_U, R_L, np.full(len(u), C_U), chance]))
        self.u, self.g, self.R_U, self.R_L, C_U, self.chance = np.concatenate(found, axis=1)
        self.squares_U = self._squares(self.R_U, C_U)
        self.squares_L = self._squares(self.R_L, self.others * C_s - C_U)

    def _squares(self, R: Any, C: Any) -> Any:
        """E Σ u_m² over areas of C_s with C patches in all, R of them visible."""
        return R * (1 + (R - 1) * (self.setting.C_s - 1) / np.maximum(C - 1, 1))

    def sums(self, x: Any) -> Any:
        """Rates over M/P of Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m, Υ_p; E A_n and the excess loss."""
        phi_1, phi_n, phi_m, *upsilons = x[:7]
        key_1, key_n, key_m, key_p = map(math.exp, upsilons)
        C_1, C_s, C_o = self.setting.C_1, self.setting.C_s, self.others * self.setting.C_s
        total = np.zeros(9)
        for z, z_1 in itertools.product((L, U), repeat=2):
            own, crowd = (
                self.u * key_n * math.exp(z * phi_n),
                self.g * key_1 * math.exp(z_1 * phi_1),
            )
            e_U, e_L = key_m * math.exp(U * phi_m), key_m * math.exp(L * phi_m)
            dark = (C_s - 1 - self.u) * key_n, (C_1 - self.g) * key_1
            dark_m = (C_o - self.R_U - self.R_L) * key_m
            T = own + crowd + self.R_U * e_U + self.R_L * e_L + sum(dark) + dark_m + key_p
            A, A_1 = own / T, crowd / T
            A_U, A_L = self.R_U * e_U / T, self.R_L * e_L / T
            second = U**2 * self.squares_U * (e_U / T) ** 2 + L**2 * self.squares_L * (e_L / T) ** 2
            third = U**3 * self.squares_U * (e_U / T) ** 2 + L**3 * self.squares_L * (e_L / T) ** 2
            leak = (z_1 * A_1) ** 2 + second
            missing = (z * (1 - A)) ** 2 + leak
            h = leak - z**2 * A * (1 - A)
            push_1 = A_1 * (h - z_1**2 * A_1)
            values = (
                z_1 * push_1,
                z * A * missing,
                ((U * A_U + L * A_L) * h - third) / self.others,
                (push_1 + dark[1] / T * h) / C_1,
                (A * missing + dark[0] / T * h) / (C_s - 1),
                ((A_U + A_L + dark_m / T) * h - second) / C_o,
                key_p / T * h,
                A,
                np.where(self.u > 0, (z * (1 - A)) ** 2, 0) + leak,
            )
            total += [self.chance @ value / 4 for value in values]
        return total

    def events(self) -> list[Any]:
        """(log t, state) at T_½ and at LOSS_GAP."""
        rate = self.setting.M / self.setting.P

        def flow(x: Any) -> tuple[list[float], float]:
            sums = self.sums(x)
            return [float(rate * v) for v in sums[:7]], float(U * rate * (abs(sums[0]) + sums[1]))

        watches = [
            lambda x: 0.5 - float(self.sums(x)[7]),
            lambda x: math.log(0.5 * rate * self.sums(x)[8] / LOSS_GAP),
        ]
        return list(integrate(flow, 7, 0.0, watches, 50.0, 1e-7).crossings)


def test_events_with_two_latents_are_those_of_the_population() -> None:
    setting = Setting.of_sizes(72, 24, 8, latents=Latents.two_point(L, U))
    population = Population(setting)
    assert population.chance.sum() == pytest.approx(1, abs=1e-9)
    run = reduced.mae(setting, "local", loss_gap=LOSS_GAP)
    for ours, exact in zip((run.half, run.done), population.events(), strict=True):
        assert ours is not None
        assert ours.log_t == pytest.approx(exact[0], abs=TARGET)
        assert ours.phi_global == pytest.approx(exact[1][0], abs=TARGET)
        assert ours.phi_own == pytest.approx(exact[1][1], abs=TARGET)
