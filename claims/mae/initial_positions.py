"""Initial rates of positions: smaller than their area's by the size of the area (theory 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.mae import initial_evidence as evidence
from refutable.claims.mae import initial_rates as rates
from refutable.claims.mae.initial_evidence import (
    ALL,
    BOTH_SIGNS,
    EXACT_SCOPE,
    GAP_SIDES,
    GROWING,
    LOWER_ORDER,
    MOMENTS,
    OFF,
    SMALL,
    START,
    SYMBOLS,
    at_corner,
    case_of,
    exactly,
    name_of,
    on_ladder,
    present,
)
from refutable.claims.mae.initial_rates import Growing
from refutable.claims.runs.plants import scaled, shifted
from refutable.gap import Gap, identical
from refutable.model import enumeration
from refutable.model.setting import Setting
from refutable.prove import limits

STATED_IN = ("refutable.claims.mae.initial_rates", "refutable.claims.mae.initial_evidence")
"""Where else parts of the statements are."""

COMMON = "it is a factor of both sides of the ratio"

position = Claim(
    id="init.position-rate",
    title="A position's rate at Q = 0 is smaller than its area's by the size of the area",
    statement=r"""$q\in\mathcal P_n$: $\alpha_{p\to v_n}(0)/\beta_{p\to q}(0)=\Theta(C_n)$,
        to leading order $C_n E[z^3]/E[z^2]$.""",
    provenance=Provenance.SHARPENED,
    assumptions=START,
    rests_on=("grad.position", "init.own-rate"),
)


@position.leg("exact", require=exactly("β, area *", "β over formula, *"), scope=EXACT_SCOPE)
def position_rate_exactly(context: Context) -> Iterator[Gap | Case]:
    """β towards another patch of the own area, local and global query."""
    for setting in SMALL:
        if setting.K > 1:
            continue  # β adds up over clusters, in which p and q share areas or not
        for query in (0, 1):
            yield case_of(setting)
            measured = evidence.by_masks(setting, "beta_own", query)
            name = f"β, area {query}, {name_of(setting)}"
            script = evidence.as_a_mean(setting, "beta_own", query, measured)
            yield identical(
                name,
                measured,
                rates.position_rate(setting, query),
                ALL,
                certificate=evidence.enumerated(script),
            )
    for setting in GROWING:
        for query in (0, 1):
            yield case_of(setting)
            measured = present(enumeration.initial_rates(setting, query).beta_own)
            predicted = rates.position_rate(setting, query)
            name = f"β over formula, area {query}, P = 1e100, {name_of(setting)}"
            yield identical(name, measured / predicted, 1, MOMENTS)


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
        return rates.log_of(present(found.beta_own) / found.own)

    def law(rung: Setting, query: int) -> float:
        return rates.log_leading(rung, "beta_own", query) - rates.log_leading(rung, "own", query)

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
position.tolerates(rates.square, LOWER_ORDER)
position.tolerates(rates.cube, LOWER_ORDER)
position.tolerates(rates.mixed, LOWER_ORDER)
position.tolerates(rates.own_rate, LOWER_ORDER)
position.tolerates(rates.chance, COMMON)
position.tolerates(rates.together, COMMON)
position.tolerates(rates.product, COMMON)

CLAIMS = (position,)
