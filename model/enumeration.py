"""Exact expectations over masks: every mask for small P, exact moments of counts for any P.

Rational results are exact for the decimals that the setting was written with. Nothing here loops
over areas, so that P = 10**100 costs what P = 10 does.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import numpy as np

from refutable.model import data
from refutable.model.setting import Setting, SettingError
from refutable.model.shapes import Array, Bool

LARGEST_POPULATION = 2_000_000
"""Most weighted samples that an enumeration lays out."""
LARGEST_PRODUCT = 2_000
"""Largest C_n for which Pr(𝒰∩𝒫_n = ∅) is formed as an exact fraction of products."""


def masks(setting: Setting, masked: int | None = None) -> Bool[Array, "masks P"]:
    """(count, P) visible patches under every mask of size ⌊γP⌋, or every one that holds `masked`.

    Raises SettingError when there are more than LARGEST_POPULATION.
    """
    free = [p for p in range(setting.P) if p != masked]
    held = setting.M - (masked is not None)
    if math.comb(len(free), held) > LARGEST_POPULATION:
        raise SettingError(f"P = {setting.P} has too many masks to enumerate")
    hidden = np.array(list(itertools.combinations(free, held)), dtype=np.int64)
    visible = np.ones((len(hidden), setting.P), dtype=bool)
    np.put_along_axis(visible, hidden, False, axis=1)
    if masked is not None:
        visible[:, masked] = False
    return visible


def population(setting: Setting, masked: int | None = None) -> data.Samples:
    """Every cluster, latent vector and mask with its probability: the population as a batch.

    masked: only masks with this patch in ℳ; the weights then sum to Pr(p ∈ ℳ) = M/P, else to 1.
    Raises SettingError when that is more than LARGEST_POPULATION samples.
    """
    visible = masks(setting, masked)
    law = setting.latents
    outcomes = len(law.values) ** setting.areas
    if setting.K * outcomes * len(visible) > LARGEST_POPULATION:
        raise SettingError("too many clusters, latents and masks to enumerate")
    z = np.array(list(itertools.product(law.values, repeat=setting.areas)))
    chance = np.array(
        [math.prod(q) for q in itertools.product(law.probabilities, repeat=len(z[0]))]
    )
    total = 1.0 if masked is None else setting.M / setting.P
    k, i, m = (
        index.ravel()
        for index in np.meshgrid(
            np.arange(setting.K), np.arange(outcomes), np.arange(len(visible)), indexing="ij"
        )
    )
    return data.Samples(k, z[i], visible[m], chance[i] * (total / (setting.K * len(visible))))


def views(setting: Setting, negatives: int = 1) -> data.Views:
    """Every pair of views with so many negatives in every way, and its probability.

    Raises SettingError when there are more than LARGEST_POPULATION.
    """
    single, seen = population(setting), masks(setting)
    complementary = setting.contrastive.views == "complementary"
    pairs = 1 if complementary else len(seen)
    if len(single) ** (1 + negatives) * pairs > LARGEST_POPULATION:
        raise SettingError("too many views to enumerate")
    beside = np.array(list(itertools.product(range(len(single)), repeat=negatives)), dtype=np.int64)
    i, u, s = (
        index.ravel()
        for index in np.meshgrid(
            np.arange(len(single)), np.arange(pairs), np.arange(len(beside)), indexing="ij"
        )
    )
    first = single.take(i)
    weights = first.weights * single.weights[beside[s]].prod(axis=1) / pairs
    first = data.Samples(first.cluster, first.latents, first.visible, weights)
    other = ~first.visible if complementary else seen[u]
    second = data.Samples(first.cluster, first.latents, other, weights)
    return data.Views(first, second, single.take(beside[s].ravel()))


def exact_moment(setting: Setting, r: int) -> Fraction:
    """E z^r with values and probabilities read as the decimals that were written."""
    law = setting.latents
    weights = [Fraction(repr(q)) for q in law.probabilities]
    powers = (q * Fraction(repr(z)) ** r for z, q in zip(law.values, weights, strict=True))
    return sum(powers, Fraction(0)) / sum(weights)


@functools.cache
def _stirling(n: int, k: int) -> int:
    """Ways to part n things into k non-empty sets: x^n = Σ_k S(n, k)·x(x-1)...(x-k+1)."""
    if n == k:
        return 1
    return 0 if k == 0 or k > n else k * _stirling(n - 1, k) + _stirling(n - 1, k - 1)


def _falling(n: int, r: int) -> int:
    return math.prod(n - i for i in range(r))


def count_moment(drawn: int, among: int, powers: list[tuple[int, int]]) -> Fraction:
    """E Π_i u_i^{r_i} of a multivariate hypergeometric law, exact (claim mask.moments).

    `drawn` of `among` patches are visible; u_i of them lie in the i-th of some disjoint sets.
    powers: (size of the set, r_i) for each of the sets.
    """
    total = Fraction(0)
    for parts in itertools.product(*(range(r + 1) for _, r in powers)):
        ways = math.prod(_stirling(r, f) for (_, r), f in zip(powers, parts, strict=True))
        held = math.prod(_falling(c, f) for (c, _), f in zip(powers, parts, strict=True))
        if ways and held:
            R = sum(parts)
            total += Fraction(ways * held * _falling(drawn, R), _falling(among, R))
    return total


@dataclass(frozen=True)
class _Areas:
    """Kinds of areas of one cluster: name to (patches that can be visible, number of areas)."""

    P: int
    drawn: int
    among: int
    kinds: dict[str, tuple[int, int]]

    def moment(self, *powers: tuple[str, int]) -> Fraction:
        """E Π A_i^{r_i} at Q = 0 for distinct areas i of the kinds named, A_i = |𝒰∩𝒫_i|/P."""
        sizes = [(self.kinds[name][0], r) for name, r in powers]
        return count_moment(self.drawn, self.among, sizes) / self.P ** sum(r for _, r in powers)

    def without(self, *names: str) -> Iterator[tuple[str, int]]:
        """Each kind with its number of areas, one area less for each of the names."""
        for name, (_, number) in self.kinds.items():
            left = number - names.count(name)
            if left > 0:
                yield name, left


def _areas(setting: Setting, query_area: int | None) -> _Areas:
    """The kinds of areas, under masks that hold a query in `query_area`, or under all masks."""
    setting.require_alike("closed expectations at Q = 0")
    *alike, last = setting.local_kinds
    kinds = {"global": (setting.C_1, 1)}
    if alike:
        kinds["local"] = alike[0]
    kinds["last"] = last
    visible = setting.P - setting.M
    if query_area is None:
        return _Areas(setting.P, visible, setting.P, kinds)
    if not 0 <= query_area <= setting.locals:
        raise SettingError(f"query_area must lie in 0..{setting.locals}, not {query_area}")
    place = {0: "global", setting.locals: "last"}.get(query_area, "local")
    size, number = kinds.pop(place)
    if number > 1:
        kinds[place] = (size, number - 1)
    return _Areas(setting.P, visible, setting.P - 1, {"own": (size - 1, 1), **kinds})


@dataclass(frozen=True)
class InitialRates:
    """Rates at Q = 0 from one cluster's samples, exact; None where there is no such area or key.

    own, global_, other: α_{p→v} for the query's area, the global one (None for a global query) and
    another local one of the commonest size. beta_*: β_{p→q} for q in these areas, q ≠ p. The β add
    up over the clusters: K times this when clusters share the partition.
    """

    own: Fraction
    global_: Fraction | None
    other: Fraction | None
    beta_own: Fraction | None
    beta_global: Fraction | None
    beta_other: Fraction | None


def initial_rates(setting: Setting, query_area: int) -> InitialRates:
    """MAE rates at Q = 0 of a query in area `query_area` (0 global), exact for any P (init.*).

    The formulas of theory section 2 with A_j = |𝒰∩𝒫_j|/P and independent latents.
    """
    areas = _areas(setting, query_area)
    E = areas.moment
    m1, m2, m3 = (exact_moment(setting, r) for r in (1, 2, 3))
    scale = Fraction(setting.M, setting.P * setting.K)
    own, own2, own3 = (E(("own", r)) for r in (1, 2, 3))
    crossed = sum((c * E(("own", 1), (i, 2)) for i, c in areas.without("own")), Fraction(0))
    squares = sum((c * E((i, 2)) for i, c in areas.without("own")), Fraction(0))
    h = m2 * (squares - own + own2)

    def alpha(m: str) -> Fraction | None:
        if m not in areas.kinds:
            return None
        third = sum((c * E((m, 1), (i, 2)) for i, c in areas.without("own", m)), Fraction(0))
        against_own = E((m, 1), ("own", 1)) - E((m, 1), ("own", 2))
        return scale * (m3 * (E((m, 3)) - E((m, 2))) + m1 * m2 * (third - against_own))

    def beta(j: str, pull: Fraction) -> Fraction | None:
        # By exchangeability E[1{q∈𝒰} g_j] = E[(|𝒰∩𝒫_j| / size) g_j].
        if j not in areas.kinds or areas.kinds[j][0] == 0:
            return None
        return scale / setting.P * (h + pull * m2 * Fraction(setting.P, areas.kinds[j][0]))

    other = "local" if "local" in areas.kinds else "last"
    return InitialRates(
        own=scale * (m3 * (own - 2 * own2 + own3) + m1 * m2 * crossed),
        global_=alpha("global"),
        other=alpha(other),
        beta_own=beta("own", own - own2),
        beta_global=beta("global", -E(("global", 2))) if "global" in areas.kinds else None,
        beta_other=beta(other, -E((other, 2))) if other in areas.kinds else None,
    )


def initial_cl_rates(setting: Setting) -> tuple[Fraction, Fraction]:
    """CL rates α_1(0) and α_m(0), m a local area of the commonest size, as τ → ∞ (cl.init-*).

    In that limit, which P → ∞ also gives when κ_c < 1 since similarities then vanish at Q = 0,
    every softmax weight is 1/(N_c + 1). Exact for any P and for every reading.
    """
    areas = _areas(setting, None)
    E, P, K = areas.moment, setting.P, setting.K
    m1, m2, m3 = (exact_moment(setting, r) for r in (1, 2, 3))
    negatives = setting.contrastive.negatives
    c_N = Fraction(1) if negatives == math.inf else Fraction(int(negatives), int(negatives) + 1)
    complementary = setting.contrastive.views == "complementary"

    def E_other(i: str, r: int) -> Fraction:
        """E A_i^r A_i^{++}: the second view is independent, or what the first leaves of area i."""
        if not complementary:
            return E((i, r)) * E((i, 1))
        return Fraction(areas.kinds[i][0], P) * E((i, r)) - E((i, r + 1))

    def E_pair(j: str, i: str) -> Fraction:
        """E A_j A_i A_i^{++} for two distinct areas."""
        if not complementary:
            return E((j, 1), (i, 1)) * E((i, 1))
        return Fraction(areas.kinds[i][0], P) * E((j, 1), (i, 1)) - E((j, 1), (i, 2))

    def alpha(j: str) -> Fraction:
        total = m3 * (E_other(j, 1) - E_other(j, 2))
        total -= m1 * m2 / K * E((j, 1)) * (E((j, 1)) - E((j, 2)))
        for i, count in areas.without(j):
            negative = m1**3 / K * E((i, 1)) * E((j, 1), (i, 1))
            total -= count * (m1 * m2 * E_pair(j, i) - negative)
        return c_N * total / (K * P)

    return alpha("global"), alpha("local" if "local" in areas.kinds else "last")


def empty_own(setting: Setting, size: int) -> Fraction:
    """Pr(𝒰∩𝒫_n = ∅ | p ∈ ℳ) for p in an area of `size` patches, exact (claim mask.empty-own).

    C(P-C_n, P-M)/C(P-1, P-M). Raises SettingError for size above LARGEST_PRODUCT.
    """
    if size > LARGEST_PRODUCT:
        raise SettingError(f"an area of {size} patches is too large; use log_empty_own")
    return Fraction(math.perm(setting.M - 1, size - 1), math.perm(setting.P - 1, size - 1))


def log_empty_own(setting: Setting, size: int) -> float:
    """Logarithm of `empty_own` for any size, -inf when fewer than `size` patches are masked."""
    if size > setting.M:
        return -math.inf
    # The four terms cancel in all but about log10(size) of their digits.
    with mpmath.workdps(30 + 2 * len(str(setting.P))):
        terms = [setting.M, setting.P - size + 1, setting.M - size + 1, setting.P]
        a, b, c, d = (mpmath.loggamma(mpmath.mpf(x)) for x in terms)
        return float(a + b - c - d)


def infimum(setting: Setting, query: int) -> float:
    """L*_p of patch `query` for the population: ½E[z_n²]·Pr(p∈ℳ, 𝒰∩𝒫_n = ∅), over clusters."""
    sizes = setting.area_sizes[setting.area_of[:, query]].tolist()
    empty = math.fsum(math.exp(log_empty_own(setting, size)) for size in sizes) / setting.K
    return 0.5 * setting.latents.moment(2) * (setting.M / setting.P) * empty
