"""The main theorems: Theorem 4.1, the three cases of Theorem 4.2, Figure 4, and Theorem 4.4.

Two kinds of evidence meet here. The reduced dynamics carry exponents and constants to P = 1e100;
models trained by gradient descent at P = 64 to 256, every patch examined, show that these dynamics
are what training does; at P = 64 torch differentiates the loss and descends on the whole of Q.
Formulas are ours; the source gives the statements (Theorem 4.1's opening, titles and captions).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import global_query, ladders
from refutable.claims.mae.ladders import Ladder
from refutable.claims.runs import trained as runs
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, gradients, reduced
from refutable.model.setting import Contrastive, Latents, Setting
from refutable.model.trajectory import Objective, QueryKind, Trajectory
from refutable.reuse import shared

Floats = data.Floats

BOTH_SIGNS = ("Δ > 0", "Δ < 0")
QUERIES: tuple[QueryKind, ...] = ("local", "global")
TOPS: dict[QueryKind, tuple[Setting, ...]] = {
    "local": (
        ladders.POSITIVE[0],
        ladders.NEGATIVE[0],
        ladders.POSITIVE[1],
        ladders.NEGATIVE[1],
    ),
    "global": global_query.CONSTANT,
}
"""Both signs of Δ among the first two; the tops of ladders of P."""

EPSILON = 0.01
"""The loss gap ε asked of trained models; the loss starts near ¼."""
CONSTANT = 2.0
"""The constant in T* = O(...) for trained models: the sharpened constant is 1 as P → ∞; at P = 128
masks leave 4 ± 1.4 of an area's 8 patches visible, which changes rates by tens of per cent."""
SIGMAS = 8.0
"""Width allowed to noise, in standard deviations: a normal one goes beyond with chance 1e-15."""
FALSE_ALARM = 1e-10
"""For a gap that looks at up to 1e4 noisy numbers, 8 standard deviations each, with room for tails
heavier than normal."""


# ----------------------------------------------------------------------------------- predictions


def area_exponent(setting: Setting, query: QueryKind) -> float:
    """κ: of the area that holds the query."""
    return setting.kappa_c if query == "global" else setting.kappa_s


def area_size(setting: Setting, query: QueryKind) -> int:
    """C_n."""
    return setting.C_1 if query == "global" else setting.C_s


def predicted_time_exponent(setting: Setting, query: QueryKind, power: float) -> float:
    """The power of P in T*(ε) at ε = P^-power: that of P^{1-κ} + 1/ε."""
    return max(1 - area_exponent(setting, query), power)


def predicted_time(setting: Setting, query: QueryKind, epsilon: float) -> float:
    """T*(ε) = K/(γρz⁴) + K/(4z²ε), ρ = (1-γ)C_n/P; constant latents."""
    z, gamma = setting.latents.L, setting.gamma
    share = (1 - gamma) * (area_size(setting, query) / setting.P)
    return setting.K / (gamma * share * z**4) + setting.K / (4 * z**2 * epsilon)


def predicted_rate(setting: Setting) -> float:
    """The limit of t·(L_p - L*_p)."""
    return setting.K / (4 * setting.latents.L**2)


def predicted_own_slope(setting: Setting, query: QueryKind) -> float:
    """Φ_{p→v_n} at a fixed loss gap, per log P."""
    return (1 - area_exponent(setting, query)) / setting.latents.L


def predicted_global_slope(setting: Setting) -> float:
    """Φ_{p→v_1} of a local query at a fixed loss gap, per log P: given up only if Δ > 0."""
    return -max(setting.information_gap, 0.0) / (2 * setting.latents.L)


def predicted_other_exponent(setting: Setting) -> float:
    """max_t |Φ_{p→v_m}| = Θ(P^this log P) for m ∉ {1, n}."""
    return -(1 - setting.kappa_s)


def predicted_own_position_exponent(setting: Setting, query: QueryKind) -> float:
    """max_t |Υ_{p→q}| = Θ(P^this log P) for q in the own area, where it is largest."""
    return -area_exponent(setting, query)


# ---------------------------------------------------------------------------- trained autoencoders

POSITIVE = Setting.of_sizes(
    128, 64, 8, kappa_c=0.85, kappa_s=0.375, gamma=0.5, K=2, placement="random"
)
"""Δ = 0.325; C_1²/(P·C_s) = 4."""
NEGATIVE = Setting.of_sizes(
    128, 16, 8, kappa_c=0.575, kappa_s=0.375, gamma=0.5, K=2, placement="random"
)
"""Δ = -0.225; C_1²/(P·C_s) = 1/4."""
LARGER = (
    POSITIVE.replace(K=3, placement="contiguous"),
    NEGATIVE.replace(K=3, placement="contiguous"),
    Setting.of_sizes(256, 128, 8, kappa_c=0.875, kappa_s=0.375, K=2, placement="random"),
    Setting.of_sizes(256, 16, 8, kappa_c=0.525, kappa_s=0.375, K=2, placement="random"),
)


SMALL_POSITIVE = Setting.of_sizes(
    64, 48, 8, kappa_c=0.93, kappa_s=0.5, gamma=0.5, K=2, placement="random"
)
"""Δ = 0.36; C_1²/(P·C_s) = 4.5."""
SMALL_NEGATIVE = Setting.of_sizes(
    64, 12, 8, kappa_c=0.6, kappa_s=0.5, gamma=0.5, K=2, placement="random"
)
"""Δ = -0.3; C_1²/(P·C_s) = 0.28."""


