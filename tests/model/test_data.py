"""Samples must follow Definitions 2.1, 2.5 and 2.7: what is drawn decides what is measured."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.model import data
from refutable.model.setting import Contrastive, Latents, Setting, SettingError

FIVE_SIGMA = 5.0  # two-sided tail 6e-7 for each frequency compared

SETTING = Setting.of_sizes(
    10, 4, 2, gamma=0.65, K=3, placement="random", latents=Latents.two_point(0.5, 2.0)
)


@settings(derandomize=True, max_examples=50)
@given(
    P=st.integers(4, 30),
    gamma=st.floats(0.3, 0.7),
    masked=st.none() | st.integers(0, 3),
    seed=st.integers(0, 99),
)
def test_every_mask_has_size_floor_gamma_P_and_holds_what_it_must(
    P: int, gamma: float, masked: Any, seed: int
) -> None:
    setting = Setting.of_sizes(P, 2, 1, gamma=gamma)
    visible = data.draw_masks(setting, 20, np.random.default_rng(seed), masked)
    assert ((~visible).sum(axis=1) == setting.M).all()
    if masked is not None:
        assert not visible[:, masked].any()


def test_masks_are_uniform() -> None:
    size = 20_000
    visible = data.draw_masks(SETTING, size, np.random.default_rng(0))
    share = 1 - SETTING.M / SETTING.P
    allowed = FIVE_SIGMA * np.sqrt(share * (1 - share) / size)
    assert np.abs(visible.mean(axis=0) - share).max() <= allowed
    # Pairs too: a block or Bernoulli mask has the same margins and fails here.
    V, P = SETTING.P - SETTING.M, SETTING.P
    pair = V * (V - 1) / (P * (P - 1))
    both = (visible[:, :-1] & visible[:, 1:]).mean(axis=0)
    assert np.abs(both - pair).max() <= FIVE_SIGMA * np.sqrt(pair * (1 - pair) / size)


def test_weights_sum_to_the_probability_of_what_is_drawn() -> None:
    rng = np.random.default_rng(1)
    assert data.draw(SETTING, 7, rng).weights.sum() == pytest.approx(1)
    assert data.draw(SETTING, 7, rng, masked=2).weights.sum() == pytest.approx(0.6)


def test_clusters_and_latents_follow_their_laws() -> None:
    size = 20_000
    samples = data.draw(SETTING, size, np.random.default_rng(2))
    for k in range(3):
        assert abs((samples.cluster == k).mean() - 1 / 3) <= FIVE_SIGMA * 0.5 / np.sqrt(size)
    high = (samples.latents == 2.0).mean(axis=0)
    assert np.abs(high - 0.5).max() <= FIVE_SIGMA * 0.5 / np.sqrt(size)
    shares = np.bincount(data.draw(SETTING, 9, np.random.default_rng(3), stratified=True).cluster)
    assert (shares == 3).all()


def test_patches_are_the_latent_times_the_feature_of_their_area() -> None:
    rng = np.random.default_rng(4)
    basis = data.basis(SETTING, data.random_rotation(SETTING, rng))
    np.testing.assert_allclose(basis.T @ basis, np.eye(SETTING.dimension), atol=1e-12)
    samples = data.draw(SETTING, 6, rng)
    X, M = data.patches(SETTING, samples, basis), data.masked(SETTING, samples, basis)
    for b in range(6):
        k = samples.cluster[b]
        for p in range(SETTING.P):
            j = SETTING.area_of[k, p]
            v = basis[:, SETTING.P + k * SETTING.areas + j]
            np.testing.assert_array_equal(X[b, p], samples.latents[b, j] * v)
            np.testing.assert_array_equal(M[b, p], X[b, p] * samples.visible[b, p])


def test_members_are_the_areas() -> None:
    for k in range(SETTING.K):
        for j, patches in enumerate(data.members(SETTING, k)):
            np.testing.assert_array_equal(patches, np.flatnonzero(SETTING.area_of[k] == j))


@pytest.mark.parametrize("views", ["independent", "complementary"])
def test_views_share_the_sample_and_differ_in_the_mask(views: Any) -> None:
    setting = SETTING.replace(contrastive=Contrastive(negatives=3, views=views))
    batch = data.views(setting, 8, np.random.default_rng(5))
    np.testing.assert_array_equal(batch.first.latents, batch.second.latents)
    np.testing.assert_array_equal(batch.first.cluster, batch.second.cluster)
    assert batch.count == 3
    assert len(batch.negatives) == 24
    assert (batch.first.visible.sum(axis=1) == 4).all()
    if views == "complementary":
        assert (batch.second.visible == ~batch.first.visible).all()
    else:
        assert (batch.second.visible.sum(axis=1) == 4).all()
        assert (batch.second.visible != batch.first.visible).any()


def test_infinitely_many_negatives_and_skew_bases_are_refused() -> None:
    endless = SETTING.replace(contrastive=Contrastive(negatives=float("inf")))
    with pytest.raises(SettingError, match="infinitely"):
        data.views(endless, 2, np.random.default_rng(0))
    with pytest.raises(SettingError, match="orthogonal"):
        data.basis(SETTING, np.ones((SETTING.dimension, SETTING.dimension)))


def test_the_generator_alone_decides_what_is_drawn() -> None:
    first, second = (data.draw(SETTING, 5, np.random.default_rng(9)) for _ in range(2))
    np.testing.assert_array_equal(first.visible, second.visible)
    np.testing.assert_array_equal(first.latents, second.latents)
