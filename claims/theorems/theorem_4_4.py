"""Theorem 4.4: contrastive learning collapses onto the global area, whatever the patch.

Source: the theorem's title and the abstract; formulas are ours, and so is the condition that there
are many clusters (cl.cluster-threshold). Below: the statement and what it rests on, what it
predicts, and three checks: reduced dynamics on ladders of P; bounds for every P from some size on,
and gradient descent on the exact population at a few small ones; models trained by it on samples.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb
from scipy import optimize, stats

from refutable import property as properties
from refutable import scaling
from refutable.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from refutable.claims.contrastive.for_every_size import Collapse
from refutable.claims.mae import ladders
from refutable.claims.mae.ladders import Ladder
from refutable.claims.runs import contrastive as runs
from refutable.claims.runs import exact_collapse, for_every_size, plants, training
from refutable.claims.runs.for_every_size import Bounds, Proof
from refutable.claims.runs.noise import FALSE_ALARM, SIGMAS, noise, worst
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import ball_contrastive, gradients, reduced
from refutable.model.data import Floats
from refutable.model.setting import Contrastive, Latents, Setting, power_of_ten
from refutable.model.trajectory import Trajectory

collapse = Claim(
    id="thm4.4",
    title="Contrastive learning collapses onto the global area",
    statement=(
        r"z \text{ constant or with a density},\ K>K_c,\ \text{both signs of } \Delta,\ "
        r"\text{every } p \text{ whatever its area}:\ "
        r"\mathrm{Attn}_{p\to\mathcal P_{k,1}}\to 1,\quad "
        r"\Phi_{p\to v_{k,1}}\sim\tfrac{1-\kappa_c}{z}\log P \text{ dominates}"
    ),
    measured=(
        "reduced dynamics at the loss gap ε: 1-A_1 against its first order in ε, slope of Φ_1, "
        "power of |Φ_m|/Φ_1, up to P = 1e100; exact gradient descent at sizes that are named, "
        "and on populations that are drawn, until 1-A_1 is 1/20; trained models (at P = 64 by "
        "torch on all of Q) against the reduced dynamics"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.4",
    assumptions=(*ladders.WITH_GAP, "many clusters", "contrastive details"),
    rests_on=(
        "cl.gradient-feature",
        "cl.rank-one",
        "cl.lumping",
        "cl.feature-growth",
        "cl.locals-stay",
        "cl.cluster-threshold",
    ),
)


# ------------------------------------------------------------------------------------- prediction


def favoured_area() -> int:
    """Index of the area that all attention goes to."""
    return 0


def predicted_miss(setting: Setting, loss_gap: float) -> float:
    """1-A_1 at a loss gap, to first order; constant latents: ε/(2z²w)."""
    return loss_gap / (2 * setting.latents.L**2 * others_weight(setting))


def others_weight(setting: Setting) -> float:
    """w, the softmax weight on other clusters at the end, where 1 - w_0 → w.

    The positive and negatives of its cluster all score z²A², those of other clusters 0:
    w = (K-1)/(K-1+e^{z²/τ}) for N_c → ∞.
    """
    return weight_moments(setting)[0]


def weight_moments(setting: Setting) -> tuple[float, float]:
    """Means of q and of q(1-q), q = n/(n + (1+N_c-n)e^{z²/τ}) the weight on n negatives elsewhere.

    n is binomial, N_c draws of chance 1-1/K; for N_c → ∞ it is N_c(1-1/K).
    """
    negatives, elsewhere = setting.contrastive.negatives, 1 - 1 / setting.K
    own = math.exp(setting.latents.L**2 / setting.contrastive.tau)
    if negatives == math.inf:
        q, chance = np.array([elsewhere / (elsewhere + (1 - elsewhere) * own)]), np.ones(1)
    else:
        n = np.arange(int(negatives) + 1)
        q, chance = n / (n + (1 + negatives - n) * own), stats.binom(negatives, elsewhere).pmf(n)
    return float(chance @ q), float(chance @ (q * (1 - q)))


def second_order(setting: Setting, loss_gap: float) -> tuple[float, float]:
    """What the second order adds to `predicted_miss`, relative, and a bound of the third.

    The loss is the mean of τ log(1 + N_c - n + n e^{-s/τ}) up to a constant, s = z²A²; so with
    x = z² - s ε = E[q]x + E[q(1-q)]x²/(2τ) + ..., and x = z²(2m - m²) at A = 1 - m.
    """
    m, (w, spread) = predicted_miss(setting, loss_gap), weight_moments(setting)
    x = loss_gap / (w * setting.contrastive.tau)
    return m / 2 - spread / w * x / 2, (m + x) ** 2


def spread_miss(setting: Setting, loss_gap: float) -> tuple[float, float]:
    """E(1-A_1) at a loss gap, to first order in all 1-A_1(z), and a bound of the second.

    Random latents, N_c → ∞.

    Of a sample with latent z the loss is up by E[w_o·2z²m + Σ w_z′(2z²m - zz′(m+m′))], m = 1-A_1(z)
    and w the softmax weights at A_1 = 1, of other clusters and of a negative's z′; and the gap is
    the mean modulus. m = 1/(1 + re^{zΦ}) with the odds r at Q = 0, for the Φ at which it is ε.
    Relative to m the second order is m/2 from A_1², and at most z²m/τ from the logarithm.
    """
    z, chance = np.array(setting.latents.values), np.array(setting.latents.probabilities)
    tau, a = setting.contrastive.tau, (1 - setting.gamma) * (setting.C_1 / setting.P)
    other = (1 - 1 / setting.K) * np.exp(-z * z / tau)
    same = chance / setting.K * np.exp((np.outer(z, z) - (z * z)[:, None]) / tau)
    total = other + same.sum(axis=1)
    w_o, w = other / total, same / total[:, None]

    def missed(phi: float) -> Floats:
        return 1 / (1 + a / (1 - a) * np.exp(z * phi))

    def excess(phi: float) -> float:
        m = missed(phi)
        alike = np.outer(z, z) * (m[:, None] + m)
        up = w_o * 2 * z**2 * m + (w * ((2 * z**2 * m)[:, None] - alike)).sum(axis=1)
        return float(chance @ np.abs(up)) / loss_gap - 1

    highest = (math.log((1 - a) / a) - math.log(loss_gap) + 5) / setting.latents.L
    phi = optimize.brentq(excess, math.log((1 - a) / a) / setting.latents.U, highest, xtol=1e-12)
    m = missed(phi)
    return float(chance @ m), (0.5 + setting.latents.U**2 / tau) * float(chance @ m**2)


def predicted_gap(setting: Setting, miss: float) -> float:
    """The loss gap at which 1 - A_1 is `miss`, to first order (`predicted_miss` the other way)."""
    return miss / predicted_miss(setting, 1.0)


def predicted_slope(setting: Setting) -> float:
    """Φ_1 at a fixed loss gap, per log P; constant latents."""
    return (1 - setting.kappa_c) / setting.latents.L


def predicted_dominance(setting: Setting) -> tuple[float, float]:
    """Powers of P and of log P in |Φ_m|/Φ_1 at a fixed loss gap; κ_c < 1, constant latents.

    -(1-γ)(C_s/P) from pooling everything but the global area, if Δ > 0; (γ/2)(C_s/C_1)²/Φ_1 from
    the local areas' own similarity, if Δ < 0.
    """
    if setting.information_gap > 0:
        return setting.kappa_s - 1, 0.0
    return 2 * (setting.kappa_s - setting.kappa_c), -1.0


# ------------------------------------------------------------------------- check: ladders of P

MANY = Contrastive(negatives=math.inf)
TOPS = (
    ladders.top_of(0.85, 0.3, 1.3, K=4, contrastive=replace(MANY, tau=0.5)),
    ladders.top_of(0.6, 0.4, 0.8, K=3, gamma=0.6, contrastive=replace(MANY, tau=2.0)),
    ladders.top_of(0.8, 0.4, K=4, contrastive=MANY),
    ladders.top_of(0.65, 0.45, 0.8, K=10, gamma=0.3, contrastive=Contrastive(negatives=4)),
)
"""Gaps 0.4, -0.2, 0.2, -0.15; constant latents, for which K ≥ 2 is many. z and τ are not 1
in the quick profile, since at 1 a law may be right by accident."""
SPREAD_TOPS = tuple(
    ladders.top_of(*kappas, Latents.uniform(0.75, 1.25, 32), K=8, contrastive=MANY)
    for kappas in ((0.85, 0.3), (0.6, 0.4))
)
"""Latents of a law with a density, K = 8 beyond its K_c of about 3."""


def tens_of(context: Context) -> tuple[float, ...]:
    """The powers of ten on a ladder, from where P^-0.15 is small."""
    return scaling.rungs(30, 100, context.at(quick=6, full=12))


def collapse_at(top: Setting, ten: float) -> Trajectory:
    """The reduced run at P = 10^ten."""
    return runs.reduced_cl(top.replace(P=power_of_ten(ten)), runs.LOSS_GAP)


def attends_to_global(ladder: Ladder) -> Iterator[Gap]:
    """Attention off the global area at the loss gap, at the top of the ladder."""
    top, run = ladder.top, ladder.runs[-1]
    miss = float(1 - run.global_attention[-1])
    if top.latents.is_constant:
        first = predicted_miss(run.setting, runs.LOSS_GAP)
        second, third = second_order(run.setting, runs.LOSS_GAP)
        yield equal(
            f"1-A_1 at the loss gap, {ladder.name}",
            miss,
            first * (1 + second),
            first * third,
            "the first two orders in ε; the square of what the second adds, term by term",
        )
    else:
        first, second = spread_miss(run.setting, runs.LOSS_GAP)
        why = "the first order in ε; the second, term by term"
        yield equal(f"1-A_1 at the loss gap, {ladder.name}", miss, first, second, why)


def collapse_bounds() -> Bounds:
    """Dominance and growth until A_1 = 0.999, and what bounds them."""

    def dominated(_: Setting, run: Trajectory) -> float:
        return float(np.abs(run.phi_other).max() / run.phi_global[-1])

    def grown(setting: Setting, run: Trajectory) -> float:
        """|Φ_1 - log(rR_0/a)| at the end, R_0 = 1 - a."""
        a = (1 - setting.gamma) * setting.C_1 / setting.P
        A = float(run.global_attention[-1])
        return abs(float(run.phi_global[-1]) - math.log(A / (1 - A) * (1 - a) / a))

    where = for_every_size.BOTH
    proofs = (
        Proof(
            "max |Φ_m|/Φ_1",
            dominated,
            lambda r: Collapse(r, REACH).dominance,
            0.05,
            is_size=True,
            **where,
        ),
        Proof("|Φ_1 - log(rR_0/a)|", grown, lambda r: Collapse(r, REACH).growth, 0.05, **where),
    )
    at = [
        setting.replace(K=K, contrastive=Contrastive(negatives=negatives))
        for K, negatives, settings in (
            (2, math.inf, for_every_size.AT_POSITIVE),
            (8, 1, for_every_size.AT_NEGATIVE),
        )
        for setting in settings
    ]
    return Bounds(proofs, collapsed, at)


@collapse.leg(
    "scaling",
    require={
        **dict.fromkeys(BOTH_SIGNS, ("1-A_1 at *", "Φ_1, *", "|Φ_m|/Φ_1, *")),
        **dict.fromkeys(("z ≠ 1", "τ ≠ 1", "γ ≠ ½"), "1-A_1 at *"),
    },
)
def collapse_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Attention, slope and dominance at the loss gap, up to P = 1e100."""
    tens = tens_of(context)
    for top in context.at(quick=TOPS[:2], full=TOPS):
        at = functools.partial(collapse_at, top)
        low = ladders.where_possible(at, ladders.low_tens(context))
        ladder = Ladder(top, (*low, *map(at, tens)), len(low))
        yield ladder.case
        yield from attends_to_global(ladder)
        yield from ladder.power("Φ_1", ladder.final("phi_global"), predicted_slope(top))
        ratio = np.log(np.abs(ladder.final("phi_other"))) - np.log(ladder.final("phi_global"))
        exponent, log_power = predicted_dominance(top)
        yield from ladder.power("|Φ_m|/Φ_1", ratio, exponent, log_power=log_power)
    for top in SPREAD_TOPS:
        ladder = Ladder(top, (collapse_at(top, context.at(quick=tens[0], full=tens[-1])),))
        yield ladder.case
        yield from attends_to_global(ladder)
        (log_P,), (exponent, log_power) = ladder.log_P, predicted_dominance(top)
        share = float(np.abs(ladder.final("phi_other") / ladder.final("phi_global"))[0])
        yield at_most(
            f"|Φ_m|/Φ_1 over its powers of P and log P, {ladder.name}, log P = {log_P:.3g}",
            share / math.exp(exponent * log_P) / log_P**log_power,
            1,
            0,
            "of the order that it has for constant latents, whose constants are (1-γ)c_s and "
            "(γ/2)(c_s/c_1)²z/(1-κ_c)",
        )
    yield from collapse_bounds().inside()