def deadline(setting: Setting, query: QueryKind) -> float:
    """The time by which every patch of a kind is expected at the loss gap ε."""
    return CONSTANT * predicted_time(setting, query, EPSILON)


def training_time(setting: Setting) -> float:
    """Until every patch is expected at the loss gap ε: local ones come last."""
    return deadline(setting, "local")


def trained(context: Context) -> Iterator[tuple[Case, runs.TrainedMae]]:
    """Autoencoders trained on either sign of Δ; several seeds and sizes in longer profiles.

    There torch trains the smaller ones: automatic differentiation of the loss, on all of Q.
    """
    plan = [(setting, 0) for setting in (SMALL_POSITIVE, SMALL_NEGATIVE)]
    if context.profile != "quick":
        plan = [(setting, seed) for seed in range(3) for setting in (POSITIVE, NEGATIVE)]
        plan += [(setting, 0) for setting in LARGER]
    for setting, seed in plan:
        sign = "Δ > 0" if setting.information_gap > 0 else "Δ < 0"
        time, also = training_time(setting), (deadline(setting, "global"),)
        run = runs.trained_mae(setting, context.root_seed + seed, time, also)
        yield Case((sign,)), run
    for setting in context.at(quick=(), full=(SMALL_POSITIVE, SMALL_NEGATIVE)):
        sign = "Δ > 0" if setting.information_gap > 0 else "Δ < 0"
        for seed in (0, 1):
            time, also = training_time(setting), (deadline(setting, "global"),)
            run = runs.torch_mae(setting, context.root_seed + seed, time, also)
            yield Case((sign,)), run


def same_in_torch(context: Context, setting: Setting, objective: Objective) -> Iterator[Gap]:
    """The closed forms that train the models take the steps of torch on the whole of Q."""
    steps = context.at(quick=2, full=40)
    yield equal(
        f"Q after {steps} steps, torch autograd against closed form, {runs.name_of(setting)}",
        runs.torch_difference(setting, context.root_seed, objective, steps),
        0,
        1e-12 * steps,
        "relative float64 error of sums of some thousand terms, added up over the steps",
    )


@dataclass(frozen=True)
class Rows:
    """Correlations of all pairs (patch, cluster) whose query is of one kind, (n,) each.

    other: the largest modulus of all but own and global.
    """

    own: Floats
    global_: Floats
    other: Floats


def rows_of(run: runs.TrainedMae, query: QueryKind, moment: int = -1) -> Rows:
    """The correlations of every patch and cluster at a moment."""
    setting, found = run.setting, []
    for k in range(setting.K):
        area = setting.area_of[k]
        kind = (area == 0) == (query == "global")
        phi = correlations.of_cluster(setting, k, run.phi[moment])
        number = np.arange(setting.areas)
        others = np.where((number == area[:, None]) | (number == 0), 0.0, phi)
        found.append((run.own(k, moment)[kind], phi[kind, 0], np.abs(others).max(axis=1)[kind]))
    own, global_, other = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Rows(own, global_, other)


def noise(values: Floats) -> float:
    """Standard deviation over patches, from the median deviation: one bad patch cannot widen it."""
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


def worst(values: Floats, predicted: float) -> float:
    """The value farthest from the predicted one."""
    return float(values[np.abs(values - predicted).argmax()])


@dataclass(frozen=True)
class Reduced:
    """The reduced trajectory of a kind of query in a trained setting, read at time t.

    finite: what it leaves out at finite size, relative to a rate: the spread of the number of
    visible patches of the own area, γ/((1-γ)C_n), and the weight that the other clusters' position
    correlations put on that many keys, K(C_n/P)(e^Υ-1); twice, for its effect on T_½ and after it.
    """

    trajectory: Trajectory
    t: float

    def at(self, series: Floats) -> float:
        """A series of the trajectory at time t."""
        return float(np.interp(math.log(self.t), self.trajectory.log_t, series))

    @property
    def finite(self) -> float:
        """First-order corrections to a rate."""
        setting, query = self.trajectory.setting, self.trajectory.query
        C_n = area_size(setting, query)
        spread = setting.gamma / ((1 - setting.gamma) * C_n)
        coupling = setting.K * C_n / setting.P * math.expm1(self.at(self.trajectory.upsilon_own))
        return 2 * (spread + coupling)


def reduced_of(run: runs.TrainedMae, query: QueryKind, moment: int = -1) -> Reduced:
    """What the reduced dynamics say of a run at a moment."""
    trajectory = runs.reduced_mae(run.setting, query, EPSILON / 20)
    return Reduced(trajectory, float(run.times[moment]))


FINITE = (
    "what the reduced dynamics leave out at this size, 2(γ/((1-γ)C_n) + K(C_n/P)(e^Υ-1)) relative "
    "to a rate, and 8 standard deviations of the noise between patches"
)


def agrees(name: str, values: Floats, predicted: float, systematic: float) -> Iterator[Gap]:
    """Every value is the predicted one up to systematic corrections and noise."""
    sigma = noise(values)
    yield equal(
        f"{name}, every patch",
        worst(values, predicted),
        predicted,
        systematic + SIGMAS * sigma,
        FINITE,
        false_alarm=FALSE_ALARM,
    )
    yield at_most(
        f"{name}, noise between patches",
        sigma,
        0.25,
        0,
        "a wider noise could not reject a wrong prediction",
        false_alarm=FALSE_ALARM,
    )


