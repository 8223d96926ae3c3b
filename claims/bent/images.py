"""The information gap of real image patches: an estimate, and how uncertain it is.

Two photographs ship with scikit-learn. Crops are cut into patches, patches are described by mean
colour and texture, and areas are the clusters of a crop's patches (k-means). The largest is taken
for the global area, the median of the others for a local one. Two images are no data set: this says
how Δ would be measured and of which size it comes out, not what it is for natural images.

At one P an exponent cannot be told from a constant: log C_1/log P = κ_c + log c_1/log P. Point
estimates take c = 1. The slope of log C over log P, crop by crop at several resolutions, needs no
constant; it is given beside them.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CROP = 224
"""Side of a crop in pixels."""
PATCH = 16
"""Side of a patch in pixels: P = 196, as in ViT-B/16."""
SIDES = (8, 14, 16, 28, 32)
"""Sides of patches for the slope over P; all divide 224."""
AREAS = (4, 6, 8, 12, 16)
"""Numbers of areas tried: no number is given by the image."""
BOOTSTRAP = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A mean over crops with its bootstrap interval at 95 %; crops of one image are not alike."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class AtAreas:
    """Estimates at P = 196 with crops cut into this many areas, c_1 = c_s = 1."""

    areas: int
    kappa_c: Interval
    kappa_s: Interval
    information_gap: Interval
    positive: float
    """Share of crops with a positive gap."""


@dataclass(frozen=True)
class ImageGaps:
    """The measurement.

    gaps: Δ of every crop at P = 196, by number of areas. slopes: κ from sizes at several P, without
    constants, crop by crop with `slope_areas` areas.
    """

    images: tuple[str, ...]
    crops: int
    patches: int
    by_areas: tuple[AtAreas, ...]
    gaps: dict[str, tuple[float, ...]]
    slope_areas: int
    slope_kappa_c: Interval
    slope_kappa_s: Interval
    slope_gap: Interval


def photographs() -> dict[str, Floats]:
    """The photographs that ship with scikit-learn, by name, RGB in [0, 1]."""
    from sklearn.datasets import load_sample_images

    bunch = load_sample_images()
    names = [str(name).rsplit("/", 1)[-1] for name in bunch.filenames]
    return {name: np.asarray(image) / 255 for name, image in zip(names, bunch.images, strict=True)}


def crops(image: Floats, stride: int = 104) -> list[Floats]:
    """Square crops on a regular grid; neighbours overlap by half."""
    height, width = image.shape[:2]
    return [
        image[y : y + CROP, x : x + CROP]
        for y in range(0, height - CROP + 1, stride)
        for x in range(0, width - CROP + 1, stride)
    ]


def described(crop: Floats, side: int) -> Floats:
    """(P, 6) mean colour, and standard deviation of each channel, of every patch; standardised."""
    count = CROP // side
    blocks = crop.reshape(count, side, count, side, 3).transpose(0, 2, 1, 3, 4)
    blocks = blocks.reshape(count * count, side * side, 3)
    found = np.concatenate([blocks.mean(axis=1), blocks.std(axis=1)], axis=1)
    return (found - found.mean(axis=0)) / np.maximum(found.std(axis=0), 1e-9)


def sizes(crop: Floats, side: int, areas: int, seed: int) -> NDArray[np.int64]:
    """Sizes of the areas that k-means finds, largest first."""
    from sklearn.cluster import KMeans

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct patches than areas: fewer are found
        labels = KMeans(areas, n_init=2, random_state=seed).fit(described(crop, side)).labels_
    count = np.bincount(labels)
    return np.sort(count[count > 0])[::-1]


def exponents(found: NDArray[np.int64], P: int) -> tuple[float, float]:
    """κ_c and κ_s of one crop at c = 1: of the largest area, and of the median of the others."""
    return (
        math.log(found[0]) / math.log(P),
        math.log(float(np.median(found[1:]))) / math.log(P) if len(found) > 1 else 0.0,
    )


def information_gap(kappa_c: float, kappa_s: float) -> float:
    """Δ = (1-κ_s) - 2(1-κ_c)."""
    return (1 - kappa_s) - 2 * (1 - kappa_c)


def interval(values: Floats, rng: np.random.Generator) -> Interval:
    """Mean and percentile bootstrap over crops."""
    drawn = rng.choice(values, size=(BOOTSTRAP, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(values.mean()), float(low), float(high))


def measure(seed: int = 0) -> ImageGaps:
    """Measure Δ on every crop of the photographs; takes some seconds."""
    rng = np.random.default_rng(seed)
    images = photographs()
    cut = [crop for image in images.values() for crop in crops(image)]
    P = (CROP // PATCH) ** 2
    by_areas, gaps = [], {}
    for areas in AREAS:
        found = np.array([exponents(sizes(crop, PATCH, areas, seed), P) for crop in cut])
        each = np.array([information_gap(c, s) for c, s in found])
        gaps[str(areas)] = tuple(float(f"{value:.4f}") for value in each)
        by_areas.append(
            AtAreas(
                areas,
                interval(found[:, 0], rng),
                interval(found[:, 1], rng),
                interval(each, rng),
                float((each > 0).mean()),
            )
        )
    areas = AREAS[len(AREAS) // 2]
    log_P = np.array([2 * math.log(CROP // side) for side in SIDES])
    slopes = np.array([_slopes(crop, areas, log_P, seed) for crop in cut])
    return ImageGaps(
        images=tuple(images),
        crops=len(cut),
        patches=P,
        by_areas=tuple(by_areas),
        gaps=gaps,
        slope_areas=areas,
        slope_kappa_c=interval(slopes[:, 0], rng),
        slope_kappa_s=interval(slopes[:, 1], rng),
        slope_gap=interval(np.array([information_gap(c, s) for c, s in slopes]), rng),
    )


def _slopes(crop: Floats, areas: int, log_P: Floats, seed: int) -> tuple[float, float]:
    """Slopes of log C_1 and of log C_s over log P, of one crop at several resolutions."""
    found = [sizes(crop, side, areas, seed) for side in SIDES]
    largest = [math.log(counts[0]) for counts in found]
    median = [math.log(float(np.median(counts[1:]))) for counts in found]
    return float(np.polyfit(log_P, largest, 1)[0]), float(np.polyfit(log_P, median, 1)[0])
