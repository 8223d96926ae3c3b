"""The dials: every assumption can be bent, 0 is as assumed, and several dials go together."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from refutable.auditing.dial import Dial, find
from refutable.claims.bent import bases, dials, statements
from refutable.errors import UsageError
from refutable.model.bent.perturbation import Perturbation, PerturbationError
from refutable.model.bent.world import world
from refutable.model.setting import SettingError

ASSUMPTIONS = (
    "orthonormal features", "orthonormal positions", "exact features", "constant-in-area latent",
    "latents bounded away from 0", "zero initialisation", "fixed identity value matrix",
    "uniform masking", "size separation κ_c > κ_s", "gap bounded away from 0",
    "population gradient", "plain gradient descent", "small step", "many clusters",
    "contrastive details", "one head, one layer",
)  # fmt: skip
ALL = pytest.mark.parametrize("dial", dials.DIALS, ids=lambda dial: dial.name)
ASSUMED = bases.setting_of(bases.POSITIVE, "cl")


def test_every_assumption_has_a_dial_and_no_dial_is_without() -> None:
    assert len(ASSUMPTIONS) == 16
    assert {dial.assumption for dial in dials.DIALS} == set(ASSUMPTIONS)


def test_every_dial_says_which_part_it_enters() -> None:
    assert {dial.enters for dial in dials.DIALS} == set(dials.Part)
    assert all(isinstance(dial.enters, dials.Part) for dial in dials.DIALS)


def test_dials_of_an_assumption_stand_together() -> None:
    """Tables have a section per assumption."""
    order = [dial.assumption for dial in dials.DIALS]
    assert sorted(order, key=list(dict.fromkeys(order)).index) == order


@ALL
def test_its_start_is_as_assumed(dial: Dial) -> None:
    setting, perturbation = dials.place(ASSUMED, {dial.name: dial.assumed})
    if dial.name == "latent-correlation":  # only latents that are random can be correlated
        setting = setting.replace(latents=ASSUMED.latents)
    assert perturbation == Perturbation()
    assert setting == ASSUMED


@ALL
def test_every_other_position_bends_something(dial: Dial) -> None:
    start = dials.place(ASSUMED, {dial.name: dial.assumed})
    for value in dial.grid[1:]:
        placed = dials.place(ASSUMED, {dial.name: value})
        unequal = dial.name == "large-local-area" and value * ASSUMED.C_1 > ASSUMED.C_s
        assert placed != start or (dial.name == "large-local-area" and not unequal)


@ALL
def test_both_ends_can_be_laid_out_and_nothing_beyond(dial: Dial) -> None:
    low, high = min(dial.grid), max(dial.grid)
    for value in (low, high):
        assert dial.require(value) == value
        world(*dials.place(ASSUMED, {dial.name: value}))
    for value in (low - 0.01, high + 0.01, math.nan, math.inf, -math.inf):
        with pytest.raises(UsageError, match="takes"):
            dial.require(value)


def test_several_dials_are_turned_together() -> None:
    setting, perturbation = dials.place(
        ASSUMED, {"clusters": 3, "noise": 0.2, "low-temperature": 0.3, "negatives": 4, "step": 2}
    )
    assert (setting.K, setting.contrastive.tau, setting.contrastive.negatives) == (3, 0.3, 4)
    assert perturbation.turned == {"noise": 0.2, "step_factor": 2.0}


def test_the_local_area_is_measured_against_the_global_one_as_it_is_then() -> None:
    point = {"large-local-area": 1.0, "small-global-area": 0.6}
    sizes = world(*dials.place(ASSUMED, point)).sizes
    assert (sizes[:, 0] == round(0.6 * ASSUMED.C_1)).all()
    assert (sizes[:, 1] == sizes[:, 0]).all()


def test_weight_decay_does_not_hide_behind_that_of_the_objective() -> None:
    """Two records have a field of this name, and a dial that turns neither could not contradict."""
    assert dials._fields(*dials.place(ASSUMED, {"weight-decay": 0.01}))["weight_decay"] == 0.01


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"low-masking": 0.2, "high-masking": 0.8}, "'high-masking' and 'low-masking' both set"),
        ({"low-temperature": 0.3, "high-temperature": 10}, "both set tau"),
        ({"gap-crossing": 0.5, "small-global-area": 0.8}, "both set kappa_c"),
        ({"latent-correlation": 0.5, "latent-ratio": 2}, "both set latents"),
        ({"bernoulli-masks": 1, "block-masks": 0.5}, "not both"),
        ({"adam": 1, "momentum": 0.5}, "Adam has its own"),
    ],
)
def test_dials_that_contradict_each_other_are_refused(
    point: Mapping[str, float], message: str
) -> None:
    with pytest.raises((SettingError, PerturbationError), match=message):
        dials.place(ASSUMED, point)


def test_the_gap_is_crossed_at_1() -> None:
    for base in bases.BOTH:
        start = bases.setting_of(base, "mae")
        gaps = [
            dials.information_gap(dials.place(start, {"gap-crossing": w})[0]) for w in (0, 1, 2)
        ]
        assert abs(gaps[1]) < 0.06  # sizes are whole numbers
        assert gaps[0] * gaps[2] < 0


def test_a_misspelt_dial_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean momentum"):
        find({d.name: d for d in statements.AUDIT.dials}, "momentun")
