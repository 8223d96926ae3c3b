"""Phase maps: for two dials at once, where a claim holds.

The background comes from the reduced dynamics or an exact probability at sizes where theirs is the
last word; the line is what the theory predicts; the points are models trained at P of a few dozen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from refutable.auditing.answers import PhaseMap, Trained
from refutable.auditing.statement import Base
from refutable.claim import Profile, derive_seed
from refutable.claims.bent import bases, plans, theorems
from refutable.claims.contrastive import leftovers, threshold_law
from refutable.claims.contrastive.resting_place import crowded, resting_place
from refutable.model import reduced
from refutable.model.bent.perturbation import Perturbation
from refutable.model.setting import Latents, Setting
from refutable.records.numbers import finite_or_none

TENS = 60
"""P = 1e60 for the backgrounds in which log P must be large."""


def maps(profile: Profile, seed: int = 0) -> list[PhaseMap]:
    """Every map; profiles other than quick resolve them more finely."""
    return [
        exponents(profile, seed),
        clusters_and_temperature(profile, seed),
        masking_and_size(profile, seed),
        spread_and_clusters(profile, seed),
        step_and_length(profile, seed),
    ]


def _seed(seed: int) -> int:
    return derive_seed(seed, "audit", "0") % 2**31


COLLAPSED = f"trained at P = 36, the same law: {1 - theorems.SPREAD_MISS:g} on the global area"


def _collapse(base: Base, turned: dict[str, float], seed: int) -> float:
    """Attention of local queries to the global area after training on this base."""
    return plans.observe(base, turned, _seed(seed), "cl").local.global_attention[-1]


def _grid(low: float, high: float, count: int) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in np.linspace(low, high, count))


def exponents(profile: Profile, seed: int = 0) -> PhaseMap:
    """κ_c × κ_s: how far a local query gives up the global feature, against Δ = 0."""
    count = 9 if profile == "quick" else 21
    x, y = _grid(0.52, 0.98, count), _grid(0.04, 0.48, count)
    log_P = TENS * math.log(10)
    values = []
    for kappa_s in y:
        row: list[float | None] = []
        for kappa_c in x:
            setting = Setting(P=10**TENS, kappa_c=kappa_c, kappa_s=kappa_s)
            trajectory = reduced.mae(setting, "local", loss_gap=1e-3)
            row.append(float(f"{-float(trajectory.phi_global[-1]) / log_P:.4g}"))
        values.append(tuple(row))
    trained: list[Trained] = []
    sizes = itertools.product((8, 12, 18, 22), (2, 4)) if profile != "quick" else (
        (8, 2), (22, 2), (8, 4), (18, 4),
    )  # fmt: skip
    for C_1, C_s in sizes:
        base = {"P": 36, "C_1": C_1, "C_s": C_s, "latents": [1.0]}
        run = plans.observe(base, {}, _seed(seed), "mae")
        setting = bases.setting_of(base, "mae")
        trained.append(
            Trained(
                x=round(setting.kappa_c, 4),
                y=round(setting.kappa_s, 4),
                holds=run.switch() is not None,
                measured=round(run.local.phi_global[-1], 4),
            )
        )
    return PhaseMap(
        name="exponents",
        claim="thm4.2.local+",
        title="What a local query does with the global feature",
        x_label="κ_c",
        y_label="κ_s",
        value_label="-Φ_1/log P at the end, at P = 1e60; theory: Δ/2 above 0",
        x=x,
        y=y,
        values=tuple(values),
        boundary=tuple((k, 2 * k - 1) for k in x if 0.04 <= 2 * k - 1 <= 0.48),
        boundary_label="Δ = 0",
        trained=tuple(trained),
        trained_label="trained at P = 36: Φ_1 falls first",
    )


def clusters_and_temperature(profile: Profile, seed: int = 0) -> PhaseMap:
    """K × τ: whether the contrastive collapse is complete, against K_c."""
    taus = (0.3, 0.5, 1.0, 3.0) if profile == "quick" else (0.2, 0.3, 0.5, 0.7, 1.0, 2.0, 4.0, 10.0)
    Ks = tuple(range(2, 13, 2 if profile == "quick" else 1))
    law = threshold_law.LATENT_LAW
    values = []
    for tau in taus:
        row: list[float | None] = []
        for K in Ks:
            rest = resting_place(crowded(TENS, K, tau))
            row.append(1.0 if rest is None else float(f"{rest * law[0]:.4g}"))
        values.append(tuple(row))
    trained: list[Trained] = []
    tried = (
        ((2, 1.0), (8, 1.0)) if profile == "quick" else itertools.product((2, 4, 8), (0.3, 1, 3))
    )
    for K, tau in tried:
        base = {**bases.SPREAD, "law": "uniform", "K": K}
        attention = _collapse(
            base, {"low-temperature" if tau < 1 else "high-temperature": tau}, seed
        )
        trained.append(Trained(
            x=float(K), y=float(tau), holds=attention >= 1 - theorems.SPREAD_MISS,
            measured=round(attention, 4),
        ))  # fmt: skip
    return PhaseMap(
        name="clusters-temperature",
        claim="cl.cluster-threshold",
        title="Where contrastive learning collapses completely",
        x_label="number of clusters K",
        y_label="temperature τ",
        value_label="Φ_1·L/((1-κ_c) log P) where it rests, at P = 1e60; 1: every sample collapses",
        x=tuple(map(float, Ks)),
        y=taus,
        values=tuple(values),
        boundary=tuple(
            (float(f"{threshold_law.cluster_threshold(law, tau):.4g}"), tau) for tau in taus
        ),
        boundary_label="K_c(τ) from h(z), z uniform on [½, 1½]",
        trained=tuple(trained),
        trained_label=COLLAPSED,
        logarithmic=("y",),
    )


def masking_and_size(profile: Profile, seed: int = 0) -> PhaseMap:
    """γ × P: how often no patch of the global area is visible, which bounds any attention to it."""
    gammas = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
    tens = (1.25, 1.5, 2, 2.5, 3, 4) if profile == "quick" else tuple(np.linspace(1.25, 4, 12))
    kappa_c = 0.6
    values = []
    for power in tens:
        P = round(10 ** float(power))
        row: list[float | None] = []
        for gamma in gammas:
            setting = Setting(P=P, kappa_c=kappa_c, kappa_s=0.3, gamma=gamma)
            row.append(float(f"{float(leftovers.none_visible(setting)):.4g}"))
        values.append(tuple(row))
    trained: list[Trained] = []
    for gamma in (0.5, 0.9, 0.98) if profile == "quick" else (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98):
        base = dict(bases.NEGATIVE)
        dial = "high-masking" if gamma >= 0.5 else "low-masking"
        run = plans.observe(base, {dial: gamma}, _seed(seed), "cl")
        miss = 1 - run.local.global_attention[-1]
        trained.append(
            Trained(
                x=gamma,
                y=math.log10(36),
                holds=miss <= plans.MISS,
                measured=round(miss, 4),
                bound=round(run.none_visible, 4),
            )
        )
    return PhaseMap(
        name="masking-size",
        claim="cl.visible-global",
        title="How much attention masks must withhold from the global area",
        x_label="masking ratio γ",
        y_label="log10 P",
        value_label="Pr(no visible global patch), κ_c = 0.6: a lower bound on 1 - Attn",
        x=gammas,
        y=tuple(float(f"{power:.4g}") for power in tens),
        values=tuple(values),
        boundary=_level(gammas, tens, values, plans.MISS),
        boundary_label=f"Pr = {plans.MISS:g}",
        trained=tuple(trained),
        trained_label=f"trained at P = 36: 1 - Attn ≤ {plans.MISS:g}",
    )


def _level(
    x: Sequence[float], y: Sequence[float], values: Sequence[Sequence[float | None]], level: float
) -> tuple[tuple[float, float], ...]:
    """Where each row first crosses a level, interpolated."""
    line = []
    for height, row in zip(y, values, strict=True):
        for (a, p), (b, q) in itertools.pairwise(zip(x, row, strict=True)):
            if p is not None and q is not None and p <= level < q:
                at = a + (b - a) * (level - p) / (q - p)
                line.append((float(f"{at:.4g}"), float(f"{height:.4g}")))
                break
    return tuple(line)


def spread_and_clusters(profile: Profile, seed: int = 0) -> PhaseMap:
    """U/L × K: whether the collapse is complete, against K_c."""
    ratios = (1.25, 1.5, 2.0, 3.0, 5.0) if profile == "quick" else (1.25, 1.5, 2, 2.5, 3, 4, 5, 6)
    Ks = tuple(range(2, 17, 3 if profile == "quick" else 1))
    values = []
    for K in Ks:
        row: list[float | None] = []
        for ratio in ratios:
            L = 2 / (1 + ratio)
            law = Latents.uniform(L, ratio * L, nodes=32 + int((ratio - 1) * L * TENS))
            rest = resting_place(crowded(TENS, K, 1.0, law))
            row.append(1.0 if rest is None else float(f"{rest * L:.4g}"))
        values.append(tuple(row))
    boundary = []
    for ratio in ratios:
        L = 2 / (1 + ratio)
        K_c = threshold_law.cluster_threshold((L, ratio * L), 1.0)
        boundary.append((ratio, float(f"{K_c:.4g}")))
    trained: list[Trained] = []
    tried = ((1.5, 2), (1.5, 8), (3, 2)) if profile == "quick" else itertools.product(
        (1.5, 2, 3), (2, 4, 8)
    )  # fmt: skip
    for ratio, K in tried:
        L = 2 / (1 + ratio)
        base = {**bases.SPREAD, "latents": [L, ratio * L], "law": "uniform", "K": K}
        attention = _collapse(base, {}, seed)
        trained.append(Trained(
            x=float(ratio), y=float(K), holds=attention >= 1 - theorems.SPREAD_MISS,
            measured=round(attention, 4),
        ))  # fmt: skip
    return PhaseMap(
        name="spread-clusters",
        claim="cl.cluster-threshold",
        title="How many clusters a spread of latents needs",
        x_label="U/L, latents of mean 1",
        y_label="number of clusters K",
        value_label="Φ_1·L/((1-κ_c) log P) where it rests, at P = 1e60; 1: every sample collapses",
        x=tuple(map(float, ratios)),
        y=tuple(map(float, Ks)),
        values=tuple(values),
        boundary=tuple(boundary),
        boundary_label="K_c from h(z), uniform law, τ = 1",
        trained=tuple(trained),
        trained_label=COLLAPSED,
    )


def step_and_length(profile: Profile, seed: int = 0) -> PhaseMap:
    """η × steps: whether an autoencoder is within ε, against the predicted time."""
    factors = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0) if profile != "quick" else (0.5, 1.0, 4.0, 16.0)
    base = bases.POSITIVE
    setting = bases.setting_of(base, "mae")
    step = plans.step_of(setting, "mae")
    time = plans.time_of(setting, "mae")
    shares = (0.25, 0.5, 0.75, 1.0)
    values: list[tuple[float | None, ...]] = []
    trained: list[Trained] = []
    for factor in factors:
        turned = Perturbation(step_factor=factor)
        run = plans.trained(setting, "mae", turned, float(f"{time:.6g}"), step, _seed(seed))
        row: list[float | None] = []
        for share in shares:
            at = min(range(len(run.times)), key=lambda i: abs(run.times[i] - share * time))
            gap = max(run.local.loss_gap[at], run.global_.loss_gap[at])
            row.append(finite_or_none(float(f"{gap:.4g}")))
            trained.append(Trained(
                x=run.times[at], y=factor * step,
                holds=not run.diverged and gap <= plans.EPSILON,
                measured=row[-1],
            ))  # fmt: skip
        values.append(tuple(row))
    predicted = time / plans.PATIENCE
    return PhaseMap(
        name="step-length",
        claim="thm4.1",
        title="Step size and training time",
        x_label="training time t = η·steps",
        y_label="step η",
        value_label="loss gap of the worst patch, trained at P = 36",
        x=tuple(share * time for share in shares),
        y=tuple(factor * step for factor in factors),
        values=tuple(values),
        boundary=((predicted, factors[0] * step), (predicted, factors[-1] * step)),
        boundary_label=f"K/(γρz⁴) + K/(4z²ε), ε = {plans.EPSILON:g}",
        trained=tuple(trained),
        trained_label=f"loss gap ≤ {plans.EPSILON:g}",
        logarithmic=("y",),
    )
