"""Known: what trainings came to so far, seed by seed, and how likely the next one is to differ.

The file beside this module holds networks by the recipe that ships and with one condition turned,
and one-layer models on pixels; `trainings` fills it. From them the false-alarm probability of a
bound follows, in place of a guess: what is measured is taken for normal from seed to seed
(diversity on a log scale), with mean and deviation as uncertain as so few seeds leave them.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from refutable.claims.figures.networks import Measured

FILE = Path(__file__).with_name("known.json")


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

    untrained: D in the last layer of networks at their start. untrained_probes: what a linear
    reader finds in some.
    """

    networks: tuple[Network, ...] = ()
    one_layer: tuple[OneLayer, ...] = ()
    untrained: tuple[float, ...] = ()
    untrained_probes: tuple[float, ...] = ()


@functools.cache
def everything() -> Known:
    """What the file holds."""
    return TypeAdapter(Known).validate_json(FILE.read_bytes())


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


def reversed_order(higher: Sequence[float], lower: Sequence[float], count: int) -> float:
    """P(of `count` new of each group, the first has the smaller mean).

    By Student's t of n + m - 2 degrees, the deviation being the same in both groups.
    """
    from scipy import stats

    n, m = len(higher), len(lower)
    spread = pooled_deviation(higher, lower) * math.sqrt(2 / count + 1 / n + 1 / m)
    distance = (statistics.fmean(higher) - statistics.fmean(lower)) / spread
    return float(stats.t.sf(distance, n + m - 2))


def pooled_deviation(first: Sequence[float], second: Sequence[float]) -> float:
    """The standard deviation within two groups."""
    squares = sum(
        statistics.variance(group) * (len(group) - 1) for group in (first, second)
    )  # fmt: skip
    return math.sqrt(squares / (len(first) + len(second) - 2))
