"""Figure 3 in vision transformers of several layers, trained on real images.

Source: the caption of Figure 3. The networks have three layers of three heads and 16 patches of an
article of clothing; attention is that of patches among patches, on unseen images, unmasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter

from torch import Tensor

from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.figures import networks, planted, reading
from refutable.claims.figures.comparing import separated, share_above
from refutable.claims.figures.networks import Measured
from refutable.gap import Gap, at_least, at_most
from refutable.model.transformers import images

METRICS = {"diversity": "D", "mutual_information": "NMI"}
"""Metrics by the letters that stand for them."""
IMAGES = 8
"""On which what is read is compared with torch's own attention."""

vit_claim = Claim(
    id="fig3.vit",
    title="The last layer of MAE is more diverse than that of CL on masked views",
    statement=(
        r"D_{\mathrm{MAE}} > D_{\mathrm{CL}},\qquad "
        r"\mathrm{NMI}_{\mathrm{MAE}} > \mathrm{NMI}_{\mathrm{CL}}"
    ),
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "D, the mean total variation between queries, and NMI of query and key, in the last of "
        "three layers; contrast sees masked views (Definition 2.7); five seeds against five, with "
        "the exact p of the permutation of seeds. With crops for views the last layer alone does "
        "not tell the methods apart in every seed (fig3.vit.original)"
    ),
    assumptions=("uniform masking",),
)


@vit_claim.leg("property")
def what_is_read_is_the_last_layers_attention(context: Context) -> Iterator[Gap]:
    """Networks that ship: the attention read off against that of torch in the last block."""
    pictures = images.clothing().test[:IMAGES]
    for method in context.at(quick=("MAE", "CL, masks"), full=networks.METHODS):
        net = networks.stored(f"{method}/0")
        found = networks.attention_maps(net, pictures)[-1]
        yield at_most(
            f"{method}: largest difference from torch's attention in the last block",
            float((found - reading.last_attention(net, pictures)).abs().max()),
            0,
            1e-5,
            "single precision: three layers of sums of some 50 products, each rounded to 6e-8",
        )


@vit_claim.leg("trained", limit=1800)
def masked_against_contrast(context: Context) -> Iterator[Gap | Undecided]:
    """Networks that ship in profile quick, otherwise as many trained from the run's seed."""
    for metric, letter in METRICS.items():
        yield from separated(context, letter, attrgetter(f"last.{metric}"))


def scores(queries: Tensor, keys: Tensor) -> Tensor:
    """What attention is read before the softmax: scaled to be positive and sum to 1."""
    found = queries @ keys.transpose(-2, -1)
    shifted = found - found.amin(dim=-1, keepdim=True) + 1e-3
    return shifted / shifted.sum(dim=-1, keepdim=True)


planted.shuffled_labels(vit_claim, "MAE", "CL, masks")
planted.turned_metric(vit_claim, "mutual_information")
planted.untrained_as_mae(vit_claim)
planted.told_apart_badly(vit_claim)
vit_claim.mistake(
    networks.attention_maps,
    "attention is read from the first layer",
    lambda original: lambda net, pictures: original(net, pictures)[::-1],
)
vit_claim.mistake(
    "refutable.model.transformers.vit.attention_weights",
    "attention is read before the softmax",
    lambda original: scores,
)

vit_original = Claim(
    id="fig3.vit.original",
    title="The last layer of every MAE is above every discriminative method: refuted",
    statement=(
        r"D_{\mathrm{MAE}} > D_{\mathrm{MoCo}}, D_{\mathrm{DINO}}, D_{\mathrm{DeiT}}"
        r"\text{ in the last layer, whatever the seed}"
    ),
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "refuted in networks of three layers that ship: with crops for views one of five "
        "contrastive ones ends above every MAE in its last layer, and a supervised one above some"
    ),
    rests_on=("fig3.vit",),
    original_of="fig3.vit",
)


def last_diversity(method: str) -> list[float]:
    """D in the last layer of the networks of a method that ship."""
    return [networks.shipped(name).last.diversity for name in networks.names_of(method)]


