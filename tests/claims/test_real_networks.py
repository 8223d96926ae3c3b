"""Figures 1 and 3: statistics of seeds, networks that ship, and the recipe that made them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from refutable.claim import Context, Profile, Undecided
from refutable.claims.figures import areas, comparing, controls, known, networks, reading
from refutable.model.transformers import images, vit


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
    pictures = images.clothing().test[:3]
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


@pytest.mark.parametrize("method", ["MAE", "CL, masks", "CL"])
def test_a_network_that_is_trained_again_is_told_from_those_of_other_seeds(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its first steps already, where rounding makes it end as one of them."""

    def fails(found: networks.Measured) -> bool:
        monkeypatch.setattr(networks, "fresh", lambda recipe, seed: found)
        return any(gap.fails for gap in controls.known_again(Context("full", 0, 0), method))

    looked_for, *others = [n for n in known.networks(method) if n.seed >= controls.LEAST_SEED]
    assert not fails(looked_for)
    assert all(map(fails, others))


def test_the_gap_of_an_image_is_that_of_its_sizes() -> None:
    assert areas.estimated_gap(np.array([16, 1, 1]), 16) == pytest.approx(1)
    assert areas.estimated_gap(np.array([4, 8, 4, 4]), 64) == pytest.approx(2 / 3 - 1)


def test_a_sign_test_counts_the_ways_of_fair_coins() -> None:
    assert comparing.sign_p(5, 5) == pytest.approx(1 / 32)
    assert comparing.sign_p(2, 3) == pytest.approx(4 / 8)
    assert comparing.sign_p(0, 0) == 1


def test_the_chance_of_a_further_seed_is_what_it_says() -> None:
    """Of 4,000 groups of eight and one more, as many lie beyond as was foretold."""
    rng = np.random.default_rng(0)
    draws = rng.normal(3, 2, size=(4000, 9))
    foretold = np.array([known.beyond(row[:8].tolist(), float(row[8])) for row in draws])
    assert (foretold < 0.025).mean() == pytest.approx(0.05, abs=0.012)  # either side; 3.5 s.e.


def test_the_chance_of_a_reversed_order_is_that_of_two_normal_means() -> None:
    """Of many networks known, only the new ones leave something to chance."""
    quantiles = np.array([stats.norm.ppf((i + 0.5) / 4000) for i in range(4000)])
    found = known.reversed_order((quantiles + 1).tolist(), quantiles.tolist(), 5)
    assert found == pytest.approx(stats.norm.cdf(-((5 / 2) ** 0.5)), rel=0.01)
    few = known.reversed_order([0.9, 1, 1.1], [-0.1, 0, 0.1], 5)
    assert few > stats.norm.cdf(-10 * (5 / 2) ** 0.5)  # three seeds leave more to chance


def compared(
    monkeypatch: pytest.MonkeyPatch, profile: Profile, higher: list[float], lower: list[float]
) -> list[bool | str]:
    """Whether each gap holds, and the names of what is undecided."""
    groups = {"MAE": higher, "CL, masks": lower}
    monkeypatch.setattr(networks, "group", lambda _, method: groups[method])
    context = Context(profile, 0, 0)
    found = comparing.separated(context, "D", lambda each: each)  # type: ignore[arg-type, return-value]
    return [each.name if isinstance(each, Undecided) else each.holds for each in found]


def test_new_networks_fail_in_reversed_order_and_decide_nothing_where_they_mix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        known, "networks", lambda method: [2.0, 3.0] if method == "MAE" else [1, 1.2]
    )
    apart, close, mixed = [3.0, 4, 5, 6, 7], [1.0, 1.2, 1.4, 1.6, 1.8], [1.1, 1.3, 1.5, 1.7, 1.9]
    undecided = "D: p of the permutation of seeds"
    assert compared(monkeypatch, "full", apart, close) == [True, True]
    assert compared(monkeypatch, "full", mixed, close) == [True, undecided]
    assert compared(monkeypatch, "full", close, apart) == [False, undecided]
    assert compared(monkeypatch, "quick", apart, close) == [True, True, True]
    assert compared(monkeypatch, "quick", mixed, close) == [False, False, False]


@pytest.mark.parametrize("method", ["MAE", "CL, masks", "CL"])
def test_networks_that_ship_are_among_those_known(method: str) -> None:
    """And come out as they are measured now."""
    found = {each.seed: each.last.diversity for each in known.networks(method)}
    for name in networks.names_of(method):
        now = networks.shipped(name)
        assert found[now.seed] == pytest.approx(now.last.diversity, rel=0.01)