# ---------------------------------------------------- check: for every P, and exactly at a size

REACH = 1000
"""A_1/(1 - A_1) up to which the collapse is followed: A_1 = 0.999."""


@collapse.leg(
    "enclosed",
    require={
        **dict.fromkeys(BOTH_SIGNS, ("P = *: 1-A_1 at the end*", "P = *: largest |Φ_m|/Φ_1 *")),
        **dict.fromkeys(
            ("z ≠ 1", "τ ≠ 1", "γ ≠ ½", "positions in the keys"), "P = *: 1-A_1 at the end*"
        ),
    },
)
def collapse_for_every_size(context: Context) -> Iterator[Gap | Case | Evidence | Undecided]:
    """Until A_1 = 0.999, |Φ_m|/Φ_1 below a bound that falls with P, every K ≥ 2, N_c ≥ 1, τ ≥ 1.

    Until A_1 = 0.95 by exact gradient descent at small P, every step of it.
    """
    yield collapse_bounds().evidence()
    sizes = exact_collapse.SIZES[: context.at(quick=3, full=7)]
    at = ", ".join(map(str, sorted({setting.P for setting in sizes})))
    yield Evidence(gaps=(), cases=0, scope=f"gradient descent at P = {at}")
    for setting in sizes:
        yield from exact_collapse.collapsed(setting)


