"""Figure 4: how a masked patch finds its own area.

Source: the figure's caption, which names the mechanism. That it depends on the sign of the gap is
ours. Checked on trained models, with constant latents, of which single correlations are set back to
what they were at Q = 0.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.mae import ladders
from refutable.claims.runs import plants
from refutable.claims.runs.masked import Rows, TrainedMae, own_attention, rows_of
from refutable.claims.runs.noise import FALSE_ALARM
from refutable.claims.runs.regimes import BOTH_SIGNS
from refutable.claims.theorems.theorem_4_1 import autoencoders
from refutable.gap import Gap, at_least, at_most
from refutable.model import correlations, gradients
from refutable.model.data import Floats
from refutable.model.setting import Setting

mechanism = Claim(
    id="fig4.mechanism",
    title="How a masked patch finds its area",
    statement=(
        r"z\text{ constant: a masked local patch attends to its area through a grown } "
        r"\Phi_{p\to v_n} \ (\Delta<0),\ \text{or a grown } \Phi_{p\to v_n} \text{ and a "
        r"suppressed } \Phi_{p\to v_1}\ (\Delta>0)"
    ),
    measured=(
        "trained models with single correlations set back to 0: own attention without Φ_n and with "
        "nothing but Φ_1 and Φ_n; the factor e^{zΦ_1} on the weight of a global patch"
    ),
    provenance=Provenance.RECONSTRUCTED,
    paper="Figure 4",
    assumptions=ladders.WITH_GAP,
    rests_on=("thm4.2.local+", "thm4.2.local-"),
)


def suppresses(setting: Setting) -> bool:
    """Whether the trained model has given up the global feature."""
    return setting.information_gap > 0


def edited(run: TrainedMae, *, own: bool, global_: bool, rest: bool) -> Floats:
    """Own attention of every pair (local patch, cluster), (n,), on samples that can be answered.

    own, global_, rest: whether Φ_n, Φ_1, and all other Φ with all Υ are kept or set to 0.
    """
    setting = run.setting
    phi, upsilon = run.phi[-1].copy(), run.upsilon[-1] * rest
    number = np.arange(setting.areas)
    for k in range(setting.K):
        is_own = number == setting.area_of[k][:, None]
        keep = np.where(is_own, own, np.where(number == 0, global_, rest))
        correlations.of_cluster(setting, k, phi)[:] *= keep
    A = correlations.area_attention(setting, run.test, phi, upsilon)
    return np.concatenate([own_attention(run, A, k, "local") for k in range(setting.K)])


@mechanism.leg("trained", require=BOTH_SIGNS)
def attention_with_correlations_removed(context: Context) -> Iterator[Gap | Case]:
    """Own attention of trained models with single correlations set to 0."""
    for case, run in autoencoders(context):
        yield case
        setting, name = run.setting, run.name
        whole = edited(run, own=True, global_=True, rest=True)
        yield at_least(
            f"{name}: smallest own attention",
            float(whole.min()),
            0.5,
            0,
            "at least half: a patch that attends to its area",
            false_alarm=FALSE_ALARM,
        )
        yield at_most(
            f"{name}: own attention without Φ_n, largest share",
            float((edited(run, own=False, global_=True, rest=True) / whole).max()),
            0.5,
            0,
            "without its cause more of it is gone than stays: Υ, which all clusters raise, leaves "
            "0.17 for two and 0.25 for three, give or take 0.006 from seed to seed",
            false_alarm=FALSE_ALARM,
        )
        yield at_least(
            f"{name}: own attention from Φ_1 and Φ_n alone, smallest share",
            float((edited(run, own=True, global_=True, rest=False) / whole).min()),
            0.5,
            0,
            "most of it: at this size Υ puts up to twice the weight on own keys for each cluster, "
            "which takes 1-A_n from 0.15 to 0.3 or more when it is lost",
            false_alarm=FALSE_ALARM,
        )
        weight = np.exp(setting.latents.L * rows_of(run, "local").global_)
        half, why = 0.5, "suppressed: less than half the weight it had at Q = 0; or not"
        if suppresses(setting):
            yield at_most(
                f"{name}: weight left to a global patch", float(weight.max()), half, 0, why
            )
        else:
            yield at_least(
                f"{name}: weight left to a global patch", float(weight.min()), half, 0, why
            )


mechanism.mistake(
    suppresses,
    "suppression at a negative gap",
    lambda original: lambda setting: setting.information_gap < 0,
)
mechanism.mistake(
    gradients.other_integrand,
    "the pull away from other areas left out",
    plants.scaled(0.0),
)
mechanism.mistake(
    rows_of,
    "one patch keeps two thirds of the weight of a global key",
    lambda original: lambda *given: _one_keeps(original(*given)),
)
mechanism.tolerates(edited, "measured attention, told from none by more than a half")


def _one_keeps(rows: Rows) -> Rows:
    return dataclasses.replace(rows, global_=np.append(rows.global_[:-1], rows.global_[-1] / 4))


CLAIMS = (mechanism,)
