"""The information gap: its range, and what it compares.

The source names the gap and asks Δ ∈ [-0.5, 1] of it (Theorem 4.1); the exponents' ranges, from
which that follows, are reconstructed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from refutable.claim import Claim, Context, Provenance, Undecided
from refutable.gap import Gap, equal, identical
from refutable.model import setting
from refutable.model.setting import Setting
from refutable.prove import symbolic
from refutable.prove.inequality import consistent, proved

gap_range = Claim(
    id="data.gap-range",
    title="The information gap lies in [-0.499, 0.999]",
    statement=r"\kappa_c\in[0.5005,1],\ \kappa_s\in[0.001,0.5] \implies "
    r"\Delta=(1-\kappa_s)-2(1-\kappa_c)\in[-0.499,\,0.999]",
    provenance=Provenance.RECONSTRUCTED,
    paper="Definition 2.1",
    assumptions=("size separation κ_c > κ_s",),
)

kappa_c, kappa_s = sp.symbols("kappa_c kappa_s", real=True)


def information_gap(kappa_c: sp.Expr, kappa_s: sp.Expr) -> sp.Expr:
    """Δ = (1-κ_s) - 2(1-κ_c)."""
    return (1 - kappa_s) - 2 * (1 - kappa_c)


def _range(ends: tuple[float, float]) -> tuple[sp.Rational, sp.Rational]:
    """The ends of a range as the decimals that were written."""
    return sp.Rational(repr(ends[0])), sp.Rational(repr(ends[1]))


@gap_range.leg("smt", scope="all exponents that are allowed")
def gap_stays_in_its_range(context: Context) -> Iterator[Gap | Undecided]:
    """Over all real exponents in the allowed ranges; both ends are attained."""
    (c_low, c_high), (s_low, s_high) = map(_range, (setting.KAPPA_C_RANGE, setting.KAPPA_S_RANGE))
    allowed = [kappa_c >= c_low, kappa_c <= c_high, kappa_s >= s_low, kappa_s <= s_high]
    gap = information_gap(kappa_c, kappa_s)
    low, high = sp.Rational(-499, 1000), sp.Rational(999, 1000)
    why = "the exponents range over two intervals, there is nothing to lump"
    yield from consistent("some exponents are allowed", allowed, why)
    yield from proved("Δ ≥ -0.499", allowed, gap >= low, why)
    yield from proved("Δ ≤ 0.999", allowed, gap <= high, why)
    attained = "the range cannot be made smaller"
    yield identical("lower end attained", information_gap(c_low, s_high), low, attained)
    yield identical("upper end attained", information_gap(c_high, s_low), high, attained)


gap_range.mistake(
    information_gap,
    "the global term counted once",
    lambda original: lambda c, s: (1 - s) - (1 - c),
)
gap_range.mistake(
    "refutable.model.setting.KAPPA_S_RANGE",
    "local areas allowed up to κ_s = 0.6",
    lambda _: (0.001, 0.6),
)


gap_meaning = Claim(
    id="data.gap-meaning",
    title="The gap compares C_1² with P·C_s",
    statement=r"P^{\Delta} = \frac{C_1^2}{P\,C_s},\quad \Delta>0 \iff C_1^2 > P\,C_s",
    measured="sizes with constants c_1 = c_s = 1",
    provenance=Provenance.DERIVED,
    assumptions=("size separation κ_c > κ_s",),
    rests_on=("data.partition", "data.gap-range"),
)


@gap_meaning.leg("symbolic")
def gap_is_a_ratio_of_sizes(context: Context) -> Iterator[Gap]:
    """In logarithms: exp is injective and log P > 0, so signs agree as well."""
    log_P = sp.Symbol("log_P", positive=True)
    log_C_1, log_C_s = kappa_c * log_P, kappa_s * log_P
    yield symbolic.identity(
        "Δ log P = log(C_1²/(P C_s))",
        information_gap(kappa_c, kappa_s) * log_P,
        2 * log_C_1 - log_P - log_C_s,
        "log C_1 = κ_c log P and log C_s = κ_s log P; a positive factor keeps the sign",
    )


@gap_meaning.leg(
    "exact",
    expects={
        f"the setting's Δ, κ = {pair}": "a point of the line κ_s = 2κ_c - 1, where Δ = 0"
        for pair in ("30/40, 20/40", "24/40, 8/40")
    },
)
def gap_of_a_setting_is_a_ratio_of_sizes(context: Context) -> Iterator[Gap]:
    """P = 1e40 and exponents in fortieths: every power is an integer; Δ of a setting is a float."""
    for c, s in ((36, 12), (30, 20), (28, 4), (24, 8), (21, 20), (39, 1)):
        instance = Setting(P=10**40, kappa_c=c / 40, kappa_s=s / 40)
        power = information_gap(sp.Rational(c, 40), sp.Rational(s, 40)) * 40
        ratio = Fraction(instance.C_1**2, instance.P * instance.C_s)
        yield identical(
            f"C_1²/(P C_s), κ = {c}/40, {s}/40", ratio, Fraction(10) ** int(power), "integers"
        )
        yield equal(
            f"the setting's Δ, κ = {c}/40, {s}/40",
            instance.information_gap,
            float(power / 40),
            1e-15,
            "four operations on numbers below 2, each rounded to 1e-16",
        )


gap_meaning.mistake(
    information_gap,
    "the global term counted once",
    lambda original: lambda c, s: (1 - s) - (1 - c),
)
gap_meaning.mistake(
    setting.rounded_power,
    "sizes with another exponent",
    lambda original: lambda P, c, kappa: original(P, c, kappa * 0.98),
)

CLAIMS = (gap_range, gap_meaning)
