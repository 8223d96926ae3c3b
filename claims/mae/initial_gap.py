"""The gap at Q = 0: which feature's rate leads is decided by the information gap (theory 3.4)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

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
    tens,
)
from refutable.claims.mae.initial_rates import Growing
from refutable.claims.runs.plants import shifted, with_factor
from refutable.gap import Gap, identical
from refutable.model import enumeration
from refutable.model.setting import Setting, power_of_ten
from refutable.prove import limits

STATED_IN = ("refutable.claims.mae.initial_rates", "refutable.claims.mae.initial_evidence")
"""Where else parts of the statements are."""

COMMON = "it is a factor of both rates, whose ratio is claimed"

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
    return -present(found.global_) / found.own


@gap_decides.leg("exact", require=exactly("|α_1|/α_n, *", "leading feature *"), scope=EXACT_SCOPE)
def gap_decides_exactly(context: Context) -> Iterator[Gap | Case]:
    """The ratio as a fraction, and which side of 1 it is on."""
    for setting in SMALL:
        if setting.C_s == 1:
            continue  # α_n = 0: a masked query that is alone in its area
        yield case_of(setting)
        measured = -evidence.by_masks(setting, "global_", 1) / evidence.by_masks(setting, "own", 1)
        predicted = -rates.global_rate(setting, 1) / rates.own_rate(setting, 1)
        yield identical(f"|α_1|/α_n, {name_of(setting)}", measured, predicted, ALL)
    for top in GROWING:
        for ten in tens(context):
            yield case_of(top)
            ratio = _ratio(top.replace(P=power_of_ten(ten)))
            leads = "global" if ratio > 1 else "own"
            name = f"leading feature at P = 1e{ten:.3g}, {name_of(top)}"
            yield identical(name, leads, leader(top), "exact fractions compared")

    for setting in NARROW:
        ratio, sign = _ratio(setting), setting.information_gap
        leads = "global" if ratio > 1 else "own"
        name = f"leading feature at P = 1e100, Δ = {sign:+.2g}"
        yield identical(name, leads, leader(setting), "exact fractions compared")


NARROW = tuple(Setting(P=10**100, kappa_c=kappa_c, kappa_s=0.3) for kappa_c in (0.66, 0.64))
"""Gaps of 0.02 and -0.02: which side of 0 decides, and nothing else."""


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
gap_decides.mistake(
    leader,
    "decided by a gap of 0.1",
    lambda original: lambda s: "global" if s.information_gap > 0.1 else "own",
)
gap_decides.mistake(rates.gap_factors, "constant off by 5 %", with_factor(OFF))
gap_decides.tolerates(rates.cube, LOWER_ORDER)
gap_decides.tolerates(rates.mixed, LOWER_ORDER)
gap_decides.tolerates(rates.mean_attention, LOWER_ORDER)
gap_decides.tolerates(rates.own_rate, LOWER_ORDER)
gap_decides.tolerates(rates.other_rate, LOWER_ORDER)
gap_decides.tolerates(rates.global_rate, LOWER_ORDER)
gap_decides.tolerates(rates.chance, COMMON)
gap_decides.tolerates(rates.together, COMMON)
gap_decides.tolerates(evidence.by_masks, COMMON)

CLAIMS = (gap_decides,)
