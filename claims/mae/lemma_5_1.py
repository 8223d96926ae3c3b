"""Lemma 5.1: the rates' approximations, with what they leave out, along training.

The integrands are those of `signs`, on one sample (`one_sample`).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae import signs, sizes
from refutable.claims.mae.along_training import (
    CLUSTERS,
    GAMMA,
    HIGH,
    LATENT,
    LOCAL_REGIMES,
    LOW,
    REGIMES,
    Along,
    Ladder,
    deviations,
    setting_at,
)
from refutable.claims.mae.initial_rates import Growing, Sizes
from refutable.claims.mae.one_sample import (
    A_1,
    ANY_AREAS,
    CONSTANT,
    A_m,
    A_n,
    Named,
    S,
    W,
    any_attention,
    tied_to_model,
    top,
    z,
)
from refutable.gap import Gap, equal
from refutable.model import enumeration, gradients, reduced
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import Series
from refutable.prove import limits
from refutable.prove.counterexample import FRACTIONS, counterexample
from refutable.prove.inequality import consistent, proved

MODEL = assumptions.MODEL
STATED_IN = ("refutable.claims.mae.signs", "refutable.claims.mae.sizes")
"""Where else parts of the statements are."""
TRAINING = (
    *MODEL,
    "latents bounded away from 0",
    "zero initialisation",
    "uniform masking",
    "size separation κ_c > κ_s",
    "population gradient",
    "plain gradient descent",
    "small step",
)


lemma_own = Claim(
    id="lemma5.1.own",
    title="Lemma 5.1: the own rate is A_n(1-A_n)²",
    statement=r"\alpha_{p\to v_n}\approx z^3\,\mathbb E\big[A_n(1-A_n)^2\big]",
    measured="constant latents; the largest |α_n/approximation - 1| over the trajectory from t = 0 "
    "to a loss gap of 1e-3, and the power of P with which it falls",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.own", "size.own"),
)


def own_approximation(A_n: Any) -> Any:
    """α_n over z³."""
    return A_n * (1 - A_n) ** 2


def own_error_exponent(ladder: Ladder) -> float:
    """The error is ΣA_m²/(1-A_n)² over m ≠ n: the global area's A_1², the locals' ΣA_m² ≈ A_m."""
    local = ladder.kappa_s - 1
    return max(2 * (ladder.kappa_c - 1), local) if ladder.query == "local" else local


def own_case() -> list[Relational]:
    """All that is told of an attention vector, whatever the query."""
    return [*any_attention(A_n), *CONSTANT]


@lemma_own.leg("smt")
def own_approximation_errs_by_the_other_areas(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_n·ΣA_m² ≤ z³A_n(1-A_n)·max A_m."""
    told = own_case()
    error = signs.own_integrand(A_n, z, S) - z**3 * own_approximation(A_n)
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from below", told, error >= 0, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_n * (1 - A_n) * top, ANY_AREAS)


@lemma_own.leg("property")
def own_case_holds_of_the_model(context: Context) -> Evidence:
    """What was told holds of every attention vector, and the rate is the model's."""
    pairs = {"own integrand": (signs.own_integrand(A_n, z, S), gradients.own_integrand)}
    points = assumptions.attentions(constant=True)
    return tied_to_model(context, points, Named(), own_case(), pairs)


@lemma_own.leg("scaling", require=REGIMES)
def own_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap, both kinds of query."""
    yield from deviations(
        (
            Ladder("local", 0.9, 0.3, scaling.rungs(25, 50, 6)),
            Ladder("local", 0.55, 0.5, LOW),
            Ladder("global", 0.75, 0.5, LOW),
        ),
        lambda run: run.own / own_approximation(run.A_n) - 1,
        own_error_exponent,
    )


lemma_own.mistake(
    own_approximation,
    "first power of 1 - A_n",
    lambda original: lambda A_n: A_n * (1 - A_n),
)
lemma_own.mistake(
    own_case,
    "asked only where the own area has little attention",
    lambda original: lambda: [*original(), A_n <= sp.Rational(1, 4)],
)
lemma_own.mistake(
    own_error_exponent,
    "error of the global area's first power",
    lambda original: lambda ladder: ladder.kappa_c - 1,
)


lemma_global = Claim(
    id="lemma5.1.global",
    title="Lemma 5.1: the global rate of a local query is -A_1(A_1 + A_n(1-A_n))",
    statement=r"n\ne 1:\quad\alpha_{p\to v_1}\approx"
    r"-z^3\,\mathbb E\big[A_1\big(A_1+A_n(1-A_n)\big)\big]",
    measured="constant latents; the largest |α_1/approximation - 1| over the trajectory from t = 0 "
    "to a loss gap of 1e-3, and the power of P with which it falls",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.other", "size.global"),
)


def global_approximation(A_1: Any, A_n: Any) -> Any:
    """α_1 over z³."""
    return -A_1 * (A_1 + A_n * (1 - A_n))


def global_error_exponent(ladder: Ladder) -> float:
    """The error is (A_1² + ΣA_m²)/(A_1 + ...): A_1 itself, and the locals' ΣA_m² ≈ A_m over A_1."""
    return max(ladder.kappa_c - 1, ladder.kappa_s - ladder.kappa_c)


