"""Signs and sizes of the rates, and bounds on the loss, for every attention vector (Lemma 5.1).

One sample that masks the query is looked at; what holds on each holds in expectation. The areas
that a statement does not single out, however many, enter through three numbers: their attention
W = ΣA_j, S = Σz_j²A_j² and top = max z_j²A_j. These satisfy 0 ≤ S ≤ top·W and 0 ≤ top ≤ U²W, all
attained, so a polynomial inequality in finitely many variables speaks for any number of areas. The
masked keys take the remainder 1 - ΣA_j ≥ 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
import torch
from hypothesis.strategies import SearchStrategy
from sympy.core.relational import Relational

from claims import configurations
from claims.checking import property as properties
from claims.checking import scaling, shared
from claims.checking.claim import Case, Claim, Context, Evidence, Provenance, Undecided
from claims.checking.gap import Gap, at_least, at_most, equal, identical
from claims.checking.inequality import consistent, proved
from model import data, descent, enumeration, gradients, reduced, vit
from model.setting import Latents, Setting
from model.trajectory import QueryKind, Series

MODEL = configurations.MODEL

# ------------------------------------------------------------- one sample, any number of areas

L, U, W, S, top = sp.symbols("L U W S top", real=True)
A_n, A_1, A_m = sp.symbols("A_n A_1 A_m", real=True)
z_n, z_1, z_m, z = sp.symbols("z_n z_1 z_m z", real=True)

ANY_AREAS = (
    "the areas not named enter as W = ΣA_j, S = Σz_j²A_j² ≤ top·W, top = max z_j²A_j ≤ U²W, so the "
    "statement is about any number of areas; masked keys take the remainder"
)


def any_attention(*named: sp.Symbol) -> list[Relational]:
    """All that is known of an attention vector with these entries named and the others lumped."""
    return [
        *(A >= 0 for A in named),
        W >= 0,
        sum(named) + W <= 1,
        top >= 0,
        top <= U**2 * W,
        S >= 0,
        top * W >= S,
    ]


def any_latents(*named: sp.Symbol) -> list[Relational]:
    """The named latents lie in [L, U], 0 ≤ L."""
    return [L >= 0, L <= U, *(x >= L for x in named), *(x <= U for x in named)]


def residual(A_n: Any, z_n: Any, others: Any) -> Any:
    """The scalar h = Σ_{m≠n} z_m²A_m² - z_n²A_n(1-A_n), others being the sum."""
    return others - z_n**2 * A_n * (1 - A_n)


def own_integrand(A_n: Any, z_n: Any, others: Any) -> Any:
    """α_{p→v_n} on a sample: z_nA_n(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return z_n * A_n * (z_n**2 * (1 - A_n) ** 2 + others)


def other_integrand(A_m: Any, z_m: Any, A_n: Any, z_n: Any, others: Any) -> Any:
    """α_{p→v_m} on a sample, m ≠ n: z_mA_m(h - z_m²A_m), the global area included."""
    return z_m * A_m * (residual(A_n, z_n, others) - z_m**2 * A_m)


def loss_integrand(A_n: Any, z_n: Any, others: Any) -> Any:
    """L_p on a sample: ½(z_n²(1-A_n)² + Σ_{m≠n} z_m²A_m²)."""
    return (z_n**2 * (1 - A_n) ** 2 + others) / 2


@dataclass(frozen=True)
class Named:
    """Areas that a statement singles out: the global one apart from the own, and one further m."""

    global_: bool = False
    other: bool = False

    def lumps(self, point: configurations.Attention) -> dict[sp.Symbol, sp.Rational]:
        """Values of all symbols at a point; the last area plays m."""
        A, x = point.areas, point.latents
        names = {point.own: (A_n, z_n)}
        if self.global_:
            names[0] = (A_1, z_1)
        if self.other:
            names[len(A) - 1] = (A_m, z_m)
        rest = [j for j in range(len(A)) if j not in names]
        values: dict[sp.Symbol, Fraction] = {
            L: point.L,
            U: point.U,
            z: x[0],
            W: sum((A[j] for j in rest), Fraction(0)),
            S: sum((x[j] ** 2 * A[j] ** 2 for j in rest), Fraction(0)),
            top: max((x[j] ** 2 * A[j] for j in rest), default=Fraction(0)),
        }
        for j, (attention, latent) in names.items():
            values |= {attention: A[j], latent: x[j]}
        return {symbol: sp.Rational(v.numerator, v.denominator) for symbol, v in values.items()}


def tied_to_model(
    context: Context,
    points: SearchStrategy[configurations.Attention],
    named: Named,
    told: Sequence[Relational],
    integrands: Mapping[str, tuple[sp.Expr, Callable[[Any, Any, Any], Any]]],
) -> Evidence:
    """What z3 was asked about is the model's integrand, and what it was told holds.

    Exact fractions at attention vectors of any number of areas. integrands: the lumped expression
    beside the model's function of (areas, latents, own).
    """

    def gaps(point: configurations.Attention) -> Iterator[Gap]:
        values = named.lumps(point)
        broken = [str(r) for r in told if r.xreplace(values) is not sp.true]
        yield identical("assumptions that the lumped areas break", broken, [], ANY_AREAS)
        A, x = (np.array([v], dtype=object) for v in (point.areas, point.latents))
        for name, (expression, modelled) in integrands.items():
            measured = modelled(A, x, np.array([point.own]))[0]
            predicted = expression.xreplace(values)
            yield identical(name, measured, predicted, "the same fraction, nothing rounded")

    return properties.search(
        context, points, gaps, examples=context.at(quick=25, full=300, deep=3000)
    )


# ------------------------------------------------------------------------------------- the signs

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
    return tied_to_model(context, configurations.attentions(), Named(), OWN_CASE, pairs)


sign_own.mistake(
    "the missing share enters with the wrong sign",
    "claims.signs.own_integrand",
    lambda original: lambda A_n, z_n, S: z_n * A_n * (S - z_n**2 * (1 - A_n) ** 2),
)
sign_own.mistake(
    "the model's integrand changes sign",
    "model.gradients.own_integrand",
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


@size_own.leg("property")
def own_size_is_about_the_models_rate(context: Context) -> Evidence:
    """Local and global queries."""
    pairs = {"own integrand": (own_integrand(A_n, z_n, S), gradients.own_integrand)}
    return tied_to_model(context, configurations.attentions(), Named(), OWN_CASE, pairs)


size_own.mistake(
    "first power of 1 - A_n", "claims.signs.own_size", lambda original: lambda: A_n * (1 - A_n)
)
size_own.mistake(
    "third power of 1 - A_n", "claims.signs.own_size", lambda original: lambda: A_n * (1 - A_n) ** 3
)
size_own.mistake(
    "the model forgets the other areas",
    "model.gradients.own_integrand",
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


def _global_of_model(A: Any, z: Any, own: Any) -> Any:
    return gradients.other_integrand(A, z, own)[..., 0]


@sign_global.leg("property")
def global_integrand_is_the_models(context: Context) -> Evidence:
    """Local queries; whether the global area leads does not matter here."""
    rate = other_integrand(A_1, z_1, A_n, z_n, z_1**2 * A_1**2 + S)
    points = configurations.attentions(local_query=True)
    pairs = {"global integrand": (rate, _global_of_model)}
    return tied_to_model(context, points, Named(global_=True), GLOBAL_CASE, pairs)


sign_global.mistake(
    "without the condition that the global area leads",
    "claims.signs.leading",
    lambda original: lambda: [],
)
sign_global.mistake(
    "the model forgets the area's own pull",
    "model.gradients.other_integrand",
    lambda original: lambda A, z, own: original(A, z, own) + z**3 * A**2,
)

# ------------------------------------------------------------------------ sizes, constant latents

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
CONSTANT = [z >= 0, sp.Eq(U, z)]
"""Every latent equals z = U."""


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
    rate = other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)
    error = -rate - z**3 * global_size()
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_1 * largest_other(), ANY_AREAS)
    yield from proved("from below", told, error >= -z * A_1 * largest_other(), ANY_AREAS)


@size_global.leg("property")
def global_size_is_about_the_models_rate(context: Context) -> Evidence:
    """Local queries, constant latents."""
    rate = other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)
    told = [*any_attention(A_n, A_1), *CONSTANT]
    points = configurations.attentions(local_query=True, constant=True)
    pairs = {"global integrand": (rate, _global_of_model)}
    return tied_to_model(context, points, Named(global_=True), told, pairs)


