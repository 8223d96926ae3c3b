"""Initialisation: what an untrained MAE attends to, and which rate leads at Q = 0 (theory 3.4).

Every rate is a rational number. It is written here as a sum over patches that must be visible
together, and compared with the enumeration of every mask at small P and with exact moments of
hypergeometric counts at P = 1e100; exponents are those of the exact numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Literal

import numpy as np
import torch

from claims.checking import scaling
from claims.checking.claim import Case, Claim, Context, Provenance
from claims.checking.gap import Gap, at_most, equal, identical
from model import correlations, data, enumeration, gradients, vit
from model.setting import Latents, Setting

START = (
    "orthonormal features",
    "orthonormal positions",
    "exact features",
    "constant-in-area latent",
    "latents bounded away from 0",
    "zero initialisation",
    "fixed identity value matrix",
    "uniform masking",
    "size separation κ_c > κ_s",
    "population gradient",
    "one head, one layer",
)
"""What the rates at Q = 0 rest on (theory section 4)."""

GOOGOL = 10**100
TWO = Latents.two_point(0.5, 1.5)
GROWING = (
    Setting(P=GOOGOL, kappa_c=0.9, kappa_s=0.3),
    Setting(P=GOOGOL, kappa_c=0.8, kappa_s=0.25, gamma=0.75, K=3, c_1=2.0, c_s=0.5, latents=TWO),
    Setting(P=GOOGOL, kappa_c=0.6, kappa_s=0.4, gamma=0.3, latents=Latents.constant(0.7)),
    Setting(P=GOOGOL, kappa_c=0.65, kappa_s=0.45, gamma=0.6, K=10, c_1=0.5, c_s=2.0, latents=TWO),
)
"""Gaps 0.5, 0.35, -0.2, -0.15; each is the top of a ladder."""
SMALL = (
    Setting.of_sizes(8, 3, 2, gamma=0.4, latents=TWO),
    Setting.of_sizes(9, 4, 1, K=2, gamma=0.6),
    Setting.of_sizes(10, 4, 2, gamma=0.5, latents=Latents.constant(1.5)),
)
"""Settings whose masks are all enumerated; in the first the last area has a size of its own."""
BOTH_SIGNS = ("positive gap", "negative gap", "K > 1", "random latents")
EXACTLY = ("every mask", *BOTH_SIGNS)

Plant = Callable[[Any], Any]
Rate = Literal["own", "global_", "other", "beta_own"]


def _case(setting: Setting) -> Case:
    small = setting.P <= 100  # too small for exponents to mean anything
    regimes = {
        "every mask": small,
        "positive gap": not small and setting.gap > 0,
        "negative gap": not small and setting.gap < 0,
        "K > 1": setting.K > 1,
        "random latents": not setting.latents.is_constant,
    }
    return Case(tuple(name for name, counts in regimes.items() if counts))


def _name(setting: Setting) -> str:
    z = ",".join(f"{value:g}" for value in setting.latents.values)
    sizes = f"κ=({setting.kappa_c:g}, {setting.kappa_s:g})"
    if setting.P <= 100:
        sizes = f"P={setting.P} sizes {setting.C_1}, {setting.C_s}"
    return f"{sizes} z={z} K={setting.K} γ={setting.gamma:g}"


# ------------------------------------------------------- predictions: sums over visible patches


def together(setting: Setting, r: int) -> Fraction:
    """Pr(r given patches other than p are all visible | p ∈ ℳ)."""
    visible = setting.P - setting.M
    return Fraction(
        math.prod(visible - i for i in range(r)), math.prod(setting.P - 1 - i for i in range(r))
    )


@dataclass(frozen=True)
class Areas:
    """Patches of the query's own area other than p, and (size, number) of the others by kind."""

    own: int
    others: dict[str, tuple[int, int]]

    @classmethod
    def around(cls, setting: Setting, query: int) -> Areas:
        """As seen by a query in area `query`: 0 global, otherwise local."""
        last = setting.P - setting.C_1 - (setting.locals - 1) * setting.C_s
        kinds = {
            "global": (setting.C_1, 1),
            "local": (setting.C_s, setting.locals - 1),
            "last": (last, 1),
        }
        at = "global" if query == 0 else "last" if query == setting.locals else "local"
        size, number = kinds[at]
        kinds[at] = (size, number - 1)
        return cls(size - 1, {kind: found for kind, found in kinds.items() if found[1] > 0})

    def besides(self, kind: str) -> list[tuple[int, int]]:
        """(size, number) of the other areas but one of this kind."""
        less = {k: (size, number - (k == kind)) for k, (size, number) in self.others.items()}
        return list(less.values())


