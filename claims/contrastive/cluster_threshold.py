"""Contrastive learning: the collapse needs enough clusters.

Sources: none; derived here. The abstract does not mention the condition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import flint
import numpy as np

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive import threshold_law as laws
from refutable.claims.contrastive.both_sides import COLLAPSED, TEST_SAMPLES, TRAINED, sides
from refutable.claims.contrastive.ladders import DIGITS, approach, extrapolated, log_P, rung
from refutable.claims.contrastive.resting_place import (
    crowded,
    log_threshold_at,
    resting_place,
    rests_at,
)
from refutable.claims.contrastive.threshold_law import INFINITE, RATIOS, TAUS, Law
from refutable.claims.runs.noise import FALSE_ALARM
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.prove.balls import BALLS, ball, precise
from refutable.prove.counterexample import counterexample
from refutable.table import Table

STATED_IN = ("refutable.claims.contrastive.threshold_law",)

threshold = Claim(
    id="cl.cluster-threshold",
    title="The collapse needs enough clusters",
    statement=(
        r"\text{Random latents with a density on all of }[L,U]\text{: as }P\to\infty\text{ all "
        r"samples collapse iff }h(z) = \int_0^1 g_z(A)\,dA > 0\text{ on }[L,U]\text{, that is for "
        r"}K>K_c(\tau,N_c)\text{, with }g_z(A) = zA - "
        r"\frac{E[z'e^{zAz'/\tau};z'>z]}{K-P(z'>z)+E[e^{zAz'/\tau};z'>z]}\text{ for "
        r"}N_c\to\infty\text{; }\tau\to\infty\text{: }K_c = 2\mu/L\text{; }L,U\to1\text{: "
        r"}K_c\to1+e^{1/(2\tau)}\text{. A negative of the same cluster with }z'>z\text{ scores "
        r"above the positive. The last samples collapse at a fixed }P\text{ if also }g_L(1)>0"
        r"\text{, that is for }K>K_L=1+E[(z'/L-1)e^{Lz'/\tau}]\text{; else }1-A_1=O(1/\log P)"
        r"\text{. Latents }\{L,U\}\text{: }\Phi_1/((1-\kappa_c)\log P)\to 2/(L+U)\text{ for "
        r"fixed }K\text{, and }K_c=\Theta(P^{(1-\kappa_c)(U-L)/(U+2L)})"
    ),
    provenance=Provenance.SHARPENED,
    measured=(
        "h from the reduced rates at the front, extrapolated in 1/log P; whether α_1 stays "
        "positive until all samples have collapsed, for K on either side, at P = 1e100; trained "
        "models at P ≤ 128 with K on either side of the threshold of the reduced rates there"
    ),
    assumptions=("latents bounded away from 0", "many clusters", "contrastive details"),
    rests_on=("cl.gradient-feature",),
)


THRESHOLDS = ((1e9, 4.0), (1.0, 5.0), (0.5, 6.45), (0.3, 9.54))
"""(τ, K_c) for z ∼ U[1/2, 3/2]."""
FEW_NEGATIVES = (1, 4, 16, 64)


@threshold.table
def thresholds_of_the_law() -> Table:
    """K_c by τ and U/L."""
    return _by_ratio(
        "K_c by τ and U/L: the least number of clusters for the collapse, N_c → ∞",
        "K_c",
        ["1 (constant)", "→ 1"],
        lambda tau: [1.0, laws.narrow_threshold(tau)],
        "z ∼ U[L, U] of mean 1. Constant latents collapse for every K > 1; a law that narrows to a "
        "point does not, as long as its width is large beside 1/log P.",
    )


@threshold.table
def thresholds_of_the_last_samples() -> Table:
    """K_L by τ and U/L."""
    return _by_ratio(
        "K_L by τ and U/L: the least number of clusters for the last samples to collapse",
        "K_L",
        [],
        lambda tau: [],
        "As above. Between K_c and K_L the attention off the global area is of the order 1/log P.",
    )


@threshold.table
def thresholds_by_negatives() -> Table:
    """K_c by τ and N_c."""
    rows = laws.table(ratios=(3.0,), negatives=(*FEW_NEGATIVES, INFINITE))
    cells = {(row["tau"], row["negatives"]): row["K_c"] for row in rows}
    columns = (*FEW_NEGATIVES, INFINITE)
    return Table(
        "K_c by τ and N_c for z ∼ U[1/2, 3/2]",
        ("τ", *(f"N_c = {_shown(N_c)}" for N_c in columns)),
        tuple((_shown(tau), *(cells[tau, N_c] for N_c in columns)) for tau in TAUS),
        "Few negatives rarely hold one of the sample's own cluster, which is what stops it.",
    )


def _by_ratio(
    title: str,
    what: str,
    narrow: list[str],
    values: Callable[[float], list[float]],
    note: str,
) -> Table:
    """A threshold by τ and U/L, with columns of `narrow` laws before those of RATIOS."""
    cells = {(row["tau"], row["U/L"]): row[what] for row in laws.table()}
    return Table(
        title,
        ("τ", *narrow, *(f"{ratio:g}" for ratio in RATIOS)),
        tuple(
            (_shown(tau), *values(tau), *(cells[tau, ratio] for ratio in RATIOS)) for tau in TAUS
        ),
        note,
    )


def _shown(number: float) -> str:
    return "∞" if number == math.inf else f"{number:g}"


@threshold.leg("exact")
def threshold_by_two_routes(context: Context) -> Iterator[Gap]:
    """K_c and K_L against closed forms and another quadrature, in floats, at every table entry."""
    for tau_, value in THRESHOLDS:
        yield equal(
            f"K_c for z ∼ U[1/2, 3/2], τ = {tau_:g}",
            laws.cluster_threshold(laws.LATENT_LAW, tau_),
            value,
            0.006,
            "the value is given to two decimals",
        )
    for law in (*map(laws.law_of, RATIOS), (0.2, 2.0)):
        yield equal(
            f"K_c for z ∼ U[{law[0]:.3g}, {law[1]:.3g}], τ → ∞, against 2μ/L",
            laws.cluster_threshold(law, math.inf),
            (law[0] + law[1]) / law[0],
            1e-6,
            "accuracy of the root",
        )
    for tau_ in TAUS:
        yield equal(
            f"K_c for z ∼ U[1 - 5e-5, 1 + 5e-5], τ = {_shown(tau_)}, over 1 + e^(1/2τ)",
            laws.cluster_threshold((1 - 5e-5, 1 + 5e-5), tau_) / laws.narrow_threshold(tau_),
            1,
            1e-4 * (1 + 1 / tau_),
            "the width 1e-4 of the law, and what it changes in exponents of 1/τ",
        )
    for row in laws.table(taus=context.at(quick=(1.0,), full=TAUS)):
        law, tau_ = laws.law_of(row["U/L"]), row["tau"]
        name = f"U/L = {row['U/L']:g}, τ = {_shown(tau_)}"
        zs = np.linspace(*law, context.at(quick=41, full=161))
        yield equal(
            f"least h at K_c over L, by adaptive quadrature: {name}",
            min(laws.net_pull_by_quadrature(z, law, row["K_c"], tau_) for z in zs) / law[0],
            0,
            1e-3,
            "h is least between two of the points: its second differences are below 1e-3",
        )
        b = law[0] / tau_
        excess = laws.weighted(2, b, *law) / law[0] - laws.weighted(1, b, *law)
        yield equal(
            f"K_L over 1 + E[(z'/L-1)e^(Lz'/τ)]: {name}",
            row["K_L"] / (1 + excess / (law[1] - law[0])),
            1,
            1e-6,
            "accuracy of the quadrature",
        )


@threshold.leg(
    "scaling",
    require={
        **dict.fromkeys(("K < K_c", "K > K_c"), "*: the collapse is complete"),
        "two-point law": "latents *",
    },
)
def reduced_collapse_on_both_sides(context: Context) -> Iterator[Gap | Case]:
    """The pull at the front, both sides of K_c at P = 1e100, and laws with a gap."""
    entries = [(tau_, ratio, INFINITE) for tau_ in (1e9, *TAUS[1:]) for ratio in RATIOS]
    entries += [(0.3, 3.0, 16.0), (0.1, 5.0, 4.0)]
    for i, entry in enumerate(context.at(quick=entries[6:7], full=entries)):
        yield from _pull_at_front(*entry, share=(0.3, 0.6)[i % 2])
    for tau_, N_c in context.at(quick=((1.0, INFINITE),), full=(*SIDES, (0.3, 16.0))):
        K_c = laws.cluster_threshold(laws.LATENT_LAW, tau_, N_c)
        # A front of width 1/log P cannot tell K from a K_c that is closer than that.
        below, above = math.ceil(K_c - 0.1) - 1, math.floor(K_c + 0.1) + 1
        for K, collapses in ((below, False), (above, True)):
            yield Case(("K > K_c" if collapses else "K < K_c",))
            yield identical(
                f"τ = {tau_:g}, N_c = {_shown(N_c)}, K = {K}: the collapse is complete",
                resting_place(crowded(100, K, tau_, negatives=N_c)) is None,
                collapses,
                f"K_c = {K_c:.3f}",
            )
    for K in context.at(quick=(16,), full=(4, 16, 64)):
        yield Case(("two-point law",))
        law = Latents.two_point(*laws.LATENT_LAW)
        found = [resting_place(crowded(k, K, 1.0, law)) or math.inf for k in DIGITS]
        yield from approach(
            f"latents {laws.LATENT_LAW}, K = {K}: Φ_1/((1-κ_c) log P)",
            found,
            laws.gap_rest(laws.LATENT_LAW),
        )
    for law_, shape in context.at(quick=(), full=GAPS):
        yield Case(("two-point law",))
        ladder = [rung(k, shape, latents=Latents.two_point(*law_)) for k in DIGITS]
        yield from scaling.power_law(
            f"latents {law_}, κ_c = {shape[0]}: K_c",
            log_P(DIGITS),
            [log_threshold_at(setting) for setting in ladder],
            laws.gap_exponent(ladder[0]),
            x_label="log P",
        )
    if context.profile != "quick":
        yield from _between_thresholds(laws.law_of(1.5), 0.1, 600)


SIDES = tuple((tau_, INFINITE) for tau_, _ in THRESHOLDS)
GAPS: tuple[tuple[Law, tuple[float, float]], ...] = (
    ((0.5, 1.5), (0.6, 0.2)),
    ((1.0, 1.5), (0.6, 0.2)),
    ((0.5, 2.5), (0.75, 0.3)),
)
"""Two latents, and (κ_c, κ_s)."""


def _pull_at_front(tau: float, ratio: float, negatives: float, share: float) -> Iterator[Gap]:
    """Φ_1·α_1·KP/(q(z)z²) → h(z) where samples of z are half collapsed, q the density at z.

    Near K_c negatives take off nearly all of z/2, the pull without them: their share is compared.
    """
    law = laws.law_of(ratio)
    z = law[0] + share * (law[1] - law[0])
    K = round(laws.cluster_threshold(law, tau, negatives))
    found = []
    for k in DIGITS:
        # Half of these nodes leave 0.003 of a pull: it is a small rest of large ones.
        nodes = Latents.uniform(*law, 32 + int(1.5 * (law[1] - law[0]) * k))
        setting = crowded(k, K, tau, nodes, negatives)
        phi = -math.log((1 - setting.gamma) * (setting.C_1 / setting.P)) / z
        rate = reduced.cl_rates(setting, phi_global=phi).alpha_global
        found.append(z / 2 - rate * K * setting.P * phi * (law[1] - law[0]) / z**2)
    name = (
        f"pull taken off by negatives on z = {z:.3f} at the front, U/L = {ratio:g}, τ = {tau:g}, "
        f"N_c = {_shown(negatives)}, K = {K}"
    )
    predicted = z / 2 - laws.net_pull(z, law, K, tau, negatives)
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        extrapolated(found),
        predicted,
        0.006,
        "quadratic in 1/log P: the cubic term and the law's ends, narrowest for U/L = 1.5; of z/2, "
        "the pull without negatives, 1 %",
        series=scaling.limit_series(name, log_P(DIGITS), found, predicted, x_label="log P"),
    )


def _between_thresholds(law: Law, tau: float, K: int) -> Iterator[Gap]:
    """For K_c < K < K_L the last samples stop: Φ_1 at (1-κ_c)log P/L, and 1-A_1 vanishes."""
    ladder = [crowded(k, K, tau, Latents.uniform(*law, nodes=80)) for k in DIGITS]
    name = f"U/L = {law[1] / law[0]:.2g}, τ = {tau:g}, K_c < K = {K} < K_L"
    found = [resting_place(s) or math.inf for s in ladder]
    yield from approach(f"{name}: Φ_1/((1-κ_c) log P)", found, 1 / law[0])
    left = [
        1 - reduced.cl_rates(s, phi_global=x * (1 - s.kappa_c) * s.log_P).attention
        for s, x in zip(ladder, found, strict=True)
    ]
    yield from approach(f"{name}: 1 - A_1", left, 0.0)


@threshold.leg(
    "trained",
    profile="full",
    require={
        "K < K_c": ("*: mean Φ_1 at the end", "*: E A_1"),
        "K > K_c": ("*: mean Φ_1 at the end", "*: E A_1", "*: Φ_1 gained *"),
    },
)
def models_on_both_sides(context: Context) -> Iterator[Gap | Case]:
    """Models on both sides of the threshold at their P: one collapses, the other stops.

    Every tolerance holds 8 standard deviations of the noise; E A_1 on the two sides is 0.2 or more
    apart, 30 of them, so that either side's model would be taken for the other's with a chance far
    below 1e-10.
    """
    for base, below, above, _ in TRAINED:
        for K, collapses in ((below, False), (above, True)):
            setting = base.replace(K=K)
            yield identical(
                f"P = {setting.P}, {len(setting.latents.values)} latents, K = {K}: α_1 stays "
                "positive in the reduced rates",
                not rests_at(setting),
                collapses,
                "the threshold at this P lies between the two K",
            )
    for side in sides(context):
        yield Case(("K > K_c" if side.collapses else "K < K_c",))
        setting = side.run.setting
        phi = side.phi()[:, 0]
        expected, before = (side.at_end(side.expected.phi_global, share) for share in (1.0, 0.5))
        tolerance = side.systematic + 8 * float(phi.std()) / math.sqrt(setting.K)
        yield equal(
            f"{side.name}: mean Φ_1 at the end",
            float(phi.mean()),
            expected,
            tolerance,
            "first-order corrections at this size, and 8 standard deviations of the mean over "
            "clusters",
            false_alarm=FALSE_ALARM,
        )
        attended = float(side.test[1].mean())
        noise = 8 * float(side.test[1].std()) / math.sqrt(TEST_SAMPLES)
        moved = float(phi.mean() - side.phi(2)[:, 0].mean())
        unit = math.log(2) / setting.latents.L
        if side.collapses:
            yield at_least(
                f"{side.name}: Φ_1 gained in the second half of training, per log(2)/L",
                moved / unit,
                (expected - before) / unit,
                tolerance / unit,
                "1-A_1 falls like 1/t, so that the last samples gain log(2)/L; tolerance as above",
                false_alarm=FALSE_ALARM,
            )
            yield at_least(
                f"{side.name}: E A_1",
                attended,
                COLLAPSED,
                (1 - COLLAPSED) / 3 + noise,
                "what the reduced dynamics have then; masks that show little of the global area "
                "take 1-A_1 up by a third at most; 8 standard errors. With too few clusters it "
                "stays 0.1 below",
                false_alarm=FALSE_ALARM,
            )
        else:
            yield at_most(
                f"{side.name}: E A_1",
                attended,
                side.at_end(side.expected.global_attention),
                0.05 + noise,
                "where the reduced dynamics stop: samples of large latents have collapsed alone; "
                "1/(2·C_1(1-γ)) for masks; 8 standard errors. A collapse would be 0.1 above",
                false_alarm=FALSE_ALARM,
            )


threshold.mistake(
    laws.pull,
    "half the pull of the negatives",
    lambda original: lambda A, z, law, K, tau, *N_c: original(A, z, law, 2 * K, tau, *N_c),
)
threshold.mistake(
    "refutable.claims.contrastive.threshold_law.LATENT_LAW",
    "latents taken to be constant",
    lambda original: (0.999, 1.001),
)
threshold.mistake(
    laws.gap_rest,
    "the two-point law rests where L alone would",
    lambda original: lambda law: 1 / law[0],
)
threshold.mistake(
    reduced.cl_rates,
    "one cluster more in the dynamics",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)
threshold.tolerates(
    laws.net_pull_by_quadrature,
    "h by a second route, read where it is 0: a multiple of it is 0 there, too",
)

# ------------------------------------------------------------------------- its refuted first form

first_threshold = Claim(
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


def gapped_law_at(K: int) -> Setting:
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


@first_threshold.leg("exact")
def growth_stops_half_way(context: Context) -> Iterator[Gap]:
    """The sign of the reduced rate in balls; the model's rate, a float, beside it."""
    with precise():
        for K in ENOUGH:
            s = gapped_law_at(K)
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
                certificate=counterexample(
                    BALLS, "all samples collapse", **shown, rate=rate.str(8)
                ),
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


first_threshold.mistake(
    "refutable.claims.contrastive.cluster_threshold.LAW",
    "latents that are constant",
    lambda original: (0.999, 1.0),
)
first_threshold.mistake(
    negatives_pull,
    "negatives do not pull",
    lambda original: lambda mean, K: 0 * mean,
)

CLAIMS = (threshold, first_threshold)
