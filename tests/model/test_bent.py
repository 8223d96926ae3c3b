"""The perturbed models: untouched they are the models of the theorems, and every field enters.

An audit whose dial did nothing would find every claim robust, so each field must change a training.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from refutable.model import data, losses, vit
from refutable.model.bent import drawing, training
from refutable.model.bent import network as networks
from refutable.model.bent import world as worlds
from refutable.model.bent.observation import Observed
from refutable.model.bent.perturbation import Perturbation, PerturbationError
from refutable.model.setting import Contrastive, Latents, Setting, SettingError

SETTING = Setting.of_sizes(
    12, 6, 2, K=2, placement="random", latents=Latents.two_point(0.5, 1.5),
    contrastive=Contrastive(negatives=8),
)  # fmt: skip
OFF: dict[str, Any] = {
    "feature_coherence": 0.3, "shared_global": 0.3, "position_coherence": 0.3,
    "position_feature_overlap": 0.3, "noise": 0.3, "latent_jitter": 0.3,
    "latent_correlation": 0.5, "sign_flips": 0.3, "largest_local": 1.5, "block_masks": 0.5,
    "bernoulli_masks": True, "init_scale": 0.5, "step_factor": 2.0, "batch": 8, "momentum": 0.5,
    "weight_decay": 0.1, "optimiser": "adam", "value_perturbation": 0.3, "value_training": 0.1,
    "heads": 2, "layers": 2, "stop_gradient": False, "normalised": True,
}  # fmt: skip
CONTRASTIVE = {"stop_gradient", "normalised"}


def samples_of(batch: worlds.Batch) -> data.Samples:
    """The same samples as the rest of the model has them."""
    areas = SETTING.area_of[batch.cluster]
    latents = np.ones((len(batch.z), SETTING.areas))
    for row, area, z in zip(latents, areas, batch.z, strict=True):
        row[area] = z
    weights = np.full(len(batch.z), 1 / len(batch.z))
    return data.Samples(batch.cluster, latents, batch.visible.numpy(), weights)


def drawn(
    objective: Any, perturbation: Perturbation, where: worlds.World, rng: np.random.Generator
) -> tuple[worlds.Batch, ...]:
    """What a step of 16 samples is taken on, laid out."""
    samples = drawing.draw(SETTING, perturbation, objective, where.E.shape[1], 16, rng)
    return worlds.lay_out_all(SETTING, perturbation, where, samples)


def steps(objective: Any, *, count: int = 6, eta: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Q after some steps by either implementation, on the positions' and features' subspace."""
    rng = np.random.default_rng(0)
    plain = Perturbation()
    where = worlds.world(SETTING, plain)
    network = networks.Network(SETTING, objective, plain, where, rng)
    ours = torch.optim.SGD([network.Q], lr=eta)
    module: Any = (vit.MaskedAutoencoder if objective == "mae" else vit.ContrastiveViT)(SETTING)
    theirs = torch.optim.SGD(module.parameters(), lr=eta)
    for _ in range(count):
        batch, *against = drawn(objective, plain, where, rng)
        if objective == "mae":
            loss = networks.reconstruction(network(batch), batch)
            other = losses.reconstruction(module, samples_of(batch))
        else:
            loss = training.loss_on((batch, *against), network, SETTING, plain)
            views = (batch, *against)
            first, second, negatives = (
                torch.from_numpy(data.masked(SETTING, samples_of(v), module.basis)) for v in views
            )
            weights = torch.full((16,), 1 / 16, dtype=torch.float64)
            shared = negatives.repeat(16, 1, 1)  # every positive meets the same negatives
            other = losses.contrastive_of(module, first, second, shared, weights)
        assert loss.item() == pytest.approx(other.item(), rel=1e-12)
        for optimiser, value in ((ours, loss), (theirs, other)):
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
    seen = torch.from_numpy(np.vstack([where.E, where.V.reshape(-1, where.E.shape[1])]))
    same = torch.from_numpy(module.basis[:, : len(seen)].T.copy())
    return seen @ network.Q[0, 0].detach() @ seen.T, same @ module.Q.detach() @ same.T


@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_untouched_it_takes_the_steps_of_the_theorems_models(objective: Any) -> None:
    """Every correlation after several steps, against `model.vit` and `model.losses`."""
    ours, theirs = steps(objective)
    assert float(theirs.abs().max()) > 0.01
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def trained(perturbation: Perturbation, objective: Any, setting: Setting = SETTING) -> Observed:
    return training.train(setting, objective, perturbation, time=10.0, step=0.5, seed=3)


@pytest.fixture(scope="module")
def assumed() -> dict[str, Observed]:
    return {objective: trained(Perturbation(), objective) for objective in ("mae", "cl")}


@pytest.mark.parametrize("name", [f.name for f in dataclasses.fields(Perturbation)])
@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_every_field_changes_a_training(
    name: str, objective: Any, assumed: dict[str, Observed]
) -> None:
    """A new field needs a value in OFF, and an effect."""
    perturbation = Perturbation(**{name: OFF[name]})
    assert perturbation.turned == {name: OFF[name]}
    found = trained(perturbation, objective)
    same = np.allclose(found.loss, assumed[objective].loss, rtol=1e-9, atol=1e-12)
    idle = name in CONTRASTIVE if objective == "mae" else name == "layers"
    assert same == idle


