"""Assumptions as named dials, and configurations as Hypothesis strategies.

Every strategy is valid by construction: nothing is drawn and thrown away, so a search examines as
many configurations as it says, and a counterexample shrinks towards the smallest setting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from refutable.model import data
from refutable.model.setting import KAPPA_C_RANGE, KAPPA_S_RANGE, Contrastive, Latents, Setting


@dataclass(frozen=True)
class Assumption:
    """Something that claims rest on. dial: how it is given up by degrees, 0 being as assumed.

    definition: the definition in the source that makes it.
    """

    name: str
    dial: str
    definition: str


ASSUMPTIONS: dict[str, Assumption] = {
    record.name: record
    for record in (
        Assumption(
            "orthonormal features",
            "pairwise coherence μ of the v's (within a cluster; across clusters: shared global "
            "feature)",
            "Definition 2.1",
        ),
        Assumption(
            "orthonormal positions",
            "coherence of the e's; positions overlapping features",
            "Definition 2.1",
        ),
        Assumption("exact features", "additive noise X_p = z v + σξ", "Definition 2.1"),
        Assumption(
            "constant-in-area latent", "per-patch jitter of z inside an area", "Definition 2.1"
        ),
        Assumption(
            "latents bounded away from 0",
            "L → 0; U/L ratio; correlation between areas' latents; sign flips",
            "Definition 2.1",
        ),
        Assumption("zero initialisation", "Q^(0) of scale σ_0", "Definition 2.4"),
        Assumption(
            "fixed identity value matrix", "W^V perturbed; W^V trained", "Definitions 2.4 and 2.6"
        ),
        Assumption(
            "uniform masking",
            "block masking (contiguous), Bernoulli masking; γ → 0 and → 1",
            "Definition 2.5",
        ),
        Assumption(
            "size separation κ_c > κ_s",
            "local areas as large as, or larger than, the global one; unequal local areas",
            "Definition 2.1",
        ),
        Assumption("gap bounded away from 0", "Δ through 0", "Theorems 4.1 and 4.2"),
        Assumption(
            "population gradient", "batch size B (stochastic gradient)", "Definitions 2.5 and 2.7"
        ),
        Assumption(
            "plain gradient descent",
            "momentum, Adam, weight decay λ; large step η",
            "Definitions 2.5 and 2.7",
        ),
        Assumption("small step", "η up to instability", "Theorems 4.1 and 4.4"),
        Assumption("many clusters", "K = 1, 2, ...; clusters sharing a partition", "Theorem 4.4"),
        Assumption(
            "contrastive details",
            "τ, N_c, views, no stop-gradient, normalised similarity, keys/queries readings",
            "Definitions 2.6 and 2.7",
        ),
        Assumption(
            "one head, one layer",
            "two heads; a second attention layer (direction of the claim only)",
            "Definitions 2.4 and 2.6",
        ),
    )
}
"""The assumptions of the theory by name, in its order."""

MODEL = (
    "orthonormal features",
    "orthonormal positions",
    "exact features",
    "constant-in-area latent",
    "fixed identity value matrix",
    "one head, one layer",
)
"""What the model itself assumes (Definitions 2.1 and 2.4)."""

CLEAR_GAP = 0.05
"""|Δ| from which a configuration counts as one of the two regimes of the theorems."""


@dataclass(frozen=True)
class Correlations:
    """Nonzero correlations at a scale, reproducible from a seed (Definition 3.1)."""

    seed: int
    scale: float

    def of(self, setting: Setting, queries: int | None = None) -> tuple[data.Floats, data.Floats]:
        """Normal Φ (n, K·N) and Υ (n, P) of n queries, all P unless said otherwise."""
        rng = np.random.default_rng(self.seed)
        n = setting.P if queries is None else queries
        phi = rng.normal(scale=self.scale, size=(n, setting.features))
        return phi, rng.normal(scale=self.scale, size=(n, setting.P))


@dataclass(frozen=True)
class State:
    """A setting with a point of parameter space: where gradients and losses are looked at."""

    setting: Setting
    correlations: Correlations


@dataclass(frozen=True)
class Attention:
    """One query on one sample: area attention on the simplex, latents in [L, U], the own area.

    areas: A_j ≥ 0 with sum at most 1, the rest is on masked keys. own: index of the query's area;
    index 0 is the global area.
    """

    areas: tuple[Fraction, ...]
    latents: tuple[Fraction, ...]
    own: int
    L: Fraction
    U: Fraction


def seeds() -> SearchStrategy[int]:
    """Seeds of numpy generators; they shrink towards 0."""
    return st.integers(0, 2**32 - 1)


@st.composite
def latents(draw: st.DrawFn, constant: bool | None = None) -> Latents:
    """Laws of a latent in eighths, L ≥ 1/8: constant or two-point; `constant` forces one."""
    L = draw(st.integers(1, 12)) / 8
    is_constant = draw(st.booleans()) if constant is None else constant
    if is_constant:
        return Latents.constant(L)
    return Latents.two_point(L, L + draw(st.integers(1, 12)) / 8)


def _exponent(size: int, P: int, within: tuple[float, float]) -> float:
    """The allowed exponent closest to log(size)/log P, to four digits."""
    return min(max(round(math.log(size) / math.log(P), 4), within[0]), within[1])


@st.composite
def settings(
    draw: st.DrawFn,
    max_P: int = 12,
    min_P: int = 3,
    clusters: Sequence[int] = (1, 2, 3),
    laws: SearchStrategy[Latents] | None = None,
    details: SearchStrategy[Contrastive] | None = None,
    separated: bool = False,
) -> Setting:
    """Explicit settings in every regime: any sizes that fit, any number of masked patches.

    Exponents are those of the sizes, or the ends of their ranges with the constants taking up the
    rest. separated: only settings whose global area is larger than a local one. max_P ≤ 999.
    """
    P = draw(st.integers(min_P, max_P))
    C_1 = draw(st.integers(2 if separated else 1, P - 1))
    C_s = draw(st.integers(1, min(P - C_1, C_1 - 1) if separated else P - C_1))
    masked = draw(st.integers(1, P - 1))
    kappa_c, kappa_s = (
        draw(st.sampled_from((_exponent(size, P, ends), *ends)))
        for size, ends in ((C_1, KAPPA_C_RANGE), (C_s, KAPPA_S_RANGE))
    )
    return Setting.of_sizes(
        P,
        C_1,
        C_s,
        kappa_c=kappa_c,
        kappa_s=kappa_s,
        gamma=math.ceil(1000 * masked / P) / 1000,  # ⌊γP⌋ = masked, in three digits
        K=draw(st.sampled_from(clusters)),
        latents=draw(latents() if laws is None else laws),
        placement=draw(st.sampled_from(("contiguous", "random"))),
        placement_seed=draw(st.integers(0, 99)),
        shared_partition=draw(st.booleans()),
        contrastive=Contrastive() if details is None else draw(details),
    )


def states(of: SearchStrategy[Setting], largest_scale: float = 4.0) -> SearchStrategy[State]:
    """Settings with nonzero correlations of a scale from 1/4 up."""
    scales = st.integers(1, int(4 * largest_scale)).map(lambda quarters: quarters / 4)
    return st.builds(State, of, st.builds(Correlations, seeds(), scales))


@st.composite
def attention_vectors(draw: st.DrawFn, areas: int) -> tuple[Fraction, ...]:
    """Area attention (A_1, ..., A_N) with A_j ≥ 0 and sum at most 1, vertices included.

    Shares are powers of 2 or nothing, because what may break a bound is a ratio of sizes.
    """
    share = st.one_of(st.just(0), st.integers(0, 20).map(lambda e: 2**e))
    shares = [draw(share) for _ in range(areas + 1)]
    shares[draw(st.integers(0, areas))] += 1
    return tuple(Fraction(w, sum(shares)) for w in shares[:areas])


@st.composite
def attentions(
    draw: st.DrawFn,
    max_areas: int = 6,
    *,
    constant: bool = False,
    local_query: bool | None = None,
    others: int = 0,
) -> Attention:
    """A query's attention with 2 + others areas or more, latents at or between the ends of [L, U].

    constant: equal latents. local_query: whether the own area is not the global one; both if None.
    others: how many areas there must be besides the own and the global one.
    """
    L = Fraction(draw(st.integers(1, 8)), 4)
    U = L + Fraction(0 if constant else draw(st.integers(0, 12)), 4)
    first = 1 if local_query else 0
    last = 0 if local_query is False else 1
    own = draw(st.integers(first, last))
    A = draw(attention_vectors(draw(st.integers(2 + others, max(max_areas, 2 + others)))))
    places = st.sampled_from((L, U, (L + U) / 2))
    return Attention(A, tuple(draw(places) for _ in A), own, L, U)


def regimes_of(setting: Setting) -> tuple[str, ...]:
    """Names of the regimes that a setting belongs to, for counting cases."""
    names = {
        "Δ > 0": setting.information_gap >= CLEAR_GAP,
        "Δ < 0": setting.information_gap <= -CLEAR_GAP,
        "Δ near 0": abs(setting.information_gap) < CLEAR_GAP,
        "κ_c at an end": setting.kappa_c in KAPPA_C_RANGE,
        "κ_s at an end": setting.kappa_s in KAPPA_S_RANGE,
        "smallest P": setting.P == 3,
        "one local area": setting.locals == 1,
        "unequal local areas": any(size != setting.C_s for size, _ in setting.local_kinds),
        "K = 1": setting.K == 1,
        "K > 1": setting.K > 1,
        "shared partition": setting.K > 1 and setting.shared_partition,
        "constant latents": setting.latents.is_constant,
        "random latents": not setting.latents.is_constant,
        "contiguous": setting.placement == "contiguous",
        "random placement": setting.placement == "random",
        "one patch masked": setting.M == 1,
        "several patches masked": setting.M > 1,
        "most patches masked": 2 * setting.M > setting.P,
        "γ ≠ ½": setting.gamma != 0.5,
        "z ≠ 1": setting.latents.values != (1.0,),
        "one negative": setting.contrastive.negatives == 1,
        "several negatives": setting.contrastive.negatives > 1,
        "τ < 1": setting.contrastive.tau < 1,
        "τ > 1": setting.contrastive.tau > 1,
        f"keys = {setting.contrastive.keys}": True,
        f"views = {setting.contrastive.views}": True,
        f"query = {setting.contrastive.query}": True,
    }
    return tuple(name for name, holds in names.items() if holds)
