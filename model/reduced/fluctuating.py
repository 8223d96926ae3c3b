"""Fluctuating counts: the reduced rates of a masked query, averaged over what masks leave visible.

The own area's count varies by C_n^{-1/2} of itself, and with it own attention; the query is a
masked key of its own; what is left of the other local areas enters by the mean of Σ u_m². So the
rates are exact to about the 1e-4 part from areas of 9 patches on (claim tier.reduced).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from refutable.model.reduced.clock import State
from refutable.model.reduced.counts import Counts, areas_of, visible_counts
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

FEW_ATOMS = 12
"""Up to so many atoms are summed one by one: Python's numbers are then faster than NumPy's."""


Law = Sequence[tuple[float, float]]


def rate_sums(
    setting: Setting, query: QueryKind, size: int | None = None
) -> Callable[[State], tuple[float, ...]]:
    """The expectations of theory.md section 2 as functions of Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m, Υ_p.

    They are, without the factor Pr(p masked, cluster k) = M/(PK): α_1, α_n, α_m·P/C_s, C_1·β_1,
    C_n·β_n, P·β_m, P·β_p, E A_1, E A_n and E‖F_p - X_p‖² less its infimum, 2(L_p - L*_p)·P/M.
    Position correlations towards the query itself, Υ_p, belong to a key that is always masked.
    Clusters that share their partition add up their β. size and SettingError as for `areas_of`.
    """
    areas, P = areas_of(setting, query, size), setting.P
    counts = visible_counts(setting, areas)
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    atoms = _atoms(counts, law, law if query == "local" else [(0.0, 1.0)])
    many = len(atoms) == 1
    exp, exps = math.exp, np.exp if many and len(law) > 1 else math.exp
    # β of one patch, from sums over an area's patches: the query is not among its own area's.
    joint = setting.K if setting.shared_partition else 1
    per_own = joint * (areas.own / (areas.own - 1))
    per_other = joint * (P / areas.others) if areas.others else 0.0
    one, level = 1 / P, math.log(P / areas.own) / setting.latents.U

    def sums(state: State) -> tuple[float, ...]:
        phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p = state
        key_1, key_n, key_m, key_p = exp(ups_1), exp(ups_n), exp(ups_m), exp(ups_p)
        m0 = m1 = m2 = m3 = 0.0
        for z, q in law:
            e = exp(z * phi_m)
            m0 += q * e
            m1 += q * z * e
            m2 += q * (z * e) ** 2
            m3 += q * z * (z * e) ** 2
        # Only the own weight can outgrow double precision: beyond 1 all weights are divided by it.
        short, self_key = min(phi_n, level), one * key_p
        shift = phi_n - short
        a_1 = a_n = a_m = b_1 = b_n = b_m = b_p = att_1 = att_n = loss = 0.0
        for z_n, z_1, weigh, answerable, *counts_of in atoms:
            own, own_dark, crowd, crowd_dark, others, others_dark, squares, share, square = (
                counts_of
            )
            scale = exps(-z_n * shift)
            w_n = own * (key_n * exps(z_n * short))
            w_1 = crowd * (key_1 * exps(z_1 * phi_1) * scale)
            dark_1, dark_n = crowd_dark * key_1, own_dark * key_n
            others_m = others * (key_m * m0) + others_dark * key_m
            rest = (others_m + dark_1 + dark_n + self_key) * scale
            total = w_n + w_1 + rest
            per = scale / total
            A_1, A_n = w_1 / total, w_n / total
            not_1, not_n = (w_n + rest) / total, (w_1 + rest) / total
            patch = per * key_m
            spread = squares * (m2 * patch * patch)  # Σ z_m²A_m² over the other local areas
            missed = z_n * not_n
            pull = z_n * A_n * missed
            zz_A_1 = z_1 * z_1 * A_1
            leak = zz_A_1 * A_1 + spread
            missed = missed * missed  # with leak ‖F_p - X_p‖² = h + z_n²(1-A_n)
            own_push = A_n * (missed + leak)
            h = leak - pull
            global_push = A_1 * (spread - zz_A_1 * not_1 - pull)  # A_1(h - z_1²A_1)
            dark = per * h
            a_1 += weigh(z_1 * global_push)
            a_n += weigh(z_n * own_push)
            a_m += weigh((share * (m1 * h) - square * (m3 * patch)) * patch)
            b_1 += weigh(global_push + dark_1 * dark)
            b_n += weigh(own_push + dark_n * dark)
            b_m += weigh(others_m * dark - spread)
            b_p += weigh(key_p * dark)
            att_1 += weigh(A_1)
            att_n += weigh(A_n)
            loss += weigh(answerable * missed + leak)
        values = (
            a_1, a_n, a_m, joint * b_1, per_own * b_n, per_other * b_m, joint * b_p,
            att_1, att_n, loss,
        )  # fmt: skip
        return tuple(map(float, values)) if many else values

    return sums


def _atoms(counts: Counts, law: Law, law_1: Law) -> list[tuple[Any, ...]]:
    """Own and global latent, weighing by chance, and all other counts of every atom.

    Many atoms are one entry in arrays, a single latent in it a number; few are an entry each.
    """
    flat = [
        (z, z_1, q * q_1 * c, *rest)
        for z, q in law for z_1, q_1 in law_1 for c, *rest in np.array(counts).T.tolist()
    ]  # fmt: skip
    if len(flat) <= FEW_ATOMS:
        return [(z, z_1, chance.__mul__, *rest) for z, z_1, chance, *rest in flat]
    z, z_1, chance, *rest = np.array(flat).T.copy()
    if len(law) == 1:
        z, z_1 = float(z[0]), float(z_1[0])
    return [(z, z_1, chance.dot, *rest)]
