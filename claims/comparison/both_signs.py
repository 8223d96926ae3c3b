"""MAE against contrastive learning: what the sign of the gap decides.

Sources: abstract; formulas are ours.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

from refutable import scaling
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.comparison import locality
from refutable.claims.comparison.models import (
    ASSUMPTIONS,
    DIGITS,
    FALSE_ALARM,
    LOSS_GAP,
    autoencoders,
    contrastive_models,
    log_P,
    tops,
)
from refutable.claims.contrastive import collapse, ladders, leftovers
from refutable.claims.mae import laws as mae_laws
from refutable.claims.runs import masked, plants
from refutable.claims.runs.regimes import BOTH_SIGNS, sign_of
from refutable.gap import Gap, at_least, equal
from refutable.model import reduced
from refutable.model.setting import Setting, power_of_ten

STATED_IN = ("refutable.claims.comparison.locality",)

both_signs = Claim(
    id="contrast.both-signs",
    title="Imbalance decides the path of MAE, not its end, and never rescues CL",
    statement=(
        r"\text{Both signs of }\Delta\text{: MAE }A_n\to1\text{ with }z\Phi_1/\log P\to"
        r"-\max(\Delta,0)/2\text{; CL }A_n=\Theta(P^{-(1-\kappa_s)})"
    ),
    provenance=Provenance.RECONSTRUCTED,
    measured=(
        "MAE at a loss gap of 1e-8 and CL at A_1 = 1/2 in the reduced dynamics; trained models of "
        "either sign"
    ),
    assumptions=ASSUMPTIONS,
    rests_on=("contrast.diversity-mae", "contrast.diversity-cl", "contrast.locality"),
)


def path_of_mae(setting: Setting) -> float:
    """Slope of zΦ_1 in log P at the end of a local query's training, claimed."""
    return -max(setting.information_gap, 0.0) / 2


def end_of_cl(setting: Setting) -> float:
    """Exponent of a contrastive model's attention on one local area at A_1 = 1/2, claimed."""
    return setting.kappa_s - 1


def local_attention(setting: Setting) -> float:
    """Log of a contrastive query's attention on one local area when A_1 = 1/2 on average."""
    phi = ladders.transition(setting).phi_global
    phi_m = leftovers.local_at(setting, phi)
    visible = (1 - setting.gamma) * (setting.C_s / setting.P)
    rest = 1 - (1 - setting.gamma) * (setting.C_1 / setting.P)  # weight off the global area
    left = collapse.missing(setting, phi)
    return math.log(visible) + setting.latents.L * phi_m + math.log(left / rest)


@both_signs.leg("scaling", require=BOTH_SIGNS)
def path_and_end_on_the_ladders(context: Context) -> Iterator[Gap | Case]:
    """MAE's Φ_1 and miss where its training ends, and what CL leaves to one local area."""
    for top in tops(context):
        yield Case((sign_of(top),))
        name = f"κ_c = {top.kappa_c}, κ_s = {top.kappa_s}"
        ladder = [top.replace(P=power_of_ten(k)) for k in DIGITS]
        ends = [masked.reduced_mae(setting, "local", LOSS_GAP) for setting in ladder]
        yield equal(
            f"{name}: MAE, largest 1-A_n of a local query on the ladder",
            max(float(1 - run.own_attention[-1]) for run in ends),
            math.sqrt(2 * LOSS_GAP / top.gamma) / top.latents.L,
            1e-7,
            "½γz²(1-A_n)² is the loss gap, which the run stops at to 1e-3 of it",
        )
        yield from scaling.power_law(
            f"{name}: MAE, e^(zΦ_1) of a local query",
            log_P(),
            [top.latents.L * float(run.phi_global[-1]) for run in ends],
            path_of_mae(top),
            x_label="log P",
        )
    for ladder in ladders.many_negatives(context):
        yield Case((sign_of(ladder[0]),))
        yield from scaling.power_law(
            f"{ladders.label(ladder[0])}: CL, attention on one local area",
            ladders.log_P(ladders.DIGITS),
            [local_attention(setting) for setting in ladder],
            end_of_cl(ladder[0]),
            x_label="log P",
        )


@both_signs.leg(
    "trained",
    require=dict.fromkeys(BOTH_SIGNS, ("*: MAE, own attention *", "*: CL, own attention *")),
)
def path_and_end_of_trained_models(context: Context) -> Iterator[Gap | Case]:
    """One model of each objective on either sign of Δ: same end, another depth of Φ_1."""
    depths: list[float] = []
    laws: list[float] = []
    models = {sign_of(cl.setting): (name, cl) for name, cl in contrastive_models(context)}
    for name, mae in itertools.islice(autoencoders(context), 2):
        setting = mae.setting
        yield Case((sign_of(setting),))
        yield locality.autoencoder_is_local(name, mae)
        yield locality.contrastive_is_not(*models[sign_of(setting)])
        phi = mae.phi[-1].reshape(setting.P, setting.K, setting.areas)[:, :, 0]
        depths.append(float(phi[(setting.area_of > 0).T].mean()))
        laws.append(mae_laws.depth_at_half(setting))
    yield at_least(
        "MAE: Φ_1 of local queries at the end, Δ < 0 less Δ > 0",
        depths[1] - depths[0],
        laws[0] - laws[1],
        0,
        "by local.crossover; at this size areas are pushed down further on both sides",
        false_alarm=FALSE_ALARM,
    )


both_signs.mistake(
    path_of_mae,
    "the path of the other sign",
    lambda original: lambda setting: -max(-setting.information_gap, 0.0) / 2,
)
both_signs.mistake(
    end_of_cl,
    "local areas keep a share of the attention",
    lambda original: lambda setting: 0.0,
)
both_signs.mistake(
    reduced.mae,
    "gaps of the opposite sign in the dynamics",
    lambda original: (
        lambda setting, query, **rest: original(
            setting.replace(kappa_c=0.75 if setting.information_gap < 0 else 0.55, c_1=1.0),
            query,
            **rest,
        )
    ),
)
both_signs.mistake(mae_laws.depth_at_half, "depths twice as far apart", plants.scaled(2))
both_signs.tolerates(
    locality.least_own,
    "a bound from below, which training passes by far: the loss gap bounds a mean square",
)
both_signs.tolerates(
    locality.by_area,
    "measured attention 5 % higher is still above one bound, and below the other",
)

CLAIMS = (both_signs,)
