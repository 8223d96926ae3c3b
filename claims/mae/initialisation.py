"""Initialisation: what an untrained MAE attends to, and which rate leads at Q = 0 (theory 3.4).

Every rate is a rational number, written as a sum over patches that must be visible together
(`initial_rates`). It is compared with the enumeration of every mask at small P and with exact
moments of hypergeometric counts at P = 1e100; its limit is taken with symbols for sizes.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import torch

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae.initial_rates import Growing, Rate, Sizes
from refutable.gap import Gap, at_most, equal, identical
from refutable.model import correlations, data, enumeration, gradients, vit
from refutable.model.setting import Latents, Setting, power_of_ten
from refutable.prove import limits

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

STATED_IN = ("refutable.claims.mae.initial_rates",)
"""Where else parts of the statements are."""
NOT_STATED = {"next_order": "sizes a tolerance"}

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
BOTH_SIGNS = ("Δ > 0", "Δ < 0", "K > 1", "random latents")
EXACTLY = ("every mask", *BOTH_SIGNS)
GAP_SIDES = {1: "Δ > 0", -1: "Δ < 0"}

Plant = Callable[[Any], Any]


def _case(setting: Setting) -> Case:
    small = setting.P <= 100  # too small for exponents to mean anything
    regimes = {
        "every mask": small,
        "Δ > 0": not small and setting.information_gap > 0,
        "Δ < 0": not small and setting.information_gap < 0,
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


def _formula(rate: Rate, sizes: Sizes, query: int) -> Any:
    return getattr(rates, rates.FORMULAS[rate])(sizes, query)


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
    return rates.chance(setting) * total


SYMBOLS = (
    "sizes are symbols that grow as powers of P, not rounded; a term leads if its exponent does at "
    "every corner of the allowed exponents on this side of the gap"
)


def in_the_limit(
    rate: Rate,
    queries: Sequence[int],
    exponent: Callable[..., Any],
    sign: Callable[[Sizes], int] = lambda sizes: 1,
) -> Iterator[Gap | Case | Undecided]:
    """The formula's leading term for P → ∞, with every exponent, size and moment a symbol."""
    for side in (1, -1):
        sizes = Growing(side)
        for query in queries:
            yield Case((GAP_SIDES[side],))
            yield from limits.limit(
                f"{rate.strip('_')}, {('global', 'local')[query]} query, {GAP_SIDES[side]}",
                _formula(rate, sizes, query),
                sign(sizes) * rates.product(rates.leading(sizes, rate, query)),
                at_corner(exponent, sizes, query),
                sizes.growth,
                SYMBOLS,
            )


def at_corner(exponent: Callable[..., Any], sizes: Growing, *query: int) -> Callable[..., Any]:
    """The exponent claimed at a corner (κ_c, κ_s)."""
    return lambda corner: exponent(
        dataclasses.replace(sizes, kappa_c=corner[0], kappa_s=corner[1]), *query
    )


def tens(context: Context) -> tuple[float, ...]:
    """The powers of ten on a ladder: from 1e20, where P^-0.1 is a hundredth, to 1e100."""
    return scaling.rungs(20, 100, context.at(quick=8, full=17, deep=41))


def _log_leading(setting: Setting, rate: Rate, query: int) -> float:
    return rates.log_product(rates.leading(setting, rate, query))


def next_order(setting: Setting) -> float:
    """The power of P in the corrections to the leading orders.

    P^-κ_s for p itself and for the spread of counts, P^-|Δ| for the smaller term of h, P^-(1-κ_c)
    for A_1 beside 1, P^-(κ_c-κ_s) for A_n beside A_1.
    """
    orders = (setting.kappa_s, abs(setting.information_gap), 1 - setting.kappa_c)
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
        rungs = [top.replace(P=power_of_ten(ten)) for ten in tens(context)]
        log_P = [rung.log_P for rung in rungs]
        log_y = [log_measured(rung) for rung in rungs]
        label = f"{name}, {_name(top)}"
        if not np.isfinite(log_y).all():
            yield equal(label, math.nan, exponent(top), 0, "of the claimed sign on every rung")
            continue
        yield from scaling.power_law(label, log_P, log_y, exponent(top), x_label="log P")
        ratio = [math.exp(y - log_law(rung)) for y, rung in zip(log_y, rungs, strict=True)]
        order = next_order(top)
        tolerance = 20 * math.exp(order * top.log_P) + 1e-12
        why = f"20·P^{order:.3g}, the next order with room for its constant; 1e-12 for rounding"
        yield from scaling.limit(
            f"{label}: constant", log_P, ratio, 1, tolerance=tolerance, why=why, x_label="log P"
        )


