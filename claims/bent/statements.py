"""What is audited: the finite statements of claims on small trained models, and the dials.

A statement is tried on a model with a few dozen patches, of which every query is examined. Its
thresholds leave room for the finite size as assumed; how much room a perturbation uses is the
closeness that the atlas records. Times are those of the theorems with their sharpened constants.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from refutable.auditing.statement import Audit, Base, Statement
from refutable.claim import Profile
from refutable.claims.bent import dials
from refutable.claims.contrastive import leftovers
from refutable.claims.mae import laws
from refutable.claims.runs import masked
from refutable.gap import Gap, at_least, at_most
from refutable.model import reduced
from refutable.model.bent.observation import Observed
from refutable.model.bent.perturbation import Perturbation
from refutable.model.bent.training import train
from refutable.model.setting import Contrastive, Latents, Setting, SettingError
from refutable.model.trajectory import Event, Objective, QueryKind, Trajectory
from refutable.reuse import cache

Gaps = Iterator[Gap]

POSITIVE: Base = {"P": 36, "C_1": 21, "C_s": 3, "latents": [1.0]}
"""Δ = 0.39: (1-γ)C_1² = 220 > P·C_s = 108, so that |α_1| > α_n at first."""
NEGATIVE: Base = {"P": 36, "C_1": 9, "C_s": 4, "latents": [1.0]}
"""Δ = -0.16: C_1² = 81 < 144."""
SPREAD: Base = {"P": 36, "C_1": 21, "C_s": 3, "latents": [0.5, 1.5]}
"""Latents that are not constant, where the number of clusters decides."""
BOTH = (POSITIVE, NEGATIVE)
QUERIES: tuple[QueryKind, ...] = ("local", "global")
CLUSTERS: dict[Objective, int] = {"mae": 2, "cl": 8}
NEGATIVES = 32

EPSILON = 0.02
"""The loss gap asked of a trained autoencoder; without attention it is ½z²γ = ¼."""
MISS = 0.1
"""The attention that a collapsed model may leave elsewhere when its time is up."""
SPREAD_MISS = 0.14
"""The same where latents are ½ or 1½: half of the samples have a latent that collapses late. With
8 clusters the miss is 0.126 by then and falling, with 2 it has stopped at 0.195."""
PATIENCE = 2.0
"""Times the predicted time; rates change by tens of per cent where an area has 4 patches, of which
2 ± 1 are visible."""
LONGEST = 21.0
"""A setting may ask for at most so many times the steps of the assumed one. What fails when it was
given less than it asks for is not decided, unless masks alone decide it."""
LARGEST_STEP = 256.0
"""Times the step at γ = ½ that high masking may ask for; an area once seen has larger rates."""
NEARLY_ALL = 0.98
"""Share of queries; in 192 samples a few queries see one patch of their area by chance."""


def setting_of(base: Base, objective: Objective) -> Setting:
    """The setting of a base, as assumed."""
    values = base["latents"]
    if len(values) == 1:
        latents = Latents.constant(*values)
    elif base.get("law") == "uniform":
        L, U = values
        latents = Latents.uniform(L, U, nodes=8)
    else:
        latents = Latents.two_point(*values)
    plain = Setting.of_sizes(
        int(base["P"]),
        int(base["C_1"]),
        int(base["C_s"]),
        K=int(base.get("K", CLUSTERS[objective])),
        latents=latents,
        placement="random",
        contrastive=Contrastive(negatives=NEGATIVES),
    )
    return dials.of_sizes(plain, plain.C_1, plain.C_s)


def step_of(setting: Setting, objective: Objective) -> float:
    """η for which η·rate·curvature is about one half.

    Rates are γ/K for MAE and 4(1-γ)²/(KP) for CL, whose views must both show an area. Curvature is
    of order U⁴ for MAE; for CL it is U² once attention is bounded, and η was halved until runs with
    latents ½ or 1½ agreed.
    """
    if objective == "mae":
        return setting.K / (2 * setting.gamma * setting.latents.U**4)
    seen = max(4 * (1 - setting.gamma) ** 2, 1 / LARGEST_STEP)
    return setting.K * setting.P / (seen * setting.latents.U**2)


def time_of(setting: Setting, objective: Objective) -> float:
    """PATIENCE times the time to the loss gap ε (thm4.1), or to a miss (cl.time, cl.late)."""
    second, fourth = setting.latents.moment(2), setting.latents.moment(4)
    seen, K = 1 - setting.gamma, setting.K
    if objective == "mae":
        rho = seen * min(setting.C_s, setting.C_1) / setting.P
        growth = K / (setting.gamma * rho * fourth)
        return PATIENCE * (growth + K / (4 * second * EPSILON))
    tau, clusters = setting.contrastive.tau, max(K, 2)
    c_T = 1 / (2 * seen**2 * (1 - 1 / clusters) * setting.contrastive.c_N * fourth)
    least = max(setting.latents.L, 0.1) ** 2  # the smallest latent comes last
    late = (clusters - 1 + math.exp(min(second / tau, 50.0))) / (clusters - 1) / least / MISS
    return PATIENCE * K * setting.P * (c_T * (setting.P / setting.C_1) ** 2 + late)


@cache.kept(depends_on=("model",), decode=Observed.of)
def trained(
    setting: Setting,
    objective: Objective,
    perturbation: Perturbation,
    time: float,
    step: float,
    seed: int,
) -> Observed:
    """One training, made once for all statements."""
    return train(setting, objective, perturbation, time=time, step=step, seed=seed)


@dataclass(frozen=True)
class Plan:
    """What is trained, with which step and for which time; asked: what the setting asks for."""

    setting: Setting
    perturbation: Perturbation
    step: float
    time: float
    asked: float


def planned(base: Base, turned: Mapping[str, float], objective: Objective) -> Plan:
    """The training of a base with these dials turned; its time is limited by LONGEST."""
    assumed = setting_of(base, objective)
    setting, perturbation = dials.place(assumed, turned)
    step, asked = step_of(setting, objective), time_of(setting, objective)
    longest = LONGEST * time_of(assumed, objective) / step_of(assumed, objective) * step
    return Plan(setting, perturbation, step, min(asked, longest), asked)


def observe(base: Base, turned: Mapping[str, float], seed: int, objective: Objective) -> Observed:
    """The model of a base with these dials turned."""
    plan = planned(base, turned, objective)
    time = float(f"{plan.time:.6g}")
    return trained(plan.setting, objective, plan.perturbation, time, plan.step, seed)


def in_its_time(plan: Plan, gaps: Gaps) -> Gaps:
    """The gaps; SettingError where one fails on a model that was not given its time.

    A gap that fails whatever the time, by its masks or because training diverged, is let pass.
    """
    found = list(gaps)
    failing = [gap.name for gap in found if not gap.holds]
    if failing and plan.time < plan.asked and not {DIVERGED, SHOWN} & set(failing):
        raise SettingError(
            f"asks for {LONGEST * plan.asked / plan.time:.3g} times the steps of the assumed "
            f"model, was given {LONGEST:g} times, and did not reach: {failing[0]}"
        )
    yield from found


# ----------------------------------------------------------------------------------- what is asked


DIVERGED = "training diverged"
SHOWN = "share of pairs of views of which each shows a patch of the global area"


def trains(run: Observed) -> Gap:
    """Training ended in finite numbers."""
    return at_most(DIVERGED, float(run.diverged), 0, 0, "1 when a number was not finite")


def grown(run: Observed, kind: QueryKind) -> Gaps:
    """Queries of a kind attend to their own area, through its grown feature correlation."""
    seen = run.kinds[kind]
    yield at_least(
        f"{kind} queries whose largest area attention is their own area's",
        seen.own_largest[-1], NEARLY_ALL, 0, "nearly all masked queries with a visible own area",
    )  # fmt: skip
    yield at_least(
        f"own-area attention of the worst {kind} patch",
        seen.least_own[-1], 0.5, 0, "T_½ has passed for every patch and cluster",
    )  # fmt: skip
    yield at_least(
        f"Φ own over the largest other Φ, {kind} queries",
        seen.phi_own[-1] / max(seen.phi_other[-1], 1e-12), 3, 0,
        "others stay of order P^-(1-κ_s) log P while Φ own grows like log P",
    )  # fmt: skip


def collapsed(run: Observed, miss: float = MISS) -> Gaps:
    """Every query, whatever its area, attends to the global area."""
    yield at_least(
        SHOWN, 1 - run.none_visible, 1 - miss, 0,
        "where none is visible attention to it is 0 (cl.visible-global)",
    )  # fmt: skip
    for kind, seen in run.kinds.items():
        yield at_least(
            f"mean attention of {kind} queries to the global area",
            seen.global_attention[-1], 1 - miss, 0, f"1 - {miss:g}, asked for at the end",
        )  # fmt: skip
        yield at_least(
            f"{kind} queries whose largest area attention is the global area's",
            seen.global_largest[-1], NEARLY_ALL, 0, "nearly all queries",
        )  # fmt: skip
    yield at_least(
        "Φ global over the largest other Φ",
        run.local.phi_global[-1] / max(run.local.phi_other[-1], 1e-12), 3, 0,
        "the global feature dominates",
    )  # fmt: skip


# ------------------------------------------------------------- what the reduced dynamics say of it

Foreseen = Callable[[Setting, float], bool]
"""Whether a statement holds by the reduced dynamics of a setting, at a time."""


def by_reduced(
    objective: Objective, holds: Foreseen
) -> Callable[[Base, Mapping[str, float]], bool | None]:
    """A statement's `foreseen`: None for what the reduced dynamics leave out.

    They have masks at their mean, exact features, a population and one head; weight decay they have
    for the contrastive row, and of its readings the one of keys by feature and queries by position.
    """

    def foreseen(base: Base, turned: Mapping[str, float]) -> bool | None:
        plan = planned(base, turned, objective)
        setting, perturbation = plan.setting, plan.perturbation
        details = setting.contrastive
        if objective == "cl":
            decay = details.weight_decay + perturbation.weight_decay
            details = dataclasses.replace(details, weight_decay=decay)
            setting = setting.replace(contrastive=details)
            perturbation = dataclasses.replace(perturbation, weight_decay=0.0)
        readings = (details.keys, details.query, details.views)
        canonical = objective == "mae" or readings == ("feature", "position", "independent")
        if perturbation != Perturbation() or not canonical or setting.latents.L <= 0:
            return None
        return holds(setting, plan.time)

    return foreseen


def in_time(event: Event | None, time: float) -> bool:
    """Whether an event happens, and by then."""
    return event is not None and event.log_t <= math.log(time)


def reduced_of(setting: Setting, kind: QueryKind) -> Trajectory:
    """The reduced trajectory of a kind of query, to a fiftieth of the loss without attention."""
    return masked.reduced_mae(setting, kind, setting.gamma * setting.latents.moment(2) / 100)


def reduced_converges(setting: Setting, time: float) -> bool:
    """Both kinds of query come within ε."""
    paths = [reduced_of(setting, kind) for kind in QUERIES]
    return all(np.interp(math.log(time), p.log_t, p.loss_gap) <= EPSILON for p in paths)


def reduced_grows(*kinds: QueryKind) -> Foreseen:
    """These kinds of query attend to their own area for the larger part."""
    return lambda setting, time: all(
        in_time(reduced_of(setting, kind).half, time) for kind in kinds
    )


def reduced_in_two_phases(setting: Setting, time: float) -> bool:
    """T_1 exists, and comes before T_½."""
    found = reduced_of(setting, "local")
    if found.switch is None or found.half is None:
        return False
    return found.switch.log_t <= found.half.log_t <= math.log(time)


def reduced_in_one_phase(setting: Setting, time: float) -> bool:
    """|α_1| < α_n at the start, and T_½ is reached."""
    found = reduced_of(setting, "local")
    return found.switch is None and in_time(found.half, time)


def reduced_collapses(miss: float) -> Foreseen:
    """Attention to the global area reaches 1 - miss, less the masks that show nothing of it."""

    def holds(setting: Setting, time: float) -> bool:
        shown = 1 - float(leftovers.none_visible(setting))
        try:
            path = reduced.cl(setting, loss_gap=1e-3, log_t_max=math.log(time))
        except SettingError:  # the gradient is 0, or the global feature does not grow
            return False
        return bool(path.global_attention.max() * shown >= 1 - miss)

    return holds


def statement(
    claim: str,
    measured: str,
    ask: Callable[[Setting, Observed], Gaps],
    *,
    objective: Objective = "mae",
    bases: Sequence[Base] = BOTH,
    main: bool = False,
    foreseen: Foreseen | None = None,
) -> Statement:
    """A statement on one trained model: `ask` gets the setting with dials turned, and the run."""

    def check(base: Base, turned: Mapping[str, float], seed: int, _: Profile) -> Gaps:
        run = observe(base, turned, seed, objective)
        plan = planned(base, turned, objective)
        yield from in_its_time(plan, itertools.chain([trains(run)], ask(plan.setting, run)))

    return Statement(
        claim=claim,
        measured=measured,
        bases=tuple(bases),
        check=check,
        untestable=untestable(objective, spread=tuple(bases) == (SPREAD,)),
        foreseen=by_reduced(objective, foreseen) if foreseen else lambda *_: None,
        simpler=simpler(objective),
        main=main,
    )


CONTRASTIVE_ONLY = tuple(
    dial.name for dial in dials.DIALS if dial.assumption == "contrastive details"
)


LATENT_LAWS = ("smallest-latent", "latent-ratio", "latent-correlation")
"""Dials that set the law of the latents."""


def untestable(objective: Objective, *, spread: bool = False) -> Callable[[str], str | None]:
    """Why a dial cannot be tried on a claim about this objective; spread: about latents ½ or 1½."""

    def reason(dial: str) -> str | None:
        if objective == "mae" and dial in CONTRASTIVE_ONLY:
            return "the masked autoencoder has no contrastive loss"
        if spread and dial in LATENT_LAWS:
            return "the statement is about latents of ½ or 1½, and the dial sets others"
        return None

    return reason


def simpler(objective: Objective) -> Callable[[Base], st.SearchStrategy[Base]]:
    """Smaller models with the sign of the gap that a base has, constant latents first."""

    def bases(base: Base) -> st.SearchStrategy[Base]:
        positive = base["C_1"] ** 2 > base["P"] * base["C_s"]
        sizes = [(12, 8, 1), (16, 10, 2), (24, 15, 2)] if positive else [
            (12, 4, 2), (16, 5, 2), (24, 7, 3)
        ]  # fmt: skip
        clusters = [1, 2] if objective == "mae" else [2, 4, 8]
        return st.builds(
            lambda size, K, latents: {
                "P": size[0], "C_1": size[1], "C_s": size[2], "K": K, "latents": latents,
            },
            st.sampled_from([*sizes, (base["P"], base["C_1"], base["C_s"])]),
            st.sampled_from(clusters),
            st.sampled_from([[1.0], list(base["latents"])]),
        )  # fmt: skip

    return bases


# ---------------------------------------------------------------------------------- the statements


def converges(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.1."""
    for kind, seen in run.kinds.items():
        yield at_most(
            f"loss gap of the worst patch, {kind} part", seen.loss_gap[-1], EPSILON, 0,
            f"ε = {EPSILON:g} at {PATIENCE:g}·(K/(γρz⁴) + K/(4z²ε))",
        )  # fmt: skip


