"""Dials of Figures 1 and 3: what each changes, and what is found where nothing is trained."""

from __future__ import annotations

import dataclasses

import pytest

from refutable import audit
from refutable.auditing.atlas import Margin
from refutable.auditing.dial import Dial
from refutable.claims.figures import audited, dials, networks, one_layer


@pytest.mark.parametrize("dial", dials.DIALS, ids=lambda dial: dial.name)
def test_a_dial_changes_something_and_nothing_where_it_is_as_assumed(dial: Dial) -> None:
    assert dials.place({dial.name: dial.assumed}) == dials.Looked()
    ways = [dials.place({dial.name: value}) for value in dial.grid]
    assert len(set(ways)) == len(ways)
    for way in ways:
        assert way.recipe.architecture.P in (16, 49)  # sizes that can be laid out


def test_dials_that_set_the_same_thing_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="both set depth"):
        dials.place({"vit-fewer-layers": 2, "vit-more-layers": 6})
    together = dials.place({"vit-fewer-layers": 2, "vit-start": 0.1})
    assert (together.recipe.depth, together.recipe.start) == (2, 0.1)


def test_the_first_layer_does_not_tell_the_methods_apart() -> None:
    """By networks that ship, so that nothing is trained."""
    [pair] = audit("fig3.vit", dials="vit-layer").pairs
    assert [trial.value for trial in pair.trials] == [3, 2, 1]
    assert pair.verdict in (Margin.BREAKS, Margin.ROBUST)
    assert pair.holds_to is not None
    assert pair.holds_to <= 2


def test_a_network_that_ships_is_taken_where_it_is_what_is_asked_for() -> None:
    recipe = networks.Recipe("MAE")
    assert audited.network(recipe, 7, "quick") == networks.shipped("MAE/2")
    brief = dataclasses.replace(recipe, steps=1, batch=4)
    assert audited.network(brief, 7, "quick").losses != networks.shipped("MAE/2").losses


def test_contrast_on_pixels_leaves_its_saddle_from_a_start_that_is_not_zero() -> None:
    [pair] = audit("fig3.one-layer", dials="pixel-start").pairs
    assert pair.trials[0].outcome == "holds"
    assert pair.trials[-1].outcome == "breaks"
    assert pair.trials[-1].gap is not None
    assert pair.trials[-1].gap.name == "D of CL over that of MAE"


def measured(method: str, by_layer: tuple[float, ...]) -> networks.Measured:
    """A network of which every metric of a layer is this number."""
    layers = tuple(networks.Layer(*(D,) * 6) for D in by_layer)
    return networks.Measured(method, 0, (1.0, 1.0), layers)


def test_the_layer_that_is_looked_at_is_compared_and_their_mean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """MAE over contrast: 1/2 in the first layer, 2 in the second, 3 in the last."""
    found = {"MAE": measured("MAE", (1, 2, 6)), "other": measured("CL", (2, 1, 2))}
    monkeypatch.setattr(
        audited, "network", lambda recipe, *_: found.get(recipe.method, found["other"])
    )
    for layer, ratio in ((None, 3), (3, 3), (2, 2), (1, 1 / 2)):
        turned = {} if layer is None else {"vit-layer": layer}
        ratios = [gap.measured for gap in audited.in_a_layer({}, turned, 0, "full")]
        assert ratios == [ratio, ratio]
    [mean] = audited.over_layers({}, {}, 0, "full")
    assert mean.measured == pytest.approx(9 / 5)
    assert mean.holds


def test_a_one_layer_model_on_pixels_is_asked_for_all_three(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mae = one_layer.Trained(49, 0.2, one_layer.local_diversity(49), 3.0, 0.9)
    cl = dataclasses.replace(mae, diversity=mae.diversity / 20)
    monkeypatch.setattr(
        one_layer, "trained", lambda _, method, *rest: {"MAE": mae, "CL": cl}[method]
    )
    found = list(audited.on_pixels({"images": "Fashion-MNIST"}, {}, 0, "full"))
    ratios = [1, 3 / one_layer.largest_alike(49), 1 / 20]
    assert [gap.measured for gap in found] == pytest.approx(ratios)
