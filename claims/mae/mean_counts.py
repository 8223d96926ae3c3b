"""MAE: the reduced rates with counts at their mean are exact for a mask that shows the mean.

Sources: none; a link between the tiers. Where every area shows (1-γ)C_j patches, and the latents of
the other local areas lie over them as their law has them, the closed forms of the gradient are sums
that the reduced dynamics write down term by term.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb
from hypothesis import strategies as st

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.claims.contrastive.mean_counts import shown
from refutable.claims.runs.plants import (
    ALPHA_OTHER,
    ALPHA_OWN,
    BETA_GLOBAL,
    BETA_OTHER,
    BETA_OWN,
    RATES,
    spoiled,
)
from refutable.claims.runs.regimes import QUERIES
from refutable.gap import Gap, at_most, equal
from refutable.model import data, gradients, reduced
from refutable.model.ball_events import ends
from refutable.model.ball_flow import Flow
from refutable.model.setting import Latents, Setting
from refutable.model.trajectory import QueryKind
from refutable.prove.balls import ball, precise

mean_counts = Claim(
    id="tier.mean-counts",
    title="The reduced rates with mean counts are the gradient at such a mask",
    statement=(
        r"|\mathcal U\cap\mathcal P_j|=(1-\gamma)C_j,\ \text{other local latents laid out by their "
        r"law}:\quad \alpha_1,\alpha_n,\alpha_m,\beta_1,\beta_n,\beta_m,\ A_1, A_n\text{ and }L_p"
        r"\text{ of the reduced dynamics are exact, for any }\Phi,\Upsilon"
    ),
    measured="closed forms of the gradient (grad.own, grad.other, grad.position); latents constant "
    "or of two values, both kinds of query",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "constant-in-area latent"),
    rests_on=("grad.own", "grad.other", "grad.position"),
)

ROUNDING = 1e-12
"""Relative to U³ times the weight of the rate: float64 sums of some 60 terms."""


@dataclass(frozen=True)
class Point:
    """A setting in which a mask can show the mean of every area, a kind of query, and its row."""

    setting: Setting
    query: QueryKind
    row: tuple[float, ...]

    @property
    def named(self) -> dict[str, float]:
        """The row by the names that `reduced.mae_rates` takes."""
        kinds = ("phi_global", "phi_own", "phi_other")
        return dict(
            zip((*kinds, *(k.replace("phi", "upsilon") for k in kinds)), self.row, strict=True)
        )


@st.composite
def points(draw: st.DrawFn) -> Point:
    """Sizes are multiples of the denominator of γ; the other local areas come in pairs."""
    parts = draw(st.integers(2, 4))
    C_s, C_1 = parts * draw(st.integers(1, 2)), parts * draw(st.integers(1, 5))
    query = draw(st.sampled_from(QUERIES))
    areas = 2 * draw(st.integers(1, 2)) + (query == "local")
    setting = Setting.of_sizes(
        C_1 + areas * C_s,
        C_1,
        C_s,
        gamma=draw(st.integers(1, parts - 1)) / parts,
        latents=draw(assumptions.latents()),
    )
    quarters = st.integers(-8, 8).map(lambda n: n / 4)
    return Point(setting, query, tuple(draw(quarters) for _ in range(6)))


def regimes_of(point: Point) -> Iterator[str]:
    """What a search must have visited."""
    yield from assumptions.regimes_of(point.setting)
    yield f"{point.query} query"
    if any(point.row[:3]) and any(point.row[3:]):
        yield "far from Q = 0"


def every_latent(setting: Setting, own: int) -> data.Samples:
    """The mask of mean counts, with each latent of the own and the global area by probability."""
    values, chances = setting.latents.values, setting.latents.probabilities
    others = [j for j in range(1, setting.areas) if j != own]
    named = sorted({0, own})
    drawn = list(itertools.product(range(len(values)), repeat=len(named)))
    latents = np.empty((len(drawn), setting.areas))
    latents[:, others] = np.resize(values, len(others))
    latents[:, named] = np.array(values)[np.array(drawn)]
    weights = np.array(chances)[np.array(drawn)].prod(axis=1)
    visible = np.tile(shown(setting), (len(drawn), 1))
    return data.Samples(np.zeros(len(drawn), dtype=np.int64), latents, visible, weights)


def exact(point: Point) -> tuple[float, ...]:
    """α_1, α_n, α_m, β_1, β_n, β_m, L_p of a masked query, given that it is masked."""
    setting, local = point.setting, point.query == "local"
    own = setting.locals if local else 0
    at = point.named
    area = setting.area_of[0]
    p = int(np.flatnonzero((area == own) & ~shown(setting))[0])
    phi, upsilon = (
        np.full((1, setting.areas), at["phi_other"]),
        np.full((1, setting.P), at["upsilon_other"]),
    )
    for j, name in ((0, "global"), (own, "own")):
        phi[0, j], upsilon[0, area == j] = at[f"phi_{name}"], at[f"upsilon_{name}"]
    alpha, beta, loss = gradients.reconstruction(
        setting, every_latent(setting, own), np.array([p]), phi, upsilon
    )
    others = (area != own) & (area != 0)
    means = [
        float(beta[0, area == 0].mean()),
        float(beta[0, area == own].mean()),
        float(beta[0, others].mean()),
    ]
    rest = [j for j in range(1, setting.areas) if j != own]
    return (
        float(alpha[0, 0]),
        float(alpha[0, own]),
        float(alpha[0, rest].mean()),
        *means,
        float(loss[0]),
    )


@mean_counts.leg(
    "property",
    require=(
        "constant latents", "random latents", "local query", "global query", "γ ≠ ½", "z ≠ 1",
        "far from Q = 0",
    ),
)  # fmt: skip
def rates_at_mean_counts(context: Context) -> Evidence:
    """Any six correlations, against the closed forms on the mask of mean counts."""

    def gaps(point: Point) -> Iterator[Gap]:
        setting = point.setting
        found = reduced.mae_rates(setting, point.query, counts="mean", **point.named)
        rates = (
            found.alpha_global, found.alpha_own, found.alpha_other, found.beta_global,
            found.beta_own, found.beta_other, found.loss_gap,
        )  # fmt: skip
        names = ("α_1", "α_n", "α_m", "β_1", "β_n", "β_m", "L_p")
        for name, rate, claimed in zip(names, rates, exact(point), strict=True):
            scale = setting.gamma * setting.latents.U**3
            off = (rate / scale) - setting.gamma * claimed / scale
            yield equal(name, off, 0, ROUNDING, "rounding, over γU³")

    return properties.search(
        context,
        points(),
        gaps,
        examples=context.at(quick=60, full=400),
        regimes_of=regimes_of,
    )


# ------------------------------------------------------ sizes at which no mask is laid out

LARGE = tuple(
    Setting(P=10**ten, kappa_c=kappa_c, kappa_s=0.3, gamma=gamma, latents=Latents.constant(z))
    for ten, kappa_c, gamma, z in ((3, 0.9, 0.5, 1.0), (12, 0.6, 0.7, 1.5), (100, 0.9, 0.25, 0.7))
)
ROW = (-0.4, 1.3, 0.2, 0.1, -0.3, 0.05)
"""Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m. Later Φ_n is log(P/C_n)/z, so that A_n is of order 1."""


def in_balls(point: Point) -> tuple[arb, ...]:
    """α_1, α_n, α_m, β_1, β_n, β_m by the flow that is enclosed, which is written for itself."""
    setting, flow = point.setting, Flow(point.setting, point.query)
    z, (phi_1, phi_n, phi_m, *upsilon) = ball(setting.latents.L), map(arb, point.row)
    state = [z * phi_n, z * phi_m, *upsilon, arb(0)]
    fall, rise, to_m, to_1, to_n, to_other, time = flow.speeds(z * phi_1, z * phi_n, state, False)
    per_t = flow.gamma / setting.K * flow.unit * z**4 / time
    return tuple(x * per_t for x in (-fall / z, rise / z, to_m / z, to_1, to_n, to_other))


@mean_counts.leg("enclosed", scope="12 points at P = 1e3, 1e12 and 1e100, constant latents")
def rates_in_balls(context: Context) -> Iterator[Gap]:
    """The same rates in ball arithmetic at sizes where no mask can be laid out."""
    names = ("α_1", "α_n", "α_m", "β_1", "β_n", "β_m")
    for setting, query, late in itertools.product(LARGE, QUERIES, (False, True)):
        own = setting.C_s if query == "local" else setting.C_1
        grown = math.log(setting.P / own) / setting.latents.L if late else ROW[1]
        point = Point(setting, query, (ROW[0], grown, *ROW[2:]))
        found = reduced.mae_rates(setting, query, counts="mean", **point.named)
        rates = (
            found.alpha_global, found.alpha_own, found.alpha_other, found.beta_global,
            found.beta_own, found.beta_other,
        )  # fmt: skip
        where = f"{query} query, P = {setting.P:.0e}, {'late' if late else 'early'}"
        with precise():
            for name, rate, held in zip(names, rates, in_balls(point), strict=True):
                if query == "global" and name in ("α_1", "β_1"):
                    continue  # those of the own area
                off = ends(abs(arb(rate) / held - 1))[1]
                yield at_most(f"{name} off, {where}", off, Fraction(2, 10**14), 0, IN_FLOATS)


IN_FLOATS = "some 90 roundings of 2.2e-16 at worst, as no difference here cancels"

mean_counts.mistake(
    Flow.weights,
    "α_1 off by 1e-9 in balls",
    lambda right: lambda *given: replace(at := right(*given), pushed=at.pushed * arb(1 + 1e-9)),
)
mean_counts.mistake(RATES, "α_n off by a part in 1e8", spoiled(ALPHA_OWN, 1 + 1e-8))
mean_counts.mistake(RATES, "α_m off by a part in 1e8", spoiled(ALPHA_OTHER, 1 + 1e-8))
mean_counts.mistake(RATES, "β_1 off by a part in 1e8", spoiled(BETA_GLOBAL, 1 + 1e-8))
mean_counts.mistake(RATES, "β_n off by a part in 1e8", spoiled(BETA_OWN, 1 + 1e-8))
mean_counts.mistake(RATES, "β_m off by a part in 1e8", spoiled(BETA_OTHER, 1 + 1e-8))
mean_counts.mistake(
    gradients.residual,
    "h without the other areas",
    lambda original: lambda A, z, own: original(A, z, own) - (z**2 * A**2).sum(axis=-1),
)

CLAIMS = (mean_counts,)
