"""Masks: the law by which visible patches of an area are counted, and the sampler of masks.

The source names random masking (Definition 2.5); that the masked set is uniform of size ⌊γP⌋ is
reconstructed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp
from scipy import stats

from refutable.claim import Claim, Context, Provenance, Undecided
from refutable.gap import Gap, at_most, identical
from refutable.model import data, enumeration, setting
from refutable.model.setting import Setting
from refutable.prove import limits, symbolic

moments = Claim(
    id="mask.moments",
    title="Visible patches of an area are counted by the hypergeometric law",
    statement=r"\mathbb E|\mathcal U\cap\mathcal P_j| = C_j\tfrac{P-M}{P},\quad "
    r"\mathrm{Var} = C_j\tfrac{P-M}{P}\tfrac MP\tfrac{P-C_j}{P-1},\quad M=\lfloor\gamma P\rfloor",
    provenance=Provenance.RECONSTRUCTED,
    paper="Definition 2.5",
    assumptions=("uniform masking",),
    rests_on=("data.partition",),
)


def quotient(a: Any, b: Any) -> Any:
    """A quotient, exact for integers; of symbols too."""
    return Fraction(a, b) if isinstance(a, int) else a / b


def expected_visible(P: Any, M: Any, C: Any) -> Any:
    """E|𝒰∩𝒫_j| of an area of C patches."""
    return quotient(C * (P - M), P)


def variance_visible(P: Any, M: Any, C: Any) -> Any:
    """Var|𝒰∩𝒫_j| of an area of C patches, drawn without replacement."""
    return quotient(C * (P - M) * M * (P - C), P * P * (P - 1))


def binomial_variance(gamma: Any, C: Any) -> Any:
    """What the variance tends to: that of C patches masked independently."""
    return C * gamma * (1 - gamma)


SMALL = (
    Setting.of_sizes(4, 2, 1, gamma=0.3),
    Setting.of_sizes(7, 3, 2, gamma=0.55),
    Setting.of_sizes(9, 4, 1, gamma=0.75, placement="random"),
    Setting.of_sizes(10, 2, 3, gamma=0.4, placement="random", placement_seed=1),
)
"""Settings with few enough masks to look at every one."""


@moments.leg("symbolic")
def moments_in_the_limit(context: Context) -> Iterator[Gap | Undecided]:
    """From pairs of patches that are visible together, for all sizes; and their limits."""
    P, M, C, gamma = sp.symbols("P M C gamma", positive=True)
    seen = P - M
    pairs = C * (C - 1) * seen * (seen - 1) / (P * (P - 1))
    mean = expected_visible(P, M, C)
    yield symbolic.identity(
        "E|𝒰∩𝒫_j|² - (E|𝒰∩𝒫_j|)²",
        pairs + mean - mean**2,
        variance_visible(P, M, C),
        "a patch is visible with probability (P-M)/P, two with (P-M)(P-M-1)/(P(P-1))",
    )
    kappa = sp.Symbol("kappa", positive=True)
    ends = (setting.KAPPA_S_RANGE[0], setting.KAPPA_C_RANGE[1])
    low, high = (sp.Rational(repr(end)) for end in ends)
    growth = limits.Growth((kappa,), {P: sp.S.One, C: kappa}, ((low,), (high,)), (gamma < 1,))
    variance = variance_visible(P, gamma * P, C)
    why = "C grows as P^κ for any exponent that an area may have, M = γP, neither rounded"
    for name, expression, claimed, slope in (
        ("mean", mean.subs(M, gamma * P), (1 - gamma) * C, 1),
        ("variance", variance, binomial_variance(gamma, C), 1),
        (
            "variance/mean²",
            variance / mean.subs(M, gamma * P) ** 2,
            binomial_variance(gamma, C) / ((1 - gamma) * C) ** 2,
            -1,
        ),
    ):

        def exponent(corner: limits.Corner, slope: int = slope) -> Any:
            return slope * corner[0]

        yield from limits.limit(name, expression, claimed, exponent, growth, why)


@moments.leg("exact", scope="four settings with P ≤ 10, every mask, and one at P = 1e60")
def moments_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask at small P; at huge P the exact moments that other claims use."""
    why = "counted over every mask, in fractions"
    for s in SMALL:
        seen = enumeration.masks(s)
        share = Fraction(repr(s.gamma)) * s.P
        masked = {int(n) for n in (~seen).sum(axis=1)}
        yield identical(
            f"masked patches, γP = {share}", masked, {math.floor(share)}, "⌊γP⌋ (Definition 2.5)"
        )
        for j, area in enumerate(data.members(s, 0)):
            counts = [int(n) for n in seen[:, area].sum(axis=1)]
            mean = Fraction(sum(counts), len(counts))
            variance = Fraction(sum(n * n for n in counts), len(counts)) - mean**2
            at = f"area {j} of P = {s.P}, M = {s.M}"
            yield identical(f"mean, {at}", mean, expected_visible(s.P, s.M, len(area)), why)
            yield identical(f"variance, {at}", variance, variance_visible(s.P, s.M, len(area)), why)
    s = Setting(P=10**60, kappa_c=0.9, kappa_s=0.3, gamma=0.7)
    for C in (s.C_1, s.C_s):
        mean, square = (enumeration.count_moment(s.P - s.M, s.P, [(C, r)]) for r in (1, 2))
        yield identical(f"mean, C = {C:.0e}", mean, expected_visible(s.P, s.M, C), "fractions")
        variance = square - mean**2
        yield identical(f"variance, C = {C:.0e}", variance, variance_visible(s.P, s.M, C), "same")


