"""Sizes of the rates for every attention vector: constant latents, and positions for any latents.

The integrands are those of `signs`, on one sample (`one_sample`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.relational import Relational

from refutable.claim import Claim, Context, Evidence, Provenance, Undecided
from refutable.claims import assumptions
from refutable.claims.mae import signs
from refutable.claims.mae.one_sample import (
    A_1,
    ANY_AREAS,
    CONSTANT,
    A_m,
    A_n,
    Named,
    S,
    U,
    any_attention,
    any_latents,
    attained,
    tied_to_model,
    top,
    without_largest,
    z,
    z_m,
    z_n,
)
from refutable.gap import Gap
from refutable.model import gradients
from refutable.prove.inequality import consistent, proved

MODEL = assumptions.MODEL
STATED_IN = ("refutable.claims.mae.signs",)
"""Where else parts of the statements are."""


size_global = Claim(
    id="size.global",
    title="The global rate of a local query is A_1(A_1(1-A_1) + A_n(1-A_n)), constant latents",
    statement=r"\big|-\alpha_1-z^3A_1\big(A_1(1-A_1)+A_n(1-A_n)\big)\big|"
    r"\le z^3A_1\max_{m\notin\{1,n\}}A_m",
    measured="the integrand on each sample, latents all equal to z",
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.other",),
)


def global_size() -> sp.Expr:
    """-α_1/z³ when no further area holds attention."""
    return A_1 * (A_1 * (1 - A_1) + A_n * (1 - A_n))


def largest_other() -> sp.Expr:
    """z²·max A_m over the areas not named, the error of the sizes relative to zA."""
    return top


@size_global.leg("smt")
def global_rate_has_its_size(context: Context) -> Iterator[Gap | Undecided]:
    """The other areas' ΣA_m² is all that is left out."""
    told = [*any_attention(A_n, A_1), *CONSTANT]
    rate = signs.other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)
    error = -rate - z**3 * global_size()
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_1 * largest_other(), ANY_AREAS)
    yield from proved("from below", told, error >= -z * A_1 * largest_other(), ANY_AREAS)


@size_global.leg("property")
def global_size_is_about_the_models_rate(context: Context) -> Evidence:
    """Local queries, constant latents."""
    rate = signs.other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)
    told = [*any_attention(A_n, A_1), *CONSTANT]
    points = assumptions.attentions(local_query=True, constant=True)
    pairs = {"global integrand": (rate, signs.global_of_model)}
    return tied_to_model(context, points, Named(global_=True), told, pairs)


size_global.mistake(
    global_size,
    "without the own area's share",
    lambda original: lambda: A_1**2 * (1 - A_1),
)
size_global.mistake(
    largest_other,
    "error of half the size",
    lambda original: lambda: original() / 2,
)
size_global.mistake(
    gradients.other_integrand,
    "the model swaps global and own",
    lambda original: lambda A, z, own: original(A[..., ::-1], z, own),
)
size_global.tolerates(
    largest_other,
    "an error bound for any number of areas; a larger one is one, too",
)


size_other = Claim(
    id="size.other",
    title="The rate of any further area is A_m(A_1² - A_n(1-A_n)), constant latents",
    statement=r"\big|\alpha_m-z^3A_m\big(A_1^2\mathbf 1\{n\ne 1\}-A_n(1-A_n)\big)\big|"
    r"\le z^3A_m\max_{l\notin\{1,n\}}A_l",
    measured="the integrand on each sample, latents all equal to z",
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.other",),
)


def other_size(A_1: Any) -> Any:
    """α_m/(z³A_m) without the areas besides 1 and n; A_1 = 0 for a global query."""
    return A_1**2 - A_n * (1 - A_n)


def other_cases() -> Iterator[tuple[str, list[Relational], sp.Expr, sp.Expr]]:
    """A local and a global query: name, what is told, α_m, and A_1²·1{n≠1} - A_n(1-A_n)."""
    for query, A_global in (("local", A_1), ("global", sp.Integer(0))):
        named = (A_n, A_1, A_m) if query == "local" else (A_n, A_m)
        told = [*any_attention(*named), *CONSTANT]
        others = z**2 * A_global**2 + z**2 * A_m**2 + S
        rate = signs.other_integrand(A_m, z, A_n, z, others)
        yield query, told, rate, other_size(A_global)


def largest_of_all(largest: sp.Symbol) -> list[Relational]:
    """The symbol is z²·max A_l over all l ∉ {1, n}, m among them."""
    return [largest >= top, largest >= z**2 * A_m]


biggest = sp.Symbol("biggest", real=True)


@size_other.leg("smt")
def other_rate_has_its_size(context: Context) -> Iterator[Gap | Undecided]:
    """Local and global query. What is left out is Σ_{l∉{1,n}} A_l² - A_m, within ± the largest."""
    for query, told, rate, size in other_cases():
        told = [*told, *largest_of_all(biggest)]
        error = rate - z**3 * A_m * size
        yield from consistent(f"there are such attention vectors, {query}", told, ANY_AREAS)
        yield from proved(f"from above, {query}", told, error <= z * A_m * biggest, ANY_AREAS)
        yield from proved(f"from below, {query}", told, error >= -z * A_m * biggest, ANY_AREAS)


