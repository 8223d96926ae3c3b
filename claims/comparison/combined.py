"""Both objectives on one matrix: from which weight on contrastive learning costs the own area.

Sources: none; a question that reviewers of the paper asked. For L_MAE + w·L_cl the rates add up. At
Q = 0 the reconstruction pushes the global feature of a local query by -(γ/K)E[z³]a², the
contrastive loss pulls it by w·c_N(m_3 - μm_2/K)a²/(KP), a = (1-γ)C_1/P: whatever the sizes of the
areas, the sign of Δ and τ, they cancel at w_0 = γP·m_3/(c_N(m_3 - μm_2/K)). Below it a local patch
gives up the global feature as without contrast, far above it it collapses with the others.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive.mean_counts import ROUNDING
from refutable.claims.mae.ladders import WITH_GAP, Ladder, top_of
from refutable.claims.runs.plants import scaled
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, at_most
from refutable.model import correlations, data, gradients, reduced
from refutable.model.setting import Contrastive, Latents, Setting, power_of_ten
from refutable.reuse import shared

combined = Claim(
    id="combined.weight",
    title="Both objectives at once: locality survives a contrastive weight below γP",
    statement=(
        r"L_{\mathrm{MAE}}+wL_{cl}\text{ on one }Q,\ n\ne1:\ "
        r"\alpha_{p\to v_1}(0)<0\iff w<w_0(1+o(1)),"
        r"\quad w_0=\frac{\gamma P\,m_3}{c_N(m_3-\mu m_2/K)}"
        r"\text{, for either sign of }\Delta\text{ and any }\tau"
    ),
    measured=(
        "rates of the reduced dynamics at Q = 0 up to P = 1e100; models trained at P = 36 (longer "
        "profiles), in the time that MAE takes: own areas are learned by every weight up to w_0, "
        "lost by 8w_0, and the own attention falls in between; at which of these weights it falls "
        "to half depends on the time and is not claimed"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(*WITH_GAP, "many clusters", "contrastive details"),
    rests_on=("init.global-rate", "cl.init-global", "thm4.2.local+", "thm4.2.local-", "thm4.4"),
)


def critical_weight(setting: Setting) -> float:
    """w_0, claimed."""
    m_1, m_2, m_3 = (setting.latents.moment(r) for r in (1, 2, 3))
    contrast = setting.contrastive.c_N * (m_3 - m_1 * m_2 / setting.K)
    return setting.gamma * setting.P * m_3 / contrast


TOPS = (
    top_of(0.9, 0.3, 1.3, K=2, gamma=0.6, contrastive=Contrastive(negatives=3, tau=0.5)),
    top_of(0.6, 0.4, Latents.two_point(0.8, 1.2), K=8, contrastive=Contrastive(negatives=9)),
)


@combined.leg("scaling", require=BOTH_SIGNS)
def rates_cancel_at_the_weight(context: Context) -> Iterator[Gap | Case]:
    """The weight at which both rates of the global feature add up to 0, over its law."""
    tens = scaling.rungs(30, 100, context.at(quick=6, full=15))
    for top in TOPS:
        yield Case((sign_of(top),))
        rungs = [top.replace(P=power_of_ten(ten)) for ten in tens]
        found = []
        for rung in rungs:
            pushed = reduced.mae_rates(rung, "local").alpha_global
            found.append(-pushed / reduced.cl_rates(rung).alpha_global / critical_weight(rung))
        # Both rates carry 1 - A_1. Left are a², by which softmax weights differ, and local areas
        # beside the global one: P^-0.2 = 1e-20 at the top, whatever the constant.
        order = min(2 * (1 - top.kappa_c), top.kappa_c - top.kappa_s)
        name = Ladder(top, ()).name
        yield from scaling.limit(
            f"weight at which the rates cancel over w_0, {name}",
            [rung.log_P for rung in rungs],
            found,
            1.0,
            tolerance=ROUNDING,
            why=f"rounding: the next order, P^-{order:.2g}, is far below",
            x_label="log P",
        )


TRAINED = (
    Setting.of_sizes(36, 18, 6, kappa_c=0.8, kappa_s=0.5, K=2, placement="random",
                     contrastive=Contrastive(negatives=4)),
    Setting.of_sizes(36, 12, 6, kappa_c=0.69, kappa_s=0.5, K=2, placement="random",
                     contrastive=Contrastive(negatives=4)),
)  # fmt: skip
"""C_1²/(P·C_s) = 1.5 and 0.67."""
TIME, STEP = 200.0, 2.0
SHARES = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 8.0)
"""Weights on the contrastive loss, in units of w_0, in increasing order."""


@shared.run_once
def own_attention(setting: Setting, share: float, seed: int) -> float:
    """Mean attention of masked local patches on their own area, trained with w = share·w_0."""
    rng, P = np.random.default_rng([seed, 31]), setting.P
    weight, step = share * critical_weight(setting), STEP / max(1.0, share)
    phi, upsilon = np.zeros((P, setting.features)), np.zeros((P, P))
    for _ in range(round(TIME / step)):
        samples = data.draw(setting, 24, rng, stratified=True)
        alpha, beta, _ = gradients.reconstruction(setting, samples, np.arange(P), phi, upsilon)
        if weight:
            alpha += weight * gradients.contrastive(setting, data.views(setting, 12, rng), phi)[0]
        phi, upsilon = phi + step * alpha, upsilon + step * beta
    test = data.draw(setting, 200, np.random.default_rng([seed, 32]))
    A = correlations.area_attention(setting, test, phi, upsilon)
    local = setting.area_of[test.cluster] > 0
    return float(correlations.own_attention(setting, test, A)[~test.visible & local].mean())


@combined.leg("trained", profile="full", require=BOTH_SIGNS)
def own_attention_below_and_above(context: Context) -> Iterator[Gap | Case]:
    """Own attention for weights below and above w_0, in the time that MAE takes."""
    for setting in TRAINED:
        yield Case((sign_of(setting),))
        at = f"C_1 = {setting.C_1}, C_s = {setting.C_s}"
        found = {share: own_attention(setting, share, context.root_seed) for share in SHARES}
        for share in SHARES[: SHARES.index(1.0) + 1]:
            yield at_least(
                f"{at}: own attention with {share:g} w_0",
                found[share],
                0.5,
                0,
                "the event T_½ has come; seeds differ by 0.02, and it is 0.3 above",
                false_alarm=1e-10,
            )
        start = (1 - setting.gamma) * setting.C_s / setting.P
        yield at_most(
            f"{at}: with {SHARES[-1]:g} w_0, over its value at the start",
            found[SHARES[-1]] / start,
            1,
            0,
            "given up: less than at Q = 0",
            false_alarm=1e-10,
        )
        for less, more in itertools.pairwise(SHARES[SHARES.index(1.0) :]):
            yield at_least(
                f"{at}: with {less:g} w_0 less that with {more:g} w_0",
                found[less] - found[more],
                0,
                0,
                "it falls with the weight, by 0.1 and more; seeds differ by 0.02",
                false_alarm=1e-10,
            )


combined.mistake(
    critical_weight,
    "without the negatives of the own cluster",
    lambda original: lambda s: s.gamma * s.P / s.contrastive.c_N,
)
combined.mistake(critical_weight, "a part in 1e9 off", scaled(1 + 1e-9))
combined.mistake(
    reduced.softmax_weights,
    "negatives weigh a tenth more",
    lambda original: lambda *given: type(original(*given))(*(1.1 * w for w in original(*given))),
)

CLAIMS = (combined,)
