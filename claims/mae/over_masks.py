"""MAE: the reduced rates beside those over every mask, where nothing is left out of them.

Sources: none; a link between the tiers. Where the count of the own area decides all others, of a
global query and where there is one local area, the reduced dynamics put no count at its mean, so
that they are exact. Random latents are, too, as long as the Φ of other local areas is 0, on which
their weights depend; but α_m, for which one area's share of its own pull is left out. And where the
clusters' partitions are the same sets of patches under other names, all keys of a kind weigh alike
in every cluster, so that the mean field by which clusters meet is no approximation. Local areas of
unequal size have correlations of their own; training on all masks shows whether they are those.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refutable.claim import Case
from refutable.claims import assumptions
from refutable.gap import Gap, equal
from refutable.model import correlations, data, descent, enumeration, gradients, reduced
from refutable.model.reduced import counts
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind

ROUNDING = 1e-13
"""Relative to U³: float64 sums of some thousand masks that add up to 1."""
FIVE_NODES = 2e-6
"""What five Gauss nodes may leave of seven counts: measured, 9e-7; four leave 6e-6."""
TWO, HIGH = Latents.two_point(0.5, 1.5), Latents.constant(1.5)
SHARED = Setting.of_sizes(10, 4, 2, gamma=0.6, latents=TWO, K=2, shared_partition=True)
DECIDED: tuple[tuple[Setting, QueryKind, float], ...] = (
    (Setting.of_sizes(10, 3, 2, latents=TWO), "global", ROUNDING),
    (SHARED, "global", ROUNDING),
    (Setting.of_sizes(9, 3, 2, gamma=0.4, latents=HIGH), "global", ROUNDING),
    (SHARED.replace(P=8, c_1=5 / 8**0.75, c_s=3 / 8**0.25, gamma=0.4), "local", ROUNDING),
    (Setting.of_sizes(16, 8, 8, latents=TWO), "local", FIVE_NODES),
)
"""The own count decides all others: two local areas of 2 and one of 3, three of 2, or a single
one. What rates may be off by: in the last setting the count has more values than nodes."""
ROW = {
    "phi_global": -0.6, "phi_own": 1.1, "phi_other": 0.3, "upsilon_global": -0.4,
    "upsilon_own": 0.5, "upsilon_other": -0.2, "upsilon_self": 0.7,
}  # fmt: skip
"""No two alike. Φ of other local areas is 0 where latents are random."""
MEETING = Setting.of_sizes(9, 3, 3, K=3, latents=Latents.constant(1.25))
"""Every cluster has the same three areas, and another one of them is its global area."""
UNLIKE: tuple[tuple[Setting, int], ...] = (
    (Setting.of_sizes(16, 6, 3), 1),
    (Setting.of_sizes(16, 6, 3, gamma=0.4), 3),
    (Setting.of_sizes(16, 5, 3, gamma=0.4, local_sizes=(3, 2, 6)), 1),
    (Setting.of_sizes(17, 6, 4, latents=Latents.constant(1.25), local_sizes=(4, 2, 5)), 1),
    (Setting.of_sizes(17, 6, 4, gamma=0.6, local_sizes=(4, 2, 5)), 0),
)
"""Local areas of unequal size, and the area of the query: a remainder of 4 beside two of 3, and
areas of 2 to 6."""
SPLIT = 1e-4
"""Claimed. How visible patches are split between the other areas of different Φ_m is at its mean;
what it varies by is of second order in these differences."""
STEP, STEPS, STEPS_UNLIKE = 1.0, 30, 120


def regimes_of(setting: Setting, query: QueryKind) -> Iterator[str]:
    """The regimes that a setting counts for."""
    known = ("random latents", "constant latents", "shared partition", "γ ≠ ½")
    yield from (name for name in assumptions.regimes_of(setting) if name in known)
    yield f"{query} query"


def rates(setting: Setting, query: QueryKind) -> Iterator[tuple[str, float, float]]:
    """Name, reduced rate and the one over every mask and latent vector, at ROW."""
    area, own = setting.area_of[0], 0 if query == "global" else 1
    p = int(np.flatnonzero(area == own)[0])
    at = ROW if setting.latents.is_constant else ROW | {"phi_other": 0.0}
    phi, upsilon = np.full(setting.areas, at["phi_other"]), np.full(setting.P, at["upsilon_other"])
    for j, kind in ((0, "global"), (own, "own")):
        phi[j], upsilon[area == j] = at[f"phi_{kind}"], at[f"upsilon_{kind}"]
    upsilon[p] = at["upsilon_self"]
    alpha, beta, loss = gradients.reconstruction(
        setting,
        enumeration.population(setting, masked=p),
        np.array([p]),
        np.tile(phi, setting.K)[None],
        upsilon[None],
    )
    found = reduced.mae_rates(setting, query, counts="fluctuating", **at)
    keys, of_most = np.arange(setting.P) != p, setting.area_sizes[area] == setting.C_s
    others = (area != own) & (area != 0) & of_most
    yield "α_n", found.alpha_own, alpha[0, own]
    yield "β_n", found.beta_own, beta[0, (area == own) & keys].mean()
    yield "β_p", found.beta_self, beta[0, p]
    yield "L_p - L*_p", found.loss_gap, loss[0] - enumeration.infimum(setting, p)
    if query == "local":
        yield "α_1", found.alpha_global, alpha[0, 0]
        yield "β_1", found.beta_global, beta[0, area == 0].mean()
    if others.any():
        yield "β_m", found.beta_other, beta[0, others].mean()
        if setting.latents.is_constant:
            yield "α_m", found.alpha_other, alpha[0, area[others][0]]


def rates_over_every_mask() -> Iterator[Gap | Case]:
    """Every rate in every setting."""
    for setting, query, allowed in DECIDED:
        yield Case(tuple(regimes_of(setting, query)))
        sizes = f"P = {setting.P}, C_1 = {setting.C_1}, C_s = {setting.C_s}, K = {setting.K}"
        unit = setting.latents.U**3
        for name, found, exact in rates(setting, query):
            yield equal(
                f"{name}, {query} query, {sizes}",
                float(found) / unit,
                float(exact) / unit,
                allowed,
                "relative to U³; rounding alone, where every count of the own area is an atom",
            )


LARGE = Setting(P=10**9, kappa_c=0.8, kappa_s=0.5, gamma=0.3)
"""The own area of a global query is a law of two nodes there, of a local query one of many."""


def own_moments() -> Iterator[Gap]:
    """Mean, variance and third moment of the own count's nodes against those of all masks."""
    for size in (LARGE.C_1, LARGE.C_s):
        places, chances = counts.own_counts(LARGE, size)
        drawn, among = LARGE.P - LARGE.M, LARGE.P - 1
        first, second, third = (
            enumeration.count_moment(drawn, among, [(size - 1, r)]) for r in (1, 2, 3)
        )
        variance = second - first**2
        skew = third - 3 * first * variance - first**3
        mean = float(chances @ places)
        off, unit = places - mean, float(variance) ** 0.5
        for name, found, exact, tolerance in (
            ("mean, over its own", mean / float(first), 1.0, 1e-12),
            ("variance, over its own", float(chances @ off**2) / float(variance), 1.0, 1e-9),
            ("skewness", float(chances @ off**3) / unit**3, float(skew) / unit**3, 1e-9),
        ):
            yield equal(
                f"own count of {size - 1:.2g} others: {name}",
                found,
                exact,
                tolerance,
                "rounding of powers of places about their mean",
            )


