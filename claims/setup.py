"""Data and masks: what Definitions 2.1 and 2.5 give before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from hypothesis import strategies as st
from scipy import special, stats

from claims import configurations
from claims.checking import limits, scaling, symbolic
from claims.checking import property as properties
from claims.checking.claim import Claim, Context, Evidence, Provenance, Undecided
from claims.checking.gap import Gap, at_most, equal, identical
from claims.checking.inequality import consistent, proved
from model import data, enumeration, setting
from model.setting import Setting

ROUNDING = 1e-12
"""Allowed in a product of two unit vectors of some 1e2 entries: their rounding is about 1e-14."""

# --------------------------------------------------------------------------------------- the data

partition = Claim(
    id="data.partition",
    title="Areas partition the patches and carry one orthonormal feature each",
    statement=r"\mathcal P = \bigsqcup_{j\le N_k} \mathcal P_{k,j},\quad "
    r"X_p = z_{a_{k,p}} v_{k,a_{k,p}},\quad \{e_p\}\cup\{v_{k,j}\} \text{ orthonormal}",
    provenance=Provenance.STATED,
    paper="Definition 2.1",
    assumptions=(
        "orthonormal features",
        "orthonormal positions",
        "exact features",
        "constant-in-area latent",
    ),
)


@partition.leg("property", require=("contiguous", "random placement", "unequal local areas"))
def data_are_as_defined(context: Context) -> Evidence:
    """Any setting, in the canonical and in a random orthonormal basis."""

    def gaps(drawn: tuple[Setting, int]) -> Iterator[Gap]:
        s, seed = drawn
        rng = np.random.default_rng(seed)
        once = "every patch lies in exactly one area, for every cluster"
        for k in range(s.K):
            areas = data.members(s, k)
            covered = sorted(int(p) for area in areas for p in area)
            yield identical("areas cover every patch once", covered, list(range(s.P)), once)
            sizes = [len(area) for area in areas]
            allowed = sizes[0] == s.C_1 and all(s.C_s <= c < 2 * s.C_s for c in sizes[1:])
            yield identical("sizes", allowed, True, "C_1, and locals in [C_s, 2C_s)")
        for basis in (data.basis(s), data.basis(s, data.random_rotation(s, rng))):
            error = float(np.abs(basis.T @ basis - np.eye(s.dimension)).max())
            yield at_most("orthonormality", error, 0, ROUNDING, "float64 rounding of a QR factor")
            samples = data.draw(s, 2, rng)
            X = data.patches(s, samples, basis)
            worst = 0.0
            for b, k in enumerate(samples.cluster.tolist()):
                for j, area in enumerate(data.members(s, k)):
                    v = basis[:, s.P + k * s.areas + j]
                    expected = samples.latents[b, j] * v
                    worst = max(worst, float(np.abs(X[b, area] - expected).max()))
            yield at_most("patches are z·v", worst, 0, ROUNDING, "one product per entry, rounded")

    return properties.search(
        context,
        st.tuples(configurations.settings(max_P=16), configurations.seeds()),
        gaps,
        examples=context.at(quick=40, full=400, deep=2000),
        regimes_of=lambda drawn: configurations.regimes_of(drawn[0]),
        require=("contiguous", "random placement", "unequal local areas"),
    )


partition.mistake(
    "the last area repeats the first",
    "model.data.members",
    lambda original: lambda s, k: [*original(s, k)[:-1], original(s, k)[0]],
)
partition.mistake(
    "features lean towards one another",
    "model.data.basis",
    lambda original: (
        lambda s, rotation=None: (
            original(s, rotation) + 1e-6 * np.roll(original(s, rotation), 1, axis=1)
        )
    ),
)
partition.mistake(
    "patches forget their latent",
    "model.data.patches",
    lambda original: lambda s, samples, basis: np.sign(original(s, samples, basis)),
)

local_count = Claim(
    id="data.local-count",
    title="The number of local areas has exponent 1 - κ_s",
    statement=r"N_k - 1 = \Theta(P^{1-\kappa_s})",
    measured="|(N_k - 1) C_s - (P - C_1)| < C_s in integers; the exponent for P = 1e20 to 1e100",
    provenance=Provenance.DERIVED,
    assumptions=("size separation κ_c > κ_s",),
    rests_on=("data.partition",),
)

EXPONENTS = ((0.9, 0.3), (0.75, 0.5), (0.6, 0.1), (0.5005, 0.05))
"""(κ_c, κ_s): positive, zero and negative gap, and near the low ends; at κ_s = 0.001 itself areas
have one patch at every P that a computer holds."""


def local_areas(P: int, C_1: int, C_s: int) -> int:
    """How many areas of C_s patches fit beside the global one."""
    return (P - C_1) // C_s


def local_count_exponent(kappa_s: float) -> float:
    """The power of P in the number of local areas."""
    return 1 - kappa_s


@local_count.leg("exact")
def count_is_what_fits(context: Context) -> Iterator[Gap]:
    """In integers: laid out at small P, and far beyond what can be laid out."""
    for kappa_c, kappa_s in EXPONENTS:
        s = Setting(P=1000, kappa_c=kappa_c, kappa_s=kappa_s)
        yield identical(
            f"areas laid out, κ = {kappa_c}, {kappa_s}",
            len(s.area_sizes) - 1,
            local_areas(s.P, s.C_1, s.C_s),
            "as many as fit; the last takes the remainder",
        )
        for power in (30, 100):
            s = Setting(P=10**power, kappa_c=kappa_c, kappa_s=kappa_s)
            left = s.P - s.C_1 - local_areas(s.P, s.C_1, s.C_s) * s.C_s
            yield identical(
                f"less than one area is left, κ = {kappa_c}, {kappa_s}, P = 1e{power}",
                (s.locals == local_areas(s.P, s.C_1, s.C_s), 0 <= left < s.C_s),
                (True, True),
                "so N_k - 1 = (P - C_1)/C_s up to one, in exact integers",
            )


@local_count.leg("scaling")
def count_has_its_exponent(context: Context) -> Iterator[Gap]:
    """A ladder high enough for P^{κ_c - 1} to be negligible."""
    powers = range(20, 101, 10)
    log_P = [power * math.log(10) for power in powers]
    for kappa_c, kappa_s in EXPONENTS:
        counts = [Setting(P=10**e, kappa_c=kappa_c, kappa_s=kappa_s).locals for e in powers]
        yield from scaling.power_law(
            f"N_k - 1, κ = {kappa_c}, {kappa_s}",
            log_P,
            [math.log(count) for count in counts],
            local_count_exponent(kappa_s),
        )


local_count.mistake(
    "exponent off by 0.02",
    "claims.setup.local_count_exponent",
    lambda original: lambda kappa_s: original(kappa_s) + 0.02,
)
local_count.mistake(
    "the global area is counted in",
    "claims.setup.local_areas",
    lambda original: lambda P, C_1, C_s: original(P, 0, C_s),
)
local_count.mistake(
    "sizes are laid out one short",
    "model.setting._power_of",
    lambda original: lambda P, c, kappa: original(P, c, kappa * 0.97),
)

gap_range = Claim(
    id="data.gap-range",
    title="The information gap lies in [-0.499, 0.999]",
    statement=r"\kappa_c\in[0.5005,1],\ \kappa_s\in[0.001,0.5] \implies "
    r"\Delta=(1-\kappa_s)-2(1-\kappa_c)\in[-0.499,\,0.999]",
    provenance=Provenance.STATED,
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


@gap_range.leg("smt")
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
    "the global term counted once",
    "claims.setup.information_gap",
    lambda original: lambda c, s: (1 - s) - (1 - c),
)
gap_range.mistake(
    "local areas allowed up to κ_s = 0.6", "model.setting.KAPPA_S_RANGE", lambda _: (0.001, 0.6)
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


@gap_meaning.leg("exact")
def gap_of_a_setting_is_a_ratio_of_sizes(context: Context) -> Iterator[Gap]:
    """P = 1e40 and exponents in fortieths: every power is an integer."""
    for c, s in ((36, 12), (30, 20), (28, 4), (24, 8), (21, 20), (39, 1)):
        instance = Setting(P=10**40, kappa_c=c / 40, kappa_s=s / 40)
        power = information_gap(sp.Rational(c, 40), sp.Rational(s, 40)) * 40
        ratio = Fraction(instance.C_1**2, instance.P * instance.C_s)
        yield identical(
            f"C_1²/(P C_s), κ = {c}/40, {s}/40", ratio, Fraction(10) ** int(power), "integers"
        )
        yield equal(
            f"the setting's Δ, κ = {c}/40, {s}/40",
            instance.gap,
            float(power / 40),
            1e-15,
            "four operations on numbers below 2, each rounded to 1e-16",
        )


gap_meaning.mistake(
    "the global term counted once",
    "claims.setup.information_gap",
    lambda original: lambda c, s: (1 - s) - (1 - c),
)
gap_meaning.mistake(
    "sizes with another exponent",
    "model.setting._power_of",
    lambda original: lambda P, c, kappa: original(P, c, kappa * 0.98),
)

# -------------------------------------------------------------------------------------- the masks

moments = Claim(
    id="mask.moments",
    title="Visible patches of an area are counted by the hypergeometric law",
    statement=r"\mathbb E|\mathcal U\cap\mathcal P_j| = C_j\tfrac{P-M}{P},\quad "
    r"\mathrm{Var} = C_j\tfrac{P-M}{P}\tfrac MP\tfrac{P-C_j}{P-1},\quad M=\lfloor\gamma P\rfloor",
    provenance=Provenance.STATED,
    paper="Definition 2.5",
    assumptions=("uniform masking",),
    rests_on=("data.partition",),
)


def _over(a: Any, b: Any) -> Any:
    """A quotient, exact for integers; of symbols too."""
    return Fraction(a, b) if isinstance(a, int) else a / b


def expected_visible(P: Any, M: Any, C: Any) -> Any:
    """E|𝒰∩𝒫_j| of an area of C patches."""
    return _over(C * (P - M), P)


def variance_visible(P: Any, M: Any, C: Any) -> Any:
    """Var|𝒰∩𝒫_j| of an area of C patches, drawn without replacement."""
    return _over(C * (P - M) * M * (P - C), P * P * (P - 1))


def binomial_variance(gamma: Any, C: Any) -> Any:
    """What the variance tends to: that of C patches masked independently."""
    return C * gamma * (1 - gamma)


SMALL = (
    Setting.of_sizes(4, 2, 1, gamma=0.3),
    Setting.of_sizes(7, 3, 2, gamma=0.5),
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
    (low, _), (_, high) = map(_range, (setting.KAPPA_S_RANGE, setting.KAPPA_C_RANGE))
    growth = limits.Growth((kappa,), {P: sp.S.One, C: kappa}, ((low,), (high,)))
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


@moments.leg("exact")
def moments_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask at small P; at huge P the exact moments that other claims use."""
    why = "counted over every mask, in fractions"
    for s in SMALL:
        seen = enumeration.masks(s)
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
        outside = 0
        for row in visible:
            if row.tobytes() in possible:
                possible[row.tobytes()] += 1
            else:
                outside += 1
        yield identical(f"impossible masks, {at}", outside, 0, "only subsets of size M occur")
        statistic = float(stats.chisquare([*possible.values()]).statistic) if not outside else 0
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
    yield equal("masked patches are 0", float(np.abs(hidden).max()), 0, 0, "zero exactly")
    yield equal("visible patches stay", float(np.abs(kept - original).max()), 0, 0, "times one")


