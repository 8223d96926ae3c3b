"""The engines must tell one story: autograd assumes nothing, the closed forms are fast."""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from refutable.model import (
    correlations,
    data,
    descent,
    enumeration,
    gradients,
    losses,
    lumping,
    vit,
)
from refutable.model.setting import Contrastive, Latents, Setting, SettingError
from refutable.model.trajectory import Trajectory

SERIES = [f.name for f in dataclasses.fields(Trajectory) if f.type == "Series"]
DRIFT = 1e-9  # relative; rounding of 1e-14 a step, over some 100 steps that may amplify it

MAE = Setting.of_sizes(
    12, 5, 2, K=2, placement="random", latents=Latents.two_point(0.7, 1.2), placement_seed=3
)
ALIKE = Setting.of_sizes(10, 4, 2, latents=Latents.constant(1.1))


def contrastive(**details: Any) -> Any:
    return MAE.replace(contrastive=Contrastive(negatives=3, **details))


def assert_same_story(one: Any, other: Any) -> None:
    assert len(SERIES) == 12
    for name in SERIES:
        a, b = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(a, b, rtol=DRIFT, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("kind", ["local", "global"])
def test_mae_engines_agree_in_any_basis(kind: Any) -> None:
    rng = np.random.default_rng(0)
    query = descent.for_query_kind(MAE, kind)
    samples = data.draw(MAE, 30, rng, masked=query)
    basis = data.random_rotation(MAE, rng)
    closed = descent.descend_mae(MAE, query, samples, steps=80)
    automatic = descent.descend_mae(MAE, query, samples, steps=80, engine="descent", basis=basis)
    assert closed.query == kind
    assert closed.phi_own[-1] > 0.1  # it did train
    assert_same_story(closed, automatic)


@pytest.mark.parametrize("keys", ["feature", "feature+position"])
@pytest.mark.parametrize("asking", ["position", "feature+position"])
def test_contrastive_engines_agree(keys: Any, asking: Any) -> None:
    setting = contrastive(keys=keys, query=asking, weight_decay=1e-4)
    batch = data.views(setting, 20, np.random.default_rng(1))
    closed = descent.descend_cl(setting, "local", batch, steps=40)
    automatic = descent.descend_cl(setting, "local", batch, steps=40, engine="descent")
    assert abs(closed.phi_own[-1]) > 0.01
    assert_same_story(closed, automatic)


def test_fresh_batches_enter_one_a_step_in_both_engines() -> None:
    query = descent.for_query_kind(MAE, "local")

    def batches() -> Any:
        rng = np.random.default_rng(4)
        return (data.draw(MAE, 8, rng, masked=query) for _ in itertools.count())

    closed = descent.descend_mae(MAE, query, batches(), steps=15)
    automatic = descent.descend_mae(MAE, query, batches(), steps=15, engine="descent")
    assert_same_story(closed, automatic)


@pytest.mark.parametrize("kind", ["local", "global"])
def test_lumped_population_descent_is_that_of_every_mask(kind: Any) -> None:
    query = descent.for_query_kind(ALIKE, kind)
    exact = descent.descend_mae(ALIKE, query, steps=60)
    samples = enumeration.population(ALIKE, masked=query)
    assert_same_story(exact, descent.descend_mae(ALIKE, query, samples, steps=60))


def test_lumped_descent_is_exact_for_clusters_that_share_a_partition() -> None:
    setting = ALIKE.replace(K=3, shared_partition=True)
    query = descent.for_query_kind(setting, "local")
    samples = enumeration.population(setting, masked=query)
    assert_same_story(
        descent.descend_mae(setting, query, steps=40),
        descent.descend_mae(setting, query, samples, steps=40),
    )


def test_events_are_crossings_of_the_recorded_series() -> None:
    setting = Setting.of_sizes(256, 96, 4)
    run = descent.descend_mae(setting, "local", steps=5000, loss_gap=0.02, records=10**6)
    assert run.switch is not None
    assert run.half is not None
    assert run.done is not None
    assert run.switch.log_t < run.half.log_t < run.done.log_t
    at = np.interp(run.half.log_t, run.log_t, run.own_attention)
    assert at == pytest.approx(0.5, abs=1e-9)
    difference = run.rate_own - np.abs(run.rate_global)
    assert np.interp(run.switch.log_t, run.log_t, difference) == pytest.approx(0, abs=1e-9)
    assert run.loss_gap[-1] <= 0.02 < run.loss_gap[-2]
    assert run.done.phi_own == pytest.approx(np.interp(run.done.log_t, run.log_t, run.phi_own))
    thinned = descent.descend_mae(setting, "local", steps=5000, loss_gap=0.02, records=30)
    assert len(thinned.log_t) <= 30
    assert thinned.half == run.half
    assert thinned.log_t[-1] == run.log_t[-1]


def test_there_is_no_switch_where_the_own_rate_leads_from_the_start() -> None:
    run = descent.descend_mae(Setting.of_sizes(64, 8, 8), "local", steps=300)
    assert run.switch is None
    assert run.half is not None


def test_training_all_patches_agrees_with_the_module_and_with_single_queries() -> None:
    samples = data.draw(MAE, 25, np.random.default_rng(2))
    module = vit.MaskedAutoencoder(MAE)
    values = descent.train_module(module, samples, steps=20)
    assert (np.diff(values) < 0).all()
    G = descent.train_closed(MAE, samples, steps=20)
    np.testing.assert_allclose(G, module.Q.detach().numpy(), rtol=DRIFT, atol=1e-12)
    query = descent.for_query_kind(MAE, "local")
    single = descent.descend_mae(MAE, query, samples, steps=20)
    own = MAE.area_of[0, query]
    assert G[query, MAE.P + own] == pytest.approx(single.phi_own[-1], rel=DRIFT)


def test_contrastive_training_of_the_whole_matrix_agrees_with_the_module() -> None:
    setting = contrastive(keys="feature+position", query="feature+position")
    batch = data.views(setting, 10, np.random.default_rng(3))
    module = vit.ContrastiveViT(setting)
    descent.train_module(module, batch, steps=10)
    G = descent.train_closed(setting, batch, steps=10)
    np.testing.assert_allclose(G, module.Q.detach().numpy(), rtol=DRIFT, atol=1e-12)


def test_an_optimizer_replaces_plain_descent() -> None:
    samples = data.draw(MAE, 10, np.random.default_rng(3))
    module = vit.MaskedAutoencoder(MAE)
    adam = torch.optim.Adam(module.parameters(), lr=0.1)
    values = descent.train_module(module, samples, steps=5, optimizer=adam)
    assert values[-1] < values[0]
    moved = correlations.feature(MAE, module.Q.detach().numpy())
    assert np.abs(moved).max() > 0.3  # five steps of 0.1: not those of the gradient's size


def test_loss_gap_of_a_batch_is_the_loss_less_what_its_masks_hide() -> None:
    setting = Setting.of_sizes(6, 3, 1)
    query = descent.for_query_kind(setting, "local")
    samples = enumeration.population(setting, masked=query)
    run = descent.descend_mae(setting, query, samples, steps=1)
    module = vit.MaskedAutoencoder(setting)
    start = losses.reconstruction(module, samples, [query]).item()
    first = descent.descend_mae(setting, query, samples, steps=1, step=1e-12)
    infimum = enumeration.infimum(setting, query)
    assert infimum == pytest.approx(0.25)  # an area of one patch is always hidden with its query
    assert first.loss_gap[0] == pytest.approx(start - infimum)
    assert run.loss_gap[0] < first.loss_gap[0]


def test_contrastive_loss_gap_vanishes_where_all_attend_to_the_global_area() -> None:
    setting = contrastive()
    batch = data.views(setting, 12, np.random.default_rng(6))
    phi = np.zeros((1, setting.features))
    phi[0, :: setting.areas] = 300.0
    value = gradients.contrastive(setting, batch, phi)[2]
    run = descent.descend_cl(setting, "local", batch, steps=1, step=1e-12)
    start = gradients.contrastive(setting, batch, np.zeros_like(phi))[2]
    assert run.loss_gap[0] == pytest.approx(start - value)


@pytest.mark.parametrize("kind", ["local", "global"])
def test_the_query_is_of_its_kind_in_every_cluster_where_one_exists(kind: Any) -> None:
    setting = Setting.of_sizes(60, 12, 4, K=3, placement="random")
    query = descent.for_query_kind(setting, kind)
    assert (setting.area_of[0, query] == 0) == (kind == "global")
    agreeing = ((setting.area_of == 0) == (kind == "global")).all(axis=0)
    if agreeing.any():
        assert agreeing[query]


@pytest.mark.parametrize("objective", ["mae", "cl"])
@pytest.mark.parametrize("engine", ["descent", "closed"])
def test_trace_runs_every_objective_and_engine_and_repeats_by_seed(
    objective: Any, engine: Any
) -> None:
    setting = contrastive()
    runs = [
        descent.trace(setting, objective, "local", engine=engine, seed=s, steps=5, size=20)
        for s in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0].phi_own, runs[1].phi_own)
    assert (runs[0].phi_own != runs[2].phi_own).any()
    assert runs[0].engine == engine
    assert math.isfinite(runs[0].loss_gap[-1])


def test_what_an_engine_cannot_take_is_refused() -> None:
    with pytest.raises(SettingError, match="needs a batch"):
        descent.descend_mae(ALIKE, "local", engine="descent")
    with pytest.raises(SettingError, match="not reduced"):
        descent.trace(ALIKE, "mae", "local", engine="reduced")
    assert not lumping.applies(MAE)
    with pytest.raises(SettingError, match="lumping"):
        descent.descend_mae(MAE, "local")
