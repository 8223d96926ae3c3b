"""Mean counts: the reduced rates with every mask count at its mean, an older and coarser tier.

Areas show (1-γ)·C_j patches under every mask, the query is an infinitely small part of its own
area, and for K > 1 the clusters do not feel each other through Υ. A mask that hides the whole own
area has probability γ^{C_n - 1} and is ignored: L*_p = 0. Proofs for every P are about this flow,
from which the fluctuating one departs by the order of 1/C_s (claim tier.reduced).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from refutable.model.reduced.clock import State
from refutable.model.setting import Setting, SettingError
from refutable.model.trajectory import QueryKind


def rate_sums(setting: Setting, query: QueryKind) -> Callable[[State], tuple[float, ...]]:
    """As `fluctuating.rate_sums`, with every count at its mean; the query's own key does not move.

    A global query is one whose own area is the global one, with no patch in a further global area.
    Raises SettingError for an unknown query.
    """
    setting.require_alike("reduced dynamics with counts at their mean")
    P, C_1, C_s = setting.P, setting.C_1, setting.C_s
    masked, visible = setting.gamma, 1 - setting.gamma
    # Shares of the patches; quotients of integers are correctly rounded at any size.
    if query == "local":
        share_1, share_n, share_rest = C_1 / P, C_s / P, (P - C_1 - C_s) / P
    elif query == "global":
        share_1, share_n, share_rest = 0.0, C_1 / P, (P - C_1) / P
    else:
        raise SettingError(f"query must be local or global, not {query!r}")
    share_m = C_s / P
    law = list(zip(setting.latents.values, setting.latents.probabilities, strict=True))
    global_law = law if query == "local" else [(0.0, 1.0)]
    exp, level = math.exp, -math.log(share_n)

    def sums(state: State) -> tuple[float, ...]:
        phi_1, phi_n, phi_m, ups_1, ups_n, ups_m, _ = state
        # The other local areas, as one: visible and masked weight, and moments of the law.
        patch_m = exp(ups_m)
        crowd = share_rest * patch_m
        seen_m, dark_m = visible * crowd, masked * crowd
        each = visible * share_m * patch_m  # one area of them
        m0 = m1 = m2 = m3 = 0.0
        for z, q in law:
            e = exp(z * phi_m)
            m0 += q * e
            m1 += q * z * e
            m2 += q * (z * e) ** 2
            m3 += q * z * (z * e) ** 2
        a_1 = a_n = a_m = b_1 = b_n = b_m = att_1 = att_n = loss = 0.0
        globals_ = [
            (z, q, visible * share_1 * exp(z * phi_1 + ups_1), z * z) for z, q in global_law
        ]
        dark_1, dark_n = masked * share_1 * exp(ups_1), masked * share_n * exp(ups_n)
        rest = seen_m * m0 + dark_m + dark_1 + dark_n
        for z_n, q_n in law:
            grown = z_n * phi_n
            # Only the own weight can outgrow double precision: beyond 1 all are divided by it.
            scale = exp(level - grown) if grown > level else 1.0
            w_n = visible * share_n * exp(ups_n + min(grown, level))
            zz_n = z_n * z_n
            for z_1, q_1, w, zz_1 in globals_:
                w_1 = w * scale
                total = w_n + w_1 + rest * scale
                A_1, A_n = w_1 / total, w_n / total
                per = scale / total
                not_1, not_n = (w_n + rest * scale) / total, (w_1 + rest * scale) / total
                A_m, A_rest = each * per, seen_m * per
                spread = A_rest * A_m * m2  # Σ z_m²A_m² over the other local areas
                pull = zz_n * A_n * not_n
                leak = zz_1 * A_1 * A_1 + spread
                missing = zz_n * not_n * not_n + leak  # ‖F_p - X_p‖² = h + z_n²(1-A_n)
                h = leak - pull
                over = spread - zz_1 * A_1 * not_1 - pull  # h - z_1²A_1
                q = q_n * q_1
                a_1 += q * z_1 * A_1 * over
                a_n += q * z_n * A_n * missing
                a_m += q * (m1 * h - A_m * m3) * per * patch_m * visible
                b_1 += q * (A_1 * over + dark_1 * per * h)
                b_n += q * (A_n * missing + dark_n * per * h)
                b_m += q * (visible * (m0 * h - A_m * m2) + masked * h) * per * patch_m
                att_1 += q * A_1
                att_n += q * A_n
                loss += q * missing
        return a_1, a_n, a_m, b_1, b_n, b_m, 0.0, att_1, att_n, loss

    return sums
