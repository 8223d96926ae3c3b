"""Steps by area: those of the plain network, in value and gradient, under every perturbation.

The audit trains by area wherever that is exact; a slip there would move verdicts of the whole
atlas, so that the comparison is made on generated perturbations, and mistakes planted in each part
must show in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from refutable.model import data
from refutable.model.bent import by_area, by_patch, drawing, observer, training
from refutable.model.bent import world as worlds
from refutable.model.bent.by_area import ByArea
from refutable.model.bent.by_patch import ByPatch
from refutable.model.bent.network import Network
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Objective

LATENTS = (
    Latents.constant(1.0), Latents.two_point(0.5, 1.5), Latents.two_point(0.0, 1.0),
    Latents.uniform(0.5, 1.5, nodes=4),
)  # fmt: skip
BENT: dict[str, st.SearchStrategy[Any]] = {
    "feature_coherence": st.sampled_from([0.3, 0.9]),
    "shared_global": st.just(0.1),
    "position_coherence": st.just(0.4),
    "position_feature_overlap": st.just(0.3),
    "latent_correlation": st.just(0.5),
    "sign_flips": st.just(0.3),
    "largest_local": st.just(1.5),
    "block_masks": st.just(0.5),
    "value_perturbation": st.just(0.5),
    "value_training": st.just(0.1),
    "heads": st.just(2),
    "stop_gradient": st.just(False),
    "normalised": st.just(True),
}  # fmt: skip
NEAR = 1e-10
"""Relative; rounding is some 1e-15, and grows with the sums that cancel in a gradient."""


def setting_of(K: int, latents: Latents, gamma: float, details: Contrastive) -> Setting:
    return Setting.of_sizes(
        12, 6, 2, K=K, gamma=gamma, placement="random", latents=latents, contrastive=details
    )


SETTINGS = st.builds(
    setting_of,
    st.sampled_from([1, 2, 3]),
    st.sampled_from(LATENTS),
    st.sampled_from([0.5, 0.25, 0.9]),
    st.builds(
        Contrastive,
        negatives=st.sampled_from([1, 5]),
        tau=st.sampled_from([0.3, 1.0]),
        keys=st.sampled_from(["feature", "feature+position"]),
        views=st.sampled_from(["independent", "complementary"]),
    ),
)
APART: dict[str, st.SearchStrategy[Any]] = {
    "noise": st.sampled_from([0.0, 0.5]), "latent_jitter": st.sampled_from([0.0, 0.5]),
}  # fmt: skip
KEPT_VALUES = {name: law for name, law in BENT.items() if not name.startswith("value")}
TOLD_APART = st.fixed_dictionaries(APART, optional=KEPT_VALUES).map(
    lambda bent: Perturbation(**bent)
)
PERTURBATIONS = st.fixed_dictionaries({}, optional=BENT).map(lambda bent: Perturbation(**bent))


@dataclasses.dataclass(frozen=True)
class Model:
    """A network at correlations that are not 0, and samples to take a step on."""

    setting: Setting
    perturbation: Perturbation
    where: worlds.World
    network: Network
    samples: drawing.Samples

    @classmethod
    def of(
        cls, setting: Setting, perturbation: Perturbation, objective: Objective, scale: float
    ) -> Model:
        rng = np.random.default_rng(0)
        where = worlds.world(setting, perturbation)
        network = Network(setting, objective, perturbation, where, rng)
        with torch.no_grad():
            network.Q.add_(torch.from_numpy(rng.standard_normal(network.Q.shape)), alpha=scale)
        d = where.E.shape[1]
        samples = drawing.draw(setting, perturbation, objective, d, 7, rng)
        return cls(setting, perturbation, where, network, samples)

    def plainly(self) -> list[Tensor | None]:
        """Loss and gradients by the plain network."""
        batches = worlds.lay_out_all(self.setting, self.perturbation, self.where, self.samples)
        self.network.zero_grad()
        loss = training.loss_on(batches, self.network, self.setting, self.perturbation)
        loss.backward()
        return [loss.detach(), self.network.Q.grad, self.network.W.grad]

    def by_area(self) -> list[Tensor | None]:
        """The same by area."""
        given = self.setting, self.perturbation, self.where, self.network, 7
        if by_area.applies(self.setting, self.perturbation, self.network):
            counting = ByArea(*given)
            taken = counting.step(self.where.E, counting.count(self.samples))
        else:
            pairing = ByPatch(*given)
            taken = pairing.step(self.where.E, pairing.lay_out(*self.samples))
        found = (np.array(taken.loss), taken.of_Q[None], taken.of_W)
        return [None if part is None else torch.from_numpy(part) for part in found]

    def compare(self) -> None:
        """Both say the same; AssertionError where they do not."""
        for ours, plain in zip(self.by_area(), self.plainly(), strict=True):
            assert (ours is None) == (plain is None)
            if ours is not None and plain is not None:
                size = max(float(plain.abs().max()), 1e-3)
                torch.testing.assert_close(ours, plain, rtol=0, atol=NEAR * size)


@pytest.mark.parametrize("objective", ["mae", "cl"])
@settings(max_examples=80, deadline=None)
@given(setting=SETTINGS, perturbation=PERTURBATIONS, scale=st.sampled_from([0.1, 2.0]))
def test_a_step_is_that_of_the_plain_network(
    objective: Any, setting: Setting, perturbation: Perturbation, scale: float
) -> None:
    model = Model.of(setting, perturbation, objective, scale)
    assert by_area.applies(setting, perturbation, model.network)
    model.compare()


@settings(max_examples=40, deadline=None)
@given(
    setting=SETTINGS,
    perturbation=TOLD_APART,
    scale=st.sampled_from([0.1, 2.0, 1e3]),
)
def test_a_step_by_patch_is_that_of_the_plain_network(
    setting: Setting, perturbation: Perturbation, scale: float
) -> None:
    """Where patches differ, and where they do not: it takes no notice. At any correlations."""
    model = Model.of(setting, perturbation, "mae", scale)
    assert by_patch.applies(model.network)
    with mock.patch.object(by_area, "applies", return_value=False):
        model.compare()


WITH_POSITIONS = Contrastive(negatives=5, keys="feature+position")
SPREAD = setting_of(2, LATENTS[1], 0.5, WITH_POSITIONS)
MISTAKES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "a masked patch counted with an area": (
        "count", lambda was: lambda self, samples: dataclasses.replace(
            found := was(self, samples), shown=np.roll(found.shown, 1, axis=-1)),
    ),
    "latents of another sample": (
        "count", lambda was: lambda self, samples: dataclasses.replace(
            found := was(self, samples), z=np.roll(found.z, 1, axis=0)),
    ),
    "positions that all weigh the same": (
        "read", lambda was: lambda self, rows, counted: dataclasses.replace(
            found := was(self, rows, counted), among=np.ones_like(found.among)),
    ),
    "an attention that does not sum to one": (
        "read", lambda was: lambda self, rows, counted: dataclasses.replace(
            found := was(self, rows, counted), attention=found.attention * 1.01),
    ),
    "a gradient of the masked token left out": (
        "read", lambda was: lambda self, rows, counted: dataclasses.replace(
            found := was(self, rows, counted), total=found.total * 1.01),
    ),
    "a gradient of rows one per cent off": (
        "_of_rows", lambda was: lambda self, *given: 1.01 * was(self, *given),
    ),
}  # fmt: skip


def test_mistakes_by_patch_show(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model.of(SPREAD, Perturbation(noise=0.3), "mae", 1.0)
    model.compare()
    was = ByPatch._attention
    monkeypatch.setattr(ByPatch, "_attention", lambda *given: 1.01 * was(*given))
    with pytest.raises(AssertionError):
        model.compare()


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_mistakes_show(name: str, objective: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    part, plant = MISTAKES[name]
    model = Model.of(SPREAD, Perturbation(), objective, 1.0)
    model.compare()
    monkeypatch.setattr(ByArea, part, plant(getattr(ByArea, part)))
    with pytest.raises(AssertionError):
        model.compare()


ALIKE: list[dict[str, Any]] = [
    {}, {"momentum": 0.5, "weight_decay": 0.1}, {"optimiser": "adam"}, {"position_coherence": 0.4},
    {"feature_coherence": 0.3, "shared_global": 0.3}, {"stop_gradient": False, "normalised": True},
    {"value_training": 0.1, "sign_flips": 0.3}, {"noise": 0.3, "latent_jitter": 0.3},
]  # fmt: skip
UNLIKE: list[dict[str, Any]] = [
    {"position_feature_overlap": 0.3}, {"init_scale": 1.0}, {"heads": 2},
    {"optimiser": "adam", "position_coherence": 0.4},
]  # fmt: skip


def descended(perturbation: Perturbation, setting: Setting, *, by_all: bool) -> tuple[Tensor, bool]:
    """Q after some steps of CL, with all queries or the one for all; whether one is said to do."""
    rng = np.random.default_rng(0)
    where = worlds.world(setting, perturbation)
    network = Network(setting, "cl", perturbation, where, rng)
    alike = by_area.ask_alike(setting, perturbation, network)
    gradient = training.Gradient(setting, perturbation, where, network, 8)
    gradient.one_for_all = where.E.mean(axis=0, keepdims=True)
    optimiser = training._optimiser(network, perturbation, 20.0)
    for samples in gradient.draw(rng, 20):
        gradient.leave(samples, by_all=by_all)
        optimiser.step()
    return network.Q.detach(), alike


@pytest.mark.parametrize("bent", [*ALIKE, *UNLIKE], ids=lambda bent: "+".join(bent) or "nothing")
@pytest.mark.parametrize("keys", ["feature", "feature+position"])
def test_one_query_serves_for_all_where_it_is_said_to(bent: dict[str, Any], keys: Any) -> None:
    """And is seen not to where it is not: what decides could not be left out.

    Adam with coherent positions is on the safe side of what it decides.
    """
    details = dataclasses.replace(WITH_POSITIONS, keys=keys)
    setting = SPREAD.replace(contrastive=details)
    perturbation = Perturbation(**bent)
    one, alike = descended(perturbation, setting, by_all=False)
    every, _ = descended(perturbation, setting, by_all=True)
    size = float(every.abs().max())
    apart = float((one - every).abs().max()) / size
    assert size > 1e-3
    assert alike == (bent in ALIKE)
    if alike:
        assert apart < NEAR
    elif "optimiser" not in bent:
        assert apart > 1e-3


def test_rows_that_do_not_stay_equal_show_where_one_query_was_taken_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or an audit of cl.rank-one would find what trainings assume: here queries wrongly weigh."""
    run = training.train(SPREAD, "cl", Perturbation(), time=240.0, step=10.0, seed=3)
    assert run.row_spread < 1e-12
    was = ByArea._of_rows

    def unequal(self: ByArea, *given: Any) -> Any:
        of_rows = was(self, *given)
        return of_rows * np.linspace(1.5, 0.5, len(of_rows))[:, None]

    monkeypatch.setattr(ByArea, "_of_rows", unequal)
    run = training.train(SPREAD, "cl", Perturbation(), time=240.0, step=10.0, seed=3)
    assert run.row_spread > 1e-3