moments.mistake(
    "patches drawn with replacement",
    "claims.setup.variance_visible",
    lambda original: lambda P, M, C: original(P, M, C) * (P - 1) / (P - C or 1),
)
moments.mistake(
    "the limit forgets the masked",
    "claims.setup.binomial_variance",
    lambda original: lambda gamma, C: C * (1 - gamma),
)
moments.mistake(
    "each patch masked on its own",
    "model.data.draw_masks",
    lambda original: lambda s, size, rng, masked=None: rng.random((size, s.P)) > s.gamma,
)
moments.mistake(
    "one mask is forgotten",
    "model.enumeration.masks",
    lambda original: lambda s, masked=None: original(s, masked)[1:],
)
moments.mistake(
    "the mask is dropped",
    "model.data.masked",
    lambda original: lambda s, samples, basis: data.patches(s, samples, basis),
)


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


def log_hoeffding(delta: Fraction, C: int) -> float:
    """Logarithm of the bound 2·exp(-2δ²C) on a deviation by δC."""
    return math.log(2) - 2 * float(delta * delta) * C


def _law(P: int, M: int, C: int) -> dict[int, Fraction]:
    """The exact law of the number of visible patches among C."""
    counts = range(max(0, C - M), min(C, P - M) + 1)
    masks = math.comb(P, M)
    return {u: Fraction(math.comb(C, u) * math.comb(P - C, P - M - u), masks) for u in counts}