def collapsed(setting: Setting) -> Trajectory:
    """A reduced run that ends a little before A_1/(1 - A_1) = REACH."""
    return reduced.cl(setting, loss_gap=predicted_gap(setting, 1.1 / REACH))


REGIMES = (*BOTH_SIGNS, "z ≠ 1", "τ ≠ 1", "positions in the keys", "several negatives")


@collapse.leg("property", require=REGIMES)
def collapse_of_any_population(context: Context) -> Evidence:
    """Exact gradient descent on populations that are drawn, up to P = 20, for the same time."""
    return properties.search(
        context,
        exact_collapse.populations(),
        exact_collapse.decided,
        examples=context.at(quick=8, full=100),
        regimes_of=exact_collapse.regimes_of,
        require=REGIMES,
    )


# ----------------------------------------------------------------------- check: trained models


def global_attention(run: runs.TrainedCl) -> Floats:
    """Mean attention of the favoured area, by cluster and patch: (K, P)."""
    A, cluster = run.attention()[:, :, favoured_area()], run.test.cluster
    return np.stack([A[cluster == k].mean(axis=0) for k in range(run.setting.K)])


def others_off(run: runs.TrainedCl) -> Floats:
    """Φ_m less the predicted one, of every local area by cluster and row: (rows, K, N-1)."""
    setting = run.setting
    phi = run.phi[-1].reshape(-1, setting.K, setting.areas)
    return phi[:, :, 1:] - runs.expected(run).phi_other


