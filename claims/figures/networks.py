"""Networks: small vision transformers trained by every method, those that ship and fresh ones.

The file beside this module holds networks that were trained by `made` from the seeds that it
names; `python -m refutable.claims.figures.networks` trains them anew. The quick profile measures
them; longer profiles train fresh ones from the run's own seed, which are kept on disk like the
trainings of an audit.
"""

from __future__ import annotations

import functools
import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter
from torch import Tensor, nn

from refutable import chance
from refutable.claim import Context, derive_seed
from refutable.claims.figures import image_sets
from refutable.errors import needed
from refutable.model.transformers import (
    contrastive,
    distillation,
    images,
    masked,
    metrics,
    supervised,
    training,
    views,
    vit,
)
from refutable.reuse import cache, shared

FILE = Path(__file__).with_name("networks.safetensors")
METHODS = ("MAE", "CL, masks", "CL", "MoCo", "DINO", "supervised")
"""CL, masks: contrast of two masked views, as Definition 2.7 has it. CL: of two random crops. MoCo:
the same with a momentum copy. The last three see crops, too."""
SHIPPED = {"MAE": 5, "CL, masks": 5, "CL": 5, "MoCo": 2, "DINO": 2, "supervised": 2}
"""How many networks of each method ship."""
SEEN = 128
"""Test images on which attention is measured."""
CROP, PATCH = 32, 8
"""Sides of a crop of a photograph and of its patches; 16 of them, as of clothing."""
PROBED = 2000
"""Training images from which a linear reader learns."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; whatever is not its method is a condition that may be turned."""

    method: str
    steps: int = 600
    batch: int = 64
    rate: float = 2e-3
    patch: int = 7
    width: int = 48
    depth: int = 3
    heads: int = 3
    positions: vit.Positions = "sincos"
    pooling: vit.Pooling = "mean"
    start: float = 0.02
    images: str = image_sets.CLOTHING

    @property
    def architecture(self) -> vit.Architecture:
        """The encoder's sizes."""
        return vit.Architecture(
            image=image_sets.named(self.images, CROP).side,
            patch=self.patch,
            width=self.width,
            depth=self.depth,
            heads=self.heads,
            ratio=2.0,
            positions=self.positions,
            pooling=self.pooling,
        )


@dataclass(frozen=True)
class Layer:
    """Attention of a layer among patches, means over test images and heads (`metrics`)."""

    diversity: float
    angular_diversity: float
    two_queries: float
    mutual_information: float
    distance: float
    neighbourhood: float


@dataclass(frozen=True)
class Measured:
    """What is known of a network. losses: means of the first ten and of the last fifty steps."""

    method: str
    seed: int
    losses: tuple[float, float]
    layers: tuple[Layer, ...]
    probe: float | None = None

    @property
    def last(self) -> Layer:
        """The last layer, which the paper's figures show."""
        return self.layers[-1]

    def over_layers(self, metric: str) -> float:
        """The mean of a metric over all layers."""
        return sum(getattr(layer, metric) for layer in self.layers) / len(self.layers)


def objective(recipe: Recipe, net: vit.ViT, generator: torch.Generator) -> nn.Module:
    """What a method minimises."""
    crops, masks = views.Crops(), views.Masking(recipe.patch)
    makers: dict[str, Callable[[], nn.Module]] = {
        "MAE": lambda: masked.MaskedReconstruction(net, generator),
        "CL, masks": lambda: contrastive.Contrast(net, generator, masks),
        "CL": lambda: contrastive.Contrast(net, generator, crops),
        "MoCo": lambda: contrastive.Contrast(net, generator, crops, momentum=0.99),
        "DINO": lambda: distillation.Distillation(net, generator, crops),
        "supervised": lambda: supervised.Supervision(net, generator, crops, images.CLASSES),
    }
    return makers[recipe.method]()


def on(name: str, recipe: Recipe) -> Recipe:
    """The same recipe on the images of another name, cut into as many patches."""
    return recipe if name == recipe.images else replace(recipe, images=name, patch=PATCH)


def untrained(recipe: Recipe, seed: int) -> vit.ViT:
    """The encoder as it starts."""
    with chance.preserved():  # torch draws weights of its own, which are replaced
        generator = torch.Generator().manual_seed(seed % 2**63)
        return vit.ViT(recipe.architecture, generator, recipe.start)


