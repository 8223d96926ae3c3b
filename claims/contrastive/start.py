"""Contrastive learning: the rates at Q = 0, where the global feature wins for either sign of Δ.

Sources: the direction of Theorem 4.4; constants and exponents are derived here. a_j = (1-γ)C_j/P.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive.ladders import (
    ALL_SHAPES,
    DIGITS,
    SHAPES,
    label,
    limit,
    on_ladder,
    power_law,
    rung,
)
from refutable.gap import Gap, at_most, identical
from refutable.model import enumeration, gradients, reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.prove.counterexample import FRACTIONS, counterexample


def log(number: Fraction) -> float:
    """Natural logarithm of a positive fraction of any size."""
    return math.log(number.numerator) - math.log(number.denominator)


def initial_global(setting: Setting) -> float:
    """Leading term of α_1(0), claimed."""
    m_1, m_2, m_3 = (setting.latents.moment(r) for r in (1, 2, 3))
    a_1 = (1 - setting.gamma) * (setting.C_1 / setting.P)
    scale = setting.contrastive.c_N / (setting.K * setting.P)
    return scale * a_1**2 * (m_3 - m_1 * m_2 / setting.K)


def initial_local(setting: Setting) -> float:
    """Leading term of α_m(0), claimed: the first summand leads for Δ < 0, the second for Δ > 0."""
    m_1, m_2, m_3 = (setting.latents.moment(r) for r in (1, 2, 3))
    visible = 1 - setting.gamma
    a_1, a_m = visible * (setting.C_1 / setting.P), visible * (setting.C_s / setting.P)
    scale = setting.contrastive.c_N / (setting.K * setting.P)
    spread = m_1 * (m_2 - m_1**2 / setting.K)
    return scale * a_m * (a_m * (m_3 - m_1 * m_2 / setting.K - visible * spread) - a_1**2 * spread)


def weights_bound(setting: Setting, size: int) -> Fraction:
    """Largest |α_j(0) - its value with equal softmax weights|, C_j = size, claimed.

    Similarities at Q = 0 lie in [0, σ], σ = U²Σ_i C_i²/P², so weights are off by e^{±σ/τ} at most.
    """
    P, U = setting.P, setting.latents.U
    squares = setting.C_1**2 + sum(number * C**2 for C, number in setting.local_kinds)
    sigma = U**2 * (squares / P**2)
    excess = math.expm1(sigma / setting.contrastive.tau)
    scale = Fraction(setting.contrastive.c_N * U**3) / (setting.K * P)
    share = Fraction(size, P)  # what is left at P = 1e100 is below the smallest double
    return scale * Fraction(excess) * share * (share + Fraction(squares, P**2))


def enumerated_rates(setting: Setting) -> tuple[float, float]:
    """α_1(0) and α_m(0) of cluster 0 by enumerating all views, masks, latents and negatives."""
    phi = np.zeros((1, setting.features))
    alpha, _, _ = gradients.contrastive(setting, enumeration.views(setting), phi)
    return float(alpha[0, 0]), float(alpha[0, 1])


def enumerable_settings(full: bool) -> Iterator[Setting]:
    """Small settings of which every contrastive batch with one negative can be laid out."""
    laws = (Latents.constant(1.0), Latents.two_point(0.5, 1.5))
    for K, gamma, law in ((1, 0.5, laws[1]), (2, 0.5, laws[0]), (2, 0.3, laws[1])):
        yield Setting.of_sizes(4, 2, 2, gamma=gamma, K=K, latents=law)
    yield Setting.of_sizes(5, 2, 1, gamma=0.4, K=2)
    if full:
        yield Setting.of_sizes(6, 3, 1, gamma=0.5, K=2)
        yield Setting.of_sizes(5, 2, 2, gamma=0.4, K=2, latents=laws[1])


def initial_laws() -> tuple[Setting, ...]:
    """Laws of the latents and numbers of clusters and negatives under which rates are taken."""
    base = rung(DIGITS[0], ALL_SHAPES[0])
    few = Contrastive(negatives=3, tau=0.5)
    return (
        base,
        base.replace(latents=Latents.two_point(0.5, 1.5), K=2, contrastive=few),
        base.replace(latents=Latents.two_point(0.5, 1.5), K=1),
    )


init_global = Claim(
    id="cl.init-global",
    title="At first the global feature grows",
    statement=(
        r"\alpha_{p\to v_{k,1}}(0) = c_N(1-\gamma)^2(C_1/P)^2(m_3-\mu m_2/K)/(KP)\,(1+o(1)) > "
        r"0\text{ for either sign of }\Delta\text{; exponent }2\kappa_c-3\text{ "
        r"(}\kappa_c<1\text{, and }K\ge2\text{ or random latents)}"
    ),
    provenance=Provenance.DERIVED,
    measured="the exact rate for equal softmax weights, with a bound of what other weights change",
    assumptions=(
        "zero initialisation",
        "uniform masking",
        "size separation κ_c > κ_s",
        "contrastive details",
    ),
    rests_on=("cl.gradient-feature", "mask.moments"),
)


def weights_are_equal(index: int, full: bool) -> Iterator[Gap]:
    """Enumerated rates agree with the exact ones as τ → ∞, and within the bound at any τ."""
    for setting in enumerable_settings(full):
        size = (setting.C_1, setting.C_s)[index]
        for tau_ in (0.5, 1e7):
            at = setting.replace(contrastive=Contrastive(tau=tau_, negatives=1))
            exact = float(enumeration.initial_cl_rates(at)[index])
            bound = weights_bound(at, size)
            yield at_most(
                f"P = {at.P}, K = {at.K}, {len(at.latents.values)} latents, τ = {tau_:g}: "
                "enumerated against equal weights",
                abs(enumerated_rates(at)[index] - exact),
                bound,
                1e-15,
                "the bound on unequal softmax weights, and rounding of numbers below 1",
            )


def weights_do_not_matter(
    context: Context,
    index: int,
    leading: Callable[[Setting], float],
    ladder: Sequence[Setting],
) -> Iterator[Gap]:
    """The bound on unequal weights over the rate's leading term falls as the largest similarity."""

    def log_share(setting: Setting) -> float:
        size = (setting.C_1, setting.C_s)[index]
        return log(weights_bound(setting, size) / Fraction(abs(leading(setting))))

    name = f"{label(ladder[0])}: unequal weights over the leading term, at most"
    yield from power_law(context, name, ladder, log_share, similarity_exponent(ladder[0]))