FALSE_ALARM = 1e-8
"""Chance that a χ² statistic passes its threshold although masks are uniform (1e-9 nominal, and
ten times that for the χ² approximation at some 1e3 masks in each cell)."""


@moments.leg("property")
def drawn_masks_are_uniform(context: Context) -> Iterator[Gap]:
    """The sampler that training uses: right size, uniform among subsets, zero where masked."""
    s = Setting.of_sizes(6, 3, 1, gamma=0.5)
    size, rng = context.at(quick=20_000, full=100_000), context.rng()
    for masked in (None, 2):
        visible = data.draw_masks(s, size, rng, masked)
        at = "all masks" if masked is None else f"masks that hold patch {masked}"
        yield identical(f"⌊γP⌋ masked, {at}", set((~visible).sum(1).tolist()), {s.M}, "each mask")
        possible = {row.tobytes(): 0 for row in enumeration.masks(s, masked)}
        for row in visible:
            if row.tobytes() in possible:
                possible[row.tobytes()] += 1
        drawn = sum(possible.values())
        yield identical(f"possible masks, {at}", drawn, size, "only subsets of size M occur")
        statistic = float(stats.chisquare([*possible.values()]).statistic) if drawn == size else 0
        yield at_most(
            f"χ² of uniformity, {at}",
            statistic,
            stats.chi2.isf(1e-9, len(possible) - 1),
            0,
            "Pearson's test of equal frequencies at level 1e-9",
            false_alarm=FALSE_ALARM,
        )
    samples = data.draw(s, 50, rng)
    basis = data.basis(s)
    hidden = data.masked(s, samples, basis)[~samples.visible]
    kept = data.masked(s, samples, basis)[samples.visible]
    original = data.patches(s, samples, basis)[samples.visible]
    zero = int((hidden == 0).all(axis=1).sum())
    yield identical("masked patches that are 0", zero, len(hidden), "zero exactly")
    yield identical("visible patches", kept, original, "they stay: times one")


moments.mistake(
    variance_visible,
    "patches drawn with replacement",
    lambda original: lambda P, M, C: original(P, M, C) * (P - 1) / (P - C or 1),
)
moments.mistake(
    binomial_variance,
    "the limit forgets the masked",
    lambda original: lambda gamma, C: C * (1 - gamma),
)
moments.mistake(
    data.draw_masks,
    "each patch masked on its own",
    lambda original: lambda s, size, rng, masked=None: rng.random((size, s.P)) > s.gamma,
)
moments.mistake(
    enumeration.masks,
    "one mask is forgotten",
    lambda original: lambda s, masked=None: original(s, masked)[1:],
)
moments.mistake(
    data.masked,
    "the mask is dropped",
    lambda original: lambda s, samples, basis: data.patches(s, samples, basis),
)


CLAIMS = (moments,)