def clusters_that_meet() -> Iterator[Gap | Case]:
    """Φ_n and Φ_1 of every patch and cluster after training on the population."""
    setting = MEETING
    population = enumeration.population(setting)
    G = descent.train_closed(setting, population, steps=STEPS, step=STEP)
    phi = correlations.feature(setting, G)
    for query in ("local", "global"):
        yield Case(("clusters that meet", f"{query} query"))
        run = reduced.descend(setting, query, step=STEP, steps=STEPS)
        own, crowd = zip(*(_of_kind(setting, k, phi, query) for k in range(setting.K)), strict=True)
        for name, values, predicted in (("Φ_n", own, run.phi_own), ("Φ_1", crowd, run.phi_global)):
            found, end = np.concatenate(values), float(predicted[-1])
            yield equal(
                f"{name} of the {query} patch farthest off after {STEPS} steps, K = 3",
                float(found[np.abs(found - end).argmax()]),
                end,
                STEPS * ROUNDING,
                "rounding of so many steps: all keys of a kind weigh alike in every cluster",
            )


def areas_that_differ() -> Iterator[Gap | Case]:
    """Φ_1, Φ_n and Φ_m of one query after training on the population, local areas unequal."""
    for setting, own in UNLIKE:
        area, eta = setting.area_of[0], STEP / setting.latents.U**4
        p = int(np.flatnonzero(area == own)[0])
        size = int(setting.area_sizes[own])
        query: QueryKind = "local" if own else "global"
        yield Case(("areas of unequal size", *regimes_of(setting, query)))
        ours = reduced.descend(
            setting, query, step=eta, steps=STEPS_UNLIKE, size=size if own else None
        )
        masks = enumeration.population(setting, masked=p)
        theirs = descent.descend_mae(setting, p, masks, step=eta, steps=STEPS_UNLIKE)
        where = f"{query} query in an area of {size}, areas of {setting.area_sizes.tolist()}"
        for name, series in (("Φ_n", "phi_own"), ("Φ_1", "phi_global")):
            yield equal(
                f"{name} after {STEPS_UNLIKE} steps, {where}",
                float(getattr(theirs, series)[-1]),
                float(getattr(ours, series)[-1]),
                SPLIT,
                "claimed: of second order in what Φ_m of unequal areas differs by",
            )


def _of_kind(
    setting: Setting, k: int, phi: data.Floats, query: str
) -> tuple[data.Floats, data.Floats]:
    """Φ of the own and of the global feature of cluster k, for its patches of a kind."""
    area, block = setting.area_of[k], correlations.of_cluster(setting, k, phi)
    kind = (area == 0) == (query == "global")
    return np.take_along_axis(block, area[:, None], axis=1)[kind, 0], block[kind, 0]