def shifted(by: float) -> Plant:
    """Plant a prediction that is too large by this much."""
    return lambda original: lambda *given, **named: original(*given, **named) + by


def scaled(by: Fraction) -> Plant:
    """Plant a prediction that is wrong by this factor."""
    return lambda original: lambda *given, **named: original(*given, **named) * by


def with_factor(by: Fraction) -> Plant:
    """Plant a product with one factor too many."""
    return lambda original: lambda *given, **named: [*original(*given, **named), (by, 1)]


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
            predicted = rates.mean_attention(setting, size, own=j == n)
            yield identical(f"E A_{j}, {_name(setting)}", measured, predicted, ALL)
    for setting in GROWING:
        yield _case(setting)
        drawn, among = setting.P - setting.M, setting.P - 1
        for j, size, own in ((0, setting.C_1, False), (1, setting.C_s, True)):
            count = enumeration.count_moment(drawn, among, [(size - own, 1)])
            predicted = rates.mean_attention(setting, size, own=own)
            name = f"E A_{j}, P = 1e100, {_name(setting)}"
            yield identical(name, count / setting.P, predicted, "exact hypergeometric mean")


@attention.leg("symbolic", require=tuple(GAP_SIDES.values()))
def attention_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """The mean attention of an area tends to (1-γ)C/P, every allowed exponent at once."""
    for side, gap in GAP_SIDES.items():
        sizes = Growing(side)
        for C, kappa, name in ((sizes.C_1, 0, "global"), (sizes.C_s, 1, "local")):
            yield Case((gap,))

            def exponent(corner: limits.Corner, kappa: int = kappa) -> Any:
                return corner[kappa] - 1

            yield from limits.limit(
                f"E A, {name} area, {gap}",
                rates.mean_attention(sizes, C, own=name == "local"),
                (1 - sizes.gamma) * C / sizes.P,
                exponent,
                sizes.growth,
                SYMBOLS,
            )


