"""The enclosed fluctuating flow is that of the reduced dynamics, rate by rate and to its events."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from flint import arb, fmpq

from refutable.model import ball_fluctuating, reduced
from refutable.model.ball_events import EVENTS, Enclosure, enclose
from refutable.model.ball_fluctuating import FluctuatingFlow
from refutable.model.setting import Latents, Setting, SettingError

BASE = Setting.of_sizes(40, 13, 3, kappa_c=0.75, kappa_s=0.3)
SETTINGS = [
    BASE,
    BASE.replace(gamma=0.25, latents=Latents.constant(1.5), K=3, shared_partition=True),
    Setting.of_sizes(30, 6, 3, kappa_c=0.6, kappa_s=0.3, gamma=0.75).replace(
        latents=Latents.two_point(0.5, 1.5)
    ),
    Setting(P=10**25, kappa_c=0.9, kappa_s=0.01, c_s=3.0, gamma=0.3),
]
SMALLEST = Setting.of_sizes(24, 3, 3, kappa_c=0.5005, kappa_s=0.3)
GAP = Fraction(1, 50)


CASES = [(s, q) for s in SETTINGS for q in ("local", "global") if q == "local" or s.C_1 < 100]


@pytest.mark.parametrize(("setting", "query"), CASES, ids=str)
def test_rates_are_those_of_the_reduced_dynamics(setting: Setting, query: Any) -> None:
    at = {
        "phi_global": -0.4, "phi_own": 1.3, "phi_other": 0.2, "upsilon_global": 0.1,
        "upsilon_own": -0.3, "upsilon_other": 0.05, "upsilon_self": -0.2,
    }  # fmt: skip
    U = setting.latents.U
    floats = reduced.mae_rates(setting, query, counts="fluctuating", **at)
    flow = FluctuatingFlow(setting, query)
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p = (arb(v) for v in at.values())
    state = [phi_n * U, phi_m * U, ups_1, ups_n, ups_m, arb(0), ups_p]
    for own_waits in (True, False) if query == "local" else (False,):
        fall, rise, to_m, to_1, to_n, to_other, time, to_self = map(
            float, flow.speeds(phi_1 * U, phi_n * U, state, own_waits)
        )
        own = setting.C_s if query == "local" else setting.C_1
        rate = setting.M / setting.P / setting.K
        per_t = rate * (1 - setting.gamma) * own / setting.P * U**4 / time
        assert rise * per_t / U == pytest.approx(floats.alpha_own, rel=1e-12)
        assert to_m * per_t / U == pytest.approx(floats.alpha_other, rel=1e-11)
        assert to_n * per_t == pytest.approx(floats.beta_own, rel=1e-11)
        assert to_other * per_t == pytest.approx(floats.beta_other, rel=1e-11)
        assert to_self * per_t == pytest.approx(floats.beta_self, rel=1e-11)
        if query == "local":
            assert -fall * per_t / U == pytest.approx(floats.alpha_global, rel=1e-12)
            assert to_1 * per_t == pytest.approx(floats.beta_global, rel=1e-11)
        else:
            assert fall == to_1 == 0
    w = flow.weights(phi_1 * U, phi_n * U, state)
    assert float(w.W_n) == pytest.approx(floats.own_attention, rel=1e-12)
    gap = float(w.missing * flow.per_missing) / 2
    assert gap == pytest.approx(floats.loss_gap, rel=1e-12)


def test_counts_have_their_exact_chances() -> None:
    found = ball_fluctuating._hypergeometric(39, 12, 20)
    assert [u for u, _ in found] == list(range(13))
    for u, chance in found:
        ways = math.comb(12, u) * math.comb(27, 20 - u)
        assert chance == Fraction(ways, math.comb(39, 20))
    assert ball_fluctuating._hypergeometric(5, 4, 4) == [(3, Fraction(4, 5)), (4, Fraction(1, 5))]


def test_the_global_count_keeps_its_mean_and_variance() -> None:
    """Given the own count, exact: drawn without return from all that lies outside the own area."""
    flow = FluctuatingFlow(BASE, "local")
    low, high = (a.global_ * BASE.P for a in flow.atoms[:2])  # of no visible own patch
    mean, square = fmpq(20 * 13, 37), fmpq(20 * 13 * 24 * 17, 37 * 37 * 36)
    assert ((low + high) / 2).overlaps(arb(mean))
    assert (((high - low) / 2) ** 2).overlaps(arb(square))
    assert sum((a.chance for a in flow.atoms), start=arb(0)).overlaps(arb(1))


SPOILED: dict[str, Callable[[Any], Any]] = {
    "α_n by 1e-6": lambda w: replace(w, own=w.own * arb("1.000001")),
    "A_n by 1e-6": lambda w: replace(w, W_n=w.W_n * arb("1.000001")),
    "β_n by 1e-4": lambda w: replace(
        w, others=tuple(x * arb("1.0001") if i == 2 else x for i, x in enumerate(w.others))
    ),
}


@pytest.fixture(scope="module")
def right() -> Enclosure:
    return enclose(SMALLEST, "global", GAP, FluctuatingFlow)


def test_events_are_those_of_floats(right: Enclosure) -> None:
    run = reduced.mae(SMALLEST, "global", loss_gap=float(GAP), rtol=1e-12)
    unit = math.log(SMALLEST.M / 24 * (1 - SMALLEST.gamma) * 3 / 24)
    for event in EVENTS:
        exact, seen = getattr(right, event), getattr(run, event)
        assert (exact is None) == (seen is None)
        if exact is not None:
            assert exact.widest < 1e-9
            assert math.log(exact.time[0]) - unit == pytest.approx(seen.log_t, abs=1e-9)
            assert float(exact.phi_own[0]) == pytest.approx(seen.phi_own, abs=1e-9)


@pytest.mark.parametrize("plant", SPOILED.values(), ids=SPOILED)
def test_a_wrong_term_leaves_the_floats_outside(
    plant: Callable[[Any], Any], right: Enclosure, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = FluctuatingFlow.weights
    monkeypatch.setattr(FluctuatingFlow, "weights", lambda *given: plant(weights(*given)))
    wrong = enclose(SMALLEST, "global", GAP, FluctuatingFlow)
    low, high = right.half.time
    assert wrong.half.time[1] < low or wrong.half.time[0] > high


def test_what_is_not_enclosed_is_refused() -> None:
    for setting, why in (
        (BASE.replace(K=2), "different partitions"),
        (Setting.of_sizes(10**6, 200_000, 1000), "too many counts"),
        (Setting.of_sizes(41, 13, 3, kappa_c=0.75, kappa_s=0.3), "remainder of 4 among 41"),
        (Setting.of_sizes(30, 28, 1, kappa_c=0.9, kappa_s=0.1), "two patches"),
    ):
        with pytest.raises(SettingError, match=why):
            FluctuatingFlow(setting, "local")
