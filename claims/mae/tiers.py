"""Links between the tiers: what one engine computes is what the next one takes for granted.

Enumerated masks → sampled masks → gradient descent → gradient flow → reduced dynamics. A verdict at
P = 1e100 is worth what these links are worth.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import over_masks
from refutable.claims.runs import plants
from refutable.claims.runs.latex import scientific
from refutable.claims.runs.regimes import BOTH_SIGNS, QUERIES, sign_of
from refutable.gap import Gap, at_most, equal
from refutable.model import data, descent, enumeration, gradients, reduced
from refutable.model.reduced import counts, coupling
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind, Series, Trajectory
from refutable.reuse import shared

LOSS_GAP = 0.05
"""Where trajectories stop: past the transition, so that both phases are compared."""


enumerated = Claim(
    id="tier.enumeration",
    title="Sampled gradients agree with the enumeration of all masks",
    statement=r"""$\mathbb E_{\text{drawn}}[\alpha],\ \mathbb E_{\text{drawn}}[\beta]$ are the exact
        expectations over all masks, clusters and latents.""",
    measured="means of batches against the enumeration, in units of their standard error",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "population gradient"),
    rests_on=("mask.moments", "grad.own", "grad.other", "grad.position"),
)

FALSE_ALARM = 1e-9
"""Of one comparison of means, two-sided."""


def sampled(setting: Setting, query: int, size: int, rng: np.random.Generator) -> data.Samples:
    """Samples that mask the query, drawn as training draws them."""
    return data.draw(setting, size, rng, masked=query)


@enumerated.leg("exact", require=("K = 1", "K = 2"))
def sampling_is_unbiased(context: Context) -> Iterator[Gap | Case]:
    """Student's t of 100 batches, for every α and β of one query at a random point."""
    batches, size = 100, context.at(quick=50, full=500)
    rng = context.rng()
    for K, P, C_1, C_s in ((1, 7, 3, 2), (2, 6, 2, 2)):
        setting = Setting.of_sizes(
            P, C_1, C_s, K=K, latents=Latents.two_point(0.5, 1.5), placement="random"
        )
        query = P - 1
        phi, upsilon = rng.normal(size=(1, setting.features)), rng.normal(size=(1, P))

        def slopes(
            samples: data.Samples,
            setting: Setting = setting,
            query: int = query,
            at: tuple[data.Floats, data.Floats] = (phi, upsilon),
        ) -> data.Floats:
            alpha, beta, _ = gradients.reconstruction(setting, samples, np.array([query]), *at)
            return np.concatenate([alpha[0], beta[0]])

        yield Case((f"K = {K}",))
        exact = slopes(enumeration.population(setting, masked=query))
        means = np.array([slopes(sampled(setting, query, size, rng)) for _ in range(batches)])
        error = means.std(axis=0, ddof=1) / math.sqrt(batches)
        t = np.abs(means.mean(axis=0) - exact) / error
        allowed = stats.t.isf(FALSE_ALARM / len(t) / 2, batches - 1)
        yield at_most(
            f"largest t of {len(t)} entries, K = {K}",
            t.max(),
            allowed,
            0,
            f"Student's t with {batches - 1} degrees of freedom, Bonferroni over the entries",
            false_alarm=FALSE_ALARM,
        )


enumerated.mistake(
    sampled,
    "the probability that the query is masked is forgotten",
    lambda original: lambda *a: _certain(original(*a)),
)
enumerated.mistake(
    data.draw_masks,
    "an area counted with its masked patches",
    lambda original: (
        lambda setting, size, rng, masked=None: (
            original(setting, size, rng, masked) | (rng.random((size, setting.P)) < 0.2)
        )
    ),
)


def _certain(samples: data.Samples) -> data.Samples:
    return dataclasses.replace(samples, weights=samples.weights / samples.weights.sum())


flow = Claim(
    id="tier.flow",
    title="Gradient descent approaches the gradient flow as the step shrinks",
    statement=r"$\Phi^{(t/\eta)}_\eta-\Phi(t)=O(\eta)$ at fixed $t$.",
    measured="differences of Φ between steps η and η/2 at a fixed time: their ratio tends to 2",
    provenance=Provenance.DERIVED,
    assumptions=("plain gradient descent", "small step", "population gradient"),
    rests_on=("grad.own", "grad.other", "grad.position"),
)


def order_of_step() -> float:
    """The power of η in the error of gradient descent."""
    return 1.0


@shared.run_once
def correlations_at(setting: Setting, query: QueryKind, time: float, step: float) -> data.Floats:
    """(Φ_1, Φ_n) after gradient descent on the exact population until the given time."""
    steps = round(time / step)
    run = descent.descend_mae(setting, query, engine="closed", step=step, steps=steps)
    return np.array([run.phi_global[-1], run.phi_own[-1]])