@collapse.leg(
    "trained",
    require=dict.fromkeys(
        BOTH_SIGNS, ("*: largest mean of 1-A_1 *", "*: Φ_1, *", "*: largest |Φ_m| *")
    ),
)
def collapse_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Global attention and correlations of trained models, every patch and cluster."""
    yield from training.same_in_torch(context, runs.SMALL[1], "cl")
    for run in runs.trained_collapses(context):
        setting, name = run.setting, run.name
        yield Case((sign_of(setting),))
        miss, expected, z = 1 - global_attention(run), runs.expected(run), setting.latents.L
        for of, bound, found, factor in (
            ("largest", at_most, miss.max(), runs.FACTOR),
            ("smallest", at_least, miss.min(), 1 / runs.FACTOR),
        ):
            yield bound(
                f"{name}: {of} mean of 1-A_1 over patches and clusters",
                float(found),
                factor * expected.miss,
                0,
                f"{expected.miss:.2g} by the reduced dynamics' Φ and the law of the masks, and the "
                f"factor {runs.FACTOR:g}",
                false_alarm=FALSE_ALARM,
            )
        phi = run.phi[-1].reshape(-1, setting.K, setting.areas)
        yield equal(
            f"{name}: Φ_1, every cluster",
            worst(phi[:, :, 0].ravel(), expected.phi_global),
            expected.phi_global,
            math.log(runs.FACTOR) / z,
            f"log of the factor {runs.FACTOR:g} that 1-A_1 may be off by",
            false_alarm=FALSE_ALARM,
        )
        off, apart = others_off(run), noise(others_off(run).ravel())
        follows = abs(expected.phi_other / expected.phi_global) * math.log(runs.FACTOR) / z
        yield equal(
            f"{name}: largest |Φ_m| less the predicted {expected.phi_other:.2g}, every area",
            worst(off.ravel(), 0.0),
            0,
            follows + SIGMAS * apart,
            f"{follows:.2g} by which it follows Φ_1, and {SIGMAS:g} standard deviations of the "
            "noise between areas",
            false_alarm=FALSE_ALARM,
        )


collapse.mistake(
    favoured_area,
    "a local area wins",
    lambda original: lambda: 1,
)
collapse.mistake(
    others_weight,
    "the temperature taken for 1",
    lambda original: (
        lambda setting: original(setting.replace(contrastive=replace(setting.contrastive, tau=1.0)))
    ),
)
collapse.mistake(
    predicted_miss,
    "the latent's square left out",
    lambda original: lambda setting, loss_gap: original(setting, loss_gap) * setting.latents.L**2,
)
collapse.mistake(
    spread_miss,
    "random latents: 2 % more missed",
    lambda original: lambda *given: (1.02 * original(*given)[0], original(*given)[1]),
)
collapse.mistake(
    predicted_dominance,
    "the local areas' own feature does as much",
    lambda original: lambda setting: (0.0, 0.0),
)
collapse.mistake(
    gradients.pulls,
    "negatives pull instead of pushing",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)
collapse.mistake(
    ball_contrastive.pulls,
    "negatives pull instead of pushing, in balls",
    lambda original: lambda *given: tuple(-g for g in original(*given)),
)
collapse.mistake(
    ball_contrastive.descend,
    "positions that drift",
    lambda original: (
        lambda *given: (replace(seen, shift=seen.shift + arb("1e-9")) for seen in original(*given))
    ),
)
collapse.mistake(
    ball_contrastive.descend,
    "steps half as long, in balls",
    lambda original: lambda setting, eta, steps: original(setting, eta / 2, steps),
)
collapse.mistake(
    exact_collapse.dominated_by,
    "local areas take a quarter of what they do",
    plants.scaled(Fraction(1, 4)),
)
collapse.mistake(
    global_attention,
    "one patch of one cluster keeps 3.3 % more of its attention elsewhere",
    plants.with_last(lambda A: A - 0.033),
)
collapse.mistake(
    global_attention, "one patch of one cluster misses nothing", plants.with_last(lambda A: 1.0)
)
collapse.mistake(
    others_off, "one area of one cluster is left alone", plants.with_last(lambda off: off + 0.2)
)

CLAIMS = (collapse,)