def stays_small(name: str, values: Floats, predicted: float) -> Gap:
    """No value exceeds twice what is predicted for the largest."""
    return at_most(
        f"{name}, every patch",
        float(values.max()),
        2 * abs(predicted) + SIGMAS * noise(values),
        0,
        "twice the reduced dynamics' value: the first-order corrections at this size are below 1; "
        "and 8 standard deviations of the noise between patches",
        false_alarm=FALSE_ALARM,
    )


# -------------------------------------------------------------------------------------- Theorem 4.1

convergence = Claim(
    id="thm4.1",
    title="MAE training converges",
    statement=(
        r"\Delta\in[-0.5,-\Omega(1)]\cup[\Omega(1),1]:\ \text{for every patch } p \text{ and } "
        r"\epsilon\in(0,1):\ L_p(Q^{(T^*)}) - L_p^* \le \epsilon,\quad "
        r"T^* = O\big(P^{1-\kappa} + \epsilon^{-1}\big),\ \kappa = \kappa_c \text{ or } \kappa_s"
    ),
    measured=(
        "exponent of T* along ε = P^-power; T*/(K/(γρz⁴) + K/(4z²ε)) → 1 and t·(L_p - L*_p) → "
        "K/(4z²); in trained models (at P = 64 by torch on all of Q) every patch within ε at twice "
        "that time"
    ),
    provenance=Provenance.STATED,
    paper="Theorem 4.1",
    assumptions=ladders.WITH_GAP,
    rests_on=(
        "local+.phase2-length",
        "local+.rate",
        "local-.length",
        "local-.rate",
        "global.length",
        "global.rate",
        "loss.lower-bound",
    ),
)

POWERS = (0.0, 1.2)
"""ε = P^-power, up to a factor: fixed, where P^{1-κ} decides, and small, where 1/ε does."""


@shared.run_once
def to_small_gap(
    top: Setting, query: QueryKind, tens: tuple[int, ...], power: float
) -> tuple[Trajectory, ...]:
    """A ladder of trajectories, each down to the loss gap P^-power/1000."""
    rungs = (top.replace(P=10**ten) for ten in tens)
    gaps = (ladders.LOSS_GAP * 10.0 ** (-power * ten) for ten in tens)
    return tuple(reduced.mae(s, query, loss_gap=gap) for s, gap in zip(rungs, gaps, strict=True))


def to_small_gap_at(top: Setting, query: QueryKind, power: float, ten: int) -> Trajectory:
    """One of these trajectories."""
    return to_small_gap(top, query, (ten,), power)[0]


@convergence.leg("scaling", require=BOTH_SIGNS)
def times_and_losses_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Time to a loss gap, its power of P and 1/ε, on ladders of reduced trajectories."""
    tens = ladders.tens(context)
    for query in QUERIES:
        for top in context.at(quick=TOPS[query][:2], full=TOPS[query]):
            for power in POWERS:
                if power:
                    low = ladders.where_possible(
                        functools.partial(to_small_gap_at, top, query, power),
                        ladders.low_tens(context),
                    )
                    judged = to_small_gap(top, query, tens, power)
                    ladder = Ladder(top, (*low, *judged), len(low))
                else:
                    ladder = next(ladders.ladders(context, [top], query))
                yield ladder.case
                log_T = ladder.event("done", "log_t")
                name = f"{query} query, T* at ε = P^-{power:g}"
                exponent = predicted_time_exponent(top, query, power)
                yield from ladder.power(name, log_T, exponent)
                epsilon = ladder.final("loss_gap")
                expected = [
                    math.log(predicted_time(rung, query, gap))
                    for rung, gap in zip(ladder.rungs, epsilon, strict=True)
                ]
                yield from ladder.limit(f"{name} over its constant", np.exp(log_T - expected), 1.0)
                if power:
                    limit = predicted_rate(top)
                    yield from ladder.limit(
                        f"{query} query, t·gap", np.exp(log_T) * epsilon / limit, 1.0
                    )


@convergence.leg("trained", require=BOTH_SIGNS)
def every_patch_reaches_its_infimum(context: Context) -> Iterator[Gap | Case]:
    """Loss gap of every patch of trained models, and the time it took."""
    yield from same_in_torch(context, SMALL_POSITIVE, "mae")
    for case, run in trained(context):
        yield case
        setting = run.setting
        for query in QUERIES:
            moment = int(np.argmax(run.times >= deadline(setting, query) - 1e-9))
            everywhere = (setting.area_of == 0) == (query == "global")
            # A patch that is of the other kind in some cluster waits for the longer deadline.
            chosen = everywhere.all(axis=0) if query == "global" else everywhere.any(axis=0)
            if not chosen.any():
                continue
            gap, error = run.loss_gap(moment)
            yield within_epsilon(
                f"{run.name}: loss gap of the worst {query} patch at t = {run.times[moment]:.0f}",
                gap[chosen],
                error[chosen],
                f"; time {CONSTANT:g}·(K/(γρz⁴) + K/(4z²ε)) was allowed",
            )


def within_epsilon(name: str, gaps: Floats, errors: Floats, allowed: str = "") -> Gap:
    """The largest loss gap of a trained model's patches (n,) is ε, up to its standard error."""
    worst = int(gaps.argmax())
    return at_most(
        name,
        float(gaps[worst]),
        EPSILON,
        SIGMAS * float(errors[worst]),
        f"{SIGMAS:g} standard errors over test masks{allowed}",
        false_alarm=FALSE_ALARM,
    )


