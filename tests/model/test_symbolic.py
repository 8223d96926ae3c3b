"""The closed forms against losses written a second time in SymPy, exactly where possible."""

import itertools
from typing import Any

import numpy as np
import pytest
import sympy as sp

from refutable.model import data, enumeration, gradients, symbolic
from refutable.model.setting import Contrastive, Latents, Setting

ROUNDING = 1e-12  # relative; float64 sums of some hundred terms

TWO_CLUSTERS = Setting.of_sizes(4, 2, 1, K=2, latents=Latents((1.0, 2.0), (0.25, 0.75)))


def test_mae_identities_hold_for_any_number_of_areas() -> None:
    one = symbolic.GeneralMae()
    z, A = np.array([one.z_n, one.z_j]), np.array([one.A_n, one.A_j])
    h = one.others - one.z_n**2 * one.A_n * (1 - one.A_n)
    own = one.z_n * one.A_n * (one.z_n**2 * (1 - one.A_n) ** 2 + one.others)
    other = one.z_j * one.A_j * (h - one.z_j**2 * one.A_j)
    assert symbolic.is_identity(one.own_rate(), own)
    assert symbolic.is_identity(one.other_rate(), other)
    # The code's integrands, with the two areas alone.
    alone = {one.S2: 0, one.W: 0}
    coded = gradients.feature_integrand(A, z, np.array(0))
    assert symbolic.is_identity(coded[0].subs(alone), own.subs(alone))
    assert symbolic.is_identity(coded[1].subs(alone), other.subs(alone))


@pytest.mark.parametrize("key", ["own", "other", "masked"])
def test_mae_position_rates_hold_for_any_number_of_areas(key: Any) -> None:
    one = symbolic.GeneralMae(key=key)
    h = one.others - one.z_n**2 * one.A_n * (1 - one.A_n)
    g = {"own": -(one.z_n**2) * (1 - one.A_n), "other": one.z_j**2 * one.A_j, "masked": 0}[key]
    assert symbolic.is_identity(one.position_rate(), one.y / one.total * (h - g))
    assert not symbolic.is_identity(one.position_rate(), one.y / one.total * (h + g + 1))


@pytest.mark.parametrize("key", ["own", "masked"])
def test_contrastive_rates_hold_for_any_number_of_areas_and_negatives(key: Any) -> None:
    one = symbolic.GeneralCl()
    feature = one.z_j * one.A_j * (one.z_j * one.g_j - one.pooled)
    assert symbolic.is_identity(one.feature_rate(), feature)
    split = symbolic.GeneralCl(key=key)
    pull = split.z_j * split.g_j if key == "own" else 0
    assert symbolic.is_identity(
        split.position_rate(), split.y / split.total * (pull - split.pooled)
    )
    positive, negative, w_0, w_s = symbolic.softmax_rates()
    assert symbolic.is_identity(positive, 1 - w_0)
    assert symbolic.is_identity(negative, -w_s)


def test_enumerated_gradients_are_the_exact_derivatives() -> None:
    setting, query = TWO_CLUSTERS, 3
    law = {1: sp.Rational(1, 4), 2: sp.Rational(3, 4)}
    exact = symbolic.small_mae(setting.area_of.tolist(), setting.M, law, query)
    x = {s: sp.Rational(2 + i, 3) for i, s in enumerate(exact.x.values())}
    y = {s: sp.Rational(5, 4 + i) for i, s in enumerate(exact.y)}
    point = {**x, **y}
    samples = enumeration.population(setting)
    phi, upsilon = (np.log([[float(v) for v in part.values()]]) for part in (x, y))
    alpha, beta, loss = gradients.reconstruction(setting, samples, np.array([query]), phi, upsilon)
    assert loss[0] == pytest.approx(float(exact.loss.subs(point)), rel=ROUNDING)
    for k, j in exact.x:
        expected = float(exact.feature_rate(k, j).subs(point))
        assert alpha[0, k * setting.areas + j] == pytest.approx(expected, rel=ROUNDING, abs=1e-15)
    for q in range(setting.P):
        expected = float(exact.position_rate(q).subs(point))
        assert beta[0, q] == pytest.approx(expected, rel=ROUNDING, abs=1e-15)


def test_initial_rates_are_the_exact_derivatives_as_rationals() -> None:
    setting = Setting.of_sizes(5, 2, 1, latents=Latents((1.0, 2.0), (0.25, 0.75)))
    law = {1: sp.Rational(1, 4), 2: sp.Rational(3, 4)}
    exact = symbolic.small_mae(setting.area_of.tolist(), setting.M, law, query=2)
    at_zero = dict.fromkeys([*exact.x.values(), *exact.y], 1)
    rates = enumeration.initial_rates(setting, 1)
    for rate, symbolic_rate in (
        (rates.own, exact.feature_rate(0, 1)),
        (rates.global_, exact.feature_rate(0, 0)),
        (rates.other, exact.feature_rate(0, 2)),
        (rates.beta_global, exact.position_rate(0)),
        (rates.beta_other, exact.position_rate(3)),
    ):
        assert sp.Rational(rate.numerator, rate.denominator) == symbolic_rate.subs(at_zero)


@pytest.mark.parametrize("keys", ["feature", "feature+position"])
def test_contrastive_gradients_of_a_tiny_batch_are_the_exact_derivatives(keys: Any) -> None:
    setting = Setting.of_sizes(
        3,
        1,
        1,
        K=2,
        latents=Latents.two_point(1, 2),
        contrastive=Contrastive(tau=0.5, negatives=2, keys=keys),
    )
    rng = np.random.default_rng(0)
    views = data.views(setting, 1, rng)
    assert views.first.cluster[0] in views.negatives.cluster
    assert len(np.unique(views.negatives.cluster)) == 2

    def view(samples: Any, b: Any) -> Any:
        return symbolic.View(
            int(samples.cluster[b]),
            tuple(sp.Integer(int(z)) for z in samples.latents[b]),
            frozenset(np.flatnonzero(samples.visible[b]).tolist()),
        )

    batch = [
        (view(views.first, 0), view(views.second, 0), [view(views.negatives, s) for s in (0, 1)])
    ]
    positions = keys == "feature+position"
    exact = symbolic.small_cl(
        setting.area_of.tolist(), batch, sp.Rational(1, 2), positions=positions
    )
    phi, upsilon = rng.normal(size=(3, setting.features)), rng.normal(size=(3, 3))
    at = {s: phi[p, k * setting.areas + j] for (p, k, j), s in exact.phi.items()}
    at |= {s: upsilon[i] for i, s in exact.upsilon.items()}
    alpha, beta, loss = gradients.contrastive(setting, views, phi, upsilon)
    assert loss == pytest.approx(float(exact.value(at)), rel=ROUNDING)
    assert np.abs(alpha).max() > 1e-4
    # One patch is enough, for the others have the same form; SymPy is slow.
    for p, k, j in itertools.product([0], range(2), range(setting.areas)):
        expected = float(exact.rate(exact.phi[p, k, j], at))
        assert alpha[p, k * setting.areas + j] == pytest.approx(expected, rel=ROUNDING, abs=1e-16)
    for q in range(3):
        expected = float(exact.rate(exact.upsilon[1, q], at)) if positions else 0.0
        assert beta[1, q] == pytest.approx(expected, rel=ROUNDING, abs=1e-16)
