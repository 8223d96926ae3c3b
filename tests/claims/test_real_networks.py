"""Figures 1 and 3: statistics of seeds, networks that ship, and the recipe that made them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from refutable.claims.figures import areas, comparing, networks, reading
from refutable.model.transformers import vit

pytestmark = pytest.mark.usefixtures("one_thread")


def test_p_of_separated_groups_is_one_over_the_number_of_splits() -> None:
    assert comparing.permutation_p([3, 4, 5], [0, 1, 2]) == pytest.approx(1 / 20)
    assert comparing.permutation_p([0, 1, 2], [3, 4, 5]) == 1
    assert comparing.permutation_p([2, 2], [2, 2]) == 1
    # the sums of two of 1, 2, 3, 4: 3, 4, 5, 5, 6, 7, of which three are at least 5.5
    assert comparing.permutation_p([4, 2], [1, 3]) == pytest.approx(2 / 6)


def test_effect_size_and_share_of_pairs() -> None:
    assert comparing.effect_size([4, 6], [0, 2]) == pytest.approx(4 / 2**0.5)
    assert comparing.share_above([1, 3], [0, 2]) == pytest.approx(3 / 4)


@pytest.mark.parametrize("method", networks.METHODS)
def test_every_network_that_is_promised_ships(method: str) -> None:
    said = networks._file()[1]
    for name in networks.names_of(method):
        assert said[name]["seed"] == int(name.split("/")[1])
        assert all(p.isfinite().all() for p in networks.stored(name).parameters())


def test_networks_of_one_method_differ() -> None:
    diversities = {networks.shipped(name).last.diversity for name in networks.names_of("CL")}
    assert len(diversities) == 5


def test_what_is_read_is_torchs_attention_of_the_last_block() -> None:
    net = networks.stored("MAE/0")
    pictures = networks.image_set("Fashion-MNIST").test[:3]
    maps = networks.attention_maps(net, pictures)
    torch.testing.assert_close(maps[-1], reading.last_attention(net, pictures), rtol=0, atol=1e-5)
    assert (maps[0] - maps[-1]).abs().max() > 0.01


def test_reading_a_network_that_ships_draws_nothing_at_random() -> None:
    before = torch.get_rng_state()
    networks.stored("MAE/0")
    assert torch.equal(torch.get_rng_state(), before)


def test_a_recipe_gives_the_same_network_again() -> None:
    recipe = networks.Recipe("CL, masks", steps=3, batch=8)
    (first, losses), (again, same) = (networks.made(recipe, 5) for _ in range(2))
    assert losses == same
    assert all(
        torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)
    )
    other, _ = networks.made(recipe, 6)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.parametrize("method", networks.METHODS)
def test_every_method_trains_and_is_measured(method: str) -> None:
    found = networks.fresh(networks.Recipe(method, steps=3, batch=8), 1)
    assert len(found.layers) == 3
    assert 0 < found.last.diversity < 1
    assert found.losses[0] > 0
    assert found.probe is not None


def test_conditions_that_are_turned_give_a_network_of_that_shape() -> None:
    recipe = networks.Recipe("MAE", steps=1, batch=4, patch=4, depth=2, pooling="cls")
    net, _ = networks.made(recipe, 0)
    assert net.architecture == vit.Architecture(
        28, 1, 4, width=48, depth=2, heads=3, ratio=2.0, pooling="cls"
    )


def test_the_gap_of_an_image_is_that_of_its_sizes() -> None:
    assert areas.estimated_gap(np.array([16, 1, 1]), 16) == pytest.approx(1)
    assert areas.estimated_gap(np.array([4, 8, 4, 4]), 64) == pytest.approx(2 / 3 - 1)