convergence.mistake(
    predicted_time,
    "the time to learn the area left out",
    lambda original: (
        lambda setting, query, epsilon: (
            original(setting, query, epsilon) - original(setting, query, math.inf)
        )
    ),
)
convergence.mistake(
    predicted_time_exponent,
    "convergence like 1/√ε",
    lambda original: lambda setting, query, power: original(setting, query, power / 2),
)
convergence.mistake(
    ladders.RATES,
    "own features learned half as fast",
    ladders.spoiled(ladders.ALPHA_OWN, 0.5),
)


# -------------------------------------------------------------------------------------- Theorem 4.2


def case_of_theorem(id: str, title: str, statement: str, rests_on: tuple[str, ...]) -> Claim:
    """One of the three cases of feature-position learning."""
    return Claim(
        id=id,
        title=title,
        statement=statement,
        measured=(
            "slopes in log P at a fixed loss gap up to P = 1e100; trained models (at P = 64 by "
            "torch on all of Q) against the reduced dynamics of the same setting and time, every "
            "patch and cluster"
        ),
        provenance=Provenance.RECONSTRUCTED,
        paper="Theorem 4.2",
        assumptions=ladders.WITH_GAP,
        rests_on=rests_on,
    )


def tops(context: Context, query: QueryKind, sign: int = 0) -> Iterator[Ladder]:
    """The ladders of a kind of query, of one sign of Δ if asked for."""
    chosen = context.at(quick=TOPS[query][:2], full=TOPS[query])
    wanted = [top for top in chosen if sign * top.information_gap >= 0]
    yield from ladders.ladders(context, wanted, query)


def slopes(ladder: Ladder, query: QueryKind) -> Iterator[Gap]:
    """Final Φ_n and, for a local query, Φ_1 per log P; the powers of all that must stay small."""
    top = ladder.top
    yield from ladder.power("Φ_n", ladder.final("phi_own"), predicted_own_slope(top, query))
    if query == "local":
        yield from ladder.power("Φ_1", ladder.final("phi_global"), predicted_global_slope(top))
    other = np.log(ladder.largest("phi_other"))
    yield from ladder.power("Φ_m", other, predicted_other_exponent(top), log_power=1)
    position = np.log(ladder.largest("upsilon_own"))
    exponent = predicted_own_position_exponent(top, query)
    yield from ladder.power("Υ", position, exponent, log_power=1)


def learned(run: runs.TrainedMae, query: QueryKind) -> Iterator[Gap]:
    """Every patch of a kind has learned what the reduced dynamics say, and nothing else."""
    expected, rows = reduced_of(run, query), rows_of(run, query)
    name, path = f"{run.name}, {query} patch", expected.trajectory
    yield from agrees(f"{name}: Φ_n", rows.own, expected.at(path.phi_own), expected.finite)
    if query == "local":
        phi = expected.at(path.phi_global)
        yield from agrees(f"{name}: Φ_1", rows.global_, phi, expected.finite * abs(phi))
    yield stays_small(f"{name}: |Φ_m|", rows.other, expected.at(path.phi_other))


global_case = case_of_theorem(
    "thm4.2.global",
    "A global patch learns the global feature",
    r"p\in\mathcal P_{k,1}:\ \Phi_{p\to v_1}\to \tfrac{1-\kappa_c}{z}\log P;\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_c}\log P)",
    ("global.length", "global.own-final", "global.others-small", "global.positions-small"),
)


@global_case.leg("scaling", require=BOTH_SIGNS)
def global_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a global query's correlations."""
    for ladder in tops(context, "global"):
        yield ladder.case
        yield from slopes(ladder, "global")


@global_case.leg("trained", require=BOTH_SIGNS)
def global_patches_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Every global patch of trained models against the reduced dynamics."""
    for case, run in trained(context):
        yield case
        yield from learned(run, "global")


positive_case = case_of_theorem(
    "thm4.2.local+",
    "A local patch, positive gap: the global feature is given up, then the own one learned",
    r"\Delta>0,\ p\in\mathcal P_{k,n},\ n\ne1:\ \Phi_{p\to v_1}\to -\tfrac{\Delta}{2z}\log P,\ "
    r"\Phi_{p\to v_n}\to\tfrac{1-\kappa_s}{z}\log P;\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_s}\log P)",
    (
        "local+.phase1-monotone",
        "local+.decoupling-depth",
        "local+.global-stays",
        "local+.own-final",
        "local+.others-small",
        "local+.positions-small",
    ),
)


@positive_case.leg("scaling", require=("Δ > 0",))
def decoupled_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a local query's correlations, positive gap."""
    for ladder in tops(context, "local", sign=1):
        yield ladder.case
        yield from slopes(ladder, "local")


@positive_case.leg("trained", require=("Δ > 0",))
def local_patches_decouple_first(context: Context) -> Iterator[Gap | Case]:
    """Every local patch of models trained with a positive gap: two phases."""
    for case, run in trained(context):
        if run.setting.information_gap > 0:
            yield case
            yield from learned(run, "local")
            yield from decouples_first(run)


