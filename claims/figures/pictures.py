"""Figures 1 and 3 on real images: what is to be drawn, as plain numbers.

Of the networks that ship, or of published ones on the user's images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from refutable.claims.figures import conditions, controls, dials, known, networks
from refutable.model.transformers import checkpoints, images, metrics, vit

Picture = dict[str, Any]
SHOWN = (0, 1)
"""Test images in Figure 1: an ankle boot and a pullover."""
MOST = 8
"""The user's images that are looked at; ViT-B takes half a second for each."""
LABELS = {"CL, masks": "contrast, masks", "CL": "contrast, crops"}


def attention_rows(found: Mapping[str, vit.ViT], pictures: Mapping[str, Tensor]) -> Picture:
    """Attention of two queries in the last layer, mean over heads, by network (Figure 1).

    found: networks by label. pictures: what each network sees, (B, channels, side, side), by label.
    maps: (B, 2, rows, columns) by label; queries: two cells by label.
    """
    maps, queries = {}, {}
    for label, net in found.items():
        A = networks.attention_maps(net, pictures[label])[-1].mean(dim=1)
        side = math.isqrt(A.shape[-1])
        cells = metrics.two_cells(side)
        queries[label] = cells
        chosen = [row * side + column for row, column in cells]
        maps[label] = A[:, chosen].reshape(len(A), 2, side, side).numpy()
    return {"maps": maps, "queries": queries}


def as_shown(pictures: Tensor) -> Any:
    """(B, side, side, channels) between 0 and 1, each image by its own darkest and lightest."""
    low, high = (
        pictures.amin(dim=(1, 2, 3), keepdim=True),
        pictures.amax(dim=(1, 2, 3), keepdim=True),
    )
    return ((pictures - low) / (high - low).clamp(min=1e-9)).permute(0, 2, 3, 1).numpy()


def that_ship() -> dict[str, vit.ViT]:
    """One network of each method that ships, by what a picture calls it."""
    return {LABELS.get(name, name): networks.stored(f"{name}/0") for name in networks.METHODS}


def shipped_attention() -> Picture:
    """Figure 1 for one network of each method that ships."""
    seen = images.clothing().test[list(SHOWN)]
    found = that_ship()
    rows = attention_rows(found, dict.fromkeys(found, seen))
    return rows | {"images": as_shown(seen)}


def shipped_diversity() -> Picture:
    """Figure 3 for all networks that ship: D of every layer, (seeds, layers) by method."""
    groups = {
        LABELS.get(method, method): [
            [layer.diversity for layer in networks.shipped(name).layers]
            for name in networks.names_of(method)
        ]
        for method in networks.METHODS
    }
    starts = map(controls.at_start, range(controls.STARTS))
    control = [[layer.diversity for layer in start.layers] for start in starts]
    return {"groups": groups | {"untrained": control}}


def known_conditions() -> Picture:
    """D in the last layer under every condition of which networks are known, seed by seed."""
    rows = {"as they ship": {m: known.networks(m) for m in conditions.COMPARED}}
    order = [(dial.name, value) for dial in dials.DIALS for value in dial.grid]
    for dial, value in sorted(known.turned(), key=order.index):
        rows[dials.said(dial, value)] = {
            m: known.networks(m, dial, value) for m in conditions.COMPARED
        }
    return {
        "rows": {
            row: {LABELS.get(m, m): [each.last.diversity for each in found]
                  for m, found in methods.items()}
            for row, methods in rows.items()
        }
    }  # fmt: skip


PICTURES = {
    "real-attention": shipped_attention,
    "real-diversity": shipped_diversity,
    "real-conditions": known_conditions,
}
"""Pictures of the networks that ship, by name."""


def labelled(found: Sequence[checkpoints.Checkpoint]) -> dict[str, vit.ViT]:
    """Networks by what a picture calls them: the objective, with the file's name; MAE first."""
    return {
        f"{each.objective or 'unknown'} ({each.name})": each.net
        for each in sorted(found, key=lambda e: (e.objective != "MAE", e.objective or "~", e.name))
    }


def seen_by(net: vit.ViT, place: Path, most: int = MOST) -> Tensor:
    """The first of the user's images as a network sees them; colours scaled as ImageNet's pixels.

    Raises ImageProblem.
    """
    a = net.architecture
    _, pixels = images.folder(place, a.image, a.channels, most)
    if a.channels == 3:
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in images.IMAGENET)
    else:
        mean, deviation = pixels.mean(), pixels.std()
        if not deviation > 0:
            raise images.ImageProblem(f"{place}: all pixels are of one colour")
    return (pixels - mean) / deviation


def on_images(nets: Mapping[str, vit.ViT], place: Path) -> tuple[Picture, Picture]:
    """Figures 1 and 3 of networks, by label, on the images of a folder.

    In Figure 3 images take the place of seeds. Raises ImageProblem.
    """
    views = {label: seen_by(net, place) for label, net in nets.items()}
    groups = {
        label: torch.stack(
            [metrics.diversity(A).mean(dim=1) for A in networks.attention_maps(net, views[label])],
            dim=1,
        ).tolist()
        for label, net in nets.items()
    }
    rows = attention_rows(nets, {label: view[:3] for label, view in views.items()})
    largest = max(views.values(), key=lambda view: view.shape[-1])
    return rows | {"images": as_shown(largest[:3])}, {"groups": groups, "point": "image"}


def published(found: Sequence[checkpoints.Checkpoint], place: Path) -> tuple[Picture, Picture]:
    """Figures 1 and 3 of published networks on the images of a folder. Raises ImageProblem."""
    return on_images(labelled(found), place)


def own(place: Path) -> tuple[Picture, Picture]:
    """Figures 1 and 3 of the networks that ship, on the images of a folder. Raises ImageProblem.

    An untrained one beside them is the control.
    """
    control = networks.untrained(networks.Recipe("MAE"), 0)
    return on_images(that_ship() | {"untrained": control}, place)
