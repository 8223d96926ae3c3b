"""MAE against contrastive learning: who attends to the own area.

Sources: abstract, Figures 1 and 4, in words; which area has the largest attention, and both limits,
are our reading of them. Latents are constant.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.comparison.models import (
    ASSUMPTIONS,
    FALSE_ALARM,
    autoencoders,
    contrastive_models,
)
from refutable.claims.mae import ladders
from refutable.claims.runs import contrastive, masked, plants
from refutable.claims.runs.contrastive import TrainedCl
from refutable.claims.runs.finite_size import MEAN_SIGMAS, Kind, every_one, kinds
from refutable.claims.runs.masked import TrainedMae
from refutable.claims.runs.noise import noise
from refutable.claims.runs.regimes import BOTH_SIGNS, QUERIES, sign_of
from refutable.claims.theorems import theorem_4_1
from refutable.gap import Gap, at_least, at_most, equal
from refutable.model import correlations, data, enumeration, gradients
from refutable.model.data import Floats
from refutable.model.setting import Setting

mae_locality = Claim(
    id="mae.locality",
    title="A trained autoencoder is local",
    statement=(
        r"z\text{ constant, every masked } p,\text{ every } k,\text{ both signs of } \Delta:\ "
        r"\arg\max_j \mathrm{Attn}_{p\to\mathcal P_{k,j}} = a_{k,p}"
        r"\ \text{ whenever } \mathcal U\cap\mathcal P_{k,a_{k,p}}\neq\emptyset"
    ),
    measured=(
        "trained models, every patch and cluster: the smallest weight of one own key over the "
        "weight of any other area with all its patches visible, which covers every mask; and the "
        "mean own attention against the reduced dynamics"
    ),
    provenance=Provenance.RECONSTRUCTED,
    assumptions=ladders.WITH_GAP,
    rests_on=("thm4.2.global", "thm4.2.local+", "thm4.2.local-"),
)


def favourite(setting: Setting, k: int) -> data.Ints:
    """The area of cluster k to which each masked patch attends most, (P,)."""
    return setting.area_of[k]


def margins(run: TrainedMae, k: int) -> Floats:
    """Log-ratio of the weight of one favourite key to that of any other whole area, (P,).

    The worst case over masks: one visible key, the lightest, against everything of one other area.
    """
    setting, upsilon, z = run.setting, run.upsilon[-1], run.setting.latents.L
    phi = correlations.of_cluster(setting, k, run.phi[-1])
    areas = data.members(setting, k)
    heaviest = np.stack(
        [z * phi[:, j] + np.logaddexp.reduce(upsilon[:, q], axis=1) for j, q in enumerate(areas)],
        axis=1,
    )
    found = np.empty(setting.P)
    for p, best in enumerate(favourite(setting, k)):
        keys = areas[best][areas[best] != p]
        lightest = z * phi[p, best] + upsilon[p, keys].min()
        found[p] = lightest - np.delete(heaviest[p], best).max()
    return found


@mae_locality.leg("trained", require=BOTH_SIGNS)
def own_area_first_under_any_mask(context: Context) -> Iterator[Gap | Case]:
    """The lightest own key against every other whole area, for all masks."""
    for case, run in theorem_4_1.autoencoders(context):
        yield case
        setting = run.setting
        for k in range(setting.K):
            yield at_least(
                f"{run.name}, cluster {k + 1}: smallest margin of the own area",
                float(margins(run, k).min()),
                0,
                0,
                "at 0 two areas could tie under some mask",
                false_alarm=FALSE_ALARM,
            )
        A, found = run.attention(), [margins(run, k) for k in range(setting.K)]
        for query in QUERIES:
            for kind in kinds(run, query):
                of_kind = [masked.of_kind(setting, k, query, kind.size) for k in range(setting.K)]
                yield lightest_is_light(
                    kind, np.concatenate([m[of] for m, of in zip(found, of_kind, strict=True)])
                )
                own = np.concatenate(
                    [masked.own_attention(run, A, k, query, kind.size) for k in range(setting.K)]
                )
                shown = 1 - float(enumeration.empty_own(setting, kind.size))
                predicted = kind.predicted("own_attention") / shown
                yield from attends(kind, own, predicted)


def predicted_margin(kind: Kind) -> float:
    """The margin of an own key of mean weight, by the reduced dynamics.

    Beside the own area the heaviest is the largest local one or, of a local query, the global one.
    """
    setting, z = kind.run.setting, kind.run.setting.latents.L
    weights = {
        area: z * kind.predicted(f"phi_{area}") + kind.predicted(f"upsilon_{area}") + math.log(size)
        for area, size in (
            ("own", 1),
            ("other", int(setting.area_sizes[1:].max())),
            *([("global", setting.C_1)] if kind.query == "local" else []),
        )
    }
    return weights.pop("own") - max(weights.values())


def lightest_is_light(kind: Kind, found: Floats) -> Gap:
    """The lightest own key weighs no more in the mean than a mean one is predicted to."""
    z = kind.run.setting.latents.L
    moved = z * kind.moved("phi_own", noise(kind.rows().own))
    error = math.hypot(noise(found), z * kind.in_common("phi_own")) / math.sqrt(kind.areas)
    return at_most(
        f"{kind.name}: mean margin of the own area",
        float(found.mean()),
        predicted_margin(kind),
        moved + MEAN_SIGMAS * error,
        f"the lightest of some keys; {moved:.2g} by which zΦ_n may be off, and {MEAN_SIGMAS:g} "
        "standard errors: noise between areas, and in common",
        false_alarm=FALSE_ALARM,
    )


def attends(kind: Kind, own: Floats, predicted: float) -> Iterator[Gap]:
    """The own attention of patches of a kind, in the mean and each of them."""
    name, sigma = f"{kind.name}: own attention where it can be", noise(own)
    # Of A = 1/(1 + e^-x) the slope is A(1-A), and half of the second one is no more.
    slope = kind.run.setting.latents.L * predicted * (1 - predicted)
    moved = slope * kind.moved("phi_own", noise(kind.rows().own))
    common = slope * kind.in_common("phi_own")
    yield equal(
        f"{name}, mean",
        float(own.mean()),
        predicted,
        moved + MEAN_SIGMAS * math.hypot(sigma, common) / math.sqrt(kind.areas),
        f"A(1-A) times what zΦ_n may be off by, and {MEAN_SIGMAS:g} standard errors: noise "
        "between areas, and in common",
        false_alarm=FALSE_ALARM,
    )
    yield from every_one(name, own, predicted, moved + slope * kind.apart("phi_own"), common)


mae_locality.mistake(
    favourite,
    "every patch looks at the global area",
    lambda original: lambda setting, k: np.zeros(setting.P, dtype=np.int64),
)
mae_locality.mistake(
    gradients.own_integrand,
    "own features pushed away",
    plants.scaled(-1.0),
)
mae_locality.mistake(margins, "margins larger by log 2", plants.shifted(math.log(2)))

locality = Claim(
    id="contrast.locality",
    title="Own areas: all of the attention, or none",
    statement=(
        r"z\text{ constant. MAE: }\mathrm{Attn}_{p\to\mathcal P_{k,a_{k,p}}}\to1"
        r"\text{ for every area; CL: }\to0\text{ for local areas}"
    ),
    provenance=Provenance.RECONSTRUCTED,
    measured="the worst area's mean attention on itself, against its value at the start for CL",
    assumptions=ASSUMPTIONS,
    rests_on=("mae.locality", "thm4.4"),
)


def by_area(
    setting: Setting, samples: data.Samples, own: data.Floats, chosen: data.Bools
) -> data.Floats:
    """Mean attention of an area's chosen patches on the area itself, (K, N)."""
    means = np.empty((setting.K, setting.areas))
    for k in range(setting.K):
        rows = samples.cluster == k
        for j in range(setting.areas):
            inside = chosen[rows] & (setting.area_of[k] == j)
            means[k, j] = own[rows][inside].mean()
    return means


