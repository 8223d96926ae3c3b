"""The reduced dynamics carry every statement about large P.

They are held against sums over areas, written out and differentiated automatically, and against
limits known in closed form.
"""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting, SettingError
from refutable.model.trajectory import Trajectory

ROUNDING = 1e-11  # relative; autograd in float64 on sums of some hundred terms
QUADRATURE = 1e-10  # relative; the step of the Laplace integrals gives 1e-13
LIMIT = 0.01  # relative; corrections at P = 1e25 are P^(κ_c-1) and P^(κ_s-1), below 0.004
SERIES = [f.name for f in dataclasses.fields(Trajectory) if f.type == "Series"]

LARGE = Setting(P=10**25, kappa_c=0.9, kappa_s=0.3)
NEGATIVE = LARGE.replace(kappa_c=0.6)
SMALL = Setting.of_sizes(128, 48, 10, gamma=0.3, K=3, latents=Latents.two_point(0.6, 1.4))
CL_LARGE = LARGE.replace(K=4, contrastive=Contrastive(negatives=math.inf))


def constant(setting: Setting, z: float) -> Setting:
    return setting.replace(latents=Latents.constant(z))


# --- against sums over areas


def attentions(setting: Setting, sizes: Any, z: Any, phi: Any, upsilon: Any) -> Any:
    """A_j of areas with these sizes, with a share γ of every area masked."""
    visible = (1 - setting.gamma) * sizes * torch.exp(z * phi + upsilon)
    masked = setting.gamma * sizes * torch.exp(upsilon)
    return visible / (visible + masked).sum()


def brute_force_mae(setting: Setting, query: Any, phis: Any, upsilons: Any) -> Any:
    """L_p, -∂L/∂Φ_j and -∂L/∂Υ (summed over an area's patches), means over other areas.

    Areas: global, own (local query), others; the law of the others' latents is laid out over them.
    """
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    local = query == "local"
    special = 2 if local else 1
    others = (setting.P - setting.C_1) // setting.C_s - (1 if local else 0)
    rest = [z for z, q in law for _ in range(round(q * others))]
    assert len(rest) == others, "the law must be laid out exactly"
    sizes = [setting.C_1] + [setting.C_s] * (special - 1 + others)
    assert sum(sizes) == setting.P
    total, gradient = 0.0, torch.zeros(())
    kinds = torch.tensor([*range(special), *[special] * others])
    for drawn in itertools.product(law, repeat=special):
        z = torch.tensor([value for value, _ in drawn] + rest, dtype=torch.float64)
        probability = math.prod(q for _, q in drawn)
        state = torch.tensor([phis, upsilons], dtype=torch.float64)[:, kinds].requires_grad_()
        A = attentions(setting, torch.tensor(sizes, dtype=torch.float64), z, *state)
        target = torch.zeros_like(A)
        target[special - 1] = z[special - 1]
        loss = 0.5 * setting.gamma * ((z * A - target) ** 2).sum()
        loss.backward()
        total += probability * loss.item()
        gradient = gradient - probability / setting.K * state.grad
    alphas = [*gradient[0, :special], gradient[0, special:].mean()]
    betas = [*gradient[1, :special], gradient[1, special:].mean()]
    return total, [float(a) for a in alphas], [float(b) for b in betas]


@pytest.mark.parametrize("latents", [Latents.constant(1.2), Latents.two_point(0.6, 1.4)])
def test_mae_rates_are_gradients_of_a_sum_over_areas(latents: Any) -> None:
    # 7 locals would not split evenly: 8 others for the local query, 8 locals for the global one.
    queries: tuple[tuple[Any, int], ...] = (("local", 9), ("global", 8))
    for query, locals_ in queries:
        setting = Setting.of_sizes(40 + 10 * locals_, 40, 10, gamma=0.3, K=3, latents=latents)
        for phis, upsilons in (([0.0] * 3, [0.0] * 3), ([-0.7, 1.9, 0.3], [0.2, -0.4, 0.1])):
            if query == "global":
                phis, upsilons = phis[1:], upsilons[1:]
            loss, alphas, betas = brute_force_mae(setting, query, phis, upsilons)
            names = ("global", "own", "other")[-len(phis) :]
            state: dict[str, Any] = {f"phi_{n}": v for n, v in zip(names, phis, strict=True)}
            state |= {f"upsilon_{n}": v for n, v in zip(names, upsilons, strict=True)}
            rates = reduced.mae_rates(setting, query, counts="mean", **state)
            assert rates.loss_gap == pytest.approx(loss, rel=ROUNDING)
            sizes = {"global": 40, "own": 40 if query == "global" else 10, "other": 10}
            for name, alpha, beta in zip(names, alphas, betas, strict=True):
                assert getattr(rates, f"alpha_{name}") == pytest.approx(alpha, rel=ROUNDING)
                per_patch = beta / sizes[name]
                assert getattr(rates, f"beta_{name}") == pytest.approx(per_patch, rel=ROUNDING)
            if query == "global":
                assert rates.alpha_global == rates.alpha_own


