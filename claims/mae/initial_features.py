"""Initial rates of features: the own, the global and any other one at Q = 0 (theory 3.4)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from functools import partial

from refutable.claim import Case, Claim, Context, Profile, Provenance, Undecided
from refutable.claims.mae import initial_evidence as evidence
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae.initial_evidence import (
    BOTH_SIGNS,
    EXACT_SCOPE,
    GAP_SIDES,
    LOWER_ORDER,
    OFF,
    START,
    exact_agreement,
    exactly,
    in_the_limit,
    name_of,
    on_ladder,
    present,
)
from refutable.claims.runs.plants import scaled, shifted, with_factor
from refutable.gap import Gap, identical
from refutable.model import enumeration
from refutable.model.setting import Setting

STATED_IN = ("refutable.claims.mae.initial_rates", "refutable.claims.mae.initial_evidence")
"""Where else parts of the statements are."""


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


@own.leg(
    "exact",
    scope=EXACT_SCOPE,
    require=exactly("own, area *", "own over formula, *"),
    expects={
        "own, area [15], P=9 sizes 4, 1*": "a masked query alone in its area never sees any of it"
    },
)
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
            partial(rates.log_leading, rate="own", query=query),
        )


own.mistake(rates.own_rate, "formula off by 5 %", scaled(OFF))
own.mistake(rates.own_exponent, "exponent off by 0.02", shifted(0.02))
own.mistake(rates.leading, "constant off by 5 %", with_factor(OFF))
own.tolerates(rates.square, LOWER_ORDER)
own.tolerates(rates.cube, LOWER_ORDER)
own.tolerates(rates.mixed, LOWER_ORDER)
own.tolerates(rates.own_rate, LOWER_ORDER)
own.tolerates(evidence.formula, LOWER_ORDER)


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


LARGEST: dict[Profile, int] = {"quick": 12, "full": 24, "deep": 24}
"""P up to which the sign of α_1(0) is looked at."""


@global_.leg(
    "exact",
    require=exactly("global, area *", "global over formula, *"),
    scope={
        profile: f"{EXACT_SCOPE}; the sign at 5 ≤ P ≤ {largest}"
        for profile, largest in LARGEST.items()
    },
)
def global_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """A local query, and the sign on a grid of small settings."""
    yield from exact_agreement("global_", (1,))
    largest = LARGEST[context.profile]
    found = {
        name_of(setting): rates.global_rate(setting, 1)
        for P, gamma in itertools.product(range(5, largest + 1), (0.34, 0.5, 0.75))
        for C_1, C_s in itertools.product(range(1, P), repeat=2)
        if C_s <= C_1 and C_1 + C_s <= P
        for setting in (Setting.of_sizes(P, C_1, C_s, gamma=gamma),)
    }
    wrong = [name for name, rate in found.items() if rate >= 0]
    why = f"exact, over {len(found)} settings with 5 ≤ P ≤ {largest}"
    yield identical(
        "settings where α_1(0) < 0",
        len(found) - len(wrong),
        len(found),
        why,
        witness={"settings": wrong},
    )


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
        lambda rung: rates.log_of(-present(enumeration.initial_rates(rung, 1).global_)),
        rates.global_exponent,
        lambda rung: rates.log_leading(rung, "global_", 1),
    )


global_.mistake(rates.global_rate, "wrong sign", scaled(Fraction(-1)))
global_.mistake(rates.global_exponent, "exponent off by 0.02", shifted(0.02))
global_.mistake(
    rates.global_exponent,
    "exponent of the own rate",
    lambda _: lambda setting: rates.own_exponent(setting, 0),
)
global_.tolerates(rates.square, LOWER_ORDER)
global_.tolerates(rates.cube, LOWER_ORDER)
global_.tolerates(rates.mixed, LOWER_ORDER)
global_.tolerates(rates.other_rate, LOWER_ORDER)
global_.tolerates(evidence.formula, LOWER_ORDER)


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


@other.leg("exact", require=exactly("other, area *", "other over formula, *"), scope=EXACT_SCOPE)
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
        rate = present(enumeration.initial_rates(rung, 1).other)
        return rates.log_of(rate * rates.other_sign(rung))

    yield from on_ladder(
        context,
        "sign(Δ)·α_m(0)",
        measured,
        rates.other_exponent,
        lambda rung: rates.log_leading(rung, "other", 1),
    )


other.mistake(rates.other_sign, "sign reversed", scaled(Fraction(-1)))
other.mistake(rates.other_exponent, "exponent off by 0.02", shifted(-0.02))
other.mistake(rates.local_rate, "formula off by 5 %", scaled(OFF))
other.tolerates(rates.square, LOWER_ORDER)
other.tolerates(rates.cube, LOWER_ORDER)
other.tolerates(rates.mixed, LOWER_ORDER)

CLAIMS = (own, global_, other)
