"""Areas: how Definition 2.1 divides the patches of an image, and what patches hold.

The source names the definition and describes areas under Figure 2; orthonormal features and
X_p = z v are reconstructed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from hypothesis import strategies as st

from refutable import property as properties
from refutable import scaling
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.gap import Gap, at_most, identical
from refutable.model import data, setting
from refutable.model.setting import Setting, power_of_ten

ROUNDING = 1e-12
"""Allowed in a product of two unit vectors of some 1e2 entries: their rounding is about 1e-14."""


partition = Claim(
    id="data.partition",
    title="Areas partition the patches and carry one orthonormal feature each",
    statement=r"\mathcal P = \bigsqcup_{j\le N_k} \mathcal P_{k,j},\quad "
    r"X_p = z_{a_{k,p}} v_{k,a_{k,p}},\quad \{e_p\}\cup\{v_{k,j}\} \text{ orthonormal}",
    provenance=Provenance.RECONSTRUCTED,
    paper="Definition 2.1",
    assumptions=(
        "orthonormal features",
        "orthonormal positions",
        "exact features",
        "constant-in-area latent",
    ),
)


@partition.leg(
    "property",
    require=("contiguous", "random placement", "unequal local areas"),
    expects={
        "patches are z·v": "each entry is one product, rounded in the same way on either side"
    },
)
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
        st.tuples(assumptions.settings(max_P=16), assumptions.seeds()),
        gaps,
        examples=context.at(quick=40, full=400, deep=2000),
        regimes_of=lambda drawn: assumptions.regimes_of(drawn[0]),
        require=("contiguous", "random placement", "unequal local areas"),
    )


partition.mistake(
    data.members,
    "the last area repeats the first",
    lambda original: lambda s, k: [*original(s, k)[:-1], original(s, k)[0]],
)
partition.mistake(
    data.basis,
    "features lean towards one another",
    lambda original: (
        lambda s, rotation=None: (
            original(s, rotation) + 1e-6 * np.roll(original(s, rotation), 1, axis=1)
        )
    ),
)
partition.mistake(
    data.patches,
    "patches forget their latent",
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


@local_count.leg("exact", scope="four pairs of exponents at P = 1e3, 1e30 and 1e100")
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
    powers = scaling.rungs(20, 100, 9)
    log_P = [power * math.log(10) for power in powers]
    for kappa_c, kappa_s in EXPONENTS:
        counts = [
            Setting(P=power_of_ten(e), kappa_c=kappa_c, kappa_s=kappa_s).locals for e in powers
        ]
        yield from scaling.power_law(
            f"N_k - 1, κ = {kappa_c}, {kappa_s}",
            log_P,
            [math.log(count) for count in counts],
            local_count_exponent(kappa_s),
            x_label="log P",
        )


local_count.mistake(
    local_count_exponent,
    "exponent off by 0.02",
    lambda original: lambda kappa_s: original(kappa_s) + 0.02,
)
local_count.mistake(
    local_areas,
    "the global area is counted in",
    lambda original: lambda P, C_1, C_s: original(P, 0, C_s),
)
local_count.mistake(
    setting.rounded_power,
    "sizes are laid out one short",
    lambda original: lambda P, c, kappa: original(P, c, kappa * 0.97),
)

CLAIMS = (partition, local_count)