def brute_force_cl(setting: Setting, phi_1: float, phi_m: float, collapsed: bool = False) -> Any:
    """Contrastive loss, and -∂L/∂Φ_1, -∂L/∂Φ_m per query (the first view's attention only).

    Every pair of local latents (sample's, negative's) is laid out over the areas; the kinds of
    negatives are enumerated.
    """
    tau, N = setting.contrastive.tau, int(setting.contrastive.negatives)
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    locals_ = (setting.P - setting.C_1) // setting.C_s
    pairs = [(a, b) for a, p in law for b, q in law for _ in range(round(p * q * locals_))]
    assert len(pairs) == locals_, "the law must be laid out exactly"
    sizes = torch.tensor([setting.C_1] + [setting.C_s] * locals_, dtype=torch.float64)
    row = torch.tensor([phi_1] + [phi_m] * locals_, dtype=torch.float64)

    def output(z: Any, phi: Any) -> Any:
        if collapsed:
            return torch.tensor([z[0]] + [0.0] * locals_, dtype=torch.float64)
        z = torch.tensor(z, dtype=torch.float64)
        return z * attentions(setting, sizes, z, phi, torch.zeros_like(phi))

    total, gradient = 0.0, torch.zeros_like(row)
    for z_1, q_1 in law:
        phi = row.clone().requires_grad_()
        view = output([z_1] + [a for a, _ in pairs], phi)
        positive = torch.exp(view @ view.detach() / tau)
        negatives = [(1 - 1 / setting.K, torch.ones((), dtype=torch.float64))]
        for z, q in law:
            other = output([z] + [b for _, b in pairs], row)
            negatives.append((q / setting.K, torch.exp(view @ other / tau)))
        loss = torch.zeros((), dtype=torch.float64)
        for drawn in itertools.product(negatives, repeat=N):
            odds = sum(x for _, x in drawn) / positive
            loss = loss + math.prod(p for p, _ in drawn) * tau * torch.log1p(odds)
        total += q_1 * loss.item()
        if not collapsed:
            loss.backward()
            gradient -= q_1 * phi.grad / (setting.K * setting.P)
    return total, gradient[0].item(), gradient[1:].mean().item()


@pytest.mark.parametrize(
    "latents", [Latents.constant(1.2), Latents((0.6, 1.4), (0.5, 0.5))], ids=["constant", "random"]
)
@pytest.mark.parametrize(("phi_1", "phi_m"), [(0.0, 0.0), (1.7, -0.3), (5.0, 0.4)])
def test_cl_rates_are_gradients_of_a_sum_over_areas(
    latents: Any, phi_1: float, phi_m: float
) -> None:
    details = Contrastive(negatives=3, tau=0.4)
    setting = Setting.of_sizes(88, 40, 6, gamma=0.3, K=3, latents=latents, contrastive=details)
    loss, alpha_1, alpha_m = brute_force_cl(setting, phi_1, phi_m)
    limit, _, _ = brute_force_cl(setting, phi_1, phi_m, collapsed=True)
    rates = reduced.cl_rates(setting, phi_global=phi_1, phi_other=phi_m)
    assert rates.alpha_global == pytest.approx(alpha_1, rel=QUADRATURE)
    assert rates.alpha_other == pytest.approx(alpha_m, rel=QUADRATURE)
    assert rates.loss_gap == pytest.approx(loss - limit, rel=QUADRATURE)
    heavy = setting.replace(contrastive=dataclasses.replace(details, weight_decay=0.1))
    decayed = reduced.cl_rates(heavy, phi_global=phi_1, phi_other=phi_m)
    assert decayed.alpha_global == pytest.approx(alpha_1 - 0.1 * phi_1, rel=QUADRATURE)