def decouples_first(run: runs.TrainedMae) -> Iterator[Gap]:
    """Early, Φ_1 has fallen farther than Φ_n has risen; at the end the global area is given up."""
    name = f"{run.name}, local patch"
    early, late = rows_of(run, "local", 0), rows_of(run, "local")
    yield at_most(
        f"{name}: Φ_1 + Φ_n at t = {run.times[0]:.0f}, mean",
        float((early.global_ + early.own).mean()),
        0,
        0,
        "until T_1 the global correlation is the faster one",
        false_alarm=FALSE_ALARM,
    )
    yield at_most(
        f"{name}: largest Φ_1 at the end",
        float(late.global_.max()),
        -math.log(2) / run.setting.latents.L,
        0,
        "every patch weighs a global key less than half as much as at first",
        false_alarm=FALSE_ALARM,
    )


negative_case = case_of_theorem(
    "thm4.2.local-",
    "A local patch, negative gap: the own feature is learned at once",
    r"\Delta<0,\ p\in\mathcal P_{k,n},\ n\ne1:\ \Phi_{p\to v_n}\to\tfrac{1-\kappa_s}{z}\log P,\ "
    r"|\Phi_{p\to v_1}| = o(1);\quad "
    r"|\Phi_{p\to v_m}| = O(P^{-(1-\kappa_s)}\log P),\ "
    r"|\Upsilon_{p\to q}| = O(P^{-\kappa_s}\log P)",
    (
        "local-.no-decoupling",
        "local-.own-first",
        "local-.own-final",
        "local-.others-small",
        "local-.positions-small",
    ),
)


@negative_case.leg("scaling", require=("Δ < 0",))
def single_phase_slopes_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Slopes of a local query's correlations, negative gap."""
    for ladder in tops(context, "local", sign=-1):
        yield ladder.case
        yield from slopes(ladder, "local")


@negative_case.leg("trained", require=("Δ < 0",))
def local_patches_learn_at_once(context: Context) -> Iterator[Gap | Case]:
    """Every local patch of models trained with a negative gap: one phase."""
    for case, run in trained(context):
        if run.setting.information_gap < 0:
            yield case
            yield from learned(run, "local")
            yield from own_first(run)


def own_first(run: runs.TrainedMae) -> Iterator[Gap]:
    """At all moments Φ_n has moved farther than Φ_1, and Φ_1 never by much."""
    name = f"{run.name}, local patch"
    for moment, t in enumerate(run.times):
        rows = rows_of(run, "local", moment)
        yield at_least(
            f"{name}: smallest Φ_n - |Φ_1| at t = {t:.0f}",
            float((rows.own - np.abs(rows.global_)).min()),
            0,
            0,
            "the own correlation is the faster one throughout",
            false_alarm=FALSE_ALARM,
        )
    yield at_least(
        f"{name}: smallest Φ_1 at the end",
        float(rows_of(run, "local").global_.min()),
        -math.log(2) / run.setting.latents.L,
        0,
        "every patch weighs a global key more than half as much as at first",
        false_alarm=FALSE_ALARM,
    )


for _claim in (global_case, positive_case, negative_case):
    _claim.mistake(
        predicted_own_slope,
        "the own slope too large by 0.02",
        ladders.shifted(0.02),
    )
    _claim.mistake(
        gradients.own_integrand,
        "own features learned half as fast in training",
        ladders.scaled(0.5),
    )
positive_case.mistake(
    predicted_global_slope,
    "no decoupling at a positive gap",
    ladders.scaled(0.0),
)
negative_case.mistake(
    predicted_global_slope,
    "decoupling at a negative gap",
    ladders.shifted(-0.02),
)


# ---------------------------------------------------------------------------- Figure 4 and locality

mechanism = Claim(
    id="fig4.mechanism",
    title="How a masked patch finds its area",
    statement=(
        r"\text{a masked local patch attends to its area through a grown } \Phi_{p\to v_n} "
        r"\ (\Delta<0),\ \text{or a grown } \Phi_{p\to v_n} \text{ and a suppressed } "
        r"\Phi_{p\to v_1}\ (\Delta>0)"
    ),
    measured=(
        "trained models with single correlations set back to 0: own attention without Φ_n and with "
        "nothing but Φ_1 and Φ_n; the factor e^{zΦ_1} on the weight of a global patch"
    ),
    provenance=Provenance.STATED,
    paper="Figure 4",
    assumptions=ladders.WITH_GAP,
    rests_on=("thm4.2.local+", "thm4.2.local-"),
)


def suppresses(setting: Setting) -> bool:
    """Whether the trained model has given up the global feature."""
    return setting.information_gap > 0


def edited(run: runs.TrainedMae, *, own: bool, global_: bool, rest: bool) -> Floats:
    """Own attention of every pair (local patch, cluster), (n,), on samples that can be answered.

    own, global_, rest: whether Φ_n, Φ_1, and all other Φ with all Υ are kept or set to 0.
    """
    setting = run.setting
    phi, upsilon = run.phi[-1].copy(), run.upsilon[-1] * rest
    number = np.arange(setting.areas)
    for k in range(setting.K):
        is_own = number == setting.area_of[k][:, None]
        keep = np.where(is_own, own, np.where(number == 0, global_, rest))
        correlations.of_cluster(setting, k, phi)[:] *= keep
    A = correlations.area_attention(setting, run.test, phi, upsilon)
    return np.concatenate([own_attention(run, A, k, "local") for k in range(setting.K)])


