"""Balls and floats follow one population: the balls are small and hold the floats' path."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from refutable.model import ball_descent, lumping
from refutable.model.setting import Latents, Setting, SettingError
from refutable.model.trajectory import QueryKind

SETTINGS = (
    Setting.of_sizes(64, 32, 8, kappa_c=0.85, kappa_s=0.5),
    Setting.of_sizes(36, 12, 4, kappa_c=0.7, kappa_s=0.4, gamma=0.75),
    Setting.of_sizes(
        24,
        12,
        3,
        kappa_c=0.8,
        kappa_s=0.4,
        K=3,
        shared_partition=True,
        latents=Latents.constant(1.25),
    ),
)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("query", ["local", "global"])
def test_they_take_the_steps_of_the_exact_lumping(setting: Setting, query: QueryKind) -> None:
    eta = Fraction(3, 4)
    phi, upsilon = np.zeros(3), np.zeros(4)
    for seen in ball_descent.descend(setting, query, eta, 60):
        exact = lumping.rates(setting, query, phi, upsilon)
        assert np.allclose([float(x) for x in seen.phi], phi, rtol=1e-11, atol=1e-13)
        assert np.allclose([float(x) for x in seen.upsilon], upsilon, rtol=1e-11, atol=1e-13)
        assert np.allclose([float(x) for x in seen.alpha], exact.alpha, rtol=1e-11, atol=1e-15)
        assert float(seen.own_attention) == pytest.approx(exact.attention[0], rel=1e-12)
        assert float(max(x.rad() for x in (*seen.phi, *seen.upsilon))) < 1e-30
        assert seen.shift.contains(0)
        phi, upsilon = phi + float(eta) * exact.alpha, upsilon + float(eta) * exact.beta


def test_a_share_that_is_no_short_decimal_is_as_sharp() -> None:
    """M/P = 1/3 and η = 1/3 have no end in binary; they are rounded at the precision of the run."""
    setting = Setting.of_sizes(18, 6, 3, kappa_c=0.6, kappa_s=0.4, gamma=1 / 3)
    *_, last = ball_descent.descend(setting, "local", Fraction(1, 3), 60)
    assert float(max(x.rad() for x in (*last.phi, *last.upsilon))) < 1e-30


def test_the_infimum_is_what_the_loss_keeps() -> None:
    """L_p - L*_p of the balls is the loss of the floats less z²/2 on masks without own patches."""
    setting = SETTINGS[1]
    [seen] = ball_descent.descend(setting, "local", Fraction(1), 0)
    loss = lumping.rates(setting, "local", np.zeros(3), np.zeros(4)).loss
    M, P, C_n = setting.M, setting.P, setting.C_s
    empty = 1.0
    for i in range(C_n - 1):  # the query is masked, and so are the other own patches
        empty *= (M - 1 - i) / (P - 1 - i)
    assert float(seen.loss_gap) == pytest.approx(loss - 0.5 * M / P * empty, rel=1e-12)


def test_what_does_not_lump_is_refused() -> None:
    with pytest.raises(SettingError, match="exact lumping"):
        next(ball_descent.descend(Setting(P=64, kappa_c=0.8, kappa_s=0.4), "local", Fraction(1), 1))
