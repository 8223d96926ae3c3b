"""Maps of contrastive learning: where it collapses completely, and what masks withhold from it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from refutable.auditing.answers import PhaseMap, Trained
from refutable.auditing.statement import Base, replicate_seed
from refutable.claim import Profile
from refutable.claims.bent import bases, plans, theorems
from refutable.claims.contrastive import leftovers, threshold_law
from refutable.claims.contrastive.resting_place import crowded, resting_place
from refutable.model.setting import Latents, Setting

TENS = 60
"""P = 1e60 for the backgrounds in which log P must be large."""
COLLAPSED = f"trained at P = 36, the same law: {1 - theorems.SPREAD_MISS:g} on the global area"


def _collapse(base: Base, turned: dict[str, float], seed: int) -> float:
    """Attention of local queries to the global area after training on this base."""
    return plans.observe(base, turned, replicate_seed(seed), "cl").local.global_attention[-1]


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
        run = plans.observe(base, {dial: gamma}, replicate_seed(seed), "cl")
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
        boundary=level_line(gammas, tens, values, plans.MISS),
        boundary_label=f"Pr = {plans.MISS:g}",
        trained=tuple(trained),
        trained_label=f"trained at P = 36: 1 - Attn ≤ {plans.MISS:g}",
    )


def level_line(
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
