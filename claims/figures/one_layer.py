"""Figure 3 in the paper's own model, on the patches of real images.

Source: the caption of Figure 3. The model is that of Definitions 2.4 to 2.7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from refutable.claim import Case, Claim, Context, Provenance
from refutable.claims.figures import image_sets, known, planted
from refutable.gap import Gap, at_least, at_most
from refutable.model.transformers import metrics, one_layer
from refutable.model.transformers.one_layer import Keys
from refutable.reuse import shared

Method = Literal["MAE", "CL"]
CROP = 64
"""Side of a crop of a photograph."""
TEST_IMAGES = 100
NOISE = 0.01
"""Scale of Q at a start that is not quite 0; content has length 1, so logits vary by as much."""


@dataclass(frozen=True)
class Trained:
    """What came of a training. loss: mean of its last tenth. moved: largest |attn - 1/P|."""

    P: int
    loss: float
    diversity: float
    neighbourhood: float
    moved: float


def loss_of(method: Method) -> one_layer.Loss:
    """The objective of a method."""
    return {"MAE": one_layer.reconstruction_loss, "CL": one_layer.contrastive_loss}[method]


@shared.run_once
def trained(
    name: str,
    method: Method,
    keys: Keys,
    scale: float,
    seed: int,
    steps: int,
    masked: float = 0.75,
    patch: int | None = None,
) -> Trained:
    """A one-layer model trained on the patches of these images, measured on test images.

    masked: the share that is hidden. patch: side in pixels, by default for 7 × 7 patches of
    clothing and 8 × 8 of a crop of a photograph.
    """
    found, patch = image_sets.named(name, CROP), patch or (4 if name == image_sets.CLOTHING else 8)
    X, unseen = (one_layer.patches(part, patch) for part in (found.train, found.test[:TEST_IMAGES]))
    generator = torch.Generator().manual_seed(seed % 2**63)
    model = one_layer.OneLayer(X.shape[1], X.shape[2], keys, scale, generator)
    loss = one_layer.train(model, loss_of(method), X, generator, steps=steps, masked=masked)
    with torch.no_grad():
        A = model.attention(unseen)
    return Trained(
        P=A.shape[-1],
        loss=loss,
        diversity=float(metrics.diversity(A).mean()),
        neighbourhood=float(metrics.neighbourhood(A).mean()),
        moved=float((A - 1 / A.shape[-1]).abs().max()),
    )


REACH = 2
"""How far queries see that MAE is compared with: the 5 × 5 patches around them, evenly. A choice
between 3 × 3, which is what is asked about, and 7 × 7, which of clothing is nearly everything. In
the 72 models known D is 1.03 to 1.27 times theirs, least with position keys on photographs (8
deviations from seed to seed above), and attention on 3 × 3 is 1.07 to 1.49 times theirs, least with
content in the keys on clothing (10 deviations)."""


def even_attention(P: int, reach: int = REACH) -> Tensor:
    """(P, P) attention of queries that see the patches up to `reach` away alone, evenly."""
    near = metrics.neighbours(math.isqrt(P), reach).double()
    return near / near.sum(dim=1, keepdim=True)


def local_diversity(P: int) -> float:
    """D of queries that see their 5 × 5 patches alone, evenly."""
    return float(metrics.diversity(even_attention(P)))


def local_share(P: int) -> float:
    """Attention of such queries on their 3 × 3 neighbourhood, over uniform."""
    return float(metrics.neighbourhood(even_attention(P)))


def largest_alike(P: int) -> float:
    """The most attention on 3 × 3 neighbourhoods, over uniform, where all queries attend alike.

    Σ_k a_k n_k/Σ_k n_k/P for attention a and n_k queries that have k near: all on an inner patch.
    """
    near = metrics.neighbours(math.isqrt(P)).sum(dim=0)
    return float(near.max() / near.double().mean())


def collapsed_diversity() -> float:
    """D of queries that all attend alike, claimed of contrastive learning from Q = 0."""
    return 0.0


def false_alarm(
    name: str,
    method: Method,
    keys: Keys,
    steps: int,
    measure: str,
    bound: float,
    scale: float = 0.0,
    of: Callable[[float], float] = float,
) -> float | None:
    """P(a further seed lies beyond a bound), from the seeds known of the same training.

    of: what is taken for normal, the number itself or its logarithm. None where no seeds can be
    known, on the user's own images.
    """
    if name not in image_sets.SHIPPED:
        return None
    seen = known.one_layer(name, method, keys, scale, steps, measure)
    return known.beyond([of(found) for found in seen.values()], of(bound))


LEARNED = 0.98
"""Contrastive loss over that of guessing, at the most. A choice: 1 is guessing, and the 58 models
known have 0.88 to 0.96, so that it is halfway."""
MOVED = 1e-5
"""By how much some attention changes, at the least. A choice: rounding moves it by 1e-7, and in the
58 models known it moved by 0.007 to 0.24."""

SEEN = rf"{2 * REACH + 1}\times{2 * REACH + 1}"
"""What queries see that MAE is compared with, as statements have it."""

one_layer_claim = Claim(
    id="fig3.one-layer",
    title="On real patches the one-layer MAE is diverse and local, CL from Q = 0 is neither",
    statement=(
        rf"D_{{\mathrm{{CL}}}} = 0,\qquad D_{{\mathrm{{MAE}}}} \ge D_{{{SEEN}}},\qquad "
        rf"\mathrm{{attn}}_{{\mathrm{{MAE}}}}(3\times3) \ge \mathrm{{attn}}_{{{SEEN}}}(3\times3)"
    ),
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "mean total variation between queries on test images, after training on patches of "
        "Fashion-MNIST and, in longer profiles, of photographs; 5 × 5 are queries which see the "
        "5 × 5 patches around them alone, evenly"
    ),
    assumptions=("zero initialisation", "uniform masking", "one head, one layer"),
)

READINGS: tuple[Keys, ...] = ("both", "position")
"""Keys of the autoencoder: content with position, as Definition 2.4 has it, and position alone."""


def image_names(context: Context) -> tuple[str, ...]:
    """Which images a profile trains on."""
    return context.at(quick=(image_sets.CLOTHING,), full=image_sets.SHIPPED)


@one_layer_claim.leg("trained", require=("keys both", "keys position"))
def diversity_on_real_patches(context: Context) -> Iterator[Gap | Case]:
    """Both objectives trained from Q = 0 on pixels, with fresh masks at every step."""
    for name in image_names(context):
        yield from both_objectives(context, name, name)


def both_objectives(context: Context, name: str, called: str) -> Iterator[Gap | Case]:
    """What the statement says of the images of this name, seed by seed."""
    steps = context.at(quick=60, full=150)
    for number in range(context.at(quick=1, full=3)):
        seed = context.root_seed + number
        label = f"{called}, seed {number}"
        for keys in READINGS:
            yield Case((called, f"keys {keys}"), f"seed {number}, keys {keys}")
            mae = trained(name, "MAE", keys, 0.0, seed, steps)
            local, share = local_diversity(mae.P), local_share(mae.P)
            yield at_least(
                f"{label}, keys {keys}: D of MAE",
                mae.diversity,
                local,
                0,
                "that of queries which see their 5 × 5 patches evenly; of queries that attend "
                "alike it is 0",
                false_alarm=false_alarm(name, "MAE", keys, steps, "diversity", local),
            )
            yield at_least(
                f"{label}, keys {keys}: attention of MAE on the 3 × 3 neighbourhood",
                mae.neighbourhood,
                share,
                0,
                "in units of uniform attention, that of queries which see their 5 × 5 patches; of "
                f"queries that attend alike it is {largest_alike(mae.P):.2f} at the most",
                false_alarm=false_alarm(name, "MAE", keys, steps, "neighbourhood", share),
            )
        yield Case((called,), f"seed {number}")
        cl = trained(name, "CL", "content", 0.0, seed, steps)
        yield at_most(
            f"{label}: D of contrastive learning",
            cl.diversity,
            collapsed_diversity(),
            1e-5,
            "single precision: a sum of P² numbers below 1, each rounded to 6e-8, over P²/2",
        )
        yield at_least(
            f"{label}: what the attention of contrastive learning moved by",
            cl.moved,
            MOVED,
            0,
            "attention that never left its start is alike as well, and moves by rounding, 1e-7",
            false_alarm=false_alarm(name, "CL", "content", steps, "moved", MOVED, of=math.log),
        )
        yield at_most(
            f"{label}: contrastive loss over that of guessing",
            cl.loss / math.log(one_layer.BATCH),
            LEARNED,
            0,
            "it tells images apart: with similarities that are all equal it is 1 exactly",
            false_alarm=false_alarm(
                name, "CL", "content", steps, "loss", LEARNED * math.log(one_layer.BATCH)
            ),
        )


planted.swapped_objectives(one_layer_claim)
planted.untrained_one_layer(one_layer_claim)
one_layer_claim.mistake(collapsed_diversity, "CL claimed negative", lambda original: lambda: -0.01)

one_layer_claim.mistake(
    trained,
    "CL has learned nothing",
    lambda original: (
        lambda name, method, *rest: (
            replace(original(name, method, *rest), loss=math.log(one_layer.BATCH))
            if method == "CL"
            else original(name, method, *rest)
        )
    ),
)
one_layer_claim.mistake(
    trained,
    "CL's attention has moved by rounding alone",
    lambda original: lambda *given: replace(original(*given), moved=1e-7),
)

AWAY = 0.1
"""D that is far from collapsed. A choice: logits of scale 0.01 make 0.006 of it at the start, and
the 29 models known end with 0.50 to 0.61."""

one_layer_original = Claim(
    id="fig3.one-layer.original",
    title="CL from a start near Q = 0 stays collapsed: refuted",
    statement=r"Q^{(0)}\approx 0\;\Rightarrow\;D_{\mathrm{CL}}\approx 0",
    provenance=Provenance.RECONSTRUCTED,
    paper="Figure 3",
    measured=(
        "refuted by training from Q of scale 0.01: D leaves 0, and the loss ends lower than from "
        "Q = 0: the collapse is a symmetric saddle of the contrastive loss on real patches. On "
        "photographs it is one as well, but less is gained, too little for a check by few seeds"
    ),
    assumptions=("zero initialisation", "one head, one layer"),
    rests_on=("fig3.one-layer",),
    original_of="fig3.one-layer",
)


@one_layer_original.leg("trained")
def a_noisy_start_leaves_the_saddle(context: Context) -> Iterator[Gap | Case]:
    """Contrastive learning from Q = 0 and from noise, with the same batches."""
    steps, name = context.at(quick=100, full=150), image_sets.CLOTHING
    for number in range(context.at(quick=1, full=3)):
        seed = context.root_seed + number
        yield Case((name,), f"seed {number}")
        symmetric = trained(name, "CL", "content", 0.0, seed, steps)
        noisy = trained(name, "CL", "content", NOISE, seed, steps)
        stayed, left = (
            known.one_layer(name, "CL", "content", scale, steps, "loss") for scale in (0.0, NOISE)
        )
        gains = [loss - left[seed] for seed, loss in stayed.items() if seed in left]
        yield at_least(
            f"{name}, seed {number}: D of contrastive learning from noise",
            noisy.diversity,
            AWAY,
            0,
            "from Q = 0 it is 0, and at the start 0.006",
            false_alarm=false_alarm(name, "CL", "content", steps, "diversity", AWAY, NOISE),
        )
        yield at_least(
            f"{name}, seed {number}: what the loss gains by leaving the collapse",
            symmetric.loss - noisy.loss,
            0,
            0,
            "the same images and masks in the same order, so that what is left is the start",
            false_alarm=known.beyond(gains, 0),
        )


one_layer_original.mistake(
    one_layer.OneLayer,
    "the noise is left out",
    lambda original: lambda P, d, keys, scale, generator: original(P, d, keys, 0.0, generator),
)
planted.untrained_one_layer(one_layer_original)

CLAIMS = (one_layer_claim, one_layer_original)
