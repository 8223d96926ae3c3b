"""Fluctuating counts: the reduced rates of a masked query, averaged over what masks leave visible.

The own area's count varies by C_n^{-1/2} of itself, and with it own attention; the query is a
masked key of its own; what is left of the other local areas enters, size by size, by the means of
u_m and u_m². So the rates are exact to about the 1e-4 part from areas of 9 patches on (claim
tier.reduced).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from refutable.model.reduced.clock import State
from refutable.model.reduced.counts import Counts, areas_of, same_area, visible_counts
from refutable.model.setting import Setting
from refutable.model.trajectory import QueryKind

FEW_ATOMS = 12
"""Up to so many atoms are summed one by one: Python's numbers are then faster than NumPy's."""


Law = Sequence[tuple[float, float]]


def rate_sums(
    setting: Setting, query: QueryKind, size: int | None = None
) -> Callable[[State], tuple[float, ...]]:
    """The expectations of theory.md section 2 as functions of Φ_1, Φ_n, Φ_m, Υ_1, Υ_n, Υ_m, Υ_p.

    They are, without the factor Pr(p masked, cluster k) = M/(PK): α_1, α_n, α_m·P/C_m, C_1·β_1,
    C_n·β_n, P·β_m, P·β_p, E A_1, E A_n and E‖F_p - X_p‖² less its infimum, 2(L_p - L*_p)·P/M.
    m is of the first of `Areas.kinds`; Φ_m and Υ_m of every further kind follow in the state, and
    their rates in what is returned. A state without them has those of the first for all.
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
    held = max(areas.others, 1)
    kinds = [(number * size / held, same_area(areas, size)) for size, number in areas.kinds]
    per_other, share_of_others = P / held, areas.others / P
    one, level = 1 / P, math.log(P / areas.own) / setting.latents.U

    def sums(state: State) -> tuple[float, ...]:
        phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, ups_p, *further = state
        key_1, key_n, key_p = exp(ups_1), exp(ups_n), exp(ups_p)
        of_others = [phi_m, ups_m, *(further or (phi_m, ups_m) * (len(kinds) - 1))]
        moments: list[tuple[float, ...]] = []
        seen = unseen = once = twice = 0.0  # means over the patches of the other areas
        for i, (share, pair) in enumerate(kinds):
            phi, key = of_others[2 * i], exp(of_others[2 * i + 1])
            m0 = m1 = m2 = m3 = 0.0
            for z, q in law:
                e = key * exp(z * phi)
                m0 += q * e
                m1 += q * z * e
                m2 += q * (z * e) ** 2
                m3 += q * z * (z * e) ** 2
            moments.append((m0, m1, m2, m3, key, pair))
            seen += share * m0
            unseen += share * key
            once += share * m2
            twice += share * pair * m2
        # Only the own weight can outgrow double precision: beyond 1 all weights are divided by it.
        short, self_key = min(phi_n, level), one * key_p
        shift = phi_n - short
        a_1 = a_n = b_1 = b_n = att_1 = att_n = loss = 0.0
        by_dark = by_seen = by_one = by_two = 0.0
        for z_n, z_1, weigh, answerable, *counts_of in atoms:
            own, own_dark, crowd, crowd_dark, others, others_dark = counts_of
            scale = exps(-z_n * shift)
            w_n = own * (key_n * exps(z_n * short))
            w_1 = crowd * (key_1 * exps(z_1 * phi_1) * scale)
            dark_1, dark_n = crowd_dark * key_1, own_dark * key_n
            rest = (others * seen + others_dark * unseen + dark_1 + dark_n + self_key) * scale
            total = w_n + w_1 + rest
            per = scale / total
            A_1, A_n = w_1 / total, w_n / total
            not_1, not_n = (w_n + rest) / total, (w_1 + rest) / total
            singles = others * per * per  # R and R(R - 1) visible patches of the other areas
            couples = singles * (others - one)
            spread = singles * (one * once) + couples * twice  # E Σ z_m²A_m² over these areas
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
            b_1 += weigh(global_push + dark_1 * dark)
            b_n += weigh(own_push + dark_n * dark)
            by_dark += weigh(dark)
            by_seen += weigh(others * dark)
            by_one += weigh(singles)
            by_two += weigh(couples)
            att_1 += weigh(A_1)
            att_n += weigh(A_n)
            loss += weigh(answerable * missed + leak)
        by_one, by_unseen = one * by_one, share_of_others * by_dark - by_seen
        rates_of_others = []
        for m0, m1, m2, m3, key, pair in moments:
            by_square = by_one + pair * by_two
            rates_of_others += [
                per_other * (m1 * by_seen - m3 * by_square),
                joint * per_other * (m0 * by_seen + key * by_unseen - m2 * by_square),
            ]
        a_m, b_m, *of_further = rates_of_others
        values = (
            a_1, a_n, a_m, joint * b_1, per_own * b_n, b_m, joint * key_p * by_dark,
            att_1, att_n, loss, *of_further,
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
