"""Signs of the own and the global rate, and the own rate's size, for every attention vector.

The integrands of Lemma 5.1 on one sample (`one_sample`), any latents in [L, U].
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from refutable.claim import Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.mae.one_sample import (
    A_1,
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
    top,
    z_1,
    z_n,
)
from refutable.gap import Gap
from refutable.model import gradients
from refutable.prove.inequality import consistent, proved

MODEL = assumptions.MODEL


def residual(A_n: Any, z_n: Any, others: Any) -> Any:
    """The scalar h = Σ_{m≠n} z_m²A_m² - z_n²A_n(1-A_n), others being the sum."""
    return others - z_n**2 * A_n * (1 - A_n)


def own_integrand(A_n: Any, z_n: Any, others: Any) -> Any:
    """α_{p→v_n} on a sample: z_nA_n(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return z_n * A_n * (z_n**2 * (1 - A_n) ** 2 + others)


def other_integrand(A_m: Any, z_m: Any, A_n: Any, z_n: Any, others: Any) -> Any:
    """α_{p→v_m} on a sample, m ≠ n: z_mA_m(h - z_m²A_m), the global area included."""
    return z_m * A_m * (residual(A_n, z_n, others) - z_m**2 * A_m)


sign_own = Claim(
    id="sign.own",
    title="The own feature-position correlation never decreases",
    statement=r"z_nA_n\big(z_n^2(1-A_n)^2+\sum_{m\ne n}z_m^2A_m^2\big)\ge 0"
    r"\quad\text{hence } \alpha_{p\to v_n}\ge 0 \text{ for every } Q",
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.own",),
)
OWN_CASE = [*any_attention(A_n), *any_latents(z_n)]


@sign_own.leg("smt")
def own_rate_is_not_negative(context: Context) -> Iterator[Gap | Undecided]:
    """Every factor and summand is non-negative."""
    yield from consistent("there are such attention vectors", OWN_CASE, ANY_AREAS)
    yield from proved("own integrand ≥ 0", OWN_CASE, own_integrand(A_n, z_n, S) >= 0, ANY_AREAS)


@sign_own.leg("property")
def own_integrand_is_the_models(context: Context) -> Evidence:
    """Local and global queries."""
    pairs = {"own integrand": (own_integrand(A_n, z_n, S), gradients.own_integrand)}
    return tied_to_model(context, assumptions.attentions(), Named(), OWN_CASE, pairs)


sign_own.mistake(
    own_integrand,
    "the missing share enters with the wrong sign",
    lambda original: lambda A_n, z_n, S: z_n * A_n * (S - z_n**2 * (1 - A_n) ** 2),
)
sign_own.mistake(
    gradients.own_integrand,
    "the model's integrand changes sign",
    lambda original: lambda A, z, own: -original(A, z, own),
)

size_own = Claim(
    id="size.own",
    title="The own rate is A_n(1-A_n)² up to constants",
    statement=r"L^3A_n(1-A_n)^2\le z_nA_n\big(z_n^2(1-A_n)^2+\sum_{m\ne n}z_m^2A_m^2\big)"
    r"\le 2U^3A_n(1-A_n)^2",
    provenance=Provenance.DERIVED,
    assumptions=(*MODEL, "latents bounded away from 0"),
    rests_on=("grad.own",),
)


def own_size() -> sp.Expr:
    """The size A_n(1-A_n)²; other areas add at most U²(1-A_n)² since they share 1-A_n."""
    return A_n * (1 - A_n) ** 2


@size_own.leg("smt")
def own_rate_has_its_size(context: Context) -> Iterator[Gap | Undecided]:
    """Both constants are sharp: L³ without other areas, 2U³ with a single one that takes all."""
    rate = own_integrand(A_n, z_n, S)
    yield from consistent("there are such attention vectors", OWN_CASE, ANY_AREAS)
    yield from proved("≥ L³A_n(1-A_n)²", OWN_CASE, rate >= L**3 * own_size(), ANY_AREAS)
    yield from proved("≤ 2U³A_n(1-A_n)²", OWN_CASE, rate <= 2 * U**3 * own_size(), ANY_AREAS)
    yield attained("L³A_n(1-A_n)²", rate, L**3 * own_size(), ALONE)
    yield attained("2U³A_n(1-A_n)²", rate, 2 * U**3 * own_size(), SHARED_OUT)


@size_own.leg("property")
def own_size_is_about_the_models_rate(context: Context) -> Evidence:
    """Local and global queries."""
    pairs = {"own integrand": (own_integrand(A_n, z_n, S), gradients.own_integrand)}
    return tied_to_model(context, assumptions.attentions(), Named(), OWN_CASE, pairs)


size_own.mistake(
    own_size,
    "first power of 1 - A_n",
    lambda original: lambda: A_n * (1 - A_n),
)
size_own.mistake(
    own_size,
    "third power of 1 - A_n",
    lambda original: lambda: A_n * (1 - A_n) ** 3,
)
size_own.mistake(
    gradients.own_integrand,
    "the model forgets the other areas",
    lambda original: lambda A, z, own: original(np.eye(A.shape[-1], dtype=int)[own] * A, z, own),
)

sign_global = Claim(
    id="sign.global",
    title="A local query's correlation with the global feature never increases while it leads",
    statement=r"n\ne 1,\ z_m^2A_m\le z_1^2A_1\ (m\notin\{1,n\})\implies z_1A_1(h-z_1^2A_1)\le 0",
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.other",),
)


def leading() -> list[Relational]:
    """The global area leads: z_m²A_m ≤ z_1²A_1 for all m ∉ {1, n}."""
    return [top <= z_1**2 * A_1]


GLOBAL_CASE = [*any_attention(A_n, A_1), *any_latents(z_n, z_1)]


@sign_global.leg("smt")
def global_rate_is_not_positive(context: Context) -> Iterator[Gap | Undecided]:
    """What other areas push up is at most what the global area's own remainder pulls down."""
    rate = other_integrand(A_1, z_1, A_n, z_n, z_1**2 * A_1**2 + S)
    told = [*GLOBAL_CASE, *leading()]
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("global integrand ≤ 0", told, rate <= 0, ANY_AREAS)


def global_of_model(A: Any, z: Any, own: Any) -> Any:
    """The model's integrand of α_{p→v_1}."""
    return gradients.other_integrand(A, z, own)[..., 0]


@sign_global.leg("property")
def global_integrand_is_the_models(context: Context) -> Evidence:
    """Local queries; what is told of a global area that leads holds there and nowhere else."""
    rate = other_integrand(A_1, z_1, A_n, z_n, z_1**2 * A_1**2 + S)
    points = assumptions.attentions(local_query=True)
    pairs = {"global integrand": (rate, global_of_model)}
    leads = {"the global area leads": (leading(), sp.Ge(z_1**2 * A_1, top, evaluate=False))}
    named = Named(global_=True)
    return tied_to_model(context, points, named, GLOBAL_CASE, pairs, told_where=leads)


sign_global.mistake(
    leading,
    "without the condition that the global area leads",
    lambda original: lambda: [],
)
sign_global.mistake(
    leading,
    "asked only where the global area leads the own one, too",
    lambda original: lambda: [*original(), A_n <= A_1],
)
sign_global.mistake(
    gradients.other_integrand,
    "the model forgets the area's own pull",
    lambda original: lambda A, z, own: original(A, z, own) + z**3 * A**2,
)

CLAIMS = (sign_own, size_own, sign_global)
