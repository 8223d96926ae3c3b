"""Loss: bounds by the share that the own area misses, and its infimum."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.mae.one_sample import (
    ALONE,
    ANY_AREAS,
    SHARED_OUT,
    A_n,
    L,
    Named,
    S,
    U,
    any_attention,
    any_latents,
    attained,
    tied_to_model,
    z_n,
)
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import data, enumeration, gradients
from refutable.model.setting import Latents, Setting
from refutable.prove.counterexample import FRACTIONS, counterexample
from refutable.prove.inequality import consistent, proved

MODEL = assumptions.MODEL
OWN_CASE = [*any_attention(A_n), *any_latents(z_n)]


def loss_integrand(A_n: Any, z_n: Any, others: Any) -> Any:
    """L_p on a sample: ½(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return (z_n**2 * (1 - A_n) ** 2 + others) / 2


sandwich = Claim(
    id="loss.sandwich",
    title="The loss is the squared share that the own area misses, up to constants",
    statement=r"\tfrac12L^2\,\mathbb E(1-A_n)^2\le\tfrac12\mathbb E\big[z_n^2(1-A_n)^2+"
    r"\sum_{m\ne n}z_m^2A_m^2\big]\le U^2\,\mathbb E(1-A_n)^2",
    measured="the integrand on each sample, so that the bounds hold on any set of masks, those "
    "with a visible own patch among them",
    provenance=Provenance.DERIVED,
    assumptions=(*MODEL, "latents bounded away from 0"),
    rests_on=("grad.loss",),
)


def missing() -> sp.Expr:
    """(1-A_n)²."""
    return (1 - A_n) ** 2


@sandwich.leg("smt")
def loss_is_the_missing_share(context: Context) -> Iterator[Gap | Undecided]:
    """Both constants are sharp, as for size.own."""
    loss = loss_integrand(A_n, z_n, S)
    yield from consistent("there are such attention vectors", OWN_CASE, ANY_AREAS)
    yield from proved("≥ ½L²(1-A_n)²", OWN_CASE, loss >= L**2 * missing() / 2, ANY_AREAS)
    yield from proved("≤ U²(1-A_n)²", OWN_CASE, loss <= U**2 * missing(), ANY_AREAS)
    yield attained("½L²(1-A_n)²", loss, L**2 * missing() / 2, ALONE)
    yield attained("U²(1-A_n)²", loss, U**2 * missing(), SHARED_OUT)


@sandwich.leg("property")
def loss_integrand_is_the_models(context: Context) -> Evidence:
    """Local and global queries."""
    pairs = {"loss integrand": (loss_integrand(A_n, z_n, S), gradients.loss_integrand)}
    return tied_to_model(context, assumptions.attentions(), Named(), OWN_CASE, pairs)


sandwich.mistake(missing, "first power of 1 - A_n", lambda original: lambda: 1 - A_n)
sandwich.mistake(
    gradients.loss_integrand,
    "the model forgets one half",
    lambda original: lambda A, z, own: 2 * original(A, z, own),
)


lower_bound = Claim(
    id="loss.lower-bound",
    title="No Q brings a patch's loss below L*_p, and L*_p is approached",
    statement=r"L_p(Q)\ge L^*_p=\tfrac12\mathbb E[z_n^2]\,"
    r"\Pr(p\in\mathcal M,\ \mathcal U\cap\mathcal P_n=\emptyset)=\inf_Q L_p(Q)",
    measured="the infimum along Φ_n = s, Φ_m = -s (m ≠ n), Υ = 0, s → ∞, where "
    "L_p - L*_p ≤ Pr(p∈ℳ)·U²P²e^{-2Ls}; a large Φ_n alone does not reach it, because masks that "
    "hide the own area leave attention on the others",
    provenance=Provenance.DERIVED,
    assumptions=(*MODEL, "uniform masking", "latents bounded away from 0"),
    rests_on=("grad.loss", "mask.empty-own"),
)


def infimum(setting: Setting, query: int) -> Fraction:
    """L*_p for constant latents: ½z²·Pr(p ∈ ℳ, 𝒰∩𝒫_n = ∅), the mean over clusters."""
    P, M, square = setting.P, setting.M, Fraction(setting.latents.L) ** 2
    sizes = setting.area_sizes[setting.area_of[:, query]].tolist()
    empty = sum(Fraction(math.comb(P - C, P - M), math.comb(P - 1, P - M)) for C in sizes)
    return square / 2 * Fraction(M, P) * empty / setting.K


def excess_bound(setting: Setting, weight: float | Fraction) -> Any:
    """Bound on L_p - L*_p when own keys have weight e^{zs} ≥ `weight`, others at most 1/weight.

    With a visible own key 1 - A_n ≤ P/weight, and the loss is at most U²(1-A_n)² (loss.sandwich).
    Without one, masked keys have weight 1, at least one of them, so ΣA_m ≤ P/weight, and the loss
    exceeds ½z_n² by ½Σz_m²A_m² ≤ ½U²(P/weight)².
    """
    U, chance = setting.latents.U, Fraction(setting.M, setting.P)
    if isinstance(weight, Fraction):
        return chance * Fraction(U) ** 2 * (setting.P / weight) ** 2
    return float(chance) * U**2 * (setting.P / weight) ** 2


def exact_loss(setting: Setting, query: int, *, own: Fraction, other: Fraction) -> Fraction:
    """L_p over every mask: weights of a visible own key and of any other visible one; masked 1."""
    visible = enumeration.masks(setting, masked=query)
    total = Fraction(0)
    for k in range(setting.K):
        counts = np.stack([visible[:, area].sum(1) for area in data.members(setting, k)], axis=1)
        n = int(setting.area_of[k, query])
        weights = np.full(setting.areas, other, dtype=object)
        weights[n] = own
        mass = counts.astype(object) * weights
        A = mass / (mass.sum(axis=1) + setting.M)[:, None]
        z = np.full(A.shape, Fraction(setting.latents.L), dtype=object)
        total += gradients.loss_integrand(A, z, np.full(len(A), n)).sum() / len(A)
    return total * Fraction(setting.M, setting.P) / setting.K


ENUMERATED = (
    Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(1.5)),
    Setting.of_sizes(7, 2, 2, gamma=0.6, K=2, placement="random"),
    Setting.of_sizes(5, 2, 1, gamma=0.25, latents=Latents.constant(0.5), K=2),
)
"""Few masks; areas that can, and areas that cannot, be hidden whole; latents exact in binary."""


