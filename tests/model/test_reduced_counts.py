"""The reduced dynamics with fluctuating mask counts, against exact populations.

Trained models are held against them: an error beyond the fourth digit would hide in tolerances what
a claim is to find.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from refutable.model import correlations, descent, enumeration, gradients, lumping, reduced
from refutable.model.reduced import counts, coupling, fluctuating
from refutable.model.reduced.clock import integrate
from refutable.model.setting import Latents, Setting, SettingError
from refutable.model.trajectory import QueryKind

QUERIES: tuple[QueryKind, ...] = ("local", "global")
LOSS_GAP = 0.01

sizes = st.builds(
    lambda C_s, C_1, locals_, gamma: Setting.of_sizes(
        C_1 + locals_ * C_s, C_1, C_s, gamma=gamma, kappa_s=0.4
    ),
    C_s=st.integers(4, 32),
    C_1=st.integers(16, 96),
    locals_=st.integers(4, 10),
    gamma=st.floats(0.25, 0.75),
)


# --- the law of the counts


@settings(derandomize=True, max_examples=100)
@given(setting=sizes, query=st.sampled_from(QUERIES))
def test_counts_have_the_moments_of_the_masks(setting: Setting, query: Any) -> None:
    areas = counts.areas_of(setting, query)
    law, P, drawn = counts.visible_counts(setting, areas), setting.P, setting.P - setting.M
    assert law.chance.sum() == pytest.approx(1, abs=1e-12)
    total = law.own + law.global_ + law.others
    assert total * P == pytest.approx(np.full_like(total, drawn))
    kinds = {"own": (law.own, areas.own - 1), "global": (law.global_, areas.global_)}
    for name, (share, size) in kinds.items():
        for r in (1, 2):
            exact = enumeration.count_moment(drawn, P - 1, [(size, r)])
            assert law.chance @ (share * P) ** r == pytest.approx(float(exact), rel=1e-9), name
    both = enumeration.count_moment(drawn, P - 1, [(areas.own - 1, 1), (areas.global_, 1)])
    assert law.chance @ (law.own * law.global_) * P**2 == pytest.approx(float(both), rel=1e-9)
    number = setting.locals - (query == "local")
    square = enumeration.count_moment(drawn, P - 1, [(setting.C_s, 2)])
    tolerance = 1e-9 if query == "local" else 1e-2  # R's variance is that of two nodes, or none
    R = law.others * P
    found = R + R * (R - 1) * counts.same_area(areas, setting.C_s)
    assert law.chance @ found == pytest.approx(number * float(square), rel=tolerance)


@pytest.mark.parametrize("size", [4, 32, 64, 2000, 40_000])
def test_own_counts_keep_the_hidden_area_and_three_moments(size: int) -> None:
    setting = Setting.of_sizes(100_000, 20_000, size, gamma=0.7)
    places, chance = counts.own_counts(setting, size)
    exact = stats.hypergeom(setting.P - 1, size - 1, setting.P - setting.M)
    if exact.pmf(0) > 1e-20:
        assert chance[places == 0] == pytest.approx(exact.pmf(0), rel=1e-9)
    assert chance @ places == pytest.approx(exact.mean(), rel=1e-12)
    centred = places - exact.mean()
    assert chance @ centred**2 == pytest.approx(exact.var(), rel=1e-9)
    third = float(exact.stats("s")) * exact.std() ** 3
    assert chance @ centred**3 == pytest.approx(third, rel=1e-6)


def test_counts_of_the_largest_sizes_stay_finite() -> None:
    for kappa_s in (0.001, 0.02, 0.1, 0.5):
        setting = Setting(P=10**300, kappa_c=0.9, kappa_s=kappa_s, c_s=2.0)
        law = counts.visible_counts(setting, counts.areas_of(setting, "local"))
        assert all(np.isfinite(field).all() and (field >= 0).all() for field in law)


# --- rates


@settings(derandomize=True, max_examples=60)
@given(
    setting=sizes,
    query=st.sampled_from(QUERIES),
    state=st.tuples(*[st.floats(-1, 1)] * 2, *[st.floats(-0.1, 0.1)] * 5),
)
def test_rates_are_those_of_the_population(setting: Setting, query: Any, state: Any) -> None:
    phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p = state
    exact = lumping.rates(
        setting, query, np.array([phi_n, phi_1, phi_m]), np.array([ups_p, ups_n, ups_1, ups_m])
    )
    names = ("phi_global", "phi_own", "phi_other", "upsilon_global", "upsilon_own", "upsilon_other")
    found = reduced.mae_rates(
        setting, query, upsilon_self=ups_p, **dict(zip(names, state, strict=False))
    )
    # Two nodes leave the global count's skewness, of relative order 1/C_1² for the rates.
    allowed: Any = {"rel": 2e-3, "abs": 1e-6}
    assert found.alpha_own == pytest.approx(exact.alpha[0], **allowed)
    assert found.alpha_other == pytest.approx(exact.alpha[2], **allowed)
    for name, beta in zip(("self", "own", "global", "other"), exact.beta, strict=True):
        if not (name == "global" and query == "global"):
            assert getattr(found, f"beta_{name}") == pytest.approx(beta, **allowed)
    assert found.own_attention == pytest.approx(exact.attention[0], **allowed)
    if query == "local":
        assert found.alpha_global == pytest.approx(exact.alpha[1], **allowed)


@settings(derandomize=True, max_examples=60)
@given(
    setting=sizes,
    query=st.sampled_from(QUERIES),
    latents=st.sampled_from([Latents.constant(1.2), Latents.two_point(0.5, 1.5)]),
    state=st.tuples(*[st.floats(-2, 2)] * 7),
)
def test_position_rates_sum_to_zero(setting: Setting, query: Any, latents: Any, state: Any) -> None:
    # Claim grad.shift, to rounding: no key is counted twice, none is forgotten.
    of_others = (setting.C_s, *[setting.C_s + 1] * (setting.locals - 1))
    setting = Setting.of_sizes(
        setting.C_1 + sum(of_others), setting.C_1, setting.C_s, gamma=setting.gamma,
        local_sizes=of_others,
    )  # fmt: skip
    areas, P = counts.areas_of(setting, query), setting.P
    further = [-0.3, 0.2] if len(areas.kinds) == 2 else []
    sums = fluctuating.rate_sums(setting.replace(latents=latents), query)((*state, *further))
    parts = np.array(
        [
            sums[3],
            sums[4] * (areas.own - 1) / areas.own,
            sums[6] / P,
            *(
                b_m * size * number / P
                for b_m, (size, number) in zip((sums[5], *sums[11::2]), areas.kinds, strict=True)
            ),
        ]
    )
    assert abs(parts.sum()) <= 1e-12 * np.abs(parts).max()


@pytest.mark.parametrize("own", [0, 2, 3])
def test_areas_of_every_size_have_rates_of_their_own(own: int) -> None:
    # Left out is how the count of an area varies with Σ u_m², 0 where all sizes are equal.
    setting = Setting.of_sizes(17, 6, 4, gamma=0.4, local_sizes=(4, 2, 5))
    area, query = setting.area_of[0], QUERIES[0 if own else 1]
    p, size = int(np.flatnonzero(area == own)[0]), int(setting.area_sizes[own]) if own else None
    phi, upsilon = np.zeros((1, setting.areas)), np.full((1, setting.P), 0.2)
    phi[0, [0, own]] = -0.4, 0.6
    masks = enumeration.population(setting, masked=p)
    alpha, beta, _ = gradients.reconstruction(setting, masks, np.array([p]), phi, upsilon)
    kinds = counts.areas_of(setting, query, size).kinds
    state = (-0.4, 0.6, 0, 0.2, 0.2, 0.2, 0.2, *[0, 0.2] * (len(kinds) - 1))
    sums = fluctuating.rate_sums(setting, query, size)(state)
    of_kinds = [(sums[2], sums[5]), *zip(sums[10::2], sums[11::2], strict=True)]
    masked = setting.M / setting.P
    for (C, _), (a_m, b_m) in zip(kinds, of_kinds, strict=True):
        j = setting.area_sizes.tolist().index(C)
        assert masked * a_m * C / setting.P == pytest.approx(alpha[0, j], rel=2e-2)
        assert masked * b_m / setting.P == pytest.approx(beta[0, area == j].mean(), rel=2e-2)


def test_a_remainder_too_small_to_matter_is_left_out() -> None:
    small, large = (Setting(P=P, kappa_c=0.9, kappa_s=0.3) for P in (10**5, 10**40))
    assert len(counts.areas_of(small, "local").kinds) == 2
    assert len(counts.areas_of(large, "local").kinds) == 1


# --- trajectories


def exact_events(setting: Setting, query: QueryKind) -> list[tuple[float, Any] | None]:
    """(log t, state) at T_1, T_½ and T* of the exact population's gradient flow."""
    at_risk = int((setting.area_of[0] == (query == "local")).argmax())
    infimum = enumeration.infimum(setting, at_risk)

    def rates(x: Any) -> lumping.Rates:
        return lumping.rates(setting, query, np.array(x[:3]), np.array(x[3:7]))

    def flow(x: Any) -> tuple[list[float], float]:
        found = rates(x)
        pace = abs(found.alpha[0]) + abs(found.alpha[1])
        return [*map(float, found.alpha), *map(float, found.beta)], float(pace)

    watches = [
        lambda x: float(abs(rates(x).alpha[1]) / rates(x).alpha[0]) - 1,
        lambda x: 0.5 - float(rates(x).attention[0]),
        lambda x: math.log((rates(x).loss - infimum) / LOSS_GAP),
    ]
    return integrate(flow, 7, 0.0, watches, 50.0, 1e-10).crossings