def square(setting: Setting, size: int) -> Fraction:
    """E A² at Q = 0: pairs of patches of one area, equal or not, both visible."""
    pairs = size * together(setting, 1) + size * (size - 1) * together(setting, 2)
    return pairs / setting.P**2


def cube(setting: Setting, size: int) -> Fraction:
    """E A³ at Q = 0: triples of patches of one area."""
    triples = size * together(setting, 1) + 3 * size * (size - 1) * together(setting, 2)
    triples += size * (size - 1) * (size - 2) * together(setting, 3)
    return triples / setting.P**3


def mixed(setting: Setting, size: int, squared: int) -> Fraction:
    """E A A′² at Q = 0 for two areas, the second of size `squared`."""
    triples = squared * together(setting, 2) + squared * (squared - 1) * together(setting, 3)
    return size * triples / setting.P**3


def _moments(setting: Setting) -> tuple[Fraction, Fraction, Fraction]:
    return tuple(enumeration.exact_moment(setting, r) for r in (1, 2, 3))  # type: ignore[return-value]


def chance(setting: Setting) -> Fraction:
    """Pr(p ∈ ℳ, X ∼ 𝒟_k)."""
    return Fraction(setting.M, setting.P * setting.K)


def mean_attention(setting: Setting, size: int, *, own: bool) -> Fraction:
    """E[A_j(0) | p ∈ ℳ]; p itself cannot be seen."""
    return (size - own) * together(setting, 1) / setting.P


def own_rate(setting: Setting, query: int) -> Fraction:
    """α_n(0) = Pr(p ∈ ℳ, k)·E[z_nA_n(z_n²(1-A_n)² + Σ z_m²A_m²)]."""
    m1, m2, m3 = _moments(setting)
    areas = Areas.around(setting, query)
    n = areas.own
    alone = mean_attention(setting, n, own=False) - 2 * square(setting, n) + cube(setting, n)
    crossed = sum(
        (number * mixed(setting, n, size) for size, number in areas.others.values()), Fraction(0)
    )
    return chance(setting) * (m3 * alone + m1 * m2 * crossed)


def other_rate(setting: Setting, query: int, kind: str) -> Fraction:
    """α_m(0) = Pr(p ∈ ℳ, k)·E[z_mA_m(h - z_m²A_m)] for an area m ≠ n of this kind."""
    m1, m2, m3 = _moments(setting)
    areas = Areas.around(setting, query)
    size = areas.others[kind][0]
    itself = cube(setting, size) - square(setting, size)
    rest = sum(
        (number * mixed(setting, size, other) for other, number in areas.besides(kind)), Fraction(0)
    )
    with_own = size * areas.own * together(setting, 2) / setting.P**2
    pulled = with_own - mixed(setting, size, areas.own)
    return chance(setting) * (m3 * itself + m1 * m2 * (rest - pulled))


def global_rate(setting: Setting, query: int) -> Fraction:
    """α_1(0) of a local query."""
    return other_rate(setting, query, "global")


def local_rate(setting: Setting, query: int) -> Fraction:
    """α_m(0) for another local area of the commonest size."""
    kind = "local" if "local" in Areas.around(setting, query).others else "last"
    return other_rate(setting, query, kind)


def position_rate(setting: Setting, query: int) -> Fraction:
    """β_{p→q}(0), q ≠ p in the own area: Pr(p ∈ ℳ, k)·E[h + z_n²(1-A_n)·1{q ∈ 𝒰}]/P."""
    _, m2, _ = _moments(setting)
    areas = Areas.around(setting, query)
    n = areas.own
    squares = sum(
        (number * square(setting, size) for size, number in areas.others.values()), Fraction(0)
    )
    h = squares - mean_attention(setting, n, own=False) + square(setting, n)
    seen = (
        together(setting, 1) - (together(setting, 1) + (n - 1) * together(setting, 2)) / setting.P
    )
    return chance(setting) * m2 * (h + seen) / setting.P


