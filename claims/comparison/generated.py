"""Trained on generated settings: autoencoders against the reduced dynamics, and CL beside them.

Hypothesis draws the settings. Once a model has failed, a smaller setting is first tried on an
eighth of the samples, which is cheap; where that fails the model is trained in full, and the
setting counts only if it fails then. So the witness is a small setting whose trained model fails.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np

from refutable import property as properties
from refutable.claim import Claim, Context, Provenance
from refutable.claims.mae.ladders import DYNAMICS
from refutable.claims.runs import generated, masked, plants
from refutable.claims.runs.finite_size import Kind, kinds
from refutable.claims.runs.generated import Trial
from refutable.claims.runs.noise import FALSE_ALARM
from refutable.claims.runs.regimes import BOTH_SIGNS, QUERIES
from refutable.evidence import Evidence
from refutable.gap import Gap, at_least, at_most
from refutable.model import correlations, data, descent, gradients, reduced
from refutable.model.data import Floats
from refutable.model.reduced import counts

MISSING = 0.2
"""Own attention is trained to about 1 - MISSING where it can be: well past the transition."""
SLACK = 1.3
"""Of the training time over the reduced one to that attention."""
CL_STEPS, CL_BATCH = 12, 4
SAME_ROWS = 1e-9
"""Rows of Q relative to the largest entry: rounding of CL_STEPS sums of some thousand terms."""

generated_settings = Claim(
    id="tier.trained",
    title="Models trained on generated settings are what the reduced dynamics say, both signs of Δ",
    statement=(
        r"\frac1{|\{p\}|}\sum_p\Phi_{p\to v_n}=\Phi_n^{\mathrm{reduced}}+O(z\sigma^2+\delta),\ "
        r"\text{likewise }\Phi_{p\to v_1};\ \sigma^2\text{ the variance between patches},\ "
        r"\delta=\log E e^Y-E Y\text{ of what own keys weigh in other clusters, 0 for }K=1;\ "
        r"\text{CL on the same samples: } Q=(\sum_p e_p)w^\top"
    ),
    measured="means over the patches of a kind, their own areas' attention beside that of a "
    "contrastive model trained on the same samples with all rows of Q",
    provenance=Provenance.DERIVED,
    assumptions=DYNAMICS,
    rests_on=("tier.reduced", "cl.rank-one"),
)


def training_time(trial: Trial) -> float:
    """Until the reduced dynamics of both kinds of query attend to their area, SLACK times over."""
    setting = trial.setting
    gap = 0.5 * setting.gamma * setting.latents.moment(2) * MISSING**2
    runs = [masked.reduced_mae(setting, query, gap).done for query in QUERIES]
    return SLACK * max(math.exp(done.log_t) for done in runs if done is not None)


def trained(trial: Trial) -> masked.TrainedMae:
    """All rows of an autoencoder."""
    time = training_time(trial)
    return masked.trained_mae(
        trial.setting, trial.seed, time, step=trial.step, per_cluster=trial.per_cluster
    )


def follows(kind: Kind) -> Iterator[Gap]:
    """Means of Φ_n and Φ_1 over patches of a kind against the reduced dynamics."""
    rows, alike = kind.rows(), f"of {kind.query} patches, mean over the ones alike"
    early = kind.transition
    yield kind.mean_agrees(f"Φ_n {alike}", rows.own, "phi_own")
    yield kind.mean_agrees(f"Φ_n {alike}, on the way", kind.rows(early).own, "phi_own", early)
    if kind.query == "local":
        yield kind.mean_agrees(f"Φ_1 {alike}", rows.global_, "phi_global")


def of_model(trial: Trial) -> Iterator[Gap]:
    """Both models, all rows trained."""
    run = trained(trial)
    for query in QUERIES:
        for kind in kinds(run, query):
            yield from follows(kind)
    yield from beside_contrastive(trial, run)


def beside_contrastive(trial: Trial, run: masked.TrainedMae) -> Iterator[Gap]:
    """A contrastive model on the same samples: one row for all patches, however trained.

    Every row of Q is trained; the first view is what the autoencoder sees. Equal rows attend to the
    local areas of all patches alike, to each patch's own by a share of it at most.
    """
    setting = trial.setting
    step = trial.step * setting.P
    G = descent.train_closed(setting, views(trial), steps=CL_STEPS, step=step)
    phi, upsilon = correlations.feature(setting, G), correlations.position(setting, G)
    yield at_most(
        "CL: largest difference of a row from the one row trained alone, over its entries",
        float(np.abs(phi - one_row(trial)).max() / np.abs(phi).max()),
        SAME_ROWS,
        0,
        f"rounding of sums over {CL_STEPS} steps",
    )
    A = correlations.area_attention(setting, run.test, phi, upsilon)
    theirs = correlations.own_attention(setting, run.test, A)[run.answerable()].mean()
    ours = correlations.own_attention(setting, run.test, run.attention())[run.answerable()].mean()
    yield at_least(
        "own attention where it can be, MAE less CL on the same samples",
        float(ours - theirs),
        0,
        0,
        "one row cannot put more than one area's worth of attention on all own areas",
        false_alarm=FALSE_ALARM,
    )


def one_row(trial: Trial) -> Floats:
    """Φ of the row that stands for all patches, from the same views: (1, K·N)."""
    phi, upsilon = np.zeros((1, trial.setting.features)), np.zeros((1, trial.setting.P))
    for batch in itertools.islice(views(trial), CL_STEPS):
        alpha, beta, _ = gradients.contrastive(trial.setting, batch, phi, upsilon)
        phi, upsilon = (
            phi + trial.step * trial.setting.P * alpha,
            upsilon + trial.step * trial.setting.P * beta,
        )
    return phi


def views(trial: Trial) -> Iterator[data.Views]:
    """Batches whose first views are the samples that the autoencoder is trained on."""
    setting, samples = trial.setting, np.random.default_rng([trial.seed, 1])
    rng = np.random.default_rng([trial.seed, 3])
    size, negatives = setting.K * CL_BATCH, int(setting.contrastive.negatives)
    while True:
        drawn = data.draw(setting, setting.K * trial.per_cluster, samples, stratified=True)
        first = drawn.take(np.linspace(0, len(drawn) - 1, size).astype(int))
        other = ~first.visible
        if setting.contrastive.views == "independent":
            other = data.draw_masks(setting, size, rng)
        second = dataclasses.replace(first, visible=other)
        yield data.Views(first, second, data.draw(setting, size * negatives, rng))


class Trials:
    """The gaps of a trial; after a failure, only of those that fail on fewer samples too.

    Every try of a shrinking search would train a model. On an eighth of the samples it costs an
    eighth; what holds there is passed over, what fails is trained in full and has the last word.
    """

    def __init__(self) -> None:
        self._known: dict[Trial, list[Gap]] = {}

    def gaps(self, trial: Trial) -> list[Gap]:
        """What is compared, or nothing where the cheap engine sees nothing wrong."""
        if trial not in self._known:
            failed = any(gap.fails for gaps in self._known.values() for gap in gaps)
            cheap = dataclasses.replace(trial, per_cluster=trial.per_cluster // 8)
            if failed and not any(gap.fails for gap in of_model(cheap)):
                return []
            self._known[trial] = list(of_model(trial))
        return self._known[trial]


@generated_settings.leg("trained", require=BOTH_SIGNS)
def models_on_generated_settings(context: Context) -> Evidence:
    """Autoencoders and contrastive models on settings that Hypothesis draws."""
    return properties.search(
        context,
        generated.trials(context.seed % 2**31),
        Trials().gaps,
        examples=context.at(quick=3, full=32),
        regimes_of=lambda trial: trial.regimes,
    )


generated_settings.mistake(
    gradients.own_integrand, "own features learned 10 % slower in training", plants.scaled(0.9)
)
generated_settings.mistake(
    reduced.descend,
    "reduced dynamics with 10 % more time",
    lambda original: lambda *a, step, **k: original(*a, step=1.1 * step, **k),
)
generated_settings.mistake(
    counts.own_counts, "the own area always shows its mean", plants.at_its_mean
)
generated_settings.mistake(
    gradients.contrastive_matrix,
    "contrastive rows that differ",
    lambda original: lambda setting, views, G: _tilted(original(setting, views, G)),
)
generated_settings.tolerates(training_time, "how long to train: a third more than was needed")


def _tilted(found: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    step, losses = found
    return step * np.linspace(1, 1 + 1e-6, len(step))[:, None], losses


CLAIMS = (generated_settings,)