@lower_bound.leg("exact")
def infimum_over_every_mask(context: Context) -> Iterator[Gap]:
    """Fractions over every mask: above the infimum everywhere, towards it along the sequence.

    The model's own L* is a float, so that the leg is a search.
    """
    for s in ENUMERATED:
        for p in range(s.P):
            at, best = f"P = {s.P}, patch {p}", infimum(s, p)
            yield equal(
                f"L* in the model, {at}", enumeration.infimum(s, p), float(best), 1e-14, "rounding"
            )
            weights = [Fraction(10) ** e for e in (-2, 0, 1, 3, 9)]
            excess = [exact_loss(s, p, own=w, other=1 / w) - best for w in weights]
            yield identical(f"L_p > L*_p, {at}", all(e > 0 for e in excess), True, "fractions")
            within = [
                0 < e <= excess_bound(s, w) for e, w in zip(excess, weights, strict=True) if w > 1
            ]
            yield identical(f"L_p - L*_p within its bound, {at}", all(within), True, "fractions")


@lower_bound.leg("property")
def no_state_is_below_the_infimum(context: Context) -> Evidence:
    """Random correlations and latents, the population over every mask; then the sequence."""

    def gaps(state: assumptions.State) -> Iterator[Gap]:
        s = state.setting
        p = state.correlations.seed % s.P
        population = enumeration.population(s, masked=p)
        best, unit = enumeration.infimum(s, p), s.latents.U**2

        def loss(phi: data.Floats, upsilon: data.Floats) -> float:
            rates = gradients.reconstruction(s, population, np.array([p]), phi, upsilon)
            return float(rates[2][0])

        rounding = "float64 sums of fewer than 1e5 terms of size U²"
        value = loss(*state.correlations.of(s, queries=1))
        yield at_least("L_p(Q)", value, best, 1e-11 * unit, rounding)
        own = s.area_of[:, p] + s.areas * np.arange(s.K)
        for exponent in (5, 10):
            phi = np.full((1, s.features), -exponent / s.latents.L)
            phi[0, own] *= -1
            excess = loss(phi, np.zeros((1, s.P))) - best
            bound = excess_bound(s, math.exp(exponent))
            yield at_most(f"L_p - L*_p at Ls = {exponent}", excess, bound, 1e-11 * unit, rounding)

    return properties.search(
        context,
        assumptions.states(assumptions.settings(max_P=6, clusters=(1, 2))),
        gaps,
        examples=context.at(quick=25, full=200, deep=1000),
        regimes_of=lambda state: assumptions.regimes_of(state.setting),
        require=(
            "constant latents",
            "random latents",
            "K > 1",
            "several patches masked",
            "most patches masked",
        ),
    )