@flow.leg("trained")
def error_is_linear_in_the_step(context: Context) -> Iterator[Gap | Case]:
    """Successive differences under halving of the step, at a time before the transition."""
    halvings = context.at(quick=4, full=6)
    for name, setting, time in (
        ("Δ > 0", Setting.of_sizes(64, 32, 8, kappa_c=0.9, kappa_s=0.3), 16.0),
        ("Δ < 0", Setting.of_sizes(64, 16, 8, kappa_c=0.6, kappa_s=0.5), 16.0),
    ):
        yield Case((name,))
        steps = [1.0 / 2**i for i in range(halvings + 1)]
        states = [correlations_at(setting, "local", time, step) for step in steps]
        change = np.array([abs(a - b) for a, b in itertools.pairwise(states)])
        orders = np.log2(change[:-1] / change[1:])  # (halvings - 1, 2)
        for which, order in zip(("Φ_1", "Φ_n"), orders.T, strict=True):
            spread = abs(order[0] - order_of_step())
            yield equal(
                f"order of the step, {which}, {name}",
                order[-1],
                order_of_step(),
                2 * spread / 2 ** (halvings - 2) + 1e-6,
                "the next term of the error is of order η relative to the first, so it halves with "
                "the step; twice what the coarsest pair shows, and 1e-6 for rounding",
            )
            yield at_most(
                f"coarsest pair, {which}, {name}",
                spread,
                0.25,
                0,
                "η = 1 is a quarter of the stable range 2/(z⁴/2), so higher orders are below that",
            )


flow.mistake(order_of_step, "second order", lambda _: lambda: 2.0)
flow.mistake(
    descent.descend_mae,
    "time counted in steps",
    lambda original: lambda *a, steps, **k: original(*a, steps=16, **k),
)
flow.tolerates(
    correlations_at,
    "it reads all the runs whose differences are compared: ratios do not depend on its scale",
)


SMALL_AREAS, LARGE_AREAS, SWITCH_AGREEMENT = 3e-5, 1e-5, 1e-3
"""What trajectories may differ by, in a correlation and relative in a time: of fewer than 12
patches, of more, and in T_1. Where |α_1| and α_n are parallel for long, their crossing is worse
determined."""

lumped = Claim(
    id="tier.reduced",
    title="The reduced dynamics are those of the full population, masks and all",
    statement=rf"""at every step
        $|\Phi^{{(t)}}-\Phi^{{(t)}}_{{\mathrm{{reduced}}}}|\le\delta$, and
        $|T/T_{{\mathrm{{reduced}}}}-1|\le\delta$ for $T_{{1/2}},\,T^*$:
        $\delta={scientific(SMALL_AREAS)}$ for $C_s<12$ and ${scientific(LARGE_AREAS)}$ from there
        on; ${scientific(SWITCH_AGREEMENT)}$ for $T_1$. Rates are exact where the own count decides
        all others, for random latents too ($\Phi_{{p\to v_m}}=0$, all but $\alpha_m$).""",
    measured="gradient descent on the exact population and in the reduced dynamics, step by step; "
    "K = 1, constant latents, equal local areas; rates over every mask at P ≤ 16, K ≤ 2; and three "
    "clusters whose partitions are the same sets of patches, which meet exactly",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "population gradient"),
    rests_on=("mask.moments", "tier.flow"),
)

STEP = 0.5
"""η of both: compared step by step, its own error is the same on either side."""
POPULATIONS = (
    Setting.of_sizes(64, 32, 4, kappa_c=0.9, kappa_s=0.3),
    Setting.of_sizes(64, 16, 8, kappa_c=0.6, kappa_s=0.5, gamma=0.25),
    Setting.of_sizes(126, 63, 9, kappa_c=0.9, kappa_s=0.45, gamma=0.75),
    Setting.of_sizes(144, 24, 12, kappa_c=0.6, kappa_s=0.5, latents=Latents.constant(1.25)),
    Setting.of_sizes(256, 128, 16, kappa_c=0.85, kappa_s=0.5, gamma=0.75),
    Setting.of_sizes(576, 144, 24, kappa_c=0.75, kappa_s=0.499, gamma=0.5),
)
"""Areas of 4 to 24 patches, both signs of Δ, masking ratios ¼ to ¾."""


def agreement(C_s: int) -> float:
    """What trajectories may differ by, in a correlation and relative in a time; claimed."""
    return SMALL_AREAS if C_s < 12 else LARGE_AREAS


WHY_AGREEMENT = (
    "claimed: left out is the skewness of the global count, of relative order 1/C_1², and what 8 "
    "nodes leave of more than 40 counts"
)


@shared.run_once
def both_descents(setting: Setting, query: QueryKind) -> tuple[Trajectory, Trajectory]:
    """Descent on the exact population to LOSS_GAP, and as many steps of the reduced dynamics."""
    full = descent.descend_mae(
        setting, query, engine="closed", step=STEP, loss_gap=LOSS_GAP, steps=10**5, records=10**5
    )
    small = reduced.descend(setting, query, step=STEP, steps=len(full.log_t), loss_gap=LOSS_GAP)
    return full, small