@pytest.mark.parametrize(
    ("P", "C_1", "C_s", "gamma", "allowed"),
    [
        (64, 32, 4, 0.5, 3e-5),
        (64, 16, 8, 0.5, 3e-5),
        (64, 32, 8, 0.75, 3e-5),
        (126, 63, 9, 0.25, 3e-5),
        (144, 36, 12, 0.5, 1e-5),
        (240, 48, 12, 0.75, 1e-5),
        (256, 128, 16, 0.75, 1e-5),
        (300, 48, 42, 0.6, 1e-5),  # Gauss nodes for the own count
        (576, 144, 24, 0.5, 1e-5),
    ],
)
@pytest.mark.parametrize("query", QUERIES)
def test_events_are_those_of_the_population(
    P: int, C_1: int, C_s: int, gamma: float, allowed: float, query: QueryKind
) -> None:
    setting = Setting.of_sizes(P, C_1, C_s, gamma=gamma)
    run, first = reduced.mae(setting, query, loss_gap=LOSS_GAP), int(query == "local")
    ours = (run.switch, run.half, run.done)
    for i, (found, exact) in enumerate(zip(ours, exact_events(setting, query), strict=True)):
        assert (found is None) == (exact is None)
        if found is None or exact is None:
            continue
        assert found.log_t == pytest.approx(exact[0], abs=1e-3 if i == 0 else allowed)
        assert found.phi_own == pytest.approx(exact[1][0], abs=allowed)
        assert found.phi_global == pytest.approx(exact[1][first], abs=allowed)


