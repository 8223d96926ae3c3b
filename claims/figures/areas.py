"""Figure 3 and the information gap of an image: what the theory predicts, image by image.

Sources: none. The theory is about one layer; here its Δ is estimated in networks of several.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from scipy import stats

from refutable import chance
from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.figures import networks
from refutable.gap import Gap, at_most
from refutable.model.transformers import images, metrics

BOUND = 0.5
"""Of the rank correlation: three quarters of the variance of ranks are left unexplained."""
AREAS = 4
"""Clusters of an image's 16 patches."""
NAMES = ("MAE/0", "MAE/1", "CL, masks/0", "CL, masks/1")

gap_of_an_image = Claim(
    id="fig3.gap-of-an-image",
    title="The information gap estimated from an image does not order its diversity",
    statement=r"|\rho(\Delta_{\mathrm{image}}, D_{\mathrm{image}})| \le \tfrac12",
    provenance=Provenance.DERIVED,
    measured=(
        "rank correlation over test images in the last layer of networks that ship; areas are "
        "clusters of the tokens of an image, the largest the global one, the median of the others "
        "a local one, constants 1. A bound of ½ leaves three quarters of the variance of ranks "
        "unexplained: it is no proof that nothing relates them"
    ),
    rests_on=("fig3.vit",),
)


def estimated_gap(sizes: np.ndarray, P: int) -> float:
    """Δ = (1 - κ_s) - 2(1 - κ_c) of areas of these sizes, as exponents of P."""
    largest, *others = sorted(sizes.tolist(), reverse=True)
    kappa_c, kappa_s = math.log(largest, P), math.log(float(np.median(others)), P)
    return (1 - kappa_s) - 2 * (1 - kappa_c)


@torch.no_grad()
def by_image(name: str, count: int) -> tuple[list[float], list[float]]:
    """Δ and D of every image in the last layer of a network that ships."""
    with chance.preserved():  # scikit-learn draws something as it is loaded
        from sklearn.cluster import KMeans

    net = networks.stored(name)
    seen = images.clothing().test[:count]
    *_, (weights, tokens) = net.layers(seen)
    found = []
    for patches in tokens[:, net.architecture.leading :].numpy():
        labels = KMeans(AREAS, n_init=1, random_state=0).fit_predict(patches)
        sizes = np.bincount(labels, minlength=AREAS)
        found.append(estimated_gap(sizes[sizes > 0], len(patches)))
    return found, metrics.diversity(weights).mean(dim=1).tolist()


def rank_correlation(gaps: list[float], diversities: list[float]) -> float:
    """Spearman's ρ of the gaps and diversities of images."""
    return float(stats.spearmanr(gaps, diversities).statistic)


def within(rho: float, count: int) -> float:
    """P(|ρ| of a sample is within the bound), the true one being rho, by Fisher's z."""
    low, high = (
        (math.atanh(end) - math.atanh(rho)) * math.sqrt(count - 3) for end in (-BOUND, BOUND)
    )
    return float(stats.norm.cdf(high) - stats.norm.cdf(low))


def two_sided(count: int) -> float:
    """P(|ρ| of a sample is beyond the bound) where nothing relates the two, by Fisher's z."""
    return 1 - within(0, count)


@gap_of_an_image.leg("trained")
def gap_against_diversity(context: Context) -> Iterator[Gap | Case]:
    """Masked autoencoders and contrastive networks that ship, image by image."""
    count = context.at(quick=64, full=256)
    for name in NAMES:
        yield Case((), name)
        yield at_most(
            f"{name}: |ρ| of Δ and D over images",
            abs(rank_correlation(*by_image(name, count))),
            BOUND,
            0,
            "networks and images are given; were Δ and D of an image independent, the correlation "
            f"over {count} would be beyond with a chance of {two_sided(count):.1g}, and were it "
            f"0.8, within with {within(0.8, count):.1g}",
        )


gap_of_an_image.mistake(
    by_image,
    "an image's diversity is taken for its gap",
    lambda original: lambda name, count: (original(name, count)[1],) * 2,
)
gap_of_an_image.mistake(
    rank_correlation,
    "the correlation is one less than it is",
    lambda original: lambda gaps, diversities: original(gaps, diversities) - 1,
)

CLAIMS = (gap_of_an_image,)