@pytest.mark.parametrize("negatives", [1, 2, 16, 1000])
@pytest.mark.parametrize("exponent", [0.5, 4.0, 60.0])
def test_softmax_weights_are_the_binomial_sum(negatives: int, exponent: float) -> None:
    # Constant latents: the positive and same-cluster negatives weigh 1, the others e^-exponent.
    K, x = 5, math.exp(-exponent)
    expected = 0.0
    for others in range(1, negatives + 1):
        log_odds = math.lgamma(negatives + 1) - math.lgamma(others + 1)
        log_odds -= math.lgamma(negatives - others + 1)
        log_odds += others * math.log(1 - 1 / K) - (negatives - others) * math.log(K)
        expected += math.exp(log_odds) * others * x / (1 + negatives - others + others * x)
    law = np.array([1 - 1 / K, 1 / K])
    other, same = reduced.softmax_weights(np.array([[-exponent, 0.0]]), law, negatives)
    assert other[0] == pytest.approx(expected, rel=QUADRATURE)
    assert 0 < same[0, 0] < 1 - other[0]


def test_many_negatives_approach_the_law_of_large_numbers() -> None:
    law, log_ratio = np.array([0.8, 0.1, 0.1]), np.array([[-1.0, 0.0, 0.5], [-2.0, -0.7, 0.0]])
    limit = reduced.softmax_weights(log_ratio, law, math.inf).same
    errors = [
        np.abs(reduced.softmax_weights(log_ratio, law, N).same / limit - 1).max()
        for N in (10**3, 10**4)
    ]
    assert errors[1] == pytest.approx(errors[0] / 10, rel=0.05)  # error c/N + O(1/N²)


def test_plain_time_tells_the_same_story() -> None:
    # The same rates, integrated in t itself; works because P is small.
    # Local areas of one size, so that they have one Φ_m.
    setting = Setting.of_sizes(1000, 224, 8, gamma=0.3, K=3, shared_partition=True)
    names = ("global", "own", "other")
    keys = [f"phi_{n}" for n in names] + [f"upsilon_{n}" for n in (*names, "self")]

    def motion(_: Any, y: Any) -> Any:
        return reduced.mae_rates(setting, "local", **dict(zip(keys, y, strict=True)))[:7]

    run = reduced.mae(setting, "local")
    plain = solve_ivp(motion, (0, math.exp(run.done.log_t)), [0.0] * 7, rtol=1e-10, atol=1e-12)
    ours = [getattr(run, key)[-1] for key in keys[:6]]
    np.testing.assert_allclose(ours, plain.y[:6, -1], rtol=1e-6)  # both solvers' errors, amplified


# --- against limits, reconstruction


@pytest.mark.parametrize(
    ("z", "K", "gamma"), [(1.0, 1, 0.5), (1.3, 1, 0.5), (1.0, 7, 0.5), (0.8, 2, 0.75)]
)
def test_local_query_with_positive_gap_has_two_phases(z: float, K: int, gamma: float) -> None:
    setting = constant(LARGE.replace(K=K, gamma=gamma), z)
    run = reduced.mae(setting, "local")
    unit = math.log(gamma / K * z**4) + setting.log_rho
    assert 3 * math.exp(run.switch.log_t + unit) == pytest.approx(1, rel=LIMIT)
    assert math.exp(run.half.log_t + unit) == pytest.approx(1, rel=LIMIT)
    assert z * run.switch.phi_own == pytest.approx(math.log(1.5), abs=0.01)
    depth = z * run.switch.phi_global + setting.information_gap / 2 * setting.log_P
    assert depth == pytest.approx(0.5 * math.log(3 / (2 * (1 - gamma))), abs=0.01)
    assert run.done.phi_own > run.half.phi_own > run.switch.phi_own
    # Beyond T_1 the global correlation moves by O(1): by (Δ/2)·log P = 20 before.
    assert abs(run.done.phi_global - run.switch.phi_global) < 2


def test_the_constants_are_exact_in_the_limit() -> None:
    setting = LARGE.replace(P=10**100)
    run = reduced.mae(setting, "local")
    unit = math.log(setting.gamma) + setting.log_rho
    # P^(κ_c-1) = 1e-10; what is left is the solver's error, 1e-9 a step.
    assert 3 * math.exp(run.switch.log_t + unit) == pytest.approx(1, abs=1e-7)
    assert math.exp(run.half.log_t + unit) == pytest.approx(1, abs=1e-7)
    assert run.own_attention[-1] > 0.9


