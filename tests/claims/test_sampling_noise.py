"""Noise of sampled gradients: how it grows along a path, and how many values a spread is of."""

from __future__ import annotations

import math

import numpy as np
import pytest

from refutable.claims.mae import sampling_noise
from refutable.model.setting import Setting

SETTING = Setting.of_sizes(32, 8, 4)
"""Six local areas of four patches."""


@pytest.mark.parametrize("slope", [-0.3, 0.2])
def test_one_correlation_alone_grows_by_its_closed_form(slope: float) -> None:
    C, V, time = 0.7, 1.3, 2.5
    found = sampling_noise.grown(np.array([[C]]), np.array([[slope]]), np.array([[V]]), time)
    rate = 2 * slope
    expected = C * math.exp(rate * time) + V * math.expm1(rate * time) / rate
    assert found[0, 0] == pytest.approx(expected, rel=1e-12)


def test_the_covariance_of_a_row_follows_its_equation() -> None:
    rng = np.random.default_rng(0)
    J, root = rng.normal(size=(3, 3)), rng.normal(size=(2, 3, 3))
    C, V = (R @ R.T for R in root)
    short = 1e-4
    ends = [sampling_noise.grown(C, J, V, t) for t in (short, 2 * short)]
    slope = (4 * (ends[0] - C) - (ends[1] - C)) / (2 * short)  # to second order
    np.testing.assert_allclose(slope, J @ C + C @ J.T + V, atol=1e-5)
    assert np.array_equal(sampling_noise.grown(C, J, V, 0.0), C)


def test_patches_of_an_area_tell_as_much_as_they_differ() -> None:
    """Alone, all of them; alike, one for each area; and a correlation of r = ½ by its square."""
    rng, models, m = np.random.default_rng(1), 3000, 4
    local = SETTING.locals * m
    alone = rng.normal(size=(models, local))
    alike = np.repeat(rng.normal(size=(models, SETTING.locals)), m, axis=1)
    for values, worth in (
        (alone, local),
        (alike, local / m),
        (alone + alike, local / (1 + (m - 1) / 4)),
    ):
        found = sampling_noise.independent(SETTING, values) / models
        assert found == pytest.approx(worth, rel=0.05)
