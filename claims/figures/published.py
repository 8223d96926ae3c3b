"""Figure 3 in published vision transformers, on images of the user's own.

Source: the caption of Figure 3. No checkpoints ship: `claims verify --checkpoints DIR --images DIR`
adds this chapter to the paper's, and names the two folders in the environment of its processes.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from refutable import files
from refutable.claim import Case, Claim, Context, Provenance, Undecided
from refutable.claims.figures import networks, pictures
from refutable.claims.figures.comparing import LEVEL, sign_p
from refutable.claims.figures.image_sets import VARIABLE
from refutable.errors import MissingFileError
from refutable.gap import Gap, at_least, at_most
from refutable.model.transformers import checkpoints, metrics

CHECKPOINTS, HEADS = "CLAIMS_CHECKPOINTS", "CLAIMS_HEADS"
"""Environment variables: the folder, and how many heads networks of unusual width have."""
WOULD_DO = (
    "a ViT of the same size by MAE and by another method, named by it, such as "
    "mae_pretrain_vit_base.pth, vit-b-300ep.pth.tar of MoCo-v3 (as moco-...), "
    "dino_vitbase16_pretrain.pth and deit_base_patch16_224.pth"
)

FEWEST = math.ceil(-math.log2(LEVEL))
"""Images from which on a sign test can come out below the level: p is 2^-n at the least."""

published = Claim(
    id="fig3.published",
    title="The last layer of a published MAE is more diverse than that of other methods",
    statement=r"D_{\mathrm{MAE}} > D_{\mathrm{MoCo}}, D_{\mathrm{DINO}}, D_{\mathrm{DeiT}}",
    provenance=Provenance.STATED,
    paper="Figure 3",
    measured=(
        "D in the last layer, mean over heads and images, of every checkpoint in a folder; and the "
        "images on which MAE is above, by a sign test"
    ),
)


def checkpoints_given() -> list[checkpoints.Checkpoint]:
    """The checkpoints in the folder that was named. MissingFileError when none was."""
    place, heads = os.environ.get(CHECKPOINTS), os.environ.get(HEADS)
    if not place:
        raise MissingFileError(f"no --checkpoints DIR was named; {WOULD_DO} would do")
    files.declare(map(str, checkpoints.files(Path(place))))  # safetensors opens them by itself
    return checkpoints.folder(Path(place), int(heads) if heads else None)


def diversity_by_image(found: checkpoints.Checkpoint, place: Path, most: int) -> list[float]:
    """D in the last layer, mean over heads, of the first images of a folder."""
    seen = pictures.seen_by(found.net, place, most)
    A = networks.attention_maps(found.net, seen)[-1]
    by_image: list[float] = metrics.diversity(A).mean(dim=1).tolist()
    return by_image


@published.leg("property", reads=[f"${name}" for name in (CHECKPOINTS, VARIABLE, HEADS)])
def every_checkpoint_in_a_folder(context: Context) -> Iterator[Gap | Case | Undecided]:
    """Each network that is no MAE against each that is one, on the same images."""
    given = checkpoints_given()
    place = os.environ.get(VARIABLE)
    if not place:
        raise MissingFileError("no --images DIR was named; some photographs would do")
    mae = [found for found in given if found.objective == "MAE"]
    others = [found for found in given if found.objective not in ("MAE", None)]
    if not mae or not others:
        read = ", ".join(f"{each.file.name} ({each.objective or 'unknown'})" for each in given)
        raise MissingFileError(f"{read}: nothing to compare; {WOULD_DO} would do")
    most = context.at(quick=pictures.MOST, full=64)
    by_image = {found.name: diversity_by_image(found, Path(place), most) for found in given}
    for first in mae:
        for second in others:
            higher, lower = by_image[first.name], by_image[second.name]
            yield Case((), f"{first.name}, {second.name}, {len(higher)} images")
            yield at_least(
                f"{first.name} over {second.name}: mean of D",
                statistics.fmean(higher) / statistics.fmean(lower),
                1,
                0,
                "as the figure has it; networks and images are given, nothing is drawn",
            )
            above = sum(a > b for a, b in zip(higher, lower, strict=True))
            if len(higher) < FEWEST:
                yield Undecided(
                    f"{first.name} over {second.name}: p of the sign test over images",
                    f"{len(higher)} images decide nothing at {LEVEL:g}; {FEWEST} are needed",
                )
                continue
            yield at_most(
                f"{first.name} over {second.name}: p of the sign test over images",
                sign_p(above, len(higher)),
                LEVEL,
                0,
                "one-sided and exact: were either network as often the more diverse one, as many "
                "images or more would put the first above with this chance",
            )


published.mistake(
    checkpoints_given,
    "the labels of the methods are shuffled",
    lambda original: (
        lambda: [
            checkpoints.Checkpoint(
                each.file, each.naming, "DINO" if each.objective == "MAE" else "MAE", each.net
            )
            for each in original()
        ]
    ),
)
published.mistake(
    networks.attention_maps,
    "every map is taken to the power of minus one half",
    lambda original: lambda net, seen: [A**-0.5 for A in original(net, seen)],
)

CLAIMS = (published,)