FORMULAS: dict[Rate, str] = {
    "own": "own_rate",
    "global_": "global_rate",
    "other": "local_rate",
    "beta_own": "position_rate",
}
"""Where the prediction of each rate is, by name so that a planted mistake is found."""


# -------------------------------------------------------------------------- predictions: laws


def own_exponent(setting: Setting, query: int) -> float:
    """α_n(0) = Θ(P^this)."""
    return -(1 - (setting.kappa_c if query == 0 else setting.kappa_s))


def global_exponent(setting: Setting) -> float:
    """|α_1(0)| = Θ(P^this)."""
    return -2 * (1 - setting.kappa_c)


def other_exponent(setting: Setting) -> float:
    """|α_m(0)| = Θ(P^this)."""
    return -(1 - setting.kappa_s) - min(2 * (1 - setting.kappa_c), 1 - setting.kappa_s)


def gap_exponent(setting: Setting) -> float:
    """|α_1(0)|/α_n(0) = Θ(P^this)."""
    return setting.gap


def position_exponent(setting: Setting, query: int) -> float:
    """β_{p→q}(0)/α_n(0) = Θ(P^this)."""
    return -(setting.kappa_c if query == 0 else setting.kappa_s)


def gap_constant(setting: Setting) -> float:
    """|α_1(0)|/α_n(0)·P^-Δ → this, whatever the law of the latents."""
    return (1 - setting.gamma) * setting.c_1**2 / setting.c_s


def log_leading(setting: Setting, rate: Rate, query: int) -> float:
    """Logarithm of the leading order of a rate's modulus.

    With A = (1-γ)C/P: α_n ~ m_3A_n, α_1 ~ -m_3A_1²; α_m ~ m_1m_2A_mA_1² at a positive gap and
    -(m_3 + γm_1m_2)A_m² at a negative one, where h ~ -γA_m; β ~ α_n·m_2/(m_3C_n).
    """
    m1, m2, m3 = (setting.latents.moment(r) for r in (1, 2, 3))
    seen = math.log1p(-setting.gamma)
    log_1 = seen + math.log(setting.C_1 / setting.P)
    log_m = setting.log_rho
    log_n, C_n = (log_1, setting.C_1) if query == 0 else (log_m, setting.C_s)
    leading = {
        "own": math.log(m3) + log_n,
        "global_": math.log(m3) + 2 * log_1,
        "other": math.log(m1 * m2) + 2 * log_1 + log_m
        if setting.gap > 0
        else math.log(m3 + setting.gamma * m1 * m2) + 2 * log_m,
        "beta_own": math.log(m2) + log_n - math.log(C_n),
    }
    return math.log(setting.gamma / setting.K) + leading[rate]


# ----------------------------------------------------------------------------- measurements


def exact_agreement(rate: Rate, queries: tuple[int, ...]) -> Iterator[Gap | Case]:
    """The formula against every mask at small P, and against moments of counts at P = 1e100."""
    for setting in SMALL:
        for query in (*queries, *([setting.locals] if 1 in queries else [])):
            yield _case(setting)
            name = f"{rate.strip('_')}, area {query}, {_name(setting)}"
            yield identical(
                name, by_masks(setting, rate, query), _formula(rate, setting, query), ALL
            )
    for setting in GROWING:
        for query in queries:
            yield _case(setting)
            measured = getattr(enumeration.initial_rates(setting, query), rate)
            name = f"{rate.strip('_')} less formula, area {query}, P = 1e100, {_name(setting)}"
            yield identical(name, measured - _formula(rate, setting, query), 0, MOMENTS)


ALL = "exact fractions; every mask, latent vector and cluster enumerated"
MOMENTS = "difference of exact fractions: moments of counts against sums over visible patches"


def _formula(rate: Rate, setting: Setting, query: int) -> Fraction:
    return globals()[FORMULAS[rate]](setting, query)


