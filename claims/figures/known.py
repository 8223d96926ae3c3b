"""Known: what trainings came to so far, seed by seed, and how likely the next one is to differ.

The file beside this module holds networks by the recipe that ships and with one condition turned,
and one-layer models on pixels; `trainings` fills it. From them the false-alarm probability of a
bound follows, in place of a guess: what is measured is taken for normal from seed to seed
(diversity on a log scale), with mean and deviation as uncertain as so few seeds leave them. The
file says by which recipe it was made, and is unknown to any other; profile full makes some of it
again (`fig3.training-is-real`).
"""

from __future__ import annotations

import functools
import inspect
import math
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from refutable.claims.figures.networks import Measured, Recipe
from refutable.model.transformers import (
    contrastive,
    images,
    masked,
    training,
    views,
)
from refutable.model.transformers import one_layer as pixels

FILE = Path(__file__).with_name("known.json")


def _defaults(of: Any) -> str:
    parameters = inspect.signature(of).parameters.values()
    given = {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}
    return f"{of.__name__} {given}"


RECIPE = (
    repr(Recipe("MAE")),
    *map(_defaults, (masked.MaskedReconstruction, contrastive.Contrast, views.Masking)),
    *map(_defaults, (views.Crops, training.fit, pixels.contrastive_loss, pixels.train)),
    f"{images.FILE.name} {images.SHA256}",
    _defaults(images.crops),
)  # fmt: skip
"""What trainings are made by, in numbers; what else decides them is code, and is tried."""


class UnknownError(RuntimeError):
    """Nothing is known of trainings by the recipe that is in force."""


@dataclass(frozen=True)
class Network:
    """A network that was trained. dial, value: the condition that was turned, None for none."""

    found: Measured
    dial: str | None = None
    value: float | None = None


@dataclass(frozen=True)
class OneLayer:
    """A one-layer model that was trained (`one_layer.trained`), and what was measured by name."""

    images: str
    method: str
    keys: str
    scale: float
    steps: int
    seed: int
    measured: dict[str, float]


@dataclass(frozen=True)
class Known:
    """All of it.

    recipe: what it was made by. untrained: D in the last layer of networks at their start.
    untrained_probes: what a linear reader finds in some.
    """

    recipe: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    one_layer: tuple[OneLayer, ...] = ()
    untrained: tuple[float, ...] = ()
    untrained_probes: tuple[float, ...] = ()


@functools.cache
def everything() -> Known:
    """What the file holds. UnknownError when it was made by another recipe."""
    held = read(FILE)
    if changed := changes(held):
        raise UnknownError(
            f"{FILE.name} holds trainings by another recipe; run python -m "
            f"refutable.claims.figures.trainings ({'; '.join(changed)})"
        )
    return held


def changes(held: Known) -> list[str]:
    """Parts of a recipe that are not in force, or are and were not; in which order is no matter."""
    return sorted(set(held.recipe) ^ set(RECIPE))


def read(file: Path) -> Known:
    """What a file holds, by whatever recipe."""
    return TypeAdapter(Known).validate_json(file.read_bytes())


def turned() -> list[tuple[str, float]]:
    """The conditions of which networks of two methods are known: dials, and their values."""
    found: dict[tuple[str, float], set[str]] = {}
    for each in everything().networks:
        if each.dial is not None and each.value is not None:
            found.setdefault((each.dial, each.value), set()).add(each.found.method)
    return [condition for condition, methods in found.items() if len(methods) > 1]


def networks(method: str, dial: str | None = None, value: float | None = None) -> list[Measured]:
    """The known networks of a method, by the recipe that ships or with a dial turned."""
    return [
        each.found
        for each in everything().networks
        if (each.found.method, each.dial, each.value) == (method, dial, value)
    ]


def one_layer(
    images: str, method: str, keys: str, scale: float, steps: int, measure: str
) -> dict[int, float]:
    """A measured number of the known one-layer models of one kind, by their seeds."""
    return {
        each.seed: each.measured[measure]
        for each in everything().one_layer
        if (each.images, each.method, each.keys, each.scale, each.steps)
        == (images, method, keys, scale, steps)
    }


def beyond(seen: Collection[float], bound: float) -> float:
    """P(one more of these numbers lies beyond a bound), on the side where none was seen.

    By Student's t of n - 1 degrees: (bound - mean)/(s·√(1 + 1/n)).
    """
    from scipy import stats

    n, mean, deviation = len(seen), statistics.fmean(seen), statistics.stdev(seen)
    distance = abs(bound - mean) / (deviation * math.sqrt(1 + 1 / n))
    return float(stats.t.sf(distance, n - 1))


def reversed_order(
    higher: Sequence[float],
    lower: Sequence[float],
    count: int,
    within: Sequence[Sequence[float]] = (),
) -> float:
    """P(of `count` new of each group, the first has the smaller mean).

    By Student's t, the deviation being the same in both groups. within: groups that tell it, by
    default these two.
    """
    from scipy import stats

    within = within or (higher, lower)
    spread = pooled_deviation(*within) * math.sqrt(2 / count + 1 / len(higher) + 1 / len(lower))
    distance = (statistics.fmean(higher) - statistics.fmean(lower)) / spread
    return float(stats.t.sf(distance, _degrees(within)))


def pooled_deviation(*groups: Sequence[float]) -> float:
    """The standard deviation within groups, of which some have more than one member."""
    squares = sum(statistics.variance(group) * (len(group) - 1) for group in groups if group[1:])
    return math.sqrt(squares / _degrees(groups))


def _degrees(groups: Sequence[Sequence[float]]) -> int:
    return sum(len(group) - 1 for group in groups)