@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_correlations_out_of_range_are_left_to_the_plain_network(objective: Any) -> None:
    """By area exponentials of them would be no numbers; a training goes on all the same."""
    model = Model.of(SPREAD, Perturbation(), objective, 1e4)
    counting = ByArea(SPREAD, Perturbation(), model.where, model.network, 7)
    counted = counting.count(model.samples)
    with pytest.raises(by_area.OutOfRangeError):
        counting.step(model.where.E, counted)
    gradient = training.Gradient(SPREAD, Perturbation(), model.where, model.network, 7)
    gradient.leave((model.samples, counted))
    ours = model.network.Q.grad.clone()
    torch.testing.assert_close(ours, model.plainly()[1], rtol=0, atol=0)


DECAYS = [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)]


@pytest.mark.parametrize(("of_perturbation", "of_setting"), DECAYS)
@pytest.mark.parametrize("objective", ["mae", "cl"])
@pytest.mark.parametrize("written", [True, False], ids=["written out", "plainly"])
def test_weight_decay_is_half_its_sum_times_the_square_of_Q(
    of_perturbation: float, of_setting: float, objective: Any, written: bool
) -> None:
    """Of what a perturbation adds and of what the setting has: against the loss with that term."""
    details = dataclasses.replace(WITH_POSITIONS, weight_decay=of_setting)
    setting = SPREAD.replace(contrastive=details)
    model = Model.of(setting, Perturbation(weight_decay=of_perturbation), objective, 1.0)
    gradient = training.Gradient(setting, model.perturbation, model.where, model.network, 7)
    if not written:
        gradient.written = None
    [samples] = gradient.draw(np.random.default_rng(1), 1)
    gradient.leave(samples)
    ours = model.network.Q.grad.clone()
    model = dataclasses.replace(model, samples=samples[0])
    _, plain, _ = model.plainly()
    decay = of_perturbation + of_setting
    wanted = plain + decay * model.network.Q.detach()
    torch.testing.assert_close(ours, wanted, rtol=0, atol=NEAR * float(wanted.abs().max()))