@lumped.leg(
    "trained",
    require={
        **dict.fromkeys(BOTH_SIGNS, ("largest |Δphi_*", "*'half'*", "*'done'*")),
        **{query: f"*{query} query*" for query in QUERIES},
        "clusters that meet": "Φ_* farthest off after *",
        "areas of unequal size": ("Φ_n after *", "Φ_1 after *"),
    },
)
def reduced_steps_are_those_of_the_population(context: Context) -> Iterator[Gap | Case]:
    """Φ_1, Φ_n, Φ_m at every step, and the times of all events."""
    for setting, query in itertools.product(
        context.at(quick=POPULATIONS[:-1], full=POPULATIONS), QUERIES
    ):
        full, small = both_descents(setting, query)
        yield Case((sign_of(setting), query))
        allowed = agreement(setting.C_s)
        name = f"{query} query, P = {setting.P}, C_s = {setting.C_s}, γ = {setting.gamma:g}"
        for which in ("phi_global", "phi_own", "phi_other"):
            difference = np.abs(getattr(small, which) - getattr(full, which)).max()
            yield at_most(f"largest |Δ{which}|, {name}", difference, allowed, 0, WHY_AGREEMENT)
        for which, bound in (
            ("switch", SWITCH_AGREEMENT),
            ("half", allowed),
            ("done", allowed),
        ):
            theirs, ours = getattr(full, which), getattr(small, which)
            if theirs is None and ours is None:
                continue
            log_ratio = math.inf if None in (theirs, ours) else ours.log_t - theirs.log_t
            yield at_most(
                f"|log of the time of {which!r}, ratio|, {name}",
                abs(log_ratio),
                bound,
                0,
                WHY_AGREEMENT,
            )
    yield from over_masks.clusters_that_meet()
    yield from over_masks.areas_that_differ()


@lumped.leg(
    "exact",
    require=dict.fromkeys(
        (
            "random latents",
            "constant latents",
            "shared partition",
            "γ ≠ ½",
            *(f"{q} query" for q in QUERIES),
        ),
        ("α_n, *", "β_n, *", "β_p, *", "L_p - L[*]_p, *"),
    ),
)
def rates_where_nothing_is_lumped(context: Context) -> Iterator[Gap | Case]:
    """Every mask and latent vector, in floats, at correlations that are all different."""
    yield from over_masks.rates_over_every_mask()
    yield from over_masks.own_moments()


def _counts_with(**changes: Callable[[counts.Counts], Series]) -> Callable[..., Any]:
    """Plant counts of which some are replaced."""

    def plant(original: Callable[..., Any]) -> Callable[..., Any]:
        def visible(*given: Any) -> counts.Counts:
            found = original(*given)
            return found._replace(**{name: make(found) for name, make in changes.items()})

        return visible

    return plant


lumped.mistake(counts.own_counts, "the own area always shows its mean", plants.at_its_mean)
lumped.mistake(
    counts.visible_counts,
    "the query counted among the keys of its area",
    lambda original: lambda setting, areas: original(setting, areas._replace(own=areas.own + 1)),
)
lumped.mistake(
    "refutable.model.reduced.fluctuating.same_area",
    "patches of the other areas shown one by one, not by area",
    lambda original: lambda areas, size: 0.0 * original(areas, size),
)
lumped.mistake(
    counts.areas_of,
    "all other areas of the size of most",
    plants.other_areas_alike,
)
lumped.mistake(
    counts.visible_counts,
    "masked global patches forgotten",
    _counts_with(global_dark=lambda found: 0 * found.global_dark),
)
lumped.mistake(
    counts.visible_counts,
    "hidden own areas counted in the loss gap",
    _counts_with(answerable=lambda found: np.ones_like(found.answerable)),
)
lumped.mistake(
    reduced.descend,
    "reduced dynamics with 1 % more time",
    lambda original: lambda *a, step, **k: original(*a, step=1.01 * step, **k),
)
lumped.mistake(
    "refutable.model.reduced.counts.NODES_OF_RANDOM",
    "four nodes of the own count, random latents",
    lambda _: 4,
)
lumped.mistake(plants.RATES, "α_m off by 1 %", plants.spoiled(plants.ALPHA_OTHER, 1.01))
lumped.mistake(plants.RATES, "β_p off by 0.1 %", plants.spoiled(plants.BETA_SELF, 1.001))
lumped.mistake(
    both_descents, "T_1 a quarter of a per cent late", lambda right: _later(right, "switch", 2.5e-3)
)
lumped.mistake(both_descents, "T_½ late by 4e-5", lambda right: _later(right, "half", 4e-5))
lumped.mistake(
    coupling.with_other_clusters,
    "a cluster meets itself as well",
    lambda original: lambda setting, *rest: original(setting.replace(K=setting.K + 1), *rest),
)


def _later(original: Callable[..., Any], event: str, by: float) -> Callable[..., Any]:
    def runs(*given: Any) -> tuple[Trajectory, Trajectory]:
        full, small = original(*given)
        return full, plants.later(small, event, by)

    return runs


CLAIMS = (flow, lumped, enumerated)
