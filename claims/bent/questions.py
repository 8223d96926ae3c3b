"""Questions that reviewers of the paper asked in public, answered by numbers.

Every sentence is made from what was measured; the same code that is audited measures it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from refutable.auditing.answers import Answer, Cell
from refutable.auditing.statement import Base, replicate_seed
from refutable.claim import Profile
from refutable.claims.bent import bases, dials, images, plans
from refutable.claims.contrastive import threshold_law
from refutable.claims.mae import laws
from refutable.model import reduced
from refutable.model.bent.observation import Observed
from refutable.model.setting import Setting
from refutable.model.trajectory import Objective


def answers(profile: Profile, seed: int = 0) -> list[Answer]:
    """All questions, answered; profiles other than quick look at more values."""
    return [
        adam(seed),
        sizes(profile, seed),
        near_zero(profile, seed),
        negatives(profile, seed),
        image_patches(seed),
    ]


def _observe(base: Base, turned: dict[str, float], seed: int, objective: Objective) -> Observed:
    return plans.observe(base, turned, replicate_seed(seed), objective)


def _sign(base: Base) -> str:
    gap = dials.information_gap(bases.setting_of(base, "mae"))
    return f"Δ = {gap:+.2f}"


def adam(seed: int = 0) -> Answer:
    """Does it survive Adam."""
    rows: list[tuple[Cell, ...]] = []
    kept, ratios = [], []
    for base in bases.BOTH:
        for name, on in (("gradient descent", 0.0), ("Adam", 1.0)):
            mae = _observe(base, {"adam": on}, seed, "mae")
            cl = _observe(base, {"adam": on}, seed, "cl")
            local = mae.local
            ratio = local.phi_own[-1] / local.phi_other[-1]
            ratio_cl = cl.local.phi_global[-1] / cl.local.phi_other[-1]
            rows.append((
                _sign(base), name, round(local.own_largest[-1], 3), round(local.least_own[-1], 3),
                round(ratio, 2), round(cl.local.global_attention[-1], 3), round(ratio_cl, 2),
            ))  # fmt: skip
            if on:
                kept.append((local.own_largest[-1], cl.local.global_attention[-1]))
                ratios += [ratio, ratio_cl]
    largest, attention = min(k[0] for k in kept), min(k[1] for k in kept)
    return Answer(
        question="Does it survive Adam?",
        sentences=(
            f"Under Adam at least {largest:.0%} of masked local queries still have their own area "
            f"as the largest, and contrastive queries give the global area at least "
            f"{attention:.0%} of their attention.",
            "What changes are the correlations: Adam moves every entry of Q by about the same "
            "amount, so that those which gradient descent leaves small grow too. The largest "
            "correlation exceeds the largest of the others by factors from "
            f"{min(ratios):.1f} to {max(ratios):.1f}, against {_least(rows, 4, 6):.1f} or more "
            "under gradient descent.",
        ),
        columns=(
            "gap", "optimiser", "MAE: own area largest", "MAE: least own attention",
            "MAE: Φ own / largest other", "CL: attention to global", "CL: Φ global / largest other",
        ),
        rows=tuple(rows),
        command="claims audit mae.locality 'thm4.2.*' thm4.4 --dial adam",
    )  # fmt: skip


def _least(rows: Sequence[tuple[Cell, ...]], *columns: int) -> float:
    return min(float(row[c]) for row in rows if row[1] == "gradient descent" for c in columns)


def sizes(profile: Profile, seed: int = 0) -> Answer:
    """Local areas larger than the global one, or a small global area."""
    shares = (0, 0.8, 1.1) if profile == "quick" else (0, 0.5, 0.7, 0.8, 0.9, 1, 1.1)
    shrunk = (0.6, 0.3) if profile == "quick" else (0.8, 0.6, 0.5, 0.4, 0.3)
    rows: list[tuple[Cell, ...]] = []
    first_lost = None
    least_locality = 1.0
    turned = [("large-local-area", float(s)) for s in shares]
    turned += [("small-global-area", float(s)) for s in shrunk]
    for name, value in turned:
        mae = _observe(bases.POSITIVE, {name: value}, seed, "mae")
        cl = _observe(bases.POSITIVE, {name: value}, seed, "cl")
        learned = int(np.argmax(cl.learned))
        least_locality = min(least_locality, mae.local.own_largest[-1])
        rows.append((
            name, value, round(mae.local.own_largest[-1], 3), round(mae.local.least_own[-1], 3),
            "global" if learned == 0 else f"local {learned}",
            round(cl.learned[0], 3), round(max(cl.learned[1:]), 3),
        ))  # fmt: skip
        if learned and first_lost is None:
            first_lost = (name, value)
    lost = (
        f"Contrastive learning learns a local area in place of the global one from "
        f"{first_lost[0]} = {first_lost[1]:g} on, the first such value tried: it follows size, "
        "not the name of an area."
        if first_lost
        else "At every value tried contrastive learning still prefers the global area."
    )
    return Answer(
        question="What if local areas are larger than the global one, or the global area is small?",
        sentences=(
            f"The masked autoencoder does not mind: at least {least_locality:.0%} of masked local "
            "queries have their own area as the largest at every value tried.",
            lost,
        ),
        columns=(
            "dial", "value", "MAE: own area largest", "MAE: least own attention",
            "CL: area learned", "CL: attention to global", "CL: attention to a local area",
        ),
        rows=tuple(rows),
        command="claims audit thm4.4 mae.locality --assumption 'size separation κ_c > κ_s'",
    )  # fmt: skip


def near_zero(profile: Profile, seed: int = 0) -> Answer:
    """What happens between the two regimes."""
    kappa_s = 0.3
    gaps = (-0.2, -0.05, 0.0, 0.05, 0.2) if profile == "quick" else (
        -0.3, -0.2, -0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1, 0.2, 0.3,
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    times, depths, misses = [], {}, []
    for tens in (6, 20, 60):
        for gap in gaps:
            kappa_c = 1 - (1 - kappa_s - gap) / 2
            setting = Setting(P=10**tens, kappa_c=kappa_c, kappa_s=kappa_s)
            run = reduced.mae(setting, "local", loss_gap=1e-3)
            assert run.half is not None
            log_unit = math.log(setting.K / setting.gamma) - setting.log_rho
            time = math.exp(run.half.log_t - log_unit)
            depth = -float(run.phi_global[-1])
            times.append(time)
            depths[tens, gap] = depth
            law = laws.depth_at_half(setting)
            if tens == 60:
                misses.append(abs(depth - law))
            rows.append((f"1e{tens}", gap, round(depth, 4), round(law, 4),
                         round(depth / setting.log_P, 4), round(time, 4)))  # fmt: skip
    at_zero = [depths[tens, 0.0] for tens in (6, 20, 60)]
    trained = []
    for way in (0.0, 1.0, 2.0):
        run_ = _observe(bases.POSITIVE, {"gap-crossing": way}, seed, "mae")
        setting = plans.planned(bases.POSITIVE, {"gap-crossing": way}, "mae").setting
        half = run_.half("local")
        unit = math.exp(math.log(setting.K / setting.gamma) - setting.log_rho)
        trained.append(run_.local.own_largest[-1])
        law = laws.depth_at_half(setting)
        rows.append(("36, trained", round(dials.information_gap(setting), 3),
                     round(-run_.local.phi_global[-1], 4), round(law, 4),
                     round(-run_.local.phi_global[-1] / setting.log_P, 4),
                     round(half / unit, 4) if half is not None else "not reached"))  # fmt: skip
    return Answer(
        question="What happens between the two regimes, at Δ near 0?",
        sentences=(
            "Nothing breaks: T_½ in units of K/(γρz⁴) stays between "
            f"{min(times):.2f} and {max(times):.2f} as Δ crosses 0, and trained models end with at "
            f"least {min(trained):.0%} of masked local queries on their own area.",
            "What changes is how far the global feature is given up. At Δ = 0 its correlation "
            f"falls by {at_zero[0]:.3f}, {at_zero[1]:.3f} and {at_zero[2]:.3f} at P = 1e6, 1e20 "
            "and 1e60: a constant, neither vanishing as for Δ < 0 nor growing like (Δ/2)log P as "
            "for Δ > 0. One law covers both regimes, -zΦ_1 = ½log(1 + 2(1-γ)C_1²/(P·C_s)) "
            f"(local.crossover), which at P = 1e60 is off by at most {max(misses):.1g}: around 0 "
            "they join over a width of order 1/log P.",
        ),
        columns=("P", "Δ", "-Φ_1 at the end", "the law", "-Φ_1/log P", "T_½·γρz⁴/K"),
        rows=tuple(rows),
        command="claims audit 'thm4.2.*' --dial gap-crossing",
    )


def negatives(profile: Profile, seed: int = 0) -> Answer:
    """How many negatives and clusters does contrastive learning need."""
    counts = (1, 4, 32) if profile == "quick" else (1, 2, 4, 8, 16, 32)
    clusters = (1, 2, 8) if profile == "quick" else (1, 2, 3, 4, 6, 8)
    rows: list[tuple[Cell, ...]] = []
    by_count, by_clusters = {}, {}
    for count in counts:
        run = _observe(bases.POSITIVE, {"negatives": count}, seed, "cl")
        by_count[count] = run.local.global_attention[-1]
        rows.append(("N_c", count, "constant", round(by_count[count], 3),
                     round(run.local.phi_global[-1], 3)))  # fmt: skip
    for base, law in ((bases.POSITIVE, "constant"), (bases.SPREAD, "½ or 1½")):
        for K in clusters:
            run = _observe(base, {"clusters": K}, seed, "cl")
            by_clusters[law, K] = run.local.global_attention[-1]
            rows.append(("K", K, law, round(by_clusters[law, K], 3),
                         round(run.local.phi_global[-1], 3)))  # fmt: skip
    for tau in (1e9, 1.0, 0.5, 0.3):
        for ratio in (1.5, 2.0, 3.0):
            L = 2 / (1 + ratio)
            K_c = threshold_law.cluster_threshold((L, ratio * L), tau)
            name = "∞" if tau > 1e6 else f"{tau:g}"
            rows.append((f"K_c, τ = {name}", "predicted", f"uniform, U/L = {ratio:g}",
                         round(K_c, 2), ""))  # fmt: skip
    one = by_count[counts[0]]
    return Answer(
        question="How many negatives and clusters does contrastive learning need?",
        sentences=(
            f"A single negative leaves {one:.0%} of the attention on the global area after the "
            f"time in which {counts[-1]} leave {by_count[counts[-1]]:.0%}: the rate is "
            "proportional to N_c/(N_c+1) at first, so negatives cost time, not the limit.",
            f"Clusters decide. With constant latents K = 1 ends at {by_clusters['constant', 1]:.0%}"
            f" and K = 2 at {by_clusters['constant', 2]:.0%}; with latents ½ or 1½, K = 2 ends at "
            f"{by_clusters['½ or 1½', 2]:.0%} and K = 8 at {by_clusters['½ or 1½', 8]:.0%}. As "
            "P → ∞ and N_c → ∞ the collapse needs K > K_c, computed from h(z) and tabled below.",
        ),
        columns=("what", "value", "latents", "attention to the global area", "Φ_1"),
        rows=tuple(rows),
        command="claims audit thm4.4 cl.cluster-threshold --dial negatives --dial clusters",
    )


def image_patches(seed: int = 0) -> Answer:
    """The information gap of real image patches."""
    found = images.measure(seed)
    rows: list[tuple[Cell, ...]] = []
    for at in found.by_areas:
        rows.append((
            at.areas,
            *(f"{i.mean:.2f} [{i.low:.2f}, {i.high:.2f}]"
              for i in (at.kappa_c, at.kappa_s, at.information_gap)),
            f"{at.positive:.0%}",
        ))  # fmt: skip
    means = [at.information_gap.mean for at in found.by_areas]
    middle = found.by_areas[len(found.by_areas) // 2]
    delta = middle.information_gap
    values = np.array(found.gaps[str(middle.areas)])
    count, edges = np.histogram(values, bins=np.arange(-0.5, 0.71, 0.1))
    return Answer(
        question="What do the information gap and its histogram look like for real image patches?",
        sentences=(
            f"On {found.crops} crops of {len(found.images)} photographs ({', '.join(found.images)})"
            f" at P = {found.patches}, the mean gap is between {min(means):+.2f} and "
            f"{max(means):+.2f} depending on the number of areas; with {middle.areas} areas it is "
            f"{delta.mean:+.2f}, 95 % interval [{delta.low:+.2f}, {delta.high:+.2f}]"
            f" over crops, and {middle.positive:.0%} of the crops have a positive one.",
            "Estimates: areas are k-means clusters of patches described by mean colour and its "
            "spread; C_1 is the largest, C_s the median of the others; κ = log C/log P, which "
            "takes the constants c_1 and c_s as 1. A constant of 2 shifts κ by "
            f"{math.log(2) / math.log(found.patches):.2f} and Δ by up to twice that, as much as "
            "the gap itself: its sign is not settled at this P.",
            "Slopes over several patch sizes need no constants, and give κ_c = "
            f"{found.slope_kappa_c.mean:.2f}, κ_s = {found.slope_kappa_s.mean:.2f} with "
            f"{found.slope_areas} areas. Both near 1, as they must be: cutting one picture more "
            "finely makes every area grow like P. The exponents of the theory belong to images in "
            "which finer patches bring new areas; these photographs cannot say which.",
            "Two photographs are no data set, and overlapping crops are not independent: the "
            "intervals are too narrow as statements about natural images.",
        ),
        columns=("areas", "κ_c", "κ_s", "Δ", "crops with Δ > 0"),
        rows=tuple(rows),
        command="claims audit --questions --out DIR",
        histogram=tuple(
            (f"{low:+.1f} .. {high:+.1f}", int(n))
            for low, high, n in zip(edges, edges[1:], count, strict=False)
        ),
    )
