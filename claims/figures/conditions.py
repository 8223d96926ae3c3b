"""The conditions of Figure 3: what the order of the last layer survives, and what reverses it.

Source: none. What is looked at costs nothing in networks that ship; profile deep trains others.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import torch
from scipy import stats
from torch import Tensor

from refutable import chance
from refutable.claim import Case, Claim, Context, Provenance, derive_seed
from refutable.claims.figures import dials, known, networks, planted
from refutable.claims.figures.comparing import share_above
from refutable.gap import Gap, at_least, at_most
from refutable.model.transformers import images

COMPARED = ("MAE", "CL, masks")
METRICS = {"diversity": "D", "angular_diversity": "1 - cosine", "mutual_information": "NMI"}
"""Metrics by the letters that stand for them."""
EACH = 3
"""New networks of each method and condition."""
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
        "photographs and white noise, by three metrics; in profile deep with depth, width, "
        "patches, positions, pooling, start, images and length of training turned, where known "
        "networks tell the methods apart"
    ),
    assumptions=("uniform masking",),
    rests_on=("fig3.vit",),
)


def looked_at() -> dict[str, Tensor]:
    """Images on which attention is measured, by name; noise of mean 0 and deviation 1."""
    generator = torch.Generator().manual_seed(0)
    with chance.preserved():  # scikit-learn draws something as it is loaded
        crops = images.photographs(28).test[: networks.SEEN]
    clothing = networks.image_set("Fashion-MNIST").test[: networks.SEEN]
    return {
        "clothing": clothing,
        "photographs": crops,
        "noise": torch.randn(clothing.shape, generator=generator),
    }


def difference(dial: str, value: float) -> float:
    """Difference of mean logarithms of D in the last layer, MAE over CL, of known networks."""
    mae, cl = (
        statistics.fmean(math.log(found.last.diversity) for found in known.networks(m, dial, value))
        for m in COMPARED
    )
    return mae - cl


def turned_back(dial: str, value: float) -> float:
    """P(new networks of a condition come out the other way than the known ones).

    By Student's t; networks are taken to vary from seed to seed as by the recipe that ships.
    """
    groups = [[math.log(found.last.diversity) for found in known.networks(m)] for m in COMPARED]
    degrees = sum(map(len, groups)) - len(groups)
    counts = [len(known.networks(method, dial, value)) for method in COMPARED]
    spread = math.sqrt(2 / EACH + sum(1 / count for count in counts))
    distance = abs(difference(dial, value)) / (known.pooled_deviation(*groups) * spread)
    return float(stats.t.sf(distance, degrees))


def told_apart() -> list[tuple[str, float]]:
    """The conditions under which known networks tell the methods apart, one way or the other."""
    return [turned for turned in known.turned() if turned_back(*turned) <= CLEAR]


@conditions.leg("trained", limit=7200)
def looked_at_and_turned(context: Context) -> Iterator[Gap | Case]:
    """Networks that ship on images of three kinds; in profile deep, new ones turned."""
    for kind, pictures in looked_at().items():
        yield Case((), kind)
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
    if context.profile == "deep":
        for dial, value in told_apart():
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


conditions.mistake(
    networks.stored,
    "the labels of the methods are shuffled",
    lambda original: (
        lambda name: original(
            {"MAE": "CL, masks", "CL, masks": "MAE"}[name.split("/")[0]] + "/" + name.split("/")[1]
        )
    ),
)
planted.untrained_as_mae(conditions)

CLAIMS = (conditions,)