def test_counts_at_their_mean_are_the_limit_of_large_areas() -> None:
    setting = Setting(P=10**25, kappa_c=0.9, kappa_s=0.3)
    one, other = (
        reduced.mae(setting, "local", counts=tier).half for tier in ("fluctuating", "mean")
    )
    assert one is not None
    assert other is not None
    assert one.log_t == pytest.approx(other.log_t, abs=2 / setting.C_s + 1e-7)


def test_a_mean_attention_that_hidden_areas_keep_below_one_half_is_never_reached() -> None:
    # Three of four masks or more hide all that a query in four patches could look at.
    setting = Setting.of_sizes(400, 100, 4, gamma=0.85)
    run = reduced.mae(setting, "local", loss_gap=1e-2)
    assert run.half is None
    assert run.done is not None
    assert run.own_attention[-1] < 0.5


@pytest.mark.parametrize("tier", ["fluctuating", "mean"])
def test_the_largest_size_reaches_the_smallest_loss_gap(tier: Any) -> None:
    # e^Φ_n is then 1e335, beyond double precision.
    setting = Setting(P=10**300, kappa_c=0.9, kappa_s=0.3)
    run = reduced.mae(setting, "local", loss_gap=1e-250, counts=tier)
    assert run.done is not None
    assert run.done.log_t == pytest.approx(250 * math.log(10) - math.log(4), abs=1e-6)