def last_of_model(A: Any, z: Any, own: Any) -> Any:
    """The model's integrand of α_{p→v_m}, m the last area."""
    return gradients.other_integrand(A, z, own)[..., -1]


def _other_is_the_models(context: Context, query: str) -> Evidence:
    told, rate = next((told, rate) for name, told, rate, _ in other_cases() if name == query)
    told = [*told, *largest_of_all(biggest)]
    points = assumptions.attentions(
        local_query=query == "local", constant=True, others=int(query == "local")
    )
    named = Named(global_=query == "local", other=True)
    pairs = {"rate": (rate, last_of_model)}
    also = {biggest: sp.Max(top, z**2 * A_m)}
    return tied_to_model(context, points, named, told, pairs, (f"{query} query",), also)


@size_other.leg("property")
def other_size_is_about_the_models_rate(context: Context) -> Iterator[Evidence]:
    """The last area plays m, under either kind of query."""
    for query in ("local", "global"):
        yield _other_is_the_models(context, query)


size_other.mistake(
    other_size,
    "the global area pulls linearly",
    lambda original: lambda A_1: A_1 - A_n * (1 - A_n),
)
size_other.mistake(
    largest_of_all,
    "the error counted without m itself",
    lambda original: lambda largest: [sp.Eq(largest, top)],
)
size_other.mistake(
    largest_of_all,
    "asked only where m has most of the attention",
    lambda original: lambda largest: [*original(largest), A_m >= sp.Rational(1, 2)],
)
size_other.mistake(
    gradients.residual,
    "the model changes sign of the residual",
    lambda original: lambda A, z, own: -original(A, z, own),
)


size_position = Claim(
    id="size.position",
    title="Position rates are at most 2U² times the attention",
    statement=r"|\beta_{p\to q}|\le 2U^2\,\mathbb E[\mathrm{attn}_{p\to q}]"
    r"\quad\text{since } |h-g_q|\le 2U^2",
    provenance=Provenance.DERIVED,
    assumptions=MODEL,
    rests_on=("grad.position",),
)


def largest_pull() -> sp.Expr:
    """2U²: reached by a key of the own area when one other area holds all attention."""
    return 2 * U**2


def pulls() -> dict[str, tuple[list[Relational], sp.Expr]]:
    """The pull h - g_q of every kind of key, with what is told of the attention vector."""
    named = [*without_largest(A_n, A_m), *any_latents(z_n, z_m)]
    others = z_m**2 * A_m**2 + S
    h = signs.residual(A_n, z_n, others)
    return {
        "visible key of the own area": (named, h + z_n**2 * (1 - A_n)),
        "visible key of another area": (named, h - z_m**2 * A_m),
        "masked key": (named, h),
    }


@size_position.leg("smt")
def pulls_are_bounded(context: Context) -> Iterator[Gap | Undecided]:
    """All kinds of keys."""
    for key, (told, pull) in pulls().items():
        yield from consistent(f"there are such attention vectors, {key}", told, ANY_AREAS)
        yield from proved(f"≤ 2U², {key}", told, pull <= largest_pull(), ANY_AREAS)
        yield from proved(f"≥ -2U², {key}", told, pull >= -largest_pull(), ANY_AREAS)
    _, pull = pulls()["visible key of the own area"]
    one_other = {A_n: 0, A_m: 0, S: U**2, z_n: U}
    yield attained("2U², visible key of the own area", pull, largest_pull(), one_other)


@size_position.leg("property")
def pulls_are_the_models(context: Context) -> Evidence:
    """The last area plays the other one, so it must not be the query's."""

    def of_own(A: Any, z: Any, own: Any) -> Any:
        return np.take_along_axis(gradients.position_integrand(A, z, own), own[:, None], 1)[:, 0]

    def of_last(A: Any, z: Any, own: Any) -> Any:
        return gradients.position_integrand(A, z, own)[:, -1]

    modelled = (of_own, of_last, lambda A, z, own: gradients.residual(A, z, own))
    cases = pulls()
    pairs = {key: (pull, of) for (key, (_, pull)), of in zip(cases.items(), modelled, strict=True)}
    told = next(iter(cases.values()))[0]
    points = assumptions.attentions(others=1)
    return tied_to_model(context, points, Named(other=True), told, pairs)


size_position.mistake(
    largest_pull,
    "half the bound",
    lambda original: lambda: original() / 2,
)
size_position.mistake(
    gradients.position_integrand,
    "the model's own keys repel",
    lambda original: (
        lambda A, z, own: 2 * gradients.residual(A, z, own)[..., None] - original(A, z, own)
    ),
)

CLAIMS = (size_global, size_other, size_position)
