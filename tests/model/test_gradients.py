"""The closed forms must be the derivatives of the losses, for any Q, not only along training.

Float64 automatic differentiation of the torch modules is one independent witness, SymPy another.
"""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from refutable.model import correlations, data, gradients, losses, vit
from refutable.model.setting import Contrastive, Latents, Setting

ROUNDING = 1e-10  # relative; sums of some 1e4 float64 terms of either sign leave about 1e-13
READINGS = [
    (keys, views, query)
    for keys in ("feature", "feature+position")
    for views in ("independent", "complementary")
    for query in ("position", "feature+position")
]


def small(seed: int, *, contrastive: Any = None, clusters: Any = None) -> Any:
    """A random setting small enough for full matrices, with a generator to go on with."""
    rng = np.random.default_rng(seed)
    P = int(rng.integers(5, 12))
    C_1 = int(rng.integers(1, P - 2))
    setting = Setting.of_sizes(
        P,
        C_1,
        int(rng.integers(1, P - C_1)),
        gamma=float(rng.choice([0.3, 0.5, 0.75])),
        K=clusters or int(rng.integers(1, 4)),
        latents=Latents.two_point(0.5, float(rng.uniform(0.8, 2.0))),
        placement=str(rng.choice(["contiguous", "random"])),
        shared_partition=bool(rng.integers(2)),
        contrastive=contrastive or Contrastive(),
    )
    return setting, rng


def random_Q(setting: Setting, rng: np.random.Generator, scale: float = 1.0) -> Any:
    return rng.normal(scale=scale, size=(setting.dimension, setting.dimension))


def assert_same(measured: Any, predicted: Any) -> None:
    np.testing.assert_allclose(
        measured, predicted, rtol=0, atol=ROUNDING * max(1e-3, np.abs(predicted).max())
    )


