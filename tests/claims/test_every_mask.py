"""Bounds for the exact population: runs with fluctuating counts lie within them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refutable.claims.mae import every_mask
from refutable.claims.mae.global_population import GlobalPopulation
from refutable.claims.mae.population_for_every_size import PopulationQuery
from refutable.claims.runs.region import Region
from refutable.model import reduced
from refutable.model.reduced.counts import own_counts
from refutable.model.setting import Setting
from refutable.prove.majorant import NotBoundedError
from tests.claims.lying_inside import assert_small_ones_lie_inside, inside

SETTINGS = [
    Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma)
    for ten, kappa_c, kappa_s, gamma in (
        (9, 0.9, 0.3, 0.5), (9, 0.6, 0.4, 0.5), (10, 0.75, 0.5, 0.2), (12, 0.75, 0.45, 0.8),
        (12, 0.55, 0.3, 0.75), (16, 0.94, 0.25, 0.3), (25, 0.7, 0.4, 0.5), (25, 0.9, 0.2, 0.6),
    )
]  # fmt: skip
SHARED = [
    setting.replace(K=4, shared_partition=True)
    for setting in (SETTINGS[3], SETTINGS[4], SETTINGS[7])
]
"""Clusters that share one partition."""


@pytest.mark.parametrize("setting", [*SETTINGS, *SHARED], ids=str)
def test_runs_with_fluctuating_counts_lie_inside(setting: Setting) -> None:
    query = PopulationQuery(Region.of(setting))
    run = reduced.mae(setting, "local", loss_gap=1e-3)
    gamma = setting.gamma
    a, rho = ((1 - gamma) * size / setting.P for size in (setting.C_1, setting.C_s))
    unit = math.log(gamma * rho / setting.K)
    assert run.half
    assert inside(query.half_time_off, abs(math.exp(run.half.log_t + unit) - 1))
    assert inside(query.own_at_half_off, abs(run.half.phi_own + math.log(rho / (1 - a - rho))))
    assert inside(query.own_weight_at_half, every_mask.own_weight_off(setting, run))
    depth = abs(-2 * run.half.phi_global - math.log1p(2 * a * a / rho))
    assert inside(query.crossover_off, depth)
    assert_small_ones_lie_inside(query, run)
    if run.switch and a * a / rho > 10:
        given_up = unit - math.log1p(-a)
        assert inside(query.switch_time_off, abs(3 * math.exp(run.switch.log_t + given_up) - 1))
        assert inside(query.own_at_switch, abs(run.switch.phi_own - math.log(1.5)))
        depth = 0.5 * math.log(2 * a * a / (3 * rho * (1 - a)))
        assert inside(query.depth_at_switch_off, abs(run.switch.phi_global + depth))


@pytest.mark.parametrize("setting", [*SETTINGS, *SHARED], ids=str)
def test_runs_of_a_global_query_lie_inside(setting: Setting) -> None:
    query = GlobalPopulation(Region.of(setting))
    run = reduced.mae(setting, "global", loss_gap=1e-3)
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    assert run.half
    time = math.exp(run.half.log_t) * setting.gamma * a / setting.K
    assert inside(query.plain_half_time, abs(time - 1))
    assert inside(query.own_at_half, abs(run.half.phi_own + math.log(a / (1 - a))))
    R, w = 1 - a, a / (1 - a)
    centre = (
        R * (1 - w) - 3 * a * math.log(w)
        + 3 * a * a / R * (1 / w - 1) + a**3 / (2 * R * R) * (1 / w**2 - 1)
    )  # fmt: skip
    of_masks = float(query.beside_laws().value)  # C_1 - 1 for C_1, in a and hence in F
    assert inside(query.half_time + 9 * of_masks, abs(time / centre - 1))
    before = run.log_t <= run.half.log_t
    for law, path in (
        (query.small.phi_other, run.phi_other),
        (query.small.upsilon_own, run.upsilon_own),
        (query.small.upsilon_other, run.upsilon_other),
    ):
        assert inside(law, float(abs(path[before]).max()))


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
@pytest.mark.parametrize("setting", SETTINGS[:3], ids=str)
def test_what_the_own_count_shakes_lies_below_its_bound(setting: Setting, share: float) -> None:
    """E[R/S³]R_0/E[X_nM/S³] with only the own count random: off by 3v_nW̄_n/S, to leading order."""
    query = PopulationQuery(Region.of(setting))
    counts, chance = own_counts(setting, setting.C_s)
    X = counts / (chance @ counts)
    R = 1 - (1 - setting.gamma) * (setting.C_1 + setting.C_s) / setting.P
    S = R + share * R * X
    off = abs((chance @ (R / S**3)) * R / (chance @ (X * R * R / S**3)) - 1)
    assert off > float(query.v_n.value) * share / 4
    assert off < float(query.jolt.value)


def test_a_count_at_its_mean_would_be_outside() -> None:
    """The bound on the own weight is nearly attained: it holds by the variance of the count."""
    setting = Setting(P=10**20, kappa_c=0.85, kappa_s=0.2)
    query = PopulationQuery(Region.of(setting))
    off = every_mask.own_weight_off(setting, reduced.mae(setting, "local", loss_gap=1e-3))
    bound = float(query.own_weight_at_half.value)
    assert bound - float(query.spread_of_own().value) < off < bound
    assert bound - float(query.beside_laws().value) < off
    assert np.isclose(off * setting.C_s, 1.5, rtol=1e-2)


def test_what_is_not_bounded_is_refused() -> None:
    with pytest.raises(NotBoundedError, match="γ is below"):
        PopulationQuery(Region(12, (0.8, 0.8), (0.3, 0.3), (0.05, 0.05)))
    for ten, kappa_c, kappa_s in ((3, 0.9, 0.3), (12, 1.0, 0.3), (12, 0.8, 0.001)):
        with pytest.raises(NotBoundedError):
            PopulationQuery(Region(ten, (kappa_c, kappa_c), (kappa_s, kappa_s)))
    for name in ("switch_time_off", "depth_at_switch_off", "own_at_switch"):
        with pytest.raises(NotBoundedError):  # a negative gap has no switch
            assert getattr(PopulationQuery(Region(12, (0.6, 0.6), (0.4, 0.4))), name).largest