def by_masks(setting: Setting, rate: Rate, query: int) -> Fraction:
    """A rate at Q = 0 as the mean over every mask and latent vector of its integrand."""
    p, *keys = np.flatnonzero(setting.area_of[0] == query).tolist()
    visible = enumeration.masks(setting, masked=p)
    counts = visible.astype(int) @ np.eye(setting.areas, dtype=int)[setting.area_of[0]]
    A = np.array([[Fraction(int(u), setting.P) for u in row] for row in counts], dtype=object)
    own = np.full(len(A), query)
    total = Fraction(0)
    law = setting.latents
    for picks in itertools.product(range(len(law.values)), repeat=setting.areas):
        z = np.array([Fraction(repr(law.values[i])) for i in picks], dtype=object)
        weight = math.prod((Fraction(repr(law.probabilities[i])) for i in picks), start=Fraction(1))
        if rate == "beta_own":
            seen = visible[:, keys[0]]
            pull = gradients.position_integrand(A, z, own)[:, query]
            value = np.where(seen, pull, gradients.residual(A, z, own)) / setting.P
        else:
            area = {"own": query, "global_": 0, "other": 2 if query == 1 else 1}[rate]
            value = gradients.feature_integrand(A, z, own)[:, area]
        total += weight * sum(value.tolist(), Fraction(0)) / len(A)
    return chance(setting) * total


def tens(context: Context) -> tuple[int, ...]:
    """The powers of ten on a ladder: from 1e20, where P^-0.1 is a hundredth, to 1e100."""
    return tuple(
        int(x) for x in np.linspace(20, 100, context.at(quick=8, full=17, deep=41)).round()
    )


def log_of(number: Fraction | None) -> float:
    """Logarithm of a positive fraction of any size; NaN otherwise."""
    if number is None or number <= 0:
        return math.nan
    return math.log(number.numerator) - math.log(number.denominator)


def next_order(setting: Setting) -> float:
    """The power of P in the corrections to the leading orders.

    P^-κ_s for p itself and for the spread of counts, P^-|Δ| for the smaller term of h, P^-(1-κ_c)
    for A_1 beside 1, P^-(κ_c-κ_s) for A_n beside A_1.
    """
    orders = (setting.kappa_s, abs(setting.gap), 1 - setting.kappa_c)
    return -min(*orders, setting.kappa_c - setting.kappa_s)


def on_ladder(
    context: Context,
    name: str,
    log_measured: Callable[[Setting], float],
    exponent: Callable[[Setting], float],
    log_law: Callable[[Setting], float],
) -> Iterator[Gap | Case]:
    """A positive quantity against its power of P and its leading order, on every ladder."""
    for top in GROWING:
        yield _case(top)
        rungs = [top.replace(P=10**ten) for ten in tens(context)]
        log_P = [rung.log_P for rung in rungs]
        log_y = [log_measured(rung) for rung in rungs]
        label = f"{name}, {_name(top)}"
        if not np.isfinite(log_y).all():
            yield equal(label, math.nan, exponent(top), 0, "of the claimed sign on every rung")
            continue
        yield from scaling.power_law(label, log_P, log_y, exponent(top))
        ratio = [math.exp(y - log_law(rung)) for y, rung in zip(log_y, rungs, strict=True)]
        order = next_order(top)
        tolerance = 20 * math.exp(order * top.log_P) + 1e-12
        why = f"20·P^{order:.3g}, the next order with room for its constant; 1e-12 for rounding"
        yield from scaling.limit(
            f"{label}: constant", log_P, ratio, 1, tolerance=tolerance, why=why
        )


def shifted(by: float) -> Plant:
    """Plant a prediction that is too large by this much."""
    return lambda original: lambda *given, **named: original(*given, **named) + by


def scaled(by: Fraction) -> Plant:
    """Plant a prediction that is wrong by this factor."""
    return lambda original: lambda *given, **named: original(*given, **named) * by


OFF = Fraction(21, 20)


# ------------------------------------------------------------------------------------ claims


attention = Claim(
    id="init.attention",
    title="Before training every key gets the same attention",
    statement=r"""$Q=0$: $A_j=|\mathcal U\cap\mathcal P_{k,j}|/P$, and given $p\in\mathcal M$
        $E A_j=\frac{(C_j-1\{j=n\})(P-M)}{P(P-1)}$.""",
    provenance=Provenance.DERIVED,
    assumptions=START,
    rests_on=("mask.moments",),
)


