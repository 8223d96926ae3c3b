"""Figure 3 on images of the user's own: the one-layer model, and networks of several layers.

Source: the caption of Figure 3. `claims verify --images DIR` adds this chapter to the paper's, and
names the folder in the environment of its processes. What is known of trainings is of other images,
so that nothing is said here about false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.figures import conditions, image_sets, networks, one_layer, planted
from refutable.claims.figures.comparing import new_separated
from refutable.claims.figures.diversity import METRICS
from refutable.gap import Gap

READS = (f"${image_sets.VARIABLE}",)
CALLED = "your images"

own_one_layer = Claim(
    id="fig3.one-layer.own",
    title="On your images the one-layer MAE is diverse and local, CL from Q = 0 is neither",
    statement=one_layer.one_layer_claim.statement,
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "as fig3.one-layer, after training on crops of the images of a folder, 64 × 64 pixels in "
        "8 × 8 patches; bounds are those of clothing and photographs"
    ),
    assumptions=one_layer.one_layer_claim.assumptions,
)


@own_one_layer.leg("trained", reads=READS)
def diversity_on_own_patches(context: Context) -> Iterator[Gap | Case]:
    """Both objectives trained from Q = 0, with fresh masks at every step."""
    yield from one_layer.both_objectives(context, image_sets.given(), CALLED)


planted.swapped_objectives(own_one_layer)
planted.untrained_one_layer(own_one_layer)

own_vit = Claim(
    id="fig3.vit.own",
    title="On your images the last layer of MAE is more diverse than that of CL on masked views",
    statement=(
        r"D_{\mathrm{MAE}} > D_{\mathrm{CL}},\qquad "
        r"\mathrm{NMI}_{\mathrm{MAE}} > \mathrm{NMI}_{\mathrm{CL}}"
    ),
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "in the last of three layers: networks that ship, which saw clothing alone, on crops of "
        "the images of a folder; in longer profiles also five networks of each method that are "
        "trained on such crops"
    ),
    assumptions=("uniform masking",),
    rests_on=("fig3.vit",),
)


@own_vit.leg("property", reads=READS)
def looked_at_by_networks_that_ship(context: Context) -> Iterator[Gap | Case]:
    """Networks that ship, on test crops of the size of clothing."""
    yield Case((), CALLED)
    yield from conditions.in_order(CALLED, conditions.unseen(image_sets.given()))


@own_vit.leg("trained", profile="full", limit=1800, reads=READS)
def trained_on_own_crops(context: Context) -> Iterator[Gap | Case | Undecided]:
    """Five networks of each method, trained from the run's seed."""
    name = image_sets.given()
    yield Case((), CALLED)
    found = [networks.anew(context, method, name) for method in conditions.COMPARED]
    for metric, letter in METRICS.items():
        mae, cl = ([math.log(getattr(each.last, metric)) for each in group] for group in found)
        why = "how much networks differ from seed to seed on these images is not known beforehand"
        yield from new_separated(letter, mae, cl, why, None)


planted.swapped_networks(own_vit)
planted.untrained_as_mae(own_vit)

CLAIMS = (own_one_layer, own_vit)