def similarity_exponent(setting: Setting) -> float:
    """Exponent of the largest similarity at Q = 0, (C_1/P)² + C_s/P, claimed; below 0."""
    return max(2 * (setting.kappa_c - 1), setting.kappa_s - 1)


@init_global.leg("exact")
def sign_of_the_global_rate(context: Context) -> Iterator[Gap | Case]:
    """Every batch enumerated, in floats, and exact fractions at P = 1e100."""
    yield Case(("enumerated",))
    yield from weights_are_equal(0, context.profile != "quick")
    for base in initial_laws():
        for sign, shapes in SHAPES.items():
            for shape in shapes:
                yield Case((sign,))
                top = on_ladder(base, shape)[-1]
                exact = enumeration.initial_cl_rates(top)[0]
                yield identical(
                    f"{label(top)}: sign of α_1(0) at P = 1e100",
                    (exact > 0) - (exact < 0),
                    1,
                    "exact fraction",
                )


@init_global.leg("scaling")
def global_rate_on_the_ladder(context: Context) -> Iterator[Gap]:
    """The exact rate against its power of P and its leading term."""
    for base in initial_laws():
        for shape in ALL_SHAPES:
            ladder = on_ladder(base, shape)
            name = f"{label(ladder[0])}: α_1(0)"
            exponent = global_exponent(ladder[0])
            yield from power_law(
                context,
                name,
                ladder,
                lambda s: log(abs(enumeration.initial_cl_rates(s)[0])),
                exponent,
            )
            yield from limit(
                context,
                f"{name} over its leading term",
                ladder,
                lambda s: float(enumeration.initial_cl_rates(s)[0]) / initial_global(s),
                1,
            )
            yield from weights_do_not_matter(context, 0, initial_global, ladder)


def global_exponent(setting: Setting) -> float:
    """Exponent of α_1(0), claimed."""
    return 2 * setting.kappa_c - 3


init_global.mistake(
    initial_global,
    "1-γ instead of (1-γ)²",
    lambda original: lambda s: original(s) / (1 - s.gamma),
)
init_global.mistake(
    global_exponent,
    "exponent off by 0.02",
    lambda original: lambda s: original(s) + 0.02,
)
init_global.mistake(
    similarity_exponent,
    "the similarity of local areas left out",
    lambda _: lambda s: 2 * (s.kappa_c - 1),
)
init_global.mistake(
    enumeration.exact_moment,
    "third moments taken for second ones",
    lambda original: lambda setting, r: original(setting, min(r, 2)),
)
init_global.tolerates(
    weights_bound,
    "a bound on what unequal weights change, from the largest similarity there can be",
)

# ------------------------------------------------------------------------- its refuted first form

first_init_global = Claim(
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


@first_init_global.leg(
    "exact",
    scope="six counterexamples",
    expects={
        "sign of α_1(0), *K = 1, independent views": "with one cluster and constant latents views "
        "and negatives are alike, so that the rate is 0: this is what refutes the statement"
    },
)
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
            certificate=counterexample(FRACTIONS, "α_1(0) > 0", **shown),
        )


first_init_global.mistake(
    "refutable.claims.contrastive.start.ONE_CLUSTER",
    "two clusters, independent views",
    lambda original: 2,
)
first_init_global.mistake(
    enumeration.initial_cl_rates,
    "rates of the other sign",
    lambda original: lambda setting: tuple(-rate for rate in original(setting)),
)

# ---------------------------------------------------------------------------------- local features

