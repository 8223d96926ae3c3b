"""Refuted: statements as they were first made, each with a witness that shows it to be false.

A claim of this chapter says that the first form of another claim is wrong. Its legs check that the
witness meets the assumptions and breaks the statement, in fractions or in ball arithmetic, so the
refutation is proved; the corrected statement stands under the other claim's id.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import sympy as sp

from refutable.certificate import Certificate
from refutable.claim import Claim, Context, Provenance, Undecided
from refutable.claims.data import masks
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae import loss
from refutable.claims.mae.initial_rates import Growing, Sizes
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import enumeration, gradients, reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.prove import limits

FRACTIONS = "exact fractions"
BALLS = f"ball arithmetic, python-flint {flint.__version__}"


def witness(by: str, refuted: str, **values: object) -> Certificate:
    """What refutes a statement: the point, and how it was evaluated."""
    shown = {name: str(value) for name, value in values.items()}
    return Certificate(by=by, negated=refuted, variables=shown)


@contextmanager
def precise() -> Iterator[None]:
    """Balls with 200 bits, enough for numbers that cancel to 1e-40."""
    before, flint.ctx.prec = flint.ctx.prec, 200
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(number: Fraction | float | int) -> flint.arb:
    """The number, floats read as the decimals that were written."""
    exact = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
    return flint.arb(flint.fmpq(exact.numerator, exact.denominator))


# ------------------------------------------------------------------------------------------- masks

concentration = Claim(
    id="mask.concentration.original",
    original_of="mask.concentration",
    title="Refuted: visible patches concentrate around (1-γ)C_j",
    statement=r"\text{false: }\Pr\big(\big||\mathcal U\cap\mathcal P_j|-(1-\gamma)C_j\big|"
    r"\ge\delta C_j\big)\le 2e^{-2\delta^2C_j}\text{ for every }P,\gamma,C_j,\delta>0",
    measured="P = 3, γ = 0.99, C_j = 1, δ = 0.99: two patches are masked, and one in three masks "
    "shows the patch",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
)

THREE = Setting.of_sizes(3, 1, 1, gamma=0.99)
"""γP = 2.97 is no whole number: ⌊γP⌋ = 2 are masked, 1/3 and not 1/100 of the patches visible."""


def first_centre(setting: Setting, size: int) -> Fraction:
    """(1-γ)C_j, which the mean is only when γP is whole."""
    return (1 - Fraction(repr(setting.gamma))) * size


@concentration.leg("exact")
def a_third_of_the_masks_deviate(context: Context) -> Iterator[Gap]:
    """Every mask of three patches."""
    visible = enumeration.masks(THREE)[:, THREE.area_of[0] == 0].sum(axis=1)
    deviations = [abs(Fraction(int(n)) - first_centre(THREE, THREE.C_1)) for n in visible]
    delta = max(deviations)
    tail = Fraction(sum(d >= delta for d in deviations), len(deviations))
    bound = math.exp(masks.log_hoeffding(delta / THREE.C_1, THREE.C_1))
    yield identical("δ > 0", delta > 0, True, "as the statement asks")
    yield at_least(
        "Pr(deviation ≥ δC_j)",
        float(tail),
        bound,
        0,
        "above the bound by 0.05, where rounding is some 1e-16",
        certificate=witness(
            FRACTIONS,
            "the bound around (1-γ)C_j",
            P=3,
            gamma="99/100",
            M=THREE.M,
            C_j=1,
            delta=delta,
        ),
    )


concentration.mistake(
    first_centre,
    "deviations from the mean",
    lambda original: lambda s, size: masks.expected_visible(s.P, s.M, size),
)
concentration.mistake(
    masks.log_hoeffding,
    "half the exponent",
    lambda original: lambda delta, C: math.log(2) - float(delta * delta) * C,
)

# --------------------------------------------------------------------------------------- lemma 5.1

lemma_other = Claim(
    id="lemma5.1.other.original",
    original_of="lemma5.1.other",
    title="Refuted: a further area's rate is A_m(A_1² - A_n(1-A_n)) without γA_m",
    statement=r"\text{false: }m\notin\{1,n\}:\ \alpha_{p\to v_m}\big/z^3\,\mathbb E\big["
    r"A_m\big(A_1^2\mathbf 1\{n\ne 1\}-A_n(1-A_n)\big)\big]\to 1",
    measured="at Q = 0 and Δ < 0, where the ratio tends to 1 + γ for all exponents",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "gap bounded away from 0"),
)


def first_formula(sizes: Sizes) -> Any:
    """The expectation of A_m(A_1² - A_n(1-A_n)) over masks at Q = 0, times Pr(p ∈ ℳ, k)."""
    C_1, C_s, P = sizes.C_1, sizes.C_s, sizes.P
    with_own = C_s * (C_s - 1) * rates.together(sizes, 2) / P**2
    without = rates.mixed(sizes, C_s, C_1) - with_own + rates.mixed(sizes, C_s, C_s - 1)
    return rates.chance(sizes) * without


def ratio_at_start(gamma: Any) -> Any:
    """What the ratio tends to."""
    return 1 + gamma


@lemma_other.leg("symbolic")
def ratio_tends_to_more(context: Context) -> Iterator[Gap | Undecided]:
    """Every allowed exponent with Δ < 0 at once, constant latents z."""
    z = sp.Symbol("z", positive=True)
    sizes = Growing(-1, moments=(z, z**2, z**3))
    yield from limits.limit(
        "exact rate over the formula, Δ < 0",
        rates.local_rate(sizes, 1) / (z**3 * first_formula(sizes)),
        ratio_at_start(sizes.gamma),
        lambda corner: 0,
        sizes.growth,
        "sizes are symbols that grow as powers of P, not rounded",
    )


@lemma_other.leg("exact")
def ratio_is_not_one(context: Context) -> Iterator[Gap]:
    """Fractions at P = 1e100."""
    s = Setting(
        P=10**100, kappa_c=0.6, kappa_s=0.4, gamma=0.75, latents=Latents.constant(1.5)
    )  # fmt: skip
    rate = enumeration.initial_rates(s, 1).other
    assert rate is not None  # there are further local areas
    ratio = rate / (Fraction(3, 2) ** 3 * first_formula(s))
    yield equal(
        "exact rate over the formula, P = 1e100",
        ratio,
        ratio_at_start(s.gamma),
        1e-15,
        "what is left out is P^Δ = 1e-20 relative to it; two roundings of numbers near 2",
        certificate=witness(
            FRACTIONS, "the ratio tends to 1", P=1e100, kappa_c=0.6, kappa_s=0.4, gamma=0.75, z=1.5
        ),
    )


lemma_other.mistake(
    first_formula,
    "with γA_m",
    lambda original: (
        lambda sizes: (
            original(sizes)
            - rates.chance(sizes)
            * rates.square(sizes, sizes.C_s)
            * (sizes.gamma if isinstance(sizes, Growing) else Fraction(repr(sizes.gamma)))
        )
    ),
)
lemma_other.mistake(
    ratio_at_start,
    "the ratio taken for 1",
    lambda original: lambda gamma: 1,
)

# ----------------------------------------------------------------------------------------- the loss

lower_bound = Claim(
    id="loss.lower-bound.original",
    original_of="loss.lower-bound",
    title="Refuted: a large Φ_n alone approaches the infimum of the loss",
    statement=r"\text{false: }\Phi_{p\to v_n}\to\infty,\ \text{all else }0\implies L_p\to L^*_p",
    measured="P = 6 with areas of 3, 1, 1, 1 and half the patches masked: masks that hide the own "
    "area leave attention on the others, whatever Φ_n is",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "latents bounded away from 0"),
)
HIDDEN = Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(1.5))
"""Every area can be masked whole."""


def others_weight(weight: Fraction) -> Fraction:
    """The weight of a visible key of another area while own keys have this one: e^0."""
    return Fraction(1)


@lower_bound.leg("exact")
def the_loss_stays_above(context: Context) -> Iterator[Gap]:
    """Fractions over every mask, own keys of weight up to 1e30."""
    for p in (0, HIDDEN.P - 1):
        best = loss.infimum(HIDDEN, p)
        stays = excess_without_own(HIDDEN, p)
        excess = [
            loss.exact_loss(HIDDEN, p, own=w, other=others_weight(w)) - best
            for w in (Fraction(10) ** e for e in (0, 1, 3, 10, 30))
        ]
        at = f"patch {p}, area of {int(HIDDEN.area_sizes[HIDDEN.area_of[0, p]])}"
        yield identical(f"what hidden masks leave is positive, {at}", stays > 0, True, FRACTIONS)
        yield identical(
            f"L_p - L*_p is at least that at every own weight, {at}",
            all(e >= stays for e in excess),
            True,
            "the own weight does not occur on masks that hide the own area; others only add",
            certificate=witness(
                FRACTIONS, "L_p tends to L*_p", P=6, areas="3, 1, 1, 1", M=3, p=p, excess=stays
            ),
        )


def excess_without_own(setting: Setting, query: int) -> Fraction:
    """½Σz_m²A_m² on masks that hide the own area, with equal weights: A_m = visible/P."""
    visible = enumeration.masks(setting, masked=query)
    area = setting.area_of[0]
    hidden = visible[~visible[:, area == area[query]].any(axis=1)]
    counts = hidden.astype(int) @ np.eye(setting.areas, dtype=int)[area]
    squares = Fraction(int((counts**2).sum()), setting.P**2 * len(visible))
    return Fraction(setting.M, setting.P) * Fraction(setting.latents.L) ** 2 / 2 * squares


lower_bound.mistake(
    others_weight,
    "other areas are suppressed, too",
    lambda original: lambda weight: 1 / weight,
)
lower_bound.mistake(
    "refutable.claims.refuted.HIDDEN",
    "no area can be hidden",
    lambda original: Setting.of_sizes(6, 3, 3, gamma=0.34, latents=Latents.constant(1.5)),
)

# ------------------------------------------------------------------- clusters that cross

CROSSED = Setting.of_sizes(6, 2, 2, gamma=0.5, K=2)
"""Two clusters of three areas of two patches, the second moved by half the patches."""
SHARED = CROSSED.replace(shared_partition=True)
STEPS = 3
"""Gradient steps of size 1: one leaves rates equal, the second already feels Υ."""


def descended(setting: Setting, query: int) -> list[list[flint.arb]]:
    """Φ_{p→v_{k,j}} of one query after STEPS steps from Q = 0, (K, N) balls: every mask, z = 1."""
    visible = enumeration.masks(setting, masked=query)
    chance = ball(Fraction(setting.M, setting.P * setting.K * len(visible)))
    phi = [[flint.arb(0)] * setting.areas for _ in range(setting.K)]
    upsilon = [flint.arb(0)] * setting.P
    for _ in range(STEPS):
        alpha = [list(row) for row in phi]
        beta = list(upsilon)
        for k, area in enumerate(setting.area_of.tolist()):
            z = np.array([flint.arb(1)] * setting.areas, dtype=object)
            own = np.array(area[query])
            for seen in visible.tolist():
                scores = [
                    y + phi[k][j] if shown else y
                    for y, j, shown in zip(upsilon, area, seen, strict=True)
                ]
                weights = [score.exp() for score in scores]
                attention = [weight / sum(weights, flint.arb(0)) for weight in weights]
                A = np.array([flint.arb(0)] * setting.areas, dtype=object)
                for a, j, shown in zip(attention, area, seen, strict=True):
                    A[j] += a if shown else 0
                per_area = gradients.feature_integrand(A, z, own)
                pull = gradients.position_integrand(A, z, own)
                h = gradients.residual(A, z, own)
                for j in range(setting.areas):
                    alpha[k][j] += chance * per_area[j]
                for q, (a, j, shown) in enumerate(zip(attention, area, seen, strict=True)):
                    beta[q] += chance * a * (pull[j] if shown else h)
        phi, upsilon = alpha, beta
    return phi


lumping = Claim(
    id="grad.lumping.original",
    original_of="grad.lumping",
    title="Refuted: areas of equal size move together for any clusters",
    statement=r"\text{false: }\Phi^{(t)}_{p\to v_m}=\Phi^{(t)}_{p\to v_{m'}}\text{ for all }t"
    r"\text{ if }C_m=C_{m'},\ m,m'\ne n,\text{ for every }K\text{ and all partitions}",
    measured="K = 2, P = 6, areas of two patches that cross, population gradient descent with "
    "step 1, three steps",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
)


@lumping.leg("exact")
def alike_areas_part(context: Context) -> Iterator[Gap]:
    """Every mask, in balls; with one shared partition the balls overlap as they must."""
    with precise():
        for setting, name, expected in (
            (CROSSED, "partitions that cross", False),
            (SHARED, "one shared partition", True),
        ):
            one, other = descended(setting, 0)[0][1:]
            yield identical(
                f"the balls of Φ_2 and Φ_3 overlap, {name}",
                one.overlaps(other),
                expected,
                "equal numbers lie in overlapping balls",
                certificate=witness(
                    BALLS, "Φ_2 = Φ_3", P=6, K=2, C_j=2, M=3, p=0, steps=STEPS,
                    Phi_2=one.str(12), Phi_3=other.str(12),
                ),
            )  # fmt: skip


lumping.mistake(
    "refutable.claims.refuted.CROSSED",
    "the clusters share their partition",
    lambda original: original.replace(shared_partition=True),
)
lumping.mistake("refutable.claims.refuted.STEPS", "a single step", lambda original: 1)

placement = Claim(
    id="grad.placement.original",
    original_of="grad.placement",
    title="Refuted: where each cluster's areas lie plays no part",
    statement=r"\text{false: }\Phi^{(t)}_{p\to v_n}\text{ is the same for every placement of each "
    r"cluster's areas}",
    measured="K = 2, P = 6, areas of two patches: the second cluster's areas on those of the "
    "first, or moved by half the patches; population gradient descent with step 1, three steps",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "population gradient"),
)


@placement.leg("exact")
def own_correlations_differ(context: Context) -> Iterator[Gap]:
    """Every mask, in balls; the first cluster lies the same in both."""
    with precise():
        same = (CROSSED.area_of[0] == SHARED.area_of[0]).all()
        yield identical("the first cluster is placed alike", bool(same), True, "by construction")
        crossed, shared = (descended(setting, 0)[0][0] for setting in (CROSSED, SHARED))
        yield identical(
            "the balls of Φ_n overlap",
            crossed.overlaps(shared),
            False,
            "equal numbers lie in overlapping balls",
            certificate=witness(
                BALLS, "Φ_n does not depend on the placement", P=6, K=2, C_j=2, M=3, p=0,
                steps=STEPS, crossed=crossed.str(12), shared=shared.str(12),
            ),
        )  # fmt: skip


placement.mistake(
    "refutable.claims.refuted.CROSSED",
    "the second placement is the first",
    lambda original: original.replace(shared_partition=True),
)
placement.mistake("refutable.claims.refuted.STEPS", "a single step", lambda original: 1)

# --------------------------------------------------------------------------- contrastive learning

init_global = Claim(
    id="cl.init-global.original",
    original_of="cl.init-global",
    title="Refuted: under contrastive learning the global feature grows at first for every K",
    statement=r"\text{false: }\alpha_{p\to v_{k,1}}(0)>0\text{ for every }K\text{, law of the "
    r"latents and reading of the views}",
    measured="equal softmax weights (τ → ∞): K = 1 with constant latents, where the rate is 0 for "
    "independent views and negative for complementary ones; K = 2, γ = 1/5 and complementary views",
    provenance=Provenance.DERIVED,
    assumptions=("zero initialisation", "uniform masking", "contrastive details"),
)
SPLIT_VIEWS = Contrastive(views="complementary", negatives=4)
ONE_CLUSTER = 1


def stagnant() -> Iterator[tuple[Setting, int]]:
    """Settings with the sign of α_1(0)."""
    for P, C_1, C_s in ((8, 3, 1), (10**100, 10**90, 10**30)):
        base = Setting.of_sizes(P, C_1, C_s, kappa_c=0.9, kappa_s=0.3, gamma=0.5, K=ONE_CLUSTER)
        yield base, 0
        yield base.replace(contrastive=SPLIT_VIEWS), -1
        yield base.replace(K=2, gamma=0.2, contrastive=SPLIT_VIEWS), -1


@init_global.leg("exact")
def the_rate_is_not_positive(context: Context) -> Iterator[Gap]:
    """Exact fractions at P = 8 and P = 1e100."""
    for s, sign in stagnant():
        rate = enumeration.initial_cl_rates(s)[0]
        views = s.contrastive.views
        shown = {"P": f"{s.P:.0e}", "K": s.K, "gamma": s.gamma, "views": views, "z": 1}
        yield identical(
            f"sign of α_1(0), P = {s.P:.0e}, K = {s.K}, {views} views",
            (rate > 0) - (rate < 0),
            sign,
            "an exact fraction",
            certificate=witness(FRACTIONS, "α_1(0) > 0", **shown),
        )


init_global.mistake(
    "refutable.claims.refuted.ONE_CLUSTER", "two clusters, independent views", lambda original: 2
)
init_global.mistake(
    enumeration.initial_cl_rates,
    "rates of the other sign",
    lambda original: lambda setting: tuple(-rate for rate in original(setting)),
)

threshold = Claim(
    id="cl.cluster-threshold.original",
    original_of="cl.cluster-threshold",
    title="Refuted: more than 2μ/L clusters are enough for every law of the latents (τ → ∞)",
    statement=r"\text{false: }\tau,N_c\to\infty,\ K>2\mu/L\implies\text{ all samples collapse as }"
    r"P\to\infty\text{, whatever the law on }[L,U]",
    measured="latents 1/2 or 3/2 (2μ/L = 4) and K = 16, 64, 256: in the reduced dynamics α_1 < 0 "
    "at Φ_1 = ¾·(1-κ_c)log P/L, which Φ_1 therefore never passes, and where samples of the smaller "
    "latent hardly attend to the global area",
    provenance=Provenance.DERIVED,
    assumptions=("latents bounded away from 0", "contrastive details"),
)
LAW = (0.5, 1.5)
ENOUGH = (16, 64, 256)
STOP = Fraction(3, 2)
"""Φ_1 over log(P/C_1): between 1/U and 1/L, beyond 2/(L+U) where the rate changes sign."""


def crowded(K: int) -> Setting:
    """P = 1e100, latents L or U with equal chances, N_c → ∞ and a τ beyond all similarities."""
    details = Contrastive(tau=1e12, negatives=math.inf)
    law = Latents.two_point(*LAW)
    return Setting(
        P=10**100, kappa_c=0.6, kappa_s=0.2, K=K, latents=law, contrastive=details
    )  # fmt: skip


def rate_in_balls(setting: Setting, phi: flint.arb) -> tuple[flint.arb, flint.arb]:
    """dΦ_1/dt of the reduced dynamics at Φ_m = 0 with equal softmax weights, and A_1 for z = L."""
    P, gamma, K = ball(setting.P), ball(setting.gamma), ball(setting.K)
    z = [ball(value) for value in setting.latents.values]
    odds = [(1 - gamma) * setting.C_1 / P * (value * phi).exp() for value in z]
    D = [o + (1 - gamma) * (1 - setting.C_1 / P) + gamma for o in odds]
    A = [o / d for o, d in zip(odds, D, strict=True)]

    def mean(values: list[flint.arb]) -> flint.arb:
        return sum(values, flint.arb(0)) / len(values)

    m_1, m_2 = mean(z), mean([value**2 for value in z])
    V = mean([1 / d for d in D]) / K
    same = negatives_pull(mean([value * a for value, a in zip(z, A, strict=True)]), K)
    a = (1 - gamma) * setting.C_s / P
    n = (P - setting.C_1) / setting.C_s
    terms = []
    for value, d, attention in zip(z, D, A, strict=True):
        g_1 = value * attention - same
        S_m = n * a**2 * (m_2 / d**2 - m_1**2 * V / d)
        terms.append(value * attention * ((1 - attention) * value * g_1 - S_m))
    return mean(terms) / (K * P), A[0]


def negatives_pull(mean: flint.arb, K: flint.arb) -> flint.arb:
    """E Σ_{same cluster} w_s z′A′ for equal weights: one negative in K is of the own cluster."""
    return mean / K


@threshold.leg("exact")
def growth_stops_half_way(context: Context) -> Iterator[Gap]:
    """The sign of the reduced rate in balls; the model's rate beside it."""
    with precise():
        for K in ENOUGH:
            s = crowded(K)
            phi = ball(STOP) * (ball(s.P) / s.C_1).log()
            rate, attention = rate_in_balls(s, phi)
            least = 2 * s.latents.moment(1) / s.latents.L
            shown = {"P": 1e100, "K": K, "z": f"{LAW[0]} or {LAW[1]}", "Phi_1": phi.str(8)}
            yield at_most(f"2μ/L over K, K = {K}", least / K, 1, 0, "as the statement asks")
            yield identical(
                f"α_1 < 0 before all samples collapse, K = {K}",
                rate < 0,
                True,
                "the whole ball is negative",
                certificate=witness(BALLS, "all samples collapse", **shown, rate=rate.str(8)),
            )
            yield at_most(
                f"A_1 of samples with the smaller latent, K = {K}",
                float(attention.upper()),
                0.01,
                0,
                "(1-γ)P^{-(1-κ_c)/4} = 5e-11: they have not collapsed",
            )
            measured = reduced.cl_rates(s, phi_global=float(phi)).alpha_global
            yield equal(
                f"the model's rate over the ball's, K = {K}",
                measured / float(rate),
                1,
                1e-9,
                "float64: a rounding of Φ_1 ≈ 138 moves e^{zΦ_1} by some 1e-14, K-fold at most",
            )


threshold.mistake(
    "refutable.claims.refuted.LAW", "latents that are constant", lambda original: (0.999, 1.0)
)
threshold.mistake(
    negatives_pull,
    "negatives do not pull",
    lambda original: lambda mean, K: 0 * mean,
)

concentration.tolerates(first_centre, "about any centre but the mean the statement is false")
lower_bound.tolerates(excess_without_own, "the loss stays above it, and above what is less")
lower_bound.tolerates(
    others_weight,
    "with heavier keys of other areas the loss is higher still",
)

CLAIMS = (
    concentration,
    lemma_other,
    lower_bound,
    lumping,
    placement,
    init_global,
    threshold,
)
