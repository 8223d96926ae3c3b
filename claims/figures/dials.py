"""The conditions of Figures 1 and 3, as dials: the one-layer model on pixels, and networks.

A dial of networks changes a recipe by which they are trained, or how they are looked at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from refutable.auditing.dial import Dial
from refutable.claims.figures import image_sets, networks
from refutable.claims.figures.networks import Recipe

SOURCE = "Figures 1 and 3"


ONE_LAYER: dict[str, Any] = {"source": SOURCE, "enters": "one layer on pixels"}
PIXELS: tuple[Dial, ...] = (
    Dial(name="pixel-start", grid=(0, 1e-3, 3e-3, 1e-2, 0.1), coarse=(0, 1e-2),
         assumption="zero initialisation", title="scale of Q at the start", **ONE_LAYER),
    Dial(name="pixel-masks", grid=(0.75, 0.6, 0.5, 0.3, 0.1), coarse=(0.75, 0.5, 0.1),
         assumption="uniform masking", title="share of the patches that is hidden", **ONE_LAYER),
    Dial(name="pixel-steps", grid=(60, 30, 15, 5), coarse=(60, 15), whole=True,
         assumption="trained to the end", title="steps of training", **ONE_LAYER),
    Dial(name="pixel-patches", grid=(4, 7), labels={4: "49", 7: "16"},
         assumption="many patches", title="patches of an image", **ONE_LAYER),
)  # fmt: skip
"""Dials of the one-layer model on the patches of real images."""


AS_THEY_SHIP = Recipe("MAE")


@dataclass(frozen=True)
class Looked:
    """How networks are trained and looked at. views: what contrast compares. layer: from 1 on."""

    recipe: Recipe = AS_THEY_SHIP
    views: str = "CL, masks"
    layer: int | None = None

    def by(self, method: str) -> Recipe:
        """The recipe of a method."""
        return dataclasses.replace(self.recipe, method=method)


Turn = Callable[[Looked, float], Looked]


def recipe(name: str, of: Callable[[float], Any]) -> Turn:
    """Set one field of the recipe."""
    return lambda looked, value: dataclasses.replace(
        looked, recipe=dataclasses.replace(looked.recipe, **{name: of(value)})
    )


def photographs(looked: Looked, on: float) -> Looked:
    """Train and look at crops of photographs, cut into as many patches."""
    if not on:
        return looked
    recipe = networks.on(image_sets.PHOTOGRAPHS, looked.recipe)
    return dataclasses.replace(looked, recipe=recipe)


def cropped(looked: Looked, on: float) -> Looked:
    """Let contrast compare random crops."""
    return dataclasses.replace(looked, views="CL" if on else "CL, masks")


def layer(looked: Looked, value: float) -> Looked:
    """Look at a layer other than the last."""
    return dataclasses.replace(looked, layer=int(value))


NETWORKS: dict[str, Any] = {
    "assumption": "networks of three layers", "source": SOURCE, "enters": "networks",
}  # fmt: skip
TRAINING: dict[str, Any] = {
    "assumption": "trained for 600 steps", "source": SOURCE, "enters": "training",
}  # fmt: skip
LOOKING: dict[str, Any] = {"assumption": "clothing", "source": SOURCE, "enters": "data"}


def switch(name: str, off: str, on: str, **rest: Any) -> Dial:
    """A dial of two positions."""
    return Dial(name=name, grid=(0.0, 1.0), labels={0.0: off, 1.0: on}, **rest)


PLACED: tuple[tuple[Dial, Turn], ...] = (
    (
        Dial(name="vit-fewer-layers", grid=(3, 2, 1), whole=True,
             title="layers of a network; the last is looked at", **NETWORKS),
        recipe("depth", int),
    ),
    (
        Dial(name="vit-more-layers", grid=(3, 4, 6), coarse=(3, 6), whole=True,
             title="layers of a network; the last is looked at", **NETWORKS),
        recipe("depth", int),
    ),
    (
        Dial(name="vit-layer", grid=(3, 2, 1), whole=True,
             title="layer that is looked at, of three", **NETWORKS),
        layer,
    ),
    (
        Dial(name="vit-narrower", grid=(48, 24), labels={48: "48", 24: "24"},
             title="width of a network", **NETWORKS),
        recipe("width", int),
    ),
    (
        Dial(name="vit-wider", grid=(48, 96), labels={48: "48", 96: "96"},
             title="width of a network", **NETWORKS),
        recipe("width", int),
    ),
    (
        Dial(name="vit-patches", grid=(7, 4), labels={7: "16", 4: "49"},
             title="patches of an image, of 7 × 7 or of 4 × 4 pixels", **LOOKING),
        recipe("patch", int),
    ),
    (
        switch("vit-class-token", "mean", "class token",
               title="what stands for an image", **NETWORKS),
        recipe("pooling", lambda on: "cls" if on else "mean"),
    ),
    (
        switch("vit-learned-positions", "sin-cos", "learned",
               title="positions of patches", **NETWORKS),
        recipe("positions", lambda on: "learned" if on else "sincos"),
    ),
    (
        Dial(name="vit-start", grid=(0.02, 0.05, 0.1, 0.14), coarse=(0.02, 0.14),
             title="scale of the weights at the start; 0.14 is Glorot's", **TRAINING),
        recipe("start", float),
    ),
    (
        Dial(name="vit-shorter", grid=(600, 300, 150, 75), coarse=(600, 150), whole=True,
             title="steps of training", **TRAINING),
        recipe("steps", int),
    ),
    (
        Dial(name="vit-longer", grid=(600, 1200, 1800), coarse=(600, 1200), whole=True,
             title="steps of training", **TRAINING),
        recipe("steps", int),
    ),
    (
        switch("vit-views", "masks", "crops", title="views that contrast compares", **TRAINING),
        cropped,
    ),
    (
        switch("vit-images", "clothing", "photographs", title="images", **LOOKING), photographs
    ),
)  # fmt: skip
"""Dials of networks, and how each is turned."""

DIALS: tuple[Dial, ...] = tuple(dial for dial, _ in PLACED)
TURNS: Mapping[str, tuple[Dial, Turn]] = {dial.name: (dial, turn) for dial, turn in PLACED}


def said(name: str, value: float) -> str:
    """What turning a dial to a value comes to, in words."""
    dial, _ = TURNS[name]
    shown = dial.labels.get(value, f"{value:g}")
    return {
        "vit-fewer-layers": f"{shown} layers" if value > 1 else "one layer",
        "vit-more-layers": f"{shown} layers",
        "vit-narrower": f"width {shown}",
        "vit-wider": f"width {shown}",
        "vit-patches": f"{shown} patches",
        "vit-learned-positions": f"{shown} positions",
        "vit-start": f"weights of scale {shown}",
        "vit-shorter": f"{shown} steps",
        "vit-longer": f"{shown} steps",
    }.get(name, shown)


def place(turned: Mapping[str, float]) -> Looked:
    """How networks are trained and looked at with these dials turned.

    Of two dials that set the same thing, ValueError.
    """
    looked, said = Looked(), dict[str, str]()
    for name, value in turned.items():
        dial, turn = TURNS[name]
        if value == dial.assumed:
            continue
        after = turn(looked, value)
        for what in _changed(looked, after):
            if what in said:
                raise ValueError(f"dials {said[what]!r} and {name!r} both set {what}")
            said[what] = name
        looked = after
    return looked


def _changed(before: Looked, after: Looked) -> list[str]:
    """Names of what two ways differ in."""
    pairs = ((before.recipe, after.recipe), (before, after))
    return [
        field.name
        for one, other in pairs
        for field in dataclasses.fields(one)
        if field.name != "recipe" and getattr(one, field.name) != getattr(other, field.name)
    ]