def own_attention(run: runs.TrainedMae, A: Floats, k: int, query: QueryKind) -> Floats:
    """Mean over answerable samples of cluster k of A_n, for the patches of a kind there: (n,)."""
    area = run.setting.area_of[k]
    chosen = run.test.cluster == k
    A_n = np.take_along_axis(A[chosen], area[None, :, None], axis=2)[:, :, 0]
    counts = run.answerable()[chosen]
    mean = (A_n * counts).sum(axis=0) / counts.sum(axis=0)
    return mean[(area == 0) == (query == "global")]


@mechanism.leg("trained", require=BOTH_SIGNS)
def attention_with_correlations_removed(context: Context) -> Iterator[Gap | Case]:
    """Own attention of trained models with single correlations set to 0."""
    for case, run in trained(context):
        yield case
        setting, name = run.setting, run.name
        whole = edited(run, own=True, global_=True, rest=True)
        yield at_least(
            f"{name}: smallest own attention",
            float(whole.min()),
            0.5,
            0,
            "at least half: a patch that attends to its area",
            false_alarm=FALSE_ALARM,
        )
        yield at_most(
            f"{name}: own attention without Φ_n, largest share",
            float((edited(run, own=False, global_=True, rest=True) / whole).max()),
            0.25,
            0,
            "without its cause at least three quarters of it are gone",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{name}: own attention from Φ_1 and Φ_n alone, smallest share",
            float((edited(run, own=True, global_=True, rest=False) / whole).min()),
            0.5,
            0,
            "most of it: at this size Υ puts up to twice the weight on own keys for each cluster, "
            "which takes 1-A_n from 0.15 to 0.3 or more when it is lost",
            false_alarm=FALSE_ALARM,
        )
        weight = np.exp(setting.latents.L * rows_of(run, "local").global_)
        half, why = 0.5, "suppressed: less than half the weight it had at Q = 0; or not"
        if suppresses(setting):
            yield at_most(
                f"{name}: weight left to a global patch", float(weight.max()), half, 0, why
            )
        else:
            yield at_least(
                f"{name}: weight left to a global patch", float(weight.min()), half, 0, why
            )


mechanism.mistake(
    suppresses,
    "suppression at a negative gap",
    lambda original: lambda setting: setting.information_gap < 0,
)
mechanism.mistake(
    gradients.other_integrand,
    "the pull away from other areas left out",
    ladders.scaled(0.0),
)

locality = Claim(
    id="mae.locality",
    title="A trained autoencoder is local",
    statement=(
        r"\text{every masked } p,\text{ every } k,\text{ both signs of } \Delta:\ "
        r"\arg\max_j \mathrm{Attn}_{p\to\mathcal P_{k,j}} = a_{k,p}"
        r"\ \text{ whenever } \mathcal U\cap\mathcal P_{k,a_{k,p}}\neq\emptyset"
    ),
    measured=(
        "trained models, every patch and cluster: the smallest weight of one own key over the "
        "weight of any other area with all its patches visible, which covers every mask; and the "
        "mean own attention against the reduced dynamics"
    ),
    provenance=Provenance.STATED,
    assumptions=ladders.WITH_GAP,
    rests_on=("thm4.2.global", "thm4.2.local+", "thm4.2.local-"),
)


def favourite(setting: Setting, k: int) -> data.Ints:
    """The area of cluster k to which each masked patch attends most, (P,)."""
    return setting.area_of[k]


def margins(run: runs.TrainedMae, k: int) -> Floats:
    """Log-ratio of the weight of one favourite key to that of any other whole area, (P,).

    The worst case over masks: one visible key, the lightest, against everything of one other area.
    """
    setting, upsilon, z = run.setting, run.upsilon[-1], run.setting.latents.L
    phi = correlations.of_cluster(setting, k, run.phi[-1])
    areas = data.members(setting, k)
    heaviest = np.stack(
        [z * phi[:, j] + np.logaddexp.reduce(upsilon[:, q], axis=1) for j, q in enumerate(areas)],
        axis=1,
    )
    found = np.empty(setting.P)
    for p, best in enumerate(favourite(setting, k)):
        keys = areas[best][areas[best] != p]
        lightest = z * phi[p, best] + upsilon[p, keys].min()
        found[p] = lightest - np.delete(heaviest[p], best).max()
    return found


@locality.leg("trained", require=BOTH_SIGNS)
def own_area_first_under_any_mask(context: Context) -> Iterator[Gap | Case]:
    """The lightest own key against every other whole area, for all masks."""
    for case, run in trained(context):
        yield case
        setting = run.setting
        for k in range(setting.K):
            yield at_least(
                f"{run.name}, cluster {k + 1}: smallest margin of the own area",
                float(margins(run, k).min()),
                0,
                0,
                "at 0 two areas could tie under some mask",
                false_alarm=FALSE_ALARM,
            )
        A = run.attention()
        for query in QUERIES:
            expected = reduced_of(run, query)
            missing = 1 - expected.at(expected.trajectory.own_attention)
            own = np.concatenate([own_attention(run, A, k, query) for k in range(setting.K)])
            yield at_least(
                f"{run.name}, {query} patch: smallest mean own attention",
                float(own.min()),
                1 - 2 * missing,
                0,
                "1 - A_n may be twice that of the reduced dynamics: few visible own patches weigh "
                "more in the mean than many (1 + γ/((1-γ)C_n) to first order)",
                false_alarm=FALSE_ALARM,
            )


locality.mistake(
    favourite,
    "every patch looks at the global area",
    lambda original: lambda setting, k: np.zeros(setting.P, dtype=np.int64),
)
locality.mistake(
    gradients.own_integrand,
    "own features pushed away",
    ladders.scaled(-1.0),
)


