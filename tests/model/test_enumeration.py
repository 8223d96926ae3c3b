"""Exact expectations: three independent routes (all masks, moments, sampling) must meet."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from refutable.model import correlations, data, enumeration, gradients, lumping
from refutable.model.setting import Contrastive, Latents, Setting, SettingError

ROUNDING = 1e-12  # relative; sums of some 1e4 positive float64 terms
FIVE_SIGMA = 5.0  # two-sided tail 6e-7 for each entry compared

UNEQUAL = Setting.of_sizes(8, 3, 2, gamma=0.4, latents=Latents.two_point(0.5, 1.5))  # 3, 2, 3
TWO_CLUSTERS = Setting.of_sizes(7, 2, 1, K=2, placement="random", latents=Latents.two_point(1, 2))


def zero_rates(setting: Setting, query: Any) -> Any:
    samples = enumeration.population(setting, masked=query)
    rows = np.zeros((1, setting.features)), np.zeros((1, setting.P))
    return gradients.reconstruction(setting, samples, np.array([query]), *rows)


def test_population_is_the_whole_law() -> None:
    samples = enumeration.population(UNEQUAL)
    assert len(samples) == math.comb(8, 3) * 2**3
    assert samples.weights.sum() == pytest.approx(1, rel=ROUNDING)
    assert (samples.weights @ samples.visible) == pytest.approx(np.full(8, 5 / 8), rel=ROUNDING)
    conditioned = enumeration.population(UNEQUAL, masked=2)
    assert conditioned.weights.sum() == pytest.approx(3 / 8, rel=ROUNDING)
    assert not conditioned.visible[:, 2].any()


def test_conditioning_on_the_query_changes_no_gradient() -> None:
    rng = np.random.default_rng(1)
    phi, upsilon = rng.normal(size=(1, UNEQUAL.features)), rng.normal(size=(1, UNEQUAL.P))
    results = [
        gradients.reconstruction(UNEQUAL, samples, np.array([4]), phi, upsilon)
        for samples in (enumeration.population(UNEQUAL), enumeration.population(UNEQUAL, masked=4))
    ]
    for whole, conditioned in zip(*results, strict=True):
        np.testing.assert_allclose(conditioned, whole, rtol=1e-11, atol=1e-15)


def test_count_moments_are_those_of_every_mask() -> None:
    visible = enumeration.masks(UNEQUAL)
    u = [visible[:, UNEQUAL.area_of[0] == j].sum(axis=1) for j in range(3)]
    for r, s, t in itertools.product(range(4), range(3), range(2)):
        expected = Fraction(int((u[0] ** r * u[1] ** s * u[2] ** t).sum()), len(visible))
        assert enumeration.count_moment(5, 8, [(3, r), (2, s), (3, t)]) == expected


@pytest.mark.parametrize("setting", [UNEQUAL, TWO_CLUSTERS, UNEQUAL.replace(K=2)])
@pytest.mark.parametrize("area", [0, 1, 2])
def test_initial_rates_are_those_of_every_mask(setting: Setting, area: Any) -> None:
    query = int(np.flatnonzero(setting.area_of[0] == area)[0])
    alpha, beta, _ = zero_rates(setting, query)
    rates = enumeration.initial_rates(setting, area)
    others = [m for m in range(1, setting.areas) if m != area]
    if setting.locals in others and len(others) > 1:
        others.remove(setting.locals)  # the last area has a size of its own
    assert alpha[0, area] == pytest.approx(float(rates.own or 0), rel=ROUNDING)
    assert alpha[0, others[0]] == pytest.approx(float(rates.other or 0), rel=ROUNDING)
    if area == 0:
        assert rates.global_ is None
    else:
        assert alpha[0, 0] == pytest.approx(float(rates.global_ or 0), rel=ROUNDING)
    if setting.K == 1:
        for j, rate in ((area, rates.beta_own), (others[0], rates.beta_other)):
            keys = np.flatnonzero(setting.area_of[0] == j)
            for q in keys[keys != query]:
                assert beta[0, q] == pytest.approx(float(rate or 0), rel=ROUNDING)


def test_initial_rates_of_a_googol_of_patches_have_the_leading_order() -> None:
    setting = Setting(P=10**100, kappa_c=0.9, kappa_s=0.3, gamma=0.5, K=2)
    rates = enumeration.initial_rates(setting, 1)
    leading = Fraction(1, 2) * Fraction(1, 2) * (Fraction(1, 2) * setting.C_s / setting.P)
    assert float(rates.own / leading) == pytest.approx(1, abs=1e-9)
    assert rates.global_ < 0 < rates.other  # Δ > 0
    below = enumeration.initial_rates(setting.replace(kappa_c=0.6), 1)
    assert below.other < 0  # Δ < 0


@pytest.mark.parametrize("views", ["independent", "complementary"])
@pytest.mark.parametrize("K", [1, 2])
def test_contrastive_initial_rates_are_those_of_every_pair_of_views(views: Any, K: int) -> None:
    setting = Setting.of_sizes(
        5,
        2,
        1,
        gamma=0.4,
        K=K,
        shared_partition=True,
        latents=Latents.constant(1.5),
        contrastive=Contrastive(negatives=1, tau=1e9, views=views),
    )
    if K == 1:
        setting = setting.replace(latents=Latents.two_point(0.5, 1.5))
    batch = enumeration.views(setting)
    assert batch.first.weights.sum() == pytest.approx(1, rel=ROUNDING)
    alpha, _, _ = gradients.contrastive(setting, batch, np.zeros((1, setting.features)))
    rate_1, rate_m = enumeration.initial_cl_rates(setting)
    # τ = 1e9 leaves the weights 1e-9 from uniform.
    assert alpha[0, 0] == pytest.approx(float(rate_1), rel=1e-7)
    assert alpha[0, 1] == pytest.approx(float(rate_m), rel=1e-7)


def test_empty_own_is_the_share_of_masks_that_hide_the_own_area() -> None:
    visible = enumeration.masks(UNEQUAL, masked=0)
    empty = (~visible[:, UNEQUAL.area_of[0] == 0].any(axis=1)).mean()
    assert enumeration.empty_own(UNEQUAL, 3) == Fraction(empty).limit_denominator(1000)
    assert enumeration.log_empty_own(UNEQUAL, 3) == pytest.approx(math.log(empty), rel=ROUNDING)
    assert enumeration.empty_own(UNEQUAL, 4) == 0
    assert enumeration.log_empty_own(UNEQUAL, 4) == -math.inf


def test_log_empty_own_keeps_its_digits_at_a_googol() -> None:
    setting = Setting(P=10**100, kappa_c=0.9, kappa_s=0.3)
    exact = enumeration.empty_own(setting, 500)
    log_exact = math.log(exact.numerator) - math.log(exact.denominator)
    assert enumeration.log_empty_own(setting, 500) == pytest.approx(log_exact, rel=ROUNDING)
    assert enumeration.log_empty_own(setting, setting.C_s) == pytest.approx(
        -math.log(2) * (setting.C_s - 1), rel=1e-9
    )
    with pytest.raises(SettingError, match="too large"):
        enumeration.empty_own(setting, setting.C_s)


def test_infimum_is_approached_by_attending_to_the_own_area_alone() -> None:
    query = 0
    samples = enumeration.population(UNEQUAL, masked=query)
    phi = np.full((1, UNEQUAL.features), -1e4)
    phi[0, UNEQUAL.area_of[0, query]] = 1e4
    _, _, value = gradients.reconstruction(
        UNEQUAL, samples, np.array([query]), phi, np.zeros((1, UNEQUAL.P))
    )
    assert value[0] == pytest.approx(enumeration.infimum(UNEQUAL, query), rel=ROUNDING)


@pytest.mark.parametrize("kind", ["local", "global"])
@pytest.mark.parametrize("K", [1, 2])
def test_lumped_expectation_is_that_of_every_mask(kind: Any, K: int) -> None:
    setting = Setting.of_sizes(
        11, 3, 2, gamma=0.5, K=K, shared_partition=True, latents=Latents.constant(1.3)
    )
    query = 3 if kind == "local" else 0
    own = setting.area_of[0, query]
    phi, upsilon = np.array([0.7, -0.4, 0.2]), np.array([0.3, -0.2, 0.5, 0.1])
    exact = lumping.rates(setting, kind, phi, upsilon)
    row = np.full(setting.areas, phi[2])
    row[0], row[own] = phi[1], phi[0]
    keys = np.full(setting.P, upsilon[3])
    keys[setting.area_of[0] == 0] = upsilon[2]
    keys[setting.area_of[0] == own] = upsilon[1]
    keys[query] = upsilon[0]
    samples = enumeration.population(setting, masked=query)
    rows = np.tile(row, K)[None], keys[None]
    alpha, beta, value = gradients.reconstruction(setting, samples, np.array([query]), *rows)
    assert exact.loss == pytest.approx(value[0], rel=1e-11)
    other = setting.areas - 1
    assert exact.alpha[[0, 2]] == pytest.approx(alpha[0, [own, other]], rel=1e-11)
    assert exact.beta[0] == pytest.approx(beta[0, query], rel=1e-11)
    same = (setting.area_of[0] == own) & (np.arange(setting.P) != query)
    assert beta[0, same] == pytest.approx(np.full(same.sum(), exact.beta[1]), rel=1e-11)
    assert beta[0, setting.area_of[0] == other] == pytest.approx(exact.beta[3], rel=1e-11)
    if kind == "local":
        assert exact.alpha[1] == pytest.approx(alpha[0, 0], rel=1e-11)
        assert beta[0, setting.area_of[0] == 0] == pytest.approx(exact.beta[2], rel=1e-11)
    A = correlations.area_attention(setting, samples, *rows)[:, 0]
    mean = samples.weights @ A / samples.weights.sum()
    assert exact.attention == pytest.approx([mean[own], mean[0]], rel=1e-11)


def test_lumping_refuses_what_it_would_have_to_approximate() -> None:
    phi, upsilon = np.zeros(3), np.zeros(4)
    for setting in (
        UNEQUAL,
        UNEQUAL.replace(latents=Latents.constant(1)),
        Setting.of_sizes(11, 3, 2, K=2),
    ):
        with pytest.raises(SettingError, match="lumping"):
            lumping.rates(setting, "local", phi, upsilon)


def test_sampled_gradients_lie_within_their_standard_error_of_the_exact_ones() -> None:
    setting, batches = TWO_CLUSTERS, 40
    rng = np.random.default_rng(7)
    phi, upsilon = rng.normal(size=(1, setting.features)), rng.normal(size=(1, setting.P))
    query = np.array([3])

    def alpha(samples: Any) -> Any:
        return gradients.reconstruction(setting, samples, query, phi, upsilon)[0][0]

    sampled = np.array([alpha(data.draw(setting, 500, rng, masked=3)) for _ in range(batches)])
    error = sampled.std(axis=0, ddof=1) / math.sqrt(batches)
    deviation = np.abs(sampled.mean(axis=0) - alpha(enumeration.population(setting, masked=3)))
    assert np.all(deviation <= FIVE_SIGMA * error)
