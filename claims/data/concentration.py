"""Concentration of masks: how far the visible patches of an area are from their mean.

Sources: none; derived here, by Hoeffding's and Chernoff's bounds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from flint import arb
from scipy import special

from refutable import scaling
from refutable.claim import Claim, Context, Profile, Provenance
from refutable.claims.data import masks
from refutable.gap import Gap, at_least, at_most, identical
from refutable.model import data, enumeration, setting
from refutable.model.setting import Setting, power_of_ten
from refutable.prove.balls import ball, precise
from refutable.prove.counterexample import FRACTIONS, counterexample

STATED_IN = ("refutable.claims.data.masks",)

concentration = Claim(
    id="mask.concentration",
    title="The number of visible patches of an area concentrates",
    statement=r"\Pr\big(\big||\mathcal U\cap\mathcal P_j|-(1-\tfrac MP)C_j\big|\ge\delta C_j\big)"
    r"\le 2e^{-2\delta^2C_j}\quad\text{for every }\delta>0",
    measured="every δ at which the left side jumps; around the mean with M = ⌊γP⌋, since around "
    "(1-γ)C_j the bound breaks where γP is not whole (mask.concentration.original)",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
    rests_on=("mask.moments",),
)


LARGEST: dict[Profile, int] = {"quick": 12, "full": 24, "deep": 40}
"""P up to which every number of masked patches and every size is looked at."""


def log_hoeffding(delta: Fraction, C: int) -> arb:
    """Logarithm of the bound 2·exp(-2δ²C) on a deviation by δC, as a ball."""
    return arb(2).log() - ball(2 * delta * delta * C)


def _law(P: int, M: int, C: int) -> dict[int, Fraction]:
    """The exact law of the number of visible patches among C."""
    counts = range(max(0, C - M), min(C, P - M) + 1)
    masks = math.comb(P, M)
    return {u: Fraction(math.comb(C, u) * math.comb(P - C, P - M - u), masks) for u in counts}


def _worst_ratio(P: int, M: int, C: int, law: dict[int, Fraction]) -> tuple[arb, Fraction]:
    """The largest upper end of tail over bound, as an exact number, and the δ where it occurs.

    The tail jumps at the deviations of the possible counts and the bound falls between them.
    """
    mean = masks.expected_visible(P, M, C)
    ratios = []
    for u in law:
        delta = abs(u - mean) / C
        tail = sum(q for v, q in law.items() if abs(v - mean) / C >= delta)
        ratios.append(((ball(tail) / arb(log_hoeffding(delta, C)).exp()).upper(), delta))
    return max(ratios)


@concentration.leg(
    "exact",
    scope={
        profile: f"every M and C_j < P ≤ {largest}, and three sizes at P ≤ 1000"
        for profile, largest in LARGEST.items()
    },
)
def tails_stay_below_hoeffding(context: Context) -> Iterator[Gap]:
    """Every P up to a limit, every number of masked patches, every size: exact tails, in balls."""
    with precise():
        yield from _tails(LARGEST[context.profile])


def _tails(largest: int) -> Iterator[Gap]:
    why = "an exact tail, and the upper end of a ball over the bound"
    for s in masks.SMALL:
        seen = enumeration.masks(s)
        for j, area in enumerate(data.members(s, 0)):
            values, numbers = np.unique(seen[:, area].sum(axis=1), return_counts=True)
            law = {
                int(u): Fraction(int(n), len(seen)) for u, n in zip(values, numbers, strict=True)
            }
            at = f"area {j} of P = {s.P}, M = {s.M}"
            yield identical(f"law, {at}", law, _law(s.P, s.M, len(area)), "over every mask")
            ratio, delta = _worst_ratio(s.P, s.M, len(area), law)
            yield at_most(f"tail/bound, {at}", ratio, 1, 0, why, witness={"δ": str(delta)})
    for P in range(3, largest + 1):
        sizes = ((M, C) for M in range(1, P) for C in range(1, P))
        found = [(_worst_ratio(P, M, C, _law(P, M, C)), M, C) for M, C in sizes]
        (ratio, delta), M, C = max(found)
        witness = {"P": P, "M": M, "C_j": C, "δ": str(delta)}
        yield at_most(f"tail/bound, any M and C_j, P = {P}", ratio, 1, 0, why, witness=witness)
    for P, M, C in ((400, 300, 40), (1000, 500, 30), (900, 90, 200)):
        law = _law(P, M, C)
        ratio, delta = _worst_ratio(P, M, C, law)
        witness = {"δ": str(delta)}
        at = f"P = {P}, M = {M}, C = {C}"
        yield at_most(f"tail/bound, {at}", ratio, 1, 0, why, witness=witness)
        moments = tuple(sum(u**r * q for u, q in law.items()) for r in (0, 1))
        expected = (1, masks.expected_visible(P, M, C))
        yield identical(f"total and mean of the law, {at}", moments, expected, "fractions")


concentration.mistake(
    log_hoeffding,
    "bound with twice the exponent",
    lambda original: lambda delta, C: math.log(2) - 4 * float(delta * delta) * C,
)
concentration.mistake(
    masks.expected_visible,
    "masked and visible swapped",
    lambda original: lambda P, M, C: original(P, P - M, C),
)
concentration.tolerates(log_hoeffding, "an upper bound on tails; a larger one is one, too")
concentration.tolerates(
    masks.quotient,
    "tails about a centre 5 % off are below the bound as well; mask.moments has the mean",
)
concentration.tolerates(
    masks.expected_visible,
    "tails about a centre 5 % off are below the bound as well; mask.moments has the mean",
)

# ------------------------------------------------------------------------- its refuted first form

first_concentration = Claim(
    id="mask.concentration.original",
    original_of="mask.concentration",
    title="Refuted: visible patches concentrate around (1-γ)C_j",
    statement=r"\text{false: }\Pr\big(\big||\mathcal U\cap\mathcal P_j|-(1-\gamma)C_j\big|"
    r"\ge\delta C_j\big)\le 2e^{-2\delta^2C_j}\text{ for every }P,\gamma,C_j,\delta>0",
    measured="P = 3, γ = 0.99, C_j = 1, δ = 0.99: two patches are masked, and one in three masks "
    "shows the patch",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
)

THREE = Setting.of_sizes(3, 1, 1, gamma=0.99)
"""γP = 2.97 is no whole number: ⌊γP⌋ = 2 are masked, 1/3 and not 1/100 of the patches visible."""


def first_centre(setting: Setting, size: int) -> Fraction:
    """(1-γ)C_j, which the mean is only when γP is whole."""
    return (1 - Fraction(repr(setting.gamma))) * size


@first_concentration.leg("exact", scope="a counterexample")
def a_third_of_the_masks_deviate(context: Context) -> Iterator[Gap]:
    """Every mask of three patches."""
    visible = enumeration.masks(THREE)[:, THREE.area_of[0] == 0].sum(axis=1)
    deviations = [abs(Fraction(int(n)) - first_centre(THREE, THREE.C_1)) for n in visible]
    delta = max(deviations)
    tail = Fraction(sum(d >= delta for d in deviations), len(deviations))
    with precise():
        bound = arb(log_hoeffding(delta / THREE.C_1, THREE.C_1)).exp()
    yield identical("δ > 0", delta > 0, True, "as the statement asks")
    yield at_least(
        "Pr(deviation ≥ δC_j)",
        tail,
        bound,
        0,
        "a fraction against a ball",
        certificate=counterexample(
            FRACTIONS,
            "the bound around (1-γ)C_j",
            P=3,
            gamma="99/100",
            M=THREE.M,
            C_j=1,
            delta=delta,
        ),
    )


first_concentration.mistake(
    first_centre,
    "deviations from the mean",
    lambda original: lambda s, size: masks.expected_visible(s.P, s.M, size),
)
first_concentration.mistake(
    log_hoeffding,
    "half the exponent",
    lambda original: lambda delta, C: math.log(2) - float(delta * delta) * C,
)
first_concentration.tolerates(
    log_hoeffding, "a bound that is broken by a sixth is broken when its logarithm is 5 % off, too"
)
first_concentration.tolerates(first_centre, "about any centre but the mean the statement is false")

# ------------------------------------------------------------------------------- over all the areas

uniform = Claim(
    id="mask.uniform-concentration",
    title="All areas concentrate at once when C_s outgrows log P",
    statement=r"\Pr\big(\exists k,j:\big||\mathcal U\cap\mathcal P_{k,j}|-(1-\gamma)C_{k,j}\big|"
    r"\ge\delta C_{k,j}\big)\le 2KN e^{-2\delta^2C_s}\to 0\quad(C_s\gg\log P)",
    measured="the union bound with exact tails: below Hoeffding's at every P, and "
    "-log(failure)/C_s → min KL(1-γ±δ ‖ 1-γ)",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
    rests_on=("mask.concentration", "data.local-count"),
)

DELTA = Fraction(1, 5)
"""Relative deviation looked at on the ladder."""


def chernoff_rate(gamma: float, delta: float) -> float:
    """The exact exponent of a deviation by δ: the smaller of KL(1-γ±δ ‖ 1-γ)."""
    mean = 1 - gamma
    return min(_exponent(x, mean) for x in (mean + delta, mean - delta) if 0 < x < 1)


def _exponent(x: float, mean: float) -> float:
    """KL(x ‖ mean) of two coins."""
    return float(special.rel_entr(x, mean) + special.rel_entr(1 - x, 1 - mean))


def _log_tail(P: int, M: int, C: int, delta: float) -> float:
    """Log Pr(|u - mean| ≥ δC), the hypergeometric law summed in logarithms."""
    u = np.arange(C + 1)
    seen = P - M

    def log_choose(n: int, k: data.Floats | data.Ints | int) -> data.Floats:
        return special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1)

    log_law = log_choose(C, u) + log_choose(P - C, seen - u) - log_choose(P, seen)
    return float(special.logsumexp(log_law[np.abs(u - C * seen / P) >= delta * C]))


@uniform.leg("scaling")
def failure_anywhere_vanishes(context: Context) -> Iterator[Gap]:
    """P that γ divides, so that the mean is (1-γ)C_j; two exponents of local areas, two γ."""
    delta = float(DELTA)
    rungs = context.at(quick=scaling.rungs(5, 10, 6), full=scaling.rungs(5, 11, 7))
    for kappa, gamma in ((0.4, 0.5), (0.5, 0.25)):
        ladder = [
            Setting(P=power_of_ten(e) // 4 * 4, kappa_c=0.75, kappa_s=kappa, gamma=gamma, K=4)
            for e in rungs
        ]
        log_failure = [math.log(s.K * s.areas) + _log_tail(s.P, s.M, s.C_s, delta) for s in ladder]
        for s, value in zip(ladder, log_failure, strict=True):
            yield at_most(
                f"log failure, κ_s = {kappa}, P = {s.P:.2g}",
                value,
                math.log(s.K * s.areas) + float(log_hoeffding(DELTA, s.C_s)),
                0.01,
                "log Γ at P log P ≈ 1e12 leaves some 1e-3",
            )
        yield at_most(
            f"log failure at the top, κ_s = {kappa}",
            log_failure[-1],
            math.log(1e-100),
            0,
            "no area fails, except with probability 1e-100",
        )
        top = ladder[-1]
        yield from scaling.limit(
            f"-log(failure)/C_s, κ_s = {kappa}",
            [s.log_P for s in ladder],
            [-value / s.C_s for s, value in zip(ladder, log_failure, strict=True)],
            chernoff_rate(gamma, delta),
            tolerance=math.log(2 * top.K * top.areas * top.C_s) / top.C_s,
            why="the number of areas and the law's prefactor of order 1/√C_s enter as "
            "log(2KN√C_s)/C_s at most",
            x_label="log P",
        )


uniform.mistake(
    chernoff_rate,
    "Hoeffding's exponent taken for the exact one",
    lambda original: lambda gamma, delta: 2 * delta**2,
)
uniform.mistake(
    chernoff_rate,
    "areas that show too much alone",
    lambda original: lambda gamma, delta: _exponent(1 - gamma + delta, 1 - gamma),
)
uniform.mistake(
    log_hoeffding,
    "bound with twice the exponent",
    lambda original: lambda delta, C: math.log(2) - 4 * float(delta * delta) * C,
)
uniform.mistake(
    setting.rounded_power,
    "local areas stop growing",
    lambda original: lambda P, c, kappa: original(P, c, kappa) if kappa > 0.5 else 20,
)
uniform.tolerates(log_hoeffding, "an upper bound on tails; a larger one is one, too")

CLAIMS = (concentration, first_concentration, uniform)
