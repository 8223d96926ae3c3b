"""Mistakes that are planted in several claims of Figures 1 and 3."""

from __future__ import annotations

from dataclasses import replace

from refutable.claim import Claim
from refutable.claims.figures import comparing, networks
from refutable.claims.figures.networks import Measured
from refutable.model.transformers import one_layer


def swapped_objectives(claim: Claim) -> None:
    """Plant that a one-layer model is trained by the other objective than its name says."""
    claim.mistake(
        "refutable.claims.figures.one_layer.loss_of",
        "the labels of the methods are swapped",
        lambda original: lambda method: original("CL" if method == "MAE" else "MAE"),
    )


def untrained_one_layer(claim: Claim) -> None:
    """Plant that a one-layer model is called trained at its start."""
    claim.mistake(
        one_layer.train,
        "an untrained model is called trained",
        lambda original: lambda *_, **__: 1.0,
    )


def shuffled_labels(claim: Claim, first: str, second: str) -> None:
    """Plant that the networks of either method are called the other's."""
    other = {first: second, second: first}
    claim.mistake(
        networks.group,
        "the labels of the methods are shuffled",
        lambda original: lambda context, method: original(context, other[method]),
    )


def swapped_networks(claim: Claim) -> None:
    """Plant that a network that ships is read for one of the other method."""
    other = {"MAE": "CL, masks", "CL, masks": "MAE"}

    def swapped(name: str) -> str:
        method, number = name.split("/")
        return f"{other[method]}/{number}"

    claim.mistake(
        networks.stored,
        "the labels of the methods are shuffled",
        lambda original: lambda name: original(swapped(name)),
    )


def turned_metric(claim: Claim, metric: str) -> None:
    """Plant that a metric is larger where it is smaller."""
    claim.mistake(
        f"refutable.model.transformers.metrics.{metric}",
        f"{metric} turned round",
        lambda original: lambda *given: 1 / original(*given),
    )


def diverse_layer(claim: Claim, layer: int) -> None:
    """Plant contrastive networks that are as diverse as can be in one layer."""

    def spoiled(found: Measured) -> Measured:
        layers = list(found.layers)
        layers[layer] = replace(layers[layer], diversity=1.0)
        return replace(found, layers=tuple(layers))

    claim.mistake(
        networks.group,
        f"CL is as diverse as can be in layer {layer + 1}",
        lambda original: (
            lambda context, method: (
                original(context, method)
                if method == "MAE"
                else [spoiled(found) for found in original(context, method)]
            )
        ),
    )


def untrained_as_mae(claim: Claim) -> None:
    """Plant that an untrained network is taken for each MAE that ships."""
    claim.mistake(
        networks.stored,
        "an untrained network is called MAE",
        lambda original: (
            lambda name: (
                networks.untrained(networks.Recipe("MAE"), 0)
                if name.startswith("MAE")
                else original(name)
            )
        ),
    )


def told_apart_badly(claim: Claim) -> None:
    """Plant seeds that tell methods apart worse than a test at one in twenty asks."""
    claim.mistake(
        comparing.permutation_p,
        "one in ten ways to name the networks separates them as well",
        lambda _: lambda higher, lower: 0.1,
    )
    claim.mistake(
        comparing.effect_size,
        "methods 0.9 of a standard deviation apart, five networks each",
        lambda _: lambda higher, lower: 0.9,
    )