def learned_areas(setting: Setting) -> slice:
    """Areas on which the autoencoder's patches come to attend to themselves, claimed: all."""
    return slice(0, setting.areas)


def forgotten_areas(setting: Setting) -> slice:
    """Areas that the contrastive model stops attending to, claimed: all local ones."""
    return slice(1, setting.areas)


def attention_at_last() -> float:
    """Mean attention of an autoencoder's patch on its own area as P grows, claimed."""
    return 1.0


def least_own() -> float:
    """Least mean attention of an autoencoder's patch on its own area at the loss gap ε, claimed."""
    return 1 - math.sqrt(2 * masked.EPSILON / 0.5)


def autoencoder_is_local(name: str, run: TrainedMae) -> Gap:
    """Every area's masked patches attend to their own area."""
    own = correlations.own_attention(run.setting, run.test, run.attention())
    means = by_area(run.setting, run.test, own, run.answerable())
    return at_least(
        f"{name}: MAE, own attention of the worst area",
        float(means[:, learned_areas(run.setting)].min()),
        least_own(),
        0,
        "½γz²E(1-A_own)² is at most the loss gap ε, and the mean of a square is at least the "
        "square of the mean",
        false_alarm=FALSE_ALARM,
    )


def contrastive_is_not(name: str, run: TrainedCl) -> Gap:
    """No local area keeps the attention that it had."""
    setting = run.setting
    own = correlations.own_attention(setting, run.test, run.attention())
    means = by_area(setting, run.test, own, np.ones_like(run.test.visible))
    missed = contrastive.FACTOR * contrastive.expected(run).miss
    start, crowd = ((1 - setting.gamma) * C / setting.P for C in (setting.C_s, setting.C_1))
    return at_most(
        f"{name}: CL, own attention of the best local area, over its value at the start",
        float(means[:, forgotten_areas(setting)].max() / start),
        missed / (1 - crowd),
        0,
        "all but the global area share what is off it as at the start, when it is "
        f"{1 - crowd:.3g}: at most {missed:.2g} (thm4.4)",
        false_alarm=FALSE_ALARM,
    )