def made(recipe: Recipe, seed: int) -> tuple[vit.ViT, list[float]]:
    """An encoder trained by this recipe from this seed, and every loss on the way."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    net = vit.ViT(recipe.architecture, generator, recipe.start)
    learner = objective(recipe, net, generator)
    found = image_sets.named(recipe.images, CROP)
    batches: Iterator[tuple[Tensor, ...]] = images.batches(found, recipe.batch, generator)
    if recipe.method != "supervised":
        batches = (batch[:1] for batch in batches)
    return net, training.fit(learner, batches, steps=recipe.steps, rate=recipe.rate)


@torch.no_grad()
def attention_maps(net: vit.ViT, pictures: Tensor) -> list[Tensor]:
    """Attention among patches (B, heads, P, P) of every layer, first to last."""
    lead = net.architecture.leading
    return [vit.among_patches(weights, lead) for weights, _ in net.layers(pictures)]


def measure(net: vit.ViT, pictures: Tensor) -> tuple[Layer, ...]:
    """The metrics of every layer, first to last, on these images."""
    names = Layer.__dataclass_fields__
    return tuple(
        Layer(**{name: float(getattr(metrics, name)(A).mean()) for name in names})
        for A in attention_maps(net, pictures)
    )


def readable(net: vit.ViT, name: str = image_sets.CLOTHING) -> Tensor:
    """(b,) whether a linear reader of the pooled tokens finds the label of a test image."""
    found = image_sets.named(name, CROP)
    train, test = found.train[:PROBED], found.test
    return training.linear_reader(
        training.features(net, train),
        found.labels[:PROBED],
        training.features(net, test),
        found.test_labels,
    )


def probe(net: vit.ViT, name: str = image_sets.CLOTHING) -> float:
    """Share of test images whose label a linear reader finds."""
    return float(readable(net, name).double().mean())


def _described(
    method: str, seed: int, net: vit.ViT, losses: tuple[float, float], name: str
) -> Measured:
    seen = image_sets.named(name, CROP).test[:SEEN]
    return Measured(method, seed, losses, measure(net, seen))


def _ends(losses: list[float]) -> tuple[float, float]:
    """The losses of a training, as `Measured` has them."""
    return statistics.fmean(losses[:10]), statistics.fmean(losses[-50:])


@shared.run_once
@cache.kept(
    depends_on=(
        "refutable.model.transformers",
        "refutable.claims.figures.networks",
        "refutable.claims.figures.image_sets",
    ),
    decode=TypeAdapter(Measured).validate_python,
)
def fresh(recipe: Recipe, seed: int) -> Measured:
    """A network trained now, or by an earlier run of the same code."""
    net, losses = made(recipe, seed)
    found = _described(recipe.method, seed, net, _ends(losses), recipe.images)
    return replace(found, probe=probe(net, recipe.images))


@functools.cache
def _file() -> tuple[dict[str, Tensor], Mapping[str, Any]]:
    """Tensors and descriptions in the file that ships."""
    safetensors = needed("safetensors", "safetensors", "networks that ship")
    with safetensors.safe_open(FILE, "pt") as opened:
        tensors = {key: opened.get_tensor(key).float() for key in opened.keys()}  # noqa: SIM118
        return tensors, json.loads(opened.metadata()["networks"])


def names_of(method: str) -> list[str]:
    """The networks of a method that ship."""
    return [f"{method}/{number}" for number in range(SHIPPED[method])]


def stored(name: str) -> vit.ViT:
    """A network that ships, such as `MAE/0`."""
    tensors, _ = _file()
    net = untrained(Recipe(name.split("/")[0]), 0)
    prefix = f"{name}/"
    parts = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    net.load_state_dict(parts, strict=True)
    return net


@shared.run_once
def shipped(name: str) -> Measured:
    """What is measured of a network that ships, now; its losses are those of its training."""
    said = _file()[1][name]
    method = name.split("/")[0]
    return _described(
        method, said["seed"], stored(name), tuple(said["losses"]), image_sets.CLOTHING
    )


def group(context: Context, method: str) -> list[Measured]:
    """The networks of a method: those that ship in profile quick, else as many fresh ones."""
    if context.profile == "quick":
        return [shipped(name) for name in names_of(method)]
    return anew(context, method)


def anew(context: Context, method: str, name: str = image_sets.CLOTHING) -> list[Measured]:
    """As many networks of a method as ship, trained on these images from the run's seed."""
    seeds = [derive_seed(context.root_seed, "networks", each) for each in names_of(method)]
    return [fresh(on(name, Recipe(method)), seed) for seed in seeds]


def write(file: Path = FILE) -> None:
    """Train the networks that ship, and write them as half-precision tensors.

    A file that is there is gone on with, so that the training can be stopped.
    """
    from safetensors.torch import load_file, save_file

    tensors: dict[str, Tensor] = dict(load_file(file)) if file.exists() else {}
    said: dict[str, Any] = dict(_file()[1]) if file.exists() else {}
    for method in METHODS:
        for number, name in enumerate(names_of(method)):
            if name in said:
                continue
            net, losses = made(Recipe(method), number)
            said[name] = {"seed": number, "losses": [round(loss, 4) for loss in _ends(losses)]}
            state = net.state_dict()
            tensors |= {f"{name}/{key}": value.half() for key, value in state.items()}
            save_file(tensors, file, metadata={"networks": json.dumps(said)})


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
