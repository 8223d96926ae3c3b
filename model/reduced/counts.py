"""Counts: how many patches of every kind of area a mask leaves visible, as the law of a few atoms.

Given that the query p is masked, the visible patches are V = P - M of the P - 1 others, drawn
without return. The own area's count u_n is hypergeometric, the global area's given u_n as well, and
the rest R is spread over the other local areas. Own attention responds to u_n by the whole of
itself, so that its law is kept: count by count where there are few, else by the Gauss nodes of the
law or by two nodes with its mean, variance and skewness. The global count enters by mean and
variance, and the others through E u_m and E u_m² given R.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import NamedTuple

import numpy as np
from scipy.linalg import eigh_tridiagonal

from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Float
from refutable.model.trajectory import QueryKind, Series

FEW = 40
"""Up to so many counts of the own area each is an atom of its own."""
NODES, NODES_OF_RANDOM = 8, 5
"""Gauss nodes of the own count beyond: rates are smooth in it, and 2·NODES - 1 powers are exact.
Random latents blur more than the nodes that are saved."""
SKEWED_MEAN = 1e4
"""Own counts with a larger mean are narrow, sd/mean < 1e-2, so that three moments leave 1e-8."""
SHARP = 1e-11
"""Relative variance below which a count stands at its mean: less than a step of the solver."""
ROUNDING = 2.0**-53
"""Of a double."""
WIDTH = 12.0
"""Standard deviations of the own count laid out for Gauss nodes; beyond lie less than 1e-20."""


class Others(NamedTuple):
    """Other local areas of one size: the patches in each, and how many areas there are."""

    size: int
    number: int


class Areas(NamedTuple):
    """Sizes of the areas as a query sees them: its own, the global one, and the other local ones.

    kinds: the other local areas by size, C_s first where one has it. A global query's own area is
    the global one, and it has no further global area.
    """

    own: int
    global_: int
    kinds: tuple[Others, ...]

    @property
    def others(self) -> int:
        """Patches in all other local areas."""
        return sum(size * number for size, number in self.kinds)


class Counts(NamedTuple):
    """Joint law of the visible counts, (T,) atoms each; all but chance and answerable over P.

    own and own_dark: visible and masked patches of the own area, the query not among them;
    global_, others: likewise, others of all other local areas. answerable: 0 where the own area is
    hidden.
    """

    chance: Series
    answerable: Series
    own: Series
    own_dark: Series
    global_: Series
    global_dark: Series
    others: Series
    others_dark: Series


def areas_of(setting: Setting, query: QueryKind, size: int | None = None) -> Areas:
    """The areas around a query; size: of a local one's own area, C_s unless given.

    Another size is that of the remainder area, or one of `local_sizes`; the remainder's takes the
    place of C_s when there is but one local area.
    Raises SettingError for an unknown query, a size that no local area has, or one of 1.
    """
    if query not in ("local", "global"):
        raise SettingError(f"query must be local or global, not {query!r}")
    rest, own = setting.P - setting.C_1, setting.C_1
    if query == "local":
        sizes = {C for C, _ in setting.local_kinds}
        own = size or (setting.C_s if setting.locals > 1 else rest)
        if own not in sizes:
            known = " or ".join(map(str, sorted(sizes)))
            raise SettingError(f"local areas have {known} patches, not {own}")
    if own < 2:
        raise SettingError(
            "a query alone in its area has nothing to learn from: 2 patches at least"
        )
    return Areas(own, setting.C_1 if query == "local" else 0, _others(setting, query, own))


def _others(setting: Setting, query: QueryKind, own: int) -> tuple[Others, ...]:
    """The local areas by size, without the own one of a local query; those of C_s come first.

    Areas that hold less than a rounding of all these patches change no digit of any rate.
    """
    numbers = Counter({setting.C_s: 0})
    for size, number in setting.local_kinds:
        numbers[size] += number
    if query == "local":
        numbers[own] -= 1
    held = {size: size * number for size, number in numbers.items()}
    kinds = [Others(C, numbers[C]) for C in held if held[C] > ROUNDING * sum(held.values())]
    return tuple(kinds) or (Others(setting.C_s, 0),)


def visible_counts(setting: Setting, areas: Areas) -> Counts:
    """The atoms of all counts given that the query is masked (claim mask.moments)."""
    P, V = setting.P, setting.P - setting.M
    own, chance = own_counts(setting, areas.own)
    # Global patches are drawn from all that lie outside the own area.
    outside, left = float(P - areas.own), V - own
    share_1 = areas.global_ / (P - areas.own)
    crowd = left * share_1
    variance = crowd * (areas.others / outside) * ((outside - left) / max(outside - 1, 1.0))
    remain = left * (areas.others / outside)
    sd = np.minimum(np.sqrt(variance), np.minimum(crowd, remain))  # no count below 0
    if areas.global_ and areas.others and (sd > math.sqrt(SHARP) * crowd).any():
        own, chance = np.tile(own, 2), np.tile(chance, 2) / 2
        crowd, remain, sd = np.tile(crowd, 2), np.tile(remain, 2), np.concatenate([sd, -sd])
    else:
        sd = np.zeros_like(own)
    crowd = crowd + sd
    others = remain - sd
    return Counts(
        chance,
        (own > 0).astype(float),
        own / P,
        np.maximum(areas.own - 1 - own, 0.0) / P,
        crowd / P,
        (areas.global_ - crowd) / P,
        others / P,
        (areas.others - others) / P,
    )


def same_area(areas: Areas, size: int) -> float:
    """The chance that a second patch of the other areas lies in the area, of that size, of a first.

    Of R visible ones E u_m(u_m - 1) = C_m·R(R-1)/(Σ C_m)·same_area, whatever R is.
    """
    return (size - 1) / max(areas.others - 1, 1)


def own_counts(setting: Setting, size: int) -> tuple[Series, Series]:
    """Visible patches of an area beside the masked query in it, and their chances: (T,) each.

    The atom of no visible patch, which no query can answer, keeps its exact chance.
    """
    N, K, V = setting.P - 1, size - 1, setting.P - setting.M
    mean = V * K / N  # quotients of integers are correctly rounded at any size
    variance = mean * ((N - K) * (N - V) / (N * max(N - 1, 1)))
    if variance <= SHARP * mean * mean:
        return np.array([mean]), np.ones(1)
    low, high = max(0, V + K - N), min(K, V)
    if mean > SKEWED_MEAN:
        asymmetry = (N - 2 * K) * (N - 2 * V) / (N * (N - 2))  # skewness times sd
        sd, tilt = math.sqrt(variance), asymmetry / (2 * math.sqrt(variance))
        root = math.hypot(1, tilt)
        upper = 0.5 * (1 - tilt / root)
        return mean + sd * np.array([tilt - root, tilt + root]), np.array([1 - upper, upper])
    reach = WIDTH * math.sqrt(variance) + WIDTH**2
    first, last = max(low, math.floor(mean - reach)), min(high, math.ceil(mean + reach))
    counts = np.arange(first, last + 1, dtype=float)
    # Quotients of neighbouring chances; all four factors are exact up to one rounding.
    ratio = (float(K) - counts) * (float(V) - counts)
    ratio /= (counts + 1) * (float(N - K - V) + counts + 1)
    log_chance = np.concatenate([[0.0], np.cumsum(np.log(ratio[:-1]))])
    chance = np.exp(log_chance - log_chance.max())
    chance /= chance.sum()
    nodes = NODES if setting.latents.is_constant else NODES_OF_RANDOM
    if high - low <= (FEW if setting.latents.is_constant else nodes):
        return counts, chance
    hidden = int(counts[0] == 0)
    places, weights = _gauss(counts[hidden:], chance[hidden:], nodes)
    return np.concatenate([[0.0], places])[1 - hidden :], np.concatenate([chance[:hidden], weights])


def _gauss(
    places: Series, chances: Series, nodes: int
) -> tuple[Float[Array, "{nodes}"], Float[Array, "{nodes}"]]:
    """Gauss nodes and weights of a discrete law: (nodes,) each, by the Stieltjes procedure."""
    total = chances.sum()
    weights = chances / total
    before, now = np.zeros_like(places), np.ones_like(places)
    diagonal: list[float] = []
    off: list[float] = []
    norm = 1.0
    for _ in range(nodes):
        a = float(weights @ (places * now**2)) / norm
        diagonal.append(a)
        before, now = now, (places - a) * now - (off[-1] ** 2 if off else 0.0) * before
        norm, last = float(weights @ now**2), norm
        off.append(math.sqrt(norm / last))
    found, vectors = eigh_tridiagonal(diagonal, off[:-1])
    return found, total * vectors[0] ** 2
