"""Contrastive learning: the collapse under every reading of the definitions.

Sources: Definitions 2.6 and 2.7, where they are silent; Theorem 4.4.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.contrastive.collapse import late_power
from refutable.claims.contrastive.gradients import READINGS
from refutable.claims.contrastive.leftovers import none_visible
from refutable.claims.data.views import shared_patches, with_one_mask
from refutable.claims.runs.noise import hoeffding
from refutable.gap import Gap, at_least, at_most, equal, identical
from refutable.model import correlations, data, descent, gradients
from refutable.model.setting import Contrastive, Setting
from refutable.reuse import shared

readings = Claim(
    id="cl.readings",
    title="The collapse under every reading of the definitions",
    statement=(
        r"\mathrm{Attn}_{p\to\mathcal P_{k,1}}\to1\text{ under every reading of keys, views and "
        r"queries; with features in the queries }\mathrm{rank}\,Q>1\text{, and masked queries come "
        r"last}"
    ),
    provenance=Provenance.DERIVED,
    assumptions=(
        "zero initialisation",
        "size separation κ_c > κ_s",
        "small step",
        "many clusters",
        "contrastive details",
    ),
    rests_on=("thm4.4", "cl.gradient-feature", "cl.gradient-position"),
)
BATCH = 12
"""Samples in each step's batch."""
FALSE_ALARM = 1e-10
"""Of one gap on trained models."""
READING_SIZES = {"Δ > 0": (24, 12, 3), "Δ < 0": (24, 8, 4)}
"""P, C_1, C_s with C_1² above and below P·C_s, and all local areas of one size."""


@dataclass(frozen=True)
class ByQuery:
    """Attention on the global area by kind of query at half time and at the end.

    rank: second singular value of Q over the first. diversity: of all queries at the end. position:
    largest |Υ| over largest |Φ|. overlap: of the patches that first views showed in training, the
    share that second views showed, too.
    """

    visible: tuple[float, float]
    masked: tuple[float, float]
    rank: float
    diversity: float
    position: float
    overlap: float