# -------------------------------------------------------------------------------------- Theorem 4.4

contrastive = Claim(
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
        "power of |Φ_m|/Φ_1, up to P = 1e100; trained models (at P = 64 by torch on all of Q) "
        "against the reduced dynamics"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Theorem 4.4",
    assumptions=(*ladders.WITH_GAP, "many clusters", "contrastive details"),
    rests_on=(
        "cl.gradient-feature",
        "cl.rank-one",
        "cl.feature-growth",
        "cl.locals-stay",
        "cl.cluster-threshold",
    ),
)

MANY = Contrastive(negatives=math.inf)
CL_TOPS = (
    ladders.top_of(0.85, 0.3, K=4, contrastive=MANY),
    ladders.top_of(0.6, 0.4, K=4, contrastive=MANY),
    ladders.top_of(0.8, 0.4, 1.3, K=3, gamma=0.6, contrastive=Contrastive(tau=0.5)),
    ladders.top_of(0.65, 0.45, 0.8, K=10, gamma=0.3, contrastive=Contrastive(negatives=4)),
)
"""Gaps 0.4, -0.2, 0.2, -0.15; constant latents, for which K ≥ 2 is many."""
SPREAD_TOPS = tuple(
    ladders.top_of(*kappas, Latents.uniform(0.75, 1.25, 32), K=8, contrastive=MANY)
    for kappas in ((0.85, 0.3), (0.6, 0.4))
)
"""Latents of a law with a density, K = 8 beyond its K_c of about 3."""
CL_POSITIVE = POSITIVE.replace(K=4)
CL_NEGATIVE = NEGATIVE.replace(K=4)
FEW = Contrastive(negatives=8)
CL_SMALL = (
    Setting.of_sizes(
        64, 48, 4, kappa_c=0.93, kappa_s=0.33, K=4, placement="random", contrastive=FEW
    ),
    Setting.of_sizes(
        64, 16, 8, kappa_c=0.66, kappa_s=0.5, K=4, placement="random", contrastive=FEW
    ),
)
"""Δ = 0.53 and -0.18; C_1²/(P·C_s) = 9 and 1/2."""
CL_LOSS_GAP = 1e-3


def predicted_miss(setting: Setting, loss_gap: float) -> float:
    """1-A_1 at a loss gap, to first order; constant latents, N_c → ∞: ε/(2z²w), 1-w_0 = w → w_o.

    The positive and negatives of its cluster all score z²A², those of other clusters 0: of the
    softmax weight w_o = (K-1)/(K-1+e^{z²/τ}) is on other clusters.
    """
    z2 = setting.latents.L**2
    w = (setting.K - 1) / (setting.K - 1 + math.exp(z2 / setting.contrastive.tau))
    return loss_gap / (2 * z2 * w)


def predicted_cl_slope(setting: Setting) -> float:
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


def cl_tens(context: Context) -> tuple[int, ...]:
    """The powers of ten on a ladder, from where P^-0.15 is small."""
    return tuple(int(x) for x in np.linspace(30, 100, context.at(quick=6, full=12)).round())


def collapse_at(top: Setting, ten: int) -> Trajectory:
    """The reduced run at P = 10**ten."""
    return runs.reduced_cl(top.replace(P=10**ten), CL_LOSS_GAP)


