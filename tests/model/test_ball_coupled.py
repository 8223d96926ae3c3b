"""Two rows that meet, enclosed: overlaps and rates are those of floats; the rest is refused."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from refutable.model import reduced
from refutable.model.ball_coupled import KINDS, CoupledFlow, overlap
from refutable.model.ball_events import EVENTS, enclose
from refutable.model.reduced import coupling
from refutable.model.reduced.reconstruction import Rows
from refutable.model.setting import Latents, Setting, SettingError
from refutable.model.trajectory import QueryKind

PAIR = Setting.of_sizes(16, 4, 3, kappa_c=0.5005, kappa_s=0.3, K=2)
SETTINGS = [
    PAIR,
    Setting.of_sizes(40, 13, 3, K=3, placement="random", latents=Latents.constant(1.5)),
    Setting.of_sizes(52, 12, 4, K=3, gamma=0.3),
]
PLACES: dict[QueryKind, int] = {"local": 0, "global": 1}


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("query", ["local", "global"])
def test_overlaps_are_those_of_floats(setting: Setting, query: QueryKind) -> None:
    size = setting.C_s if query == "local" else setting.C_1
    floats, exact = coupling.overlap(setting, query, size), overlap(setting, query)
    keys, queries = np.zeros((3, 2, 3)), np.zeros(2)
    for kind, shares in exact.items():
        assert sum(shares.values()) == (0 if (query, kind) == ("global", "global") else 1)
        for (place, key), share in shares.items():
            if kind == "self":
                assert key == "self"
                queries[PLACES[place]] = float(share)
            else:
                keys[KINDS.index(kind), PLACES[place], KINDS.index(key)] = float(share)
    assert np.abs(keys - floats.keys).max() < 1e-14
    assert np.abs(queries - floats.query).max() < 1e-14


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_rates_are_those_of_the_reduced_dynamics(setting: Setting) -> None:
    """At a point where nothing is 0: of both rows, once Φ is in units of 1/U."""
    local = [-0.4, 1.3, 0.2, 0.1, -0.3, 0.05, -0.2]
    global_ = [0.0, 0.7, -0.1, 0.0, 0.15, -0.08, 0.12]
    rows = Rows(setting, "local", "fluctuating", None)
    units, U = rows.units, setting.latents.U
    x = [v / unit for v, unit in zip([*local, *global_], units, strict=True)]
    floats = [v * unit for v, unit in zip(rows.velocity(rows.sums(x)), units, strict=True)]
    phi_1, phi_n, phi_m, *positions = (arb(v) for v in local)
    _, g_n, g_m, _, *g_positions = (arb(v) for v in global_)
    flow = CoupledFlow(setting, "local")
    *ups, ups_p = positions
    state = [arb(0), phi_m * U, *ups, arb(0), ups_p, g_n * U, g_m * U, *g_positions]
    fall, rise, *rest = flow.speeds(phi_1 * U, phi_n * U, state, False)
    names = ["phi_m", "ups_1", "ups_n", "ups_m", "time", "ups_p"]
    names += ["g_n", "g_m", "g_ups_n", "g_ups_m", "g_ups_p"]
    speeds = dict(zip(names, map(float, rest), strict=True))
    per_t = (1 - setting.gamma) * setting.C_s / setting.P * U**4 / speeds["time"]
    exact = [
        -float(fall) / U, float(rise) / U, speeds["phi_m"] / U, speeds["ups_1"], speeds["ups_n"],
        speeds["ups_m"], speeds["ups_p"], 0.0, speeds["g_n"] / U, speeds["g_m"] / U, 0.0,
        speeds["g_ups_n"], speeds["g_ups_m"], speeds["g_ups_p"],
    ]  # fmt: skip
    for i, (found, expected) in enumerate(zip(exact, floats, strict=True)):
        if i not in (7, 10):  # a global query has no further global area
            assert found * per_t == pytest.approx(expected, rel=1e-10), i


def test_events_are_those_of_floats() -> None:
    gap = Fraction(1, 50)
    found = enclose(PAIR, "local", gap, CoupledFlow)
    run = reduced.mae(PAIR, "local", loss_gap=float(gap), rtol=1e-12)
    unit = math.log(PAIR.M / PAIR.P / PAIR.K * (1 - PAIR.gamma) * PAIR.C_s / PAIR.P)
    for event in EVENTS:
        exact, seen = getattr(found, event), getattr(run, event)
        assert (exact is None) == (seen is None)
        if exact is not None:
            assert exact.widest < 1e-8
            assert math.log(exact.time[0]) - unit == pytest.approx(seen.log_t, abs=1e-8)
            assert float(exact.phi_own[0]) == pytest.approx(seen.phi_own, abs=1e-8)
            assert float(exact.phi_global[0]) == pytest.approx(seen.phi_global, abs=1e-8)


def test_what_is_not_enclosed_is_refused() -> None:
    for setting, query, why in (
        (PAIR, "global", "flow of a local query"),
        (PAIR.replace(K=1), "local", "one by one"),
        (PAIR.replace(shared_partition=True), "local", "one by one"),
        (PAIR.replace(latents=Latents.two_point(0.5, 1.5)), "local", "constant latents"),
        (Setting.of_sizes(17, 4, 3, kappa_c=0.5005, K=2), "local", "one size"),
        (Setting.of_sizes(1000, 400, 3, K=2), "local", "too many counts"),
    ):
        with pytest.raises(SettingError, match=why):
            CoupledFlow(setting, query)  # type: ignore[arg-type]