@shared.run_once
def trained_reading(setting: Setting, seed: int, steps: int) -> ByQuery:
    """Train the whole matrix Q on fresh batches, and look at test samples."""
    rng = np.random.default_rng([seed, 11])
    shown = np.zeros(2)

    def fresh() -> data.Views:
        batch = data.views(setting, BATCH, rng)
        first, second = batch.first.visible, batch.second.visible
        shown[:] += first.sum(), (first & second).sum()
        return batch

    batches = (fresh() for _ in itertools.count())
    test = data.draw(setting, 64, np.random.default_rng([seed, 12]), stratified=True)
    G = np.zeros((setting.dimension, setting.dimension))
    found: list[list[float]] = [[], []]
    A = np.empty((len(test), setting.P, setting.areas))
    for _ in range(2):
        G = descent.train_closed(setting, batches, steps=steps // 2, step=2.0 * setting.P, start=G)
        for k, part in test.parts:
            attention = gradients.contrastive_attention(setting, part, k, G)
            A[test.cluster == k] = correlations.areas_of(setting, part, attention)
        found[0].append(float(A[:, :, 0][test.visible].mean()))
        found[1].append(float(A[:, :, 0][~test.visible].mean()))
    singular = np.linalg.svd(G, compute_uv=False)
    return ByQuery(
        visible=(found[0][0], found[0][1]),
        masked=(found[1][0], found[1][1]),
        rank=float(singular[1] / singular[0]),
        diversity=correlations.diversity(test, A, masked_only=False),
        position=float(
            np.abs(correlations.position(setting, G)).max()
            / np.abs(correlations.feature(setting, G)).max()
        ),
        overlap=float(shown[1] / shown[0]),
    )


def last_to_collapse(run: ByQuery) -> tuple[float, float]:
    """Attention at half time of the queries claimed to be ahead, and of those claimed behind."""
    return run.visible[0], run.masked[0]


def overlap(setting: Setting) -> float:
    """Share of a view's patches that the other view shows, too, claimed."""
    return float(shared_patches(setting)) / (setting.P - setting.M)


def least_position(setting: Setting) -> float:
    """Υ of a key in the global area over Φ_1, at least: half of (n_q/C_1 - K/P)/z at n_q = K."""
    return setting.K * (1 / setting.C_1 - 1 / setting.P) / (2 * setting.latents.U)


def was_trained_as_read(name: str, setting: Setting, run: ByQuery, steps: int) -> Iterator[Gap]:
    """What tells the readings of keys and views apart in a trained model and in its batches."""
    largest, why = f"{name}: largest |Υ| over largest |Φ|", "keys without positions have no Υ"
    if setting.contrastive.keys == "feature":
        yield at_most(largest, run.position, 0, 0, why)
    else:
        why = (
            "Υ ≈ (Φ_1/z)(n_q/C_1 - K/P) (cl.positions-stay), up to a factor 2 for K areas that meet"
        )
        yield at_least(largest, run.position, least_position(setting), 0, why)
    share, claimed = f"{name}: patches that both views show", overlap(setting)
    if setting.contrastive.views == "complementary":
        yield identical(share, run.overlap, claimed, "complementary views share no patch")
        return
    # |𝒰∩𝒰′| varies by at most M, of P - M in each of so many samples.
    allowed = setting.M / (setting.P - setting.M) * hoeffding(steps * BATCH, FALSE_ALARM)
    why = "Hoeffding's bound for a mean over all steps"
    yield equal(share, run.overlap, claimed, allowed, why, false_alarm=FALSE_ALARM)


def falls_as_late(name: str, setting: Setting, attention: tuple[float, float]) -> Gap:
    """1 - A_1 goes on to fall like 1/t or faster, from half of the time to the whole.

    From wherever it was half-way, so that A_1 is ½ or more in the end, masks aside.
    """
    hidden = float(none_visible(setting))
    half, end = (1 - A - hidden for A in attention)
    return at_most(
        f"{name} on the global area at the end over that half-way, masks that hide it aside",
        end / half,
        late_share(),
        0,
        "1 - A_1 = c/(t - t_0) (cl.late), t_0 the time of the transition: half or less",
        false_alarm=FALSE_ALARM,
    )


def late_share() -> float:
    """What is left of 1 - A_1 in twice the time, claimed."""
    return 2 ** late_power()


def options_of(setting: Setting) -> tuple[str, ...]:
    """The reading of the definitions, option by option."""
    details = setting.contrastive
    return (
        f"keys = {details.keys}",
        f"views = {details.views}",
        f"query = {details.query}",
    )


def reading_name(setting: Setting) -> str:
    """The reading of the definitions, in words."""
    return ", ".join(options_of(setting))


def trained_readings(context: Context) -> Iterator[tuple[str, Setting, ByQuery]]:
    """Models under every reading, with the sign of their gap; a few in the quick profile."""
    plan = [(reading, sign) for reading in READINGS for sign in READING_SIZES]
    if context.profile == "quick":  # every value of every option, and both signs
        plan = [(READINGS[4], "Δ < 0"), (READINGS[7], "Δ > 0"), (READINGS[3], "Δ > 0")]
    for reading, sign in plan:
        details = Contrastive(negatives=4, **reading)
        setting = Setting.of_sizes(
            *READING_SIZES[sign], K=4, placement="random", contrastive=details
        )
        yield sign, setting, trained_reading(setting, context.root_seed, steps_of(context))


def steps_of(context: Context) -> int:
    """How long every reading is trained."""
    return context.at(quick=160, full=400)


@readings.leg(
    "trained",
    require=dict.fromkeys(READING_SIZES, ("*of visible queries on *", "*of masked queries on *")),
    expects={
        "keys = feature, *|Υ|*": "keys without positions have no Υ",
        "*views = complementary*both views show": "one view hides what the other shows",
    },
)
def collapse_under_every_reading(context: Context) -> Iterator[Gap | Case]:
    """Models under every reading and either sign of Δ."""
    for sign, setting, run in trained_readings(context):
        options = options_of(setting)
        yield Case((sign, *options))
        name = f"{reading_name(setting)}, {sign}"
        yield from was_trained_as_read(name, setting, run, steps_of(context))
        for kind, A in (("visible", run.visible), ("masked", run.masked)):
            yield falls_as_late(f"{name}: 1 - A_1 of {kind} queries", setting, A)
        if setting.contrastive.query == "feature+position":
            ahead, behind = last_to_collapse(run)
            yield at_least(
                f"{name}: visible queries are ahead of masked ones half-way",
                ahead - behind,
                0.01,
                0,
                "rows of features learn from all patches of their area at once",
                false_alarm=FALSE_ALARM,
            )
            yield at_least(f"{name}: rank of Q", run.rank, 0.01, 0, "more than one singular value")
        else:
            yield at_most(f"{name}: rank of Q", run.rank, 0, 1e-9, "rounding: rank one")


readings.mistake(
    last_to_collapse,
    "masked queries come first",
    lambda original: lambda run: original(run)[::-1],
)
readings.mistake(
    trained_reading,
    "the canonical reading trained for all",
    lambda original: (
        lambda setting, seed, steps: original(
            setting.replace(contrastive=Contrastive(negatives=4)), seed, steps
        )
    ),
)
readings.mistake(
    trained_reading,
    "positions left out of all keys",
    lambda original: (
        lambda setting, seed, steps: original(_with(setting, keys="feature"), seed, steps)
    ),
)
readings.mistake(
    trained_reading,
    "independent views for all",
    lambda original: (
        lambda setting, seed, steps: original(_with(setting, views="independent"), seed, steps)
    ),
)
readings.mistake(
    trained_reading,
    "a collapse that falls to 0.6 in twice the time, like t^-0.74",
    lambda original: lambda *given: slowed(original(*given)),
)
readings.mistake(
    trained_reading,
    "a Q of rank one for all",
    lambda original: lambda *given: dataclasses.replace(original(*given), rank=0.0),
)
readings.mistake(late_power, "it falls like 1/t²", lambda _: lambda: -2.0)
readings.mistake(
    data.views,
    "both views under one mask",
    lambda original: lambda *given: with_one_mask(original(*given)),
)
readings.mistake(
    data.views,
    "a sample of each batch of which both views show one patch that one of them should hide",
    lambda original: lambda *given: with_one_shared(original(*given)),
)
readings.mistake(
    gradients.pulls,
    "negatives pull instead of pushing",
    lambda original: lambda *given: (-original(*given)[0], original(*given)[1]),
)


def slowed(run: ByQuery) -> ByQuery:
    """A run that comes from where it was half-way to what is left of it at a slower pace."""
    visible, masked = ((half, 1 - 0.6 * (1 - half)) for half, _ in (run.visible, run.masked))
    return dataclasses.replace(run, visible=visible, masked=masked)


def with_one_shared(batch: data.Views) -> data.Views:
    """A batch whose first sample shows one more patch in its second view, if that is split off."""
    first, second = batch.first.visible, batch.second.visible.copy()
    if not (first[0] & second[0]).any():
        second[0, np.flatnonzero(first[0])[0]] = True
    return dataclasses.replace(batch, second=dataclasses.replace(batch.second, visible=second))


def _with(setting: Setting, **option: Any) -> Setting:
    return setting.replace(contrastive=dataclasses.replace(setting.contrastive, **option))


CLAIMS = (readings,)