lower_bound.mistake(
    infimum,
    "infimum not conditioned on the masked query",
    lambda original: lambda s, p: original(s, p) * Fraction(s.M, s.P),
)
lower_bound.mistake(
    enumeration.infimum,
    "the model's infimum forgets one half",
    lambda original: lambda s, p: 2 * original(s, p),
)
lower_bound.mistake(
    gradients.loss_integrand,
    "the model forgets the share that is missing",
    lambda original: lambda A, z, own: original(A, z, own) * (1 - A.sum(axis=-1)),
)
lower_bound.tolerates(
    excess_bound,
    "an upper bound that vanishes with the weight of other keys; its constant is not sharp",
)

# ------------------------------------------------------------------------- its refuted first form

first_lower_bound = Claim(
    id="loss.lower-bound.original",
    original_of="loss.lower-bound",
    title="Refuted: a large Φ_n alone approaches the infimum of the loss",
    statement=r"\text{false: }\Phi_{p\to v_n}\to\infty,\ \text{all else }0\implies L_p\to L^*_p",
    measured="P = 6 with areas of 3, 1, 1, 1 and half the patches masked: masks that hide the own "
    "area leave attention on the others, whatever Φ_n is",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "latents bounded away from 0"),
)

HIDDEN = Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(1.5))
"""Every area can be masked whole."""


def others_weight(weight: Fraction) -> Fraction:
    """The weight of a visible key of another area while own keys have this one: e^0."""
    return Fraction(1)


@first_lower_bound.leg("exact", scope="a counterexample, own weights up to 1e30")
def the_loss_stays_above(context: Context) -> Iterator[Gap]:
    """Fractions over every mask, own keys of weight up to 1e30."""
    for p in (0, HIDDEN.P - 1):
        best = infimum(HIDDEN, p)
        stays = excess_without_own(HIDDEN, p)
        excess = [
            exact_loss(HIDDEN, p, own=w, other=others_weight(w)) - best
            for w in (Fraction(10) ** e for e in (0, 1, 3, 10, 30))
        ]
        at = f"patch {p}, area of {int(HIDDEN.area_sizes[HIDDEN.area_of[0, p]])}"
        yield identical(f"what hidden masks leave is positive, {at}", stays > 0, True, FRACTIONS)
        yield identical(
            f"L_p - L*_p is at least that at every own weight, {at}",
            all(e >= stays for e in excess),
            True,
            "the own weight does not occur on masks that hide the own area; others only add",
            certificate=counterexample(
                FRACTIONS, "L_p tends to L*_p", P=6, areas="3, 1, 1, 1", M=3, p=p, excess=stays
            ),
        )


def excess_without_own(setting: Setting, query: int) -> Fraction:
    """½Σz_m²A_m² on masks that hide the own area, with equal weights: A_m = visible/P."""
    visible = enumeration.masks(setting, masked=query)
    area = setting.area_of[0]
    hidden = visible[~visible[:, area == area[query]].any(axis=1)]
    counts = hidden.astype(int) @ np.eye(setting.areas, dtype=int)[area]
    squares = Fraction(int((counts**2).sum()), setting.P**2 * len(visible))
    return Fraction(setting.M, setting.P) * Fraction(setting.latents.L) ** 2 / 2 * squares


first_lower_bound.mistake(
    others_weight,
    "other areas are suppressed, too",
    lambda original: lambda weight: 1 / weight,
)
first_lower_bound.mistake(
    "refutable.claims.mae.loss.HIDDEN",
    "no area can be hidden",
    lambda original: Setting.of_sizes(6, 3, 3, gamma=0.34, latents=Latents.constant(1.5)),
)
first_lower_bound.tolerates(excess_without_own, "the loss stays above it, and above what is less")
first_lower_bound.tolerates(
    exact_loss, "what is claimed to be left is a part of it; a larger loss leaves more"
)
first_lower_bound.tolerates(infimum, "a lower infimum is exceeded by more")
first_lower_bound.tolerates(
    others_weight, "with heavier keys of other areas the loss is higher still"
)


CLAIMS = (sandwich, lower_bound, first_lower_bound)