def _worst_ratio(P: int, M: int, C: int, law: dict[int, Fraction]) -> tuple[float, Fraction]:
    """The largest tail over bound, and the δ where it occurs.

    The tail jumps at the deviations of the possible counts and the bound falls between them.
    """
    mean = expected_visible(P, M, C)
    ratios = []
    for u in law:
        delta = abs(u - mean) / C
        tail = sum(q for v, q in law.items() if abs(v - mean) / C >= delta)
        ratios.append((float(tail) / math.exp(log_hoeffding(delta, C)), delta))
    return max(ratios)


@concentration.leg("exact")
def tails_stay_below_hoeffding(context: Context) -> Iterator[Gap]:
    """Every P up to a limit, every number of masked patches, every size: exact tails."""
    why = "exact tails; rounding of the quotient is some 1e-15"
    for s in SMALL:
        seen = enumeration.masks(s)
        for j, area in enumerate(data.members(s, 0)):
            values, numbers = np.unique(seen[:, area].sum(axis=1), return_counts=True)
            law = {
                int(u): Fraction(int(n), len(seen)) for u, n in zip(values, numbers, strict=True)
            }
            at = f"area {j} of P = {s.P}, M = {s.M}"
            yield identical(f"law, {at}", law, _law(s.P, s.M, len(area)), "over every mask")
            ratio, delta = _worst_ratio(s.P, s.M, len(area), law)
            yield at_most(f"tail/bound, {at}", ratio, 1, 1e-12, why, witness={"δ": str(delta)})
    for P in range(3, context.at(quick=13, full=25, deep=41)):
        sizes = ((M, C) for M in range(1, P) for C in range(1, P))
        found = [(_worst_ratio(P, M, C, _law(P, M, C)), M, C) for M, C in sizes]
        (ratio, delta), M, C = max(found)
        witness = {"P": P, "M": M, "C_j": C, "δ": str(delta)}
        yield at_most(f"tail/bound, any M and C_j, P = {P}", ratio, 1, 1e-12, why, witness=witness)
    for P, M, C in ((400, 300, 40), (1000, 500, 30), (900, 90, 200)):
        law = _law(P, M, C)
        ratio, delta = _worst_ratio(P, M, C, law)
        witness = {"δ": str(delta)}
        at = f"P = {P}, M = {M}, C = {C}"
        yield at_most(f"tail/bound, {at}", ratio, 1, 1e-12, why, witness=witness)
        error = max(abs(float(q) - stats.hypergeom.pmf(u, P, C, P - M)) for u, q in law.items())
        yield at_most(f"scipy's law, {at}", error, 0, 1e-10, "differences of log Γ near 1e4")