@attention.leg("exact", require=("K > 1", "random latents"))
def attention_by_masks(context: Context) -> Iterator[Gap | Case]:
    """The module at Q = 0 on every mask, and the mean of its area attention."""
    for setting in SMALL:
        yield _case(setting)
        p, n = 0, int(setting.area_of[0, 0])
        samples = enumeration.population(setting, masked=p)
        X = torch.tensor(data.masked(setting, samples, data.basis(setting)))
        module = vit.MaskedAutoencoder(setting)
        with torch.no_grad():
            A = correlations.areas_of(setting, samples, module.attention(X, [p]).numpy())[:, 0]
        counts = np.stack(
            [
                np.bincount(setting.area_of[k][seen], minlength=setting.areas)
                for k, seen in zip(samples.cluster, samples.visible, strict=True)
            ]
        )
        worst = float(np.abs(A - counts / setting.P).max())
        why = f"float64 sums of {setting.P} terms"
        yield at_most(f"|A_j - count/P|, {_name(setting)}", worst, 0, 1e-14, why)
        hidden = enumeration.masks(setting, masked=p)
        for j, size in enumerate(setting.area_sizes.tolist()):
            seen = hidden[:, setting.area_of[0] == j]
            measured = Fraction(int(seen.sum()), len(seen) * setting.P)
            predicted = mean_attention(setting, size, own=j == n)
            yield identical(f"E A_{j}, {_name(setting)}", measured, predicted, ALL)
    for setting in GROWING:
        yield _case(setting)
        drawn, among = setting.P - setting.M, setting.P - 1
        for j, size, own in ((0, setting.C_1, False), (1, setting.C_s, True)):
            count = enumeration.count_moment(drawn, among, [(size - own, 1)])
            predicted = mean_attention(setting, size, own=own)
            name = f"E A_{j}, P = 1e100, {_name(setting)}"
            yield identical(name, count / setting.P, predicted, "exact hypergeometric mean")


attention.mistake("off by 5 %", "claims.initialisation.mean_attention", scaled(OFF))
attention.mistake(
    "p taken for visible",
    "claims.initialisation.mean_attention",
    lambda original: lambda setting, size, own: original(setting, size, own=False),
)


own = Claim(
    id="init.own-rate",
    title="The own feature's rate at Q = 0",
    statement=r"""$\alpha_{p\to v_n}(0)=\Theta(P^{-(1-\kappa_s)})$ for a local query,
        $\Theta(P^{-(1-\kappa_c)})$ for a global one; to leading order
        $\frac\gamma K E[z^3](1-\gamma)C_n/P$.""",
    provenance=Provenance.SHARPENED,
    assumptions=START,
    rests_on=("grad.own", "init.attention"),
)


@own.leg("exact", require=EXACTLY)
def own_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """Local and global queries."""
    yield from exact_agreement("own", (0, 1))


