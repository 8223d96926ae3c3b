"""Conditions of Figure 3: what is known of each, and how sure it is."""

from __future__ import annotations

import pytest

from refutable.claims.figures import conditions, dials, known
from refutable.claims.figures.pictures import known_conditions


def test_conditions_are_values_of_dials_and_known_for_both_methods() -> None:
    assert known.turned()
    for name, value in known.turned():
        dial, _ = dials.TURNS[name]
        assert value in dial.grid[1:]
        for method in conditions.COMPARED:
            for found in known.networks(method, name, value):
                assert len(found.layers) == dials.place({name: value}).recipe.depth


def test_short_training_turns_the_order_and_other_sizes_keep_it() -> None:
    told = conditions.told_apart()
    turned = {value for name, value in told if conditions.difference(name, value) < 0}
    assert {75} <= turned <= {75, 150}
    kept = {name for name, value in told if conditions.difference(name, value) > 0}
    assert {"vit-more-layers", "vit-patches", "vit-images"} <= kept


def test_what_hardly_differs_is_not_claimed() -> None:
    assert ("vit-fewer-layers", 1) not in conditions.told_apart()
    assert conditions.turned_back("vit-fewer-layers", 1) > 0.1


def test_a_condition_with_more_seeds_is_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    once = conditions.turned_back("vit-patches", 4)
    held = known.networks
    monkeypatch.setattr(
        known, "networks", lambda method, *turned: held(method, *turned) * (4 if turned else 1)
    )
    assert conditions.turned_back("vit-patches", 4) < once


def test_every_condition_has_a_row_in_the_picture() -> None:
    rows = known_conditions()["rows"]
    assert len(rows) == 1 + len(known.turned())
    assert all(len(methods) == 2 for methods in rows.values())
