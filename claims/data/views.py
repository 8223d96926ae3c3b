"""Views: the two masked copies of a sample that contrastive learning compares, and its negatives.

The source names the augmentation (Definition 2.7); that the masks are independent is one
reading, that the second shows what the first hides another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from refutable import property as properties
from refutable.claim import Claim, Context, Evidence, Provenance
from refutable.claims import assumptions
from refutable.claims.runs.noise import frequency_off, hoeffding, worst
from refutable.gap import Gap, equal, identical
from refutable.model import data, enumeration
from refutable.model.setting import Contrastive, Setting

two_views = Claim(
    id="mask.views",
    title="Both views of a sample share everything but their masks",
    statement=(
        r"X^+=M(X),\ X^{++}=M'(X),\quad \mathbb E|\mathcal U\cap\mathcal U'|=\tfrac{(P-M)^2}{P}"
        r"\text{ (independent masks)},\quad \mathcal U'=\mathcal M\text{ (complementary ones)};"
        r"\quad \text{the } N_c \text{ negatives are samples of their own}"
    ),
    measured="every pair of masks; drawn batches, up to what chance allows",
    provenance=Provenance.RECONSTRUCTED,
    paper="Definition 2.7",
    assumptions=("uniform masking", "contrastive details"),
    rests_on=("mask.moments",),
)

NOT_STATED = {"allowed": "sizes a tolerance"}
BATCH = 1600
"""Samples in a drawn batch."""
FALSE_ALARM = 1e-11
"""Chance that a mean over a batch is further from its expectation than `allowed` lets it be."""


def shared_patches(setting: Setting) -> Fraction:
    """E|𝒰∩𝒰′|: how many patches both views show, claimed."""
    if setting.contrastive.views == "complementary":
        return Fraction(0)
    return Fraction((setting.P - setting.M) ** 2, setting.P)


def allowed(setting: Setting) -> float:
    """How far the mean of |𝒰∩𝒰′| over a batch may be off: it varies by min(M, P-M) at most."""
    return min(setting.M, setting.P - setting.M) * hoeffding(BATCH, FALSE_ALARM)


@two_views.leg("exact", scope="three settings with P ≤ 7, every pair of masks")
def overlap_over_every_pair(context: Context) -> Iterator[Gap]:
    """The mean number of patches that two masks of size M both show."""
    for P, M in ((5, 2), (6, 3), (7, 5)):
        setting = Setting.of_sizes(P, 2, 1, gamma=(2 * M + 1) / (2 * P))
        shown = enumeration.masks(setting).astype(int)
        overlap = (shown @ shown.T).tolist()
        mean = Fraction(sum(map(sum, overlap)), len(shown) ** 2)
        name, why = f"P = {P}, M = {M}: E|𝒰∩𝒰′|", "counted over every pair of masks, in fractions"
        yield identical(name, mean, shared_patches(setting), why)


VIEWS = ("independent", "complementary")


@st.composite
def batches(draw: st.DrawFn) -> tuple[Setting, int]:
    """A small setting under either reading of the views, and a seed."""
    details = st.builds(
        Contrastive, negatives=st.integers(1, 3), views=st.sampled_from(VIEWS)
    )  # fmt: skip
    return draw(assumptions.settings(max_P=9, details=details)), draw(assumptions.seeds())


@two_views.leg(
    "property",
    require={
        **{f"views = {views}": f"patches that both views show, {views}" for views in VIEWS},
        **dict.fromkeys(
            ("random latents", "K > 1", "most patches masked", "several negatives"), "negatives"
        ),
    },
    expects={"patches that both views show, complementary": "none: one view hides what one shows"},
)
def drawn_views(context: Context) -> Evidence:
    """The batches that training takes."""

    def gaps(drawn: tuple[Setting, int]) -> Iterator[Gap]:
        setting, seed = drawn
        batch = data.views(setting, BATCH, np.random.default_rng(seed))
        first, second, negatives = batch.first, batch.second, batch.negatives
        same = all(
            np.array_equal(getattr(first, name), getattr(second, name))
            for name in ("cluster", "latents", "weights")
        )
        yield identical("cluster, latents and weights of both views", same, True, "one sample")
        views = setting.contrastive.views
        hidden = setting.M if views == "independent" else setting.P - setting.M
        sizes = {int(n) for n in (~second.visible).sum(axis=1)}
        yield identical("masked patches of the second view", sizes, {hidden}, "each mask")
        both = float((first.visible & second.visible).sum(axis=1).mean())
        yield equal(
            f"patches that both views show, {views}",
            both,
            float(shared_patches(setting)),
            allowed(setting) if views == "independent" else 0,
            f"a mean over {BATCH} samples, by Hoeffding's bound; none for complementary views",
            false_alarm=FALSE_ALARM,
        )
        count = setting.contrastive.negatives
        yield identical("negatives", (batch.count, len(negatives)), (count, BATCH * count), "N_c")
        own = np.repeat(np.arange(len(first)), int(count))
        alike = (first.cluster[own] == negatives.cluster) & (
            first.visible[own] == negatives.visible
        ).all(axis=1)
        expected = 1 / (setting.K * math.comb(setting.P, setting.M))
        yield equal(
            "negatives with cluster and mask of their sample",
            float(alike.mean()),
            expected,
            frequency_off(len(alike), expected, FALSE_ALARM),
            f"a frequency over {len(alike)} negatives, by its binomial law",
            false_alarm=FALSE_ALARM,
        )

        for name, samples in (("first views", first), ("negatives", negatives)):
            yield from drawn_by_their_law(name, setting, samples)

    return properties.search(
        context,
        batches(),
        gaps,
        examples=context.at(quick=25, full=200),
        regimes_of=lambda drawn: assumptions.regimes_of(drawn[0]),
    )


two_views.mistake(
    data.views,
    "both views under one mask",
    lambda original: lambda setting, size, rng: with_one_mask(original(setting, size, rng)),
)
two_views.mistake(
    data.views,
    "the negatives are the samples themselves",
    lambda original: lambda setting, size, rng: _without_negatives(original(setting, size, rng)),
)
two_views.mistake(
    data.views,
    "negatives that all hide the first patch",
    lambda original: lambda setting, size, rng: _hiding(original(setting, size, rng)),
)
two_views.mistake(
    shared_patches,
    "as many as are shown to each",
    lambda original: lambda setting: Fraction(setting.P - setting.M),
)


def drawn_by_their_law(name: str, setting: Setting, samples: data.Samples) -> Iterator[Gap]:
    """How often masks hide a patch, and how often a sample is of a cluster, the farthest off."""
    hidden = (~samples.visible).mean(axis=0)
    clusters = np.bincount(samples.cluster, minlength=setting.K) / len(samples)
    for what, found, expected in (
        ("masks that hide a patch", hidden, setting.M / setting.P),
        ("samples of a cluster", clusters, 1 / setting.K),
    ):
        yield equal(
            f"{name}, {what}: share farthest off",
            worst(found, expected),
            expected,
            frequency_off(len(samples), expected, FALSE_ALARM / len(found)),
            f"frequencies over {len(samples)} samples, by the binomial law of each of them",
            false_alarm=FALSE_ALARM,
        )


def _hiding(batch: data.Views) -> data.Views:
    seen = batch.negatives.visible.copy()
    seen[:, 0] = False
    return replace(batch, negatives=replace(batch.negatives, visible=seen))


def with_one_mask(batch: data.Views) -> data.Views:
    """A spoiled batch."""
    return data.Views(batch.first, batch.first, batch.negatives)


def _without_negatives(batch: data.Views) -> data.Views:
    own = np.repeat(np.arange(len(batch.first)), batch.count)
    return data.Views(batch.first, batch.second, batch.first.take(own))


CLAIMS = (two_views,)
