"""Contrastive learning: the reduced rates are the exact ones of masks that show each area's mean.

Sources: none; a link between the tiers. Where every area shows (1-γ)C_j patches, and the latents of
the many local areas lie over the areas as their law has them, nothing is left to chance and the
closed forms of the gradient are sums that the reduced dynamics write down term by term.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.gap import Gap, at_least, equal
from refutable.model import data, gradients, reduced
from refutable.model.setting import Contrastive, Latents, Setting

mean_counts = Claim(
    id="tier.contrastive",
    title="The reduced contrastive rates are the gradient at mean mask counts",
    statement=(
        r"|\mathcal U\cap\mathcal P_j|=(1-\gamma)C_j,\ \text{local latents laid out by their law}:"
        r"\quad \alpha_{p\to v_1},\ \alpha_{p\to v_m},\ \mathbb E A_1,\ L-L_{A_1=1}"
        r"\text{ of the reduced dynamics are exact, for any }\Phi_1,\Phi_m,K,N_c,\tau"
    ),
    measured="closed forms of the gradient (cl.gradient-feature) on a batch that holds every kind "
    "of negative with its probability; latents constant or of two values; all of a row trained on "
    "that batch into the collapse, constant latents",
    provenance=Provenance.DERIVED,
    assumptions=("uniform masking", "constant-in-area latent", "contrastive details"),
    rests_on=("cl.gradient-feature", "cl.rank-one"),
)

ROUNDING = 1e-11
"""Relative: the reduced weights are Laplace integrals good to 1e-13, of which rates are
differences that lose up to two digits."""


@dataclass(frozen=True)
class Point:
    """A setting in which masks can show the mean of every area, and the shared row's two Φ."""

    setting: Setting
    phi_global: float
    phi_other: float


@st.composite
def points(draw: st.DrawFn) -> Point:
    """Sizes are multiples of the denominator of γ; four local areas hold all pairs of latents."""
    parts = draw(st.integers(2, 4))
    C_s = parts * draw(st.integers(1, 2))
    C_1 = parts * draw(st.integers(1, 6))
    P = C_1 + 4 * draw(st.integers(1, 2)) * C_s
    details = Contrastive(
        tau=draw(st.sampled_from((0.4, 1.0, 2.5))),
        negatives=draw(st.integers(1, 3)),
        weight_decay=draw(st.sampled_from((0.0, 0.1))),
    )
    setting = Setting.of_sizes(
        P,
        C_1,
        C_s,
        gamma=draw(st.integers(1, parts - 1)) / parts,
        K=draw(st.integers(2, 5)),
        latents=draw(assumptions.latents()),
        contrastive=details,
    )
    eighths = st.integers(-8, 8).map(lambda n: n / 8)
    return Point(setting, 4 * draw(eighths) + 2, draw(eighths))


def shown(setting: Setting) -> data.Bools:
    """(P,) visible patches: of each area the same share, its last ones."""
    mask = np.zeros(setting.P, dtype=bool)
    for area in data.members(setting, 0):
        mask[area[round(setting.gamma * len(area)) :]] = True
    return mask