AHEAD: list[dict[str, Any]] = [
    {}, {"latent_correlation": 0.5, "sign_flips": 0.3}, {"block_masks": 0.5}, {"noise": 0.3},
    {"latent_jitter": 0.3}, {"bernoulli_masks": True},
]  # fmt: skip


@pytest.mark.parametrize("bent", AHEAD, ids=lambda bent: "+".join(bent) or "nothing")
@pytest.mark.parametrize("objective", ["mae", "cl"])
def test_samples_do_not_depend_on_how_far_ahead_they_are_drawn(
    bent: dict[str, Any], objective: Any
) -> None:
    perturbation = Perturbation(**bent)
    given = (SPREAD, perturbation, objective, 20, 6)
    rng = np.random.default_rng(1)
    at_once = drawing.draw_many(*given, rng, 3)
    again = np.random.default_rng(1)
    for n in range(3):
        for many, one in zip(at_once, drawing.draw(*given, again), strict=True):
            for name, value in dataclasses.asdict(one).items():
                np.testing.assert_array_equal(getattr(many.at(n), name), value)
    assert rng.random() == again.random()


@pytest.mark.parametrize("views", ["independent", "complementary"])
def test_the_views_of_a_sample_are_masked_as_the_setting_says(views: Any) -> None:
    details = dataclasses.replace(WITH_POSITIONS, views=views)
    setting = SPREAD.replace(contrastive=details)
    rng = np.random.default_rng(0)
    first, second, negatives = drawing.draw(setting, Perturbation(), "cl", 20, 40, rng)
    np.testing.assert_array_equal(first.z, second.z)
    complementary = (second.visible == ~first.visible).all()
    assert complementary == (views == "complementary")
    assert len(negatives.z) == 5


