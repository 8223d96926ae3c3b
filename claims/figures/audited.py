"""What is audited of Figures 1 and 3: the conditions under which the order of the methods holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from refutable.auditing.statement import Audit, Base, Statement
from refutable.claim import Profile
from refutable.claims.figures import dials, networks, one_layer
from refutable.claims.figures.networks import Measured, Recipe
from refutable.gap import Gap, at_least, at_most

COLLAPSED = 0.1
"""Of MAE's diversity, what a contrastive model has at the most that counts as collapsed. A choice:
from Q = 0 it has 1e-8 of it, and once it has left the saddle 0.2 to 0.7."""


def network(recipe: Recipe, seed: int, profile: Profile) -> Measured:
    """A network by this recipe: one that ships where that is what is asked for quickly."""
    if profile == "quick" and recipe == Recipe(recipe.method):
        return networks.shipped(f"{recipe.method}/{seed % networks.SHIPPED[recipe.method]}")
    return networks.fresh(recipe, seed)


def in_a_layer(_: Base, turned: Mapping[str, float], seed: int, profile: Profile) -> Iterator[Gap]:
    """MAE over contrast, one network of each, in the last layer or in the one that is looked at."""
    looked = dials.place(turned)
    mae, cl = (
        network(looked.by(method), seed, profile).layers[(looked.layer or 0) - 1]
        for method in ("MAE", looked.views)
    )
    for letter, first, second in (
        ("D", mae.diversity, cl.diversity),
        ("NMI", mae.mutual_information, cl.mutual_information),
    ):
        yield at_least(
            f"{letter} of MAE over that of CL", first / second, 1, 0, "the order of Figure 3"
        )


def over_layers(_: Base, turned: Mapping[str, float], seed: int, profile: Profile) -> Iterator[Gap]:
    """The order of the mean over all layers, contrast comparing crops."""
    looked = dials.place(turned)
    mae, cl = (network(looked.by(m), seed, profile) for m in ("MAE", "CL"))
    yield at_least(
        "mean of D over layers, MAE over CL on crops",
        mae.over_layers("diversity") / cl.over_layers("diversity"),
        1,
        0,
        "the order of Figure 3, layers taken together",
    )


def on_pixels(base: Base, turned: Mapping[str, float], seed: int, _: Profile) -> Iterator[Gap]:
    """The one-layer model: MAE diverse and local, CL far less diverse."""
    scale, masked = turned.get("pixel-start", 0.0), turned.get("pixel-masks", 0.75)
    steps, patch = int(turned.get("pixel-steps", 60)), int(turned.get("pixel-patches", 4))
    name = base["images"]
    mae = one_layer.trained(name, "MAE", "both", scale, seed, steps, masked, patch)
    cl = one_layer.trained(name, "CL", "content", scale, seed, steps, masked, patch)
    yield at_least(
        "D of MAE over that of queries that see their 5 × 5 patches",
        mae.diversity / one_layer.local_diversity(mae.P),
        1,
        0,
        "as fig3.one-layer has it",
    )
    yield at_least(
        "attention of MAE on the 3 × 3 neighbourhood over that of any attention alike for all",
        mae.neighbourhood / one_layer.largest_alike(mae.P),
        1,
        0,
        "queries that all attend alike cannot have more",
    )
    yield at_most(
        "D of CL over that of MAE", cl.diversity / mae.diversity, COLLAPSED, 0, "far less diverse"
    )


NETWORKS = Audit(
    dials.DIALS,
    (
        Statement(
            claim="fig3.vit",
            measured="D and NMI of an MAE above those of a contrastive network of the same seed, "
            "in the layer that is looked at",
            bases=({"networks": "three layers, 16 patches"},),
            check=in_a_layer,
            costly=True,
        ),
        Statement(
            claim="fig3.all-layers",
            measured="mean of D over layers of an MAE above that of a contrastive network on crops",
            bases=({"networks": "three layers, 16 patches"},),
            check=over_layers,
            untestable=lambda dial: {
                "vit-layer": "the statement is about the mean over all layers",
                "vit-views": "the statement is about crops",
            }.get(dial),
            costly=True,
        ),
    ),
)
PIXELS = Audit(
    dials.PIXELS,
    (
        Statement(
            claim="fig3.one-layer",
            measured="the one-layer MAE is diverse and local on pixels, and CL has at most a tenth "
            "of its diversity",
            bases=({"images": "Fashion-MNIST"},),
            check=on_pixels,
        ),
    ),
)
