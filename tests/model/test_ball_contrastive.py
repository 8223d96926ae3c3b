"""Balls of contrastive learning follow the float64 descent over every view, and stay small."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from refutable.model import ball_contrastive, enumeration, gradients
from refutable.model.setting import Contrastive, Keys, Latents, Setting, SettingError

SMALL = (
    Setting.of_sizes(6, 2, 2, gamma=0.35, K=2),
    Setting.of_sizes(7, 3, 2, gamma=0.2, K=3, placement="random"),
    Setting.of_sizes(5, 2, 1, gamma=0.4, K=1, latents=Latents.constant(1.25)),
    Setting.of_sizes(6, 3, 3, gamma=0.7, K=2, latents=Latents.constant(0.75)),
)


@st.composite
def populations(draw: st.DrawFn) -> Setting:
    keys: Keys = draw(st.sampled_from(["feature", "feature+position"]))
    details = Contrastive(tau=draw(st.sampled_from([0.3, 1.0, 3.0])), negatives=1, keys=keys)
    shared = keys != "feature" or draw(st.booleans())
    base = draw(st.sampled_from(SMALL))
    return base.replace(shared_partition=shared, contrastive=details)


@examples(derandomize=True, max_examples=25)
@given(populations(), st.fractions(1, 60, max_denominator=7))
def test_they_take_the_steps_of_descent_over_every_view(setting: Setting, eta: Fraction) -> None:
    views = enumeration.views(setting)
    phi, upsilon = np.zeros((1, setting.features)), np.zeros((1, setting.P))
    inside = setting.area_of[0] == 0
    for seen in ball_contrastive.descend(setting, eta, 6):
        expected = np.array([*map(float, seen.phi), *map(float, seen.upsilon)])
        rows = phi.reshape(setting.K, setting.areas)
        found = (rows[:, 0], rows[:, 1:], upsilon[0, inside], upsilon[0, ~inside])
        for number, part in zip(expected, found, strict=True):
            assert np.allclose(part, number, rtol=1e-12, atol=1e-12)
        assert seen.shift.contains(0)
        alpha, beta, _ = gradients.contrastive(setting, views, phi, upsilon)
        phi, upsilon = phi + float(eta) * alpha, upsilon + float(eta) * beta


@pytest.mark.parametrize("setting", SMALL)
def test_what_views_show_is_counted_on_every_mask(setting: Setting) -> None:
    """The law of v, v′ and D over pairs of masks, with its exact chances."""
    area = setting.area_of[0]
    shown = [
        np.bincount(area[mask], minlength=setting.areas).tolist()
        for mask in enumeration.masks(setting)
    ]
    expected: Counter[tuple[int, int, int]] = Counter()
    for (v, *one), (other, *two) in itertools.product(shown, repeat=2):
        expected[v, other, sum(a * b for a, b in zip(one, two, strict=True))] += 1
    found: Counter[tuple[int, int, int]] = Counter()
    for v, chance, law in ball_contrastive.further_views(setting):
        for key, part in law.items():
            found[v, *key] += chance * part
    pairs = len(shown) ** 2
    assert found == {key: fmpq(times, pairs) for key, times in expected.items()}


def test_sets_of_views_have_all_the_chance() -> None:
    law = {(1, 0): fmpq(1, 2), (2, 0): fmpq(1, 3), (2, 4): fmpq(1, 6)}
    for size in (1, 2, 3):
        assert sum(chance for _, chance in ball_contrastive.sets_of(law, size)) == 1


PLAIN = Setting.of_sizes(12, 8, 2, K=2, contrastive=Contrastive(negatives=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"latents": Latents.two_point(0.5, 1.5)},
        {"local_sizes": (1, 3)},
        {"contrastive": Contrastive(negatives=float("inf"))},
        {"contrastive": Contrastive(negatives=1, weight_decay=0.1)},
        {"contrastive": Contrastive(negatives=1, views="complementary")},
        {"contrastive": Contrastive(negatives=1, query="feature+position")},
        {"contrastive": Contrastive(negatives=1, keys="feature+position")},
    ],
)
def test_what_does_not_lump_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(SettingError, match="exact lumping"):
        next(ball_contrastive.descend(PLAIN.replace(**changes), Fraction(1), 1))


def test_too_many_counts_are_refused() -> None:
    many = Setting.of_sizes(60, 20, 2, contrastive=Contrastive(negatives=1))
    with pytest.raises(SettingError, match="too many counts"):
        next(ball_contrastive.descend(many, Fraction(1), 1))