def test_local_query_with_negative_gap_has_one_phase() -> None:
    run = reduced.mae(NEGATIVE, "local")
    assert run.switch is None
    assert (run.rate_own > np.abs(run.rate_global)).all()
    unit = math.log(NEGATIVE.gamma) + NEGATIVE.log_rho
    assert math.exp(run.half.log_t + unit) == pytest.approx(1, rel=LIMIT)
    assert 0 < np.abs(run.phi_global).max() < 100 * NEGATIVE.P**NEGATIVE.information_gap


@pytest.mark.parametrize(("z", "K"), [(1.0, 1), (1.3, 5)])
def test_global_query_has_one_phase(z: float, K: int) -> None:
    setting = constant(NEGATIVE.replace(K=K), z)
    run = reduced.mae(setting, "global")
    assert run.switch is None
    unit = math.log(setting.gamma * 0.5 * setting.C_1 / setting.P * z**4 / K)
    assert math.exp(run.half.log_t + unit) == pytest.approx(1, rel=LIMIT)
    assert (np.diff(run.phi_global) > 0).all()
    assert np.array_equal(run.phi_own, run.phi_global)
    assert np.array_equal(run.upsilon_own, run.upsilon_global)
    assert run.upsilon_own.any()


@pytest.mark.parametrize("query", ["local", "global"])
@pytest.mark.parametrize(("z", "K"), [(1.0, 1), (1.4, 3)])
def test_loss_ends_like_one_over_time(query: Any, z: float, K: int) -> None:
    # Large, since at finite P the global area keeps a share of what is missing.
    setting = constant(LARGE.replace(P=10**40, K=K), z)
    run = reduced.mae(setting, query, loss_gap=1e-90)
    assert run.loss_gap[-1] == pytest.approx(1e-90, rel=1e-6)
    product = math.exp(run.done.log_t + math.log(1e-90))
    assert product == pytest.approx(K / (4 * z * z), rel=1e-6)


def test_wide_latents_stay_inside_double_precision() -> None:
    setting = LARGE.replace(P=10**100, latents=Latents.two_point(0.1, 1.5))
    run = reduced.mae(setting, "local")
    assert run.phi_own[-1] * 1.5 > 800  # e^800 overflows
    assert run.done is not None


# --- against limits, contrastive


def transition(setting: Setting) -> Any:
    """c_T of theory.md 3.9 by quadrature, constant latents."""
    z, K = setting.latents.L, setting.K
    decay, _ = quad(lambda phi: math.exp(-2 * z * phi), 0, math.inf)
    c_N = setting.contrastive.c_N
    return decay / (c_N * z**3 * (1 - 1 / K) * (1 - setting.gamma) ** 2)


@pytest.mark.parametrize("negatives", [16, math.inf])
@pytest.mark.parametrize(("z", "K", "tau"), [(1.0, 4, 1.0), (1.3, 2, 0.3)])
def test_contrastive_transition_time(negatives: int, z: float, K: int, tau: float) -> None:
    details = Contrastive(negatives=negatives, tau=tau)
    # Nearer to the limit than LARGE: here the correction is of order P^(κ_c-1) log P.
    setting = constant(LARGE.replace(P=10**40, K=K, contrastive=details), z)
    run = reduced.cl(setting)
    log_unit = math.log(K) + 3 * setting.log_P - 2 * math.log(setting.C_1)
    assert math.exp(run.half.log_t - log_unit) == pytest.approx(transition(setting), rel=LIMIT)
    if z == 1:
        known = 1 / (2 * 0.25 * (1 - 1 / K) * details.c_N)
        assert transition(setting) == pytest.approx(known, rel=1e-6)


@pytest.mark.parametrize(("z", "K", "tau"), [(1.0, 4, 1.0), (1.2, 10, 0.4)])
def test_contrastive_end_is_slow(z: float, K: int, tau: float) -> None:
    details = Contrastive(negatives=math.inf, tau=tau)
    setting = constant(CL_LARGE.replace(P=10**6, K=K, contrastive=details), z)
    run = reduced.cl(setting, loss_gap=1e-14)
    rates = reduced.cl_rates(setting, phi_global=run.phi_global[-1], phi_other=run.phi_other[-1])
    assert rates.loss_gap == pytest.approx(1e-14, rel=1e-6)
    # 1-A has lost its digits in the series, the gap has not: gap = 2z²·w·(1-A), w the weight of
    # other clusters.
    weight = (K - 1) / (K - 1 + math.exp(z * z / tau))
    missing = 1e-14 / (2 * z * z * weight)
    known = (K - 1 + math.exp(z * z / tau)) / ((K - 1) * z**4)
    late = math.exp(run.done.log_t) * missing / (K * setting.P)
    assert late == pytest.approx(known, rel=1e-3)  # corrections log(t)/t and T/t