@locality.leg("trained", require=BOTH_SIGNS)
def own_attention_of_both(context: Context) -> Iterator[Gap | Case]:
    """The worst area's attention on itself: MAE's at the end, CL's over its start."""
    for name, mae in autoencoders(context):
        yield Case((sign_of(mae.setting),))
        yield autoencoder_is_local(name, mae)
    for name, cl in contrastive_models(context):
        yield Case((sign_of(cl.setting),))
        yield contrastive_is_not(name, cl)


@locality.leg("scaling", require=BOTH_SIGNS)
def own_attention_as_sizes_grow(context: Context) -> Iterator[Gap | Case]:
    """MAE's mean own attention, of masks that hide the own area too, tends to 1 with P."""
    for top, query in itertools.product((ladders.POSITIVE[0], ladders.NEGATIVE[0]), QUERIES):
        for ladder in ladders.ladders(context, (top,), query, late=True):
            yield ladder.case
            yield from ladder.limit(
                f"A_n of a {query} query", ladder.final("own_attention"), attention_at_last()
            )


locality.mistake(attention_at_last, "99 % of the attention", plants.scaled(0.99))
locality.mistake(
    forgotten_areas,
    "contrastive learning forgets the global area",
    lambda original: lambda setting: slice(0, setting.areas),
)
locality.mistake(
    by_area, "one area attends to itself a tenth less", plants.with_last(lambda A: 0.9 * A)
)
locality.mistake(
    by_area, "one area attends to itself five times as much", plants.with_last(lambda A: 5 * A)
)
locality.mistake(
    correlations.own_attention,
    "own areas mixed up",
    lambda original: lambda setting, samples, A: original(setting, samples, A[:, ::-1]),
)
locality.tolerates(
    least_own,
    "a bound from below, which training passes by far: the loss gap bounds a mean square",
)
locality.tolerates(
    by_area,
    "measured attention 5 % higher is still above one bound, and below the other",
)

CLAIMS = (mae_locality, locality)
