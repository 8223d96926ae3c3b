"""The conditions of Figure 3: what the order of the last layer survives, and what reverses it.

Source: none. What is looked at costs nothing in networks that ship; longer profiles train others.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Iterator

import torch
from torch import Tensor

from refutable import chance
from refutable.claim import Case, Claim, Context, Provenance, derive_seed
from refutable.claims.figures import dials, image_sets, known, networks, planted
from refutable.claims.figures.comparing import share_above
from refutable.gap import Gap, at_least, at_most, identical

COMPARED = ("MAE", "CL, masks")
METRICS = {"diversity": "D", "angular_diversity": "1 - cosine", "mutual_information": "NMI"}
"""Metrics by the letters that stand for them."""
EACH = 3
"""New networks of each method and condition, as many as are known."""
CLEAR = 1e-3
"""Chance of the other order among new networks, up to which a condition tells the methods apart."""

conditions = Claim(
    id="fig3.conditions",
    title="Other metrics, images and sizes keep the order of Figure 3, and short training turns it",
    statement=(
        r"D_{\mathrm{MAE}} > D_{\mathrm{CL}}\text{ under conditions }c\in\mathcal C_+,\qquad "
        r"D_{\mathrm{MAE}} < D_{\mathrm{CL}}\text{ under }c\in\mathcal C_-"
    ),
    provenance=Provenance.DERIVED,
    measured=(
        "in the last layer of networks that ship, which saw clothing alone, on clothing, crops of "
        "photographs and white noise, by three metrics; in profile full new ones after short "
        "training, in deep also with depth, width, patches, positions, pooling, start and images "
        "turned, where three known networks of each method tell the methods apart"
    ),
    assumptions=("uniform masking",),
    rests_on=("fig3.vit",),
)


def unseen(name: str) -> Tensor:
    """Test images by the name of their set, crops of the size of clothing."""
    with chance.preserved():  # scikit-learn draws something as it is loaded
        return image_sets.named(name, image_sets.CLOTHING_SIDE).test[: networks.SEEN]


def looked_at() -> dict[str, Tensor]:
    """Images on which attention is measured, by name; noise of mean 0 and deviation 1."""
    generator = torch.Generator().manual_seed(0)
    clothing = unseen(image_sets.CLOTHING)
    return {
        "clothing": clothing,
        "photographs": unseen(image_sets.PHOTOGRAPHS),
        "noise": torch.randn(clothing.shape, generator=generator),
    }


def in_order(kind: str, pictures: Tensor) -> Iterator[Gap]:
    """On these images every MAE that ships is above every contrastive network on masks."""
    last = [
        [networks.measure(networks.stored(name), pictures)[-1]
         for name in networks.names_of(method)]
        for method in COMPARED
    ]  # fmt: skip
    for metric, letter in METRICS.items():
        mae, cl = ([getattr(found, metric) for found in group] for group in last)
        yield at_least(
            f"{kind}, {letter}: share of pairs of networks in which MAE is above",
            share_above(mae, cl),
            1,
            0,
            "each of five against each of five; networks and images are given",
        )


def logarithms(dial: str, value: float) -> list[list[float]]:
    """Log D in the last layer of the known networks with a dial turned: of MAE, and of CL."""
    return [
        [math.log(found.last.diversity) for found in known.networks(method, dial, value)]
        for method in COMPARED
    ]


def difference(dial: str, value: float) -> float:
    """Difference of mean logarithms of D in the last layer, MAE over CL, of known networks."""
    mae, cl = map(statistics.fmean, logarithms(dial, value))
    return mae - cl


@functools.cache
def everywhere() -> tuple[list[float], ...]:
    """Log D of the known networks of every condition and method."""
    return tuple(group for turned in known.turned() for group in logarithms(*turned))


def turned_back(dial: str, value: float) -> float:
    """P(new networks of a condition come out the other way than the known ones).

    By Student's t, with the deviation from seed to seed within all conditions; within this one,
    where that is larger, so that what is more at the mercy of its seed is less sure.
    """
    higher, lower = sorted(logarithms(dial, value), key=statistics.fmean, reverse=True)
    alike = known.reversed_order(higher, lower, EACH, within=everywhere())
    if known.pooled_deviation(higher, lower) <= known.pooled_deviation(*everywhere()):
        return alike
    return max(alike, known.reversed_order(higher, lower, EACH))


def told_apart() -> list[tuple[str, float]]:
    """The conditions under which known networks tell the methods apart, one way or the other."""
    return [turned for turned in known.turned() if turned_back(*turned) <= CLEAR]


def told_soon() -> list[tuple[str, float]]:
    """Those of them whose networks are trained for a quarter of the steps at the most."""
    most = networks.Recipe("MAE").steps / 4
    return [(dial, value) for dial, value in told_apart()
            if dials.place({dial: value}).recipe.steps <= most]  # fmt: skip


@conditions.leg("property", profile="full")
def photographs_of_another_library(context: Context) -> Iterator[Gap | Case]:
    """Networks that ship on crops of the photographs that ship with scikit-image."""
    yield Case((), image_sets.MORE)
    yield from in_order(image_sets.MORE, unseen(image_sets.MORE))


@conditions.leg("trained", limit=7200)
def looked_at_and_turned(context: Context) -> Iterator[Gap | Case]:
    """Networks that ship on images of three kinds; in longer profiles, new ones turned."""
    seen = looked_at()
    kinds = len({float(pictures.double().std()) for pictures in seen.values()})
    yield identical(
        "kinds of images that differ", kinds, len(seen), "deviations; none is another one renamed"
    )
    for kind, pictures in seen.items():
        yield Case((), kind)
        yield from in_order(kind, pictures)
    for dial, value in context.at(quick=list, full=told_soon, deep=told_apart)():
        yield from turned_anew(context, dial, value)


def turned_anew(context: Context, dial: str, value: float) -> Iterator[Gap | Case]:
    """New networks with a dial turned, from the run's seed."""
    yield Case((), f"{dial} = {value:g}")
    looked = dials.place({dial: value})
    mae, cl = (
        statistics.fmean(
            math.log(networks.fresh(looked.by(method), seed).last.diversity)
            for seed in (derive_seed(context.root_seed, dial, str(n)) for n in range(EACH))
        )
        for method in COMPARED
    )
    compare = at_least if difference(dial, value) > 0 else at_most
    yield compare(
        f"{dial} = {value:g}: difference of mean log D, MAE over CL",
        mae - cl,
        0,
        0,
        f"as in the networks known, which differ by {difference(dial, value):+.2f}",
        false_alarm=turned_back(dial, value),
    )


planted.swapped_networks(conditions)
planted.turned_metric(conditions, "angular_diversity")
planted.turned_metric(conditions, "mutual_information")
planted.untrained_as_mae(conditions)

CLAIMS = (conditions,)