init_local = Claim(
    id="cl.init-local",
    title="At first local features move by the sign of the gap",
    statement=(
        r"\alpha_{p\to v_{k,m}}(0)\text{ has the sign of }-\Delta\text{ (large }P\text{); "
        r"exponent }2\kappa_c+\kappa_s-4\text{ for }\Delta>0\text{ and }2\kappa_s-3\text{ for "
        r"}\Delta<0"
    ),
    provenance=Provenance.DERIVED,
    measured=init_global.measured,
    assumptions=(*init_global.assumptions, "gap bounded away from 0"),
    rests_on=("cl.gradient-feature", "mask.moments"),
)


def local_exponent(setting: Setting) -> float:
    """Exponent of α_m(0), claimed."""
    kappa_c, kappa_s = setting.kappa_c, setting.kappa_s
    return 2 * kappa_c + kappa_s - 4 if setting.information_gap > 0 else 2 * kappa_s - 3


def local_sign(setting: Setting) -> int:
    """Sign of α_m(0), claimed."""
    return -1 if setting.information_gap > 0 else 1


@init_local.leg("exact")
def sign_of_a_local_rate(context: Context) -> Iterator[Gap | Case]:
    """Every batch enumerated, in floats, and exact fractions at P = 1e100."""
    yield Case(("enumerated",))
    yield from weights_are_equal(1, context.profile != "quick")
    for base in initial_laws():
        for sign, shapes in SHAPES.items():
            for shape in shapes:
                yield Case((sign,))
                top = on_ladder(base, shape)[-1]
                exact = enumeration.initial_cl_rates(top)[1]
                yield identical(
                    f"{label(top)}: sign of α_m(0) at P = 1e100",
                    (exact > 0) - (exact < 0),
                    local_sign(top),
                    "exact fraction",
                )


@init_local.leg("scaling")
def local_rate_on_the_ladder(context: Context) -> Iterator[Gap]:
    """The exact rate against its power of P and its leading term; the reduced rate beside it."""
    for base in initial_laws():
        for shape in ALL_SHAPES:
            ladder = on_ladder(base, shape)
            name = f"{label(ladder[0])}: |α_m(0)|"
            yield from power_law(
                context,
                name,
                ladder,
                lambda s: log(abs(enumeration.initial_cl_rates(s)[1])),
                local_exponent(ladder[0]),
            )
            yield from limit(
                context,
                f"{name} over its leading term",
                ladder,
                lambda s: float(enumeration.initial_cl_rates(s)[1]) / initial_local(s),
                1,
            )
            yield from weights_do_not_matter(context, 1, initial_local, ladder)
            yield from limit(
                context,
                f"{name} in the reduced dynamics",
                ladder,
                lambda s: reduced.cl_rates(s).alpha_other / initial_local(s),
                1,
            )


init_local.mistake(
    local_sign,
    "the sign of the gap instead of its opposite",
    lambda original: lambda s: -original(s),
)
init_local.mistake(
    local_exponent,
    "exponents of the two regimes exchanged",
    lambda original: (
        lambda s: 2 * s.kappa_s - 3 if s.information_gap > 0 else 2 * s.kappa_c + s.kappa_s - 4
    ),
)
init_local.mistake(
    enumeration.exact_moment,
    "third moments taken for second ones",
    lambda original: lambda setting, r: original(setting, min(r, 2)),
)
init_local.tolerates(
    weights_bound,
    "a bound on what unequal weights change, from the largest similarity there can be",
)

# --------------------------------------------------------------------------------------- dominance

init_dominance = Claim(
    id="cl.init-dominance",
    title="At first the global feature wins, whatever the gap",
    statement=(
        r"|\alpha_m(0)/\alpha_1(0)|\text{ has exponent }\max(\kappa_s-1,\,2(\kappa_s-\kappa_c)) < "
        r"0"
    ),
    provenance=Provenance.DERIVED,
    assumptions=init_local.assumptions,
    rests_on=("cl.init-global", "cl.init-local"),
)


def dominance_exponent(setting: Setting) -> float:
    """Exponent of |α_m(0)/α_1(0)|, claimed."""
    return max(setting.kappa_s - 1, 2 * (setting.kappa_s - setting.kappa_c))


def log_dominance(setting: Setting) -> float:
    """Logarithm of |α_m(0)/α_1(0)|, exact."""
    global_, local = enumeration.initial_cl_rates(setting)
    return log(abs(local / global_))


@init_dominance.leg("scaling", require=tuple(SHAPES))
def ratio_of_rates_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The exact ratio of the two rates against its power of P."""
    for sign, shapes in SHAPES.items():
        for shape in shapes:
            yield Case((sign,))
            ladder = on_ladder(initial_laws()[1], shape)
            name = f"{label(ladder[0])}: |α_m(0)|/α_1(0)"
            exponent = dominance_exponent(ladder[0])
            yield from power_law(context, name, ladder, log_dominance, exponent)


init_dominance.mistake(
    dominance_exponent,
    "the smaller exponent instead of the larger",
    lambda original: lambda s: min(s.kappa_s - 1, 2 * (s.kappa_s - s.kappa_c)),
)
init_dominance.mistake(
    enumeration.initial_cl_rates,
    "local areas taken for the global one",
    lambda original: lambda setting: original(setting)[:1] * 2,
)

CLAIMS = (init_global, first_init_global, init_local, init_dominance)