def test_a_second_layer_is_idle_only_where_all_queries_attend_alike() -> None:
    """Equal rows of attention, averaged by a second layer, stay the same row (cl.rank-one).

    So that "robust to two layers" is no finding of training where queries are positions; where they
    are not, the second layer enters.
    """
    details = dataclasses.replace(SETTING.contrastive, query="feature+position")
    setting = SETTING.replace(contrastive=details)
    one, two = (trained(Perturbation(layers=n), "cl", setting) for n in (1, 2))
    assert not np.allclose(one.loss, two.loss, rtol=1e-9, atol=1e-12)


BENT: list[dict[str, Any]] = [
    {}, {"feature_coherence": 0.3, "shared_global": 0.3}, {"latent_jitter": 0.3},
    {"heads": 2, "layers": 2}, {"stop_gradient": False, "normalised": True},
    {"position_feature_overlap": 0.3, "sign_flips": 0.3},
]  # fmt: skip


def first_step(objective: Any, perturbation: Perturbation) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss and gradient of Q on the first batch, from correlations that are not 0."""
    rng = np.random.default_rng(0)
    where = worlds.world(SETTING, perturbation)
    network = networks.Network(SETTING, objective, perturbation, where, rng)
    batches = drawn(objective, perturbation, where, rng)
    loss = training.loss_on(batches, network, SETTING, perturbation)
    loss.backward()
    assert network.Q.grad is not None
    return loss.detach(), network.Q.grad


@pytest.mark.parametrize("bent", BENT, ids=lambda bent: "+".join(bent) or "nothing")
@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_fewer_coordinates_say_the_same(
    bent: dict[str, Any], objective: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step in the span of the features, and one in all d dimensions."""
    perturbation = Perturbation(init_scale=2.0, **bent)
    ours = first_step(objective, perturbation)
    monkeypatch.setattr(worlds, "leaves_span", lambda *_: True)
    theirs = first_step(objective, perturbation)
    assert float(theirs[1].abs().max()) > 1e-3
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-13)


def test_the_gradient_of_reading_is_that_of_its_parts() -> None:
    """Against softmax and a product, differentiated by torch, to the last digits."""
    torch.manual_seed(0)
    scores, tokens, weight = (
        torch.randn(3, 5, n, dtype=torch.float64) for n in (4, 2, 2)
    )  # fmt: skip
    tokens = tokens[:, :4].contiguous()
    ours, theirs = (
        [x.clone().requires_grad_() for x in (scores, tokens)] for _ in range(2)
    )  # fmt: skip
    read = networks.attend(*ours)
    plain = torch.softmax(theirs[0], dim=2) @ theirs[1]
    torch.testing.assert_close(read, plain, rtol=0, atol=1e-14)
    (read * weight).sum().backward()
    (plain * weight).sum().backward()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad, rtol=0, atol=1e-14)


def test_a_training_is_a_function_of_its_arguments(assumed: dict[str, Observed]) -> None:
    assert repr(trained(Perturbation(), "mae")) == repr(assumed["mae"])


def test_geometry_is_what_was_asked_for() -> None:
    """Inner products of features, positions and both, of unit vectors."""
    p = Perturbation(
        feature_coherence=0.3, shared_global=0.2, position_coherence=0.4,
        position_feature_overlap=0.1,
    )  # fmt: skip
    where = worlds.world(SETTING, p)
    within = where.V[0] @ where.V[0].T
    np.testing.assert_allclose(within, 0.3 + 0.7 * np.eye(SETTING.areas), atol=1e-12)
    across = where.V[0] @ where.V[1].T
    assert across[0, 0] == pytest.approx(0.2)
    assert np.abs(across[1:, 1:]).max() < 1e-12
    np.testing.assert_allclose(np.linalg.norm(where.E, axis=1), 1, atol=1e-12)
    own = np.einsum("pd,pd->p", where.E, where.V[0, where.area_of[0]])
    np.testing.assert_allclose(own, 0.1, atol=1e-12)


def test_the_first_local_area_takes_from_the_others() -> None:
    where = worlds.world(SETTING, Perturbation(largest_local=2.0))
    assert (where.sizes[:, 1] == 2 * SETTING.C_s).all()
    assert (where.sizes.sum(axis=1) == SETTING.P).all()
    assert (where.sizes >= 1).all()
    with pytest.raises(SettingError, match="leaves none to the other local areas"):
        worlds.areas(SETTING, 10.0)


def test_blocks_are_contiguous_and_of_the_size_asked_for() -> None:
    def masks(perturbation: Perturbation, size: int) -> Any:
        rng = np.random.default_rng(0)
        return drawing.draw(SETTING, perturbation, "mae", 1, size, rng)[0].visible

    visible = masks(Perturbation(block_masks=1.0), 50)
    assert ((~visible).sum(axis=1) == SETTING.M).all()
    borders = (visible != np.roll(visible, 1, axis=1)).sum(axis=1)
    assert (borders == 2).all()
    counts = (~masks(Perturbation(bernoulli_masks=True), 4000)).sum(axis=1)
    assert counts.var() == pytest.approx(SETTING.P / 4, rel=0.1)  # γ = ½; 4 standard errors


def test_numbers_that_are_not_finite_end_a_training() -> None:
    run = trained(Perturbation(step_factor=1e12, value_training=1.0), "mae")
    assert run.diverged
    assert np.isfinite(run.loss).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"feature_coherence": 1.0}, {"shared_global": 1.1}, {"noise": -1.0},
        {"noise": float("nan")}, {"init_scale": float("inf")}, {"step_factor": 0.0},
        {"largest_local": 0.5}, {"heads": 3}, {"layers": 0}, {"batch": -1},
        {"bernoulli_masks": True, "block_masks": 0.5}, {"optimiser": "adam", "momentum": 0.5},
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(PerturbationError):
        Perturbation(**wrong)
