"""What a dial's title says is what the model with the dial turned has: its own field, by value."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from refutable.auditing.statement import Base
from refutable.claims.bent import bases, dials
from refutable.model.bent.perturbation import Perturbation

ASSUMED = bases.setting_of(bases.POSITIVE, "cl")
FIELDS: dict[str, tuple[float, dict[str, Any]]] = {
    "feature-coherence": (0.3, {"feature_coherence": 0.3}),
    "shared-global-feature": (0.5, {"shared_global": 0.5}),
    "position-coherence": (0.3, {"position_coherence": 0.3}),
    "position-feature-overlap": (0.1, {"position_feature_overlap": 0.1}),
    "noise": (0.2, {"noise": 0.2}),
    "latent-jitter": (0.25, {"latent_jitter": 0.25}),
    "latent-correlation": (0.5, {"latent_correlation": 0.5}),
    "sign-flips": (0.05, {"sign_flips": 0.05}),
    "initial-scale": (3, {"init_scale": 3.0}),
    "value-perturbation": (0.3, {"value_perturbation": 0.3}),
    "value-training": (1e-4, {"value_training": 1e-4}),
    "block-masks": (0.5, {"block_masks": 0.5}),
    "bernoulli-masks": (1, {"bernoulli_masks": True}),
    "batch": (16, {"batch": 16}),
    "momentum": (0.5, {"momentum": 0.5}),
    "adam": (1, {"optimiser": "adam"}),
    "weight-decay": (1e-4, {"weight_decay": 1e-4}),
    "step": (4, {"step_factor": 4.0}),
    "no-stop-gradient": (1, {"stop_gradient": False}),
    "normalised-similarity": (1, {"normalised": True}),
    "heads": (2, {"heads": 2}),
    "layers": (2, {"layers": 2}),
}
DETAILS: dict[str, tuple[float, dict[str, Any]]] = {
    "low-temperature": (0.3, {"tau": 0.3}),
    "high-temperature": (10, {"tau": 10.0}),
    "negatives": (8, {"negatives": 8}),
    "views": (1, {"views": "complementary"}),
    "keys": (1, {"keys": "feature+position"}),
    "queries": (1, {"query": "feature+position"}),
}
SETTINGS: dict[str, tuple[float, dict[str, Any]]] = {
    "high-masking": (0.8, {"gamma": 0.8}),
    "low-masking": (0.2, {"gamma": 0.2}),
    "clusters": (3, {"K": 3}),
    "shared-partition": (1, {"shared_partition": True}),
}
MEASURED = {"smallest-latent", "latent-ratio", "large-local-area", "small-global-area"}
MEASURED |= {"gap-crossing"}


def test_every_dial_is_read_here() -> None:
    assert {d.name for d in dials.DIALS} == MEASURED | set(FIELDS) | set(DETAILS) | set(SETTINGS)


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_the_perturbation(name: str) -> None:
    value, changed = FIELDS[name]
    setting, perturbation = dials.place(ASSUMED, {name: value})
    assert perturbation == dataclasses.replace(Perturbation(), **changed)
    assert setting.replace(latents=ASSUMED.latents) == ASSUMED


@pytest.mark.parametrize("name", DETAILS)
def test_a_detail_of_the_objective(name: str) -> None:
    value, changed = DETAILS[name]
    details = dataclasses.replace(ASSUMED.contrastive, **changed)
    assert dials.place(ASSUMED, {name: value}) == (
        ASSUMED.replace(contrastive=details),
        Perturbation(),
    )


@pytest.mark.parametrize("name", SETTINGS)
def test_a_field_of_the_setting(name: str) -> None:
    value, changed = SETTINGS[name]
    assert dials.place(ASSUMED, {name: value}) == (ASSUMED.replace(**changed), Perturbation())


@pytest.mark.parametrize("ratio", [1, 1.5, 3])
def test_latents_of_a_ratio_have_mean_1(ratio: float) -> None:
    law = dials.place(ASSUMED, {"latent-ratio": ratio})[0].latents
    assert pytest.approx(ratio) == law.U / law.L
    assert law.moment(1) == pytest.approx(1)


@pytest.mark.parametrize("L", [1, 0.6, 0])
def test_the_smallest_latent_and_1_have_equal_chances(L: float) -> None:
    law = dials.place(ASSUMED, {"smallest-latent": L})[0].latents
    assert (law.L, law.U) == (L, 1)
    assert law.moment(1) == pytest.approx((1 + L) / 2)


def test_correlated_latents_are_those_of_the_title() -> None:
    law = dials.place(ASSUMED, {"latent-correlation": 0.5})[0].latents
    assert law.values == (0.9, 1.1)
    (title,) = [dial.title for dial in dials.DIALS if dial.name == "latent-correlation"]
    assert "0.9 or 1.1" in title


@pytest.mark.parametrize("base", bases.BOTH)
@pytest.mark.parametrize("share", [1, 0.6, 0.3])
def test_a_global_area_of_a_share_of_its_size(base: Base, share: float) -> None:
    assumed = bases.setting_of(base, "mae")
    setting, _ = dials.place(assumed, {"small-global-area": share})
    assert round(share * assumed.C_1) == setting.C_1
    assert (setting.P, setting.C_s) == (assumed.P, assumed.C_s)


@pytest.mark.parametrize("base", bases.BOTH)
@pytest.mark.parametrize("share", [0.7, 0.9, 1, 1.1])
def test_a_local_area_of_a_share_of_the_global_one(base: Base, share: float) -> None:
    """And each other local area keeps a patch, the global one giving no more than it must."""
    assumed = bases.setting_of(base, "mae")
    setting, perturbation = dials.place(assumed, {"large-local-area": share})
    size = round(perturbation.largest_local * setting.C_s)
    assert size == round(share * setting.C_1)
    taken = size + setting.locals - 1 + setting.C_1
    assert taken <= setting.P
    one_more = dials.of_sizes(setting, setting.C_1 + 1, setting.C_s)
    with_it = round(share * one_more.C_1) + one_more.locals - 1 + one_more.C_1
    assert setting.C_1 == assumed.C_1 or with_it > setting.P


@pytest.mark.parametrize("base", bases.BOTH)
@pytest.mark.parametrize("way", [0.25, 0.5, 1, 1.5, 2])
def test_the_gap_on_its_way_to_the_other_sign(base: Base, way: float) -> None:
    """As near as a whole number of patches comes to C_1² = P^(1+Δ)·C_s."""
    assumed = bases.setting_of(base, "mae")
    setting, _ = dials.place(assumed, {"gap-crossing": way})
    P, C_s = assumed.P, assumed.C_s
    gap = math.log(assumed.C_1**2 / (P * C_s)) / math.log(P) * (1 - way)
    assert abs(setting.C_1 - math.sqrt(P ** (1 + gap) * C_s)) <= 0.5
    assert dials.information_gap(setting) == pytest.approx(
        math.log(setting.C_1**2 / (P * C_s)) / math.log(P)
    )