@pytest.mark.parametrize("kappa_c", [0.9, 0.6], ids=["positive", "negative"])
def test_local_features_stay_unlearned_by_contrast(kappa_c: float) -> None:
    run = reduced.cl(CL_LARGE.replace(kappa_c=kappa_c, P=10**60))
    setting = run.setting
    ratio, share = setting.C_s / setting.C_1, setting.C_s / setting.P
    known = 0.25 * ratio**2 * -np.expm1(-2 * run.phi_global) - 0.5 * share * run.phi_global
    np.testing.assert_allclose(run.phi_other, known, rtol=1e-5)
    assert run.done is not None
    assert run.own_attention[-1] > 0.99
    assert np.array_equal(run.phi_own, run.phi_global)
    assert not run.upsilon_own.any()


@pytest.mark.parametrize(("factor", "collapses"), [(0.99, True), (1.01, False)])
def test_weight_decay_has_a_threshold(factor: float, collapses: bool) -> None:
    setting = constant(CL_LARGE.replace(P=10**60), 1.4)
    threshold = 2 * math.e * 1.4 * reduced.cl_rates(setting).alpha_global
    details = Contrastive(negatives=math.inf, weight_decay=factor * threshold)
    run = reduced.cl(setting.replace(contrastive=details))
    assert (run.own_attention[-1] > 0.99) == collapses
    assert run.done is None or collapses


@pytest.mark.parametrize(("K", "collapses"), [(2, False), (100, True)])
def test_few_clusters_with_random_latents_stall(K: int, collapses: bool) -> None:
    setting = CL_LARGE.replace(K=K, latents=Latents.two_point(0.5, 1.5))
    run = reduced.cl(setting)
    assert (run.done is not None) == collapses
    # Without collapse the samples with the smaller latent attend elsewhere, and the loss is lower.
    assert run.own_attention[-1] == pytest.approx(1.0 if collapses else 0.5, abs=0.05)
    assert (run.loss_gap[-1] < 0) != collapses


@pytest.mark.filterwarnings("error")
def test_the_loss_gap_is_exact_far_from_the_limit_at_a_small_temperature() -> None:
    """R_s lies up to e^{45} below its limit: one negative, so that the mean is a plain sum."""
    tau, K = 0.05, 3
    law = Latents.two_point(0.5, 1.5)
    details = Contrastive(negatives=1, tau=tau)
    setting = CL_LARGE.replace(P=10**40, K=K, latents=law, contrastive=details)
    z = np.array(law.values)
    found = reduced.cl_rates(setting).loss_gap  # similarities are of order (C_1/P)² = 1e-8
    limit = np.column_stack([-(z**2), np.outer(z, z) - (z**2)[:, None]]) / tau
    chances = np.array([1 - 1 / K, 0.5 / K, 0.5 / K])
    expected = tau * np.mean((np.log(2) - np.logaddexp(0, limit)) @ chances)
    assert found == pytest.approx(expected, rel=1e-6)


# --- what every run keeps

LATENTS = st.one_of(
    st.builds(Latents.constant, st.floats(0.3, 2.0)),
    st.builds(Latents.two_point, st.floats(0.3, 0.9), st.floats(1.0, 2.0)),
)


def any_setting(least_kappa_c: float, most_kappa_s: float, least_K: int) -> Any:
    """Every κ_c that leaves room for a local area at P = 1000."""
    return st.builds(
        Setting,
        P=st.integers(3, 100).map(lambda exponent: 10**exponent),
        kappa_c=st.floats(least_kappa_c, 0.99),
        kappa_s=st.floats(0.001, most_kappa_s),
        gamma=st.floats(0.05, 0.95),
        K=st.integers(least_K, 20),
        latents=LATENTS,
    )