def test_descent_takes_the_steps_of_the_flow_as_they_shrink() -> None:
    setting = Setting.of_sizes(126, 63, 9)
    flow = reduced.mae(setting, "local", loss_gap=LOSS_GAP).half
    assert flow is not None
    errors = []
    for step in (1.0, 0.5):
        half = reduced.descend(setting, "local", step=step, steps=int(150 / step)).half
        assert half is not None
        errors.append(math.expm1(half.log_t - flow.log_t))
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.05)
    assert abs(errors[1]) < 0.01


@pytest.mark.parametrize("query", QUERIES)
def test_clusters_of_one_partition_share_all_positions(query: QueryKind) -> None:
    # β of every cluster adds up: three times as fast in Υ as a cluster alone would be.
    setting = Setting.of_sizes(64, 32, 4, K=3, shared_partition=True)
    run = reduced.mae(setting, query, loss_gap=LOSS_GAP)
    half = exact_events(setting, query)[1]
    assert run.half is not None
    assert half is not None
    assert run.half.log_t == pytest.approx(half[0], abs=3e-5)
    assert run.half.phi_own == pytest.approx(half[1][0], abs=3e-5)


# --- clusters that meet


@pytest.mark.parametrize("placement", ["contiguous", "random"])
@pytest.mark.parametrize("query", QUERIES)
def test_overlaps_are_shares(placement: Any, query: QueryKind) -> None:
    setting = Setting.of_sizes(48, 16, 8, K=3, placement=placement)
    size = 8 if query == "local" else 16
    seen = coupling.overlap(setting, query, size)
    met = seen.keys.sum(axis=(1, 2))
    expected = [1, 1, 1] if query == "local" else [0, 1, 1]  # it has no further global area
    np.testing.assert_allclose(met, expected, atol=1e-12)
    assert seen.query.sum() == pytest.approx(1)


def test_the_same_placement_means_the_same_kinds() -> None:
    setting = Setting.of_sizes(48, 16, 8, K=2)
    setting.area_of[1] = setting.area_of[0]  # laid out once, and changed before it is looked at
    seen = coupling.overlap(setting, "local", 8)
    assert seen.query.tolist() == [1, 0]  # never as a global one
    there = seen.keys[:, 0]
    np.testing.assert_allclose(there, np.eye(3), atol=1e-12)


def test_queries_are_met_by_the_size_of_their_area() -> None:
    # Two clusters swap two areas of 3 and share one of 4, whose queries are alike to the last bit.
    # The others have other areas of both sizes, whose counts vary together.
    setting = Setting.of_sizes(10, 3, 3, K=2, local_sizes=(3, 4))
    setting.area_of[:] = [0] * 3 + [1] * 3 + [2] * 4, [1] * 3 + [0] * 3 + [2] * 4
    G = descent.train_closed(setting, enumeration.population(setting), steps=60, step=1.0)
    phi = correlations.of_cluster(setting, 0, correlations.feature(setting, G))
    for p, size, allowed in ((9, 4, 1e-12), (3, 3, 5e-4), (0, None, 5e-4)):
        query = QUERIES[0 if size else 1]
        run = reduced.descend(setting, query, step=1.0, steps=60, size=size)
        assert run.phi_own[-1] == pytest.approx(phi[p, setting.area_of[0, p]], abs=allowed)


def test_what_is_refused() -> None:
    setting = Setting.of_sizes(65, 32, 4)
    with pytest.raises(SettingError, match="alone in its area"):
        reduced.mae(Setting(P=1000, kappa_c=0.9, kappa_s=0.02), "local")
    with pytest.raises(SettingError, match="4 or 5 patches"):
        reduced.mae(setting, "local", size=6)
    with pytest.raises(SettingError, match="at their mean"):
        reduced.mae(setting, "local", size=5, counts="mean")
    larger, usual = (reduced.mae(setting, "local", size=size).half for size in (5, 4))
    assert larger is not None
    assert usual is not None
    assert larger.log_t < usual.log_t