@own.leg("scaling", require=BOTH_SIGNS)
def own_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Local and global queries."""

    def measured(rung: Setting, query: int) -> float:
        return log_of(enumeration.initial_rates(rung, query).own)

    for query, name in ((1, "local query"), (0, "global query")):
        yield from on_ladder(
            context,
            f"α_n(0), {name}",
            partial(measured, query=query),
            partial(own_exponent, query=query),
            partial(log_leading, rate="own", query=query),
        )


own.mistake("formula off by 5 %", "claims.initialisation.own_rate", scaled(OFF))
own.mistake("exponent off by 0.02", "claims.initialisation.own_exponent", shifted(0.02))
own.mistake("constant off by 5 %", "claims.initialisation.log_leading", shifted(math.log(1.05)))


global_ = Claim(
    id="init.global-rate",
    title="The global feature's rate at Q = 0 is negative for a local query",
    statement=r"""$n\ne1$: $\alpha_{p\to v_1}(0)<0$ and $=-\Theta(P^{-2(1-\kappa_c)})$; to leading
        order $-\frac\gamma K E[z^3]((1-\gamma)C_1/P)^2$.""",
    measured="sign: exact, for every P up to a bound, sizes C_1 ≥ C_s ≥ 1 and three mask ratios",
    provenance=Provenance.SHARPENED,
    assumptions=START,
    rests_on=("grad.other", "sign.global", "init.attention"),
)


@global_.leg("exact", require=EXACTLY)
def global_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """A local query, and the sign on a grid of small settings."""
    yield from exact_agreement("global_", (1,))
    largest = context.at(quick=12, full=24)
    rates = {
        _name(setting): global_rate(setting, 1)
        for P, gamma in itertools.product(range(5, largest + 1), (0.34, 0.5, 0.75))
        for C_1, C_s in itertools.product(range(1, P), repeat=2)
        if C_s <= C_1 and C_1 + C_s <= P
        for setting in (Setting.of_sizes(P, C_1, C_s, gamma=gamma),)
    }
    wrong = [name for name, rate in rates.items() if rate >= 0]
    why = f"exact, over {len(rates)} settings with 5 ≤ P ≤ {largest}"
    yield identical("settings where α_1(0) ≥ 0", len(wrong), 0, why, witness={"settings": wrong})


@global_.leg("scaling", require=BOTH_SIGNS)
def global_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """-α_1(0), which must be positive to have a logarithm."""
    yield from on_ladder(
        context,
        "-α_1(0)",
        lambda rung: log_of(-_present(enumeration.initial_rates(rung, 1).global_)),
        global_exponent,
        lambda rung: log_leading(rung, "global_", 1),
    )


def _present(rate: Fraction | None) -> Fraction:
    assert rate is not None  # the settings used have such an area
    return rate


global_.mistake("wrong sign", "claims.initialisation.global_rate", scaled(Fraction(-1)))
global_.mistake("exponent off by 0.02", "claims.initialisation.global_exponent", shifted(0.02))
global_.mistake(
    "exponent of the own rate",
    "claims.initialisation.global_exponent",
    lambda _: lambda setting: own_exponent(setting, 0),
)


other = Claim(
    id="init.other-rate",
    title="Other local features have small rates, whose sign is that of the gap",
    statement=r"""$|\alpha_{p\to v_m}(0)|=\Theta(P^{-(1-\kappa_s)-\min(2(1-\kappa_c),1-\kappa_s)})$,
        positive iff $\Delta>0$; with $a=(1-\gamma)C_1/P$ to leading order
        $\frac\gamma KE[z]E[z^2]\rho a^2$ at a positive gap, at a negative one
        $-\frac\gamma K(E[z^3]+\gamma E[z]E[z^2])\rho^2$.""",
    provenance=Provenance.SHARPENED,
    assumptions=(*START, "gap bounded away from 0"),
    rests_on=("grad.other", "init.attention"),
)


@other.leg("exact", require=EXACTLY)
def other_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """A local query and another local area."""
    yield from exact_agreement("other", (1,))


@other.leg("scaling", require=BOTH_SIGNS)
def other_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """sign(Δ)·α_m(0), which must be positive to have a logarithm."""

    def measured(rung: Setting) -> float:
        rate = _present(enumeration.initial_rates(rung, 1).other)
        return log_of(rate * other_sign(rung))

    yield from on_ladder(
        context,
        "sign(Δ)·α_m(0)",
        measured,
        other_exponent,
        lambda rung: log_leading(rung, "other", 1),
    )


def other_sign(setting: Setting) -> int:
    """The sign of α_m(0) for large P."""
    return 1 if setting.gap > 0 else -1


other.mistake("sign reversed", "claims.initialisation.other_sign", scaled(Fraction(-1)))
other.mistake("exponent off by 0.02", "claims.initialisation.other_exponent", shifted(-0.02))
other.mistake("formula off by 5 %", "claims.initialisation.local_rate", scaled(OFF))


gap_decides = Claim(
    id="init.gap-decides",
    title="The information gap decides which feature's rate leads at Q = 0",
    statement=r"""$n\ne1$: $|\alpha_{p\to v_1}(0)|/\alpha_{p\to v_n}(0)=\Theta(P^\Delta)$, with
        constant $(1-\gamma)c_1^2/c_s$ for every law of the latents; for large $P$ the global rate
        leads iff $\Delta>0$.""",
    provenance=Provenance.SHARPENED,
    assumptions=(*START, "gap bounded away from 0"),
    rests_on=("init.own-rate", "init.global-rate", "data.gap-meaning"),
)


def _ratio(setting: Setting) -> Fraction:
    rates = enumeration.initial_rates(setting, 1)
    return -_present(rates.global_) / rates.own


@gap_decides.leg("exact", require=EXACTLY)
def gap_decides_exactly(context: Context) -> Iterator[Gap | Case]:
    """The ratio as a fraction, and which side of 1 it is on."""
    for setting in SMALL:
        if setting.C_s == 1:
            continue  # α_n = 0: a masked query that is alone in its area
        yield _case(setting)
        measured = -by_masks(setting, "global_", 1) / by_masks(setting, "own", 1)
        predicted = -global_rate(setting, 1) / own_rate(setting, 1)
        yield identical(f"|α_1|/α_n, {_name(setting)}", measured, predicted, ALL)
    for top in GROWING:
        for ten in tens(context):
            yield _case(top)
            ratio = _ratio(top.replace(P=10**ten))
            leads = "global" if ratio > 1 else "own"
            name = f"leading feature at P = 1e{ten}, {_name(top)}"
            yield identical(name, leads, leader(top), "exact fractions compared")


def leader(setting: Setting) -> str:
    """Which feature's rate leads at Q = 0 for large P."""
    return "global" if setting.gap > 0 else "own"