@settings(derandomize=True, max_examples=40)
@given(
    # A query needs company in its area.
    setting=any_setting(0.5005, 0.5, 1).map(lambda s: s.replace(c_s=2.0)),
    query=st.sampled_from(["local", "global"]),
    counts=st.sampled_from(["fluctuating", "mean"]),
)
def test_mae_runs_keep_their_invariants(setting: Setting, query: Any, counts: Any) -> None:
    run = reduced.mae(setting, query, counts=counts)
    for name in SERIES:
        assert np.isfinite(getattr(run, name)).all(), name
    assert (np.diff(run.log_t) >= 0).all()
    assert run.done is not None
    assert run.loss_gap[-1] == pytest.approx(1e-3, rel=1e-6)
    assert (run.rate_own > 0).all()  # claim sign.own


@settings(derandomize=True, max_examples=12)
@given(
    # The global area must be the larger one: α_1(0) > 0 needs it.
    setting=any_setting(0.55, 0.45, 2),
    negatives=st.one_of(st.just(math.inf), st.integers(1, 200)),
    tau=st.floats(0.3, 10),
)
def test_cl_runs_keep_their_invariants(setting: Setting, negatives: int, tau: float) -> None:
    details = Contrastive(negatives=negatives, tau=tau)
    setting = setting.replace(contrastive=details)
    run = reduced.cl(setting, loss_gap=1e-6)
    for name in SERIES:
        assert np.isfinite(getattr(run, name)).all(), name
    assert (np.diff(run.log_t) >= 0).all()
    assert run.rate_global[0] > 0  # claim cl.init-global
    if setting.latents.is_constant:
        assert run.done is not None
        assert run.loss_gap[-1] == pytest.approx(1e-6, rel=1e-6)


@pytest.mark.parametrize("run", [lambda r: reduced.mae(LARGE, "local", rtol=r).half.log_t,
                                 lambda r: reduced.cl(CL_LARGE, rtol=r).half.log_t])  # fmt: skip
def test_errors_follow_the_tolerance(run: Any) -> None:
    exact = run(1e-12)
    coarse, fine = abs(run(1e-5) - exact), abs(run(1e-9) - exact)
    assert fine < 3e-8
    assert fine < coarse / 10


def test_time_is_accurate_to_digits_and_not_to_a_share_of_its_logarithm() -> None:
    """Late in training log t is some 160, and 1e-9 of that in every step would be 1e-6 in all."""
    late = LARGE.replace(P=10**100)
    gap = 0.05 * (late.C_s / late.P)
    found, exact = (reduced.mae(late, "local", loss_gap=gap, rtol=r).done for r in (1e-9, 1e-12))
    assert found is not None
    assert exact is not None
    assert found.log_t == pytest.approx(exact.log_t, abs=1e-8)


# --- what is refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: reduced.mae(LARGE, "own"), "local or global"),  # type: ignore[arg-type]
        (lambda: reduced.mae(LARGE.replace(P=10**301), "local"), "1e300"),
        (lambda: reduced.mae(LARGE, "local", loss_gap=0.3), "below the initial"),
        (lambda: reduced.mae(LARGE, "local", loss_gap=0.0), "at least"),
        (lambda: reduced.cl(CL_LARGE, loss_gap=9.0), "below the initial"),
        (lambda: reduced.cl(CL_LARGE.replace(K=1)), "vanishes"),
        (lambda: reduced.cl(CL_LARGE.replace(contrastive=Contrastive(negatives=0))), "vanishes"),
        (lambda: reduced.cl(CL_LARGE.replace(contrastive=Contrastive(tau=1e-4))), "tau"),
        (lambda: reduced.cl(CL_LARGE.replace(kappa_c=0.501, kappa_s=0.5, c_1=0.1)), "larger"),
        (
            lambda: reduced.cl(CL_LARGE.replace(contrastive=Contrastive(keys="feature+position"))),
            "keys = feature and query = position",
        ),
        (
            lambda: reduced.cl(
                CL_LARGE.replace(gamma=0.4, contrastive=Contrastive(views="complementary"))
            ),
            "gamma = 0.5",
        ),
    ],
)
def test_settings_outside_the_reduction_are_refused(call: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        call()


def test_an_attention_of_one_half_at_the_start_is_said_so() -> None:
    setting = Setting(P=10**6, kappa_c=1.0, c_1=0.9, kappa_s=0.3, gamma=0.2)
    assert reduced.mae(setting, "global").half.log_t == -math.inf


def test_a_run_ends_at_the_given_time() -> None:
    limit = 20.0
    run = reduced.mae(LARGE, "local", log_t_max=limit)
    assert run.done is None
    assert run.log_t[-1] == pytest.approx(limit, abs=1e-9)
