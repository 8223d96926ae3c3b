"""Conditions of Figure 3: what is known of each, and how sure it is."""

from __future__ import annotations

import sys

import pytest

from refutable import check
from refutable.claim import Kind, Verdict
from refutable.claims.figures import conditions, dials, image_sets, known
from refutable.claims.figures.pictures import known_conditions


def test_conditions_are_values_of_dials_and_known_for_both_methods() -> None:
    assert known.turned()
    for name, value in known.turned():
        dial, _ = dials.TURNS[name]
        assert value in dial.grid[1:]
        for method in conditions.COMPARED:
            for found in known.networks(method, name, value):
                assert len(found.layers) == dials.place({name: value}).recipe.depth


def test_three_networks_of_each_method_are_known_under_every_condition() -> None:
    for name, value in known.turned():
        for method in conditions.COMPARED:
            assert len(known.networks(method, name, value)) == conditions.EACH


def test_short_training_turns_the_order_and_other_sizes_keep_it() -> None:
    told = conditions.told_apart()
    turned = {value for name, value in told if conditions.difference(name, value) < 0}
    assert {75} <= turned <= {75, 150}
    kept = {name for name, value in told if conditions.difference(name, value) > 0}
    assert {"vit-more-layers", "vit-narrower"} <= kept
    assert set(conditions.told_soon()) == {(name, v) for name, v in told if v in turned}


@pytest.mark.parametrize("turned", [("vit-start", 0.14), ("vit-learned-positions", 1.0)])
def test_what_hardly_differs_or_differs_in_some_seeds_is_not_claimed(
    turned: tuple[str, float],
) -> None:
    """Of three MAEs with learned positions one is less diverse than every contrastive network."""
    assert turned not in conditions.told_apart()
    assert conditions.turned_back(*turned) > 0.01


def test_a_condition_with_more_seeds_is_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    once = conditions.turned_back("vit-patches", 4)
    held = known.networks
    monkeypatch.setattr(
        known, "networks", lambda method, *turned: held(method, *turned) * (4 if turned else 1)
    )
    assert conditions.turned_back("vit-patches", 4) < once


def test_what_differs_more_from_seed_to_seed_is_less_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the spread within all conditions, or by its own where that is larger."""
    cl, found = [0, 0.1, -0.1], {"even": [1.0, 1.1, 0.9], "wild": [1.0, 1.9, 0.1]}
    monkeypatch.setattr(conditions, "logarithms", lambda dial, _: [found[dial], cl])
    monkeypatch.setattr(conditions, "everywhere", lambda: ([0.0, 0.4], [0.0, 0.6]))
    even, wild = (conditions.turned_back(dial, 0) for dial in found)
    assert even == known.reversed_order(found["even"], cl, 3, within=conditions.everywhere())
    assert wild == known.reversed_order(found["wild"], cl, 3) > even


def test_photographs_of_another_library_are_looked_at_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record = check.check_leg(conditions.conditions, Kind.PROPERTY, "full", 0)
    assert record.verdict is Verdict.HOLDS
    image_sets.of_scikit_image.cache_clear()
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    record = check.check_leg(conditions.conditions, Kind.PROPERTY, "full", 0)
    assert record.verdict is Verdict.NOT_RUN
    assert "scikit-image is not installed" in (record.not_run_reason or "")


def test_every_condition_has_a_row_in_the_picture() -> None:
    rows = known_conditions()["rows"]
    assert len(rows) == 1 + len(known.turned())
    assert all(len(methods) == 2 for methods in rows.values())