def global_case() -> list[Relational]:
    """All that is told of a local query's attention vector; biggest is z²·max A_m over m ≠ n."""
    named = [*any_attention(A_n, A_1), *CONSTANT]
    return [*named, sizes.biggest >= top, sizes.biggest >= z**2 * A_1]


def global_rate() -> sp.Expr:
    """α_1 on a sample."""
    return signs.other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)


@lemma_global.leg("smt")
def global_approximation_errs_by_squares(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_1·Σ_{m≠n}A_m² ≤ z³A_1(1-A_n)·max_{m≠n}A_m."""
    told, rate = global_case(), global_rate()
    error = rate - z**3 * global_approximation(A_1, A_n)
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from below", told, error >= 0, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_1 * (1 - A_n) * sizes.biggest, ANY_AREAS)


@lemma_global.leg("property")
def global_case_holds_of_the_model(context: Context) -> Evidence:
    """What was told holds of every attention vector of a local query; the rate is the model's."""
    pairs = {"global integrand": (global_rate(), signs.global_of_model)}
    points = assumptions.attentions(local_query=True, constant=True)
    also = {sizes.biggest: sp.Max(top, z**2 * A_1)}
    return tied_to_model(context, points, Named(global_=True), global_case(), pairs, also=also)


@lemma_global.leg("scaling", require=LOCAL_REGIMES)
def global_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap."""
    yield from deviations(
        (Ladder("local", 0.9, 0.3, HIGH), Ladder("local", 0.55, 0.5, HIGH)),
        lambda run: run.global_ / global_approximation(run.A_1, run.A_n) - 1,
        global_error_exponent,
    )


lemma_global.mistake(
    global_approximation,
    "without the own area's share",
    lambda original: lambda A_1, A_n: -(A_1**2),
)
lemma_global.mistake(
    global_case,
    "asked only where the global area has little attention",
    lambda original: lambda: [*original(), sp.Rational(1, 4) >= A_1],
)
lemma_global.mistake(
    global_error_exponent,
    "error without the local areas",
    lambda original: lambda ladder: ladder.kappa_c - 1,
)


lemma_other = Claim(
    id="lemma5.1.other",
    title="Lemma 5.1: any further area's rate is A_m(A_1² - A_n(1-A_n)), up to γA_m²",
    statement=r"m\notin\{1,n\}:\quad\alpha_{p\to v_m}\approx z^3\,\mathbb E\big["
    r"A_m\big(A_1^2\mathbf 1\{n\ne 1\}-A_n(1-A_n)-\gamma A_m\big)\big]",
    measured="constant latents; the difference relative to A_m(A_1² + A_n(1-A_n) + γA_m), since "
    "the approximation crosses zero near T_1: its largest value over the trajectory from t = 0 to "
    "a loss gap of 1e-3, and the power of P with which it falls. Without γA_m the formula stays "
    "off by the share γ while A_n ≈ A_m, as at t = 0 for Δ < 0",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.other", "size.other"),
)


def other_approximation(A_m: Any, A_1: Any, A_n: Any, gamma: Any) -> tuple[Any, Any]:
    """What pushes α_m up and what pulls it down, over z³A_m; A_1 = 0 for a global query."""
    return A_1**2, A_n * (1 - A_n) + gamma * A_m


def other_error_exponent(ladder: Ladder) -> float:
    """The error is A_m·(ΣA_l - (1-γ)) over l ∉ {1,n}, where ΣA_l = (1-γ)(1 - C_1/P) at t = 0.

    For a local query it is compared with A_n of the order of A_m, which leaves C_1/P; for a global
    query with A_1 of the order of C_1/P, which leaves A_m.
    """
    return ladder.kappa_c - 1 if ladder.query == "local" else ladder.kappa_s - 1


gamma = sp.Symbol("gamma", real=True)
QUERIES = ("local", "global")


def other_case(query: str) -> tuple[list[Relational], sp.Expr]:
    """All that is told of a query's attention vector and of γ, and α_m on a sample."""
    told, rate = next((told, rate) for name, told, rate, _ in sizes.other_cases() if name == query)
    return [*told, *sizes.largest_of_all(sizes.biggest), gamma >= 0, gamma <= 1], rate


@lemma_other.leg("smt")
def other_approximation_errs_by_squares(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_m(ΣA_l² - (1-γ)A_m), whatever γ: of order max A_l at most."""
    for query in QUERIES:
        A_global = A_1 if query == "local" else sp.Integer(0)
        told, rate = other_case(query)
        up, down = other_approximation(A_m, A_global, A_n, gamma)
        error = rate - z**3 * A_m * (up - down)
        kept = (1 - gamma) * z**2 * A_m
        left = 1 - A_global - A_n
        yield from consistent(f"there are such attention vectors, {query}", told, ANY_AREAS)
        yield from proved(f"from below, {query}", told, error >= -z * A_m * kept, ANY_AREAS)
        above = error <= z * A_m * (left * sizes.biggest - kept)
        yield from proved(f"from above, {query}", told, above, ANY_AREAS)


@lemma_other.leg("property")
def other_case_holds_of_the_model(context: Context) -> Iterator[Evidence]:
    """What was told holds of every attention vector, γ being any share; the rate is the model's."""
    for query in QUERIES:
        told, rate = other_case(query)
        local = query == "local"
        named = Named(global_=local, other=True)
        points = assumptions.attentions(local_query=local, constant=True, others=int(local))
        seen = W + A_n + A_m + (A_1 if local else 0)
        also = {sizes.biggest: sp.Max(top, z**2 * A_m), gamma: 1 - seen}
        pairs = {"rate": (rate, sizes.last_of_model)}
        yield tied_to_model(context, points, named, told, pairs, (f"{query} query",), also)


def other_deviation(run: Along, gamma: float) -> Series:
    """The error of the approximation over its modulus, which does not cross zero as it does."""
    up, down = other_approximation(run.A_m, run.A_1, run.A_n, gamma)
    return (run.other / run.A_m - (up - down)) / (up + down)


@lemma_other.leg("scaling", require=dict.fromkeys(REGIMES, "largest deviation, *"))
def other_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap, both kinds of query; and what happens without γA_m."""
    yield from deviations(
        (
            Ladder("local", 0.9, 0.3, HIGH),
            Ladder("local", 0.55, 0.3, LOW),
            Ladder("global", 0.75, 0.5, LOW),
        ),
        lambda run: other_deviation(run, GAMMA),
        other_error_exponent,
    )
    s = setting_at(0.55, 0.3, 100)
    start = reduced.mae_rates(s, "local")
    size = start.own_attention
    up, down = other_approximation(size, start.global_attention, size, 0.0)
    rate = start.alpha_other / (GAMMA / CLUSTERS * LATENT**3 * size)
    yield equal(
        "deviation without γA_m at Q = 0, Δ < 0, P = 1e100",
        abs(rate - (up - down)) / (up + down),
        GAMMA,
        1e-12,
        "A_n = A_m at Q = 0, so it is γ; what is left out is A_1²/A_n ≈ P^Δ = 1e-20",
    )


lemma_other.mistake(
    other_approximation,
    "without γA_m",
    lambda original: lambda A_m, A_1, A_n, gamma: original(A_m, A_1, A_n, 0),
)
lemma_other.mistake(
    other_approximation,
    "the global area pulls linearly",
    lambda original: lambda A_m, A_1, A_n, gamma: (A_1, original(A_m, A_1, A_n, gamma)[1]),
)
lemma_other.mistake(
    other_case,
    "asked only where m has little attention",
    lambda original: (
        lambda query: (
            [*original(query)[0], A_m <= sp.Rational(1, 4)],
            original(query)[1],
        )
    ),
)
lemma_other.mistake(
    reduced.mae_rates,
    "the reduced rate has the wrong sign",
    lambda original: (
        lambda *args, **kwargs: original(*args, **kwargs)._replace(
            alpha_other=-original(*args, **kwargs).alpha_other
        )
    ),
)
lemma_other.tolerates(
    other_deviation,
    "a deviation that vanishes like a power of P: the power is claimed, not sign or factor",
)
lemma_other.tolerates(
    sizes.other_size,
    "the size without γA_m; this lemma takes only the rate from the cases that it comes with",
)

# ------------------------------------------------------------------------- its refuted first form

first_lemma_other = Claim(
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


@first_lemma_other.leg("symbolic")
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


@first_lemma_other.leg("exact")
def ratio_is_not_one(context: Context) -> Iterator[Gap]:
    """Fractions at P = 1e100, up to the power of P that is left out."""
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
        certificate=counterexample(
            FRACTIONS, "the ratio tends to 1", P=1e100, kappa_c=0.6, kappa_s=0.4, gamma=0.75, z=1.5
        ),
    )


first_lemma_other.mistake(
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
first_lemma_other.mistake(
    ratio_at_start,
    "the ratio taken for 1",
    lambda original: lambda gamma: 1,
)


CLAIMS = (lemma_own, lemma_global, lemma_other, first_lemma_other)