size_global.mistake(
    "without the own area's share",
    "claims.signs.global_size",
    lambda original: lambda: A_1**2 * (1 - A_1),
)
size_global.mistake(
    "error of half the size",
    "claims.signs.largest_other",
    lambda original: lambda: original() / 2,
)
size_global.mistake(
    "the model swaps global and own",
    "model.gradients.other_integrand",
    lambda original: lambda A, z, own: original(A[..., ::-1], z, own),
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
        rate = other_integrand(A_m, z, A_n, z, others)
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


def _last_of_model(A: Any, z: Any, own: Any) -> Any:
    return gradients.other_integrand(A, z, own)[..., -1]


def _other_is_the_models(context: Context, query: str) -> Evidence:
    told, rate = next((told, rate) for name, told, rate, _ in other_cases() if name == query)
    points = configurations.attentions(
        local_query=query == "local", constant=True, others=int(query == "local")
    )
    named = Named(global_=query == "local", other=True)
    return tied_to_model(context, points, named, told, {"rate": (rate, _last_of_model)})


def _together(local: Evidence, global_: Evidence) -> Evidence:
    """The evidence of two searches, each under its kind of query."""
    return Evidence(
        gaps=local.gaps + global_.gaps,
        cases=local.cases + global_.cases,
        regimes={"local query": local.cases, "global query": global_.cases},
        required=("local query", "global query"),
        witness=local.witness or global_.witness,
    )


@size_other.leg("property")
def other_size_is_about_the_models_rate(context: Context) -> Evidence:
    """The last area plays m."""
    return _together(*(_other_is_the_models(context, query) for query in ("local", "global")))


size_other.mistake(
    "the global area pulls linearly",
    "claims.signs.other_size",
    lambda original: lambda A_1: A_1 - A_n * (1 - A_n),
)
size_other.mistake(
    "the error counted without m itself",
    "claims.signs.largest_of_all",
    lambda original: lambda largest: [sp.Eq(largest, top)],
)
size_other.mistake(
    "the model changes sign of the residual",
    "model.gradients.residual",
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
    named = [*any_attention(A_n, A_m), *any_latents(z_n, z_m)]
    others = z_m**2 * A_m**2 + S
    h = residual(A_n, z_n, others)
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
    points = configurations.attentions(others=1)
    return tied_to_model(context, points, Named(other=True), told, pairs)


size_position.mistake(
    "half the bound", "claims.signs.largest_pull", lambda original: lambda: original() / 2
)
size_position.mistake(
    "the model's own keys repel",
    "model.gradients.position_integrand",
    lambda original: (
        lambda A, z, own: 2 * gradients.residual(A, z, own)[..., None] - original(A, z, own)
    ),
)

# -------------------------------------------------------------------------------------- the loss

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


@sandwich.leg("property")
def loss_integrand_is_the_models(context: Context) -> Evidence:
    """Local and global queries."""
    pairs = {"loss integrand": (loss_integrand(A_n, z_n, S), gradients.loss_integrand)}
    return tied_to_model(context, configurations.attentions(), Named(), OWN_CASE, pairs)


sandwich.mistake("first power of 1 - A_n", "claims.signs.missing", lambda original: lambda: 1 - A_n)
sandwich.mistake(
    "the model forgets one half",
    "model.gradients.loss_integrand",
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


def _exact_loss(setting: Setting, query: int, weight: Fraction) -> Fraction:
    """L_p over every mask when a visible own key weighs `weight`, any other 1/weight."""
    visible = enumeration.masks(setting, masked=query)
    total = Fraction(0)
    for k in range(setting.K):
        counts = np.stack([visible[:, area].sum(1) for area in data.members(setting, k)], axis=1)
        own = int(setting.area_of[k, query])
        weights = np.full(setting.areas, 1 / weight, dtype=object)
        weights[own] = weight
        mass = counts.astype(object) * weights
        A = mass / (mass.sum(axis=1) + setting.M)[:, None]
        z = np.full(A.shape, Fraction(setting.latents.L), dtype=object)
        total += gradients.loss_integrand(A, z, np.full(len(A), own)).sum() / len(A)
    return total * Fraction(setting.M, setting.P) / setting.K


ENUMERATED = (
    Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(1.5)),
    Setting.of_sizes(7, 2, 2, gamma=0.6, K=2, placement="random"),
    Setting.of_sizes(5, 2, 1, gamma=0.25, latents=Latents.constant(0.5), K=2),
)
"""Few masks; areas that can, and areas that cannot, be hidden whole; latents exact in binary."""


@lower_bound.leg("exact")
def infimum_over_every_mask(context: Context) -> Iterator[Gap]:
    """Fractions over every mask: above the infimum everywhere, towards it along the sequence."""
    for s in ENUMERATED:
        for p in range(s.P):
            at, best = f"P = {s.P}, patch {p}", infimum(s, p)
            yield equal(
                f"L* in the model, {at}", enumeration.infimum(s, p), float(best), 1e-14, "rounding"
            )
            weights = [Fraction(10) ** e for e in (-2, 0, 1, 3, 9)]
            excess = [_exact_loss(s, p, w) - best for w in weights]
            yield identical(f"L_p > L*_p, {at}", all(e > 0 for e in excess), True, "fractions")
            within = [
                0 < e <= excess_bound(s, w) for e, w in zip(excess, weights, strict=True) if w > 1
            ]
            yield identical(f"L_p - L*_p within its bound, {at}", all(within), True, "fractions")


@lower_bound.leg("property")
def no_state_is_below_the_infimum(context: Context) -> Evidence:
    """Random correlations and latents, the population over every mask; then the sequence."""

    def gaps(state: configurations.State) -> Iterator[Gap]:
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
        for exponent in (5, 10, 30):
            phi = np.full((1, s.features), -exponent / s.latents.L)
            phi[0, own] *= -1
            excess = loss(phi, np.zeros((1, s.P))) - best
            bound = excess_bound(s, math.exp(exponent))
            yield at_most(f"L_p - L*_p at Ls = {exponent}", excess, bound, 1e-11 * unit, rounding)

    return properties.search(
        context,
        configurations.states(configurations.settings(max_P=6, clusters=(1, 2))),
        gaps,
        examples=context.at(quick=25, full=200, deep=1000),
        regimes_of=lambda state: configurations.regimes_of(state.setting),
        require=("constant latents", "random latents", "several clusters"),
    )


lower_bound.mistake(
    "infimum not conditioned on the masked query",
    "claims.signs.infimum",
    lambda original: lambda s, p: original(s, p) * Fraction(s.M, s.P),
)
lower_bound.mistake(
    "the model's infimum forgets one half",
    "model.enumeration.infimum",
    lambda original: lambda s, p: 2 * original(s, p),
)
lower_bound.mistake(
    "the model forgets the share that is missing",
    "model.gradients.loss_integrand",
    lambda original: lambda A, z, own: original(A, z, own) * (1 - A.sum(axis=-1)),
)

loss_descent = Claim(
    id="loss.descent",
    title="Below the smoothness bound gradient descent lowers the loss at every step",
    statement=r"\eta<\tfrac2B,\ B=\tfrac{1+2\sqrt2}2\tfrac MP U^2(1+U^2)\implies "
    r"L(Q-\eta\nabla L)\le L(Q)-\eta\big(1-\tfrac{\eta B}2\big)\|\nabla L\|^2",
    provenance=Provenance.DERIVED,
    assumptions=(*MODEL, "population gradient", "plain gradient descent", "small step"),
    rests_on=("grad.query-decoupling",),
)


def smoothness(setting: Setting) -> float:
    """B, a bound on the second derivative of L in any unit direction.

    Rows decouple, so one row x = Q_p suffices. Scores are s_q = <x, u_q> with u_q = z_jv_j + e_q
    or e_q, so |u_q - u_r|² ≤ 2 + 2U². Along a unit direction write d_q for the change of s_q:
    Var(d) ≤ (2+2U²)/4 under any attention (Popoviciu). With V_q the values, |V_q| ≤ U:
    F′ = Cov(d, V), |F′|² ≤ Var(d)·U²; F″ = Σ attn_q((d_q - d̄)² - Var(d))V_q, |F″| ≤ 2Var(d)·U.
    The residual has |F - X_p|² ≤ 2U² (loss.sandwich). So the second derivative of ½|F - X_p|²,
    |F′|² + <F - X_p, F″>, is within ± (1 + 2√2)·U²·(1+U²)/2; p is masked with probability M/P.
    """
    square = setting.latents.U**2
    return (1 + 2 * math.sqrt(2)) / 2 * setting.M / setting.P * square * (1 + square)


def descended(step: float, bound: float) -> float:
    """The share of η‖∇L‖² that a step is sure to lower the loss by."""
    return 1 - step * bound / 2


DESCENTS = (
    Setting.of_sizes(6, 3, 1, gamma=0.5, latents=Latents.constant(6.0)),
    Setting.of_sizes(5, 2, 3, gamma=0.4, K=2, latents=Latents.two_point(0.5, 1.5)),
)


@loss_descent.leg("trained")
def loss_falls_at_every_step(context: Context) -> Iterator[Gap]:
    """Autograd on the population of every mask; from Q = 0, and from random Q beyond quick."""
    steps = context.at(quick=12, full=60, deep=300)
    for s in DESCENTS:
        population, bound = enumeration.population(s), smoothness(s)
        for scale in context.at(quick=(0.0,), full=(0.0, 0.5, 2.0)):
            for share in (0.5, 1.9):
                module = vit.MaskedAutoencoder(s)
                start = context.rng().normal(size=(s.dimension, s.dimension))
                module.Q.data = torch.from_numpy(scale * start)
                falls, moves = [], []
                before, value = module.Q.detach().clone(), math.nan
                for _ in range(steps + 1):
                    now = float(
                        descent.train_module(module, population, steps=1, step=share / bound)[0]
                    )
                    falls.append(value - now)
                    after = module.Q.detach().clone()
                    moves.append(float((after - before).square().sum()))
                    before, value = after, now
                # A step moves Q by η‖∇L‖; the loss is read before each step.
                ratios = [
                    fall * share / bound / move
                    for fall, move in zip(falls[1:], moves[:-1], strict=True)
                ]
                at = f"U = {s.latents.U}, η = {share}/B, start of scale {scale}"
                yield at_least(f"smallest fall, {at}", min(falls[1:]), 0, 0, "it falls each time")
                yield at_least(
                    f"fall/(η‖∇L‖²), {at}",
                    min(ratios),
                    descended(share / bound, bound),
                    1e-9,
                    "rounding of the loss, 1e-16·L, over falls above 1e-6·L",
                )


loss_descent.mistake(
    "smoothness of order U² instead of U⁴",
    "claims.signs.smoothness",
    lambda original: lambda s: original(s) / s.latents.U**2,
)
loss_descent.mistake(
    "first-order decrease without the curvature term",
    "claims.signs.descended",
    lambda original: lambda step, bound: 1.0,
)
loss_descent.mistake(
    "ascent",
    "model.descent.train_module",
    lambda original: (
        lambda module, batches, *, steps, step: original(
            module,
            batches,
            steps=steps,
            step=step,
            optimizer=torch.optim.SGD(module.parameters(), lr=step, maximize=True),
        )
    ),
)

# -------------------------------------------------------------------- Lemma 5.1, along training

TRAINING = (
    *MODEL,
    "latents bounded away from 0",
    "zero initialisation",
    "uniform masking",
    "size separation κ_c > κ_s",
    "population gradient",
    "plain gradient descent",
    "small step",
)
LOSS_GAP = 1e-3
"""Trajectories are followed until L_p - L*_p is this small; own attention is then some 0.94."""
GAMMA, LATENT, CLUSTERS = 0.6, 1.5, 2


@dataclass(frozen=True)
class Along:
    """Attentions and exact rates along a reduced trajectory, (T,) each; rates over γz³/K.

    A_1 is 0 for a global query, whose own area is the global one.
    """

    A_n: Series
    A_1: Series
    A_m: Series
    own: Series
    global_: Series
    other: Series


def _setting(kappa_c: float, kappa_s: float, decades: int) -> Setting:
    return Setting(
        P=10**decades,
        kappa_c=kappa_c,
        kappa_s=kappa_s,
        gamma=GAMMA,
        K=CLUSTERS,
        latents=Latents.constant(LATENT),
    )


@shared.run_once
def along(query: QueryKind, kappa_c: float, kappa_s: float, decades: int) -> Along:
    """Reduced training of one query at P = 10^decades."""
    s = _setting(kappa_c, kappa_s, decades)
    t = reduced.mae(s, query, loss_gap=LOSS_GAP)
    other = [
        reduced.mae_rates(
            s,
            query,
            phi_global=phi_1,
            phi_own=phi_n,
            phi_other=phi_m,
            upsilon_global=upsilon_1,
            upsilon_own=upsilon_n,
            upsilon_other=upsilon_m,
        ).alpha_other
        for phi_1, phi_n, phi_m, upsilon_1, upsilon_n, upsilon_m in zip(
            t.phi_global,
            t.phi_own,
            t.phi_other,
            t.upsilon_global,
            t.upsilon_own,
            t.upsilon_other,
            strict=True,
        )
    ]
    unit = GAMMA / CLUSTERS * LATENT**3
    C_n = s.C_s if query == "local" else s.C_1
    odds = LATENT * (t.phi_other - t.phi_own) + t.upsilon_other - t.upsilon_own
    return Along(
        A_n=t.own_attention,
        A_1=t.global_attention if query == "local" else np.zeros_like(t.own_attention),
        A_m=t.own_attention * (s.C_s / C_n) * np.exp(odds),
        own=t.rate_own / unit,
        global_=t.rate_global / unit,
        other=np.array(other) / unit,
    )


@dataclass(frozen=True)
class Ladder:
    """One query kind and pair of exponents, and the powers of ten of P to go through.

    High enough for the leading term, low enough for the deviation to stay above 1e-10: it is a
    difference of float64 rates, good to some 1e-15.
    """

    query: QueryKind
    kappa_c: float
    kappa_s: float
    decades: tuple[int, ...]

    @property
    def regime(self) -> str:
        """For counting cases."""
        if self.query == "global":
            return "global query"
        positive = 1 - self.kappa_s > 2 * (1 - self.kappa_c)
        return f"local query, Δ {'>' if positive else '<'} 0"


LOCAL_REGIMES = ("local query, Δ > 0", "local query, Δ < 0")
REGIMES = (*LOCAL_REGIMES, "global query")


def deviations(
    ladders: Sequence[Ladder],
    deviation: Callable[[Along], Series],
    exponent: Callable[[Ladder], float],
) -> Iterator[Gap | Case]:
    """The largest relative deviation along each trajectory falls with P at the exponent given."""
    for ladder in ladders:
        yield Case((ladder.regime,))
        runs = [
            along(ladder.query, ladder.kappa_c, ladder.kappa_s, rung) for rung in ladder.decades
        ]
        yield from scaling.power_law(
            f"largest deviation, {ladder.regime}",
            [rung * math.log(10) for rung in ladder.decades],
            [math.log(float(np.abs(deviation(run)).max())) for run in runs],
            exponent(ladder),
        )


LOW, HIGH = tuple(range(10, 21, 2)), tuple(range(50, 101, 10))

lemma_own = Claim(
    id="lemma5.1.own",
    title="Lemma 5.1: the own rate is A_n(1-A_n)²",
    statement=r"\alpha_{p\to v_n}\approx z^3\,\mathbb E\big[A_n(1-A_n)^2\big]",
    measured="constant latents; the largest |α_n/approximation - 1| over the trajectory from t = 0 "
    "to a loss gap of 1e-3, and the power of P with which it falls",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.own", "size.own"),
)


def own_approximation(A_n: Any) -> Any:
    """α_n over z³."""
    return A_n * (1 - A_n) ** 2


def own_error_exponent(ladder: Ladder) -> float:
    """The error is ΣA_m²/(1-A_n)² over m ≠ n: the global area's A_1², the locals' ΣA_m² ≈ A_m."""
    local = ladder.kappa_s - 1
    return max(2 * (ladder.kappa_c - 1), local) if ladder.query == "local" else local


@lemma_own.leg("smt")
def own_approximation_errs_by_the_other_areas(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_n·ΣA_m² ≤ z³A_n(1-A_n)·max A_m."""
    told = [*any_attention(A_n), *CONSTANT]
    error = own_integrand(A_n, z, S) - z**3 * own_approximation(A_n)
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from below", told, error >= 0, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_n * (1 - A_n) * top, ANY_AREAS)


@lemma_own.leg("scaling", require=REGIMES)
def own_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap, both kinds of query."""
    yield from deviations(
        (
            Ladder("local", 0.9, 0.3, tuple(range(25, 51, 5))),
            Ladder("local", 0.55, 0.5, LOW),
            Ladder("global", 0.75, 0.5, LOW),
        ),
        lambda run: run.own / own_approximation(run.A_n) - 1,
        own_error_exponent,
    )


lemma_own.mistake(
    "first power of 1 - A_n",
    "claims.signs.own_approximation",
    lambda original: lambda A_n: A_n * (1 - A_n),
)
lemma_own.mistake(
    "error of the global area's first power",
    "claims.signs.own_error_exponent",
    lambda original: lambda ladder: ladder.kappa_c - 1,
)

lemma_global = Claim(
    id="lemma5.1.global",
    title="Lemma 5.1: the global rate of a local query is -A_1(A_1 + A_n(1-A_n))",
    statement=r"n\ne 1:\quad\alpha_{p\to v_1}\approx"
    r"-z^3\,\mathbb E\big[A_1\big(A_1+A_n(1-A_n)\big)\big]",
    measured="constant latents; the largest |α_1/approximation - 1| over the trajectory from t = 0 "
    "to a loss gap of 1e-3, and the power of P with which it falls",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.other", "size.global"),
)


def global_approximation(A_1: Any, A_n: Any) -> Any:
    """α_1 over z³."""
    return -A_1 * (A_1 + A_n * (1 - A_n))


def global_error_exponent(ladder: Ladder) -> float:
    """The error is (A_1² + ΣA_m²)/(A_1 + ...): A_1 itself, and the locals' ΣA_m² ≈ A_m over A_1."""
    return max(ladder.kappa_c - 1, ladder.kappa_s - ladder.kappa_c)


@lemma_global.leg("smt")
def global_approximation_errs_by_squares(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_1·Σ_{m≠n}A_m² ≤ z³A_1(1-A_n)·max_{m≠n}A_m."""
    told = [*any_attention(A_n, A_1), *CONSTANT, biggest >= top, biggest >= z**2 * A_1]
    rate = other_integrand(A_1, z, A_n, z, z**2 * A_1**2 + S)
    error = rate - z**3 * global_approximation(A_1, A_n)
    yield from consistent("there are such attention vectors", told, ANY_AREAS)
    yield from proved("from below", told, error >= 0, ANY_AREAS)
    yield from proved("from above", told, error <= z * A_1 * (1 - A_n) * biggest, ANY_AREAS)


@lemma_global.leg("scaling", require=LOCAL_REGIMES)
def global_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap."""
    yield from deviations(
        (Ladder("local", 0.9, 0.3, HIGH), Ladder("local", 0.55, 0.5, HIGH)),
        lambda run: run.global_ / global_approximation(run.A_1, run.A_n) - 1,
        global_error_exponent,
    )


lemma_global.mistake(
    "without the own area's share",
    "claims.signs.global_approximation",
    lambda original: lambda A_1, A_n: -(A_1**2),
)
lemma_global.mistake(
    "error without the local areas",
    "claims.signs.global_error_exponent",
    lambda original: lambda ladder: ladder.kappa_c - 1,
)

lemma_other = Claim(
    id="lemma5.1.other",
    title="Lemma 5.1: any further area's rate is A_m(A_1² - A_n(1-A_n)), up to γA_m²",
    statement=r"m\notin\{1,n\}:\quad\alpha_{p\to v_m}\approx z^3\,\mathbb E\big["
    r"A_m\big(A_1^2\mathbf 1\{n\ne 1\}-A_n(1-A_n)-\gamma A_m\big)\big]",
    measured="constant latents; the difference relative to A_m(A_1² + A_n(1-A_n) + γA_m), since "
    "the approximation crosses zero near T_1: its largest value over the trajectory from t = 0 to "
    "a loss gap of 1e-3, and the power of P with which it falls. Without γA_m the formula stays "
    "off by the share γ while A_n ≈ A_m, as at t = 0 for Δ < 0",
    provenance=Provenance.RECONSTRUCTED,
    paper="Lemma 5.1",
    assumptions=TRAINING,
    rests_on=("grad.other", "size.other"),
)


def other_approximation(A_m: Any, A_1: Any, A_n: Any, gamma: Any) -> tuple[Any, Any]:
    """What pushes α_m up and what pulls it down, over z³A_m; A_1 = 0 for a global query."""
    return A_1**2, A_n * (1 - A_n) + gamma * A_m


def other_error_exponent(ladder: Ladder) -> float:
    """The error is A_m·(ΣA_l - (1-γ)) over l ∉ {1,n}, where ΣA_l = (1-γ)(1 - C_1/P) at t = 0.

    For a local query it is compared with A_n of the order of A_m, which leaves C_1/P; for a global
    query with A_1 of the order of C_1/P, which leaves A_m.
    """
    return ladder.kappa_c - 1 if ladder.query == "local" else ladder.kappa_s - 1


@lemma_other.leg("smt")
def other_approximation_errs_by_squares(context: Context) -> Iterator[Gap | Undecided]:
    """What is left out is z³A_m(ΣA_l² - (1-γ)A_m), whatever γ: of order max A_l at most."""
    gamma = sp.Symbol("gamma", real=True)
    for query, told, rate, _ in other_cases():
        A_global = A_1 if query == "local" else sp.Integer(0)
        told = [*told, *largest_of_all(biggest), gamma >= 0, gamma <= 1]
        up, down = other_approximation(A_m, A_global, A_n, gamma)
        error = rate - z**3 * A_m * (up - down)
        kept = (1 - gamma) * z**2 * A_m
        left = 1 - A_global - A_n
        yield from consistent(f"there are such attention vectors, {query}", told, ANY_AREAS)
        yield from proved(f"from below, {query}", told, error >= -z * A_m * kept, ANY_AREAS)
        above = error <= z * A_m * (left * biggest - kept)
        yield from proved(f"from above, {query}", told, above, ANY_AREAS)


def _other_deviation(run: Along, gamma: float) -> Series:
    up, down = other_approximation(run.A_m, run.A_1, run.A_n, gamma)
    return (run.other / run.A_m - (up - down)) / (up + down)


@lemma_other.leg("scaling", require=REGIMES)
def other_approximation_becomes_exact(context: Context) -> Iterator[Gap | Case]:
    """Both signs of the gap, both kinds of query; and what happens without γA_m."""
    yield from deviations(
        (
            Ladder("local", 0.9, 0.3, HIGH),
            Ladder("local", 0.55, 0.3, LOW),
            Ladder("global", 0.75, 0.5, LOW),
        ),
        lambda run: _other_deviation(run, GAMMA),
        other_error_exponent,
    )
    s = _setting(0.55, 0.3, 100)
    start = reduced.mae_rates(s, "local")
    size = start.own_attention
    up, down = other_approximation(size, start.global_attention, size, 0.0)
    rate = start.alpha_other / (GAMMA / CLUSTERS * LATENT**3 * size)
    yield equal(
        "deviation without γA_m at Q = 0, Δ < 0, P = 1e100",
        abs(rate - (up - down)) / (up + down),
        GAMMA,
        1e-12,
        "A_n = A_m at Q = 0, so it is γ; what is left out is A_1²/A_n ≈ P^Δ = 1e-20",
    )


lemma_other.mistake(
    "without γA_m",
    "claims.signs.other_approximation",
    lambda original: lambda A_m, A_1, A_n, gamma: original(A_m, A_1, A_n, 0),
)
lemma_other.mistake(
    "the global area pulls linearly",
    "claims.signs.other_approximation",
    lambda original: lambda A_m, A_1, A_n, gamma: (A_1, original(A_m, A_1, A_n, gamma)[1]),
)
lemma_other.mistake(
    "the reduced rate has the wrong sign",
    "model.reduced.mae_rates",
    lambda original: (
        lambda *args, **kwargs: original(*args, **kwargs)._replace(
            alpha_other=-original(*args, **kwargs).alpha_other
        )
    ),
)

CLAIMS = (
    sign_own,
    size_own,
    sign_global,
    size_global,
    size_other,
    size_position,
    sandwich,
    lower_bound,
    loss_descent,
    lemma_own,
    lemma_global,
    lemma_other,
)