def test_samples_as_assumed_are_those_of_the_theory() -> None:
    """The same latents and masks from the same generator as `data.draw` and `data.draw_masks`."""
    ours, theirs = np.random.default_rng(2), np.random.default_rng(2)
    (drawn,) = drawing.draw(SPREAD, Perturbation(), "mae", 20, 9, ours)
    samples = data.draw(SPREAD, 9, theirs, stratified=True)
    np.testing.assert_array_equal(drawn.z, samples.latents)
    np.testing.assert_array_equal(drawn.cluster, samples.cluster)
    np.testing.assert_array_equal(drawn.visible, data.draw_masks(SPREAD, 9, theirs))


LOOKED: list[tuple[Any, dict[str, Any]]] = [
    ("mae", {}), ("mae", {"feature_coherence": 0.3, "value_training": 0.1}), ("mae", {"heads": 2}),
    ("cl", {}), ("cl", {"position_feature_overlap": 0.3, "stop_gradient": False}),
    ("cl", {"normalised": True, "bernoulli_masks": True}), ("cl", {"noise": 0.3}),
    ("mae", {"noise": 0.3}), ("mae", {"latent_jitter": 0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("objective", "bent"), LOOKED, ids=str)
def test_a_whole_training_leaves_the_record_of_a_plain_one(
    objective: Any, bent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every series of an observation, trained and looked at by area and by all products."""
    setting, perturbation = SPREAD, Perturbation(**bent)

    def record() -> dict[str, Any]:
        run = training.train(setting, objective, perturbation, time=15.0, step=0.5, seed=3)
        flat = dataclasses.asdict(run)
        return flat | {f"{kind}.{name}": values for kind in ("local", "global_")
                       for name, values in flat.pop(kind).items()}  # fmt: skip

    ours = record()
    for module in (training, observer, by_patch):
        monkeypatch.setattr(module, "applies", lambda *_: False)
    monkeypatch.setattr(training, "ask_alike", lambda *_: False)
    plain = record()
    assert ours.keys() == plain.keys()
    for name in sorted(ours):
        if name == "objective":
            continue
        np.testing.assert_allclose(ours[name], plain[name], rtol=NEAR, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("keys", ["feature", "feature+position"])
@pytest.mark.parametrize("scale", [1.0, 1e4], ids=["by area", "out of its range"])
def test_where_queries_differ_a_look_asks_all_of_them(keys: Any, scale: float) -> None:
    """Their mean is asked only where rows are found to be equal, whatever training assumes."""
    details = dataclasses.replace(WITH_POSITIONS, keys=keys)
    model = Model.of(SPREAD.replace(contrastive=details), Perturbation(), "cl", scale)
    setting, perturbation, network = model.setting, model.perturbation, model.network
    rng = np.random.default_rng(1)
    looking = observer.Observer(setting, perturbation, model.where, network, rng)
    assert looking.look()
    assert len(looking.A) == setting.P
    loss = float(training.loss_on(looking.batches, network, setting, perturbation).detach())
    assert looking.loss == [pytest.approx(loss, rel=NEAR)]
    with torch.no_grad():
        network.Q.zero_()
    assert looking.look()
    assert len(looking.A) == 1