@gap_decides.leg("scaling", require=BOTH_SIGNS)
def gap_decides_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The ratio against P^Δ and its constant."""
    yield from on_ladder(
        context,
        "|α_1(0)|/α_n(0)",
        lambda rung: log_of(_ratio(rung)),
        gap_exponent,
        lambda rung: rung.gap * rung.log_P + math.log(gap_constant(rung)),
    )


gap_decides.mistake("exponent off by 0.02", "claims.initialisation.gap_exponent", shifted(0.02))
gap_decides.mistake(
    "κ_c and κ_s not weighted",
    "claims.initialisation.gap_exponent",
    lambda _: lambda setting: setting.kappa_c - setting.kappa_s,
)
gap_decides.mistake("constant off by 5 %", "claims.initialisation.gap_constant", scaled(OFF))


position = Claim(
    id="init.position-rate",
    title="A position's rate at Q = 0 is smaller than its area's by the size of the area",
    statement=r"""$q\in\mathcal P_n$: $\alpha_{p\to v_n}(0)/\beta_{p\to q}(0)=\Theta(C_n)$,
        to leading order $C_n E[z^3]/E[z^2]$.""",
    provenance=Provenance.SHARPENED,
    assumptions=START,
    rests_on=("grad.position", "init.own-rate"),
)


@position.leg("exact", require=EXACTLY)
def position_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """β towards another patch of the own area, local and global query."""
    for setting in SMALL:
        if setting.K > 1:
            continue  # β adds up over clusters, in which p and q share areas or not
        for query in (0, 1):
            yield _case(setting)
            measured = by_masks(setting, "beta_own", query)
            name = f"β, area {query}, {_name(setting)}"
            yield identical(name, measured, position_rate(setting, query), ALL)
    for setting in GROWING:
        for query in (0, 1):
            yield _case(setting)
            measured = _present(enumeration.initial_rates(setting, query).beta_own)
            predicted = position_rate(setting, query)
            name = f"β less formula, area {query}, P = 1e100, {_name(setting)}"
            yield identical(name, measured - predicted, 0, MOMENTS)


@position.leg("scaling", require=BOTH_SIGNS)
def position_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """β/α_n, local and global query."""

    def measured(rung: Setting, query: int) -> float:
        rates = enumeration.initial_rates(rung, query)
        return log_of(_present(rates.beta_own) / rates.own)

    def law(rung: Setting, query: int) -> float:
        return log_leading(rung, "beta_own", query) - log_leading(rung, "own", query)

    for query, name in ((1, "local query"), (0, "global query")):
        yield from on_ladder(
            context,
            f"β(0)/α_n(0), {name}",
            partial(measured, query=query),
            partial(position_exponent, query=query),
            partial(law, query=query),
        )


position.mistake("exponent off by 0.02", "claims.initialisation.position_exponent", shifted(0.02))
position.mistake("formula off by 5 %", "claims.initialisation.position_rate", scaled(OFF))


CLAIMS = (attention, own, global_, other, gap_decides, position)