concentration.mistake(
    "bound with twice the exponent",
    "claims.setup.log_hoeffding",
    lambda original: lambda delta, C: math.log(2) - 4 * float(delta * delta) * C,
)
concentration.mistake(
    "masked and visible swapped",
    "claims.setup.expected_visible",
    lambda original: lambda P, M, C: original(P, P - M, C),
)

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
    sides = [x for x in (mean + delta, mean - delta) if 0 < x < 1]
    return min(float(special.rel_entr(x, mean) + special.rel_entr(1 - x, gamma)) for x in sides)


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
    """Even P and γ = 1/2, so that the mean is (1-γ)C_j; two exponents of local areas."""
    delta = float(DELTA)
    rungs = context.at(quick=range(5, 11), full=range(5, 12))
    for kappa in (0.4, 0.5):
        ladder = [Setting(P=10**e, kappa_c=0.75, kappa_s=kappa, K=4) for e in rungs]
        log_failure = [math.log(s.K * s.areas) + _log_tail(s.P, s.M, s.C_s, delta) for s in ladder]
        for s, value in zip(ladder, log_failure, strict=True):
            yield at_most(
                f"log failure, κ_s = {kappa}, P = {s.P:.0e}",
                value,
                math.log(s.K * s.areas) + log_hoeffding(DELTA, s.C_s),
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
            chernoff_rate(0.5, delta),
            tolerance=math.log(2 * top.K * top.areas * top.C_s) / top.C_s,
            why="the number of areas and the law's prefactor of order 1/√C_s enter as "
            "log(2KN√C_s)/C_s at most",
        )