attention.mistake(rates.mean_attention, "off by 5 %", scaled(OFF))
attention.mistake(
    rates.mean_attention,
    "p taken for visible",
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


@own.leg("symbolic", require=tuple(GAP_SIDES.values()))
def own_rate_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """Local and global queries, every allowed exponent at once."""
    yield from in_the_limit("own", (0, 1), rates.own_exponent)


@own.leg("scaling", require=BOTH_SIGNS)
def own_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """Local and global queries."""

    def measured(rung: Setting, query: int) -> float:
        return rates.log_of(enumeration.initial_rates(rung, query).own)

    for query, name in ((1, "local query"), (0, "global query")):
        yield from on_ladder(
            context,
            f"α_n(0), {name}",
            partial(measured, query=query),
            partial(rates.own_exponent, query=query),
            partial(_log_leading, rate="own", query=query),
        )


own.mistake(rates.own_rate, "formula off by 5 %", scaled(OFF))
own.mistake(rates.own_exponent, "exponent off by 0.02", shifted(0.02))
own.mistake(rates.leading, "constant off by 5 %", with_factor(OFF))


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
    found = {
        _name(setting): rates.global_rate(setting, 1)
        for P, gamma in itertools.product(range(5, largest + 1), (0.34, 0.5, 0.75))
        for C_1, C_s in itertools.product(range(1, P), repeat=2)
        if C_s <= C_1 and C_1 + C_s <= P
        for setting in (Setting.of_sizes(P, C_1, C_s, gamma=gamma),)
    }
    wrong = [name for name, rate in found.items() if rate >= 0]
    why = f"exact, over {len(found)} settings with 5 ≤ P ≤ {largest}"
    yield identical("settings where α_1(0) ≥ 0", len(wrong), 0, why, witness={"settings": wrong})


@global_.leg("symbolic", require=tuple(GAP_SIDES.values()))
def global_rate_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """Negative, every allowed exponent at once."""
    yield from in_the_limit(
        "global_", (1,), lambda sizes, _: rates.global_exponent(sizes), lambda sizes: -1
    )


@global_.leg("scaling", require=BOTH_SIGNS)
def global_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """-α_1(0), which must be positive to have a logarithm."""
    yield from on_ladder(
        context,
        "-α_1(0)",
        lambda rung: rates.log_of(-_present(enumeration.initial_rates(rung, 1).global_)),
        rates.global_exponent,
        lambda rung: _log_leading(rung, "global_", 1),
    )


def _present(rate: Fraction | None) -> Fraction:
    assert rate is not None  # the settings used have such an area
    return rate


global_.mistake(rates.global_rate, "wrong sign", scaled(Fraction(-1)))
global_.mistake(rates.global_exponent, "exponent off by 0.02", shifted(0.02))
global_.mistake(
    rates.global_exponent,
    "exponent of the own rate",
    lambda _: lambda setting: rates.own_exponent(setting, 0),
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


@other.leg("symbolic", require=tuple(GAP_SIDES.values()))
def other_rate_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """The sign of the gap decides which term leads, every allowed exponent at once."""
    yield from in_the_limit(
        "other", (1,), lambda sizes, _: rates.other_exponent(sizes), rates.other_sign
    )


@other.leg("scaling", require=BOTH_SIGNS)
def other_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """sign(Δ)·α_m(0), which must be positive to have a logarithm."""

    def measured(rung: Setting) -> float:
        rate = _present(enumeration.initial_rates(rung, 1).other)
        return rates.log_of(rate * rates.other_sign(rung))

    yield from on_ladder(
        context,
        "sign(Δ)·α_m(0)",
        measured,
        rates.other_exponent,
        lambda rung: _log_leading(rung, "other", 1),
    )


other.mistake(rates.other_sign, "sign reversed", scaled(Fraction(-1)))
other.mistake(rates.other_exponent, "exponent off by 0.02", shifted(-0.02))
other.mistake(rates.local_rate, "formula off by 5 %", scaled(OFF))


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
    found = enumeration.initial_rates(setting, 1)
    return -_present(found.global_) / found.own


@gap_decides.leg("exact", require=EXACTLY)
def gap_decides_exactly(context: Context) -> Iterator[Gap | Case]:
    """The ratio as a fraction, and which side of 1 it is on."""
    for setting in SMALL:
        if setting.C_s == 1:
            continue  # α_n = 0: a masked query that is alone in its area
        yield _case(setting)
        measured = -by_masks(setting, "global_", 1) / by_masks(setting, "own", 1)
        predicted = -rates.global_rate(setting, 1) / rates.own_rate(setting, 1)
        yield identical(f"|α_1|/α_n, {_name(setting)}", measured, predicted, ALL)
    for top in GROWING:
        for ten in tens(context):
            yield _case(top)
            ratio = _ratio(top.replace(P=power_of_ten(ten)))
            leads = "global" if ratio > 1 else "own"
            name = f"leading feature at P = 1e{ten:.3g}, {_name(top)}"
            yield identical(name, leads, leader(top), "exact fractions compared")


def leader(setting: Setting) -> str:
    """Which feature's rate leads at Q = 0 for large P."""
    return "global" if setting.information_gap > 0 else "own"


@gap_decides.leg("symbolic", require=tuple(GAP_SIDES.values()))
def gap_decides_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """The ratio of the two formulas, every allowed exponent at once."""
    for side, gap in GAP_SIDES.items():
        yield Case((gap,))
        sizes = Growing(side)
        yield from limits.limit(
            f"|α_1(0)|/α_n(0), {gap}",
            -rates.global_rate(sizes, 1) / rates.own_rate(sizes, 1),
            rates.product(rates.gap_factors(sizes)),
            at_corner(rates.gap_exponent, sizes),
            sizes.growth,
            SYMBOLS,
        )


@gap_decides.leg("scaling", require=BOTH_SIGNS)
def gap_decides_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """The ratio against P^Δ and its constant."""
    yield from on_ladder(
        context,
        "|α_1(0)|/α_n(0)",
        lambda rung: rates.log_of(_ratio(rung)),
        rates.gap_exponent,
        lambda rung: rates.log_product(rates.gap_factors(rung)),
    )


gap_decides.mistake(rates.gap_exponent, "exponent off by 0.02", shifted(0.02))
gap_decides.mistake(
    rates.gap_exponent,
    "κ_c and κ_s not weighted",
    lambda _: lambda setting: setting.kappa_c - setting.kappa_s,
)
gap_decides.mistake(rates.gap_factors, "constant off by 5 %", with_factor(OFF))


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
            yield identical(name, measured, rates.position_rate(setting, query), ALL)
    for setting in GROWING:
        for query in (0, 1):
            yield _case(setting)
            measured = _present(enumeration.initial_rates(setting, query).beta_own)
            predicted = rates.position_rate(setting, query)
            name = f"β less formula, area {query}, P = 1e100, {_name(setting)}"
            yield identical(name, measured - predicted, 0, MOMENTS)


@position.leg("symbolic", require=tuple(GAP_SIDES.values()))
def position_rate_in_the_limit(context: Context) -> Iterator[Gap | Case | Undecided]:
    """β and its ratio to α_n, local and global query, every allowed exponent at once."""
    for side, gap in GAP_SIDES.items():
        sizes = Growing(side)
        for query, name in ((0, "global query"), (1, "local query")):
            yield Case((gap,))
            beta, alpha = (rates.leading(sizes, rate, query) for rate in ("beta_own", "own"))
            yield from limits.limit(
                f"β/α_n, {name}, {gap}",
                rates.position_rate(sizes, query) / rates.own_rate(sizes, query),
                rates.product(beta) / rates.product(alpha),
                at_corner(rates.position_exponent, sizes, query),
                sizes.growth,
                SYMBOLS,
            )


@position.leg("scaling", require=BOTH_SIGNS)
def position_rate_on_the_ladder(context: Context) -> Iterator[Gap | Case]:
    """β/α_n, local and global query."""

    def measured(rung: Setting, query: int) -> float:
        found = enumeration.initial_rates(rung, query)
        return rates.log_of(_present(found.beta_own) / found.own)

    def law(rung: Setting, query: int) -> float:
        return _log_leading(rung, "beta_own", query) - _log_leading(rung, "own", query)

    for query, name in ((1, "local query"), (0, "global query")):
        yield from on_ladder(
            context,
            f"β(0)/α_n(0), {name}",
            partial(measured, query=query),
            partial(rates.position_exponent, query=query),
            partial(law, query=query),
        )


position.mistake(rates.position_exponent, "exponent off by 0.02", shifted(0.02))
position.mistake(rates.position_rate, "formula off by 5 %", scaled(OFF))

LOWER_ORDER = (
    "in the limit its terms of lower order vanish; as a number it is checked to the last digit"
)
for _claim, _parts in (
    (own, (rates.square, rates.cube, rates.mixed, rates.own_rate)),
    (
        global_,
        (rates.square, rates.cube, rates.mixed, rates.other_rate),
    ),
    (other, (rates.square, rates.cube, rates.mixed)),
    (
        position,
        (rates.square, rates.cube, rates.mixed, rates.own_rate),
    ),
    (
        gap_decides,
        (
            rates.cube,
            rates.mixed,
            rates.mean_attention,
            rates.own_rate,
            rates.other_rate,
            rates.global_rate,
        ),
    ),
):
    for _part in _parts:
        _claim.tolerates(_part, LOWER_ORDER)
for _claim in (own, global_):
    _claim.tolerates(_formula, LOWER_ORDER)
for _factor in (rates.chance, rates.together, by_masks):
    gap_decides.tolerates(_factor, "it is a factor of both rates, whose ratio is claimed")
for _side in (rates.chance, rates.together, rates.product):
    position.tolerates(_side, "it is a factor of both sides of the ratio")

CLAIMS = (attention, own, global_, other, gap_decides, position)