@settings(derandomize=True, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_mae_closed_forms_are_the_gradient_at_any_Q_and_in_any_basis(seed: int) -> None:
    setting, rng = small(seed)
    basis = data.random_rotation(setting, rng)
    module = vit.MaskedAutoencoder(setting, basis)
    Q = random_Q(setting, rng)
    module.Q.data = torch.from_numpy(Q)
    samples = data.draw(setting, 8, rng)
    loss = losses.reconstruction(module, samples)
    loss.backward()
    automatic = -correlations.coordinates(module.Q.grad.numpy(), basis)
    G = correlations.coordinates(Q, basis)
    phi, upsilon = correlations.feature(setting, G), correlations.position(setting, G)
    alpha, beta, parts = gradients.reconstruction(
        setting, samples, np.arange(setting.P), phi, upsilon
    )
    assert_same(alpha, correlations.feature(setting, automatic))
    assert_same(beta, correlations.position(setting, automatic))
    assert parts.sum() == pytest.approx(loss.item(), rel=ROUNDING)
    # Rows of Q along features play no part in the loss.
    assert_same(automatic[setting.P :], np.zeros((setting.features, setting.dimension)))


@pytest.mark.parametrize(("keys", "views", "query"), READINGS)
@settings(derandomize=True, max_examples=8)
@given(seed=st.integers(0, 2**32 - 1))
def test_contrastive_matrix_form_is_the_gradient_under_every_reading(
    keys: Any, views: Any, query: Any, seed: int
) -> None:
    details = Contrastive(
        tau=0.7, negatives=3, weight_decay=0.1, keys=keys, views=views, query=query
    )
    setting, rng = small(seed, contrastive=details)
    basis = data.random_rotation(setting, rng)
    module = vit.ContrastiveViT(setting, basis)
    Q = random_Q(setting, rng)
    module.Q.data = torch.from_numpy(Q)
    batch = data.views(setting, 6, rng)
    loss = losses.contrastive(module, batch)
    loss.backward()
    automatic = -correlations.coordinates(module.Q.grad.numpy(), basis)
    G = correlations.coordinates(Q, basis)
    ascent, value = gradients.contrastive_matrix(setting, batch, G)
    assert_same(ascent, automatic)
    assert value == pytest.approx(loss.item(), rel=ROUNDING)
    if query == "position":
        phi, upsilon = correlations.feature(setting, G), correlations.position(setting, G)
        alpha, beta, _ = gradients.contrastive(setting, batch, phi, upsilon)
        assert_same(alpha, correlations.feature(setting, automatic))
        assert_same(beta, correlations.position(setting, automatic))


@pytest.mark.parametrize("keys", ["feature", "feature+position"])
def test_one_shared_row_stands_for_equal_rows(keys: Any) -> None:
    setting, rng = small(3, contrastive=Contrastive(negatives=2, keys=keys, weight_decay=0.2))
    batch = data.views(setting, 5, rng)
    phi, upsilon = rng.normal(size=(1, setting.features)), rng.normal(size=(1, setting.P))
    shared = gradients.contrastive(setting, batch, phi, upsilon)
    every = gradients.contrastive(
        setting, batch, np.repeat(phi, setting.P, 0), np.repeat(upsilon, setting.P, 0)
    )
    assert_same(np.repeat(shared[0], setting.P, 0), every[0])
    assert_same(np.repeat(shared[1], setting.P, 0), every[1])
    assert shared[2] == pytest.approx(every[2], rel=ROUNDING)


def test_attention_in_areas_agrees_with_the_module() -> None:
    setting, rng = small(5)
    module = vit.MaskedAutoencoder(setting)
    Q = random_Q(setting, rng, 3.0)
    module.Q.data = torch.from_numpy(Q)
    samples = data.draw(setting, 7, rng)
    X = torch.from_numpy(data.masked(setting, samples, data.basis(setting)))
    attention = module.attention(X).detach().numpy()
    A = correlations.area_attention(
        setting, samples, correlations.feature(setting, Q), correlations.position(setting, Q)
    )
    assert_same(A, correlations.areas_of(setting, samples, attention))


def test_exponentials_do_not_overflow_at_large_correlations() -> None:
    setting, rng = small(8)
    samples = data.draw(setting, 5, rng)
    phi = np.full((1, setting.features), -2000.0)
    phi[0, :: setting.areas] = 2000.0
    A = correlations.area_attention(setting, samples, phi, np.zeros((1, setting.P)))
    visible_global = np.array(
        [
            (setting.area_of[k] == 0) @ v
            for k, v in zip(samples.cluster, samples.visible, strict=True)
        ]
    )
    np.testing.assert_allclose(A[:, 0, 0], visible_global > 0)


def test_queries_of_a_subset_are_those_of_the_whole() -> None:
    setting, rng = small(11)
    module = vit.MaskedAutoencoder(setting)
    module.Q.data = torch.from_numpy(random_Q(setting, rng))
    samples = data.draw(setting, 5, rng)
    parts = [losses.reconstruction(module, samples, [p]).item() for p in range(setting.P)]
    assert sum(parts) == pytest.approx(losses.reconstruction(module, samples).item(), rel=1e-12)


def test_diversity_is_zero_for_one_pattern_and_one_for_disjoint_patterns() -> None:
    setting = Setting.of_sizes(4, 2, 1)
    samples = data.draw(setting, 6, np.random.default_rng(0))
    same = np.tile([0.5, 0.2, 0.1], (6, 4, 1))
    assert correlations.diversity(samples, same, masked_only=False) == 0.0
    own = np.tile(np.eye(3)[setting.area_of[0]], (6, 1, 1))
    # One of the six pairs shares the global area of two patches.
    measured = correlations.diversity(samples, own, masked_only=False)
    assert measured == pytest.approx(1 - 2 * 1 / (4 * 3))


def test_samples_without_a_pair_of_masked_queries_do_not_count_in_diversity() -> None:
    setting = Setting.of_sizes(4, 2, 1)
    drawn = data.draw(setting, 2, np.random.default_rng(0))
    own = np.tile(np.eye(3)[setting.area_of[0]], (2, 1, 1))
    visible = np.array([[False, True, True, True], [False, True, False, True]])
    samples = data.Samples(drawn.cluster, drawn.latents, visible, drawn.weights)
    assert correlations.diversity(samples, own, masked_only=True) == 1.0
    alone = samples.take(slice(0, 1))
    assert np.isnan(correlations.diversity(alone, own[:1], masked_only=True))
