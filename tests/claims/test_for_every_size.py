"""Bounds for every P: no float of the reduced dynamics lies outside, and bad regions are refused.

At 1e25 and beyond bounds are as small as 1e-8, so that a term that is wrong or left out shows.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from refutable.claims.contrastive.for_every_size import Collapse, LateCollapse
from refutable.claims.mae.for_every_size import GlobalQuery, LocalQuery
from refutable.claims.runs.region import Region, cover
from refutable.model import reduced
from refutable.model.setting import Contrastive, Setting
from refutable.prove.majorant import NotBoundedError
from tests.claims.lying_inside import assert_small_ones_lie_inside, inside

SETTINGS = [
    Setting(P=10**ten, kappa_c=kappa_c, kappa_s=kappa_s, gamma=gamma)
    for ten, kappa_c, kappa_s, gamma in (
        (8, 0.9, 0.3, 0.5), (8, 0.6, 0.4, 0.5), (9, 0.75, 0.5, 0.2), (10, 0.93, 0.45, 0.8),
        (12, 0.55, 0.2, 0.8), (12, 0.75, 0.5, 0.5), (16, 0.94, 0.25, 0.2), (25, 0.7, 0.4, 0.5),
        (9, 0.7, 0.4, 0.5), (14, 0.66, 0.5, 0.9),
    )
]  # fmt: skip


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_floats_of_a_local_query_lie_inside(setting: Setting) -> None:
    query, run = (
        LocalQuery(Region.of(setting)),
        reduced.mae(setting, "local", loss_gap=1e-3, counts="mean"),
    )
    gamma = setting.gamma
    a, rho = ((1 - gamma) * size / setting.P for size in (setting.C_1, setting.C_s))
    R_0 = 1 - a - rho
    c, unit = a * a / rho / R_0, math.log(gamma * rho / R_0)
    assert run.half
    assert inside(query.half_time, abs(math.exp(run.half.log_t + unit) - 1))
    assert inside(query.own_at_half, abs(run.half.phi_own + math.log(rho / R_0)))
    assert inside(query.depth_at_half, abs(-2 * run.half.phi_global - math.log1p(2 * c)))
    assert_small_ones_lie_inside(query, run)
    if run.switch and c > 10:
        assert inside(query.switch_time, abs(3 * math.exp(run.switch.log_t + unit) - 1))
        assert inside(query.own_at_switch, abs(run.switch.phi_own - math.log(1.5)))
        assert inside(query.depth_at_switch, abs(-2 * run.switch.phi_global - math.log(2 * c / 3)))


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_floats_of_a_global_query_lie_inside(setting: Setting) -> None:
    query, run = (
        GlobalQuery(Region.of(setting)),
        reduced.mae(setting, "global", loss_gap=1e-3, counts="mean"),
    )
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    R, w = 1 - a, a / (1 - a)
    centre = (
        R * (1 - w) - 3 * a * math.log(w)
        + 3 * a * a / R * (1 / w - 1) + a**3 / (2 * R * R) * (1 / w**2 - 1)
    )  # fmt: skip
    assert run.half
    time = math.exp(run.half.log_t) * setting.gamma * a
    assert inside(query.half_time, abs(time / centre - 1))
    assert inside(query.plain_half_time, abs(time - 1))
    assert inside(query.own_at_half, abs(run.half.phi_own + math.log(a / R)))


@pytest.mark.parametrize("negatives", [1, 4, math.inf])
@pytest.mark.parametrize(("K", "tau"), [(2, 1.0), (10, 0.5)])
@pytest.mark.parametrize("setting", SETTINGS[::3], ids=str)
def test_floats_of_the_collapse_lie_inside(
    setting: Setting, K: int, tau: float, negatives: float
) -> None:
    setting = setting.replace(K=K, contrastive=Contrastive(negatives=negatives, tau=tau))
    bounds, run = Collapse(Region.of(setting), lowest_tau=tau), reduced.cl(setting, loss_gap=1e-3)
    assert run.half
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    others = (1 - 1 / K) * (1 if negatives == math.inf else negatives / (negatives + 1))
    time = 2 * a * a * others * math.exp(run.half.log_t) / K / setting.P
    before = run.log_t <= run.half.log_t
    assert inside(bounds.half_time, abs(time / (1 - a) ** 2 - 1))
    assert inside(bounds.plain_half_time, abs(time - 1))
    assert inside(bounds.phi_other, float(abs(run.phi_other[before]).max()))


@pytest.mark.parametrize("power", [2.2, 3.0, 3.8])
@pytest.mark.parametrize("setting", SETTINGS[1:8], ids=str)
def test_floats_lie_inside_long_after_the_collapse(setting: Setting, power: float) -> None:
    """1/(1-A_1) = P^power; the law is 1/(other weight) times the time, for every such power."""
    K, tau = 3, 0.5
    setting = setting.replace(K=K, contrastive=Contrastive(negatives=math.inf, tau=tau))
    slow = (K - 1 + math.exp(1 / tau)) / (K - 1)
    run = reduced.cl(setting, loss_gap=2 / slow * float(setting.P) ** -power)
    assert run.done
    a = (1 - setting.gamma) * setting.C_1 / setting.P
    left = 1 / (1 + a / (1 - a) * math.exp(run.done.phi_global))
    found = left * math.exp(run.done.log_t - math.log(setting.P)) / (K * slow)
    bounds = LateCollapse(Region.of(setting), lowest_tau=tau)
    assert inside(bounds.left_over, abs(found - 1))
    assert inside(bounds.phi_other, float(abs(run.phi_other).max()))


@pytest.mark.parametrize(
    ("region", "ask"),
    [
        (Region(12, (0.9, 0.9), (0.02, 0.02)), lambda q: q.half_time.largest),  # P^-κ_s log P
        (Region(12, (0.6, 0.6), (0.4, 0.4)), lambda q: q.switch_time),  # Δ < 0: there is no T_1
        (Region(12, (0.7, 0.7), (0.4, 0.4)), lambda q: q.switch_time.largest),  # Δ = 0
        (Region(12, (0.9, 0.9), (0.3, 0.3)), lambda q: q.global_moved.largest),  # Δ > 0
        (Region(4, (0.9, 0.9), (0.3, 0.3)), lambda q: q.switch_time),  # P too small
        (Region(12, (0.5, 0.5), (0.5, 0.5)), lambda q: q.half_time.largest),  # κ_c = κ_s
    ],
)
def test_what_cannot_be_proved_is_refused(region: Region, ask: Any) -> None:
    with pytest.raises(NotBoundedError):
        ask(LocalQuery(region))


def test_at_gap_0_the_crossover_law_is_proved_all_the_same() -> None:
    query = LocalQuery(Region(12, (0.7, 0.7), (0.4, 0.4)))
    assert query.depth_at_half.power < 0
    assert query.depth_at_half.value < 1e-2


def test_a_cover_says_what_it_leaves_open() -> None:
    """A band around κ_c - κ_s = 0 stays open, and every other tile is proved by itself."""
    region = Region(12, (0.5, 0.7), (0.3, 0.5))
    found = cover(region, lambda tile: LocalQuery(tile).half_time, below=0.1, depth=5)
    assert found.open
    assert found.proved
    assert all(tile.kappa_c[0] - tile.kappa_s[1] < 0.06 for tile in found.open)
    assert found.worst < 0.1
    assert found.slowest < 0
    area = sum(
        (t.kappa_c[1] - t.kappa_c[0]) * (t.kappa_s[1] - t.kappa_s[0])
        for t in (*found.open, *(tile for tile, _ in found.proved))
    )
    assert area == pytest.approx(0.04)