def laid_out(setting: Setting) -> tuple[data.Floats, data.Floats]:
    """Latents of the local areas (n,) of a sample and of a negative, every pair as often."""
    pairs = list(itertools.product(setting.latents.values, repeat=2))
    repeated = pairs * (setting.locals // len(pairs))
    first, second = np.array(repeated).T
    return first, second


@dataclass(frozen=True)
class Batch:
    """Every kind of sample and of negatives. limit: the loss where all attention is global."""

    views: data.Views
    limit: float


def every_kind(setting: Setting) -> Batch:
    """One sample for each global latent and each choice of negatives' kinds, by probability."""
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    kinds = [(1, setting.latents.U, 1 - 1 / setting.K), *((0, z, q / setting.K) for z, q in law)]
    count, tau = int(setting.contrastive.negatives), setting.contrastive.tau
    own, others = laid_out(setting)
    clusters, latents, weights, negatives, limit = [], [], [], [], 0.0
    for (z, q), drawn in itertools.product(law, itertools.product(kinds, repeat=count)):
        weight = q * math.prod(chance for *_, chance in drawn)
        odds = sum(math.exp(((k == 0) * z * z_s - z * z) / tau) for k, z_s, _ in drawn)
        limit += weight * tau * math.log1p(odds)
        latents.append([z, *own])
        weights.append(weight)
        for k, z_s, _ in drawn:
            clusters.append(k)
            negatives.append([z_s, *others])
    first = _samples(setting, np.zeros(len(weights), dtype=np.int64), latents, weights)
    against = _samples(setting, np.array(clusters), negatives, np.ones(len(clusters)))
    return Batch(data.Views(first, first, against), limit)


def _samples(
    setting: Setting, cluster: data.Ints, latents: object, weights: object
) -> data.Samples:
    visible = np.tile(shown(setting), (len(cluster), 1))
    return data.Samples(cluster, np.array(latents), visible, np.array(weights))


def regimes_of(point: Point) -> Iterator[str]:
    """What a search must have visited."""
    yield from assumptions.regimes_of(point.setting)
    if point.phi_global > 2 and point.phi_other:
        yield "far from Q = 0"


@mean_counts.leg(
    "property",
    require=(
        "constant latents",
        "random latents",
        "one negative",
        "several negatives",
        "τ < 1",
        "τ > 1",
        "γ ≠ ½",
        "far from Q = 0",
    ),
)
def rates_at_mean_counts(context: Context) -> Evidence:
    """Any two correlations, against the closed forms on a batch of masks with mean counts."""

    def gaps(point: Point) -> Iterator[Gap]:
        setting, batch = point.setting, every_kind(point.setting)
        row = np.full((1, setting.features), point.phi_other)
        row[:, :: setting.areas] = point.phi_global
        # The penalty is put on by hand: -λΦ whatever the cluster.
        details = setting.contrastive
        without = setting.replace(contrastive=replace(details, weight_decay=0.0))
        alpha, _, loss = gradients.contrastive(without, batch.views, row)
        of_cluster = alpha[0, : setting.areas] / setting.K
        rates = reduced.cl_rates(setting, phi_global=point.phi_global, phi_other=point.phi_other)
        decay, unit = details.weight_decay, setting.latents.U**4 / (setting.K * setting.P)
        size = max(unit, unit * details.tau) + decay * 6
        for name, found, exact, scale in (
            ("α_1", rates.alpha_global, of_cluster[0] - decay * point.phi_global, size),
            ("α_m", rates.alpha_other, of_cluster[1:].mean() - decay * point.phi_other, size),
            ("loss gap", rates.loss_gap, loss - batch.limit, setting.latents.U**2 + details.tau),
        ):
            why = "rounding, over an upper bound of its order"
            yield equal(name, (found - exact) / scale, 0, ROUNDING, why)

    return properties.search(
        context,
        points(),
        gaps,
        examples=context.at(quick=60, full=400),
        regimes_of=regimes_of,
    )


# --------------------------------------------------------------- training, all of a row

DESCENDED = (
    Setting.of_sizes(24, 8, 4, K=3, contrastive=Contrastive(negatives=2, tau=0.7)),
    Setting.of_sizes(
        36, 12, 6, K=2, gamma=1 / 3, latents=Latents.constant(1.25),
        contrastive=Contrastive(negatives=3),
    ),
)  # fmt: skip
"""Constant latents, for which all local areas of such a batch are alike; γ divides every size."""
STEPS, PACE = 150, 40.0
"""Steps, and η/P: enough for the collapse."""


def descended(setting: Setting) -> data.Floats:
    """The shared row in the sample's cluster after every step on the batch, (STEPS, N)."""
    batch, clusters = every_kind(setting).views, range(setting.K)
    row, path = np.zeros((1, setting.features)), []
    for _ in range(STEPS):
        alpha = gradients.contrastive(setting, batch, row)[0][0, : setting.areas] / setting.K
        row = row + PACE * setting.P * np.tile(alpha, len(clusters))
        path.append(row[0, : setting.areas])
    return np.array(path)


def reduced_descent(setting: Setting) -> data.Floats:
    """(Φ_1, Φ_m) after every step of the reduced dynamics, (STEPS, 2)."""
    phi, path = np.zeros(2), []
    for _ in range(STEPS):
        rates = reduced.cl_rates(setting, phi_global=phi[0], phi_other=phi[1])
        phi = phi + PACE * setting.P * np.array([rates.alpha_global, rates.alpha_other])
        path.append(phi)
    return np.array(path)


@mean_counts.leg("trained")
def training_at_mean_counts(context: Context) -> Iterator[Gap]:
    """All of a row, step by step into the collapse, beside the reduced rates' two numbers."""
    for setting in DESCENDED:
        row, two = descended(setting), reduced_descent(setting)
        name = f"P = {setting.P}, K = {setting.K}, z = {setting.latents.L:g}"
        yield at_least(
            f"{name}: share of the global area at the end",
            float(reduced.cl_rates(setting, phi_global=two[-1, 0]).attention),
            0.5,
            0,
            "the event T_½ has come, so that both rates have been seen far from Q = 0",
        )
        why = f"rounding of {STEPS} steps, relative to Φ_1"
        for what, found, expected in (
            ("Φ_1", row[:, :1], two[:, :1]),
            ("Φ_m of every local area", row[:, 1:], two[:, 1:]),
        ):
            off = float(np.abs(found - expected).max() / two[-1, 0])
            yield equal(f"{name}: {what}, largest difference", off, 0, STEPS * ROUNDING, why)


mean_counts.mistake(
    reduced.softmax_weights,
    "negatives of the own cluster weigh a per cent more",
    lambda original: lambda *given: original(*given)._replace(same=1.01 * original(*given).same),
)
mean_counts.mistake(
    reduced.cl_rates,
    "the local rate without its share of the visible patches",
    lambda original: (
        lambda setting, **at: replace(
            original(setting, **at), alpha_other=original(setting, **at).alpha_other * 1.01
        )
    ),
)
mean_counts.mistake(
    gradients.pulls,
    "negatives pull instead of pushing",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)

CLAIMS = (mean_counts,)
