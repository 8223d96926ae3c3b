"""Contrastive learning: with too few clusters the collapse stops half-way.

Sources: none; derived here from Definitions 2.6 and 2.7. Similarities are not normalised, so that a
negative of the sample's own cluster with a larger latent scores above the positive.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import integrate, optimize

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive.ladders import DIGITS, log_P, rung
from refutable.claims.runs import contrastive as runs
from refutable.claims.runs import masked
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import correlations, data, reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Trajectory
from refutable.reuse import shared
from refutable.table import Table

Floats = data.Floats
Law = tuple[float, float]
"""The uniform law on [L, U]."""
LATENT_LAW: Law = (0.5, 1.5)
NODES = np.polynomial.legendre.leggauss(32)
"""Nodes and weights on [-1, 1]: six digits for exponents up to U²/τ = 28, rounding below 12."""
FEW_NODES = np.polynomial.legendre.leggauss(16)
"""For finite N_c, where every pair of nodes costs an integral: three digits up to U²/τ = 28."""
INFINITE = math.inf


# ---------------------------------------------------------------------------------- predictions


def nodes_for(negatives: float) -> tuple[Floats, Floats]:
    """Quadrature nodes and weights."""
    return NODES if negatives == INFINITE else FEW_NODES


def pull(
    A: Floats, z: float, law: Law, K: float, tau: float, negatives: float = INFINITE
) -> Floats:
    """G at attentions A (n,) of a sample with global latent z, those above z alone collapsed.

    zA for each unit of weight on negatives, less z'A' = z' for what is on those of the sample's own
    cluster above z. N_c → ∞: the weights are ratios of means; else as in `reduced.softmax_weights`.
    """
    L, U = law
    x, w = nodes_for(negatives)
    share = (U - z) / (U - L)
    above, on_above = (z + U + (U - z) * x) / 2, w / 2 * share
    log_ratio = np.outer(A, above) * z / tau  # of a negative above z over one that scores 0
    if negatives == INFINITE:
        weight = np.exp(log_ratio)
        return z * A - (weight * above) @ on_above / (K - share + weight @ on_above)
    kinds = np.concatenate([[1 - share / K], on_above / K])
    to_positive = np.column_stack([np.zeros_like(A), log_ratio]) - (z * A)[:, None] ** 2 / tau
    other, same = reduced.softmax_weights(to_positive, kinds, negatives)
    return z * A * (other + same.sum(axis=1)) - same @ above


def net_pull(z: float, law: Law, K: float, tau: float, negatives: float = INFINITE) -> float:
    """h(z), claimed: what is pulled on samples of global latent z while they collapse, in all."""
    x, w = nodes_for(negatives)
    return float(w / 2 @ pull((x + 1) / 2, z, law, K, tau, negatives))


def resting_latent(law: Law, K: float, tau: float) -> float | None:
    """z*, the largest root of h in [L, U], claimed to be where the collapse stops; None if none."""
    zs = np.linspace(law[1], law[0], 41).tolist()
    for high, low in itertools.pairwise(zs):
        if net_pull(low, law, K, tau) <= 0:
            return optimize.brentq(net_pull, low, high, args=(law, K, tau))
    return None


def cluster_threshold(law: Law, tau: float, negatives: float = INFINITE) -> float:
    """K_c, claimed: the least K from which h > 0 on [L, U]."""
    zs = np.linspace(*law, 9)

    def least_pull(log_K: float) -> float:
        def at(z: float) -> float:
            return net_pull(z, law, math.exp(log_K), tau, negatives)

        values = [at(z) for z in zs.tolist()]
        i = int(np.argmin(values))
        if not 0 < i < len(zs) - 1:
            return values[i]
        around = (zs[i - 1], zs[i + 1])
        found = optimize.minimize_scalar(
            at, bounds=around, method="bounded", options={"xatol": 1e-3}
        )
        return float(found.fun)

    # From there on what negatives above z pull is below L/2 in all.
    highest = math.log1p(2 * law[1] / law[0]) + law[1] ** 2 / tau
    return math.exp(
        optimize.brentq(least_pull, 1e-9, highest, xtol=1e-7 if negatives == INFINITE else 1e-5)
    )


def last_threshold(law: Law, tau: float, negatives: float = INFINITE) -> float:
    """K_L, claimed: the least K from which g > 0 at z = L, A = 1; 1 if it always is.

    The last samples then collapse at every P. N_c → ∞: 1 + E[(z'/L - 1)e^{Lz'/τ}].
    """

    def last_pull(log_K: float) -> float:
        return float(pull(np.ones(1), law[0], law, math.exp(log_K), tau, negatives)[0])

    if last_pull(0.0) >= 0:
        return 1.0
    highest = math.log1p(2 * law[1] / law[0]) + law[1] ** 2 / tau
    return math.exp(optimize.brentq(last_pull, 0.0, highest, xtol=1e-10))


def gap_rest(law: Law) -> float:
    """Limit of Φ_1/((1-κ_c) log P) for latents L or U and fixed K, claimed."""
    return 2 / sum(law)


def gap_exponent(setting: Setting) -> float:
    """The power of P in K_c for latents L or U, claimed.

    Samples of U have 1-A = e^{-UΦ}/a_1 left to gain; those of L lose A/K while A < 1/K, A = a_1
    e^{LΦ}. Neither wins at K = a_1^{-(U-L)/(U+2L)}.
    """
    L, U = setting.latents.L, setting.latents.U
    return (1 - setting.kappa_c) * (U - L) / (U + 2 * L)


def narrow_threshold(tau: float) -> float:
    """K_c for a law that narrows around 1, claimed: 1 + e^{1/(2τ)}; N_c → ∞."""
    return 1 + math.exp(1 / (2 * tau))


# ------------------------------------------------------------------------------------- tables

TAUS = (math.inf, 1.0, 0.5, 0.3, 0.1)
RATIOS = (1.5, 2.0, 3.0, 5.0)
FEW_NEGATIVES = (1, 4, 16, 64)


def law_of(ratio: float) -> Law:
    """The uniform law of mean 1 with U/L = ratio."""
    return 2 / (1 + ratio), 2 * ratio / (1 + ratio)


def table(
    taus: Iterable[float] = TAUS,
    ratios: Iterable[float] = RATIOS,
    negatives: Iterable[float] = (INFINITE,),
) -> list[dict[str, float]]:
    """K_c and K_L for z ∼ U[L, U] of mean 1 at every τ, U/L > 1 and N_c: rows for a data frame."""
    return [
        {
            "tau": tau,
            "U/L": ratio,
            "negatives": N_c,
            "K_c": cluster_threshold(law_of(ratio), tau, N_c),
            "K_L": last_threshold(law_of(ratio), tau, N_c),
        }
        for tau, ratio, N_c in itertools.product(taus, ratios, negatives)
    ]


THRESHOLDS = ((1e9, 4.0), (1.0, 5.0), (0.5, 6.45), (0.3, 9.54))
"""(τ, K_c) for z ∼ U[1/2, 3/2]."""

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


@threshold.table
def _threshold_table() -> Table:
    return _by_ratio(
        "K_c by τ and U/L: the least number of clusters for the collapse, N_c → ∞",
        "K_c",
        ["1 (constant)", "→ 1"],
        lambda tau: [1.0, narrow_threshold(tau)],
        "z ∼ U[L, U] of mean 1. Constant latents collapse for every K > 1; a law that narrows to a "
        "point does not, as long as its width is large beside 1/log P.",
    )


@threshold.table
def _last_threshold_table() -> Table:
    return _by_ratio(
        "K_L by τ and U/L: the least number of clusters for the last samples to collapse",
        "K_L",
        [],
        lambda tau: [],
        "As above. Between K_c and K_L the attention off the global area is of the order 1/log P.",
    )


@threshold.table
def _negatives_table() -> Table:
    rows = table(ratios=(3.0,), negatives=(*FEW_NEGATIVES, INFINITE))
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
    cells = {(row["tau"], row["U/L"]): row[what] for row in table()}
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


def crowded(
    digits: int,
    K: int,
    tau: float,
    latents: Latents | None = None,
    negatives: float = INFINITE,
) -> Setting:
    """A rung with K clusters, and the uniform law resolved finer than a front is wide."""
    width = (LATENT_LAW[1] - LATENT_LAW[0]) * digits
    law = latents or Latents.uniform(*LATENT_LAW, nodes=32 + int(width))
    details = Contrastive(negatives=negatives, tau=tau)
    return rung(digits, (0.6, 0.2), K=K, c_1=1.0, latents=law, contrastive=details)


@shared.run_once
def resting_place(setting: Setting) -> float | None:
    """Φ_1/((1-κ_c) log P) at the first zero of α_1 beyond the transition; None if there is none.

    Looked for up to 1.1/L, where samples of every latent have collapsed.
    """
    unit = (1 - setting.kappa_c) * setting.log_P

    def rate(x: float) -> float:
        return reduced.cl_rates(setting, phi_global=x * unit).alpha_global

    # α_1 falls to any value within a front's width 1/Φ, so some 80 points cannot miss it.
    xs = np.linspace(1 / setting.latents.U, 1.1 / setting.latents.L, 80).tolist()
    for low, high in itertools.pairwise(xs):
        if rate(high) <= 0:
            return optimize.brentq(rate, low, high, xtol=1e-10)
    return None


@threshold.leg("exact")
def _threshold_exact(context: Context) -> Iterator[Gap]:
    """K_c and K_L against closed forms and another quadrature, at every entry of the tables."""
    for tau_, value in THRESHOLDS:
        yield equal(
            f"K_c for z ∼ U[1/2, 3/2], τ = {tau_:g}",
            cluster_threshold(LATENT_LAW, tau_),
            value,
            0.006,
            "the value is given to two decimals",
        )
    for law in (*map(law_of, RATIOS), (0.2, 2.0)):
        yield equal(
            f"K_c for z ∼ U[{law[0]:.3g}, {law[1]:.3g}], τ → ∞, against 2μ/L",
            cluster_threshold(law, math.inf),
            (law[0] + law[1]) / law[0],
            1e-6,
            "accuracy of the root",
        )
    for tau_ in TAUS:
        yield equal(
            f"K_c for z ∼ U[1 - 5e-5, 1 + 5e-5], τ = {_shown(tau_)}, over 1 + e^(1/2τ)",
            cluster_threshold((1 - 5e-5, 1 + 5e-5), tau_) / narrow_threshold(tau_),
            1,
            1e-4 * (1 + 1 / tau_),
            "the width 1e-4 of the law, and what it changes in exponents of 1/τ",
        )
    for row in table(taus=context.at(quick=(1.0,), full=TAUS)):
        law, tau_ = law_of(row["U/L"]), row["tau"]
        name = f"U/L = {row['U/L']:g}, τ = {_shown(tau_)}"
        zs = np.linspace(*law, context.at(quick=41, full=161))
        yield equal(
            f"least h at K_c over L, by adaptive quadrature: {name}",
            min(_net_pull_by_quadrature(z, law, row["K_c"], tau_) for z in zs) / law[0],
            0,
            1e-3,
            "h is least between two of the points: its second differences are below 1e-3",
        )
        b = law[0] / tau_
        excess = _weighted(2, b, *law) / law[0] - _weighted(1, b, *law)
        yield equal(
            f"K_L over 1 + E[(z'/L-1)e^(Lz'/τ)]: {name}",
            row["K_L"] / (1 + excess / (law[1] - law[0])),
            1,
            1e-6,
            "accuracy of the quadrature",
        )


def _weighted(power: int, b: float, low: float, high: float) -> float:
    """∫ z^{power-1} e^{bz} dz from low to high in closed form, power 1 or 2."""
    if b == 0:
        return (high**power - low**power) / power

    def antiderivative(z: float) -> float:
        return math.exp(b * z) * (1 if power == 1 else z - 1 / b) / b

    return antiderivative(high) - antiderivative(low)


def _net_pull_by_quadrature(z: float, law: Law, K: float, tau: float) -> float:
    """h(z), N_c → ∞: the mean over negatives in closed form, A by adaptive quadrature."""
    L, U = law

    def pulled(A: float) -> float:
        b = z * A / tau if z * A / tau > 1e-3 else 0.0  # the closed form cancels below it
        first, zeroth = (_weighted(power, b, z, U) / (U - L) for power in (2, 1))
        return z * A - first / (K - (U - z) / (U - L) + zeroth)

    return integrate.quad(pulled, 0, 1, epsrel=1e-9)[0]


@threshold.leg("scaling", require=("K < K_c", "K > K_c", "two-point law"))
def _threshold_scaling(context: Context) -> Iterator[Gap | Case]:
    """The pull at the front, both sides of K_c at P = 1e100, and laws with a gap."""
    entries = [(tau_, ratio, INFINITE) for tau_ in (1e9, *TAUS[1:]) for ratio in RATIOS]
    entries += [(0.3, 3.0, 16.0), (0.1, 5.0, 4.0)]
    for i, entry in enumerate(context.at(quick=entries[6:7], full=entries)):
        yield from _pull_at_front(*entry, share=(0.3, 0.6)[i % 2])
    for tau_, N_c in context.at(quick=((1.0, INFINITE),), full=(*SIDES, (0.3, 16.0))):
        K_c = cluster_threshold(LATENT_LAW, tau_, N_c)
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
        law = Latents.two_point(*LATENT_LAW)
        found = [resting_place(crowded(k, K, 1.0, law)) or math.inf for k in DIGITS]
        yield from approach(
            f"latents {LATENT_LAW}, K = {K}: Φ_1/((1-κ_c) log P)", found, gap_rest(LATENT_LAW)
        )
    for law_, shape in context.at(quick=(), full=GAPS):
        yield Case(("two-point law",))
        ladder = [rung(k, shape, latents=Latents.two_point(*law_)) for k in DIGITS]
        yield from scaling.power_law(
            f"latents {law_}, κ_c = {shape[0]}: K_c",
            log_P(DIGITS),
            [log_threshold_at(setting) for setting in ladder],
            gap_exponent(ladder[0]),
        )
    if context.profile != "quick":
        yield from _between_thresholds(law_of(1.5), 0.1, 600)


SIDES = tuple((tau_, INFINITE) for tau_, _ in THRESHOLDS)
GAPS: tuple[tuple[Law, tuple[float, float]], ...] = (
    ((0.5, 1.5), (0.6, 0.2)),
    ((1.0, 1.5), (0.6, 0.2)),
    ((0.5, 2.5), (0.75, 0.3)),
)
"""Two latents, and (κ_c, κ_s)."""


def _pull_at_front(tau: float, ratio: float, negatives: float, share: float) -> Iterator[Gap]:
    """Φ_1·α_1·KP/(q(z)z²) → h(z) where samples of z are half collapsed, q the density at z."""
    law = law_of(ratio)
    z = law[0] + share * (law[1] - law[0])
    K = round(cluster_threshold(law, tau, negatives))
    found = []
    for k in DIGITS:
        fine = (
            1.5 if negatives == INFINITE else 0.75
        )  # at finite N_c a node costs 100 times as much
        nodes = Latents.uniform(*law, 32 + int(fine * (law[1] - law[0]) * k))
        setting = crowded(k, K, tau, nodes, negatives)
        phi = -math.log((1 - setting.gamma) * (setting.C_1 / setting.P)) / z
        rate = reduced.cl_rates(setting, phi_global=phi).alpha_global
        found.append(rate * K * setting.P * phi * (law[1] - law[0]) / z**2)
    name = (
        f"pull on z = {z:.3f} at the front, U/L = {ratio:g}, τ = {tau:g}, N_c = "
        f"{_shown(negatives)}, K = {K}"
    )
    predicted = net_pull(z, law, K, tau, negatives)
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        extrapolated(found),
        predicted,
        0.006,
        "quadratic in 1/log P: the cubic term and the law's ends, narrowest for U/L = 1.5; of z/2, "
        "the pull without negatives, 1 %",
        series=scaling.limit_series(name, log_P(DIGITS), found, predicted),
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


def log_threshold_at(setting: Setting) -> float:
    """Log K_c at this P: the K from which α_1 > 0 up to Φ_1 = (1-κ_c)log P/L, N_c → ∞, τ = 1."""
    unit, law = (1 - setting.kappa_c) * setting.log_P, setting.latents
    phis = np.linspace(1 / law.U, 1 / law.L, int(4 * unit)) * unit
    details = Contrastive(negatives=math.inf)

    def stops(log_K: float) -> bool:
        at = setting.replace(K=round(math.exp(log_K)), contrastive=details)
        return any(reduced.cl_rates(at, phi_global=phi).alpha_global <= 0 for phi in phis)

    low, high = math.log(2), unit
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if stops(middle) else (low, middle)
    return (low + high) / 2


def extrapolated(values: list[float]) -> float:
    """The limit log P → ∞ along the ladder of values that are a series in 1/log P."""
    if not math.isfinite(sum(values)):
        return math.inf
    x = 1 / np.array(log_P(DIGITS))
    return float(np.polynomial.Polynomial.fit(x, values, 2, domain=[0, float(x.max())])(0))


def approach(name: str, values: list[float], predicted: float) -> Iterator[Gap]:
    """The limit along the ladder of values whose error is a series in 1/log P."""
    yield equal(
        f"{name}, extrapolated to log P → ∞",
        extrapolated(values),
        predicted,
        0.004,
        "quadratic in 1/log P: the cubic term is about (front width)³ < 0.004 here",
        series=scaling.limit_series(name, log_P(DIGITS), values, predicted),
    )
    yield at_most(
        f"{name}: error shrinks",
        abs(values[-1] - predicted),
        abs(values[0] - predicted),
        0,
        "the error at P = 1e100 is less than at P = 1e40",
    )


# -------------------------------------------------------------------------- trained models

DENSE = Setting.of_sizes(
    64,
    16,
    4,
    K=2,
    placement="random",
    latents=Latents.uniform(*LATENT_LAW, nodes=16),
    contrastive=Contrastive(tau=0.3),
)
"""z ∼ U[1/2, 3/2]: at this P a front is 1/Φ_1 > 1/5 wide, which hides the nodes 1/10 apart."""
GAPPED = masked.NEGATIVE.replace(latents=Latents.two_point(*LATENT_LAW))
"""P = 128, two latents, τ = 1."""
TRAINED = ((DENSE, 2, 16, 4.0), (GAPPED, 2, 8, 8.0))
"""A setting, K on either side of the threshold at its P, and η/P, below U²/τ over curvature."""
TEST_SAMPLES = 4096
COLLAPSED, LEARNED = 0.85, 0.4
"""Training lasts until the reduced dynamics have this E A_1 (K above), or this Φ_m (K below)."""
FALSE_ALARM = 1e-10


@dataclass(frozen=True)
class Side:
    """A trained model on one side of the threshold, beside the reduced dynamics at its end."""

    name: str
    collapses: bool
    run: runs.TrainedCl
    expected: Trajectory

    def at_end(self, series: Floats, share: float = 1.0) -> float:
        """A series of the reduced dynamics at a share of the training time."""
        log_t = math.log(share * float(self.run.times[-1]))
        return float(np.interp(log_t, self.expected.log_t, series))

    def phi(self, moment: int = -1) -> Floats:
        """Correlations (K, N) at a moment."""
        setting = self.run.setting
        return self.run.phi[moment].reshape(setting.K, setting.areas)

    @functools.cached_property
    def test(self) -> tuple[Floats, Floats]:
        """Global latents and attention on the global area of samples not seen in training: (n,)."""
        setting = self.run.setting
        samples = data.draw(setting, TEST_SAMPLES, np.random.default_rng(0), stratified=True)
        A = correlations.area_attention(setting, samples, self.run.phi[-1], self.run.upsilon[-1])
        return samples.latents[:, 0], A[:, 0, 0]

    @property
    def systematic(self) -> float:
        """What the reduced dynamics leave out of Φ_1 at this size, to first order.

        The number of visible global patches varies by γ/((1-γ)C_1) relative to its square; twice,
        for its effect on the rates and on the attention.
        """
        setting = self.run.setting
        spread = setting.gamma / ((1 - setting.gamma) * setting.C_1)
        return 2 * spread / setting.latents.L


def rests_at(setting: Setting) -> bool:
    """Whether α_1 vanishes on the way to 1-A_1 = 1e-3 at this P, before local features move."""
    far = (math.log(setting.P / setting.C_1) + 8) / setting.latents.L
    phis = np.linspace(0, far, 200)[1:]
    return any(reduced.cl_rates(setting, phi_global=phi).alpha_global <= 0 for phi in phis)


def sides(context: Context) -> Iterator[Side]:
    """Trained models on both sides, three seeds of the law with a density."""
    for base, below, above, step in TRAINED:
        for seed in range(3 if base is DENSE else 1):
            for K in (below, above):
                setting = base.replace(K=K)
                path = threshold_path(setting)
                series, level = path.phi_other, LEARNED
                if above == K:
                    series, level = path.global_attention, COLLAPSED
                if series.max() < level:
                    raise ArithmeticError(f"the reduced run ends before {level}")
                time_ = math.exp(path.log_t[int(np.argmax(series >= level))])
                run = runs.trained_cl(setting, context.root_seed + seed, time_, step * setting.P)
                law = "U[1/2, 3/2]" if base is DENSE else "{1/2, 3/2}"
                name = f"P = {setting.P}, z ∼ {law}, τ = {setting.contrastive.tau:g}, K = {K}"
                yield Side(f"{name}, seed {seed}", above == K, run, path)


@shared.run_once
def threshold_path(setting: Setting) -> Trajectory:
    """The reduced run over the times that models are trained for."""
    log_t = math.log(setting.K * setting.P) + 2 * math.log(setting.P / setting.C_1) + 5
    return reduced.cl(setting, loss_gap=1e-6, log_t_max=log_t)


@threshold.leg("trained", profile="full", require=("K < K_c", "K > K_c"))
def _threshold_trained(context: Context) -> Iterator[Gap | Case]:
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
    pull,
    "half the pull of the negatives",
    lambda original: lambda A, z, law, K, tau, *N_c: original(A, z, law, 2 * K, tau, *N_c),
)
threshold.mistake(
    "refutable.claims.contrastive.thresholds.LATENT_LAW",
    "latents taken to be constant",
    lambda original: (0.999, 1.001),
)
threshold.mistake(
    gap_rest,
    "the two-point law rests where L alone would",
    lambda original: lambda law: 1 / law[0],
)
threshold.mistake(
    reduced.cl_rates,
    "one cluster more in the dynamics",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)

below_threshold = Claim(
    id="cl.below-threshold",
    title="Too few clusters: the collapse stops half-way",
    statement=(
        r"K<K_c\text{, latents with a density: }\Phi_1/((1-\kappa_c)\log P) \to 1/z_*\text{ with "
        r"}z_*\text{ the largest root of }h\text{; the fraction }\Pr(z<z_*)\text{ of samples does "
        r"not collapse, and local correlations grow from then on}"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "the zero of α_1 in the reduced rates, extrapolated in 1/log P; trained models at P ≤ 128 "
        "with K = 2, where Φ_m has come to 0.4"
    ),
    assumptions=threshold.assumptions,
    rests_on=("cl.cluster-threshold",),
)


def uncollapsed(law: Law, K: int, tau: float) -> float:
    """Limit of 1 - A_1, claimed: Pr(z < z*)."""
    z = resting_latent(law, K, tau)
    return 0.0 if z is None else (z - law[0]) / (law[1] - law[0])


@below_threshold.leg("scaling")
def _below_threshold_scaling(context: Context) -> Iterator[Gap]:
    for K, tau_ in context.at(quick=((3, 1.0),), full=((3, 1.0), (2, 1.0), (2, 1e9), (5, 0.5))):
        z = resting_latent(LATENT_LAW, K, tau_)
        ladder = [crowded(k, K, tau_) for k in DIGITS]
        name = f"K = {K}, τ = {tau_:g}"
        found = [resting_place(s) or math.inf for s in ladder]
        predicted = math.inf if z is None else 1 / z
        yield from approach(f"{name}: Φ_1/((1-κ_c) log P)", found, predicted)
        rates = [
            reduced.cl_rates(s, phi_global=x * (1 - s.kappa_c) * s.log_P)
            for s, x in zip(ladder, found, strict=True)
        ]
        left = [1 - rate.attention for rate in rates]
        yield from approach(f"{name}: 1 - A_1", left, uncollapsed(LATENT_LAW, K, tau_))
        yield at_least(
            f"{name}: α_m at rest over its order a_m/(KP Φ²), smallest on the ladder",
            min(
                rate.alpha_other * s.K * s.P * (s.P / s.C_s) * s.log_P**2
                for rate, s in zip(rates, ladder, strict=True)
            ),
            1e-3,
            0,
            "positive by much more than rounding: local correlations grow",
        )


@below_threshold.leg("trained", profile="full")
def _below_threshold_trained(context: Context) -> Iterator[Gap]:
    """Models with too few clusters: where Φ_1 stops, which samples collapse, and local features."""
    for side in sides(context):
        if side.collapses:
            continue
        setting, phi = side.run.setting, side.phi()
        z, A = side.test
        start = (1 - setting.gamma) * setting.C_1 / setting.P
        low = z < np.median(setting.latents.values)
        yield at_most(
            f"{side.name}: E A_1 of samples with small latents",
            float(A[low].mean()),
            0.5,
            0,
            f"less than half, from {start:.3f} at first: they do not collapse",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{side.name}: E A_1 of samples with large latents over that of the others",
            float(A[~low].mean() / A[low].mean()),
            1.5,
            0,
            "at first the two were the same",
            false_alarm=FALSE_ALARM,
        )
        learned, predicted = phi[:, 1:], side.at_end(side.expected.phi_other)
        spread = 8 * float(learned.std()) / math.sqrt(learned.size)
        yield equal(
            f"{side.name}: mean Φ_m of local areas",
            float(learned.mean()),
            predicted,
            0.25 * predicted + spread,
            "local areas of 4 or 8 patches show half of them ± 1 to √2: a first-order correction "
            "of γ/((1-γ)C_s) = 1/4 to a rate; and 8 standard deviations of the mean over areas",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{side.name}: smallest Φ_m of a local area",
            float(learned.min()),
            0,
            0,
            "all local features are learned; with many clusters they are pushed down",
            false_alarm=FALSE_ALARM,
        )


below_threshold.mistake(
    net_pull,
    "K_c as if negatives of one cluster did not count twice",
    lambda original: lambda z, law, K, tau, *N_c: original(z, law, K + 1, tau, *N_c),
)
below_threshold.mistake(
    uncollapsed,
    "the fraction that does collapse",
    lambda original: lambda law, K, tau: 1 - original(law, K, tau),
)
below_threshold.mistake(
    reduced.cl_rates,
    "one cluster more in the dynamics",
    lambda original: lambda s, **phi: original(s.replace(K=s.K + 1), **phi),
)

threshold.tolerates(
    _net_pull_by_quadrature,
    "h by a second route, read where it is 0: a multiple of it is 0 there, too",
)
for _pull in (net_pull, pull):
    below_threshold.tolerates(
        _pull,
        "only the root of h counts, not its scale",
    )

CLAIMS = (threshold, below_threshold)
