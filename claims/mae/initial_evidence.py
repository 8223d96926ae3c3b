"""Evidence at Q = 0: rates by every mask, in the limit P → ∞, and on ladders up to P = 1e100.

A rate is a rational number, written as a sum over patches that must be visible together
(`initial_rates`). It is compared with the enumeration of every mask at small P and with exact
moments of hypergeometric counts at P = 1e100; its limit is taken with symbols for sizes.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from refutable import scaling
from refutable.certificate import Certificate
from refutable.claim import Case, Context, Undecided
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae.initial_rates import Growing, Rate, Sizes
from refutable.claims.runs import next_order as orders
from refutable.gap import Gap, equal, identical
from refutable.model import enumeration, gradients
from refutable.model.setting import Latents, Setting, power_of_ten
from refutable.prove import limits, smtlib

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
ROUNDING = 1e-12
"""Of e^x, x the difference of two logarithms of some hundreds, each rounded a few times."""
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
EXACT_SCOPE = f"every mask of {len(SMALL)} settings with P ≤ 10, and {len(GROWING)} at P = 1e100"


def exactly(by_masks: str, in_fractions: str) -> dict[str, str]:
    """What every mask at small P, and either sign of Δ at large P, must have been asked."""
    return {"every mask": by_masks, **dict.fromkeys(BOTH_SIGNS, in_fractions)}


GAP_SIDES = {1: "Δ > 0", -1: "Δ < 0"}


def case_of(setting: Setting) -> Case:
    """The regimes that a setting counts for."""
    small = setting.P <= 100  # too small for exponents to mean anything
    regimes = {
        "every mask": small,
        "Δ > 0": not small and setting.information_gap > 0,
        "Δ < 0": not small and setting.information_gap < 0,
        "K > 1": setting.K > 1,
        "random latents": not setting.latents.is_constant,
    }
    return Case(tuple(name for name, counts in regimes.items() if counts))


def name_of(setting: Setting) -> str:
    """What tells a setting from the others, its latents, clusters and masking ratio."""
    z = ",".join(f"{value:g}" for value in setting.latents.values)
    sizes = f"κ=({setting.kappa_c:g}, {setting.kappa_s:g})"
    if setting.P <= 100:
        sizes = f"P={setting.P} sizes {setting.C_1}, {setting.C_s}"
    return f"{sizes} z={z} K={setting.K} γ={setting.gamma:g}"


def exact_agreement(rate: Rate, queries: tuple[int, ...]) -> Iterator[Gap | Case]:
    """The formula against every mask at small P, and against moments of counts at P = 1e100."""
    for setting in SMALL:
        for query in (*queries, *([setting.locals] if 1 in queries else [])):
            yield case_of(setting)
            name = f"{rate.strip('_')}, area {query}, {name_of(setting)}"
            found = by_masks(setting, rate, query)
            script = as_a_mean(setting, rate, query, found)
            yield identical(
                name, found, formula(rate, setting, query), ALL, certificate=enumerated(script)
            )
    for setting in GROWING:
        for query in queries:
            yield case_of(setting)
            measured = getattr(enumeration.initial_rates(setting, query), rate)
            name = f"{rate.strip('_')} over formula, area {query}, P = 1e100, {name_of(setting)}"
            yield identical(name, measured / formula(rate, setting, query), 1, MOMENTS)


ALL = "exact fractions; every mask, latent vector and cluster enumerated"
MOMENTS = "ratio of exact fractions: moments of counts against sums over visible patches"


def formula(rate: Rate, sizes: Sizes, query: int) -> Any:
    """What `initial_rates` predicts of a rate, of numbers or of symbols."""
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
        seen = visible[:, keys[0]].astype(int) if keys else 0  # the key is asked for by β alone
        value = _integrand(rate, query, A, z, own, seen, setting.P)
        total += weight * sum(value.tolist(), Fraction(0)) / len(A)
    return rates.chance(setting) * total


def _integrand(rate: Rate, query: int, A: Any, z: Any, own: Any, seen: Any, P: int) -> Any:
    """A rate on every mask (n,). A: (n, N); seen: (n,) 1 where the key of `beta_own` is visible."""
    if rate == "beta_own":
        pull, h = gradients.position_integrand(A, z, own)[:, query], gradients.residual(A, z, own)
        return (seen * pull + (1 - seen) * h) * Fraction(1, P)
    area = {"own": query, "global_": 0, "other": 2 if query == 1 else 1}[rate]
    return gradients.feature_integrand(A, z, own)[:, area]


def as_a_mean(setting: Setting, rate: Rate, query: int, found: Fraction) -> str:
    """The same mean as a script: one polynomial in what is visible, and the latents."""
    area_of = setting.area_of[0].tolist()
    p, *keys = (q for q, area in enumerate(area_of) if area == query)
    shown = {q: sp.Symbol(f"x_{q}") for q in range(setting.P) if q != p}
    counts = [
        sp.Add(*(x for q, x in shown.items() if area_of[q] == j)) for j in range(setting.areas)
    ]
    z = sp.symbols(f"z_0:{setting.areas}")
    value = _integrand(
        rate,
        query,
        np.array([[count * sp.Rational(1, setting.P) for count in counts]], dtype=object),
        np.array(z, dtype=object),
        np.array([query]),
        np.array([shown[keys[0]]], dtype=object) if keys else 0,
        setting.P,
    )[0]
    law = [
        (sp.Rational(repr(v)), sp.Rational(repr(chance)))
        for v, chance in zip(setting.latents.values, setting.latents.probabilities, strict=True)
    ]
    return smtlib.mean(
        sp.sympify(value) * sp.Rational(*rates.chance(setting).as_integer_ratio()),
        sp.Rational(*found.as_integer_ratio()),
        (setting.P - setting.M, tuple(shown.values())),
        dict.fromkeys(z, law),
        BY_MASKS,
    )


BY_MASKS = "enumeration of masks and latents"


def enumerated(script: str) -> Certificate:
    """Every mask and latent vector, as a certificate."""
    return Certificate(
        by=BY_MASKS,
        negated="the mean over every mask and latent vector is another fraction",
        for_all=True,
        scripts=(script,),
    )


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
                formula(rate, sizes, query),
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
        yield case_of(top)
        rungs = [top.replace(P=power_of_ten(ten)) for ten in tens(context)]
        log_P = [rung.log_P for rung in rungs]
        log_y = [log_measured(rung) for rung in rungs]
        label = f"{name}, {name_of(top)}"
        if not np.isfinite(log_y).all():
            yield equal(label, math.nan, exponent(top), 0, "of the claimed sign on every rung")
            continue
        yield from scaling.power_law(label, log_P, log_y, exponent(top), x_label="log P")
        ratio = [math.exp(y - log_law(rung)) for y, rung in zip(log_y, rungs, strict=True)]
        errors = [r - 1 for r in ratio]
        tolerance, why = orders.at_the_top(log_P, errors, next_order(top), ROUNDING)
        yield from scaling.limit(
            f"{label}: constant", log_P, ratio, 1, tolerance=tolerance, why=why, x_label="log P"
        )


OFF = Fraction(21, 20)
"""The factor by which mistaken formulas are off."""


def present(rate: Fraction | None) -> Fraction:
    """The rate, in a setting that has such an area."""
    assert rate is not None
    return rate


LOWER_ORDER = (
    "in the limit its terms of lower order vanish; as a number it is checked to the last digit"
)