@contrastive.leg("scaling", require=BOTH_SIGNS)
def collapse_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Attention, slope and dominance at the loss gap, up to P = 1e100."""
    tens = cl_tens(context)
    for top in context.at(quick=CL_TOPS[:2], full=CL_TOPS):
        at = functools.partial(collapse_at, top)
        low = ladders.where_possible(at, ladders.low_tens(context))
        ladder = Ladder(top, (*low, *map(at, tens)), len(low))
        yield ladder.case
        yield from attends_to_global(ladder)
        yield from ladder.power("Φ_1", ladder.final("phi_global"), predicted_cl_slope(top))
        ratio = np.log(np.abs(ladder.final("phi_other"))) - np.log(ladder.final("phi_global"))
        exponent, log_power = predicted_dominance(top)
        yield from ladder.power("|Φ_m|/Φ_1", ratio, exponent, log_power=log_power)
    for top in SPREAD_TOPS:
        ten = tens[0] if context.profile == "quick" else tens[-1]
        ladder = Ladder(top, (runs.reduced_cl(top.replace(P=10**ten), CL_LOSS_GAP),))
        yield ladder.case
        yield from attends_to_global(ladder)
        yield at_most(
            f"|Φ_m|/Φ_1, {ladder.name}, P = 1e{ten}",
            float(np.abs(ladder.final("phi_other") / ladder.final("phi_global"))[0]),
            1e-6,
            0,
            "dominated: both powers of P are below -0.4 at P ≥ 1e30",
        )


def attends_to_global(ladder: Ladder) -> Iterator[Gap]:
    """Attention off the global area at the loss gap, at the top of the ladder."""
    top, run = ladder.top, ladder.runs[-1]
    miss = float(1 - run.global_attention[-1])
    if top.latents.is_constant and top.contrastive.negatives == math.inf:
        predicted = predicted_miss(run.setting, CL_LOSS_GAP)
        yield equal(
            f"1-A_1 at the loss gap, {ladder.name}",
            miss,
            predicted,
            5 * CL_LOSS_GAP * predicted,
            "the second order in ε, relative, with room for its constant",
        )
    else:
        yield at_most(
            f"1-A_1 at the loss gap, {ladder.name}",
            miss,
            10 * CL_LOSS_GAP,
            0,
            "of the order of ε; the first order has a constant of at most a few",
        )


def cl_time(setting: Setting) -> float:
    """Half as much again as the reduced dynamics need to 1-A_1 = 1/20."""
    path = runs.reduced_cl(setting, CL_LOSS_GAP)
    return 1.5 * math.exp(np.interp(0.95, path.global_attention, path.log_t))


def torch_collapses(context: Context) -> Iterator[runs.TrainedCl]:
    """Contrastive models of either sign of Δ trained by torch, in the longer profiles."""
    for setting in context.at(quick=(), full=CL_SMALL):
        for seed in (0, 1):
            step = CL_STEP * setting.P
            yield runs.torch_cl(setting, context.root_seed + seed, cl_time(setting), step)


def trained_collapses(context: Context) -> Iterator[runs.TrainedCl]:
    """Contrastive models of either sign of Δ; several seeds and laws in longer profiles.

    There torch trains the smaller ones: automatic differentiation of the loss, on all of Q.
    """
    plan = [(setting, 0) for setting in CL_SMALL]
    if context.profile != "quick":
        plan = [(s, seed) for s in (CL_POSITIVE, CL_NEGATIVE) for seed in range(3)]
        wide = Latents.uniform(0.75, 1.25, 16)
        plan += [(s.replace(K=8, latents=wide), 0) for s in (CL_POSITIVE, CL_NEGATIVE)]
    for setting, seed in plan:
        step = CL_STEP * setting.P
        yield runs.trained_cl(setting, context.root_seed + seed, cl_time(setting), step)
    yield from torch_collapses(context)


@contrastive.leg("trained", require=BOTH_SIGNS)
def collapse_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """Global attention and correlations of trained models, every patch and cluster."""
    yield from same_in_torch(context, CL_SMALL[1], "cl")
    for run in trained_collapses(context):
        setting, name = run.setting, run.name
        yield Case(("Δ > 0" if setting.information_gap > 0 else "Δ < 0",))
        miss = 1 - global_attention(run)
        yield at_most(
            f"{name}: largest mean of 1-A_1 over patches and clusters",
            float(miss.max()),
            0.1,
            0,
            "twice the 1/20 that the reduced dynamics pass at two thirds of the time: masks that "
            "show little of the global area weigh more in the mean",
            false_alarm=FALSE_ALARM,
        )
        phi = run.phi[-1].reshape(-1, setting.K, setting.areas)
        expected = runs.reduced_cl(setting, CL_LOSS_GAP)
        at_end = float(np.interp(math.log(run.times[-1]), expected.log_t, expected.phi_global))
        yield equal(
            f"{name}: Φ_1, every cluster",
            worst(phi[:, :, 0].ravel(), at_end),
            at_end,
            math.log(2),
            "log of the factor 2 allowed to 1-A_1",
            false_alarm=FALSE_ALARM,
        )
        yield at_most(
            f"{name}: largest |Φ_m| over smallest Φ_1",
            float(np.abs(phi[:, :, 1:]).max() / phi[:, :, 0].min()),
            0.1,
            0,
            "dominated: the reduced dynamics give 0.04 at this size",
            false_alarm=FALSE_ALARM,
        )


CL_STEP = 8.0
"""η/P. Curvature of the shared row is of order 1/(KP), which leaves room for K/2 times this."""


def favoured_area() -> int:
    """Index of the area that all attention goes to."""
    return 0


def global_attention(run: runs.TrainedCl) -> Floats:
    """Mean attention of the favoured area, by cluster and patch: (K, P)."""
    A, cluster = run.attention()[:, :, favoured_area()], run.test.cluster
    return np.stack([A[cluster == k].mean(axis=0) for k in range(run.setting.K)])


contrastive.mistake(
    favoured_area,
    "a local area wins",
    lambda original: lambda: 1,
)
contrastive.mistake(
    predicted_dominance,
    "the local areas' own feature does as much",
    lambda original: lambda setting: (0.0, 0.0),
)
contrastive.mistake(
    gradients.pulls,
    "negatives pull instead of pushing",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)

for _claim in (convergence, global_case, positive_case, negative_case, mechanism, locality):
    _claim.tolerates(training_time, "how long to train")
    _claim.tolerates(deadline, "when to look, in whole steps")
for _claim in (global_case, positive_case, negative_case, mechanism, locality):
    _claim.tolerates(
        predicted_time,
        "here only how long to train; thm4.1 states it",
    )
for _claim in (global_case, positive_case, negative_case):
    _claim.tolerates(
        noise,
        "the spread over patches, of which eight are allowed for",
    )
for _claim in (global_case, positive_case, negative_case, contrastive):
    _claim.tolerates(
        worst,
        "the worst patch of a trained model; finite size moves it by more",
    )
for _name in (own_attention, edited):
    mechanism.tolerates(
        _name,
        "measured attention, told from none by more than a half",
    )
for _measured in (own_attention, margins):
    locality.tolerates(_measured, "measured, and bounded from below only")
contrastive.tolerates(cl_time, "how long to train")
contrastive.tolerates(
    global_attention,
    "measured attention, bounded from below only",
)

CLAIMS = (
    convergence,
    global_case,
    positive_case,
    negative_case,
    mechanism,
    locality,
    contrastive,
)