uniform.mistake(
    "Hoeffding's exponent taken for the exact one",
    "claims.setup.chernoff_rate",
    lambda original: lambda gamma, delta: 2 * delta**2,
)
uniform.mistake(
    "bound with twice the exponent",
    "claims.setup.log_hoeffding",
    lambda original: lambda delta, C: math.log(2) - 4 * float(delta * delta) * C,
)
uniform.mistake(
    "local areas stop growing",
    "model.setting._power_of",
    lambda original: lambda P, c, kappa: original(P, c, kappa) if kappa > 0.5 else 20,
)

empty = Claim(
    id="mask.empty-own",
    title="The chance that a query's whole area is masked",
    statement=r"\Pr(\mathcal U\cap\mathcal P_n=\emptyset\mid p\in\mathcal M)="
    r"\binom{P-C_n}{P-M}\Big/\binom{P-1}{P-M}\le\gamma^{C_n-1}",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking",),
    rests_on=("mask.moments",),
)


def empty_probability(P: int, M: int, C: int) -> Fraction:
    """Pr(𝒰∩𝒫_n = ∅ | p ∈ ℳ): all P-M visible patches lie outside the area."""
    return Fraction(math.comb(P - C, P - M), math.comb(P - 1, P - M))


def empty_bound(gamma: Fraction, C: int) -> Fraction:
    """γ^{C_n-1}."""
    return gamma ** (C - 1)


@empty.leg("exact")
def empty_own_over_every_mask(context: Context) -> Iterator[Gap]:
    """Every mask that holds the query; then the formula and its bound for all sizes."""
    for s in SMALL:
        for j, area in enumerate(data.members(s, 0)):
            seen = enumeration.masks(s, masked=int(area[0]))
            share = Fraction(int((~seen[:, area]).all(axis=1).sum()), len(seen))
            at = f"area {j} of P = {s.P}, M = {s.M}"
            formula = empty_probability(s.P, s.M, len(area))
            yield identical(f"over every mask, {at}", share, formula, "counted, in fractions")
            modelled = enumeration.empty_own(s, len(area))
            yield identical(f"as the model has it, {at}", modelled, formula, "fractions")
    s = Setting(P=10**50, kappa_c=0.9, kappa_s=0.02, gamma=0.3)
    exact = enumeration.empty_own(s, s.C_s)
    bound = empty_bound(Fraction(3, 10), s.C_s)
    yield identical("below γ^{C-1} at P = 1e50", exact <= bound, True, "fractions")
    yield equal(
        "log Pr at P = 1e50",
        enumeration.log_empty_own(s, s.C_s),
        math.log(exact),
        1e-12,
        "one rounded logarithm on either side",
    )
    for P in range(3, context.at(quick=16, full=40, deep=80)):
        broken = [
            (M, C)
            for M in range(1, P)
            for C in range(1, P + 1)
            if empty_probability(P, M, C) > empty_bound(Fraction(M, P), C)
        ]
        yield identical(
            f"(M, C) above (M/P)^(C-1), P = {P}",
            broken,
            [],
            "every M and C, in fractions; M/P ≤ γ, so γ^{C-1} bounds it all the more",
        )


empty.mistake(
    "not conditioned on the masked query",
    "claims.setup.empty_probability",
    lambda original: lambda P, M, C: Fraction(math.comb(P - C, P - M), math.comb(P, P - M)),
)
empty.mistake(
    "bound with one factor too many",
    "claims.setup.empty_bound",
    lambda original: lambda gamma, C: gamma**C,
)
empty.mistake(
    "the model counts the query twice",
    "model.enumeration.empty_own",
    lambda original: lambda s, size: original(s, max(size - 1, 1)),
)

CLAIMS = (
    partition,
    local_count,
    gap_range,
    gap_meaning,
    moments,
    concentration,
    uniform,
    empty,
)