def global_case(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a query in the global area."""
    yield from grown(run, "global")


def local_positive(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a local query at a positive gap: Φ_1 falls first, then Φ_n grows."""
    yield from grown(run, "local")
    seen = run.local
    yield at_most(
        "Φ global over its largest rival among the others, local queries",
        seen.phi_global[-1] / max(seen.phi_other[-1], 1e-12), -1.5, 0,
        "the global feature is given up by an amount of order log P, the others by less",
    )  # fmt: skip
    switch, half = run.switch(), run.half("local")
    yield at_most(
        "T_1 over T_½",
        math.inf if half is None else (math.inf if switch is None else switch / half), 1, 0,
        "Φ_1 leads until T_1, before own attention reaches ½; the limit is 1/3",
    )  # fmt: skip


def local_negative(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.2 for a local query at a negative gap: Φ_n leads from the start."""
    yield from grown(run, "local")
    seen = run.local
    moved = seen.phi_own[1] - seen.phi_own[0]
    yield at_most(
        "first change of Φ global over that of Φ own, local queries",
        abs(seen.phi_global[1] - seen.phi_global[0]) / max(abs(moved), 1e-12), 1, 0,
        "|α_1| < α_n from the start; the limit is 0",
    )  # fmt: skip


def collapses(_: Setting, run: Observed) -> Gaps:
    """Theorem 4.4."""
    yield from collapsed(run)


def local_attention_is_own(_: Setting, run: Observed) -> Gaps:
    """Every masked query attends to its own area."""
    for kind in ("local", "global"):
        seen = run.kinds[kind]
        yield at_least(
            f"{kind} queries whose largest area attention is their own area's",
            seen.own_largest[-1], NEARLY_ALL, 0, "nearly all with a visible own area",
        )  # fmt: skip


def mechanism(setting: Setting, run: Observed) -> Gaps:
    """Figure 4: attention to the own area through a grown Φ_n, and a suppressed Φ_1 if Δ > 0."""
    yield from grown(run, "local")
    if dials.information_gap(setting) > 0 and setting.latents.is_constant:
        depth = laws.depth_at_half(setting) / setting.latents.U
        yield at_most(
            "Φ global of local queries at the end", run.local.phi_global[-1], -depth, 0,
            "suppressed by the amount of local.crossover; at this size it falls further",
        )  # fmt: skip


def collapses_all_latents(_: Setting, run: Observed) -> Gaps:
    """cl.cluster-threshold: samples of small latents collapse, too."""
    yield from collapsed(run, SPREAD_MISS)


def equal_rows(_: Setting, run: Observed) -> Gaps:
    """cl.rank-one."""
    yield at_most(
        "largest distance between two rows of Q over the longest", run.row_spread, 1e-9, 0,
        "float64 error of some hundred steps",
    )  # fmt: skip


def shift_free(_: Setting, run: Observed) -> Gaps:
    """grad.shift."""
    yield at_most(
        "|Σ_q Υ_{p→q}| over the largest |Υ|", run.shift, 1e-9, 0,
        "float64 error of some hundred steps",
    )  # fmt: skip


def never_decreases(_: Setting, run: Observed) -> Gaps:
    """sign.own."""
    yield at_least(
        "smallest change of an own correlation between two looks", run.least_own_step, 0, 1e-9,
        "float64 error",
    )  # fmt: skip


def descends(_: Setting, run: Observed) -> Gaps:
    """loss.descent."""
    rises = max(b - a for a, b in itertools.pairwise(run.loss))
    yield at_most(
        "largest rise of the loss between two looks, over its first value",
        rises / abs(run.loss[0]), 0, 1e-3, "a thousandth, for the noise of fresh samples",
    )  # fmt: skip


def half_time(kind: QueryKind) -> Callable[[Setting, Observed], Gaps]:
    """T_½ is that of the reduced dynamics."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        predicted = reduced_event(setting, kind, "half")
        found = run.half(kind)
        yield at_most(
            f"|log of T_½ over the reduced one, {predicted:.4g}|, {kind} queries",
            math.inf if found is None else abs(math.log(max(found, 1e-9) / predicted)),
            math.log1p(min(finite_size(setting, kind), COARSEST)), 0, FINITE,
        )  # fmt: skip

    return ask


COARSEST = 0.5
"""Where finite size may change a prediction by more than this share, this share is allowed: with
more, nothing could break. As assumed the models are off by up to 0.29."""
FINITE = (
    "twice what the reduced dynamics leave out, relative to a rate: γ/((1-γ)C_n) for the number of "
    f"visible patches, and K·C_n/P for the clusters' common positions; at most {COARSEST:g}"
)


def finite_size(setting: Setting, kind: QueryKind) -> float:
    """Twice the first-order corrections to a rate at this size."""
    C_n = setting.C_1 if kind == "global" else setting.C_s
    gamma = setting.gamma
    return 2 * (gamma / ((1 - gamma) * C_n) + setting.K * C_n / setting.P)


def reduced_event(setting: Setting, kind: QueryKind, name: str) -> float:
    """The time of an event of the reduced dynamics. SettingError where they have none."""
    event = getattr(masked.reduced_mae(setting, kind, EPSILON / 4), name)
    if event is None or event.log_t == -math.inf:
        raise SettingError(f"the reduced dynamics have no event {name!r} here after the start")
    return math.exp(event.log_t)


def switch_time(_: Setting, run: Observed) -> Gaps:
    """T_1 is a third of T_½; at this size the reduced dynamics have it off by a factor of two."""
    first, half = run.switch(), run.half("local")
    yield at_most(
        "|log of 3T_1/T_½|",
        math.inf if first is None or half is None else abs(math.log(3 * first / half)),
        math.log(2), 0, "a factor of two tells the limit 1/3 from no first phase and from no second"
    )  # fmt: skip


def end_of(kind: QueryKind, series: str, what: str) -> Callable[[Setting, Observed], Gaps]:
    """A correlation at the end is that of the reduced dynamics, within finite-size corrections."""

    def ask(setting: Setting, run: Observed) -> Gaps:
        trajectory = masked.reduced_mae(setting, kind, EPSILON / 4)
        log_t = min(math.log(run.times[-1]), float(trajectory.log_t[-1]))
        predicted = float(np.interp(log_t, trajectory.log_t, getattr(trajectory, series)))
        found = getattr(run.kinds[kind], series)[-1]
        finite = math.log1p(finite_size(setting, kind))
        yield at_most(
            f"{what} against the reduced {predicted:.4g}, {kind} queries",
            abs(found - predicted), min(finite, COARSEST / 2 * abs(predicted)), 0,
            "the logarithm of what the reduced dynamics leave out in a rate, as half_time has it; "
            f"at most {COARSEST / 2:g} of the prediction",
        )  # fmt: skip

    return ask


def one_phase(_: Setting, run: Observed) -> Gaps:
    """global.one-phase."""
    seen = run.global_.phi_own
    yield at_least(
        "smallest change of Φ_1 between two looks, global queries",
        min(b - a for a, b in itertools.pairwise(seen)), 0, 1e-9, "float64 error",
    )  # fmt: skip


def own_first(_: Setting, run: Observed) -> Gaps:
    """local-.own-first."""
    seen = run.local
    own = [b - a for a, b in itertools.pairwise(seen.phi_own)]
    other = [b - a for a, b in itertools.pairwise(seen.phi_global)]
    yield at_least(
        "smallest change of Φ_n less that of |Φ_1| between two looks",
        min(a - abs(b) for a, b in zip(own, other, strict=True)), 0, 1e-9, "float64 error",
    )  # fmt: skip


def limit_diversity(setting: Setting) -> float:
    """1 - Σ_j C_j(C_j-1)/(P(P-1)): that of queries which all attend to their own area."""
    same = sum(C * (C - 1) for C in setting.area_sizes.tolist())
    return 1 - same / (setting.P * (setting.P - 1))


def diverse(setting: Setting, run: Observed) -> Gaps:
    """contrast.diversity-mae."""
    if math.isnan(run.diversity):
        raise SettingError("one masked patch has no other whose attention could differ")
    limit = limit_diversity(setting)
    yield at_least(
        "attention diversity D of the autoencoder", run.diversity, 0.8 * limit, 0,
        "four fifths of the limit 1 - ΣC_j(C_j-1)/(P(P-1)); own attention is some 0.85 by then",
    )  # fmt: skip


def has_learned(run: Observed) -> Gap:
    """A contrastive model's queries attend to the global area: it has left Q = 0."""
    return at_least(
        "CL: mean attention of local queries to the global area", run.local.global_attention[-1],
        0.5, 0, "an untrained model attends to no area in particular, and contrasts with nothing",
    )  # fmt: skip


def uniform(_: Setting, run: Observed) -> Gaps:
    """contrast.diversity-cl."""
    yield has_learned(run)
    yield at_most(
        "attention diversity D of the contrastive model", run.diversity, 0.05, 0,
        "0 exactly where queries are positions alone, small under the other readings",
    )  # fmt: skip


def local_case(_: Setting, run: Observed) -> Gaps:
    """contrast.locality for one objective."""
    if run.objective == "mae":
        for kind in ("local", "global"):
            yield at_least(
                f"MAE: own-area attention of the worst {kind} patch",
                run.kinds[kind].least_own[-1], 0.5, 0, "tends to 1",
            )  # fmt: skip
    else:
        own = run.local.own_attention
        yield at_most(
            "CL: mean own-area attention of local queries, over that at the start",
            own[-1] / own[0], 0.5, 0, "tends to 0; some 1/10 by then",
        )  # fmt: skip


def reconstructs(_: Setting, run: Observed) -> Gaps:
    """contrast.reconstruction for one objective."""
    share = run.reconstruction / run.blank
    if run.objective == "mae":
        yield at_most(
            "MAE: loss of masked local patches over that of a blank", share, 0.2, 0,
            "(1-A_n)² and the others' squares, some 0.04 by then",
        )  # fmt: skip
    else:
        yield has_learned(run)
        yield at_least(
            "CL: loss of masked local patches over that of a blank", share, 0.9, 0,
            "at least 1 - o(1); 1 + z_1²/z_n² in the limit",
        )  # fmt: skip


def of_both(
    claim: str,
    measured: str,
    asks: Sequence[Callable[[Setting, Observed], Gaps]],
) -> Statement:
    """A statement on two models trained on the same data, one by each objective."""

    def check(base: Base, turned: Mapping[str, float], seed: int, _: Profile) -> Gaps:
        objectives: tuple[Objective, ...] = ("mae", "cl")
        for objective in objectives:
            ours = {
                name: value
                for name, value in turned.items()
                if objective == "cl" or name not in CONTRASTIVE_ONLY
            }
            run = observe(base, ours, seed, objective)
            plan = planned(base, ours, objective)
            found = (ask(plan.setting, run) for ask in asks)
            yield from in_its_time(plan, itertools.chain([trains(run)], *found))

    return Statement(claim=claim, measured=measured, bases=BOTH, check=check, simpler=simpler("cl"))


def diversity_of_either(setting: Setting, run: Observed) -> Gaps:
    """Diversity, high or low as the objective has it."""
    yield from (diverse if run.objective == "mae" else uniform)(setting, run)


STATEMENTS = (
    statement(
        "thm4.1", f"every patch is within ε = {EPSILON:g} of its infimum at twice the "
        "predicted time", converges, main=True, foreseen=reduced_converges,
    ),
    statement(
        "thm4.2.global", "masked global patches attend to the global area, through Φ_1 grown",
        global_case, main=True, foreseen=reduced_grows("global"),
    ),
    statement(
        "thm4.2.local+", "Φ_1 falls before T_1, then masked local patches attend to their own "
        "area through Φ_n grown", local_positive, bases=(POSITIVE,), main=True,
        foreseen=reduced_in_two_phases,
    ),
    statement(
        "thm4.2.local-", "Φ_n leads from the start, and masked local patches attend to their own "
        "area", local_negative, bases=(NEGATIVE,), main=True, foreseen=reduced_in_one_phase,
    ),
    statement(
        "thm4.4", f"every query gives the global area at least {1 - MISS:g} of its attention",
        collapses, objective="cl", main=True, foreseen=reduced_collapses(MISS),
    ),
    statement(
        "mae.locality", "every masked query's largest area attention is its own area's",
        local_attention_is_own, foreseen=reduced_grows(*QUERIES),
    ),
    statement(
        "fig4.mechanism", "masked local patches attend to their own area through Φ_n, and Φ_1 is "
        "suppressed if Δ > 0", mechanism,
    ),
    statement(
        "cl.rank-one", "all rows of Q stay equal", equal_rows, objective="cl",
    ),
    statement(
        "cl.cluster-threshold", f"with latents ½ or 1½ every query gives the global area at "
        f"least {1 - SPREAD_MISS:g} of its attention", collapses_all_latents, objective="cl",
        bases=(SPREAD,), foreseen=reduced_collapses(SPREAD_MISS),
    ),
    statement("loss.descent", "the loss never rises from look to look", descends),
    statement("grad.shift", "positions' correlations sum to 0 over keys", shift_free),
    statement("sign.own", "no own correlation decreases from look to look", never_decreases),
    statement(
        "local+.phase1-length", "T_1 is a third of T_½, within a factor of two", switch_time,
        bases=(POSITIVE,),
    ),
    statement(
        "local+.phase2-length", "T_½ is that of the reduced dynamics", half_time("local"),
        bases=(POSITIVE,),
    ),
    statement(
        "local+.decoupling-depth", "Φ_1 of local queries ends where the reduced dynamics leave it",
        end_of("local", "phi_global", "Φ_1"), bases=(POSITIVE,),
    ),
    statement(
        "local+.own-final", "Φ_n of local queries ends where the reduced dynamics leave it",
        end_of("local", "phi_own", "Φ_n"), bases=(POSITIVE,),
    ),
    statement(
        "local-.own-first", "Φ_n of local queries changes by more than Φ_1 from look to look",
        own_first, bases=(NEGATIVE,),
    ),
    statement(
        "local-.length", "T_½ is that of the reduced dynamics", half_time("local"),
        bases=(NEGATIVE,),
    ),
    statement(
        "local-.own-final", "Φ_n of local queries ends where the reduced dynamics leave it",
        end_of("local", "phi_own", "Φ_n"), bases=(NEGATIVE,),
    ),
    statement("global.length", "T_½ is that of the reduced dynamics", half_time("global")),
    statement("global.one-phase", "Φ_1 of global queries never decreases", one_phase),
    statement(
        "global.own-final", "Φ_1 of global queries ends where the reduced dynamics leave it",
        end_of("global", "phi_own", "Φ_1"),
    ),
    statement(
        "contrast.diversity-mae", "attention diversity of the autoencoder is near its limit",
        diverse,
    ),
    statement(
        "contrast.diversity-cl", "attention diversity of the contrastive model is small", uniform,
        objective="cl",
    ),
    of_both("contrast.locality", "own-area attention: large for MAE, small for CL", (local_case,)),
    of_both(
        "contrast.reconstruction", "masked local patches are reconstructed with MAE's attention, "
        "not with CL's", (reconstructs,),
    ),
    of_both(
        "contrast.both-signs", "diversity, locality and reconstruction at both signs of Δ",
        (diversity_of_either, local_case, reconstructs),
    ),
)  # fmt: skip

AUDIT = Audit(dials.DIALS, STATEMENTS)