@vit_original.leg("trained")
def seeds_that_contradict_it(context: Context) -> Iterator[Gap]:
    """The most diverse contrastive and supervised network that ship, against MAE."""
    mae = last_diversity("MAE")
    for method, bound, which in (("CL", max(mae), "most"), ("supervised", min(mae), "least")):
        yield at_least(
            f"D of the most diverse {method} network over that of the {which} diverse MAE",
            max(last_diversity(method)) / bound,
            1,
            0,
            "a network that contradicts the statement; the numbers are 0.35, 0.31, 0.32 and 0.26",
        )


vit_original.mistake(
    last_diversity,
    "contrast and labels count a sixth less",
    lambda original: (
        lambda method: [D * (1 if method == "MAE" else 5 / 6) for D in original(method)]
    ),
)
vit_original.mistake(
    networks.names_of,
    "the network that contradicts is left out",
    lambda original: lambda method: original(method)[: 3 if method == "CL" else None],
)

all_layers = Claim(
    id="fig3.all-layers",
    title="Over all layers MAE is more diverse than contrastive learning on crops",
    statement=r"\textstyle\frac1L\sum_\ell D^{(\ell)}_{\mathrm{MAE}} > "
    r"\frac1L\sum_\ell D^{(\ell)}_{\mathrm{CL}}",
    provenance=Provenance.DERIVED,
    measured=(
        "the mean of D over the layers, five seeds against five; contrast "
        "sees random crops, as MoCo does. In what ships every MAE is above every network of "
        "every other method"
    ),
    rests_on=("fig3.vit",),
)


def over_layers(found: Measured) -> float:
    """The mean of D over layers."""
    return found.over_layers("diversity")


@all_layers.leg("trained", limit=1800)
def averages_over_layers(context: Context) -> Iterator[Gap | Undecided]:
    """Networks that ship in profile quick, otherwise as many trained from the run's seed."""
    yield from separated(context, "mean of D over layers", over_layers, lower="CL")
    if context.profile == "quick":
        names = [name for method in networks.METHODS for name in networks.names_of(method)]
        found = {name: over_layers(networks.shipped(name)) for name in names}
        mae, others = (
            [D for name, D in found.items() if name.startswith("MAE") is ours]
            for ours in (True, False)
        )
        yield at_least(
            "share of pairs of networks in which MAE is above another method",
            share_above(mae, others),
            1,
            0,
            f"each of {len(mae)} against each of {len(others)}; the networks are given",
        )


planted.shuffled_labels(all_layers, "MAE", "CL")
planted.untrained_as_mae(all_layers)

masking_only = Claim(
    id="fig3.masking-only",
    title="With masks alone for views, CL is less diverse than MAE in every layer but the first",
    statement=r"D^{(\ell)}_{\mathrm{MAE}} > D^{(\ell)}_{\mathrm{CL}}\quad(\ell\ge 2)",
    provenance=Provenance.DERIVED,
    measured=(
        "D in the second and third of three layers, contrast between two masked views (Definition "
        "2.7), five seeds against five; in the first layer seeds differ as much as methods do"
    ),
    assumptions=("uniform masking",),
    rests_on=("fig3.vit",),
)


def diversity_in(layer: int) -> Callable[[Measured], float]:
    """D in a layer."""
    return lambda found: found.layers[layer].diversity


@masking_only.leg("trained", limit=1800)
def layer_by_layer(context: Context) -> Iterator[Gap | Case | Undecided]:
    """Networks that ship in profile quick, otherwise as many trained from the run's seed."""
    for layer in range(1, networks.Recipe("MAE").depth):
        yield Case((), f"layer {layer + 1}")
        yield from separated(context, f"layer {layer + 1}: D", diversity_in(layer))


planted.shuffled_labels(masking_only, "MAE", "CL, masks")
planted.diverse_layer(masking_only, 1)
planted.diverse_layer(masking_only, 2)
planted.untrained_as_mae(masking_only)
planted.told_apart_badly(masking_only)

CLAIMS = (vit_claim, vit_original, all_layers, masking_only)
